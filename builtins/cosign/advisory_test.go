package cosign_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// What went wrong elsewhere, by the number of the advisory.

const (
	signatureKey   = "dev.cosignproject.cosign/signature"
	certificateKey = "dev.sigstore.cosign/certificate"
	chainKey       = "dev.sigstore.cosign/chain"
	bundleKey      = "dev.sigstore.cosign/bundle"
	timestampKey   = "dev.sigstore.cosign/rfc3161timestamp"
)

// signers are a key and an identity with the options that trust them.
func (w *world) signers(t testing.TB) map[string]struct {
	by   *sigstore.Signer
	opts *cosign.Options
} {
	by, key := newKey(t, sigstore.P256)
	return map[string]struct {
		by   *sigstore.Signer
		opts *cosign.Options
	}{"key": {by, w.byKeys(key)}, "keyless": {w.keyless(t), w.byIdentity()}}
}

// CVE-2022-23649, CVE-2026-22703: a valid log entry, of something else.
func TestLogEntryOfAnother(t *testing.T) {
	w := theWorld(t)
	stranger := must(sigstore.NewKey(sigstore.P256))
	for name, s := range w.signers(t) {
		t.Run(name+" legacy", func(t *testing.T) {
			mine := w.legacy(s.by, sigstore.Options{})
			again := w.legacy(s.by, sigstore.Options{})                                      // same payload, another signature
			noted := w.legacy(s.by, sigstore.Options{Annotations: map[string]any{"a": "b"}}) // another payload
			theirs := w.legacy(stranger, sigstore.Options{})
			for which, entry := range map[string]cosign.Legacy{"another signature": again, "another payload": noted, "another signer": theirs} {
				l := cosign.Legacy{Payload: mine.Payload, Annotations: with(mine.Annotations, bundleKey, entry.Annotations[bundleKey])}
				_, err := s.opts.Signature(t.Context(), l, image)
				requireCode(t, fault.TlogMismatch, err)
				require.NotEqual(t, mine.Annotations[bundleKey], entry.Annotations[bundleKey], which)
			}
		})
		t.Run(name+" attestation", func(t *testing.T) {
			st := must(sigstore.Statement(string(image), vuln, nil))
			mine, again := asLegacy(must(w.Attest(s.by, st, sigstore.Options{}))), asLegacy(must(w.Attest(s.by, st, sigstore.Options{})))
			theirs := asLegacy(must(w.Attest(stranger, st, sigstore.Options{})))
			for _, entry := range []cosign.Legacy{again, theirs} {
				l := cosign.Legacy{Payload: mine.Payload, Annotations: with(mine.Annotations, bundleKey, entry.Annotations[bundleKey])}
				_, _, err := s.opts.Attestation(t.Context(), l, image)
				requireCode(t, fault.TlogMismatch, err)
			}
		})
		for _, o := range []sigstore.Options{{}, {InToto: true}, {RekorV2: true, Timestamp: true}} {
			t.Run(fmt.Sprintf("%s bundle %+v", name, o), func(t *testing.T) {
				mine, again, theirs := parsed(w.bundle(s.by, o)), parsed(w.bundle(s.by, o)), parsed(w.bundle(stranger, o))
				noted := o
				noted.Annotations = map[string]any{"a": "b"}
				other := parsed(w.bundle(s.by, noted))
				for _, entry := range []map[string]any{again, theirs, other} {
					swapped := set(mine, "verificationMaterial.tlogEntries", at(entry, "verificationMaterial.tlogEntries"))
					_, _, err := s.opts.Bundle(t.Context(), raw(swapped), image)
					requireCode(t, fault.TlogMismatch, err)
				}
				_, _, err := s.opts.Bundle(t.Context(), raw(mine), image)
				require.NoError(t, err)
			})
		}
	}
}

