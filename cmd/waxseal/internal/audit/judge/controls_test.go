package judge_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/admission"
	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/judge"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// good is a world in which every row passes, as far as a row can.
func good(t *testing.T, more ...string) *world {
	t.Helper()
	w := newWorld(t)
	authority := fmt.Sprintf(`[{name: release, images: ["%s/**"], keys: [release]}]`, w.Host())
	w.configure(t, fmt.Sprintf(`  sbom_attached: {authorities: %[1]s}
  attested_build: {authorities: %[1]s, builds: [{images: ["%[2]s/**"], builders: [%[3]q], repositories: [%[4]q]}]}
`, authority, w.Host(), fixture.Builder, fixture.Repository)+strings.Join(more, ""))
	for _, name := range []string{"web", "api"} {
		i := w.scanned(t, w.pushed(t, name).SignBundle(t, w.Key, sigstore.Options{}), now.Add(-time.Hour))
		i = i.AttestBundle(t, w.Key, fixture.BuildType, fixture.BuildPredicate(fixture.Repository, "refs/heads/main"), sigstore.Options{})
		i = i.AttestBundle(t, w.Key, fixture.SPDXType, fixture.SPDXPredicate(now, string(i.Digest), fixture.Component{Purl: "pkg:npm/a@1", Licence: "MIT"}), sigstore.Options{})
		w.run(t, i, 1)
	}
	w.cluster(t, "prod", "Enforce")
	w.repository(t, "shop", sign+`      - run: cosign verify --key k.pub ghcr.io/shop/app@${{ steps.build.outputs.digest }}
`)
	w.g.Registries = []string{w.Host()}
	w.g.Keys = []audit.Key{{
		Name: "release", Fingerprint: "sha256:00", Lives: "kms", At: "awskms:///alias/release", Owner: "platform", Approver: "security", Rotated: now.Format(time.DateOnly),
		Created: now.Format(time.DateOnly), Algorithm: "ECDSA", Bits: 256, Listed: true, Trusted: []audit.Trust{{Where: "waxseal.yaml", Images: []string{"**"}}},
	}}
	w.g.Logs.Sources = []audit.LogSource{{Name: "audit.log", Format: "kubernetes-audit", Lines: 9, Events: 9, From: w.g.Period.From, To: w.g.Period.To}}
	w.g.Logs.Rejections = []audit.Rejection{{Day: now.Format(time.DateOnly), System: "waxseal", Rule: "allowed_registries.not_allowed", Image: "docker.io/evil", Action: "deny", Count: 5}}
	w.g.Logs.Admissions = []audit.Admission{{Image: w.g.Images[0].Ref, Digest: w.g.Images[0].Digest, How: "admitted", Count: 2}}
	for name, outcome := range map[string]string{"unsigned": "refused", "unscanned": "refused", "unapproved_registry": "refused", "acceptable": "admitted"} {
		w.g.Probes = append(w.g.Probes, audit.Probe{Name: name, Cluster: "prod", Namespace: "shop", Expected: outcome, Outcome: outcome, Codes: []string{}, Warnings: []string{}})
	}
	slices.SortFunc(w.g.Probes, func(a, b audit.Probe) int { return len(a.Name) - len(b.Name) })
	return w
}

func statuses(r *report.Report) map[string]report.Status {
	out := map[string]report.Status{}
	for _, c := range r.Controls {
		out[c.ID] = c.Status
	}
	return out
}

