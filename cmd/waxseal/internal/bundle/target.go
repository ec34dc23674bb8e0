package bundle

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/registry"
)

// target returns where a reference points, and how the operator has it reached:
// plain HTTP only for loopback and for hosts that waxseal.yaml lists so.
func target(ctx context.Context, ref string, cfg *config.Config, keychain registry.Keychain) (name.Tag, []remote.Option, error) {
	parsed, err := registry.Parse(ref)
	if err != nil {
		return name.Tag{}, nil, err
	}
	host := cfg.Registries[parsed.Repository().Registry]
	if host.Layout != "" {
		return name.Tag{}, nil, fmt.Errorf("%s: waxseal.yaml maps its registry to a folder; bundles are pushed to registries only", ref)
	}
	var options []name.Option
	if host.PlainHTTP {
		options = append(options, name.Insecure)
	}
	tag, err := name.NewTag(ref, append(options, name.StrictValidation)...)
	if err != nil {
		return name.Tag{}, nil, fmt.Errorf("%s: expected host/path:tag: %w", ref, err)
	}
	transport := remote.DefaultTransport.(*http.Transport).Clone()
	if host.CA != nil {
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(host.CA) {
			return name.Tag{}, nil, fmt.Errorf("the CA of %s in waxseal.yaml holds no certificate", parsed.Repository().Registry)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	way, err := reach(cfg, parsed.Repository().Registry, transport)
	if err != nil {
		return name.Tag{}, nil, fmt.Errorf("%s: %w", ref, err)
	}
	return tag, []remote.Option{
		remote.WithContext(ctx), remote.WithTransport(way), remote.WithUserAgent("waxseal"),
		remote.WithAuth(credentials{ctx, keychain, parsed.Repository()}),
	}, nil
}

// credentials shows a keychain of ours to go-containerregistry.
type credentials struct {
	ctx        context.Context
	keychain   registry.Keychain
	repository registry.Repository
}

// Authorization implements [authn.Authenticator].
func (c credentials) Authorization() (*authn.AuthConfig, error) {
	user, password, token, err := c.keychain.Credentials(c.ctx, c.repository)
	if err != nil {
		return nil, err
	}
	if user == registry.IdentityToken {
		return &authn.AuthConfig{IdentityToken: password}, nil
	}
	return &authn.AuthConfig{Username: user, Password: password, RegistryToken: token}, nil
}
