package policy

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
)

// Describe is a configuration for people: who answers for it, which registries are
// approved, and what each rule asks for. Policies that judge pipelines, admission
// configuration and audits are on where the configuration names none of their kind.
func Describe(cfg *config.Config) (report.Policy, error) {
	library, err := Library()
	if err != nil {
		return report.Policy{}, err
	}
	out := report.Policy{
		File: cfg.File, Owner: cfg.Policy.Owner, Approver: cfg.Policy.Approver, ReviewDate: day(cfg.Policy.ReviewDate), Version: cfg.Policy.Version,
		Registries: registries(cfg.Policies), Rules: []report.Rule{}, Parameters: cfg.Parameters(),
	}
	names := slices.Collect(maps.Keys(library))
	for name := range cfg.Policies { // policies of one's own
		if _, known := library[name]; !known {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(order(a), order(b)), cmp.Compare(a, b))
	})
	for _, name := range names {
		parameters, _ := cfg.Policies[name].(map[string]any)
		out.Rules = append(out.Rules, report.Rule{
			Policy: name, Title: cmp.Or(library[name].Title, name), Words: Words(name, parameters),
			Controls: append([]string{}, library[name].Controls...), On: On(name, cfg.Policies),
		})
	}
	return out, nil
}

// On says whether a policy is on: it is named, or it is not of those that judge
// images, and none of its kind is named.
func On(policy string, policies map[string]any) bool {
	subject := bundles.SubjectOf(policy)
	if _, named := policies[policy]; named || subject == bundles.Images {
		return named
	}
	for name := range policies {
		if bundles.SubjectOf(name) == subject {
			return false
		}
	}
	return true
}

func order(policy string) int { return slices.Index(bundles.Subjects(), bundles.SubjectOf(policy)) }

func registries(policies map[string]any) []string {
	parameters, _ := policies["allowed_registries"].(map[string]any)
	return append([]string{}, texts(parameters["images"])...)
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}
