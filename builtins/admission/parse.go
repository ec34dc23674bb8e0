package admission

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
)

// Object is a Kubernetes object, or a file of Helm values.
type Object struct {
	File     string
	Document int            // number of the document in its file, from 1
	Value    map[string]any // as encoding/json gives it, numbers as json.Number or float64
	// Line returns the line of the field that a path names, as in
	// spec.rules[0].name, or of the nearest field above it. It may be nil.
	Line func(path string) int
}

// Options are what the objects do not say.
type Options struct {
	// Complete says that the objects are everything that the cluster has, so that
	// what is not among them is missing. The default is that it is unknown.
	Complete bool
	// Holds says of which kinds that is so. The default is that it is of all.
	Holds func(Kind) bool
}

// Parse reads all objects together: what one of them says of another counts.
// It changes none of them. What says nothing of admission is passed over.
func Parse(objects []Object, options Options) *Configuration {
	r := &reader{complete: options.Complete, holds: options.Holds, byKind: map[Kind][]*source{}, spaces: map[string]*Namespace{}, asking: map[System][]*Rule{}}
	for _, object := range objects {
		r.add(object)
	}
	for _, read := range r.systems() {
		read()
	}
	r.link()
	r.twins()
	r.identify()
	workloads := r.workloads()
	return r.finish(workloads)
}

// reader is all that is read, while it is put together.
type reader struct {
	complete   bool
	holds      func(Kind) bool
	sources    []*source
	byKind     map[Kind][]*source
	spaces     map[string]*Namespace
	asking     map[System][]*Rule // webhooks of engines; asked when all are read
	rules      []*Rule
	components []*Component
	exceptions []exception
	ignores    []forced
	unasked    []unasked
	problems   []Problem
}

// systems are the readers of all systems. What a later one needs of an earlier
// one is only said by link.
func (r *reader) systems() []func() {
	return []func(){
		r.namespaces, r.webhooks, r.validatingPolicies, r.gatekeeper, r.kyverno, r.kyvernoCEL, r.policyController,
		r.ratify, r.podSecurityPolicies, r.helmValues,
	}
}

func (r *reader) add(object Object) {
	s := &source{Object: object}
	metadata := s.root().at("metadata")
	name := metadata.first("name", "generateName").text()
	s.ref = Ref{
		Kind: s.kind(), Name: name, Namespace: metadata.at("namespace").text(),
		Place: Place{File: s.File, Line: s.line("")}, Document: s.Document,
	}
	r.sources = append(r.sources, s)
	kind := Kind{Group: s.group(), Kind: s.kind()}
	r.byKind[kind] = append(r.byKind[kind], s)
	if admits(kind.Group) && helmTemplate.MatchString(s.root().allText()) {
		r.problem(s.root(), "unsupported", "it is a template of Helm: render it first (helm template), so that what is filled in can be read")
	}
}

// helmTemplate is an action of a chart. Kyverno's variables begin with a name.
var helmTemplate = regexp.MustCompile(`\{\{-|-\}\}|\{\{\s*(\.Values|\.Release|\.Chart|\.Capabilities|\.Files|\$\.|include |template |tpl |toYaml )`)

// IsHelmTemplate says whether a text, which often is no YAML, is a template of a
// chart: it has to be rendered before it can be read.
func IsHelmTemplate(text string) bool { return helmTemplate.MatchString(text) }

// admits says whether objects of a group are about admission.
func admits(group string) bool {
	return slices.Contains([]string{
		"admissionregistration.k8s.io", "templates.gatekeeper.sh", "constraints.gatekeeper.sh", "config.gatekeeper.sh",
		"externaldata.gatekeeper.sh", "kyverno.io", "policies.kyverno.io", "policy.sigstore.dev", "config.ratify.deislabs.io", "policy",
	}, group)
}

func (r *reader) problem(at node, code, format string, args ...any) {
	r.problems = append(r.problems, Problem{Place: at.place(), Code: code, Text: fmt.Sprintf(format, args...)})
}

func (r *reader) of(group string, kinds ...string) []*source {
	var out []*source
	for _, kind := range kinds {
		out = append(out, r.byKind[Kind{Group: group, Kind: kind}]...)
	}
	return out
}

func (r *reader) rule(rule *Rule) { r.rules = append(r.rules, rule) }

