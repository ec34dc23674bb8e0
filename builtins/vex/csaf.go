package vex

import (
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
)

const opCSAF = "read csaf document"

// csaf is the part of the Common Security Advisory Framework 2.0 and 2.1 that
// its profile VEX is written in (section 4.5 of the specification).
type csaf struct {
	Document struct {
		Category  string `json:"category"`
		Version   string `json:"csaf_version"`
		Publisher struct {
			Name string `json:"name"`
		} `json:"publisher"`
		Tracking struct {
			ID      string `json:"id"`
			Version string `json:"version"`
			Status  string `json:"status"`
			Initial string `json:"initial_release_date"`
			Current string `json:"current_release_date"`
		} `json:"tracking"`
	} `json:"document"`
	Tree            csafTree            `json:"product_tree"`
	Vulnerabilities []csafVulnerability `json:"vulnerabilities"`
}

type csafVulnerability struct {
	CVE string `json:"cve"`
	IDs []struct {
		Text string `json:"text"`
	} `json:"ids"`
	Status       csafStatus  `json:"product_status"`
	Flags        []csafAbout `json:"flags"`
	Threats      []csafAbout `json:"threats"`
	Remediations []csafAbout `json:"remediations"`
}

// csafStatus has more lists, which say nothing of a status: what is recommended, say.
type csafStatus struct {
	FirstAffected      []string `json:"first_affected"`
	FirstFixed         []string `json:"first_fixed"`
	Fixed              []string `json:"fixed"`
	KnownAffected      []string `json:"known_affected"`
	KnownNotAffected   []string `json:"known_not_affected"`
	LastAffected       []string `json:"last_affected"`
	UnderInvestigation []string `json:"under_investigation"`
}

// csafAbout is a flag, a threat or a remediation.
type csafAbout struct {
	Label    string   `json:"label"`
	Category string   `json:"category"`
	Details  string   `json:"details"`
	Products []string `json:"product_ids"`
	Groups   []string `json:"group_ids"`
}

func readCSAF(document []byte) (Document, error) {
	var doc csaf
	if err := decode(opCSAF, document, &doc); err != nil {
		return Document{}, err
	}
	d := doc.Document
	switch {
	case d.Category != "csaf_vex":
		return Document{}, fault.Newf(fault.Unsupported, opCSAF, "document.category", "%.60q, and csaf_vex is the one of VEX: %w", d.Category, ErrNoVEX)
	case d.Version != "2.0" && d.Version != "2.1":
		return Document{}, fault.Newf(fault.Unsupported, opCSAF, "document.csaf_version", "%.20q; 2.0 and 2.1 are read", d.Version)
	case d.Tracking.Status != "final" && d.Tracking.Status != "interim":
		return Document{}, fault.Newf(fault.Unsupported, opCSAF, "document.tracking.status", "%.20q: only what is final or interim is read", d.Tracking.Status)
	case len(doc.Vulnerabilities) == 0:
		return Document{}, fault.Newf(fault.Malformed, opCSAF, "vulnerabilities", "missing or empty")
	}
	out := Document{Format: CSAF, ID: d.Tracking.ID, Version: d.Tracking.Version, Author: d.Publisher.Name}
	var err error
	if out.Timestamp, out.LastUpdated, err = parseTimes(opCSAF, "document", d.Tracking.Initial, d.Tracking.Current); err != nil {
		return Document{}, err
	}
	products, err := doc.Tree.products()
	if err != nil {
		return Document{}, err
	}
	reader := csafReader{products: products, groups: doc.Tree.groups(), budget: MaxProducts}
	for _, v := range doc.Vulnerabilities {
		statements, err := reader.statements(v)
		if err != nil {
			return Document{}, err
		}
		out.Statements = append(out.Statements, statements...)
	}
	return out, nil
}

// csafReader reads the vulnerabilities of one document. The budget bounds how
// often groups are expanded: a few bytes may name many products.
type csafReader struct {
	products map[string]Product
	groups   map[string][]string
	budget   int
}

