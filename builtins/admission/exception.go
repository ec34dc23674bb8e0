package admission

import (
	"slices"
	"strings"
)

// exception takes objects out of the rules that it is of.
type exception struct {
	Exception
	of        func(*Rule) bool
	object    func(*subject) answer
	image     func(image) answer // nil for all images
	component *Component         // that says it
	labels    []selector
	named     bool
	spaces    []string // the namespaces that are left out wholly; empty when it is about something else
	code      Code     // of the fact; "" for that of the kind of exception
}

func (r *reader) except(e exception) { r.exceptions = append(r.exceptions, e) }

// excepted puts the exceptions into the rules.
func (r *reader) excepted() {
	for _, e := range r.exceptions {
		for _, rule := range r.rules {
			if !e.of(rule) {
				continue
			}
			rule.Exceptions = append(rule.Exceptions, e.Exception)
			code := NamespacesExempt
			switch {
			case e.code != "":
				code = e.code
			case e.Kind == "policy_exception":
				code = ExceptionWidens
			}
			rule.takes(Fact{Code: code, Text: e.Text, Place: e.Place, Names: strings.Join(e.spaces, " ")}, e.Object.Kind+" "+e.Object.Name)
			rule.match.without(e)
			e.component.serves(rule)
		}
	}
}

// without takes objects, or images of theirs, out of what is matched.
func (m *matcher) without(e exception) {
	for _, s := range e.labels {
		m.looksAt(s)
	}
	m.names = m.names || e.named
	if object := m.object; object != nil && e.image == nil {
		m.object = func(s *subject) answer { return all(object(s), e.object(s).not()) }
	} else if old := m.image; e.image != nil {
		m.image = func(list string, i image) answer {
			if old == nil {
				return e.image(i).not()
			}
			return all(old(list, i), e.image(i).not())
		}
	}
}

// kyvernoException reads an exception of a ClusterPolicy or Policy.
func (r *reader) kyvernoException(s *source) {
	c := r.component(Kyverno, "exception", s)
	spec := s.root().at("spec")
	match := readFilters(spec.at("match"))
	wide := said(len(match.list) == 0 || slices.ContainsFunc(match.list, func(f filter) bool { return !f.narrow() }))
	for i, entry := range spec.at("exceptions").list() {
		policy, rules := entry.at("policyName").text(), entry.at("ruleNames").texts()
		r.except(exception{
			Exception: Exception{
				Kind: "policy_exception", Object: s.ref, Wide: wide, Place: entry.place(),
				Text: "the rules " + strings.Join(rules, ", ") + " of " + policy + " are not asked of " + describe(match),
			},
			of: func(rule *Rule) bool { return exempts(rule, policy, rules) },
			object: func(sub *subject) answer {
				if spec.at("conditions").is() {
					return all(match.answer(sub), unsure("an exception has conditions"))
				}
				return match.answer(sub)
			},
			component: c, labels: match.selectors(), named: match.named(),
		})
		if wide == Yes && i == 0 {
			c.fact(ExceptionWidens, entry, "it takes out everything of the kinds that it names")
		}
	}
}

func (f filter) narrow() bool {
	return len(f.include) > 0 && !slices.Contains(f.include, "*") || len(f.names) > 0 && !slices.Contains(f.names, "*") ||
		!f.namespaces.empty() || !f.objects.empty() || f.notes || f.users
}

func (f filters) selectors() []selector {
	var out []selector
	for _, one := range f.list {
		out = append(out, one.objects)
	}
	return out
}

func (f filters) named() bool {
	return slices.ContainsFunc(f.list, func(one filter) bool { return len(one.names) > 0 })
}

func exempts(rule *Rule, policy string, rules []string) bool {
	if rule.System != Kyverno || rule.Engine {
		return false
	}
	name := rule.Object.Name
	if rule.Object.Kind == "Policy" {
		name = rule.Object.Namespace + "/" + name
	}
	base, _, _ := strings.Cut(rule.Name, "[")
	return glob(policy, name) && slices.ContainsFunc(rules, func(r string) bool { return glob(r, base) || glob(r, "autogen-"+base) })
}

// describe is what filters match, in words.
func describe(f filters) string {
	var out []string
	for _, one := range f.list {
		var parts []string
		for _, k := range one.kindsOf {
			parts = append(parts, k.kind)
		}
		text := "every object"
		if len(parts) > 0 {
			text = strings.Join(parts, ", ")
		}
		if len(one.names) > 0 {
			text += " named " + strings.Join(one.names, ", ")
		}
		if len(one.include) > 0 {
			text += " in " + strings.Join(one.include, ", ")
		}
		if !one.objects.empty() {
			text += " with " + one.objects.String()
		}
		out = append(out, text)
	}
	if len(out) == 0 {
		return "anything"
	}
	return strings.Join(out, "; ")
}

// celException reads an exception of the policies of policies.kyverno.io.
func (r *reader) celException(s *source) {
	c := r.component(Kyverno, "exception", s)
	spec := s.root().at("spec")
	var why []string
	for _, condition := range spec.at("matchConditions").list() {
		why = append(why, oneLine(condition.at("expression").text()))
	}
	images := spec.at("images").texts()
	text := "it is not asked of objects that meet " + strings.Join(why, " and ")
	switch {
	case len(images) > 0:
		text = "it is not asked of the images " + strings.Join(images, ", ")
	case len(why) == 0:
		text = "it is not asked of anything"
		c.fact(ExceptionWidens, spec, "it has no matchConditions: it takes out everything")
	}
	if until := spec.at("expiresAt").text(); until != "" {
		text += ", until " + until
	}
	for _, ref := range spec.at("policyRefs").list() {
		e := exception{
			Exception: Exception{Kind: "policy_exception", Object: s.ref, Text: text, Wide: said(len(why) == 0 && len(images) == 0), Place: ref.place()},
			of: func(rule *Rule) bool {
				return rule.System == Kyverno && rule.Object.Name == ref.at("name").text() && rule.Object.Kind == ref.at("kind").text()
			},
			object:    func(*subject) answer { return unsure("an exception may take it out") },
			component: c,
		}
		if len(why) == 0 && len(images) == 0 && !spec.at("expiresAt").is() {
			e.object = func(*subject) answer { return applies }
		}
		if len(images) > 0 {
			e.image = func(i image) answer {
				if slices.ContainsFunc(images, func(p string) bool { return glob(p, i.kyverno()) || glob(p, i.written) }) {
					return unsure("an exception names the image")
				}
				return appliesNot
			}
		}
		r.except(e)
	}
}
