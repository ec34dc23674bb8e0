package stack

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Issuer is an OpenID Connect issuer whose tokens say what they are told to:
// the least that Fulcio asks for.
type Issuer struct {
	URL string
	key *rsa.PrivateKey
}

// NewIssuer starts an issuer.
func NewIssuer(t testing.TB) *Issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	i := &Issuer{server.URL, key}
	serve(mux, "/.well-known/openid-configuration", map[string]any{
		"issuer": i.URL, "jwks_uri": i.URL + "/keys",
		"authorization_endpoint": i.URL + "/auth", "token_endpoint": i.URL + "/token",
		"response_types_supported": []string{"id_token"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
	})
	serve(mux, "/keys", map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "e2e",
		"n": encode(key.N.Bytes()), "e": encode(big.NewInt(int64(key.E)).Bytes()),
	}}})
	return i
}

// Token says that its holder owns an email address, for ten minutes.
func (i *Issuer) Token(t testing.TB, email string) string {
	t.Helper()
	now := time.Now().Unix()
	head, err := json.Marshal(map[string]any{"alg": "RS256", "typ": "JWT", "kid": "e2e"})
	require.NoError(t, err)
	claims, err := json.Marshal(map[string]any{
		"iss": i.URL, "sub": email, "aud": "sigstore", "email": email, "email_verified": true,
		"iat": now, "nbf": now - 5, "exp": now + 600,
	})
	require.NoError(t, err)
	signed := encode(head) + "." + encode(claims)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, i.key, crypto.SHA256, digest[:])
	require.NoError(t, err)
	return signed + "." + encode(signature)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func serve(mux *http.ServeMux, path string, document any) {
	mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(document)
	})
}
