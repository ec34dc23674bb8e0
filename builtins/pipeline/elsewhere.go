package pipeline

import (
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// elsewhere joins what other pipelines of the repository do to an image by its
// name: a workflow that signs what another one has pushed.
func elsewhere(all []*group, loose []*deed) {
	byRepo := map[string][]*group{}
	for _, g := range all {
		for _, repo := range g.fixedRepos() {
			byRepo[repo] = append(byRepo[repo], g)
		}
	}
	for _, d := range loose {
		if called(d.pipeline) {
			continue // nobody is seen to call it
		}
		for i, n := range d.images {
			for _, g := range byRepo[n.repo] {
				if g.main().pipeline != d.pipeline && len(g.pushes) > 0 && len(g.uses) < maxUses && g.mayBe(n) && !g.has(d) {
					g.add(use{deed: d.startedBy(g.main().pipeline), ref: d.Images[i], level: matchRepository, remote: true})
				}
			}
		}
	}
}

// startedBy is a deed of another pipeline as one pipeline sees it: under the
// condition that somebody starts the other one, where nothing that starts the first does.
func (d *deed) startedBy(p *model.Pipeline) *deed {
	if d.pipeline.System != model.GitHub || len(d.pipeline.Triggers) == 0 || slices.ContainsFunc(d.pipeline.Triggers, func(t string) bool {
		switch t {
		case "workflow_dispatch", "schedule":
			return false
		case "workflow_run", "registry_package", "repository_dispatch", "deployment", "check_run", "check_suite":
			return true
		}
		return slices.Contains(p.Triggers, t)
	}) {
		return d
	}
	text := d.pipeline.File + " is started by " + strings.Join(d.pipeline.Triggers, ", ")
	out := *d
	out.when = append(slices.Clip(d.when), condition{text, text})
	return &out
}

// fixedRepos are the repositories of an image whose names are the same in all pipelines.
func (g *group) fixedRepos() []string {
	var out []string
	for _, d := range slices.Concat(g.builds, g.pushes) {
		for _, n := range d.images {
			if n.repo != "" && fixed(n.repo) && strings.Contains(n.repo, "/") && !slices.Contains(out, n.repo) {
				out = append(out, n.repo)
			}
		}
	}
	return out
}

// mayBe says whether nothing in a name of the same repository says that it is
// another image: digests and tags that are known here, and differ.
func (g *group) mayBe(n name) bool {
	if n.digest != "" {
		return !fixedDigest.MatchString(n.digest)
	}
	if n.tag == "" || strings.Contains(n.tag, "${") {
		return true
	}
	for _, d := range slices.Concat(g.builds, g.pushes) {
		for _, have := range d.images {
			if have.repo == n.repo && (have.tag == n.tag || strings.Contains(have.tag, "${") || have.tag == "") {
				return true
			}
		}
	}
	return false
}

// has says whether the same command was joined already, through another way to it.
func (g *group) has(d *deed) bool {
	return slices.ContainsFunc(g.uses, func(u use) bool { return u.Place == d.Place && u.Kind == d.Kind })
}

// withoutCalled leaves out the images of pipelines that only others run, where
// the pipeline that runs them has the same build: there it has its names.
func withoutCalled(all []*group) []*group {
	ran := map[model.Place]int{}
	for _, g := range all {
		for _, b := range g.builds {
			ran[b.Place] = max(ran[b.Place], standing(b))
		}
	}
	return slices.DeleteFunc(all, func(g *group) bool {
		return !slices.ContainsFunc(g.builds, func(b *deed) bool { return ran[b.Place] <= standing(b) })
	})
}

// standing orders the pipelines that do a thing by who runs whom: tasks are run by
// pipelines, and what is called, or may be a template, by what runs by itself.
func standing(b *deed) int {
	p := b.pipeline
	switch {
	case slices.Contains(p.Triggers, "task_call"):
		return 0
	case called(p), p.System == model.Azure && b.Place.File == p.File:
		return 1
	}
	return 2
}

// called says whether a pipeline runs only when another one calls or includes
// it. Of a template of Azure nothing tells but that another pipeline has what it holds.
func called(p *model.Pipeline) bool {
	if p.System == model.GitLab {
		return p.File != ".gitlab-ci.yml"
	}
	return len(p.Triggers) > 0 && !slices.ContainsFunc(p.Triggers, func(t string) bool { return !strings.HasSuffix(t, "_call") })
}
