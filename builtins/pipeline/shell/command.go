package shell

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/tool"
)

// command is a simple command whose words are expanded.
type command struct {
	args []string
	env  map[string]string // variables of this command alone
	at   model.Place
	text string // as it is written, for what it prints
	// program says that it is no function of the script: sudo and env run programs.
	program bool
}

// call runs a simple command of the script.
func (s *shell) call(c context, x *syntax.CallExpr) flow {
	if len(x.Args) == 0 {
		for _, a := range x.Assigns {
			s.assign(c, a)
		}
		return goes
	}
	words := c
	words.fate = fails(inWord)
	cmd := command{at: s.src.place(x.Pos()), text: s.render(x)}
	for _, word := range x.Args {
		cmd.args = append(cmd.args, s.fields(words, word)...)
	}
	if len(x.Assigns) > 0 {
		cmd.env = map[string]string{}
		for _, a := range x.Assigns {
			if a.Name != nil {
				cmd.env[a.Name.Value] = s.text(words, a.Value)
			}
		}
	}
	if len(cmd.args) == 0 {
		return goes
	}
	return s.run(c, cmd)
}

// run does what one command does: a function, a builtin, a wrapper, a script, or
// a program that package tool knows.
func (s *shell) run(c context, cmd command) flow {
	if c.depth++; c.depth > maxDepth {
		s.problem(cmd.at, "too_large", "commands lead to commands more deeply than is read; the innermost were not read")
		return goes
	}
	if len(cmd.args) == 0 || !s.spend(cmd.at, 1, 0) {
		return goes
	}
	if cmd.text == "" {
		cmd.text = strings.Join(cmd.args, " ")
	}
	name := cmd.args[0]
	if f, ok := s.funcs[name]; ok && !cmd.program {
		return s.function(c, cmd, f)
	}
	if end, ok := s.builtin(c, cmd); ok {
		return end
	}
	if inner, ok := unwrap(cmd); ok {
		return s.run(c, inner)
	}
	if may, is := prefix(name); is && len(cmd.args) > 1 {
		c.guess = c.guess || may
		cmd.args = cmd.args[1:]
		return s.run(c, cmd)
	}
	if s.standIn(c, cmd) || s.interpreter(c, cmd) {
		return goes
	}
	s.program(c, cmd)
	return goes
}

// function runs the body of a function in its place.
func (s *shell) function(c context, cmd command, f function) flow {
	src, args, none, vars, locals := s.src, s.args, s.noArgs, s.vars, s.locals
	s.src, s.args, s.noArgs, s.locals = f.src, cmd.args[1:], false, map[string]*value{}
	if len(cmd.env) > 0 {
		s.vars = with(s.vars, cmd.env)
	}
	if f.src.place(f.body.Pos()).File != cmd.at.File {
		c = c.by(cmd.at)
	}
	c.fate.soft, c.fate.back = c.fate.status, c.fate.status
	c.rest, c.after = nil, nil
	end := s.level(c, ofFunction, func() flow { return s.stmt(c, f.body) })
	if len(cmd.env) > 0 {
		for name := range cmd.env {
			s.vars[name] = vars[name]
			if _, ok := vars[name]; !ok {
				delete(s.vars, name)
			}
		}
	}
	for name, hidden := range s.locals {
		if hidden == nil {
			delete(s.vars, name)
		} else {
			s.vars[name] = *hidden
		}
	}
	s.src, s.args, s.noArgs, s.locals = src, args, none, locals
	if end == exits {
		return exits
	}
	return goes
}

// program asks package tool what a program does, and follows scripts of the repository.
func (s *shell) program(c context, cmd command) {
	s.commands += len(s.vars) / 50
	env := s.environment(cmd.env)
	in := ""
	if s.in != nil {
		in = *s.in
	} else if name := path.Base(cmd.args[0]); name == "jq" || name == "yq" {
		in, _ = s.fileText(cmd.args[len(cmd.args)-1])
	}
	s.readsEnvironment(cmd.args)
	effect := s.read(tool.Command{Args: cmd.args, Env: env, Stdin: in, Dir: s.dir, At: cmd.at}, s.files)
	s.take(c, cmd, effect)
	inner := map[string]string{}
	maps.Copy(inner, cmd.env)
	maps.Copy(inner, effect.Env)
	for _, args := range effect.Runs {
		s.run(c, command{args: args, env: inner, at: cmd.at})
	}
	switch {
	case effect.Prints != "":
		s.print(effect.Prints+"\n", cmd.at)
	case !silent(cmd.args[0]):
		s.printSomething(cmd.text)
	}
	if !effect.Known && len(effect.Runs) == 0 {
		s.unknown(c, cmd)
	}
}

