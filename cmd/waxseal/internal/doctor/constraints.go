package doctor

import (
	"cmp"
	"context"
	"strings"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/cluster"
)

type constraint struct {
	Kind     string
	Metadata metadata
	Spec     struct {
		EnforcementAction        string
		ScopedEnforcementActions []struct {
			Action            string
			EnforcementPoints []struct{ Name string }
		}
		Match      match
		Parameters map[string]any
	}
	Status struct {
		ByPod           []reported
		TotalViolations int
	}
}

func (c *constraint) object() string { return c.Kind + " " + c.Metadata.Name }

// webhookPoint is Gatekeeper's name of admission.
const webhookPoint = "validation.gatekeeper.sh"

// does says whether the constraint takes the action at admission.
func (c *constraint) does(action string) bool {
	own := cmp.Or(c.Spec.EnforcementAction, "deny")
	if own != "scoped" {
		return own == action
	}
	for _, scoped := range c.Spec.ScopedEnforcementActions {
		for _, point := range scoped.EnforcementPoints {
			if scoped.Action == action && (point.Name == webhookPoint || point.Name == "*") {
				return true
			}
		}
	}
	return false
}

// constraints returns those of the templates that deny at admission, and says
// what is wrong with all.
func (e *examination) constraints(ctx context.Context, templates []constraintTemplate) []constraint {
	var enforcing []constraint
	for _, t := range templates {
		found, err := cluster.List[constraint](ctx, e.api, "/apis/constraints.gatekeeper.sh/v1beta1/"+strings.ToLower(t.kind()))
		if cluster.Absent(err) {
			continue // the template was said not to be created
		}
		if err != nil {
			e.unread("constraints of kind "+t.kind(), err)
			continue
		}
		for _, c := range found {
			c.Kind = t.kind()
			e.constraint(&c, &t)
			if t.notes() {
				continue
			}
			if c.does("deny") {
				enforcing = append(enforcing, c)
			}
			if !t.builtin() {
				e.providers[c.provider()] = append(e.providers[c.provider()], c.object())
			}
		}
	}
	if len(templates) > 0 && len(enforcing) == 0 {
		e.problem("constraints", "at least one with the action deny", "Apply gatekeeper/samples/images.yaml with parameters of your own.", "none of Waxseal's denies: everything is admitted")
	}
	return enforcing
}

func (c *constraint) provider() string {
	if name, ok := c.Spec.Parameters["provider"].(string); ok {
		return name
	}
	return "waxseal"
}

func (e *examination) constraint(c *constraint, t *constraintTemplate) {
	before := len(e.findings)
	e.loaded(c, t)
	if e.broken[c.Kind] && len(c.Status.ByPod) > 0 {
		e.problem(c.object(), "a template without problems", "Mend the template first.", "its status speaks of enforcement, and is not to be believed: its template has problems")
	}
	switch {
	case t.notes() && c.does("deny"):
		e.problem(c.object(), "the action warn", "Set spec.enforcementAction to warn.", "it denies what is only to be noted")
	case !t.notes() && !c.does("deny"):
		e.say(Notice, c.object(), "it denies nothing at admission (action %s)", c.Spec.EnforcementAction)
	}
	if c.Status.TotalViolations > 0 {
		e.say(Notice, c.object(), "audit has found %d violations", c.Status.TotalViolations)
	}
	e.narrowed(c)
	e.fineSince(before, c.object(), "enforced by %d Pods", len(c.Status.ByPod))
}

// loaded compares what the Pods say with the Pods that have the template.
func (e *examination) loaded(c *constraint, t *constraintTemplate) {
	const do = "See the template's status and the log of that Pod."
	seen := map[string]bool{}
	for _, pod := range c.Status.ByPod {
		seen[pod.ID] = true
		for _, wrong := range pod.Errors {
			e.problem(c.object(), "no errors in status.byPod", do, "Pod %s: %s: %s", pod.ID, wrong.Code, wrong.Message)
		}
		if !pod.Enforced {
			e.problem(c.object(), "enforced: true in every Pod", do, "Pod %s does not enforce it", pod.ID)
		}
		if pod.ObservedGeneration < c.Metadata.Generation {
			e.problem(c.object(), "the newest generation in every Pod", "Wait; if it stays, read the log of that Pod.",
				"Pod %s has generation %d, and %d is there", pod.ID, pod.ObservedGeneration, c.Metadata.Generation)
		}
	}
	for _, pod := range t.Status.ByPod {
		if !seen[pod.ID] {
			e.problem(c.object(), "a report of every Pod of Gatekeeper", do, "Pod %s has the template, and says nothing of this constraint", pod.ID)
		}
	}
	if len(c.Status.ByPod) == 0 && len(t.Status.ByPod) == 0 {
		e.problem(c.object(), "a report of every Pod of Gatekeeper", "See that Gatekeeper runs.", "no Pod of Gatekeeper has loaded it")
	}
}
