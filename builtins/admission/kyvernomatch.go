package admission

import (
	"regexp"
	"slices"
	"strings"
)

// filter is one of the filters under match or exclude.
type filter struct {
	extent
	kindsOf []kindPattern
	at      node
	users   bool // it depends on who asks
	notes   bool // it depends on annotations
	only    []string
}

// kindPattern is how Kyverno names kinds: Pod, v1/Pod, apps/*/Deployment,
// Pod/ephemeralcontainers.
type kindPattern struct{ group, version, kind, sub string }

var kindVersion = regexp.MustCompile(`^(v\d\w*|\*)$`)

func readKind(text string) kindPattern {
	parts := strings.Split(text, "/")
	k := kindPattern{group: "*", version: "*"}
	switch {
	case len(parts) >= 3 && kindVersion.MatchString(parts[1]):
		k.group, k.version, parts = parts[0], parts[1], parts[2:]
	case len(parts) >= 2 && kindVersion.MatchString(parts[0]) && parts[0] != "*":
		k.group, k.version, parts = "", parts[0], parts[1:] // v1/Pod is of the core group
	case len(parts) >= 2 && parts[0] == "*":
		parts = parts[1:]
	}
	k.kind = parts[0]
	if len(parts) > 1 {
		k.sub = parts[1]
	} else if kind, sub, dotted := strings.Cut(k.kind, "."); dotted {
		k.kind, k.sub = kind, sub
	}
	return k
}

func (k kindPattern) matches(of Kind) bool {
	return k.sub == "" && glob(k.group, of.Group) && glob(k.kind, of.Kind) &&
		served(of, func(version string) bool { return glob(k.version, version) })
}

// readFilter reads resources and who asks.
func readFilter(at node) filter {
	resources := at.at("resources")
	f := filter{at: at}
	f.include = resources.at("namespaces").texts()
	f.namespaces = readSelector(resources.at("namespaceSelector"))
	f.objects = readSelector(resources.at("selector"))
	f.names = resources.at("names").texts()
	if name := resources.at("name").text(); name != "" {
		f.names = append(f.names, name)
	}
	f.only = resources.at("operations").texts()
	for _, kind := range resources.at("kinds").texts() {
		f.kindsOf = append(f.kindsOf, readKind(kind))
	}
	f.kinds = func(of Kind) Truth {
		return said(len(f.kindsOf) == 0 || slices.ContainsFunc(f.kindsOf, func(k kindPattern) bool { return k.matches(of) }))
	}
	f.users = at.at("subjects").is() || at.at("roles").is() || at.at("clusterRoles").is()
	f.notes = resources.at("annotations").is()
	if f.users {
		f.unknown = "it depends on who asks"
	}
	if f.notes {
		f.unknown = "it depends on annotations of the object"
	}
	if len(f.only) > 0 && !slices.Contains(f.only, "CREATE") {
		f.unknown = "it is asked only of " + strings.Join(f.only, ", ")
	}
	return f
}

// filters are the filters of a match or exclude: any of them, or all.
type filters struct {
	list []filter
	all  bool
	at   node
}

func readFilters(at node) filters {
	if any := at.at("any"); any.is() {
		return filters{list: readEach(any), at: at}
	}
	if each := at.at("all"); each.is() {
		return filters{list: readEach(each), all: true, at: at}
	}
	if at.at("resources").is() || at.at("subjects").is() || at.at("roles").is() || at.at("clusterRoles").is() {
		return filters{list: []filter{readFilter(at)}, at: at}
	}
	return filters{at: at}
}

func readEach(at node) []filter {
	var out []filter
	for _, item := range at.list() {
		out = append(out, readFilter(item))
	}
	return out
}

func (f filters) answer(s *subject) answer {
	answers := make([]answer, 0, len(f.list))
	for _, one := range f.list {
		answers = append(answers, one.answer(s))
	}
	if f.all && len(answers) > 0 {
		return all(answers...)
	}
	return some(answers...)
}

