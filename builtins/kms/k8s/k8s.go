// Package k8s reads public keys from Secrets of Kubernetes.
//
//	k8s://NAMESPACE/SECRET        the entry cosign.pub, as `cosign generate-key-pair k8s://…` writes it
//	k8s://NAMESPACE/SECRET/ENTRY  another entry
//
// The API server is found as kubectl finds it: $KUBECONFIG, else ~/.kube/config,
// else the service account of the Pod. One GET of that Secret is all that is asked
// for.
package k8s

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Scheme is how the URIs begin.
const Scheme = "k8s://"

const (
	standardEntry = "cosign.pub"
	maxAnswer     = 4 << 20 // a Secret has at most 1 MiB, in base64
)

// secret is what a URI names.
type secret struct{ namespace, name, entry string }

// PublicKey reads the key that a URI names.
func PublicKey(ctx context.Context, uri string) (crypto.PublicKey, error) {
	s, err := parse(uri)
	if err != nil {
		return nil, err
	}
	raw, err := s.get(ctx)
	if err != nil {
		return nil, err
	}
	return s.key(raw)
}

func parse(uri string) (secret, error) {
	parts := strings.Split(strings.TrimPrefix(uri, Scheme), "/")
	if len(parts) == 2 {
		parts = append(parts, standardEntry)
	}
	if len(parts) != 3 {
		return secret{}, errors.New("expected k8s://NAMESPACE/SECRET, or k8s://NAMESPACE/SECRET/ENTRY")
	}
	s := secret{parts[0], parts[1], parts[2]}
	for _, part := range []struct {
		what, value string
		wrong       func(string) []string
	}{
		{"namespace", s.namespace, validation.IsDNS1123Label},
		{"name of a Secret", s.name, validation.IsDNS1123Subdomain},
		{"entry of a Secret", s.entry, validation.IsConfigMapKey},
	} {
		if wrong := part.wrong(part.value); len(wrong) > 0 {
			return secret{}, fmt.Errorf("%q is no %s: %s", part.value, part.what, wrong[0])
		}
	}
	return s, nil
}

// client reaches the API server.
func client() (*http.Client, string, error) {
	cfg, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(clientcmd.NewDefaultClientConfigLoadingRules(), nil).ClientConfig()
	if clientcmd.IsEmptyConfig(err) {
		return nil, "", errors.New("no API server is known: name a kubeconfig with $KUBECONFIG, or in a Pod mount the token of its service account (automountServiceAccountToken)")
	}
	if err != nil {
		return nil, "", fmt.Errorf("kubeconfig: %w", err)
	}
	cfg.UserAgent = "waxseal"
	c, err := rest.HTTPClientFor(cfg)
	if err != nil {
		return nil, "", fmt.Errorf("kubeconfig: %w", err)
	}
	// The transport would send the token to wherever it is sent on.
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	base, _, err := rest.DefaultServerUrlFor(cfg)
	if err != nil {
		return nil, "", fmt.Errorf("kubeconfig: %w", err)
	}
	return c, strings.TrimSuffix(base.String(), "/"), nil
}

func (s secret) get(ctx context.Context) ([]byte, error) {
	c, base, err := client()
	if err != nil {
		return nil, err
	}
	defer c.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/api/v1/namespaces/"+s.namespace+"/secrets/"+s.name, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	answer, err := c.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the answer: %w", err)
	case len(raw) > maxAnswer:
		return nil, fmt.Errorf("the answer has more than %d bytes", maxAnswer)
	case answer.StatusCode != http.StatusOK:
		return nil, refused(answer.StatusCode, raw)
	}
	return raw, nil
}

// refused says what the API server says in its Status, and nothing else of what
// was sent.
func refused(code int, raw []byte) error {
	var status struct{ Kind, Message string }
	if json.Unmarshal(raw, &status) != nil || status.Kind != "Status" {
		status.Message = http.StatusText(code)
	}
	return fmt.Errorf("HTTP %d: %s", code, status.Message)
}

// key reads the entry. No message holds what stands in a Secret: a private key may.
func (s secret) key(raw []byte) (crypto.PublicKey, error) {
	var object struct {
		Kind string
		Data map[string][]byte
	}
	if err := json.Unmarshal(raw, &object); err != nil || object.Kind != "Secret" {
		return nil, errors.New("the answer is not a Secret")
	}
	value, found := object.Data[s.entry]
	if !found {
		return nil, fmt.Errorf("the Secret has no entry %s; it has %q", s.entry, slices.Sorted(maps.Keys(object.Data)))
	}
	if strings.Contains(string(value), "PRIVATE KEY") {
		return nil, fmt.Errorf("the entry %s holds a private key; Waxseal wants the public one", s.entry)
	}
	key, err := cryptoutils.UnmarshalPEMToPublicKey(value)
	if err != nil {
		return nil, fmt.Errorf("the entry %s is not a PEM public key", s.entry)
	}
	return key, nil
}
