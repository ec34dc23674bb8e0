package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

const (
	pageItems = 500
	maxPage   = 1 << 30 // bytes of one page; they are never held together
	maxItem   = 8 << 20 // bytes of one item: no object of etcd is as large
)

// Each calls each for all items of a collection, in the order of the server: one at
// a time, so that memory does not grow with their number. Items are of one moment:
// where the server has forgotten it between two pages, the error is [Expired], and
// what was seen is to be thrown away. It returns how many pages were read.
func Each[T any](ctx context.Context, a *API, path string, each func(*T) error) (pages int, err error) {
	next := ""
	for pages < maxPages {
		query := url.Values{"limit": {strconv.Itoa(pageItems)}}
		if next != "" {
			query.Set("continue", next)
		}
		if next, err = page(ctx, a, path+"?"+query.Encode(), each); err != nil {
			return pages, err
		}
		if pages++; next == "" {
			return pages, nil
		}
	}
	return pages, fmt.Errorf("%s: more than %d pages", path, maxPages)
}

// Expired says whether a server cannot go on with a list, because what it had
// begun with is too old.
func Expired(err error) bool {
	status, ok := errors.AsType[*StatusError](err)
	return ok && status.Code == http.StatusGone
}

// Forbidden says whether the server knows who asks, or not, and does not let them.
func Forbidden(err error) bool {
	status, ok := errors.AsType[*StatusError](err)
	return ok && (status.Code == http.StatusForbidden || status.Code == http.StatusUnauthorized)
}

// page reads one page, and returns the token of the next.
func page[T any](ctx context.Context, a *API, path string, each func(*T) error) (next string, err error) {
	response, err := a.open(ctx, http.MethodGet, path, jsonType, nil)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		raw, _ := io.ReadAll(io.LimitReader(response.Body, 1<<20)) // what was read is enough for the message
		return "", failed(response.StatusCode, raw)
	}
	body := &metered{of: response.Body, left: maxPage, item: maxItem}
	if next, err = items(json.NewDecoder(body), body, each); err != nil {
		return "", fmt.Errorf("GET %s: %w", path, err)
	}
	return next, nil
}

// items reads a list: its fields stand in any order.
func items[T any](dec *json.Decoder, body *metered, each func(*T) error) (next string, err error) {
	if err := opens(dec, '{'); err != nil {
		return "", err
	}
	var listed bool
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return "", err
		}
		body.item = maxItem
		switch name {
		case "metadata":
			var metadata struct{ Continue string }
			err = dec.Decode(&metadata)
			next = metadata.Continue
		case "items":
			listed = true
			err = elements(dec, body, each)
		default:
			var skipped json.RawMessage
			err = dec.Decode(&skipped)
		}
		if err != nil {
			return "", err
		}
	}
	if _, err := dec.Token(); err != nil { // a list that was cut off is no list
		return "", err
	}
	if !listed {
		return "", errors.New("the answer is no list: it has no items")
	}
	return next, nil
}

func elements[T any](dec *json.Decoder, body *metered, each func(*T) error) error {
	token, err := dec.Token()
	if err != nil || token == nil { // an empty list of Go is null
		return err
	}
	if token != json.Delim('[') {
		return fmt.Errorf("expected a list of items, found %v", token)
	}
	for dec.More() {
		body.item = maxItem
		var item T
		if err := dec.Decode(&item); err != nil {
			return err
		}
		if err := each(&item); err != nil {
			return err
		}
	}
	return opens(dec, ']')
}

func opens(dec *json.Decoder, want json.Delim) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	if token != want {
		return fmt.Errorf("expected %v, found %v", want, token)
	}
	return nil
}

// metered bounds what is read in all, and what is read for one item.
type metered struct {
	of         io.Reader
	left, item int64
}

func (m *metered) Read(p []byte) (int, error) {
	if m.left <= 0 {
		return 0, fmt.Errorf("the page has more than %d bytes", int64(maxPage))
	}
	if m.item <= 0 {
		return 0, fmt.Errorf("an item has more than %d bytes", int64(maxItem))
	}
	n, err := m.of.Read(p[:min(int64(len(p)), m.left, m.item)])
	m.left -= int64(n)
	m.item -= int64(n)
	return n, err
}