// CVE-2022-36056: each part of a bundle, changed in turn, makes it invalid.
func TestChangedBundle(t *testing.T) {
	w := theWorld(t)
	for name, s := range w.signers(t) {
		good := parsed(w.bundle(s.by, sigstore.Options{Timestamp: true}))
		strict := *s.opts
		strict.Timestamps = true
		_, _, err := strict.Bundle(t.Context(), raw(good), image)
		require.NoError(t, err)
		entry := "verificationMaterial.tlogEntries.0."
		for _, path := range []string{
			"mediaType",
			"dsseEnvelope.payload", "dsseEnvelope.payloadType", "dsseEnvelope.signatures.0.sig", "dsseEnvelope.signatures", "dsseEnvelope",
			"verificationMaterial.certificate.rawBytes", "verificationMaterial.certificate", "verificationMaterial.publicKey",
			"verificationMaterial.timestampVerificationData.rfc3161Timestamps.0.signedTimestamp", "verificationMaterial.timestampVerificationData",
			"verificationMaterial.tlogEntries", "verificationMaterial",
			entry + "logIndex", entry + "logId.keyId", entry + "kindVersion.kind", entry + "kindVersion.version", entry + "integratedTime",
			entry + "inclusionPromise.signedEntryTimestamp", entry + "inclusionPromise", entry + "canonicalizedBody",
			entry + "inclusionProof.logIndex", entry + "inclusionProof.rootHash", entry + "inclusionProof.treeSize",
			entry + "inclusionProof.hashes.0", entry + "inclusionProof.hashes", entry + "inclusionProof.checkpoint.envelope", entry + "inclusionProof",
		} {
			if at(good, path) == nil {
				continue
			}
			for _, change := range []struct {
				how string
				to  func(any) (any, bool)
			}{{"altered", altered}, {"emptied", emptied}, {"removed", func(any) (any, bool) { return nil, true }}} {
				to, ok := change.to(at(good, path))
				if !ok || optional(change.how, strings.TrimPrefix(path, entry)) {
					continue
				}
				t.Run(name+" "+path+" "+change.how, func(t *testing.T) {
					st, signer, err := strict.Bundle(t.Context(), raw(set(good, path, to)), image)
					require.Error(t, err)
					_, coded := fault.CodeOf(err)
					require.True(t, coded, "%v", err)
					require.Equal(t, cosign.Statement{}, st)
					require.Equal(t, cosign.Signer{}, signer)
				})
			}
		}
	}
}

// optional names the changes that leave enough behind: which key a bundle says
// it is by is a hint, and a time stamp stands in for a promise.
func optional(how, path string) bool {
	switch path {
	case "verificationMaterial.publicKey":
		return how == "emptied"
	case "inclusionPromise", "inclusionPromise.signedEntryTimestamp":
		return how != "altered"
	}
	return false
}

// CVE-2026-39395, and the peers' open bug: whatever lies there as a statement
// is none without a signature.
func TestForgedStatement(t *testing.T) {
	w := theWorld(t)
	statement := must(sigstore.Statement(string(image), vuln, map[string]any{"result": "clean"}))
	stranger := must(sigstore.NewKey(sigstore.P256))
	for name, s := range w.signers(t) {
		t.Run(name, func(t *testing.T) {
			for _, forged := range []string{
				fmt.Sprintf(`{"payloadType":"application/vnd.in-toto+json","payload":%q,"signatures":[]}`, base64.StdEncoding.EncodeToString(statement)),
				fmt.Sprintf(`{"payloadType":"application/vnd.in-toto+json","payload":%q,"signatures":[{"sig":""}]}`, base64.StdEncoding.EncodeToString(statement)),
				fmt.Sprintf(`{"payloadType":"application/vnd.in-toto+json","payload":%q,"signatures":[{"sig":"AAAA"}]}`, base64.StdEncoding.EncodeToString(statement)),
				fmt.Sprintf(`{"payloadType":"application/vnd.in-toto+json","payload":%q}`, base64.StdEncoding.EncodeToString(statement)),
				fmt.Sprintf(`{"payloadType":"text/plain","payload":%q,"signatures":[{"sig":"AAAA"}]}`, base64.StdEncoding.EncodeToString(statement)),
				`{"payloadType":"application/vnd.in-toto+json","payload":"!","signatures":[{"sig":"AAAA"}]}`,
				fmt.Sprintf(`{"payloadType":"application/vnd.in-toto+json","payload":%q,"signatures":[{"sig":"!"}]}`, base64.StdEncoding.EncodeToString(statement)),
				string(statement), `{}`, `null`, ``, `[]`,
			} {
				_, _, err := s.opts.Attestation(t.Context(), cosign.Legacy{Payload: []byte(forged)}, image)
				require.Error(t, err, forged)
				_, _, err = s.opts.Bundle(t.Context(), []byte(forged), image)
				require.Error(t, err, forged)
			}
			theirs := must(w.Bundle(stranger, statement, sigstore.Options{}))
			_, _, err := s.opts.Bundle(t.Context(), theirs, image)
			requireCode(t, fault.UntrustedIdentity, err)
		})
	}
}

