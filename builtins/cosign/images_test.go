package cosign_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

// layout is an image of testdata with what was pushed beside it.
type layout struct {
	image  registry.Digest
	layers []cosign.Legacy
}

func readLayout(t testing.TB, name string) layout {
	t.Helper()
	dir := filepath.Join("testdata", "images", name)
	var index struct {
		Manifests []struct {
			Digest      registry.Digest   `json:"digest"`
			Annotations map[string]string `json:"annotations"`
		} `json:"manifests"`
	}
	blob := func(d registry.Digest) []byte {
		return must(os.ReadFile(filepath.Join(dir, "blobs", "sha256", d.Hex())))
	}
	require.NoError(t, json.Unmarshal(must(os.ReadFile(filepath.Join(dir, "index.json"))), &index))
	var out layout
	for _, m := range index.Manifests {
		if strings.HasPrefix(m.Annotations["kind"], "dev.cosignproject.cosign/image") {
			out.image = m.Digest
			continue
		}
		var manifest struct {
			Layers []struct {
				Digest      registry.Digest   `json:"digest"`
				Annotations map[string]string `json:"annotations"`
			} `json:"layers"`
		}
		require.NoError(t, json.Unmarshal(blob(m.Digest), &manifest))
		for _, l := range manifest.Layers {
			out.layers = append(out.layers, cosign.Legacy{Payload: blob(l.Digest), Annotations: l.Annotations})
		}
	}
	require.NotEmpty(t, out.image)
	require.Len(t, out.layers, 1)
	return out
}

func publicGood(t testing.TB) *cosign.TrustRoot {
	t.Helper()
	r, err := cosign.ParseTrustRoot("public-good", must(os.ReadFile("testdata/images/trusted-root-public-good.json")))
	require.NoError(t, err)
	return r
}

const (
	actions   = "https://token.actions.githubusercontent.com"
	generator = "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml@refs/tags/"
)

// Provenance that the SLSA generator attached in 2023 and in 2025.
func TestRealAttestations(t *testing.T) {
	root := publicGood(t)
	for _, version := range []string{"v1.4.0", "v2.1.0"} {
		l := readLayout(t, "slsa-keyless-attestation-"+version)
		for _, row := range []struct {
			name, issuer, subject string
			image                 registry.Digest
			predicates            []string
			want                  fault.Code
		}{
			{"right", actions, generator + version, l.image, nil, ""},
			{"right, of the type asked for", actions, generator + version, l.image, []string{"https://slsa.dev/provenance/v0.2"}, ""},
			{"wrong subject", actions, generator + "v9.9.9", l.image, nil, fault.UntrustedIdentity},
			{"wrong issuer", "https://issuer.test", generator + version, l.image, nil, fault.UntrustedIdentity},
			{"another image", actions, generator + version, image, nil, fault.DigestMismatch},
			{"another type", actions, generator + version, l.image, []string{"https://spdx.dev/Document"}, fault.WrongPredicate},
		} {
			t.Run(version+" "+row.name, func(t *testing.T) {
				opts := &cosign.Options{
					Identities: []cosign.Identity{{Issuer: cosign.Exactly(row.issuer), Subject: cosign.Exactly(row.subject)}},
					Root:       root, Threshold: 1, PredicateTypes: row.predicates,
				}
				require.NoError(t, opts.Validate())
				st, s, err := opts.Attestation(t.Context(), l.layers[0], row.image)
				requireCode(t, row.want, err)
				if row.want != "" {
					require.Equal(t, cosign.Statement{}, st)
					require.Equal(t, cosign.Signer{}, s)
					return
				}
				require.Equal(t, "https://slsa.dev/provenance/v0.2", st.PredicateType)
				require.Equal(t, map[string]string{"sha256": l.image.Hex()}, st.Subjects[0].Digests)
				require.Contains(t, string(st.Predicate), `"buildType"`)
				require.Equal(t, "slsa-framework/example-package", s.Extensions["githubWorkflowRepository"])
				require.Positive(t, s.LogIndex)
				require.False(t, s.SignedAt.IsZero())
			})
		}
	}
}

// The cases of containers/image, with the result that cosign-legacy-cases.json
// expects.
func TestRealLegacySignatures(t *testing.T) {
	var cases []struct {
		Case       string          `json:"case"`
		Image      registry.Digest `json:"image_digest"`
		Expect     string          `json:"expect"`
		Repository string          `json:"payload_ref"`
	}
	require.NoError(t, json.Unmarshal(must(os.ReadFile("testdata/images/cosign-legacy-cases.json")), &cases))
	key := func(file string) *cosign.Options {
		k, err := cosign.ParseKey(file, must(os.ReadFile(filepath.Join("testdata", "images", file))))
		require.NoError(t, err)
		return &cosign.Options{Keys: []*cosign.Key{k}, IgnoreTlog: true, Threshold: 1} // these have no log entry
	}
	keyless := &cosign.Options{
		Identities: []cosign.Identity{{Issuer: cosign.Exactly("https://github.com/login/oauth"), Subject: cosign.Exactly("mitr@redhat.com")}},
		Root:       publicGood(t), Threshold: 1,
	}
	by := map[string]struct {
		opts *cosign.Options
		want fault.Code
	}{
		"key-valid":           {key("cosign-legacy-cosign.pub"), ""},
		"key-valid-wrong-key": {key("cosign-legacy-cosign2.pub"), fault.UntrustedIdentity},
		"modified-manifest":   {key("cosign-legacy-cosign.pub"), fault.DigestMismatch},
		"fulcio-rekor-valid":  {keyless, ""},
	}
	require.Len(t, cases, len(by))
	for _, c := range cases {
		t.Run(c.Case, func(t *testing.T) {
			row, ok := by[c.Case]
			require.True(t, ok)
			require.Equal(t, c.Expect == "pass", row.want == "")
			require.NoError(t, row.opts.Validate())
			l := readLayout(t, "cosign-legacy-"+c.Case)
			require.Equal(t, c.Image, l.image)
			s, err := row.opts.Signature(t.Context(), l.layers[0], l.image)
			requireCode(t, row.want, err)
			if row.want == "" {
				require.Equal(t, c.Repository, s.Repository)
				require.Equal(t, string(l.layers[0].Payload), string(cosign.DefaultPayload(c.Repository, c.Image)))
			}
		})
	}
	t.Run("facts of the keyless one", func(t *testing.T) {
		l := readLayout(t, "cosign-legacy-fulcio-rekor-valid")
		s, err := keyless.Signature(t.Context(), l.layers[0], l.image)
		require.NoError(t, err)
		require.Equal(t, time.Unix(1674247893, 0).UTC(), s.SignedAt)
		require.Equal(t, "c0d23d6ad406973f9559f3ba2d1ca01f84147d8ffc5b8445c224f98b9591801d", s.LogID)
		require.Equal(t, "mitr@redhat.com", s.Subject)
	})
	t.Run("without a log entry and not told to ignore that", func(t *testing.T) {
		l := readLayout(t, "cosign-legacy-key-valid")
		opts := *key("cosign-legacy-cosign.pub")
		opts.IgnoreTlog, opts.Root = false, publicGood(t)
		_, err := opts.Signature(t.Context(), l.layers[0], l.image)
		requireCode(t, fault.TlogMissing, err)
	})
}
