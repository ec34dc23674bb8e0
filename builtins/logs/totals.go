package logs

import (
	"cmp"
	"slices"

	"github.com/waxseal/waxseal/builtins/audit"
)

// Total adds up the rejections of one name, by what was done.
type Total struct {
	Name                          string
	Denied, Warned, Dryrun, Audit int
}

// ByRule adds up by rule, most denials first, then by name, as the others but [ByDay]
// do. The same denial counts once for each source that tells of it.
func ByRule(l audit.Logs) []Total {
	return most(l, func(r audit.Rejection) string { return r.Rule })
}

// ByRegistry adds up by registry, "" where it is not known.
func ByRegistry(l audit.Logs) []Total {
	return most(l, func(r audit.Rejection) string { return r.Registry })
}

// ByNamespace adds up by namespace.
func ByNamespace(l audit.Logs) []Total {
	return most(l, func(r audit.Rejection) string { return r.Namespace })
}

// ByUser adds up by user.
func ByUser(l audit.Logs) []Total {
	return most(l, func(r audit.Rejection) string { return r.User })
}

// BySystem adds up by what refused.
func BySystem(l audit.Logs) []Total {
	return most(l, func(r audit.Rejection) string { return r.System })
}

// ByDay adds up by day, in the order of time. Days of which there is nothing are left
// out.
func ByDay(l audit.Logs) []Total {
	out := add(l, func(r audit.Rejection) string { return r.Day })
	slices.SortFunc(out, func(a, b Total) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func most(l audit.Logs, name func(audit.Rejection) string) []Total {
	out := add(l, name)
	slices.SortFunc(out, func(a, b Total) int {
		return cmp.Or(cmp.Compare(b.Denied, a.Denied), cmp.Compare(b.Warned+b.Dryrun, a.Warned+a.Dryrun), cmp.Compare(a.Name, b.Name))
	})
	return out
}

func add(l audit.Logs, name func(audit.Rejection) string) []Total {
	out, at := []Total{}, map[string]int{}
	for _, r := range l.Rejections {
		i, there := at[name(r)]
		if !there {
			i = len(out)
			at[name(r)] = i
			out = append(out, Total{Name: name(r)})
		}
		switch r.Action {
		case "deny":
			out[i].Denied += r.Count
		case "warn":
			out[i].Warned += r.Count
		case "dryrun":
			out[i].Dryrun += r.Count
		case "audit":
			out[i].Audit += r.Count
		}
	}
	return out
}
