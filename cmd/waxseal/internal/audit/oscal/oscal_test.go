package oscal_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/oscal"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report/reporttest"
)

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	raw, err := os.ReadFile("testdata/oscal-assessment-results-1.1.2.schema.json")
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	require.NoError(t, err)
	anchored(doc)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	require.NoError(t, c.AddResource("oscal.json", doc))
	s, err := c.Compile("oscal.json")
	require.NoError(t, err)
	return s
}

// anchored moves references that stand beside an $id: draft 7 ignores an $id there,
// and the schema refers to it.
func anchored(value any) {
	switch v := value.(type) {
	case map[string]any:
		if _, named := v["$id"]; named && v["$ref"] != nil {
			v["allOf"] = []any{map[string]any{"$ref": v["$ref"]}}
			delete(v, "$ref")
		}
		for _, inner := range v {
			anchored(inner)
		}
	case []any:
		for _, inner := range v {
			anchored(inner)
		}
	}
}

func written(t *testing.T, r *report.Report) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, oscal.Write(&b, r))
	return b.String()
}

// results is as much of a document as the tests look at.
type results struct {
	Results struct {
		UUID     string
		Metadata struct {
			OSCAL   string `json:"oscal-version"`
			Parties []struct{ Name string }
		}
		ImportAP struct{ Href string } `json:"import-ap"`
		Results  []struct {
			Start, End, Remarks string
			Reviewed            struct {
				Selections []struct {
					Include []control `json:"include-controls"`
					Exclude []control `json:"exclude-controls"`
				} `json:"control-selections"`
			} `json:"reviewed-controls"`
			Observations []observation
			Risks        []struct{ UUID, Title, Status string }
			Findings     []finding
		}
		BackMatter struct {
			Resources []struct{ UUID string }
		} `json:"back-matter"`
	} `json:"assessment-results"`
}

type control struct {
	ID string `json:"control-id"`
}

type observation struct {
	UUID, Title, Description string
	Methods                  []string
	Subjects                 []struct {
		UUID string `json:"subject-uuid"`
	}
	Evidence []struct{ Href string } `json:"relevant-evidence"`
}

type finding struct {
	Target struct {
		ID     string `json:"target-id"`
		Status struct{ State, Reason, Remarks string }
	}
	Observations []struct {
		UUID string `json:"observation-uuid"`
	} `json:"related-observations"`
	Risks []struct {
		UUID string `json:"risk-uuid"`
	} `json:"related-risks"`
}

func parsed(t *testing.T, text string) (r results) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &r))
	return r
}

const hostile = " [x](https://evil.example) <b>\x1b[2J\r\n\u202e{{ insert: param, p }} "

func hostileReport() *report.Report {
	r := reporttest.Sample()
	for _, s := range []*string{
		&r.Audit.Title, &r.Audit.Tool, &r.Audit.Record, &r.Summary.Line, &r.Policy.Owner, &r.Policy.File, &r.Scope.Clusters[0].Name, &r.Scope.Missing[0].Why,
		&r.Controls[0].Title, &r.Controls[0].Answer, &r.Controls[0].ID, &r.Images[0].Ref, &r.Images[0].Digest, &r.Images[0].Evidence[0].Digests[0], &r.Images[0].Evidence[0].Request,
		&r.Findings[0].Title, &r.Findings[0].Msg, &r.Findings[0].Code, &r.Findings[0].Severity, &r.Findings[0].Remediation, &r.Findings[0].Controls[0],
	} {
		*s = hostile
	}
	return r
}

