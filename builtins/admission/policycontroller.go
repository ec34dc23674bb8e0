package admission

import (
	"slices"
	"strings"
)

// optIn is the label of namespaces that policy-controller judges by default.
const optIn = "policy.sigstore.dev/include"

// policyController reads ClusterImagePolicies and the settings beside them.
func (r *reader) policyController() {
	for _, s := range r.of("policy.sigstore.dev", "ClusterImagePolicy") {
		r.clusterImagePolicy(s)
	}
	for _, s := range r.of("policy.sigstore.dev", "TrustRoot") {
		r.component(PolicyController, "keys", s)
	}
	for _, s := range r.of("", "ConfigMap") {
		if s.ref.Name == "config-policy-controller" {
			r.noMatch(s)
		}
	}
}

func (r *reader) clusterImagePolicy(s *source) {
	spec := s.root().at("spec")
	rule := newRule(PolicyController, "", s.root())
	rule.About, rule.Required, rule.MutateDigest, rule.VerifyDigest = AboutImage, Yes, Yes, Yes
	rule.known(spec, "images", "authorities", "policy", "mode", "match")
	mode := spec.at("mode")
	effect, known := map[string]Effect{"": Deny, "enforce": Deny, "warn": Warn}[mode.text()]
	if !known {
		effect = EffectUnknown
	}
	rule.act(effect, mode.text(), mode)
	rule.Timeout = Timeout{Seconds: 10, Place: rule.Place}
	rule.Scope.Operations = []string{"CREATE", "UPDATE"}
	rule.covers(Lists{Yes, Yes, Yes, No}, s.root())
	rule.Scope.Ephemeral = Yes
	rule.match = cipMatch(rule, spec)
	rule.sigstoreImages(spec.at("images"))
	r.authorities(rule, spec)
	rule.hurry()
	r.rule(rule)
}

// cipMatch reads which resources are judged: all that the webhook is asked of,
// or those that are named.
func cipMatch(rule *Rule, spec node) matcher {
	var parts []extent
	for _, item := range spec.at("match").list() {
		group, version, plural := item.at("group").text(), item.at("version").text(), item.at("resource").text()
		e := extent{objects: readSelector(item.at("selector"))}
		e.kinds = func(k Kind) Truth {
			return said((group == "" || group == k.Group) && (plural == "" || plural == resource(k.Kind)) &&
				served(k, func(of string) bool { return version == "" || version == of }))
		}
		rule.Scope.Kinds = append(rule.Scope.Kinds, Kind{Group: group, Kind: kindOf(group, plural)})
		if !e.objects.empty() {
			rule.Scope.Objects = e.objects.String()
			rule.fact(ObjectsExcluded, item.at("selector"), "it is asked only of objects whose labels are %s: whoever writes an object leaves it out", e.objects)
		}
		parts = append(parts, e)
	}
	m := matcher{object: func(s *subject) answer {
		answers := []answer{}
		for _, e := range parts {
			answers = append(answers, e.answer(s))
		}
		if len(parts) == 0 {
			return applies
		}
		return some(answers...)
	}}
	for _, e := range parts {
		m.looksAt(e.objects)
	}
	rule.Scope.Pods = Yes
	if len(parts) > 0 && !slices.ContainsFunc(parts, func(e extent) bool { return e.kinds(podKind) == Yes }) {
		rule.Scope.Pods = No
		rule.fact(KindsNotCovered, spec.at("match"), "it does not match pods: what is made as a Pod passes")
	}
	return m
}

// sigstoreImages reads the globs of images.
func (r *Rule) sigstoreImages(at node) {
	for _, item := range at.list() {
		r.Images.Include = append(r.Images.Include, r.sigstoreGlob(item.at("glob")))
	}
	r.limited(at)
	if slices.ContainsFunc(r.Images.Include, func(p Pattern) bool { return p.Text == "*" || p.Text == "*/*" }) && !r.everything() {
		r.Images.All = No
		r.fact(ImagesLimited, at, "* is only index.docker.io/library/*, and */* only index.docker.io/*/*; ** is every image")
	}
	if len(r.Images.Include) == 0 {
		r.fact(ImagesMatchNothing, at, "it names no images: it judges none")
	}
	r.match.image = patterns(r.Images.Include, nil, sigstorePattern(r.Images.Include))
}

