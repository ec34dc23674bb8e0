package notation

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/verifier"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/notaryproject/notation-go/verifier/truststore"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

// Source is a trust policy document with all that it rests on, as bytes. A record
// of decisions holds it.
type Source struct {
	// Document is the trust policy document, version 1.0.
	Document json.RawMessage `json:"trust_policy"`
	// Stores are the trust stores by type and name as documents write them, such as
	// "ca:acme". Each is certificates in PEM.
	Stores map[string]string `json:"trust_store"`
	// SkipRevocation is the operator's word that nobody asks whether a certificate
	// is revoked, whatever the document says.
	SkipRevocation bool `json:"skip_revocation"`
	// CRLs are lists of revoked certificates, in DER, by the URL at which
	// certificates say that the list is. Nil, without SkipRevocation, is that
	// nothing was said.
	CRLs map[string][]byte `json:"crls"`
}

// Policy is a trust policy document, compiled. It is immutable.
type Policy struct {
	name       string
	digest     string
	document   *trustpolicy.Document
	statements map[string]*Statement
}

// New compiles a trust policy. The name stands in messages. What is wrong with it
// is the operator's mistake.
func New(name string, s Source) (*Policy, error) {
	document, err := ParseDocument(s.Document)
	if err != nil {
		return nil, err
	}
	stores, err := parseStores(s.Stores)
	if err != nil {
		return nil, err
	}
	lists, err := parseLists(s)
	if err != nil {
		return nil, err
	}
	p := &Policy{name: name, document: document, statements: map[string]*Statement{}}
	for _, statement := range document.TrustPolicies {
		compiled, err := compile(name, statement, stores, lists)
		if err != nil {
			return nil, err
		}
		p.statements[statement.Name] = compiled
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("trust policy: %w", err)
	}
	sum := sha256.Sum256(raw)
	p.digest = hex.EncodeToString(sum[:])
	return p, nil
}

// Digest identifies the trust policy by everything that it rests on.
func (p *Policy) Digest() string { return p.digest }

// ParseDocument reads a trust policy document by notation's own rules. Unlike
// notation it refuses keys that it does not know: a misspelt override would
// silently not be one.
func ParseDocument(raw []byte) (*trustpolicy.Document, error) {
	var document trustpolicy.Document
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&document); err != nil {
		return nil, fmt.Errorf("not a trust policy document: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("not a trust policy document: more than one JSON value")
	}
	for i := range document.TrustPolicies {
		for j, scope := range document.TrustPolicies[i].RegistryScopes {
			document.TrustPolicies[i].RegistryScopes[j] = normalised(scope)
		}
	}
	if err := document.Validate(); err != nil {
		return nil, err
	}
	return &document, nil
}

// normalised gives a registry scope the one spelling that images have here:
// index.docker.io is docker.io. A scope whose first segment is no host by Docker's
// rule, such as local/layout, stays what it is and means no image.
func normalised(scope string) string {
	host, _, _ := strings.Cut(scope, "/")
	if host != "localhost" && !strings.ContainsAny(host, ".:") {
		return scope
	}
	repository, err := registry.ParseRepository(scope)
	if err != nil {
		return scope
	}
	return repository.String()
}

// For returns the statement for a repository: the one that names it, or else the
// one for all ("*"). None is [fault.NotEnforced]: nothing would be verified.
func (p *Policy) For(repository registry.Repository) (*Statement, error) {
	chosen, err := p.document.GetApplicableTrustPolicy(repository.String() + "@")
	if err != nil {
		return nil, fault.Newf(fault.NotEnforced, "", "",
			"no statement of trust policy %q is for %s: its registryScopes name others", p.name, repository)
	}
	return p.statements[chosen.Name], nil
}

// Statement is one statement of a trust policy document.
type Statement struct {
	trustpolicy.TrustPolicy
	policy   string
	level    *trustpolicy.VerificationLevel
	lists    *lists
	verifier notation.Verifier
}

func compile(policy string, t trustpolicy.TrustPolicy, stores stores, l *lists) (*Statement, error) {
	level, err := t.SignatureVerification.GetVerificationLevel()
	if err != nil {
		return nil, err
	}
	for _, store := range t.TrustStores {
		if stores[store] == nil {
			return nil, fmt.Errorf("statement %q uses the trust store %q, which is not in trust_store; there are %q", t.Name, store, slices.Sorted(maps.Keys(stores)))
		}
	}
	s := &Statement{TrustPolicy: t, policy: policy, level: level, lists: l}
	if l == nil && s.asksForRevocation() {
		return nil, fmt.Errorf("statement %q asks whether certificates are revoked, and no list is fetched while a decision is made: name lists under revocation.crls, or say revocation: {skip: true}", t.Name)
	}
	code, stamp, err := l.validators()
	if err != nil {
		return nil, err
	}
	only := &trustpolicy.Document{Version: "1.0", TrustPolicies: []trustpolicy.TrustPolicy{t}}
	s.verifier, err = verifier.NewWithOptions(only, stores, nil, verifier.VerifierOptions{
		RevocationCodeSigningValidator: code, RevocationTimestampingValidator: stamp,
	})
	return s, err
}

// asksForRevocation says whether verification by this statement ever asks if a
// certificate is revoked. Those of time stamps are always asked about.
func (s *Statement) asksForRevocation() bool {
	return s.level.Name != trustpolicy.LevelSkip.Name &&
		(s.level.Enforcement[trustpolicy.TypeRevocation] != trustpolicy.ActionSkip || s.stamped())
}

// stamped says whether the statement names authorities for time stamps.
func (s *Statement) stamped() bool {
	return slices.ContainsFunc(s.TrustStores, func(store string) bool {
		return strings.HasPrefix(store, string(truststore.TypeTSA)+":")
	})
}

// Enforced returns nil if what the statement lets pass is a proof. With the levels
// skip and audit, or where authenticity is only logged, notation lets pass what
// anybody has signed: that is [fault.NotEnforced].
func (s *Statement) Enforced() error {
	switch {
	case s.level.Name == trustpolicy.LevelSkip.Name:
		return fault.Newf(fault.NotEnforced, "", "",
			"statement %q of trust policy %q has the level skip: nothing is verified, which proves nothing", s.Name, s.policy)
	case s.level.Enforcement[trustpolicy.TypeAuthenticity] != trustpolicy.ActionEnforce:
		return fault.Newf(fault.NotEnforced, "", "",
			"statement %q of trust policy %q only logs who signed (level %s), which proves nothing: its level has to be strict or permissive", s.Name, s.policy, s.SignatureVerification.VerificationLevel)
	}
	return nil
}
