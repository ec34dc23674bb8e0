package admission

import (
	"slices"
	"strings"
)

// gatekeeper reads templates, constraints, providers and the Config.
func (r *reader) gatekeeper() {
	templates := r.templates()
	used := map[string]bool{}
	for _, s := range r.sources {
		if s.group() == "constraints.gatekeeper.sh" {
			used[s.kind()] = true
			r.constraint(s, templates[s.kind()], len(templates))
		}
	}
	for kind, l := range templates {
		if !used[kind] && r.complete {
			l.component.fact(BindingMissing, l.src.root(), "there is no constraint of kind %s: the template is not asked", kind)
		}
	}
	for _, s := range r.of("externaldata.gatekeeper.sh", "Provider") {
		r.provider(s)
	}
	for _, s := range r.of("config.gatekeeper.sh", "Config") {
		r.gatekeeperConfig(s)
	}
}

// kindWords tell what a constraint is about whose template is not there.
var kindWords = []string{"image", "repo", "digest", "ratify", "notation", "sbom", "vulnerab", "sign", "cosign", "notary", "tag", "provenance", "registr", "attest"}

func (r *reader) constraint(s *source, l *library, templates int) {
	spec := s.root().at("spec")
	rule := newRule(systemOf(s.kind()), "", s.root())
	rule.constraint = true
	r.constraintTemplate(rule, s, l, templates)
	rule.known(spec, "enforcementAction", "scopedEnforcementActions", "match", "parameters")
	rule.known(spec.at("match"), "kinds", "namespaces", "excludedNamespaces", "labelSelector", "namespaceSelector", "scope", "source", "name")
	constraintAction(rule, spec, l != nil && l.native)
	if asked := constraintKinds(spec.at("match")); rule.About == AboutUnknown && asked(podKind) == No && !makesPods(extent{kinds: asked}) && len(spec.at("match", "kinds").list()) > 0 {
		rule.About = AboutOther
	}
	rule.match = constraintScope(rule, spec.at("match")).matcher()
	if rule.About != AboutOther {
		constraintImages(rule, spec.at("parameters"))
	}
	if rule.System == Waxseal && (l == nil || l.own) {
		ownConstraint(rule, s.kind(), spec.at("parameters"))
	}
	r.constraintProvider(rule, l, spec)
	if l != nil || len(rule.Images.Allowed) > 0 || rule.checks(CheckTag) || rule.checks(CheckDigest) {
		rule.onlyNames(spec)
	}
	r.rule(rule)
}

func (r *reader) constraintTemplate(rule *Rule, s *source, l *library, templates int) {
	d := Dependency{Role: "template", Kind: "ConstraintTemplate", Name: strings.ToLower(s.kind()), State: Found, Seen: templates}
	if l == nil {
		d.State = r.absent()
		rule.need(d)
		rule.guess(s.kind(), d.State == Missing)
		if d.State == Missing {
			rule.fact(TemplateMissing, s.root().at("kind"), "there is no ConstraintTemplate of kind %s: nothing is rejected", s.kind())
		}
		return
	}
	d.Objects = []Ref{l.src.ref}
	rule.need(d)
	l.component.serves(rule)
	rule.About = l.about
	rule.check(l.looks.checks...)
	rule.covers(l.looks.lists, l.src.root().at("spec", "targets"))
	for _, f := range l.component.Facts {
		rule.takes(f, l.src.ref.Kind+" "+l.src.ref.Name)
	}
}

// guess reads a kind whose template is not there by its name.
// What Gatekeeper asks nobody is about what it is named for; else a name verifies
// nothing, but for those of Waxseal and of Ratify's library.
func (r *Rule) guess(kind string, missing bool) {
	lower := strings.ToLower(kind)
	if !slices.ContainsFunc(kindWords, func(w string) bool { return strings.Contains(lower, w) }) {
		return
	}
	r.About = AboutImage
	switch {
	case strings.HasPrefix(kind, "Waxseal"):
		r.Scope.Containers = Lists{Yes, Yes, Yes, Yes}
		r.check(ownChecks(ownPolicies(kind))...)
	case strings.HasPrefix(kind, "K8sAllowedRepos"), kind == "K8sDisallowedRepos", kind == "K8sImageDigests", kind == "K8sDisallowedTags":
		r.Scope.Containers = Lists{Yes, Yes, Yes, No}
		r.check(naming(checksIn(kind))...)
	case !missing && !slices.ContainsFunc(ofRatify, func(w string) bool { return strings.Contains(lower, w) }):
		r.About = AboutUnknown
	default:
		r.check(checksIn(kind)...)
	}
}

