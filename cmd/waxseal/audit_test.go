package main

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/audit"
	reported "github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
)

var verdicts = map[string]string{"shop/web": "admitted", "shop/api": "admitted", "shop/unsigned": "denied", "shop/critical": "denied", "public/elsewhere": "denied"}

// TestAudit asserts what an audit of a cluster says, and how it says it.
func TestAudit(t *testing.T) {
	w := newAudited(t).fill(t)
	r, e := w.audit(t)
	require.Equal(t, 1, e.code, e.stderr)
	require.Equal(t, 1, r.Exit)
	require.Equal(t, verdicts, w.verdicts(r))
	s := r.Summary
	require.Equal(t, []int{9, 0, 5, 5, 2, 3, 0}, []int{s.Pods, s.Pending, s.Images, s.Judged, s.Admitted, s.Denied, s.CannotTell})
	require.Equal(t, reported.Share{Yes: 4, No: 1}, s.Signed)
	require.Equal(t, reported.Share{Yes: 4, No: 1}, s.Scanned)
	require.Equal(t, reported.Share{Yes: 4, No: 1}, s.Registry)
	require.Equal(t, reported.Fail, s.Status)
	require.True(t, strings.HasPrefix(s.Line, "4 of 5 images are signed; "), s.Line)
	codes := []string{}
	for _, f := range r.Findings {
		if f.About == "image" {
			codes = append(codes, f.Code)
		}
	}
	require.ElementsMatch(t, []string{"allowed_registries.not_allowed", "scanned_images.findings", "signed_images.unsigned"}, codes)
	require.Equal(t, []reported.ScopeCluster{{
		Name: "current", Server: w.api.URL(), Version: "v1.35.2", Namespaces: []string{}, Excluded: []string{}, Pods: 9, Images: 5,
	}}, r.Scope.Clusters)
	require.Len(t, r.Keys, 1)
	require.Equal(t, []any{"release", true, 4, 3}, []any{r.Keys[0].Name, r.Keys[0].Listed, r.Keys[0].Images, len(r.Keys[0].Trusted)}, "trusted by two policies and by Kyverno")
	for _, request := range w.api.Log() {
		require.True(t, strings.HasPrefix(request, "GET "), request)
		require.NotContains(t, request, "/secrets")
	}

	table := w.waxseal(t, "audit", "--cluster")
	require.Equal(t, 1, table.code)
	for _, text := range []string{s.Line, string(w.images["shop/unsigned"].Digest), "current/shop Deployment unsigned", "signed_images.unsigned", "CVE-2026-0002"} {
		require.Contains(t, table.stdout, text)
	}
	require.NotContains(t, table.stdout+table.stderr, "\x1b", "no terminal reads this")
	require.Equal(t, 0, w.waxseal(t, "audit", "--cluster", "--exit-zero").code)
}

// TestAuditReport asserts that a folder has all forms, and that the report in it is the
// one of the record and the one that is printed.
func TestAuditReport(t *testing.T) {
	w := newAudited(t).fill(t)
	_, e := w.audit(t, "--report", "out", "--record", "rec", "--metrics-file", "waxseal.prom")
	require.Equal(t, 1, e.code, e.stderr)
	names := []string{}
	entries, err := os.ReadDir(filepath.Join(w.dir, "out"))
	require.NoError(t, err)
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	for _, name := range []string{"report.txt", "report.json", "report.yaml", "report.html", "report.md", "report.sarif", "report.junit.xml", "report.oscal.json", "report.policyreport.yaml", "images.csv"} {
		require.Contains(t, names, name)
		require.Contains(t, w.read(t, "out/"+name), w.images["shop/unsigned"].Digest, name)
	}
	require.Equal(t, e.stdout, w.read(t, "out/report.json"))
	require.Equal(t, e.stdout, w.read(t, "rec/report.json"))
	metrics := w.read(t, "waxseal.prom")
	for _, line := range []string{`waxseal_audit_images{cluster="current",verdict="admitted"} 2`, `waxseal_audit_images{cluster="current",verdict="denied"} 3`} {
		require.Contains(t, metrics, line)
	}
	require.NoDirExists(t, filepath.Join(w.dir, "rec.part"))
}

// TestAuditIsTheSame asserts that two audits of the same world say the same.
func TestAuditIsTheSame(t *testing.T) {
	w := newAudited(t).fill(t)
	_, first := w.audit(t, "--seed", "3")
	_, second := w.audit(t, "--seed", "3")
	require.Equal(t, timeless(t, first.stdout), timeless(t, second.stdout))
}

