// Package policyreport makes objects of the report of an audit that dashboards in a
// cluster read: Report and ClusterReport of openreports.io/v1alpha1, or PolicyReport
// and ClusterPolicyReport of wgpolicyk8s.io/v1alpha2.
//
// Each namespace gets what was found of the images that run in it; the object of the
// cluster has the controls, and what is not about an image. Counts are complete, and
// what does not fit one object stands in further ones, -2, -3 and so on.
package policyreport

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// The groups, with their versions.
const (
	OpenReports = "openreports.io"
	WGPolicy    = "wgpolicyk8s.io"
)

// Groups returns the groups, the one that is preferred first.
func Groups() []string { return []string{OpenReports, WGPolicy} }

// kinds are how a group calls its objects.
type kinds struct{ version, namespaced, cluster string }

var groups = map[string]kinds{
	OpenReports: {"openreports.io/v1alpha1", "Report", "ClusterReport"},
	WGPolicy:    {"wgpolicyk8s.io/v1alpha2", "PolicyReport", "ClusterPolicyReport"},
}

// What is put into an object. etcd takes 1.5 MiB with the fields' owners, which are
// about as large as the object.
const (
	maxResults   = 250
	maxBytes     = 400 << 10
	maxMessage   = 2000 // characters
	maxResources = 20
)

// The labels by which our objects are found again. The instance keeps audits of
// different titles apart.
const (
	managedBy = "app.kubernetes.io/managed-by"
	component = "app.kubernetes.io/component"
	instance  = "app.kubernetes.io/instance"
	// clusterName is the annotation with the name of the cluster in the audit.
	clusterName = "waxseal.dev/cluster"
)

// Objects returns the objects for one cluster of the audit, for all of them when
// cluster is "". The group is [OpenReports] when it is "".
func Objects(r *report.Report, cluster, group string) ([]map[string]any, error) {
	if group == "" {
		group = OpenReports
	}
	k, known := groups[group]
	if !known {
		return nil, fmt.Errorf("unknown API group %q: expected one of %s", group, strings.Join(Groups(), ", "))
	}
	when, err := time.Parse(time.RFC3339, r.Audit.Now)
	if err != nil {
		return nil, fmt.Errorf("clock of the audit: %w", err)
	}
	m := &maker{r: r, group: group, kinds: k, seconds: when.Unix()}
	var out []map[string]any
	found := false
	for _, c := range r.Scope.Clusters {
		if cluster == "" || c.Name == cluster {
			found = true
			out = append(out, m.cluster(c.Name)...)
		}
	}
	if !found && cluster != "" {
		return nil, fmt.Errorf("cluster %q is not in the audit", cluster)
	}
	return out, nil
}

// Write writes the objects of all clusters as YAML.
func Write(w io.Writer, r *report.Report, group string) error {
	objects, err := Objects(r, "", group)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	for _, object := range objects {
		text, err := render.EncodeYAML(object)
		if err != nil {
			return err
		}
		b.WriteString("---\n")
		b.Write(text)
	}
	_, err = w.Write(b.Bytes())
	return err
}

type maker struct {
	r       *report.Report
	group   string
	kinds   kinds
	seconds int64
}

// cluster makes the objects of one cluster: its own, then those of the namespaces.
func (m *maker) cluster(name string) []map[string]any {
	out := m.split(name, "", m.clusterResults(name))
	results := m.namespaceResults(name)
	for _, namespace := range slices.Sorted(maps.Keys(results)) {
		out = append(out, m.split(name, namespace, results[namespace])...)
	}
	return out
}

// split puts results into as many objects as they need.
func (m *maker) split(cluster, namespace string, results []result) []map[string]any {
	var out []map[string]any
	for len(results) > 0 {
		n, size := 0, 0
		for n < len(results) && n < maxResults {
			size += results[n].size()
			if n > 0 && size > maxBytes {
				break
			}
			n++
		}
		out = append(out, m.object(cluster, namespace, len(out)+1, results[:n]))
		results = results[n:]
	}
	return out
}

func (m *maker) object(cluster, namespace string, number int, results []result) map[string]any {
	id := instanceOf(m.r)
	meta := map[string]any{
		"name":        "waxseal-" + id + "-" + strconv.Itoa(number),
		"labels":      map[string]any{managedBy: "waxseal", component: "audit", instance: id},
		"annotations": map[string]any{clusterName: render.Clean(cluster), "waxseal.dev/line": render.Clean(m.r.Summary.Line), "waxseal.dev/bundle": render.Clean(m.r.Audit.Bundle)},
	}
	object := map[string]any{"apiVersion": m.kinds.version, "kind": m.kinds.cluster, "metadata": meta}
	if namespace != "" {
		object["kind"] = m.kinds.namespaced
		meta["namespace"] = namespace
		object["scope"] = map[string]any{"apiVersion": "v1", "kind": "Namespace", "name": namespace}
	}
	summary := map[string]any{"pass": 0, "fail": 0, "warn": 0, "error": 0, "skip": 0}
	list := make([]any, len(results))
	for i, one := range results {
		summary[one.outcome] = summary[one.outcome].(int) + 1
		list[i] = m.write(one)
	}
	object["summary"], object["results"] = summary, list
	if m.group == OpenReports {
		object["source"] = source
	}
	return object
}

// instanceOf is a name for the audit that its next run has too.
func instanceOf(r *report.Report) string {
	if r.Audit.Title == "" {
		return "audit"
	}
	h := fnv.New32a()
	h.Write([]byte(r.Audit.Title))
	return fmt.Sprintf("audit-%08x", h.Sum32())
}
