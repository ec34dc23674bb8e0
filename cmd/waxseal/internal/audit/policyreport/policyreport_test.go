package policyreport_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/policyreport"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report/reporttest"
)

// documented is what the references of both groups say of the fields that we write.
// An API server refuses others in a server-side apply. Severities are those of the
// first version of wgpolicyk8s.io/v1alpha2, and of openreports.io/v1alpha1.
func documented(t *testing.T, group string) *jsonschema.Schema {
	t.Helper()
	severities, more := `["high", "medium", "low"]`, ""
	if group == policyreport.OpenReports {
		severities, more = `["critical", "high", "medium", "low", "info"]`, `"source": {"type": "string"},`
	}
	reference := `{"type": "object", "additionalProperties": false, "properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "namespace": {"type": "string"}, "name": {"type": "string"}}}`
	texts := `{"type": "object", "additionalProperties": {"type": "string"}}`
	text := `{"type": "object", "additionalProperties": false, "required": ["apiVersion", "kind", "metadata", "summary", "results"], "properties": {` + more + `
		"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "scope": ` + reference + `,
		"metadata": {"type": "object", "additionalProperties": false, "required": ["name", "labels"], "properties": {
			"name": {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 253}, "namespace": {"type": "string"},
			"labels": {"type": "object", "additionalProperties": {"type": "string", "pattern": "^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$", "maxLength": 63}}, "annotations": ` + texts + `}},
		"summary": {"type": "object", "additionalProperties": false, "properties": {"pass": {"type": "integer"}, "fail": {"type": "integer"}, "warn": {"type": "integer"}, "error": {"type": "integer"}, "skip": {"type": "integer"}}},
		"results": {"type": "array", "items": {"type": "object", "additionalProperties": false, "required": ["policy", "result"], "properties": {
			"source": {"type": "string"}, "policy": {"type": "string", "minLength": 1}, "rule": {"type": "string"}, "category": {"type": "string"}, "scored": {"type": "boolean"}, "message": {"type": "string"},
			"severity": {"enum": ` + severities + `}, "result": {"enum": ["pass", "fail", "warn", "error", "skip"]},
			"timestamp": {"type": "object", "additionalProperties": false, "required": ["nanos", "seconds"], "properties": {"seconds": {"type": "integer"}, "nanos": {"type": "integer"}}},
			"resources": {"type": "array", "items": ` + reference + `}, "properties": ` + texts + `}}}}}`
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("report.json", doc))
	s, err := c.Compile("report.json")
	require.NoError(t, err)
	return s
}

// object is an object as it is sent.
type object struct {
	APIVersion, Kind string
	Metadata         struct {
		Name, Namespace string
		Labels          map[string]string
		Annotations     map[string]string
	}
	Summary map[string]int
	Results []struct {
		Policy, Rule, Result, Severity, Message string
		Resources                               []map[string]string
		Properties                              map[string]string
	}
}

func sent(t *testing.T, r *report.Report, cluster, group string) (out []object) {
	t.Helper()
	objects, err := policyreport.Objects(r, cluster, group)
	require.NoError(t, err)
	schema := documented(t, group)
	for _, o := range objects {
		raw, err := json.Marshal(o)
		require.NoError(t, err)
		require.Less(t, len(raw), 600<<10, "an object has to fit etcd, with its managed fields")
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		require.NoError(t, err)
		require.NoError(t, schema.Validate(value))
		var one object
		require.NoError(t, json.Unmarshal(raw, &one))
		counted := map[string]int{"pass": 0, "fail": 0, "warn": 0, "error": 0, "skip": 0}
		for _, result := range one.Results {
			counted[result.Result]++
		}
		require.Equal(t, counted, one.Summary)
		out = append(out, one)
	}
	return out
}

