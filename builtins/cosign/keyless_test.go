package cosign_test

import (
	"testing"
	"time"

	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

func TestKeyless(t *testing.T) {
	w := theWorld(t)
	by := must(w.Keyless(sigstore.Holder{
		Issuer: issuer, Subject: subject,
		Extensions: certificate.Extensions{SourceRepositoryURI: "https://ci.test/team/app", BuildTrigger: "push"},
	}))
	for _, format := range bothFormats {
		t.Run(format, func(t *testing.T) {
			s, err := w.verify(t, format, w.byIdentity(), by, sigstore.Options{})
			require.NoError(t, err)
			require.Equal(t, []int{0}, s.Entries)
			require.Equal(t, cosign.KindCertificate, s.Kind)
			require.Equal(t, issuer, s.Issuer)
			require.Equal(t, subject, s.Subject)
			require.Equal(t, map[string]string{"sourceRepositoryURI": "https://ci.test/team/app", "buildTrigger": "push"}, s.Extensions)
			require.Empty(t, s.Key)
			require.Equal(t, trusted(t, by, "").ID(), s.KeyID)
			require.GreaterOrEqual(t, s.LogIndex, int64(1000))
			require.Len(t, s.LogID, 64)
			require.WithinDuration(t, by.Certificate().NotBefore, s.SignedAt, time.Minute)
			require.Zero(t, s.ValidUntil)
		})
	}
}

func TestKeylessAlgorithms(t *testing.T) {
	w := theWorld(t)
	for _, algorithm := range algorithms {
		by := must(w.Keyless(sigstore.Holder{Issuer: issuer, Subject: subject, Algorithm: algorithm}))
		for _, format := range bothFormats {
			if unloggable(algorithm, format) {
				continue
			}
			t.Run(algorithm+" "+format, func(t *testing.T) {
				s, err := w.verify(t, format, w.byIdentity(), by, sigstore.Options{})
				require.NoError(t, err)
				require.Equal(t, []int{0}, s.Entries)
			})
		}
	}
}

func TestKeylessRefused(t *testing.T) {
	w := theWorld(t)
	stranger := must(sigstore.New())
	past := time.Now().Add(-48 * time.Hour)
	holder := sigstore.Holder{Issuer: issuer, Subject: subject}
	with := func(change func(*sigstore.Holder)) *sigstore.Signer {
		h := holder
		change(&h)
		return must(w.Keyless(h))
	}
	asked := func(change func(*cosign.Identity)) func(*cosign.Options) {
		return func(o *cosign.Options) { change(&o.Identities[0]) }
	}
	same := func(*cosign.Options) {}
	for _, row := range []struct {
		name string
		by   *sigstore.Signer
		opts func(*cosign.Options)
		sign sigstore.Options
		want fault.Code
	}{
		{"as it should be", w.keyless(t), same, sigstore.Options{}, ""},
		{"another subject", with(func(h *sigstore.Holder) { h.Subject = subject + "x" }), same, sigstore.Options{}, fault.UntrustedIdentity},
		{"another issuer", with(func(h *sigstore.Holder) { h.Issuer = issuer + "/x" }), same, sigstore.Options{}, fault.UntrustedIdentity},
		{"no issuer", with(func(h *sigstore.Holder) { h.Issuer = "" }), same, sigstore.Options{}, fault.UntrustedIdentity},
		{
			"no issuer, and not the authority's name for one", with(func(h *sigstore.Holder) { h.Issuer = "" }),
			asked(func(i *cosign.Identity) { i.Issuer = cosign.Exactly(w.keyless(t).Certificate().Issuer.String()) }), sigstore.Options{}, fault.UntrustedIdentity,
		},
		{"an address", with(func(h *sigstore.Holder) { h.Subject = "dev@ci.test" }), asked(func(i *cosign.Identity) { i.Subject = cosign.Exactly("dev@ci.test") }), sigstore.Options{}, ""},
		{"a user name", with(func(h *sigstore.Holder) { h.Username = "dev!ci.test" }), asked(func(i *cosign.Identity) { i.Subject = cosign.Exactly("dev!ci.test") }), sigstore.Options{}, ""},
		{"no trust root", w.keyless(t), func(o *cosign.Options) { o.Root = nil }, sigstore.Options{}, fault.InvalidRequest},
		{"no trust root, log ignored", w.keyless(t), func(o *cosign.Options) { o.Root, o.IgnoreTlog = nil, true }, sigstore.Options{}, fault.InvalidRequest},
		{"pattern", w.keyless(t), asked(func(i *cosign.Identity) { i.Subject = must(cosign.CompilePattern(`https://ci\.test/team/.+`)) }), sigstore.Options{}, ""},
		{"pattern of a part", w.keyless(t), asked(func(i *cosign.Identity) { i.Subject = must(cosign.CompilePattern(`https://ci\.test/team`)) }), sigstore.Options{}, fault.UntrustedIdentity},
		{
			"extension", with(func(h *sigstore.Holder) { h.Extensions.SourceRepositoryRef = "refs/heads/main" }),
			asked(func(i *cosign.Identity) {
				i.Extensions = map[string]*cosign.Matcher{"sourceRepositoryRef": cosign.Exactly("refs/heads/main")}
			}), sigstore.Options{}, "",
		},
		{
			"another extension", with(func(h *sigstore.Holder) { h.Extensions.SourceRepositoryRef = "refs/pull/1" }),
			asked(func(i *cosign.Identity) {
				i.Extensions = map[string]*cosign.Matcher{"sourceRepositoryRef": cosign.Exactly("refs/heads/main")}
			}), sigstore.Options{}, fault.UntrustedIdentity,
		},
		{
			"no extension", w.keyless(t),
			asked(func(i *cosign.Identity) {
				i.Extensions = map[string]*cosign.Matcher{"sourceRepositoryRef": cosign.Exactly("refs/heads/main")}
			}), sigstore.Options{}, fault.UntrustedIdentity,
		},
		{"bare key", must(sigstore.NewKey("")), same, sigstore.Options{}, fault.UntrustedIdentity},
		{"no log entry", w.keyless(t), same, sigstore.Options{WithoutTlog: true}, fault.TlogMissing},
		{"no log entry, time stamp", w.keyless(t), same, sigstore.Options{WithoutTlog: true, Timestamp: true}, fault.TlogMissing},
		{"no certificate transparency", with(func(h *sigstore.Holder) { h.WithoutSCT = true }), same, sigstore.Options{}, fault.SCTMissing},
		{
			"certificate transparency ignored", with(func(h *sigstore.Holder) { h.WithoutSCT = true }),
			func(o *cosign.Options) { o.IgnoreSCT = true }, sigstore.Options{}, "",
		},
		{"another authority", must(stranger.Keyless(holder)), same, sigstore.Options{At: time.Now()}, fault.UntrustedIdentity},
		{"signed long ago", with(func(h *sigstore.Holder) { h.At = past }), same, sigstore.Options{At: past}, ""},
		{"logged after expiry", with(func(h *sigstore.Holder) { h.At = past }), same, sigstore.Options{At: past.Add(time.Hour)}, fault.Expired},
		{"logged before issue", w.keyless(t), same, sigstore.Options{At: past}, fault.Expired},
		{"time stamp demanded", w.keyless(t), func(o *cosign.Options) { o.Timestamps = true }, sigstore.Options{}, fault.TimestampMissing},
		{"time stamp given", w.keyless(t), func(o *cosign.Options) { o.Timestamps = true }, sigstore.Options{Timestamp: true}, ""},
		{"log ignored, certificate still valid", w.keyless(t), func(o *cosign.Options) { o.IgnoreTlog = true }, sigstore.Options{WithoutTlog: true}, ""},
		{
			"log ignored, certificate expired", with(func(h *sigstore.Holder) { h.At = past }),
			func(o *cosign.Options) { o.IgnoreTlog = true }, sigstore.Options{WithoutTlog: true}, fault.Expired,
		},
		{
			"log ignored, its time is not believed", with(func(h *sigstore.Holder) { h.At = past }),
			func(o *cosign.Options) { o.IgnoreTlog = true }, sigstore.Options{At: past}, fault.Expired,
		},
		{
			"log ignored, time stamp in time", with(func(h *sigstore.Holder) { h.At = past }),
			func(o *cosign.Options) { o.IgnoreTlog = true }, sigstore.Options{WithoutTlog: true, Timestamp: true, At: past}, "",
		},
		{
			"log ignored, time stamp too late", with(func(h *sigstore.Holder) { h.At = past }),
			func(o *cosign.Options) { o.IgnoreTlog = true }, sigstore.Options{WithoutTlog: true, Timestamp: true, At: past.Add(time.Hour)}, fault.Expired,
		},
	} {
		for _, format := range bothFormats {
			t.Run(row.name+" "+format, func(t *testing.T) {
				opts := w.byIdentity()
				row.opts(opts)
				s, err := w.verify(t, format, opts, row.by, row.sign)
				requireCode(t, row.want, err)
				if row.want != "" {
					require.Equal(t, cosign.Signer{}, s)
				}
			})
		}
	}
}

// An entry of Rekor v2 has no time, nor has one of v1 without its promise: then
// a certificate needs a signed time stamp.
func TestKeylessWithoutLogTime(t *testing.T) {
	w := theWorld(t)
	past := time.Now().Add(-48 * time.Hour)
	for _, row := range []struct {
		name string
		sign sigstore.Options
		want fault.Code
	}{
		{"v2 with time stamp", sigstore.Options{RekorV2: true, Timestamp: true}, ""},
		{"v2 without", sigstore.Options{RekorV2: true}, fault.TimestampMissing},
		{"v2 with time stamp after expiry", sigstore.Options{RekorV2: true, Timestamp: true, At: time.Now().Add(time.Hour)}, fault.Expired},
		{"v2 with time stamp before issue", sigstore.Options{RekorV2: true, Timestamp: true, At: past}, fault.Expired},
		{"v1 proof alone", sigstore.Options{WithoutSET: true}, fault.TimestampMissing},
		{"v1 proof and time stamp", sigstore.Options{WithoutSET: true, Timestamp: true}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			s, err := w.verify(t, cosign.FormatBundle, w.byIdentity(), w.keyless(t), row.sign)
			requireCode(t, row.want, err)
			if err != nil {
				return
			}
			require.False(t, s.SignedAt.IsZero())
			require.Positive(t, s.LogIndex)
			require.Less(t, s.LogIndex, int64(1000), "the index that the proof proves")
		})
	}
}