// ofRatify are words in the kinds of Ratify's library.
var ofRatify = []string{"ratify", "notation", "cosign", "sbom", "vulnerab"}

// points are the names of admission in enforcementPoints: that of the API server is
// one only of what is written in CEL.
func points(native bool) []string {
	if native {
		return []string{"validation.gatekeeper.sh", "*", "vap.k8s.io"}
	}
	return []string{"validation.gatekeeper.sh", "*"}
}

func constraintAction(rule *Rule, spec node, native bool) {
	at := spec.at("enforcementAction")
	own := at.text()
	if own != "scoped" {
		effect, known := map[string]Effect{"": Deny, "deny": Deny, "dryrun": DryRun, "warn": Warn}[own]
		if !known {
			effect = EffectUnknown
		}
		rule.act(effect, own, at)
		return
	}
	effect, where := Off, at
	for _, scoped := range spec.at("scopedEnforcementActions").list() {
		action := map[string]Effect{"deny": Deny, "dryrun": DryRun, "warn": Warn}[scoped.at("action").text()]
		if action == "" {
			action = EffectUnknown
		}
		for _, point := range scoped.at("enforcementPoints").list() {
			if name := point.at("name").text(); slices.Contains(points(native), name) {
				if strength(action) > strength(effect) {
					effect, where = action, scoped.at("action")
				}
			} else {
				rule.override(Override{Effect: action, Configured: scoped.at("action").text(), Point: name, Place: point.place()})
			}
		}
	}
	rule.act(effect, "scoped", where)
}

func (r *Rule) override(o Override) {
	if o.Namespaces == nil {
		o.Namespaces = []string{}
	}
	r.Action.Overrides = append(r.Action.Overrides, o)
}

// strength orders effects by what they do to what violates.
func strength(e Effect) int {
	return slices.Index([]Effect{Off, EffectUnknown, DryRun, Audit, Warn, Deny}, e)
}

func constraintScope(rule *Rule, match node) extent {
	e := extent{
		include: match.at("namespaces").texts(), exclude: match.at("excludedNamespaces").texts(), wild: edges,
		namespaces: readSelector(match.at("namespaceSelector")), objects: readSelector(match.at("labelSelector")),
	}
	if name := match.at("name").text(); name != "" {
		e.names = []string{name}
	}
	e.kinds = constraintKinds(match)
	for _, entry := range match.at("kinds").list() {
		for _, group := range orAny(entry.at("apiGroups").texts()) {
			for _, kind := range orAny(entry.at("kinds").texts()) {
				rule.Scope.Kinds = append(rule.Scope.Kinds, Kind{Group: group, Kind: kind})
			}
		}
	}
	rule.Scope.Operations = []string{"CREATE", "UPDATE"}
	rule.Scope.Pods = e.kinds(podKind)
	rule.Scope.Names = list(e.names)
	rule.selects(match, e)
	rule.narrowed(match, e)
	return e
}

func orAny(values []string) []string {
	if len(values) == 0 {
		return []string{"*"}
	}
	return values
}

func constraintKinds(match node) func(Kind) Truth {
	return func(k Kind) Truth {
		if match.at("scope").text() == "Cluster" || match.at("source").text() == "Generated" {
			return No
		}
		entries := match.at("kinds").list()
		for _, entry := range entries {
			if anyOf(orAny(entry.at("apiGroups").texts()), k.Group) && anyOf(orAny(entry.at("kinds").texts()), k.Kind) {
				return Yes
			}
		}
		return said(len(entries) == 0)
	}
}

