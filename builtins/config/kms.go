package config

import (
	"context"
	"crypto"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature/kms"
	"github.com/sigstore/sigstore/pkg/signature/options"
)

// noClient is what builds without package builtins/kms say.
const noClient = "this build of Waxseal has no KMS client; export the public key (cosign public-key --key %s) and name it with file"

// fetched is a public key as its KMS gave it, in PEM, or why it did not.
type fetched struct {
	pem []byte
	err error
}

// fromKMS asks for the public keys that are named by URI, all at once and within
// one deadline.
func fromKMS(keys map[string]wireKey, deadline time.Duration) map[string]fetched {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	var wait sync.WaitGroup
	var mu sync.Mutex
	out := map[string]fetched{}
	for name, key := range keys {
		if key.KMS == "" {
			continue
		}
		wait.Go(func() {
			pem, err := askKMS(ctx, key.KMS)
			if err != nil && ctx.Err() != nil {
				err = fmt.Errorf("%s gave no answer within %s (limits.request_timeout): see that it can be reached, and that its credentials are in the environment", key.KMS, deadline)
			}
			mu.Lock()
			defer mu.Unlock()
			out[name] = fetched{pem, err}
		})
	}
	wait.Wait()
	return out
}

// askKMS returns the public key of a URI in PEM. Some clients do not listen to
// the context, so nobody waits for them longer than that.
func askKMS(ctx context.Context, uri string) ([]byte, error) {
	schemes := kms.SupportedProviders()
	slices.Sort(schemes)
	if len(schemes) == 0 {
		return nil, fmt.Errorf(noClient, uri)
	}
	// The library would look for a program of the scheme's name to run.
	if !slices.ContainsFunc(schemes, func(s string) bool { return strings.HasPrefix(uri, s) }) {
		return nil, fmt.Errorf("%q is of no KMS that is known; expected %s", uri, strings.Join(schemes, ", "))
	}
	done := make(chan fetched, 1)
	go func() {
		pem, err := publicPEM(ctx, uri)
		done <- fetched{pem, err}
	}()
	select {
	case answer := <-done:
		if answer.err != nil {
			return nil, fmt.Errorf("the public key of %s cannot be read: %s", uri, oneLine(answer.err))
		}
		return answer.pem, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func publicPEM(ctx context.Context, uri string) ([]byte, error) {
	client, err := kms.Get(ctx, uri, crypto.SHA256)
	if err != nil {
		return nil, err
	}
	key, err := client.PublicKey(options.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	return cryptoutils.MarshalPublicKeyToPEM(key)
}

// oneLine writes what some clients spread over lines as the rest of a sentence.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
