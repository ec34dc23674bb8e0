package github

import (
	"strings"
)

// done is a job that was read, as jobs that need it see it.
type done struct {
	ids     []string // of the model's jobs
	needs   []string // what has succeeded before it began
	outputs map[string]value
	at      string // jobs.build
	never   bool   // it never runs
	fails   bool   // a failure of it is not a failure: continue-on-error
}

// ran is a step that was read, as later steps see it.
type ran struct {
	at      string // jobs.build.steps.meta
	outputs map[string]value
	closed  bool // outputs holds all that there are
}

func (r *ran) output(name string) value {
	if v, ok := r.outputs[strings.ToLower(name)]; ok {
		return v
	}
	if r.closed {
		return literal("")
	}
	return symbol(r.at + ".outputs." + strings.ToLower(name))
}

// lookup gives a property of one of GitHub's contexts.
func (s *scope) lookup(path []string) value {
	switch root := path[0]; {
	case len(path) == 1:
		return symbol(root)
	case root == "env":
		return deep(s.variable(path[1]), path[2:])
	case root == "inputs" && s.inputs != nil:
		return deep(s.inputs(path[1]), path[2:])
	case root == "secrets" && s.secrets != nil:
		return s.secrets(path[1])
	case root == "secrets" || root == "vars":
		return symbol(root + "." + strings.ToUpper(path[1]))
	case root == "matrix" && s.matrix.kind == object:
		return deep(s.matrix, path[1:])
	case root == "steps":
		return s.step(path[1:])
	case root == "needs" || root == "jobs":
		return s.need(path[1:])
	case root == "github" && path[1] == "action_path" && s.folder != "":
		return value{text: s.folder, expr: "github.action_path", kind: str}
	case root == "github":
		return fromGitHub(path[1:])
	}
	return symbol(strings.Join(path, "."))
}

func deep(v value, path []string) value {
	for _, name := range path {
		v = v.get(name)
	}
	return v
}

func (s *scope) variable(name string) value {
	if v, ok := s.env[strings.ToUpper(name)]; ok {
		return v
	}
	return symbol("env." + strings.ToUpper(name))
}

func (s *scope) step(path []string) value {
	id := strings.ToLower(path[0])
	r, ok := s.steps[id]
	if !ok {
		r = &ran{at: s.at + ".steps." + id}
	}
	if len(path) >= 3 && path[1] == "outputs" {
		return deep(r.output(path[2]), path[3:])
	}
	return symbol(strings.Join(append([]string{r.at}, path[1:]...), "."))
}

func (s *scope) need(path []string) value {
	job, ok := s.needs[strings.ToLower(path[0])]
	if !ok {
		return symbol("jobs." + strings.Join(path, "."))
	}
	if len(path) >= 3 && path[1] == "outputs" {
		if v, ok := job.outputs[strings.ToLower(path[2])]; ok {
			return deep(v, path[3:])
		}
		return symbol(job.at + ".outputs." + strings.Join(path[2:], "."))
	}
	return symbol(strings.Join(append([]string{job.at}, path[1:]...), "."))
}

// fromGitHub gives a property of the context github. The folder of the checkout
// is the root of the repository; the inputs of a manual run have one name.
func fromGitHub(path []string) value {
	name := strings.Join(path, ".")
	switch {
	case name == "workspace":
		return value{text: workspace, expr: "github.workspace", kind: str}
	case strings.HasPrefix(name, "event.inputs."):
		return symbol(strings.TrimPrefix(name, "event."))
	case name == "server_url":
		return known("https://github.com", "github.server_url")
	}
	return symbol("github." + name)
}

// workspace is how the folder of the checkout is written: the root of the
// repository, where every step begins.
const workspace = "."
