package admission

import (
	"slices"
	"strings"
)

// validatingPolicies reads ValidatingAdmissionPolicies with their bindings: a
// rule for each binding, because the binding says what happens.
func (r *reader) validatingPolicies() {
	const group = "admissionregistration.k8s.io"
	bindings := r.of(group, "ValidatingAdmissionPolicyBinding")
	for _, s := range r.of(group, "ValidatingAdmissionPolicy") {
		bound := 0
		for _, b := range bindings {
			if b.root().at("spec", "policyName").text() == s.ref.Name {
				bound++
				r.bound(s, b, len(bindings))
			}
		}
		if bound == 0 {
			r.unbound(s, len(bindings))
		}
	}
	for _, b := range bindings {
		r.binding(b)
	}
}

func (r *reader) bound(s, binding *source, seen int) {
	spec := binding.root().at("spec")
	rule, e := r.celPolicy(s, ValidatingPolicy, binding.ref.Name)
	rule.Place = binding.ref.Place
	rule.need(Dependency{Role: "binding", Kind: binding.ref.Kind, Name: binding.ref.Name, State: Found, Seen: seen, Objects: []Ref{binding.ref}})
	effect, said, at := validationActions(spec.at("validationActions"))
	rule.act(effect, said, at)
	narrow := spec.at("matchResources")
	inner := bindingScope(rule, narrow)
	rule.match = matcher{object: func(sub *subject) answer { return all(e.answer(sub), inner.answer(sub)) }}
	rule.match.looksAt(e.objects)
	rule.match.looksAt(inner.objects)
	r.parameters(rule, s, spec.at("paramRef"))
	r.rule(rule)
}

// bindingScope reads what a binding narrows.
func bindingScope(rule *Rule, at node) extent {
	e := extent{namespaces: readSelector(at.at("namespaceSelector")), objects: readSelector(at.at("objectSelector"))}
	rules, without := readResources(at.at("resourceRules")), readResources(at.at("excludeResourceRules"))
	if len(rules.rules)+len(without.rules) > 0 {
		e.kinds = func(k Kind) Truth {
			if without.kind(k) == Yes {
				return No
			}
			if len(rules.rules) == 0 {
				return Yes
			}
			return rules.kind(k)
		}
		if rule.Scope.Pods == Yes && e.kinds(podKind) == No {
			rule.Scope.Pods = No
			rule.fact(KindsNotCovered, at, "the binding leaves out pods: what is made as a Pod passes")
		}
	}
	if !e.namespaces.empty() || !e.objects.empty() {
		before := rule.Scope
		rule.selects(at, e)
		rule.Scope.Namespaces.Selector = both(before.Namespaces.Selector, rule.Scope.Namespaces.Selector)
		rule.Scope.Objects = both(before.Objects, rule.Scope.Objects)
	}
	return e
}

func both(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "," + b
}

// validationActions reads a list of Deny, Warn and Audit.
func validationActions(at node) (Effect, string, node) {
	said := at.texts()
	text := strings.Join(said, ", ")
	for _, a := range []struct {
		word   string
		effect Effect
	}{{"Deny", Deny}, {"Enforce", Deny}, {"Warn", Warn}, {"Audit", Audit}} {
		if slices.Contains(said, a.word) {
			return a.effect, text, at
		}
	}
	return EffectUnknown, text, at
}

func (r *reader) parameters(rule *Rule, s *source, ref node) {
	kind := s.root().at("spec", "paramKind")
	if !kind.is() {
		return
	}
	name := kind.at("kind").text()
	found := slices.DeleteFunc(slices.Clone(r.sources), func(p *source) bool {
		return p.kind() != name || ref.at("name").is() && p.ref.Name != ref.at("name").text()
	})
	d := Dependency{Role: "parameters", Kind: name, Name: ref.at("name").text(), State: Found, Objects: refs(found), Seen: len(found)}
	if len(found) == 0 {
		group, _, grouped := strings.Cut(kind.at("apiVersion").text(), "/")
		if !grouped {
			group = ""
		}
		d.State = r.absentOf(Kind{Group: group, Kind: name})
	}
	rule.need(d)
	if !ref.is() {
		rule.fact(ParametersMissing, s.root().at("spec", "paramKind"), "the policy takes parameters of kind %s, and the binding %s names none: params is null", name, rule.Name)
	} else if d.State == Missing {
		rule.fact(ParametersMissing, ref, "the parameters %s %s are not there", name, d.Name)
		if ref.at("parameterNotFoundAction").text() == "Allow" {
			rule.fact(MatchesNothing, ref.at("parameterNotFoundAction"), "without its parameters the policy admits everything")
		}
	}
}

