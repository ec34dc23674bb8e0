package jenkins

import (
	"maps"
	"path"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/guess"
	"github.com/waxseal/waxseal/builtins/pipeline/jenkins/groovy"
	"github.com/waxseal/waxseal/builtins/pipeline/mark"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

// known reads the steps of Jenkins and of its plugins.
func (c *ctx) known(n groovy.Call, a args) (value, bool) {
	for _, read := range []func(groovy.Call, args) (value, bool){c.scripts, c.wrappers, c.flow, c.dockerSteps, c.plugins} {
		if v, ok := read(n, a); ok {
			return v, true
		}
	}
	if harmless(n.Name) {
		c.blocks(a)
		return c.unknown(n), true
	}
	return nil, false
}

// scripts reads the steps that run a script.
func (c *ctx) scripts(n groovy.Call, a args) (value, bool) {
	switch n.Name {
	case "sh":
		return c.script(n, a, "sh"), true
	case "bat":
		return c.script(n, a, "cmd"), true
	case "powershell", "pwsh":
		return c.script(n, a, "pwsh"), true
	case "jf":
		text, _ := a.first("args")
		return c.runs(n, a, "sh", str{text: "jf "}.join(text)), true
	}
	return nil, false
}

func (c *ctx) script(n groovy.Call, a args, kind string) value {
	text, ok := a.first("script")
	if !ok {
		return c.unknown(n)
	}
	return c.runs(n, a, kind, text)
}

// runs reads a script of a step.
func (c *ctx) runs(n groovy.Call, a args, kind string, text str) value {
	text, kind, goesOn := interpreter(text, kind)
	d := c
	if a.yes("returnStatus", false) {
		d = c.may("returnStatus: true")
	}
	name := a.get("label")
	if name == "" {
		name = n.Name
	}
	s := d.step(c.at(n.At()), name, "")
	out := d.shell(s, text, shell.Scope{GoesOn: goesOn}, kind, n.At())
	switch {
	case a.yes("returnStatus", false):
		st := status{s, c.when, c.optional}
		c.codes[c.at(n.At())] = st
		return st
	case a.yes("returnStdout", false):
		return c.printed(text, kind, n, out)
	}
	return word("null")
}

// interpreter tells by the first line of a script who runs it. Jenkins runs sh
// with -e, but a script with a #! as that says.
func interpreter(text str, kind string) (str, string, bool) {
	if kind != "sh" {
		return text, kind, true
	}
	first, _, _ := strings.Cut(text.text, "\n")
	line, ok := strings.CutPrefix(first, "#!")
	words := strings.Fields(line)
	if !ok || len(words) == 0 {
		return text, kind, false
	}
	if path.Base(words[0]) == "env" && len(words) > 1 {
		words = words[1:]
	}
	goesOn := true
	for _, w := range words[1:] {
		if strings.HasPrefix(w, "-") && !strings.HasPrefix(w, "--") && strings.Contains(w, "e") {
			goesOn = false
		}
	}
	return text, path.Base(words[0]), goesOn
}

// shell runs a script for a step and adds what it does.
func (c *ctx) shell(s *model.Step, text str, scope shell.Scope, kind string, line int) shell.Outcome {
	plain, aliases := c.marks.Script(text.text)
	scope.Vars = c.environment()
	maps.Copy(scope.Vars, aliases)
	scope.Dir, scope.Files = c.dir, c.disk
	file := c.in.name
	out := c.run.Run(shell.Script{Text: plain, Shell: kind, At: func(l int) model.Place {
		return model.Place{File: file, Line: text.line(l, line)}
	}}, scope)
	mark.Resolve(&out, aliases)
	c.add(s, out)
	return out
}

// add takes over what a script does.
func (c *ctx) add(s *model.Step, out shell.Outcome) {
	for _, a := range out.Actions {
		c.act(s, a)
	}
	for _, r := range out.References {
		c.reference(r)
	}
	for _, secret := range out.Secrets {
		c.secret(secret)
	}
	job := c.job(s.Place).ID
	for _, u := range out.Unseen {
		u.Job = job
		c.pipeline.Unseen = append(c.pipeline.Unseen, u)
	}
	for _, p := range out.Problems {
		c.problem(p.Place, p.Code, "%s", p.Text)
	}
	for _, name := range out.Reads {
		c.reads(s, name)
	}
	maps.Copy(c.disk, out.Files)
}

// printed is what a script prints: it is read again as the value of a variable,
// so that it is spelled as the shell spells it.
func (c *ctx) printed(text str, kind string, n groovy.Call, _ shell.Outcome) value {
	const name = "JENKINS_STDOUT"
	if kind == "sh" || kind == "bash" {
		plain, aliases := c.marks.Script(text.trim().text)
		scope := shell.Scope{Vars: c.environment(), Dir: c.dir, Files: c.disk}
		maps.Copy(scope.Vars, aliases)
		out := c.run.Run(shell.Script{Text: name + "=\"$(" + plain + "\n)\"", Shell: kind}, scope)
		mark.Resolve(&out, aliases)
		if v, ok := out.Vars[name]; ok && v != "" && v != "${"+name+"}" {
			return c.symbolic(strings.TrimSpace(v))
		}
	}
	return c.symbol("(" + strings.Join(strings.Fields(c.marks.Plain(text.text)), " ") + ")")
}

// symbolic is a value of a symbolic text.
func (r *reader) symbolic(text string) str { return str{text: r.marks.Symbolic(text)} }

// wrappers reads the steps that run a block in other circumstances.
func (c *ctx) wrappers(n groovy.Call, a args) (value, bool) {
	d := c.copy()
	switch n.Name {
	case "stage":
		return c.scriptedStage(n, a), true
	case "dir", "ws":
		if n.Name == "dir" {
			d.dir = path.Join(c.dir, a.text("path"))
		}
	case "withEnv":
		d.env = c.withEnv(a)
	case "withCredentials":
		d = c.withCredentials(a)
	case "catchError", "warnError":
		d = c.may(n.Name)
	case "node", "script", "timeout", "retry", "timestamps", "ansiColor", "container", "lock", "sshagent", "steps", "wrap",
		"withSonarQubeEnv", "withMaven", "configFileProvider", "nodejs", "waitUntil", "throttle", "cache", "gitlabBuilds", "withAWS",
		"withKubeConfig", "withVault", "withChecks", "withGradle", "tee", "rtBuildInfo", "gitlabCommitStatus", "withFolderProperties":
	default:
		return nil, false
	}
	return d.blocks(a), true
}

// withEnv adds variables of a list of NAME=value.
func (c *ctx) withEnv(a args) *scope {
	env := c.env.child()
	l, _ := first(a).(*list)
	if l == nil {
		l, _ = a.named["overrides"].(*list)
	}
	if l == nil {
		return env
	}
	for _, item := range l.items {
		text, ok := c.textOf(item)
		name, v, is := strings.Cut(text, "=")
		if !ok || !is || !mark.Variable(name) {
			continue
		}
		c.literal(groovy.Name{Pos: groovy.Pos(a.line), Name: name}, str{text: v}, a.line)
		env.vars[name] = str{text: v}
	}
	return env
}

// withCredentials lets the steps of its block read secrets.
func (c *ctx) withCredentials(a args) *ctx {
	d := c.copy()
	d.env = c.env.child()
	l, _ := first(a).(*list)
	if l == nil {
		l, _ = a.named["bindings"].(*list)
	}
	if l == nil {
		return d
	}
	for _, item := range l.items {
		var names []string
		switch item := item.(type) {
		case binding:
			names = item
		case *dict:
			names = c.bound(item.of)
		}
		for _, name := range names {
			d.env.vars[name] = c.symbol(name)
		}
		d.secrets = with(d.secrets, names...)
	}
	return d
}

// binding are the variables that one credential fills.
type binding []string

// bound are the variables that a binding names: everything that ends in
// Variable. Names and passwords both come from the credential, but a user's name
// is no secret.
func (c *ctx) bound(of map[string]value) []string {
	var names []string
	for _, key := range []string{"variable", "passwordVariable", "keyFileVariable", "passphraseVariable", "tokenVariable",
		"secretKeyVariable", "accessKeyVariable", "keystoreVariable", "aliasVariable", "clientSecretVariable"} {
		if v, ok := of[key]; ok {
			if text := c.marks.Plain(c.text(v)); mark.Variable(text) {
				names = append(names, text)
			}
		}
	}
	return names
}

// flow reads the steps that decide what runs, and when.
func (c *ctx) flow(n groovy.Call, a args) (value, bool) {
	switch n.Name {
	case "parallel":
		c.parallel(n, a)
	case "load":
		return c.load(n, a), true
	case "build":
		if name := a.text("job"); name != "" {
			c.unseen(c.at(n.At()), "workflow", name, "the pipeline of the job "+name, guess.Kinds(name)...)
		}
	case "input":
		c.approve(groovy.Text(n))
		return c.unknown(n), true
	case "string", "usernamePassword", "usernameColonPassword", "file", "sshUserPrivateKey", "certificate", "dockerCert", "aws", "zip",
		"azureServicePrincipal", "gitUsernamePassword", "vaultString", "conjurSecretCredential":
		if names := c.bound(a.named); len(names) > 0 {
			return binding(names), true
		}
		return c.unknown(n), true
	case "credentials":
		return c.unknown(n), true
	case "writeFile":
		c.disk[path.Join(c.dir, a.get("file"))] = a.get("text")
		return word("null"), true
	case "readFile":
		file := a.text("file")
		if text, ok := c.disk[path.Join(c.dir, file)]; ok {
			return c.symbolic(text), true
		}
		return c.symbol("(cat " + file + ")"), true
	case "echo", "print", "println", "error", "unstable":
		return word("null"), true
	default:
		return nil, false
	}
	return word("null"), true
}

// parallel reads branches that run at the same time: none needs another.
func (c *ctx) parallel(n groovy.Call, a args) {
	branches := newDict()
	for _, key := range a.order {
		branches.put(key, a.named[key])
	}
	if d, ok := first(a).(*dict); ok {
		branches = d
	} else if len(branches.keys) == 0 {
		c.unseen(c.at(n.At()), "dynamic", groovy.Text(n), "branches that are written out")
		return
	}
	c.frame.close()
	done, approved := c.frame.needs, c.frame.approved
	for _, key := range branches.keys {
		b, ok := branches.of[key].(closure)
		if !ok {
			continue
		}
		name := c.marks.Plain(key)
		d := c.stage(name, c.at(b.At()))
		d.enter(b, nil)
		d.frame.close()
		done, approved = with(done, d.frame.needs...), with(approved, d.frame.approved...)
	}
	c.frame.needs, c.frame.approved = done, approved
}

// scriptedStage reads stage('x') { … }, and the old stage 'x' that has no block.
func (c *ctx) scriptedStage(n groovy.Call, a args) value {
	name := a.text("name")
	if name == "" {
		name = "stage"
	}
	if a.block == nil {
		c.frame.close()
		c.frame.name, c.frame.id, c.frame.at = name, name, c.at(n.At())
		return word("null")
	}
	d := c.stage(name, c.at(n.At()))
	v := d.enter(*a.block, nil)
	c.done(d)
	return v
}
