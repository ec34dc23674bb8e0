package builtins

import (
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/waxseal/waxseal/builtins/audit"
)

// AuditFacts declares a function with the type that audit.read has, for tests that
// compile policies against it. No host has it: facts of an audit are never given
// to a policy by hand.
func AuditFacts() *ast.Builtin {
	f := builtin{name: "audit.facts", args: args(refArg), payload: payload(field{"facts", "what the audit found", typeFor[audit.Facts]()}), pure: true}.function()
	return &ast.Builtin{Name: f.Name, Decl: f.Decl}
}
