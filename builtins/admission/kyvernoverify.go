package admission

import (
	"strings"
)

// verifyImages reads one item of a rule's verifyImages.
func (r *reader) verifyImages(rule *Rule, at, image node) {
	rule.About = AboutImage
	rule.Required, rule.MutateDigest, rule.VerifyDigest = image.at("required").truth(Yes), image.at("mutateDigest").truth(Yes), image.at("verifyDigest").truth(Yes)
	lists := Lists{Yes, Yes, Yes, No}
	switch extractors := at.at("imageExtractors"); {
	case extractors.at("Pod").is(): // in place of all lists of a Pod
		paths := extractors.at("Pod").allText()
		lists = Lists{said(strings.Contains(paths, "/spec/containers/")), said(strings.Contains(paths, "/spec/initContainers/")), said(strings.Contains(paths, "/spec/ephemeralContainers/")), No}
	case extractors.is():
		lists = Lists{Unknown, Unknown, Unknown, No}
	}
	rule.covers(lists, image)
	kinds(rule, at)
	rule.references(image)
	if extractors := at.at("imageExtractors"); extractors.is() && rule.Scope.Pods == No {
		rule.Images.All = No
		rule.fact(ImagesLimited, extractors, "only images in other objects than Pods are verified (imageExtractors): those of Pods are admitted without")
	}
	r.attestors(rule, at, image)
	if rule.VerifyDigest == Yes {
		rule.check(CheckDigest)
	}
	if rule.MutateDigest == No && rule.VerifyDigest == No {
		rule.fact(TagNotVerified, image.first("mutateDigest", "verifyDigest"), "mutateDigest and verifyDigest are false: what is verified by tag may be another image when it is pulled")
	}
	if rule.Required == No {
		rule.fact(NotRequired, image.at("required"), "required is false: an image that was not verified is admitted")
	}
	rule.hurry()
}

// references reads the patterns of images.
func (r *Rule) references(image node) {
	items := image.at("imageReferences").list()
	if old := image.at("image"); old.is() {
		items = append(items, old)
	}
	for _, item := range items {
		p := Pattern{Text: item.text(), Reading: Glob, Matches: reachable(item.text()), Place: item.place()}
		r.Images.Include = append(r.Images.Include, p)
		if p.Matches == No {
			r.fact(ImagesMatchNothing, item, "no image matches %q: it is compared with registry/path:tag or registry/path@digest as a whole", p.Text)
		}
		r.example(item, "pattern of images", p.Text)
	}
	for _, item := range image.at("skipImageReferences").list() {
		p := Pattern{Text: item.text(), Reading: Glob, Matches: reachable(item.text()), Place: item.place()}
		r.Images.Exclude = append(r.Images.Exclude, p)
		r.fact(ImagesExcluded, item, "images that match %q are left out", p.Text)
		r.loose(p)
	}
	if len(items) == 0 {
		r.fact(ImagesMatchNothing, image.first("imageReferences"), "it has no imageReferences: Kyverno refuses it, and it judges no image")
	}
	r.limited(image.first("imageReferences", "image"))
	r.match.image = patterns(r.Images.Include, r.Images.Exclude, kyvernoPattern)
}

// limited says whether all images are judged.
func (r *Rule) limited(at node) {
	r.Images.All = No
	for _, p := range r.Images.Include {
		if strings.Trim(p.Text, "*") == "" && p.Text != "" && len(r.Images.Exclude) == 0 {
			r.Images.All = Yes
		}
	}
	if len(r.Images.Include) == 0 {
		r.Images.All = Unknown
		return
	}
	if r.Images.All == No {
		r.fact(ImagesLimited, at, "only images that match %s are verified: all others are admitted without", texts(r.Images.Include))
	}
}

// texts lists patterns, not more than three of them.
func texts(list []Pattern) string {
	var out []string
	for i, p := range list {
		if i == 3 {
			out = append(out, "…")
			break
		}
		out = append(out, p.Text)
	}
	return strings.Join(out, ", ")
}

func kyvernoPattern(p Pattern, i image) Truth {
	switch {
	case p.Matches == Unknown || i.repository == "":
		return Unknown
	case glob(p.Text, i.kyverno()):
		return Yes
	case strings.HasPrefix(i.repository, "docker.io/library/") && (glob(p.Text, strings.Replace(i.kyverno(), "library/", "", 1)) || glob(p.Text, strings.TrimPrefix(i.kyverno(), "docker.io/library/"))):
		return Unknown // releases of Kyverno differ in how they write the short names of Docker Hub
	}
	return No
}

