package statement_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report/reporttest"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/statement"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/policy"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

const verifier = "https://audit.example/waxseal"

var (
	by  = statement.By{Verifier: verifier}
	raw = []byte("{}\n")
)

// wire is a statement as others read it.
type wire struct {
	Type          string          `json:"_type"`
	PredicateType string          `json:"predicateType"`
	Subject       []subject       `json:"subject"`
	Predicate     json.RawMessage `json:"predicate"`
}

type subject struct {
	Name   string
	Digest map[string]string
}

func statements(t *testing.T, r *report.Report) (byImage map[string]wire, without map[string]string) {
	t.Helper()
	all, silent, err := statement.Statements(r, raw, reporttest.Digest("record"), by)
	require.NoError(t, err)
	byImage, without = map[string]wire{}, map[string]string{}
	for _, s := range all {
		var w wire
		require.NoError(t, json.Unmarshal(s.JSON, &w))
		require.Equal(t, s.Type, w.PredicateType)
		require.Equal(t, "https://in-toto.io/Statement/v1", w.Type)
		byImage[s.Image] = w
	}
	for _, s := range silent {
		without[s.Image] = s.Why
	}
	return byImage, without
}

func ref(r *report.Report, unit string) string {
	i := slices.IndexFunc(r.Images, func(img report.Image) bool { return strings.HasSuffix(img.Repository, "/"+unit) })
	return r.Images[i].Ref
}

// What is stated of an image that passes, word for word.
func TestSummary(t *testing.T) {
	r := reporttest.Sample()
	all, _ := statements(t, r)
	image := ref(r, "cart")
	digest, err := policy.Digest(r.Audit.Bundle, r.Policy.Parameters)
	require.NoError(t, err)
	hex := func(d string) string { return strings.TrimPrefix(d, "sha256:") }
	inputs := []string{reporttest.Digest("signature of registry.example/shop/cart"), reporttest.Digest("scan of registry.example/shop/cart")}
	slices.Sort(inputs)
	require.Equal(t, []subject{{"registry.example/shop/cart", map[string]string{"sha256": hex(r.Images[0].Digest)}}}, all[image].Subject)
	require.Equal(t, "https://slsa.dev/verification_summary/v1", all[image].PredicateType)
	require.JSONEq(t, fmt.Sprintf(`{
		"verifier": {"id": "https://audit.example/waxseal", "version": {"waxseal": "v0.6.0"}},
		"timeVerified": "2026-11-26T09:00:00Z",
		"resourceUri": "oci://%s",
		"policy": {"uri": %q, "digest": {"sha256": %q}},
		"inputAttestations": [
			{"uri": "oci://registry.example/shop/cart@%s", "digest": {"sha256": %q}},
			{"uri": "oci://registry.example/shop/cart@%s", "digest": {"sha256": %q}}
		],
		"verificationResult": "PASSED",
		"verifiedLevels": ["WAXSEAL_REGISTRY", "WAXSEAL_SCANNED", "WAXSEAL_SIGNED"],
		"slsaVersion": "1.1"
	}`, image, statement.PolicyURI, hex(digest), inputs[0], hex(inputs[0]), inputs[1], hex(inputs[1])), string(all[image].Predicate))
}

// Only what was admitted has passed, and where nobody can tell nothing is said.
func TestResults(t *testing.T) {
	r := reporttest.Sample()
	all, without := statements(t, r)
	for _, img := range r.Images {
		var said struct {
			Result string   `json:"verificationResult"`
			Levels []string `json:"verifiedLevels"`
		}
		if img.Verdict == "cannot_tell" {
			require.NotContains(t, all, img.Ref)
			require.Equal(t, "whether it passes cannot be told", without[img.Ref])
			continue
		}
		require.NoError(t, json.Unmarshal(all[img.Ref].Predicate, &said))
		if img.Verdict == "admitted" {
			require.Equal(t, "PASSED", said.Result, img.Ref)
			require.NotContains(t, said.Levels, "FAILED")
		} else {
			require.Equal(t, "FAILED", said.Result, img.Ref)
			require.Equal(t, []string{"FAILED"}, said.Levels)
		}
	}
	require.Len(t, all, 12) // eleven images, and the audit
	require.Len(t, without, 1)
}