// take keeps what a program does, and under which conditions.
func (s *shell) take(c context, cmd command, e tool.Effect) {
	for _, a := range e.Actions {
		s.act(c, cmd.at, a)
	}
	out := &s.walk.out
	for _, r := range e.References {
		r.Place = placed(r.Place, cmd.at)
		out.References = append(out.References, r)
	}
	for _, x := range e.Secrets {
		x.Place = placed(x.Place, cmd.at)
		out.Secrets = append(out.Secrets, x)
	}
	for _, u := range e.Unseen {
		u.Place = placed(u.Place, cmd.at)
		out.Unseen = append(out.Unseen, u)
	}
	for _, w := range e.Writes {
		w.Place = placed(w.Place, cmd.at)
		s.write(c, w)
	}
}

func placed(p, at model.Place) model.Place {
	if p.File == "" {
		return at
	}
	return p
}

func (s *shell) act(c context, at model.Place, a model.Action) {
	switch a.Through = append(slices.Clone(c.through), a.Through...); {
	case a.Place.File == "":
		a.Place = at
	case a.Place.File != at.File && len(a.Through) == len(c.through):
		a.Through = append(a.Through, at)
	}
	if c.guess {
		a.Known = false
		if a.Gates == model.GatesYes {
			a.Gates = model.GatesUnknown
		}
	}
	a.When = sorted(a.When, s.conditions(c))
	a.Optional = or(c.fate.status, a.Optional)
	if c.loop {
		if key := keyOf(a); s.seen[key] {
			return
		} else {
			s.seen[key] = true
		}
	}
	s.walk.out.Actions = append(s.walk.out.Actions, a)
}

// keyOf is equal for actions that are the same, done again in a loop.
func keyOf(a model.Action) string {
	var b strings.Builder
	for _, text := range append([]string{a.File, string(a.Kind), a.Tool, a.Method, a.Optional, a.Key, a.Predicate}, a.When...) {
		b.WriteString(text + "\x00")
	}
	b.WriteString(string(rune(a.Line)))
	for _, refs := range [][]model.Ref{a.Images, a.From} {
		b.WriteByte(1)
		for _, r := range refs {
			b.WriteString(r.Text + "\x00")
		}
	}
	for _, p := range a.Through {
		b.WriteString(p.File + string(rune(p.Line)))
	}
	return b.String()
}

// environmentOf are variables that programs read without being told.
func environmentOf(program string) []string {
	switch program {
	case "cosign":
		return []string{"COSIGN_PASSWORD", "COSIGN_PRIVATE_KEY", "COSIGN_PUBLIC_KEY", "SIGSTORE_ID_TOKEN"}
	case "docker":
		return []string{"DOCKER_CONTENT_TRUST", "DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE", "DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE"}
	case "notation":
		return []string{"NOTATION_USERNAME", "NOTATION_PASSWORD"}
	case "snyk":
		return []string{"SNYK_TOKEN"}
	case "goreleaser":
		return []string{"GITHUB_TOKEN", "GITLAB_TOKEN", "COSIGN_PASSWORD"}
	case "gh":
		return []string{"GH_TOKEN", "GITHUB_TOKEN"}
	case "trivy":
		return []string{"TRIVY_USERNAME", "TRIVY_PASSWORD", "GITHUB_TOKEN"}
	case "grype", "syft":
		return []string{"GRYPE_REGISTRY_AUTH_PASSWORD", "SYFT_REGISTRY_AUTH_PASSWORD"}
	case "aws":
		return []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
	case "az":
		return []string{"AZURE_CLIENT_SECRET"}
	case "ko":
		return []string{"KO_DOCKER_REPO"}
	case "npm", "yarn", "pnpm":
		return []string{"NODE_AUTH_TOKEN", "NPM_TOKEN"}
	case "helm":
		return []string{"HELM_PASSPHRASE"}
	case "twistcli":
		return []string{"PRISMA_USER", "PRISMA_PASSWORD", "TWISTLOCK_USER", "TWISTLOCK_PASSWORD"}
	}
	return nil
}

// namesVariable finds variables that arguments name without their value.
var namesVariable = regexp.MustCompile(`(?:^|[,=])(?:env://|env=|env:)([A-Za-z_]\w*)`)

func (s *shell) readsEnvironment(args []string) {
	program := path.Base(args[0])
	for _, name := range environmentOf(program) {
		s.reads[name] = true
	}
	for i, arg := range args {
		if found := namesVariable.FindStringSubmatch(arg); found != nil {
			s.reads[found[1]] = true
		}
		if i > 0 && (args[i-1] == "-e" || args[i-1] == "--env") && syntax.ValidName(arg) {
			s.reads[arg] = true
		}
	}
}

// silence are programs that print nothing.
const silence = " mkdir rm cp mv ln chmod chown touch sleep cd test [ sync "

func silent(program string) bool { return strings.Contains(silence, " "+path.Base(program)+" ") }

// aside is a walk of which only what it costs is kept.
func (w *walk) aside() *walk {
	c := *w
	c.out = Outcome{}
	c.writes = nil
	c.disk = maps.Clone(w.disk)
	c.seen = map[string]bool{}
	return &c
}
