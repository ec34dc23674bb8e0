package github

import (
	"path"
	"regexp"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
	"github.com/waxseal/waxseal/builtins/pipeline/tool"
)

// use is a step that uses an action.
type use struct {
	*frame
	step    step
	scope   *scope // of the step
	effect  *effect
	symbols string // of the step
	place   model.Place
	name    string // docker/build-push-action
	version string // v6
}

var commit = regexp.MustCompile(`@[0-9a-f]{40}([0-9a-f]{24})?$`)

func pinnedCommit(uses string) bool { return commit.MatchString(uses) }

// host is how Gitea and Forgejo name the server of an action.
var host = regexp.MustCompile(`^https?://[^/]+/`)

// use reads a step that uses an action.
func (f *frame) use(s step, own *scope, e *effect, symbols string, never bool) {
	name, version, _ := strings.Cut(host.ReplaceAllString(s.uses, ""), "@")
	u := &use{frame: f, step: s, scope: own, effect: e, symbols: symbols, place: f.file.place(s.usesPos), name: name, version: version}
	image, docker := strings.CutPrefix(s.uses, "docker://")
	local := strings.HasPrefix(s.uses, "./") || strings.HasPrefix(s.uses, "../")
	switch {
	case docker:
		f.reference(model.Reference{Place: u.place, Kind: "image", Text: s.uses, Pinned: pinnedImage(image)})
	default:
		f.reference(model.Reference{Place: u.place, Kind: "action", Text: s.uses, Pinned: local || pinnedCommit(s.uses), Local: local})
	}
	switch {
	case never:
	case docker:
		u.container(image)
	case local:
		u.local(path.Clean(s.uses))
	default:
		u.known()
	}
}

// container runs the image that is the action.
func (u *use) container(image string) {
	args := []string{"docker", "run"}
	if entry := u.input("entrypoint"); entry.text != "" {
		args = append(args, "--entrypoint", entry.text)
	}
	args = append(append(args, image), fields(u.input("args").text)...)
	u.commands(args...)
}

// commands reads a command that the action runs, at the place of the step.
func (u *use) commands(args ...string) shell.Outcome {
	out := u.run.Commands(args, u.place, shell.Scope{Vars: u.variables(u.scope)})
	kept := out.References[:0]
	for _, r := range out.References {
		if r.Kind != "image" || args[0] != "docker" { // the image of the action is known as such
			kept = append(kept, r)
		}
	}
	out.References = kept
	u.take(out, u.effect)
	return out
}

// input is what the step gives to the action.
func (u *use) input(name string) value {
	if p, ok := u.step.with[name]; ok {
		return u.scope.text(p.text)
	}
	return literal("")
}

// or is an input, or its default.
func (u *use) or(name, def string) value {
	if v := u.input(name); v.text != "" {
		return v
	}
	return literal(def)
}

// first is the first input of these names that is given.
func (u *use) first(names ...string) value {
	for _, n := range names {
		if v := u.input(n); v.text != "" {
			return v
		}
	}
	return literal("")
}

// on says whether a switch is on, or under which conditions.
func (v value) on() (yes bool, when []string) {
	if v.sure {
		return v.truthy() && !strings.EqualFold(v.text, "false"), nil
	}
	return true, v.conditions()
}

// output gives an output of the step a name for the actions that it comes of.
func (u *use) output(name string) string { return u.symbols + ".outputs." + name }

// act adds something that the action does.
func (u *use) act(a model.Action) {
	if a.Place == (model.Place{}) {
		a.Place = u.place
	}
	u.effect.actions = append(u.effect.actions, a)
}

// action is something that is known to happen.
func action(kind model.Kind, tool string, images ...string) model.Action {
	return model.Action{Kind: kind, Tool: tool, Images: refs(images), Known: true}
}

// refs are images by their names. Nothing is the image that cannot be told.
func refs(names []string) []model.Ref {
	var out []model.Ref
	for _, n := range names {
		if n = strings.TrimSpace(n); n != "" {
			out = append(out, tool.NewRef(n))
		}
	}
	return out
}

// named are the symbols among names: what is only known by its output.
func named(names []string) []string {
	var out []string
	for _, n := range names {
		if s, ok := soleSymbol(strings.TrimSpace(n)); ok {
			out = append(out, s)
		}
	}
	return out
}

// listed splits a list of lines, with or without commas; symbols stay whole.
func listed(text string, commas bool) []string {
	var out []string
	depth, start := 0, 0
	flush := func(end int) {
		if part := strings.TrimSpace(text[start:end]); part != "" && !strings.HasPrefix(part, "#") {
			out = append(out, part)
		}
		start = end + 1
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '{':
			depth++
		case c == '}' && depth > 0:
			depth--
		case depth == 0 && (c == '\n' || commas && c == ','):
			flush(i)
		}
	}
	if start < len(text) {
		flush(len(text))
	}
	return out
}

// fields splits arguments at blanks outside of quotes and symbols.
func fields(text string) []string {
	var out []string
	var b strings.Builder
	depth, inside, quote := 0, false, byte(0)
	flush := func() {
		if inside {
			out = append(out, b.String())
		}
		b.Reset()
		inside = false
	}
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0 && c == quote:
			quote = 0
			continue
		case quote == 0 && depth == 0 && (c == '"' || c == '\''):
			quote, inside = c, true
			continue
		case quote == 0 && depth == 0 && (c == ' ' || c == '\n' || c == '\t' || c == '\r'):
			flush()
			continue
		case c == '{':
			depth++
		case c == '}' && depth > 0:
			depth--
		}
		inside = true
		b.WriteByte(c)
	}
	flush()
	return out
}
