package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	reported "github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/tests/fixture/apiserver"
	"github.com/waxseal/waxseal/tests/fixture/process"
)

// results are the results of the Report objects in the cluster: "namespace: policy result".
func (w *audited) results() []string {
	out := []string{}
	for _, o := range append(w.api.Objects("Report"), w.api.Objects("ClusterReport")...) {
		namespace, _ := o["metadata"].(apiserver.Object)["namespace"].(string)
		for _, r := range o["results"].([]any) {
			result := r.(apiserver.Object)
			if result["result"] == "fail" && namespace != "" {
				out = append(out, fmt.Sprintf("%s: %s", namespace, result["policy"]))
			}
		}
	}
	return out
}

// TestAuditApplies asserts what is written into a cluster, and that it is taken back when
// it is not so any more.
func TestAuditApplies(t *testing.T) {
	w := newAudited(t).fill(t)
	e := w.waxseal(t, "audit", "--cluster", "--apply")
	require.Equal(t, 1, e.code, e.stderr)
	require.Contains(t, e.stderr, "3 objects of openreports.io written to cluster current, 0 of earlier audits deleted")
	require.ElementsMatch(t, []string{"shop: signed_images", "shop: scanned_images", "pay: allowed_registries"}, w.results())
	require.Len(t, w.api.Objects("ClusterReport"), 1)

	again := w.waxseal(t, "audit", "--cluster", "-n", "shop", "--apply")
	require.Equal(t, 1, again.code, again.stderr)
	require.Contains(t, again.stderr, "written to cluster current, 1 of earlier audits deleted")
	require.ElementsMatch(t, []string{"shop: signed_images", "shop: scanned_images"}, w.results())

	w.api.Refuse("/apis/openreports.io/v1alpha1", http.StatusNotFound)
	e = w.waxseal(t, "audit", "--cluster", "--apply")
	require.Equal(t, 2, e.code)
	require.Contains(t, e.stderr, "--apply: cluster current: the cluster has no reports: install the CRDs of openreports.io")
}

// refuses answers dry runs as Gatekeeper does that knows one image.
func (w *audited) refuses(acceptable string) {
	const (
		signIt    = "it is not signed. Sign the image in the pipeline that builds it, or use an image that is signed. See also that the digest exists, because one that does not has no signatures either."
		scanIt    = "it has no report. Scan the image in the pipeline that builds it, and attest the report with the key or identity of the authority."
		approveIt = "it is of no approved registry. Use an image of an approved repository, or have the owner of the policy approve this one."
	)
	w.api.Admit(func(pod apiserver.Object) string {
		image := pod["spec"].(apiserver.Object)["containers"].([]any)[0].(apiserver.Object)["image"].(string)
		if image == acceptable {
			return ""
		}
		said := []string{"[images] " + signIt, "[images] " + scanIt}
		if !strings.HasPrefix(image, w.Host()) {
			said = append(said, "[images] "+approveIt)
		}
		return `admission webhook "validation.gatekeeper.sh" denied the request: ` + strings.Join(said, "\n")
	})
}

// TestAuditProbes asserts that probes come into the report, tried now or of a transcript,
// and that nothing but dry runs is asked for.
func TestAuditProbes(t *testing.T) {
	w := newAudited(t).fill(t)
	unsigned, good := w.images["shop/unsigned"].ByDigest(), w.images["shop/web"].ByDigest()
	w.refuses(good)
	w.write(t, "audit.yaml", fmt.Sprintf(`version: 1
title: Payment platform
clusters: [{name: prod-eu, context: prod}]
probes: {namespaces: [shop], images: {unsigned: "%[1]s", unscanned: "%[1]s", acceptable: "%[2]s"}}
`, unsigned, good))
	rows := func(r *reported.Report) map[string]string {
		out := map[string]string{}
		for _, p := range r.Probes {
			out[p.Cluster+"/"+p.Namespace+" "+p.Name] = p.Outcome
		}
		return out
	}
	e := w.waxseal(t, "audit", "-f", "audit.yaml", "--probe", "-o", "json", "--record", "rec")
	r := reportOf(t, e)
	require.Equal(t, 1, e.code, e.stderr)
	want := map[string]string{"prod-eu/shop unsigned": "refused", "prod-eu/shop unscanned": "refused", "prod-eu/shop unapproved_registry": "refused", "prod-eu/shop acceptable": "admitted"}
	require.Equal(t, want, rows(r))
	require.Equal(t, []reported.Status{reported.Pass, reported.Pass}, []reported.Status{control(t, r, "A8").Status, control(t, r, "B6").Status})
	require.Equal(t, "Payment platform", r.Audit.Title)
	require.Equal(t, e.stdout, w.waxseal(t, "audit", "--offline", "rec", "-o", "json").stdout)

	e = w.waxseal(t, "probe", "-n", "shop", "--unsigned", unsigned, "--unscanned", unsigned, "--acceptable", good, "-o", "json")
	require.Equal(t, 0, e.code, e.stderr)
	w.write(t, "probes.json", e.stdout)
	r, _ = w.audit(t, "--probes", "probes.json")
	require.Len(t, r.Probes, 4)
	require.Equal(t, reported.Pass, control(t, r, "A8").Status)

	w.api.Admit(func(apiserver.Object) string { return "" })
	r = reportOf(t, w.waxseal(t, "audit", "-f", "audit.yaml", "--probe", "-o", "json"))
	require.Equal(t, reported.Fail, control(t, r, "A8").Status)
	require.Contains(t, control(t, r, "B6").Answer, "the probe unsigned was admitted, and refused was expected")
	require.Equal(t, reported.Inconclusive, control(t, reportOf(t, w.waxseal(t, "audit", "-f", "audit.yaml", "-o", "json")), "A8").Status, "nothing is tried unasked")

	w.write(t, "probes.json", `{"probes": null}`)
	e = w.waxseal(t, "audit", "--cluster", "--probes", "probes.json")
	require.Equal(t, 2, e.code)
	require.Contains(t, e.stderr, "probes.json: there are no probes in it")
	require.Empty(t, e.stdout)
}

