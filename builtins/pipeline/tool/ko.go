package tool

import (
	"crypto/md5" // the names that ko gives are made with it
	"encoding/hex"
	"io/fs"
	"path"
	"regexp"
	"sort"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

const koFlags = `bare B,base-import-paths P,preserve-import-paths t,tags= tag-only push L,local tarball= oci-layout-path= image-refs= sbom= sbom-dir=
	platform= image-label= image-annotation= image-user= j,jobs= f,filename= R,recursive l,selector= insecure-registry disable-optimizations
	debug ldflags= W,watch v,verbose h,help`

// ko reads the builder of Go programs.
func ko(r reader) Effect {
	p := flagTable(koFlags).parse(r.Args[1:])
	if len(p.pos) == 0 {
		return Effect{Known: true}
	}
	var paths []string
	switch p.pos[0] {
	case "build", "publish", "run":
		paths = p.pos[1:]
		if p.pos[0] == "run" && len(paths) > 1 {
			paths = paths[:1]
		}
		if len(paths) == 0 {
			paths = []string{"."}
		}
	case "resolve", "apply", "create":
		paths = r.koPaths(p.lists("filename"))
	case "login":
		q := flagTable("u,username= p,password= password-stdin").parse(r.Args[2:])
		return r.login("ko", q.arg(0), q)
	default:
		return Effect{Known: true}
	}
	e := Effect{Known: true, References: r.koBases()}
	var printed []string
	for _, importPath := range paths {
		b := r.koBuild(importPath, p)
		e.add(b)
		if p.last("sbom") != "none" && !symbolic(p.last("sbom")) {
			sbom := r.bom(b)
			sbom.Method = ""
			e.add(sbom)
		}
		printed = append(printed, koPrinted(b, p))
	}
	if len(paths) == 0 {
		e.add(r.koBuild("", p))
	}
	r.koPrints(&e, p, printed)
	return e
}

func (r reader) koPrints(e *Effect, p parsed, printed []string) {
	lines := strings.Join(nonEmpty(printed), "\n")
	if p.pos[0] == "build" || p.pos[0] == "publish" {
		e.Prints = lines
	}
	if lines != "" {
		e.write(r, p.last("image-refs"), lines)
	}
}

// koBuild is the build of one import path; "" is one that is not known.
func (r reader) koBuild(importPath string, p parsed) model.Action {
	repo := r.koRepo(p)
	local := p.on("local") || repo == "ko.local" || repo == "kind.local"
	var images []string
	if importPath != "" {
		name := r.koName(repo, importPath, local, p)
		tags := p.lists("tags")
		if len(tags) == 0 {
			tags = []string{"latest"}
		}
		for _, t := range tags {
			images = append(images, name+":"+t)
		}
	}
	b := r.build("ko", images...)
	b.Files = append(append(b.Files, p.all("tarball")...), p.all("oci-layout-path")...)
	if p.has("push") {
		pushes(&b, p.switched("push"), p.last("push"))
	} else {
		b.Pushes = true
	}
	if local {
		b.Pushes, b.PushWhen = false, nil
	}
	return b
}

func (r reader) koRepo(p parsed) string {
	switch repo, ok := r.Env["KO_DOCKER_REPO"]; {
	case p.on("local"):
		return "ko.local"
	case ok && repo != "":
		return strings.TrimSuffix(repo, "/")
	}
	return "${KO_DOCKER_REPO}"
}

// koName is the name that ko gives an image.
func (r reader) koName(repo, importPath string, local bool, p parsed) string {
	full := r.koImport(strings.TrimPrefix(importPath, "ko://"))
	base := path.Base(full)
	switch {
	case p.on("bare"):
		return repo
	case p.on("base-import-paths"):
		return repo + "/" + strings.ToLower(base)
	case p.on("preserve-import-paths") || local:
		return repo + "/" + strings.ToLower(full)
	case symbolic(full):
		return repo + "/" + base + "-${(md5 of the import path)}"
	}
	sum := md5.Sum([]byte(full))
	return repo + "/" + strings.ToLower(base) + "-" + hex.EncodeToString(sum[:])
}

// koImport is the whole import path of a folder of the repository.
func (r reader) koImport(name string) string {
	if name != "." && !strings.HasPrefix(name, "./") && !strings.HasPrefix(name, "../") {
		return strings.TrimSuffix(name, "/")
	}
	folder := path.Join(r.Dir, name)
	for dir := folder; ; dir = path.Dir(dir) {
		if text, _, ok := (reader{Command: Command{Dir: dir}, files: r.files}).file("go.mod"); ok {
			rest := strings.TrimPrefix(strings.TrimPrefix(folder, dir), "/")
			if dir == "." {
				rest = folder
			}
			return path.Join(modfile.ModulePath(text), rest)
		}
		if dir == "." || dir == "/" || strings.HasPrefix(dir, "..") {
			return path.Join("${module}", folder)
		}
	}
}

// koPrinted is what ko prints for an image that it has built.
func koPrinted(b model.Action, p parsed) string {
	if len(b.Images) == 0 {
		return ""
	}
	ref := b.Images[0]
	if p.on("tag-only") {
		return ref.Text
	}
	if len(b.Images) == 1 && len(p.lists("tags")) == 1 && p.lists("tags")[0] != "latest" {
		return ref.Text + "@" + digest(b)
	}
	return ref.Name + "@" + digest(b)
}

var koScheme = regexp.MustCompile(`ko://[A-Za-z0-9_.~/-]+`)

const maxKoFiles = 500

// koPaths are the import paths in files and folders of manifests.
func (r reader) koPaths(names []string) []string {
	found := map[string]bool{}
	for _, name := range names {
		r.koFind(name, found)
	}
	out := make([]string, 0, len(found))
	for f := range found {
		out = append(out, f)
	}
	sort.Strings(out)
	return out
}

func (r reader) koFind(name string, found map[string]bool) {
	if r.files == nil {
		return
	}
	// The root of the repository is often in a variable: ${PROJECT_ROOT}/config.
	if strings.HasPrefix(name, "${") {
		if i := indexOutside(name, '/'); i > 0 {
			name, r.Dir = name[i+1:], ""
		}
	}
	if text, _, ok := r.file(name); ok {
		addSchemes(text, found)
		return
	}
	dir := path.Clean(path.Join(r.Dir, name))
	if symbolic(dir) || !fs.ValidPath(dir) {
		return
	}
	read := 0
	_ = fs.WalkDir(r.files.FS(), dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || read >= maxKoFiles {
			return fs.SkipAll
		}
		switch path.Ext(file) {
		case ".yaml", ".yml", ".json":
			read++
			if text, err := r.files.Read(file); err == nil && !d.IsDir() {
				addSchemes(text, found)
			}
		}
		return nil
	})
}

