package evidence

import (
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// maxRequest bounds one request, in bytes: a reference, and options that may
// hold keys and chains of certificates as PEM.
const maxRequest = 64 << 10

// ParseRequest compiles one request from its key, the JSON of
// `{"fn", "ref", "opts"}` as Rego's json.marshal prints it. The key is kept byte
// for byte, for the answer to carry. What is wrong with the request (not JSON,
// more than 64 KiB, an unknown function, field, option or name) is its Err, an
// author's mistake: see [Decision.Collect].
//
// Whoever reads requests again and again uses [Collector.Request].
func ParseRequest(names Names, key string) Request {
	return newRequests(names).parse(key)
}

// Request is [ParseRequest] with the names of the operator's configuration. It
// keeps what it compiled: the same few requests come with every decision.
func (c *Collector) Request(key string) Request { return c.requests.parse(key) }

// Options compiles the options object given as canonical JSON, as
// [ParseOptions] does, and keeps it: equal options are one pointer.
func (c *Collector) Options(raw []byte) (*Options, error) { return c.requests.options("", raw) }

// NotationOptions is [Collector.Options] for notation.verify.
func (c *Collector) NotationOptions(raw []byte) (*Options, error) {
	return c.requests.options(notationFn, raw)
}

// requests compiles requests and keeps them. Mistakes are not kept.
type requests struct {
	names    Names
	parsed   byText[Request]
	compiled byText[*Options]
}

func newRequests(names Names) *requests { return &requests{names: names} }

func (r *requests) parse(key string) Request {
	if req, known := r.parsed.get(key); known {
		return req
	}
	req := r.read(key)
	if req.Err == nil {
		r.parsed.put(key, req)
	}
	return req
}

// read takes the request apart. After a mistake it goes on, so that the answer
// names function and image.
func (r *requests) read(key string) Request {
	req := Request{Key: key}
	fields, err := fieldsOf(key)
	if err != nil {
		req.Err = err
		return req
	}
	opts, given := fields["opts"]
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		text, isString := fields[name].(string)
		switch {
		case name == "fn" && isString:
			req.Fn = text
		case name == "ref" && isString:
			req.Ref = text
		case name == "fn" || name == "ref":
			req.Err = invalid("request.%s: expected a string, got %s", name, typeOf(fields[name]))
		case name != "opts":
			req.Err = invalid("request: unexpected field %s", strconv.Quote(name))
		}
	}
	if req.Err == nil {
		req.Opts, req.Err = r.optionsFor(req.Fn, opts, given)
	}
	return req
}

func fieldsOf(key string) (map[string]any, error) {
	if len(key) > maxRequest {
		return nil, invalid("request: %d bytes, more than %d", len(key), maxRequest)
	}
	dec := json.NewDecoder(strings.NewReader(key))
	dec.UseNumber() // numbers are compiled as they were written
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, invalid("request: not JSON: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, invalid("request: more than one JSON value")
	}
	fields, ok := v.(map[string]any)
	if !ok {
		return nil, invalid("request: expected an object, got %s", typeOf(v))
	}
	return fields, nil
}

func (r *requests) optionsFor(fn string, opts any, given bool) (*Options, error) {
	takes, known := functions[fn]
	fields, isObject := opts.(map[string]any)
	switch {
	case !known:
		return nil, invalid("fn: no function named %q", fn)
	case !takes && given && (!isObject || len(fields) > 0):
		return nil, invalid("opts: %s takes no options", fn)
	case !takes:
		return nil, nil
	case !given:
		return nil, invalid("opts: %s needs options: %s", fn, needed(fn))
	case !isObject:
		return nil, invalid("opts: expected an object, got %s", typeOf(opts))
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		return nil, invalid("opts: %w", err)
	}
	return r.options(fn, raw)
}

func needed(fn string) string {
	switch fn {
	case notaryFn:
		return "notary"
	case notationFn:
		return "trust_policy"
	}
	return "keys or identities"
}

// options compiles the options of a function. Those of most are one object.
func (r *requests) options(fn string, raw []byte) (*Options, error) {
	parse, key := ParseOptions, string(raw)
	if fn == notationFn {
		parse, key = ParseNotationOptions, fn+" "+key
	}
	if o, known := r.compiled.get(key); known {
		return o, nil
	}
	o, err := parse(r.names, raw)
	if err != nil {
		return nil, err
	}
	return r.compiled.put(key, o), nil
}

// typeOf names the type of a JSON value, as Rego names it.
func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case json.Number:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	}
	return "object"
}
