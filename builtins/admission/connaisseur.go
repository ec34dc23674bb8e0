package admission

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/selection"
)

// connaisseur reads the values of Connaisseur's chart: since 3.0 under
// kubernetes and application, before at the top.
func (r *reader) connaisseur(root node) {
	app, features := root.at("application"), root.at("application", "features")
	if !app.is() {
		app, features = root, root
	}
	policy := app.at("policy").list()
	validators := map[string]node{}
	for _, v := range app.at("validators").list() {
		validators[v.at("name").text()] = v
	}
	if len(policy) == 0 {
		rule := r.connaisseurRule(root, features, root, "")
		rule.fact(PolicyMissing, app.at("policy"), "it has no policy: every image is refused")
		r.rule(rule)
	}
	of := mostSpecific(policy)
	for i, entry := range policy {
		rule := r.connaisseurRule(root, features, entry, entry.at("pattern").text())
		rule.validated(entry, validators)
		rule.match.image = decides(i, of)
		r.rule(rule)
	}
}

// connaisseurOverridden takes into the rules of a chart what another file of values,
// which has no policy, says of it: such files are laid over each other.
func (r *reader) connaisseurOverridden(root node) {
	features, failure := root.at("application", "features"), root.at("kubernetes", "webhook", "failurePolicy")
	for _, rule := range r.rules {
		if rule.System != Connaisseur || rule.Object.Kind != valuesKind {
			continue
		}
		if detect := features.first("detectionMode", "detection_mode"); detect.truth(No) == Yes {
			rule.act(Warn, "detectionMode: true", detect)
		}
		if failure.is() && failure.text() != "Fail" {
			rule.failure(failure, rule.ref(), "Fail")
		}
		rule.approvals(features)
	}
}

// connaisseurRule reads what holds for all images.
func (r *reader) connaisseurRule(root, features, at node, name string) *Rule {
	rule := newRule(Connaisseur, name, at)
	rule.About, rule.Required, rule.MutateDigest, rule.VerifyDigest = AboutImage, Yes, Yes, No
	rule.act(Deny, "", at)
	for _, field := range []string{"detectionMode", "detection_mode"} {
		if detect := features.at(field); detect.truth(No) == Yes {
			rule.act(Warn, field+": true", detect)
		}
	}
	failure := root.at("kubernetes", "webhook", "failurePolicy")
	if !failure.is() {
		failure = root.first("webhook", "deployment").at("failurePolicy")
	}
	rule.failure(failure, rule.ref(), "Fail")
	rule.Timeout = Timeout{Seconds: 30, Place: rule.Place}
	rule.Scope.Operations = []string{"CREATE", "UPDATE"}
	rule.Scope.Kinds = append([]Kind{podKind, {Kind: "Pod", Subresource: "ephemeralcontainers"}}, controllers...)
	rule.Scope.Pods, rule.Scope.Ephemeral = Yes, Yes
	rule.covers(Lists{Yes, Yes, Yes, No}, at)
	rule.approvals(features)
	only := features.at("resourceValidationMode").text() == "podsOnly" // what makes Pods is only warned of; they are refused
	e := extent{kinds: func(k Kind) Truth { return said(k == podKind || !only && slices.Contains(controllers, k)) }}
	e.namespaces = rule.annotated(features)
	rule.match = e.matcher()
	return rule
}

func (r *Rule) approvals(features node) {
	if at := features.at("automaticUnchangedApproval"); at.truth(No) == Yes {
		r.fact(ApprovedUnseen, at, "automaticUnchangedApproval: an object whose image references do not change is approved without verifying them")
	}
	if at := features.first("automaticChildApproval", "automatic_child_approval"); at.truth(No) == Yes || at.at("enabled").truth(No) == Yes {
		r.fact(ApprovedUnseen, at, "automaticChildApproval: what an approved object makes is approved without verifying it")
	}
}

// annotated reads namespacedValidation: which namespaces are judged, by their label.
func (r *Rule) annotated(features node) selector {
	at := features.first("namespacedValidation", "namespaced_validation")
	const label = "securesystemsengineering.connaisseur/webhook"
	if !at.is() || at.at("enabled").truth(Yes) == No {
		return selector{}
	}
	if at.at("mode").text() == "validate" {
		r.Scope.Namespaces.Selector = label + "=validate"
		r.fact(OptInNeeded, at.at("mode"), "namespacedValidation is validate: only namespaces with the label %s=validate are judged", label)
		return selecting(label, selection.In, "validate")
	}
	r.Scope.Namespaces.Selector = label + "!=ignore"
	r.fact(NamespacesSelected, at, "namespaces with the label %s=ignore are left out: whoever may label a namespace leaves it out", label)
	return selecting(label, selection.NotIn, "ignore")
}

func selecting(key string, operator selection.Operator, values ...string) selector {
	var s selector
	s.require(key, operator, values)
	return s
}

func optInSelector() selector { return selecting(optIn, selection.In, "true") }

