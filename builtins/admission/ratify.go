package admission

import (
	"regexp"
	"slices"
	"strings"
)

const ratifyGroup = "config.ratify.deislabs.io"

// ratify reads Ratify's own objects. What they say counts for the constraints
// that ask its provider.
func (r *reader) ratify() {
	for _, s := range r.of(ratifyGroup, "Verifier", "NamespacedVerifier", "ClusterVerifier") {
		r.verifier(s)
	}
	for _, s := range r.of(ratifyGroup, "Policy", "NamespacedPolicy", "ClusterPolicy") {
		c := r.component(Ratify, "image_policy", s)
		ratifyPassthrough(c, s.root().at("spec", "parameters"))
		ratifyRego(c, s.root().at("spec"))
	}
	for _, s := range r.of(ratifyGroup, "Store", "NamespacedStore", "ClusterStore") {
		r.component(Ratify, "store", s)
	}
	for _, s := range r.of(ratifyGroup, "KeyManagementProvider", "NamespacedKeyManagementProvider", "CertificateStore") {
		c := r.component(Ratify, "keys", s)
		if value := s.root().at("spec", "parameters", "value"); exampleKey(value.text()) {
			c.fact(Placeholder, value, "the key or certificate is one of the documentation")
		}
	}
}

// ratifyRego reads a policy in Rego: one that does not look at the reports of the
// verifiers accepts whatever they say.
func ratifyRego(c *Component, spec node) {
	policy := spec.at("parameters", "policy")
	text := uncomment(policy.text())
	switch {
	case !policy.is():
	case !strings.Contains(text, "verifierReports"):
		c.fact(NoAttestor, policy, "its Rego does not look at verifierReports: what the verifiers say decides nothing")
	case validByDefault.MatchString(text):
		c.fact(NotRequired, policy, "its Rego holds an image valid by default")
	}
}

var validByDefault = regexp.MustCompile(`(?m)^\s*default\s+valid\s*:?=\s*true\b`)

func ratifyPassthrough(c *Component, parameters node) {
	if at := parameters.at("passthroughEnabled"); at.truth(No) == Yes {
		c.fact(NotRequired, at, "passthroughEnabled: the constraint gets the reports of all verifiers, and decides alone")
	}
}

func (r *reader) verifier(s *source) {
	spec := s.root().at("spec")
	c := r.component(Ratify, "verifier", s)
	c.About = AboutImage
	parameters := spec.at("parameters")
	switch name := first(spec.at("type").text(), spec.at("name").text()); {
	case strings.Contains(name, "notation"):
		c.Checks = append(c.Checks, CheckSignature)
		notationTrust(c, parameters.at("trustPolicyDoc"))
	case strings.Contains(name, "cosign"):
		c.Checks = append(c.Checks, CheckSignature)
		cosignTrust(c, parameters)
	default:
		c.Checks = append(c.Checks, checksIn(name+" "+spec.at("artifactTypes").text())...)
	}
}

// notationTrust reads Notation's trust policies.
func notationTrust(c *Component, document node) {
	for _, policy := range document.at("trustPolicies").list() {
		notationLevel(c, policy.at("signatureVerification", "level"))
		if ids := policy.at("trustedIdentities"); slices.Contains(ids.texts(), "*") {
			c.fact(IdentityBroad, ids, "trustedIdentities is *: every certificate of the trust stores is accepted")
		}
	}
}

func notationLevel(c *Component, level node) {
	switch level.text() {
	case "skip":
		c.fact(NoAttestor, level, "level is skip: signatures are not verified")
	case "audit":
		c.fact(AuditOnly, level, "level is audit: a signature that fails is only logged")
	case "permissive":
		c.fact(VerificationLenient, level, "level is permissive: expiry and revocation are only logged")
	}
}

// cosignTrust reads the trust policies of the verifier cosign.
func cosignTrust(c *Component, parameters node) {
	rule := &Rule{}
	for _, policy := range parameters.at("trustPolicies").list() {
		if at := policy.at("tLogVerify"); at.truth(Yes) == No {
			c.fact(TlogIgnored, at, "tLogVerify is false: the transparency log is not asked")
		}
		if keyless := policy.at("keyless"); keyless.is() {
			certificate(rule, keyless)
		}
		if !policy.at("keys").is() && !policy.at("keyless").is() {
			c.fact(NoAttestor, policy, "the trust policy names neither keys nor keyless signers")
		}
	}
	c.Facts = append(c.Facts, rule.Facts...)
}

func certificate(rule *Rule, keyless node) {
	rule.judge(Identity{
		Issuer: keyless.at("certificateOIDCIssuer").text(), IssuerRegExp: keyless.at("certificateOIDCIssuerRegExp").text(),
		Subject: keyless.at("certificateIdentity").text(), SubjectRegExp: keyless.at("certificateIdentityRegExp").text(), Place: keyless.place(),
	}, keyless, false)
}

// asksRatify says whether a constraint asks Ratify.
func asksRatify(rule *Rule) bool {
	return slices.ContainsFunc(rule.Depends, func(d Dependency) bool { return d.Role == "provider" && strings.Contains(d.Name, "ratify") }) ||
		strings.Contains(strings.ToLower(rule.Object.Kind), "ratify")
}

// ratified puts what Ratify's objects say into the rules that ask it.
func (r *reader) ratified() {
	for _, rule := range r.rules {
		if !rule.constraint || rule.System != Gatekeeper || !asksRatify(rule) {
			continue
		}
		rule.System = Ratify
		d := Dependency{Role: "verifier", Kind: "Verifier", State: r.absent(), Objects: []Ref{}}
		var checks []Check
		for _, c := range r.components {
			if c.System != Ratify || c.Role == "template" || c.Role == "provider" {
				continue
			}
			c.serves(rule)
			if c.Role == "verifier" {
				d.State, d.Objects, d.Seen = Found, append(d.Objects, c.Object), d.Seen+1
				checks = append(checks, c.Checks...)
			}
			for _, f := range c.Facts {
				rule.takes(f, c.Object.Kind+" "+c.Object.Name)
			}
		}
		rule.need(d)
		if d.State == Found { // what the verifiers verify counts, not what the template is named
			rule.Checks = []Check{}
			rule.check(checks...)
			if len(checks) == 0 {
				rule.check(CheckOther)
				rule.factAt(NoAttestor, rule.Place, "Ratify's verifiers are switched off: nothing is verified")
			}
		}
		if d.State == Missing {
			rule.factAt(NoAttestor, rule.Place, "Ratify has no Verifier: nothing is verified")
		}
	}
}
