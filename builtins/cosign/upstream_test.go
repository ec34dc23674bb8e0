package cosign_test

import (
	"encoding/json"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	upstream "github.com/sigstore/cosign/v2/pkg/cosign"
	cbundle "github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// requireUpstream demands that Cosign's own verification accepts a legacy
// signature that we accept. (The other way round it need not be: Cosign looks
// at the times of a chain less strictly.)
func requireUpstream(t testing.TB, w *world, opts *cosign.Options, by *sigstore.Signer, l cosign.Legacy) {
	t.Helper()
	if len(opts.Certificates) > 0 || len(opts.Keys) > 1 {
		return // Cosign has one key, and no private authority beside a trust root
	}
	co := &upstream.CheckOpts{
		TrustedMaterial: must(root.NewTrustedRootFromJSON(w.TrustedRootJSON())), Offline: true,
		ClaimVerifier: upstream.SimpleClaimVerifier, Annotations: map[string]any{},
		IgnoreTlog: opts.IgnoreTlog, IgnoreSCT: opts.IgnoreSCT,
		UseSignedTimestamps: opts.Timestamps || opts.IgnoreTlog,
	}
	for k, v := range opts.Annotations {
		co.Annotations[k] = v
	}
	var more []static.Option
	if len(opts.Keys) == 1 {
		co.SigVerifier = by.Verifier()
	} else {
		more = append(more, static.WithCertChain([]byte(l.Annotations[certificateKey]), []byte(l.Annotations[chainKey])))
	}
	if text := l.Annotations[bundleKey]; text != "" {
		var b cbundle.RekorBundle
		require.NoError(t, json.Unmarshal([]byte(text), &b))
		more = append(more, static.WithBundle(&b))
	}
	if text := l.Annotations[timestampKey]; text != "" {
		var s cbundle.RFC3161Timestamp
		require.NoError(t, json.Unmarshal([]byte(text), &s))
		more = append(more, static.WithRFC3161Timestamp(&s))
	}
	sig := must(static.NewSignature(l.Payload, l.Annotations[signatureKey], more...))
	_, err := upstream.VerifyImageSignature(t.Context(), sig, must(v1.NewHash(string(image))), co)
	require.NoError(t, err, "Cosign refuses what was accepted")
}
