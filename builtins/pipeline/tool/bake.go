package tool

import (
	"encoding/json"
	"maps"
	"path"
	"regexp"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/source"
)

// A bakeTarget is a target of a bake file, or a service of a compose file.
type bakeTarget struct {
	at       model.Place
	inherits []string
	lists    map[string][]string // tags, output, attest, contexts
	set      map[string]bool     // which lists the target itself has
	// pattern is what the names of a target with a matrix look like.
	pattern *regexp.Regexp
}

// A bakeFile is what "docker buildx bake" reads.
type bakeFile struct {
	targets   map[string]*bakeTarget
	order     []string
	groups    map[string][]string
	variables map[string]string
	done      map[string]*bakeTarget // those that are resolved
	unread    []string               // files that could not be read
}

const maxTargets = 2000

// bake reads "docker buildx bake".
func (r reader) bake(args []string) Effect {
	p := flagTable(`f,file= load push print set= metadata-file= no-cache pull progress= provenance= sbom= builder= allow= call= check
		list= list-targets list-variables D,debug var=`).parse(args)
	if p.on("print") || p.on("check") || p.has("list") || p.has("call") && p.last("call") != "build" {
		return Effect{Known: true}
	}
	for _, a := range p.pos {
		if strings.Contains(a, "://") || strings.HasPrefix(a, "git@") {
			return Effect{Known: true, Unseen: []model.Unseen{r.unseen("dynamic", a, "the files that docker buildx bake reads from there", model.Build, model.Push)}}
		}
	}
	f := r.bakeFiles(p.all("file"), p.all("var"))
	e := Effect{Known: true}
	for _, name := range f.unread {
		e.Unseen = append(e.Unseen, r.unseen("dynamic", name, "the file that docker buildx bake reads", model.Build, model.Push, model.Attest))
	}
	digests := map[string]map[string]string{}
	for _, name := range f.chosen(p.pos) {
		if e.full() {
			break
		}
		built := r.bakeBuild(f, name, p)
		if len(built.Actions) > 0 {
			digests[name] = map[string]string{"containerimage.digest": digest(built.Actions[0])}
		}
		e.join(built)
	}
	if metadata, err := json.Marshal(digests); err == nil {
		e.write(r, p.last("metadata-file"), string(metadata))
	}
	return e
}

// bakeBuild is what one target of a bake file does.
func (r reader) bakeBuild(f *bakeFile, name string, p parsed) Effect {
	t := f.resolved(name, 0)
	if t == nil {
		return Effect{Unseen: []model.Unseen{r.unseen("dynamic", "target "+name, "the file that defines the target", model.Build, model.Push)}}
	}
	t = &bakeTarget{at: t.at, lists: maps.Clone(t.lists)}
	r.override(t, name, p.all("set"))
	if onlyFiles(t.lists["output"]) && !p.on("push") && !p.on("load") {
		return Effect{}
	}
	b := r.build("buildx", t.lists["tags"]...)
	b.Place, b.Through = t.at, []model.Place{r.At}
	r.outputs(&b, t.lists["output"])
	if p.on("load") {
		b.Pushes, b.PushWhen = false, nil
	}
	if p.has("push") {
		pushes(&b, p.switched("push"), p.last("push"))
	}
	q := parsed{flags: map[string][]string{"attest": t.lists["attest"]}}
	for _, flag := range []string{"provenance", "sbom"} {
		if p.has(flag) {
			q.flags[flag] = p.all(flag)
		}
	}
	e := known(b)
	for _, a := range r.buildAttestations(b, q) {
		a.Place, a.Through = b.Place, b.Through
		e.add(a)
	}
	return e
}

// override applies --set target.key=value.
func (r reader) override(t *bakeTarget, name string, sets []string) {
	fresh := map[string]bool{}
	for _, s := range sets {
		key, value, ok := strings.Cut(s, "=")
		target, field, ok2 := strings.Cut(key, ".")
		if !ok || !ok2 {
			continue
		}
		if matched, err := path.Match(target, name); err != nil || !matched {
			continue
		}
		field, added := strings.CutSuffix(field, "+")
		if !added && !fresh[field] {
			t.lists[field], fresh[field] = nil, true
		}
		t.lists[field] = append(t.lists[field], value)
	}
}

// chosen are the targets that are built: groups resolved, "default" without a choice.
func (f *bakeFile) chosen(names []string) []string {
	if len(names) == 0 {
		names = []string{"default"}
		if f.groups["default"] == nil && f.targets["default"] == nil {
			names = nil
			for _, n := range f.order {
				if !strings.HasPrefix(n, "_") {
					names = append(names, n)
				}
			}
		}
	}
	var out []string
	seen := map[string]bool{}
	f.expand(names, seen, &out, 0)
	return out
}

func (f *bakeFile) expand(names []string, seen map[string]bool, out *[]string, depth int) {
	for _, n := range names {
		if seen[n] || depth > maxNesting || len(*out) > maxTargets {
			continue
		}
		seen[n] = true
		if g := f.groups[n]; g != nil {
			f.expand(g, seen, out, depth+1)
			continue
		}
		*out = append(*out, n)
	}
}

