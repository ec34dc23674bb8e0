package cloudbuild

import (
	"regexp"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
)

// substitutions are the values that Cloud Build writes into the configuration.
type substitutions struct {
	values   map[string]string
	expanded map[string]string
	open     map[string]bool // is being expanded
}

// builtin are those that Cloud Build knows itself; all others begin with _.
var builtin = map[string]bool{
	"PROJECT_ID": true, "PROJECT_NUMBER": true, "LOCATION": true, "BUILD_ID": true, "TRIGGER_NAME": true, "COMMIT_SHA": true, "REVISION_ID": true,
	"SHORT_SHA": true, "REPO_NAME": true, "REPO_FULL_NAME": true, "BRANCH_NAME": true, "TAG_NAME": true, "REF_NAME": true,
	"TRIGGER_BUILD_CONFIG_PATH": true, "SERVICE_ACCOUNT": true, "SERVICE_ACCOUNT_EMAIL": true,
}

// standIn is a default that only holds the place of what the trigger gives.
var standIn = regexp.MustCompile(`(?i)^(|[0-9]+|x+|latest|none|null|unset|undefined|unknown|todo|tbd|change-?me|placeholder|example|default|test|<.*>|\[.*\]|your[-_].*)$`)

// changing are names of what differs between builds, whatever the default says.
var changing = regexp.MustCompile(`(?i)tag|version|sha$|commit|revision|(^|_)ref($|_)|branch|build_?id|date`)

// substitutions takes the default values. A trigger may give others; a default that is
// plainly a placeholder is therefore a symbol.
func (r *reader) substitutions() *substitutions {
	s := &substitutions{values: map[string]string{}, expanded: map[string]string{}, open: map[string]bool{}}
	n := r.root.Get("substitutions")
	if n == nil || n.Kind != document.Object {
		return s
	}
	for _, f := range n.Fields {
		if value := text(f.Value); !standIn.MatchString(strings.TrimSpace(value)) && !changing.MatchString(f.Name) {
			s.values[f.Name] = value
		}
	}
	return s
}

// expand writes values into a text. Raw says that the text is a script: what a
// doubled dollar leaves is then a variable of the shell.
func (s *substitutions) expand(raw string, script bool) string {
	var b strings.Builder
	for rest := raw; rest != "" && b.Len() < maxValue+len(raw); {
		i := strings.IndexByte(rest, '$')
		if i < 0 {
			b.WriteString(rest)
			break
		}
		b.WriteString(rest[:i])
		rest = rest[i:]
		if strings.HasPrefix(rest, "$$") {
			rest = rest[2:]
			b.WriteByte('$')
			continue
		}
		name, tail := cut(rest)
		switch {
		case name == "":
			b.WriteByte('$')
			rest = rest[1:]
		default:
			b.WriteString(s.get(name))
			rest = tail
		}
	}
	if b.Len() >= maxValue+len(raw) && !script {
		return "${*}"
	}
	return b.String()
}

// get is the value of a substitution; substitutions may be made of others.
func (s *substitutions) get(name string) string {
	if out, ok := s.expanded[name]; ok {
		return out
	}
	value, known := s.values[name]
	if !known || s.open[name] {
		return "${" + name + "}"
	}
	s.open[name] = true
	out := s.expand(value, false)
	delete(s.open, name)
	if len(out) > maxValue {
		out = "${*}"
	}
	s.expanded[name] = out
	return out
}

// cut cuts $NAME or ${NAME} off a text, where it is a substitution and not a
// variable of the shell.
func cut(text string) (name, tail string) {
	body := strings.TrimPrefix(text[1:], "{")
	braced := len(body) < len(text)-1
	end := 0
	for end < len(body) && (body[end] == '_' || body[end] >= 'A' && body[end] <= 'Z' || body[end] >= 'a' && body[end] <= 'z' && strings.HasPrefix(body, "_") || end > 0 && body[end] >= '0' && body[end] <= '9') {
		end++
	}
	name, tail = body[:end], body[end:]
	if !builtin[name] && (!strings.HasPrefix(name, "_") || len(name) < 2) {
		return "", text
	}
	if !braced {
		return name, tail
	}
	if strings.HasPrefix(tail, "}") {
		return name, tail[1:]
	}
	return "", text
}
