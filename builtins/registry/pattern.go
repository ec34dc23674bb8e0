package registry

import (
	"regexp"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
)

// Pattern names repositories as the patterns of policies do: host/path, where a
// star stands for any characters of one segment, and a last segment of two stars
// for one or more segments. A host alone is everything in that registry.
type Pattern struct{ form *regexp.Regexp }

var (
	patternHost    = regexp.MustCompile(`\A(?:\*|localhost|[A-Za-z0-9*-]*[.:][A-Za-z0-9.:*-]*|\[[A-Fa-f0-9:]+\](?::[0-9]+)?)\z`)
	patternSegment = regexp.MustCompile(`\A[a-z0-9._*-]+\z`)
)

// ParsePattern reads a pattern.
func ParsePattern(text string) (Pattern, error) {
	refuse := func() (Pattern, error) {
		return Pattern{}, fault.Newf(fault.InvalidRequest, "parse pattern", clip(text), "write host/path, with * for any characters of one segment and a last ** for the rest")
	}
	if text == "*" || text == "**" {
		return Pattern{regexp.MustCompile(``)}, nil
	}
	host, path, below := strings.Cut(text, "/")
	if len(text) > maxReference || !patternHost.MatchString(host) || strings.Contains(host, "**") {
		return refuse()
	}
	form := `\A` + stars(patternRegistry(host)) + `/`
	switch {
	case !below:
		return compilePattern(form + `.+\z`)
	case patternRegistry(host) == dockerHub && !strings.Contains(path, "/") && path != "**":
		path = "library/" + path
	}
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		last := i == len(segments)-1
		switch {
		case segment == "**" && last:
			segments[i] = `.+`
		case !patternSegment.MatchString(segment) || strings.Contains(segment, "**"):
			return refuse()
		default:
			segments[i] = stars(segment)
		}
	}
	return compilePattern(form + strings.Join(segments, "/") + `\z`)
}

func compilePattern(form string) (Pattern, error) {
	compiled, err := regexp.Compile(form)
	if err != nil {
		return Pattern{}, fault.New(fault.InvalidRequest, "parse pattern", clip(form), err)
	}
	return Pattern{compiled}, nil
}

// stars makes a regular expression of one segment.
func stars(segment string) string {
	return strings.ReplaceAll(regexp.QuoteMeta(segment), `\*`, `[^/]*`)
}

// patternRegistry is [normaliseHost] for a host that may hold stars.
func patternRegistry(host string) string {
	if !strings.Contains(host, "*") {
		return normaliseHost(host)
	}
	host = strings.ToLower(host)
	if short := strings.TrimSuffix(host, ":443"); isHost(short) {
		return short
	}
	return host
}

// Matches says whether a repository is one of those that the pattern names.
func (p Pattern) Matches(repository Repository) bool {
	return p.form != nil && p.form.MatchString(repository.String())
}