// validated reads a pattern of the policy with its validator.
func (r *Rule) validated(entry node, validators map[string]node) {
	text := entry.at("pattern").text()
	r.Images.Include = append(r.Images.Include, Pattern{Text: text, Reading: Connaisseurs, Matches: Yes, Place: entry.at("pattern").place()})
	r.Images.All = said(strings.Trim(text, "*:") == "")
	r.example(entry.at("pattern"), "pattern of images", text)
	name := first(entry.at("validator").text(), "default")
	v, known := validators[name]
	if !known {
		r.fact(PolicyMissing, entry.at("validator"), "there is no validator %s: what matches is refused", name)
		return
	}
	with := entry.at("with")
	switch kind := v.at("type").text(); kind {
	case "static":
		r.staticValidator(v, entry)
	default:
		r.check(CheckSignature)
		r.trustRoots(v, with, kind)
	}
	if mode := with.at("mode"); mode.text() == "insecureValidateOnly" {
		r.MutateDigest = No
		r.fact(TagNotVerified, mode, "mode is insecureValidateOnly: what is verified by tag may be another image when it is pulled")
	}
}

func (r *Rule) staticValidator(v, entry node) {
	a := attestor("static", v.at("name").text(), v)
	a.Static = map[Truth]string{Yes: "pass", No: "fail"}[v.at("approve").truth(No)]
	r.Attestors = append(r.Attestors, AttestorSet{Count: 1, For: "signature", Attestors: []Attestor{a}, Place: v.place()})
	r.check(CheckRegistry)
	if a.Static == "pass" {
		r.fact(StaticPass, entry.first("validator", "pattern"), "the validator %s approves every image that matches %q without verifying it", a.Name, entry.at("pattern").text())
		return
	}
	r.fact(StaticFail, entry.first("validator", "pattern"), "the validator %s refuses every image that matches %q", a.Name, entry.at("pattern").text())
}

// trustRoots reads which keys must have signed: one, or a number of them.
func (r *Rule) trustRoots(v, with node, kind string) {
	set := AttestorSet{Count: 1, For: "signature", Attestors: []Attestor{}, Place: v.place()}
	wanted := first(with.first("trustRoot", "trust_root").text(), "default")
	for _, root := range v.first("trustRoots", "trust_roots").list() {
		if wanted != "*" && root.at("name").text() != wanted {
			continue
		}
		set.Attestors = append(set.Attestors, r.trustRoot(root, kind))
	}
	if wanted == "*" {
		set.Count = len(set.Attestors)
		if n, ok := with.at("threshold").number(); ok && n > 0 {
			set.Count = n
		}
	}
	if log := with.first("verifyInTransparencyLog", "verify_tlog"); log.truth(Yes) == No {
		for i := range set.Attestors {
			set.Attestors[i].IgnoreTlog = Yes
			r.transparency(&set.Attestors[i], log)
		}
	}
	r.Attestors = append(r.Attestors, set)
	r.enough(set, v.first("trustRoots", "trust_roots"))
}

func (r *Rule) trustRoot(root node, kind string) Attestor {
	name := root.at("name").text()
	if keyless := root.at("keyless"); keyless.is() {
		a := attestor("keyless", name, keyless)
		a.Identities = append(a.Identities, r.identity(keyless, false))
		return a
	}
	key := root.first("key", "cert")
	r.exampleKey(key, key.text())
	switch {
	case strings.HasPrefix(kind, "notaryv2") || kind == "notation":
		return attestor("notary", name, root)
	case strings.Contains(key.text(), "://") && !strings.HasPrefix(key.text(), "-----"):
		return attestor("kms", key.text(), root)
	}
	return attestor("key", name, root)
}

// mostSpecific returns which pattern decides of an image, -1 if none: that with
// most components, then with the longest common beginning in them, then with the
// longest components, from the left.
func mostSpecific(policy []node) func(image) int {
	list := make([][]string, len(policy))
	for i, entry := range policy {
		list[i] = strings.Split(entry.at("pattern").text(), "/")
	}
	known := map[string]int{}
	return func(i image) int {
		if best, ok := known[i.written]; ok {
			return best
		}
		best := -1
		components := strings.Split(i.kyverno(), "/")
		for k, pattern := range list {
			if len(pattern) > len(components) || !glob(strings.Join(pattern, "/"), i.kyverno()) {
				continue
			}
			if best < 0 || closer(pattern, list[best], components) {
				best = k
			}
		}
		known[i.written] = best
		return best
	}
}

// decides says whether the pattern at index decides of an image.
func decides(index int, of func(image) int) func(string, image) answer {
	return func(_ string, i image) answer {
		if i.repository == "" {
			return unsure("the image is no reference")
		}
		return answer{truth: said(of(i) == index)}
	}
}

// closer says whether a pattern is more specific than another that matches, too.
func closer(a, b, image []string) bool {
	if len(a) != len(b) {
		return len(a) > len(b)
	}
	for i := range a {
		if x, y := common(a[i], image[i]), common(b[i], image[i]); x != y {
			return x > y
		}
	}
	for i := range a {
		if len(a[i]) != len(b[i]) {
			return len(a[i]) > len(b[i])
		}
	}
	return false
}

func common(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
