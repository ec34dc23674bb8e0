package judge_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/judge"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

func jsonInto(text string, into any) error { return json.Unmarshal([]byte(text), into) }

func text(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.MarshalIndent(v, "", "  ")
	require.NoError(t, err)
	return string(raw)
}

func (w *world) judge(t *testing.T, opts judge.Options) *report.Report {
	t.Helper()
	opts.Tool, opts.Config = "v0", "waxseal.yaml"
	r, err := judge.Judge(t.Context(), w.g, w.config(t), opts)
	require.NoError(t, err)
	return r
}

func control(t *testing.T, r *report.Report, id string) report.Control {
	t.Helper()
	at := slices.IndexFunc(r.Controls, func(c report.Control) bool { return c.ID == id })
	require.GreaterOrEqual(t, at, 0, id)
	return r.Controls[at]
}

// TestImages asserts every answer about images of all sorts.
func TestImages(t *testing.T) {
	w := newWorld(t)
	images := w.fill(t)
	r := w.judge(t, judge.Options{})
	type row struct {
		verdict, tag              string
		signed, scanned, registry audit.Answer
		codes                     []string
	}
	const yes, no, unknown = audit.Yes, audit.No, audit.CannotTell
	want := map[string]row{
		"web":       {"admitted", "same", yes, yes, yes, []string{}},
		"unsigned":  {"denied", "same", no, yes, yes, []string{"signed_images.unsigned"}},
		"stranger":  {"denied", "same", no, yes, yes, []string{"signed_images.untrusted"}},
		"unscanned": {"denied", "same", yes, no, yes, []string{"scanned_images.no_report"}},
		"critical":  {"denied", "same", yes, no, yes, []string{"scanned_images.findings"}},
		"stale":     {"denied", "same", yes, no, yes, []string{"scanned_images.database_too_old", "scanned_images.scan_too_old"}},
		"excepted":  {"admitted", "same", yes, yes, yes, []string{}},
		"moved":     {"admitted", "moved", yes, yes, yes, []string{}},
		"gone":      {"admitted", "gone", yes, yes, yes, []string{}},
		"index":     {"admitted", "same", yes, yes, yes, []string{}},
		"outage":    {"cannot_tell", "cannot_tell", unknown, unknown, yes, []string{"scanned_images.unknown", "signed_images.unknown"}},
		"elsewhere": {"denied", "same", yes, yes, no, []string{"allowed_registries.not_allowed"}},
		"nameless":  {"cannot_tell", "cannot_tell", unknown, unknown, yes, []string{}},
	}
	require.Len(t, r.Images, len(want))
	for name, img := range images {
		i := r.Images[slices.IndexFunc(r.Images, func(i report.Image) bool { return i.Ref == img.Ref })]
		require.Equal(t, want[name], row{i.Verdict, i.TagState, i.Signed, i.Scanned, i.Registry, i.Codes}, name)
		require.Equal(t, audit.NotAsked, i.SBOM, name)
		require.True(t, i.Sampled, name)
	}
	require.Equal(t, report.Share{Yes: 9, No: 2, CannotTell: 2}, r.Summary.Signed)
	require.Equal(t, report.Share{Yes: 8, No: 3, CannotTell: 2}, r.Summary.Scanned)
	require.Equal(t, report.Share{Yes: 12, No: 1}, r.Summary.Registry)
	require.Equal(t, report.Share{NotAsked: 13}, r.Summary.SBOM)
	require.Equal(t, []int{13, 13, 5, 6, 2}, []int{r.Summary.Images, r.Summary.Judged, r.Summary.Admitted, r.Summary.Denied, r.Summary.CannotTell})
	require.Equal(t, "9 of 13 images are signed (of 2 nobody can tell); nobody can tell whether verification is enforced: no cluster was read.", r.Summary.Line)
	require.Equal(t, 1, r.Exit)
	require.Equal(t, report.Fail, r.Summary.Status)
	require.Equal(t, stamp(now.AddDate(0, -1, 0)), r.Summary.OldestScan)
}

