package provider

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync/atomic"
)

type connectionKey struct{}

// connection remembers under which certificate files a connection was made.
type connection struct{ made atomic.Pointer[generation] }

func connContext(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, &connection{})
}

// config is the TLS of the server: every connection takes the files of its time.
func (c *Certificates) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			g := c.now.Load()
			if conn, ok := hello.Context().Value(connectionKey{}).(*connection); ok {
				conn.made.Store(g)
			}
			return g.config, nil
		},
	}
}

// current lets connections that were made under older files end: a client that
// the new files would not let in has no answer, every other has one more.
func (c *Certificates) current(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _ := r.Context().Value(connectionKey{}).(*connection)
		if g := c.now.Load(); r.TLS != nil && (conn == nil || conn.made.Load() != g) {
			w.Header().Set("Connection", "close")
			if err := g.admits(r.TLS.PeerCertificates); err != nil {
				http.Error(w, "waxseal: the client's certificate is not let in: "+err.Error(), http.StatusForbidden)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
