package pipeline

import (
	"slices"
)

// joinTests joins builds that only test with the one that pushes the same
// repository: a build with load, a scan, and then the build that pushes.
func (l *linker) joinTests() {
	for _, d := range l.groups {
		for _, n := range slices.Concat(imagesOf(d)...) {
			l.joinTest(n.repo)
		}
	}
}

func imagesOf(g *group) [][]name {
	var out [][]name
	for _, b := range g.builds {
		out = append(out, b.images)
	}
	return out
}

func (l *linker) joinTest(repo string) {
	var pushing, testing []*group
	for _, g := range l.repos[repo] {
		g = g.root()
		list := &testing
		if len(g.pushes) > 0 {
			list = &pushing
		}
		if !slices.Contains(*list, g) {
			*list = append(*list, g)
		}
	}
	if len(pushing) != 1 {
		return
	}
	for _, g := range testing {
		if before(g.main(), pushing[0].main()) {
			unite(pushing[0], g)
		}
	}
}

// before says whether a build may come before another one.
func before(a, b *deed) bool {
	if a.job == b.job {
		return a.at < b.at
	}
	return !slices.Contains(a.job.Needs, b.job.ID)
}

// push adds an upload to the image that it uploads. An image that nobody builds
// here begins with its upload.
func (l *linker) push(d *deed) {
	if !uploads(d) {
		return
	}
	hit := false
	for _, n := range d.images {
		g, _, level := l.find(n)
		if level == 0 {
			g = l.onlyOf(n.repo)
		}
		if g == nil {
			continue
		}
		hit = true
		l.pushed(d, n, g.root())
	}
	if hit || l.source(d) != nil { // rename has it
		return
	}
	g := &group{builds: []*deed{d}, pushes: []*deed{d}}
	l.groups = append(l.groups, g)
	l.pushed(d, name{}, g)
}

func (l *linker) pushed(d *deed, n name, g *group) {
	for _, s := range d.Digests {
		g = l.claim("digest "+s, g)
	}
	for _, s := range d.Names {
		g = l.claim("symbol "+s, g)
	}
	if n.text != "" || n.file != "" {
		l.names([]name{n}, g)
	} else {
		l.names(d.images, g)
	}
	if g = g.root(); !slices.Contains(g.pushes, d) {
		g.pushes = append(g.pushes, d)
	}
}
