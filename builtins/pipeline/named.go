package pipeline

import (
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// unnamed gives the signatures of an image that is pushed to several repositories
// a condition where none of them is about one of these: registries keep
// signatures beside the name that was signed.
func (g *group) unnamed() {
	missing := ""
	var signed []string
	for i := range g.uses {
		if u := &g.uses[i]; signs(*u) {
			for _, n := range u.images {
				if n.repo == "" || strings.Contains(n.repo, "${") || u.Method == "docker-content-trust" {
					return // it may be any of them
				}
				signed = append(signed, n.repo)
			}
		}
	}
	for _, repo := range g.pushedTo() {
		if len(signed) > 0 && !slices.Contains(signed, repo) && !g.passedOn(repo, signed) {
			missing = repo
			break
		}
	}
	if missing == "" {
		return
	}
	for i := range g.uses {
		if u := &g.uses[i]; signs(*u) {
			u.deed = u.given("it is not named " + missing)
		}
	}
}

// passedOn says whether a repository is but the place from which the image is copied
// to one where it is signed.
func (g *group) passedOn(repo string, signed []string) bool {
	in := func(all []name, repos ...string) bool {
		return slices.ContainsFunc(all, func(n name) bool { return slices.Contains(repos, n.repo) })
	}
	return slices.ContainsFunc(g.pushes, func(p *deed) bool { return in(p.from, repo) && in(p.images, signed...) })
}

// pushedTo are the repositories that are written out in the names under which an
// image is pushed. Cosign copies signatures too.
func (g *group) pushedTo() []string {
	var out []string
	for _, p := range g.pushes {
		for _, n := range p.images {
			if p.Tool == "cosign" || p.Tool == "oras" {
				continue
			}
			if n.repo != "" && !strings.Contains(n.repo, "${") && !unclear(n.repo) && p.Kind != model.Tag && len(out) < maxOther && !slices.Contains(out, n.repo) {
				out = append(out, n.repo)
			}
		}
	}
	return out
}

// given is the deed under a further condition.
func (d *deed) given(text string) *deed {
	out := *d
	out.when = append(slices.Clip(d.when), condition{text, text})
	return &out
}
