package cosign

import (
	"crypto/x509"
	"encoding/asn1"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/cryptoutils"

	"github.com/waxseal/waxseal/builtins/fault"
)

// unlimited is a key without a period of validity of its own.
type unlimited struct{ *publicKey }

// ValidAtTime implements [root.ValidityPeriodChecker].
func (unlimited) ValidAtTime(time.Time) bool { return true }

// chains returns the paths from the certificate to an authority, every
// certificate of which is valid at all the times. More may hold intermediates
// that came with the signature; they vouch for nothing themselves.
func (c check) chains(m *material, cert *x509.Certificate, more []*x509.Certificate, times []time.Time) ([][]*x509.Certificate, error) {
	forgetNames(cert)
	var out [][]*x509.Certificate
	for _, t := range times {
		paths := pathsAt(m, cert, more, t)
		if len(paths) == 0 {
			return nil, c.noPath(m, cert, more, t)
		}
		out = paths
	}
	return out, nil
}

// forgetNames removes an alternative name of a kind that Go does not know from
// the critical extensions that are left to be handled: [claimsOf] handles it.
func forgetNames(cert *x509.Certificate) {
	var left []asn1.ObjectIdentifier
	for _, id := range cert.UnhandledCriticalExtensions {
		if !id.Equal(cryptoutils.SANOID) {
			left = append(left, id)
		}
	}
	cert.UnhandledCriticalExtensions = left
}

func pathsAt(m *material, cert *x509.Certificate, more []*x509.Certificate, at time.Time) [][]*x509.Certificate {
	for _, ca := range m.FulcioCertificateAuthorities() {
		if f, ok := ca.(*root.FulcioCertificateAuthority); ok && m.private != nil {
			with := *f
			with.Intermediates = append(append([]*x509.Certificate{}, f.Intermediates...), intermediates(more)...)
			ca = &with
		}
		if paths, err := ca.Verify(cert, at); err == nil {
			return paths
		}
	}
	return nil
}

// noPath says why there is no path: either there is one at some other time, or
// the certificate is of an authority that is not trusted.
func (c check) noPath(m *material, cert *x509.Certificate, more []*x509.Certificate, at time.Time) error {
	for _, other := range append(append([]*x509.Certificate{cert}, more...), authorities(m)...) {
		if len(pathsAt(m, cert, more, other.NotBefore)) > 0 || len(pathsAt(m, cert, more, other.NotAfter)) > 0 {
			return c.fail(fault.Expired, "the certificate, valid from %s to %s, or one above it was not valid when the signature was made, %s",
				rfc3339(cert.NotBefore), rfc3339(cert.NotAfter), rfc3339(at))
		}
	}
	return c.fail(fault.UntrustedIdentity, "the certificate is of authority %q, which is not trusted", clip(cert.Issuer.String()))
}

// authorities returns all certificates of the trusted authorities.
func authorities(m *material) []*x509.Certificate {
	var out []*x509.Certificate
	for _, ca := range m.FulcioCertificateAuthorities() {
		if f, ok := ca.(*root.FulcioCertificateAuthority); ok {
			out = append(append(out, f.Intermediates...), f.Root)
		}
	}
	return out
}

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// transparent demands a certificate transparency log's promise.
func (c check) transparent(m *material, chains [][]*x509.Certificate) error {
	if c.IgnoreSCT {
		return nil
	}
	err := guarded(func() error { return verify.VerifySignedCertificateTimestamp(chains, 1, m) })
	if err != nil {
		return c.fail(fault.SCTMissing, "%w", err)
	}
	return nil
}

// end returns the time until which one of the chains stays valid.
func end(chains [][]*x509.Certificate) time.Time {
	var last time.Time
	for _, chain := range chains {
		first := chain[0].NotAfter
		for _, cert := range chain {
			if cert.NotAfter.Before(first) {
				first = cert.NotAfter
			}
		}
		if first.After(last) {
			last = first
		}
	}
	return last
}