// A certificate is public: whoever has it has not signed with it.
func TestCertificateOfAnother(t *testing.T) {
	w := theWorld(t)
	keyless, stranger := w.keyless(t), must(sigstore.NewKey(sigstore.P256))
	cert := string(pemOf(keyless))
	for _, ignored := range []bool{false, true} {
		opts := w.byIdentity()
		opts.IgnoreTlog = ignored
		o := sigstore.Options{WithoutTlog: ignored}
		mine, theirs := w.legacy(keyless, o), w.legacy(stranger, o)
		l := cosign.Legacy{Payload: theirs.Payload, Annotations: with(theirs.Annotations, certificateKey, cert)}
		_, err := opts.Signature(t.Context(), l, image)
		requireCode(t, fault.SignatureInvalid, err)
		l.Annotations[bundleKey] = mine.Annotations[bundleKey]
		_, err = opts.Signature(t.Context(), l, image)
		requireCode(t, fault.SignatureInvalid, err)

		st := must(sigstore.Statement(string(image), vuln, nil))
		att := asLegacy(must(w.Attest(stranger, st, o)))
		att.Annotations[certificateKey] = cert
		_, _, err = opts.Attestation(t.Context(), att, image)
		requireCode(t, fault.SignatureInvalid, err)

		b, own := parsed(w.bundle(stranger, o)), parsed(w.bundle(keyless, o))
		path := "verificationMaterial"
		_, _, err = opts.Bundle(t.Context(), raw(set(b, path, at(own, path))), image)
		requireCode(t, fault.SignatureInvalid, err)
	}
}

// The hint names our key, the signature is another's.
func TestHintIsNoProof(t *testing.T) {
	w := theWorld(t)
	by, key := newKey(t, sigstore.P256)
	mine, theirs := parsed(w.bundle(by, sigstore.Options{})), parsed(w.bundle(must(sigstore.NewKey("")), sigstore.Options{}))
	hint := "verificationMaterial.publicKey"
	_, _, err := w.byKeys(key).Bundle(t.Context(), raw(set(theirs, hint, at(mine, hint))), image)
	requireCode(t, fault.SignatureInvalid, err)
	_, _, err = w.byKeys(key).Bundle(t.Context(), raw(set(mine, hint, at(theirs, hint))), image)
	require.NoError(t, err, "a wrong hint chooses nothing")
}

