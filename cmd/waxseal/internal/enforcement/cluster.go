package enforcement

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/admission"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/cluster"
)

// groups are the API groups whose objects tell what is enforced, whichever of
// their kinds the cluster has.
var groups = []string{
	"admissionregistration.k8s.io", "config.gatekeeper.sh", "connaisseur.policy", "constraints.gatekeeper.sh",
	"externaldata.gatekeeper.sh", "kyverno.io", "policies.kyverno.io", "policy.sigstore.dev", "templates.gatekeeper.sh",
}

// families are groups by what they end in.
var families = []string{".ratify.deislabs.io", ".ratify.dev", "ratify.deislabs.io"}

// collection is a collection of objects of one kind.
type collection struct{ path, version, kind string }

// workloads are the collections that are read of the groups that every cluster
// has. Pods are what runs; what makes them is known by its Pods.
var workloads = []collection{
	{"/api/v1/namespaces", "v1", "Namespace"}, {"/api/v1/pods", "v1", "Pod"}, {"/apis/apps/v1/deployments", "apps/v1", "Deployment"},
	{"/apis/apps/v1/daemonsets", "apps/v1", "DaemonSet"}, {"/apis/apps/v1/statefulsets", "apps/v1", "StatefulSet"},
	{"/apis/batch/v1/cronjobs", "batch/v1", "CronJob"}, {"/apis/policy/v1beta1/podsecuritypolicies", "policy/v1beta1", "PodSecurityPolicy"},
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
	for _, c := range append(slices.Clone(workloads), g.collections(ctx, api)...) {
		items, err := cluster.List[map[string]any](ctx, api, c.path)
		if cluster.Absent(err) && !strings.HasPrefix(c.path, "/api/v1/") { // no API server is without those
			continue
		}
		if err != nil {
			g.miss(c.path, err)
			continue
		}
		for _, item := range items {
			if item != nil {
				g.objects = append(g.objects, admission.Object{Value: c.typed(item)})
			}
		}
	}
	g.configMaps(ctx, api)
	return g
}

// held says of which kinds a cluster's objects are all read. Secrets are not, nor
// are most ConfigMaps, nor kinds of others that parameters may be of.
func held(kind admission.Kind) bool {
	return matters(kind.Group) || slices.ContainsFunc(workloads, func(c collection) bool {
		group, _, grouped := strings.Cut(c.version, "/")
		return c.kind == kind.Kind && (grouped && group == kind.Group || !grouped && kind.Group == "")
	})
}

func (g *gathered) miss(what string, err error) {
	g.missed = append(g.missed, fmt.Sprintf("%s: %v", what, err))
}

// named are the objects of common kinds that configure an admission system.
var named = []string{
	"/api/v1/namespaces/cosign-system/configmaps/config-policy-controller",
	"/api/v1/namespaces/kyverno/configmaps/kyverno",
}

func (g *gathered) configMaps(ctx context.Context, api *cluster.API) {
	for _, path := range named {
		var object map[string]any
		err := api.Get(ctx, path, &object)
		switch {
		case cluster.Absent(err):
		case err != nil:
			g.miss(path, err)
		case object != nil:
			g.objects = append(g.objects, admission.Object{Value: object})
		}
	}
}

// collections are all collections of the groups that matter. A kind is in some of a
// group's versions only, so all of them are asked.
func (g *gathered) collections(ctx context.Context, api *cluster.API) []collection {
	type version struct{ GroupVersion string }
	var list struct {
		Groups []struct {
			Name             string
			PreferredVersion version
			Versions         []version
		}
	}
	if err := api.Get(ctx, "/apis", &list); err != nil {
		g.miss("the list of API groups", err)
		return nil
	}
	seen, found := map[string]bool{}, []collection{}
	for _, group := range list.Groups {
		if !matters(group.Name) {
			continue
		}
		for _, v := range append([]version{group.PreferredVersion}, group.Versions...) {
			if v.GroupVersion == "" || seen[v.GroupVersion] {
				continue
			}
			seen[v.GroupVersion] = true
			resources, err := resources(ctx, api, v.GroupVersion)
			if err != nil {
				g.miss("the kinds of "+v.GroupVersion, err)
			}
			for _, c := range resources {
				if key := group.Name + "/" + path.Base(c.path); !seen[key] {
					seen[key] = true
					found = append(found, c)
				}
			}
		}
	}
	return found
}

func matters(group string) bool {
	return slices.Contains(groups, group) || slices.ContainsFunc(families, func(family string) bool { return strings.HasSuffix(group, family) })
}

func resources(ctx context.Context, api *cluster.API, groupVersion string) ([]collection, error) {
	group, version, _ := strings.Cut(groupVersion, "/")
	base := "/apis/" + url.PathEscape(group) + "/" + url.PathEscape(version)
	var list struct {
		Resources []struct {
			Name, Kind string
			Verbs      []string
		}
	}
	if err := api.Get(ctx, base, &list); err != nil {
		return nil, err
	}
	var found []collection
	for _, r := range list.Resources {
		if !strings.Contains(r.Name, "/") && slices.Contains(r.Verbs, "list") {
			found = append(found, collection{base + "/" + url.PathEscape(r.Name), groupVersion, r.Kind})
		}
	}
	return found, nil
}

// typed gives an item of a list the type that the server leaves out for the kinds
// that are built in; custom resources have it.
func (c collection) typed(item map[string]any) map[string]any {
	if kind, has := item["kind"].(string); !has || kind == "" {
		item["apiVersion"], item["kind"] = c.version, c.kind
	}
	return item
}
