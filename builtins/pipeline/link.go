package pipeline

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// link returns the images that pipelines build, with what happens to each.
func link(pipelines []model.Pipeline) ([]model.Image, []model.Problem) {
	var problems []model.Problem
	var all []*group
	var loose []*deed
	for i := range pipelines {
		done := deeds(&pipelines[i])
		if len(done) > maxDeeds {
			problems = append(problems, model.Problem{Place: pipelines[i].Place, Code: "too_large", Text: fmt.Sprintf(
				"it does more than %d things to images: what it does beyond them is joined with no image; split it", maxDeeds)})
			done = done[:maxDeeds]
		}
		groups, unmatched := linkPipeline(&pipelines[i], done)
		all, loose = append(all, groups...), append(loose, unmatched...)
	}
	elsewhere(all, loose)
	var out []model.Image
	for _, g := range withoutCalled(all) {
		out = append(out, g.image())
	}
	slices.SortStableFunc(out, func(a, b model.Image) int {
		return cmp.Or(cmp.Compare(a.Pipeline, b.Pipeline), cmp.Compare(a.PipelineLine, b.PipelineLine), byPlace(a.Place, b.Place), byPlace(a.Build.Place, b.Build.Place), cmp.Compare(a.Text, b.Text))
	})
	return out, problems
}

// maxDeeds bounds what is joined in one pipeline.
const maxDeeds = 5000

// group is an image while it is joined: the deeds that make it and name it.
type group struct {
	builds   []*deed // of it; one that only pushes it, for an image that is built nowhere
	pushes   []*deed
	uses     []use
	other    []*deed
	unseen   []int
	isList   bool // it is put together from images of single platforms
	partials []string
	merged   *group // into which this one went
}

func (g *group) root() *group {
	for g.merged != nil {
		if g.merged.merged != nil {
			g.merged = g.merged.merged // so that no way is long twice
		}
		g = g.merged
	}
	return g
}

// use is a deed as it is about an image.
type use struct {
	*deed
	ref    model.Ref
	traced bool
	level  int
	remote bool // it is in another pipeline
}

// linker joins the deeds of one pipeline.
type linker struct {
	groups []*group
	keys   map[string]*group
	repos  map[string][]*group
	jobs   map[string][]*group // by the job that builds
	steps  map[stepPlace]*group
}

// stepPlace is a command of a step.
type stepPlace struct {
	step  *model.Step
	place model.Place
}

func linkPipeline(p *model.Pipeline, all []*deed) (groups []*group, loose []*deed) {
	l := &linker{keys: map[string]*group{}, repos: map[string][]*group{}, jobs: map[string][]*group{}, steps: map[stepPlace]*group{}}
	for _, d := range all {
		if d.Kind == model.Build {
			l.build(d)
		}
	}
	l.rename(all)
	l.joinTests()
	for _, d := range all {
		if d.Kind == model.Push || d.Kind == model.Copy {
			l.push(d)
		}
	}
	l.rename(all) // of what was only pushed
	l.places()
	for _, d := range all {
		if used(d.Kind) && !l.use(d) {
			loose = append(loose, d)
			l.others(d)
		}
	}
	l.stale(all)
	l.runs(p)
	l.unseen(p)
	return l.alive(), loose
}

// places remembers where the images are built.
func (l *linker) places() {
	for _, g := range l.alive() {
		for _, b := range g.builds {
			l.steps[stepPlace{b.step, b.Place}] = g
			if in := l.jobs[b.job.ID]; len(in) == 0 || in[len(in)-1] != g {
				l.jobs[b.job.ID] = append(in, g)
			}
		}
	}
}

func used(k model.Kind) bool {
	return k == model.Sign || k == model.Attest || k == model.Scan || k == model.SBOM
}

func (l *linker) alive() []*group {
	var out []*group
	for _, g := range l.groups {
		if g.merged == nil {
			out = append(out, g)
		}
	}
	return out
}
