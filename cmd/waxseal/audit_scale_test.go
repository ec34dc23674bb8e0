package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/apiserver"
	"github.com/waxseal/waxseal/tests/fixture/auditlog"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// maxMemory is what an audit of ten thousand Pods may hold.
const maxMemory = 512 << 20

// large says whether the real figures are measured: make test-audit.
func large() bool { return os.Getenv("WAXSEAL_AUDIT") != "" }

// reportOfSize is a scan report as Trivy writes it: 2.5 kB for each finding.
func reportOfSize(name string, findings int) map[string]any {
	found := make([]fixture.Vulnerability, findings)
	for i := range found {
		found[i] = finding(fmt.Sprintf("CVE-2026-%05d", i), []string{"LOW", "MEDIUM", "HIGH"}[i%3])
		found[i].Purl = fmt.Sprintf("pkg:deb/debian/openssl@3.0.%d?arch=amd64&distro=debian-12", i)
	}
	at := time.Now().Add(-time.Hour)
	predicate := fixture.ScanPredicate(name, at, at, found...)
	result := predicate["scanner"].(map[string]any)["result"].(map[string]any)
	for _, v := range result["Results"].([]any)[0].(map[string]any)["Vulnerabilities"].([]any) {
		v := v.(map[string]any)
		v["Description"] = strings.Repeat("A flaw was found, and what it lets whom do is described here at some length. ", 18)
		v["References"] = []string{strings.Repeat("https://advisories.example/", 4), strings.Repeat("https://lists.example/", 10), strings.Repeat("https://bugs.example/", 20)}
	}
	return predicate
}

// crowd pushes images that are signed and scanned.
func (w *audited) crowd(t testing.TB, images int) []fixture.Image {
	t.Helper()
	out := make([]fixture.Image, images)
	for i := range out {
		name := fmt.Sprintf("shop/app-%03d", i)
		out[i] = w.Push(t, name, "v1", nil).SignBundle(t, w.Key, sigstore.Options{})
		out[i].AttestBundle(t, w.Key, fixture.ScanType, reportOfSize(name, 200), sigstore.Options{})
	}
	return out
}

// runsCrowd has Pods run the images, each with its own and with the first beside it, in
// twenty namespaces. A Pod has about 6 kB, as it comes from an API server.
func (w *audited) runsCrowd(pods int, images []fixture.Image) {
	fields := []any{}
	for i := range 30 {
		fields = append(fields, apiserver.Object{"manager": "kube-controller-manager", "operation": "Update", "fieldsType": "FieldsV1", "time": "2026-11-01T08:00:00Z", "fieldsV1": apiserver.Object{fmt.Sprintf("f:field-%d", i): apiserver.Object{}}})
	}
	w.api.Pods(pods, func(n int) apiserver.Pod {
		i := n % len(images)
		namespace := fmt.Sprintf("team-%02d", i%20)
		pod := runningPod(namespace, fmt.Sprintf("app-%03d", i), n, images[i])
		pod["metadata"].(apiserver.Object)["managedFields"] = fields
		spec, status := pod["spec"].(apiserver.Object), pod["status"].(apiserver.Object)
		beside := runningPod(namespace, "", n, images[0])
		sidecar, state := beside["spec"].(apiserver.Object)["containers"].([]any)[0].(apiserver.Object), beside["status"].(apiserver.Object)["containerStatuses"].([]any)[0].(apiserver.Object)
		sidecar["name"], state["name"] = "proxy", "proxy"
		spec["containers"] = append(spec["containers"].([]any), sidecar)
		status["containerStatuses"] = append(status["containerStatuses"].([]any), state)
		raw, err := json.Marshal(pod)
		if err != nil {
			panic(err)
		}
		return apiserver.Pod{Namespace: namespace, JSON: raw}
	})
}

// TestAuditScale asserts that requests to registries grow with images and not with
// Pods, and that memory is bounded.
func TestAuditScale(t *testing.T) {
	pods, images := 1000, 40
	if large() {
		pods, images = 10_000, 400
	}
	w := newAudited(t)
	crowd := w.crowd(t, images)
	code := 0
	measure := func(pods int, record string) map[string]int {
		w.runsCrowd(pods, crowd)
		w.Reset()
		begin, before := time.Now(), len(w.api.Log())
		e, held := w.memory(t, "audit", "--cluster", "-o", "json", "--record", record)
		r, took := reportOf(t, e), time.Since(begin)
		require.Equal(t, []int{pods, images, images, images}, []int{r.Summary.Pods, r.Summary.Images, r.Summary.Judged, r.Summary.Admitted}, e.stderr)
		require.Less(t, held, int64(maxMemory))
		code = e.code
		asked := w.asked()
		require.Len(t, asked, images)
		t.Logf("%d Pods, %d images: %d requests to the registry, %d to the API server, at most %d MB, %v", pods, images, len(w.Log()), len(w.api.Log())-before, held>>20, took.Round(time.Millisecond))
		return asked
	}
	many := measure(pods, "many")
	require.Equal(t, many, measure(pods/5, "few"), "the same images in fewer Pods are asked about as often")
	for repository, requests := range many {
		require.LessOrEqual(t, requests, 10, repository)
	}
	w.silence()
	for name, args := range map[string][]string{"again": nil, "verified": {"--verify"}} {
		begin := time.Now()
		e, held := w.memory(t, append([]string{"audit", "--offline", "many", "-o", "json"}, args...)...)
		require.Equal(t, code, e.code, e.stderr)
		require.Contains(t, e.stderr, "the report is the same, byte for byte")
		require.Less(t, held, int64(maxMemory))
		t.Logf("offline, %s: at most %d MB, %v", name, held>>20, time.Since(begin).Round(time.Millisecond))
	}
	require.Empty(t, w.Log())
}

// TestAuditLargeLog asserts that memory does not grow with a log.
func TestAuditLargeLog(t *testing.T) {
	size := int64(64 << 20)
	if large() {
		size = 1 << 30
	}
	w := newAudited(t)
	read := func(size int64) int64 {
		path := filepath.Join(w.dir, "audit.log")
		out, err := os.Create(path)
		require.NoError(t, err)
		defer func() { _ = os.Remove(path) }()
		written := auditlog.New(size)
		_, err = io.Copy(out, written)
		require.NoError(t, err)
		require.NoError(t, out.Close())
		begin := time.Now()
		e, held := w.memory(t, "audit", "--log", "audit.log", "--from", "2026-09-01", "--to", "2026-11-30", "-o", "json")
		require.Equal(t, 1, e.code, "the log lets images of other registries in: %s", e.stderr)
		r := reportOf(t, e)
		require.Equal(t, written.Denied, r.Summary.Rejections)
		require.Equal(t, written.RBAC, r.Logs.RBAC)
		t.Logf("%d MB of log: at most %d MB, %v", size>>20, held>>20, time.Since(begin).Round(time.Millisecond))
		return held
	}
	least := read(size / 4)
	most := read(size)
	require.Less(t, most, int64(maxMemory))
	require.Less(t, most, 2*least, "it grows with what is different, and not with lines")
}