func refs(sources []*source) []Ref {
	out := make([]Ref, 0, len(sources))
	for _, s := range sources {
		out = append(out, s.ref)
	}
	return out
}

func (r *Rule) need(d Dependency) {
	if d.Objects == nil {
		d.Objects = []Ref{}
	}
	r.Depends = append(r.Depends, d)
}

func (r *reader) unbound(s *source, seen int) {
	rule, e := r.celPolicy(s, ValidatingPolicy, "")
	rule.match = e.matcher()
	state := r.absent()
	rule.need(Dependency{Role: "binding", Kind: "ValidatingAdmissionPolicyBinding", State: state, Seen: seen})
	if state == Missing {
		rule.Action.Effect = Off
		rule.fact(BindingMissing, s.root(), "no ValidatingAdmissionPolicyBinding names it: it is not asked at all")
	}
	r.rule(rule)
}

func (r *reader) binding(b *source) {
	name := b.root().at("spec", "policyName").text()
	c := r.component(ValidatingPolicy, "binding", b)
	policies := slices.DeleteFunc(r.of("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"), func(s *source) bool { return s.ref.Name != name })
	if len(policies) > 0 {
		return
	}
	if r.complete {
		c.fact(PolicyMissing, b.root().at("spec", "policyName"), "the policy %s is not there: the binding does nothing", name)
	}
	rule := newRule(ValidatingPolicy, name, b.root())
	effect, said, at := validationActions(b.root().at("spec", "validationActions"))
	rule.act(effect, said, at)
	rule.need(Dependency{Role: "policy", Kind: "ValidatingAdmissionPolicy", Name: name, State: r.absent(), Seen: len(r.of("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"))})
	if r.complete {
		rule.Action.Effect = Off
		rule.fact(PolicyMissing, b.root().at("spec", "policyName"), "the policy %s is not there: the binding does nothing", name)
	}
	r.rule(rule)
}

// celPolicy reads what ValidatingAdmissionPolicy and Kyverno's ValidatingPolicy
// have in common.
func (r *reader) celPolicy(s *source, system System, name string) (*Rule, extent) {
	spec := s.root().at("spec")
	rule := newRule(system, name, s.root())
	rule.known(spec, "paramKind", "matchConstraints", "validations", "failurePolicy", "auditAnnotations", "matchConditions", "variables",
		"validationActions", "webhookConfiguration", "evaluation", "autogen", "matchImageReferences", "validationConfigurations", "credentials",
		"images", "attestors", "attestations")
	rule.failure(spec.at("failurePolicy"), rule.ref(), "Fail")
	rule.Timeout = Timeout{Seconds: 0, Place: rule.Place}
	text := expressions(spec)
	l := readText(text)
	rule.About = AboutOther
	if l.image {
		rule.About = AboutImage
		rule.check(naming(l.checks)...)
	}
	constraints := spec.at("matchConstraints")
	e := extent{
		namespaces: readSelector(constraints.at("namespaceSelector")), objects: readSelector(constraints.at("objectSelector")),
	}
	asked := readResources(constraints.at("resourceRules"))
	without := readResources(constraints.at("excludeResourceRules"))
	e.kinds = func(k Kind) Truth {
		if without.kind(k) == Yes {
			return No
		}
		return asked.kind(k)
	}
	e.unknown = rule.conditions(spec.at("matchConditions"), "cel", "expression")
	rule.resources(asked, constraints.at("resourceRules"), e)
	rule.selects(constraints, e)
	rule.covers(l.lists, spec.at("validations"))
	rule.onlyNames(spec.at("validations"))
	if len(spec.at("validations").list()) == 0 {
		rule.fact(MatchesNothing, spec.at("validations"), "it has no validations: it rejects nothing")
	}
	rule.Required = No
	return rule, e
}

// expressions is the CEL of a policy: validations, with the variables that they use.
func expressions(spec node) string {
	var b strings.Builder
	for _, v := range spec.at("validations").list() {
		b.WriteString(v.at("expression").text() + "\n")
	}
	used := b.String()
	for _, v := range spec.at("variables").list() {
		if strings.Contains(used, "variables."+v.at("name").text()) {
			used += v.at("expression").text() + "\n"
		}
	}
	// A variable may use one that stands before it.
	for _, v := range spec.at("variables").list() {
		if strings.Contains(used, "variables."+v.at("name").text()) && !strings.Contains(used, v.at("expression").text()) {
			used += v.at("expression").text() + "\n"
		}
	}
	return used
}
