package pipeline

import (
	"regexp"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// condition is one thing that must hold. Conditions that say the same in the
// usual ways have equal keys.
type condition struct {
	text string // as it is shown
	key  string
}

// maxNesting bounds the parentheses and negations that are looked through.
const maxNesting = 20

// conditions returns the conditions of all texts: what is joined by && is several.
func conditions(texts []string) []condition {
	var out []condition
	for _, t := range texts {
		out = append(out, split(t, false, 0)...)
	}
	return out
}

// split takes a text apart. Negated, !(a || b) is both !a and !b.
func split(text string, negated bool, depth int) []condition {
	text = unwrap(text)
	if depth > maxNesting {
		return []condition{{sign(text, negated), sign(squeeze(text), negated)}}
	}
	if inner, ok := strings.CutPrefix(text, "!"); ok && !strings.HasPrefix(inner, "=") && closed(strings.TrimSpace(inner)) {
		return split(inner, !negated, depth+1)
	}
	operator := "&&"
	if negated {
		operator = "||"
	}
	if parts := cutAll(text, operator); len(parts) > 1 {
		var out []condition
		for _, p := range parts {
			out = append(out, split(p, negated, depth+1)...)
		}
		return out
	}
	return []condition{single(text, negated)}
}

// single brings one comparison into one form: "x != 'a'" is "!(x == 'a')", and
// "x == true" is "x".
func single(text string, negated bool) condition {
	shown := sign(text, negated)
	for _, op := range []string{"!=", "=="} {
		parts := cutAll(text, op)
		if len(parts) != 2 {
			continue
		}
		if op == "!=" {
			negated = !negated
		}
		left, right := squeeze(unwrap(parts[0])), squeeze(unwrap(parts[1]))
		if literal(left) && !literal(right) {
			left, right = right, left
		}
		switch right {
		case "true", "'true'":
			return condition{shown, sign(left, negated)}
		case "false", "'false'":
			return condition{shown, sign(left, !negated)}
		}
		return condition{shown, sign(left+"=="+right, negated)}
	}
	return condition{shown, sign(squeeze(text), negated)}
}

func sign(text string, negated bool) string {
	switch {
	case !negated:
		return text
	case strings.HasPrefix(text, "!(") && closed(text[1:]):
		return text[2 : len(text)-1]
	}
	return "!(" + text + ")"
}

func literal(text string) bool {
	return text == "true" || text == "false" || strings.HasPrefix(text, "'") || text != "" && text[0] >= '0' && text[0] <= '9'
}

// unwrap removes what stands around a whole text: spaces, ${{ }} and parentheses.
func unwrap(text string) string {
	for range maxNesting {
		text = strings.TrimSpace(text)
		switch {
		case strings.HasPrefix(text, "${{") && strings.HasSuffix(text, "}}") && strings.Count(text, "${{") == 1:
			text = text[3 : len(text)-2]
		case strings.HasPrefix(text, "(") && closed(text):
			text = text[1 : len(text)-1]
		default:
			return text
		}
	}
	return text
}

// closed says whether a text is one operand: a parenthesis that begins it ends
// with it, and no operator stands outside.
func closed(text string) bool {
	if strings.HasPrefix(text, "(") {
		end := -1
		outside(text, func(i, depth int) bool {
			if depth == 0 && text[i] == ')' {
				end = i
				return false
			}
			return true
		})
		return end == len(text)-1
	}
	for _, op := range []string{"&&", "||", "==", "!="} {
		if len(cutAll(text, op)) > 1 {
			return false
		}
	}
	return text != ""
}

// outside calls visit for each byte that is not quoted, with the parentheses that
// are open behind it.
func outside(text string, visit func(i, depth int) bool) {
	depth := 0
	var quote byte
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
			continue
		case c == '\'' || c == '"':
			quote = c
			continue
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			depth--
		}
		if !visit(i, depth) {
			return
		}
	}
}

// cutAll cuts a text at an operator, outside of quotes and parentheses.
func cutAll(text, operator string) []string {
	if !strings.Contains(text, operator) {
		return []string{text}
	}
	var out []string
	from := 0
	outside(text, func(i, depth int) bool {
		if depth == 0 && i >= from && strings.HasPrefix(text[i:], operator) {
			out = append(out, text[from:i])
			from = i + len(operator)
		}
		return true
	})
	return append(out, text[from:])
}