func TestObjects(t *testing.T) {
	for group, kinds := range map[string][3]string{
		policyreport.OpenReports: {"openreports.io/v1alpha1", "ClusterReport", "Report"},
		policyreport.WGPolicy:    {"wgpolicyk8s.io/v1alpha2", "ClusterPolicyReport", "PolicyReport"},
	} {
		t.Run(group, func(t *testing.T) {
			all := sent(t, reporttest.Sample(), "prod-eu", group)
			require.Len(t, all, 3, "the cluster, shop and tools")
			require.Equal(t, [3]string{kinds[0], kinds[1], kinds[2]}, [3]string{all[0].APIVersion, all[0].Kind, all[1].Kind})
			require.Equal(t, []string{"", "shop", "tools"}, []string{all[0].Metadata.Namespace, all[1].Metadata.Namespace, all[2].Metadata.Namespace})
			require.Equal(t, "waxseal", all[1].Metadata.Labels["app.kubernetes.io/managed-by"])
			require.Equal(t, "prod-eu", all[1].Metadata.Annotations["waxseal.dev/cluster"])

			shop := all[1]
			require.Equal(t, map[string]int{"pass": 18, "fail": 5, "warn": 1, "error": 2, "skip": 0}, shop.Summary)
			first := shop.Results[0]
			require.Equal(t, []string{"signed_images", "signed_images.unsigned", "fail", "high"}, []string{first.Policy, first.Rule, first.Result, first.Severity})
			require.Equal(t, []map[string]string{{"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "checkout"}}, first.Resources)
			require.Equal(t, reporttest.Sample().Images[2].Digest, first.Properties["digest"])
			require.Equal(t, "NIST-800-53:CM-14 NIST-800-53:SR-4 CWE:494", first.Properties["controls"])
			critical := shop.Results[4]
			require.Equal(t, "scanned_images.findings", critical.Rule)
			if group == policyreport.OpenReports {
				require.Equal(t, "critical", critical.Severity)
			} else {
				require.Equal(t, [2]string{"high", "critical"}, [2]string{critical.Severity, critical.Properties["severity"]})
			}
		})
	}
}

func TestClusterObject(t *testing.T) {
	all := sent(t, reporttest.Sample(), "staging", policyreport.OpenReports)
	require.Len(t, all, 2, "the cluster and shop")
	rules := map[string]string{}
	for _, r := range all[0].Results {
		rules[r.Rule] = r.Result
	}
	for rule, want := range map[string]string{
		"A1": "pass", "A2": "fail", "A4": "error", "D3": "skip", "missing": "error",
		"enforcement_verifies_images.gap": "fail", "pipeline_signs_images.not_signed": "fail", "audit_keeps_keys.too_old": "fail",
	} {
		require.Equal(t, want, rules[rule], rule)
	}
	require.NotContains(t, rules, "audit_logs_show_no_bypass.admitted_unsigned", "it is about another cluster")
	require.Len(t, sent(t, reporttest.Sample(), "", policyreport.OpenReports), 5, "both clusters")
}

// Every image is in the object of its namespace, and none that is not admitted passes
// throughout.
func TestImages(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*report.Image)
		want   map[string]int
	}{
		"admitted":            {func(*report.Image) {}, map[string]int{"pass": 3}},
		"not in the sample":   {func(i *report.Image) { i.Sampled = false }, map[string]int{"skip": 1}},
		"no without finding":  {func(i *report.Image) { i.Signed = "no" }, map[string]int{"pass": 2, "fail": 1}},
		"cannot tell":         {func(i *report.Image) { i.Signed = "cannot_tell" }, map[string]int{"pass": 2, "error": 1}},
		"an unknown answer":   {func(i *report.Image) { i.Signed = "" }, map[string]int{"pass": 2, "error": 1}},
		"denied, nobody says": {func(i *report.Image) { i.Verdict = "denied" }, map[string]int{"pass": 3, "fail": 1}},
		"no verdict":          {func(i *report.Image) { i.Verdict = "" }, map[string]int{"pass": 3, "error": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			r := reporttest.Sample()
			r.Findings, r.Notes, r.Images = nil, nil, r.Images[:1]
			c.change(&r.Images[0])
			all := sent(t, r, "prod-eu", policyreport.OpenReports)
			for _, outcome := range []string{"pass", "fail", "warn", "error", "skip"} {
				require.Equal(t, c.want[outcome], all[1].Summary[outcome], outcome)
			}
		})
	}
}

func TestSplit(t *testing.T) {
	r := reporttest.Sample()
	for i := range 2000 {
		f := r.Findings[0]
		f.ID, f.Image = fmt.Sprint(i), fmt.Sprintf("registry.example/shop/%d", i)
		f.Msg = strings.Repeat("日本語", 2000)
		r.Findings = append(r.Findings, f)
	}
	all := sent(t, r, "prod-eu", policyreport.OpenReports)
	names, failed := map[string]bool{}, 0
	for _, o := range all {
		require.False(t, names[o.Metadata.Namespace+"/"+o.Metadata.Name])
		names[o.Metadata.Namespace+"/"+o.Metadata.Name] = true
		if o.Metadata.Namespace == "shop" {
			failed += o.Summary["fail"]
		}
	}
	require.Equal(t, 2005, failed, "none is left out")
	require.Greater(t, len(all), 10)
	require.True(t, names["shop/"+all[0].Metadata.Name[:len(all[0].Metadata.Name)-1]+"2"])
}

func TestHostile(t *testing.T) {
	const hostile = "\x1b[2Jx\r\n\u202e"
	r := reporttest.Sample()
	f := &r.Findings[0]
	f.Msg, f.Code, f.Severity, f.Image, f.Policy, f.Title = hostile, hostile, hostile, hostile, "", hostile
	r.Audit.Title, r.Summary.Line, r.Controls[0].Answer = hostile, hostile, hostile
	sent(t, r, "prod-eu", policyreport.OpenReports)
	var b bytes.Buffer
	require.NoError(t, policyreport.Write(&b, r, ""))
	require.NotContains(t, b.String(), "\x1b")
	require.Contains(t, b.String(), `\\x1b[2Jx\\r\\n\\u202e`)
	dec := yaml.NewDecoder(&b)
	count := 0
	for {
		var one map[string]any
		if dec.Decode(&one) != nil {
			break
		}
		count++
	}
	require.Equal(t, 5, count)
}

func TestMistakes(t *testing.T) {
	_, err := policyreport.Objects(reporttest.Sample(), "", "example.com")
	require.EqualError(t, err, `unknown API group "example.com": expected one of openreports.io, wgpolicyk8s.io`)
	_, err = policyreport.Objects(reporttest.Sample(), "prod-us", "")
	require.EqualError(t, err, `cluster "prod-us" is not in the audit`)
	r := reporttest.Sample()
	r.Audit.Now = ""
	_, err = policyreport.Objects(r, "", "")
	require.ErrorContains(t, err, "clock of the audit")
}

// Audits of different titles keep apart; one without a title has a name too.
func TestInstance(t *testing.T) {
	name := func(title string) string {
		r := reporttest.Sample()
		r.Audit.Title = title
		return sent(t, r, "staging", policyreport.OpenReports)[0].Metadata.Name
	}
	require.Equal(t, "waxseal-audit-1", name(""))
	require.Equal(t, name("a"), name("a"))
	require.NotEqual(t, name("a"), name("b"))
}