// plain says whether filters look at kinds and namespaces alone, which is what
// Kyverno makes rules for controllers from.
func (f filters) plain() bool {
	return !slices.ContainsFunc(f.list, func(one filter) bool {
		return len(one.names) > 0 || !one.objects.empty() || one.notes
	})
}

func (f filters) kinds() []kindPattern {
	var out []kindPattern
	for _, one := range f.list {
		out = append(out, one.kindsOf...)
	}
	return out
}

// kyvernoMatch reads match and exclude of a rule.
func kyvernoMatch(rule *Rule, s *source, at node, unknown string) matcher {
	match, exclude := readFilters(at.at("match")), readFilters(at.at("exclude"))
	exclude.list = atAdmission(exclude)
	generated := autogen(s, match, exclude)
	home := extent{unknown: unknown}
	if s.kind() == "Policy" {
		home.include = []string{s.ref.Namespace}
		rule.fact(NamespacesLimited, s.root().at("metadata", "namespace"), "a Policy is asked only in its own namespace %s", s.ref.Namespace)
	}
	rule.filtered(match, exclude, generated)
	m := matcher{object: func(sub *subject) answer {
		asked := *sub
		if slices.Contains(generated, sub.kind.Kind) && slices.Contains(controllers, sub.kind) {
			asked.kind = podKind
		}
		return all(home.answer(&asked), match.answer(&asked), exclude.answer(&asked).not())
	}}
	for _, one := range append(slices.Clone(match.list), exclude.list...) {
		m.looksAt(one.objects)
		m.names = m.names || len(one.names) > 0
	}
	return m
}

// atAdmission are the filters of an exclude that can leave out what is made or
// changed: one that is only of other operations leaves out nothing that runs.
func atAdmission(exclude filters) []filter {
	other := func(f filter) bool {
		return len(f.only) > 0 && !slices.Contains(f.only, "CREATE") && !slices.Contains(f.only, "UPDATE")
	}
	if exclude.all && slices.ContainsFunc(exclude.list, other) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(exclude.list), other)
}

// autogen are the controllers for which Kyverno makes rules of its own from one
// for Pods.
func autogen(s *source, match, exclude filters) []string {
	for _, k := range match.kinds() {
		if k.kind != "Pod" || k.sub != "" {
			return nil
		}
	}
	if !match.plain() || !exclude.plain() || len(match.kinds()) == 0 {
		return nil
	}
	annotation := s.root().at("metadata", "annotations", "pod-policies.kyverno.io/autogen-controllers").text()
	switch annotation {
	case "none":
		return nil
	case "":
		return []string{"DaemonSet", "Deployment", "Job", "StatefulSet", "ReplicaSet", "ReplicationController", "CronJob"}
	}
	return strings.Split(annotation, ",")
}

// filtered fills the scope.
func (r *Rule) filtered(match, exclude filters, generated []string) {
	for _, k := range match.kinds() {
		r.Scope.Kinds = append(r.Scope.Kinds, Kind{Group: k.group, Kind: k.kind, Subresource: k.sub})
	}
	for _, kind := range generated {
		r.Scope.Kinds = append(r.Scope.Kinds, Kind{Group: "*", Kind: kind})
	}
	r.Scope.Operations = []string{"CREATE", "UPDATE"}
	pods := []answer{}
	for _, f := range match.list {
		if len(f.only) > 0 {
			r.Scope.Operations = f.only
		}
		pods = append(pods, f.kind(&subject{kind: podKind}))
	}
	r.Scope.Pods = some(pods...).truth
	if match.all && len(pods) > 0 {
		r.Scope.Pods = all(pods...).truth
	}
	r.Scope.Ephemeral = r.Scope.Pods // Kyverno asks for the subresource where it asks for Pods
	for _, f := range match.list {
		r.matched(f)
	}
	narrow := exclude.all && slices.ContainsFunc(exclude.list, filter.narrow)
	for _, f := range exclude.list {
		r.excluded(f, narrow)
	}
	for _, operation := range []string{"CREATE", "UPDATE"} {
		if !slices.Contains(r.Scope.Operations, operation) {
			r.fact(OperationsNotCovered, match.at, "it is not asked when objects are %s", map[string]string{"CREATE": "made", "UPDATE": "changed"}[operation])
		}
	}
}