func TestWithout(t *testing.T) {
	for _, c := range []struct {
		name, why string
		change    func(r *report.Report, img *report.Image)
	}{
		{"not judged", "it was not judged", func(_ *report.Report, img *report.Image) { img.Verdict = "" }},
		{"an unknown verdict", "whether it passes cannot be told", func(_ *report.Report, img *report.Image) { img.Verdict = "Admitted" }},
		{"no digest", "the digest that runs is not known", func(_ *report.Report, img *report.Image) { img.Digest = "" }},
		{"a digest that is none", "the digest that runs is not known", func(_ *report.Report, img *report.Image) { img.Digest = "sha256:../../x" }},
		{"no repository", "its repository is not known", func(_ *report.Report, img *report.Image) { img.Repository = "" }},
		{"vouched, by digest", "it passes because of a summary, and one that rests on another would outlive it for ever", func(r *report.Report, img *report.Image) {
			r.Notes = append(r.Notes, report.Finding{Digest: img.Digest, Violation: render.Violation{Code: "signed_images.vouched"}})
		}},
		{"vouched, by reference", "it passes because of a summary, and one that rests on another would outlive it for ever", func(r *report.Report, img *report.Image) {
			r.Notes = append(r.Notes, report.Finding{Violation: render.Violation{Code: "signed_images.vouched", Image: img.Ref}})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := reporttest.Sample()
			c.change(r, &r.Images[0])
			all, without := statements(t, r)
			require.Equal(t, c.why, without[r.Images[0].Ref])
			require.Len(t, all, 11)
		})
	}
}

// A denied image fails, whoever vouched.
func TestVouchedAndDenied(t *testing.T) {
	r := reporttest.Sample()
	image := ref(r, "payment")
	r.Notes = append(r.Notes, report.Finding{Violation: render.Violation{Code: "signed_images.vouched", Image: image}})
	all, _ := statements(t, r)
	require.Contains(t, string(all[image].Predicate), `"verificationResult":"FAILED"`)
}

// What registries say of themselves is no attestation, and the image is none of its own.
func TestInputs(t *testing.T) {
	r := reporttest.Sample()
	r.Images[0].Evidence = []report.Evidence{
		{Request: "registry.digest", Digests: []string{reporttest.Digest("a")}},
		{Request: "cosign.verify", Digests: []string{reporttest.Digest("b"), r.Images[0].Digest, "nonsense", reporttest.Digest("b")}},
		{Request: "sbom.packages", Digests: nil},
	}
	all, _ := statements(t, r)
	var said struct {
		InputAttestations []struct{ Digest map[string]string }
	}
	require.NoError(t, json.Unmarshal(all[r.Images[0].Ref].Predicate, &said))
	require.Len(t, said.InputAttestations, 1)
	require.Equal(t, strings.TrimPrefix(reporttest.Digest("b"), "sha256:"), said.InputAttestations[0].Digest["sha256"])
}

func TestLevels(t *testing.T) {
	r := reporttest.Sample()
	r.Images[0].SBOM, r.Images[0].Provenance, r.Images[0].Scanned = audit.Yes, audit.Yes, audit.CannotTell
	all, _ := statements(t, r)
	require.Contains(t, string(all[r.Images[0].Ref].Predicate), `"verifiedLevels":["WAXSEAL_PROVENANCE","WAXSEAL_REGISTRY","WAXSEAL_SBOM","WAXSEAL_SIGNED"]`)
}

