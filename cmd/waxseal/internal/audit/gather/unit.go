package gather

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/engine"
)

// unit is what is judged at once.
type unit struct {
	cluster, namespace string
	image              string
	kind               kind
	object             map[string]any // without names
	container          string         // the first name in order that such a container has
	pods               int
	makers             makers
}

// unit is the one that a use of an image belongs to; nil where there are too many.
func (t *tally) unit(p *pod, u use, n name, made audit.Workload) *unit {
	object := p.only(u, n.ref)
	raw, err := json.Marshal(object)
	if err != nil { // it holds texts, booleans and what JSON gave
		t.left++
		return nil
	}
	key := string(u.kind) + " " + made.Cluster + " " + hashOf(raw)
	w, known := t.units[key]
	if !known {
		if len(t.units) >= maxUnits {
			t.left++
			return nil
		}
		w = &unit{cluster: made.Cluster, namespace: made.Namespace, image: n.ref, kind: u.kind, object: object}
		t.units[key] = w
	}
	if u.container != nil {
		w.container = earlier(w.container, u.container.Name)
	}
	return w
}

func (u *unit) merge(other *unit) {
	u.container = earlier(u.container, other.container)
	u.pods += other.pods
	u.makers.merge(&other.makers)
}

// fact gives the object its names: those of the first workload and container in
// order, so that they are the same whatever came first.
func (u *unit) fact() Unit {
	made := u.makers.list()
	metadata := map[string]any{"name": made[0].Name}
	if u.namespace != "" {
		metadata["namespace"] = u.namespace
	}
	u.object["metadata"] = metadata
	spec, _ := u.object["spec"].(map[string]any)
	if only, is := spec[fields[u.kind]].([]any); is && len(only) == 1 {
		if c, is := only[0].(map[string]any); is {
			c["name"] = cmp.Or(u.container, "container")
		}
	}
	object := engine.Redact(u.object)
	raw, _ := json.Marshal(object) // as it was when it was added
	return Unit{Key: hashOf(raw), Image: u.image, Cluster: u.cluster, Namespace: u.namespace, Object: object, Pods: u.pods, Workloads: made}
}

func hashOf(raw []byte) string {
	sum := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// only is a Pod that holds nothing but the use of one image, with what policies
// look at (rego/lib/waxseal/workload): what it may do to its node, and volumes
// whose driver may mount an image. It has no names, which differ where policies
// see no difference.
func (p *pod) only(u use, ref string) map[string]any {
	spec := map[string]any{"containers": []any{}}
	for field, on := range map[string]bool{"hostNetwork": p.Spec.HostNetwork, "hostPID": p.Spec.HostPID, "hostIPC": p.Spec.HostIPC} {
		if on && u.kind != ofVolume {
			spec[field] = true
		}
	}
	object := map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"namespace": p.Metadata.Namespace}, "spec": spec}
	if u.kind == ofVolume {
		spec["volumes"] = []any{map[string]any{"name": "volume", "image": map[string]any{"reference": ref}}}
		return object
	}
	if len(p.Spec.Security) > 0 {
		spec["securityContext"] = p.Spec.Security
	}
	c := map[string]any{"image": ref}
	if len(u.container.Security) > 0 {
		c["securityContext"] = u.container.Security
	}
	volumes, mounts := p.volumesOf(u.container)
	if len(volumes) > 0 {
		spec["volumes"], c["volumeMounts"] = volumes, mounts
	}
	spec[fields[u.kind]] = []any{c}
	return object
}

// volumesOf are the volumes that a container mounts and that policies look at, in
// order, and called by their number: names can be made up anew for each Pod.
func (p *pod) volumesOf(c *container) (volumes, mounts []any) {
	mounted := map[string]bool{}
	for _, m := range slices.Concat(c.Mounts, c.Devices) {
		mounted[m.Name] = true
	}
	var found []map[string]any
	for _, v := range p.Spec.Volumes {
		switch {
		case !mounted[v.Name]:
		case v.Host != nil:
			found = append(found, map[string]any{"hostPath": map[string]any{"path": v.Host.Path}})
		case v.CSI != nil:
			found = append(found, map[string]any{"csi": map[string]any{"driver": v.CSI.Driver}})
		}
	}
	slices.SortFunc(found, func(a, b map[string]any) int {
		x, _ := json.Marshal(a) // texts
		y, _ := json.Marshal(b)
		return cmp.Compare(string(x), string(y))
	})
	for i, v := range found {
		v["name"] = "volume-" + strconv.Itoa(i+1)
		volumes, mounts = append(volumes, v), append(mounts, map[string]any{"name": v["name"]})
	}
	return volumes, mounts
}
