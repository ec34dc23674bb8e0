package provider

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
)

// certsCommand is `waxseal provider certs`.
func certsCommand() *cobra.Command {
	var dir string
	var names []string
	var days int
	cmd := &cobra.Command{
		Use:   "certs",
		Short: "Make a certificate for the provider, where no cert-manager does",
		Long: `Writes ca.crt, ca.key, tls.crt and tls.key to a folder. A CA that is there is used again: the new
certificate needs no change of the Provider objects. tls.crt and tls.key are for the provider,
ca.crt, in base64, is spec.caBundle of the Provider objects; ca.key stays with you.`,
		Example: `  waxseal provider certs --dir certs --name waxseal-provider.waxseal-system.svc`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if days < 1 {
				return fmt.Errorf("--days: %d; expected at least 1", days)
			}
			if err := makeCertificates(dir, names, time.Duration(days)*24*time.Hour); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s, valid for %d days, is in %s\n", names[0], days, filepath.Join(dir, "tls.crt"))
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "certs", "folder")
	cmd.Flags().StringSliceVar(&names, "name", []string{"waxseal-provider.waxseal-system.svc"}, "DNS names or addresses of the provider, as in spec.url")
	cmd.Flags().IntVar(&days, "days", 365, "how long the certificate is valid; a new CA is for ten years")
	return cmd
}

// authority is a CA.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

const decade = 10 * 365 * 24 * time.Hour

func makeCertificates(dir string, names []string, valid time.Duration) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	ca, err := authorityIn(dir)
	if err != nil {
		return err
	}
	template, err := certificate(names[0], valid)
	if err != nil {
		return err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
			continue
		}
		template.DNSNames = append(template.DNSNames, name)
	}
	_, err = ca.issue(template, filepath.Join(dir, "tls"))
	return err
}

// authorityIn returns the CA in the folder, a new one if there is none.
func authorityIn(dir string) (*authority, error) {
	base := filepath.Join(dir, "ca")
	if err := whole(base); err != nil {
		return nil, err
	}
	ca, err := readAuthority(base)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return ca, err
	}
	template, err := certificate("waxseal provider CA", decade)
	if err != nil {
		return nil, err
	}
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLenZero = true, true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	return (&authority{cert: template}).issue(template, base)
}

// whole refuses half a CA: a new one in its place would not be the one that the
// Provider objects trust.
func whole(base string) error {
	_, noCert := os.Lstat(base + ".crt")
	_, noKey := os.Lstat(base + ".key")
	switch {
	case noCert == nil && errors.Is(noKey, fs.ErrNotExist):
		return fmt.Errorf("%[1]s.crt is there and %[1]s.key is not: put the key back, or remove the certificate for a new CA, which the Provider objects then have to name", base)
	case noKey == nil && errors.Is(noCert, fs.ErrNotExist):
		return fmt.Errorf("%[1]s.key is there and %[1]s.crt is not: put the certificate back, or remove the key for a new CA", base)
	}
	return nil
}

func readAuthority(base string) (*authority, error) {
	var blocks [2]*pem.Block
	for i, path := range []string{base + ".crt", base + ".key"} {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if blocks[i], _ = pem.Decode(raw); blocks[i] == nil {
			return nil, fmt.Errorf("%s: not PEM; remove it for a new CA", path)
		}
	}
	cert, err := x509.ParseCertificate(blocks[0].Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s.crt: %w", base, err)
	}
	if time.Now().After(cert.NotAfter) {
		return nil, fmt.Errorf("%s.crt expired at %s; remove it for a new CA", base, cert.NotAfter.Format(time.RFC3339))
	}
	key, err := x509.ParsePKCS8PrivateKey(blocks[1].Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s.key: %w", base, err)
	}
	signer, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s.key: not an ECDSA key; remove it for a new CA", base)
	}
	return &authority{cert, signer}, nil
}

func certificate(name string, valid time.Duration) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name, Organization: []string{"waxseal"}},
		NotBefore: now.Add(-5 * time.Minute), NotAfter: now.Add(valid), // clocks differ
	}, nil
}

// issue makes a key and a certificate for it, and writes both. An authority
// without a key signs itself.
func (a *authority) issue(template *x509.Certificate, base string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	signer := a.key
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), signer)
	if err != nil {
		return nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := write(base+".key", "PRIVATE KEY", pkcs8, 0o600); err != nil {
		return nil, err
	}
	if err := write(base+".crt", "CERTIFICATE", der, 0o644); err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &authority{cert, key}, err
}

// write replaces a file in one step: a provider may be reading it.
func write(path, kind string, der []byte, mode fs.FileMode) error {
	raw := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	if err := os.WriteFile(path+".new", raw, mode); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
