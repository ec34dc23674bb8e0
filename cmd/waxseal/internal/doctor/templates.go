package doctor

import (
	"context"
	"strings"

	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/gatekeeper/template"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/cluster"
)

type metadata struct {
	Name        string
	Namespace   string
	Generation  int64
	Labels      map[string]string
	Annotations map[string]string
}

// reported is what one Pod of Gatekeeper says of a template or constraint.
type reported struct {
	ID                 string
	ObservedGeneration int64
	Operations         []string
	Enforced           bool
	Active             bool
	Errors             []struct{ Code, Message string }
}

type constraintTemplate struct {
	Metadata metadata
	Spec     struct {
		CRD struct {
			Spec struct{ Names struct{ Kind string } }
		}
	}
	Status struct {
		Created bool
		ByPod   []reported
	}
}

func (t *constraintTemplate) kind() string    { return t.Spec.CRD.Spec.Names.Kind }
func (t *constraintTemplate) flavour() string { return t.Metadata.Labels[template.FlavourLabel] }
func (t *constraintTemplate) object() string  { return "ConstraintTemplate " + t.Metadata.Name }

// builtin says whether the template needs a Gatekeeper with the builtins inside.
func (t *constraintTemplate) builtin() bool {
	return t.flavour() == bundles.GatekeeperBuiltin || strings.HasPrefix(t.kind(), "Waxseal") && strings.HasSuffix(t.kind(), "Builtin")
}

// notes says whether its constraints speak of notes and deny nothing.
func (t *constraintTemplate) notes() bool {
	return t.kind() == template.Kind(bundles.Gatekeeper, "notes") || t.kind() == template.Kind(bundles.GatekeeperBuiltin, "notes")
}

// templates returns the templates that are Waxseal's, and says what is wrong with them.
func (e *examination) templates(ctx context.Context) []constraintTemplate {
	all, err := cluster.List[constraintTemplate](ctx, e.api, "/apis/templates.gatekeeper.sh/v1/constrainttemplates")
	switch {
	case cluster.Absent(err):
		e.problem("Gatekeeper", "Gatekeeper with the API templates.gatekeeper.sh/v1", "Install Gatekeeper.", "it is not installed: there is no such API")
		return nil
	case err != nil:
		e.unread("ConstraintTemplates", err)
		return nil
	}
	var ours []constraintTemplate
	for _, t := range all {
		if t.flavour() != "" || strings.HasPrefix(t.kind(), "Waxseal") {
			ours = append(ours, t)
			e.template(&t)
		}
	}
	if len(ours) == 0 {
		e.problem("ConstraintTemplates", "a template of gatekeeper/templates", "Apply gatekeeper/templates.", "none is Waxseal's")
	}
	return ours
}

func (e *examination) template(t *constraintTemplate) {
	before := len(e.findings)
	for _, pod := range t.Status.ByPod {
		for _, wrong := range pod.Errors {
			e.templateError(t, pod.ID, wrong.Code+": "+wrong.Message)
		}
		if len(pod.Errors) == 0 && pod.ObservedGeneration < t.Metadata.Generation {
			e.problem(t.object(), "the newest generation in every Pod", "Wait; if it stays, read the log of that Pod.",
				"Pod %s has generation %d, and %d is there", pod.ID, pod.ObservedGeneration, t.Metadata.Generation)
		}
	}
	if len(t.Status.ByPod) == 0 {
		e.problem(t.object(), "a report of each Pod of Gatekeeper in status.byPod", "See that Gatekeeper runs, and read its log.", "no Pod of Gatekeeper has loaded it")
	}
	if !t.Status.Created {
		e.problem(t.object(), "status.created: true", "Mend what its Pods report, or wait until they do.", "it is not created: its constraints do not fire")
	}
	e.broken[t.kind()] = len(e.findings) > before
	if !e.broken[t.kind()] {
		e.say(Fine, t.object(), "loaded by %d Pods (flavour %s)", len(t.Status.ByPod), t.flavour())
	}
}

func (e *examination) templateError(t *constraintTemplate, pod, text string) {
	if t.builtin() && strings.Contains(text, "undefined function") {
		e.problem(t.object(), "a Gatekeeper that has Waxseal's builtins inside",
			"Delete it and apply gatekeeper/templates, which an unmodified Gatekeeper understands; or run our build of Gatekeeper.",
			"THIS TEMPLATE NEVER FIRES: it calls builtins that Pod %s has not, and everything is admitted (%s)", pod, text)
		return
	}
	e.problem(t.object(), "no errors in status.byPod", "Apply the template of this release again; the constraints of a template with errors do not fire.",
		"Pod %s cannot load it: %s", pod, text)
}
