package admission

import "slices"

// asker asks rules whether they apply to containers. It keeps what it was told
// of an image, because few images run in many Pods.
type asker struct {
	r      *reader
	rules  []*Rule
	images map[string]image
	known  []map[string]answer // of each rule, by list and image
}

func newAsker(r *reader) *asker {
	a := &asker{r: r, images: map[string]image{}}
	for _, rule := range r.rules {
		if rule.About != AboutOther && !rule.Engine && rule.match.object != nil {
			a.rules = append(a.rules, rule)
			a.known = append(a.known, map[string]answer{})
		}
	}
	return a
}

// ask fills in the rules of each container of a group.
func (a *asker) ask(w *Workload, m maker) {
	if m.static {
		return // its image has been pulled when admission sees it
	}
	made := subject{kind: m.kind, name: m.src.root().at("metadata", "name").text(), namespace: w.Namespace, labels: m.src.root().at("metadata", "labels").labels(), space: a.r.spaces[w.Namespace]}
	pod := subject{kind: podKind, namespace: w.Namespace, labels: m.labels, space: made.space}
	for i, rule := range a.rules {
		object, when := rule.match.object(&made), "when made"
		if m.kind != podKind {
			if later := rule.match.object(&pod); object.truth != Yes && strengthOf(later) > strengthOf(object) {
				object, when = later, "when its pods are made"
			}
		}
		if object.truth == No {
			continue
		}
		effect := rule.effectIn(&made)
		for k := range w.Containers {
			c := &w.Containers[k]
			if answer := all(object, a.image(i, c)); answer.truth != No {
				c.Rules = append(c.Rules, Applies{Rule: rule.ID, Applies: answer.truth, Effect: effect, Why: answer.why, When: when})
			}
		}
	}
}

func strengthOf(a answer) int { return slices.Index([]Truth{No, Unknown, Yes}, a.truth) }

// image says whether a rule looks at an image of a list.
func (a *asker) image(i int, c *Container) answer {
	key := c.List + "\x00" + c.Image
	if known, ok := a.known[i][key]; ok {
		return known
	}
	parsed, ok := a.images[c.Image]
	if !ok {
		parsed = parseImage(c.Image)
		a.images[c.Image] = parsed
	}
	rule := a.rules[i]
	out := rule.looksAt(c.List)
	if out.truth != No && rule.match.image != nil {
		out = all(out, rule.match.image(c.List, parsed))
	}
	a.known[i][key] = out
	return out
}

// looksAt says whether the rule looks at a list of containers.
func (r *Rule) looksAt(list string) answer {
	lists := r.Scope.Containers
	truth := map[string]Truth{
		"containers": lists.Containers, "initContainers": lists.InitContainers, "ephemeralContainers": lists.Ephemeral, "imageVolumes": lists.ImageVolumes,
	}[list]
	if truth == Unknown {
		return unsure("it is not known whether it looks at " + list)
	}
	return answer{truth: truth}
}

// effectIn is the effect in the namespace of an object.
func (r *Rule) effectIn(s *subject) Effect {
	for _, o := range r.Action.Overrides {
		if o.Point != "" {
			continue
		}
		named := slices.ContainsFunc(o.Namespaces, func(p string) bool { return glob(p, s.namespace) })
		if s.namespace == "" && len(o.Namespaces) > 0 || o.Selector != "" {
			if strength(o.Effect) < strength(r.Action.Effect) {
				return EffectUnknown
			}
			continue
		}
		if named {
			return o.Effect
		}
	}
	return r.Action.Effect
}