// TestControls: a row passes on what was found, and one change at a time takes that
// from the rows that rest on it, and from no other.
func TestControls(t *testing.T) {
	w := good(t)
	r := w.judge(t, judge.Options{})
	all := statuses(r)
	require.Len(t, all, 23)
	for id, status := range all {
		require.Equal(t, report.Pass, status, text(t, control(t, r, id)))
	}
	require.Equal(t, "1 of 1 images are signed; verification enforced via ClusterPolicy signed.", r.Summary.Line)
	require.Equal(t, "ClusterPolicy signed", r.Summary.Enforced)
	require.Zero(t, r.Exit)
	require.Empty(t, r.Findings, text(t, r.Findings))
	require.Contains(t, control(t, r, "A6").Controls, "NIST-800-53:CM-14")
	require.Equal(t, "waxseal audit --context prod --repository shop", control(t, r, "A7").Command)
	require.Equal(t, "waxseal probe --context prod", control(t, r, "A8").Command)
	require.Equal(t, 1, len(r.Enforcement[0].Objects[0].Exported["metadata"].(m)))

	settings, facts, err := judge.Images(t.Context(), w.g, w.config(t), judge.Options{Tool: "v0", Config: "waxseal.yaml"})
	require.NoError(t, err)
	deriver := judge.NewDeriver(settings)
	const fail, open, none = report.Fail, report.Inconclusive, report.NotApplicable
	for name, row := range map[string]struct {
		change func(*world)
		want   map[string]report.Status
	}{
		"no log":                     {func(w *world) { w.g.Logs = audit.Logs{} }, map[string]report.Status{"A7": open, "B8": open}},
		"a log that begins too late": {func(w *world) { w.g.Logs.Sources[0].From = stamp(now.AddDate(0, 0, -30)) }, map[string]report.Status{"A7": open, "B8": open}},
		"an image was admitted that nobody knows": {func(w *world) {
			w.g.Logs.Admissions = append(w.g.Logs.Admissions, audit.Admission{Image: "docker.io/evil:1", How: "pulled", Count: 1})
		}, map[string]report.Status{"A7": fail, "B8": open}},
		"a log of another cluster": {func(w *world) { w.g.Logs.Sources[0].Cluster = "other" }, map[string]report.Status{"A7": open, "B8": open}},
		"a log of one of two clusters": {func(w *world) {
			w.cluster(t, "test", "Enforce")
			w.g.Logs.Sources[0].Cluster = "prod"
		}, map[string]report.Status{"A7": open, "B8": open, "A8": open, "B6": open}},
		"a log that names no cluster, of two": {func(w *world) { w.cluster(t, "test", "Enforce") }, map[string]report.Status{"A7": open, "B8": open, "A8": open, "B6": open}},
		"a time that cannot be read":          {func(w *world) { w.g.Logs.Sources[0].To = "later" }, map[string]report.Status{"A7": open, "B8": open}},
		"an admission whose image the log does not name": {func(w *world) {
			w.g.Logs.Reasons = []audit.Reason{{Reason: "admitted_without_image", Name: "pods", Count: 3}}
		}, map[string]report.Status{"A7": open, "B8": open}},
		"a webhook that failed open": {func(w *world) {
			w.g.Logs.Reasons = []audit.Reason{{Reason: "webhook_failed_open", Name: "kyverno", Count: 1}}
		}, map[string]report.Status{"A7": open, "B8": open}},
		"a quota that refused": {func(w *world) {
			w.g.Logs.Reasons = []audit.Reason{{Reason: "quota", Count: 1}}
		}, map[string]report.Status{}},
		"a probe of another cluster": {func(w *world) { probe(w, "unsigned").Cluster = "other" }, map[string]report.Status{"A8": open, "B6": open}},
		"an unsigned image was expected to be admitted": {func(w *world) {
			probe(w, "unsigned").Expected, probe(w, "unsigned").Outcome = "admitted", "admitted"
		}, map[string]report.Status{"A8": fail, "B6": fail}},
		"a probe of long ago":     {func(w *world) { probe(w, "unsigned").At = "2020-01-01T00:00:00Z" }, map[string]report.Status{"A8": open, "B6": open}},
		"no probe":                {func(w *world) { w.g.Probes = []audit.Probe{} }, map[string]report.Status{"A8": open, "B6": open}},
		"a probe got through":     {func(w *world) { probe(w, "unsigned").Outcome = "admitted" }, map[string]report.Status{"A8": fail, "B6": fail}},
		"a probe failed":          {func(w *world) { probe(w, "unscanned").Outcome = "error" }, map[string]report.Status{"A8": open}},
		"refused by another rule": {func(w *world) { probe(w, "unsigned").Rule = "signed_images" }, map[string]report.Status{"A8": fail, "B6": fail}},
		"no repository":           {func(w *world) { w.g.Repositories = nil }, map[string]report.Status{"A3": open, "B2": open, "B7": open, "C1": open, "D1": open, "D5": open, "D6": open}},
		"nothing signs":           {func(w *world) { w.g.Repositories = nil; w.repository(t, "shop", "") }, map[string]report.Status{"A3": fail, "B7": fail, "C1": fail, "D1": fail, "D5": fail, "D6": open}},
		"nothing is built": {func(w *world) {
			w.g.Repositories[0].Facts.Images = []model.Image{}
		}, map[string]report.Status{"A3": none, "B7": none, "C1": none, "D1": none}},
		"only audited":                         {func(w *world) { w.g.Clusters = nil; w.cluster(t, "prod", "Audit") }, map[string]report.Status{"A2": fail, "B3": fail, "C1": fail, "D6": fail}},
		"one of two clusters does not enforce": {func(w *world) { w.cluster(t, "test", "Audit") }, map[string]report.Status{"A2": fail, "B3": fail, "C1": fail, "D6": fail, "A7": open, "B8": open, "A8": open, "B6": open}},
		"no cluster":                           {func(w *world) { w.g.Clusters = nil }, map[string]report.Status{"A2": open, "B2": open, "B3": open, "C1": open, "D6": open, "A8": open, "B6": open}},
		"not all of the cluster was read": {func(w *world) { // what was not may trust other keys
			w.g.Missing = []audit.Missing{{Part: "cluster", Name: "prod", Why: "forbidden", Rests: "enforcement"}}
		}, map[string]report.Status{"A2": open, "A6": open, "B1": open, "B2": open, "B3": open, "C1": open, "D6": open}},
		"no rule was seen, and not all was read": {func(w *world) {
			w.g.Clusters[0].Configuration = admission.Parse(nil, admission.Options{})
			w.g.Missing = []audit.Missing{{Part: "cluster", Name: "prod", Why: "forbidden", Rests: "enforcement"}}
		}, map[string]report.Status{"A2": open, "A6": open, "B1": open, "B2": open, "B3": open, "C1": open, "D6": open}},
		"the cluster asks for the same":       {func(w *world) { w.constraint(t, "deny", func(m) {}) }, nil},
		"the cluster asks for something else": {func(w *world) { w.constraint(t, "deny", func(p m) { delete(p, "scanned_images") }) }, map[string]report.Status{"A1": open, "B1": open}},
		"the cluster asks for more":           {func(w *world) { w.constraint(t, "deny", func(p m) { p["privileged_images"] = m{} }) }, map[string]report.Status{"A1": open, "B1": open}},
		"the cluster refuses by default":      {func(w *world) { w.constraint(t, "", func(p m) { delete(p, "scanned_images") }) }, map[string]report.Status{"A1": open, "B1": open}},
		"the cluster refuses by scope":        {func(w *world) { w.constraint(t, "scoped", func(p m) { delete(p, "scanned_images") }) }, map[string]report.Status{"A1": open, "B1": open}},
		"the cluster tries something else":    {func(w *world) { w.constraint(t, "warn", func(p m) { delete(p, "scanned_images") }) }, nil},
		"not exported":                        {func(w *world) { w.g.Clusters[0].Exported = nil }, map[string]report.Status{"B3": open}},
		"a namespace was not read": {func(w *world) {
			w.g.Missing = []audit.Missing{{Part: "namespace", Name: "prod/x", Why: "forbidden", Rests: "images"}}
		}, map[string]report.Status{"A4": open, "A5": open, "A6": open, "B2": open, "B4": open, "B5": open, "D2": open, "D3": open, "D4": open}},
		"the key is in a file": {func(w *world) { w.g.Keys[0].Lives = "file" }, map[string]report.Status{"D5": open}},
		"nobody owns the key":  {func(w *world) { w.g.Keys[0].Owner = "" }, map[string]report.Status{"A6": open, "B1": open}},
		"a key is not listed":  {func(w *world) { w.g.Keys[0].Listed = false }, map[string]report.Status{"A6": fail, "B1": fail}},
	} {
		t.Run(name, func(t *testing.T) {
			kept := *w.g
			copied := clone(t, w.g)
			w.g = copied
			defer func() { w.g = &kept }()
			row.change(w)
			r, err := deriver.Derive(t.Context(), w.g, facts)
			require.NoError(t, err)
			for id, was := range all {
				want, changed := row.want[id]
				if !changed {
					want = was
				}
				require.Equal(t, want, statuses(r)[id], text(t, control(t, r, id)))
				if want == open {
					require.NotEmpty(t, control(t, r, id).Missing, id)
				}
			}
		})
	}
}

