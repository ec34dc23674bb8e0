package page

import (
	"cmp"
	"strings"

	"github.com/waxseal/waxseal/builtins/audit"
)

// logRows are the rows of the logs by what they mean.
type logRows struct {
	Rejections []rejection
	Bypasses   []audit.Admission // let in although unsigned or from elsewhere
	Exempted   []audit.Admission // let in by an exemption, or by a rule that only warns
	Untold     []audit.Admission // of which nobody can tell
	Rest       []audit.Admission
}

type rejection struct {
	audit.Rejection
	Policy  string
	Denied  bool
	Verdict string
}

func newLogRows(l audit.Logs) logRows {
	var out logRows
	for _, r := range l.Rejections {
		row := rejection{Rejection: r, Policy: policyOf(r.Rule), Denied: denied(r), Verdict: "denied"}
		if !row.Denied {
			row.Verdict = "admitted"
		}
		out.Rejections = append(out.Rejections, row)
	}
	for _, a := range l.Admissions {
		switch {
		case a.Signed == audit.No || a.Allowed == audit.No:
			out.Bypasses = append(out.Bypasses, a)
		case a.How == "exempted" || a.How == "warned" || a.How == "dryrun":
			out.Exempted = append(out.Exempted, a)
		case a.Signed == audit.CannotTell || a.Allowed == audit.CannotTell:
			out.Untold = append(out.Untold, a)
		default:
			out.Rest = append(out.Rest, a)
		}
	}
	return out
}

// policyOf returns the policy of a code of ours, and the rule itself of another's.
func policyOf(rule string) string {
	policy, _, _ := strings.Cut(rule, ".")
	return cmp.Or(policy, rule)
}
