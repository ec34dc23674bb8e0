package judge

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/bundles"
)

// applied looks whether the clusters apply the policy that the audit judged by: what a
// constraint of Waxseal asks for, in its own parameters, is what waxseal.yaml asks for.
// A constraint that refuses nothing may be on its way to other parameters.
func (v *view) applied(a *answer) {
	for _, c := range v.g.Clusters {
		for _, object := range c.Exported {
			name, parameters, ours := constraintOf(object)
			if !ours {
				continue
			}
			if other := v.otherwise(parameters); len(other) > 0 {
				a.lack("%s of cluster %s asks for something else than %s: %s", name, c.Name, v.file(), strings.Join(other, ", "))
			}
		}
	}
}

// constraintOf returns the parameters of an object that is a constraint of all of our
// policies, and refuses.
func constraintOf(object map[string]any) (name string, parameters map[string]any, ours bool) {
	group, _ := object["apiVersion"].(string)
	kind, _ := object["kind"].(string)
	if !strings.HasPrefix(group, "constraints.gatekeeper.sh/") || kind != "WaxsealImages" && kind != "WaxsealImagesBuiltin" {
		return "", nil, false
	}
	meta, _ := object["metadata"].(map[string]any)
	name, _ = meta["name"].(string)
	spec, _ := object["spec"].(map[string]any)
	if action := spec["enforcementAction"]; action == "warn" || action == "dryrun" { // nothing, deny and scoped refuse
		return "", nil, false
	}
	parameters, _ = spec["parameters"].(map[string]any)
	return kind + " " + name, parameters, true
}

// otherwise are the policies for images that are on in one place only, or with other
// parameters.
func (v *view) otherwise(parameters map[string]any) []string {
	var out []string
	all := maps.Clone(parameters)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, v.s.Parameters)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if bundles.SubjectOf(name) == bundles.Images && canonical(parameters[name]) != canonical(v.s.Parameters[name]) {
			out = append(out, name)
		}
	}
	return out
}

// canonical is a value as text: what is equal has the same.
func canonical(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}