// attestors reads who must have signed, in the forms of all releases.
func (r *reader) attestors(rule *Rule, at, image node) {
	notary := image.at("type").text() == "Notary"
	sets := image.at("attestors").list()
	for _, set := range sets {
		rule.check(CheckSignature)
		rule.Attestors = append(rule.Attestors, r.attestorSet(rule, at, set, "signature", notary))
	}
	if image.at("key").is() || image.at("roots").is() || image.at("subject").is() || image.at("issuer").is() {
		rule.check(CheckSignature)
		rule.Attestors = append(rule.Attestors, r.oldAttestor(rule, at, image))
	}
	for _, attestation := range image.at("attestations").list() {
		r.attestation(rule, at, attestation, notary, len(sets) > 0)
	}
	if len(rule.Attestors) == 0 {
		rule.fact(NoAttestor, image, "neither attestors nor attestations are named: no signature is verified")
	}
}

func (r *reader) attestation(rule *Rule, at, attestation node, notary, signed bool) {
	kind := first(attestation.at("type").text(), attestation.at("predicateType").text())
	rule.check(predicate(kind))
	if !signed {
		rule.check(CheckAttestation)
	}
	sets := attestation.at("attestors").list()
	for _, set := range sets {
		rule.Attestors = append(rule.Attestors, r.attestorSet(rule, at, set, kind, notary))
	}
	if len(sets) == 0 {
		rule.Attestors = append(rule.Attestors, AttestorSet{For: kind, Attestors: []Attestor{}, Place: attestation.place()})
		rule.fact(NoAttestor, attestation, "nobody is named who must have signed the attestation %s", kind)
	}
	if !says(attestation.at("conditions")) {
		rule.fact(AttestationUnchecked, attestation, "it has no conditions: an attestation of the type %s is enough, whatever it says", kind)
	}
}

// says whether conditions have any in them.
func says(conditions node) bool {
	found := false
	conditions.walk(func(n node) { found = found || n.at("key").is() })
	return found
}

func (r *reader) attestorSet(rule *Rule, at, set node, kind string, notary bool) AttestorSet {
	out := AttestorSet{For: kind, Attestors: []Attestor{}, Place: set.place()}
	for _, entry := range set.at("entries").list() {
		out.Attestors = append(out.Attestors, r.entry(rule, at, entry, notary)...)
	}
	if count, ok := set.at("count").number(); ok && count > 0 {
		out.Count = count
	} else {
		out.Count = len(out.Attestors)
	}
	rule.enough(out, set.first("count", "entries"))
	return out
}

// entry reads one entry. Several keys in one text are several attestors.
func (r *reader) entry(rule *Rule, at, entry node, notary bool) []Attestor {
	switch {
	case entry.at("keyless").is():
		return []Attestor{kyvernoKeyless(rule, entry.at("keyless"))}
	case entry.at("keys").is():
		return r.keys(rule, at, entry.at("keys"))
	case entry.at("certificates").is():
		kind := "certificate"
		if notary {
			kind = "notary"
		}
		a := attestor(kind, "", entry.at("certificates"))
		if entry.at("certificates").first("cert", "certChain").text() == "" {
			rule.fact(NoAttestor, entry.at("certificates"), "neither cert nor certChain is given: nobody is named who must have signed")
		}
		kyvernoLog(rule, &a, entry.at("certificates"))
		return []Attestor{a}
	case entry.at("attestor").is():
		r.attestorSet(rule, at, entry.at("attestor"), "signature", notary) // for its facts: any of its weaknesses is one of the rule
		return []Attestor{attestor("set", "", entry.at("attestor"))}
	}
	rule.fact(NoAttestor, entry, "the entry names neither keys, certificates nor keyless signers")
	return []Attestor{attestor("none", "", entry)}
}

func kyvernoKeyless(rule *Rule, at node) Attestor {
	a := attestor("keyless", "", at)
	a.Identities = []Identity{rule.identity(at, true)}
	kyvernoLog(rule, &a, at)
	return a
}

func kyvernoLog(rule *Rule, a *Attestor, at node) {
	a.IgnoreTlog, a.IgnoreSCT = at.at("rekor", "ignoreTlog").truth(No), at.at("ctlog", "ignoreSCT").truth(No)
	rule.transparency(a, at.at("rekor", "ignoreTlog"))
}