func TestSchema(t *testing.T) {
	s := schema(t)
	bare := &report.Report{Audit: report.Audit{Started: "2026-11-26T09:00:00Z", Now: "2026-11-26T09:00:00Z"}}
	noRecord := reporttest.Sample()
	noRecord.Audit.Record = ""
	for name, r := range map[string]*report.Report{"sample": reporttest.Sample(), "hostile": hostileReport(), "bare": bare, "without a record": noRecord} {
		t.Run(name, func(t *testing.T) {
			text := written(t, r)
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
			require.NoError(t, err)
			require.NoError(t, s.Validate(value))
			require.NotContains(t, text, "\x1b")
			require.NotContains(t, text, "\u202e")
			unique := map[string]bool{}
			for _, m := range regexp.MustCompile(`"uuid": "([^"]+)"`).FindAllStringSubmatch(text, -1) {
				require.False(t, unique[m[1]], "%s stands twice", m[1])
				unique[m[1]] = true
			}
			for _, m := range regexp.MustCompile(`"(?:actor|component|subject|observation|risk)-uuid": "([^"]+)"`).FindAllStringSubmatch(text, -1) {
				require.True(t, unique[m[1]], "%s is nothing in the document", m[1])
			}
		})
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(strings.Replace(written(t, reporttest.Sample()), `"target-id"`, `"target"`, 1)))
	require.NoError(t, err)
	require.Error(t, s.Validate(value), "the schema finds what is wrong")
}

// Markdown and parameters of OSCAL's text are none where others wrote them.
func TestTextIsInert(t *testing.T) {
	doc := parsed(t, written(t, hostileReport()))
	first := doc.Results.Results[0].Observations[0]
	require.Equal(t, `\[x](https://evil.example) &lt;b>\\x1b\[2J\\r\\n\\u202e\{\{ insert: param, p }}`, first.Description)
}

func TestResults(t *testing.T) {
	sample := reporttest.Sample()
	doc := parsed(t, written(t, sample)).Results
	require.Equal(t, "1.1.2", doc.Metadata.OSCAL)
	require.Equal(t, "platform team", doc.Metadata.Parties[0].Name)
	require.Equal(t, "#"+doc.BackMatter.Resources[0].UUID, doc.ImportAP.Href)
	result := doc.Results[0]
	require.Equal(t, [2]string{"2026-11-26T09:00:00Z", "2026-11-26T09:00:41Z"}, [2]string{result.Start, result.End})
	require.Contains(t, result.Remarks, "Not reached: namespace prod-eu/vault: pods is forbidden")
	require.Equal(t, []control{{"cm-14"}, {"ra-5"}, {"sr-3"}, {"sr-4"}}, result.Reviewed.Selections[0].Include)
	require.Empty(t, result.Reviewed.Selections[0].Exclude)
	require.Len(t, result.Observations, 23+12+len(sample.Findings))
	require.Len(t, result.Risks, len(sample.Findings)-2, "of two findings nobody can tell")
	require.Equal(t, "open", result.Risks[0].Status)
	image := result.Observations[23+2]
	require.Equal(t, "Image "+sample.Images[2].Ref, image.Title)
	require.Equal(t, []string{"TEST"}, image.Methods)
	require.Equal(t, "layout/blobs/sha256/"+sample.Images[2].Evidence[0].Digests[0][7:], image.Evidence[0].Href)
	require.Equal(t, []string{"EXAMINE"}, result.Observations[0].Methods)
	require.Equal(t, "cm-14_obj", result.Findings[0].Target.ID)
	require.Len(t, result.Findings[3].Risks, 2, "SR-4: unsigned and untrusted")
}

