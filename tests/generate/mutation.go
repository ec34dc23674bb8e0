package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// family is the kinds that name their pods in one place and may be changed at
// the same operations.
type family struct {
	name       string
	place      string
	kinds      []string // "group/Kind"
	operations string
	selector   string
	why        string
}

// families sorts the kinds of Kubernetes' own into families, from the table that
// the policies find containers by. A kind that is new there is in no family, and
// generation fails until somebody says when it may be changed.
func families() ([]family, error) {
	out := []family{
		{name: "pods", kinds: []string{"/Pod"}, operations: "CREATE",
			why: "A pod that runs is left as it is: another name of its image would restart its containers."},
		{name: "jobs", kinds: []string{"batch/Job"}, operations: "CREATE", why: "The template of a Job cannot be changed later."},
		{name: "replicasets", kinds: []string{"apps/ReplicaSet"}, operations: "CREATE, UPDATE",
			selector: "{matchExpressions: [{key: pod-template-hash, operator: DoesNotExist}]}",
			why:      "Those of a Deployment are left as they are: it compares their template with its own, and would make new ones without end."},
		{name: "templates", kinds: []string{"/ReplicationController", "apps/DaemonSet", "apps/Deployment", "apps/StatefulSet"}, operations: "CREATE, UPDATE",
			why: "What was there before is pinned, and rolled out, when it is changed for the first time."},
		{name: "cronjobs", kinds: []string{"batch/CronJob"}, operations: "CREATE, UPDATE"},
		{name: "podtemplates", kinds: []string{"/PodTemplate"}, operations: "CREATE, UPDATE"},
	}
	places, err := builtinKinds()
	if err != nil {
		return nil, err
	}
	for i, f := range out {
		for _, k := range f.kinds {
			if places[k] == "" || (out[i].place != "" && out[i].place != places[k]) {
				return nil, fmt.Errorf("mutation of %s: %s is at %q", f.name, k, places[k])
			}
			out[i].place = places[k]
			delete(places, k)
		}
	}
	for k := range places {
		if !strings.HasPrefix(k, "extensions/") { // no API server has these any more
			return nil, fmt.Errorf("mutation: %s is in no family of tests/generate/mutation.go", k)
		}
	}
	return out, nil
}

// builtinKinds is the table _builtin of the policies: kind → place of the pod's spec.
func builtinKinds() (map[string]string, error) {
	module, err := parse("lib/waxseal/workload/kinds.rego")
	if err != nil {
		return nil, err
	}
	for _, r := range module.Rules {
		if r.Head.Name.String() != "_builtin" && r.Head.Ref().String() != "_builtin" {
			continue
		}
		table, err := ast.JSON(r.Head.Value.Value)
		if err != nil {
			return nil, err
		}
		out := map[string]string{}
		for k, place := range table.(map[string]any) {
			out[k], _ = place.(string)
		}
		return out, nil
	}
	return nil, fmt.Errorf("no table _builtin in workload/kinds.rego")
}

// mutationFiles writes gatekeeper/mutation.
func mutationFiles(files map[string][]byte) error {
	all, err := families()
	if err != nil {
		return err
	}
	for _, f := range all {
		var b strings.Builder
		b.WriteString("# Generated from the table of kinds (rego/lib/waxseal/workload/kinds.rego) by `make generate`.\n")
		b.WriteString("# Images named by tag are named by the digest that the tag means now.\n")
		if f.why != "" {
			fmt.Fprintf(&b, "# %s\n", f.why)
		}
		for _, list := range []string{"containers", "initContainers"} {
			assign(&b, f, strings.ToLower(list), f.operations, f.place+"."+list+"[name:*].image")
		}
		if f.name == "pods" { // they come by a subresource, to a pod that runs, and are in no template
			assign(&b, f, "ephemeralcontainers", "CREATE, UPDATE", f.place+".ephemeralContainers[name:*].image")
		}
		assign(&b, f, "imagevolumes", f.operations, f.place+".volumes[name:*].image.reference")
		files["gatekeeper/mutation/"+f.name+".yaml"] = []byte(b.String())
	}
	return nil
}

// assign writes one mutator. It changes what is there and creates nothing: the list
// and every step below its entries must be there.
func assign(b *strings.Builder, f family, what, operations, location string) {
	fmt.Fprintf(b, `---
apiVersion: mutations.gatekeeper.sh/v1
kind: Assign
metadata:
  name: waxseal-%s-%s
spec:
  applyTo:
`, f.name, what)
	groups := map[string][]string{}
	var order []string
	for _, k := range f.kinds {
		group, kind, _ := strings.Cut(k, "/")
		if !slices.Contains(order, group) {
			order = append(order, group)
		}
		groups[group] = append(groups[group], kind)
	}
	for _, group := range order {
		fmt.Fprintf(b, "    - {groups: [%q], versions: [v1], kinds: [%s], operations: [%s]}\n", group, strings.Join(groups[group], ", "), operations)
	}
	b.WriteString("  match:\n    scope: Namespaced\n    excludedNamespaces: [gatekeeper-system, waxseal-system]\n")
	if f.selector != "" {
		fmt.Fprintf(b, "    labelSelector: %s\n", f.selector)
	}
	fmt.Fprintf(b, "  location: %q\n  parameters:\n    pathTests:\n", location)
	entry := strings.Index(location, "[name:*]")
	for _, end := range steps(location, entry) {
		fmt.Fprintf(b, "      - {subPath: %q, condition: MustExist}\n", location[:end])
	}
	b.WriteString(`    assign:
      externalData:
        provider: waxseal-mutation
        dataSource: ValueAtLocation
        failurePolicy: Fail
`)
}

// steps are the ends of the steps of a location: the list, and those below its
// entries.
func steps(location string, list int) []int {
	out := []int{list}
	for i := list + len("[name:*]."); i < len(location); i++ {
		if location[i] == '.' {
			out = append(out, i)
		}
	}
	return append(out, len(location))
}