func (r *reader) component(system System, role string, s *source) *Component {
	c := &Component{System: system, Object: s.ref, Role: role, UsedBy: []string{}, About: AboutUnknown, Checks: []Check{}, Facts: []Fact{}}
	r.components = append(r.components, c)
	return c
}

func (c *Component) fact(code Code, at node, format string, args ...any) {
	c.Facts = append(c.Facts, Fact{Code: code, Text: fmt.Sprintf(format, args...), Place: at.place()})
}

// absent is the state of what is not in the input.
func (r *reader) absent() State {
	if r.complete {
		return Missing
	}
	return StateUnknown
}

// absentOf is the state of an object of a kind that is not in the input.
func (r *reader) absentOf(kind Kind) State {
	if r.holds != nil && !r.holds(kind) {
		return StateUnknown
	}
	return r.absent()
}

func (r *reader) namespaces() {
	for _, s := range r.of("", "Namespace") {
		if _, twice := r.spaces[s.ref.Name]; !twice {
			r.spaces[s.ref.Name] = &Namespace{Name: s.ref.Name, Labels: s.root().at("metadata", "labels").labels(), Place: s.ref.Place}
		}
	}
}

// twins notes on rules that the input has another object of the same name that says
// something else: which of them the cluster has is not known.
func (r *reader) twins() {
	firsts, others := map[Ref]*source{}, map[Ref]*source{}
	for _, s := range r.sources {
		key := s.named()
		one, twice := firsts[key]
		switch {
		case s.kind() == "" || s.ref.Name == "" || !admits(s.group()) && s.group() != ratifyGroup:
		case !twice:
			firsts[key] = s
		case !s.says(one):
			others[key] = s
		}
	}
	for _, rule := range r.rules {
		s := rule.at.src
		other := others[s.named()]
		if other == s {
			other = firsts[s.named()]
		}
		if other != nil {
			rule.fact(DefinedTwice, s.root().at("metadata", "name"), "%s has another %s of this name that says something else: which of them is applied is not known", other.File, s.kind())
		}
	}
}

// named is what tells objects of a cluster apart.
func (s *source) named() Ref {
	return Ref{Kind: s.group() + "/" + s.kind(), Name: s.ref.Name, Namespace: s.ref.Namespace}
}

// says tells whether two objects say the same, but for their metadata.
func (s *source) says(other *source) bool {
	a, b := maps.Clone(s.Value), maps.Clone(other.Value)
	for _, of := range []map[string]any{a, b} {
		delete(of, "metadata")
		delete(of, "status")
	}
	return reflect.DeepEqual(a, b)
}

// identify puts the rules in order and makes their IDs unique.
func (r *reader) identify() {
	slices.SortStableFunc(r.rules, func(a, b *Rule) int {
		return cmp.Or(cmp.Compare(a.Object.File, b.Object.File), cmp.Compare(a.Object.Document, b.Object.Document),
			cmp.Compare(a.Object.Line, b.Object.Line), cmp.Compare(a.Line, b.Line))
	})
	seen := map[string]int{}
	for _, rule := range r.rules {
		seen[rule.ID]++
		if n := seen[rule.ID]; n > 1 {
			rule.ID += "~" + strconv.Itoa(n)
		}
	}
}

// finish puts everything in order.
func (r *reader) finish(workloads []Workload) *Configuration {
	c := &Configuration{
		Rules: make([]Rule, 0, len(r.rules)), Components: make([]Component, 0, len(r.components)),
		Namespaces: make([]Namespace, 0, len(r.spaces)), Workloads: workloads, Problems: list(r.problems), Complete: r.complete,
	}
	for _, rule := range r.rules {
		c.Rules = append(c.Rules, *rule)
	}
	for _, component := range r.components {
		for _, user := range component.users {
			component.UsedBy = append(component.UsedBy, user.ID)
		}
		c.Components = append(c.Components, *component)
	}
	for _, space := range r.spaces {
		c.Namespaces = append(c.Namespaces, *space)
	}
	slices.SortFunc(c.Namespaces, func(a, b Namespace) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortStableFunc(c.Components, func(a, b Component) int { return byPlace(a.Object, b.Object) })
	slices.SortFunc(c.Problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Text, b.Text))
	})
	return c
}

func byPlace(a, b Ref) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Document, b.Document), cmp.Compare(a.Line, b.Line))
}

// serves notes that a rule uses a component.
func (c *Component) serves(rule *Rule) {
	if !slices.Contains(c.users, rule) {
		c.users = append(c.users, rule)
	}
}
