package gather

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/registry"
)

// pod is what is read of a Pod. Everything else is thrown away as it arrives.
type pod struct {
	Metadata metadata `json:"metadata"`
	Spec     podSpec  `json:"spec"`
	Status   struct {
		Phase      string   `json:"phase"`
		Init       []status `json:"initContainerStatuses"`
		Containers []status `json:"containerStatuses"`
		Ephemeral  []status `json:"ephemeralContainerStatuses"`
	} `json:"status"`
}

type metadata struct {
	Name        string            `json:"name"`
	Namespace   string            `json:"namespace"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	Owners      []owner           `json:"ownerReferences"`
}

type podSpec struct {
	HostNetwork bool           `json:"hostNetwork"`
	HostPID     bool           `json:"hostPID"`
	HostIPC     bool           `json:"hostIPC"`
	Security    map[string]any `json:"securityContext"`
	Init        []container    `json:"initContainers"`
	Containers  []container    `json:"containers"`
	Ephemeral   []container    `json:"ephemeralContainers"`
	Volumes     []volume       `json:"volumes"`
}

type container struct {
	Name     string         `json:"name"`
	Image    string         `json:"image"`
	Args     []string       `json:"args"`
	Security map[string]any `json:"securityContext"`
	Mounts   []named        `json:"volumeMounts"`
	Devices  []named        `json:"volumeDevices"`
}

type named struct {
	Name string `json:"name"`
}

type volume struct {
	Name string `json:"name"`
	Host *struct {
		Path string `json:"path"`
	} `json:"hostPath"`
	CSI *struct {
		Driver string `json:"driver"`
	} `json:"csi"`
	Image *struct {
		Reference string `json:"reference"`
	} `json:"image"`
}

type status struct {
	Name    string `json:"name"`
	Image   string `json:"image"`
	ImageID string `json:"imageID"`
	ID      string `json:"containerID"`
	State   state  `json:"state"`
	Last    state  `json:"lastState"`
	Mounts  []struct {
		Name   string `json:"name"`
		Volume *struct {
			Image *struct {
				Ref string `json:"imageRef"`
			} `json:"image"`
		} `json:"volumeStatus"` // since Kubernetes 1.35
	} `json:"volumeMounts"`
}

type state struct {
	Running    *moment `json:"running"`
	Terminated *moment `json:"terminated"`
}

type moment struct {
	StartedAt string `json:"startedAt"`
}

// ran says whether the runtime has made a container of the image: it runs, has
// run, or fails and is started again and again.
func (s *status) ran() bool {
	return s.ImageID != "" || s.ID != "" || s.State.Running != nil || s.State.Terminated != nil || s.Last.Terminated != nil
}

// kind is which list of a Pod an image stands in, in the words of the policies.
type kind string

const (
	ofContainer kind = "container"
	ofInit      kind = "init"
	ofEphemeral kind = "ephemeral"
	ofVolume    kind = "volume"
)

// fields are the lists of the spec; volumes have none.
var fields = map[kind]string{ofContainer: "containers", ofInit: "initContainers", ofEphemeral: "ephemeralContainers"}

// use is an image that runs in a Pod.
type use struct {
	kind      kind
	container *container // nil for a volume
	written   string     // the image, as the Pod names it
	imageID   string     // as the runtime names it; "" where nothing does
	since     string     // when it was started; "" where it does not run now
}

// runs says whether the images of a Pod count as running: it is in the phase
// Running or Unknown (its node is not heard of), or it is Pending and some of its
// containers have been started, as init containers are. A Pod that has ended
// runs nothing any more, unless its status says that a container does; one that is
// waiting runs nothing yet.
func (p *pod) runs() bool {
	switch p.Status.Phase {
	case "Succeeded", "Failed":
		return p.any(func(s *status) bool { return s.State.Running != nil })
	case "Running", "Unknown":
		return true
	}
	return p.any((*status).ran)
}

// any says whether this holds for a container of the Pod.
func (p *pod) any(holds func(*status) bool) bool {
	for _, of := range [][]status{p.Status.Init, p.Status.Containers, p.Status.Ephemeral} {
		for i := range of {
			if holds(&of[i]) {
				return true
			}
		}
	}
	return false
}

// uses are the images that run, or ran, in a Pod that runs. The status says what
// runs; the spec only says how it is called, and what it may do.
func (p *pod) uses() []use {
	var out []use
	add := func(kind kind, containers []container, statuses []status) {
		known := map[string]bool{}
		for i := range containers {
			c := &containers[i]
			known[c.Name] = true
			if u, ran := p.use(kind, c, find(statuses, c.Name)); ran {
				out = append(out, u)
			}
		}
		for i := range statuses { // of a container that the spec does not have, or another of one name
			if s := &statuses[i]; (!known[s.Name] || find(statuses, s.Name) != s) && s.ran() {
				u, _ := p.use(kind, &container{Name: s.Name, Image: s.Image}, s)
				out = append(out, u)
			}
		}
	}
	add(ofInit, p.Spec.Init, p.Status.Init)
	add(ofContainer, p.Spec.Containers, p.Status.Containers)
	add(ofEphemeral, p.Spec.Ephemeral, p.Status.Ephemeral)
	for i := range p.Spec.Volumes {
		if v := &p.Spec.Volumes[i]; v.Image != nil && v.Image.Reference != "" {
			out = append(out, use{kind: ofVolume, written: v.Image.Reference, imageID: p.mounted(v.Name)})
		}
	}
	return out
}

// use returns how a container runs. One without a status in a Pod that runs counts,
// because nobody says that it does not; but debug containers are added to Pods that run.
func (p *pod) use(kind kind, c *container, s *status) (use, bool) {
	u := use{kind: kind, container: c, written: c.Image}
	if s == nil {
		return u, kind != ofEphemeral && p.Status.Phase != "Pending"
	}
	u.imageID = s.ImageID
	if s.State.Running != nil {
		u.since = s.State.Running.StartedAt
	}
	return u, s.ran()
}

func find(statuses []status, name string) *status {
	for i := range statuses {
		if statuses[i].Name == name {
			return &statuses[i]
		}
	}
	return nil
}

// mounted is the image of a volume, as the runtime names it.
func (p *pod) mounted(volume string) string {
	for _, of := range [][]status{p.Status.Init, p.Status.Containers, p.Status.Ephemeral} {
		for i := range of {
			for _, m := range of[i].Mounts {
				if m.Name == volume && m.Volume != nil && m.Volume.Image != nil && m.Volume.Image.Ref != "" {
					return m.Volume.Image.Ref
				}
			}
		}
	}
	return ""
}

// mirror is the annotation of the Pods that stand for those that a kubelet runs of
// its own files.
const mirror = "kubernetes.io/config.mirror"

func (p *pod) static() bool { _, is := p.Metadata.Annotations[mirror]; return is }

// name is an image that runs, by all of its names.
type name struct {
	ref        string // as it is judged
	repository string // that the Pod names
	tag        string // that the Pod names
	pinned     string // digest that the Pod names
	digest     string // that runs
	runtime    string // repository that the runtime names
}

// nameOf puts together what the Pod and what the runtime say. What runs is judged
// under the name that the Pod gives it: this is the one that its owner trusts, and
// a runtime that has the same content by another name may say that one.
func nameOf(written, imageID string) name {
	n := name{ref: written}
	n.runtime, n.digest = runtimeOf(imageID)
	if ref, err := registry.Parse(written); err == nil && !strings.HasPrefix(written, "sha256:") {
		n.repository, n.tag, n.pinned = ref.Repository().String(), ref.Tag(), string(ref.Digest())
	} else if n.digest != "" {
		n.repository = n.runtime // an image that the Pod names by its ID
	}
	if n.digest != "" && n.repository != "" {
		n.ref = n.repository + "@" + n.digest
	} else {
		n.digest = ""
	}
	return n
}

// runtimeOf reads an imageID: docker.io/library/nginx@sha256:…, with
// docker-pullable:// before it where Docker runs. A digest alone is that of the
// configuration of an image, as it lies on the node: no registry knows it.
func runtimeOf(imageID string) (repository, digest string) {
	if _, rest, found := strings.Cut(imageID, "://"); found {
		imageID = rest
	}
	ref, err := registry.Parse(imageID)
	if err != nil || ref.Digest() == "" {
		return "", ""
	}
	return ref.Repository().String(), string(ref.Digest())
}
