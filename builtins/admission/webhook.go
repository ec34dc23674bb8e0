package admission

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/selection"
)

// known is a webhook of a system that is known by its name or service.
type known struct {
	parts  []string // of the webhook's name, or of the name of its service
	system System
	about  About
	engine bool // its rules stand in objects of their own
	verify bool // it verifies signatures itself
	// runtime says that its controller writes rules and caBundle when it starts.
	runtime bool
}

var knownWebhooks = []known{
	{[]string{"validation.gatekeeper.sh", "mutation.gatekeeper.sh"}, Gatekeeper, AboutUnknown, true, false, true},
	{[]string{"gatekeeper.sh", "gatekeeper-webhook-service"}, Gatekeeper, AboutOther, true, false, true},
	{[]string{"clusterimagepolicy.sigstore.dev"}, PolicyController, AboutOther, true, false, true},
	{[]string{"policy.sigstore.dev"}, PolicyController, AboutUnknown, true, false, true},
	{[]string{"validate-policy.kyverno", "mutate-policy.kyverno", "monitor-webhooks.kyverno", "cleanup", "kyverno-exception", "validate-exception"}, Kyverno, AboutOther, true, false, true},
	{[]string{"kyverno"}, Kyverno, AboutUnknown, true, false, true},
	{[]string{"connaisseur"}, Connaisseur, AboutImage, false, true, false}, // its policy stands elsewhere
	{[]string{"waxseal"}, Waxseal, AboutImage, false, true, false},
	{[]string{"openpolicyagent", "opa.", "opa-"}, KubeMgmt, AboutUnknown, false, false, false},
	{[]string{"tekton.dev", "tekton-"}, OtherSystem, AboutOther, false, false, true},
	{[]string{"knative.dev"}, OtherSystem, AboutOther, false, false, true},
	{[]string{"cert-manager"}, OtherSystem, AboutOther, false, false, true},
	{[]string{"istio"}, OtherSystem, AboutOther, false, false, true},
	{[]string{"kritis", "portieris", "cosigned"}, Webhook, AboutImage, false, true, false},
}

func recognise(webhook node) known {
	names := strings.ToLower(webhook.at("name").text() + " " + webhook.at("clientConfig", "service", "name").text() + " " + webhook.at("clientConfig", "url").text())
	for _, k := range knownWebhooks {
		if slices.ContainsFunc(k.parts, func(part string) bool { return strings.Contains(names, part) }) {
			return k
		}
	}
	return known{system: Webhook, about: AboutUnknown}
}

// webhooks reads the configurations of webhooks. A mutating one counts when it
// verifies, too, as Connaisseur's does.
func (r *reader) webhooks() {
	for _, s := range r.of("admissionregistration.k8s.io", "ValidatingWebhookConfiguration") {
		for _, webhook := range s.root().at("webhooks").list() {
			r.webhook(webhook, recognise(webhook))
		}
	}
	for _, s := range r.of("admissionregistration.k8s.io", "MutatingWebhookConfiguration") {
		for _, webhook := range s.root().at("webhooks").list() {
			if k := recognise(webhook); k.verify || k.system == Kyverno {
				r.webhook(webhook, k)
			}
		}
	}
}

func (r *reader) webhook(at node, k known) {
	rule := newRule(k.system, at.at("name").text(), at)
	rule.About, rule.Engine = k.about, k.engine
	rule.known(at, "name", "clientConfig", "rules", "failurePolicy", "matchPolicy", "namespaceSelector", "objectSelector", "sideEffects",
		"timeoutSeconds", "admissionReviewVersions", "matchConditions", "reinvocationPolicy")
	if k.verify {
		rule.check(CheckSignature)
		rule.Required = Unknown
	}
	rule.act(Deny, "", at)
	rule.failure(at.at("failurePolicy"), rule.ref(), missingPolicy(at.src))
	rule.wait(at.at("timeoutSeconds"), map[bool]int{true: 30, false: 10}[at.src.version() == "v1beta1"])
	e := webhookScope(rule, at, k)
	rule.match = e.matcher()
	if k.verify && k.system != Waxseal {
		rule.match.image = func(string, image) answer { return unsure("what its own policy says of the image is not here") }
	}
	if k.about == AboutUnknown && !k.engine && rule.Scope.Pods == No && !makesPods(e) {
		rule.About = AboutOther
	}
	if k.engine && rule.About == AboutOther {
		rule.Engine = false
	}
	rule.certificate(at, k)
	rule.hurry()
	r.rule(rule)
}

