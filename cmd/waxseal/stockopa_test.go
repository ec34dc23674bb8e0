package main

import (
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/tests/fixture/certificates"
	"github.com/waxseal/waxseal/tests/fixture/process"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// stockOPA is an unmodified OPA, of the version that is inside waxseal.
func stockOPA(t *testing.T) string {
	path := os.Getenv("OPA")
	if path == "" {
		t.Skip("$OPA is not set: run `make test-hosts`, which builds it")
	}
	return path
}

// asking is a bundle of the flavour http that asks a server, with the parameters
// of the site.
func (s *site) asking(t *testing.T, server map[string]any) string {
	t.Helper()
	authority := map[string]any{"name": "release", "images": []any{s.Host() + "/**"}, "keys": []any{"release"}}
	return s.bundle(t, bundles.HTTP, map[string]any{
		"server":     server,
		"parameters": map[string]any{"pinned_digests": map[string]any{}, "signed_images": map[string]any{"authorities": []any{authority}}},
	})
}

// violations are those of an answer, whole.
func violations(t *testing.T, answer process.Answer) any {
	t.Helper()
	require.Equal(t, http.StatusOK, answer.Status, answer.Body)
	return answer.JSON(t)["result"].(map[string]any)["violations"]
}

// An unmodified OPA has the same policies, and asks a waxseal server over TLS with a
// client certificate. Without one nobody is answered.
func TestStockOPAWithAClientCertificate(t *testing.T) {
	opa := stockOPA(t)
	s := newSite(t)
	good := s.Push(t, "shop/good", "v1", nil).Sign(t, sigstore.Options{}, s.Key).ByDigest()
	bad := s.Push(t, "shop/bad", "v1", nil).ByDigest()
	authority := certificates.New(t, s.dir)
	own, client := authority.Issue("server"), authority.Issue("client")
	server := process.OPA(t, "waxseal", process.Options{TLS: authority.Client(client)},
		"--set", "plugins.waxseal.config="+s.config, "--bundle", s.bundle(t, bundles.CLI, nil),
		"--tls-cert-file", own.Cert, "--tls-private-key-file", own.Key, "--tls-ca-cert-file", authority.File, "--authentication", "tls")

	stock := process.OPA(t, opa, process.Options{}, "--bundle", s.asking(t, map[string]any{
		"url": server.URL, "ca_cert_file": authority.File, "client_cert_file": client.Cert, "client_key_file": client.Key,
	}))
	for _, given := range []map[string]any{
		{"image": good}, {"image": bad}, {"objects": []any{pod(good), pod(bad)}}, {"image": s.Host() + "/shop/good:v1"}, {"image": "other.example/x"},
	} {
		require.Equal(t, violations(t, server.Do(t, "POST", decision, input(given))), violations(t, stock.Do(t, "POST", decision, input(given))))
	}
	verdict, found := codes(t, stock.Do(t, "POST", decision, input(map[string]any{"objects": []any{pod(good), pod(bad)}})))
	require.Equal(t, "denied", verdict)
	require.Equal(t, map[string]string{"objects[1].spec.containers[0]": "signed_images.unsigned"}, found)

	stranger := process.OPA(t, opa, process.Options{}, "--bundle", s.asking(t, map[string]any{"url": server.URL, "ca_cert_file": authority.File}))
	verdict, found = codes(t, stranger.Do(t, "POST", decision, input(map[string]any{"image": good})))
	require.Equal(t, "cannot_tell", verdict)
	require.Equal(t, map[string]string{"spec.containers[0]": "signed_images.unknown"}, found)
}

// The same with a token: it is asked for at every route, and stays out of logs.
func TestStockOPAWithAToken(t *testing.T) {
	opa := stockOPA(t)
	s := newSite(t)
	good := s.Push(t, "shop/good", "v1", nil).Sign(t, sigstore.Options{}, s.Key).ByDigest()
	authority := certificates.New(t, s.dir)
	own := authority.Issue("server")
	server := process.OPA(t, "waxseal", process.Options{TLS: authority.Client(), Env: []string{"WAXSEAL_TOKEN=t0ken"}},
		"--set", "plugins.waxseal.config="+s.config, "--bundle", s.bundle(t, bundles.CLI, nil), "--bundle", examples+"/server/authz",
		"--tls-cert-file", own.Cert, "--tls-private-key-file", own.Key, "--authentication", "token", "--authorization", "basic")
	for _, path := range []string{"/v1/collect", "/", decision} {
		require.Equal(t, http.StatusUnauthorized, server.Do(t, "POST", path, `{"keys": []}`).Status, path)
		require.Equal(t, http.StatusUnauthorized, server.Do(t, "POST", path, `{"keys": []}`, "Authorization: Bearer other").Status, path)
		require.Equal(t, http.StatusOK, server.Do(t, "POST", path, `{"keys": []}`, "Authorization: Bearer t0ken").Status, path)
	}
	for path, status := range map[string]int{"/health": http.StatusOK, "/health/waxseal": http.StatusOK, "/metrics": http.StatusUnauthorized, "/v1/data": http.StatusUnauthorized} {
		require.Equal(t, status, server.Do(t, "GET", path, nil).Status, path)
	}
	require.Equal(t, http.StatusUnauthorized, server.Do(t, "PUT", "/v1/policies/x", "package x", "Authorization: Bearer t0ken").Status)

	archive := s.asking(t, map[string]any{"url": server.URL, "ca_cert_file": authority.File, "token_env": "WAXSEAL_TOKEN"})
	logging := []string{"--bundle", archive, "--set", "decision_logs.console=true,nd_builtin_cache=true"}
	stock := process.OPA(t, opa, process.Options{Env: []string{"WAXSEAL_TOKEN=t0ken"}}, logging...)
	verdict, found := codes(t, stock.Do(t, "POST", decision, input(map[string]any{"object": pod(good)})))
	require.Equal(t, "admitted", verdict)
	require.Empty(t, found)
	require.Eventually(t, func() bool { return len(stock.Lines("Decision Log")) == 1 }, time.Minute, 20*time.Millisecond, stock.Log())
	require.NotContains(t, stock.Log(), "t0ken")
	require.NotContains(t, stock.Log(), "s3cret")
	evidence := stock.Lines("Decision Log")[0]["nd_builtin_cache"].(map[string]any)["http.send"].(map[string]any)
	key := `{"fn":"cosign.verify","opts":{"keys":["release"]},"ref":"` + good + `"}`
	require.Len(t, evidence, 1)
	for _, answer := range evidence {
		results := answer.(map[string]any)["body"].(map[string]any)["results"].(map[string]any)
		require.Equal(t, true, results[key].(map[string]any)["ok"])
	}

	stranger := process.OPA(t, opa, process.Options{Env: []string{"WAXSEAL_TOKEN=other"}}, logging...)
	answer := stranger.Do(t, "POST", decision, input(map[string]any{"image": good}))
	verdict, found = codes(t, answer)
	require.Equal(t, "cannot_tell", verdict)
	require.Equal(t, map[string]string{"spec.containers[0]": "signed_images.unknown"}, found)
	require.Contains(t, answer.Body, "the waxseal server answered 401")
	require.NotContains(t, stranger.Log(), "Bearer")
}
