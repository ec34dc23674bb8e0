package pipeline

import (
	"slices"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// rename gives images the names that tags and copies give them. A name may come
// before what it is the name of is known, so it goes on while it finds any.
func (l *linker) rename(all []*deed) {
	done := map[*deed]bool{}
	for range 10 {
		more := false
		for _, d := range all {
			if done[d] || len(d.from) == 0 || d.Kind != model.Tag && d.Kind != model.Copy && d.Kind != model.Push {
				continue
			}
			if g := l.source(d); g != nil {
				done[d], more = true, true
				l.named(d, g)
			}
		}
		if !more {
			return
		}
	}
}

// source returns the image that a deed names anew.
func (l *linker) source(d *deed) *group {
	for _, n := range d.from {
		if g, _, level := l.find(n); level > 0 {
			return g
		}
	}
	if composed(d) { // the parts have no names, or none that is known: those of this repository are
		for _, n := range d.images {
			if g := l.onlyOf(n.repo); g != nil {
				return g
			}
		}
	}
	return nil
}

func (l *linker) named(d *deed, g *group) {
	for _, s := range d.Digests {
		g = l.claim("digest "+s, g)
	}
	for _, f := range d.Files {
		if f = cleanFile(f); f != "" {
			g = l.claim("file "+f, g)
		}
	}
	l.names(d.images, g)
	g = g.root()
	if composed(d) {
		l.compose(d, g)
		g = g.root()
	}
	if d.Kind != model.Tag && uploads(d) && !slices.Contains(g.pushes, d) {
		g.pushes = append(g.pushes, d)
	}
}

// uploads says whether a copy ends in a registry.
func uploads(d *deed) bool {
	return d.Pushes || slices.ContainsFunc(d.Images, func(r model.Ref) bool { return r.By != model.ByFile })
}

// onlyOf returns the image of a repository, if the pipeline builds one.
func (l *linker) onlyOf(repo string) *group {
	if repo == "" || unclear(repo) {
		return nil
	}
	var only *group
	for _, g := range l.repos[repo] {
		if only != nil && only != g.root() {
			return nil
		}
		only = g.root()
	}
	return only
}
