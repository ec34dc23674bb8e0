package lint

import (
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// folder: package and folder are one name.
func folder(m *module, say say) {
	dir := path.Dir(m.name)
	want := strings.Join(m.path, "/")
	if dir != "." && !m.isHost() && want != dir && !strings.HasSuffix(want, "/"+dir) {
		say(m.Package.Location, "package %s stands in the folder %s", strings.Join(m.path, "."), dir)
	}
}

// imports: what Gatekeeper refuses, what ties a policy to a host or to another policy.
func imports(m *module, say say) {
	if !m.travels() {
		return
	}
	for _, imp := range m.Imports {
		ref, ok := imp.Path.Value.(ast.Ref)
		if !ok {
			continue
		}
		text := ref.String()
		switch {
		case ref[0].Equal(ast.VarTerm("input")), ref[0].Equal(ast.VarTerm("rego")), ref[0].Equal(ast.VarTerm("future")):
			say(imp.Location, "Gatekeeper refuses `import %s`, and Rego needs no such line", text)
		case !strings.HasPrefix(text, "data.lib.") && !m.isHost():
			say(imp.Location, "`import %s`: only packages under data.lib travel with a bundle", text)
		case m.policy() != "" && slices.Contains(strings.Split(text, "."), "policy"):
			say(imp.Location, "a policy never imports another policy: put what they share into the library")
		}
	}
}

// dataInRules: Gatekeeper drops nested references to data without a word.
func dataInRules(m *module, say say) {
	for _, rule := range m.Rules {
		ast.WalkRefs(rule, func(ref ast.Ref) bool {
			if ref[0].Equal(ast.VarTerm("data")) {
				say(ref[0].Location, "%s: data stands only in import lines, Gatekeeper drops it elsewhere", ref)
			}
			return false
		})
	}
}

// worldly are the builtins that touch the world or the clock. A name that ends in a dot is a family.
var worldly = []string{
	"evidence.collect", "external_data", "http.send", "time.now_ns", "opa.runtime", "net.lookup_ip_addr",
	"rand.intn", "uuid.rfc4122", "scan.findings", "vex.statements", "sbom.packages", "registry.", "cosign.", "notation.", "notary.",
}

// world: only the host file meets the world.
func world(m *module, say say) {
	if m.isHost() || !m.travels() {
		return
	}
	for _, rule := range m.Rules {
		ast.WalkTerms(rule, func(term *ast.Term) bool {
			if ref, ok := term.Value.(ast.Ref); ok && ref[0].Equal(ast.VarTerm("input")) || term.Equal(ast.VarTerm("input")) {
				say(term.Location, "input is read only in host.rego: read host.object and host.parameters")
			}
			return false
		})
		m.eachCall(rule, func(operator ast.Ref, _ []*ast.Term, loc *ast.Location) {
			name := m.builtin(operator)
			if slices.ContainsFunc(worldly, func(w string) bool {
				return name == w || strings.HasSuffix(w, ".") && strings.HasPrefix(name, w)
			}) {
				say(loc, "%s is called only in host.rego: plan a request and read it through evidence", name)
			}
		})
	}
}

// mock: `with` replaces evidence, which is for tests.
func mock(m *module, say say) {
	m.eachExpr(func(_ *ast.Rule, expr *ast.Expr) {
		if len(expr.With) > 0 {
			say(expr.Location, "`with` replaces what a decision rests on: it is for tests")
		}
	})
}

// negatedResult: when f gives nothing, `r := f(x); not r.ok` gives nothing, and nothing is denied.
func negatedResult(m *module, say say) {
	for _, rule := range m.Rules {
		results := ast.NewVarSet()
		ast.WalkExprs(rule, func(expr *ast.Expr) bool {
			if expr.IsAssignment() || expr.IsEquality() {
				if v, ok := expr.Operand(0).Value.(ast.Var); ok && holdsCall(expr.Operand(1)) {
					results.Add(v)
				}
			}
			return false
		})
		eachNegated(rule, func(expr *ast.Expr) {
			ast.WalkRefs(expr, func(ref ast.Ref) bool {
				if v, ok := ref[0].Value.(ast.Var); ok && len(ref) > 1 && results.Contains(v) {
					say(expr.Location, "`not %s` of a call's result denies nothing when the call gives nothing: say what is true in a rule of its own and negate that", ref)
				}
				return false
			})
		})
	}
}

// negatedCall: a call inside of a negation is made before it; without a result nothing is negated.
func negatedCall(m *module, say say) {
	eachNegated(m.Module, func(expr *ast.Expr) {
		terms := []*ast.Term{}
		switch t := expr.Terms.(type) {
		case *ast.Term:
			terms = append(terms, t)
		case []*ast.Term:
			terms = append(terms, t[1:]...)
		}
		for _, term := range terms {
			if holdsCall(term) {
				say(expr.Location, "a call inside of `not` denies nothing when it gives nothing: say what is true in a rule of its own and negate that")
			}
		}
	})
}

// negatedArgument: so is a reference that is the argument of a negated call. Containers always have their fields.
func negatedArgument(m *module, say say) {
	eachNegated(m.Module, func(expr *ast.Expr) {
		if !expr.IsCall() || expr.IsEquality() || expr.Operator().Equal(ast.Equal.Ref()) {
			return
		}
		for _, arg := range expr.Operands() {
			if holdsCall(arg) {
				continue // negatedCall says it
			}
			ast.WalkRefs(arg, func(ref ast.Ref) bool {
				if len(ref) > 1 && !ref[0].Equal(ast.VarTerm("ctr")) {
					say(expr.Location, "the argument %s of a negated call may be undefined, and then nothing is negated: assign it in a rule of its own", ref)
				}
				return false
			})
		}
	})
}

func eachNegated(node any, visit func(*ast.Expr)) {
	ast.WalkExprs(node, func(expr *ast.Expr) bool {
		if expr.Negated {
			visit(expr)
		}
		return false
	})
}

func holdsCall(term *ast.Term) bool {
	found := false
	ast.WalkTerms(term, func(t *ast.Term) bool {
		switch t.Value.(type) {
		case ast.Call:
			found = true
		case *ast.ArrayComprehension, *ast.SetComprehension, *ast.ObjectComprehension:
			return true // a comprehension always has a value
		}
		return found
	})
	return found
}

// patterns are the builtins that take a regular expression, with the place of it.
var patterns = map[string]int{
	"regex.match": 0, "regex.split": 0, "regex.find_n": 0, "regex.find_all_string_submatch_n": 0, "regex.replace": 1,
}

// pattern: a regular expression that is not anchored matches more than its author meant.
func pattern(m *module, say say) {
	for _, rule := range m.Rules {
		m.eachCall(rule, func(operator ast.Ref, args []*ast.Term, loc *ast.Location) {
			place, ok := patterns[m.builtin(operator)]
			if !ok || place >= len(args) {
				return
			}
			term := m.constant(args[place])
			text, ok := term.Value.(ast.String)
			switch {
			case !ok:
				say(loc, "the pattern of %s is not a literal: nobody can see that it is anchored", operator)
			case !strings.HasPrefix(string(text), "^") || !strings.HasSuffix(string(text), "$"):
				say(loc, "the pattern %s is not anchored: write ^…$", text)
			case term.Location == nil || !strings.HasPrefix(string(term.Location.Text), "`"):
				say(loc, "the pattern %s is not a raw string: write it in backticks", text)
			}
		})
	}
}

// constant follows a name to the rule of this file that has it as its value.
func (m *module) constant(term *ast.Term) *ast.Term {
	v, ok := term.Value.(ast.Var)
	if !ok {
		return term
	}
	if rules := m.named(string(v)); len(rules) == 1 && rules[0].Head.Value != nil && len(rules[0].Head.Args) == 0 {
		return rules[0].Head.Value
	}
	return term
}

// Oldest is the version of OPA that the oldest host pins: Gatekeeper's. Nothing
// newer stands in what travels.
const Oldest = "v1.17.1"

// newBuiltin: what Gatekeeper's OPA does not know makes its template fail.
func newBuiltin(m *module, say say) {
	old, err := ast.LoadCapabilitiesVersion(Oldest)
	if err != nil {
		say(m.Package.Location, "the builtins of OPA %s are not known: %v", Oldest, err)
		return
	}
	known := map[string]bool{}
	for _, b := range old.Builtins {
		known[b.Name] = true
	}
	for _, rule := range m.Rules {
		m.eachCall(rule, func(operator ast.Ref, _ []*ast.Term, loc *ast.Location) {
			name := m.builtin(operator)
			if _, current := ast.BuiltinMap[name]; current && !known[name] && !slices.Contains(worldly, name) {
				say(loc, "%s is newer than OPA %s, which Gatekeeper pins", name, Oldest)
			}
		})
	}
}
