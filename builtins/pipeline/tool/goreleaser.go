package tool

import (
	"path"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// A release is one run of goreleaser with its file.
type release struct {
	reader
	file    string
	root    *document.Node
	project string
	env     map[string]string
	// push and sign say whether this run publishes and signs; images and ko whether it builds.
	push, sign, images, ko bool
	// unsure says that it may do less, as an argument is not known.
	unsure bool
	made   []madeImage
}

// A madeImage is an image that the signatures of goreleaser may be about.
type madeImage struct {
	kind  string // image, manifest or v2
	id    string
	names []string
}

// goreleaser reads "goreleaser release". Its other commands make no images.
func goreleaser(r reader) Effect {
	p := flagTable(`f,config= skip= snapshot auto-snapshot nightly clean rm-dist skip-publish skip-sign skip-docker skip-ko skip-sbom skip-validate
		skip-announce skip-before skip-homebrew p,parallelism= timeout= k,key= release-notes= release-notes-tmpl= release-header= release-footer=
		release-header-tmpl= release-footer-tmpl= draft fail-fast verbose debug id= single-target o,output= split merge prepare q,quiet soft
		deprecated`).parse(r.Args[1:])
	switch p.arg(0) {
	case "release", "r", "continue", "publish", "":
		if len(r.Args) == 1 || p.has("help") {
			return Effect{Known: true}
		}
	default:
		return Effect{Known: true}
	}
	g := &release{reader: r, env: map[string]string{}}
	if !g.load(p.last("config")) {
		name := p.last("config")
		if name == "" {
			name = ".goreleaser.yaml"
		}
		return Effect{Known: true, Unseen: []model.Unseen{
			r.unseen("dynamic", name, "the file that goreleaser reads", model.Build, model.Push, model.Sign, model.SBOM)}}
	}
	g.switches(p)
	e := Effect{Known: true}
	g.dockers(&e)
	g.manifests(&e)
	g.dockersV2(&e)
	g.kos(&e)
	g.signs(&e)
	if g.unsure {
		for i := range e.Actions {
			if k := e.Actions[i].Kind; k == model.Sign || k == model.Attest {
				guess(&e.Actions[i])
			}
		}
	}
	return e
}

// load reads the file that is named, or those that goreleaser looks for.
func (g *release) load(name string) bool {
	names := []string{name}
	if name == "" {
		names = []string{".config/goreleaser.yml", ".config/goreleaser.yaml", ".goreleaser.yml", ".goreleaser.yaml", "goreleaser.yml", "goreleaser.yaml"}
	}
	for _, n := range names {
		text, file, ok := g.reader.file(n)
		if !ok {
			continue
		}
		root, problems := document.FromYAML(text, document.Options{Kubectl: true})
		if root == nil || len(problems) > 0 {
			return false
		}
		g.file, g.root = file, root
		g.project = scalar(root.Get("project_name"))
		g.variables()
		return true
	}
	return false
}

// variables are those that the file sets for itself.
func (g *release) variables() {
	for k, v := range g.Env {
		g.env[k] = v
	}
	for _, set := range scalars(g.root.Get("env")) {
		if name, value, ok := strings.Cut(set, "="); ok {
			g.env[name] = g.template(value)
		}
	}
}

// switches says which parts of a release this run makes.
func (g *release) switches(p parsed) {
	skipped := map[string]bool{}
	for _, s := range p.lists("skip") {
		skipped[s] = true
	}
	for _, s := range []string{"publish", "sign", "docker", "ko", "sbom"} {
		if p.on("skip-" + s) {
			skipped[s] = true
		}
	}
	g.unsure = p.opaque || symbolic(strings.Join(p.pos, " ")) || symbolic(strings.Join(p.all("skip"), " "))
	for _, flag := range []string{"snapshot", "auto-snapshot", "skip-publish", "skip-sign", "skip-docker", "prepare", "split"} {
		g.unsure = g.unsure || symbolic(p.last(flag)) || flag == "auto-snapshot" && p.on(flag)
	}
	g.push = !skipped["publish"] && !p.on("snapshot") && !p.on("prepare") && !p.on("split")
	g.images, g.ko = !skipped["docker"], !skipped["ko"]
	g.sign = g.push && !skipped["sign"]
}

func (g *release) place(n *document.Node) model.Place { return model.Place{File: g.file, Line: n.Line} }

// here puts an action at its place in the file of goreleaser.
func (g *release) here(a model.Action, n *document.Node) model.Action {
	a.Place, a.Through = g.place(n), []model.Place{g.At}
	return a
}

func (g *release) templates(n *document.Node) []string {
	var out []string
	for _, t := range scalars(n) {
		if t = g.template(t); t != "" {
			out = append(out, t)
		}
	}
	return out
}

// dockers are images by the first form.
func (g *release) dockers(e *Effect) {
	if !g.images {
		return
	}
	for _, n := range items(g.root.Get("dockers")) {
		if e.full() {
			return
		}
		names := g.templates(n.Get("image_templates"))
		if len(names) == 0 {
			continue
		}
		b := g.here(g.build("goreleaser", names...), n)
		if g.push {
			g.skipPush(&b, scalar(n.Get("skip_push")))
		}
		e.add(b)
		g.attestations(e, b, n, g.templates(n.Get("build_flag_templates")))
		if b.Pushes {
			g.made = append(g.made, madeImage{"image", g.id(n), names})
		}
	}
}

// skipPush says whether an image is pushed. "auto" leaves out releases that are not final.
func (g *release) skipPush(a *model.Action, skip string) {
	switch skip = strings.TrimSpace(skip); truth(skip) {
	case no:
		a.Pushes = true
	case yes:
	default:
		a.Pushes, a.PushWhen = true, []string{"!(goreleaser: skip_push: " + strings.TrimSpace(skip) + ")"}
	}
}

func (g *release) id(n *document.Node) string {
	if id := scalar(n.Get("id")); id != "" {
		return id
	}
	return g.project
}

// attestations are those that the flags of a build ask for.
func (g *release) attestations(e *Effect, b model.Action, n *document.Node, flags []string) {
	for _, a := range g.buildAttestations(b, flagTable(buildFlags).parse(flags)) {
		e.add(g.here(a, n))
	}
}

// manifests are lists of the images above. Making one pushes it.
func (g *release) manifests(e *Effect) {
	if !g.images || !g.push {
		return
	}
	for _, n := range items(g.root.Get("docker_manifests")) {
		if e.full() {
			return
		}
		name := g.template(scalar(n.Get("name_template")))
		if name == "" {
			continue
		}
		a := model.Action{Kind: model.Copy, Tool: "goreleaser", Images: refs(name), From: refs(g.templates(n.Get("image_templates"))...), Known: true}
		a.Digests = g.digests([]string{name})
		g.skipPush(&a, scalar(n.Get("skip_push")))
		if a.Pushes {
			e.add(g.here(a, n))
			g.made = append(g.made, madeImage{"manifest", g.id(n), []string{name}})
		}
	}
}

// dockersV2 are images by the second form, which are built when they are pushed,
// or in a snapshot.
func (g *release) dockersV2(e *Effect) {
	if !g.images {
		return
	}
	for _, n := range items(g.root.Get("dockers_v2")) {
		if e.full() {
			return
		}
		if truth(scalar(n.Get("disable"))) == yes {
			continue
		}
		tags := n.Get("tags")
		list := g.templates(tags)
		if tags == nil {
			list = []string{g.template("{{.Tag}}")}
		}
		names := tagged(g.templates(n.Get("images")), list)
		b := g.here(g.build("goreleaser", names...), n)
		b.Pushes = g.push
		e.add(b)
		g.attestations(e, b, n, g.v2Flags(n))
		if b.Pushes {
			g.made = append(g.made, madeImage{"v2", g.id(n), names})
		}
	}
}

// v2Flags are the flags of a build, of which --attest=type=sbom is the default.
func (g *release) v2Flags(n *document.Node) []string {
	flags := g.templates(n.Get("flags"))
	if s := scalar(n.Get("sbom")); g.push && (s == "" || truth(s) == yes) {
		flags = append(flags, "--attest=type=sbom")
	}
	return flags
}

// kos are images that ko builds within goreleaser.
func (g *release) kos(e *Effect) {
	if !g.ko || !g.push {
		return
	}
	for _, n := range items(g.root.Get("kos")) {
		if e.full() {
			return
		}
		if truth(scalar(n.Get("disable"))) == yes {
			continue
		}
		names := g.koNames(n)
		b := g.here(g.build("ko", names...), n)
		b.Pushes, b.Method = true, "goreleaser"
		e.add(b)
		if scalar(n.Get("sbom")) != "none" {
			e.add(g.here(model.Action{Kind: model.SBOM, Tool: "ko", Images: b.Images, Known: true}, n))
		}
		if base := g.template(scalar(n.Get("base_image"))); base != "" {
			e.References = append(e.References, model.Reference{Place: g.place(n), Kind: "base_image", Text: base, Pinned: pinned(base)})
		}
		// Signatures take the images of ko for lists.
		g.made = append(g.made, madeImage{"manifest", g.id(n), names})
	}
}

func (g *release) koNames(n *document.Node) []string {
	repos := append(g.templates(n.Get("repositories")), g.templates(n.Get("repository"))...)
	if len(repos) == 0 {
		repo := g.env["KO_DOCKER_REPO"]
		if repo == "" {
			repo = "${KO_DOCKER_REPO}"
		}
		repos = []string{repo}
	}
	tags := g.templates(n.Get("tags"))
	if len(tags) == 0 {
		tags = []string{"latest"}
	}
	p := parsed{flags: map[string][]string{}}
	for key, flag := range map[string]string{"bare": "bare", "base_import_paths": "base-import-paths", "preserve_import_paths": "preserve-import-paths"} {
		p.flags[flag] = []string{scalar(n.Get(key))}
	}
	main := g.koMain(n)
	for i := range repos {
		repos[i] = g.koName(strings.TrimSuffix(repos[i], "/"), main, false, p)
	}
	return tagged(repos, tags)
}

// koMain is the folder of the program: its own, or that of its build.
func (g *release) koMain(n *document.Node) string {
	main, dir := scalar(n.Get("main")), scalar(n.Get("working_dir"))
	for _, b := range items(g.root.Get("builds")) {
		if id := scalar(n.Get("build")); id != "" && scalar(b.Get("id")) != id {
			continue
		}
		if main == "" {
			main = scalar(b.Get("main"))
		}
		if dir == "" {
			dir = scalar(b.Get("dir"))
		}
		break
	}
	return "./" + path.Join(dir, g.template(main))
}