func (r *reader) keys(rule *Rule, at, keys node) []Attestor {
	text := keys.at("publicKeys").text()
	var a Attestor
	switch {
	case keys.at("kms").is():
		a = attestor("kms", keys.at("kms").text(), keys.at("kms"))
	case keys.at("secret").is():
		secret := keys.at("secret")
		a = attestor("key", "Secret "+secret.at("namespace").text()+"/"+secret.at("name").text(), secret)
		r.keyObject(rule, "Secret", secret.at("namespace").text(), secret.at("name").text(), "cosign.pub", secret)
	case strings.HasPrefix(text, "k8s://"):
		a = attestor("key", text, keys.at("publicKeys"))
		space, name, _ := strings.Cut(strings.TrimPrefix(text, "k8s://"), "/")
		r.keyObject(rule, "Secret", space, name, "cosign.pub", keys.at("publicKeys"))
	case strings.Contains(text, "{{"):
		a = attestor("key", text, keys.at("publicKeys"))
		r.variable(rule, at, keys.at("publicKeys"))
	default:
		return r.inline(rule, keys)
	}
	kyvernoLog(rule, &a, keys)
	return []Attestor{a}
}

func (r *reader) inline(rule *Rule, keys node) []Attestor {
	at := keys.at("publicKeys")
	count := max(1, strings.Count(at.text(), "-----BEGIN"))
	out := make([]Attestor, 0, min(count, 100))
	for range min(count, 100) {
		a := attestor("key", "", at)
		kyvernoLog(rule, &a, keys)
		out = append(out, a)
	}
	if strings.TrimSpace(at.text()) == "" {
		rule.fact(NoAttestor, keys, "it names no key: no signature is verified with it")
	} else if !strings.Contains(at.text(), "-----BEGIN PUBLIC KEY-----") && !strings.Contains(at.text(), "://") {
		rule.fact(Placeholder, at, "it is no public key in PEM: no signature can be verified with it")
	}
	rule.exampleKey(at, at.text())
	return out
}

// variable says where a key comes from that is a variable: a ConfigMap of the
// rule's context.
func (r *reader) variable(rule *Rule, at, key node) {
	rule.fact(KeysFromObject, key, "the key is the variable %s: whoever may change what it is read from decides who may sign", oneLine(key.text()))
	for _, context := range at.at("context").list() {
		name := context.at("name").text()
		if name == "" || !strings.Contains(key.text(), name+".") || !context.at("configMap").is() {
			continue
		}
		entry, _, _ := strings.Cut(key.text()[strings.Index(key.text(), name+".")+len(name)+1:], "}}")
		entry = strings.TrimSpace(strings.TrimPrefix(entry, "data."))
		if strings.Contains(entry, "{{") {
			entry = ""
		}
		r.keyObject(rule, "ConfigMap", context.at("configMap", "namespace").text(), context.at("configMap", "name").text(), entry, key)
	}
}

// keyObject notes that a key stands in an object.
func (r *reader) keyObject(rule *Rule, kind, space, name, entry string, at node) {
	all := r.of("", kind)
	d := Dependency{Role: "keys", Kind: kind, Name: strings.TrimPrefix(space+"/"+name, "/"), State: r.absentOf(Kind{Kind: kind}), Seen: len(all), Objects: []Ref{}}
	for _, s := range all {
		if s.ref.Name == name && (s.ref.Namespace == space || space == "" || s.ref.Namespace == "") {
			d.State, d.Objects = Found, append(d.Objects, s.ref)
			if entry != "" && !s.root().at("data", entry).is() && !s.root().at("stringData", entry).is() {
				rule.fact(KeysMissing, at, "the %s %s has no key %s", kind, d.Name, entry)
			}
		}
	}
	rule.need(d)
	if d.State == Missing {
		rule.fact(KeysMissing, at, "the %s %s, in which the key stands, is not there", kind, d.Name)
	}
}

// oldAttestor reads the fields that stood in verifyImages before attestors did.
func (r *reader) oldAttestor(rule *Rule, at, image node) AttestorSet {
	set := AttestorSet{Count: 1, For: "signature", Attestors: []Attestor{}, Place: image.place()}
	key := image.at("key")
	switch text := key.text(); {
	case strings.Contains(text, "{{"):
		r.variable(rule, at, key)
		set.Attestors = append(set.Attestors, attestor("key", text, key))
	case strings.Contains(text, "://"):
		set.Attestors = append(set.Attestors, attestor("kms", text, key))
	case text != "":
		rule.exampleKey(key, text)
		set.Attestors = append(set.Attestors, attestor("key", "", key))
	default:
		a := attestor("keyless", "", image)
		a.Identities = []Identity{rule.identity(image, true)}
		set.Attestors = append(set.Attestors, a)
	}
	return set
}
