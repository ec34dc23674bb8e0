package cosign_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

const vuln = "https://cosign.sigstore.dev/attestation/vuln/v1"

// attest signs a statement in either format and verifies it.
func (w *world) attest(t testing.TB, format string, opts *cosign.Options, by *sigstore.Signer, statement []byte, o sigstore.Options) (cosign.Statement, cosign.Signer, error) {
	t.Helper()
	require.NoError(t, opts.Validate())
	if format == cosign.FormatLegacy {
		return opts.Attestation(t.Context(), asLegacy(must(w.Attest(by, statement, o))), image)
	}
	return opts.Bundle(t.Context(), must(w.Bundle(by, statement, o)), image)
}

func TestAttestation(t *testing.T) {
	w := theWorld(t)
	by, key := newKey(t, sigstore.P256)
	statement := must(sigstore.Statement(string(image), vuln, map[string]any{"scanner": "s"}))
	for _, signer := range []struct {
		name string
		by   *sigstore.Signer
		opts *cosign.Options
	}{{"key", by, w.byKeys(key)}, {"keyless", w.keyless(t), w.byIdentity()}} {
		for _, o := range []sigstore.Options{{}, {InToto: true}, {Timestamp: true}} {
			for _, format := range bothFormats {
				t.Run(fmt.Sprintf("%s %s intoto=%v stamp=%v", signer.name, format, o.InToto, o.Timestamp), func(t *testing.T) {
					opts := *signer.opts
					opts.Timestamps = o.Timestamp
					st, s, err := w.attest(t, format, &opts, signer.by, statement, o)
					require.NoError(t, err)
					require.Equal(t, vuln, st.PredicateType)
					require.Equal(t, "https://in-toto.io/Statement/v1", st.Type)
					require.JSONEq(t, `{"scanner":"s"}`, string(st.Predicate))
					require.Equal(t, []cosign.Subject{{Digests: map[string]string{"sha256": image.Hex()}}}, st.Subjects)
					require.Equal(t, st.Digest, s.Digest)
					require.Equal(t, format, s.Format)
					require.Equal(t, []int{0}, s.Entries)
				})
			}
		}
	}
}

func TestAttestationRefused(t *testing.T) {
	w := theWorld(t)
	by, key := newKey(t, sigstore.P256)
	subject := `"subject":[{"digest":{"sha256":"` + image.Hex() + `"}}]`
	var digests []string
	for i := range 32 {
		digests = append(digests, fmt.Sprintf(`"a%d":"00"`, i))
	}
	manyDigests := strings.Join(digests, ",")
	for _, row := range []struct {
		name, statement string
		types           []string
		want            fault.Code
	}{
		{"as it should be", `{"_type":"https://in-toto.io/Statement/v1",` + subject + `,"predicateType":"a","predicate":{}}`, []string{"a"}, ""},
		{"old type", `{"_type":"https://in-toto.io/Statement/v0.1",` + subject + `,"predicateType":"a","predicate":{}}`, nil, ""},
		{"no predicate", `{"_type":"https://in-toto.io/Statement/v1",` + subject + `,"predicateType":"a"}`, nil, ""},
		{"wrong predicate type", `{"_type":"https://in-toto.io/Statement/v1",` + subject + `,"predicateType":"b","predicate":{}}`, []string{"a"}, fault.WrongPredicate},
		{"no predicate type", `{"_type":"https://in-toto.io/Statement/v1",` + subject + `,"predicate":{}}`, []string{"a"}, fault.WrongPredicate},
		{"no type", `{` + subject + `,"predicateType":"a","predicate":{}}`, nil, fault.Unsupported},
		{"no JSON", `predicate`, nil, fault.Malformed},
		{"no object", `[]`, nil, fault.Malformed},
		{"no subject", `{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"a","predicate":{}}`, nil, fault.DigestMismatch},
		{"empty digest", `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":""}}],"predicateType":"a","predicate":{}}`, nil, fault.DigestMismatch},
		{"another image", `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"` + other.Hex() + `"}}],"predicateType":"a","predicate":{}}`, nil, fault.DigestMismatch},
		{"another algorithm", `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha1":"` + image.Hex() + `"}}],"predicateType":"a","predicate":{}}`, nil, fault.DigestMismatch},
		{"among others", `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"` + other.Hex() + `"}},{"name":"n","digest":{"sha256":"` + image.Hex() + `"}}],"predicateType":"a","predicate":{}}`, nil, ""},
		{"too many digests", `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"` + image.Hex() + `",` + manyDigests + `}}],"predicateType":"a","predicate":{}}`, nil, fault.TooLarge},
		{"too many subjects", `{"_type":"https://in-toto.io/Statement/v1","subject":[` + strings.Repeat(`{},`, 1024) + `{"digest":{"sha256":"` + image.Hex() + `"}}],"predicateType":"a","predicate":{}}`, nil, fault.TooLarge},
	} {
		for _, format := range bothFormats {
			t.Run(row.name+" "+format, func(t *testing.T) {
				opts := w.byKeys(key)
				opts.PredicateTypes = row.types
				st, s, err := w.attest(t, format, opts, by, []byte(row.statement), sigstore.Options{})
				requireCode(t, row.want, err)
				if row.want != "" {
					require.Equal(t, cosign.Statement{}, st)
					require.Equal(t, cosign.Signer{}, s)
				} else {
					require.True(t, json.Valid(st.Predicate))
				}
			})
		}
	}
}