// TestRows asserts what stands in the row of an image beside its answers.
func TestRows(t *testing.T) {
	w := newWorld(t)
	images := w.fill(t)
	r := w.judge(t, judge.Options{})
	row := func(name string) report.Image {
		return r.Images[slices.IndexFunc(r.Images, func(i report.Image) bool { return i.Ref == images[name].Ref })]
	}
	web := row("web")
	require.Len(t, web.Signers, 1)
	require.Equal(t, []any{"key", "release", "bundle"}, []any{web.Signers[0].Kind, web.Signers[0].Name, web.Signers[0].Format})
	require.Equal(t, "trivy", web.Scan.Scanner)
	require.Equal(t, "release", web.Scan.Signer)
	require.Equal(t, 1, web.Scan.Severities["low"])
	require.Equal(t, []string{"CVE-2026-9999"}, web.Scan.Worst)
	require.Equal(t, 5, web.Pods)
	require.Equal(t, []string{"cosign.verify", "scan.findings"}, []string{web.Evidence[0].Request, web.Evidence[1].Request})
	require.Contains(t, web.Evidence[0].Digests, web.Digest)
	require.Equal(t, "waxseal verify "+web.Ref, web.Command)

	excepted := row("excepted")
	require.Equal(t, []string{"CVE-2026-0002"}, excepted.Exceptions)
	require.Equal(t, []int{0, 1}, []int{excepted.Scan.Severities["critical"], excepted.Scan.Suppressed})
	worst := row("critical")
	require.Equal(t, []int{1, 1, 1}, []int{worst.Scan.Severities["critical"], worst.Scan.Severities["low"], worst.Scan.Fixable})
	require.Empty(t, row("stranger").Signers)
	require.Nil(t, row("unscanned").Scan)
	states := map[string]string{}
	for _, e := range r.Exceptions {
		states[e.ID] = e.State
	}
	require.Equal(t, map[string]string{"CVE-2026-0002": "used", "CVE-2026-0003": "expired", "CVE-2026-0004": "unused"}, states)

	at := slices.IndexFunc(r.Findings, func(f report.Finding) bool { return f.Code == "signed_images.unsigned" })
	f := r.Findings[at]
	require.Equal(t, images["unsigned"].Digest, f.Digest)
	require.Equal(t, []audit.Workload{{Cluster: "prod", Namespace: "shop", Kind: "Deployment", Name: "unsigned", Pods: 1}}, f.Places)
	require.True(t, f.Answered)
	require.Equal(t, []string{"A6", "B5"}, f.Rows)
	require.True(t, strings.HasPrefix(f.Msg, `image "`+images["unsigned"].Ref+`": It is not signed, and a signature of authority "release" was expected`), f.Msg)
	require.Equal(t, []string{f.ID}, row("unsigned").Findings)
}

// TestVouched: a verification summary makes an image signed where the policy says that it
// stands in for the signature, and not by being there.
func TestVouched(t *testing.T) {
	for result, want := range map[string]struct {
		signed  audit.Answer
		signers []string
	}{"PASSED": {audit.Yes, []string{"vsa"}}, "FAILED": {audit.No, []string{}}} {
		t.Run(result, func(t *testing.T) {
			w := newWorld(t)
			w.configure(t, "")
			path := filepath.Join(w.dir, "waxseal.yaml")
			raw, err := os.ReadFile(path)
			require.NoError(t, err)
			verifier := fmt.Sprintf("keys: [release]}], verified_by: [{name: audit, images: [%q], keys: [release], verifier_id: %q, policy_digests: [%q], max_age: 7d}]}",
				w.Host()+"/**", fixture.Verifier, "sha256:"+fixture.VerifierPolicy)
			require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(raw), "keys: [release]}]}", verifier, 1)), 0o600))
			i := w.scanned(t, w.pushed(t, "web"), now.Add(-time.Hour))
			i.AttestBundle(t, w.Key, fixture.SummaryType, fixture.SummaryPredicate(i.Repository, result, now.Add(-time.Hour)), sigstore.Options{})
			w.run(t, i, 1)
			img := w.judge(t, judge.Options{}).Images[0]
			formats := []string{}
			for _, s := range img.Signers {
				formats = append(formats, s.Format)
			}
			require.Equal(t, want.signed, img.Signed, img.Codes)
			require.Equal(t, want.signers, formats)
		})
	}
}