// squeeze removes the spaces that mean nothing, and writes all quotes alike.
func squeeze(text string) string {
	var b strings.Builder
	var quote byte
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0 && c == quote:
			quote, c = 0, '\''
		case quote != 0:
		case c == '\'' || c == '"':
			quote, c = c, '\''
		case c == ' ' || c == '\t' || c == '\n':
			if wordy(text, i) {
				b.WriteByte(' ')
			}
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// wordy says whether a space stands between two words, so that it parts them.
func wordy(text string, i int) bool {
	return i > 0 && i+1 < len(text) && letter(text[i-1]) && letter(text[i+1])
}

func letter(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '\'' || c == '"'
}

// anyway are conditions under which something runs although what was before it failed.
var anyway = regexp.MustCompile(`(?i)\b(always|failure|cancelled|canceled|failed|succeededorfailed)\s*\(|\bwhen:\s*['"]?(always|on_fail)|\bpost\b.*\b(always|failure|cleanup|unsuccessful|aborted|unstable|changed|fixed|regression)\b|\bfinally\b`)

// runsAnyway says whether something may run although what was before it failed.
func runsAnyway(texts []string) bool { return slices.ContainsFunc(texts, anyway.MatchString) }

// plain are the keys of conditions that keep nothing from running when what was
// before it has succeeded.
var plain = []string{"always()", "success()", "succeeded()", "!(cancelled())", "!(canceled())", "succeededOrFailed()", "true", "1"}

// meaning leaves out the conditions that always hold in a pipeline.
func meaning(all []condition, p *model.Pipeline) []condition {
	var out []condition
	for _, c := range all {
		if !slices.Contains(plain, c.key) && !holds(c.key, p.Triggers) {
			out = append(out, c)
		}
	}
	return out
}

var event = regexp.MustCompile(`^(!\()?github\.event_name=='([a-z_]+)'\)?$`)

// holds says whether a condition about the event is true for all events that
// start the pipeline.
func holds(key string, triggers []string) bool {
	m := event.FindStringSubmatch(key)
	if m == nil || len(triggers) == 0 || slices.Contains(triggers, "workflow_call") {
		return false // a workflow that is called has the event of its caller
	}
	if m[1] != "" {
		return !slices.Contains(triggers, m[2])
	}
	return !slices.ContainsFunc(triggers, func(t string) bool { return t != m[2] })
}

// beyond returns the conditions of a that b does not bring along.
func beyond(a, b []condition) []condition {
	known := map[string]bool{}
	for _, c := range b {
		known[c.key] = true
	}
	var out []condition
	for _, c := range a {
		if !known[c.key] && !oneKnown(c.text, known) {
			out = append(out, c)
		}
	}
	return out
}

// oneKnown says whether a text is "x || y", and x or y is known to hold.
func oneKnown(text string, known map[string]bool) bool {
	parts := cutAll(unwrap(text), "||")
	return len(parts) > 1 && slices.ContainsFunc(parts, func(part string) bool {
		all := split(part, false, 0)
		return !slices.ContainsFunc(all, func(c condition) bool { return !known[c.key] })
	})
}

// keys are what conditions mean, sorted.
func keys(all []condition) []string {
	var out []string
	for _, c := range all {
		out = append(out, c.key)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func texts(all []condition) []string {
	var out []string
	for _, c := range all {
		out = append(out, c.text)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

var succeeded = regexp.MustCompile(`^(?:needs|jobs)\.([A-Za-z_][\w-]*)\.result=='success'$`)

// withoutNeeds leaves out the conditions that say no more than that the job needs
// other ones.
func withoutNeeds(all []condition, job *model.Job) []condition {
	return slices.DeleteFunc(all, func(c condition) bool {
		m := succeeded.FindStringSubmatch(c.key)
		return m != nil && slices.ContainsFunc(job.Needs, func(id string) bool { return id == m[1] || strings.HasPrefix(id, m[1]+".") })
	})
}