// missingPolicy is the default of failurePolicy.
func missingPolicy(s *source) string {
	if s.version() == "v1beta1" {
		return "Ignore"
	}
	return "Fail"
}

func makesPods(e extent) bool {
	return slices.ContainsFunc(controllers, func(k Kind) bool { return e.kinds(k) != No })
}

// webhookScope reads rules, selectors and conditions.
func webhookScope(rule *Rule, at node, k known) extent {
	e := extent{namespaces: readSelector(at.at("namespaceSelector")), objects: readSelector(at.at("objectSelector"))}
	asked := readResources(at.at("rules"))
	e.kinds = asked.kind
	e.unknown = rule.conditions(at.at("matchConditions"), "cel", "expression")
	if len(asked.rules) == 0 && k.runtime {
		e.kinds = func(of Kind) Truth {
			if k.engine && (of == podKind || slices.Contains(controllers, of)) {
				return Yes // engines ask for all that runs
			}
			return Unknown
		}
		rule.fact(FilledAtRuntime, at, "it has no rules: its controller writes them when it starts")
	} else if len(asked.rules) == 0 {
		rule.fact(MatchesNothing, at, "it has no rules: it is asked of nothing")
	}
	rule.resources(asked, at.first("rules"), e)
	rule.selects(at, e)
	return e
}

// resources fills what a rule says of kinds and operations.
func (r *Rule) resources(asked resources, at node, e extent) {
	r.Scope.Kinds, r.Scope.Operations = asked.list(), asked.operations()
	r.Scope.Pods, r.Scope.Ephemeral = e.kinds(podKind), asked.ephemeral()
	if len(asked.rules) == 0 || r.About == AboutOther {
		return
	}
	if r.Scope.Pods == No {
		r.fact(KindsNotCovered, at, "it is not asked of pods: what is made as a Pod passes")
		return
	}
	if r.Scope.Ephemeral == No {
		r.fact(EphemeralNotCovered, at, "it is not asked of pods/ephemeralcontainers: a container added to a Pod that runs passes")
	}
	for _, operation := range []string{"CREATE", "UPDATE"} {
		if !asked.does(operation, "", "pods") {
			r.fact(OperationsNotCovered, at, "it is not asked when pods are %s", map[string]string{"CREATE": "made", "UPDATE": "changed"}[operation])
		}
	}
}

// selects fills what a rule says of namespaces and labels.
func (r *Rule) selects(at node, e extent) {
	r.Scope.Namespaces = NamespacesScope{Include: list(e.include), Exclude: list(e.exclude), Selector: e.namespaces.String()}
	r.Scope.Objects = e.objects.String()
	if names := e.namespaces.named(selection.In, selection.Equals); len(names) > 0 {
		r.Scope.Namespaces.Include = append(r.Scope.Namespaces.Include, names...)
		r.fact(NamespacesLimited, at.at("namespaceSelector"), "it is asked only in the namespaces %s", strings.Join(names, ", "))
	}
	if names := e.namespaces.named(selection.NotIn); len(names) > 0 {
		r.Scope.Namespaces.Exclude = append(r.Scope.Namespaces.Exclude, names...)
		r.leftOut(NamespacesExcluded, at.at("namespaceSelector"), names)
	}
	if text := e.namespaces.rest(r.guarded(at)); text != "" {
		r.fact(NamespacesSelected, at.at("namespaceSelector"), "it is asked only in namespaces whose labels are %s: whoever may label a namespace leaves it out", text)
	}
	if !e.objects.empty() {
		r.fact(ObjectsExcluded, at.first("objectSelector", "labelSelector"), "it is asked only of objects whose labels are %s: whoever writes an object leaves it out", e.objects)
	}
}

// ignoreLabel takes a namespace out of Gatekeeper.
const ignoreLabel = "admission.gatekeeper.sh/ignore"

// guarded is the label of namespaces that only those may set who are told of to
// Gatekeeper, because another webhook of it sees to that; "" if there is none.
func (r *Rule) guarded(at node) string {
	for _, sibling := range at.src.root().at("webhooks").list() {
		if sibling.at("name").text() == "check-ignore-label.gatekeeper.sh" && sibling.at("failurePolicy").text() != "Ignore" {
			return ignoreLabel
		}
	}
	return ""
}

