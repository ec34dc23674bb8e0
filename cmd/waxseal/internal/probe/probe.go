// Package probe tries Pods at a cluster's API server by dry runs, and says which
// are refused, and by what. It is the command `waxseal probe`, and what an audit
// calls.
//
// Nothing is made: every request is a dry run of the server (dryRun=All), and
// afterwards it is looked whether something stays behind.
package probe

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/waxseal/waxseal/builtins/audit"
)

// What is expected of a probe, and what comes of it.
const (
	Refused  = "refused"
	Admitted = "admitted"
	Failed   = "error" // nobody can tell
)

// The names of the probes that everybody makes.
const (
	Unsigned   = "unsigned"
	Unscanned  = "unscanned"
	Unapproved = "unapproved_registry"
	Acceptable = "acceptable"
)

// Spec is an image to try.
type Spec struct {
	Name     string
	Image    string
	Expected string // [Refused] or [Admitted]
	// Rule is what has to refuse it: a code of Waxseal, the beginning of one
	// (signed_images), or the name of a rule or webhook of another system. "" is any.
	Rule string
}

// Images are those of the probes that everybody makes. One without an image is
// not tried, and is listed as missing.
type Images struct {
	Unsigned   string // in an approved registry, and not signed
	Unscanned  string // in an approved registry, and without a scan report
	Unapproved string // in another registry. The default names a host that cannot exist
	Acceptable string // that has to be admitted
}

// Config says what is tried.
type Config struct {
	Namespaces []string // The default is default.
	Images     Images
	// Repository is an approved one: where no image is given for them, the unsigned
	// and the unscanned image are a digest in it that nobody has made, and so nobody
	// has signed or scanned.
	Repository string
	More       []Spec
	// Rules say by the names of probes what has to refuse them, in place of the
	// rules of Waxseal; "" is any.
	Rules map[string]string
	// Timeout bounds each request. The default is 30 seconds, as webhooks have no more.
	Timeout time.Duration
	Now     func() time.Time // The default is [time.Now].
}

const (
	// nobody is a digest of which there is no image.
	nobody = "@sha256:00000000000000000000000000007761787365616c2d70726f62650000000000"
	// NoHost is an image of a registry that cannot exist (RFC 2606), and so that
	// nobody has approved.
	NoHost = "unapproved.invalid/waxseal/probe" + nobody
	// maxProbes bounds what one run tries.
	maxProbes = 500
)

// Specs returns what is tried in each namespace: the probes that everybody makes
// and have an image, then the others.
func (c *Config) Specs() ([]Spec, error) {
	made := ""
	if c.Repository != "" {
		made = c.Repository + nobody
	}
	all := []Spec{
		{Unsigned, cmp.Or(c.Images.Unsigned, made), Refused, "signed_images.unsigned"},
		{Unscanned, cmp.Or(c.Images.Unscanned, made), Refused, "scanned_images.no_report"},
		{Unapproved, cmp.Or(c.Images.Unapproved, NoHost), Refused, "allowed_registries.not_allowed"},
		{Acceptable, c.Images.Acceptable, Admitted, ""},
	}
	all = slices.DeleteFunc(all, func(s Spec) bool { return s.Image == "" })
	for _, s := range c.More {
		s.Expected = cmp.Or(s.Expected, Refused)
		at := slices.IndexFunc(all, func(have Spec) bool { return have.Name == s.Name })
		switch {
		case s.Name == "" || s.Image == "":
			return nil, fmt.Errorf("probe %q: it needs a name and an image", s.Name)
		case s.Expected != Refused && s.Expected != Admitted:
			return nil, fmt.Errorf("probe %q: expected has to be %s or %s", s.Name, Refused, Admitted)
		case s.Expected == Admitted && s.Rule != "":
			return nil, fmt.Errorf("probe %q: a rule refuses, and it is expected to be admitted", s.Name)
		case at >= 0:
			return nil, fmt.Errorf("probe %q: there are two of this name", s.Name)
		}
		all = append(all, s)
	}
	if err := c.ruled(all); err != nil {
		return nil, err
	}
	if n := len(all) * max(1, len(c.Namespaces)); n > maxProbes {
		return nil, fmt.Errorf("%d probes in all: more than %d are not tried at once", n, maxProbes)
	}
	for i := range all {
		if strings.ContainsAny(all[i].Image, " \t\r\n") {
			return nil, errors.New("probe " + all[i].Name + ": the image holds white space")
		}
	}
	return all, nil
}

// ruled gives the probes the rules that are named for them.
func (c *Config) ruled(all []Spec) error {
	for _, name := range slices.Sorted(maps.Keys(c.Rules)) {
		at := slices.IndexFunc(all, func(s Spec) bool { return s.Name == name })
		switch {
		case at < 0:
			return fmt.Errorf("rule of probe %q: no probe of this name is tried", name)
		case all[at].Expected == Admitted && c.Rules[name] != "":
			return fmt.Errorf("probe %q: a rule refuses, and it is expected to be admitted", name)
		}
		all[at].Rule = c.Rules[name]
	}
	return nil
}

// Untried returns the probes of table A that have no image, as what is missing.
func (c *Config) Untried(cluster string) []audit.Missing {
	missing := []audit.Missing{}
	for name, image := range map[string]string{Unscanned: c.Images.Unscanned, Unsigned: c.Images.Unsigned} {
		given := slices.ContainsFunc(c.More, func(s Spec) bool { return s.Name == name })
		if image == "" && c.Repository == "" && !given {
			missing = append(missing, audit.Missing{Part: "probe", Name: strings.TrimPrefix(cluster+"/"+name, "/"), Rests: "probes",
				Why: "no image is named to try it with: name one, or a repository of an approved registry"})
		}
	}
	sortMissing(missing)
	return missing
}

func sortMissing(missing []audit.Missing) {
	slices.SortFunc(missing, func(a, b audit.Missing) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Why, b.Why)) })
}
