package stack

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Authority is a certificate authority made for the occasion.
type Authority struct {
	Dir  string // where its files and those of its pairs are
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Pair is a certificate and its key, as files.
type Pair struct{ Cert, Key string }

// NewAuthority makes an authority with files in dir: NAME.crt and NAME.key.
func NewAuthority(t testing.TB, dir, name string) *Authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := template(pkix.Name{CommonName: name, Organization: []string{"waxseal-e2e"}})
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLen = true, true, 1
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	a := &Authority{Dir: dir, key: key, cert: template}
	a.write(t, name, template, key)
	return a
}

// CA returns the path of the authority's own certificate.
func (a *Authority) CA() string { return filepath.Join(a.Dir, a.cert.Subject.CommonName+".crt") }

// PEM returns the authority's own certificate.
func (a *Authority) PEM(t testing.TB) []byte {
	t.Helper()
	raw, err := os.ReadFile(a.CA())
	require.NoError(t, err)
	return raw
}

// Pool trusts the authority and nobody else.
func (a *Authority) Pool(t testing.TB) *x509.CertPool {
	t.Helper()
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(a.PEM(t)))
	return pool
}

// Issue makes a pair for a server and client on the loopback address, and of the
// subject's common name as a host, with
// files in the authority's folder: NAME.crt and NAME.key.
func (a *Authority) Issue(t testing.TB, name string, subject pkix.Name) Pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := template(subject)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	template.IPAddresses, template.DNSNames = []net.IP{net.IPv4(127, 0, 0, 1)}, []string{"localhost", subject.CommonName}
	return a.write(t, name, template, key)
}

func (a *Authority) write(t testing.TB, name string, cert *x509.Certificate, key *ecdsa.PrivateKey) Pair {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, cert, a.cert, key.Public(), a.key)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	p := Pair{filepath.Join(a.Dir, name+".crt"), filepath.Join(a.Dir, name+".key")}
	writePEM(t, p.Cert, "CERTIFICATE", der)
	writePEM(t, p.Key, "PRIVATE KEY", pkcs8)
	return p
}

func writePEM(t testing.TB, path, kind string, der []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}

func template(subject pkix.Name) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	return &x509.Certificate{
		SerialNumber: serial, Subject: subject,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
}
