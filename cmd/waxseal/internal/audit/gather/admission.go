package gather

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/admission"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/scope"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/cluster"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/enforcement"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/engine"
)

// maxExported bounds the objects that go into the record of one cluster.
const maxExported = 10_000

// policies reads the objects that say what is enforced.
func (r *reader) policies(ctx context.Context) (objects []admission.Object, whole bool) {
	found := enforcement.Admission(ctx, r.api, r.of.Namespaces)
	for _, m := range found.Missed {
		r.miss("cluster", r.of.Name, "enforcement", whyNot(m.What, m.Err))
	}
	r.makes = newMakersOf(admission.Parse(found.Objects, admission.Options{}).Sight())
	return found.Objects, len(found.Missed) == 0
}

// enforced is the configuration that objects and workloads make.
func (r *reader) enforced(objects []admission.Object, whole bool) *admission.Configuration {
	options := admission.Options{Complete: whole && r.makes.whole, Holds: enforcement.Holds}
	if len(r.of.Namespaces) > 0 || len(r.of.Exclude) > 0 {
		options.Holds = enforcement.HoldsPolicies
	}
	return admission.Parse(slices.Concat(r.makes.objects, objects), options)
}

// listMakers reads namespaces, and what makes Pods where there are none now.
func (r *reader) listMakers(ctx context.Context, policies []admission.Object) {
	rests := []string{"enforcement"}
	r.makes.whole = !slices.ContainsFunc(r.missing, func(m missing) bool { return m.Rests == "enforcement" })
	r.listNamespaces(ctx)
	for _, l := range []struct {
		listing
		version, kind string
	}{
		{listing{"apps/v1", "deployments", rests}, "apps/v1", "Deployment"}, {listing{"apps/v1", "daemonsets", rests}, "apps/v1", "DaemonSet"},
		{listing{"apps/v1", "statefulsets", rests}, "apps/v1", "StatefulSet"}, {listing{"batch/v1", "cronjobs", rests}, "batch/v1", "CronJob"},
	} {
		for _, namespace := range r.places() {
			r.each(ctx, l.listing, namespace, func(m *maker) {
				if outside := r.excluded(m.Metadata.Namespace); !outside || m.engine(l.kind) {
					r.makes.add(m.object(l.version, l.kind, outside))
				}
			})
		}
	}
	if len(r.of.Namespaces) > 0 {
		r.listEngines(ctx, policies)
	}
}

// listEngines reads the arguments of the engines that webhooks lead to, which are
// not in the namespaces of the scope.
func (r *reader) listEngines(ctx context.Context, policies []admission.Object) {
	l := listing{"apps/v1", "deployments", []string{"enforcement"}}
	for _, namespace := range enginesOf(policies) {
		if slices.Contains(r.of.Namespaces, namespace) {
			continue
		}
		r.each(ctx, l, namespace, func(m *maker) {
			if m.engine("Deployment") {
				r.makes.add(m.object("apps/v1", "Deployment", true))
			}
		})
	}
}

// maxEngines bounds the namespaces that webhooks lead to.
const maxEngines = 50

// enginesOf are the namespaces of the services behind webhooks.
func enginesOf(policies []admission.Object) []string {
	found := map[string]bool{}
	for _, o := range policies {
		webhooks, _ := o.Value["webhooks"].([]any)
		for _, w := range webhooks {
			webhook, _ := w.(map[string]any)
			client, _ := webhook["clientConfig"].(map[string]any)
			service, _ := client["service"].(map[string]any)
			if namespace, _ := service["namespace"].(string); namespace != "" && len(found) < maxEngines {
				found[namespace] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// each lists a collection, once more where it was read too slowly. Nothing is added
// twice: what makes Pods is known by its name.
func (r *reader) each(ctx context.Context, l listing, namespace string, add func(*maker)) {
	read := func() error {
		_, err := cluster.Each(ctx, r.api, l.path(namespace), func(m *maker) error {
			add(m)
			return nil
		})
		return err
	}
	err := read()
	if cluster.Expired(err) {
		err = read()
	}
	if err != nil && !cluster.Absent(err) {
		r.refused(l, namespace, err)
		r.makes.whole = false
	}
}

// listNamespaces reads the labels of namespaces, which rules look at. One that the
// scope names and that is not there is missing: nothing would be found in it.
func (r *reader) listNamespaces(ctx context.Context) {
	if len(r.of.Namespaces) == 0 {
		r.each(ctx, listing{resource: "namespaces", rests: []string{"enforcement"}}, "", func(m *maker) {
			r.makes.add(m.object("v1", "Namespace", false))
		})
		return
	}
	for _, name := range r.of.Namespaces {
		var m maker
		path := "/api/v1/namespaces/" + name // the scope has checked it
		err := r.api.Get(ctx, path, &m)
		switch {
		case cluster.Absent(err):
			r.miss("namespace", r.of.Name+"/"+name, "images", "there is no such namespace: correct the scope")
		case err != nil:
			r.miss("namespace", r.of.Name+"/"+name, "enforcement", whyNot(path, err))
			r.makes.whole = false
		default:
			r.makes.add(m.object("v1", "Namespace", false))
		}
	}
}

// exported are the objects that say what is enforced, for the record: redacted, and
// without what the server notes for itself.
func (r *reader) exported(objects []admission.Object) []map[string]any {
	out := export(objects)
	if len(out) > maxExported {
		r.miss("cluster", r.of.Name, "enforcement", fmt.Sprintf("%d objects say what is enforced, and no more than %d are recorded", len(out), maxExported))
		out = out[:maxExported]
	}
	return out
}

func export(objects []admission.Object) []map[string]any {
	out := []map[string]any{}
	for _, o := range objects {
		if o.Value["kind"] == "Secret" {
			continue
		}
		value := engine.Redact(o.Value)
		if metadata, is := value["metadata"].(map[string]any); is {
			delete(metadata, "managedFields")
		}
		out = append(out, value)
	}
	slices.SortFunc(out, func(a, b map[string]any) int { return strings.Compare(called(a), called(b)) })
	return out
}

// called is what tells objects apart, and their text where nothing else does.
func called(object map[string]any) string {
	metadata, _ := object["metadata"].(map[string]any)
	raw, _ := json.Marshal(object) // as it came from JSON
	return fmt.Sprintf("%v %v %v %v %s", object["apiVersion"], object["kind"], metadata["namespace"], metadata["name"], raw)
}

// manifests reads the files that stand for a cluster.
func (g *gatherer) manifests(ctx context.Context, of scope.Cluster) part {
	r := &reader{gatherer: g, of: of}
	out := &Cluster{Name: of.Name, Namespaces: []string{}, Excluded: []string{}}
	objects := r.files(ctx)
	out.Configuration = admission.Parse(objects, admission.Options{})
	out.Exported = r.exported(slices.DeleteFunc(objects, func(o admission.Object) bool { return !policy(o.Value) }))
	return part{cluster: out, missing: r.missing}
}
