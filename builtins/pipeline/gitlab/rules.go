package gitlab

import (
	"fmt"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
)

// rule is one of the rules of a job: the first whose condition holds decides.
type rule struct {
	when      string   // on_success, manual, never, …
	all       []string // the conditions, which all must hold
	optional  string   // why a failure does not count, by the rule
	fails     bool     // the rule says that it does
	variables *document.Node
	node      *document.Node
}

// decision is what rules, or the keywords that came before them, say.
type decision struct {
	all       []string // the conditions under which there is a job
	never     bool
	whens     []string // the values of "when" that it may have
	optional  string
	variables []string // those that depend on which rule decides
}

func ruleList(n *document.Node) []rule {
	if n == nil {
		return nil
	}
	out := []rule{}
	for _, item := range items(n) {
		out = append(out, newRule(item))
	}
	return out
}

func newRule(n *document.Node) rule {
	r := rule{when: text(dig(n, "when")), node: n, variables: dig(n, "variables")}
	if cond := blank(text(dig(n, "if"))); cond != "" {
		r.all = append(r.all, conjuncts(cond)...)
	}
	for _, name := range []string{"changes", "exists"} {
		if v := dig(n, name); v != nil {
			r.all = append(r.all, name+": "+strings.Join(paths(v), ", "))
		}
	}
	r.optional, r.fails = allowFailure(dig(n, "allow_failure"))
	return r
}

func paths(n *document.Node) []string {
	if n.Kind == document.Object {
		n = dig(n, "paths")
	}
	return texts(n)
}

// allowFailure reads allow_failure: why a failure does not count, or that it
// does. Both are empty when it is not said.
func allowFailure(n *document.Node) (optional string, fails bool) {
	switch {
	case n == nil:
		return "", false
	case n.Kind == document.Object:
		return "allow_failure: exit_codes: " + strings.Join(texts(dig(n, "exit_codes")), ", "), false
	case n.Kind == document.Bool && !n.True || text(n) == "false":
		return "", true
	}
	return "allow_failure: true", false
}

// conjuncts splits a condition at its outermost &&, so that equal parts of
// conditions are equal texts. One that also says || stays whole.
func conjuncts(cond string) []string {
	var out []string
	depth, begin := 0, 0
	var quote byte
	for i := 0; i < len(cond); i++ {
		c := cond[i]
		switch {
		case quote != 0:
			if c == '\\' && quote == '/' {
				i++
			} else if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'' || c == '/':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
		case depth == 0 && strings.HasPrefix(cond[i:], "||"):
			return []string{cond}
		case depth == 0 && strings.HasPrefix(cond[i:], "&&"):
			out = append(out, strings.TrimSpace(cond[begin:i]))
			begin = i + 2
			i++
		}
	}
	out = append(out, strings.TrimSpace(cond[begin:]))
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}

// conditions says when a list of rules lets something be. Without a list it
// always is.
func conditions(rules []rule) decision {
	if rules == nil {
		return decision{}
	}
	if len(rules) > maxRules {
		text := fmt.Sprintf("rules: more than %d, which are not read", maxRules)
		return decision{all: []string{text}, whens: []string{"always"}, optional: text}
	}
	var d decision
	var terms [][]string
	var passed []string // rules that would have said never
	for _, r := range rules {
		if r.when == "never" {
			passed = append(passed, negated(r.all))
			if len(r.all) == 0 {
				break
			}
			continue
		}
		term := slices.Concat(passed, r.all)
		if r.when == "manual" || r.when == "on_failure" {
			term = append(term, "when: "+r.when)
		}
		terms = append(terms, term)
		d.note(r)
		if len(r.all) == 0 {
			break
		}
	}
	d.never = len(terms) == 0
	d.all = either(terms)
	return d
}

func (d *decision) note(r rule) {
	if d.optional == "" {
		d.optional = r.optional
	}
	d.whens = append(d.whens, r.when)
	if r.variables != nil {
		for _, f := range r.variables.Fields {
			d.variables = append(d.variables, f.Name)
		}
	}
}

func negated(all []string) string {
	return "!(" + strings.Join(all, " && ") + ")"
}

// either returns what must hold when one of the terms does: what they have in
// common, and one text for the rest.
func either(terms [][]string) []string {
	if len(terms) == 0 {
		return nil
	}
	var common []string
	for _, cond := range terms[0] {
		if !slices.Contains(common, cond) && !slices.ContainsFunc(terms, func(t []string) bool { return !slices.Contains(t, cond) }) {
			common = append(common, cond)
		}
	}
	var rest []string
	for _, t := range terms {
		own := slices.DeleteFunc(slices.Clone(t), func(c string) bool { return slices.Contains(common, c) })
		if len(own) == 0 {
			return common
		}
		rest = append(rest, "("+strings.Join(own, " && ")+")")
	}
	slices.Sort(rest)
	if rest = slices.Compact(rest); len(rest) == 1 {
		return append(common, strings.TrimSuffix(strings.TrimPrefix(rest[0], "("), ")"))
	}
	return append(common, strings.Join(rest, " || "))
}

// decide reads rules, only, except, when and allow_failure of a job.
func decide(n *document.Node) decision {
	optional, fails := allowFailure(dig(n, "allow_failure"))
	when := text(dig(n, "when"))
	var d decision
	if rules := dig(n, "rules"); rules != nil {
		list := ruleList(rules)
		for i := range list {
			if list[i].when == "" {
				list[i].when = when
			}
			if list[i].optional == "" && !list[i].fails {
				list[i].optional = optional
			}
			if when == "manual" && list[i].when == "manual" && text(dig(list[i].node, "when")) == "" && !fails && list[i].optional == "" && !list[i].fails {
				list[i].optional = "when: manual" // said for the job, it allows failure as it does without rules
			}
		}
		return conditions(list)
	}
	d.whens, d.optional = []string{when}, optional
	if only := dig(n, "only"); only != nil {
		d.all = append(d.all, limits("only", only)...)
	}
	if except := dig(n, "except"); except != nil {
		d.all = append(d.all, limits("except", except)...)
	}
	if when == "manual" || when == "on_failure" {
		d.all = append(d.all, "when: "+when)
	}
	if when == "manual" && optional == "" && !fails {
		d.optional = "when: manual"
	}
	d.never = when == "never"
	return d
}

// limits reads only and except: a list of refs, or an object of several lists.
// All of those of only must hold, none of those of except.
func limits(word string, n *document.Node) []string {
	if n.Kind != document.Object {
		return []string{word + ": " + strings.Join(texts(n), ", ")}
	}
	var out []string
	for _, f := range n.Fields {
		value := strings.Join(texts(f.Value), ", ")
		if f.Name == "refs" {
			out = append(out, word+": "+value)
		} else {
			out = append(out, word+": "+f.Name+": "+value)
		}
	}
	slices.Sort(out)
	return out
}

// runsAfterFailure says whether the job may begin though an earlier one failed.
func (d decision) runsAfterFailure() bool {
	return slices.Contains(d.whens, "always") || slices.Contains(d.whens, "on_failure")
}

// onlyAfterFailure says whether the job runs only when an earlier one failed.
func (d decision) onlyAfterFailure() bool {
	return len(d.whens) > 0 && !slices.ContainsFunc(d.whens, func(w string) bool { return w != "on_failure" })
}

// byHand says whether somebody must start the job, whichever rule decides.
func (d decision) byHand() bool { return slices.Contains(d.all, "when: manual") }
