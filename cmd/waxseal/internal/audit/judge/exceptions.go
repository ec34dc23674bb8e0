package judge

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
)

// exception is one of the parameters, or one that was attested.
type exception struct {
	ID      string
	Owner   string
	Reason  string
	Expires string
	// An exemption has no id: it is called by what it is for.
	Images, Files, Namespaces []string
	Namespace                 string
}

// exceptionsOf are the exceptions of the parameters and those that were attested,
// and whether images make use of them. What notes of the policy say decides.
func exceptionsOf(s Settings, facts Facts, notes []report.Finding, now time.Time) ([]report.Exception, error) {
	var out []report.Exception
	for policy := range s.Parameters {
		var p struct{ Exceptions, Exempt []exception }
		list, _ := s.parametersOf(policy)["exceptions"].([]any)
		exempt, _ := s.parametersOf(policy)["exempt"].([]any)
		if err := into(map[string]any{"exceptions": objects(list), "exempt": objects(exempt)}, &p); err != nil {
			return nil, err
		}
		for _, e := range append(p.Exceptions, p.Exempt...) {
			out = append(out, e.in(policy))
		}
	}
	for _, f := range facts {
		for _, e := range f.attested {
			out = append(out, e.in(scans))
		}
	}
	out = distinct(out)
	for i := range out {
		out[i].Images = users(out[i], facts)
		switch end, known := endOf(out[i].Expires); {
		case known && !now.Before(end):
			out[i].State = "expired"
		case out[i].Images > 0 || slices.ContainsFunc(notes, func(n report.Finding) bool { return exempts(n, out[i]) }):
			out[i].State = "used"
		default:
			out[i].State = "unused"
		}
	}
	slices.SortFunc(out, func(a, b report.Exception) int {
		return cmp.Or(cmp.Compare(a.Policy, b.Policy), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Expires, b.Expires), cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.Reason, b.Reason))
	})
	return out, nil
}

// objects leaves out what is no object: the policy says so itself.
func objects(list []any) []any {
	return slices.DeleteFunc(slices.Clone(list), func(item any) bool {
		_, isObject := item.(map[string]any)
		return !isObject
	})
}

func (e exception) in(policy string) report.Exception {
	of := strings.Join(slices.Concat(e.Images, e.Files, e.Namespaces), ", ")
	return report.Exception{ID: cmp.Or(e.ID, of, e.Namespace), Policy: policy, Owner: e.Owner, Reason: e.Reason, Expires: e.Expires}
}

// users counts the images that an exception lets pass.
func users(e report.Exception, facts Facts) (n int) {
	for _, f := range facts {
		if slices.ContainsFunc(f.notes, func(note said) bool { return uses(note, e) }) {
			n++
		}
	}
	return n
}

// uses says whether a note says that an exception was used.
func uses(note said, e report.Exception) bool {
	return note.Policy == e.Policy && strings.HasSuffix(note.Code, ".excepted") &&
		strings.Contains(note.Msg, " is excepted until "+e.Expires+" (owner "+e.Owner+",") && names(note.Msg, e.ID)
}

// exempts says whether a note says that an exemption was used.
func exempts(note report.Finding, e report.Exception) bool {
	return note.Policy == e.Policy &&
		(strings.HasSuffix(note.Code, ".exempted") && strings.Contains(note.Msg, e.Owner+" has it exempt until "+e.Expires+": "+e.Reason) ||
			strings.HasSuffix(note.Code, ".exempt") && strings.Contains(note.Msg, "(exempt: "+e.Reason+")"))
}

// endOf is when a day that is the end of something is over, or the point in time.
func endOf(text string) (time.Time, bool) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.AddDate(0, 0, 1), true
	}
	at, err := time.Parse(time.RFC3339, text)
	return at, err == nil
}
