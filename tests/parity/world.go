package parity

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// World is the registry of the corpus, and a folder with the configuration that
// hosts read: keys, trust root, registry.
type World struct {
	*fixture.World
	Dir     string
	scanner *sigstore.Signer
	waivers // who speaks for what suppresses findings
	images  map[string]fixture.Image
}

const day = 24 * time.Hour

// NewWorld fills a registry that ends with the test.
func NewWorld(t testing.TB) *World {
	w := &World{World: fixture.New(t), Dir: t.TempDir(), images: map[string]fixture.Image{}}
	var err error
	w.scanner, err = sigstore.NewKey("")
	require.NoError(t, err)
	w.waivers = newWaivers(t)
	w.signatures(t)
	w.scans(t)
	w.dated(t)
	w.platforms(t)
	w.suppressions(t)
	w.builds(t)
	w.sboms(t)
	w.notary(t)
	w.approvals(t)
	w.summaries(t)
	w.bases(t)
	w.outages(t)
	for name, content := range map[string][]byte{
		"release.pub": w.Key.PEM(), "scanner.pub": w.scanner.PEM(),
		"vendor.pub": w.vendor.PEM(), "security.pub": w.security.PEM(), "trusted_root.json": w.Sigstore.TrustedRootJSON(),
		"waxseal.yaml": w.Config(t, nil),
		"notary.pem":   w.Notary.Authority.PEM(), "strict.json": w.Notary.Document(t, "strict"), "permissive.json": w.Notary.Document(t, "permissive"),
		"audit.json": w.Notary.Document(t, "audit"), "skip.json": w.Notary.Document(t, "skip"),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(w.Dir, name), content, 0o600))
	}
	return w
}

// signatures pushes an image for each way to be signed, and to be not.
func (w *World) signatures(t testing.TB) {
	o := sigstore.Options{}
	w.clean(t, w.push(t, "legacy").Sign(t, o, w.Key))
	w.clean(t, w.push(t, "bundle").SignBundle(t, w.Key, o))
	w.clean(t, w.push(t, "keyless").SignBundle(t, w.Keyless, o))
	w.clean(t, w.push(t, "oldkeyless").Sign(t, o, w.Keyless))
	w.clean(t, w.push(t, "annotated").Sign(t, sigstore.Options{Annotations: map[string]any{"stage": "prod"}}, w.Key))
	w.clean(t, w.push(t, "both").Sign(t, o, w.Key).SignBundle(t, w.Keyless, o))
	w.clean(t, w.push(t, "unsigned"))
	w.push(t, "bare") // nothing is attached to it
	w.clean(t, w.push(t, "stranger").Sign(t, o, w.Other))
	w.clean(t, w.push(t, "strangebundle").SignBundle(t, w.Other, o))
	w.clean(t, w.push(t, "unlogged").Sign(t, sigstore.Options{WithoutTlog: true}, w.Key))
	w.clean(t, w.push(t, "renamed").Sign(t, sigstore.Options{Identity: "registry.example/other/app"}, w.Key))
	w.clean(t, w.push(t, "mirrored").Sign(t, sigstore.Options{Identity: "docker.io/library/mirrored"}, w.Key))
	w.clean(t, w.push(t, "attested").AttestBundle(t, w.Key, "https://slsa.dev/provenance/v1", map[string]string{"builder": "ci"}, o))
	copied := w.push(t, "copied")
	layer, err := w.Sigstore.Sign(w.Key, copied.Repository, "sha256:"+strings.Repeat("5e", 32), o)
	require.NoError(t, err)
	w.clean(t, copied.Layers(t, layer))
	index, err := random.Index(64, 1, 2)
	require.NoError(t, err)
	multi := w.Push(t, "shop/multi", "v1", index)
	w.images["multi"] = multi
	w.clean(t, multi.SignBundle(t, w.Key, o))
}

