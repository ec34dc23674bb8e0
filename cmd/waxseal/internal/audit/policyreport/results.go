package policyreport

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

const source = "waxseal"

// result is one row of an object.
type result struct {
	policy, rule, category, severity, outcome, message string
	resources                                          []audit.Workload
	properties                                         map[string]string
}

// The outcomes.
const (
	pass    = "pass"
	fail    = "fail"
	warn    = "warn"
	failure = "error"
	skip    = "skip"
)

// size is about how many bytes a result has in an object.
func (r result) size() int {
	n := 400 + len(r.policy) + len(r.rule) + len(r.message)
	for _, w := range r.resources[:min(len(r.resources), maxResources)] {
		n += 100 + len(w.Kind) + len(w.Namespace) + len(w.Name)
	}
	for k, v := range r.properties {
		n += 10 + len(k) + len(v)
	}
	return n
}

// write gives a result the form that both groups know. Severities beyond high are
// not in every version of wgpolicyk8s.io, whose API server would refuse the object.
func (m *maker) write(r result) map[string]any {
	out := map[string]any{
		"source": source, "policy": clean(r.policy), "rule": clean(r.rule), "category": clean(r.category), "result": r.outcome, "scored": true, "message": clean(r.message),
		"timestamp": map[string]any{"seconds": m.seconds, "nanos": 0},
	}
	properties := map[string]any{}
	for name, value := range r.properties {
		if value != "" {
			properties[name] = clean(value)
		}
	}
	severity := r.severity
	if m.group == WGPolicy && severity == "critical" {
		severity, properties["severity"] = "high", "critical"
	}
	if slices.Contains([]string{"critical", "high", "medium", "low"}, severity) {
		out["severity"] = severity
	}
	out["properties"] = properties
	if resources := references(r.resources); len(resources) > 0 {
		out["resources"] = resources
	}
	return out
}

// clean is text of others, of a length that fits.
func clean(text string) string {
	text = render.Clean(text)
	if utf8.RuneCountInString(text) > maxMessage {
		return string([]rune(text)[:maxMessage]) + " …"
	}
	return text
}

func references(workloads []audit.Workload) []any {
	var out []any
	for _, w := range workloads[:min(len(workloads), maxResources)] {
		reference := map[string]any{"kind": clean(w.Kind), "namespace": clean(w.Namespace), "name": clean(w.Name)}
		if version := versions[w.Kind]; version != "" {
			reference["apiVersion"] = version
		}
		out = append(out, reference)
	}
	return out
}

var versions = map[string]string{
	"Pod": "v1", "ReplicationController": "v1", "Deployment": "apps/v1", "ReplicaSet": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "Job": "batch/v1", "CronJob": "batch/v1",
}

// clusterResults are the controls, what could not be reached, and what is not about
// an image, or about one of which no place is known.
func (m *maker) clusterResults(cluster string) []result {
	var out []result
	for _, c := range m.r.Controls {
		out = append(out, result{
			policy: "audit", rule: c.ID, category: "control", outcome: outcomeOf(c.Status), message: c.Title + ": " + c.Answer,
			properties: map[string]string{"controls": strings.Join(c.Controls, " "), "missing": strings.Join(c.Missing, "; "), "command": c.Command},
		})
	}
	for _, x := range m.r.Scope.Missing {
		out = append(out, result{
			policy: "audit", rule: "missing", category: "scope", outcome: failure, message: x.Part + " " + x.Name + ": " + x.Why, properties: map[string]string{"rests": x.Rests},
		})
	}
	for _, f := range m.r.Findings {
		if (f.Cluster == "" || f.Cluster == cluster) && !placed(f) {
			out = append(out, m.finding(f, outcome(f), nil))
		}
	}
	return out
}

// placed says whether a finding stands in the object of a namespace.
func placed(f report.Finding) bool {
	return slices.ContainsFunc(f.Places, func(w audit.Workload) bool { return w.Cluster != "" && w.Namespace != "" })
}