// CVE-2024-45395: a bundle that never ends.
func TestEndlessBundle(t *testing.T) {
	w := theWorld(t)
	by, key := newKey(t, sigstore.P256)
	good := parsed(w.bundle(by, sigstore.Options{Timestamp: true}))
	entries, stamps := "verificationMaterial.tlogEntries", "verificationMaterial.timestampVerificationData.rfc3161Timestamps"
	many := func(path string, n int) []byte {
		return raw(set(good, path, repeatedAny(at(good, path+".0"), n)))
	}
	for name, in := range map[string][]byte{
		"33 entries":       many(entries, 33),
		"33 time stamps":   many(stamps, 33),
		"100k entries":     raw(set(good, entries, repeatedAny(map[string]any{}, 100_000))),
		"100k time stamps": raw(set(good, stamps, repeatedAny(map[string]any{}, 100_000))),
		"33 MiB":           make([]byte, 33<<20),
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := w.byKeys(key).Bundle(t.Context(), in, image)
			requireCode(t, fault.TooLarge, err)
		})
	}
}

// CVE-2026-49834: entries of one log are one witness. One entry suffices here,
// and the same entry twice is refused.
func TestEntryTwice(t *testing.T) {
	w := theWorld(t)
	by, key := newKey(t, sigstore.P256)
	good := parsed(w.bundle(by, sigstore.Options{}))
	entries := "verificationMaterial.tlogEntries"
	_, _, err := w.byKeys(key).Bundle(t.Context(), raw(set(good, entries, repeatedAny(at(good, entries+".0"), 2))), image)
	requireCode(t, fault.TlogMismatch, err)
}

// An entry of a log that is not trusted, beside one that is: only what was
// verified is reported.
func TestForeignEntryBeside(t *testing.T) {
	w := theWorld(t)
	by, key := newKey(t, sigstore.P256)
	good := parsed(w.bundle(by, sigstore.Options{}))
	entries := "verificationMaterial.tlogEntries"
	foreign := set(map[string]any{"e": at(good, entries+".0")}, "e.logId.keyId", base64.StdEncoding.EncodeToString(make([]byte, 32)))["e"]
	foreign = set(map[string]any{"e": foreign}, "e.logIndex", "7")["e"]
	_, want, err := w.byKeys(key).Bundle(t.Context(), raw(good), image)
	require.NoError(t, err)
	unsigned := set(map[string]any{"e": at(good, entries+".0")}, "e.logIndex", "7")["e"]
	for _, list := range [][]any{
		{foreign, at(good, entries+".0")}, {at(good, entries+".0"), foreign},
		{unsigned, at(good, entries+".0")}, {at(good, entries+".0"), unsigned},
	} {
		_, s, err := w.byKeys(key).Bundle(t.Context(), raw(set(good, entries, list)), image)
		require.NoError(t, err)
		require.Equal(t, want.LogIndex, s.LogIndex)
		require.Equal(t, want.LogID, s.LogID)
	}
	_, _, err = w.byKeys(key).Bundle(t.Context(), raw(set(good, entries, []any{foreign})), image)
	requireCode(t, fault.TlogMismatch, err)
}

