package admission

import (
	"regexp"
	"slices"
	"strings"
)

// kyvernoCEL reads the policies of policies.kyverno.io, which are written in CEL.
func (r *reader) kyvernoCEL() {
	const group = "policies.kyverno.io"
	for _, s := range r.of(group, "ValidatingPolicy", "NamespacedValidatingPolicy") {
		rule, e := r.celPolicy(s, Kyverno, "")
		r.kyvernoSettings(rule, s, e)
	}
	for _, s := range r.of(group, "ImageValidatingPolicy", "NamespacedImageValidatingPolicy") {
		rule, e := r.celPolicy(s, Kyverno, "")
		rule.forget(NamesOnly, ContainersNotCovered, KindsNotCovered)
		r.imageValidating(rule, s)
		r.kyvernoSettings(rule, s, e)
	}
	for _, s := range r.of(group, "PolicyException") {
		r.celException(s)
	}
}

// kyvernoSettings reads actions, timeout, evaluation and what Kyverno makes of
// a policy for Pods.
func (r *reader) kyvernoSettings(rule *Rule, s *source, e extent) {
	spec := s.root().at("spec")
	effect, said, at := validationActions(spec.at("validationActions"))
	if !spec.at("validationActions").is() {
		effect, said, at = Deny, "", spec.at("validationActions")
	}
	switch {
	case spec.at("evaluation", "admission", "enabled").truth(Yes) == No:
		rule.act(Off, "evaluation.admission.enabled: false", spec.at("evaluation", "admission", "enabled"))
	case spec.at("evaluation", "mode").text() == "JSON":
		rule.act(Off, "evaluation.mode: JSON", spec.at("evaluation", "mode"))
	default:
		rule.act(effect, said, at)
	}
	rule.wait(spec.at("webhookConfiguration", "timeoutSeconds"), 10)
	if strings.HasPrefix(s.kind(), "Namespaced") {
		e.include = []string{s.ref.Namespace}
		rule.Scope.Namespaces.Include = e.include
		rule.fact(NamespacesLimited, s.root().at("metadata", "namespace"), "it is asked only in its own namespace %s", s.ref.Namespace)
	}
	rule.Scope.Ephemeral = ephemeralOf(rule)
	rule.forget(EphemeralNotCovered)
	if rule.Scope.Pods == No && rule.About == AboutImage && !spec.at("images").is() {
		rule.fact(KindsNotCovered, spec.at("matchConstraints"), "it is not asked of pods: what is made as a Pod passes")
	}
	image := rule.match.image
	rule.match = matcher{object: generatedToo(spec, e), image: image}
	rule.match.looksAt(e.objects)
	rule.hurry()
	r.rule(rule)
}

// ephemeralOf says whether the subresource is asked: where it is named, it is,
// and whether Kyverno adds it to pods is not known of these policies.
func ephemeralOf(rule *Rule) Truth {
	if rule.Scope.Ephemeral == Yes || rule.Scope.Pods == No {
		return rule.Scope.Ephemeral
	}
	return Unknown
}

// generatedToo asks what is said of Pods of the controllers that are named.
func generatedToo(spec node, e extent) func(*subject) answer {
	controllersOf := spec.at("autogen", "podControllers", "controllers").texts()
	return func(s *subject) answer {
		asked := *s
		if slices.Contains(controllersOf, strings.ToLower(resource(s.kind.Kind))) && slices.Contains(controllers, s.kind) {
			asked.kind = podKind
		}
		return e.answer(&asked)
	}
}

// imageValidating reads what an ImageValidatingPolicy verifies.
func (r *reader) imageValidating(rule *Rule, s *source) {
	spec := s.root().at("spec")
	rule.About = AboutImage
	settings := spec.at("validationConfigurations")
	rule.Required, rule.MutateDigest, rule.VerifyDigest = settings.at("required").truth(Yes), settings.at("mutateDigest").truth(Yes), settings.at("verifyDigest").truth(Yes)
	text := expressions(spec)
	rule.Checks = rule.Checks[:0]
	rule.imageLists(spec, text)
	rule.globs(spec.at("matchImageReferences"))
	rule.celAttestors(spec, text)
	if rule.MutateDigest == No && rule.VerifyDigest == No {
		rule.fact(TagNotVerified, settings, "mutateDigest and verifyDigest are false: what is verified by tag may be another image when it is pulled")
	}
	if rule.Required == No {
		rule.fact(NotRequired, settings.at("required"), "required is false: an image that was not verified is admitted")
	}
}

// imageLists says which lists are verified. Where verification is required of
// all images, lists that no validation names are not admitted unseen for sure.
func (r *Rule) imageLists(spec node, text string) {
	l := readText(text)
	r.Scope.Containers = l.lists
	if r.Required == Yes {
		for _, list := range []*Truth{&r.Scope.Containers.Containers, &r.Scope.Containers.InitContainers, &r.Scope.Containers.Ephemeral} {
			if *list == No {
				*list = Unknown
			}
		}
		return
	}
	r.covers(l.lists, spec.at("validations"))
}

