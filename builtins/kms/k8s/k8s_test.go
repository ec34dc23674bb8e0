package k8s_test

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/config"
	_ "github.com/waxseal/waxseal/builtins/kms"
	"github.com/waxseal/waxseal/builtins/kms/k8s"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

const (
	bearer = "token-of-the-service-account"
	held   = "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nc2VjcmV0\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n"
)

// server answers "read the specified Secret" of the Kubernetes API, core/v1, as
// the reference says: a Secret, or a Status.
type server struct {
	*httptest.Server
	secrets map[string]map[string]string // entries by namespace/name
	asked   []string
	answer  http.HandlerFunc // instead, if given
}

func start(t *testing.T, secrets map[string]map[string]string) *server {
	t.Helper()
	s := &server{secrets: secrets}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	path := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, `
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: %q, certificate-authority-data: %s}}]
users: [{name: u, user: {token: %s}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
`, s.URL, base64.StdEncoding.EncodeToString(ca), bearer), 0o600))
	t.Setenv("KUBECONFIG", path)
	return s
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	s.asked = append(s.asked, r.Method+" "+r.URL.RequestURI())
	namespace, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/api/v1/namespaces/"), "/secrets/")
	data, found := s.secrets[namespace+"/"+name]
	switch {
	case s.answer != nil:
		s.answer(w, r)
	case r.Header.Get("Authorization") != "Bearer "+bearer:
		status(w, http.StatusUnauthorized, "Unauthorized", "Unauthorized")
	case namespace == "forbidden":
		status(w, http.StatusForbidden, "Forbidden", `secrets "`+name+`" is forbidden: User "system:serviceaccount:waxseal-system:waxseal" cannot get resource "secrets" in API group "" in the namespace "forbidden"`)
	case !found:
		status(w, http.StatusNotFound, "NotFound", `secrets "`+name+`" not found`)
	default:
		encoded := map[string][]byte{}
		for entry, value := range data {
			encoded[entry] = []byte(value)
		}
		write(w, http.StatusOK, map[string]any{
			"kind": "Secret", "apiVersion": "v1", "type": "Opaque", "immutable": true, "data": encoded,
			"metadata": map[string]any{"name": name, "namespace": namespace, "resourceVersion": "42"},
		})
	}
}

func status(w http.ResponseWriter, code int, reason, message string) {
	write(w, code, map[string]any{
		"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{}, "status": "Failure",
		"message": message, "reason": reason, "code": code,
	})
}

func write(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // the client sees it when it fails
}

func key(t *testing.T) string {
	t.Helper()
	k, err := sigstore.NewKey("")
	require.NoError(t, err)
	return string(k.PEM())
}

// TestPublicKey asks for one Secret, and for nothing else.
func TestPublicKey(t *testing.T) {
	release, other := key(t), key(t)
	s := start(t, map[string]map[string]string{"keys/release": {
		"cosign.key": held, "cosign.password": "hunter2", "cosign.pub": release, "other.pem": other,
	}})
	for uri, want := range map[string]string{"k8s://keys/release": release, "k8s://keys/release/other.pem": other} {
		got, err := k8s.PublicKey(t.Context(), uri)
		require.NoError(t, err)
		text, err := cryptoutils.MarshalPublicKeyToPEM(got)
		require.NoError(t, err)
		require.Equal(t, want, string(text))
	}
	require.Equal(t, []string{"GET /api/v1/namespaces/keys/secrets/release", "GET /api/v1/namespaces/keys/secrets/release"}, s.asked)
}