// Each annotation of a legacy signature, changed in turn. Cosign's reader
// panics on some of these.
func TestChangedLegacy(t *testing.T) {
	w := theWorld(t)
	for name, s := range w.signers(t) {
		good := w.legacy(s.by, sigstore.Options{Timestamp: true})
		strict := *s.opts
		strict.Timestamps = true
		_, err := strict.Signature(t.Context(), good, image)
		require.NoError(t, err)
		var entry map[string]any
		require.NoError(t, json.Unmarshal([]byte(good.Annotations[bundleKey]), &entry))
		for i, change := range []struct{ key, value string }{
			{signatureKey, ""}, {signatureKey, "AAAA"}, {signatureKey, "!"},
			{bundleKey, ""}, {bundleKey, "{}"}, {bundleKey, "null"}, {bundleKey, "x"}, {bundleKey, "[]"},
			{bundleKey, string(raw(set(entry, "Payload.body", 7)))},
			{bundleKey, string(raw(set(entry, "Payload.body", nil)))},
			{bundleKey, string(raw(set(entry, "Payload.body", map[string]any{})))},
			{bundleKey, string(raw(set(entry, "Payload.body", "")))},
			{bundleKey, string(raw(set(entry, "Payload.body", "e30=")))},
			{bundleKey, string(raw(set(entry, "Payload.body", base64.StdEncoding.EncodeToString([]byte(`{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{}}`)))))},
			{bundleKey, string(raw(set(entry, "Payload.body", base64.StdEncoding.EncodeToString([]byte(`{"apiVersion":"0.0.1","kind":"intoto","spec":{"content":{},"publicKey":""}}`)))))},
			{bundleKey, string(raw(set(entry, "Payload.logIndex", 1)))},
			{bundleKey, string(raw(set(entry, "Payload.logIndex", -1)))},
			{bundleKey, string(raw(set(entry, "Payload.integratedTime", 0)))},
			{bundleKey, string(raw(set(entry, "Payload.integratedTime", time.Now().Unix()+5)))},
			{bundleKey, string(raw(set(entry, "Payload.logID", "")))},
			{bundleKey, string(raw(set(entry, "Payload.logID", "zz")))},
			{bundleKey, string(raw(set(entry, "SignedEntryTimestamp", "")))},
			{bundleKey, string(raw(set(entry, "SignedEntryTimestamp", "AAAA")))},
			{timestampKey, ""}, {timestampKey, "{}"}, {timestampKey, "null"}, {timestampKey, "x"}, {timestampKey, `{"SignedRFC3161Timestamp":"AAAA"}`},
		} {
			t.Run(fmt.Sprintf("%s %s %d", name, change.key, i), func(t *testing.T) {
				l := cosign.Legacy{Payload: good.Payload, Annotations: with(good.Annotations, change.key, change.value)}
				signer, err := strict.Signature(t.Context(), l, image)
				require.Error(t, err)
				_, coded := fault.CodeOf(err)
				require.True(t, coded, "%v", err)
				require.Equal(t, cosign.Signer{}, signer)
			})
		}
	}
}

// A log entry of a shape that Cosign's reader does not expect: whatever it does
// with it, there is an answer.
func TestOddLogEntry(t *testing.T) {
	w := theWorld(t)
	by, key := newKey(t, sigstore.P256)
	good := w.legacy(by, sigstore.Options{})
	entry := parsed([]byte(good.Annotations[bundleKey]))
	body := parsed(must(base64.StdEncoding.DecodeString(at(entry, "Payload.body").(string))))
	for _, path := range []string{
		"kind", "apiVersion", "spec", "spec.data", "spec.data.hash", "spec.data.hash.algorithm", "spec.data.hash.value",
		"spec.signature", "spec.signature.content", "spec.signature.publicKey", "spec.signature.publicKey.content",
	} {
		for _, value := range []any{nil, "", "AAAA", map[string]any{}, []any{}, 7} {
			odd := set(entry, "Payload.body", base64.StdEncoding.EncodeToString(raw(set(body, path, value))))
			l := cosign.Legacy{Payload: good.Payload, Annotations: with(good.Annotations, bundleKey, string(raw(odd)))}
			_, err := w.byKeys(key).Signature(t.Context(), l, image)
			requireCode(t, fault.TlogMismatch, err)
		}
	}
	for _, odd := range []string{
		`{"apiVersion":"0.0.1","kind":"dsse","spec":{"signatures":[]}}`,
		`{"apiVersion":"0.0.1","kind":"dsse","spec":{"envelopeHash":{"algorithm":"sha256","value":"` + image.Hex() + `"},"payloadHash":{"algorithm":"sha256","value":"` + image.Hex() + `"},"signatures":[]}}`,
		`{"apiVersion":"0.0.1","kind":"dsse","spec":{"signatures":[{"signature":"","verifier":""}]}}`,
		`{"apiVersion":"0.0.1","kind":"intoto","spec":{"content":{},"publicKey":"AAAA"}}`,
		`{"apiVersion":"0.0.2","kind":"intoto","spec":{"content":{"envelope":{"signatures":[]}}}}`,
		`{"apiVersion":"0.0.2","kind":"intoto","spec":{"content":{"envelope":{"payloadType":"a","signatures":[{}]}}}}`,
		`{"apiVersion":"0.0.1","kind":"rekord","spec":{"data":{},"signature":{}}}`,
		`{"apiVersion":"0.0.1","kind":"rekord","spec":{"data":{"hash":{"algorithm":"sha256","value":"` + image.Hex() + `"}},"signature":{"format":"x509","content":"","publicKey":{"content":""}}}}`,
		`{"apiVersion":"0.0.1","kind":"helm","spec":{}}`,
	} {
		l := cosign.Legacy{Payload: good.Payload, Annotations: with(good.Annotations, bundleKey,
			string(raw(set(entry, "Payload.body", base64.StdEncoding.EncodeToString([]byte(odd))))))}
		_, err := w.byKeys(key).Signature(t.Context(), l, image)
		requireCode(t, fault.TlogMismatch, err)
		_, _, err = w.byKeys(key).Attestation(t.Context(), cosign.Legacy{
			Payload:     must(w.Attest(by, must(sigstore.Statement(string(image), vuln, nil)), sigstore.Options{})).Payload,
			Annotations: l.Annotations,
		}, image)
		requireCode(t, fault.TlogMismatch, err)
	}
}

