package azure

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/mark"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

// Limits of one pipeline.
const (
	maxParts      = 100_000 // items of lists and texts that are read, each as often as it is reached
	maxExpansions = 20      // values in values
	maxText       = 1 << 20
	maxTurns      = 64 // of a loop, and cells of a matrix
	maxJobs       = 500
)

// reader reads one pipeline.
type reader struct {
	run   *shell.Runner
	name  string
	marks mark.Table

	pipeline model.Pipeline
	problems []model.Problem
	jobs     []*job
	stages   map[string]*stage
	ids      map[string]bool
	loaded   map[string]*document.Node
	outputs  map[string]string // of steps: JOB.step.name
	repos    map[string]string // name@ref of the repositories, by alias
	parts    int
	full     bool
}

// stage is a stage with the jobs in it.
type stage struct {
	id     string
	needs  []string // stages
	anyway bool     // it runs whatever became of them
	jobs   []*job
}

// job is a [model.Job] that is being filled.
type job struct {
	model.Job
	stage   *stage
	name    string   // as others depend on it
	depends []string // names of jobs in the stage
	anyway  bool
	steps   []*model.Step

	vars    *vars // that its scripts have set
	windows bool
	files   map[string]string // what its scripts have written
	pushed  []pushed          // images that its tasks have pushed
}

// pushed is an image that a task pushed.
type pushed struct {
	name, digest string
}

// ctx is what holds where something stands. It is copied, never changed.
type ctx struct {
	*reader
	in      *scope
	vars    *vars
	stageID string
	job     *job
	pool    string
	dir     string
	when    []string // of template expressions
	through []model.Place
	depth   int
	anyway  bool
}

func newReader(run *shell.Runner, name string) *reader {
	r := &reader{run: run, name: name, stages: map[string]*stage{}, ids: map[string]bool{}, loaded: map[string]*document.Node{},
		outputs: map[string]string{}, repos: map[string]string{}}
	r.pipeline = model.Pipeline{Place: model.Place{File: name, Line: 1}, System: model.Azure, Name: name}
	return r
}

func (c *ctx) copy() *ctx {
	d := *c
	return &d
}

// of is the context in another scope.
func (c *ctx) of(in *scope) *ctx {
	if in == nil || in == c.in {
		return c
	}
	d := c.copy()
	d.in = in
	return d
}

func (r *reader) problem(at model.Place, code, format string, args ...any) {
	p := model.Problem{Place: at, Code: code, Text: fmt.Sprintf(format, args...)}
	if len(r.problems) < 100 && !slices.Contains(r.problems, p) {
		r.problems = append(r.problems, p)
	}
}

// spend says whether more may be read.
func (r *reader) spend() bool {
	if r.parts++; r.parts <= maxParts {
		return true
	}
	if !r.full {
		r.full = true
		r.problem(model.Place{File: r.name, Line: 1}, "too_large", "the pipeline, with all its templates, is larger than what is read; the rest was not read")
	}
	return false
}

func place(n *document.Node) model.Place { return model.Place{File: n.File, Line: n.Line} }

func (r *reader) reference(ref model.Reference) {
	if !slices.Contains(r.pipeline.References, ref) {
		r.pipeline.References = append(r.pipeline.References, ref)
	}
}

func (r *reader) secret(s model.Secret) {
	if !slices.Contains(r.pipeline.Secrets, s) {
		r.pipeline.Secrets = append(r.pipeline.Secrets, s)
	}
}

func (c *ctx) unseen(at model.Place, kind, name, supply string, may ...model.Kind) {
	u := model.Unseen{Place: at, Kind: kind, Name: name, May: may, Supply: supply}
	if c.job != nil {
		u.Job = c.job.ID
	}
	c.pipeline.Unseen = append(c.pipeline.Unseen, u)
}

func with(set []string, more ...string) []string {
	out := slices.Clone(set)
	for _, m := range more {
		if m != "" && !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out
}

func sorted(set []string) []string {
	out := slices.Clone(set)
	sort.Strings(out)
	return slices.Compact(out)
}

func not(condition string) string {
	if rest, ok := strings.CutPrefix(condition, "!("); ok && strings.HasSuffix(rest, ")") && !strings.ContainsAny(rest[:len(rest)-1], "()") {
		return rest[:len(rest)-1]
	}
	return "!(" + condition + ")"
}

func jobID(stage, job string) string {
	if stage == "" {
		return job
	}
	return stage + "." + job
}

func (r *reader) unique(name string) string {
	id := name
	for n := 2; r.ids[id]; n++ {
		id = name + "~" + itoa(n)
	}
	r.ids[id] = true
	return id
}

// finish makes the model of what was read.
func (r *reader) finish() model.Pipeline {
	r.order()
	r.registries()
	for _, j := range r.jobs {
		for _, s := range j.steps {
			j.Steps = append(j.Steps, *s)
		}
		r.pipeline.Jobs = append(r.pipeline.Jobs, j.Job)
	}
	return r.pipeline
}

// order fills what each job needs: all that have succeeded when it begins. One
// that runs whatever became of others needs none, and a job that may fail is not
// known to have succeeded. What a job needs runs under conditions, and so does it.
func (r *reader) order() {
	memo := map[*job]map[*job]bool{}
	for _, j := range r.jobs {
		for n := range r.before(j, memo, map[*job]bool{}) {
			if n.Optional == "" {
				j.Needs = append(j.Needs, n.ID)
			}
		}
		j.Needs = sorted(j.Needs)
	}
	conditions := map[*job][]string{}
	for _, j := range r.jobs {
		when := j.When
		for n := range memo[j] {
			when = with(when, n.When...)
		}
		conditions[j] = sorted(when)
	}
	for j, when := range conditions {
		j.When = when
	}
}

func (r *reader) before(j *job, memo map[*job]map[*job]bool, on map[*job]bool) map[*job]bool {
	if done, ok := memo[j]; ok {
		return done
	}
	out := map[*job]bool{}
	if on[j] || j.anyway {
		memo[j] = out
		return out
	}
	on[j] = true
	for _, n := range r.direct(j) {
		out[n] = true
		maps.Copy(out, r.before(n, memo, on))
	}
	delete(on, j)
	delete(out, j)
	memo[j] = out
	return out
}

// direct are the jobs that a job depends on: in its stage, and all of the stages
// that its stage depends on.
func (r *reader) direct(j *job) []*job {
	var out []*job
	for _, other := range j.stage.jobs {
		if slices.Contains(j.depends, other.name) {
			out = append(out, other)
		}
	}
	if j.stage.anyway {
		return out
	}
	for _, id := range j.stage.needs {
		if s := r.stages[id]; s != nil && s != j.stage {
			out = append(out, s.jobs...)
		}
	}
	return out
}
