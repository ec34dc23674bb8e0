package judge_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/admission"
	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/pipeline"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/bundles/parameters"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/gather"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

type m = map[string]any

// now is the clock of the audits.
var now = time.Now().UTC().Truncate(time.Second)

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// world is a registry with images that are good and bad in different ways, the
// configuration that judges them, and what an audit gathered.
type world struct {
	*fixture.World
	dir string
	g   *gather.Gathered
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: fixture.New(t), dir: t.TempDir()}
	w.g = &gather.Gathered{
		Version: gather.Version, Title: "shop", Started: stamp(now), Ended: stamp(now), Now: stamp(now),
		Period: audit.Period{From: stamp(now.AddDate(0, 0, -90)), To: stamp(now)}, Seed: 42,
		Clusters: []gather.Cluster{}, Registries: []string{}, Repositories: []gather.Repository{}, LogFiles: []string{}, Images: []audit.Image{}, Units: []gather.Unit{},
		Keys: []audit.Key{}, Identities: []audit.Identity{}, Probes: []audit.Probe{}, Missing: []audit.Missing{},
		Logs: audit.Logs{Sources: []audit.LogSource{}, Rejections: []audit.Rejection{}, Admissions: []audit.Admission{}},
	}
	w.configure(t, "")
	return w
}

// configure writes the configuration. More stands at the end of its policies.
func (w *world) configure(t *testing.T, more string) {
	t.Helper()
	authority := fmt.Sprintf(`[{name: release, images: ["%s/**"], keys: [release]}]`, w.Host())
	text := fmt.Sprintf(`version: 1
policy: {owner: platform, approver: security, review_date: %[3]s, version: "7"}
policies:
  signed_images: {authorities: %[1]s}
  scanned_images:
    authorities: %[1]s
    fail_on: [critical]
    max_scan_age: 7d
    max_database_age: 7d
    exceptions:
      - {id: CVE-2026-0002, images: ["%[2]s/shop/excepted"], owner: team, reason: no way in, expires: %[3]s}
      - {id: CVE-2026-0003, images: ["%[2]s/shop/web"], owner: team, reason: gone, expires: %[4]s}
      - {id: CVE-2026-0004, images: ["%[2]s/shop/web"], owner: team, reason: not there, expires: %[3]s}
  allowed_registries: {images: ["%[2]s/shop/**"]}
%[5]s
keys: {release: {file: release.pub, owner: platform, approver: security}}
trust_roots: {test: {file: root.json}}
registries: {"%[2]s": {plain_http: true}}
credentials: {docker_config: false}
hosts_only: true
`, authority, w.Host(), now.AddDate(0, 1, 0).Format(time.DateOnly), now.AddDate(0, -1, 0).Format(time.DateOnly), more)
	for name, content := range map[string]string{"waxseal.yaml": text, "release.pub": string(w.Key.PEM()), "root.json": string(w.Sigstore.TrustedRootJSON())} {
		require.NoError(t, os.WriteFile(filepath.Join(w.dir, name), []byte(content), 0o600))
	}
}

func (w *world) config(t *testing.T) *config.Config {
	t.Helper()
	cfg, err := parameters.Load(filepath.Join(w.dir, "waxseal.yaml"))
	require.NoError(t, err)
	return cfg
}

// image is an image as it runs.
func (w *world) image(repository, tag string, digest registry.Digest) audit.Image {
	name := w.Host() + "/" + repository
	img := audit.Image{
		Ref: name + "@" + string(digest), Repository: name, Tag: tag, Digest: string(digest), Workloads: []audit.Workload{}, Namespaces: []string{}, Codes: []string{},
	}
	if digest == "" {
		img.Ref = name + ":" + tag
	}
	return img
}

