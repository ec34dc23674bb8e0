package cloud

import (
	"context"
	"sync"
	"time"
)

// secret is a user and password, or an identity token, and when it ends.
type secret struct {
	user, password string
	ends           time.Time
}

// early is how long before its end a secret is renewed.
const early = 5 * time.Minute

// kept keeps secrets until shortly before they end: a registry asks again for
// every repository. Only what a cloud has granted is kept, so that references
// cannot fill it with names.
type kept struct {
	mu sync.Mutex
	m  map[string]secret
}

func (k *kept) get(ctx context.Context, key string, fetch func(context.Context) (secret, error)) (secret, error) {
	k.mu.Lock()
	s, ok := k.m[key]
	k.mu.Unlock()
	if ok && time.Until(s.ends) > early {
		return s, nil
	}
	s, err := fetch(ctx)
	if err != nil {
		return secret{}, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.m == nil {
		k.m = map[string]secret{}
	}
	k.m[key] = s
	return s, nil
}
