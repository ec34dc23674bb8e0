package circleci

import (
	"maps"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// job is a job while its steps are read.
type job struct {
	model *model.Job
	use   *use
	vars  map[string]string
	files map[string]string
	dir   string
	shell string
	halts []string // conditions under which earlier steps did not end the job
}

// job reads a job as a workflow uses it.
func (r *reader) job(top *space, prefix string, u *use) {
	r.inherit(u)
	id := prefix + u.name
	m := model.Job{Place: u.at, ID: id, Name: u.name, Needs: r.names.List(&u.needs), When: r.conditions(u)}
	r.names.Add(&u.done, id)
	j := &job{model: &m, use: u, vars: map[string]string{}, files: map[string]string{}}
	if !u.approval {
		r.body(top, j)
	}
	u.files = j.files
	r.pipeline.Jobs = append(r.pipeline.Jobs, m)
}

// body reads what the job runs: one of the configuration, of an inline orb, or
// of an orb from elsewhere.
func (r *reader) body(top *space, j *job) {
	args := arguments(j.use)
	where, orb, name := top.find(j.use.call.name)
	if where == nil {
		r.steps(top, j, list(dig(j.use.args, "pre-steps")), frame{})
		r.orbCall(top, j, orb, name, j.use.at, args, frame{})
		r.steps(top, j, list(dig(j.use.args, "post-steps")), frame{})
		return
	}
	def := dig(where.root, "jobs", name)
	if def == nil || def.Kind != document.Object {
		r.problem(j.use.at, "not_found", "the job %s is not in the configuration", j.use.call.name)
		return
	}
	j.model.Place = place(def)
	if f := field(where.root.Get("jobs"), name); f != nil {
		j.model.Place.Line = f.Line
	}
	params := given(def.Get("parameters"), args)
	def = r.fill(def, params)
	if r.full {
		return
	}
	r.environment(where, j, def)
	r.steps(top, j, list(dig(j.use.args, "pre-steps")), frame{})
	r.steps(where, j, list(def.Get("steps")), frame{})
	r.steps(top, j, list(dig(j.use.args, "post-steps")), frame{})
}

func field(n *document.Node, name string) *document.Field {
	if n == nil {
		return nil
	}
	for i := range n.Fields {
		if n.Fields[i].Name == name {
			return &n.Fields[i]
		}
	}
	return nil
}

// keywords are what a workflow says about a job that is no parameter of it.
var keywords = []string{"name", "requires", "context", "filters", "matrix", "type", "pre-steps", "post-steps", "serial-group", "override-with"}

// arguments are the parameters that a workflow gives to a job, with those of the matrix.
func arguments(u *use) *document.Node {
	out := &document.Node{Kind: document.Object}
	if u.args != nil {
		out.Fields = slices.DeleteFunc(slices.Clone(u.args.Fields), func(f document.Field) bool { return slices.Contains(keywords, f.Name) })
	}
	for _, name := range slices.Sorted(maps.Keys(u.matrix)) {
		out.Fields = append(out.Fields, document.Field{Name: name, Value: u.matrix[name]})
	}
	return out
}

// environment reads where the job runs: its executor, its images, its variables.
func (r *reader) environment(where *space, j *job, def *document.Node) {
	if n := dig(def, "executor"); n != nil {
		r.executor(where, j, n)
	}
	r.machine(j, def)
}

// executor reads a named executor.
func (r *reader) executor(where *space, j *job, n *document.Node) {
	name, args := text(n), n
	if n.Kind == document.Object {
		name = text(n.Get("name"))
	}
	at, _, short := where.find(name)
	if at == nil {
		return // an orb's own: its images are the orb's
	}
	def := dig(at.root, "executors", short)
	if def == nil || def.Kind != document.Object {
		return
	}
	r.machine(j, r.fill(def, given(def.Get("parameters"), args)))
}

// machine takes what executors and jobs say alike.
func (r *reader) machine(j *job, def *document.Node) {
	for i, image := range list(def.Get("docker")) {
		n := dig(image, "image")
		if t := text(n); t != "" {
			r.refer(model.Reference{Place: place(n), Kind: "image", Text: t, Pinned: strings.Contains(t, "@sha256:")})
		}
		if i == 0 {
			j.set(image.Get("environment"))
		}
	}
	j.set(def.Get("environment"))
	if t := text(def.Get("working_directory")); t != "" {
		j.dir = t
	}
	if t := text(def.Get("shell")); t != "" {
		j.shell = t
	}
}

func (j *job) set(environment *document.Node) {
	for _, p := range pairs(environment) {
		j.vars[p.name] = p.value
	}
}

// refer notes a reference, once for all uses of the job.
func (r *reader) refer(ref model.Reference) {
	if !slices.Contains(r.pipeline.References, ref) {
		r.pipeline.References = append(r.pipeline.References, ref)
	}
}