func TestAudit(t *testing.T) {
	r := reporttest.Sample()
	all, _ := statements(t, r)
	own := all[""]
	require.Equal(t, "https://github.com/waxseal/waxseal/attestation/audit/v1", own.PredicateType)
	require.Equal(t, []subject{
		{"report.json", map[string]string{"sha256": fmt.Sprintf("%x", sha256.Sum256(raw))}},
		{"record", map[string]string{"sha256": strings.TrimPrefix(reporttest.Digest("record"), "sha256:")}},
	}, own.Subject)
	var said struct {
		Line, Status, Record, Bundle, Config string
		Controls                             []struct{ ID, Status string }
		Counts                               map[string]int
		Scope                                map[string][]string
		Period                               map[string]string
	}
	require.NoError(t, json.Unmarshal(own.Predicate, &said))
	require.Equal(t, r.Summary.Line, said.Line)
	require.Equal(t, string(r.Summary.Status), said.Status)
	require.Equal(t, reporttest.Digest("record"), said.Record)
	require.Equal(t, r.Audit.Bundle, said.Bundle)
	require.Equal(t, r.Audit.Config, said.Config)
	require.Len(t, said.Controls, len(r.Controls))
	require.Equal(t, r.Summary.Denied, said.Counts["denied"])
	require.Equal(t, []string{"prod-eu", "staging"}, said.Scope["clusters"])
	require.Equal(t, []string{"namespace prod-eu/vault", "registry registry.example/shop/mail"}, said.Scope["missing"])
	require.Equal(t, r.Audit.Period.From, said.Period["from"])
}

func TestStatementsRefuse(t *testing.T) {
	for _, c := range []struct {
		name   string
		by     statement.By
		record string
		change func(r *report.Report)
		want   string
	}{
		{name: "nobody verifies", want: "--verifier-id is missing"},
		{name: "a verifier that is no URI", by: statement.By{Verifier: "audit"}, want: `--verifier-id "audit": expected a URI`},
		{name: "a policy that is no URI", by: statement.By{Verifier: verifier, Policy: "mine"}, want: `--policy-uri "mine": expected a URI`},
		{name: "a record without a digest", by: by, record: "audit-2026", want: `the digest of the record is "audit-2026"`},
		{name: "an unknown bundle", by: by, change: func(r *report.Report) { r.Audit.Bundle = "" }, want: "that of its bundle is not known"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := reporttest.Sample()
			if c.change != nil {
				c.change(r)
			}
			_, _, err := statement.Statements(r, raw, c.record, c.by)
			require.ErrorContains(t, err, c.want)
		})
	}
}

// signer signs by putting brackets around; it fails at the statement that is named.
type signer struct{ fails string }

func (s signer) Sign(_ context.Context, text []byte) ([]byte, string, error) {
	if s.fails != "" && strings.Contains(string(text), s.fails) {
		return nil, "", errors.New("no token")
	}
	return []byte("[" + string(text) + "]"), "key test", nil
}

// registry notes what is stored; it fails for the repository that is named.
type registry struct {
	mu     sync.Mutex
	stored map[string]string
	fails  string
}

func (r *registry) Store(_ context.Context, image string, bundle []byte, predicateType string, most int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fails != "" && strings.Contains(image, r.fails) {
		return errors.New("no answer from " + image)
	}
	r.stored[image] = fmt.Sprintf("%s %d %.2s", predicateType, most, bundle)
	return nil
}

func TestSign(t *testing.T) {
	r, dir, reg := reporttest.Sample(), t.TempDir(), &registry{stored: map[string]string{}}
	// The same digest in another repository.
	twin := r.Images[0]
	twin.Repository, twin.Ref = "registry.example/shop/twin", "registry.example/shop/twin@"+twin.Digest
	r.Images = append(r.Images, twin)
	written, err := statement.Sign(t.Context(), r, statement.Options{By: by, Dir: dir, Report: raw, Signer: signer{}, Registry: reg})
	require.NoError(t, err)
	name := strings.Replace(twin.Digest, ":", "-", 1)
	require.Len(t, written.Files, 13)
	require.Contains(t, written.Files, "vsa/"+name+".sigstore.json")
	require.Contains(t, written.Files, "vsa/"+name+"-2.sigstore.json")
	require.Contains(t, written.Files, "report.json.sigstore.json")
	for _, file := range written.Files {
		text, err := os.ReadFile(filepath.Join(dir, file))
		require.NoError(t, err)
		require.Equal(t, byte('['), text[0], file)
	}
	require.Equal(t, "key test", written.Signer)
	require.Len(t, written.Without, 1)
	require.Equal(t, 12, written.Pushed)
	require.Len(t, reg.stored, 12)
	require.Equal(t, "https://slsa.dev/verification_summary/v1 90 [{", reg.stored[twin.Ref])

	// Never over those of another audit.
	_, err = statement.Sign(t.Context(), r, statement.Options{By: by, Dir: dir, Report: raw})
	require.ErrorContains(t, err, "vsa is not empty")
}

