package provider

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/fault"
)

// validate answers requests for evidence: all keys in parallel, in one decision.
// A key is the JSON of a request, a blank and a time slot, and is echoed whole.
func (p *Provider) validate(ctx context.Context, d *evidence.Decision, keys []string) reply {
	var out reply
	var asked []string
	var requests []evidence.Request
	for _, key := range keys {
		request, left := p.requestOf(key)
		if left != nil {
			out.left = append(out.left, *left)
			continue
		}
		asked, requests = append(asked, key), append(requests, request)
	}
	results, errs := d.Each(ctx, requests)
	for i, key := range asked {
		if errs[i] != nil {
			if ctx.Err() == nil {
				p.Log.Error("no answer", "key", clip(key), "error", errs[i].Error())
			}
			out.left = append(out.left, unanswered(key, requests[i].Ref, haltOf(errs[i])))
			continue
		}
		out.add(key, results[i])
	}
	return out
}

// requestOf reads a key. A mistake in it is its own result; a slot of another
// time is left out.
func (p *Provider) requestOf(key string) (evidence.Request, *omission) {
	if len(key) > p.Limits.KeyBytes {
		return evidence.Request{Err: mistake("the key has %d bytes, more than %d", len(key), p.Limits.KeyBytes)}, nil
	}
	text, slot, ok := unslotted(key)
	if !ok {
		return evidence.Request{Err: mistake("the key does not end in a blank and a time slot, the number of 10 s since 1970; is the template older than the provider?")}, nil
	}
	request := p.Collector.Request(text)
	if d := away(slot, p.Now()); d > slack {
		o := unanswered(key, request.Ref, fmt.Sprintf("the time slot of the key is %s away from the provider's clock; set the clocks of Gatekeeper and the provider right", d))
		return request, &o
	}
	return request, nil
}

func mistake(format string, args ...any) error {
	return fault.Newf(fault.InvalidRequest, "", "", format, args...)
}

// add puts a result where it belongs: among the items, which Gatekeeper keeps,
// or among what is left out, which it does not.
func (r *reply) add(key string, result evidence.Result) {
	raw, err := render(result)
	if err != nil {
		r.left = append(r.left, unanswered(key, result.Base().Image.Ref, haltOf(err)))
		return
	}
	for _, e := range result.Base().Errors {
		if e.Retryable {
			about := fmt.Sprintf("%s: %s: %s", result.Base().Image.Ref, e.Code, e.Message)
			r.left = append(r.left, omission{key, raw, about})
			return
		}
	}
	r.items = append(r.items, item{Key: key, Value: raw})
}

// render renders a result once: warm results are the same ones again and again.
func render(result evidence.Result) (json.RawMessage, error) {
	if known, ok := result.Base().Rendered().(json.RawMessage); ok {
		return known, nil
	}
	raw, err := json.Marshal(result)
	if err != nil {
		return nil, err
	}
	result.Base().Render(json.RawMessage(raw))
	return raw, nil
}

// unanswered is a key with a reason in the place of a result.
func unanswered(key, ref, reason string) omission {
	result := map[string]any{
		"ok": false, "errors": []evidence.Problem{{Code: fault.Unavailable, Message: reason, Retryable: true}},
		"ignored": []any{}, "image": evidence.Image{Ref: ref},
	}
	raw, _ := json.Marshal(result) // strings and a bool
	return omission{key, raw, fmt.Sprintf("%s: %s", ref, reason)}
}

// haltOf says why a request was halted: the caller is gone or its time is over,
// or there is a bug. The log has the whole error.
func haltOf(err error) string {
	if code, known := fault.CodeOf(err); known {
		return fmt.Sprintf("%s: %s", code, err)
	}
	return "this is a bug in Waxseal, please report it with the provider's log"
}

const maxClip = 300

func clip(text string) string {
	if len(text) > maxClip {
		return text[:maxClip] + "…"
	}
	return text
}
