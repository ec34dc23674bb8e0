// Package gatekeeper holds what is special to Gatekeeper: the host files of its
// two flavours, with the builtins inside and without.
package gatekeeper

import "embed"

// Hosts holds host.rego, for an unmodified Gatekeeper, and host_builtin.rego,
// for one with the builtins inside.
//
//go:embed host.rego host_builtin.rego
var Hosts embed.FS
