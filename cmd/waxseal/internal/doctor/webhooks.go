package doctor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/cluster"
)

type webhook struct {
	Name           string
	FailurePolicy  string
	TimeoutSeconds int
	SideEffects    string
	Reinvocation   string `json:"reinvocationPolicy"`
	Rules          []rule
	ClientConfig   struct{ CABundle string }

	NamespaceSelector *metav1.LabelSelector
	ObjectSelector    *metav1.LabelSelector
	MatchConditions   []struct{ Name, Expression string }

	configuration string
}

func (w *webhook) object() string { return "webhook " + w.Name + " in " + w.configuration }

type rule struct {
	APIGroups, APIVersions, Operations, Resources []string
	Scope                                         string
}

// Gatekeeper's webhooks.
const (
	validation  = "validation.gatekeeper.sh"
	ignoreLabel = "check-ignore-label.gatekeeper.sh"
	mutation    = "mutation.gatekeeper.sh"
)

// seconds is the time that a webhook is to have: the most that Kubernetes gives.
const seconds = 10

// webhooks looks at the three webhooks. It returns the timeout of validation, 0
// if that is not known.
func (e *examination) webhooks(ctx context.Context) int {
	found, ok := e.readWebhooks(ctx)
	if !ok {
		return 0
	}
	timeout := 0
	if w, there := found[validation]; there {
		timeout = w.TimeoutSeconds
		before := len(e.findings)
		e.closed(w)
		e.asked(w)
		e.exclusions(w)
		e.fineSince(before, w.object(), "Fail, %d s, asked of all that bears pods", w.TimeoutSeconds)
	} else {
		e.problem("webhook "+validation, "a ValidatingWebhookConfiguration with it", "Install Gatekeeper's webhook.", "there is none: nothing is asked, everything is admitted")
	}
	e.mutates(found)
	if w, there := found[ignoreLabel]; there {
		before := len(e.findings)
		e.failsClosed(w)
		if !w.covers("", "namespaces", "", "CREATE") || !w.covers("", "namespaces", "", "UPDATE") {
			e.problem(w.object(), "a rule for CREATE and UPDATE of namespaces", "Restore the rules of Gatekeeper's release.", "it is not asked of namespaces")
		}
		e.fineSince(before, w.object(), "who may set admission.gatekeeper.sh/ignore is checked")
	} else {
		e.problem("webhook "+ignoreLabel, "a ValidatingWebhookConfiguration with it", "Install it with Gatekeeper's webhook.",
			"there is none: whoever may label a namespace may leave it out with admission.gatekeeper.sh/ignore")
	}
	return timeout
}

func (e *examination) mutates(found map[string]*webhook) {
	w, there := found[mutation]
	if !there {
		e.say(Notice, "webhook "+mutation, "there is none: tags are not pinned to digests, and images named by tag are denied")
		return
	}
	before := len(e.findings)
	e.closed(w)
	e.asked(w)
	if w.Reinvocation != "IfNeeded" {
		e.problem(w.object(), "reinvocationPolicy: IfNeeded", "Set it, so that images which other webhooks add are pinned too.", "reinvocationPolicy is %s", cmp.Or(w.Reinvocation, "Never"))
	}
	e.exclusions(w)
	e.fineSince(before, w.object(), "Fail, %d s, IfNeeded", w.TimeoutSeconds)
}

func (e *examination) readWebhooks(ctx context.Context) (map[string]*webhook, bool) {
	type configuration struct {
		Metadata metadata
		Webhooks []webhook
	}
	found := map[string]*webhook{}
	for _, kind := range []string{"validatingwebhookconfigurations", "mutatingwebhookconfigurations"} {
		all, err := cluster.List[configuration](ctx, e.api, "/apis/admissionregistration.k8s.io/v1/"+kind)
		if err != nil {
			e.unread(kind, err)
			return nil, false
		}
		for _, c := range all {
			for i := range c.Webhooks {
				w := &c.Webhooks[i]
				if slices.Contains([]string{validation, ignoreLabel, mutation}, w.Name) {
					w.configuration = c.Metadata.Name
					found[w.Name] = w
				}
			}
		}
	}
	return found, true
}

