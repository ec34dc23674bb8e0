package gather

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/scope"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/cluster"
)

// reader reads one cluster.
type reader struct {
	*gatherer
	of      scope.Cluster
	api     *cluster.API
	tally   *tally
	makes   *makersOf
	missing []audit.Missing
}

// cluster reads an API server, or the files that stand for one.
func (g *gatherer) cluster(ctx context.Context, of scope.Cluster) part {
	defer g.tell(Event{Part: "cluster", Name: of.Name, Done: true})
	if len(of.Manifests) > 0 {
		return g.manifests(ctx, of)
	}
	ctx, cancel := context.WithTimeout(ctx, g.opts.Timeout)
	defer cancel()
	out := &Cluster{Name: of.Name, Context: of.Context, Namespaces: sorted(of.Namespaces), Excluded: sorted(of.Exclude), Exported: []map[string]any{}}
	of.Namespaces = out.Namespaces
	r := &reader{gatherer: g, of: of, tally: newTally()}
	r.tally.cluster = of.Name
	var err error
	if r.api, err = g.opts.Connect(of, g.opts.Agent); err != nil {
		return r.unreachable(out, err)
	}
	out.Server = r.api.Server()
	var version struct{ GitVersion string }
	if err := r.api.Get(ctx, "/version", &version); err != nil && !cluster.Forbidden(err) {
		return r.unreachable(out, err)
	}
	out.Version = version.GitVersion
	r.read(ctx, out)
	out.Pods, out.Pending = r.tally.pods, r.tally.pending
	return part{cluster: out, tally: r.tally, missing: r.missing}
}

// unreachable is a cluster of which nothing is known.
func (r *reader) unreachable(out *Cluster, err error) part {
	for _, rests := range []string{"images", "enforcement"} {
		r.miss("cluster", r.of.Name, rests, "the API server cannot be asked: "+err.Error()+"; check the kubeconfig, the context and the network")
	}
	return part{cluster: out, missing: r.missing}
}

func (r *reader) miss(part, name, rests, why string) {
	r.missing = append(r.missing, audit.Missing{Part: part, Name: name, Why: why, Rests: rests})
}

// read asks for everything. What is enforced comes first, because it says which
// Pods a rule can tell apart.
func (r *reader) read(ctx context.Context, out *Cluster) {
	objects, missed := r.policies(ctx)
	r.listJobs(ctx)
	r.listPods(ctx, out)
	r.listMakers(ctx, objects)
	out.Exported = r.exported(objects)
	out.Configuration = r.enforced(objects, missed)
}

// listing is a list that is read, in one or more places.
type listing struct {
	group, resource string // "" is the core group
	rests           []string
}

func (l listing) path(namespace string) string {
	base := "/api/v1"
	if l.group != "" {
		base = "/apis/" + l.group
	}
	if namespace != "" {
		base += "/namespaces/" + url.PathEscape(namespace)
	}
	return base + "/" + l.resource
}

// places are where a list is asked for: the whole cluster, or only the namespaces
// of the scope.
func (r *reader) places() []string {
	if len(r.of.Namespaces) == 0 {
		return []string{""}
	}
	return r.of.Namespaces
}

// refused lists what could not be listed, and what to grant.
func (r *reader) refused(l listing, namespace string, err error) {
	part, name := "cluster", r.of.Name
	if namespace != "" {
		part, name = "namespace", r.of.Name+"/"+namespace
	}
	for _, rests := range l.rests {
		r.miss(part, name, rests, whyNot("GET "+l.path(namespace), err))
	}
}

// whyNot is an error with what to do about it.
func whyNot(what string, err error) string {
	text := fmt.Sprintf("%s: %v", strings.TrimPrefix(what, "GET "), err)
	if !cluster.Forbidden(err) {
		return text
	}
	verb, resource := need(strings.TrimPrefix(what, "GET "))
	return fmt.Sprintf("%s; grant %s on %s, as examples/audit/clusterrole.yaml does", text, verb, resource)
}

// need says which right a path needs: list on pods, get on configmaps.
func need(path string) (verb, resource string) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	group := ""
	switch {
	case len(parts) > 3 && parts[0] == "apis":
		group, parts = "."+parts[1], parts[3:]
	case len(parts) > 2 && parts[0] == "api":
		parts = parts[2:]
	default:
		return "get", path // of the server itself
	}
	if len(parts) > 2 && parts[0] == "namespaces" {
		parts = parts[2:]
	}
	if len(parts) > 1 {
		return "get", parts[0] + group
	}
	return "list", parts[0] + group
}

// excluded says whether a namespace is left out.
func (r *reader) excluded(namespace string) bool {
	for _, pattern := range r.of.Exclude {
		if match, _ := path.Match(pattern, namespace); match { // the scope has checked the patterns
			return true
		}
	}
	return false
}

// job is what is read of a Job.
type job struct {
	Metadata metadata `json:"metadata"`
}

// listJobs finds which Jobs are of a CronJob. Nothing rests on it but a name: where
// it is not permitted, the Job is named.
func (r *reader) listJobs(ctx context.Context) {
	r.tally.jobs = map[string]string{}
	l := listing{group: "batch/v1", resource: "jobs"}
	for _, namespace := range r.places() {
		_, _ = cluster.Each(ctx, r.api, l.path(namespace), func(j *job) error {
			if o, owned := controller(j.Metadata.Owners); owned && o.Kind == "CronJob" {
				r.tally.jobs[j.Metadata.Namespace+"/"+j.Metadata.Name] = o.Name
			}
			return nil
		})
	}
}

// listPods reads what runs.
func (r *reader) listPods(ctx context.Context, out *Cluster) {
	l := listing{resource: "pods", rests: []string{"images", "enforcement"}}
	whole := r.tally
	for _, namespace := range r.places() {
		tally, makes, err := r.pods(ctx, l.path(namespace), whole)
		if cluster.Expired(err) { // it was read too slowly: once more, from the beginning
			tally, makes, err = r.pods(ctx, l.path(namespace), whole)
		}
		if err != nil { // what was seen runs, and more may
			r.refused(l, namespace, err)
		}
		whole.merge(tally)
		r.makes.merge(makes)
		out.Pods, out.Pending = whole.pods, whole.pending
	}
}

// pods reads one list of Pods into a tally of its own, so that it can be thrown
// away when the list has to be read again.
func (r *reader) pods(ctx context.Context, path string, whole *tally) (*tally, *makersOf, error) {
	t := newTally()
	t.cluster, t.jobs = whole.cluster, whole.jobs
	makes := newMakersOf(r.makes.sight)
	_, err := cluster.Each(ctx, r.api, path, func(p *pod) error {
		if p.Metadata.Name == "" || p.Metadata.Namespace == "" {
			return errors.New("an item of the list is no Pod: it has no name or no namespace")
		}
		if r.excluded(p.Metadata.Namespace) {
			return nil
		}
		t.pod(p)
		makes.pod(p)
		if t.pods%1000 == 0 {
			r.tell(Event{Part: "cluster", Name: r.of.Name, Pods: whole.pods + t.pods, Images: len(whole.images) + len(t.images)})
		}
		return nil
	})
	return t, makes, err
}
