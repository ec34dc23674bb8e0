package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Gatekeeper's protocol (externaldata.gatekeeper.sh/v1beta1).
const (
	apiVersion   = "externaldata.gatekeeper.sh/v1beta1"
	requestKind  = "ProviderRequest"
	responseKind = "ProviderResponse"
)

type providerRequest struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Request    struct {
		Keys []string `json:"keys"`
	} `json:"request"`
}

type providerResponse struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Response   struct {
		Idempotent  bool   `json:"idempotent"`
		Items       []item `json:"items"`
		SystemError string `json:"systemError,omitempty"`
	} `json:"response"`
}

// item answers one key: with a value, or with an error that will be the same
// when it is asked for again.
type item struct {
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value,omitempty"`
	Error string          `json:"error,omitempty"`
}

// omission is a key that has no answer now. Result is the same JSON that other
// hosts have in the place of an answer.
type omission struct {
	key    string
	result json.RawMessage
	about  string // for the log: image, code and message
}

// refusal is why a whole call is not answered.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return r.text }

func refused(status int, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// readKeys reads a call within the limits.
func (p *Provider) readKeys(w http.ResponseWriter, r *http.Request) ([]string, error) {
	if r.Method != http.MethodPost {
		return nil, refused(http.StatusMethodNotAllowed, "%s: calls are POST", r.Method)
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, p.Limits.BodyBytes))
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		return nil, refused(http.StatusRequestEntityTooLarge, "the call has more than %d bytes", p.Limits.BodyBytes)
	case err != nil:
		return nil, refused(http.StatusBadRequest, "the call cannot be read: %s", err)
	}
	var call providerRequest
	if err := json.Unmarshal(raw, &call); err != nil {
		return nil, refused(http.StatusBadRequest, "the call is not a %s: %s", requestKind, err)
	}
	if call.APIVersion != apiVersion || call.Kind != requestKind {
		return nil, refused(http.StatusBadRequest, "the call is a %q of %q; expected a %s of %s", call.Kind, call.APIVersion, requestKind, apiVersion)
	}
	if len(call.Request.Keys) > p.Limits.Keys {
		return nil, refused(http.StatusRequestEntityTooLarge, "%d keys, more than %d", len(call.Request.Keys), p.Limits.Keys)
	}
	return call.Request.Keys, nil
}

// write writes the answer and returns its status.
func (p *Provider) write(w http.ResponseWriter, out reply, err error) int {
	answer := providerResponse{APIVersion: apiVersion, Kind: responseKind}
	answer.Response.Idempotent = true
	answer.Response.Items = out.items
	answer.Response.SystemError = systemError(len(out.items), out.left)
	status := http.StatusOK
	if err != nil {
		status = http.StatusInternalServerError
		if r, ok := errors.AsType[*refusal](err); ok {
			status = r.status
		}
		answer.Response.SystemError = "waxseal: " + err.Error()
	}
	body, err := json.Marshal(answer)
	if err != nil { // values that are not JSON: nothing of it may be believed
		http.Error(w, "waxseal: this is a bug, please report it: "+err.Error(), http.StatusInternalServerError)
		return http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // who has gone reads no error either
	return status
}

// systemError names the keys that have no answer now. After the sentence stands
// a JSON object, key → result, for hosts that can tell them apart; the reason is
// never kept by Gatekeeper.
func systemError(answered int, left []omission) string {
	if len(left) == 0 {
		return ""
	}
	results := make(map[string]json.RawMessage, len(left))
	for _, o := range left {
		results[o.key] = o.result
	}
	raw, err := json.Marshal(results)
	if err != nil {
		return fmt.Sprintf("waxseal: this is a bug, please report it: %s", err)
	}
	return fmt.Sprintf("waxseal cannot tell now about %d of %d keys, ask again: %s", len(left), answered+len(left), raw)
}

const maxReasons = 5

// reasons are for the log, bounded.
func reasons(left []omission) string {
	var out []string
	for i, o := range left {
		if i == maxReasons {
			out = append(out, fmt.Sprintf("and %d more", len(left)-i))
			break
		}
		out = append(out, o.about)
	}
	return strings.Join(out, "; ")
}
