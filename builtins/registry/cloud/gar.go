package cloud

import (
	"context"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/google"

	"github.com/waxseal/waxseal/builtins/registry"
)

// garKeychain asks for Google's application default credentials. Unlike
// google.Keychain it does not remember a failure, and the end of the decision
// that came first does not end its tokens' renewal.
type garKeychain struct {
	mu   sync.Mutex
	auth authn.Authenticator
}

func newGAR() registry.Keychain { return &garKeychain{} }

// Credentials implements [registry.Keychain].
func (g *garKeychain) Credentials(ctx context.Context, r registry.Repository) (user, password, token string, err error) {
	found, err := within(ctx, g.authorization)
	if err != nil {
		return "", "", "", failed(ctx, "GAR", r.Registry, err)
	}
	return found.Username, found.Password, "", nil
}

func (g *garKeychain) authorization() (*authn.AuthConfig, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.auth == nil {
		auth, err := google.NewEnvAuthenticator(context.Background())
		if err != nil {
			return nil, err
		}
		g.auth = auth
	}
	return g.auth.Authorization()
}

// within waits for f, which knows no context, no longer than ctx lasts.
func within[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		value, err := f()
		done <- answer{value, err}
	}()
	select {
	case a := <-done:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}
