package notation

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/notaryproject/notation-go/verifier/truststore"
)

// stores are the trust stores by type and name, such as "ca:acme". It implements
// truststore.X509TrustStore, which notation otherwise reads from folders.
type stores map[string][]*x509.Certificate

// GetCertificates implements truststore.X509TrustStore.
func (s stores) GetCertificates(_ context.Context, kind truststore.Type, name string) ([]*x509.Certificate, error) {
	certificates := s[string(kind)+":"+name]
	if len(certificates) == 0 {
		return nil, truststore.TrustStoreError{Msg: fmt.Sprintf("no trust store %s:%s", kind, name)}
	}
	return certificates, nil
}

func parseStores(from map[string]string) (stores, error) {
	out := stores{}
	for name, text := range from {
		kind, _, _ := strings.Cut(name, ":")
		certificates, err := ParseStore(kind, []byte(text))
		if err != nil {
			return nil, fmt.Errorf("trust store %s: %w", name, err)
		}
		out[name] = certificates
	}
	return out, nil
}

// ParseStore reads the certificates of a trust store from PEM or DER. By notation's
// rules each is a certificate authority's or signed by itself, and those of type
// "tsa" are roots.
func ParseStore(kind string, raw []byte) ([]*x509.Certificate, error) {
	certificates, err := parseCertificates(raw)
	if err != nil {
		return nil, err
	}
	for _, c := range certificates {
		if kind == string(truststore.TypeTSA) && !isRoot(c) {
			return nil, fmt.Errorf("certificate %q is no root: a trust store of type tsa holds roots only", c.Subject)
		}
	}
	return certificates, truststore.ValidateCertificates(certificates)
}

func parseCertificates(raw []byte) ([]*x509.Certificate, error) {
	block, rest := pem.Decode(raw)
	if block == nil {
		certificates, err := x509.ParseCertificates(raw)
		if err != nil || len(certificates) == 0 {
			return nil, errors.New("holds no certificate; expected -----BEGIN CERTIFICATE-----")
		}
		return certificates, nil
	}
	var out []*x509.Certificate
	for ; block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("holds a PEM block %q; expected only CERTIFICATE", clip(block.Type))
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d cannot be read: %w", len(out)+1, err)
		}
		out = append(out, certificate)
	}
	return out, nil
}

func isRoot(c *x509.Certificate) bool {
	return bytes.Equal(c.RawSubject, c.RawIssuer) && c.CheckSignatureFrom(c) == nil
}
