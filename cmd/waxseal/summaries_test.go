package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/bundles/parameters"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/attest"
	audits "github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/statement"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/exit"
	"github.com/waxseal/waxseal/tests/fixture"
)

const auditor = "https://audit.example/waxseal"

// vouching is a registry with an auditor, and with a cluster that trusts it.
type vouching struct {
	*fixture.World
	dir string
}

func newVouching(t *testing.T) vouching {
	t.Setenv("COSIGN_PASSWORD", "")
	v := vouching{fixture.New(t), t.TempDir()}
	private, public := keyPair(t)
	others, _ := keyPair(t)
	v.write(t, "auditor.pem", private)
	v.write(t, "auditor.pub", public)
	v.write(t, "others.pem", others)
	v.write(t, "cosign.pub", v.Key.PEM())
	v.write(t, "root.json", v.Sigstore.TrustedRootJSON())
	v.configure(t, "")
	digest, code := v.run(t, "policy", "digest", "-c", v.path("waxseal.yaml"))
	require.Zero(t, code, digest)
	v.configure(t, `
      verified_by:
      - {name: audit, images: ["`+v.Host()+`/**"], keys: [auditor], insecure_ignore_tlog: true, verifier_id: "`+auditor+`", policy_digests: ["`+strings.TrimSpace(digest)+`"], max_age: 1d}`)
	return v
}

// configure writes a waxseal.yaml whose authority never signed anything.
func (v vouching) configure(t *testing.T, verifiedBy string) {
	v.write(t, "waxseal.yaml", []byte(`version: 1
policies:
    pinned_digests: {}
    signed_images:
      authorities:
      - {name: release, images: ["`+v.Host()+`/**"], keys: [release]}`+verifiedBy+`
keys:
  release: {file: cosign.pub}
  auditor: {file: auditor.pub}
trust_roots:
  test: {file: root.json}
registries:
  "`+v.Host()+`": {plain_http: true}
`))
}

func (v vouching) path(name string) string { return filepath.Join(v.dir, name) }

func (v vouching) write(t *testing.T, name string, text []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(v.path(name), text, 0o600))
}

// run runs a command of this binary.
func (v vouching) run(t *testing.T, args ...string) (said string, code int) {
	t.Helper()
	cmd := command()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		said, ok := errors.AsType[exit.Code](err)
		require.True(t, ok, err)
		code = int(said)
	}
	return out.String(), code
}

// admit judges a Pod with the images, and returns what is said of each.
func (v vouching) admit(t *testing.T, images ...fixture.Image) (said map[string]string, code int) {
	t.Helper()
	var pod strings.Builder
	pod.WriteString("apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n")
	for i, img := range images {
		fmt.Fprintf(&pod, "  - {name: app%d, image: %q}\n", i, img.ByDigest())
	}
	v.write(t, "pod.yaml", []byte(pod.String()))
	out, code := v.run(t, "admit", "-c", v.path("waxseal.yaml"), "-o", "json", v.path("pod.yaml"))
	type violation struct{ Code, Image, Msg string }
	var judged struct {
		Decisions []struct{ Violations, Notes []violation }
	}
	require.NoError(t, json.Unmarshal([]byte(out), &judged), out)
	said = map[string]string{}
	for _, d := range judged.Decisions {
		for _, v := range append(d.Violations, d.Notes...) {
			said[v.Image] += v.Code + " " + v.Msg
		}
	}
	return said, code
}

// about is a report about images that an audit has judged now, by the policy of waxseal.yaml.
func (v vouching) about(t *testing.T, verdict string, images ...fixture.Image) *audits.Report {
	cfg, err := parameters.Load(v.path("waxseal.yaml"))
	require.NoError(t, err)
	files, err := bundles.FilesOf(bundles.Images, bundles.CLI, nil, nil)
	require.NoError(t, err)
	r := &audits.Report{
		Audit:  audits.Audit{Title: "test", Now: time.Now().UTC().Format(time.RFC3339), Tool: "test", Bundle: bundles.Revision(files)},
		Policy: audits.Policy{Parameters: cfg.Parameters()},
	}
	for _, img := range images {
		r.Images = append(r.Images, audits.Image{Image: audit.Image{Ref: img.ByDigest(), Repository: img.Repository, Digest: string(img.Digest), Verdict: verdict, Signed: audit.Yes}})
	}
	return r
}

