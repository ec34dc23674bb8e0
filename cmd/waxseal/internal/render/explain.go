package render

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Explain writes for people what the decisions rest on: which rules spoke, which
// evidence was asked for and what it says, and which requests that took.
func (r *Report) Explain(w io.Writer) {
	for i := range r.Decisions {
		d := &r.Decisions[i]
		if d.Err != "" {
			continue
		}
		fmt.Fprintf(w, "\n%s: %s\n", d.subject(), d.Verdict)
		for _, key := range slices.Sorted(maps.Keys(d.Evidence)) {
			fmt.Fprintf(w, "  evidence  %s\n            %s\n", asked(key), found(d.Evidence[key]))
		}
		for _, v := range d.Violations {
			fmt.Fprintf(w, "  rule      %s refuses %s\n", Clean(v.Code), named(v))
		}
		for _, n := range d.Notes {
			fmt.Fprintf(w, "  rule      %s notes %s\n", Clean(n.Code), named(n))
		}
		if len(d.Violations) == 0 && len(d.NotJudged) == 0 {
			fmt.Fprintln(w, "  rule      none refuses anything")
		}
	}
	fmt.Fprintf(w, "\n%s to registries\n", plural(len(r.Requests), "request"))
	for i, q := range r.Requests {
		reference := strings.TrimSpace(q.Registry + "/" + q.Repository + " " + q.Reference)
		fmt.Fprintf(w, "%4d  %-4s %-9s %s → %s\n", i+1, Clean(q.Method), Clean(q.Kind), Clean(reference), q.answer())
	}
}

func (q Request) answer() string {
	if q.Status == 0 {
		return "no answer"
	}
	return fmt.Sprintf("%d, %s", q.Status, plural(int(q.Bytes), "byte"))
}

func named(v Violation) string {
	if v.Image == "" {
		return "the object"
	}
	return Clean(v.Image)
}

// asked says in words what the key of a request asks for. What is not understood
// is shown as it is.
func asked(key string) string {
	var request struct {
		Fn, Ref string
		Opts    map[string]any
	}
	if json.Unmarshal([]byte(key), &request) != nil {
		return Clean(key)
	}
	text := request.Fn + " " + request.Ref
	for _, name := range slices.Sorted(maps.Keys(request.Opts)) {
		value, err := json.Marshal(request.Opts[name])
		if err == nil {
			text += fmt.Sprintf(", %s %s", name, value)
		}
	}
	return Clean(text)
}

// found says in one line what a result says.
func found(result map[string]any) string {
	if ok, _ := result["ok"].(bool); !ok {
		return "→ no: " + problems(result)
	}
	parts := []string{"→ yes"}
	img, _ := result["image"].(map[string]any)
	if digest, _ := img["digest"].(string); digest != "" {
		parts[0] += ", for " + digest
	}
	for _, name := range []string{"signer", "statement", "report", "platform"} {
		if list, isList := result[name+"s"].([]any); isList {
			parts = append(parts, plural(len(list), name)+by(list))
		}
	}
	if aside, _ := result["ignored"].([]any); len(aside) > 0 {
		parts = append(parts, fmt.Sprintf("%d set aside", len(aside)))
	}
	return Clean(strings.Join(parts, ", "))
}

// by names signers: the name of a key, or who an identity is.
func by(list []any) string {
	var names []string
	for _, item := range list {
		signer, _ := item.(map[string]any)
		for _, field := range []string{"key", "subject"} {
			if name, _ := signer[field].(string); name != "" {
				names = append(names, name)
				break
			}
		}
	}
	if len(names) == 0 {
		return ""
	}
	return " (" + strings.Join(names, ", ") + ")"
}

func problems(result map[string]any) string {
	var texts []string
	list, _ := result["errors"].([]any)
	for _, p := range list {
		if e, isObject := p.(map[string]any); isObject {
			texts = append(texts, fmt.Sprintf("%v: %v", e["code"], e["message"]))
		}
	}
	return Clean(strings.Join(texts, "; "))
}