// scans pushes an image for each report, all of them signed.
func (w *World) scans(t testing.TB) {
	now := time.Now()
	critical := fixture.Vulnerability{
		ID: "CVE-2024-3094", Package: "xz-utils", Installed: "5.6.0-0.2", Fixed: "5.6.1+really5.4.5-1",
		Severity: "CRITICAL", Title: "xz: malicious code in distributed source",
	}
	medium := fixture.Vulnerability{ID: "CVE-2023-4039", Package: "gcc-12-base", Installed: "12.2.0-14", Severity: "MEDIUM", Title: "gcc: -fstack-protector fails to guard"}
	for name, report := range map[string]struct {
		at, database time.Time
		found        []fixture.Vulnerability
	}{
		"critical": {now.Add(-time.Hour), now.Add(-6 * time.Hour), []fixture.Vulnerability{critical, medium}},
		"medium":   {now.Add(-time.Hour), now.Add(-6 * time.Hour), []fixture.Vulnerability{medium}},
		"stale":    {now.Add(-30*day - time.Hour), now.Add(-31 * day), nil},
		"olddb":    {now.Add(-time.Hour), now.Add(-90*day - time.Hour), nil},
		"nodb":     {now.Add(-time.Hour), time.Time{}, nil},
		"future":   {now.Add(2*day + time.Hour), now.Add(-time.Hour), nil},
		"futuredb": {now.Add(-time.Hour), now.Add(2*day + time.Hour), nil},
	} {
		image := w.signed(t, name)
		image.AttestBundle(t, w.scanner, fixture.ScanType, fixture.ScanPredicate(image.Repository, report.at, report.database, report.found...), sigstore.Options{})
	}
	w.signed(t, "unscanned")
	foreign := w.signed(t, "foreignscan")
	foreign.AttestBundle(t, w.Other, fixture.ScanType, fixture.ScanPredicate(foreign.Repository, now, now), sigstore.Options{})
	w.signed(t, "oddscan").AttestBundle(t, w.scanner, fixture.ScanType, map[string]any{
		"scanner":  map[string]any{"uri": "x", "result": map[string]any{"surprise": true}},
		"metadata": map[string]any{"scanStartedOn": "2026-01-01T00:00:00Z", "scanFinishedOn": "2026-01-01T00:00:00Z"},
	}, sigstore.Options{})
}

// builds pushes an image for each provenance, and for what is none.
func (w *World) builds(t testing.TB) {
	o := sigstore.Options{}
	const main = "refs/heads/main"
	w.signed(t, "built").AttestBundle(t, w.Key, fixture.BuildType, fixture.BuildPredicate(fixture.Repository, main), o)
	w.signed(t, "oldbuilt").Attest(t, w.Key, fixture.OldBuildType, fixture.OldBuildPredicate(fixture.Repository, main), o)
	w.signed(t, "evilbuilt").AttestBundle(t, w.Key, fixture.BuildType, fixture.BuildPredicate(fixture.Repository+"-evil", main), o)
	w.signed(t, "branchbuilt").AttestBundle(t, w.Key, fixture.BuildType, fixture.BuildPredicate(fixture.Repository, "refs/heads/x"), o)
	w.signed(t, "emptybuilt").AttestBundle(t, w.Key, fixture.BuildType, map[string]any{}, o)
	w.signed(t, "strangebuilt").AttestBundle(t, w.Other, fixture.BuildType, fixture.BuildPredicate(fixture.Repository, main), o)
	for name, repository := range map[string]string{"githubbuilt": fixture.Repository, "contradicted": "https://github.com/acme/other"} {
		signer, err := w.Sigstore.Keyless(sigstore.Holder{Issuer: fixture.Issuer, Subject: fixture.Subject, Extensions: certificate.Extensions{
			SourceRepositoryURI: repository, SourceRepositoryRef: main, BuildConfigURI: fixture.Builder,
		}})
		require.NoError(t, err)
		w.signed(t, name).AttestBundle(t, signer, fixture.BuildType, fixture.BuildPredicate(fixture.Repository, main), o)
	}
}

