package provider

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Files are the PEM files of the server's TLS.
type Files struct {
	Certificate, Key string
	// ClientCA is what the certificates of clients must chain to. Empty lets
	// everybody in.
	ClientCA string
	// ClientNames are the DNS names of clients that are let in; none lets in
	// whoever ClientCA vouches for.
	ClientNames []string
}

// Certificates is the server's TLS as the files say it now. It is safe for
// concurrent use.
type Certificates struct {
	files   Files
	log     *slog.Logger
	metrics *Metrics
	now     atomic.Pointer[generation]
}

// generation is what the files held at one time.
type generation struct {
	raw     [3][]byte
	config  *tls.Config
	leaf    *x509.Certificate
	clients *x509.CertPool
	names   []string
}

// LoadCertificates reads the files. What cannot be used is an error.
func LoadCertificates(files Files, log *slog.Logger, metrics *Metrics) (*Certificates, error) {
	c := &Certificates{files: files, log: log, metrics: metrics}
	g, err := c.load()
	if err != nil {
		return nil, err
	}
	c.take(g)
	return c, nil
}

func (c *Certificates) take(g *generation) {
	c.now.Store(g)
	c.metrics.expiry.Set(float64(g.leaf.NotAfter.Unix()))
}

// Watch takes over changed files until the context ends. It looks every so
// often: Kubernetes replaces mounted secrets behind links. What cannot be used
// is logged, and what there was stays.
func (c *Certificates) Watch(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	failed := 0 // times in a row: the first may be between two files of one change
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		g, err := c.load()
		switch {
		case err != nil:
			if failed++; failed == 2 {
				c.metrics.reloads.WithLabelValues("refused").Inc()
				c.log.Error("certificate files cannot be used; the old ones stay", "error", err.Error())
			}
			continue
		case !g.same(c.now.Load()):
			c.take(g)
			c.metrics.reloads.WithLabelValues("taken").Inc()
			c.log.Info("certificate files taken over", "subject", g.leaf.Subject.String(), "not_after", g.leaf.NotAfter.UTC())
		}
		failed = 0
	}
}

func (g *generation) same(other *generation) bool {
	return slices.EqualFunc(g.raw[:], other.raw[:], bytes.Equal)
}

func (c *Certificates) load() (*generation, error) {
	g := &generation{names: c.files.ClientNames}
	for i, path := range []string{c.files.Certificate, c.files.Key, c.files.ClientCA} {
		if path == "" && i == 2 {
			continue
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("certificate files: %w", err)
		}
		g.raw[i] = raw
	}
	pair, err := tls.X509KeyPair(g.raw[0], g.raw[1])
	if err != nil {
		return nil, fmt.Errorf("certificate %s and key %s: %w", c.files.Certificate, c.files.Key, err)
	}
	g.leaf = pair.Leaf
	g.config = &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{pair},
		// A resumed session would carry a client over a change of the client CA.
		SessionTicketsDisabled: true,
	}
	if c.files.ClientCA == "" {
		return g, nil
	}
	g.clients = x509.NewCertPool()
	if !g.clients.AppendCertsFromPEM(g.raw[2]) {
		return nil, fmt.Errorf("client CA %s: no PEM certificate in it", c.files.ClientCA)
	}
	g.config.ClientAuth, g.config.ClientCAs = tls.RequireAndVerifyClientCert, g.clients
	g.config.VerifyConnection = func(s tls.ConnectionState) error { return g.named(s.PeerCertificates) }
	return g, nil
}

// named says whether the client has one of the names that are let in.
func (g *generation) named(chain []*x509.Certificate) error {
	if len(g.names) == 0 {
		return nil
	}
	if len(chain) > 0 && slices.ContainsFunc(g.names, func(n string) bool { return chain[0].VerifyHostname(n) == nil }) {
		return nil
	}
	return fmt.Errorf("the client's certificate is for none of %s", strings.Join(g.names, ", "))
}

// admits says whether a client would still be let in.
func (g *generation) admits(chain []*x509.Certificate) error {
	if g.clients == nil {
		return nil
	}
	if len(chain) == 0 {
		return errors.New("the client has no certificate")
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	if _, err := chain[0].Verify(x509.VerifyOptions{
		Roots: g.clients, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}); err != nil {
		return err
	}
	return g.named(chain)
}

// Valid returns nil while the server's certificate is valid.
func (c *Certificates) Valid(now time.Time) error {
	leaf := c.now.Load().leaf
	switch {
	case now.Before(leaf.NotBefore):
		return fmt.Errorf("the server's certificate is not valid before %s", leaf.NotBefore.UTC().Format(time.RFC3339))
	case now.After(leaf.NotAfter):
		return fmt.Errorf("the server's certificate expired at %s", leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}