// TestAuditStatements asserts that a signed report is accepted, and a changed one is not.
func TestAuditStatements(t *testing.T) {
	w := newAudited(t).fill(t)
	private, public := keyPair(t)
	w.write(t, "auditor.key", string(private))
	w.write(t, "auditor.pub", string(public))
	e := w.waxseal(t, "audit", "--cluster", "--report", "out", "--record", "rec", "--key", "auditor.key", "--tlog-upload=false", "--verifier-id", "https://audit.example")
	require.Equal(t, 1, e.code, e.stderr)
	require.Contains(t, e.stderr, "6 statements in out, signed by")
	require.Len(t, lsOf(t, filepath.Join(w.dir, "out/vsa")), 5)
	verify := func(args ...string) ended {
		return w.waxseal(t, append([]string{"verify", "--insecure-ignore-tlog", "--bundle", "out/report.json.sigstore.json"}, args...)...)
	}
	e = verify("--key", "auditor.pub", "out/report.json")
	require.Equal(t, 0, e.code, e.stdout+e.stderr)
	e = verify("--key", "cosign.pub", "out/report.json")
	require.Equal(t, 1, e.code, "by another key: %s", e.stdout+e.stderr)
	w.change(t, "out/report.json", `"denied": 3`, `"denied": 2`)
	e = verify("--key", "auditor.pub", "out/report.json")
	require.Equal(t, 1, e.code, "one byte is another: %s", e.stdout+e.stderr)
}

// TestAuditRecordOfAnotherWorld documents what --verify cannot find: who recorded, and
// changes what was gathered together with report and manifest, has recorded another
// world. The signed statement about the report is against that.
func TestAuditRecordOfAnotherWorld(t *testing.T) {
	w, _ := recorded(t)
	w.change(t, "rec/audit.json", `"title": "Shop"`, `"title": "Shops"`)
	w.change(t, "rec/report.json", `"title": "Shop"`, `"title": "Shops"`)
	w.fit(t)
	e := w.waxseal(t, "audit", "--offline", "rec", "--verify", "-o", "json")
	require.Equal(t, 1, e.code, e.stderr)
	require.Equal(t, "Shops", reportOf(t, e).Audit.Title)
}

func lsOf(t testing.TB, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	return names
}

// TestAuditWatches asserts the numbers that a watching audit serves, and that it stops
// when it is told to.
func TestAuditWatches(t *testing.T) {
	w := newAudited(t).fill(t)
	address := process.Free(t)
	cmd := w.command("audit", "--cluster", "--watch", "1h", "--metrics", address, "--report", "out", "--apply")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	get := func(path string) (int, string) {
		response, err := http.Get("http://" + address + path)
		if err != nil {
			return 0, err.Error()
		}
		defer response.Body.Close()
		raw, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, string(raw)
	}
	require.Eventually(t, func() bool {
		code, _ := get("/healthz")
		return code == http.StatusOK
	}, 2*time.Minute, 50*time.Millisecond)
	_, metrics := get("/metrics")
	for _, line := range []string{
		`waxseal_audit_images{cluster="current",verdict="admitted"} 2`, `waxseal_audit_images{cluster="current",verdict="denied"} 3`, `waxseal_audit_pods{cluster="current"} 9`,
		`waxseal_audit_runs_total{result="fail"} 1`, `waxseal_audit_control{control="A6",status="fail"} 1`, `waxseal_audit_image_answers{answer="no",question="signed"} 1`,
	} {
		require.Contains(t, metrics, line+"\n")
	}
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	e := endOf(t, cmd, cmd.Wait(), &stdout, &stderr)
	require.Equal(t, 0, e.code, e.stderr)
	require.Contains(t, e.stderr, "fail: 2 of 5 images admitted, 3 denied, 0 cannot be told; ")
	require.Contains(t, w.read(t, "out/report.json"), `"denied": 3`)
	require.Len(t, w.results(), 3)
}
