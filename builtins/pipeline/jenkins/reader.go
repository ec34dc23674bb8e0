package jenkins

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/jenkins/groovy"
	"github.com/waxseal/waxseal/builtins/pipeline/mark"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

// Limits of one pipeline.
const (
	maxNodes  = 300_000 // statements and expressions that are read, each as often as it is reached
	maxCalls  = 30      // methods and blocks in each other
	maxTurns  = 64      // of a loop
	maxSteps  = 5_000
	maxText   = 1 << 20 // of one value
	maxOthers = 50      // other files that a pipeline leads to
)

// reader reads one pipeline.
type reader struct {
	run   *shell.Runner
	name  string
	marks mark.Table

	pipeline model.Pipeline
	problems []model.Problem
	jobs     []*job
	ids      map[string]bool

	files    map[string]*file
	globals  *scope // variables of the script
	env      *scope // variables of the environment that last
	disk     map[string]string
	given    []givenSecret
	branches []changes
	joined   map[string]int
	codes    map[model.Place]status // of the steps whose exit code is asked for

	nodes, steps int
	full         bool
}

// file is Groovy of the repository.
type file struct {
	*groovy.File
	name string
}

// job is a [model.Job] that is being filled.
type job struct {
	model.Job
	steps []*model.Step
}

// frame is where steps go: a stage, or what lies around stages.
type frame struct {
	name     string
	path     string // the names of the stages and branches around it
	id       string // of its jobs, where it is not the path
	at       model.Place
	when     []string // what holds for all that is in it
	optional string
	needs    []string // the jobs that are done
	approved []string // what people were asked before
	open     *job
}

// ctx is what holds where something stands. It is copied, never changed, when
// something is added to it.
type ctx struct {
	*reader
	in       *file
	vars     *scope
	env      *scope
	frame    *frame
	when     []string
	optional string
	dir      string
	registry str
	secrets  []string
	through  []model.Place
	calls    int
}

func itoa(n int) string { return strconv.Itoa(n) }

func (r *reader) symbol(name string) str { return str{text: r.marks.Mark(name)} }

// unknown is the value of an expression of which only its text is known.
func (r *reader) unknown(n groovy.Node) str { return r.symbol(groovy.Text(n)) }

func (r *reader) problem(at model.Place, code, format string, args ...any) {
	p := model.Problem{Place: at, Code: code, Text: fmt.Sprintf(format, args...)}
	if len(r.problems) < 100 && !slices.Contains(r.problems, p) {
		r.problems = append(r.problems, p)
	}
}

// spend says whether more may be read.
func (r *reader) spend(at model.Place) bool {
	if r.nodes++; r.nodes <= maxNodes && r.steps <= maxSteps {
		return true
	}
	if !r.full {
		r.full = true
		r.problem(at, "too_large", "the pipeline, with all that it leads to, does more than is read; the rest was not read")
	}
	return false
}

func (c *ctx) at(line int) model.Place { return model.Place{File: c.in.name, Line: line} }

// copy returns a context that can be changed.
func (c *ctx) copy() *ctx {
	d := *c
	return &d
}

// given adds conditions.
func (c *ctx) given(conditions ...string) *ctx {
	d := c.copy()
	d.when = with(c.when, conditions...)
	return d
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

// may adds a reason for which a failure goes on.
func (c *ctx) may(reason string) *ctx {
	d := c.copy()
	if d.optional == "" {
		d.optional = reason
	}
	return d
}

// not is the negation of a condition.
func not(condition string) string {
	if rest, ok := strings.CutPrefix(condition, "!("); ok && strings.HasSuffix(rest, ")") && whole(rest) {
		return rest[:len(rest)-1]
	}
	return "!(" + condition + ")"
}

// whole says whether the bracket before a text is closed by its last character.
func whole(text string) bool {
	depth := 1
	for i, c := range []byte(text) {
		switch c {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i == len(text)-1
			}
		}
	}
	return false
}

// stage begins a stage: what its steps need is what is done.
func (c *ctx) stage(name string, at model.Place) *ctx {
	d := c.copy()
	c.frame.close()
	d.frame = &frame{name: name, path: strings.TrimPrefix(c.frame.path+"/"+name, "/"), at: at, when: c.when, optional: c.optional,
		needs: slices.Clone(c.frame.needs), approved: slices.Clone(c.frame.approved)}
	return d
}

