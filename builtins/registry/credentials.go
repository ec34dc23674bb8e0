package registry

import (
	"context"
	"slices"

	"github.com/google/go-containerregistry/pkg/authn"
)

// Keychain finds the credentials for a repository.
type Keychain interface {
	// Credentials returns a user and password, or a bearer token, for the
	// registry of the repository; all empty when it has none. The user
	// [IdentityToken] says that the password is an identity token. It must
	// never return what belongs to another registry, must heed ctx, and is
	// called only after the registry has asked.
	Credentials(ctx context.Context, repository Repository) (user, password, token string, err error)
}

// Holder is a [Keychain] that can say, without asking anybody and at once, that
// it has credentials for a repository. A registry that the operator has
// credentials for is expected to ask for them: see [Client].
type Holder interface {
	Holds(repository Repository) bool
}

func holds(keychain Keychain, repository Repository) bool {
	holder, ok := keychain.(Holder)
	return ok && holder.Holds(repository)
}

// Anonymous is the keychain that has no credentials.
const Anonymous anonymous = 0

type anonymous byte

func (anonymous) Credentials(context.Context, Repository) (user, password, token string, err error) {
	return "", "", "", nil
}

// Keychains asks several keychains in order; the first that has credentials wins.
func Keychains(list ...Keychain) Keychain { return keychains(list) }

type keychains []Keychain

func (list keychains) Credentials(ctx context.Context, repository Repository) (user, password, token string, err error) {
	for _, one := range list {
		user, password, token, err = one.Credentials(ctx, repository)
		if err != nil || user != "" || token != "" {
			return user, password, token, err
		}
	}
	return "", "", "", nil
}

// Holds implements [Holder].
func (list keychains) Holds(repository Repository) bool {
	return slices.ContainsFunc(list, func(one Keychain) bool { return holds(one, repository) })
}

// FromAuthn makes a keychain of one of go-containerregistry's: the credential
// helpers of the clouds come in that form.
func FromAuthn(keychain authn.Keychain) Keychain { return fromAuthn{keychain} }

type fromAuthn struct{ keychain authn.Keychain }

func (f fromAuthn) Credentials(ctx context.Context, repository Repository) (user, password, token string, err error) {
	found, err := authn.Resolve(ctx, f.keychain, resource(repository))
	if err != nil {
		return "", "", "", err
	}
	config, err := authn.Authorization(ctx, found)
	switch {
	case err != nil:
		return "", "", "", err
	case config.IdentityToken != "":
		return IdentityToken, config.IdentityToken, "", nil
	}
	return config.Username, config.Password, config.RegistryToken, nil
}

// resource shows a repository to go-containerregistry under the names that it uses.
type resource Repository

func (r resource) String() string { return r.RegistryStr() + "/" + r.Name }

func (r resource) RegistryStr() string {
	if r.Registry == dockerHub {
		return "index.docker.io"
	}
	return r.Registry
}