// narrowed says what a match of names leaves out.
func (r *Rule) narrowed(match node, e extent) {
	if len(e.include) > 0 {
		r.fact(NamespacesLimited, match.at("namespaces"), "it is asked only in the namespaces %s", strings.Join(e.include, ", "))
	}
	if len(e.exclude) > 0 {
		r.leftOut(NamespacesExcluded, match.at("excludedNamespaces"), e.exclude)
	}
	if len(e.names) > 0 {
		r.fact(ObjectsExcluded, match.at("name"), "it is asked only of objects that are named %s", strings.Join(e.names, ", "))
	}
	switch {
	case match.at("source").text() == "Generated":
		r.fact(MatchesNothing, match.at("source"), "source is Generated: it is asked only of what an expansion makes, not of what is admitted")
	case match.at("scope").text() == "Cluster":
		r.fact(MatchesNothing, match.at("scope"), "scope is Cluster: whatever makes containers is in a namespace")
	case r.Scope.Pods == No && r.About != AboutOther:
		r.fact(KindsNotCovered, match.first("kinds"), "it does not match Pod: what is made as a Pod passes")
	}
}

// constraintImages reads parameters that name images, as those of
// gatekeeper-library do.
func constraintImages(rule *Rule, parameters node) {
	reading := Prefix
	if strings.HasSuffix(rule.Object.Kind, "v2") {
		reading = Glob
	}
	for _, name := range []string{"repos", "allowedRepos", "registries", "allowedRegistries", "allowedImages", "prefixes"} {
		for _, item := range parameters.at(name).list() {
			if rule.Object.Kind == "K8sDisallowedRepos" {
				continue
			}
			p := Pattern{Text: item.text(), Reading: reading, Matches: Yes, Place: item.place()}
			rule.Images.Allowed = append(rule.Images.Allowed, p)
			rule.loose(p)
			rule.example(item, "pattern of images", item.text())
		}
	}
	for _, name := range []string{"exemptImages", "exemptedImages", "excludedImages"} {
		for _, item := range parameters.at(name).list() {
			rule.Images.Exclude = append(rule.Images.Exclude, Pattern{Text: item.text(), Reading: Glob, Matches: Yes, Place: item.place()})
			rule.fact(ImagesExcluded, item, "images that match %q are left out", item.text())
		}
	}
	rule.Images.All = said(len(rule.Images.Exclude) == 0)
	rule.match.image = patterns(rule.Images.Include, rule.Images.Exclude, func(p Pattern, i image) Truth {
		return said(glob(p.Text, i.written))
	})
}

// loose says that a pattern lets in the images of others.
func (r *Rule) loose(p Pattern) {
	if why := unanchored(p.Text, p.Reading); why != "" {
		r.factAt(ImagesUnanchored, p.Place, "the pattern %q: %s", p.Text, why)
	}
}

func (r *Rule) example(at node, what, text string) {
	if placeholder(text) {
		r.fact(Placeholder, at, "the %s %q looks like an example's that is to be replaced", what, oneLine(text))
	}
}

// ownConstraint reads the parameters of a constraint of Waxseal.
func ownConstraint(rule *Rule, kind string, parameters node) {
	rule.About, rule.VerifyDigest, rule.Required, rule.MutateDigest = AboutImage, Yes, Yes, No
	rule.Images.All = Yes
	rule.Scope.Containers = Lists{Yes, Yes, Yes, Yes}
	rule.check(CheckDigest)
	rule.check(ownChecks(parameters.names())...)
	if strings.HasPrefix(kind, "WaxsealNotes") {
		rule.About = AboutOther
		return
	}
	for _, policy := range parameters.fields() {
		for _, authority := range policy.at("authorities").list() {
			rule.Attestors = append(rule.Attestors, ownAuthority(rule, policy.name, authority))
		}
	}
	if rule.verifies() && len(rule.Attestors) == 0 && ownNeeds(parameters) {
		rule.fact(NoAttestor, parameters, "no authorities are named: the policy denies every image")
	}
}

