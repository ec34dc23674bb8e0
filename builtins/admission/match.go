package admission

import (
	"slices"
)

// subject is an object as rules see it when it is admitted.
type subject struct {
	kind      Kind
	name      string // "" when it is generated
	namespace string // "" when it is not known
	labels    map[string]string
	space     *Namespace // nil when it is not in the input
}

// answer is whether a rule applies, and what is not known.
type answer struct {
	truth Truth
	why   string
}

var (
	applies    = answer{truth: Yes}
	appliesNot = answer{truth: No}
)

func unsure(why string) answer { return answer{Unknown, why} }

// all holds if every answer does.
func all(answers ...answer) answer {
	out := applies
	for _, a := range answers {
		switch {
		case a.truth == No:
			return a
		case a.truth == Unknown && out.truth == Yes:
			out = a
		}
	}
	return out
}

// some holds if one of the answers does.
func some(answers ...answer) answer {
	out := appliesNot
	for _, a := range answers {
		switch {
		case a.truth == Yes:
			return a
		case a.truth == Unknown && out.truth == No:
			out = a
		}
	}
	return out
}

func (a answer) not() answer {
	switch a.truth {
	case Yes:
		return appliesNot
	case No:
		return applies
	}
	return a
}

// matcher says to which objects and images a rule applies.
type matcher struct {
	object func(*subject) answer
	image  func(list string, i image) answer // nil for all images of the lists in the scope
	// What of an object it looks at: labels by key, or all of them, and the name.
	keys      []string
	allLabels bool
	names     bool
}

// looksAt notes what a selector of objects needs.
func (m *matcher) looksAt(s selector) {
	keys, any := s.keys()
	m.keys = append(m.keys, keys...)
	m.allLabels = m.allLabels || any
}

// extent is a scope whose parts must all hold.
type extent struct {
	kinds      func(Kind) Truth
	include    []string
	exclude    []string
	wild       func(pattern, text string) bool
	namespaces selector
	objects    selector
	names      []string
	unknown    string // a condition that is not evaluated
}

func (e extent) answer(s *subject) answer {
	answers := []answer{e.kind(s), e.namespace(s), e.labels(s), e.name(s)}
	if e.unknown != "" {
		answers = append(answers, unsure(e.unknown))
	}
	return all(answers...)
}

func (e extent) kind(s *subject) answer {
	if e.kinds == nil {
		return applies
	}
	switch e.kinds(s.kind) {
	case Yes:
		return applies
	case No:
		return appliesNot
	}
	return unsure("it is not known whether it is asked of the kind " + s.kind.Kind)
}

func (e extent) namespace(s *subject) answer {
	wild := e.wild
	if wild == nil {
		wild = glob
	}
	in := func(patterns []string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return wild(p, s.namespace) })
	}
	if s.namespace == "" && (len(e.include) > 0 || len(e.exclude) > 0 || !e.namespaces.empty()) {
		return unsure("the namespace of the object is not known")
	}
	if len(e.include) > 0 && !in(e.include) || in(e.exclude) {
		return appliesNot
	}
	return s.inSpace(e.namespaces)
}

// inSpace says whether the object's namespace is selected.
func (s *subject) inSpace(by selector) answer {
	if by.empty() {
		return applies
	}
	labels, known := map[string]string{nameLabel: s.namespace}, s.space != nil
	if known {
		labels = s.space.full()
	}
	switch by.matches(labels, known) {
	case Yes:
		return applies
	case No:
		return appliesNot
	}
	return unsure("the labels of the namespace " + s.namespace + " are not known")
}

// full is the labels with the one that the API server puts on every namespace.
func (n *Namespace) full() map[string]string {
	if n.Labels[nameLabel] == n.Name {
		return n.Labels
	}
	full := map[string]string{nameLabel: n.Name}
	for key, value := range n.Labels {
		if key != nameLabel {
			full[key] = value
		}
	}
	return full
}

// installed is the answer where it is not known that the webhook has the selector
// of an installation: only labels that are known to be there count against it.
func (e extent) installed(s *subject) answer {
	if s.space == nil {
		return applies
	}
	return s.inSpace(e.namespaces)
}

func (e extent) labels(s *subject) answer {
	switch e.objects.matches(s.labels, true) {
	case Yes:
		return applies
	case No:
		return appliesNot
	}
	return unsure("the selector of labels is malformed")
}

func (e extent) name(s *subject) answer {
	if len(e.names) == 0 {
		return applies
	}
	if s.name == "" {
		return unsure("the name of the object is made later")
	}
	wild := e.wild
	if wild == nil {
		wild = glob
	}
	if slices.ContainsFunc(e.names, func(p string) bool { return wild(p, s.name) }) {
		return applies
	}
	return appliesNot
}

// matcher returns the extent as a matcher.
func (e extent) matcher() matcher {
	m := matcher{object: e.answer, names: len(e.names) > 0}
	m.looksAt(e.objects)
	return m
}

// patterns returns a matcher of images: one of the included, none of the excluded.
func patterns(include, exclude []Pattern, match func(Pattern, image) Truth) func(string, image) answer {
	one := func(list []Pattern, i image) answer {
		out := appliesNot
		for _, p := range list {
			switch match(p, i) {
			case Yes:
				return applies
			case Unknown:
				out = unsure("it is not known whether the image matches " + p.Text)
			}
		}
		return out
	}
	return func(_ string, i image) answer {
		if len(include) == 0 {
			return one(exclude, i).not()
		}
		return all(one(include, i), one(exclude, i).not())
	}
}
