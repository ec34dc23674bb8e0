package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	reported "github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/apiserver"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// audited is a cluster whose Pods run images of a registry, and a folder with a
// waxseal.yaml for them.
type audited struct {
	*fixture.World
	api        *apiserver.Server
	dir        string
	kubeconfig string
	images     map[string]fixture.Image
	pods       int
}

// reportKinds are the kinds that --apply writes.
var reportKinds = []apiserver.Kind{
	{Group: "openreports.io/v1alpha1", Resource: "reports", Name: "Report"}, {Group: "openreports.io/v1alpha1", Resource: "clusterreports", Name: "ClusterReport", Cluster: true},
}

var kyvernoKinds = []apiserver.Kind{
	{Group: "kyverno.io/v1", Resource: "clusterpolicies", Name: "ClusterPolicy", Cluster: true}, {Group: "kyverno.io/v1", Resource: "policies", Name: "Policy"},
}

// newAudited starts a cluster that runs nothing and enforces by Kyverno.
func newAudited(t *testing.T) *audited {
	t.Helper()
	w := &audited{World: fixture.New(t), api: apiserver.Start(t, slices.Concat(reportKinds, kyvernoKinds)...), dir: t.TempDir(), images: map[string]fixture.Image{}}
	w.kubeconfig = w.api.Kubeconfig(t, "prod")
	for _, name := range []string{"shop", "pay"} {
		w.api.Add(apiserver.Object{"apiVersion": "v1", "kind": "Namespace", "metadata": apiserver.Object{"name": name}})
	}
	w.api.Add(object(t, kyvernoWebhook), object(t, kyvernoPolicy))
	w.write(t, "cosign.pub", string(w.Key.PEM()))
	w.write(t, "root.json", string(w.Sigstore.TrustedRootJSON()))
	w.write(t, "waxseal.yaml", w.configuration())
	return w
}

const kyvernoWebhook = `{"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "kyverno"}, "webhooks": [{"name": "validate.kyverno.svc-fail",
	"failurePolicy": "Fail", "timeoutSeconds": 10, "clientConfig": {"service": {"name": "kyverno-svc", "namespace": "kyverno"}, "caBundle": "QQ=="},
	"rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["pods", "pods/ephemeralcontainers"]}]}]}`

const kyvernoPolicy = `{"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "signed"}, "spec": {"validationFailureAction": "Enforce",
	"rules": [{"name": "r", "match": {"any": [{"resources": {"kinds": ["Pod"]}}]}, "verifyImages": [{"imageReferences": ["*"],
	"attestors": [{"entries": [{"keys": {"secret": {"name": "key", "namespace": "kyverno"}}}]}]}]}]}}`

func object(t testing.TB, text string) apiserver.Object {
	t.Helper()
	var value apiserver.Object
	require.NoError(t, json.Unmarshal([]byte(text), &value), text)
	return value
}

// configuration trusts the world's key to sign and to scan.
func (w *audited) configuration() string {
	return fmt.Sprintf(`version: 1
policy: {owner: platform, approver: security, review_date: %[2]s, version: "7"}
policies:
  signed_images: &trust {authorities: [{name: release, images: ["%[1]s/**"], keys: [release]}]}
  scanned_images:
    authorities: [{name: release, images: ["%[1]s/**"], keys: [release]}]
    fail_on: [critical]
    max_scan_age: 7d
    max_database_age: 7d
  allowed_registries: {images: ["%[1]s/shop/**"]}
keys: {release: {file: cosign.pub, owner: platform, approver: security}}
trust_roots: {test: {file: root.json}}
registries: {"%[1]s": {plain_http: true}}
credentials: {docker_config: false}
hosts_only: true
`, w.Host(), time.Now().AddDate(0, 1, 0).Format(time.DateOnly))
}