func (r *Rule) sigstoreGlob(at node) Pattern {
	text := at.text()
	p := Pattern{Text: text, Reading: Glob, Matches: Yes, Place: at.place()}
	switch {
	case unresolved(text):
		p.Matches = Unknown
	case compile(text) == nil || strings.Contains(text, "://"):
		p.Matches = No
		r.fact(ImagesMatchNothing, at, "the glob %q is refused, or matches no reference", text)
	case strings.HasPrefix(text, "docker.io/"):
		p.Matches = Unknown
		r.fact(ImagesLimited, at, "the images of Docker Hub are compared as index.docker.io/…: %q matches only what is written so and has a digest", text)
	case exactTag(text):
		p.Matches = Unknown
		r.fact(ImagesLimited, at, "images are compared with their digest: %q may match only before the tag is replaced", text)
	}
	r.example(at, "pattern of images", text)
	return p
}

// sigstorePattern compares images with globs, by all names that the controller
// may know them by.
func sigstorePattern(list []Pattern) func(Pattern, image) Truth {
	expressions := map[string]func(string) bool{}
	for _, p := range list {
		if e := compile(p.Text); e != nil {
			expressions[p.Text] = e.MatchString
		}
	}
	return func(p Pattern, i image) Truth {
		match, ok := expressions[p.Text]
		switch {
		case !ok:
			return p.Matches
		case i.repository == "":
			return Unknown
		case match(i.sigstore()), match(i.written):
			return Yes
		}
		return sigstoreByDigest(match, i)
	}
}

func (r *Rule) everything() bool {
	return slices.ContainsFunc(r.Images.Include, func(p Pattern) bool { return p.Text == "**" })
}

func exactTag(text string) bool {
	last := afterSlash(text)
	colon := strings.LastIndexByte(last, ':')
	return colon >= 0 && !strings.Contains(last, "@") && !strings.Contains(last[colon:], "*")
}

// sigstoreByDigest asks whether a glob matches the image when its tag has been
// replaced by a digest, as the controller does.
func sigstoreByDigest(match func(string) bool, i image) Truth {
	at := strings.TrimSuffix(i.sigstore(), i.version) + "@sha256:" + strings.Repeat("0", 64)
	return map[bool]Truth{true: Yes, false: No}[match(at)]
}

// authorities reads who must have signed: any of the authorities is enough.
func (r *reader) authorities(rule *Rule, spec node) {
	set := AttestorSet{Count: 1, For: "signature", Attestors: []Attestor{}, Place: spec.at("authorities").place()}
	for _, at := range spec.at("authorities").list() {
		set.Attestors = append(set.Attestors, r.authority(rule, at, spec))
	}
	rule.Attestors = append(rule.Attestors, set)
	rule.enough(set, spec.at("authorities"))
}

func (r *reader) authority(rule *Rule, at, spec node) Attestor {
	name := at.at("name").text()
	var a Attestor
	switch {
	case at.at("static").is():
		return rule.static(name, at.at("static"))
	case at.at("keyless").is():
		a = rule.keyless(name, at.at("keyless"))
		a.IgnoreSCT = at.at("keyless", "insecureIgnoreSCT").truth(No)
	case at.at("key").is():
		a = r.authorityKey(rule, name, at.at("key"))
	default:
		rule.fact(NoAttestor, at, "the authority names neither key, keyless signers nor static")
		return attestor("none", name, at)
	}
	rule.check(CheckSignature)
	log := at.at("ctlog")
	if log.is() && !log.at("url").is() && !log.at("trustRootRef").is() || !log.is() && a.Kind != "keyless" {
		a.IgnoreTlog = Yes
		if log.is() {
			rule.transparency(&a, log)
		}
	}
	for _, attestation := range at.at("attestations").list() {
		kind := attestation.at("predicateType").text()
		rule.check(CheckAttestation, predicate(kind))
		if !looked(attestation.at("policy")) && !looked(spec.at("policy")) {
			rule.fact(AttestationUnchecked, attestation, "it has no policy: an attestation of the type %s is enough, whatever it says", kind)
		}
	}
	return a
}