func (e *examination) failsClosed(w *webhook) {
	if w.FailurePolicy != "Fail" {
		e.problem(w.object(), "failurePolicy: Fail", "Set it: with Ignore, everything is admitted while Gatekeeper is down or slow.", "failurePolicy is %s", cmp.Or(w.FailurePolicy, "missing"))
	}
	if w.ClientConfig.CABundle == "" {
		e.problem(w.object(), "the certificate of Gatekeeper's service in clientConfig.caBundle", "See Gatekeeper's log: it writes it when it starts.", "caBundle is empty, so that the API server cannot call it")
	}
}

func (e *examination) closed(w *webhook) {
	e.failsClosed(w)
	if w.TimeoutSeconds < seconds {
		e.problem(w.object(), fmt.Sprintf("timeoutSeconds: %d", seconds), "Set it: verification asks registries, and needs more time than Gatekeeper's own rules.", "timeoutSeconds is %d", w.TimeoutSeconds)
	}
}

// asked says which pod-bearing resources the rules do not cover.
func (e *examination) asked(w *webhook) {
	var missing []string
	for group, kinds := range podBearing {
		for _, kind := range kinds {
			resource := strings.ToLower(kind) + "s"
			for _, operation := range []string{"CREATE", "UPDATE"} {
				if !w.covers(group, resource, "", operation) {
					missing = append(missing, operation+" "+resource)
				}
			}
		}
	}
	if !w.covers("", "pods", "ephemeralcontainers", "UPDATE") {
		missing = append(missing, "UPDATE pods/ephemeralcontainers")
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		e.problem(w.object(), "rules for CREATE and UPDATE of all that bears pods, and pods/ephemeralcontainers", "Add them to the rules of the webhook.", "it is not asked of: %s", strings.Join(missing, ", "))
	}
}

func (w *webhook) covers(group, resource, sub, operation string) bool {
	return slices.ContainsFunc(w.Rules, func(r rule) bool {
		return names(r.APIGroups, group) && names(r.APIVersions, "v1") && names(r.Operations, operation) &&
			(r.Scope == "" || r.Scope == "*" || (r.Scope == "Cluster") == (resource == "namespaces")) && r.resource(resource, sub)
	})
}

func names(values []string, value string) bool {
	return slices.Contains(values, "*") || slices.Contains(values, value)
}

func (r rule) resource(resource, sub string) bool {
	if sub == "" {
		return slices.ContainsFunc(r.Resources, func(p string) bool { return p == "*" || p == "*/*" || p == resource })
	}
	return slices.ContainsFunc(r.Resources, func(p string) bool {
		return p == "*/*" || p == resource+"/*" || p == "*/"+sub || p == resource+"/"+sub
	})
}

// exclusions lists what a webhook is not asked of.
func (e *examination) exclusions(w *webhook) {
	if text := selectorText(w.ObjectSelector); text != "" {
		e.problem(w.object(), "no objectSelector", "Remove it: who writes an object writes its labels, and leaves it out.", "it is asked only of objects with: %s", text)
	}
	for _, condition := range w.MatchConditions {
		e.problem(w.object(), "no matchConditions", "Remove it, or be sure that it leaves out nothing that bears pods.", "matchConditions %q leaves out whatever is not: %s", condition.Name, condition.Expression)
	}
	if w.NamespaceSelector == nil {
		return
	}
	selector, err := metav1.LabelSelectorAsSelector(w.NamespaceSelector)
	if err != nil {
		e.unread(w.object(), err)
		return
	}
	var out []string
	for _, namespace := range e.namespaces {
		if !selector.Matches(labelsOf(namespace)) {
			out = append(out, namespace.Metadata.Name)
		}
	}
	e.leftOut(w.object(), fmt.Sprintf("namespaceSelector (%s)", metav1.FormatLabelSelector(w.NamespaceSelector)), out)
}
