package oscal

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
)

var nist = regexp.MustCompile(`\ANIST-800-53:([A-Z]{2}-[0-9]{1,2})(?:\(([0-9]{1,2})\))?\z`)

// controlID is a control of NIST SP 800-53 as OSCAL's catalogue names it: cm-14,
// si-7.6; "" for a control of something else.
func controlID(name string) string {
	m := nist.FindStringSubmatch(name)
	if m == nil {
		return ""
	}
	id := strings.ToLower(m[1])
	if m[2] != "" {
		id += "." + m[2]
	}
	return id
}

// controlPairs are properties with the controls of all standards.
func controlPairs(names []string) (pairs []string) {
	for _, name := range names {
		pairs = append(pairs, "control", name)
	}
	return pairs
}

// studied is what is known of a control.
type studied struct {
	rows             []report.Control
	found            []report.Finding
	pass, fail, open bool
}

// study goes through rows and findings. A finding counts against its controls also
// where no row names them; that nothing was found counts for none.
func (o *writer) study() map[string]*studied {
	all := map[string]*studied{}
	of := func(id string) *studied {
		if all[id] == nil {
			all[id] = &studied{}
		}
		return all[id]
	}
	for _, c := range o.r.Controls {
		for _, name := range c.Controls {
			if id := controlID(name); id != "" {
				s := of(id)
				s.rows = append(s.rows, c)
				s.pass = s.pass || c.Status == report.Pass
				s.fail = s.fail || c.Status == report.Fail
				s.open = s.open || c.Status != report.Pass && c.Status != report.Fail && c.Status != report.NotApplicable
			}
		}
	}
	for _, f := range o.r.Findings {
		for _, name := range f.Controls {
			if id := controlID(name); id != "" {
				s := of(id)
				s.found = append(s.found, f)
				s.fail = s.fail || f.Answered
				s.open = s.open || !f.Answered
			}
		}
	}
	return all
}

// applies says whether anything was asked of the control.
func (s *studied) applies() bool { return s.pass || s.fail || s.open }

func (s *studied) status() state {
	switch {
	case s.fail:
		return state{State: "not-satisfied", Reason: "fail"}
	case s.open:
		return state{State: "not-satisfied", Reason: "other", Remarks: "Inconclusive: " + s.lacks() + " Nobody can tell whether the control is satisfied, so it is not."}
	default:
		return state{State: "satisfied", Reason: "pass"}
	}
}

func (s *studied) lacks() string {
	var why []string
	for _, c := range s.rows {
		for _, m := range c.Missing {
			if m = text(m) + "."; !slices.Contains(why, m) {
				why = append(why, m)
			}
		}
	}
	return strings.Join(why, " ")
}

// reviewed are the controls that were looked at. Those that apply to nothing in the
// scope are excluded.
func (o *writer) reviewed() reviewed {
	s := selection{Description: "Controls of NIST SP 800-53 that the rows of the audit serve, and those that findings are about"}
	all := o.study()
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if all[id].applies() {
			s.Include = append(s.Include, selected{id})
		} else {
			s.Exclude = append(s.Exclude, selected{id})
		}
	}
	if len(s.Exclude) > 0 {
		s.Remarks = "Controls are excluded where every row that serves them is not applicable; the observations say why."
	}
	return reviewed{[]selection{s}}
}

func (o *writer) controlFindings() []finding {
	var out []finding
	all := o.study()
	for _, id := range slices.Sorted(maps.Keys(all)) {
		s := all[id]
		if !s.applies() {
			continue
		}
		name := strings.ToUpper(id)
		f := finding{
			UUID: o.id("finding/" + id), Title: "NIST SP 800-53 " + name, Description: or(s.words(), name), Props: props("rows", strings.Join(s.ids(), " ")), Origins: o.origins(),
			Target: target{"objective-id", id + "_obj", s.status()},
		}
		for _, c := range s.rows {
			f.Observations = append(f.Observations, observationRef{o.rows[c.ID]})
		}
		for _, found := range s.found {
			f.Observations = append(f.Observations, observationRef{o.findings[found.ID]})
			if found.Answered {
				f.Risks = append(f.Risks, riskRef{riskID(found)})
			}
		}
		out = append(out, f)
	}
	return out
}

func (s *studied) ids() (ids []string) {
	for _, c := range s.rows {
		ids = append(ids, c.ID)
	}
	return ids
}

// words are the answers of the rows.
func (s *studied) words() string {
	var lines []string
	for _, c := range s.rows {
		lines = append(lines, c.ID+" ("+strings.ReplaceAll(string(c.Status), "_", " ")+"): "+c.Answer)
	}
	if len(lines) == 0 {
		lines = []string{"No row of the audit serves it; findings are about it."}
	}
	return strings.Join(lines, " ")
}

func riskID(f report.Finding) string { return stable("risk/" + f.ID).String() }

// risks are the findings that rest on an answer.
func (o *writer) risks() []risk {
	var out []risk
	for _, f := range o.r.Findings {
		if !f.Answered {
			continue
		}
		one := risk{
			UUID: riskID(f), Title: or(f.Heading(), "Finding"), Description: or(f.Sentence(), "Finding"), Statement: or(f.Title, "Finding"), Status: "open",
			Props: props("finding-id", f.ID, "code", f.Code, "severity", f.Severity), Observations: []observationRef{{o.findings[f.ID]}},
		}
		if value := props("severity", f.Severity); value != nil {
			one.Character = []character{{o.origins()[0], []facet{{"severity", Namespace, value[0].Value}}}}
		}
		if todo := text(strings.Join(strings.Fields(f.Remediation), " ")); todo != "" {
			one.Remediations = []response{{o.id("remediation/" + f.ID), "recommendation", "What to do", todo}}
		}
		out = append(out, one)
	}
	return out
}