// A time stamp that came later takes nothing away where the log's time counts.
func TestLaterTimestamp(t *testing.T) {
	w := theWorld(t)
	for name, s := range w.signers(t) {
		for _, format := range bothFormats {
			t.Run(name+" "+format, func(t *testing.T) {
				o, late := sigstore.Options{}, time.Now().Add(time.Hour)
				opts := *s.opts
				strict := opts
				strict.Timestamps = true
				want := fault.Code("")
				if name == "keyless" {
					want = fault.Expired
				}
				if format == cosign.FormatLegacy {
					early, later := w.legacy(s.by, o), must(w.StampLayer(must(w.Sign(s.by, repository, string(image), o)), late))
					_, err := opts.Signature(t.Context(), early, image)
					require.NoError(t, err)
					_, err = opts.Signature(t.Context(), asLegacy(later), image)
					require.NoError(t, err)
					_, err = strict.Signature(t.Context(), asLegacy(later), image)
					requireCode(t, want, err)
					return
				}
				later := must(w.StampBundle(w.bundle(s.by, o), late))
				_, _, err := opts.Bundle(t.Context(), later, image)
				require.NoError(t, err)
				_, _, err = strict.Bundle(t.Context(), later, image)
				requireCode(t, want, err)
			})
		}
	}
}

// CVE-2026-54787, for logs: an entry counts only if it was made while the log's
// key was valid.
func TestRetiredLog(t *testing.T) {
	w := theWorld(t)
	for name, s := range w.signers(t) {
		for _, row := range []struct {
			name, log string
			sign      sigstore.Options
		}{
			{"v1", "https://rekor.test", sigstore.Options{}},
			{"v1 without promise", "https://rekor.test", sigstore.Options{WithoutSET: true, Timestamp: true}},
			{"v2", "https://tiles.rekor.test", sigstore.Options{RekorV2: true, Timestamp: true}},
		} {
			t.Run(name+" "+row.name, func(t *testing.T) {
				for end, want := range map[time.Duration]fault.Code{-time.Hour: fault.TlogMismatch, time.Hour: ""} {
					opts := *s.opts
					opts.Root = retired(t, w, row.log, time.Now().Add(end))
					_, _, err := opts.Bundle(t.Context(), w.bundle(s.by, row.sign), image)
					requireCode(t, want, err)
				}
			})
		}
	}
}

// retired is the trust root with the key of one log valid until end.
func retired(t testing.TB, w *world, log string, end time.Time) *cosign.TrustRoot {
	t.Helper()
	doc := parsed(w.TrustedRootJSON())
	for i, l := range at(doc, "tlogs").([]any) {
		if at(l, "baseUrl") == log {
			doc = set(doc, fmt.Sprintf("tlogs.%d.publicKey.validFor.end", i), end.UTC().Format(time.RFC3339))
		}
	}
	r, err := cosign.ParseTrustRoot("retired", raw(doc))
	require.NoError(t, err)
	return r
}

