package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	maxAnswer = 64 << 20 // bytes of one answer
	maxPages  = 1000     // of one list
)

// api is the API server, spoken to over plain HTTPS.
type api struct {
	base   *url.URL
	client *http.Client
}

// connect finds the API server as kubectl does: the file given, else
// $KUBECONFIG, else ~/.kube/config, else the service account of the Pod.
func connect(kubeconfig, kubecontext string) (*api, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	cfg, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: kubecontext}).ClientConfig()
	if clientcmd.IsEmptyConfig(err) {
		return nil, errors.New("no kubeconfig: name one with --kubeconfig or $KUBECONFIG")
	}
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	cfg.UserAgent = "waxseal-doctor"
	client, err := rest.HTTPClientFor(cfg)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	base, _, err := rest.DefaultServerUrlFor(cfg)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	return &api{base, client}, nil
}

// statusError is an answer that is not a success.
type statusError struct {
	Code    int
	Message string
}

func (e *statusError) Error() string { return fmt.Sprintf("HTTP %d: %s", e.Code, e.Message) }

func absent(err error) bool {
	status, ok := errors.AsType[*statusError](err)
	return ok && status.Code == http.StatusNotFound
}

// do sends a request. Path has the query.
func (a *api) do(ctx context.Context, method, path string, body, into any) error {
	var sent io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(raw)
	}
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(a.base.String(), "/")+path, sent)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Content-Type", "application/json")
	response, err := a.client.Do(request)
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

// failed reads the Status that the API server answers with.
func failed(code int, raw []byte) error {
	var status struct{ Message string }
	if json.Unmarshal(raw, &status) != nil || status.Message == "" {
		status.Message = strings.TrimSpace(string(raw[:min(len(raw), 300)]))
	}
	return &statusError{code, status.Message}
}

func (a *api) get(ctx context.Context, path string, into any) error {
	return a.do(ctx, http.MethodGet, path, nil, into)
}

// list returns all items of a collection, page by page.
func list[T any](ctx context.Context, a *api, path string) ([]T, error) {
	var items []T
	next := ""
	for range maxPages {
		var page struct {
			Metadata struct{ Continue string }
			Items    []T
		}
		query := url.Values{"limit": {"250"}}
		if next != "" {
			query.Set("continue", next)
		}
		if err := a.get(ctx, path+"?"+query.Encode(), &page); err != nil {
			return nil, err
		}
		items = append(items, page.Items...)
		if next = page.Metadata.Continue; next == "" {
			return items, nil
		}
	}
	return nil, fmt.Errorf("%s: more than %d pages", path, maxPages)
}
