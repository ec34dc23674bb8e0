package admission

import (
	"slices"
	"strings"
)

// link puts into the rules what other objects say: webhooks, providers,
// exceptions, settings.
func (r *reader) link() {
	r.ratified()
	r.loaded()
	r.gatekeeperArguments()
	for _, rule := range r.rules {
		if rule.Engine {
			continue
		}
		switch {
		case rule.constraint:
			r.behind(rule, Gatekeeper)
			r.provided(rule)
			r.unaskedOf(rule)
		case rule.System == Kyverno:
			r.behind(rule, Kyverno)
		case rule.System == PolicyController && rule.About == AboutImage:
			engines := r.engines(PolicyController)
			r.behind(rule, PolicyController)
			r.optsIn(rule, engines)
			r.unmatched(rule)
		}
	}
	r.forcedOpen()
	r.excepted()
}

// engines are the webhooks through which a system is asked of pods.
func (r *reader) engines(system System) []*Rule {
	if known, ok := r.asking[system]; ok {
		return known
	}
	var out []*Rule
	for _, rule := range r.rules {
		if rule.Engine && rule.System == system && rule.About != AboutOther && rule.Object.Kind != "MutatingWebhookConfiguration" {
			out = append(out, rule)
		}
	}
	r.asking[system] = out
	return out
}

// behind makes a rule depend on the webhook of its engine.
func (r *reader) behind(rule *Rule, system System) {
	engines := r.engines(system)
	d := Dependency{Role: "webhook", Kind: "ValidatingWebhookConfiguration", Name: string(system), State: r.absent(), Objects: []Ref{}, Seen: len(r.of("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"))}
	for _, e := range engines {
		d.State = Found
		if !slices.Contains(d.Objects, e.Object) {
			d.Objects = append(d.Objects, e.Object)
		}
	}
	rule.need(d)
	switch {
	case d.State == Missing:
		rule.factAt(WebhookMissing, rule.Place, "there is no webhook of %s: it is not asked at all", system)
		rule.match.object = func(*subject) answer { return appliesNot }
	case len(engines) == 0 && system != Kyverno:
		if system == Gatekeeper {
			object, asked := rule.match.object, extent{namespaces: notIgnored()}
			rule.match.object = func(s *subject) answer { return all(object(s), asked.installed(s)) }
		}
		rule.factAt(FailurePolicyUnknown, rule.Place, "the webhook of %s is not here: what happens when it is down is not known%s", system, map[bool]string{true: " (as it is installed, everything is admitted then)"}[system == Gatekeeper])
	case len(engines) > 0:
		rule.through(engines, system)
	}
	rule.hurry()
}

// through takes what the webhooks of an engine say into a rule of it.
func (r *Rule) through(engines []*Rule, system System) {
	if system != Kyverno {
		weakest := engines[0]
		for _, e := range engines {
			if e.OnFailure.Effect == "allow" {
				weakest = e
			}
			for _, f := range e.Facts {
				r.takes(f, e.ref())
			}
			if e.Action.Effect == Off {
				r.Action.Effect = Off
			}
		}
		r.OnFailure, r.Timeout = weakest.OnFailure, weakest.Timeout
		r.Scope.Ephemeral = weakest.Scope.Ephemeral
	}
	if system == Kyverno {
		r.throughKyverno(engines)
	}
	object := r.match.object
	var parts []func(*subject) answer
	for _, e := range engines {
		if e.match.object != nil {
			parts = append(parts, e.match.object)
			r.match.keys = append(r.match.keys, e.match.keys...)
			r.match.allLabels = r.match.allLabels || e.match.allLabels
		}
	}
	r.match.object = func(s *subject) answer {
		answers := make([]answer, 0, len(parts))
		for _, part := range parts {
			answers = append(answers, part(s))
		}
		if len(parts) == 0 {
			return object(s)
		}
		return all(object(s), some(answers...))
	}
}

