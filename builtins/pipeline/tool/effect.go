package tool

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// known is the effect of a command that is understood.
func known(actions ...model.Action) Effect { return Effect{Known: true, Actions: actions} }

func (e *Effect) add(actions ...model.Action) { e.Actions = append(e.Actions, actions...) }

func (e *Effect) write(r reader, file, text string) {
	if file != "" {
		e.Writes = append(e.Writes, Write{Place: r.At, File: file, Text: text})
	}
}

// join adds what another command does.
func (e *Effect) join(o Effect) {
	e.Actions = append(e.Actions, o.Actions...)
	e.References = append(e.References, o.References...)
	e.Secrets = append(e.Secrets, o.Secrets...)
	e.Unseen = append(e.Unseen, o.Unseen...)
	e.Writes = append(e.Writes, o.Writes...)
	e.Runs = append(e.Runs, o.Runs...)
	if o.Prints != "" {
		e.Prints = o.Prints
	}
}

// action is one thing that the command does.
func (r reader) action(kind model.Kind, tool string, images ...string) model.Action {
	return model.Action{Place: r.At, Kind: kind, Tool: tool, Images: refs(images...), Known: true}
}

// scan is an action that looks for vulnerabilities.
func (r reader) scan(tool, gates, why string, images ...model.Ref) model.Action {
	a := r.action(model.Scan, tool)
	a.Images, a.Gates, a.GatesWhy = images, gates, why
	return a
}

// copying is an action from one name to another.
func (r reader) copying(kind model.Kind, tool, from string, to ...string) model.Action {
	a := r.action(kind, tool, to...)
	a.From = refs(from)
	return a
}

// build is an action that makes an image of these names. The digest that it
// gives is known by the first of them, or by the place of the command.
func (r reader) build(tool string, images ...string) model.Action {
	a := r.action(model.Build, tool, images...)
	a.Digests, a.Names = r.digests(images), symbols(images)
	return a
}

// symbols are the names that are only known as a symbol.
func symbols(images []string) []string {
	var out []string
	for _, i := range images {
		if name, ok := soleSymbol(i); ok && name != "*" {
			out = append(out, name)
		}
	}
	return out
}

func (r reader) digests(images []string) []string {
	var out []string
	for _, i := range images {
		if i != "" {
			out = append(out, digestOf+i)
		}
	}
	if len(out) == 0 {
		out = []string{fmt.Sprintf("%s%s:%d", digestOf, r.At.File, r.At.Line)}
	}
	return out
}

// digest is the symbol of the digest of what an action made.
func digest(a model.Action) string { return "${" + a.Digests[0] + "}" }

// image is a reference to an image that the command runs or builds on.
func (r reader) reference(kind, text string) model.Reference {
	return model.Reference{Place: r.At, Kind: kind, Text: text, Pinned: pinned(text)}
}

func pinned(image string) bool {
	return indexOutside(image, '@') >= 0 && strings.Contains(image, "@sha256:")
}

func (r reader) unseen(kind, name, supply string, may ...model.Kind) model.Unseen {
	return model.Unseen{Place: r.At, Kind: kind, Name: name, Supply: supply, May: may}
}

// passwordArgument is a secret in the arguments of a command: in the repository
// when it is written out, else to be read by everybody on the machine.
func (r reader) passwordArgument(value, flag string) []model.Secret {
	if value == "" || value == "true" {
		return nil
	}
	s := model.Secret{Place: r.At, Kind: "argument", Name: secretName(value)}
	s.Text = fmt.Sprintf("%s is given as an argument (%s), which other processes of the machine and logs can show", r.name, flag)
	if !symbolic(value) {
		s.Kind, s.Name = "password", strings.TrimLeft(flag, "-")
		s.Text = fmt.Sprintf("the password of %s is written out behind %s", r.name, flag)
	}
	return []model.Secret{s}
}

// credentials are a secret in an argument of the form user:password.
func (r reader) credentials(value, flag string) []model.Secret {
	i := indexOutside(value, ':')
	if i < 0 {
		return nil
	}
	return r.passwordArgument(value[i+1:], flag)
}

// secretName is the variable that holds a secret, and nothing that may be a part
// of the secret itself.
func secretName(value string) string {
	if name, ok := soleSymbol(value); ok && variableName.MatchString(name) {
		return name
	}
	return ""
}

var variableName = regexp.MustCompile(`^[A-Za-z_][\w.-]*$`)

// pipedPassword is a secret that is written out in what a command reads.
func (r reader) pipedPassword() []model.Secret {
	if text := strings.TrimSpace(r.Stdin); text == "" || symbolic(text) {
		return nil
	}
	return []model.Secret{{Place: r.At, Kind: "password", Name: "stdin",
		Text: "the password that " + r.name + " reads is written out"}}
}

// login is a login to a registry with what it gives away.
func (r reader) login(tool, registry string, p parsed) Effect {
	a := r.action(model.Login, tool)
	if registry != "" {
		a.Images = []model.Ref{{Text: registry, Name: registry, By: model.ByName}}
	}
	e := known(a)
	if p.has("password-stdin") {
		e.Secrets = r.pipedPassword()
	} else {
		e.Secrets = r.passwordArgument(p.last("password"), "--password")
	}
	return e
}
