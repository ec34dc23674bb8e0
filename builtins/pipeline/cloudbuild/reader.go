package cloudbuild

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/pipeline/guess"
	"github.com/waxseal/waxseal/builtins/pipeline/idset"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
	"github.com/waxseal/waxseal/builtins/pipeline/tool"
)

type reader struct {
	run      *shell.Runner
	root     *document.Node
	pipeline *model.Pipeline
	problems []model.Problem
	bytes    int
	subst    *substitutions
	names    idset.Names
	global   []string // secrets that all steps get
	unread   bool     // a step gets them and does not read them
}

func code(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return string(f.Code)
	}
	return string(fault.NotFound)
}

func (r *reader) read() {
	r.subst = r.substitutions()
	r.plain(r.root.Get("substitutions"))
	r.plainList(dig(r.root, "options", "env"), "all steps")
	r.global = texts(dig(r.root, "options", "secretEnv"))
	steps := r.steps()
	jobs := jobsOf(steps)
	for _, j := range jobs {
		r.job(j)
	}
	r.pushes(jobs)
	r.exposed(len(steps))
	r.provenance()
}

// steps finds the steps, with their names.
func (r *reader) steps() []*step {
	var out []*step
	if n := r.root.Get("steps"); n != nil && n.Kind != document.List {
		r.problem(n, "malformed", "steps are a list, found %s", n.Kind)
		return nil
	}
	taken := map[string]bool{}
	for i, n := range list(r.root.Get("steps")) {
		if i >= maxSteps {
			r.problem(n, "too_large", "the build has more than %d steps; the rest is not read", maxSteps)
			break
		}
		if n.Kind != document.Object {
			r.problem(n, "malformed", "a step is an object, found %s", n.Kind)
			continue
		}
		id := text(n.Get("id"))
		if id == "" || taken[id] {
			id = "#" + strconv.Itoa(i)
		}
		taken[id] = true
		out = append(out, &step{node: n, id: id})
	}
	return out
}

func (r *reader) problem(n *document.Node, code, format string, args ...any) {
	r.problems = append(r.problems, model.Problem{Place: place(n), Code: code, Text: fmt.Sprintf(format, args...)})
}

// pushes are the images that Cloud Build uploads when all steps are done.
func (r *reader) pushes(jobs []*job) {
	images := append(list(r.root.Get("images")), list(dig(r.root, "artifacts", "images"))...)
	if len(images) == 0 {
		return
	}
	s := model.Step{Place: place(images[0]), ID: "images", Name: "images"}
	subst := r.subst
	for _, n := range images {
		if text(n) == "" {
			continue
		}
		s.Actions = append(s.Actions, model.Action{
			Place: place(n), Kind: model.Push, Tool: "cloudbuild", Known: true, Images: []model.Ref{tool.NewRef(subst.expand(text(n), false))},
		})
	}
	if len(jobs) == 1 {
		last := &r.pipeline.Jobs[len(r.pipeline.Jobs)-1]
		last.Steps = append(last.Steps, s)
		return
	}
	j := model.Job{Place: s.Place, ID: "images", Name: "images", Steps: []model.Step{s}, Needs: r.names.List(r.succeeded(jobs))}
	r.pipeline.Jobs = append(r.pipeline.Jobs, j)
}

// exposed tells secrets that all steps get, and not all read.
func (r *reader) exposed(steps int) {
	if steps < 2 || !r.unread {
		return
	}
	for _, n := range list(dig(r.root, "options", "secretEnv")) {
		r.pipeline.Secrets = append(r.pipeline.Secrets, model.Secret{
			Place: place(n), Kind: "exposed", Name: text(n), To: "all steps", Text: "options.secretEnv gives it to every step; secretEnv of a step gives it to that step only",
		})
	}
}

// provenance is what Cloud Build itself says about images that it uploads, when
// it is asked to: it is signed, but not by this pipeline.
func (r *reader) provenance() {
	n := dig(r.root, "options", "requestedVerifyOption")
	if text(n) != "VERIFIED" {
		return
	}
	r.pipeline.Unseen = append(r.pipeline.Unseen, model.Unseen{
		Place: place(n), Kind: "signer", Name: "provenance of Cloud Build", May: []model.Kind{model.Attest},
		Supply: "the provenance of the image in Artifact Analysis",
	})
}

// plain finds secrets among the default values of substitutions.
func (r *reader) plain(n *document.Node) {
	if n == nil {
		return
	}
	for _, f := range n.Fields {
		r.secret(model.Place{File: f.Value.File, Line: f.Line}, f.Name, text(f.Value), "all steps")
	}
}

func (r *reader) plainList(n *document.Node, to string) {
	for _, item := range list(n) {
		name, value, _ := strings.Cut(text(item), "=")
		r.secret(place(item), name, value, to)
	}
}

func (r *reader) secret(at model.Place, name, value, to string) {
	if kind := guess.Secret(name, value); kind != "" {
		r.pipeline.Secrets = append(r.pipeline.Secrets, model.Secret{
			Place: at, Kind: kind, Name: name, To: to, Text: "the value of " + name + " stands in the file",
		})
	}
}
