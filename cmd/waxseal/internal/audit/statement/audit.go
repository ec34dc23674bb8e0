package statement

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
)

// about is the predicate of the statement about an audit: what a reader wants to
// know before they read the report.
type about struct {
	Verifier verifier      `json:"verifier"`
	Time     string        `json:"timeVerified"`
	Title    string        `json:"title"`
	Period   audit.Period  `json:"period"`
	Status   report.Status `json:"status"`
	Line     string        `json:"line"`
	Controls []control     `json:"controls"`
	Counts   counts        `json:"counts"`
	Scope    scope         `json:"scope"`
	Sample   sample        `json:"sample"`
	Policy   resource      `json:"policy"`
	Bundle   string        `json:"bundle"`
	Config   string        `json:"config"`
	Record   string        `json:"record"` // digest of the record's manifest; "" for none
}

type control struct {
	ID     string        `json:"id"`
	Status report.Status `json:"status"`
}

type counts struct {
	Pods         int `json:"pods"`
	Images       int `json:"images"`
	Judged       int `json:"judged"`
	Admitted     int `json:"admitted"`
	Denied       int `json:"denied"`
	CannotTell   int `json:"cannotTell"`
	Findings     int `json:"findings"`
	Pass         int `json:"controlsPass"`
	Fail         int `json:"controlsFail"`
	Inconclusive int `json:"controlsInconclusive"`
	NotAppl      int `json:"controlsNotApplicable"`
}

type scope struct {
	Clusters     []string `json:"clusters"`
	Registries   []string `json:"registries"`
	Repositories []string `json:"repositories"`
	Logs         []string `json:"logs"`
	Missing      []string `json:"missing"` // what of it could not be read: part and name
}

type sample struct {
	Seed  int64 `json:"seed"`
	Drawn int   `json:"drawn"`
	Of    int   `json:"of"`
}

// auditStatement is about the bytes of the report, and about the record's manifest
// where there is one.
func auditStatement(r *report.Report, raw []byte, record, policy string, by By) (Statement, error) {
	sum := sha256.Sum256(raw)
	subjects := []subject{{"report.json", map[string]string{"sha256": hex.EncodeToString(sum[:])}}}
	if record != "" {
		if !digests.MatchString(record) {
			return Statement{}, fmt.Errorf("state the audit: the digest of the record is %q", record)
		}
		subjects = append(subjects, subject{"record", digestSet(record)})
	}
	text, err := wire(AuditType, aboutOf(r, record, policy, by), subjects...)
	return Statement{Type: AuditType, JSON: text, name: "report.json"}, err
}

func aboutOf(r *report.Report, record, policy string, by By) about {
	s := r.Summary
	out := about{
		Verifier: verifier{by.Verifier, map[string]string{"waxseal": r.Audit.Tool}},
		Time:     r.Audit.Now, Title: r.Audit.Title, Period: r.Audit.Period,
		Status: s.Status, Line: s.Line, Controls: []control{},
		Counts: counts{
			s.Pods, s.Images, s.Judged, s.Admitted, s.Denied, s.CannotTell, s.Findings,
			s.ControlsPass, s.ControlsFail, s.Inconclusive, s.NotAppl,
		},
		Scope:  scopeOf(r.Scope),
		Sample: sample{r.Sample.Seed, r.Sample.Drawn, r.Sample.Of},
		Policy: by.policy(policy), Bundle: r.Audit.Bundle, Config: r.Audit.Config, Record: record,
	}
	for _, c := range r.Controls {
		out.Controls = append(out.Controls, control{c.ID, c.Status})
	}
	return out
}

func scopeOf(s report.Scope) scope {
	out := scope{Clusters: []string{}, Registries: []string{}, Repositories: append([]string{}, s.Repositories...), Logs: append([]string{}, s.Logs...), Missing: []string{}}
	for _, c := range s.Clusters {
		out.Clusters = append(out.Clusters, c.Name)
	}
	for _, r := range s.Registries {
		out.Registries = append(out.Registries, r.Host)
	}
	for _, m := range s.Missing {
		out.Missing = append(out.Missing, m.Part+" "+m.Name)
	}
	return out
}
