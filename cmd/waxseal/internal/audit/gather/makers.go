package gather

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/waxseal/waxseal/builtins/admission"
	"github.com/waxseal/waxseal/builtins/audit"
)

type missing = audit.Missing

// makersOf are the objects that make containers, as far as admission looks at them.
// Of Pods that no rule tells apart the first is kept.
type makersOf struct {
	sight   admission.Sight
	objects []admission.Object
	seen    map[string]bool
	whole   bool // everything could be read
}

func newMakersOf(sight admission.Sight) *makersOf {
	return &makersOf{sight: sight, seen: map[string]bool{}}
}

// maker is what is read of an object that makes Pods, or of a Namespace.
type maker struct {
	Metadata metadata `json:"metadata"`
	Spec     struct {
		Template    *template `json:"template"`
		JobTemplate *struct {
			Spec struct {
				Template *template `json:"template"`
			} `json:"spec"`
		} `json:"jobTemplate"`
	} `json:"spec"`
}

type template struct {
	Metadata metadata `json:"metadata"`
	Spec     podSpec  `json:"spec"`
}

// engine says whether a Deployment may be one of an engine, whose arguments say
// what it does.
func (m *maker) engine(kind string) bool {
	return kind == "Deployment" && (strings.Contains(m.Metadata.Name, "gatekeeper") || strings.Contains(m.Metadata.Name, "kyverno"))
}

// object is the object again, with what admission looks at. One outside of the
// scope has no images: it is no workload of the audit.
func (m *maker) object(version, kind string, outside bool) map[string]any {
	object := map[string]any{"apiVersion": version, "kind": kind, "metadata": m.Metadata.value()}
	switch {
	case m.Spec.Template != nil:
		object["spec"] = map[string]any{"template": m.Spec.Template.value(m.engine(kind), outside)}
	case m.Spec.JobTemplate != nil && m.Spec.JobTemplate.Spec.Template != nil:
		template := m.Spec.JobTemplate.Spec.Template.value(false, outside)
		object["spec"] = map[string]any{"jobTemplate": map[string]any{"spec": map[string]any{"template": template}}}
	}
	return object
}

func (t *template) value(args, outside bool) map[string]any {
	return map[string]any{"metadata": t.Metadata.value(), "spec": t.Spec.value(args, outside)}
}

func (m *metadata) value() map[string]any {
	out := map[string]any{}
	for name, text := range map[string]string{"name": m.Name, "namespace": m.Namespace} {
		if text != "" {
			out[name] = text
		}
	}
	if len(m.Labels) > 0 {
		labels := map[string]any{}
		for key, value := range m.Labels {
			labels[key] = value
		}
		out["labels"] = labels
	}
	if value, is := m.Annotations[mirror]; is {
		out["annotations"] = map[string]any{mirror: value}
	}
	return out
}

func (s *podSpec) value(args, outside bool) map[string]any {
	out := map[string]any{}
	for _, of := range []struct {
		field string
		list  []container
	}{{"initContainers", s.Init}, {"containers", s.Containers}, {"ephemeralContainers", s.Ephemeral}} {
		var list []any
		for _, c := range of.list {
			list = append(list, c.value(args, outside))
		}
		if list != nil {
			out[of.field] = list
		}
	}
	var volumes []any
	for _, v := range s.Volumes {
		if v.Image != nil && !outside {
			volumes = append(volumes, map[string]any{"name": v.Name, "image": map[string]any{"reference": v.Image.Reference}})
		}
	}
	if volumes != nil {
		out["volumes"] = volumes
	}
	return out
}

func (c *container) value(args, outside bool) map[string]any {
	out := map[string]any{"name": c.Name}
	if !outside {
		out["image"] = c.Image
	}
	if args {
		list := []any{}
		for _, argument := range c.Args {
			list = append(list, argument)
		}
		out["args"] = list
	}
	return out
}

// pod adds a Pod, if a rule can tell it from those that are there.
func (m *makersOf) pod(p *pod) {
	key := m.key(p)
	if m.seen[key] {
		return
	}
	m.seen[key] = true
	object := map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": p.Metadata.value(), "spec": p.Spec.value(false, false)}
	states := map[string]any{}
	for field, list := range map[string][]status{"initContainerStatuses": p.Status.Init, "containerStatuses": p.Status.Containers, "ephemeralContainerStatuses": p.Status.Ephemeral} {
		var of []any
		for _, s := range list {
			of = append(of, map[string]any{"name": s.Name, "imageID": s.ImageID})
		}
		if of != nil {
			states[field] = of
		}
	}
	object["status"] = states
	m.objects = append(m.objects, admission.Object{Value: object})
}

// key is all of a Pod that a rule, or a reader, tells apart.
func (m *makersOf) key(p *pod) string {
	var b strings.Builder
	write := func(texts ...string) {
		for _, text := range texts {
			b.WriteString(strconv.Itoa(len(text)) + ":" + text)
		}
	}
	write(p.Metadata.Namespace, strconv.FormatBool(p.static()))
	if m.sight.Names {
		write(p.Metadata.Name)
	}
	keys := m.sight.Labels
	if m.sight.All {
		keys = keysOf(p.Metadata.Labels)
	}
	for _, key := range keys {
		if value, has := p.Metadata.Labels[key]; has {
			write(key, value)
		}
	}
	for _, of := range []struct {
		list   []container
		states []status
	}{{p.Spec.Init, p.Status.Init}, {p.Spec.Containers, p.Status.Containers}, {p.Spec.Ephemeral, p.Status.Ephemeral}} {
		write("")
		for _, c := range of.list {
			id := ""
			if s := find(of.states, c.Name); s != nil {
				id = s.ImageID
			}
			write(c.Name, c.Image, id)
		}
	}
	for _, v := range p.Spec.Volumes {
		if v.Image != nil {
			write(v.Name, v.Image.Reference)
		}
	}
	return b.String()
}

// add adds an object that makes Pods, once.
func (m *makersOf) add(object map[string]any) {
	metadata, _ := object["metadata"].(map[string]any)
	key := strings.Join([]string{text(object["kind"]), text(metadata["namespace"]), text(metadata["name"])}, "/")
	if !m.seen[key] {
		m.seen[key] = true
		m.objects = append(m.objects, admission.Object{Value: object})
	}
}

// merge adds the Pods of another listing.
func (m *makersOf) merge(other *makersOf) {
	for key := range other.seen {
		m.seen[key] = true
	}
	m.objects = append(m.objects, other.objects...)
}

func text(value any) string {
	s, _ := value.(string)
	return s
}

func keysOf(labels map[string]string) []string {
	return slices.Sorted(maps.Keys(labels))
}
