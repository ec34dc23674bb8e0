package sbom

import (
	"fmt"
	"slices"
	"strings"

	"github.com/github/go-spdx/v2/spdxexp/spdxlicenses"
)

// Standing is how the licences of a package stand to what [LicenceRules] ask.
type Standing string

// The standings. NotAsked is that of a package of whose licences nobody asked.
const (
	NotAsked Standing = ""
	Accepted Standing = "accepted" // there is a choice of licences that are all accepted
	Refused  Standing = "refused"  // every choice holds one that is refused
	Unknown  Standing = "unknown"  // nobody can tell: no licence, a name, one that is not on the SPDX list
)

// LicenceRules say which licences are accepted: all that are on the SPDX list
// but those denied, or where Allowed is not empty only those allowed, but
// those denied. An entry is an SPDX identifier, a LicenseRef, or a pattern with
// * for any characters; one of Allowed may also be a name as documents write it.
// Case does not matter. An entry without an exception means the licence with
// one too.
type LicenceRules struct {
	Allowed, Denied []string
}

func (r LicenceRules) asked() bool { return len(r.Allowed)+len(r.Denied) > 0 }

// check refuses entries that can match nothing of the SPDX list: a denied
// licence that is misspelt would never be found.
func (r LicenceRules) check() error {
	for _, list := range []struct {
		name    string
		entries []string
	}{{"allowed", r.Allowed}, {"denied", r.Denied}} {
		for i, entry := range list.entries {
			switch {
			case strings.Trim(entry, "* ") == "":
				return fmt.Errorf("licences.%s[%d]: %q takes any licence", list.name, i, entry)
			case list.name == "denied" && !names(entry):
				return fmt.Errorf("licences.denied[%d]: %q is no licence of the SPDX list, and no LicenseRef", i, entry)
			}
		}
	}
	return nil
}

// spelled are the rules with their entries as expressions are read.
func (r LicenceRules) spelled() LicenceRules {
	out := LicenceRules{}
	for _, entry := range r.Allowed {
		out.Allowed = append(out.Allowed, spelling(entry))
	}
	for _, entry := range r.Denied {
		out.Denied = append(out.Denied, spelling(entry))
	}
	return out
}

// names says whether an entry matches an identifier that an expression can
// come to hold, or refers to a licence that only a document knows.
func names(entry string) bool {
	if strings.HasPrefix(strings.ToLower(entry), "licenseref-") || strings.HasPrefix(entry, "DocumentRef-") {
		return true
	}
	base, _, _ := strings.Cut(spelling(entry), " WITH ")
	matches := func(id string) bool { return known(id).id == id && glob(base, id) }
	if id, later := strings.CutSuffix(base, "+"); later && !strings.Contains(id, "*") {
		return known(base).known
	}
	return slices.ContainsFunc(spdxlicenses.GetLicenses(), matches) || slices.ContainsFunc(spdxlicenses.GetDeprecated(), matches)
}

// spelling writes an identifier as expressions are read, and leaves a pattern.
func spelling(entry string) string {
	if strings.Contains(entry, "*") {
		return entry
	}
	if choices, err := alternatives(entry); err == nil && len(choices) == 1 && len(choices[0]) == 1 {
		return choices[0][0].String()
	}
	return entry
}

// judge finds out how the licences of a package stand. What it declares and
// what was concluded both have to be accepted where they are given, and so has
// every name.
func (r LicenceRules) judge(l Licences) (Standing, []string) {
	standing, why := NotAsked, []string{}
	add := func(s Standing, reasons []string) {
		why = append(why, reasons...)
		if standing == NotAsked || s == Refused || standing == Accepted {
			standing = s
		}
	}
	for _, expression := range []string{l.Declared, l.Concluded} {
		if expression != "" {
			add(r.expression(expression))
		}
	}
	for _, name := range l.Names {
		add(r.name(name))
	}
	if standing == NotAsked {
		return Unknown, why
	}
	slices.Sort(why)
	return standing, slices.Compact(why)
}

// name reads a licence given by name, which often is an identifier.
func (r LicenceRules) name(name string) (Standing, []string) {
	if choices, err := alternatives(name); err == nil && !slices.ContainsFunc(choices, hasUnknown) {
		return r.expression(name)
	}
	return r.choice([]licence{{id: name}})
}

func hasUnknown(choice []licence) bool {
	return slices.ContainsFunc(choice, func(l licence) bool { return !l.known })
}

func (r LicenceRules) expression(text string) (Standing, []string) {
	choices, err := alternatives(text)
	if err != nil {
		return Unknown, []string{text[:min(len(text), 200)]}
	}
	worst, why := Refused, []string{}
	for _, choice := range choices {
		standing, reasons := r.choice(choice)
		if standing == Accepted {
			return Accepted, nil
		}
		if standing == Unknown {
			worst = Unknown
		}
		why = append(why, reasons...)
	}
	return worst, why
}

// choice judges licences that all apply.
func (r LicenceRules) choice(all []licence) (Standing, []string) {
	standing, why := Accepted, []string{}
	for _, l := range all {
		switch s := r.one(l); {
		case s == Accepted:
			continue
		case s == Refused || standing == Accepted:
			standing = s
		}
		why = append(why, l.String())
	}
	return standing, why
}

func (r LicenceRules) one(l licence) Standing {
	matches := func(entry string) bool {
		return glob(entry, l.String()) || glob(entry, l.id)
	}
	switch {
	case slices.ContainsFunc(r.Denied, matches):
		return Refused
	case slices.ContainsFunc(r.Allowed, matches):
		return Accepted
	case !l.known:
		return Unknown
	case len(r.Allowed) > 0:
		return Refused
	}
	return Accepted
}

// glob matches a text against a pattern in which * stands for any characters,
// whatever the case.
func glob(pattern, text string) bool {
	pattern, text = strings.ToLower(pattern), strings.ToLower(text)
	first, rest, starred := strings.Cut(pattern, "*")
	if !starred {
		return pattern == text
	}
	text, ok := strings.CutPrefix(text, first)
	if !ok {
		return false
	}
	parts := strings.Split(rest, "*")
	last := parts[len(parts)-1]
	for _, part := range parts[:len(parts)-1] {
		_, after, found := strings.Cut(text, part)
		if !found {
			return false
		}
		text = after
	}
	return strings.HasSuffix(text, last)
}
