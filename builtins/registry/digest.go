package registry

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
)

// Digest names content by its hash: "sha256:" or "sha512:" and lower-case
// hexadecimal. A Digest that came from [ParseDigest] or [DigestOf] is valid;
// the empty one means that no digest is known.
type Digest string

// digestSize returns the length of the hexadecimal form, 0 for an algorithm that is not accepted.
func digestSize(algorithm string) int {
	switch algorithm {
	case "sha256":
		return 2 * sha256.Size
	case "sha512":
		return 2 * sha512.Size
	}
	return 0
}

// ParseDigest reads a digest. An algorithm other than sha256 and sha512 is
// [fault.Unsupported], everything else that is no digest [fault.Malformed].
func ParseDigest(text string) (Digest, error) {
	algorithm, sum, found := strings.Cut(text, ":")
	if !found {
		return "", fault.Newf(fault.Malformed, "parse digest", clip(text), "no algorithm")
	}
	size := digestSize(algorithm)
	if size == 0 {
		return "", fault.Newf(fault.Unsupported, "parse digest", clip(text), "algorithm is not sha256 or sha512")
	}
	if len(sum) != size || strings.Trim(sum, "0123456789abcdef") != "" {
		return "", fault.Newf(fault.Malformed, "parse digest", clip(text), "want %d lower-case hexadecimal digits", size)
	}
	return Digest(text), nil
}

// DigestOf returns the sha256 digest of b.
func DigestOf(b []byte) Digest {
	sum := sha256.Sum256(b)
	return Digest("sha256:" + hex.EncodeToString(sum[:]))
}

// Algorithm returns "sha256" or "sha512".
func (d Digest) Algorithm() string {
	algorithm, _, _ := strings.Cut(string(d), ":")
	return algorithm
}

// Hex returns the hexadecimal part.
func (d Digest) Hex() string {
	_, sum, _ := strings.Cut(string(d), ":")
	return sum
}

// Matches says whether d is the digest of b.
func (d Digest) Matches(b []byte) bool {
	if d.Algorithm() == "sha512" {
		sum := sha512.Sum512(b)
		return d.Hex() == hex.EncodeToString(sum[:])
	}
	return d == DigestOf(b)
}

// Tag returns the digest in the form that tags made from digests have:
// "sha256-<hex>". Cosign appends ".sig", ".att" and ".sbom"; the referrers
// fallback tag is the bare form. The hexadecimal part ends after 64 digits, as
// the OCI distribution specification demands for longer algorithms.
func (d Digest) Tag() string {
	sum := d.Hex()
	return d.Algorithm() + "-" + sum[:min(len(sum), 64)]
}

// clip bounds text from outside before it enters an error message.
func clip(text string) string {
	const most = 256
	if len(text) <= most {
		return text
	}
	return text[:most] + "…"
}