// sboms pushes an image for each SBOM, and for what is none.
func (w *World) sboms(t testing.TB) {
	now := time.Now()
	lodash := fixture.Component{Purl: "pkg:npm/lodash@4.17.21", Licence: "MIT"}
	attest := func(name, kind string, predicate any) {
		w.signed(t, name).AttestBundle(t, w.Key, kind, predicate, sigstore.Options{})
	}
	listed := w.signed(t, "listed")
	listed.AttestBundle(t, w.Key, fixture.SPDXType, fixture.SPDXPredicate(now, string(listed.Digest), lodash), sigstore.Options{})
	w.signed(t, "legacylisted").Attest(t, w.Key, fixture.CycloneDXType, fixture.CycloneDXPredicate(now, "", lodash), sigstore.Options{})
	attest("vulnerable", fixture.SPDXType, fixture.SPDXPredicate(now, "", fixture.Component{Purl: "pkg:npm/lodash@4.17.20", Licence: "MIT"}))
	attest("unsurelisted", fixture.CycloneDXType, fixture.CycloneDXPredicate(now, "", fixture.Component{Purl: "pkg:npm/lodash@latest", Licence: "MIT"}))
	attest("copyleft", fixture.SPDXType+"/v2.3", fixture.SPDXPredicate(now, "", lodash, fixture.Component{Purl: "pkg:apk/alpine/busybox@1.36.1-r5", Licence: "GPL-2.0-only"}))
	attest("dual", fixture.CycloneDXType, fixture.CycloneDXPredicate(now, "", fixture.Component{Purl: "pkg:npm/node-forge@1.3.1", Licence: "BSD-3-Clause OR GPL-2.0"}))
	attest("unlicensed", fixture.CycloneDXType, fixture.CycloneDXPredicate(now, "", fixture.Component{Purl: "pkg:npm/x@1.0.0"}))
	attest("emptylisted", fixture.SPDXType, fixture.SPDXPredicate(now, ""))
	attest("otherlisted", fixture.SPDXType, fixture.SPDXPredicate(now, string(listed.Digest), lodash))
	attest("futurelisted", fixture.SPDXType, fixture.SPDXPredicate(now.Add(24*time.Hour), "", lodash))
	attest("oldlisted", fixture.SPDXType, fixture.SPDXPredicate(now.Add(-60*24*time.Hour), "", lodash))
	attest("oddlisted", fixture.SPDXType, map[string]any{"spdxVersion": "SPDX-9.9"})
	index, err := random.Index(64, 1, 2)
	require.NoError(t, err)
	manifest, err := index.IndexManifest()
	require.NoError(t, err)
	platform := w.Push(t, "shop/platformlisted", "v1", index)
	w.images["platformlisted"] = platform
	platform.AttestBundle(t, w.Key, fixture.SPDXType, fixture.SPDXPredicate(now, manifest.Manifests[1].Digest.String(), lodash), sigstore.Options{})
	w.signed(t, "strangelisted").AttestBundle(t, w.Other, fixture.SPDXType, fixture.SPDXPredicate(now, "", lodash), sigstore.Options{})
}

// outages pushes images that the registry does not give out.
func (w *World) outages(t testing.TB) {
	failing := map[string]int{"down": http.StatusServiceUnavailable, "private": http.StatusUnauthorized, "limited": http.StatusTooManyRequests}
	for name := range failing {
		w.signed(t, name)
	}
	w.Intercept(func(rw http.ResponseWriter, r *http.Request) bool {
		for name, status := range failing {
			if strings.Contains(r.URL.Path, "/shop/"+name+"/") {
				rw.Header().Set("Retry-After", "3600")
				rw.WriteHeader(status)
				return true
			}
		}
		return false
	})
}

func (w *World) push(t testing.TB, name string) fixture.Image {
	w.images[name] = w.Push(t, "shop/"+name, "v1", nil)
	return w.images[name]
}