func addSchemes(text []byte, found map[string]bool) {
	for _, m := range koScheme.FindAll(text, -1) {
		found[strings.TrimPrefix(string(m), "ko://")] = true
	}
}

// koBases are the base images that .ko.yaml names.
func (r reader) koBases() []model.Reference {
	if base := r.Env["KO_DEFAULTBASEIMAGE"]; base != "" {
		return []model.Reference{r.reference("base_image", base)}
	}
	name := ".ko.yaml"
	if dir := r.Env["KO_CONFIG_PATH"]; dir != "" {
		name = path.Join(strings.TrimSuffix(dir, ".ko.yaml"), ".ko.yaml")
	}
	text, file, ok := r.file(name)
	if !ok {
		return nil
	}
	root, problems := document.FromYAML(text, document.Options{Kubectl: true})
	if root == nil || len(problems) > 0 {
		return nil
	}
	var out []model.Reference
	add := func(n *document.Node) {
		if image := scalar(n); image != "" {
			out = append(out, model.Reference{Place: model.Place{File: file, Line: n.Line}, Kind: "base_image", Text: image, Pinned: pinned(image)})
		}
	}
	add(root.Get("defaultBaseImage"))
	for _, f := range fields(root.Get("baseImageOverrides")) {
		add(f.Value)
	}
	return out
}