// throughKyverno takes what Kyverno's webhooks leave out into a rule. Each policy is
// asked for through the webhook that fails as the policy says: where there is none
// such, Kyverno was told to fail open.
func (r *Rule) throughKyverno(engines []*Rule) {
	var closed []*Rule
	for _, e := range engines {
		if e.OnFailure.Effect == "deny" {
			closed = append(closed, e)
		}
	}
	if len(closed) == 0 && r.OnFailure.Effect == "deny" {
		open := engines[0]
		r.OnFailure = open.OnFailure
		r.factAt(FailurePolicyIgnore, open.OnFailure.Place, "%s: the webhooks of Kyverno fail open, whatever the policy says", open.ref())
	}
	for _, e := range closed {
		for _, f := range e.Facts {
			if !slices.Contains([]Code{FilledAtRuntime, KindsNotCovered, OperationsNotCovered, EphemeralNotCovered}, f.Code) {
				r.takes(f, e.ref())
			}
		}
	}
}

// provided takes what is said of a provider into the rules that ask it.
func (r *reader) provided(rule *Rule) {
	for _, c := range r.components {
		if c.Role != "provider" || !slices.ContainsFunc(rule.Depends, func(d Dependency) bool { return d.Role == "provider" && d.Name == c.Object.Name }) {
			continue
		}
		c.serves(rule)
		for _, f := range c.Facts {
			rule.takes(f, "Provider "+c.Object.Name)
		}
		if c.seconds >= rule.Timeout.Seconds && rule.Timeout.Seconds > 0 && c.seconds > 0 {
			rule.factAt(TimeoutShort, rule.Timeout.Place, "the webhook waits %d s, and the Provider %s may take %d s: slow answers are none", rule.Timeout.Seconds, c.Object.Name, c.seconds)
		}
	}
}

// unmatched takes the settings of policy-controller into its rules.
func (r *reader) unmatched(rule *Rule) {
	for _, c := range r.components {
		if c.System != PolicyController || c.Role != "config" {
			continue
		}
		c.serves(rule)
		for _, f := range c.Facts {
			rule.takes(f, "ConfigMap "+c.Object.Name)
		}
	}
}

// forcedOpen takes into Kyverno's rules that all of it fails open.
func (r *reader) forcedOpen() {
	for _, s := range r.of("apps", "Deployment") {
		if strings.Contains(s.ref.Name, "kyverno") {
			r.kyvernoArguments(s)
		}
	}
	for _, force := range r.ignores {
		for _, rule := range r.rules {
			if rule.System != Kyverno || rule.Engine {
				continue
			}
			rule.OnFailure = OnFailure{Effect: "allow", Configured: "forceFailurePolicyIgnore", By: strings.TrimSpace(force.by.Object.Kind + " " + force.by.Object.Name), Place: force.at}
			rule.factAt(FailurePolicyIgnore, force.at, "forceFailurePolicyIgnore: everything is admitted while Kyverno is down, whatever the policy says")
			force.by.serves(rule)
		}
	}
}

func (r *reader) kyvernoArguments(s *source) {
	for _, container := range s.root().at("spec", "template", "spec", "containers").list() {
		for _, argument := range container.at("args").list() {
			if strings.HasPrefix(argument.text(), "--forceFailurePolicyIgnore") && !strings.HasSuffix(argument.text(), "=false") {
				r.ignores = append(r.ignores, forced{r.component(Kyverno, "config", s), argument.place()})
			}
		}
	}
}

// readLoaded says what modules look at, which OPA runs as it is: what asks nobody
// verifies nothing.
func readLoaded(modules []string) looks {
	text := strings.Join(modules, "\n")
	l := readText(text)
	if l.image && !strings.Contains(text, "http.send") && !slices.ContainsFunc(modules, func(m string) bool { return foreign(m) != "" }) {
		l.checks = naming(l.checks)
	}
	return l
}

// loaded reads the policies that kube-mgmt loads into OPA from ConfigMaps: what
// they look at is what OPA's webhook looks at.
func (r *reader) loaded() {
	var modules []string
	var used []*Component
	for _, s := range r.of("", "ConfigMap") {
		if s.root().at("metadata", "labels", "openpolicyagent.org/policy").text() != "rego" {
			continue
		}
		c := r.component(KubeMgmt, "policy", s)
		for _, module := range s.root().at("data").fields() {
			modules = append(modules, uncomment(module.text()))
		}
		used = append(used, c)
	}
	l := readLoaded(modules)
	for _, rule := range r.rules {
		if rule.System != KubeMgmt || !l.image {
			continue
		}
		rule.About = AboutImage
		rule.check(l.checks...)
		rule.covers(l.lists, rule.at)
		for _, c := range used {
			c.serves(rule)
		}
	}
}