func (r *csafReader) statements(v csafVulnerability) ([]Statement, error) {
	base := Statement{Vulnerability: v.CVE}
	for _, id := range v.IDs {
		base.Aliases = append(base.Aliases, id.Text)
	}
	if base.Vulnerability == "" && len(base.Aliases) > 0 {
		base.Vulnerability = base.Aliases[0]
	}
	about, err := r.about(v)
	if err != nil {
		return nil, err
	}
	s := v.Status
	var out grouped
	for _, list := range []struct {
		status Status
		ids    []string
	}{
		{Affected, slices.Concat(s.KnownAffected, s.FirstAffected, s.LastAffected)},
		{UnderInvestigation, s.UnderInvestigation},
		{Fixed, slices.Concat(s.Fixed, s.FirstFixed)},
		{NotAffected, s.KnownNotAffected},
	} {
		for _, id := range list.ids {
			product, known := r.products[id]
			if !known {
				return nil, fault.Newf(fault.Malformed, opCSAF, "product_status", "no product has the id %.100q", id)
			}
			out.add(base, list.status, about[id], product)
		}
	}
	return out.statements, nil
}

// said is what a vulnerability says about one product beside its status.
type said struct {
	justifications []string
	impact, action string
}

func (r *csafReader) about(v csafVulnerability) (map[string]said, error) {
	out := map[string]said{}
	note := func(list []csafAbout, wanted func(csafAbout) bool, write func(*said, csafAbout)) error {
		for _, a := range list {
			if !wanted(a) {
				continue
			}
			ids, err := r.expand(a)
			if err != nil {
				return err
			}
			for _, id := range ids {
				s := out[id]
				write(&s, a)
				out[id] = s
			}
		}
		return nil
	}
	for _, f := range v.Flags {
		if !slices.Contains(openVEXJustifications, f.Label) {
			return nil, fault.Newf(fault.Malformed, opCSAF, "flags", "%.60q is no label", f.Label)
		}
	}
	always := func(csafAbout) bool { return true }
	impact := func(a csafAbout) bool { return a.Category == "impact" }
	if err := note(v.Flags, always, func(s *said, a csafAbout) { s.justifications = append(s.justifications, a.Label) }); err != nil {
		return nil, err
	}
	if err := note(v.Threats, impact, func(s *said, a csafAbout) { s.impact = first(s.impact, a.Details) }); err != nil {
		return nil, err
	}
	return out, note(v.Remediations, always, func(s *said, a csafAbout) { s.action = first(s.action, a.Details) })
}

func first(have, more string) string {
	if have != "" {
		return have
	}
	return strings.TrimSpace(more)
}

func (r *csafReader) expand(a csafAbout) ([]string, error) {
	ids := slices.Clone(a.Products)
	for _, group := range a.Groups {
		members, known := r.groups[group]
		if !known {
			return nil, fault.Newf(fault.Malformed, opCSAF, "group_ids", "no group has the id %.100q", group)
		}
		if r.budget -= len(members); r.budget < 0 {
			return nil, fault.Newf(fault.TooLarge, opCSAF, "group_ids", "the groups name more than %d products", MaxProducts)
		}
		ids = append(ids, members...)
	}
	return ids, nil
}

// grouped collects statements: products of which the same is said share one.
type grouped struct {
	statements []Statement
	places     map[[4]string]int
}

// add adds a product, once for each justification that was given for it.
func (g *grouped) add(base Statement, status Status, about said, product Product) {
	justifications := about.justifications
	if len(justifications) == 0 || status != NotAffected {
		justifications = []string{""}
	}
	for _, j := range slices.Compact(slices.Sorted(slices.Values(justifications))) {
		key := [4]string{string(status), j, about.impact, about.action}
		at, known := g.places[key]
		if !known {
			if g.places == nil {
				g.places = map[[4]string]int{}
			}
			at = len(g.statements)
			g.places[key] = at
			s := base
			s.Status, s.Justification, s.Impact, s.Action = status, j, about.impact, about.action
			g.statements = append(g.statements, s)
		}
		g.statements[at].Products = append(g.statements[at].Products, product)
	}
}
