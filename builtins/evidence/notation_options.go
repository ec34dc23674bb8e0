package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/waxseal/waxseal/builtins/cosign"
)

// wireNotation is the options object of notation.verify as policies write it. Whom
// to trust stands in the trust policy, which only the operator can name.
type wireNotation struct {
	TrustPolicy string            `json:"trust_policy"`
	Platforms   string            `json:"platforms"`
	Annotations map[string]string `json:"annotations"`
	Threshold   *int              `json:"threshold"`
}

var notationKeys = jsonNames(wireNotation{})

// ParseNotationOptions compiles the options object of notation.verify given as
// canonical JSON. An unknown key or an unknown trust policy is
// [fault.InvalidRequest].
func ParseNotationOptions(names Names, raw []byte) (*Options, error) {
	var given map[string]json.RawMessage
	if err := json.Unmarshal(raw, &given); err != nil {
		return nil, invalid("opts: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !notationKeys[name] {
			return nil, invalid("opts: unknown field %q", name)
		}
	}
	var w wireNotation
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&w); err != nil {
		return nil, invalid("opts: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	policy := names.Notation[w.TrustPolicy]
	switch {
	case w.TrustPolicy == "":
		return nil, invalid("opts.trust_policy: is missing; name a trust policy of the configuration")
	case policy == nil:
		return nil, invalid("opts.trust_policy: no trust policy named %q under notation in the configuration; there are %q", w.TrustPolicy, slices.Sorted(maps.Keys(names.Notation)))
	case w.Threshold != nil && *w.Threshold < 1:
		return nil, invalid("opts.threshold: %d; expected 1 or more", *w.Threshold)
	}
	o := &Options{
		notation: policy, id: sha256.Sum256(slices.Concat([]byte(notationFn+" "+policy.Digest()+" "), raw)),
		fixed: &heldKeys{}, held: &atomic.Pointer[heldKeys]{}, // it names no keys
	}
	o.Annotations, o.Platforms = w.Annotations, w.Platforms
	o.Formats = cosign.Formats{Bundle: true} // all signatures are referrers
	if err := threshold(o, wire{Threshold: w.Threshold}); err != nil {
		return nil, err
	}
	return o, platforms(o, wire{Platforms: w.Platforms})
}
