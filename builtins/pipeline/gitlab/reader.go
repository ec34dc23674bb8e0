package gitlab

import (
	"fmt"
	"reflect"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/idset"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
	"github.com/waxseal/waxseal/builtins/pipeline/source"
)

// session is one reading of a pipeline with its child pipelines: what they may
// cost together.
type session struct {
	run       *shell.Runner
	files     *source.Files
	problems  []model.Problem
	includes  int
	count     int // of jobs
	names     idset.Names
	work      int // nodes that were merged or copied
	scripts   int // bytes
	full      bool
	wildcards map[string][]string
}

// reader reads one configuration: the pipeline, or a child of it.
type reader struct {
	*session
	pipeline  *model.Pipeline
	base      string   // the folder of the pipeline, where its files lie in a repository of many
	child     int      // how many pipelines lead to it
	chain     []string // the files of the pipelines that lead to it, and its own
	root      *document.Node
	defaults  map[string]*document.Node
	globals   *document.Node
	forced    map[string]string // variables that the parent gives
	when      map[string][]string
	elsewhere bool // parts of the configuration are not in the repository
	templates map[string]*template
}

func (s *session) problem(at model.Place, code, format string, args ...any) {
	s.problems = append(s.problems, model.Problem{Place: at, Code: code, Text: fmt.Sprintf(format, args...)})
}

// spend counts work, and says whether there is some left. The first time that
// there is none, it says so.
func (s *session) spend(at *document.Node, n int) bool {
	s.work += n
	if s.work > maxWork && !s.full {
		s.full = true
		s.problem(place(at), "too_large", "the configuration grows beyond %d values when it is merged; split it", maxWork)
	}
	return !s.full
}

func (r *reader) unseen(u model.Unseen) { r.pipeline.Unseen = append(r.pipeline.Unseen, u) }

func (r *reader) refer(ref model.Reference) {
	r.pipeline.References = append(r.pipeline.References, ref)
}

func place(n *document.Node) model.Place {
	if n == nil {
		return model.Place{}
	}
	return model.Place{File: n.File, Line: n.Line}
}

// unique drops what stands twice: templates are read once for each of their jobs.
func unique[T comparable](list []T) []T {
	seen := make(map[T]bool, len(list))
	var out []T
	for _, x := range list {
		if !seen[x] {
			seen[x] = true
			out = append(out, x)
		}
	}
	return out
}

func uniqueUnseen(list []model.Unseen) []model.Unseen {
	var out []model.Unseen
	seen := map[model.Place][]int{}
next:
	for _, u := range list {
		for _, i := range seen[u.Place] {
			if reflect.DeepEqual(out[i], u) {
				continue next
			}
		}
		seen[u.Place] = append(seen[u.Place], len(out))
		out = append(out, u)
	}
	return out
}
