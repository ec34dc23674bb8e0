package parity

import (
	"testing"
	"time"

	"github.com/waxseal/waxseal/tests/fixture"
	signing "github.com/waxseal/waxseal/tests/fixture/notation"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// notary pushes an image for each way to be signed by the Notary Project.
func (w *World) notary(t testing.TB) {
	n, jws := w.Notary, signing.Options{}
	w.push(t, "notary").Notarise(t, jws, n.Signer)
	w.push(t, "notarycose").Notarise(t, signing.Options{Envelope: signing.COSE}, n.Signer)
	w.push(t, "notarytwo").Notarise(t, jws, n.Signer, n.Second)
	w.push(t, "notarystranger").Notarise(t, jws, n.Stranger)
	w.push(t, "notaryannotated").Notarise(t, signing.Options{Annotations: map[string]string{"stage": "prod"}}, n.Signer)
	w.push(t, "notaryexpired").Notarise(t, signing.Options{At: fixture.PastTime, ExpiresIn: time.Hour}, n.Past)
	w.push(t, "notaryboth").Notarise(t, jws, n.Signer).SignBundle(t, w.Key, sigstore.Options{})
}

// notaryConfig is the configuration of the trust policies, each of its level.
func notaryConfig() map[string]any {
	out := map[string]any{}
	for _, level := range fixture.Levels {
		out[level] = map[string]any{
			"trust_policy": level + ".json", "revocation": map[string]any{"crls": map[string]any{}},
			"trust_store": map[string]any{"ca": map[string]any{"acme": []string{"notary.pem"}}},
		}
	}
	return out
}