// state signs the statements of a report with a key, as `waxseal audit` does it, into a
// new folder, and returns that.
func (v vouching) state(t *testing.T, r *audits.Report, key string, args ...string) string {
	t.Helper()
	dir := t.TempDir()
	var f statement.Flags
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.Bind(set)
	require.NoError(t, set.Parse(append([]string{"--key", v.path(key), "--tlog-upload=false", "--verifier-id", auditor}, args...)))
	require.NoError(t, f.Check(t.Context()))
	raw, err := json.MarshalIndent(r, "", "  ")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "report.json"), raw, 0o600))
	written, err := statement.Sign(t.Context(), r, f.Options(dir, raw, ""))
	require.NoError(t, err)
	require.Len(t, written.Files, len(r.Images)+1)
	require.Contains(t, written.Signer, "key sha256:")
	return dir
}

func summary(dir string, img fixture.Image) string {
	return filepath.Join(dir, "vsa", strings.Replace(string(img.Digest), ":", "-", 1)+".sigstore.json")
}

// An image that the authority has not signed passes, because an auditor vouches for it.
func TestSummaryStandsIn(t *testing.T) {
	v := newVouching(t)
	img := v.Push(t, "shop/app", "v1", nil)
	judged, code := v.admit(t, img)
	require.Equal(t, exit.Denied, code, judged)
	require.Contains(t, judged[img.ByDigest()], "signed_images.unsigned")
	require.Contains(t, judged[img.ByDigest()], `no verification summary of "audit" counts (no_attestation`)
	dir := v.state(t, v.about(t, "admitted", img), "auditor.pem", "--push")
	judged, code = v.admit(t, img)
	require.Equal(t, exit.Admitted, code, judged)
	require.Contains(t, judged[img.ByDigest()], "signed_images.vouched")

	// Others can verify what was signed.
	by := []string{"--key", v.path("auditor.pub"), "--insecure-ignore-tlog"}
	said, code := v.run(t, append([]string{"verify", "-c", v.path("waxseal.yaml"), "--bundle", filepath.Join(dir, "report.json.sigstore.json"), filepath.Join(dir, "report.json")}, by...)...)
	require.Zero(t, code, said)
	require.Contains(t, said, statement.AuditType)
	said, code = v.run(t, append([]string{"verify", "-c", v.path("waxseal.yaml"), "--bundle", summary(dir, img), string(img.Digest)}, by...)...)
	require.Zero(t, code, said)
	require.Contains(t, said, statement.SummaryType)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "report.json"), []byte("{}"), 0o600))
	said, code = v.run(t, append([]string{"verify", "-c", v.path("waxseal.yaml"), "--bundle", filepath.Join(dir, "report.json.sigstore.json"), filepath.Join(dir, "report.json")}, by...)...)
	require.Equal(t, exit.Denied, code, said)
	require.Contains(t, said, "digest_mismatch")
}

