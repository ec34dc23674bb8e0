package pipeline

import (
	"cmp"
	"slices"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// use adds a deed to all images that it is about.
func (l *linker) use(d *deed) bool {
	if g := l.own(d); g != nil {
		g.add(use{deed: d, ref: firstRef(d), traced: true, level: matchOutput})
		return true
	}
	best := map[*group]use{}
	var order []*group
	for i, n := range d.images {
		g, traced, level := l.find(n)
		if level == 0 || g.isList && partial(g, n) || d.Kind != model.Scan && level == matchOutput && l.foreign(g, n) {
			continue
		}
		if _, ok := best[g]; !ok {
			order = append(order, g)
		}
		if u := (use{deed: d, ref: d.Images[i], traced: traced, level: level}); better(u, best[g]) {
			best[g] = u
		}
	}
	for _, g := range order {
		g.add(best[g])
	}
	return len(order) > 0
}

// maxUses bounds what is joined with one image. What is beyond it is as if it
// were not done, so that nobody passes because of it.
const maxUses = 200

func (g *group) add(u use) {
	if len(g.uses) < maxUses {
		g.uses = append(g.uses, u)
	}
}

func better(a, b use) bool {
	return b.deed == nil || cmp.Or(cmp.Compare(a.level, b.level), cmp.Compare(rank(a.ref.By), rank(b.ref.By))) > 0
}

func rank(by string) int {
	return slices.Index([]string{model.ByUnknown, model.ByName, model.ByTag, model.ByTagAndDigest, model.ByDigest}, by)
}

// partial says whether a name is that of one platform of a list.
func partial(g *group, n name) bool {
	return slices.Contains(g.partials, n.digest) || slices.Contains(g.partials, n.symbol)
}

// own returns the image of the command that also does this: the attestations
// that a build makes of what it builds.
func (l *linker) own(d *deed) *group {
	if d.Method != "buildx" {
		return nil
	}
	return l.steps[stepPlace{d.step, d.Place}]
}

func firstRef(d *deed) model.Ref {
	if len(d.Images) > 0 {
		return d.Images[0]
	}
	return model.Ref{By: model.ByUnknown}
}

// maxOther bounds what is listed of one image that is not certain to be about it.
const maxOther = 20

// others adds a deed that is about no image of the pipeline to those that were
// built before it: it may be meant for them.
func (l *linker) others(d *deed) {
	for _, id := range slices.Concat([]string{d.job.ID}, d.job.Needs) {
		for _, g := range l.jobs[id] {
			if len(g.other) < maxOther {
				g.other = append(g.other, d)
			}
		}
	}
}

// unseen lists the parts that nobody can see and that may be about an image:
// those of its job, of jobs after it, and of the whole pipeline.
func (l *linker) unseen(p *model.Pipeline) {
	needs := map[string][]string{}
	for _, j := range p.Jobs {
		needs[j.ID] = j.Needs
	}
	alive := l.alive()
	for i, u := range p.Unseen {
		if len(u.May) > 0 && !slices.ContainsFunc(u.May, func(k model.Kind) bool { return used(k) || k == model.Push }) {
			continue
		}
		for _, g := range alive {
			job := g.main().job.ID
			if len(g.unseen) >= maxOther {
				continue
			}
			if u.Job == "" || u.Job == job || slices.Contains(needs[u.Job], job) {
				g.unseen = append(g.unseen, i)
			}
		}
	}
}
