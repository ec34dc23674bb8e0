// Package parameters checks what a waxseal.yaml says to the policies, before
// anything is judged: a misspelt parameter is the operator's mistake, and the
// answer is to refuse to start, with the line.
//
// What a parameter may be stands in the JSON Schema of its policy, the same that
// documents and editors read; what no schema can say, because it depends on the
// rest of the file, stands in names.go. The policies refuse the same things once
// more (<policy>.parameters), for hosts whose parameters are nobody's file.
package parameters

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/bundles"
)

// Load reads the waxseal.yaml at path, its policies and their parameters
// included. It is how what judges by this file loads it; what has the parameters
// from elsewhere, as Gatekeeper has them from constraints, uses [config.Load]. No
// policy at all is a problem. The error is a [*config.Error] with everything
// that is wrong.
func Load(path string) (*config.Config, error) { return LoadWith(path, nil) }

// LoadWith is [Load] where there are policies of one's own beside the library's.
func LoadWith(path string, own bundles.Own) (*config.Config, error) {
	return config.Load(path, named, With(own))
}

// named wants a policy: without one, nothing would be judged.
func named(cfg *config.Config) ([]config.Problem, error) {
	if len(cfg.Policies) > 0 {
		return nil, nil
	}
	return []config.Problem{cfg.Problem("policies", "none is on; name at least one with its parameters, or nothing is judged")}, nil
}

// Problems returns what is wrong with the policies of a configuration: names
// that are no policy, parameters that do not fit, and names of keys, trust roots
// and certificates that the configuration does not hold.
func Problems(cfg *config.Config) ([]config.Problem, error) { return problems(cfg, nil) }

// With is [Problems] where there are policies of one's own beside the library's.
func With(own bundles.Own) func(*config.Config) ([]config.Problem, error) {
	return func(cfg *config.Config) ([]config.Problem, error) { return problems(cfg, own) }
}

// Schemas says whether the parameters.json of policies of one's own are JSON Schemas.
func Schemas(own bundles.Own) error {
	for _, name := range slices.Sorted(maps.Keys(own)) {
		if _, err := schemaOf(name, own); err != nil {
			return fmt.Errorf("%s/parameters.json: %w", name, err)
		}
	}
	return nil
}

func problems(cfg *config.Config, own bundles.Own) ([]config.Problem, error) {
	known, err := bundles.Policies()
	if err != nil {
		return nil, err
	}
	known = slices.AppendSeq(known, maps.Keys(own))
	var out []config.Problem
	for _, name := range slices.Sorted(maps.Keys(cfg.Policies)) {
		at := config.Join("policies", name)
		value, isObject := cfg.Policies[name].(map[string]any)
		switch {
		case !slices.Contains(known, name):
			out = append(out, cfg.Problem(at, "no policy has this name%s", hint(name, known)))
			continue
		case !isObject: // said already
			continue
		}
		s, err := schemaOf(name, own)
		if err != nil && own[name].Parameters != nil {
			return nil, fmt.Errorf("parameters.json of %s: %w", name, err)
		}
		if err != nil {
			return nil, fmt.Errorf("parameters.json of %s: %w: this is a bug in Waxseal, please report it", name, err)
		}
		report := func(path, text string) { out = append(out, cfg.Problem(path, "%s", text)) }
		s.check(value, at, report)
		checkNames(cfg, value, at, report)
	}
	return out, nil
}

// reporter takes a problem and its place.
type reporter func(path, text string)

// hint helps with a name that is not one of those that are known.
func hint(name string, known []string) string {
	if s := config.Suggest(name, known); s != "" {
		return s
	}
	if len(known) == 0 {
		return "; there are none"
	}
	return "; there are " + strings.Join(slices.Sorted(slices.Values(known)), ", ")
}

// reason returns the cause of an error without what led to it: the place is said
// by the line.
func reason(err error) string {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err.Error()
}