// TestUnclaimed: an image that is denied by a policy that no row asks about makes the
// outcome fail, although every row passes.
func TestUnclaimed(t *testing.T) {
	w := good(t, "  privileged_images: {authorities: [{name: nobody, images: [\"elsewhere.example/**\"], keys: [release], allow: {privileged: true}}]}\n")
	w.g.Units[0].Object["spec"].(m)["containers"].([]any)[0].(m)["securityContext"] = m{"privileged": true}
	r := w.judge(t, judge.Options{})
	require.Equal(t, 1, r.Summary.Denied, text(t, r.Findings))
	require.Zero(t, r.Summary.ControlsFail)
	require.Equal(t, report.Fail, r.Summary.Status)
	require.Equal(t, 1, r.Exit)
}

// TestNoFlag: what somebody wrote into a Pod is no flag of the command that is shown.
func TestNoFlag(t *testing.T) {
	w := newWorld(t)
	w.runs(audit.Image{Ref: "--config=evil.yaml", Workloads: []audit.Workload{}, Namespaces: []string{}, Codes: []string{}}, "shop", "web", 1)
	r := w.judge(t, judge.Options{})
	require.Equal(t, "waxseal verify -- --config=evil.yaml", r.Images[0].Command)
	require.Equal(t, "waxseal verify -- --config=evil.yaml", control(t, r, "B4").Command)
}