func (r *Rule) matched(f filter) {
	resources := f.at.at("resources")
	if len(f.include) > 0 && !slices.Contains(f.include, "*") {
		r.Scope.Namespaces.Include = append(r.Scope.Namespaces.Include, f.include...)
		r.fact(NamespacesLimited, resources.at("namespaces"), "it is asked only in the namespaces %s", strings.Join(f.include, ", "))
	}
	if text := f.namespaces.String(); text != "" {
		r.Scope.Namespaces.Selector = text
		r.fact(NamespacesSelected, resources.at("namespaceSelector"), "it is asked only in namespaces whose labels are %s", text)
	}
	if text := f.objects.String(); text != "" {
		r.Scope.Objects = text
		r.fact(ObjectsExcluded, resources.at("selector"), "it is asked only of objects whose labels are %s: whoever writes an object leaves it out", text)
	}
	if len(f.names) > 0 && !slices.Contains(f.names, "*") {
		r.Scope.Names = append(r.Scope.Names, f.names...)
		r.fact(ObjectsExcluded, resources.first("names", "name"), "it is asked only of objects that are named %s", strings.Join(f.names, ", "))
	}
	if f.notes {
		r.fact(ObjectsExcluded, resources.at("annotations"), "it is asked only of objects with annotations: whoever writes an object leaves it out")
	}
	if f.users {
		r.fact(UsersExcluded, f.at, "it is asked only of some who ask")
	}
}

// excluded says what a filter of an exclude leaves out. Narrow says that another
// filter, which must match too, leaves out less.
func (r *Rule) excluded(f filter, narrow bool) {
	resources := f.at.at("resources")
	switch {
	case len(f.include) > 0:
		r.Scope.Namespaces.Exclude = append(r.Scope.Namespaces.Exclude, f.include...)
		r.leftOut(NamespacesExcluded, resources.at("namespaces"), f.include)
	case !f.namespaces.empty():
		r.fact(NamespacesExcluded, resources.at("namespaceSelector"), "namespaces whose labels are %s are left out", f.namespaces)
	case !f.objects.empty():
		r.fact(ObjectsExcluded, resources.at("selector"), "objects whose labels are %s are left out: whoever writes an object leaves it out", f.objects)
	case len(f.names) > 0:
		r.fact(ObjectsExcluded, resources.first("names", "name"), "objects that are named %s are left out", strings.Join(f.names, ", "))
	case f.notes:
		r.fact(ObjectsExcluded, resources.at("annotations"), "objects with annotations are left out: whoever writes an object leaves it out")
	case f.users:
		r.fact(UsersExcluded, f.at, "who is named here is left out")
	case f.kinds(podKind) != Yes || narrow:
	case len(f.only) > 0 && !slices.Contains(f.only, "CREATE"):
		r.fact(OperationsNotCovered, resources.at("operations"), "it is not asked when objects are changed")
	default:
		r.fact(MatchesNothing, resources.at("kinds"), "Pod is left out")
		r.Scope.Pods = No
	}
}

// kinds says that Pods are not judged. A rule that reads images from other
// objects is not meant to.
func kinds(rule *Rule, at node) {
	if rule.Scope.Pods == No && rule.About == AboutImage && !at.at("imageExtractors").is() {
		rule.fact(KindsNotCovered, at.at("match"), "it does not match Pod: what is made as a Pod passes")
	}
	if len(readFilters(at.at("match")).list) == 0 {
		rule.fact(MatchesNothing, at.at("match"), "it matches nothing")
	}
}
