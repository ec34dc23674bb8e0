package cloud_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/builtins/registry/cloud"
)

// helper is a cloud that gives its token to whoever asks.
type helper struct{ asked []string }

func (h *helper) Credentials(_ context.Context, r registry.Repository) (user, password, token string, err error) {
	h.asked = append(h.asked, r.Registry)
	return "user", "secret", "", nil
}

// A token goes to the registries of its own cloud and to nobody else
// (CVE-2025-27403).
func TestOnlyItsOwnHosts(t *testing.T) {
	own := map[string][]string{
		cloud.ECR: {
			"123456789012.dkr.ecr.us-east-1.amazonaws.com", "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
			"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "123456789012.dkr-ecr.eu-west-1.on.aws",
			"123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu",
		},
		cloud.GAR: {"gcr.io", "eu.gcr.io", "us-docker.pkg.dev", "europe-west1-docker.pkg.dev"},
		cloud.ACR: {"acme.azurecr.io", "acme.azurecr.cn", "acme.azurecr.us", "acme-a1b2c3.azurecr.io"},
	}
	foreign := []string{
		"docker.io", "localhost", "127.0.0.1:5000", "evil.example",
		"azurecr.io", ".azurecr.io", "evil.example:443", "acme.azurecr.io.evil.example", "acmeazurecr.io", "evil-azurecr.io",
		"acme.azurecr.io:8443", "acme.westeurope.data.azurecr.io", "a.b.azurecr.io", "acme.azurecr.com", "acme.azurecr.io\n", "ACME.AZURECR.IO", "acme.azurecr.io@evil.example",
		"amazonaws.com", "dkr.ecr.us-east-1.amazonaws.com", "12345678901.dkr.ecr.us-east-1.amazonaws.com",
		"123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.example", "123456789012.dkr.ecr.us-east-1.evil.example",
		"x123456789012.dkr.ecr.us-east-1.amazonaws.com", "123456789012.dkr.ecr.s3.amazonaws.com", "123456789012.dkr.ecr.a.us-east-1.amazonaws.com",
		"123456789012.dkr.ecr.us-east-1.amazonaws.com:8443", "123456789012xdkr.ecr.us-east-1.amazonaws.com",
		"pkg.dev", "evil.pkg.dev", "evildocker.pkg.dev", "us-docker.pkg.dev.evil.example", "us-docker.pkg.dev:8443", "evilgcr.io", "a.b.gcr.io",
		"gcr.io.evil.example", "gcrxio", "google.com", "evil.google.com",
	}
	for name, hosts := range own {
		t.Run(name, func(t *testing.T) {
			h := &helper{}
			k := cloud.Guard(name, h)
			for _, host := range hosts {
				user, password, _, err := k.Credentials(t.Context(), registry.Repository{Registry: host, Name: "team/app"})
				require.NoError(t, err)
				require.Equal(t, "user secret", user+" "+password, host)
				require.True(t, k.(registry.Holder).Holds(registry.Repository{Registry: host, Name: "team/app"}), host)
			}
			others := slices.Clone(foreign)
			for other, theirs := range own {
				if other != name {
					others = append(others, theirs...)
				}
			}
			h.asked = nil
			for _, host := range others {
				// A path may look like a host of the cloud.
				user, password, token, err := k.Credentials(t.Context(), registry.Repository{Registry: host, Name: "x/" + hosts[0]})
				require.NoError(t, err)
				require.Empty(t, user+password+token, host)
				require.False(t, k.(registry.Holder).Holds(registry.Repository{Registry: host, Name: "x/" + hosts[0]}), host)
			}
			require.Empty(t, h.asked, "the cloud was asked about somebody else's host")
		})
	}
}

func TestNames(t *testing.T) {
	require.Equal(t, []string{"acr", "ecr", "gar"}, cloud.Names())
	_, err := cloud.Keychain("gcp")
	require.EqualError(t, err, `no cloud named "gcp"; there are acr, ecr, gar`)
}

// Without names nobody is asked, and with them no foreign host costs anything.
func TestOffByDefault(t *testing.T) {
	for _, names := range [][]string{nil, cloud.Names()} {
		k, err := cloud.Keychain(names...)
		require.NoError(t, err)
		hosts := []string{"registry.example", "docker.io"}
		if names == nil {
			hosts = append(hosts, "acme.azurecr.io", "gcr.io", "123456789012.dkr.ecr.us-east-1.amazonaws.com")
		}
		for _, host := range hosts {
			user, password, token, err := k.Credentials(t.Context(), registry.Repository{Registry: host})
			require.NoError(t, err)
			require.Empty(t, user+password+token, host)
		}
	}
}

// Amazon's SDK is asked once for a region, whatever the account.
func TestAmazon(t *testing.T) {
	asked := 0
	aws := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		fmt.Fprintf(w, `{"authorizationData": [{"authorizationToken": %q, "expiresAt": %d}]}`,
			base64.StdEncoding.EncodeToString([]byte("AWS:pass:word")), time.Now().Add(12*time.Hour).Unix())
	}))
	defer aws.Close()
	t.Setenv("AWS_ENDPOINT_URL_ECR", aws.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", "id")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "key")
	k, err := cloud.Keychain(cloud.ECR)
	require.NoError(t, err)
	for _, host := range []string{
		"123456789012.dkr.ecr.us-east-1.amazonaws.com", "210987654321.dkr.ecr.us-east-1.amazonaws.com",
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com",
	} {
		user, password, token, err := k.Credentials(t.Context(), registry.Repository{Registry: host})
		require.NoError(t, err)
		require.Equal(t, []string{"AWS", "pass:word", ""}, []string{user, password, token})
	}
	require.Equal(t, 2, asked)
}

