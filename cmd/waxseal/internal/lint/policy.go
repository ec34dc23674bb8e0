package lint

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// exported is what a policy is made of: what it needs, what it refuses, what it
// positively accepts, what is worth knowing.
var exported = []string{"requests", "deny", "pass", "notes"}

// exports: a policy has these four and no other rule without an underscore.
func exports(m *module, say say) {
	if m.policy() == "" {
		return
	}
	for _, name := range exported {
		if len(m.named(name)) == 0 && !m.part {
			say(m.Package.Location, "the policy has no %s: a host that reads it would get nothing (write `%s := set()` if there are none)", name, name)
		}
	}
	for _, rule := range m.Rules {
		name := string(rule.Head.Ref()[0].Value.(ast.Var))
		if !strings.HasPrefix(name, "_") && !slices.Contains(exported, name) {
			say(rule.Location, "%s: a policy exports requests, deny, pass and notes; the rest starts with an underscore", name)
		}
	}
}

// heads: violations and notes are made by result alone, in the head.
func heads(m *module, say say) {
	if m.policy() == "" {
		return
	}
	for name, makers := range map[string][]string{"deny": {"result.new", "result.at"}, "notes": {"result.note", "result.note_at"}} {
		for _, rule := range m.named(name) {
			head(m, rule, makers, say)
		}
	}
}

// head: the first of the makers is for an object, the second for a file.
func head(m *module, rule *ast.Rule, makers []string, say say) {
	if rule.Head.Key == nil {
		if !isEmptySet(rule.Head.Value) {
			say(rule.Location, "write `%s contains %s(rego.metadata.chain(), …) if`", rule.Head.Name, makers[0])
		}
		return
	}
	call, ok := rule.Head.Key.Value.(ast.Call)
	if !ok || !slices.Contains(makers, call[0].String()) || len(call) != 3 || !isChain(call[1]) {
		say(rule.Location, "write `%s contains %s(rego.metadata.chain(), …) if`: that is total, and has the texts of METADATA", rule.Head.Name, makers[0])
		return
	}
	if holdsCall(call[2]) {
		say(rule.Location, "%s is the only call in a head: another one that gives nothing would silence the rule", call[0])
	}
}

func isEmptySet(term *ast.Term) bool {
	if term == nil {
		return false
	}
	if call, ok := term.Value.(ast.Call); ok {
		return call[0].String() == "set" && len(call) == 1
	}
	set, ok := term.Value.(ast.Set)
	return ok && set.Len() == 0
}

func isChain(term *ast.Term) bool {
	call, ok := term.Value.(ast.Call)
	return ok && call[0].String() == "rego.metadata.chain"
}

var severities = []string{"low", "medium", "high", "critical"}

// metadata: the texts of a policy stand in METADATA, the one source of its reference page.
func metadata(m *module, say say) {
	if m.policy() == "" {
		return
	}
	described := false
	for _, a := range m.Annotations {
		if a.Scope == "package" {
			described = true
			texts(a, m.Package.Location, say)
		}
	}
	if !described && !m.part {
		say(m.Package.Location, "the package has no METADATA")
	}
	for _, name := range []string{"deny", "notes"} {
		for _, rule := range m.named(name) {
			if rule.Head.Key != nil {
				spoken(m, rule, say)
			}
		}
	}
}

// spoken checks the METADATA of a rule that speaks.
func spoken(m *module, rule *ast.Rule, say say) {
	if len(rule.Annotations) == 0 {
		say(rule.Location, "%s has no METADATA", rule.Head.Name)
		return
	}
	a := rule.Annotations[len(rule.Annotations)-1]
	texts(a, rule.Location, say)
	code, _ := a.Custom["code"].(string)
	if !strings.HasPrefix(code, m.policy()+".") {
		say(rule.Location, "custom.code %q: write %s.<what is wrong>", code, m.policy())
	}
	if severity, _ := a.Custom["severity"].(string); !slices.Contains(severities, severity) {
		say(rule.Location, "custom.severity %q: there are %s", severity, strings.Join(severities, ", "))
	}
	if text, _ := a.Custom["remediation"].(string); text == "" {
		say(rule.Location, "custom.remediation is missing: say what to do")
	}
	if list, _ := a.Custom["controls"].([]any); len(list) == 0 {
		say(rule.Location, "custom.controls is missing: say which controls the rule serves")
	}
}

func texts(a *ast.Annotations, loc *ast.Location, say say) {
	if a.Title == "" {
		say(loc, "METADATA has no title")
	}
	if a.Description == "" {
		say(loc, "METADATA has no description")
	}
	if len(a.RelatedResources) == 0 {
		say(loc, "METADATA has no related_resources: link the reference page")
	}
}
