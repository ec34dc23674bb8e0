package cosign_test

import (
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/sigstore/sigstore/pkg/signature/payload"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/registry"
)

// The payload of a real `cosign sign`, from testdata, and what the library of
// Cosign makes must both be predicted, byte for byte.
func TestDefaultPayload(t *testing.T) {
	digest := registry.Digest("sha256:634a8f35b5f16dcf4aaa0822adc0b1964bb786fca12f6831de8ddc45e5986a00")
	require.Equal(t,
		`{"critical":{"identity":{"docker-reference":"192.168.64.2:5000/cosign-signed-single-sample"},"image":{"docker-manifest-digest":"`+string(digest)+`"},"type":"cosign container image signature"},"optional":null}`,
		string(cosign.DefaultPayload("192.168.64.2:5000/cosign-signed-single-sample", digest)))

	for _, repo := range []string{"registry.test/team/app", "docker.io/library/nginx", "localhost:5000/a"} {
		ref := must(name.NewDigest(repo + "@" + string(image)))
		want := must(payload.Cosign{Image: ref}.MarshalJSON())
		require.Equal(t, string(want), string(cosign.DefaultPayload(repo, image)), repo)
	}
	require.Nil(t, cosign.DefaultPayload("NOT A REPOSITORY", image))
	require.Nil(t, cosign.DefaultPayload(repository, "sha256:abc"))
}
