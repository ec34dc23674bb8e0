package judge

import (
	"cmp"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// scanned is a verified scan report.
type scanned struct {
	Scanner     struct{ Name, Version string }
	DBUpdatedAt string `json:"db_updated_at"`
	ScannedAt   string `json:"scanned_at"`
	Digest      string
	Signers     []evidence.Signer
	Findings    []scanFinding

	aside map[string]bool // ids that exceptions, VEX or the scanner set aside, and the policy accepts that
}

type scanFinding struct {
	ID         string
	Severity   string
	FixedIn    []string `json:"fixed_in"`
	Suppressed bool
}

// maxWorst bounds the ids of the gravest findings.
const maxWorst = 10

// aside notes which findings the policy lets pass, by what it says about them.
func (p *proof) aside(notes []render.Violation) {
	for i := range p.reports {
		p.reports[i].aside = map[string]bool{}
		for _, f := range p.reports[i].Findings {
			for _, n := range notes {
				switch n.Code {
				case "scanned_images.suppressed":
					p.reports[i].aside[f.ID] = p.reports[i].aside[f.ID] || f.Suppressed
				case "scanned_images.excepted":
					if strings.Contains(n.Msg, ": "+f.ID+" is excepted until ") {
						p.reports[i].aside[f.ID] = true
					}
				case "scanned_images.suppressed_by_vex":
					if names(n.Msg, f.ID) {
						p.reports[i].aside[f.ID] = true
					}
				}
			}
		}
	}
}

// names says whether a text names an id, and not a longer one.
func names(text, id string) bool {
	for rest := text; ; {
		_, after, found := strings.Cut(rest, id)
		if !found {
			return false
		}
		if after == "" || !strings.ContainsAny(after[:1], "0123456789-") {
			return true
		}
		rest = after
	}
}

// newest is the summary of the newest report; of those of one time, of the worse one.
func newest(reports []scanned) *report.Scan {
	if len(reports) == 0 {
		return nil
	}
	all := make([]*report.Scan, len(reports))
	for i, r := range reports {
		all[i] = r.summary()
	}
	slices.SortFunc(all, func(a, b *report.Scan) int {
		return cmp.Or(
			cmp.Compare(b.ScannedAt, a.ScannedAt),
			cmp.Compare(b.Severities["critical"], a.Severities["critical"]), cmp.Compare(b.Severities["high"], a.Severities["high"]),
			cmp.Compare(a.Scanner, b.Scanner), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Signer, b.Signer),
		)
	})
	return all[0]
}

var severities = []string{"critical", "high", "medium", "low", "negligible", "unknown"}

func (r scanned) summary() *report.Scan {
	out := &report.Scan{
		Scanner: r.Scanner.Name, Version: r.Scanner.Version, ScannedAt: r.ScannedAt, DatabaseAt: r.DBUpdatedAt,
		Severities: map[string]int{}, Worst: []string{},
	}
	for _, severity := range severities {
		out.Severities[severity] = 0
	}
	if len(r.Signers) > 0 {
		out.Signer = cmp.Or(r.Signers[0].Key, r.Signers[0].Subject, r.Signers[0].KeyID)
	}
	var counting []scanFinding
	for _, f := range r.Findings {
		if r.aside[f.ID] {
			out.Suppressed++
			continue
		}
		if !slices.Contains(severities, f.Severity) {
			f.Severity = "unknown"
		}
		out.Severities[f.Severity]++
		if len(f.FixedIn) > 0 {
			out.Fixable++
		}
		counting = append(counting, f)
	}
	slices.SortStableFunc(counting, func(a, b scanFinding) int {
		return cmp.Or(cmp.Compare(slices.Index(severities, a.Severity), slices.Index(severities, b.Severity)), cmp.Compare(a.ID, b.ID))
	})
	for _, f := range counting {
		if len(out.Worst) < maxWorst && !slices.Contains(out.Worst, f.ID) {
			out.Worst = append(out.Worst, f.ID)
		}
	}
	return out
}
