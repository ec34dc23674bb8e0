package admission

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
)

// nameLabel is on every Namespace, with its name.
const nameLabel = "kubernetes.io/metadata.name"

// selector is a selector of labels. The zero value selects everything.
type selector struct {
	requirements []labels.Requirement
	wildcards    []wildcard // of Kyverno, whose matchLabels may have stars
	malformed    bool       // what it selects is not known
}

type wildcard struct{ key, value string }

// readSelector reads matchLabels and matchExpressions.
func readSelector(n node) selector {
	var s selector
	for _, field := range n.at("matchLabels").fields() {
		if strings.ContainsAny(field.name+field.text(), "*?") {
			s.wildcards = append(s.wildcards, wildcard{field.name, field.text()})
			continue
		}
		s.require(field.name, selection.Equals, []string{field.text()})
	}
	for _, expression := range n.at("matchExpressions").list() {
		operator, known := operators[expression.at("operator").text()]
		if !known {
			s.malformed = true
			continue
		}
		s.require(expression.at("key").text(), operator, expression.at("values").texts())
	}
	return s
}

var operators = map[string]selection.Operator{
	"In": selection.In, "NotIn": selection.NotIn, "Exists": selection.Exists, "DoesNotExist": selection.DoesNotExist,
}

func (s *selector) require(key string, operator selection.Operator, values []string) {
	requirement, err := labels.NewRequirement(key, operator, values)
	if err != nil {
		s.malformed = true
		return
	}
	s.requirements = append(s.requirements, *requirement)
}

func (s selector) empty() bool {
	return len(s.requirements) == 0 && len(s.wildcards) == 0 && !s.malformed
}

// String is the selector as kubectl takes it.
func (s selector) String() string {
	var parts []string
	for _, r := range s.requirements {
		parts = append(parts, r.String())
	}
	for _, w := range s.wildcards {
		parts = append(parts, w.key+"="+w.value)
	}
	if s.malformed {
		parts = append(parts, "(malformed)")
	}
	slices.Sort(parts)
	return strings.Join(parts, ",")
}

// matches says whether labels are selected, of which only those are known that
// are given, unless all are.
func (s selector) matches(given map[string]string, all bool) Truth {
	answer := Yes
	if s.malformed {
		answer = Unknown
	}
	for _, r := range s.requirements {
		if _, has := given[r.Key()]; !has && !all {
			answer = Unknown
		} else if !r.Matches(labels.Set(given)) {
			return No
		}
	}
	for _, w := range s.wildcards {
		if w.in(given) {
			continue
		}
		if all {
			return No
		}
		answer = Unknown
	}
	return answer
}

func (w wildcard) in(given map[string]string) bool {
	for key, value := range given {
		if glob(w.key, key) && glob(w.value, value) {
			return true
		}
	}
	return false
}

// keys are the labels that the selector asks for; any is true if it may be any.
func (s selector) keys() (keys []string, any bool) {
	for _, r := range s.requirements {
		keys = append(keys, r.Key())
	}
	return keys, len(s.wildcards) > 0
}

// named are the namespaces that the selector leaves out by name, or leaves in.
func (s selector) named(operators ...selection.Operator) []string {
	var names []string
	for _, r := range s.requirements {
		if r.Key() == nameLabel && slices.Contains(operators, r.Operator()) {
			names = append(names, r.Values().List()...)
		}
	}
	slices.Sort(names)
	return names
}

// rest is the selector without what it says of names, and without a label.
func (s selector) rest(without string) string {
	other := s
	other.requirements = slices.DeleteFunc(slices.Clone(s.requirements), func(r labels.Requirement) bool {
		byName := slices.Contains([]selection.Operator{selection.In, selection.Equals, selection.NotIn}, r.Operator())
		return r.Key() == nameLabel && byName || r.Key() == without
	})
	if other.empty() {
		return ""
	}
	return other.String()
}
