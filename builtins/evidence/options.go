package evidence

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/notary"
	"github.com/waxseal/waxseal/builtins/notation"
	"github.com/waxseal/waxseal/builtins/sbom"
	"github.com/waxseal/waxseal/builtins/scan"
)

// Names is what the operator's configuration gives names to. Policies refer to
// these names; they never say where a key or root is kept.
type Names struct {
	Keys map[string]*cosign.Key
	// Current returns the keys that are fetched again and again, as they are now.
	// They go before Keys. Nil says that there are none.
	Current      func() *KeySet
	Certificates map[string][]byte // PEM chains
	Notation     map[string]*notation.Policy
	Notaries     map[string]*notary.Source
	// Roots returns a trust root; "" asks for the default one, nil says that
	// there is none. A root may have to be loaded: the call must end with the
	// context, and its errors carry a [fault.Code].
	Roots func(ctx context.Context, name string) (*cosign.TrustRoot, error)
}

// Options are the compiled options of a request. They are immutable and may
// be kept and shared.
type Options struct {
	cosign.Options
	id       [sha256.Size]byte
	rootName string
	names    Names
	scans    *Options // these options for scan.findings
	sboms    *Options // these options for sbom.packages

	questions *sbom.Questions                 // of sbom.packages
	asks      string                          // why no other function takes these options, "" if any does
	attests   func(predicateType string) bool // what is asked for without a list; nil is all
	notation  *notation.Policy
	keyNames  []string // of Keys; "" for one that is given as PEM
	fixed     *heldKeys
	held      *atomic.Pointer[heldKeys] // the last that a decision saw
	notary    *notaryOptions            // set in options of notary.verify, which have nothing else
	vex       *Options                  // these options for vex.statements
}

// wire is the options object as policies write it (design: "Options are one
// object").
type wire struct {
	Keys         []string          `json:"keys"`
	Identities   []wireIdentity    `json:"identities"`
	Certificates []string          `json:"certificates"`
	TrustRoot    string            `json:"trust_root"`
	Threshold    *int              `json:"threshold"`
	Formats      []string          `json:"formats"`
	Annotations  map[string]string `json:"annotations"`
	Timestamps   bool              `json:"timestamps"`
	Predicates   []string          `json:"predicate_types"`
	Platforms    string            `json:"platforms"`
	IgnoreTlog   bool              `json:"insecure_ignore_tlog"`
	IgnoreSCT    bool              `json:"insecure_ignore_sct"`
	Ranges       []string          `json:"ranges"`
	Licences     *wireLicences     `json:"licences"`
	OnlyMatching bool              `json:"only_matching"`
}

type wireIdentity struct {
	Issuer         string            `json:"issuer"`
	IssuerPattern  string            `json:"issuer_pattern"`
	Subject        string            `json:"subject"`
	SubjectPattern string            `json:"subject_pattern"`
	Extensions     map[string]string `json:"extensions"`
}

// ParseOptions compiles the options object given as canonical JSON. An unknown
// key, no key and no identity, an unknown name or a bad pattern is
// [fault.InvalidRequest].
func ParseOptions(names Names, raw []byte) (*Options, error) {
	var top map[string]json.RawMessage
	if json.Unmarshal(raw, &top) == nil && isNotary(top) {
		return parseNotary(names, raw, top)
	}
	var w wire
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&w); err != nil {
		return nil, invalid("opts: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if err := exactly(raw); err != nil {
		return nil, err
	}
	o := &Options{id: sha256.Sum256(raw), rootName: w.TrustRoot, names: names, held: &atomic.Pointer[heldKeys]{}}
	o.Annotations, o.Timestamps = w.Annotations, w.Timestamps
	o.IgnoreTlog, o.IgnoreSCT = w.IgnoreTlog, w.IgnoreSCT
	o.PredicateTypes, o.Platforms = w.Predicates, w.Platforms
	for _, compile := range []func(*Options, wire) error{keys, identities, certificates, formats, threshold, platforms, predicates, questions} {
		if err := compile(o, w); err != nil {
			return nil, err
		}
	}
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o.scans = o.forScans()
	o.vex = o.forVEX()
	var err error
	o.sboms, err = o.forSBOMs(w)
	return o, err
}

