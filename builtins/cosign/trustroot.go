package cosign

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/waxseal/waxseal/builtins/fault"
)

// TrustRoot is what a Sigstore deployment is trusted with: certificate
// authorities, transparency logs, certificate transparency logs and time
// stamping authorities. It is immutable.
type TrustRoot struct {
	name     string
	digest   string
	json     []byte
	material root.TrustedMaterial
}

// ParseTrustRoot reads a trusted_root.json.
func ParseTrustRoot(name string, trustedRootJSON []byte) (*TrustRoot, error) {
	var material *root.TrustedRoot
	err := guarded(func() (err error) {
		material, err = root.NewTrustedRootFromJSON(trustedRootJSON)
		return err
	})
	if err != nil {
		return nil, fault.New(fault.InvalidRequest, "parse trust root", name, err)
	}
	sum := sha256.Sum256(trustedRootJSON)
	root := NewTrustRoot(name, material, "sha256:"+hex.EncodeToString(sum[:]))
	root.json = trustedRootJSON
	return root, nil
}

// NewTrustRoot returns a trust root over material that was read elsewhere, by
// TUF say. The material must not change, and the digest must change with it:
// results are kept under this digest.
func NewTrustRoot(name string, material root.TrustedMaterial, digest string) *TrustRoot {
	return &TrustRoot{name: name, digest: digest, material: material}
}

// Name returns the name of the trust root.
func (r *TrustRoot) Name() string { return r.name }

// Digest returns the hash of the bytes that the trust root was read from.
func (r *TrustRoot) Digest() string { return r.digest }

// JSON returns the trusted_root.json that the trust root was parsed from, nil
// for one made by [NewTrustRoot]. It must not be changed.
func (r *TrustRoot) JSON() []byte { return r.json }

// maxCertificates bounds a list of PEM certificates.
const maxCertificates = 64

// ParseCertificates reads the PEM certificates of a private certificate
// authority: at least one root, and any intermediates, in any order.
func ParseCertificates(pemBytes []byte) ([]*x509.Certificate, error) {
	const op = "parse certificates"
	certs, err := certificates(pemBytes)
	if err != nil {
		return nil, fault.New(fault.InvalidRequest, op, "", err)
	}
	for _, c := range certs {
		if !c.IsCA {
			return nil, fault.Newf(fault.InvalidRequest, op, "", "%q is not a certificate authority", c.Subject)
		}
	}
	if len(roots(certs)) == 0 {
		return nil, fault.Newf(fault.InvalidRequest, op, "", "none of the %d certificates is a root", len(certs))
	}
	return certs, nil
}

// roots returns the certificates that are signed by themselves.
func roots(certs []*x509.Certificate) []*x509.Certificate {
	var out []*x509.Certificate
	for _, c := range certs {
		if selfSigned(c) {
			out = append(out, c)
		}
	}
	return out
}

// intermediates returns the authorities that another one signed.
func intermediates(certs []*x509.Certificate) []*x509.Certificate {
	var out []*x509.Certificate
	for _, c := range certs {
		if c.IsCA && !selfSigned(c) {
			out = append(out, c)
		}
	}
	return out
}

// selfSigned compares names only: these certificates are either given by the
// operator or no more than a hint for building a path.
func selfSigned(c *x509.Certificate) bool { return bytes.Equal(c.RawSubject, c.RawIssuer) }

// material is the trust root as one verification sees it: its certificate
// authorities replaced by the private ones that were asked for, and with the
// one key that is being tried.
type material struct {
	root.TrustedMaterial
	private []root.CertificateAuthority
	key     root.TimeConstrainedVerifier
}

// materialOf composes the material for the options; key may be nil.
func materialOf(o *Options, key *publicKey) *material {
	m := &material{TrustedMaterial: &root.BaseTrustedMaterial{}, private: privateAuthorities(o.Certificates)}
	if o.Root != nil {
		m.TrustedMaterial = o.Root.material
	}
	if key != nil {
		m.key = unlimited{key}
	}
	return m
}

func privateAuthorities(certs []*x509.Certificate) []root.CertificateAuthority {
	var out []root.CertificateAuthority
	for _, c := range roots(certs) {
		out = append(out, &root.FulcioCertificateAuthority{Root: c, Intermediates: intermediates(certs)})
	}
	return out
}

// FulcioCertificateAuthorities implements [root.TrustedMaterial].
func (m *material) FulcioCertificateAuthorities() []root.CertificateAuthority {
	if m.private != nil {
		return m.private
	}
	return m.TrustedMaterial.FulcioCertificateAuthorities()
}

// PublicKeyVerifier implements [root.TrustedMaterial]. The hint is what the
// bundle says about itself: it chooses nothing.
func (m *material) PublicKeyVerifier(string) (root.TimeConstrainedVerifier, error) {
	if m.key == nil {
		return nil, errNoKey
	}
	return m.key, nil
}

// certificates reads PEM certificates and nothing else.
func certificates(pemBytes []byte) ([]*x509.Certificate, error) {
	var out []*x509.Certificate
	rest := pemBytes
	for len(bytes.TrimSpace(rest)) > 0 {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || block.Type != "CERTIFICATE" {
			return nil, errNotCertificates
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		if out = append(out, c); len(out) > maxCertificates {
			return nil, errTooManyCertificates
		}
	}
	if len(out) == 0 {
		return nil, errNotCertificates
	}
	return out, nil
}
