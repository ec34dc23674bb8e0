package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"k8s.io/apimachinery/pkg/util/net"
)

// Answer is what the API server answered, whatever it is.
type Answer struct {
	Code     int
	Body     []byte
	Warnings []string // that it sent for the user, in order
}

// Failed returns the message of an answer that is not a success, else nil.
func (a *Answer) Failed() error {
	if a.Code >= 200 && a.Code < 300 {
		return nil
	}
	return failed(a.Code, a.Body)
}

// Ask sends a request and returns the answer; the error says that there is none.
// Unlike [API.Do] it follows no redirect: what is asked elsewhere, or in another
// way, is another question.
func (a *API) Ask(ctx context.Context, method, path string, body any) (*Answer, error) {
	var sent io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		sent = bytes.NewReader(raw)
	}
	client := *a.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := (&API{a.base, &client}).open(ctx, method, path, jsonType, sent)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	case len(raw) > maxAnswer:
		return nil, fmt.Errorf("%s %s: the answer has more than %d bytes", method, path, maxAnswer)
	}
	return &Answer{Code: response.StatusCode, Body: raw, Warnings: warnings(response.Header)}, nil
}

// warnings reads the headers of that name; those that are malformed say nothing.
func warnings(header http.Header) []string {
	found, _ := net.ParseWarningHeaders(header["Warning"])
	texts := make([]string, 0, len(found))
	for _, w := range found {
		texts = append(texts, w.Text)
	}
	return texts
}