func ownNeeds(parameters node) bool {
	return parameters.at("signed_images").is() && len(parameters.at("signed_images", "authorities").list()) == 0
}

func ownAuthority(rule *Rule, policy string, at node) AttestorSet {
	set := AttestorSet{Count: 1, For: string(policyChecks[policy]), Place: at.place(), Attestors: []Attestor{}}
	for _, key := range at.at("keys").list() {
		set.Attestors = append(set.Attestors, attestor("key", key.text(), key))
	}
	for _, identity := range at.at("identities").list() {
		a := attestor("keyless", at.at("name").text(), identity)
		a.Identities = []Identity{rule.identity(identity, true)}
		set.Attestors = append(set.Attestors, a)
	}
	if text := at.at("threshold"); text.is() {
		set.Count, _ = text.number()
	}
	return set
}

// constraintProvider says which provider is asked.
func (r *reader) constraintProvider(rule *Rule, l *library, spec node) {
	var names []string
	switch {
	case l == nil && rule.System == Waxseal && !strings.HasSuffix(rule.Object.Kind, "Builtin"), l != nil && l.chosen:
		name := spec.at("parameters", "provider").text()
		if name == "" && rule.System == Waxseal {
			name = "waxseal"
		}
		names = []string{name}
	case l != nil:
		names = l.providers
	}
	for _, name := range names {
		d := Dependency{Role: "provider", Kind: "Provider", Name: name, State: r.absent(), Seen: len(r.of("externaldata.gatekeeper.sh", "Provider"))}
		for _, s := range r.of("externaldata.gatekeeper.sh", "Provider") {
			if s.ref.Name == name {
				d.State, d.Objects = Found, append(d.Objects, s.ref)
			}
		}
		rule.need(d)
		if d.State == Missing {
			rule.fact(ProviderMissing, spec, "the Provider %s is not there: what needs evidence cannot be verified", name)
		}
	}
}

func (r *reader) provider(s *source) {
	system := Gatekeeper
	for name, known := range map[string]System{"waxseal": Waxseal, "ratify": Ratify} {
		if strings.Contains(s.ref.Name, name) {
			system = known
		}
	}
	c := r.component(system, "provider", s)
	spec := s.root().at("spec")
	c.seconds, _ = spec.at("timeout").number()
	if !strings.HasPrefix(spec.at("url").text(), "https://") {
		c.fact(ProviderUnsafe, spec.at("url"), "its address %q is not of https: whoever is on the way answers for it", spec.at("url").text())
	}
	if spec.at("caBundle").text() == "" {
		c.fact(CABundleMissing, spec.first("caBundle"), "caBundle is empty: Gatekeeper cannot trust its answers, and refuses the Provider")
	}
}

// gatekeeperConfig reads the Config, which leaves out namespaces for all constraints.
func (r *reader) gatekeeperConfig(s *source) {
	c := r.component(Gatekeeper, "config", s)
	if s.ref.Name != "config" {
		c.fact(MatchesNothing, s.root().at("metadata", "name"), "Gatekeeper reads only the Config that is named config")
		return
	}
	for _, match := range s.root().at("spec", "match").list() {
		namespaces := match.at("excludedNamespaces").texts()
		if len(namespaces) == 0 || !anyOf(match.at("processes").texts(), "webhook") {
			continue
		}
		text := "the namespaces " + strings.Join(namespaces, ", ") + " are left out of all constraints"
		c.fact(NamespacesExempt, match.at("excludedNamespaces"), "%s", text)
		r.except(exception{
			Exception: Exception{Kind: "excluded_namespaces", Object: s.ref, Text: text, Wide: said(slices.Contains(namespaces, "*")), Place: match.at("excludedNamespaces").place()},
			of:        func(rule *Rule) bool { return rule.constraint || rule.System == Gatekeeper && rule.Engine },
			object: func(sub *subject) answer {
				return extent{include: namespaces, wild: edges}.answer(sub)
			},
			component: c, spaces: namespaces,
		})
	}
}
