package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/waxseal/waxseal/builtins/registry"
)

const (
	// acrScope is the audience of the tokens that registries exchange, in all of
	// Azure's clouds.
	acrScope = "https://containerregistry.azure.net/.default"
	// acrLife is how long an identity token is used. Azure's last three hours.
	acrLife = time.Hour
	// maxExchange bounds the answer of a registry.
	maxExchange = 64 << 10
)

// acrKeychain exchanges a token of Microsoft Entra for an identity token of the
// registry. Azure's own library for that is a preview, and the helper that
// others use rests on a library that is no longer kept.
type acrKeychain struct {
	kept   kept
	client *http.Client

	mu         sync.Mutex
	credential azcore.TokenCredential
}

func newACR() registry.Keychain { return NewACR(nil, http.DefaultTransport) }

// NewACR returns the keychain of Azure's registries over a credential, nil for
// the one of the environment, and a transport to the registries. It asks any
// host: see [Guard].
func NewACR(credential azcore.TokenCredential, transport http.RoundTripper) registry.Keychain {
	return &acrKeychain{credential: credential, client: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Credentials implements [registry.Keychain].
func (a *acrKeychain) Credentials(ctx context.Context, r registry.Repository) (user, password, token string, err error) {
	s, err := a.kept.get(ctx, r.Registry, func(ctx context.Context) (secret, error) { return a.exchange(ctx, r.Registry) })
	if err != nil {
		return "", "", "", failed(ctx, "ACR", r.Registry, err)
	}
	return s.user, s.password, "", nil
}

func (a *acrKeychain) exchange(ctx context.Context, host string) (secret, error) {
	credential, err := a.source()
	if err != nil {
		return secret{}, err
	}
	entra, err := credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{acrScope}})
	if err != nil {
		return secret{}, err
	}
	form := url.Values{"grant_type": {"access_token"}, "service": {host}, "access_token": {entra.Token}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+host+"/oauth2/exchange", strings.NewReader(form.Encode()))
	if err != nil {
		return secret{}, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := a.client.Do(request)
	if err != nil {
		return secret{}, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return secret{}, fmt.Errorf("the registry refused the exchange with status %d", response.StatusCode)
	}
	var granted struct {
		RefreshToken string `json:"refresh_token"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxExchange)).Decode(&granted); err != nil || granted.RefreshToken == "" {
		return secret{}, errors.New("the answer holds no token")
	}
	return secret{registry.IdentityToken, granted.RefreshToken, time.Now().Add(acrLife)}, nil
}

// source returns the credential of the environment. A failure is not kept.
func (a *acrKeychain) source() (azcore.TokenCredential, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.credential == nil {
		found, err := azidentity.NewDefaultAzureCredential(nil)
		if err != nil {
			return nil, err
		}
		a.credential = found
	}
	return a.credential, nil
}
