package policyreport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/cluster"
)

// manager is who owns the fields of our objects.
const manager = "waxseal-audit"

// install says what to do where a cluster has neither group.
const install = "the cluster has no reports: install the CRDs of openreports.io (https://github.com/openreports/reports-api, config/install.yaml: clusterreports.openreports.io, reports.openreports.io)" +
	" or of wgpolicyk8s.io (https://github.com/kubernetes-sigs/wg-policy-prototypes, policy-report/crd/v1alpha2: clusterpolicyreports.wgpolicyk8s.io, policyreports.wgpolicyk8s.io)"

// ErrNoReports says that a cluster knows neither group.
var ErrNoReports = errors.New(install)

// Applied says what was done.
type Applied struct {
	Group   string
	Applied int
	Deleted int
}

// Group returns the first of [Groups] that the cluster has, [ErrNoReports] where it
// has none.
func Group(ctx context.Context, api *cluster.API) (string, error) {
	for _, group := range Groups() {
		served, err := serves(ctx, api, group)
		if err != nil {
			return "", fmt.Errorf("API group %s: %w", group, err)
		}
		if served {
			return group, nil
		}
	}
	return "", ErrNoReports
}

// serves says whether the cluster has both kinds of a group.
func serves(ctx context.Context, api *cluster.API, group string) (bool, error) {
	var list struct {
		Resources []struct{ Name string }
	}
	err := api.Get(ctx, "/apis/"+groups[group].version, &list)
	if cluster.Absent(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	have := map[string]bool{}
	for _, r := range list.Resources {
		have[r.Name] = true
	}
	return have[plural(groups[group].namespaced)] && have[plural(groups[group].cluster)], nil
}

// plural is how a kind is called in paths.
func plural(kind string) string { return strings.ToLower(kind) + "s" }

// Apply writes objects of [Objects] to the cluster that they are about, by
// server-side apply, and then deletes those of earlier runs of the same audit that
// are not among them. It stops at the first error; nothing is deleted then. Objects of
// others are never touched: only what has our labels is deleted, and that only as it
// was listed.
func Apply(ctx context.Context, api *cluster.API, objects []map[string]any) (Applied, error) {
	var done Applied
	keep := map[string]bool{}
	for _, object := range objects {
		path, err := pathOf(object)
		if err != nil {
			return done, err
		}
		group, _, _ := strings.Cut(object["apiVersion"].(string), "/")
		if done.Group != "" && group != done.Group {
			return done, fmt.Errorf("apply reports: objects of %s and of %s", done.Group, group)
		}
		done.Group = group
		if err := api.Apply(ctx, path, manager, object); err != nil {
			return done, fmt.Errorf("apply %q: %w", strings.TrimPrefix(path, "/apis/"), err)
		}
		keep[path] = true
		done.Applied++
	}
	if done.Group == "" {
		return done, nil
	}
	meta, _ := objects[0]["metadata"].(map[string]any)
	labels, _ := meta["labels"].(map[string]any)
	var err error
	done.Deleted, err = prune(ctx, api, groups[done.Group], fmt.Sprint(labels[instance]), keep)
	return done, err
}

// pathOf is the path of an object.
func pathOf(object map[string]any) (string, error) {
	version, _ := object["apiVersion"].(string)
	kind, _ := object["kind"].(string)
	meta, _ := object["metadata"].(map[string]any)
	name, _ := meta["name"].(string)
	namespace, _ := meta["namespace"].(string)
	group, _, _ := strings.Cut(version, "/")
	k, known := groups[group]
	if !known || version != k.version || name == "" || (kind != k.cluster && kind != k.namespaced) || (kind == k.namespaced) != (namespace != "") {
		return "", fmt.Errorf("apply reports: %q %q %q is no report", version, kind, name)
	}
	return path(version, kind, namespace, name), nil
}

func path(version, kind, namespace, name string) string {
	if namespace != "" {
		return "/apis/" + version + "/namespaces/" + url.PathEscape(namespace) + "/" + plural(kind) + "/" + url.PathEscape(name)
	}
	return "/apis/" + version + "/" + plural(kind) + "/" + url.PathEscape(name)
}

// stored is as much of an object in the cluster as its deletion needs.
type stored struct {
	Metadata struct {
		Name, Namespace, UID string
		Labels               map[string]string
	}
}

// prune deletes what earlier runs left.
func prune(ctx context.Context, api *cluster.API, k kinds, id string, keep map[string]bool) (deleted int, err error) {
	selector := url.Values{"labelSelector": {managedBy + "=waxseal," + component + "=audit," + instance + "=" + id}}
	for _, kind := range []string{k.cluster, k.namespaced} {
		list, err := cluster.List[stored](ctx, api, "/apis/"+k.version+"/"+plural(kind)+"?"+selector.Encode())
		if err != nil {
			return deleted, fmt.Errorf("list %s of earlier audits: %w", plural(kind), err)
		}
		for _, old := range list {
			m := old.Metadata
			at := path(k.version, kind, m.Namespace, m.Name)
			ours := m.Labels[managedBy] == "waxseal" && m.Labels[component] == "audit" && m.Labels[instance] == id
			if keep[at] || !ours {
				continue
			}
			same := map[string]any{"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": map[string]any{"uid": m.UID}}
			if err := api.Do(ctx, http.MethodDelete, at, same, nil); err != nil && !cluster.Absent(err) {
				return deleted, fmt.Errorf("delete %q of an earlier audit: %w", strings.TrimPrefix(at, "/apis/"), err)
			}
			deleted++
		}
	}
	return deleted, nil
}