// A result that rests on the clock says until when.
func TestValidUntil(t *testing.T) {
	w := theWorld(t)
	by := must(w.Keyless(sigstore.Holder{Issuer: issuer, Subject: subject, ValidFor: time.Hour}))
	for _, format := range bothFormats {
		t.Run(format, func(t *testing.T) {
			opts := w.byIdentity()
			opts.IgnoreTlog = true
			s, err := w.verify(t, format, opts, by, sigstore.Options{WithoutTlog: true})
			require.NoError(t, err)
			require.True(t, s.ValidUntil.Equal(by.Certificate().NotAfter), "%s", s.ValidUntil)
			require.EqualValues(t, -1, s.LogIndex)
			require.Zero(t, s.SignedAt)
		})
	}
}

// Several entries, overlapping.
func TestEntries(t *testing.T) {
	w := theWorld(t)
	by := w.keyless(t)
	stranger, key := newKey(t, sigstore.P256)
	id := func(subject string) cosign.Identity {
		return cosign.Identity{Issuer: cosign.Exactly(issuer), Subject: must(cosign.CompilePattern(subject))}
	}
	opts := w.byKeys(key, trusted(t, by, "of the certificate"))
	opts.Identities = []cosign.Identity{id("nobody"), id("https://.+"), id("https://.+"), id(".+main")}
	for _, format := range bothFormats {
		t.Run(format, func(t *testing.T) {
			s, err := w.verify(t, format, opts, stranger, sigstore.Options{})
			require.NoError(t, err)
			require.Equal(t, []int{0}, s.Entries)
			s, err = w.verify(t, format, opts, by, sigstore.Options{})
			require.NoError(t, err)
			if format == cosign.FormatLegacy {
				require.Equal(t, []int{1, 3, 5}, s.Entries)
				require.Equal(t, cosign.KindKey, s.Kind)
			} else { // a bundle with a certificate is never by a bare key
				require.Equal(t, []int{3, 5}, s.Entries)
				require.Equal(t, cosign.KindCertificate, s.Kind)
			}
			require.Equal(t, subject, s.Subject)
			require.False(t, cosign.Threshold([]cosign.Signer{s, s}, opts.Entries(), 2))
		})
	}
}