func TestUnsigned(t *testing.T) {
	dir := t.TempDir()
	written, err := statement.Sign(t.Context(), reporttest.Sample(), statement.Options{By: by, Dir: dir, Report: raw})
	require.NoError(t, err)
	require.Empty(t, written.Signer)
	require.Zero(t, written.Pushed)
	require.Contains(t, written.Files, "report.json.intoto.json")
	text, err := os.ReadFile(filepath.Join(dir, "report.json.intoto.json"))
	require.NoError(t, err)
	require.Contains(t, string(text), `"predicateType":"https://github.com/waxseal/waxseal/attestation/audit/v1"`)

	_, err = statement.Sign(t.Context(), reporttest.Sample(), statement.Options{By: by, Dir: t.TempDir(), Report: raw, Registry: &registry{}})
	require.ErrorContains(t, err, "what nobody signs is not pushed")
}

// Nothing is written unless everything could be signed.
func TestSigningFails(t *testing.T) {
	dir, reg := t.TempDir(), &registry{stored: map[string]string{}}
	_, err := statement.Sign(t.Context(), reporttest.Sample(), statement.Options{By: by, Dir: dir, Report: raw, Signer: signer{fails: "shop/payment"}, Registry: reg})
	require.ErrorContains(t, err, "sign the statement about \"registry.example/shop/payment@sha256:")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
	require.Empty(t, reg.stored)
}

// A registry that gives no answer keeps nothing from the others.
func TestPushFails(t *testing.T) {
	reg := &registry{stored: map[string]string{}, fails: "docker.io/"}
	written, err := statement.Sign(t.Context(), reporttest.Sample(), statement.Options{By: by, Dir: t.TempDir(), Report: raw, Signer: signer{}, Registry: reg})
	require.ErrorContains(t, err, "push the summaries: no answer from docker.io/library/busybox@")
	require.Equal(t, 10, written.Pushed)
	require.Len(t, written.Files, 12)
}

func TestFlags(t *testing.T) {
	for _, c := range []struct {
		args   []string
		wanted bool
		signed bool
		pushed bool
		err    string
	}{
		{args: nil},
		{args: []string{"--verifier-id", verifier}},
		{args: []string{"--statements"}, wanted: true, err: "--verifier-id is missing"},
		{args: []string{"--statements", "--verifier-id", verifier}, wanted: true},
		{args: []string{"--key", "no.pem", "--tlog-upload=false", "--verifier-id", verifier}, wanted: true, signed: true, err: "--key: open no.pem"},
		{args: []string{"--sign", "--tlog-upload=false", "--verifier-id", verifier}, wanted: true, signed: true, err: "--tlog-upload=false is for --key"},
		{args: []string{"--push", "--tlog-upload=false", "--verifier-id", verifier}, wanted: true, signed: true, pushed: true, err: "--tlog-upload=false is for --key"},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			var f statement.Flags
			set := pflag.NewFlagSet("", pflag.ContinueOnError)
			f.Bind(set)
			require.NoError(t, set.Parse(c.args))
			require.Equal(t, c.wanted, f.Wanted())
			if err := f.Check(t.Context()); c.err != "" {
				require.ErrorContains(t, err, c.err)
			} else {
				require.NoError(t, err)
			}
			o := f.Options("dir", raw, "")
			require.Equal(t, c.signed, o.Signer != nil)
			require.Equal(t, c.pushed, o.Registry != nil)
		})
	}
}
