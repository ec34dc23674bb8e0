package enforcement

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/admission"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/cluster"
)

// groups are the API groups whose objects tell what is enforced, whichever of
// their kinds the cluster has. A trailing dot stands for a family.
var groups = []string{
	"admissionregistration.k8s.io", "config.gatekeeper.sh", "connaisseur.policy", "constraints.gatekeeper.sh",
	"externaldata.gatekeeper.sh", "kyverno.io", "policies.kyverno.io", "policy.sigstore.dev", "templates.gatekeeper.sh",
}

// families are groups by what they end in.
var families = []string{".ratify.deislabs.io", ".ratify.dev", "ratify.deislabs.io"}

// workloads are the collections that are read of the groups that every cluster
// has. Pods are what runs; what makes them is known by its Pods.
var workloads = []string{
	"/api/v1/namespaces", "/api/v1/pods", "/apis/apps/v1/deployments", "/apis/apps/v1/daemonsets",
	"/apis/apps/v1/statefulsets", "/apis/batch/v1/cronjobs", "/apis/policy/v1beta1/podsecuritypolicies",
}

// gathered is what a cluster was found to hold, and what could not be read.
type gathered struct {
	objects []admission.Object
	missed  []string
}

// gather reads everything that tells what is enforced, and what runs. What cannot
// be read is listed, never passed over.
func gather(ctx context.Context, api *cluster.API) *gathered {
	g := &gathered{}
	paths := slices.Clone(workloads)
	found, err := collections(ctx, api)
	if err != nil {
		g.miss("the list of API groups", err)
	}
	for _, path := range append(paths, found...) {
		items, err := cluster.List[map[string]any](ctx, api, path)
		if cluster.Absent(err) {
			continue
		}
		if err != nil {
			g.miss(path, err)
			continue
		}
		for _, item := range items {
			g.objects = append(g.objects, admission.Object{Value: typed(item, path)})
		}
	}
	g.configMaps(ctx, api)
	return g
}

func (g *gathered) miss(what string, err error) {
	g.missed = append(g.missed, fmt.Sprintf("%s: %v", what, err))
}

// named are the objects of common kinds that configure an admission system.
var named = []string{
	"/api/v1/namespaces/cosign-system/configmaps/config-policy-controller",
	"/api/v1/namespaces/kyverno/configmaps/kyverno",
	"/apis/apps/v1/namespaces/gatekeeper-system/deployments/gatekeeper-controller-manager",
}

func (g *gathered) configMaps(ctx context.Context, api *cluster.API) {
	for _, path := range named {
		var object map[string]any
		err := api.Get(ctx, path, &object)
		switch {
		case cluster.Absent(err):
		case err != nil:
			g.miss(path, err)
		case !strings.Contains(path, "/deployments/"): // those were listed
			g.objects = append(g.objects, admission.Object{Value: object})
		}
	}
}

// collections are the paths of all collections of the groups that matter, in the
// version that the server prefers.
func collections(ctx context.Context, api *cluster.API) ([]string, error) {
	var list struct {
		Groups []struct {
			Name             string
			PreferredVersion struct{ GroupVersion string }
		}
	}
	if err := api.Get(ctx, "/apis", &list); err != nil {
		return nil, err
	}
	var paths []string
	for _, group := range list.Groups {
		if !matters(group.Name) {
			continue
		}
		found, err := resources(ctx, api, group.PreferredVersion.GroupVersion)
		if err != nil {
			return paths, fmt.Errorf("%s: %w", group.Name, err)
		}
		paths = append(paths, found...)
	}
	slices.Sort(paths)
	return paths, nil
}

func matters(group string) bool {
	return slices.Contains(groups, group) || slices.ContainsFunc(families, func(family string) bool { return strings.HasSuffix(group, family) })
}

func resources(ctx context.Context, api *cluster.API, groupVersion string) ([]string, error) {
	group, version, _ := strings.Cut(groupVersion, "/")
	base := "/apis/" + url.PathEscape(group) + "/" + url.PathEscape(version)
	var list struct {
		Resources []struct {
			Name  string
			Verbs []string
		}
	}
	if err := api.Get(ctx, base, &list); err != nil {
		return nil, err
	}
	var paths []string
	for _, resource := range list.Resources {
		if !strings.Contains(resource.Name, "/") && slices.Contains(resource.Verbs, "list") {
			paths = append(paths, base+"/"+url.PathEscape(resource.Name))
		}
	}
	return paths, nil
}

// kinds are those of the collections whose items come without their type.
var kinds = map[string][2]string{
	"/api/v1/namespaces":                       {"v1", "Namespace"},
	"/api/v1/pods":                             {"v1", "Pod"},
	"/apis/apps/v1/deployments":                {"apps/v1", "Deployment"},
	"/apis/apps/v1/daemonsets":                 {"apps/v1", "DaemonSet"},
	"/apis/apps/v1/statefulsets":               {"apps/v1", "StatefulSet"},
	"/apis/batch/v1/cronjobs":                  {"batch/v1", "CronJob"},
	"/apis/policy/v1beta1/podsecuritypolicies": {"policy/v1beta1", "PodSecurityPolicy"},
}

// admissionKinds are those of the group that is built in.
var admissionKinds = map[string]string{
	"validatingwebhookconfigurations":   "ValidatingWebhookConfiguration",
	"mutatingwebhookconfigurations":     "MutatingWebhookConfiguration",
	"validatingadmissionpolicies":       "ValidatingAdmissionPolicy",
	"validatingadmissionpolicybindings": "ValidatingAdmissionPolicyBinding",
	"mutatingadmissionpolicies":         "MutatingAdmissionPolicy",
	"mutatingadmissionpolicybindings":   "MutatingAdmissionPolicyBinding",
}

// typed gives an item of a list the type that the server leaves out for the kinds
// that are built in; custom resources have it.
func typed(item map[string]any, path string) map[string]any {
	if _, has := item["kind"]; has {
		return item
	}
	if kind, known := kinds[path]; known {
		item["apiVersion"], item["kind"] = kind[0], kind[1]
		return item
	}
	parts := strings.Split(strings.TrimPrefix(path, "/apis/"), "/")
	if len(parts) == 3 {
		item["apiVersion"], item["kind"] = parts[0]+"/"+parts[1], admissionKinds[parts[2]]
	}
	return item
}
