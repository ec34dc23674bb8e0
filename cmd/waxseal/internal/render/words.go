package render

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// subject returns "Deployment shop/web", clean.
func (d *Decision) subject() string {
	if d.File == CommandLine && len(d.Images) == 1 {
		return d.Images[0].name()
	}
	if d.Kind == fileKind {
		return Clean(d.Name)
	}
	return subject(d.Kind, d.Namespace, d.Name, "(no name)")
}

func subject(kind, namespace, name, nameless string) string {
	if name == "" {
		name = nameless
	}
	if namespace != "" && name != "" {
		name = namespace + "/" + name
	}
	return Clean(strings.TrimSpace(kind + " " + name))
}

// place returns "web.yaml:12", clean.
func (d *Decision) place() string {
	name := d.fileName()
	if d.Line > 0 {
		return name + ":" + strconv.Itoa(d.Line)
	}
	return name
}

func (d *Decision) fileName() string {
	if d.File == stdin {
		return "standard input"
	}
	return Clean(d.File)
}

// stdin is the file name that means standard input.
const stdin = "-"

// label returns `init container "migrate"`, clean.
func (i Image) label() string {
	kind, known := map[string]string{
		"": "container", "container": "container", "init": "init container",
		"ephemeral": "ephemeral container", "volume": "volume",
	}[i.Type]
	if !known {
		kind = i.Type
	}
	return Clean(strings.TrimSpace(kind + " " + i.Container))
}

func (i Image) name() string {
	if i.Image == "" {
		return "(no image)"
	}
	return Clean(i.Image)
}

// why is [Violation.why] where the object stands above; of files the message says
// what it is about.
func (d *Decision) why(v Violation) string {
	if d.Kind == fileKind {
		return v.sentence()
	}
	return v.why(d.Images)
}

// sentence is the message without what to do.
func (v Violation) sentence() string {
	text := strings.TrimSpace(v.Msg)
	if v.Remediation != "" {
		text = strings.TrimSpace(strings.TrimSuffix(text, strings.TrimSpace(v.Remediation)))
	}
	return Clean(capital(strings.TrimSuffix(text, ".")))
}

// Reason is what is wrong, without what it is about and without what to do; "" when
// only the title would be left. It is clean.
func (v Violation) Reason(images []Image) string { return v.why(images) }

// why returns the part of the message that is neither what it is about nor what
// to do, because both stand beside it; "" when only the title would be left.
func (v Violation) why(images []Image) string {
	text := strings.TrimSpace(v.Msg)
	if v.Remediation != "" {
		text = strings.TrimSpace(strings.TrimSuffix(text, strings.TrimSpace(v.Remediation)))
	}
	judgedAs, text, _ := v.cut(text, images)
	text = strings.TrimSuffix(text, ".")
	if text == "" || strings.EqualFold(text, strings.TrimSuffix(v.Title, ".")) {
		return ""
	}
	if judgedAs != "" {
		text = "judged as " + judgedAs + ": " + text
	}
	return Clean(capital(text))
}

// cut cuts off what a message is about. An image of a mirror is judged as another,
// which stays to be said.
func (v Violation) cut(text string, images []Image) (judgedAs, rest string, found bool) {
	whole := text
	if after, mirrored := strings.CutPrefix(text, fmt.Sprintf("image %q (judged as ", v.Image)); mirrored {
		judgedAs, after, _ = strings.Cut(after, ")")
		text = fmt.Sprintf("image %q%s", v.Image, after)
	}
	for _, prefix := range v.prefixes(images) {
		if rest, found := strings.CutPrefix(text, prefix); found {
			return judgedAs, rest, true
		}
	}
	return "", whole, false
}

// prefixes returns how messages begin that say first what they are about.
func (v Violation) prefixes(images []Image) []string {
	object := strings.TrimSpace(v.Where.Kind + " " + strings.Trim(v.Where.Namespace+"/"+v.Where.Name, "/"))
	out := []string{object + ": ", fmt.Sprintf("image %q: ", v.Image)}
	kinds := []string{"container", "init container", "ephemeral container", "volume"}
	for _, image := range images {
		kinds = append(kinds, image.Type)
	}
	for _, kind := range kinds {
		container := kind
		if v.Where.Container != "" {
			container += " " + strconv.Quote(v.Where.Container)
		}
		out = append(out, fmt.Sprintf("image %q of %s in %s: ", v.Image, container, object))
	}
	return out
}

// capital begins a sentence. A word that is a name in a file stays as it is.
func capital(text string) string {
	word, _, _ := strings.Cut(text, " ")
	if strings.ContainsAny(word, "_.:/@0123456789") {
		return text
	}
	r, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(r)) + text[size:]
}

// full returns message and remediation in one line, clean.
func (v Violation) full() string {
	text := Clean(strings.TrimSpace(v.Msg))
	if todo := fold(v.Remediation); todo != "" && !strings.Contains(text, todo) {
		if text != "" && !strings.ContainsAny(text[len(text)-1:], ".!?") {
			text += "."
		}
		text = strings.TrimSpace(text + " " + todo)
	}
	if text == "" {
		return v.heading()
	}
	return text
}

// withSnippet is the whole message, with what could stand in the file below it.
func (v Violation) withSnippet() string {
	return strings.Join(append([]string{v.full()}, v.snippet()...), "\n")
}

// heading returns the title, or the code where there is none, clean.
func (v Violation) heading() string {
	if title := fold(v.Title); title != "" {
		return title
	}
	return Clean(v.Code)
}
