package registry_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

func TestDigest(t *testing.T) {
	for _, text := range []string{sha256sum, sha512sum} {
		digest, err := registry.ParseDigest(text)
		require.NoError(t, err)
		require.Equal(t, text, digest.Algorithm()+":"+digest.Hex())
		require.True(t, digest.Matches(nil))
		require.False(t, digest.Matches([]byte("x")))
		require.Equal(t, digest.Algorithm()+"-"+text[7:7+64], digest.Tag())
	}
	require.Equal(t, registry.Digest(sha256sum), registry.DigestOf(nil))
	require.False(t, registry.Digest("").Matches(nil))
}

func TestParseDigestRefuses(t *testing.T) {
	for text, code := range map[string]fault.Code{
		"":                                   fault.Malformed,
		"sha256":                             fault.Malformed,
		"sha256:":                            fault.Malformed,
		"sha256:abcd":                        fault.Malformed,
		strings.ToUpper(sha256sum):           fault.Unsupported,
		"sha256:" + sha512sum[7:]:            fault.Malformed,
		"sha256:" + strings.Repeat("AB", 32): fault.Malformed,
		"sha256:" + strings.Repeat("../", 21) + "a": fault.Malformed,
		sha256sum + "\n":                     fault.Malformed,
		"sha384:" + strings.Repeat("ab", 48): fault.Unsupported,
		"md5:" + strings.Repeat("ab", 16):    fault.Unsupported,
	} {
		_, err := registry.ParseDigest(text)
		requireCode(t, code, err)
	}
}
