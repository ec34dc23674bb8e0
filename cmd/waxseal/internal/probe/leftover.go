package probe

import (
	"context"
	"fmt"
	"net/http"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/cluster"
)

type made struct {
	Metadata struct {
		UID         string
		Annotations map[string]string
	}
}

// nothingStays looks for the Pod, after an answer that is no refusal. There is none
// unless a server, or what stands before it, took the dry run for a run. Only a
// Pod of this very run is deleted.
func (r *run) nothingStays(ctx context.Context, p *audit.Probe) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.cfg.Timeout)
	defer cancel()
	place := pods(p.Namespace) + "/" + podName(p.Name)
	what := p.Namespace + "/" + p.Name
	var found made
	err := r.api.Get(ctx, place, &found)
	switch {
	case cluster.Absent(err):
		return
	case err != nil:
		r.miss(what, fmt.Sprintf("whether the dry run left Pod %s/%s behind cannot be looked up: %v", p.Namespace, podName(p.Name), err))
		return
	case found.Metadata.Annotations[runAnnotation] != r.id:
		p.Warnings = append(p.Warnings, "a Pod of this name is there, which is not of this dry run: it was left alone")
		return
	}
	text := fmt.Sprintf("THE DRY RUN MADE A POD, %s/%s: the API server, or what stands before it, does not keep dry runs.", p.Namespace, podName(p.Name))
	options := map[string]any{
		"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0, "preconditions": map[string]any{"uid": found.Metadata.UID},
	}
	if err := r.api.Do(ctx, http.MethodDelete, place, options, nil); err != nil && !cluster.Absent(err) {
		text += fmt.Sprintf(" IT COULD NOT BE DELETED: %v. Delete it.", err)
	} else {
		text += " It was deleted again."
	}
	p.Outcome, p.Message = Failed, text
	r.miss(what, text)
}