// CVE-2026-24122: where the log is not asked, an expired intermediate is accepted.
func TestPrivateAuthority(t *testing.T) {
	w := theWorld(t)
	now := time.Now()
	ca := must(sigstore.NewPrivateAuthority(now.Add(-time.Hour), now.Add(24*time.Hour)))
	foreign := must(sigstore.NewPrivateAuthority(now.Add(-time.Hour), now.Add(24*time.Hour)))
	old := must(sigstore.NewPrivateAuthority(now.Add(-48*time.Hour), now.Add(-time.Hour)))
	holder := sigstore.Holder{Issuer: issuer, Subject: subject, ValidFor: 72 * time.Hour, At: now}
	unnamed := holder
	unnamed.Issuer = ""
	aged := holder
	aged.At = now.Add(-24 * time.Hour)
	for _, row := range []struct {
		name   string
		pem    []byte
		issuer string
		by     *sigstore.Signer
		sign   sigstore.Options
		change func(*cosign.Options)
		want   fault.Code
	}{
		{"logged", ca.PEM(), issuer, must(ca.Issue(holder, nil)), sigstore.Options{At: now}, nil, ""},
		{"root alone, chain beside the signature", ca.RootPEM(), issuer, must(ca.Issue(holder, nil)), sigstore.Options{At: now, Chain: true}, nil, ""},
		{"without the log", ca.PEM(), issuer, must(ca.Issue(holder, nil)), sigstore.Options{WithoutTlog: true}, func(o *cosign.Options) { o.IgnoreTlog = true }, ""},
		{
			"without any trust root", ca.PEM(), issuer, must(ca.Issue(holder, nil)), sigstore.Options{WithoutTlog: true},
			func(o *cosign.Options) { o.IgnoreTlog, o.Root = true, nil }, "",
		},
		{
			"transparency demanded without any trust root", ca.PEM(), issuer, must(ca.Issue(holder, w.Sigstore)), sigstore.Options{WithoutTlog: true},
			func(o *cosign.Options) { o.IgnoreTlog, o.IgnoreSCT, o.Root = true, false, nil }, fault.InvalidRequest,
		},
		{"issuer is the authority's name", ca.PEM(), ca.Name(), must(ca.Issue(unnamed, nil)), sigstore.Options{At: now}, nil, ""},
		{"transparency demanded and missing", ca.PEM(), issuer, must(ca.Issue(holder, nil)), sigstore.Options{At: now}, func(o *cosign.Options) { o.IgnoreSCT = false }, fault.SCTMissing},
		{"transparency demanded", ca.PEM(), issuer, must(ca.Issue(holder, w.Sigstore)), sigstore.Options{At: now}, func(o *cosign.Options) { o.IgnoreSCT = false }, ""},
		{"another private authority", ca.PEM(), issuer, must(foreign.Issue(holder, nil)), sigstore.Options{At: now}, nil, fault.UntrustedIdentity},
		{"Fulcio is not asked", ca.PEM(), issuer, w.keyless(t), sigstore.Options{}, nil, fault.UntrustedIdentity},
		{"private authority is not Sigstore's", nil, issuer, must(ca.Issue(holder, w.Sigstore)), sigstore.Options{At: now}, nil, fault.UntrustedIdentity},
		{
			"intermediate expired, log ignored", old.PEM(), issuer, must(old.Issue(aged, nil)), sigstore.Options{WithoutTlog: true},
			func(o *cosign.Options) { o.IgnoreTlog = true }, fault.Expired,
		},
		{"intermediate expired when signed", old.PEM(), issuer, must(old.Issue(aged, nil)), sigstore.Options{At: now}, nil, fault.Expired},
		{"intermediate valid when signed", old.PEM(), issuer, must(old.Issue(aged, nil)), sigstore.Options{At: now.Add(-12 * time.Hour)}, nil, ""},
	} {
		for _, format := range bothFormats {
			t.Run(row.name+" "+format, func(t *testing.T) {
				opts := w.byIdentity()
				opts.Identities[0].Issuer = cosign.Exactly(row.issuer)
				if row.pem != nil {
					opts.Certificates, opts.IgnoreSCT = must(cosign.ParseCertificates(row.pem)), true
				}
				if row.change != nil {
					row.change(opts)
				}
				_, err := w.verify(t, format, opts, row.by, row.sign)
				requireCode(t, row.want, err)
			})
		}
	}
}