// TestConfiguration: a key in a Secret is a key in a KMS: pinned and read again.
func TestConfiguration(t *testing.T) {
	release := key(t)
	start(t, map[string]map[string]string{"keys/release": {"cosign.pub": release}})
	c, err := config.Parse("w.yaml", []byte("version: 1\nkeys: {a: {kms: 'k8s://keys/release', refresh: 5m}}\n"), ".")
	require.NoError(t, err)
	require.Equal(t, map[string]config.Key{"a": {
		KMS: "k8s://keys/release", PEM: []byte(release), Refresh: 5 * time.Minute, MaxStale: 7 * 24 * time.Hour,
	}}, c.Keys)
	_, err = config.Parse("w.yaml", []byte("version: 1\nkeys: {a: {kms: 'k8s://forbidden/release'}}\n"), ".")
	require.EqualError(t, err, `w.yaml:2:12: keys.a.kms: the public key of k8s://forbidden/release cannot be read: HTTP 403: secrets "release" is forbidden: User "system:serviceaccount:waxseal-system:waxseal" cannot get resource "secrets" in API group "" in the namespace "forbidden" (the credentials may not read it; they need get on this Secret (resourceNames))`)
}

// TestRefusals: no message holds what stands in a Secret, or the token.
func TestRefusals(t *testing.T) {
	secrets := map[string]map[string]string{
		"keys/private": {"cosign.pub": held, "cosign.password": "hunter2"},
		"keys/junk":    {"cosign.pub": "hunter2"},
		"keys/another": {"public.pem": key(t), "cosign.password": "hunter2"},
	}
	moved := func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }
	huge := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 5<<20)) }
	html := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<p>hunter2")) }
	busy := func(w http.ResponseWriter, _ *http.Request) {
		status(w, http.StatusTooManyRequests, "TooManyRequests", "too many requests, please try again later")
	}
	teapot := func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte("hunter2"))
	}
	for name, row := range map[string]struct {
		uri, want string
		answer    http.HandlerFunc
	}{
		"no name":          {"k8s://keys", "expected k8s://NAMESPACE/SECRET, or k8s://NAMESPACE/SECRET/ENTRY", nil},
		"too much":         {"k8s://keys/a/b/c", "expected k8s://NAMESPACE/SECRET, or k8s://NAMESPACE/SECRET/ENTRY", nil},
		"namespace":        {"k8s://../release", `".." is no namespace: `, nil},
		"name":             {"k8s://keys/..%2F..", `"..%2F.." is no name of a Secret: `, nil},
		"query":            {"k8s://keys/release?watch=1", `"release?watch=1" is no name of a Secret: `, nil},
		"entry":            {"k8s://keys/release/..", `".." is no entry of a Secret: `, nil},
		"missing":          {"k8s://keys/gone", `HTTP 404: secrets "gone" not found`, nil},
		"forbidden":        {"k8s://forbidden/release", `HTTP 403: secrets "release" is forbidden: `, nil},
		"no such entry":    {"k8s://keys/another", `the Secret has no entry cosign.pub; it has ["cosign.password" "public.pem"]`, nil},
		"private key":      {"k8s://keys/private", "the entry cosign.pub holds a private key; Waxseal wants the public one", nil},
		"no key":           {"k8s://keys/junk", "the entry cosign.pub is not a PEM public key", nil},
		"busy":             {"k8s://keys/junk", "HTTP 429: too many requests, please try again later", busy},
		"sent on":          {"k8s://keys/junk", "HTTP 302: Found", moved},
		"huge":             {"k8s://keys/junk", "the answer has more than 4194304 bytes", huge},
		"no API server":    {"k8s://keys/junk", "the answer is not a Secret", html},
		"another protocol": {"k8s://keys/junk", "HTTP 418: I'm a teapot", teapot},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, secrets)
			s.answer = row.answer
			_, err := k8s.PublicKey(t.Context(), row.uri)
			require.ErrorContains(t, err, row.want)
			require.NotContains(t, err.Error(), "hunter2")
			require.NotContains(t, err.Error(), bearer)
			require.LessOrEqual(t, len(s.asked), 1)
		})
	}
}

// TestNoServer: outside of a cluster and without a kubeconfig.
func TestNoServer(t *testing.T) {
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "gone"))
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	_, err := k8s.PublicKey(t.Context(), "k8s://keys/release")
	require.ErrorContains(t, err, "no API server is known: name a kubeconfig with $KUBECONFIG")
}