// Each row is a summary that somebody would like to count, and that does not.
func TestSummaryDoesNotStandIn(t *testing.T) {
	v := newVouching(t)
	other := v.Push(t, "shop/other", "v1", nil)
	otherBundle := readFile(t, summary(v.state(t, v.about(t, "admitted", other), "auditor.pem"), other))
	rows := map[string]struct {
		push func(t *testing.T, img fixture.Image)
		want string
	}{
		"it failed": {func(t *testing.T, img fixture.Image) {
			v.state(t, v.about(t, "denied", img), "auditor.pem", "--push")
		}, "has the result \"FAILED\""},
		"a later one failed": {func(t *testing.T, img fixture.Image) {
			v.state(t, v.about(t, "admitted", img), "auditor.pem", "--push")
			r := v.about(t, "denied", img)
			r.Policy.Parameters = map[string]any{} // by whatever policy
			v.state(t, r, "auditor.pem", "--push")
		}, "is outweighed by another"},
		"it was signed by somebody else": {func(t *testing.T, img fixture.Image) {
			v.state(t, v.about(t, "admitted", img), "others.pem", "--push")
		}, "untrusted_identity"},
		"it is by another verifier": {func(t *testing.T, img fixture.Image) {
			v.state(t, v.about(t, "admitted", img), "auditor.pem", "--push", "--verifier-id", auditor+"/")
		}, `is of the verifier "` + auditor + `/"`},
		"it is by another policy": {func(t *testing.T, img fixture.Image) {
			r := v.about(t, "admitted", img)
			r.Policy.Parameters = map[string]any{}
			v.state(t, r, "auditor.pem", "--push")
		}, "which is not trusted"},
		"it is old": {func(t *testing.T, img fixture.Image) {
			r := v.about(t, "admitted", img)
			r.Audit.Now = time.Now().Add(-25 * time.Hour).UTC().Format(time.RFC3339)
			v.state(t, r, "auditor.pem", "--push")
		}, "which is not of the last 1d"},
		"it is of the future": {func(t *testing.T, img fixture.Image) {
			r := v.about(t, "admitted", img)
			r.Audit.Now = time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
			v.state(t, r, "auditor.pem", "--push")
		}, "which is not of the last 1d"},
		"it is about another digest": {func(t *testing.T, img fixture.Image) {
			require.NoError(t, new(attest.Registry).Store(t.Context(), img.ByDigest(), otherBundle, statement.SummaryType, 9))
		}, "digest_mismatch"},
		"it is about this digest in another repository": {func(t *testing.T, img fixture.Image) {
			r := v.about(t, "admitted", img)
			r.Images[0].Repository = other.Repository
			bundle := readFile(t, summary(v.state(t, r, "auditor.pem"), img))
			require.NoError(t, new(attest.Registry).Store(t.Context(), img.ByDigest(), bundle, statement.SummaryType, 9))
		}, "not this repository"},
		"it was changed": {func(t *testing.T, img fixture.Image) {
			bundle := readFile(t, summary(v.state(t, v.about(t, "denied", img), "auditor.pem"), img))
			require.NoError(t, new(attest.Registry).Store(t.Context(), img.ByDigest(), passing(t, bundle), statement.SummaryType, 9))
		}, "signature_invalid"},
	}
	var images []fixture.Image
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		img := v.Push(t, "shop/"+strings.ReplaceAll(name, " ", "-"), "v1", nil)
		rows[name].push(t, img)
		images = append(images, img)
	}
	said, code := v.admit(t, images...)
	require.Equal(t, exit.Denied, code)
	for i, name := range slices.Sorted(maps.Keys(rows)) {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, said[images[i].ByDigest()], "signed_images.unsigned")
			require.Contains(t, said[images[i].ByDigest()], rows[name].want)
			require.NotContains(t, said[images[i].ByDigest()], "signed_images.vouched")
		})
	}
}

// passing makes a bundle of one that says FAILED, and keeps its signature.
func passing(t *testing.T, bundle []byte) []byte {
	var b map[string]any
	require.NoError(t, json.Unmarshal(bundle, &b))
	envelope := b["dsseEnvelope"].(map[string]any)
	payload, err := base64.StdEncoding.DecodeString(envelope["payload"].(string))
	require.NoError(t, err)
	changed := bytes.ReplaceAll(payload, []byte("FAILED"), []byte("PASSED"))
	require.NotEqual(t, payload, changed)
	envelope["payload"] = base64.StdEncoding.EncodeToString(changed)
	out, err := json.Marshal(b)
	require.NoError(t, err)
	return out
}

// Beyond what is read of an image's referrers, a push would make everything that is
// attested about it unreadable.
func TestSummariesDoNotFillUp(t *testing.T) {
	v := newVouching(t)
	img := v.Push(t, "shop/full", "v1", nil)
	bundle := readFile(t, summary(v.state(t, v.about(t, "admitted", img), "auditor.pem", "--push"), img))
	require.NoError(t, new(attest.Registry).Store(t.Context(), img.ByDigest(), bundle, statement.SummaryType, 2))
	again := readFile(t, summary(v.state(t, v.about(t, "denied", img), "auditor.pem", "--push"), img))
	err := new(attest.Registry).Store(t.Context(), img.ByDigest(), again, statement.SummaryType, 2)
	require.ErrorContains(t, err, "it has 2 referrers, and 2 at most can be read (limits.referrers): delete old ones in the registry")
}

// Without verified_by nothing more is asked; with it one listing more.
func TestSummariesCostNothingUnlessAskedFor(t *testing.T) {
	v := newVouching(t)
	img := v.Push(t, "shop/app", "v1", nil)
	v.Reset()
	_, code := v.admit(t, img)
	require.Equal(t, exit.Denied, code)
	with := v.Paths()
	v.configure(t, "")
	v.Reset()
	_, code = v.admit(t, img)
	require.Equal(t, exit.Denied, code)
	without := v.Paths()
	require.Len(t, without, 3, strings.Join(without, "\n"))
	require.Len(t, with, 4, strings.Join(with, "\n"))
}
