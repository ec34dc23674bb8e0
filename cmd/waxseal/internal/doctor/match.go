package doctor

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// match is spec.match of a constraint.
type match struct {
	Kinds []struct {
		APIGroups []string
		Kinds     []string
	}
	Scope, Source, Name            string
	Namespaces, ExcludedNamespaces []string
	LabelSelector                  *metav1.LabelSelector
	NamespaceSelector              *metav1.LabelSelector
}

// podBearing are the kinds that bear pods, by group.
var podBearing = map[string][]string{
	"":      {"Pod", "PodTemplate", "ReplicationController"},
	"apps":  {"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"},
	"batch": {"CronJob", "Job"},
}

// narrowed lists what a constraint leaves out.
func (e *examination) narrowed(c *constraint) {
	m := c.Spec.Match
	e.leftOut(c.object(), "spec.match.excludedNamespaces", m.ExcludedNamespaces)
	for _, f := range []struct {
		field, value string
		harmless     []string
	}{
		{"namespaces", strings.Join(m.Namespaces, ", "), nil},
		{"namespaceSelector", selectorText(m.NamespaceSelector), nil},
		{"labelSelector", selectorText(m.LabelSelector), nil},
		{"name", m.Name, []string{"*"}},
		{"scope", m.Scope, []string{"*", "Namespaced"}},
		{"source", m.Source, []string{"All", "Original"}},
	} {
		if f.value != "" && !slices.Contains(f.harmless, f.value) {
			e.say(Exclusion, c.object(), "spec.match.%s leaves out whatever is not: %s", f.field, f.value)
		}
	}
	if missing := m.missing(); slices.Contains(missing, "Pod") {
		e.problem(c.object(), "all kinds that bear pods in spec.match.kinds", "Add them as gatekeeper/samples/images.yaml has them.", "it does not match %s", strings.Join(missing, ", "))
	} else if len(missing) > 0 {
		e.say(Exclusion, c.object(), "it does not match %s; their Pods are judged when they are made", strings.Join(missing, ", "))
	}
}

// missing are the pod-bearing kinds that are not matched.
func (m match) missing() []string {
	var missing []string
	for group, kinds := range podBearing {
		for _, kind := range kinds {
			if !m.matchesKind(group, kind) {
				missing = append(missing, kind)
			}
		}
	}
	slices.Sort(missing)
	return missing
}

func (m match) matchesKind(group, kind string) bool {
	for _, entry := range m.Kinds {
		if oneOf(entry.APIGroups, group) && oneOf(entry.Kinds, kind) {
			return true
		}
	}
	return len(m.Kinds) == 0
}

// oneOf says whether a list names a value. No list names all.
func oneOf(values []string, value string) bool {
	return len(values) == 0 || slices.Contains(values, "*") || slices.Contains(values, value)
}

// asks says whether the constraint is asked of the doctor's Pod, which has no
// labels. Where labels of the namespace decide, nobody knows.
func (m match) asks(namespace, name string) bool {
	return m.matchesKind("", "Pod") && m.Source != "Generated" && m.Scope != "Cluster" &&
		m.NamespaceSelector == nil && m.LabelSelector == nil && (m.Name == "" || wildcard(m.Name, name)) &&
		(len(m.Namespaces) == 0 || slices.ContainsFunc(m.Namespaces, func(w string) bool { return wildcard(w, namespace) })) &&
		!slices.ContainsFunc(m.ExcludedNamespaces, func(w string) bool { return wildcard(w, namespace) })
}

// wildcard is Gatekeeper's: a star at the beginning, at the end, or both.
func wildcard(pattern, text string) bool {
	inner := strings.TrimPrefix(strings.TrimSuffix(pattern, "*"), "*")
	starts, ends := strings.HasPrefix(pattern, "*"), strings.HasSuffix(pattern, "*")
	switch {
	case starts && ends:
		return strings.Contains(text, inner)
	case starts:
		return strings.HasSuffix(text, inner)
	case ends:
		return strings.HasPrefix(text, inner)
	}
	return pattern == text
}

// leftOut lists namespaces that are left out by name or pattern. Those that
// nobody said to be exempt are problems.
func (e *examination) leftOut(object, field string, namespaces []string) {
	for _, namespace := range namespaces {
		if slices.Contains(e.exempt, namespace) {
			e.say(Exclusion, object, "%s leaves out namespace %s, as is expected", field, namespace)
			continue
		}
		e.problem(object, fmt.Sprintf("nothing left out but %s", strings.Join(e.exempt, ", ")),
			fmt.Sprintf("Take it away, or say with --exempt %s that it is meant.", namespace),
			"%s leaves out namespace %s", field, namespace)
	}
}

func selectorText(selector *metav1.LabelSelector) string {
	if selector == nil || len(selector.MatchLabels)+len(selector.MatchExpressions) == 0 {
		return ""
	}
	return metav1.FormatLabelSelector(selector)
}
