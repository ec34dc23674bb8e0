package bundles_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	opa "github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/bundles"
)

// TestScansStayLinear judges reports with ten times as many findings, with
// grace and a catalogue of what is exploited as long as CISA's: it may cost
// little more than ten times as much. A rule that looks at every pair of
// findings would cost a hundred times as much, and so would a catalogue that is
// searched for every finding.
func TestScansStayLinear(t *testing.T) {
	for _, failing := range []bool{false, true} {
		t.Run(fmt.Sprintf("failing %v", failing), func(t *testing.T) {
			few, many := scansCost(t, 500, failing), scansCost(t, 5000, failing)
			t.Logf("500 findings: %.0f allocations, 5000: %.0f, %.1f times as many", few, many, many/few)
			require.Less(t, many/few, 15.0)
			require.Less(t, many, 5_000_000.0)
		})
	}
}

// scansCost is how many allocations it takes to judge one image.
func scansCost(t *testing.T, findings int, failing bool) float64 {
	image := "registry.example/team/app@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	want, now := 0, scansNow(2)
	if failing {
		want, now = 1, scansNow(9) // the grace of a week is over
	}
	query := scansQuery(t, image, findings, now)
	object := map[string]any{
		"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "web"},
		"spec": map[string]any{"containers": []any{map[string]any{"name": "app", "image": image}}},
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // what is not linear shall not take an hour to say so
	defer cancel()
	return testing.AllocsPerRun(1, func() {
		results, err := query.Eval(ctx, opa.EvalInput(map[string]any{"object": object}))
		require.NoError(t, err)
		require.Len(t, results[0].Expressions[0].Value, want)
	})
}

// scansNow is noon on a day of November 2026, in nanoseconds.
func scansNow(day int64) int64 { return (1793534400 + (day-1)*86400) * 1_000_000_000 }

func scansQuery(t *testing.T, image string, findings int, now int64) opa.PreparedEvalQuery {
	t.Helper()
	files, err := bundles.Files(bundles.Replay, []string{"scanned_images"})
	require.NoError(t, err)
	waxseal := map[string]any{
		"parameters": map[string]any{"scanned_images": scansParameters()}, "now": json.Number(strconv.FormatInt(now, 10)),
		"evidence": map[string]any{`{"fn":"scan.findings","opts":{"keys":["k"]},"ref":"` + image + `"}`: scansAnswer(image, findings)},
	}
	options := []func(*opa.Rego){
		opa.Query("data.lib.waxseal.policy.scanned_images.deny"), opa.SetRegoVersion(ast.RegoV1),
		opa.Store(inmem.NewFromObjectWithOpts(map[string]any{"waxseal": waxseal}, inmem.OptReturnASTValuesOnRead(true))),
	}
	for name, content := range files {
		options = append(options, opa.Module(name, string(content)))
	}
	query, err := opa.New(options...).PrepareForEval(t.Context())
	require.NoError(t, err)
	return query
}

func scansParameters() map[string]any {
	exploited := []any{}
	for i := range 1300 {
		exploited = append(exploited, map[string]any{"cveID": fmt.Sprintf("CVE-1999-%d", i), "dateAdded": "2026-01-01", "notes": "in the form of CISA's catalogue"})
	}
	return map[string]any{
		"authorities": []any{map[string]any{"name": "team", "images": []any{"registry.example/team/*"}, "keys": []any{"k"}}},
		"fail_on":     []any{"critical", "high"}, "max_scan_age": "52w", "max_database_age": "52w",
		"grace":           map[string]any{"critical": "7d", "high": "7d"},
		"known_exploited": map[string]any{"count": 1300, "vulnerabilities": exploited}, "fail_on_known_exploited": true,
	}
}

func scansAnswer(image string, findings int) map[string]any {
	list := []any{}
	for i := range findings {
		list = append(list, map[string]any{
			"kind": "vulnerability", "id": fmt.Sprintf("CVE-2026-%d", i), "aliases": []any{fmt.Sprintf("GHSA-%d", i)}, "severity": "high",
			"state": "fixed", "fixed_in": []any{"2"}, "suppressed": false, "package": map[string]any{"name": "p", "version": "1"},
			"published_at": "2026-11-01T00:00:00Z", "first_seen_at": "",
		})
	}
	report := map[string]any{
		"scanner": map[string]any{"name": "trivy", "version": "1"}, "format": "trivy", "predicate_type": "t", "signers": []any{},
		"scanned_at": "2026-11-01T00:00:00Z", "db_updated_at": "2026-11-01T00:00:00Z", "findings": list,
	}
	return map[string]any{"ok": true, "errors": []any{}, "ignored": []any{}, "image": map[string]any{"ref": image}, "reports": []any{report}}
}
