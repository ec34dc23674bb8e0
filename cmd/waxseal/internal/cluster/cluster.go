// Package cluster asks an API server over plain HTTPS, as kubectl finds it.
package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	jsonType  = "application/json"
	maxAnswer = 64 << 20 // bytes of one answer
	maxPages  = 1000     // of one list
)

// API is an API server.
type API struct {
	base   *url.URL
	client *http.Client
}

// Connect finds the API server as kubectl does: the file given, else
// $KUBECONFIG, else ~/.kube/config, else the service account of the Pod. Agent is
// what the server is told of who asks.
func Connect(kubeconfig, kubecontext, agent string) (*API, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	cfg, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: kubecontext}).ClientConfig()
	if clientcmd.IsEmptyConfig(err) {
		return nil, errors.New("no kubeconfig: name one with --kubeconfig or $KUBECONFIG")
	}
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	cfg.UserAgent = agent
	client, err := rest.HTTPClientFor(cfg)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	base, _, err := rest.DefaultServerUrlFor(cfg)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	return &API{base, client}, nil
}

// StatusError is an answer that is not a success.
type StatusError struct {
	Code    int
	Message string
}

func (e *StatusError) Error() string { return fmt.Sprintf("HTTP %d: %s", e.Code, e.Message) }

// Absent says whether the server knows no such thing.
func Absent(err error) bool {
	status, ok := errors.AsType[*StatusError](err)
	return ok && status.Code == http.StatusNotFound
}

// Server is the address of the API server, without anything secret.
func (a *API) Server() string {
	plain := *a.base
	plain.User, plain.RawQuery, plain.Fragment = nil, "", ""
	return strings.TrimSuffix(plain.String(), "/")
}

// Do sends a request. Path has the query; body and into may be nil.
func (a *API) Do(ctx context.Context, method, path string, body, into any) error {
	return a.send(ctx, method, path, jsonType, body, into)
}

// Apply makes an object as it is given, or changes the one there, in the name of a
// manager (server-side apply). Fields that others own become the manager's.
func (a *API) Apply(ctx context.Context, path, manager string, object any) error {
	query := url.Values{"fieldManager": {manager}, "force": {"true"}}
	return a.send(ctx, http.MethodPatch, path+"?"+query.Encode(), "application/apply-patch+yaml", object, nil)
}

// send sends a body as JSON, which is YAML too.
func (a *API) send(ctx context.Context, method, path, contentType string, body, into any) error {
	var sent io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(raw)
	}
	response, err := a.open(ctx, method, path, contentType, sent)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return fmt.Errorf("%s %s: %w", method, path, err)
	case len(raw) > maxAnswer:
		return fmt.Errorf("%s %s: the answer has more than %d bytes", method, path, maxAnswer)
	case response.StatusCode >= 300:
		return failed(response.StatusCode, raw)
	case into == nil:
		return nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

func (a *API) open(ctx context.Context, method, path, contentType string, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(a.base.String(), "/")+path, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", jsonType)
	request.Header.Set("Content-Type", contentType)
	return a.client.Do(request)
}

// failed reads the Status that the API server answers with.
func failed(code int, raw []byte) error {
	var status struct{ Message string }
	if json.Unmarshal(raw, &status) != nil || status.Message == "" {
		status.Message = strings.TrimSpace(string(raw[:min(len(raw), 300)]))
	}
	return &StatusError{code, status.Message}
}

// Get reads what stands at a path.
func (a *API) Get(ctx context.Context, path string, into any) error {
	return a.Do(ctx, http.MethodGet, path, nil, into)
}

// List returns all items of a collection, page by page. Path may have a query.
func List[T any](ctx context.Context, a *API, path string) ([]T, error) {
	var items []T
	next := ""
	path, given, _ := strings.Cut(path, "?")
	asked, err := url.ParseQuery(given)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for range maxPages {
		var page struct {
			Metadata struct{ Continue string }
			Items    []T
		}
		query := maps.Clone(asked)
		query.Set("limit", "250")
		if next != "" {
			query.Set("continue", next)
		}
		if err := a.Get(ctx, path+"?"+query.Encode(), &page); err != nil {
			return nil, err
		}
		items = append(items, page.Items...)
		if next = page.Metadata.Continue; next == "" {
			return items, nil
		}
	}
	return nil, fmt.Errorf("%s: more than %d pages", path, maxPages)
}
