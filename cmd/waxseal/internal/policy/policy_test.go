package policy_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/policy"
)

const bundle = "sha256:5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"

func parsed(t *testing.T, text string) (out map[string]any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &out))
	return out
}

// The bytes that are hashed are said in docs/vsa.md: others can make the digest too.
func TestDigest(t *testing.T) {
	got, err := policy.Digest(bundle, parsed(t, `{"signed_images": {"any": true, "authorities": [{"name": "é<", "threshold": 2.0}]}, "pinned_digests": {}}`))
	require.NoError(t, err)
	want := `{"bundle":"` + bundle + `","parameters":{"pinned_digests":{},"signed_images":{"any":true,"authorities":[{"name":"é<","threshold":2}]}}}`
	require.Equal(t, fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(want))), got)
}

func TestDigestTellsApart(t *testing.T) {
	base := `{"pinned_digests": {}, "signed_images": {"authorities": []}}`
	digest := func(bundle, parameters string) string {
		d, err := policy.Digest(bundle, parsed(t, parameters))
		require.NoError(t, err)
		return d
	}
	for name, c := range map[string]struct {
		bundle, parameters string
		same               bool
	}{
		"order":                 {bundle, `{"signed_images": {"authorities": []}, "pinned_digests": {}}`, true},
		"verified_by":           {bundle, `{"pinned_digests": {}, "signed_images": {"authorities": [], "verified_by": [{"name": "audit"}]}}`, true},
		"another bundle":        {"sha256:00", base, false},
		"a policy less":         {bundle, `{"signed_images": {"authorities": []}}`, false},
		"an authority more":     {bundle, `{"pinned_digests": {}, "signed_images": {"authorities": [{}]}}`, false},
		"verified_by elsewhere": {bundle, `{"pinned_digests": {"verified_by": []}, "signed_images": {"authorities": []}}`, false},
	} {
		require.Equal(t, c.same, digest(c.bundle, c.parameters) == digest(bundle, base), name)
	}
	parameters := parsed(t, `{"signed_images": {"verified_by": []}}`)
	_, err := policy.Digest(bundle, parameters)
	require.NoError(t, err)
	require.Contains(t, parameters["signed_images"], "verified_by", "the parameters themselves are left alone")
	_, err = policy.Digest("", nil)
	require.ErrorContains(t, err, "that of its bundle is not known")
	none, err := policy.Digest(bundle, nil)
	require.NoError(t, err)
	require.Equal(t, digest(bundle, `{}`), none)
}