// TestAuditSample asserts that a seed draws the same images again, and another one
// others.
func TestAuditSample(t *testing.T) {
	w := newAudited(t)
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"} {
		w.run("shop", name, 1, w.push(t, "shop/"+name, true))
	}
	drawn := func(seed string) []string {
		w.Reset()
		r, e := w.audit(t, "--sample", "5", "--seed", seed)
		require.Equal(t, []int{5, 12, 5}, []int{r.Sample.Drawn, r.Sample.Of, r.Summary.Judged}, e.stderr)
		refs := []string{}
		for _, i := range r.Images {
			if i.Sampled {
				refs = append(refs, strings.TrimPrefix(i.Repository, w.Host()+"/"))
			}
		}
		asked := []string{}
		for repository := range w.asked() {
			if repository != "" && repository != "/v2/" {
				asked = append(asked, repository)
			}
		}
		require.ElementsMatch(t, refs, asked, "only these are asked about")
		return refs
	}
	seven := drawn("7")
	require.Equal(t, seven, drawn("7"))
	require.NotEqual(t, seven, drawn("8"))
}

// missed are the parts that could not be reached, as "part name rests".
func missed(r *reported.Report) []string {
	out := []string{}
	for _, m := range r.Scope.Missing {
		out = append(out, m.Part+" "+m.Name+" "+m.Rests)
	}
	return slices.Compact(out)
}

// good has two images run that are as they should be.
func (w *audited) good(t testing.TB) *audited {
	t.Helper()
	w.run("shop", "web", 2, w.push(t, "shop/web", true))
	w.run("pay", "api", 1, w.push(t, "shop/api", true))
	return w
}

// TestAuditOfWhatCannotBeReached asserts that whatever cannot be reached is listed, and
// makes nothing better.
func TestAuditOfWhatCannotBeReached(t *testing.T) {
	whole := newAudited(t).good(t)
	before, e := whole.audit(t)
	require.Equal(t, 2, e.code, "no repository, no log, no probe: %s", e.stderr)
	require.Equal(t, reported.Pass, control(t, before, "A5").Status)
	for name, row := range map[string]struct {
		change  func(*testing.T, *audited) []string // more flags
		code    int
		missing []string
		rows    map[string]reported.Status
		judged  int
	}{
		"a namespace may not be read": {
			func(_ *testing.T, w *audited) []string {
				w.api.Refuse("/api/v1/namespaces/pay/pods", http.StatusForbidden)
				return []string{"-n", "shop", "-n", "pay"}
			}, 2, []string{"namespace current/pay images"}, map[string]reported.Status{"A5": reported.Inconclusive, "B4": reported.Inconclusive}, 1,
		},
		"Pods may not be read": {
			func(_ *testing.T, w *audited) []string {
				w.api.Refuse("/api/v1/pods", http.StatusForbidden)
				return nil
			}, 2, []string{"cluster current images"}, map[string]reported.Status{"A5": reported.Inconclusive}, 0,
		},
		"policies may not be read": {
			func(_ *testing.T, w *audited) []string {
				w.api.Refuse("/apis/kyverno.io/v1/clusterpolicies", http.StatusForbidden)
				return nil
			}, 2, []string{"cluster current enforcement"}, map[string]reported.Status{"A5": reported.Pass}, 2,
		},
		"the cluster is gone": {
			func(_ *testing.T, w *audited) []string {
				w.api.Close()
				return nil
			}, 2, []string{"cluster current images", "cluster current enforcement"}, map[string]reported.Status{"A2": reported.Inconclusive, "A5": reported.Inconclusive}, 0,
		},
		"a registry is out": {
			func(_ *testing.T, w *audited) []string {
				w.Fail("/shop/api/", http.StatusServiceUnavailable)
				return nil
			}, 2, []string{}, map[string]reported.Status{"A5": reported.Inconclusive, "A6": reported.Inconclusive}, 2,
		},
		"a log is broken": {
			func(t *testing.T, w *audited) []string {
				w.write(t, "audit.log", "\x00 no JSON\n{\n")
				return []string{"--log", "audit.log"}
			}, 2, []string{"log audit.log logs"}, map[string]reported.Status{"A7": reported.Inconclusive, "B8": reported.Inconclusive}, 2,
		},
		"a log is not there": {
			func(*testing.T, *audited) []string { return []string{"--log", "none-*.log"} },
			2, []string{"log none-*.log logs"}, map[string]reported.Status{"A7": reported.Inconclusive}, 2,
		},
		"a repository is not there": {
			func(*testing.T, *audited) []string { return []string{"--repository", "none"} },
			2, []string{"repository none pipelines"}, map[string]reported.Status{"B7": reported.Inconclusive, "C1": reported.Inconclusive}, 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newAudited(t).good(t)
			r, e := w.audit(t, row.change(t, w)...)
			require.Equal(t, row.code, e.code, e.stderr)
			require.Equal(t, row.code, r.Exit)
			for _, part := range row.missing {
				require.Contains(t, missed(r), part)
			}
			for id, status := range row.rows {
				require.Equal(t, status, control(t, r, id).Status, id)
			}
			require.Equal(t, row.judged, r.Summary.Judged)
			for _, c := range r.Controls {
				if c.Status == reported.Pass {
					require.Equal(t, reported.Pass, control(t, before, c.ID).Status, "%s is better than with everything in reach", c.ID)
				}
			}
			for _, m := range r.Scope.Missing {
				require.NotEmpty(t, m.Why)
				require.NotEqual(t, audit.Missing{}, m)
			}
		})
	}
}