// Only what rows say is satisfied; what nobody can tell is not.
func TestStatus(t *testing.T) {
	type target struct{ state, reason string }
	row := func(id string, status report.Status, controls ...string) report.Control {
		return report.Control{ID: id, Status: status, Controls: controls, Missing: []string{"a log"}}
	}
	for name, c := range map[string]struct {
		rows     []report.Control
		answered []bool // findings about CM-14
		want     target // of CM-14; empty where it is excluded
	}{
		"pass":                  {[]report.Control{row("A1", report.Pass, "NIST-800-53:CM-14")}, nil, target{"satisfied", "pass"}},
		"pass, one not applied": {[]report.Control{row("A1", report.Pass, "NIST-800-53:CM-14"), row("A2", report.NotApplicable, "NIST-800-53:CM-14")}, nil, target{"satisfied", "pass"}},
		"fail":                  {[]report.Control{row("A1", report.Pass, "NIST-800-53:CM-14"), row("A2", report.Fail, "NIST-800-53:CM-14")}, nil, target{"not-satisfied", "fail"}},
		"inconclusive":          {[]report.Control{row("A1", report.Pass, "NIST-800-53:CM-14"), row("A2", report.Inconclusive, "NIST-800-53:CM-14")}, nil, target{"not-satisfied", "other"}},
		"fail and inconclusive": {[]report.Control{row("A1", report.Inconclusive, "NIST-800-53:CM-14"), row("A2", report.Fail, "NIST-800-53:CM-14")}, nil, target{"not-satisfied", "fail"}},
		"a finding":             {[]report.Control{row("A1", report.Pass, "NIST-800-53:CM-14")}, []bool{true}, target{"not-satisfied", "fail"}},
		"a finding, unknown":    {[]report.Control{row("A1", report.Pass, "NIST-800-53:CM-14")}, []bool{false}, target{"not-satisfied", "other"}},
		"only a finding":        {nil, []bool{true}, target{"not-satisfied", "fail"}},
		"not applicable":        {[]report.Control{row("A1", report.NotApplicable, "NIST-800-53:CM-14")}, nil, target{}},
		"another standard":      {[]report.Control{row("A1", report.Pass, "CWE:494")}, nil, target{}},
	} {
		t.Run(name, func(t *testing.T) {
			r := reporttest.Sample()
			findings := r.Findings[:len(c.answered)]
			for i, answered := range c.answered {
				findings[i].Answered = answered
				findings[i].Controls = []string{"NIST-800-53:CM-14"}
			}
			r.Controls, r.Findings, r.Images = c.rows, findings, nil
			result := parsed(t, written(t, r)).Results.Results[0]
			if c.want.state == "" {
				require.Empty(t, result.Findings)
				require.Empty(t, result.Reviewed.Selections[0].Include)
				return
			}
			require.Len(t, result.Findings, 1)
			status := result.Findings[0].Target.Status
			require.Equal(t, c.want, target{status.State, status.Reason})
			require.Equal(t, c.want.reason == "other", strings.HasPrefix(status.Remarks, "Inconclusive: a log."), status.Remarks)
		})
	}
}

func TestControlNames(t *testing.T) {
	r := reporttest.Sample()
	r.Findings, r.Images = nil, nil
	r.Controls = r.Controls[:1]
	r.Controls[0].Controls = []string{"NIST-800-53:SI-7(6)", "NIST-800-53:RA-5", "NIST-800-218:PS.2.1", "NIST-800-53:", "NIST-800-53:CM-14x"}
	require.Equal(t, []control{{"ra-5"}, {"si-7.6"}}, parsed(t, written(t, r)).Results.Results[0].Reviewed.Selections[0].Include)
}

// The same audit has the same identifiers; a later one has its own, but for what is
// the same thing.
func TestIdentifiers(t *testing.T) {
	require.Equal(t, written(t, reporttest.Sample()), written(t, reporttest.Sample()))
	later := reporttest.Sample()
	later.Audit.Started = "2026-12-26T09:00:00Z"
	one, two := parsed(t, written(t, reporttest.Sample())).Results, parsed(t, written(t, later)).Results
	require.NotEqual(t, one.UUID, two.UUID)
	require.NotEqual(t, one.Results[0].Observations[0].UUID, two.Results[0].Observations[0].UUID)
	require.Equal(t, one.Results[0].Risks[0].UUID, two.Results[0].Risks[0].UUID)
	require.Equal(t, one.Results[0].Observations[25].Subjects, two.Results[0].Observations[25].Subjects)
}

func TestTimes(t *testing.T) {
	for name, change := range map[string]func(*report.Audit){
		"start": func(a *report.Audit) { a.Started = "" }, "clock": func(a *report.Audit) { a.Now = "yesterday" }, "end": func(a *report.Audit) { a.Ended = "2026" },
	} {
		r := reporttest.Sample()
		change(&r.Audit)
		require.ErrorContains(t, oscal.Write(io.Discard, r), "OSCAL: "+name+" of the audit")
	}
	r := reporttest.Sample()
	r.Audit.Started = "2026-11-26T10:00:00+01:00"
	require.Equal(t, "2026-11-26T09:00:00Z", parsed(t, written(t, r)).Results.Results[0].Start)
}