// globs reads which images are judged.
func (r *Rule) globs(at node) {
	for _, item := range at.list() {
		if expression := item.at("expression"); expression.is() {
			r.Images.Include = append(r.Images.Include, Pattern{Text: expression.text(), Reading: CEL, Matches: Unknown, Place: item.place()})
			continue
		}
		text := item.at("glob").text()
		p := Pattern{Text: text, Reading: Glob, Matches: reachable(text), Place: item.place()}
		r.Images.Include = append(r.Images.Include, p)
		if p.Matches == No {
			r.fact(ImagesMatchNothing, item, "no image matches %q: it is compared with registry/path:tag or registry/path@digest as a whole", text)
		}
		r.example(item.at("glob"), "pattern of images", text)
	}
	r.limited(at)
	if len(r.Images.Include) == 0 {
		r.Images.All = Yes
	}
	r.match.image = patterns(r.Images.Include, nil, kyvernoPattern)
}

// lenientWords are parts of expressions that hold whatever was verified: the number
// of signatures is never below 0.
var lenientWords = regexp.MustCompile(`>=\s*0\b|>\s*-\s*\d|!=\s*-\s*\d|\|\|\s*true\b|\btrue\s*\|\|`)

// celAttestors reads the attestors that a validation names. The others are not
// in effect.
func (r *Rule) celAttestors(spec node, text string) {
	set := AttestorSet{For: "signature", Attestors: []Attestor{}, Place: spec.at("attestors").place()}
	for _, at := range spec.at("attestors").list() {
		name := at.at("name").text()
		if !strings.Contains(text, "attestors."+name) && !strings.Contains(text, `attestors["`+name) && !strings.Contains(text, `attestors['`+name) {
			continue
		}
		set.Attestors = append(set.Attestors, r.celAttestor(name, at)...)
	}
	if strings.Contains(text, "verifyImageSignature") {
		r.check(CheckSignature)
	}
	for _, at := range spec.at("attestations").list() {
		if strings.Contains(text, "attestations."+at.at("name").text()) {
			r.check(predicate(at.first("intoto", "referrer").at("type").text()))
		}
	}
	if strings.Contains(text, "verifyAttestationSignature") {
		r.check(CheckAttestation)
	}
	if lenient := lenientWords.FindString(text); lenient != "" {
		r.fact(NotRequired, spec.at("validations"), "an expression has %q, which holds of images without a signature", lenient)
	}
	r.Attestors = append(r.Attestors, set)
	if !r.verifies() || len(set.Attestors) == 0 {
		r.fact(NoAttestor, spec.at("validations"), "no validation verifies a signature of one of the attestors")
	}
	if len(set.Attestors) == 1 {
		r.Attestors[len(r.Attestors)-1].Count = 1 // with more of them the expression counts
	}
}

func (r *Rule) celAttestor(name string, at node) []Attestor {
	cosign := at.at("cosign")
	log := cosign.at("ctlog")
	var out []Attestor
	switch {
	case at.at("notary").is():
		out = append(out, attestor("notary", name, at))
	case cosign.at("key").is():
		a := attestor("key", name, cosign.at("key"))
		if len(cosign.at("key").names()) == 0 {
			r.fact(NoAttestor, cosign.at("key"), "the attestor %s names no key", name)
		}
		if cosign.at("key", "kms").is() {
			a = attestor("kms", cosign.at("key", "kms").text(), cosign.at("key"))
		}
		if cosign.at("key", "expression").is() {
			r.fact(KeysFromObject, cosign.at("key", "expression"), "the key is read by the expression %s: whoever may change what it reads decides who may sign", oneLine(cosign.at("key", "expression").text()))
		}
		r.exampleKey(cosign.at("key", "data"), cosign.at("key", "data").text())
		out = append(out, a)
	case cosign.at("keyless").is():
		out = append(out, r.keyless(name, cosign.at("keyless")))
	case cosign.at("certificate").is():
		out = append(out, attestor("certificate", name, cosign.at("certificate")))
	default:
		out = append(out, attestor("none", name, at))
		r.fact(NoAttestor, at, "the attestor %s names neither key, keyless signers, certificate nor notary", name)
	}
	for i := range out {
		out[i].IgnoreTlog, out[i].IgnoreSCT = log.at("insecureIgnoreTlog").truth(No), log.at("insecureIgnoreSCT").truth(No)
		r.transparency(&out[i], log.at("insecureIgnoreTlog"))
	}
	return out
}

// keyless reads identities, any of which may have signed. None is everybody.
func (r *Rule) keyless(name string, at node) Attestor {
	a := attestor("keyless", name, at)
	for _, identity := range at.at("identities").list() {
		a.Identities = append(a.Identities, r.identity(identity, false))
	}
	if len(a.Identities) == 0 {
		a.Identities = append(a.Identities, r.judge(Identity{Place: at.place()}, at.at("identities"), false))
	}
	return a
}
