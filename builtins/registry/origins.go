package registry

import (
	"maps"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
)

// Origins say, by the place of a mirror, which place its images are judged as.
// The zero value says that every image is judged as what it is called.
type Origins struct{ list []origin } // the longest place first

type origin struct{ place, of Repository }

// NewOrigins reads a table such as {"mirror.example/dockerhub": "docker.io"}. An
// origin must not be a place that has an origin itself.
func NewOrigins(table map[string]string) (Origins, error) {
	var out Origins
	for _, text := range slices.Sorted(maps.Keys(table)) {
		place, err := ParsePlace(text)
		if err != nil {
			return out, err
		}
		of, err := ParsePlace(table[text])
		if err != nil {
			return out, err
		}
		if slices.ContainsFunc(out.list, func(o origin) bool { return o.place == place }) {
			return out, fault.Newf(fault.InvalidRequest, "configure origins", clip(text), "the same place as another entry")
		}
		out.list = append(out.list, origin{place, of})
	}
	slices.SortStableFunc(out.list, func(a, b origin) int { return len(b.place.String()) - len(a.place.String()) })
	return out, out.chained()
}

// chained refuses an origin that has one itself, as a whole or in part.
func (o Origins) chained() error {
	for _, one := range o.list {
		for _, other := range o.list {
			_, below := other.place.above(one.of)
			if _, over := one.of.above(other.place); below || over {
				return fault.Newf(fault.InvalidRequest, "configure origins", one.place.text(), "its origin %s has an origin itself, by the entry %s", one.of.text(), other.place.text())
			}
		}
	}
	return nil
}

// text is a place as it is configured.
func (r Repository) text() string { return strings.TrimSuffix(r.String(), "/") }

// Of returns the repository that r is judged as: the same name below the origin
// of the longest place that r is below, or r itself. Names are compared segment
// by segment.
func (o Origins) Of(r Repository) Repository {
	for _, one := range o.list {
		name, below := one.place.above(r)
		switch {
		case !below || name == "" && one.of.Name == "":
			continue
		case name == "":
			return normalise(one.of.Registry, one.of.Name)
		}
		at := one.of.Below(name)
		return normalise(at.Registry, at.Name)
	}
	return r
}

// above returns the name of r below a place, "" when r is the place.
func (r Repository) above(at Repository) (name string, below bool) {
	switch {
	case r.Registry != at.Registry:
		return "", false
	case r.Name == "":
		return at.Name, true
	case r.Name == at.Name:
		return "", true
	}
	return strings.CutPrefix(at.Name, r.Name+"/")
}

// JudgedAs returns the reference with the repository that it is judged as: what
// [Reference.Origin] returns from then on.
func (r Reference) JudgedAs(origins Origins) Reference {
	if of := origins.Of(r.repository); of != r.repository {
		r.origin = of
	}
	return r
}

// Origin returns the repository that the image is judged as. It is the one of
// its name, unless [Reference.JudgedAs] has said otherwise.
func (r Reference) Origin() Repository {
	if r.origin != (Repository{}) {
		return r.origin
	}
	return r.repository
}
