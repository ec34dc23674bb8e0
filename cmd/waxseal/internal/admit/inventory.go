package admit

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/cluster"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/manifest"
)

// maxObjects bounds what is judged of one cluster.
const maxObjects = 100_000

// inventory is what makes Pods in a cluster, and the Pods that nothing makes which
// is known. Memory grows with these, not with Pods.
type inventory struct {
	api        *cluster.API
	namespaces []string // none is all
	exclude    []string
	by         string

	objects []*object
	missed  []string
	roots   map[string]*root             // by uid, of what makes others
	labels  map[string]map[string]string // of namespaces, or their annotations
}

// object is what is judged, and how many Pods it has.
type object struct {
	document manifest.Document
	group    string
	pods     int
}

// root is what stands at the top of what is made by it.
type root struct {
	*object
	images string // of its template
}

// listed is what is kept of one item of a list, or of several Pods alike.
type listed struct {
	uid, maker, images string
	item               map[string]any // to be judged; nil where its maker is
	pods               int
}

// kind is a collection of the API that is read.
type kind struct {
	path, version, name string
	spec                []string // where the Pod's spec is
}

// kinds are read in this order, so that what makes others is known before them.
var kinds = []kind{
	{"/apis/apps/v1", "apps/v1", "Deployment", []string{"spec", "template", "spec"}},
	{"/apis/apps/v1", "apps/v1", "StatefulSet", []string{"spec", "template", "spec"}},
	{"/apis/apps/v1", "apps/v1", "DaemonSet", []string{"spec", "template", "spec"}},
	{"/apis/apps/v1", "apps/v1", "ReplicaSet", []string{"spec", "template", "spec"}},
	{"/apis/batch/v1", "batch/v1", "CronJob", []string{"spec", "jobTemplate", "spec", "template", "spec"}},
	{"/apis/batch/v1", "batch/v1", "Job", []string{"spec", "template", "spec"}},
	{"/api/v1", "v1", "ReplicationController", []string{"spec", "template", "spec"}},
	{"/api/v1", "v1", "Pod", []string{"spec"}},
}

func (k kind) places(namespaces []string) []string {
	resource := strings.ToLower(k.name) + "s"
	if len(namespaces) == 0 {
		return []string{k.path + "/" + resource}
	}
	var out []string
	for _, namespace := range namespaces {
		out = append(out, k.path+"/namespaces/"+url.PathEscape(namespace)+"/"+resource)
	}
	return out
}

// read lists everything. What cannot be listed is kept as missed; an error means
// that there is more than is judged.
func (v *inventory) read(ctx context.Context) error {
	v.namespaceLabels(ctx)
	for _, k := range kinds {
		for _, place := range k.places(v.namespaces) {
			found, err := v.collection(ctx, k, place)
			switch {
			case err != nil && ctx.Err() != nil:
				return ctx.Err()
			case err != nil:
				v.missed = append(v.missed, fmt.Sprintf("%s: %v: what there is of it was not judged", place, err))
				continue
			}
			for _, l := range found {
				v.take(k, l)
			}
			if len(v.objects) > maxObjects {
				return fmt.Errorf("there are more than %d objects that make Pods: name namespaces (-n)", maxObjects)
			}
		}
	}
	if len(v.objects)+len(v.missed) == 0 {
		v.missed = append(v.missed, "nothing that makes Pods is there: see that the namespaces are named as they are")
	}
	slices.SortStableFunc(v.objects, func(a, b *object) int {
		x, y := &a.document, &b.document
		return cmp.Or(cmp.Compare(x.Namespace(), y.Namespace()), cmp.Compare(x.Kind(), y.Kind()), cmp.Compare(x.Name(), y.Name()))
	})
	for i, o := range v.objects {
		o.document.Index = i + 1
	}
	return nil
}

// attempts bounds how often a list is begun again that the server forgot.
const attempts = 3

// collection lists what lies at a place. When it has to begin again, nothing was
// taken yet.
func (v *inventory) collection(ctx context.Context, k kind, place string) (found []*listed, err error) {
	for range attempts {
		found = nil
		alike := map[string]*listed{} // Pods of one maker with the same images
		_, err = cluster.Each(ctx, v.api, place, func(item *map[string]any) error {
			if *item == nil || slices.Contains(v.exclude, textAt(*item, "metadata", "namespace")) || !runs(*item) {
				return nil
			}
			l := v.listed(k, *item)
			key := l.maker + "\x00" + l.images
			if have := alike[key]; have != nil {
				have.pods++
				return nil
			}
			if k.name == "Pod" && l.maker != "" {
				alike[key] = l
			}
			found = append(found, l)
			return nil
		})
		if !cluster.Expired(err) {
			return found, err
		}
	}
	return nil, err
}