// A time stamp of another signature does not count, nor one of an authority
// that is not trusted.
func TestTimestampOfAnother(t *testing.T) {
	w := theWorld(t)
	strangers := must(sigstore.New())
	for name, s := range w.signers(t) {
		opts := *s.opts
		opts.Timestamps = true
		o := sigstore.Options{Timestamp: true}
		t.Run(name, func(t *testing.T) {
			mine, again := w.legacy(s.by, o), w.legacy(s.by, o)
			theirs := asLegacy(must(strangers.Sign(s.by, repository, string(image), o)))
			for _, from := range []cosign.Legacy{again, theirs} {
				l := cosign.Legacy{Payload: mine.Payload, Annotations: with(mine.Annotations, timestampKey, from.Annotations[timestampKey])}
				_, err := opts.Signature(t.Context(), l, image)
				requireCode(t, fault.TimestampMissing, err)
			}
			b, other := parsed(w.bundle(s.by, o)), parsed(w.bundle(s.by, o))
			path := "verificationMaterial.timestampVerificationData"
			_, _, err := opts.Bundle(t.Context(), raw(set(b, path, at(other, path))), image)
			requireCode(t, fault.TimestampMissing, err)
		})
	}
}

// CVE-2026-39984: a time stamp by a certificate that is for something else.
func TestTimestampOfAnotherPurpose(t *testing.T) {
	s := must(sigstore.New())
	require.NoError(t, s.StampByCodeSigner())
	root, err := cosign.ParseTrustRoot("code signer", s.TrustedRootJSON())
	require.NoError(t, err)
	w := &world{s, root}
	by, key := newKey(t, sigstore.P256)
	for _, format := range bothFormats {
		t.Run(format, func(t *testing.T) {
			opts := w.byKeys(key)
			_, err := w.verify(t, format, opts, by, sigstore.Options{Timestamp: true})
			require.NoError(t, err, "where no time stamp is asked for, the log's time counts")
			opts.Timestamps = true
			_, err = w.verify(t, format, opts, by, sigstore.Options{Timestamp: true})
			requireCode(t, fault.TimestampMissing, err)
		})
	}
}

// With a key, certificates beside the signature neither help nor harm.
func TestCertificatesBesideAKey(t *testing.T) {
	w := theWorld(t)
	by, key := newKey(t, sigstore.P256)
	foreign := w.keyless(t)
	expired := must(w.Keyless(sigstore.Holder{Issuer: issuer, Subject: subject, At: time.Now().Add(-48 * time.Hour), Key: by}))
	good := w.legacy(by, sigstore.Options{})
	for name, cert := range map[string]string{
		"another's": string(pemOf(foreign)), "of the key, expired": string(pemOf(expired)), "broken": "x", "far too many": string(repeated(pemOf(foreign), 100)),
	} {
		t.Run(name, func(t *testing.T) {
			l := cosign.Legacy{Payload: good.Payload, Annotations: with(with(good.Annotations, certificateKey, cert), chainKey, cert)}
			opts := w.byKeys(key)
			opts.IgnoreTlog = true
			s, err := opts.Signature(t.Context(), l, image)
			require.NoError(t, err)
			require.Equal(t, cosign.KindKey, s.Kind)
			require.Empty(t, s.Subject)

			_, err = w.byIdentity().Signature(t.Context(), l, image)
			require.Error(t, err)
		})
	}
	t.Run("the log holds the certificate", func(t *testing.T) {
		l := w.legacy(expired, sigstore.Options{})
		s, err := w.byKeys(key).Signature(t.Context(), l, image)
		require.NoError(t, err)
		require.Equal(t, cosign.KindKey, s.Kind)
	})
	t.Run("the log holds the key, a certificate for it was added", func(t *testing.T) {
		l := cosign.Legacy{Payload: good.Payload, Annotations: with(good.Annotations, certificateKey, string(pemOf(expired)))}
		s, err := w.byKeys(key).Signature(t.Context(), l, image)
		require.NoError(t, err)
		require.GreaterOrEqual(t, s.LogIndex, int64(1000))
	})
	t.Run("a bundle with the certificate is by an identity only", func(t *testing.T) {
		_, _, err := w.byKeys(key).Bundle(t.Context(), w.bundle(expired, sigstore.Options{}), image)
		requireCode(t, fault.Unsupported, err)
	})
	t.Run("not by the key", func(t *testing.T) {
		_, err := w.byKeys(key).Signature(t.Context(), w.legacy(foreign, sigstore.Options{}), image)
		requireCode(t, fault.UntrustedIdentity, err)
	})
}

