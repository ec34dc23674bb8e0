package logs

import (
	"encoding/json"
	"hash/fnv"
	"net/url"
	"strings"
	"time"

	"github.com/waxseal/waxseal/builtins/audit"
)

// request is a request to an API server that was answered, as any of the formats
// tells it.
type request struct {
	at                                            time.Time
	verb, group, resource, subresource, namespace string
	user                                          string
	status                                        int
	message                                       string
	decision                                      string // of authorisation: allow, forbid, or ""
	dryRun                                        bool
	requested, answered                           []byte // objects, nil where the log has none
	annotations                                   annotations
}

// annotations are those of the audit event that tell something.
type annotations struct {
	failures   string   // of ValidatingAdmissionPolicies that only warn or audit
	podAudit   string   // what PodSecurity would have refused
	exempt     string   // why PodSecurity did not ask
	failedOpen []string // webhooks that failed, and let pass
	decision   string
}

func (a annotations) any() bool {
	return a.failures != "" || a.podAudit != "" || a.exempt != "" || len(a.failedOpen) > 0
}

// readAnnotations reads the annotations of an audit event: keys by
// k8s.io/apiserver and k8s.io/pod-security-admission.
func readAnnotations(raw []byte) (a annotations, err error) {
	raw = object(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return a, nil
	}
	_, err = members(raw, func(name, value []byte) {
		switch string(name) {
		case "authorization.k8s.io/decision":
			a.decision = text(value)
		case "validation.policy.admission.k8s.io/validation_failure":
			a.failures = text(value)
		case "pod-security.kubernetes.io/audit-violations":
			a.podAudit = text(value)
		case "pod-security.kubernetes.io/exempt":
			a.exempt = text(value)
		default:
			if strings.HasPrefix(string(name), "failed-open.") && len(a.failedOpen) < 16 {
				a.failedOpen = append(a.failedOpen, text(value))
			}
		}
	})
	return a, err
}

// workloads are the resources of Kubernetes that make containers.
var workloads = map[string]bool{
	"pods": true, "podtemplates": true, "replicationcontrollers": true, "apps/deployments": true, "apps/replicasets": true, "apps/statefulsets": true,
	"apps/daemonsets": true, "batch/jobs": true, "batch/cronjobs": true, "extensions/deployments": true, "extensions/replicasets": true, "extensions/daemonsets": true,
}

func changes(verb string) bool { return verb == "create" || verb == "update" || verb == "patch" }

// runs says whether the request makes containers.
func (q *request) runs() bool {
	if !changes(q.verb) || q.subresource != "" && q.subresource != "ephemeralcontainers" {
		return false
	}
	if q.group == "" {
		return workloads[q.resource]
	}
	return workloads[q.group+"/"+q.resource]
}

// dryRun says whether the address asks for nothing to be kept.
func dryRun(uri string) bool {
	_, query, found := strings.Cut(uri, "?")
	if !found || !strings.ContainsAny(query, "%dD") || len(query) > 1<<16 {
		return false
	}
	values, _ := url.ParseQuery(query)
	return len(values["dryRun"]) > 0
}

// identity tells an event from others. Who asks may choose the audit ID, so that
// alone would hide what is asked with the same one.
func identity(parts ...[]byte) uint64 {
	h := fnv.New64a()
	for _, part := range parts {
		_, _ = h.Write(part)
		_, _ = h.Write([]byte{0})
	}
	return h.Sum64()
}

// answeredRequest counts a request.
func (r *reader) answeredRequest(q *request) {
	switch {
	case r.excluded(q.namespace):
	case q.dryRun && changes(q.verb):
		r.all.reason("dry_run_request", "", q.message, once(q.at))
	case q.status >= 400:
		r.refused(q)
	default:
		r.admitted(q)
	}
}