// listed keeps the item itself only where it is to be judged: a Pod whose images
// are those of its maker's template is not.
func (v *inventory) listed(k kind, item map[string]any) *listed {
	l := &listed{uid: textAt(item, "metadata", "uid"), maker: controller(item), images: imagesOf(item, k.spec)}
	above := v.roots[l.maker]
	if k.name == "Pod" {
		l.pods = 1
	}
	if above == nil || k.name == "Pod" && above.images != l.images {
		l.item = slim(item)
	}
	return l
}

// runs says whether something runs, or may run again: Pods and Jobs end.
func runs(item map[string]any) bool {
	phase := textAt(item, "status", "phase")
	return phase != "Succeeded" && phase != "Failed" && textAt(item, "status", "completionTime") == ""
}

// slim takes away what is large and says nothing of images.
func slim(item map[string]any) map[string]any {
	delete(item, "status")
	if metadata, ok := item["metadata"].(map[string]any); ok {
		delete(metadata, "managedFields")
		if annotations, ok := metadata["annotations"].(map[string]any); ok {
			delete(annotations, "kubectl.kubernetes.io/last-applied-configuration")
		}
	}
	return item
}

// take keeps what is to be judged, and counts Pods for what makes them.
func (v *inventory) take(k kind, l *listed) {
	above := v.roots[l.maker]
	switch {
	case l.item == nil && k.name == "Pod":
		above.pods += l.pods
	case l.item == nil:
		v.roots[l.uid] = above
	default:
		o := v.keep(k, l.item)
		o.pods = l.pods
		if k.name != "Pod" {
			v.roots[l.uid] = &root{object: o, images: l.images}
		}
	}
}

func (v *inventory) keep(k kind, item map[string]any) *object {
	if textAt(item, "kind") == "" { // lists of kinds that are built in leave it out
		item["apiVersion"], item["kind"] = k.version, k.name
	}
	o := &object{document: manifest.Document{File: inCluster, Object: item}, group: v.groupOf(item)}
	v.objects = append(v.objects, o)
	return o
}

// controller is the uid of what makes an item, "" for nothing.
func controller(item map[string]any) string {
	metadata, _ := item["metadata"].(map[string]any)
	owners, _ := metadata["ownerReferences"].([]any)
	for _, owner := range owners {
		if of, ok := owner.(map[string]any); ok && of["controller"] == true {
			return textAt(of, "uid")
		}
	}
	return ""
}

// imagesOf are the images of a Pod's spec as one text, in the order of their names.
func imagesOf(item map[string]any, spec []string) string {
	at := item
	for _, step := range spec {
		at, _ = at[step].(map[string]any)
	}
	var images []string
	for _, list := range []string{"containers", "initContainers", "ephemeralContainers"} {
		containers, _ := at[list].([]any)
		for _, ctr := range containers {
			if ctr, ok := ctr.(map[string]any); ok {
				images = append(images, textAt(ctr, "name")+"="+textAt(ctr, "image"))
			}
		}
	}
	slices.Sort(images)
	return strings.Join(images, "\n")
}

func textAt(item map[string]any, steps ...string) string {
	for _, step := range steps[:len(steps)-1] {
		item, _ = item[step].(map[string]any)
	}
	text, _ := item[steps[len(steps)-1]].(string)
	return text
}

// nobody is the group of what has no label.
const nobody = "(none)"

func (v *inventory) groupOf(item map[string]any) string {
	namespace := textAt(item, "metadata", "namespace")
	kind, key, keyed := strings.Cut(v.by, ":")
	if !keyed {
		return namespace
	}
	return cmp.Or(textAt(item, "metadata", kind+"s", key), v.labels[namespace][key], nobody)
}

// namespaceLabels reads the labels or annotations of namespaces, where they are
// grouped by.
func (v *inventory) namespaceLabels(ctx context.Context) {
	kind, _, keyed := strings.Cut(v.by, ":")
	if !keyed {
		return
	}
	v.labels = map[string]map[string]string{}
	_, err := cluster.Each(ctx, v.api, "/api/v1/namespaces", func(item *map[string]any) error {
		metadata, _ := (*item)["metadata"].(map[string]any)
		values, _ := metadata[kind+"s"].(map[string]any)
		texts := map[string]string{}
		for key, value := range values {
			texts[key], _ = value.(string)
		}
		v.labels[textAt(*item, "metadata", "name")] = texts
		return nil
	})
	if err != nil {
		v.missed = append(v.missed, fmt.Sprintf("/api/v1/namespaces: %v: whose the objects are was not read", err))
	}
}