func TestParseCertificatesRefuses(t *testing.T) {
	w := theWorld(t)
	ca := must(sigstore.NewPrivateAuthority(time.Now(), time.Now().Add(time.Hour)))
	root := ca.RootPEM()
	intermediate := ca.PEM()[:len(ca.PEM())-len(root)]
	for name, in := range map[string][]byte{
		"nothing":           nil,
		"no PEM":            []byte("ca.pem"),
		"a key":             must(sigstore.NewKey("")).PEM(),
		"no root":           intermediate,
		"no authority":      append(append([]byte{}, root...), pemOf(w.keyless(t))...),
		"text behind":       append(append([]byte{}, root...), "x"...),
		"far too many":      repeated(root, 65),
		"broken cerificate": []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
	} {
		t.Run(name, func(t *testing.T) {
			certs, err := cosign.ParseCertificates(in)
			requireCode(t, fault.InvalidRequest, err)
			require.Nil(t, certs)
		})
	}
	certs, err := cosign.ParseCertificates(ca.PEM())
	require.NoError(t, err)
	require.Len(t, certs, 2)
}

func TestParseTrustRoot(t *testing.T) {
	w := theWorld(t)
	require.Equal(t, "test", w.root.Name())
	require.Len(t, w.root.Digest(), len("sha256:")+64)
	for name, in := range map[string]string{
		"nothing": "", "no JSON": "x", "null": "null", "empty": "{}", "other": `{"mediaType":"x"}`,
		"empty log": `{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","tlogs":[{}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			r, err := cosign.ParseTrustRoot("r", []byte(in))
			requireCode(t, fault.InvalidRequest, err)
			require.Nil(t, r)
		})
	}
}