func (w *World) signed(t testing.TB, name string) fixture.Image {
	return w.push(t, name).SignBundle(t, w.Key, sigstore.Options{})
}

// clean attests that nothing was found, an hour ago.
func (w *World) clean(t testing.TB, image fixture.Image) {
	now := time.Now()
	image.AttestBundle(t, w.scanner, fixture.ScanType, fixture.ScanPredicate(image.Repository, now.Add(-time.Hour), now.Add(-6*time.Hour)), sigstore.Options{})
}

// Config returns a waxseal.yaml of the world with the parameters of policies. They
// are nil for hosts that have them from elsewhere.
// Relative paths begin at Dir.
func (w *World) Config(t testing.TB, params map[string]any) []byte {
	config := map[string]any{
		"keys": map[string]any{
			"release": map[string]any{"file": "release.pub"}, "scanner": map[string]any{"file": "scanner.pub"},
			"vendor": map[string]any{"file": "vendor.pub"}, "security": map[string]any{"file": "security.pub"},
		},
		"trust_roots": map[string]any{"corpus": map[string]any{"file": "trusted_root.json"}},
		"notation":    notaryConfig(),
		"registries":  map[string]any{w.Host(): map[string]any{"plain_http": true}},
		"version":     1,
	}
	policies := map[string]any{}
	for name, value := range params {
		if name == "workloads" || name == "origins" { // no policy: waxseal.yaml has a place of its own for it
			config[name] = value
			continue
		}
		policies[name] = value
	}
	if params != nil {
		config["policies"] = policies
	}
	raw, err := yaml.Marshal(config)
	require.NoError(t, err)
	return raw
}

// pairs are the placeholders and what they stand for, longer texts first.
func (w *World) pairs() (placeholders, texts []string) {
	for name, image := range w.images {
		tag := image.ByTag()
		placeholders = append(placeholders, "${"+name+".both}", "${"+name+"}", "${"+name+".tag}", "${"+name+".digest}")
		texts = append(texts, tag+"@"+string(image.Digest), image.ByDigest(), tag, string(image.Digest))
	}
	return append(placeholders, "${registry}"), append(texts, w.Host())
}

// Expand returns the corpus with this world's images in it.
func (w *World) Expand(t testing.TB, cases []Case) []Case {
	placeholders, texts := w.pairs()
	var pairs []string
	for i := range placeholders {
		pairs = append(pairs, placeholders[i], texts[i])
	}
	replacer := strings.NewReplacer(pairs...)
	out := make([]Case, len(cases))
	for i, c := range cases {
		var err error
		out[i], err = c.in(replacer)
		require.NoError(t, err, c.Note)
		require.NotContains(t, fmt.Sprint(out[i].Object, out[i].Params), "${", "%s: %s: no such image", c.File, c.Note)
	}
	return out
}

// Restore puts the placeholders back, in what a host said. What differs from run
// to run and stands for nothing in the corpus becomes <time> and <digest>.
func (w *World) Restore(list []Violation) []Violation {
	placeholders, texts := w.pairs()
	var pairs []string
	for i := range placeholders {
		pairs = append(pairs, texts[i], placeholders[i])
	}
	for name, image := range w.images {
		pairs = append(pairs, image.Digest.Tag(), "${"+name+".digest as a tag}")
	}
	replacer := strings.NewReplacer(pairs...)
	restore := func(text string) string {
		return random64.ReplaceAllString(moment.ReplaceAllString(replacer.Replace(text), "<time>"), "<digest>")
	}
	out := make([]Violation, len(list))
	for i, v := range list {
		v.Image, v.Msg = replacer.Replace(v.Image), restore(v.Msg)
		out[i] = v
	}
	return Sorted(out)
}

var (
	moment   = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)
	random64 = regexp.MustCompile(`sha256:[0-9a-f]*[b-f0-9][0-9a-f]*`) // not the one of the cases, which is all a
)
