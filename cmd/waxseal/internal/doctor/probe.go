package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/cluster"
)

// probeName is the name of the Pod that is asked about and never made.
const probeName = "waxseal-doctor"

// The images of the Pods that are asked about.
const (
	// unparsable has to be refused by every constraint, whatever its parameters
	// and without asking the world.
	unparsable = "waxseal-doctor.invalid/MUST-BE-DENIED"
	// unreachable is for clusters whose mutation refuses the other one, before
	// validation is asked: it has a digest, so that mutation leaves it alone. No
	// host can have its name (RFC 2606).
	unreachable = "waxseal-doctor.invalid/must-be-denied@sha256:0000000000000000000000000000000000000000000000000000000000000000"
)

// probe asks the webhook, by a dry run, about a Pod that has to be denied.
func (e *examination) probe(ctx context.Context, enforcing []constraint) {
	object := fmt.Sprintf("dry run of Pod %s/%s", e.namespace, probeName)
	var asked []constraint
	for _, c := range enforcing {
		if c.Spec.Match.asks(e.namespace, probeName) {
			asked = append(asked, c)
		} else {
			e.say(Notice, c.object(), "it is not asked about the %s, so that it was not tried (--namespace tries another namespace)", object)
		}
	}
	err := e.dryRun(ctx, unparsable)
	if deniedBy(err, mutation) {
		asked = slices.DeleteFunc(asked, func(c constraint) bool {
			if !c.verifies() {
				e.say(Notice, c.object(), "mutation refused the %s first, and an image with a digest need not be refused by this constraint, so that it was not tried", object)
			}
			return !c.verifies()
		})
		if len(asked) == 0 && len(enforcing) > 0 {
			return
		}
		err = e.dryRun(ctx, unreachable)
	}
	e.answered(object, err, asked)
}

// verifies says whether the constraint cannot accept an image that nobody can reach.
func (c *constraint) verifies() bool {
	_, signed := c.Spec.Parameters["signed_images"]
	_, scanned := c.Spec.Parameters["scanned_images"]
	return signed || scanned
}

func (e *examination) dryRun(ctx context.Context, image string) error {
	path := "/api/v1/namespaces/" + url.PathEscape(e.namespace) + "/pods?dryRun=All&fieldManager=waxseal-doctor"
	return e.api.Do(ctx, http.MethodPost, path, probePod(image), nil)
}

// deniedBy says whether the webhook of that name refused.
func deniedBy(err error, webhook string) bool {
	status, ok := errors.AsType[*cluster.StatusError](err)
	return ok && strings.Contains(status.Message, `"`+webhook+`" denied the request`)
}

func (e *examination) answered(object string, err error, asked []constraint) {
	status, isStatus := errors.AsType[*cluster.StatusError](err)
	switch {
	case err == nil:
		e.problem(object, "a denial by "+validation, "Mend what stands above; if nothing does, see that no exclusion holds for the namespace.",
			"IT WAS ADMITTED, with an image that must be denied: Waxseal does not fire there")
	case !isStatus:
		e.unread(object, err)
	case deniedBy(err, validation):
		e.fired(object, status.Message, asked)
	case strings.Contains(status.Message, "failed calling webhook"):
		e.problem(object, "an answer of Gatekeeper", "See that Gatekeeper runs and that the API server can reach it. As long as it does not answer, everything is denied (failurePolicy Fail).",
			"the webhook does not answer: %s", status.Message)
	default:
		e.say(Unknown, object, "it was refused, and not by a constraint: %s", status.Message)
	}
}

// fired looks for each constraint in the message; Gatekeeper writes [name] before what it says.
func (e *examination) fired(object, message string, asked []constraint) {
	silent := 0
	for _, c := range asked {
		if !strings.Contains(message, "["+c.Metadata.Name+"]") {
			silent++
			e.problem(c.object(), "a denial of the "+object, "Look at its status and match, and at the status of its template.", "IT DOES NOT FIRE: others denied the dry run, and it did not (%s)", message)
		}
	}
	switch {
	case len(asked) == 0:
		e.say(Unknown, object, "it was denied, and not by a constraint of Waxseal: %s", message)
	case silent == 0:
		e.say(Fine, object, "denied by %d constraints of Waxseal, as it has to be", len(asked))
	}
}

// probePod is a Pod that nothing but an image policy refuses.
func probePod(image string) map[string]any {
	return map[string]any{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": map[string]any{"name": probeName},
		"spec": map[string]any{
			"restartPolicy":                "Never",
			"automountServiceAccountToken": false,
			"securityContext":              map[string]any{"runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": map[string]any{"type": "RuntimeDefault"}},
			"containers": []any{map[string]any{
				"name": "probe", "image": image,
				"securityContext": map[string]any{
					"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": map[string]any{"drop": []any{"ALL"}},
				},
				"resources": map[string]any{"requests": map[string]any{"cpu": "1m", "memory": "1Mi"}, "limits": map[string]any{"cpu": "1m", "memory": "1Mi"}},
			}},
		},
	}
}