// resolved is a target with what it inherits. Each is resolved once: a target
// that inherits itself inherits nothing from that.
func (f *bakeFile) resolved(name string, depth int) *bakeTarget {
	if t, ok := f.done[name]; ok {
		return t
	}
	f.done[name] = nil
	t := f.named(name)
	if t == nil || depth > maxNesting {
		return nil
	}
	out := &bakeTarget{at: t.at, lists: map[string][]string{}}
	for _, parent := range t.inherits {
		if p := f.resolved(parent, depth+1); p != nil {
			for k, v := range p.lists {
				out.lists[k] = v
			}
		}
	}
	for k, v := range t.lists {
		if t.set[k] {
			out.lists[k] = v
		}
	}
	f.done[name] = out
	return out
}

// named is the target of a name, or that whose matrix makes such names.
func (f *bakeFile) named(name string) *bakeTarget {
	if t := f.targets[name]; t != nil {
		return t
	}
	for _, n := range f.order {
		if t := f.targets[n]; t.pattern != nil && t.pattern.MatchString(name) {
			return t
		}
	}
	return nil
}

// bakeFiles reads the files that are named, or those that bake looks for.
func (r reader) bakeFiles(names, vars []string) *bakeFile {
	f := &bakeFile{targets: map[string]*bakeTarget{}, groups: map[string][]string{}, variables: map[string]string{}, done: map[string]*bakeTarget{}}
	for k, v := range r.Env {
		f.variables[k] = v
	}
	for _, v := range vars {
		if name, value, ok := strings.Cut(v, "="); ok {
			f.variables[name] = value
		}
	}
	chosen := names
	if len(chosen) == 0 {
		for _, n := range []string{"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml", "docker-bake.json",
			"docker-bake.hcl", "docker-bake.override.json", "docker-bake.override.hcl"} {
			if r.files != nil && r.files.Exists(path.Join(r.Dir, n)) {
				chosen = append(chosen, n)
			}
		}
	}
	if len(chosen) == 0 {
		f.unread = append(f.unread, "docker-bake.hcl")
	}
	for _, n := range chosen {
		f.read(r, strings.TrimPrefix(n, "cwd://"))
	}
	return f
}

func (f *bakeFile) read(r reader, name string) {
	text, file, ok := r.file(name)
	if tags, found := metadataTags(name); found {
		if tags != "" {
			f.target("docker-metadata-action").put("tags", []string{tags})
		}
		return
	}
	if !ok {
		f.unread = append(f.unread, name)
		return
	}
	switch {
	case strings.HasSuffix(file, ".hcl"):
		ok = f.readHCL(file, string(text))
	case strings.HasSuffix(file, ".json"):
		ok = f.readJSON(file, text)
	default:
		ok = f.readCompose(r, file, text)
	}
	if !ok {
		f.unread = append(f.unread, name)
	}
}

// metadataTags are the tags in the bake file that docker/metadata-action makes:
// its output "tags" has the same.
func metadataTags(name string) (string, bool) {
	inner, ok := soleSymbol(name)
	if !ok {
		return "", false
	}
	for _, end := range []string{".outputs.bake-file", ".outputs.bake-file-tags"} {
		if step, ok := strings.CutSuffix(inner, end); ok {
			return "${" + step + ".outputs.tags}", true
		}
	}
	return "", strings.HasSuffix(inner, ".outputs.bake-file-labels") || strings.HasSuffix(inner, ".outputs.bake-file-annotations")
}

// file reads a file of the repository by the name that a command gives it.
func (r reader) file(name string) (text []byte, clean string, ok bool) {
	if r.files == nil || name == "" || symbolic(name) {
		return nil, "", false
	}
	clean, ok = source.Clean(path.Join(r.Dir, name))
	if !ok {
		return nil, "", false
	}
	text, err := r.files.Read(clean)
	return text, clean, err == nil
}

func (f *bakeFile) target(name string) *bakeTarget {
	t := f.targets[name]
	if t == nil {
		t = &bakeTarget{lists: map[string][]string{}, set: map[string]bool{}}
		f.targets[name] = t
		f.order = append(f.order, name)
	}
	return t
}

func (f *bakeFile) readJSON(file string, text []byte) bool {
	root, problems := document.FromYAML(text, document.Options{})
	if root == nil || len(problems) > 0 {
		return false
	}
	for _, v := range fields(root.Get("variable")) {
		if _, ok := f.variables[v.Name]; !ok {
			f.variables[v.Name] = scalar(v.Value.Get("default"))
		}
	}
	for _, g := range fields(root.Get("group")) {
		f.groups[g.Name] = scalars(g.Value.Get("targets"))
	}
	for _, v := range fields(root.Get("target")) {
		t := f.target(v.Name)
		t.at = model.Place{File: file, Line: v.Line}
		t.inherits = append(t.inherits, scalars(v.Value.Get("inherits"))...)
		for _, key := range []string{"tags", "output", "attest"} {
			if n := v.Value.Get(key); n != nil {
				t.put(key, f.fillAll(scalars(n)))
			}
		}
	}
	return true
}

func (t *bakeTarget) put(key string, values []string) { t.lists[key], t.set[key] = values, true }
