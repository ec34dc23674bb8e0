package admission

import (
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/selection"
)

// valuesKind stands for the kind of files of values.
const valuesKind = "Helm values"

// helmValues reads files of values, which have neither apiVersion nor kind. They
// are known by their shape, at the top or as the values of a subchart:
//
//   - gatekeeper: one of the fields validatingWebhook…
//   - kyverno: admissionController beside another controller, features or config.webhooks
//   - policy-controller: webhook.failurePolicy or webhook.namespaceSelector beside cosign
//   - connaisseur: validators and policy, at the top or under application
//   - ratify: notation and cosign beside oras or provider
//   - kube-mgmt: admissionController.failurePolicy or .kind, beside mgmt, opa or bootstrapPolicies
func (r *reader) helmValues() {
	var others []node
	for _, s := range r.sources {
		if s.kind() != "" || s.group() != "" {
			continue
		}
		s.ref.Kind, s.ref.Name = valuesKind, path.Base(strings.ReplaceAll(s.File, `\`, "/"))
		if r.values(s.root()) {
			continue
		}
		others = append(others, s.root())
		for _, chart := range s.root().fields() {
			before := len(r.rules)
			r.values(chart)
			if off := chart.at("enabled"); off.truth(Yes) == No {
				for _, rule := range r.rules[before:] {
					rule.act(Off, chart.name+".enabled: false", off)
				}
			}
		}
	}
	for _, root := range others {
		r.connaisseurOverridden(root)
	}
}

func (r *reader) values(root node) bool {
	for _, chart := range []struct {
		is   func(node) bool
		read func(node)
	}{
		{isGatekeeper, r.gatekeeperValues}, {isConnaisseur, r.connaisseur}, {isKyverno, r.kyvernoValues},
		{isKubeMgmt, r.kubeMgmt}, {isPolicyController, r.policyControllerValues}, {isRatify, r.ratifyValues},
	} {
		if chart.is(root) {
			chart.read(root)
			return true
		}
	}
	return false
}

func isGatekeeper(n node) bool {
	return slices.ContainsFunc(n.names(), func(name string) bool {
		return strings.HasPrefix(name, "validatingWebhook") || name == "disableValidatingWebhook"
	})
}

func isConnaisseur(n node) bool {
	app := n.at("application")
	return len(app.at("validators").list())+len(app.at("policy").list()) > 0 || len(n.at("validators").list()) > 0 && len(n.at("policy").list()) > 0
}

func isKyverno(n node) bool {
	return n.at("admissionController").is() && (n.at("backgroundController").is() || n.at("cleanupController").is() || n.at("reportsController").is() ||
		n.at("features").is()) || n.at("config", "webhooks").is() || n.at("features", "forceFailurePolicyIgnore").is()
}

func isKubeMgmt(n node) bool {
	admission := n.at("admissionController")
	return (admission.at("failurePolicy").is() || admission.at("kind").is()) && (n.at("mgmt").is() || n.at("opa").is() || n.at("bootstrapPolicies").is())
}

func isPolicyController(n node) bool {
	webhook := n.at("webhook")
	return n.at("cosign", "webhookName").is() || (webhook.at("failurePolicy").is() || webhook.at("namespaceSelector").is() || webhook.at("configData").is()) &&
		(n.at("cosign").is() || n.at("leasescleanup").is() || webhook.at("webhookNames").is() || webhook.at("configData").is())
}

func isRatify(n node) bool {
	return (n.at("notation").is() || n.at("cosign").is()) && (n.at("oras").is() || n.at("provider").is() || n.at("notationCerts").is() || n.at("vulnerabilityreport").is())
}

// engine returns the rule of an engine's webhook, as its values make it.
func engine(system System, root node, failure string, timeout string, seconds int, missing string) *Rule {
	rule := newRule(system, string(system), root)
	rule.Engine = true
	rule.act(Deny, "", root)
	at := root
	for _, name := range strings.Split(failure, ".") {
		at = at.at(name)
	}
	rule.failure(at, rule.ref(), missing)
	rule.wait(root.at(timeout), seconds)
	rule.Scope.Pods, rule.Scope.Operations = Yes, []string{"CREATE", "UPDATE"}
	return rule
}

func (r *reader) gatekeeperValues(root node) {
	rule := engine(Gatekeeper, root, "validatingWebhookFailurePolicy", "validatingWebhookTimeoutSeconds", 3, "Ignore")
	if off := root.at("disableValidatingWebhook"); off.truth(No) == Yes {
		rule.act(Off, "disableValidatingWebhook: true", off)
	}
	if check := root.at("validatingWebhookCheckIgnoreFailurePolicy"); check.text() == "Ignore" {
		rule.fact(NamespacesSelected, check, "whoever may label a namespace leaves it out with admission.gatekeeper.sh/ignore while the webhook that checks this is down")
	}
	e := extent{objects: readSelector(root.at("validatingWebhookObjectSelector")), namespaces: notIgnored(), wild: glob}
	e.unknown = rule.conditions(root.at("validatingWebhookMatchConditions"), "cel", "expression")
	if scope := root.at("validatingWebhookScope"); scope.text() == "Cluster" {
		rule.fact(MatchesNothing, scope, "validatingWebhookScope is Cluster: whatever makes containers is in a namespace")
	}
	if off := root.at("enableExternalData"); off.truth(Yes) == No {
		r.noExternalData(rule.Object, off)
	}
	for _, label := range root.at("validatingWebhookExemptNamespacesLabels").fields() {
		if label.name == nameLabel {
			e.exclude = append(e.exclude, label.texts()...)
			rule.leftOut(NamespacesExcluded, label, label.texts())
			continue
		}
		e.namespaces.require(label.name, selection.NotIn, label.texts())
		rule.fact(NamespacesSelected, label, "namespaces whose label %s is one of %s are left out", label.name, strings.Join(label.texts(), ", "))
	}
	custom := readResources(root.at("validatingWebhookCustomRules", "rules"))
	if !root.at("validatingWebhookCustomRules", "rules").is() {
		custom = readResources(root.at("validatingWebhookCustomRules"))
	}
	if len(custom.rules) > 0 {
		e.kinds = custom.kind
		rule.resources(custom, root.at("validatingWebhookCustomRules"), e)
	}
	if !e.objects.empty() {
		rule.fact(ObjectsExcluded, root.at("validatingWebhookObjectSelector"), "it is asked only of objects whose labels are %s", e.objects)
	}
	rule.Scope.Namespaces.Exclude, rule.Scope.Objects = list(e.exclude), e.objects.String()
	rule.match = e.matcher()
	r.rule(rule)
}

func (r *reader) kyvernoValues(root node) {
	c := r.component(Kyverno, "config", root.src)
	for _, force := range []node{root.at("features", "forceFailurePolicyIgnore"), root.at("admissionController", "forceFailurePolicyIgnore"), root.at("forceFailurePolicyIgnore")} {
		if force.at("enabled").truth(No) == Yes || force.truth(No) == Yes {
			c.fact(FailurePolicyIgnore, force, "forceFailurePolicyIgnore: everything is admitted while Kyverno is down, whatever the policies say")
			r.ignores = append(r.ignores, forced{c, force.place()})
		}
	}
	r.kyvernoConfig(c, root.at("config"))
}

// forced is where it is said that all of Kyverno fails open.
type forced struct {
	by *Component
	at Place
}

func (r *reader) kubeMgmt(root node) {
	at := root.at("admissionController")
	rule := newRule(KubeMgmt, "admissionController", at)
	rule.act(Deny, "", at)
	if at.at("enabled").truth(No) != Yes {
		rule.act(Off, "admissionController.enabled: "+first(at.at("enabled").text(), "false"), at.first("enabled"))
	}
	rule.failure(at.at("failurePolicy"), rule.ref(), "Ignore")
	rule.wait(root.at("timeoutSeconds"), 10)
	e := webhookScope(rule, at, known{system: KubeMgmt})
	rule.match = e.matcher()
	var modules []string
	for _, policy := range root.at("bootstrapPolicies").fields() {
		modules = append(modules, uncomment(policy.text()))
	}
	if l := readLoaded(modules); l.image {
		rule.About = AboutImage
		rule.check(l.checks...)
	}
	r.rule(rule)
}

func (r *reader) policyControllerValues(root node) {
	rule := engine(PolicyController, root, "webhook.failurePolicy", "", 10, "Fail")
	selectorAt := root.at("webhook", "namespaceSelector")
	e := extent{namespaces: readSelector(selectorAt)}
	if !selectorAt.is() {
		e.namespaces = optInSelector()
		rule.Scope.Namespaces.Selector = e.namespaces.String()
	} else {
		rule.selects(root.at("webhook"), e)
	}
	if at := root.at("webhook", "configData", "policy-controller-config", "no-match-policy"); at.is() || root.at("webhook", "configData", "no-match-policy").is() {
		if !at.is() {
			at = root.at("webhook", "configData", "no-match-policy")
		}
		if at.text() == "allow" || at.text() == "warn" {
			rule.fact(NoMatchAllowed, at, "no-match-policy is %s: images that no ClusterImagePolicy matches are admitted", at.text())
		}
	}
	rule.match = e.matcher()
	r.rule(rule)
}

// ratifyValues reads the values of Ratify's chart as its verifiers.
func (r *reader) ratifyValues(root node) {
	c := r.component(Ratify, "verifier", root.src)
	c.About = AboutImage
	if root.at("enabled").truth(Yes) == No {
		return
	}
	if at := root.at("notation"); at.is() && at.at("enabled").truth(Yes) != No {
		c.Checks = append(c.Checks, CheckSignature)
		notationTrust(c, at)
	}
	if at := root.at("cosign"); at.is() && at.at("enabled").truth(Yes) != No {
		if !slices.Contains(c.Checks, CheckSignature) {
			c.Checks = append(c.Checks, CheckSignature)
		}
		if at.at("tLogVerify").truth(Yes) == No {
			c.fact(TlogIgnored, at.at("tLogVerify"), "tLogVerify is false: the transparency log is not asked")
		}
		if keyless := at.at("keyless"); first(keyless.at("certificateIdentity").text(), keyless.at("certificateIdentityRegExp").text(), keyless.at("certificateOIDCIssuer").text()) != "" {
			rule := &Rule{}
			certificate(rule, keyless)
			c.Facts = append(c.Facts, rule.Facts...)
		}
	}
	if root.at("vulnerabilityreport", "enabled").truth(No) == Yes {
		c.Checks = append(c.Checks, CheckScan)
	}
	if root.at("sbom", "enabled").truth(No) == Yes {
		c.Checks = append(c.Checks, CheckSBOM)
	}
	if at := root.at("provider", "enableMutation"); at.truth(Yes) == No {
		c.fact(TagNotVerified, at, "enableMutation is false: what is verified by tag may be another image when it is pulled")
	}
}