// A payload that claims more than one thing, or nothing.
func TestPayloads(t *testing.T) {
	w := theWorld(t)
	by, key := newKey(t, sigstore.P256)
	kind := `"type":"cosign container image signature"`
	for _, row := range []struct {
		name, payload string
		want          fault.Code
	}{
		{"as it should be", `{"critical":{"identity":{"docker-reference":"r"},"image":{"docker-manifest-digest":"` + string(image) + `"},` + kind + `}}`, ""},
		{"another type", `{"critical":{"image":{"docker-manifest-digest":"` + string(image) + `"},"type":"a"}}`, fault.Unsupported},
		{"no type", `{"critical":{"image":{"docker-manifest-digest":"` + string(image) + `"}}}`, fault.Unsupported},
		{"no digest", `{"critical":{"image":{},` + kind + `}}`, fault.DigestMismatch},
		{"bare digest", `{"critical":{"image":{"docker-manifest-digest":"` + image.Hex() + `"},` + kind + `}}`, fault.DigestMismatch},
		{"text behind", `{"critical":{"image":{"docker-manifest-digest":"` + string(image) + `"},` + kind + `}}x`, fault.Malformed},
		{"no JSON", `x`, fault.Malformed},
		{"empty", ``, fault.Malformed},
		{"null", `null`, fault.Unsupported},
	} {
		t.Run(row.name, func(t *testing.T) {
			l := asLegacy(must(w.SignPayload(by, []byte(row.payload), sigstore.Options{})))
			_, err := w.byKeys(key).Signature(t.Context(), l, image)
			requireCode(t, row.want, err)
		})
	}
	t.Run("no image asked for", func(t *testing.T) {
		l := asLegacy(must(w.SignPayload(by, []byte(`{"critical":{"image":{"docker-manifest-digest":""},`+kind+`}}`), sigstore.Options{})))
		_, err := w.byKeys(key).Signature(t.Context(), l, "")
		requireCode(t, fault.DigestMismatch, err)
	})
}

// A bare message signature in a bundle is not how images are signed.
func TestMessageSignature(t *testing.T) {
	w := theWorld(t)
	by, key := newKey(t, sigstore.P256)
	b := parsed(w.bundle(by, sigstore.Options{}))
	delete(b, "dsseEnvelope")
	b["messageSignature"] = map[string]any{
		"messageDigest": map[string]any{"algorithm": "SHA2_256", "digest": base64.StdEncoding.EncodeToString([]byte("d"))}, "signature": "AAAA",
	}
	_, _, err := w.byKeys(key).Bundle(t.Context(), raw(b), image)
	requireCode(t, fault.Unsupported, err)
}

// The one who asked has gone.
func TestCanceled(t *testing.T) {
	w := theWorld(t)
	by, key := newKey(t, sigstore.P256)
	ctx, cancel := canceled(t)
	cancel()
	_, err := w.byKeys(key).Signature(ctx, w.legacy(by, sigstore.Options{}), image)
	require.ErrorIs(t, err, ctx.Err())
	_, coded := fault.CodeOf(err)
	require.False(t, coded)
}
