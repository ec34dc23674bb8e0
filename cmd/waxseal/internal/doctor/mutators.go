package doctor

import (
	"context"
	"strings"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/cluster"
)

type assign struct {
	Metadata metadata
	Spec     struct {
		Match      struct{ ExcludedNamespaces []string }
		Parameters struct {
			Assign struct {
				ExternalData struct{ Provider, FailurePolicy string }
			}
		}
	}
}

// mutators looks at those that ask Waxseal's providers for digests, and
// remembers the providers.
func (e *examination) mutators(ctx context.Context) {
	all, err := cluster.List[assign](ctx, e.api, "/apis/mutations.gatekeeper.sh/v1/assign")
	if cluster.Absent(err) {
		return
	}
	if err != nil {
		e.unread("Assign objects of Gatekeeper", err)
		return
	}
	for _, a := range all {
		external, object := a.Spec.Parameters.Assign.ExternalData, "Assign "+a.Metadata.Name
		if !strings.HasPrefix(external.Provider, "waxseal") {
			continue
		}
		e.providers[external.Provider] = append(e.providers[external.Provider], object)
		if external.FailurePolicy != "" && external.FailurePolicy != "Fail" {
			e.problem(object, "failurePolicy: Fail", "Apply gatekeeper/mutation of this release again.", "externalData.failurePolicy is %s", external.FailurePolicy)
		}
		e.leftOut(object, "spec.match.excludedNamespaces", a.Spec.Match.ExcludedNamespaces)
	}
}