func (w *audited) write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(w.dir, name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// finding is a vulnerability of this severity.
func finding(id, severity string) fixture.Vulnerability {
	return fixture.Vulnerability{ID: id, Package: "openssl", Installed: "3.0.1", Fixed: "3.0.2", Severity: severity, Title: "made up"}
}

// push pushes an image; scanned an hour ago with what was found.
func (w *audited) push(t testing.TB, repository string, signed bool, found ...fixture.Vulnerability) fixture.Image {
	t.Helper()
	i := w.Push(t, repository, "v1", nil)
	if signed {
		i.SignBundle(t, w.Key, sigstore.Options{})
	}
	at := time.Now().Add(-time.Hour)
	w.images[repository] = i.AttestBundle(t, w.Key, fixture.ScanType, fixture.ScanPredicate(repository, at, at, found...), sigstore.Options{})
	return i
}

// run has Pods of a Deployment run an image.
func (w *audited) run(namespace, deployment string, pods int, i fixture.Image) {
	for range pods {
		w.pods++
		w.api.Add(runningPod(namespace, deployment, w.pods, i))
	}
}

// runningPod is a Pod of a Deployment that runs an image.
func runningPod(namespace, deployment string, number int, i fixture.Image) apiserver.Object {
	const hash = "5d4f8c7b9"
	return apiserver.Object{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": apiserver.Object{
			"name": fmt.Sprintf("%s-%s-%05d", deployment, hash, number), "namespace": namespace, "labels": apiserver.Object{"app": deployment, "pod-template-hash": hash},
			"ownerReferences": []any{apiserver.Object{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": deployment + "-" + hash, "controller": true}},
		},
		"spec": apiserver.Object{"containers": []any{apiserver.Object{"name": "app", "image": i.ByTag()}}},
		"status": apiserver.Object{"phase": "Running", "containerStatuses": []any{apiserver.Object{
			"name": "app", "image": i.ByTag(), "imageID": i.ByDigest(), "state": apiserver.Object{"running": apiserver.Object{"startedAt": "2026-11-01T08:00:00Z"}},
		}}},
	}
}

// fill has nine Pods run five images: two are as they should be.
func (w *audited) fill(t testing.TB) *audited {
	t.Helper()
	w.run("shop", "web", 3, w.push(t, "shop/web", true, finding("CVE-2026-0001", "LOW")))
	w.run("pay", "api", 2, w.push(t, "shop/api", true))
	w.run("shop", "unsigned", 2, w.push(t, "shop/unsigned", false))
	w.run("shop", "critical", 1, w.push(t, "shop/critical", true, finding("CVE-2026-0002", "CRITICAL")))
	w.run("pay", "elsewhere", 1, w.push(t, "public/elsewhere", true))
	return w
}

// ended is what a process did.
type ended struct {
	code           int
	stdout, stderr string
}

// program is what is run: this test as waxseal, or the real one.
func program() string {
	if real := os.Getenv("WAXSEAL"); real != "" {
		return real
	}
	return "waxseal"
}

// command is waxseal in the world's folder.
func (w *audited) command(args ...string) *exec.Cmd {
	cmd := exec.Command(program(), args...)
	cmd.Dir = w.dir
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "KUBECONFIG=") || strings.HasPrefix(v, "WAXSEAL") || strings.HasPrefix(v, "HOME=")
	}), "HOME="+w.dir, "KUBECONFIG="+w.kubeconfig, "COSIGN_PASSWORD=")
	return cmd
}

func (w *audited) waxseal(t testing.TB, args ...string) ended {
	t.Helper()
	return wait(t, w.command(args...))
}

// wait runs a process to its end.
func wait(t testing.TB, cmd *exec.Cmd) ended {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	return endOf(t, cmd, cmd.Run(), &stdout, &stderr)
}

func endOf(t testing.TB, cmd *exec.Cmd, err error, stdout, stderr *bytes.Buffer) ended {
	t.Helper()
	if _, isExit := errors.AsType[*exec.ExitError](err); !isExit {
		require.NoError(t, err)
	}
	return ended{code: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String()}
}

// audit runs `waxseal audit --cluster`, and returns the report.
func (w *audited) audit(t testing.TB, args ...string) (*reported.Report, ended) {
	t.Helper()
	e := w.waxseal(t, append([]string{"audit", "--cluster", "-o", "json"}, args...)...)
	return reportOf(t, e), e
}

func reportOf(t testing.TB, e ended) *reported.Report {
	t.Helper()
	var r reported.Report
	require.NoError(t, json.Unmarshal([]byte(e.stdout), &r), "%s%s", e.stdout, e.stderr)
	return &r
}

func (w *audited) read(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(w.dir, name))
	require.NoError(t, err)
	return string(raw)
}

// verdicts are the verdicts of the images of a report, by what stands behind the host.
func (w *audited) verdicts(r *reported.Report) map[string]string {
	out := map[string]string{}
	for _, i := range r.Images {
		out[strings.TrimPrefix(i.Repository, w.Host()+"/")] = i.Verdict
	}
	return out
}

// asked counts the requests that registries had about each image.
func (w *audited) asked() map[string]int {
	out := map[string]int{}
	for _, e := range w.Log() {
		repository, _, _ := strings.Cut(strings.TrimPrefix(e.Path, "/v2/"), "/manifests/")
		for _, part := range []string{"/blobs/", "/referrers/"} {
			repository, _, _ = strings.Cut(repository, part)
		}
		out[repository]++
	}
	return out
}

// control is a row of a report.
func control(t testing.TB, r *reported.Report, id string) reported.Control {
	t.Helper()
	at := slices.IndexFunc(r.Controls, func(c reported.Control) bool { return c.ID == id })
	require.GreaterOrEqual(t, at, 0, id)
	return r.Controls[at]
}

// timeless is a report without its times, and without where its record is.
func timeless(t testing.TB, raw string) string {
	t.Helper()
	var all map[string]any
	require.NoError(t, json.Unmarshal([]byte(raw), &all))
	about := all["audit"].(map[string]any)
	for _, name := range []string{"started", "ended", "now", "period"} {
		require.Contains(t, slices.Collect(maps.Keys(about)), name)
		delete(about, name)
	}
	out, err := json.MarshalIndent(all, "", " ")
	require.NoError(t, err)
	return string(out)
}
