package forms_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/forms"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report/reporttest"
)

func compiled(t *testing.T, path string) *jsonschema.Schema {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("schema.json", doc))
	schema, err := c.Compile("schema.json")
	require.NoError(t, err)
	return schema
}

func TestJSON(t *testing.T) {
	schema := compiled(t, "../../../../../docs/audit.schema.json")
	text := written(t, reporttest.Sample(), "json", forms.Options{})
	var back report.Report
	require.NoError(t, json.Unmarshal([]byte(text), &back))
	require.Equal(t, reporttest.Sample().Summary, back.Summary)
	require.Equal(t, reporttest.Sample().Images, back.Images)
	require.Equal(t, report.SchemaID, back.Schema)

	for name, row := range map[string]struct {
		change func(map[string]any)
		ok     bool
	}{
		"as it is":             {func(map[string]any) {}, true},
		"a field more":         {func(m map[string]any) { m["summery"] = 1 }, false},
		"a field less":         {func(m map[string]any) { delete(m, "findings") }, false},
		"misspelt":             {func(m map[string]any) { s := m["summary"].(map[string]any); s["pod"] = s["pods"]; delete(s, "pods") }, false},
		"missing inside":       {func(m map[string]any) { delete(m["images"].([]any)[0].(map[string]any), "digest") }, false},
		"a status of its own":  {func(m map[string]any) { m["controls"].([]any)[0].(map[string]any)["status"] = "passed" }, false},
		"an answer of its own": {func(m map[string]any) { m["images"].([]any)[0].(map[string]any)["signed"] = "maybe" }, false},
		"null for a list":      {func(m map[string]any) { m["notes"] = nil }, false},
		"another version":      {func(m map[string]any) { m["version"] = json.Number("2") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
			require.NoError(t, err)
			row.change(value.(map[string]any))
			require.Equal(t, row.ok, schema.Validate(value) == nil, "%v", schema.Validate(value))
		})
	}

	var fromYAML any
	require.NoError(t, yaml.Unmarshal([]byte(written(t, reporttest.Sample(), "yaml", forms.Options{})), &fromYAML))
	again, err := json.Marshal(fromYAML)
	require.NoError(t, err)
	require.JSONEq(t, text, string(again))
}

func TestSARIF(t *testing.T) {
	type location struct {
		Physical struct {
			Artifact struct{ URI string } `json:"artifactLocation"`
			Region   struct{ StartLine int }
		} `json:"physicalLocation"`
		Logical []struct {
			Name string `json:"fullyQualifiedName"`
		} `json:"logicalLocations"`
	}
	var log struct {
		Runs []struct {
			Tool struct {
				Driver struct {
					Version string
					Rules   []struct{ ID, HelpURI string }
				}
			}
			Invocations []struct {
				ExecutionSuccessful bool
				ExitCode            int
				Notifications       []struct{ Level string } `json:"toolExecutionNotifications"`
			}
			Results []struct {
				RuleID, Kind, Level string
				Message             struct{ Text string }
				Locations           []location
			}
		}
	}
	sample := reporttest.Sample()
	require.NoError(t, json.Unmarshal([]byte(written(t, sample, "sarif", forms.Options{})), &log))
	run := log.Runs[0]
	require.Equal(t, "v0.6.0", run.Tool.Driver.Version)
	require.Equal(t, "https://github.com/waxseal/waxseal/blob/main/docs/policies/signed_images.md#unsigned", run.Tool.Driver.Rules[0].HelpURI)
	require.Len(t, run.Results, len(sample.Findings)+len(sample.Notes))
	require.Equal(t, sample.Images[2].Ref, run.Results[0].Locations[0].Logical[0].Name)
	require.Equal(t, "error", run.Results[0].Level)
	require.Equal(t, "scanned_images.unknown", run.Results[2].RuleID)
	require.Equal(t, "note", run.Results[2].Level, "nobody can tell")
	require.Regexp(t, `^Cannot tell: `, run.Results[2].Message.Text)
	pipeline := run.Results[10].Locations[0]
	require.Equal(t, ".github/workflows/release.yml", pipeline.Physical.Artifact.URI)
	require.Equal(t, 41, pipeline.Physical.Region.StartLine)
	require.Equal(t, ".github/workflows/release.yml:41", pipeline.Logical[0].Name)
	key := run.Results[12].Locations[0]
	require.Equal(t, [2]string{"Key release", ""}, [2]string{key.Logical[0].Name, key.Physical.Artifact.URI}, "a key is in no file")
	require.Equal(t, "informational", run.Results[len(run.Results)-1].Kind)
	require.False(t, run.Invocations[0].ExecutionSuccessful, "two things were not reached")
	require.Len(t, run.Invocations[0].Notifications, 2)
	require.Equal(t, 1, run.Invocations[0].ExitCode)

	sample.Scope.Missing = nil
	require.Contains(t, written(t, sample, "sarif", forms.Options{}), `"executionSuccessful": true`)
}

func TestSARIFSchema(t *testing.T) {
	path := "../../../../../../shared/data/scans/grype/grype/presenter/sarif/testdata/sarif-schema-2.1.0.json"
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		t.Skip("the schema is not at hand")
	}
	schema := compiled(t, path)
	for _, r := range []*report.Report{reporttest.Sample(), attacked(), {}} {
		log, err := jsonschema.UnmarshalJSON(strings.NewReader(written(t, r, "sarif", forms.Options{})))
		require.NoError(t, err)
		require.NoError(t, schema.Validate(log))
	}
}

func TestJUnit(t *testing.T) {
	type testcase struct {
		Name    string `xml:"name,attr"`
		Failure *struct {
			Text string `xml:",chardata"`
		} `xml:"failure"`
		Error   *struct{} `xml:"error"`
		Skipped *struct{} `xml:"skipped"`
	}
	var all struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Skipped  int `xml:"skipped,attr"`
		Suites   []struct {
			Name  string     `xml:"name,attr"`
			Cases []testcase `xml:"testcase"`
		} `xml:"testsuite"`
	}
	for _, r := range []*report.Report{reporttest.Sample(), attacked()} {
		all.Suites = nil
		require.NoError(t, xml.Unmarshal([]byte(written(t, r, "junit", forms.Options{})), &all))
		counted := [4]int{}
		for _, s := range all.Suites {
			for _, c := range s.Cases {
				counted[0]++
				for i, is := range []bool{c.Failure != nil, c.Error != nil, c.Skipped != nil} {
					if is {
						counted[i+1]++
					}
				}
			}
		}
		require.Equal(t, counted, [4]int{all.Tests, all.Failures, all.Errors, all.Skipped})
	}
	require.NoError(t, xml.Unmarshal([]byte(written(t, reporttest.Sample(), "junit", forms.Options{})), &all))
	require.Equal(t, [4]int{37, 20, 6, 1}, [4]int{all.Tests, all.Failures, all.Errors, all.Skipped}, "23 controls, 12 images, 2 not reached")
	all.Suites = all.Suites[len(all.Suites)-6:]
	require.Equal(t, "A. Scanned, signed, and pulled from a controlled registry", all.Suites[0].Name)
	require.Len(t, all.Suites[0].Cases, 8)
	require.NotNil(t, all.Suites[0].Cases[3].Error, "inconclusive is never green")
	require.NotNil(t, all.Suites[3].Cases[2].Skipped, "not applicable")
	require.Contains(t, all.Suites[4].Cases[2].Failure.Text, "[signed_images.unsigned] image \"registry.example/shop/checkout@")
	require.Equal(t, "Scope", all.Suites[5].Name)
}