// Google's default credentials: here, those of a service account.
func TestGoogle(t *testing.T) {
	asked := 0
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token": "google-token", "token_type": "Bearer", "expires_in": 3600}`)
	}))
	defer tokens.Close()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	account, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "a@b.test", "token_uri": tokens.URL,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})),
	})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "account.json")
	require.NoError(t, os.WriteFile(file, account, 0o600))
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", file)
	k, err := cloud.Keychain(cloud.GAR)
	require.NoError(t, err)

	for _, host := range []string{"gcr.io", "us-docker.pkg.dev"} {
		ctx, cancel := context.WithCancel(t.Context())
		user, password, token, err := k.Credentials(ctx, registry.Repository{Registry: host})
		cancel() // what one decision found must outlive it
		require.NoError(t, err)
		require.Equal(t, []string{"_token", "google-token", ""}, []string{user, password, token})
	}
	require.Equal(t, 1, asked)
}

// A cloud that cannot be asked is an answer, not anonymity, and tells no secret.
func TestNoCredentials(t *testing.T) {
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", "/nonexistent")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
	t.Setenv("AWS_PROFILE", "")
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent")
	k, err := cloud.Keychain(cloud.ECR, cloud.GAR)
	require.NoError(t, err)
	for _, host := range []string{"123456789012.dkr.ecr.us-east-1.amazonaws.com", "gcr.io"} {
		_, _, _, err := k.Credentials(t.Context(), registry.Repository{Registry: host})
		code, known := fault.CodeOf(err)
		require.True(t, known, host)
		require.Equal(t, fault.Unauthorized, code)
		require.ErrorContains(t, err, host)
		require.NotContains(t, err.Error(), "\n")
		require.Less(t, len(err.Error()), 500)
	}
}

// The caller's end is not an answer.
func TestGivenUp(t *testing.T) {
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	k, err := cloud.Keychain(cloud.Names()...)
	require.NoError(t, err)
	for _, host := range []string{"123456789012.dkr.ecr.us-east-1.amazonaws.com", "gcr.io"} {
		_, _, _, err = k.Credentials(ctx, registry.Repository{Registry: host})
		require.ErrorIs(t, err, context.Canceled, host)
	}
}

// entra is Microsoft's token service.
type entra struct {
	scopes []string
	err    error
}

func (e *entra) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	e.scopes = append(e.scopes, o.Scopes...)
	return azcore.AccessToken{Token: "entra-token", ExpiresOn: time.Now().Add(time.Hour)}, e.err
}

// azure is a transport to registries of Azure: it notes what they are asked.
type azure struct {
	asked  []string
	answer http.HandlerFunc
}

func (a *azure) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	a.asked = append(a.asked, r.Method+" "+r.URL.String()+" "+string(body))
	w := httptest.NewRecorder()
	a.answer(w, r)
	return w.Result(), nil
}

func grant(w http.ResponseWriter, r *http.Request) {
	_ = json.NewEncoder(w).Encode(map[string]string{"refresh_token": "identity of " + r.URL.Host})
}

func TestAzureExchange(t *testing.T) {
	e, a := &entra{}, &azure{answer: grant}
	k := cloud.NewACR(e, a)
	for range 2 {
		for _, host := range []string{"one.azurecr.io", "two.azurecr.io"} {
			user, password, token, err := k.Credentials(t.Context(), registry.Repository{Registry: host, Name: "team/app"})
			require.NoError(t, err)
			require.Equal(t, []string{registry.IdentityToken, "identity of " + host, ""}, []string{user, password, token})
		}
	}
	require.Equal(t, []string{
		"POST https://one.azurecr.io/oauth2/exchange access_token=entra-token&grant_type=access_token&service=one.azurecr.io",
		"POST https://two.azurecr.io/oauth2/exchange access_token=entra-token&grant_type=access_token&service=two.azurecr.io",
	}, a.asked, "each registry once: its identity token is kept")
	require.Equal(t, "https://containerregistry.azure.net/.default", e.scopes[0])
}

func TestAzureRefusals(t *testing.T) {
	const host = "acme.azurecr.io"
	for name, row := range map[string]struct {
		err    error
		answer http.HandlerFunc
		says   string
	}{
		"no credential": {errors.New("first\nsecond " + strings.Repeat("x", 1000)), grant, "first second x"},
		"refused":       {nil, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, "status 401"},
		"redirected": {nil, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://evil.example/")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, "status 307"},
		"no JSON":  {nil, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }, "no token"},
		"no token": {nil, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") }, "no token"},
		"too much": {nil, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"a":%q,"refresh_token":"x"}`, strings.Repeat("x", 1<<20))
		}, "no token"},
	} {
		t.Run(name, func(t *testing.T) {
			a := &azure{answer: row.answer}
			k := cloud.NewACR(&entra{err: row.err}, a)
			for range 2 {
				user, password, token, err := k.Credentials(t.Context(), registry.Repository{Registry: host})
				require.Empty(t, user+password+token)
				code, _ := fault.CodeOf(err)
				require.Equal(t, fault.Unauthorized, code)
				require.ErrorContains(t, err, row.says)
				require.NotContains(t, err.Error(), "entra-token")
				require.NotContains(t, err.Error(), "\n")
			}
			for _, asked := range a.asked {
				require.Contains(t, asked, "POST https://"+host+"/", "the token went elsewhere")
			}
			if row.err == nil {
				require.Len(t, a.asked, 2, "a failure is not kept")
			}
		})
	}
}
