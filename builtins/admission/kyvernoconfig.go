package admission

import (
	"encoding/json"
	"slices"
	"strings"
)

// kyvernoConfig reads the settings of all of Kyverno, of its ConfigMap, where they
// are texts, or of the values of its chart.
func (r *reader) kyvernoConfig(c *Component, data node) {
	r.kyvernoFilters(c, data.at("resourceFilters"))
	for _, field := range []string{"excludeUsernames", "excludeGroups", "excludeRoles", "excludeClusterRoles"} {
		r.kyvernoUsers(c, data.at(field))
	}
	webhooks := data.at("webhooks").decoded()
	if list := webhooks.list(); len(list) > 0 {
		webhooks = list[0]
	}
	r.kyvernoSelected(c, webhooks)
	if at := data.at("matchConditions").decoded(); len(at.list()) > 0 {
		r.kyvernoLeaves(c, exception{
			Exception: Exception{Text: "match conditions decide what is asked: " + oneLine(at.allText()), Place: at.place()}, code: MatchConditions,
			object: func(*subject) answer { return unsure("it depends on match conditions of all webhooks") },
		})
	}
}

// decoded reads JSON that stands in a text.
func (n node) decoded() node {
	var value any
	if text, is := n.value.(string); is && json.Unmarshal([]byte(text), &value) == nil {
		n.value = value
	}
	return n
}

// kyvernoLeaves takes something out of all rules of Kyverno.
func (r *reader) kyvernoLeaves(c *Component, e exception) {
	e.Kind, e.Object, e.component = "ignored", c.Object, c
	e.of = func(rule *Rule) bool { return rule.System == Kyverno && !rule.Engine }
	code := e.code
	if code == "" {
		code = NamespacesExempt
	}
	c.Facts = append(c.Facts, Fact{Code: code, Text: e.Text, Place: e.Place})
	r.except(e)
}

// kyvernoFilters reads resourceFilters: [kind,namespace,name] that Kyverno is not
// asked of at all. What is left out at the end of an entry is any.
func (r *reader) kyvernoFilters(c *Component, at node) {
	var spaces []string
	for _, entry := range strings.Split(strings.Join(at.texts(), ""), "]") {
		parts := append(strings.Split(strings.TrimLeft(strings.TrimSpace(entry), "["), ","), "", "")
		for i, part := range parts {
			parts[i] = strings.TrimSpace(part)
		}
		space, name := first(parts[1], "*"), first(parts[2], "*")
		switch {
		case !filtersPods(parts[0]):
		case strings.Trim(name, "*") != "":
			r.kyvernoLeaves(c, exception{
				Exception: Exception{Text: "Pods that are named " + name + " in the namespaces " + space + " are left out of all rules", Wide: No, Place: at.place()},
				object:    extent{include: []string{space}, names: []string{name}}.answer, named: true, code: ObjectsExcluded,
			})
		case !slices.Contains(spaces, space):
			spaces = append(spaces, space)
		}
	}
	if len(spaces) == 0 {
		return
	}
	r.kyvernoLeaves(c, exception{
		Exception: Exception{
			Text: "the namespaces " + strings.Join(spaces, ", ") + " are left out of all rules",
			Wide: said(slices.Contains(spaces, "*")), Place: at.place(),
		},
		object: extent{include: spaces}.answer, spaces: spaces,
	})
}

func filtersPods(kind string) bool {
	k := readKind(kind)
	if k.sub == "*" {
		k.sub = ""
	}
	return kind != "" && k.matches(podKind)
}

// kyvernoUsers reads who is not judged at all. Nodes, by default, make only what
// they run themselves.
func (r *reader) kyvernoUsers(c *Component, at node) {
	var out []string
	for _, text := range at.texts() {
		for _, name := range strings.Split(text, ",") {
			if name = strings.TrimSpace(name); name != "" && name != "system:nodes" && !strings.HasPrefix(name, "!") {
				out = append(out, name)
			}
		}
	}
	if len(out) == 0 {
		return
	}
	r.kyvernoLeaves(c, exception{
		Exception: Exception{Text: at.name + ": whatever " + strings.Join(out, ", ") + " make is left out of all rules", Wide: said(slices.Contains(out, "*")), Place: at.place()},
		object:    func(*subject) answer { return unsure("it depends on who asks") }, code: UsersExcluded,
	})
}

// kyvernoSelected reads which namespaces and objects all webhooks are asked of.
func (r *reader) kyvernoSelected(c *Component, webhooks node) {
	if s := readSelector(webhooks.at("namespaceSelector")); !s.empty() {
		r.kyvernoLeaves(c, exception{
			Exception: Exception{Text: "only namespaces whose labels are " + s.String() + " are judged", Wide: No, Place: webhooks.at("namespaceSelector").place()},
			object: func(sub *subject) answer {
				if sub.namespace == "" {
					return unsure("the namespace of the object is not known")
				}
				return sub.inSpace(s).not()
			},
		})
	}
	if s := readSelector(webhooks.at("objectSelector")); !s.empty() {
		r.kyvernoLeaves(c, exception{
			Exception: Exception{Text: "only objects whose labels are " + s.String() + " are judged", Wide: No, Place: webhooks.at("objectSelector").place()},
			object:    func(sub *subject) answer { return extent{objects: s}.answer(sub).not() }, labels: []selector{s}, code: ObjectsExcluded,
		})
	}
}
