package gather

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/waxseal/waxseal/builtins/audit"
)

const (
	maxImages = 100_000 // distinct
	maxUnits  = 300_000
)

// tally adds up the Pods of one listing. It grows with what is different, not with
// Pods; two tallies can be put together, in any order.
type tally struct {
	cluster string
	jobs    map[string]string // name of the CronJob, by namespace/name of the Job
	pods    int
	pending int
	images  map[string]*image
	units   map[string]*unit
	left    int // uses that are left out, because there are too many of them
}

func newTally() *tally {
	return &tally{images: map[string]*image{}, units: map[string]*unit{}}
}

// image is an image that runs.
type image struct {
	name
	tags       differing
	pins       differing
	pods       int
	containers int
	makers     makers
	namespaces map[string]bool
	since      string

	// Uses of it of which nobody says which digest runs.
	quiet     int // Pods
	quietOf   makers
	quietID   string // how the runtime names it, the first in order
	quietDisk bool   // some are volumes
}

// differing is one text as long as all are equal.
type differing struct {
	text string
	set  bool
	many bool
}

func (d *differing) add(text string) {
	d.many = d.many || d.set && d.text != text
	d.text, d.set = text, true
}

func (d *differing) merge(other differing) {
	if other.set {
		d.add(other.text)
		d.many = d.many || other.many
	}
}

func (d *differing) one() string {
	if d.many {
		return ""
	}
	return d.text
}

// pod adds a Pod.
func (t *tally) pod(p *pod) {
	t.pods++
	if !p.runs() {
		t.pending++
		return
	}
	made := t.workload(p)
	images, quiet, units := map[*image]bool{}, map[*image]bool{}, map[*unit]bool{}
	for _, u := range p.uses() {
		n := nameOf(u.written, u.imageID)
		i := t.image(n, u)
		if i == nil {
			continue
		}
		i.containers++
		i.namespaces[t.cluster+"/"+p.Metadata.Namespace] = true
		if !images[i] {
			images[i] = true
			i.pods++
			i.makers.add(made, 1)
		}
		if n.digest == "" && !quiet[i] {
			quiet[i] = true
			i.quiet++
			i.quietOf.add(made, 1)
		}
		if w := t.unit(p, u, n, made); w != nil && !units[w] {
			units[w] = true
			w.pods++
			w.makers.add(made, 1)
		}
	}
}

// image is the one of this name, with what this use of it says.
func (t *tally) image(n name, u use) *image {
	i := t.images[n.ref]
	if i == nil {
		if len(t.images) >= maxImages {
			t.left++
			return nil
		}
		i = &image{name: n, namespaces: map[string]bool{}}
		t.images[n.ref] = i
	}
	i.tags.add(n.tag)
	i.pins.add(n.pinned)
	i.runtime = i.elsewhere(i.runtime, n.runtime)
	i.since = earlier(i.since, utc(u.since))
	if i.digest = earlier(i.digest, n.digest); n.digest == "" {
		i.quietDisk = i.quietDisk || u.kind == ofVolume
		i.quietID = earlier(i.quietID, u.imageID)
	}
	return i
}

// elsewhere is the name that the runtime has for an image: where nodes differ, the
// one that is not the Pod's, because it is what somebody would want to know.
func (i *image) elsewhere(a, b string) string {
	if a == i.repository || a == "" {
		a, b = b, a
	}
	if b == i.repository || b == "" {
		if a == "" {
			return b
		}
		return a
	}
	return min(a, b)
}

// earlier is the first of two texts in order that is not empty.
func earlier(a, b string) string {
	if a == "" || b != "" && b < a {
		return b
	}
	return a
}

func utc(text string) string {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return ""
	}
	return stamp(at)
}

// merge adds another tally, which is not used any more.
func (t *tally) merge(other *tally) {
	t.pods += other.pods
	t.pending += other.pending
	t.left += other.left
	for ref, o := range other.images {
		i, known := t.images[ref]
		if !known {
			t.images[ref] = o
			continue
		}
		i.tags.merge(o.tags)
		i.pins.merge(o.pins)
		i.runtime = i.elsewhere(i.runtime, o.runtime)
		i.pods += o.pods
		i.containers += o.containers
		i.makers.merge(&o.makers)
		maps.Copy(i.namespaces, o.namespaces)
		i.since = earlier(i.since, o.since)
		i.digest = earlier(i.digest, o.digest) // a Pod may name the digest, and its runtime none
		i.quiet += o.quiet
		i.quietOf.merge(&o.quietOf)
		i.quietID = earlier(i.quietID, o.quietID)
		i.quietDisk = i.quietDisk || o.quietDisk
	}
	for key, o := range other.units {
		u, known := t.units[key]
		if !known {
			t.units[key] = o
			continue
		}
		u.merge(o)
	}
}

// list are the images and units, in order.
func (t *tally) list() ([]audit.Image, []Unit) {
	images := make([]audit.Image, 0, len(t.images))
	for _, ref := range slices.Sorted(maps.Keys(t.images)) {
		images = append(images, t.images[ref].fact())
	}
	units := make([]Unit, 0, len(t.units))
	for _, u := range t.units {
		units = append(units, u.fact())
	}
	slices.SortFunc(units, func(a, b Unit) int {
		return cmpAll(a.Cluster, b.Cluster, a.Namespace, b.Namespace, a.Image, b.Image, a.Key, b.Key)
	})
	return images, units
}

func (i *image) fact() audit.Image {
	return audit.Image{
		Ref: i.ref, Repository: i.repository, Tag: i.tags.one(), Pinned: i.pins.one(), Digest: i.digest, Runtime: i.runtime,
		Pods: i.pods, Containers: i.containers, Workloads: i.makers.list(), Namespaces: slices.Sorted(maps.Keys(i.namespaces)),
		Since: i.since, Codes: []string{},
	}
}

// unknown are the images of which nobody says what runs.
func (t *tally) unknown() []audit.Missing {
	var out []audit.Missing
	for _, ref := range slices.Sorted(maps.Keys(t.images)) {
		i := t.images[ref]
		if i.quiet == 0 {
			continue
		}
		first := i.quietOf.list()[0]
		out = append(out, audit.Missing{
			Part: "pod", Name: fmt.Sprintf("%s/%s %s %s", first.Cluster, first.Namespace, first.Kind, first.Name), Rests: "images",
			Why: fmt.Sprintf("image %q, in Pods: %d: %s", i.ref, i.quiet, i.why()),
		})
	}
	if t.left > 0 {
		out = append(out, audit.Missing{
			Part: "pod", Name: "all clusters", Rests: "images",
			Why: fmt.Sprintf("there are more than %d different images, or %d different containers, and %d are left out: audit fewer namespaces at once", maxImages, maxUnits, t.left),
		})
	}
	return out
}

// why is the reason for which a digest is not known, and what to do.
func (i *image) why() string {
	switch {
	case i.quietDisk && i.quietID == "":
		return "it is mounted as a volume, and the status of the Pod does not name the digest: name the image by digest, or use Kubernetes from 1.35 with ImageVolumeWithDigest"
	case i.quietID == "":
		return "the status of the Pod names no image: ask the runtime of the node what runs"
	case strings.Contains(i.quietID, "sha256:") && !strings.Contains(i.quietID, "@"):
		return fmt.Sprintf("the runtime names it %q only, the ID of an image that was built or loaded on the node: push it to a registry, and run it from there", i.quietID)
	}
	return fmt.Sprintf("the runtime names it %q, which is no digest of a registry: pull it from a registry, and run it from there", i.quietID)
}