// runs has Pods of a workload run an image.
func (w *world) runs(img audit.Image, namespace, workload string, pods int) {
	at := slices.IndexFunc(w.g.Images, func(i audit.Image) bool { return i.Ref == img.Ref })
	if at < 0 {
		w.g.Images = append(w.g.Images, img)
		at = len(w.g.Images) - 1
	}
	by := audit.Workload{Cluster: "prod", Namespace: namespace, Kind: "Deployment", Name: workload, Pods: pods}
	i := &w.g.Images[at]
	i.Pods, i.Containers, i.Workloads = i.Pods+pods, i.Containers+pods, append(i.Workloads, by)
	i.Namespaces = append(i.Namespaces, "prod/"+namespace)
	w.g.Units = append(w.g.Units, gather.Unit{
		Key: fmt.Sprintf("unit %d", len(w.g.Units)), Image: img.Ref, Cluster: "prod", Namespace: namespace, Pods: pods, Workloads: []audit.Workload{by},
		Object: m{"apiVersion": "v1", "kind": "Pod", "metadata": m{"name": workload, "namespace": namespace}, "spec": m{"containers": []any{m{"name": "app", "image": img.Ref}}}},
	})
	slices.SortFunc(w.g.Images, func(a, b audit.Image) int { return strings.Compare(a.Ref, b.Ref) })
}

func (w *world) pushed(t *testing.T, name string) fixture.Image {
	return w.Push(t, "shop/"+name, "v1", nil)
}

func (w *world) run(t *testing.T, i fixture.Image, pods int) audit.Image {
	t.Helper()
	repository := strings.TrimPrefix(i.Repository, w.Host()+"/")
	img := w.image(repository, "v1", i.Digest)
	w.runs(img, "shop", repository[strings.LastIndexByte(repository, '/')+1:], pods)
	return img
}

func (w *world) scanned(t *testing.T, i fixture.Image, at time.Time, found ...fixture.Vulnerability) fixture.Image {
	return i.AttestBundle(t, w.Key, fixture.ScanType, fixture.ScanPredicate("shop", at, at, found...), sigstore.Options{})
}

func critical(id string) fixture.Vulnerability {
	return fixture.Vulnerability{ID: id, Package: "openssl", Installed: "3.0.1", Fixed: "3.0.2", Severity: "CRITICAL", Title: "made up"}
}

var minor = fixture.Vulnerability{ID: "CVE-2026-9999", Package: "zlib", Installed: "1", Severity: "LOW", Title: "made up"}

// fill has images of all sorts run.
func (w *world) fill(t *testing.T) map[string]audit.Image {
	t.Helper()
	hour, month := now.Add(-time.Hour), now.AddDate(0, -1, 0)
	signed := func(name string) fixture.Image { return w.pushed(t, name).SignBundle(t, w.Key, sigstore.Options{}) }
	out := map[string]audit.Image{
		"web":       w.run(t, w.scanned(t, signed("web"), hour, minor), 3),
		"unsigned":  w.run(t, w.scanned(t, w.pushed(t, "unsigned"), hour), 1),
		"stranger":  w.run(t, w.scanned(t, w.pushed(t, "stranger").SignBundle(t, w.Other, sigstore.Options{}), hour), 1),
		"unscanned": w.run(t, signed("unscanned"), 1),
		"critical":  w.run(t, w.scanned(t, signed("critical"), hour, critical("CVE-2026-0001"), minor), 1),
		"stale":     w.run(t, w.scanned(t, signed("stale"), month), 1),
		"excepted":  w.run(t, w.scanned(t, signed("excepted"), hour, critical("CVE-2026-0002")), 1),
		"moved":     w.run(t, w.scanned(t, signed("moved"), hour), 1),
		"outage":    w.run(t, signed("outage"), 1),
		"elsewhere": w.run(t, w.scanned(t, w.Push(t, "public/elsewhere", "v1", nil).SignBundle(t, w.Key, sigstore.Options{}), hour), 1),
	}
	w.runs(out["web"], "pay", "web", 2) // another unit
	w.Push(t, "shop/moved", "v1", nil)  // the tag means another image
	gone := w.scanned(t, signed("gone"), hour)
	out["gone"] = w.image("shop/gone", "v0", gone.Digest)
	w.runs(out["gone"], "shop", "gone", 1)
	out["index"] = w.platform(t)
	w.runs(out["index"], "shop", "index", 1)
	nameless := w.scanned(t, signed("nameless"), hour)
	out["nameless"] = w.image("shop/nameless", nameless.Tag, "")
	w.runs(out["nameless"], "shop", "nameless", 1)
	w.Intercept(func(rw http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "/shop/outage/") {
			rw.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		return false
	})
	return out
}

