package config

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"regexp"
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
			pem, err := answered(ctx, key.KMS, deadline)
			mu.Lock()
			defer mu.Unlock()
			out[name] = fetched{pem, err}
		})
	}
	wait.Wait()
	return out
}

// answered is [askKMS] that says so when nobody answered.
func answered(ctx context.Context, uri string, deadline time.Duration) ([]byte, error) {
	pem, err := askKMS(ctx, uri)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("%s gave no answer within %s (limits.request_timeout): see that it can be reached, and that its credentials are in the environment", shown(uri), deadline)
	}
	return pem, err
}

// askKMS returns the public key of a URI in PEM. Some clients do not listen to
// the context, so nobody waits for them longer than that.
func askKMS(ctx context.Context, uri string) ([]byte, error) {
	schemes := kms.SupportedProviders()
	slices.Sort(schemes)
	if len(schemes) == 0 {
		return nil, fmt.Errorf(noClient, shown(uri))
	}
	// The library would look for a program of the scheme's name to run.
	if !slices.ContainsFunc(schemes, func(s string) bool { return strings.HasPrefix(uri, s) }) {
		return nil, fmt.Errorf("%q is of no KMS that is known; expected %s", shown(uri), strings.Join(schemes, ", "))
	}
	done := make(chan fetched, 1)
	go func() {
		pem, err := publicPEM(ctx, uri)
		done <- fetched{pem, err}
	}()
	select {
	case answer := <-done:
		if answer.err != nil {
			return nil, fmt.Errorf("the public key of %s cannot be read: %s%s", shown(uri), oneLine(answer.err), advice(uri, answer.err))
		}
		return answer.pem, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// publicPEM survives a client that does not: a refresh runs beside decisions.
func publicPEM(ctx context.Context, uri string) (pem []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			pem, err = nil, fmt.Errorf("the client failed: %v", r)
		}
	}()
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

// shown is a URI for messages. Behind a question mark there may be what nobody
// should read, such as the PIN of a token.
func shown(uri string) string {
	if before, _, found := strings.Cut(uri, "?"); found {
		return before + "?…"
	}
	return uri
}

// permissions is what a client needs, by scheme.
var permissions = []struct{ scheme, text string }{
	{"awskms:", "kms:GetPublicKey and kms:DescribeKey on the key"},
	{"azurekms:", "the key permission Get (role Key Vault Crypto User)"},
	{"gcpkms:", "roles/cloudkms.viewer and roles/cloudkms.publicKeyViewer on the key"},
	{"hashivault:", "read on transit/keys/NAME"},
	{"openbao:", "read on transit/keys/NAME"},
	{"k8s:", "get on this Secret (resourceNames)"},
}

// refusals are what services say in so many words, and what to do about it. Each
// client has its own types of errors, and linking them all is what builds without
// package builtins/kms do not want.
var refusals = []struct {
	says   *regexp.Regexp
	advice string
}{
	{regexp.MustCompile(`UnsupportedOperationException|cannot be used to sign|jsonWebKey|transit key keys data`), "it is of another type; expected a key that signs: ECDSA, Ed25519 or RSA"},
	{regexp.MustCompile(`(?i)\b(429|throttl\w*|too ?many ?requests|resource ?exhausted)\b`), "it is busy: try again later"},
	{regexp.MustCompile(`(?i)\b(403|access ?denied\w*|permission ?denied|forbidden)\b`), "the credentials may not read it; they need %s"},
	{regexp.MustCompile(`(?i)\b(401|unauthenticated|unauthorized)\b`), "the credentials are not taken: see that they are current"},
	{regexp.MustCompile(`(?i)\b(404|not ?found\w*)\b`), "see the name, and whether it is the right account, region or vault"},
}

// advice says what to do about what a service said, "" if that is unknown.
func advice(uri string, err error) string {
	for _, r := range refusals {
		if !r.says.MatchString(err.Error()) {
			continue
		}
		if !strings.Contains(r.advice, "%s") {
			return " (" + r.advice + ")"
		}
		for _, p := range permissions {
			if strings.HasPrefix(uri, p.scheme) {
				return " (" + fmt.Sprintf(r.advice, p.text) + ")"
			}
		}
	}
	return ""
}

// oneLine writes what some clients spread over lines as the rest of a sentence.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
