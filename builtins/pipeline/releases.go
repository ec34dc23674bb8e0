package pipeline

import (
	"regexp"
	"slices"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

// release is how a part of a pipeline is called that may run goreleaser.
var release = regexp.MustCompile(`(?i)release|publish`)

// goreleaser reads what goreleaser is told to do, where the repository tells it
// and no pipeline is seen to run it, but hides a release: "make ci-release" of a
// Makefile that is not here. It is a guess, so nothing of it is Known.
func goreleaser(run *shell.Runner, pipelines []model.Pipeline) {
	config := slices.ContainsFunc([]string{".goreleaser.yaml", ".goreleaser.yml", "goreleaser.yaml", "goreleaser.yml"}, run.Files().Exists)
	if !config || slices.ContainsFunc(pipelines, releases) {
		return
	}
	for i := range pipelines {
		p := &pipelines[i]
		for _, u := range p.Unseen {
			j := slices.IndexFunc(p.Jobs, func(j model.Job) bool { return j.ID == u.Job })
			if j >= 0 && hidesCommand(u) && !releases(*p) {
				p.Jobs[j].Steps = append(p.Jobs[j].Steps, guessed(run, u))
			}
		}
	}
}

func hidesCommand(u model.Unseen) bool {
	return (u.Kind == "make" || u.Kind == "script") && release.MatchString(u.Name)
}

func guessed(run *shell.Runner, u model.Unseen) model.Step {
	out := run.Commands([]string{"goreleaser", "release"}, u.Place, shell.Scope{})
	for i := range out.Actions {
		out.Actions[i].Known = false
		out.Actions[i].Through = append([]model.Place{u.Place}, out.Actions[i].Through...)
	}
	return model.Step{Place: u.Place, ID: "#goreleaser", Name: u.Name, Actions: out.Actions}
}

// releases says whether a pipeline is seen to run goreleaser.
func releases(p model.Pipeline) bool {
	for _, j := range p.Jobs {
		for _, s := range j.Steps {
			if s.ID == "#goreleaser" || slices.ContainsFunc(s.Actions, func(a model.Action) bool { return a.Tool == "goreleaser" }) {
				return true
			}
		}
	}
	return false
}
