package gitlab

import (
	"path"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/guess"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

// acts says whether the job does anything that the model knows, so that the
// jobs of its matrix are worth telling apart.
func (r *reader) acts(j *job, vars *variables) bool {
	s, ok := r.script(r.value(j, "before_script"), dig(j.node, "script"), r.value(j, "after_script"))
	if !ok {
		return false
	}
	return len(r.run.Run(s, shell.Scope{Vars: vars.all(), Pipefail: true}).Actions) > 0
}

// steps reads the scripts of a job.
func (r *reader) steps(j *job, m *model.Job, vars *variables) {
	if isScanning(j) {
		scanned(vars)
	}
	files := r.filesFor(j)
	scope := shell.Scope{Vars: vars.all(), Pipefail: true, Files: files}
	out := r.step(j, m, "script", scope, r.value(j, "before_script"), dig(j.node, "script"))
	r.sequence(j, m, scope)
	scope.Files = out.Files
	r.step(j, m, "after_script", scope, r.value(j, "after_script"))
	r.hand(j, out, files)
}

func isScanning(j *job) bool {
	list := texts(dig(j.node, "script"))
	return len(list) == 1 && list[0] == scanning
}

// step reads a script into a step. What stands after the script runs whether or
// not it failed, and its own failure does not count.
func (r *reader) step(j *job, m *model.Job, id string, scope shell.Scope, lists ...*document.Node) shell.Outcome {
	s, ok := r.script(lists...)
	if !ok {
		return shell.Outcome{Files: scope.Files}
	}
	out := r.run.Run(s, scope)
	r.take(m.ID, out)
	step := model.Step{Place: s.At(1), ID: id, Name: id, Actions: out.Actions, Secrets: r.readable(j, out.Reads, s.Text)}
	if own := items(lists[len(lists)-1]); len(own) > 0 {
		step.Place = place(own[0])
	}
	if id == "after_script" {
		step.Optional, step.When = "after_script", []string{"always()"}
	}
	m.Steps = append(m.Steps, step)
	return out
}

// take puts what a script shows beside its actions into the pipeline.
func (r *reader) take(job string, out shell.Outcome) {
	for _, ref := range out.References {
		r.refer(ref)
	}
	r.pipeline.Secrets = append(r.pipeline.Secrets, out.Secrets...)
	for _, u := range out.Unseen {
		u.Job = job
		r.unseen(u)
	}
	r.problems = append(r.problems, out.Problems...)
}

// readable are the secrets that a step can read, as far as the pipeline tells:
// those that it gets by name, and variables of the project that its script names.
func (r *reader) readable(j *job, reads []string, script string) []string {
	var out []string
	if n := dig(j.node, "secrets"); n != nil {
		for _, f := range n.Fields {
			out = append(out, f.Name)
		}
	}
	if n := r.value(j, "id_tokens"); n != nil {
		for _, f := range n.Fields {
			out = append(out, f.Name)
		}
	}
	for _, name := range reads {
		said := dig(j.node, "variables", name) != nil || dig(r.globals, name) != nil
		if guess.SecretName(name) && !said && strings.Contains(script, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// sequence reads the steps of "run", which a job may have in place of a script.
func (r *reader) sequence(j *job, m *model.Job, scope shell.Scope) {
	for _, n := range items(dig(j.node, "run")) {
		name := text(dig(n, "name"))
		if dig(n, "script") != nil {
			out := r.step(j, m, name, scope, dig(n, "script"))
			scope.Files = out.Files
			continue
		}
		for _, key := range []string{"step", "action"} {
			uses := text(dig(n, key))
			if uses == "" {
				continue
			}
			kind := map[string]string{"step": "task", "action": "action"}[key]
			_, version, _ := strings.Cut(uses, "@")
			at := place(dig(n, key))
			m.Steps = append(m.Steps, model.Step{Place: place(n), ID: name, Name: name, Uses: uses})
			r.refer(model.Reference{Place: at, Kind: kind, Text: uses, Pinned: commit.MatchString(version)})
			r.unseen(model.Unseen{Place: at, Kind: kind, Name: uses, Job: m.ID, May: guess.Kinds(uses), Supply: "the definition of the step " + uses})
		}
	}
}

// hand keeps what later jobs get from this one: the variables of its dotenv
// report, and files when it has artifacts.
func (r *reader) hand(j *job, out shell.Outcome, given map[string]string) {
	artifacts := r.value(j, "artifacts")
	if dig(artifacts, "paths") != nil || dig(artifacts, "untracked") != nil {
		j.files = written(given, out.Files)
	}
	env := map[string]string{}
	for _, file := range texts(dig(artifacts, "reports", "dotenv")) {
		for line := range strings.Lines(out.Files[path.Clean(strings.TrimPrefix(file, "./"))]) {
			name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
			if !ok || name == "" {
				continue
			}
			if env[name] = strings.Trim(value, `"'`); len(env) >= maxHanded {
				break
			}
		}
	}
	for name, value := range env {
		if other, twice := j.env[name]; twice && other != value {
			env[name] = "${" + name + "}" // of jobs of a matrix, nobody can tell which counts
		}
	}
	j.env = env
}

// written are the files that a script has written itself.
func written(before, after map[string]string) map[string]string {
	out := map[string]string{}
	for name, content := range after {
		if old, there := before[name]; !there || old != content {
			out[name] = content
		}
	}
	if len(out) > maxHanded {
		return nil
	}
	return out
}