// close ends the job that is open: what follows needs it.
func (f *frame) close() {
	if f.open != nil {
		f.needs = append(f.needs, f.open.ID)
		f.open = nil
	}
}

// done ends a stage: what follows needs what was in it.
func (c *ctx) done(stage *ctx) {
	stage.frame.close()
	c.frame.needs = with(c.frame.needs, stage.frame.needs...)
	if len(stage.frame.when) == len(c.when) { // otherwise nobody was asked when it did not run
		c.frame.approved = with(c.frame.approved, stage.frame.approved...)
	}
}

// approve asks people before everything that follows.
func (c *ctx) approve(question string) {
	c.frame.close()
	c.frame.approved = with(c.frame.approved, question)
}

// job is the job to which steps go now; at is where the first stands.
func (c *ctx) job(at model.Place) *job {
	f := c.frame
	if f.open != nil {
		return f.open
	}
	j := &job{}
	j.Place, j.Name = cmp.Or(f.at, at), f.name
	j.When, j.Optional = sorted(with(f.when, f.approved...)), f.optional
	j.ID = c.unique(cmp.Or(f.id, f.path, f.name))
	j.Needs = c.certain(f.needs, j.When)
	f.open = j
	c.jobs = append(c.jobs, j)
	return j
}

// certain are those of the jobs that have run, and succeeded, whenever the
// conditions hold: Jenkins goes on behind a stage that it left out.
func (r *reader) certain(needs, when []string) []string {
	var out []string
	for _, j := range r.jobs {
		if slices.Contains(needs, j.ID) && j.Optional == "" && !slices.ContainsFunc(j.When, func(w string) bool { return !slices.Contains(when, w) }) {
			out = append(out, j.ID)
		}
	}
	return out
}

func (r *reader) unique(name string) string {
	id := name
	for n := 2; r.ids[id]; n++ {
		id = name + "~" + itoa(n)
	}
	r.ids[id] = true
	return id
}

func sorted(set []string) []string {
	out := slices.Clone(set)
	sort.Strings(out)
	return slices.Compact(out)
}

// step adds a step. Its place is where the pipeline calls it.
func (c *ctx) step(at model.Place, name, uses string) *model.Step {
	if len(c.through) > 0 {
		at = c.through[0]
	}
	j := c.job(at)
	c.steps++
	s := &model.Step{Place: at, ID: "#" + itoa(len(j.steps)+1), Name: name, Uses: uses, Optional: c.optional}
	for _, w := range c.when {
		if !slices.Contains(j.When, w) {
			s.When = append(s.When, w)
		}
	}
	s.When = sorted(s.When)
	s.Secrets = sorted(c.secrets)
	j.steps = append(j.steps, s)
	return s
}

// act adds an action to a step.
func (c *ctx) act(s *model.Step, a model.Action) {
	a.Through = append(slices.Clone(c.through), a.Through...)
	s.Actions = append(s.Actions, a)
}

func (c *ctx) unseen(at model.Place, kind, name, supply string, may ...model.Kind) {
	u := model.Unseen{Place: at, Kind: kind, Name: name, Job: c.job(at).ID, May: may, Supply: supply}
	for _, have := range c.pipeline.Unseen {
		if have.Place == u.Place && have.Name == name && have.Job == u.Job {
			return
		}
	}
	c.pipeline.Unseen = append(c.pipeline.Unseen, u)
}

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

// finish makes the model of what was read.
func (r *reader) finish() model.Pipeline {
	for _, j := range r.jobs {
		for _, s := range j.steps {
			j.Steps = append(j.Steps, *s)
		}
		r.pipeline.Jobs = append(r.pipeline.Jobs, j.Job)
	}
	r.expose()
	return r.pipeline
}

// environment is what a script sees, symbolic.
func (c *ctx) environment() map[string]string {
	out := map[string]string{}
	var chain []*scope
	for s := c.env; s != nil; s = s.parent {
		chain = append(chain, s)
	}
	for _, s := range slices.Backward(chain) {
		for name, v := range s.vars {
			if text, ok := c.textOf(v); ok {
				out[name] = c.marks.Plain(text)
			}
		}
	}
	return maps.Clone(out)
}
