package cosign

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore/pkg/cryptoutils"

	"github.com/waxseal/waxseal/builtins/fault"
)

// Identity is one signer whose certificate is trusted. Issuer and subject are
// both required; extensions narrow further.
type Identity struct {
	Issuer, Subject *Matcher
	Extensions      map[string]*Matcher // by Fulcio's names: see [ExtensionNames]
}

// Matcher compares a string with an exact value or a pattern. It never matches
// the empty string.
type Matcher struct {
	text string
	re   *regexp.Regexp
}

// Exactly returns a matcher of one string.
func Exactly(s string) *Matcher { return &Matcher{text: s} }

// flags finds groups that set flags, the one way in which a pattern could
// change what the anchors around it mean.
var flags = regexp.MustCompile(`\(\?[^:P<]`)

// CompilePattern returns a matcher of a regular expression, which must match
// the whole string: it is compiled as `\A(?:…)\z`. Flags such as (?i) are
// refused, and so is a pattern that matches the empty string.
func CompilePattern(pattern string) (*Matcher, error) {
	const op = "compile pattern"
	_, err := regexp.Compile(pattern) // alone first: "a)|(?:b" would break out of the anchors
	switch {
	case err != nil:
		return nil, fault.New(fault.InvalidRequest, op, pattern, err)
	case flags.MatchString(pattern):
		return nil, fault.Newf(fault.InvalidRequest, op, pattern, "sets flags; write them out, as in [Aa]")
	}
	re, err := regexp.Compile(`\A(?:` + pattern + `)\z`)
	switch {
	case err != nil:
		return nil, fault.New(fault.InvalidRequest, op, pattern, err)
	case re.MatchString(""):
		return nil, fault.Newf(fault.InvalidRequest, op, pattern, "matches the empty string")
	}
	return &Matcher{text: pattern, re: re}, nil
}

// String returns the value or the pattern.
func (m *Matcher) String() string { return m.text }

// Match says whether s is the value or matches the pattern.
func (m *Matcher) Match(s string) bool {
	if m == nil || s == "" {
		return false
	}
	if m.re != nil {
		return m.re.MatchString(s)
	}
	return m.text == s
}

// empty says whether the matcher is missing or can match nothing.
func (m *Matcher) empty() bool { return m == nil || m.text == "" }

// key tells identities apart: equal ones are one entry.
func (id Identity) key() string {
	part := func(m *Matcher) string { return fmt.Sprintf("%v %q", m.re != nil, m.text) }
	out := []string{part(id.Issuer), part(id.Subject)}
	for name, m := range id.Extensions {
		out = append(out, name+" "+part(m))
	}
	slices.Sort(out[2:])
	return strings.Join(out, "\n")
}

// validate refuses an identity that would match more, or less, than it says.
func (id Identity) validate() error {
	switch {
	case id.Issuer.empty():
		return fmt.Errorf("an identity needs an issuer")
	case id.Subject.empty():
		return fmt.Errorf("an identity needs a subject")
	}
	known := ExtensionNames()
	for name, m := range id.Extensions {
		if !slices.Contains(known, name) {
			return fmt.Errorf("certificate extension %q is unknown; expected one of %s", name, strings.Join(known, ", "))
		}
		if m.empty() {
			return fmt.Errorf("certificate extension %q is compared with nothing", name)
		}
	}
	return nil
}

// ExtensionNames returns Fulcio's names of certificate extensions, sorted.
func ExtensionNames() []string {
	var out []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[certificate.Extensions]()) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "issuer" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// claims is what a certificate says about its holder.
type claims struct {
	issuer     string
	subjects   []string
	extensions map[string]string
}

// claimsOf reads a certificate. A certificate of a private authority that names
// no issuer of identities is its own authority's word: then the issuer is the
// name of that authority.
func claimsOf(c *x509.Certificate, private bool) (claims, error) {
	ext, err := certificate.ParseExtensions(c.Extensions)
	if err != nil {
		return claims{}, err
	}
	out := claims{issuer: ext.Issuer, subjects: cryptoutils.GetSubjectAlternateNames(c), extensions: map[string]string{}}
	raw, err := json.Marshal(ext)
	if err != nil {
		return claims{}, err
	}
	if err := json.Unmarshal(raw, &out.extensions); err != nil {
		return claims{}, err
	}
	delete(out.extensions, "issuer")
	if out.issuer == "" && private {
		out.issuer = c.Issuer.String()
	}
	return out, nil
}

// match returns the subject that satisfies the identity.
func (id Identity) match(c claims) (subject string, ok bool) {
	if !id.Issuer.Match(c.issuer) {
		return "", false
	}
	for name, m := range id.Extensions {
		if !m.Match(c.extensions[name]) {
			return "", false
		}
	}
	for _, s := range c.subjects {
		if id.Subject.Match(s) {
			return s, true
		}
	}
	return "", false
}
