package github

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

// Bounds of what one workflow may lead to.
const (
	maxJobs        = 2_000
	maxSteps       = 20_000
	maxVariables   = 5_000_000 // of all steps together
	maxCombination = 256       // of a matrix: GitHub's own limit
	maxCalls       = 10        // workflows that call each other: GitHub's own limit
	maxNesting     = 10        // composite actions that use each other: GitHub's own limit
)

// reader reads one workflow.
type reader struct {
	run      *shell.Runner
	name     string
	pipeline model.Pipeline
	on       occasion
	problems []model.Problem
	files    map[string]*parsed // nil for one that could not be read
	actions  map[string]*composite
	seen     map[string]bool // what is in the lists already
	users    []user          // the steps that were read, as users of variables
	jobs     int
	steps    int
	vars     int
	full     bool
}

func newReader(run *shell.Runner, name string) *reader {
	return &reader{run: run, name: name, files: map[string]*parsed{}, actions: map[string]*composite{}, seen: map[string]bool{}}
}

// openInputs are the inputs of a workflow that is read by itself.
func openInputs(ast *actionlint.Workflow) func(string) value {
	switches := map[string]bool{}
	for _, e := range ast.On {
		switch e := e.(type) {
		case *actionlint.WorkflowCallEvent:
			for _, in := range e.Inputs {
				if in != nil && in.Type == actionlint.WorkflowCallEventInputTypeBoolean {
					switches[in.ID] = true
				}
			}
		case *actionlint.WorkflowDispatchEvent:
			for name, in := range e.Inputs {
				if in != nil && in.Type == actionlint.WorkflowDispatchEventInputTypeBoolean {
					switches[name] = true
				}
			}
		}
	}
	return func(name string) value {
		v := symbol("inputs." + name)
		if switches[name] {
			v.kind = boolean
		}
		return v
	}
}

func openSecrets(name string) value { return symbol("secrets." + strings.ToUpper(name)) }

// finished sorts what was found.
func (r *reader) finished() model.Pipeline {
	p := r.pipeline
	slices.SortStableFunc(p.References, func(a, b model.Reference) int { return byPlace(a.Place, b.Place) })
	slices.SortStableFunc(p.Secrets, func(a, b model.Secret) int { return byPlace(a.Place, b.Place) })
	return p
}

func byPlace(a, b model.Place) int {
	if a.File != b.File {
		return strings.Compare(a.File, b.File)
	}
	return a.Line - b.Line
}

func (r *reader) problem(at model.Place, code fault.Code, format string, args ...any) {
	p := model.Problem{Place: at, Code: string(code), Text: fmt.Sprintf(format, args...)}
	if r.once(fmt.Sprint("problem", p)) && len(r.problems) < 100 {
		r.problems = append(r.problems, p)
	}
}

// once says whether something is met for the first time.
func (r *reader) once(key string) bool {
	if r.seen[key] {
		return false
	}
	r.seen[key] = true
	return true
}

// elsewhere says whether a place is in another workflow, which is read by itself.
func (r *reader) elsewhere(at model.Place) bool {
	return at.File != r.name && folders.MatchString(at.File)
}

func (r *reader) reference(ref model.Reference) {
	if !r.elsewhere(ref.Place) && r.once(fmt.Sprint("reference", ref)) {
		r.pipeline.References = append(r.pipeline.References, ref)
	}
}

func (r *reader) secret(s model.Secret) {
	if !r.elsewhere(s.Place) && r.once(fmt.Sprint("secret", s.Place, s.Kind, s.Name)) {
		r.pipeline.Secrets = append(r.pipeline.Secrets, s)
	}
}

func (r *reader) unseen(u model.Unseen) {
	if r.once(fmt.Sprint("unseen", u)) {
		r.pipeline.Unseen = append(r.pipeline.Unseen, u)
	}
}

// spend counts jobs and steps against the bounds.
func (r *reader) spend(jobs, steps int, at model.Place) bool {
	r.jobs += jobs
	r.steps += steps
	if !r.full && (r.jobs > maxJobs || r.steps > maxSteps) {
		r.full = true
		r.problem(at, fault.TooLarge, "the workflow, with what it calls, has more than %d jobs or %d steps: split it", maxJobs, maxSteps)
	}
	return !r.full
}

// spendVariables counts the variables that steps can read against the bounds.
func (r *reader) spendVariables(n int, at model.Place) bool {
	r.vars += n
	if !r.full && r.vars > maxVariables {
		r.full = true
		r.problem(at, fault.TooLarge, "the steps of the workflow have more than %d variables together: split it", maxVariables)
	}
	return !r.full
}

// parsed is a workflow file that was read.
type parsed struct {
	file file
	ast  *actionlint.Workflow
}

// file is the text of a file, to find places in it.
type file struct {
	name  string
	lines []string
}

func (f file) place(pos *actionlint.Pos) model.Place {
	if pos == nil {
		return model.Place{File: f.name}
	}
	return model.Place{File: f.name, Line: pos.Line}
}

// load reads a YAML file within the bounds of package document. The node is nil
// when it cannot be used; the problems say why.
func (r *reader) load(name string) (file, *document.Node) {
	text, err := r.run.Files().Read(name)
	if err != nil {
		r.unreadable(name, err)
		return file{}, nil
	}
	node, problems := document.FromYAML(text, document.Options{Bytes: 4 << 20, Nodes: 200_000, Aliased: 50_000, Depth: 100})
	for _, p := range problems {
		r.problem(model.Place{File: name, Line: p.Line}, fault.Malformed, "%s", strings.TrimPrefix(p.Error(), fmt.Sprintf("line %d: ", p.Line)))
	}
	if len(problems) > 0 {
		return file{}, nil
	}
	if node == nil || node.Kind != document.Object {
		r.problem(model.Place{File: name, Line: 1}, fault.Malformed, "the file holds no object: write a workflow or an action into it, or remove it")
		return file{}, nil
	}
	return file{name, strings.Split(string(text), "\n")}, node
}

func (r *reader) unreadable(name string, err error) {
	code := fault.Malformed
	var f *fault.Error
	if errors.As(err, &f) {
		code = f.Code
	}
	r.problem(model.Place{File: name}, code, "%s", err)
}

// parse reads a workflow. It returns nil when nothing of it can be used.
func (r *reader) parse(name string) *parsed {
	if p, ok := r.files[name]; ok {
		return p
	}
	r.files[name] = nil
	f, node := r.load(name)
	if node == nil {
		return nil
	}
	ast := r.grammar(f)
	if ast == nil || len(ast.Jobs) == 0 {
		return nil
	}
	r.files[name] = &parsed{f, ast}
	return r.files[name]
}

// grammar has the text read by the parser of GitHub's grammar. What that parser
// only advises against is not a problem.
func (r *reader) grammar(f file) (ast *actionlint.Workflow) {
	defer func() { // somebody else's parser reads hostile text: its panics end here
		if p := recover(); p != nil {
			r.problem(model.Place{File: f.name, Line: 1}, fault.Malformed, "the parser of workflows gave up: %v", p)
			ast = nil
		}
	}()
	ast, errs := actionlint.Parse([]byte(strings.Join(f.lines, "\n")))
	for _, e := range errs {
		if strings.Contains(e.Message, "is defined but not used") || strings.Contains(e.Message, "string should not be empty") {
			continue // GitHub takes "branches:" with nothing behind it
		}
		r.problem(model.Place{File: f.name, Line: e.Line}, fault.Malformed, "GitHub refuses this: %s", e.Message)
	}
	return ast
}
