// Package rego holds the decisions: the library and the policies, the same
// bytes on every host.
package rego

import "embed"

// FS holds lib/waxseal: one folder is one package. The tests and the
// parameters.json of the policies are in it too.
//
//go:embed lib
var FS embed.FS
