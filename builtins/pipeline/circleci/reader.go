package circleci

import (
	"errors"
	"fmt"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/pipeline/guess"
	"github.com/waxseal/waxseal/builtins/pipeline/idset"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
	"github.com/waxseal/waxseal/builtins/pipeline/source"
)

type reader struct {
	run      *shell.Runner
	files    *source.Files
	root     *document.Node
	pipeline *model.Pipeline
	problems []model.Problem
	work     int
	bytes    int
	full     bool
	count    int // of jobs
	names    idset.Names
}

// space is where names are looked up: the configuration, or an inline orb.
type space struct {
	root *document.Node
	orbs map[string]orb
}

func code(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return string(f.Code)
	}
	return string(fault.NotFound)
}

func (r *reader) problem(at model.Place, code, format string, args ...any) {
	r.problems = append(r.problems, model.Problem{Place: at, Code: code, Text: fmt.Sprintf(format, args...)})
}

func (r *reader) spend(at *document.Node, n int) bool {
	r.work += n
	if r.work > maxWork && !r.full {
		r.full = true
		r.problem(place(at), "too_large", "the configuration grows beyond %d values when its commands are followed; split it", maxWork)
	}
	return !r.full
}

func (r *reader) read() {
	top := &space{root: r.root, orbs: r.orbs(r.root, 0)}
	r.secrets(r.root)
	if text(r.root.Get("setup")) == "true" {
		r.setup()
	}
	flows := r.root.Get("workflows")
	found := false
	if flows != nil && flows.Kind == document.Object {
		for _, f := range flows.Fields {
			if f.Value.Kind == document.Object && f.Value.Get("jobs") != nil {
				found = true
				r.workflow(top, f.Name, f.Value)
			}
		}
	}
	if !found && dig(r.root, "jobs", "build") != nil {
		n := dig(r.root, "jobs", "build")
		u := &use{call: call{name: "build", at: place(n), node: n}, name: "build"}
		r.job(top, "", u)
	}
}

// setup says that the pipeline goes on with a configuration that is chosen, or
// made, while it runs. Files of the folder that look like one are read as such.
func (r *reader) setup() {
	n := r.root.Get("setup")
	r.pipeline.Unseen = append(r.pipeline.Unseen, model.Unseen{
		Place: place(n), Kind: "dynamic", Name: "setup: true", Supply: "the configuration with which the pipeline goes on",
	})
}

// secrets finds values of variables that are secrets, wherever an environment is said.
func (r *reader) secrets(root *document.Node) {
	for _, kind := range []string{"jobs", "executors", "commands"} {
		n := root.Get(kind)
		if n == nil || n.Kind != document.Object {
			continue
		}
		for _, f := range n.Fields {
			r.environments(f.Value, f.Name)
		}
	}
	if orbs := root.Get("orbs"); orbs != nil {
		for _, f := range orbs.Fields {
			if f.Value.Kind == document.Object {
				r.secrets(f.Value)
			}
		}
	}
}

func (r *reader) environments(n *document.Node, to string) {
	n.Rebuild(func(n *document.Node) (*document.Node, bool) {
		if !r.spend(n, 1) {
			return n, false
		}
		for _, p := range pairs(n.Get("environment")) {
			if kind := guess.Secret(p.name, p.value); kind != "" {
				r.pipeline.Secrets = append(r.pipeline.Secrets, model.Secret{
					Place: p.at, Kind: kind, Name: p.name, To: to, Text: "the value of the variable " + p.name + " stands in the file",
				})
			}
		}
		if kind := guess.Secret("", n.Text); kind != "" && n.Kind == document.String {
			r.pipeline.Secrets = append(r.pipeline.Secrets, model.Secret{Place: place(n), Kind: kind, To: to, Text: "it stands in the configuration"})
		}
		return n, true
	})
}

type pair struct {
	name, value string
	at          model.Place
}