// refused counts a request that was refused, by whom its answer says.
func (r *reader) refused(q *request) {
	when := once(q.at)
	if q.decision == "forbid" {
		r.all.refusedRBAC(q.message, when)
		return
	}
	v := r.classify(q.message)
	switch {
	case v.class == denied:
		images := imagesOf(q.requested)
		for _, i := range v.items {
			i.imageOf(images)
			r.all.reject(audit.Rejection{
				System: v.system, Rule: i.rule, Image: i.image, Registry: r.commonRegistry(i.image, images), Namespace: q.namespace,
				User: q.user, Source: r.Name, Action: "deny", Message: i.message,
			}, when)
		}
	case v.class == "rbac" && q.decision != "allow":
		r.all.refusedRBAC(q.message, when)
	case v.class == "rbac":
		r.all.refusedOther("forbidden", "", q.message, when)
	case v.class != "":
		r.all.refusedOther(v.class, v.name, q.message, when)
	case q.status == 401:
		r.all.refusedOther("unauthenticated", "", q.message, when)
	case q.status == 403:
		r.all.refusedOther("forbidden", "", q.message, when)
	}
}

// commonRegistry is the registry of images of which nobody knows which is meant.
func (r *reader) commonRegistry(image string, images []string) string {
	if image != "" || len(images) == 0 {
		return ""
	}
	first := r.all.place(images[0]).registry
	for _, other := range images[1:] {
		if r.all.place(other).registry != first {
			return ""
		}
	}
	return first
}

// admitted counts what a request has let in, and what was said against it.
func (r *reader) admitted(q *request) {
	when := once(q.at)
	for _, webhook := range q.annotations.failedOpen {
		r.all.reason("webhook_failed_open", webhook, "", when)
	}
	if q.annotations.exempt != "" {
		r.all.reason("pod_security_exempt", q.annotations.exempt, "", when)
	}
	if q.annotations.podAudit != "" {
		r.all.reject(audit.Rejection{
			System: "pod-security", Rule: podLevel(q.annotations.podAudit), Namespace: q.namespace, User: q.user, Source: r.Name, Action: "dryrun", Message: q.annotations.podAudit,
		}, when)
	}
	images := imagesOf(q.answered)
	if len(images) == 0 {
		images = imagesOf(q.requested)
	}
	failures := r.failures(q)
	if !q.runs() {
		return
	}
	// A patch that is there may be about something else than images.
	if len(images) == 0 && (q.verb != "patch" || len(q.requested)+len(q.answered) == 0) {
		r.all.reason("admitted_without_image", q.resource, "", when)
	}
	for _, image := range images {
		row := audit.Admission{Image: image, Namespace: q.namespace, User: q.user, Source: r.Name, How: "admitted"}
		for _, f := range failures {
			row.How, row.Rule = f.how, f.rule
			r.all.admit(row, when)
		}
		if len(failures) == 0 {
			r.all.admit(row, when)
		}
	}
}

// failure is a ValidatingAdmissionPolicy that was not met, and refused nothing.
type failure struct{ how, rule string }

// failures counts what ValidatingAdmissionPolicies said of a request that was let in
// (ValidationFailureValue of k8s.io/apiserver).
func (r *reader) failures(q *request) []failure {
	if q.annotations.failures == "" {
		return nil
	}
	var said []struct {
		Message           string
		Policy            string
		ValidationActions []string
	}
	if err := json.Unmarshal([]byte(q.annotations.failures), &said); err != nil {
		r.unread(r.at, "the annotation validation_failure is no list")
		return nil
	}
	var out []failure
	for _, s := range said[:min(len(said), mostItems)] {
		f, action := failure{"dryrun", s.Policy}, "dryrun"
		for _, a := range s.ValidationActions {
			if a == "Warn" {
				f.how, action = "warned", "warn"
			}
		}
		out = append(out, f)
		i := item{rule: s.Policy, message: s.Message}
		images := imagesOf(q.requested)
		i.imageOf(images)
		r.all.reject(audit.Rejection{
			System: "admission-policy", Rule: s.Policy, Image: i.image, Registry: r.commonRegistry(i.image, images), Namespace: q.namespace,
			User: q.user, Source: r.Name, Action: action, Message: s.Message,
		}, once(q.at))
	}
	return out
}