// platform is a manifest that runs, of an index that the tag means.
func (w *world) platform(t *testing.T) audit.Image {
	t.Helper()
	one, err := random.Image(64, 1)
	require.NoError(t, err)
	index := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: one, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}})
	w.Registry.Push(t, "shop/index", "v1", index)
	digest, err := one.Digest()
	require.NoError(t, err)
	pushed := w.Push(t, "shop/index", "amd64", one)
	w.scanned(t, pushed.SignBundle(t, w.Key, sigstore.Options{}), now.Add(-time.Hour))
	return w.image("shop/index", "v1", registry.Digest(digest.String()))
}

const webhook = `{"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "kyverno"}, "webhooks": [{"name": "validate.kyverno.svc-fail",
	"failurePolicy": "Fail", "timeoutSeconds": 10, "clientConfig": {"service": {"name": "kyverno-svc", "namespace": "kyverno"}, "caBundle": "QQ=="},
	"rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["pods", "pods/ephemeralcontainers"]}]}]}`

const policy = `{"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "signed"}, "spec": {"validationFailureAction": "%s",
	"rules": [{"name": "r", "match": {"any": [{"resources": {"kinds": ["Pod"]}}]}, "verifyImages": [{"imageReferences": ["*"],
	"attestors": [{"entries": [{"keys": {"secret": {"name": "key", "namespace": "kyverno"}}}]}]}]}]}}`

// cluster adds a cluster whose Kyverno has this action: Enforce or Audit.
func (w *world) cluster(t *testing.T, name, action string) {
	t.Helper()
	c := gather.Cluster{Name: name, Context: name, Server: "https://api.example", Version: "v1.34.0", Namespaces: []string{}, Excluded: []string{}, Pods: 15, Pending: 1}
	var objects []admission.Object
	for _, text := range []string{webhook, fmt.Sprintf(policy, action)} {
		var value m
		require.NoError(t, jsonInto(text, &value))
		c.Exported = append(c.Exported, value)
		objects = append(objects, admission.Object{Value: value})
	}
	c.Configuration = admission.Parse(objects, admission.Options{Complete: true, Holds: func(admission.Kind) bool { return false }})
	w.g.Clusters = append(w.g.Clusters, c)
}

// constraint adds a constraint of ours to the first cluster, with the parameters of the
// configuration, changed.
func (w *world) constraint(t *testing.T, action string, change func(m)) {
	t.Helper()
	raw, err := json.Marshal(w.config(t).Parameters())
	require.NoError(t, err)
	var parameters m
	require.NoError(t, jsonInto(string(raw), &parameters))
	change(parameters)
	w.g.Clusters[0].Exported = append(w.g.Clusters[0].Exported, m{
		"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "WaxsealImages", "metadata": m{"name": "images"}, "spec": m{"enforcementAction": action, "parameters": parameters},
	})
}

const release = `name: release
on: {push: {tags: ['v*']}}
permissions: {contents: read, packages: write, id-token: write}
jobs:
  release:
    runs-on: ubuntu-24.04
    steps:
      - id: build
        uses: docker/build-push-action@263435318d21b8e681c14492fe198d362a7d2c83
        with: {push: true, tags: 'ghcr.io/shop/app:1'}
      - uses: aquasecurity/trivy-action@b6643a29fecd7f34b3597bc6acb0a98b03d33ff8
        with: {image-ref: 'ghcr.io/shop/app@${{ steps.build.outputs.digest }}', exit-code: '1'}
%s`

const sign = `      - run: cosign sign --yes ghcr.io/shop/app@${{ steps.build.outputs.digest }}
`

// repository adds a repository whose pipeline does these steps after it has built,
// pushed and scanned an image.
func (w *world) repository(t *testing.T, name, steps string) {
	t.Helper()
	facts, err := pipeline.Parse(t.Context(), map[string][]byte{".github/workflows/release.yml": fmt.Appendf(nil, release, steps)})
	require.NoError(t, err)
	w.g.Repositories = append(w.g.Repositories, gather.Repository{Name: name, Commit: "904e2c3", Facts: facts})
}
