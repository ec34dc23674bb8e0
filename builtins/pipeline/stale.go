package pipeline

import (
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// stale takes signatures and attestations off an image whose name has another
// content: it is built again and pushed afterwards, or tagged from what nobody
// knows, or was not there yet.
func (l *linker) stale(all []*deed) {
	replaced := map[*group][]*deed{}
	for _, d := range all {
		if d.Kind != model.Tag || len(d.from) == 0 || l.source(d) != nil {
			continue
		}
		for _, n := range d.images {
			if g, ok := l.keys["text "+n.text]; ok && n.text != "" && len(replaced[g.root()]) < maxOther {
				replaced[g.root()] = append(replaced[g.root()], d)
			}
		}
	}
	for _, g := range l.alive() {
		makers := replaced[g]
		if len(g.builds) > 1 && !g.isList && len(g.builds) < maxUses {
			makers = slices.Concat(makers, g.builds)
		}
		if len(makers) > 0 {
			g.forget(func(u use) bool { return g.remade(u, makers) })
		}
		g.forget(g.early)
	}
}

// forget moves what signs another content of the same name to what is done to others.
func (g *group) forget(another func(use) bool) {
	g.uses = slices.DeleteFunc(g.uses, func(u use) bool {
		if u.Kind != model.Sign && u.Kind != model.Attest || u.Method == "buildx" || !another(u) {
			return false
		}
		if len(g.other) < maxOther {
			g.other = append(g.other, u.deed)
		}
		return true
	})
}

// remade says whether the image is made anew after something was done to it.
func (g *group) remade(u use, makers []*deed) bool {
	return slices.ContainsFunc(makers, func(m *deed) bool { return follows(m, u.deed) && g.pushedAfter(m) })
}

// early says of what asks the registry for the image that it does so before, or
// while, the image is pushed: it finds the one that was there before.
func (g *group) early(u use) bool {
	if u.traced || u.anyway || len(g.builds)+len(g.pushes) > maxUses {
		return false
	}
	made := g.pushes
	if len(made) == 0 {
		made = g.builds
	}
	return !slices.ContainsFunc(made, func(m *deed) bool {
		return m.job == u.job && m.at <= u.at || slices.Contains(u.job.Needs, m.job.ID)
	})
}

// pushedAfter says whether what a deed makes is uploaded.
func (g *group) pushedAfter(m *deed) bool {
	return m.Pushes || slices.ContainsFunc(g.pushes, func(p *deed) bool { return p != m && follows(p, m) })
}

// follows says whether a deed comes after another one, and not in its place.
func follows(later, earlier *deed) bool {
	after := later.at > earlier.at && later.job == earlier.job || slices.Contains(later.job.Needs, earlier.job.ID)
	return after && !exclusive(later.when, earlier.when)
}

// exclusive says whether one of the conditions is the opposite of another one.
func exclusive(a, b []condition) bool {
	for _, c := range a {
		opposite := sign(c.key, true)
		if slices.ContainsFunc(b, func(o condition) bool { return o.key == opposite || sign(o.key, true) == c.key }) {
			return true
		}
	}
	return false
}

// foreign says of a name with the digest of an image that it is not a name of the
// image: a signature is found under the name that was signed alone.
func (l *linker) foreign(g *group, n name) bool {
	if n.repo == "" || strings.Contains(n.repo, "${") || len(l.repos[n.repo]) > maxOther {
		return false
	}
	if slices.ContainsFunc(l.repos[n.repo], func(other *group) bool { return other.root() == g }) {
		return false
	}
	known := false
	for _, d := range slices.Concat(g.builds, g.pushes) {
		for _, have := range d.images {
			if strings.Contains(have.repo, "${") || have.repo == "" && have.file == "" {
				return false
			}
			known = known || have.repo != ""
		}
	}
	return known
}
