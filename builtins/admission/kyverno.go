package admission

import (
	"regexp"
	"strconv"
	"strings"
)

// kyverno reads policies, exceptions and the configuration of Kyverno.
func (r *reader) kyverno() {
	for _, s := range r.of("kyverno.io", "ClusterPolicy", "Policy") {
		rules := s.root().at("spec", "rules").list()
		for i, rule := range rules {
			r.kyvernoRule(s, rule, i)
		}
	}
	for _, s := range r.of("kyverno.io", "PolicyException") {
		r.kyvernoException(s)
	}
	for _, s := range r.of("", "ConfigMap") {
		if s.ref.Name == "kyverno" {
			r.kyvernoConfig(r.component(Kyverno, "config", s), s.root().at("data"))
		}
	}
}

func (r *reader) kyvernoRule(s *source, at node, index int) {
	name := at.at("name").text()
	verify := at.at("verifyImages").list()
	for i, image := range verify {
		full := name
		if len(verify) > 1 {
			full += "[" + strconv.Itoa(i) + "]"
		}
		rule := r.kyvernoBase(s, at, full, index)
		kyvernoAction(rule, s, image, "verifyImages")
		r.verifyImages(rule, at, image)
		r.rule(rule)
	}
	if validate := at.at("validate"); validate.is() && len(verify) == 0 {
		rule := r.kyvernoBase(s, at, name, index)
		kyvernoAction(rule, s, validate, "validate")
		kyvernoValidate(rule, validate)
		kinds(rule, at)
		r.rule(rule)
	}
}

// kyvernoBase reads what all rules of a policy share.
func (r *reader) kyvernoBase(s *source, at node, name string, index int) *Rule {
	spec := s.root().at("spec")
	rule := newRule(Kyverno, name, at)
	kyvernoFields(rule, spec, at)
	if own := spec.at("webhookConfiguration", "failurePolicy"); own.is() {
		rule.failure(own, rule.ref(), "Fail")
	} else {
		rule.failure(spec.at("failurePolicy"), rule.ref(), "Fail")
	}
	rule.wait(spec.at("webhookConfiguration", "timeoutSeconds"), 10)
	if !rule.Timeout.Configured {
		rule.wait(spec.at("webhookTimeoutSeconds"), 10)
	}
	rule.Required = No
	unknown := rule.conditions(spec.at("webhookConfiguration", "matchConditions"), "cel", "expression")
	if text := rule.conditions(at.at("celPreconditions"), "cel", "expression"); text != "" {
		unknown = text
	}
	if text := rule.preconditions(at.at("preconditions")); text != "" {
		unknown = text
	}
	if spec.at("applyRules").text() == "One" && index > 0 {
		rule.fact(MatchConditions, spec.at("applyRules"), "applyRules is One: it is not asked when an earlier rule of the policy has been")
		unknown = "applyRules is One, and an earlier rule may have been asked"
	}
	rule.match = kyvernoMatch(rule, s, at, unknown)
	return rule
}

// kyvernoAction reads what happens, which the rule says, or the policy.
func kyvernoAction(rule *Rule, s *source, at node, field string) {
	spec := s.root().at("spec")
	action, overrides := at.at("failureAction"), at.at("failureActionOverrides")
	if !action.is() {
		action = spec.at("validationFailureAction")
	}
	if !overrides.is() {
		overrides = spec.at("validationFailureActionOverrides")
	}
	if spec.at("admission").truth(Yes) == No {
		rule.act(Off, "admission: false", spec.at("admission"))
		return
	}
	rule.act(kyvernoEffect(action.text()), action.text(), action)
	for _, o := range overrides.list() {
		effect := kyvernoEffect(o.at("action").text())
		selector := readSelector(o.at("namespaceSelector"))
		rule.override(Override{
			Effect: effect, Configured: o.at("action").text(), Namespaces: o.at("namespaces").texts(), Selector: selector.String(), Place: o.place(),
		})
		if strength(effect) < strength(rule.Action.Effect) {
			rule.fact(ActionWeakened, o, "in the namespaces %s it is %s", both(strings.Join(o.at("namespaces").texts(), ", "), selector.String()), o.at("action").text())
		}
	}
}

// kyvernoEffect reads an action, which is Audit when nothing is said.
func kyvernoEffect(text string) Effect {
	switch {
	case strings.EqualFold(text, "enforce"):
		return Deny
	case text == "" || strings.EqualFold(text, "audit"):
		return Audit
	}
	return EffectUnknown
}

// preconditions reads conditions of JMESPath. Those that only leave out DELETE
// are none.
func (r *Rule) preconditions(at node) string {
	if !at.is() || onlyDeletes(at) {
		return ""
	}
	text := oneLine(strings.ReplaceAll(words(at), "\n", " "))
	r.Scope.Conditions = append(r.Scope.Conditions, Condition{Name: "preconditions", Language: "jmespath", Text: text, Place: at.place()})
	r.fact(MatchConditions, at, "its preconditions leave out whatever does not meet them: %s", text)
	return "it depends on the preconditions " + text
}

// operationOnly is a key that is the operation and nothing else.
var operationOnly = regexp.MustCompile(`^\{\{-?\s*request\.operation\s*(\|\|\s*['"` + "`" + `]+[A-Z]*['"` + "`" + `]+\s*)?-?\}\}$`)

func onlyDeletes(at node) bool {
	harmless := true
	at.walk(func(n node) {
		if key := n.at("key"); key.is() {
			operation := operationOnly.MatchString(key.text())
			values := " " + strings.Join(n.at("value").texts(), " ") + " "
			operator := n.at("operator").text()
			negative := strings.Contains(operator, "Not")
			fine := negative && strings.TrimSpace(values) == "DELETE" ||
				!negative && strings.Contains(values, "CREATE") && strings.Contains(values, "UPDATE")
			harmless = harmless && operation && fine
		}
	})
	return harmless
}

// words are the names of fields and the texts in a value, a line each.
func words(n node) string {
	var b strings.Builder
	n.walk(func(inner node) {
		if inner.name != "" && inner.path != n.path {
			b.WriteString(inner.name + "\n")
		}
		if inner.value != nil && inner.text() != "" {
			b.WriteString(inner.text() + "\n")
		}
	})
	return b.String()
}

// kyvernoFields looks for fields that Kyverno does not have.
func kyvernoFields(rule *Rule, spec, at node) {
	rule.known(spec, "admission", "applyRules", "auditWarning", "background", "emitWarning", "failurePolicy", "generateExisting",
		"generateExistingOnPolicyUpdate", "mutateExistingOnPolicyUpdate", "rules", "schemaValidation", "useServerSideApply",
		"validationFailureAction", "validationFailureActionOverrides", "webhookConfiguration", "webhookTimeoutSeconds")
	rule.known(at, "name", "match", "exclude", "verifyImages", "validate", "mutate", "generate", "context", "preconditions",
		"celPreconditions", "imageExtractors", "skipBackgroundRequests", "reportProperties")
	for _, image := range at.at("verifyImages").list() {
		rule.known(image, "type", "image", "imageReferences", "skipImageReferences", "key", "roots", "subject", "issuer",
			"additionalExtensions", "attestors", "attestations", "annotations", "repository", "cosignOCI11", "mutateDigest", "verifyDigest",
			"validate", "required", "useCache", "imageRegistryCredentials", "failureAction")
	}
}