// exactly refuses keys that differ from those of [wire] in case: encoding/json
// takes them for the same, and of two it would silently use one.
func exactly(raw []byte) error {
	var top map[string]json.RawMessage
	if err := json.Unmarshal(raw, &top); err != nil {
		return invalid("opts: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	var identities []map[string]json.RawMessage
	if given, ok := top["identities"]; ok {
		if err := json.Unmarshal(given, &identities); err != nil {
			return invalid("opts.identities: %s", strings.TrimPrefix(err.Error(), "json: "))
		}
	}
	if err := exactLicences(top["licences"]); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(top)) {
		if !optionKeys[name] {
			return invalid("opts: unknown field %q", name)
		}
	}
	for i, identity := range identities {
		for _, name := range slices.Sorted(maps.Keys(identity)) {
			if !identityKeys[name] {
				return invalid("opts.identities[%d]: unknown field %q", i, name)
			}
		}
	}
	return nil
}

var optionKeys, identityKeys = jsonNames(wire{}), jsonNames(wireIdentity{})

// jsonNames are the names of the fields of a struct in JSON.
func jsonNames(v any) map[string]bool {
	out := map[string]bool{}
	for field := range reflect.TypeOf(v).Fields() {
		out[field.Tag.Get("json")] = true
	}
	return out
}

// attested says whether statements of a predicate type are asked for: without
// a list, all are.
func (o *Options) attested(predicateType string) bool {
	if o.attests != nil && len(o.PredicateTypes) == 0 {
		return o.attests(predicateType)
	}
	if o.scans == nil && len(o.PredicateTypes) == 0 {
		return scan.IsVulnerabilityPredicate(predicateType)
	}
	return len(o.PredicateTypes) == 0 || slices.Contains(o.PredicateTypes, predicateType)
}

// forScans are the options as scan.findings reads them: without a list, the
// predicate types that exist to carry a scan.
func (o *Options) forScans() *Options {
	c := *o
	c.id = sha256.Sum256(append([]byte("scan.findings "), o.id[:]...))
	return &c
}

func invalid(format string, args ...any) error {
	return fault.Newf(fault.InvalidRequest, "", "", format, args...)
}

func keys(o *Options, w wire) error {
	for i, k := range w.Keys {
		key, name := o.names.key(k), k
		if strings.HasPrefix(strings.TrimSpace(k), "-----BEGIN") {
			parsed, err := cosign.ParseKey("", []byte(k))
			if err != nil {
				return invalid("opts.keys[%d]: %w", i, err)
			}
			key, name = parsed, ""
		}
		if key == nil {
			return invalid("opts.keys[%d]: no key named %q in the configuration, and it is not a PEM public key", i, k)
		}
		o.Keys, o.keyNames = append(o.Keys, key), append(o.keyNames, name)
	}
	o.fixed = &heldKeys{keys: o.Keys}
	return nil
}

func identities(o *Options, w wire) error {
	for i, id := range w.Identities {
		issuer, err := matcher(id.Issuer, id.IssuerPattern, "issuer")
		if err != nil {
			return invalid("opts.identities[%d]: %w", i, err)
		}
		subject, err := matcher(id.Subject, id.SubjectPattern, "subject")
		if err != nil {
			return invalid("opts.identities[%d]: %w", i, err)
		}
		out := cosign.Identity{Issuer: issuer, Subject: subject}
		for name, value := range id.Extensions {
			if out.Extensions == nil {
				out.Extensions = map[string]*cosign.Matcher{}
			}
			out.Extensions[name] = cosign.Exactly(value)
		}
		o.Identities = append(o.Identities, out)
	}
	return nil
}

func matcher(exact, pattern, what string) (*cosign.Matcher, error) {
	switch {
	case exact != "" && pattern != "":
		return nil, fmt.Errorf("%s and %s_pattern: give one of them", what, what)
	case exact != "":
		return cosign.Exactly(exact), nil
	case pattern != "":
		return cosign.CompilePattern(pattern)
	}
	return nil, fmt.Errorf("%s or %s_pattern is required: an identity is an issuer and a subject", what, what)
}

func certificates(o *Options, w wire) error {
	for i, c := range w.Certificates {
		chain, named := o.names.Certificates[c]
		if !named {
			chain = []byte(c)
		}
		parsed, err := cosign.ParseCertificates(chain)
		if err != nil {
			return invalid("opts.certificates[%d]: %w", i, err)
		}
		o.Certificates = append(o.Certificates, parsed...)
	}
	return nil
}

func formats(o *Options, w wire) error {
	o.Formats = cosign.Formats{Legacy: true, Bundle: true}
	if w.Formats == nil {
		return nil
	}
	o.Formats = cosign.Formats{}
	for i, f := range w.Formats {
		switch f {
		case "legacy":
			o.Formats.Legacy = true
		case "bundle":
			o.Formats.Bundle = true
		default:
			return invalid("opts.formats[%d]: %q is not a format; expected \"legacy\" or \"bundle\"", i, f)
		}
	}
	if len(w.Formats) == 0 {
		return invalid("opts.formats: is empty; leave it out for both formats")
	}
	return nil
}

func threshold(o *Options, w wire) error {
	o.Threshold = 1
	if w.Threshold != nil {
		o.Threshold = *w.Threshold
	}
	return nil
}

func platforms(o *Options, w wire) error {
	switch {
	case w.Platforms == "":
		o.Platforms = "index"
	case w.Platforms == "index" || w.Platforms == "each":
	default:
		if n := strings.Count(w.Platforms, "/"); n < 1 || n > 2 || strings.Contains("/"+w.Platforms+"/", "//") {
			return invalid("opts.platforms: %q; expected \"index\", \"each\" or \"os/architecture[/variant]\"", w.Platforms)
		}
	}
	return nil
}

func predicates(_ *Options, w wire) error {
	if slices.Contains(w.Predicates, "") {
		return invalid("opts.predicate_types: an empty predicate type")
	}
	return nil
}