// The type that the annotation names is nobody's word.
func TestAnnotatedPredicateTypeIsNotBelieved(t *testing.T) {
	w := theWorld(t)
	by, key := newKey(t, sigstore.P256)
	l := asLegacy(must(w.Attest(by, must(sigstore.Statement(string(image), vuln, nil)), sigstore.Options{})))
	l.Annotations["predicateType"] = "https://spdx.dev/Document"
	opts := w.byKeys(key)
	opts.PredicateTypes = []string{"https://spdx.dev/Document"}
	_, _, err := opts.Attestation(t.Context(), l, image)
	requireCode(t, fault.WrongPredicate, err)
	opts.PredicateTypes = []string{vuln}
	_, _, err = opts.Attestation(t.Context(), l, image)
	require.NoError(t, err)
}

// All versions of the format.
func TestBundleVersions(t *testing.T) {
	w := theWorld(t)
	by, key := newKey(t, sigstore.P256)
	for _, version := range []string{"0.1", "0.2", "0.3"} {
		t.Run(version, func(t *testing.T) {
			o := sigstore.Options{Version: version}
			_, err := w.verify(t, cosign.FormatBundle, w.byKeys(key), by, o)
			require.NoError(t, err)
			_, err = w.verify(t, cosign.FormatBundle, w.byIdentity(), w.keyless(t), o)
			require.NoError(t, err)
		})
	}
	newer := strings.Replace(string(w.bundle(by, sigstore.Options{})), "v0.3+json", "v0.4+json", 1)
	_, _, err := w.byKeys(key).Bundle(t.Context(), []byte(newer), image)
	requireCode(t, fault.Unsupported, err)
}

// A signature of Cosign's is a simple signing payload, or a statement of one
// type; an attestation is no signature.
func TestAttestationIsNoSignature(t *testing.T) {
	w := theWorld(t)
	by, key := newKey(t, sigstore.P256)
	l := asLegacy(must(w.Attest(by, must(sigstore.Statement(string(image), vuln, nil)), sigstore.Options{})))
	_, err := w.byKeys(key).Signature(t.Context(), l, image)
	requireCode(t, fault.Unsupported, err)

	opts := w.byKeys(key)
	opts.PredicateTypes = []string{cosign.SignPredicate}
	_, _, err = w.attest(t, cosign.FormatBundle, opts, by, must(sigstore.Statement(string(image), vuln, nil)), sigstore.Options{})
	requireCode(t, fault.WrongPredicate, err)
}

// Signed by the right key, and not a statement.
func TestEnvelopeOfAnotherType(t *testing.T) {
	w := theWorld(t)
	by, key := newKey(t, sigstore.P256)
	statement := must(sigstore.Statement(string(image), vuln, nil))
	for _, format := range bothFormats {
		t.Run(format, func(t *testing.T) {
			_, _, err := w.attest(t, format, w.byKeys(key), by, statement, sigstore.Options{PayloadType: "application/json"})
			requireCode(t, fault.Unsupported, err)
		})
	}
}

// More than one signature: which one would count?
func TestEnvelopeWithTwoSignatures(t *testing.T) {
	w := theWorld(t)
	by, key := newKey(t, sigstore.P256)
	statement := must(sigstore.Statement(string(image), vuln, nil))
	opts := w.byKeys(key)
	opts.IgnoreTlog = true

	l := asLegacy(must(w.Attest(by, statement, sigstore.Options{WithoutTlog: true})))
	e := parsed(l.Payload)
	l.Payload = raw(set(e, "signatures", repeatedAny(at(e, "signatures.0"), 2)))
	_, _, err := opts.Attestation(t.Context(), l, image)
	requireCode(t, fault.Unsupported, err)

	b := parsed(must(w.Bundle(by, statement, sigstore.Options{WithoutTlog: true})))
	_, _, err = opts.Bundle(t.Context(), raw(set(b, "dsseEnvelope.signatures", repeatedAny(at(b, "dsseEnvelope.signatures.0"), 2))), image)
	requireCode(t, fault.Unsupported, err)
}

func TestStatementAboutNothing(t *testing.T) {
	w := theWorld(t)
	by, key := newKey(t, sigstore.P256)
	b := must(w.Bundle(by, []byte(`{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"":""}}],"predicateType":"a"}`), sigstore.Options{}))
	_, _, err := w.byKeys(key).Bundle(t.Context(), b, "")
	requireCode(t, fault.DigestMismatch, err)
}