func outcomeOf(s report.Status) string {
	switch s {
	case report.Pass:
		return pass
	case report.Fail:
		return fail
	case report.NotApplicable:
		return skip
	default:
		return failure
	}
}

func outcome(f report.Finding) string {
	if f.Answered {
		return fail
	}
	return failure
}

func (m *maker) finding(f report.Finding, outcome string, resources []audit.Workload) result {
	return result{
		policy: cmp.Or(f.Policy, "audit"), rule: f.Code, category: f.About, severity: f.Severity, outcome: outcome, message: f.Full(), resources: resources,
		properties: map[string]string{
			"finding": f.ID, "title": f.Title, "image": f.Image, "digest": f.Digest, "controls": strings.Join(f.Controls, " "), "rows": strings.Join(f.Rows, " "),
			"file": f.Where.File, "repository": f.Repository,
		},
	}
}

// namespaceResults are the findings, notes and images of each namespace.
func (m *maker) namespaceResults(cluster string) map[string][]result {
	out := map[string][]result{}
	spoken := map[string]bool{} // image and policy about which a finding speaks
	for _, f := range m.r.Findings {
		spoken[f.Image+"\x00"+f.Policy] = true
		for namespace, places := range within(f.Places, cluster) {
			out[namespace] = append(out[namespace], m.finding(f, outcome(f), places))
		}
	}
	for _, n := range m.r.Notes {
		for namespace, places := range within(n.Places, cluster) {
			out[namespace] = append(out[namespace], m.finding(n, warn, places))
		}
	}
	for _, i := range m.r.Images {
		for namespace, places := range within(i.Workloads, cluster) {
			out[namespace] = append(out[namespace], imageResults(i, places, spoken)...)
		}
	}
	return out
}

// within sorts workloads of a cluster by their namespaces.
func within(workloads []audit.Workload, cluster string) map[string][]audit.Workload {
	out := map[string][]audit.Workload{}
	for _, w := range workloads {
		if w.Cluster == cluster && w.Namespace != "" {
			out[w.Namespace] = append(out[w.Namespace], w)
		}
	}
	return out
}

// imageResults are the answers about an image, where no finding gives them. An image
// that is not in the sample is skipped, and not passed.
func imageResults(i report.Image, places []audit.Workload, spoken map[string]bool) []result {
	properties := map[string]string{"image": i.Ref, "digest": i.Digest, "tag": i.Tag, "command": i.Command}
	if !i.Sampled {
		return []result{{policy: "audit", rule: "sample", category: "image", outcome: skip, message: i.Ref + " is not in the sample", resources: places, properties: properties}}
	}
	var out []result
	said := false
	for _, q := range []struct {
		policy, what string
		answer       audit.Answer
	}{
		{"signed_images", "signed", i.Signed}, {"scanned_images", "scanned", i.Scanned}, {"allowed_registries", "of an approved registry", i.Registry},
		{"sbom_attached", "with an SBOM", i.SBOM}, {"attested_build", "with provenance", i.Provenance},
	} {
		if q.answer == audit.NotAsked {
			continue
		}
		one := result{policy: q.policy, rule: q.policy, category: "image", resources: places, properties: properties, outcome: pass, message: i.Ref + " is " + q.what}
		switch {
		case spoken[i.Ref+"\x00"+q.policy]:
			said = true
			continue
		case q.answer == audit.No:
			one.outcome, one.message = fail, i.Ref+" is not "+q.what
		case q.answer != audit.Yes:
			one.outcome, one.message = failure, "whether "+i.Ref+" is "+q.what+" cannot be told"
		}
		said = said || one.outcome != pass
		out = append(out, one)
	}
	if i.Verdict != "admitted" && !said && len(i.Findings) == 0 {
		verdict := map[bool]string{true: fail, false: failure}[i.Verdict == "denied"]
		out = append(out, result{policy: "audit", rule: "verdict", category: "image", outcome: verdict, message: i.Ref + ": " + strconv.Quote(i.Verdict), resources: places, properties: properties})
	}
	return out
}
