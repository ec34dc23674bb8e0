package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/waxseal/waxseal/builtins/evidence"
)

// collect answers POST /v1/collect, for OPAs that have no builtins:
//
//	{"keys": ["<json.marshal(request)>", …]}  →  {"results": {key: result}}
//
// One call is one decision: one snapshot, one deadline. Keys come back byte for
// byte. A call that has no answer as a whole is 4xx or 5xx with
// {"error": {"code", "message"}}.
type collect struct {
	collector *evidence.Collector
	settings  settings
}

// refusal is an error with its place in HTTP.
type refusal struct {
	status  int
	code    string
	message string
}

func (r *refusal) Error() string { return r.message }

func refuse(status int, code, format string, args ...any) error {
	return &refusal{status, code, fmt.Sprintf(format, args...)}
}

func (c *collect) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	results, err := c.answer(w, r)
	if err == nil {
		write(w, http.StatusOK, map[string]any{"results": results})
		return
	}
	no := &refusal{http.StatusInternalServerError, "internal", err.Error()}
	errors.As(err, &no)
	write(w, no.status, map[string]any{"error": map[string]string{"code": no.code, "message": no.message}})
}

func (c *collect) answer(w http.ResponseWriter, r *http.Request) (map[string]evidence.Result, error) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return nil, refuse(http.StatusMethodNotAllowed, "invalid_request", "%s: expected POST", r.Method)
	}
	keys, err := c.keys(w, r)
	if err != nil {
		return nil, err
	}
	requests := make([]evidence.Request, len(keys))
	for i, key := range keys {
		requests[i] = c.collector.Request(key)
	}
	results, err := c.collector.Decide().Collect(r.Context(), requests)
	if errors.Is(err, context.Canceled) {
		return nil, refuse(http.StatusServiceUnavailable, "unavailable", "the caller gave up, or the server is stopping")
	}
	return results, err
}

// keys reads the request. Whatever it is not expected to be is refused.
func (c *collect) keys(w http.ResponseWriter, r *http.Request) ([]string, error) {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return nil, refuse(http.StatusUnsupportedMediaType, "invalid_request", "Content-Encoding %q: send the body as it is", encoding)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, c.settings.MaxBodyBytes))
	if errors.As(err, new(*http.MaxBytesError)) {
		return nil, refuse(http.StatusRequestEntityTooLarge, "too_large", "the body has more than %d bytes (plugins.waxseal.max_body_bytes)", c.settings.MaxBodyBytes)
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "invalid_request", "read the body: %v", err)
	}
	var request struct {
		Keys []string `json:"keys"`
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&request); err != nil {
		return nil, malformed(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, malformed(errors.New("more than one JSON value"))
	}
	if request.Keys == nil {
		return nil, malformed(errors.New("keys is missing"))
	}
	if len(request.Keys) > c.settings.MaxKeys {
		return nil, refuse(http.StatusRequestEntityTooLarge, "too_large", "%d keys, more than %d (plugins.waxseal.max_keys)", len(request.Keys), c.settings.MaxKeys)
	}
	return request.Keys, nil
}

func malformed(err error) error {
	return refuse(http.StatusBadRequest, "invalid_request", `the body is not {"keys": ["…"]}: %v`, err)
}
