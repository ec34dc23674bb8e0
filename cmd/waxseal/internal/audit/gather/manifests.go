package gather

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/waxseal/waxseal/builtins/admission"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/enforcement"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/manifest"
)

// files reads manifests as `waxseal enforcement DIR` does.
func (r *reader) files(ctx context.Context) []admission.Object {
	var paths []string
	for _, path := range r.of.Manifests {
		if _, err := os.Stat(path); err != nil { // a misspelt name is no configuration that enforces nothing
			r.miss("cluster", r.of.Name, "enforcement", err.Error())
			continue
		}
		paths = append(paths, path)
	}
	docs, _ := manifest.All(ctx, paths, strings.NewReader(""))
	var objects []admission.Object
	for i := range docs {
		d := &docs[i]
		if d.Err != nil {
			r.miss("cluster", r.of.Name, "enforcement", d.Err.Error())
			continue
		}
		objects = append(objects, admission.Object{File: d.File, Document: d.Index, Value: d.Object, Line: d.LineOf})
	}
	if len(objects) == 0 && len(r.missing) == 0 {
		r.miss("cluster", r.of.Name, "enforcement", fmt.Sprintf("no manifests in %s", strings.Join(r.of.Manifests, ", ")))
	}
	return objects
}

// policy says whether an object is of a kind that says what is enforced. Files of
// Helm values are not: they may hold passwords.
func policy(object map[string]any) bool {
	version, _ := object["apiVersion"].(string)
	kind, _ := object["kind"].(string)
	group, _, grouped := strings.Cut(version, "/")
	return grouped && enforcement.HoldsPolicies(admission.Kind{Group: group, Kind: kind})
}
