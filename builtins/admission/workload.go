package admission

import (
	"slices"
	"strconv"
	"strings"
)

// maker is an object that makes containers, at one of its places.
type maker struct {
	src        *source
	kind       Kind
	labels     map[string]string // of the Pods
	containers []Container
	static     bool // the kubelet runs it, and asks nobody
}

// groups collects makers that no rule tells apart.
type groups struct {
	r     *reader
	seen  map[string]int
	list  []Workload
	first []maker
	Sight
}

// Sight is what rules look at, of the objects that make containers, beside their
// kind, their namespace and their containers. Whoever puts such objects together
// before they are parsed must keep apart what differs in it.
type Sight struct {
	Labels []string // by key, sorted
	All    bool     // all labels
	Names  bool     // of objects
}

// Sight says what the rules look at.
func (c *Configuration) Sight() Sight {
	var s Sight
	for i := range c.Rules {
		s.look(c.Rules[i].match)
	}
	return s
}

func (s *Sight) look(m matcher) {
	s.Labels = append(s.Labels, m.keys...)
	slices.Sort(s.Labels)
	s.Labels = slices.Compact(s.Labels)
	s.All = s.All || m.allLabels
	s.Names = s.Names || m.names
}

// workloads reads what makes containers, and asks of each group which rules apply.
func (r *reader) workloads() []Workload {
	g := &groups{r: r, seen: map[string]int{}, list: []Workload{}}
	for _, rule := range r.rules {
		g.look(rule.match)
	}
	for _, s := range r.sources {
		kind := Kind{Group: s.group(), Kind: s.kind()}
		place, makes := makers[kind]
		if makes {
			g.add(readMaker(s, kind, place))
		}
	}
	a := newAsker(r)
	for i := range g.list {
		a.ask(&g.list[i], g.first[i])
	}
	return g.list
}

func readMaker(s *source, kind Kind, place template) maker {
	m := maker{src: s, kind: kind, labels: s.root().at("metadata", "labels").labels()}
	m.static = kind == podKind && s.root().at("metadata", "annotations", "kubernetes.io/config.mirror").is()
	for _, path := range place.pods {
		for _, spec := range s.root().spread(path) {
			m.pod(spec)
			if outer, found := strings.CutSuffix(path, ".spec"); found {
				for _, template := range s.root().spread(outer) {
					if labels := template.at("metadata", "labels"); labels.is() {
						m.labels = labels.labels()
					}
				}
			}
		}
	}
	for _, path := range place.containers {
		for _, container := range s.root().spread(path) {
			m.container("containers", container, container.at("image"))
		}
	}
	for _, path := range place.images {
		for _, image := range s.root().spread(path) {
			m.container("containers", image, image)
		}
	}
	m.running(s.root().at("status"))
	return m
}

// pod reads the lists of a pod's spec.
func (m *maker) pod(spec node) {
	for _, list := range []string{"initContainers", "containers", "ephemeralContainers"} {
		for _, container := range spec.at(list).list() {
			m.container(list, container, container.at("image"))
		}
	}
	for _, volume := range spec.at("volumes").list() {
		m.container("imageVolumes", volume, volume.at("image", "reference"))
	}
}

func (m *maker) container(list string, at, image node) {
	if image.text() == "" {
		return
	}
	m.containers = append(m.containers, Container{
		List: list, Name: at.at("name").text(), Image: image.text(), Place: image.place(), Rules: []Applies{},
	})
}

// running reads what runs from the status of a Pod.
func (m *maker) running(status node) {
	for list, field := range map[string]string{"containers": "containerStatuses", "initContainers": "initContainerStatuses", "ephemeralContainers": "ephemeralContainerStatuses"} {
		for _, s := range status.at(field).list() {
			for i := range m.containers {
				if c := &m.containers[i]; c.List == list && c.Name == s.at("name").text() {
					c.ImageID = s.at("imageID").text()
				}
			}
		}
	}
}

func (g *groups) add(m maker) {
	if len(m.containers) == 0 {
		return
	}
	key := g.key(m)
	if i, known := g.seen[key]; known {
		g.list[i].Members = append(g.list[i].Members, m.src.ref)
		return
	}
	g.seen[key] = len(g.list)
	name := m.kind.Kind
	if m.kind.Group != "" {
		name = m.kind.Group + "/" + name
	}
	g.list = append(g.list, Workload{
		ID: "workload-" + strconv.Itoa(len(g.list)+1), Kind: name, Namespace: m.src.ref.Namespace,
		Labels: m.labels, Containers: m.containers, Members: []Ref{m.src.ref},
	})
	g.first = append(g.first, m)
}

// key is all of a maker that a rule, or a reader, tells apart.
func (g *groups) key(m maker) string {
	var b strings.Builder
	write := func(texts ...string) {
		for _, text := range texts {
			b.WriteString(strconv.Itoa(len(text)) + ":" + text)
		}
	}
	write(m.kind.Group, m.kind.Kind, m.src.ref.Namespace, strconv.FormatBool(m.static))
	if g.Names {
		write(m.src.ref.Name)
	}
	for _, of := range []map[string]string{m.labels, m.own()} {
		g.labels(of, write)
	}
	for _, c := range m.containers {
		write(c.List, c.Name, c.Image, c.ImageID)
	}
	return b.String()
}

// own is the labels of the object itself; the same as those of the Pods for a Pod.
func (m maker) own() map[string]string {
	if m.kind == podKind {
		return nil
	}
	return m.src.root().at("metadata", "labels").labels()
}

func (g *groups) labels(of map[string]string, write func(...string)) {
	if !g.All {
		for _, key := range g.Labels {
			if value, has := of[key]; has {
				write(key, value)
			}
		}
		write("")
		return
	}
	keys := make([]string, 0, len(of))
	for key := range of {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		write(key, of[key])
	}
	write("")
}
