package e2e_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/tests/e2e/stack"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/oci"
)

// judge has waxseal judge an image by policies, and returns what it prints and
// whether the image is admitted.
func judge(t *testing.T, ref, config string) (string, bool) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "waxseal.yaml")
	require.NoError(t, os.WriteFile(path, []byte(config), 0o600))
	out, err := stack.Built(t, "waxseal").Run("verify", "-c", path, ref)
	return out, err == nil
}

func inline(pem string) string {
	return "{pem: " + string(known(json.Marshal(pem))) + "}"
}

func known[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestProvenanceOfCosign judges provenance that the command lines of cosign have
// attested, by key: each version, each format, both versions of SLSA.
func TestProvenanceOfCosign(t *testing.T) {
	r := oci.Start(t)
	config := func(writer *stack.Cosign, repository string) string {
		return fmt.Sprintf(`version: 1
policies:
  attested_build:
    authorities: [{name: release, images: ["%[1]s/**"], keys: [release], insecure_ignore_tlog: true}]
    builds:
      - {images: ["%[1]s/**"], builders: [%[2]q], repositories: [%[3]q], refs: [refs/heads/main], workflows: [.github/workflows/release.yaml]}
keys: {release: %[4]s}
registries: {"%[1]s": {plain_http: true}}
`, r.Host(), fixture.Builder, repository, inline(writer.PEM))
	}
	for _, major := range []int{2, 3} {
		writer := stack.NewCosign(t, major)
		for _, bundle := range []bool{false, true} {
			for kind, predicate := range map[string]map[string]any{
				"slsaprovenance1":  fixture.BuildPredicate(fixture.Repository, "refs/heads/main"),
				"slsaprovenance02": fixture.OldBuildPredicate(fixture.Repository, "refs/heads/main"),
			} {
				t.Run(fmt.Sprintf("cosign v%d/bundle=%t/%s", major, bundle, kind), func(t *testing.T) {
					ref := push(t, fmt.Sprintf("%s/team/%s-%d-%t", r.Host(), kind, major, bundle))
					out, admitted := judge(t, ref, config(writer, fixture.Repository))
					require.False(t, admitted)
					require.Contains(t, out, "attested_build.no_provenance")
					writer.Attest(t, ref, kind, known(json.Marshal(predicate)), bundle)
					out, admitted = judge(t, ref, config(writer, fixture.Repository))
					require.True(t, admitted, out)
					out, admitted = judge(t, ref, config(writer, fixture.Repository+"-evil"))
					require.False(t, admitted)
					require.Contains(t, out, "attested_build.source")
				})
			}
		}
	}
}

// TestAttest has waxseal attest a scan as an identity, at a real Fulcio, Rekor and
// timestamp authority, and as a key of cosign; cosign and waxseal verify it.
func TestAttest(t *testing.T) {
	cosign := stack.NewCosign(t, 3)
	sigstore := stack.NewSigstore(t, cosign)
	r := oci.Start(t)
	report := func(t *testing.T, ref string) string {
		path := filepath.Join(t.TempDir(), "report.json")
		require.NoError(t, os.WriteFile(path, known(json.Marshal(map[string]any{
			"SchemaVersion": 2, "CreatedAt": time.Now().UTC().Format(time.RFC3339), "ArtifactName": "app", "ArtifactType": "container_image",
			"Metadata": map[string]any{"RepoDigests": []string{ref}},
			"Results":  []any{map[string]any{"Target": "app", "Class": "os-pkgs", "Type": "debian"}},
		})), 0o600))
		return path
	}
	attest := func(t *testing.T, ref string, flags ...string) string {
		t.Helper()
		arguments := append([]string{"attest", "scan", "--database-updated-at", time.Now().UTC().Format(time.RFC3339)}, flags...)
		return known(stack.Built(t, "waxseal").Run(append(arguments, report(t, ref), ref)...))
	}
	config := func(authority string) string {
		return fmt.Sprintf(`version: 1
policies:
  scanned_images:
    authorities: [{name: scanner, images: ["%[1]s/**"], %[2]s}]
    fail_on: [critical]
    max_scan_age: 1h
    max_database_age: 1h
keys: {release: %[3]s}
trust_roots: {e2e: {file: %[4]q}}
registries: {"%[1]s": {plain_http: true}}
`, r.Host(), authority, inline(cosign.PEM), sigstore.Root)
	}
	t.Run("identity", func(t *testing.T) {
		ref := push(t, r.Host()+"/team/keyless")
		out := attest(t, ref, append(sigstore.Instance(), "--identity-token", sigstore.Issuer.Token(t, developer))...)
		require.Contains(t, out, "signed by  "+developer+" (issuer "+sigstore.Issuer.URL+")")
		_, err := cosign.Run("verify-attestation", "--trusted-root", sigstore.Root, "--insecure-ignore-sct", "--use-signed-timestamps", "--type", "vuln",
			"--certificate-identity", developer, "--certificate-oidc-issuer", sigstore.Issuer.URL, ref)
		require.NoError(t, err)
		who := fmt.Sprintf("identities: [{issuer: %q, subject: %s}], insecure_ignore_sct: true, timestamps: true", sigstore.Issuer.URL, developer)
		out, admitted := judge(t, ref, config(who))
		require.True(t, admitted, out)
		out, admitted = judge(t, ref, config(strings.Replace(who, developer, "evil@e2e.example", 1)))
		require.False(t, admitted)
		require.Contains(t, out, "scanned_images.untrusted")
	})
	t.Run("key, with the log", func(t *testing.T) {
		ref := push(t, r.Host()+"/team/logged")
		attest(t, ref, append(sigstore.Instance(), "--key", cosign.Key)...)
		out, admitted := judge(t, ref, config("keys: [release], timestamps: true"))
		require.True(t, admitted, out)
	})
	t.Run("key alone", func(t *testing.T) {
		ref := push(t, r.Host()+"/team/unlogged")
		attest(t, ref, "--tlog-upload=false", "--key", cosign.Key)
		_, err := cosign.Run("verify-attestation", "--insecure-ignore-tlog", "--type", "vuln", "--key", filepath.Join(filepath.Dir(cosign.Key), "release.pub"), ref)
		require.NoError(t, err)
		out, admitted := judge(t, ref, config("keys: [release], insecure_ignore_tlog: true"))
		require.True(t, admitted, out)
		out, admitted = judge(t, ref, config("keys: [release]"))
		require.False(t, admitted)
		require.Contains(t, out, "tlog_missing")
	})
}
