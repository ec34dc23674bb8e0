// Package conftest holds what is special to conftest: the host files of its two
// flavours, with the builtins inside and without, and the rules that it reads.
package conftest

import "embed"

// Rego holds host.rego, for an unmodified conftest, host_builtin.rego, for one
// with the builtins inside, and conftest.rego and main.rego, the namespaces
// lib.waxseal.conftest and main of both.
//
//go:embed host.rego host_builtin.rego conftest.rego main.rego
var Rego embed.FS