// list is a list in JSON, too, when it is empty.
func list[T any](values []T) []T {
	if values == nil {
		return []T{}
	}
	return values
}

// conditions reads conditions that are not evaluated, and says why the rule may
// not apply.
func (r *Rule) conditions(at node, language, field string) string {
	why := ""
	for _, c := range at.list() {
		condition := Condition{Name: c.at("name").text(), Language: language, Text: c.at(field).text(), Place: c.place()}
		r.Scope.Conditions = append(r.Scope.Conditions, condition)
		r.fact(MatchConditions, c, "the condition %q leaves out whatever does not meet it: %s", condition.Name, oneLine(condition.Text))
		why = "it depends on the condition " + oneLine(condition.Text)
	}
	return why
}

// oneLine makes a text short enough for a message.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > 160 {
		return strings.ToValidUTF8(text[:160], "") + "…"
	}
	return text
}

func (r *Rule) certificate(at node, k known) {
	annotations := strings.Join(at.src.root().at("metadata", "annotations").names(), " ")
	if at.at("clientConfig", "caBundle").text() != "" || at.at("clientConfig", "url").is() || k.runtime || strings.Contains(annotations, "inject-") {
		return
	}
	r.fact(CABundleMissing, at.at("clientConfig"), "clientConfig.caBundle is empty: unless something fills it in, the API server cannot call the webhook")
}

// resources are the rules of webhooks and policies of the API server.
type resources struct{ rules []node }

func readResources(at node) resources { return resources{at.list()} }

// kind says whether objects of a kind are asked.
func (a resources) kind(k Kind) Truth {
	answer := No
	for _, rule := range a.rules {
		if !anyOf(rule.at("apiGroups").texts(), k.Group) || !a.names(rule, resource(k.Kind), "") || rule.at("scope").text() == "Cluster" || !versioned(rule, k) {
			continue
		}
		switch {
		case a.operation(rule, "CREATE"):
			return Yes
		case a.operation(rule, "UPDATE"): // what is made is not asked of, what is changed is
			answer = Unknown
		}
	}
	return answer
}

// versioned says whether a rule is asked of a version that the kind has.
func versioned(rule node, k Kind) bool {
	asked := rule.at("apiVersions").texts()
	return len(asked) == 0 || served(k, func(version string) bool { return anyOf(asked, version) })
}

func (a resources) names(rule node, plural, sub string) bool {
	return slices.ContainsFunc(rule.at("resources").texts(), func(p string) bool {
		if sub == "" {
			return p == "*" || p == "*/*" || p == plural || p == plural+"/*"
		}
		return p == "*/*" || p == plural+"/*" || p == "*/"+sub || p == plural+"/"+sub
	})
}

func (a resources) operation(rule node, operation string) bool {
	return anyOf(rule.at("operations").texts(), operation)
}

// does says whether an operation on a resource is asked.
func (a resources) does(operation, group, plural string) bool {
	return slices.ContainsFunc(a.rules, func(rule node) bool {
		return anyOf(rule.at("apiGroups").texts(), group) && a.names(rule, plural, "") && a.operation(rule, operation)
	})
}

func (a resources) ephemeral() Truth {
	if len(a.rules) == 0 {
		return Unknown
	}
	for _, rule := range a.rules {
		if anyOf(rule.at("apiGroups").texts(), "") && a.names(rule, "pods", "ephemeralcontainers") && a.operation(rule, "UPDATE") {
			return Yes
		}
	}
	return No
}

func (a resources) list() []Kind {
	out := []Kind{}
	for _, rule := range a.rules {
		for _, group := range rule.at("apiGroups").texts() {
			for _, name := range rule.at("resources").texts() {
				plural, sub, _ := strings.Cut(name, "/")
				out = append(out, Kind{Group: group, Kind: kindOf(group, plural), Subresource: sub})
			}
		}
	}
	return out
}

func (a resources) operations() []string {
	out := []string{}
	for _, rule := range a.rules {
		for _, operation := range rule.at("operations").texts() {
			if !slices.Contains(out, operation) {
				out = append(out, operation)
			}
		}
	}
	return out
}
