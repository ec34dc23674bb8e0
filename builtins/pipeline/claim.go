package pipeline

import (
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// build begins an image, or adds to one that has the same name.
func (l *linker) build(d *deed) {
	g := &group{builds: []*deed{d}}
	if d.Pushes {
		g.pushes = []*deed{d}
	}
	l.groups = append(l.groups, g)
	for _, s := range d.Digests {
		g = l.claim("digest "+s, g)
	}
	for _, s := range d.Names {
		g = l.claim("symbol "+s, g)
	}
	for _, f := range d.Files {
		if f = cleanFile(f); f != "" {
			g = l.claim("file "+f, g)
		}
	}
	l.names(d.images, g)
	if composed(d) {
		l.compose(d, g.root())
	}
}

// claim says that a key is of an image. Two images with one key are one.
func (l *linker) claim(key string, g *group) *group {
	g = g.root()
	old, ok := l.keys[key]
	if !ok {
		l.keys[key] = g
		return g
	}
	return unite(old.root(), g)
}

// unite makes one image of two; the earlier one stays.
func unite(a, b *group) *group {
	if a == b {
		return a
	}
	a.builds, a.pushes = append(a.builds, b.builds...), append(a.pushes, b.pushes...)
	a.isList, a.partials = a.isList || b.isList, append(a.partials, b.partials...)
	b.merged = a
	return a
}

// names claims all names for an image.
func (l *linker) names(all []name, g *group) {
	for _, n := range all {
		switch {
		case n.file != "":
			g = l.claim("file "+n.file, g)
		case n.text != "" && !unclear(n.text):
			g = l.claim("text "+n.text, g)
		}
		l.ofRepository(n.repo, g.root())
	}
}

// ofRepository remembers the images of a repository. Beyond some of them nobody
// asks which one is meant.
func (l *linker) ofRepository(repo string, g *group) {
	if repo == "" || unclear(repo) || len(l.repos[repo]) > maxOther || slices.Contains(l.repos[repo], g) {
		return
	}
	l.repos[repo] = append(l.repos[repo], g)
}

// composed says whether a deed makes one image of several: a manifest list.
func composed(d *deed) bool {
	switch {
	case len(d.from) == 0:
		return false
	case len(d.from) > 1, d.Kind == model.Build, strings.Contains(d.Tool, "manifest"):
		return true
	}
	return d.Kind == model.Copy && (d.Tool == "buildx" || d.Tool == "goreleaser") &&
		slices.ContainsFunc(d.From, func(r model.Ref) bool { return unclear(r.Text) })
}

// compose joins the images of single platforms into the list of them. What is
// done to one platform is not done to the list.
func (l *linker) compose(d *deed, g *group) {
	for _, n := range d.from {
		part, _, level := l.find(n)
		if level == 0 {
			part = l.onlyOf(n.repo)
		}
		if part == nil || part.root() == g.root() {
			continue
		}
		g = unite(part.root(), g.root())
	}
	g.isList = true
	for _, b := range g.builds {
		if b != d {
			g.partials = append(g.partials, b.Digests...)
		}
	}
}