// TestPoliciesOff: who switches on one policy over an audit switches off the others, and
// no row that rests on them passes.
func TestPoliciesOff(t *testing.T) {
	w := good(t, "  audit_runs_what_was_verified: {}\n")
	r := w.judge(t, judge.Options{})
	for _, id := range []string{"A6", "A7", "A8", "B1", "B6", "B8", "D5"} {
		require.Equal(t, report.Inconclusive, statuses(r)[id], id)
	}
	require.Contains(t, control(t, r, "B1").Missing, "the policy audit_keeps_keys is off: switch it on")
	require.Equal(t, report.Pass, statuses(r)["B4"])
	require.Equal(t, 2, r.Exit)
}

func probe(w *world, name string) *audit.Probe {
	return &w.g.Probes[slices.IndexFunc(w.g.Probes, func(p audit.Probe) bool { return p.Name == name })]
}

// TestLine is the line that people quote.
func TestLine(t *testing.T) {
	w := good(t)
	settings, facts, err := judge.Images(t.Context(), w.g, w.config(t), judge.Options{})
	require.NoError(t, err)
	deriver := judge.NewDeriver(settings)
	for name, row := range map[string]struct {
		change func(*world)
		line   string
	}{
		"no repository": {func(w *world) { w.g.Repositories = nil }, "2 of 2 images are signed; verification enforced via ClusterPolicy signed."},
		"two clusters": {func(w *world) { w.cluster(t, "test", "Enforce") },
			"1 of 1 images are signed; verification enforced via ClusterPolicy signed (prod), ClusterPolicy signed (test)."},
		"one does not": {func(w *world) { w.cluster(t, "test", "Audit") },
			"1 of 1 images are signed; verification not enforced: the rules that verify images only advise (test)."},
		"nothing runs": {func(w *world) { w.g.Repositories, w.g.Images, w.g.Units = nil, nil, nil },
			"no image was judged; verification enforced via ClusterPolicy signed."},
	} {
		t.Run(name, func(t *testing.T) {
			kept := *w.g
			w.g = clone(t, w.g)
			defer func() { w.g = &kept }()
			row.change(w)
			r, err := deriver.Derive(t.Context(), w.g, facts)
			require.NoError(t, err)
			require.Equal(t, row.line, r.Summary.Line)
		})
	}
}
