package enforcement

import (
	"context"
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

// passing are kinds of those groups that say nothing of what is enforced, and of
// which there is one for each object that was judged.
var passing = []string{
	"AdmissionReport", "BackgroundScanReport", "ClusterAdmissionReport", "ClusterBackgroundScanReport",
	"ClusterEphemeralReport", "EphemeralReport", "GenerateRequest", "UpdateRequest",
}

// collection is a collection of objects of one kind.
type collection struct {
	path, version, kind string
	namespaced          bool
}

// workloads are the collections that are read of the groups that every cluster
// has. Pods are what runs; what makes them is known by its Pods.
var workloads = []collection{
	{"/api/v1/namespaces", "v1", "Namespace", false}, {"/api/v1/pods", "v1", "Pod", true}, {"/apis/apps/v1/deployments", "apps/v1", "Deployment", true},
	{"/apis/apps/v1/daemonsets", "apps/v1", "DaemonSet", true}, {"/apis/apps/v1/statefulsets", "apps/v1", "StatefulSet", true},
	{"/apis/batch/v1/cronjobs", "batch/v1", "CronJob", true},
}

// policies are those of the groups that every cluster has.
var policies = []collection{{"/apis/policy/v1beta1/podsecuritypolicies", "policy/v1beta1", "PodSecurityPolicy", false}}

// Found is what a cluster was found to hold, and what could not be read.
type Found struct {
	Objects []admission.Object
	Missed  []Missed
}

// Missed is something that could not be read.
type Missed struct {
	What string // a path, or a thing in words
	Err  error
}

// gather reads everything that tells what is enforced, and what runs. What cannot
// be read is listed, never passed over.
func gather(ctx context.Context, api *cluster.API) *Found {
	f := &Found{}
	for _, c := range workloads {
		f.list(ctx, api, c, nil)
	}
	f.admission(ctx, api, nil)
	return f
}

// Admission reads the objects that tell what is enforced, and not what runs. They
// are of the whole cluster; where that is forbidden, those of the namespaces are
// read, and that others are not is listed.
func Admission(ctx context.Context, api *cluster.API, namespaces []string) *Found {
	f := &Found{}
	f.admission(ctx, api, namespaces)
	return f
}

func (f *Found) admission(ctx context.Context, api *cluster.API, namespaces []string) {
	for _, c := range append(slices.Clone(policies), f.collections(ctx, api)...) {
		f.list(ctx, api, c, namespaces)
	}
	f.configMaps(ctx, api)
}

func (f *Found) list(ctx context.Context, api *cluster.API, c collection, namespaces []string) {
	items, err := cluster.List[map[string]any](ctx, api, c.path)
	if cluster.Absent(err) && !strings.HasPrefix(c.path, "/api/v1/") { // no API server is without those
		return
	}
	if err != nil {
		f.miss(c.path, err)
	}
	if c.namespaced && cluster.Forbidden(err) {
		for _, namespace := range namespaces {
			some, err := cluster.List[map[string]any](ctx, api, path.Dir(c.path)+"/namespaces/"+url.PathEscape(namespace)+"/"+path.Base(c.path))
			if err != nil {
				continue // that all are forbidden is listed
			}
			items = append(items, some...)
		}
	}
	for _, item := range items {
		if item != nil {
			f.Objects = append(f.Objects, admission.Object{Value: c.typed(item)})
		}
	}
}

// Holds says of which kinds a cluster's objects are all read. Secrets are not, nor
// are most ConfigMaps, nor kinds of others that parameters may be of.
func Holds(kind admission.Kind) bool {
	return HoldsPolicies(kind) || slices.ContainsFunc(workloads, func(c collection) bool { return c.is(kind) })
}

// HoldsPolicies is [Holds] for whoever reads no workloads, or not all.
func HoldsPolicies(kind admission.Kind) bool {
	return matters(kind.Group) || slices.ContainsFunc(policies, func(c collection) bool { return c.is(kind) })
}

func (c collection) is(kind admission.Kind) bool {
	group, _, grouped := strings.Cut(c.version, "/")
	return c.kind == kind.Kind && (grouped && group == kind.Group || !grouped && kind.Group == "")
}

func (f *Found) miss(what string, err error) { f.Missed = append(f.Missed, Missed{what, err}) }

// named are the objects of common kinds that configure an admission system.
var named = []string{
	"/api/v1/namespaces/cosign-system/configmaps/config-policy-controller",
	"/api/v1/namespaces/kyverno/configmaps/kyverno",
}

func (f *Found) configMaps(ctx context.Context, api *cluster.API) {
	for _, path := range named {
		var object map[string]any
		err := api.Get(ctx, path, &object)
		switch {
		case cluster.Absent(err):
		case err != nil:
			f.miss(path, err)
		case object != nil:
			f.Objects = append(f.Objects, admission.Object{Value: object})
		}
	}
}

// collections are all collections of the groups that matter. A kind is in some of a
// group's versions only, so all of them are asked.
func (f *Found) collections(ctx context.Context, api *cluster.API) []collection {
	type version struct{ GroupVersion string }
	var list struct {
		Groups []struct {
			Name             string
			PreferredVersion version
			Versions         []version
		}
	}
	if err := api.Get(ctx, "/apis", &list); err != nil {
		f.miss("the list of API groups", err)
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
				f.miss("the kinds of "+v.GroupVersion, err)
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
			Namespaced bool
			Verbs      []string
		}
	}
	if err := api.Get(ctx, base, &list); err != nil {
		return nil, err
	}
	var found []collection
	for _, r := range list.Resources {
		if !strings.Contains(r.Name, "/") && slices.Contains(r.Verbs, "list") && !slices.Contains(passing, r.Kind) {
			found = append(found, collection{base + "/" + url.PathEscape(r.Name), groupVersion, r.Kind, r.Namespaced})
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
