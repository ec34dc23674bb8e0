package lint

import (
	"path"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// module is a parsed file with what the checks ask of it.
type module struct {
	*ast.Module
	name    string
	path    []string        // lib, waxseal, policy, signed_images
	aliases map[string]bool // names that imports bring in
	part    bool            // the policy's own file is another one
}

func newModule(name string, parsed *ast.Module) *module {
	m := &module{Module: parsed, name: name, aliases: map[string]bool{}}
	for _, term := range parsed.Package.Path[1:] {
		if s, ok := term.Value.(ast.String); ok {
			m.path = append(m.path, string(s))
		}
	}
	for _, imp := range parsed.Imports {
		m.aliases[string(imp.Name())] = true
	}
	return m
}

// isHost says whether the file is one of the few that meet the world.
func (m *module) isHost() bool {
	base := path.Base(m.name)
	return base == "host.rego" || strings.HasPrefix(base, "host_")
}

// travels says whether the file is part of a bundle: of the library or one of
// its policies.
func (m *module) travels() bool {
	return len(m.path) >= 2 && m.path[0] == "lib" && m.path[1] == "waxseal"
}

// policy returns the name of the policy, or "" for a file that is none.
func (m *module) policy() string {
	if n := len(m.path); n >= 2 && m.path[n-2] == "policy" && m.travels() {
		return m.path[n-1]
	}
	return ""
}

// builtin returns the name of the builtin that a call names, or "". A function
// of an imported package or of this one is none.
func (m *module) builtin(operator ast.Ref) string {
	head, ok := operator[0].Value.(ast.Var)
	if !ok || m.aliases[string(head)] || m.defines(string(head)) {
		return ""
	}
	return operator.String()
}

func (m *module) defines(name string) bool {
	for _, rule := range m.Rules {
		if string(rule.Head.Ref()[0].Value.(ast.Var)) == name {
			return true
		}
	}
	return false
}

// named returns the rules of a name, with those of their else branches.
func (m *module) named(name string) []*ast.Rule {
	var out []*ast.Rule
	for _, rule := range m.Rules {
		if string(rule.Head.Ref()[0].Value.(ast.Var)) == name {
			out = append(out, rule)
		}
	}
	return out
}

// eachCall visits every call: as an expression and as a term.
func (m *module) eachCall(node any, visit func(operator ast.Ref, args []*ast.Term, loc *ast.Location)) {
	ast.WalkNodes(node, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Expr:
			if n.IsCall() {
				visit(n.Operator(), n.Operands(), n.Location)
			}
		case *ast.Term:
			if call, ok := n.Value.(ast.Call); ok {
				if operator, ok := call[0].Value.(ast.Ref); ok {
					visit(operator, call[1:], n.Location)
				}
			}
		}
		return false
	})
}

// eachExpr visits every expression of every rule, else branches included.
func (m *module) eachExpr(visit func(rule *ast.Rule, expr *ast.Expr)) {
	for _, rule := range m.Rules {
		ast.WalkExprs(rule, func(expr *ast.Expr) bool {
			visit(rule, expr)
			return false
		})
	}
}