// looked says whether a policy of an attestation looks at it. What stands elsewhere
// is taken to.
func looked(policy node) bool {
	text := policy.at("data").text()
	if policy.at("type").text() == "rego" {
		return !policy.at("data").is() && policy.is() || strings.Contains(uncomment(text), "input")
	}
	return policy.is() && (!policy.at("data").is() || strings.TrimSpace(text) != "")
}

func (r *Rule) static(name string, at node) Attestor {
	a := attestor("static", name, at)
	a.Static = at.at("action").text()
	switch a.Static {
	case "pass":
		r.fact(StaticPass, at.at("action"), "static: pass accepts the images of the policy without verifying anything")
		for _, p := range r.Images.Include {
			if why := unanchored(p.Text, Glob); why != "" {
				r.factAt(ImagesUnanchored, p.Place, "the pattern %q: %s", p.Text, why)
			}
		}
	case "fail":
		r.fact(StaticFail, at.at("action"), "static: fail refuses the images of the policy")
		r.check(CheckRegistry)
	default:
		r.fact(ActionUnknown, at.first("action"), "static says %q, and it is not known what that does", oneLine(a.Static))
	}
	return a
}

func (r *reader) authorityKey(rule *Rule, name string, at node) Attestor {
	switch {
	case at.at("kms").is():
		return attestor("kms", at.at("kms").text(), at)
	case at.at("secretRef").is():
		secret := at.at("secretRef")
		space := first(secret.at("namespace").text(), "cosign-system")
		r.keyObject(rule, "Secret", space, secret.at("name").text(), "", secret)
		return attestor("key", "Secret "+space+"/"+secret.at("name").text(), at)
	}
	if strings.TrimSpace(at.at("data").text()) == "" {
		rule.fact(NoAttestor, at, "it names no key: no signature is verified with it")
	}
	rule.exampleKey(at.at("data"), at.at("data").text())
	return attestor("key", name, at)
}

// noMatch reads what happens to images that no policy matches.
func (r *reader) noMatch(s *source) {
	c := r.component(PolicyController, "config", s)
	at := s.root().at("data", "no-match-policy")
	switch at.text() {
	case "allow", "warn":
		c.fact(NoMatchAllowed, at, "no-match-policy is %s: images that no ClusterImagePolicy matches are admitted", at.text())
	}
	if s.root().at("data", "fail-on-empty-authorities").text() == "false" {
		c.fact(NoAttestor, s.root().at("data", "fail-on-empty-authorities"), "policies without authorities are taken, and accept every image")
	}
}

// optsIn says whether namespaces have to ask to be judged.
func (r *reader) optsIn(rule *Rule, engines []*Rule) {
	if len(engines) > 0 && !slices.ContainsFunc(engines, func(e *Rule) bool { return strings.Contains(e.Scope.Namespaces.Selector, optIn) }) {
		return
	}
	d := Dependency{Role: "opt_in", Kind: "Namespace", Name: optIn + "=true", State: r.absent(), Seen: len(r.spaces), Objects: []Ref{}}
	for _, s := range r.of("", "Namespace") {
		if s.root().at("metadata", "labels", optIn).text() == "true" {
			d.State, d.Objects = Found, append(d.Objects, s.ref)
		}
	}
	rule.need(d)
	rule.factAt(OptInNeeded, rule.Place, "it is asked only in namespaces with the label %s=true", optIn)
	if d.State == Missing {
		rule.factAt(OptInMissing, rule.Place, "no namespace has the label %s=true: it is asked of nothing", optIn)
	}
	if len(engines) == 0 {
		object := rule.match.object
		wanted := optInSelector()
		rule.match.object = func(s *subject) answer {
			if s.namespace == "" {
				return all(object(s), unsure("the namespace of the object is not known"))
			}
			return all(object(s), s.inSpace(wanted))
		}
	}
}