// TestAuditMisuse asserts what is said of command lines that make no sense.
func TestAuditMisuse(t *testing.T) {
	w := newAudited(t)
	for name, row := range map[string]struct {
		args []string
		text []string
	}{
		"nothing to look at": {[]string{}, []string{"--cluster"}},
		"a format":           {[]string{"--cluster", "-o", "pdf"}, []string{"-o pdf: not a format; expected one of table, json"}},
		"verify alone":       {[]string{"--cluster", "--verify"}, []string{"--verify is for --offline"}},
		"resume alone":       {[]string{"--cluster", "--resume"}, []string{"--resume is for --record"}},
		"metrics alone":      {[]string{"--cluster", "--metrics", "127.0.0.1:0"}, []string{"--metrics is for --watch"}},
		"a verifier alone":   {[]string{"--cluster", "--verifier-id", "x"}, []string{"--verifier-id is about statements: ask for them with --statements, --sign or --key"}},
		"probe no cluster":   {[]string{"--manifests", ".", "--probe"}, []string{"--probe needs a cluster: name one with --cluster, --context or in audit.yaml"}},
		"apply no cluster":   {[]string{"--manifests", ".", "--apply"}, []string{"--apply needs a cluster"}},
		"offline and more":   {[]string{"--offline", "rec", "--cluster", "--seed", "1"}, []string{"--cluster: a record says already what was looked at", "--seed: a record"}},
		"offline of nothing": {[]string{"--offline", "rec"}, []string{"read the record", "audit.json is not there; expected the folder that waxseal audit --record wrote"}},
		"watch and record":   {[]string{"--cluster", "--watch", "1h", "--record", "rec"}, []string{"--record is about one audit, and --watch makes many"}},
		"watch too often":    {[]string{"--cluster", "--watch", "1s"}, []string{"--watch 1s: at least 1m0s was expected"}},
		"no time":            {[]string{"--cluster", "--timeout", "0s"}, []string{"--timeout 0s: expected more than 0"}},
		"a sample":           {[]string{"--cluster", "--sample", "-1"}, []string{"--sample -1: expected a number of images, or 0 for all"}},
		"a time":             {[]string{"--cluster", "--from", "yesterday"}, []string{"--from yesterday: expected a date such as 2026-11-21"}},
		"a period backwards": {[]string{"--cluster", "--from", "2026-11-02", "--to", "2026-11-01"}, []string{"begins", "after its end"}},
		"no configuration":   {[]string{"--cluster", "-c", "none.yaml"}, []string{"none.yaml"}},
		"no audit.yaml":      {[]string{"-f", "none.yaml"}, []string{"none.yaml"}},
		"statements nowhere": {[]string{"--cluster", "--statements", "--verifier-id", "https://audit.example"}, []string{"name a folder with --report"}},
		"statements of whom": {[]string{"--cluster", "--report", "out", "--statements"}, []string{"--verifier-id"}},
		"no transcript":      {[]string{"--cluster", "--probes", "none.json"}, []string{"--probes:", "none.json"}},
		"an argument":        {[]string{"prod"}, []string{`unknown command "prod"`}},
	} {
		t.Run(name, func(t *testing.T) {
			e := w.waxseal(t, append([]string{"audit"}, row.args...)...)
			require.Equal(t, 2, e.code, e.stderr)
			for _, text := range row.text {
				require.Contains(t, e.stderr, text)
			}
			require.Empty(t, e.stdout)
			require.NoDirExists(t, filepath.Join(w.dir, "rec.part"), "nothing is begun")
		})
	}
}
