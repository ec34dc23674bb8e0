package pipeline

import (
	"cmp"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// main returns the build of an image: the one that pushes, if there is one.
func (g *group) main() *deed {
	for _, b := range g.builds {
		if b.Pushes {
			return b
		}
	}
	return g.builds[0]
}

// image says what the deeds of a group are in the model.
func (g *group) image() model.Image {
	b := g.main()
	byTurn(g.pushes)
	i := model.Image{
		Place: b.step.Place, System: b.pipeline.System,
		Pipeline: b.pipeline.File, PipelineLine: b.pipeline.Line,
		Job: b.job.ID, Step: b.step.ID,
		Built:  b.Kind == model.Build,
		Unseen: g.unseen,
	}
	i.Name, i.Text = g.called()
	i.Build = g.useOf(use{deed: b, ref: firstRef(b)}, nil)
	i.Build.When = texts(b.when)
	for _, p := range g.pushes {
		u := g.useOf(use{deed: p, ref: firstRef(p)}, nil)
		u.When = texts(beyond(pushConditions(p), b.when))
		i.Pushed = append(i.Pushed, u)
	}
	for _, list := range []struct {
		kind model.Kind
		to   *[]model.Use
	}{{model.Sign, &i.Signed}, {model.Attest, &i.Attested}, {model.Scan, &i.Scanned}, {model.SBOM, &i.SBOMs}} {
		*list.to = g.usesOf(list.kind)
	}
	for _, d := range g.other {
		i.Other = append(i.Other, g.useOf(use{deed: d, ref: firstRef(d)}, g.baseline()))
	}
	return i
}

// called returns the name under which people know an image: the first full name
// with a registry, of the pushes before the builds.
func (g *group) called() (repo, text string) {
	var first model.Ref
	for _, d := range slices.Concat(g.pushes, []*deed{g.main()}, g.builds) {
		for _, r := range d.Images {
			if r.By == model.ByFile || r.Text == "" {
				continue
			}
			if first.Text == "" {
				first = r
			}
			if r.Name != "" && strings.Contains(r.Name, "/") {
				return r.Name, r.Text
			}
		}
	}
	return first.Name, first.Text
}

func byTurn(all []*deed) {
	slices.SortStableFunc(all, func(a, b *deed) int { return cmp.Compare(a.at, b.at) })
}

// usesOf returns what is done to an image, in the order in which it happens;
// what other pipelines do comes last.
func (g *group) usesOf(kind model.Kind) []model.Use {
	var all []use
	for _, u := range g.uses {
		if u.Kind == kind {
			all = append(all, u)
		}
	}
	slices.SortStableFunc(all, func(a, b use) int {
		if a.remote != b.remote {
			if a.remote {
				return 1
			}
			return -1
		}
		return cmp.Or(cmp.Compare(a.pipeline.File, b.pipeline.File), cmp.Compare(a.at, b.at))
	})
	base := g.uncovered(all)
	var out []model.Use
	for _, u := range all {
		out = append(out, g.useOf(u, base))
	}
	return out
}

// baseline are the conditions of the pushes, or of the build when nothing is
// pushed: one list for all that have the same.
func (g *group) baseline() [][]condition {
	if len(g.pushes) == 0 {
		return [][]condition{g.main().when}
	}
	var out [][]condition
	seen := map[string]bool{}
	for _, p := range g.pushes {
		all := pushConditions(p)
		if key := strings.Join(keys(all), "\n"); !seen[key] {
			seen[key] = true
			out = append(out, all)
		}
	}
	return out
}

func pushConditions(d *deed) []condition {
	if d.Kind != model.Build {
		return d.when
	}
	return slices.Concat(d.when, meaning(conditions(d.PushWhen), d.pipeline))
}

// uncovered returns the conditions of the pushes after which nothing of all
// happens for certain, or those of all pushes when there is none of them.
func (g *group) uncovered(all []use) [][]condition {
	base := g.baseline()
	var out [][]condition
	for _, b := range base {
		if !slices.ContainsFunc(all, func(u use) bool { return u.Known && len(beyond(u.when, b)) == 0 }) {
			out = append(out, b)
		}
	}
	if len(out) == 0 {
		return base
	}
	return out
}

// useOf says what a deed is to an image. Its conditions are those beyond the
// nearest of base.
func (g *group) useOf(u use, base [][]condition) model.Use {
	out := model.Use{
		Place: u.Place, Step: u.step.Place, Pipeline: u.pipeline.File, Action: u.ID,
		Kind: u.Kind, Tool: u.Tool, Method: u.Method, By: u.ref.By, Text: u.ref.Text, Traced: u.traced,
		Optional: u.Optional, Gates: u.Gates, GatesWhy: u.GatesWhy, Known: u.Known,
		Signed: u.Signed, Predicate: u.Predicate, Key: u.Key,
	}
	for i, b := range base {
		more := texts(beyond(u.when, b))
		if i == 0 || len(more) < len(out.When) {
			out.When = more
		}
	}
	if !u.remote {
		out.After = g.done(u.deed)
	}
	return out
}

// done are the IDs of what is done to the image and has succeeded when a deed
// begins.
func (g *group) done(d *deed) []string {
	var all []*deed
	for _, u := range g.uses {
		if !u.remote {
			all = append(all, u.deed)
		}
	}
	all = slices.Concat(all, g.builds[:min(len(g.builds), maxUses)], g.pushes[:min(len(g.pushes), maxUses)])
	byTurn(all)
	var out []string
	for _, e := range slices.Compact(all) {
		if e.pipeline == d.pipeline && surely(e, d) {
			out = append(out, e.ID)
		}
	}
	return out
}
