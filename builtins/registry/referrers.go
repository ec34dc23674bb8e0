package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
)

// Referrers is what the registry says refers to an image.
type Referrers struct {
	// Descriptors are in the registry's order, at most Limits.Referrers.
	Descriptors []Descriptor
	// Supported is false when the registry has no referrers API: the fallback
	// tag is then the place to look.
	Supported bool
	// Truncated is true when a limit cut the list: "all" and "newest" cannot be answered.
	Truncated bool
}

// Referrers asks the referrers API for what refers to digest, page by page and
// within the limits. A registry without that API is not an error. The list is
// not signed and not hashed: each entry must be fetched and checked.
func (c *Client) Referrers(ctx context.Context, repository Repository, digest Digest) (Referrers, error) {
	if _, err := ParseDigest(string(digest)); err != nil {
		return Referrers{}, err
	}
	return anywhere(ctx, c, repository, func(ctx context.Context, at Repository) (Referrers, error) {
		return c.referrers(ctx, at, digest)
	})
}

func (c *Client) referrers(ctx context.Context, repository Repository, digest Digest) (Referrers, error) {
	if l := c.layouts[repository.Registry]; l != nil {
		return l.referrers(ctx, digest)
	}
	q := question{
		op: "list referrers", kind: "referrers", method: http.MethodGet,
		repository: repository, reference: string(digest), accept: []string{OCIIndex}, most: c.limits.ManifestBytes,
	}
	list := Referrers{Supported: true}
	for page := 1; ; page++ {
		a, err := c.ask(ctx, q)
		if err != nil {
			if page == 1 && unsupported(a) {
				return Referrers{}, nil
			}
			return Referrers{}, err
		}
		if err := list.read(a, c.limits.Referrers); err != nil {
			return Referrers{}, fault.New(fault.Malformed, q.op, q.subject(), err)
		}
		if q.page, err = nextPage(a); err != nil {
			return Referrers{}, fault.New(fault.HostNotAllowed, q.op, q.subject(), err)
		}
		if q.page == nil || list.Truncated {
			return list, nil
		}
		if page == c.limits.Pages || len(list.Descriptors) == c.limits.Referrers {
			list.Truncated = true
			return list, nil
		}
	}
}

// unsupported recognises a registry that does not know the API. 404 is what the
// specification says; the others are what older registries say.
func unsupported(a *answer) bool {
	if a == nil {
		return false
	}
	switch a.status {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return true
	case http.StatusBadRequest:
		return a.reason() == " UNSUPPORTED"
	}
	return false
}

// read adds the entries of one page, up to the limit. It stops reading there:
// what is behind costs nothing.
func (r *Referrers) read(a *answer, most int) error {
	if kind := a.contentType(); kind != OCIIndex {
		return fault.Newf(fault.Malformed, "read referrers", "", "content type %q", clip(kind))
	}
	decoder := json.NewDecoder(bytes.NewReader(a.body))
	if err := expect(decoder, json.Delim('{')); err != nil {
		return err
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return err
		}
		if key != "manifests" {
			var other json.RawMessage
			if err := decoder.Decode(&other); err != nil {
				return err
			}
			continue
		}
		if err := r.entries(decoder, most); err != nil || r.Truncated {
			return err
		}
	}
	return expect(decoder, json.Delim('}'))
}

func (r *Referrers) entries(decoder *json.Decoder, most int) error {
	token, err := decoder.Token()
	if err != nil || token == nil {
		return err
	}
	if token != json.Delim('[') {
		return errors.New("manifests is not a list")
	}
	for decoder.More() {
		if len(r.Descriptors) == most {
			r.Truncated = true
			return nil
		}
		var wire wireDescriptor
		if err := decoder.Decode(&wire); err != nil {
			return err
		}
		descriptor, err := wire.descriptor()
		if err != nil {
			return err
		}
		r.Descriptors = append(r.Descriptors, descriptor)
	}
	return expect(decoder, json.Delim(']'))
}

func expect(decoder *json.Decoder, want json.Delim) error {
	token, err := decoder.Token()
	if err == nil && token != want {
		return errors.New("not an index")
	}
	return err
}

// nextPage returns where the list goes on, nil at its end. It must be at the
// same registry.
func nextPage(a *answer) (*url.URL, error) {
	for _, value := range a.header.Values("Link") {
		target, parameters, _ := strings.Cut(value, ";")
		target = strings.TrimSpace(target)
		if !strings.Contains(parameters, `rel="next"`) && !strings.Contains(parameters, "rel=next") {
			continue
		}
		next, err := a.url.Parse(strings.Trim(target, "<>"))
		if err != nil || next.Host != a.url.Host || next.Scheme != a.url.Scheme || next.User != nil {
			return nil, errors.New("the next page is not at this registry")
		}
		return next, nil
	}
	return nil, nil
}
