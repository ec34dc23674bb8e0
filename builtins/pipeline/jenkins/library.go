package jenkins

import (
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/pipeline/jenkins/groovy"
	"github.com/waxseal/waxseal/builtins/pipeline/mark"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/tool"
)

const folderOfLibrary = "the folder of the shared library"

// library reads library 'name@version', and libraries { lib('name@version') }.
func (c *ctx) library(n groovy.Call) {
	for _, arg := range n.Args {
		if b, ok := arg.Value.(groovy.Closure); ok {
			for _, s := range b.Body {
				if lib, ok := s.(groovy.Call); ok && lib.Name == "lib" {
					c.library(lib)
				}
			}
			continue
		}
		if key, ok := arg.Key.(groovy.Str); ok {
			if name, _ := key.Constant(); name != "identifier" {
				continue
			}
		}
		c.uses(c.asStr(c.eval(arg.Value), arg.Value), n.At())
	}
}

// annotation reads @Library('name@version').
func (c *ctx) annotation(n groovy.Annotation) {
	if n.Name != "Library" {
		return
	}
	for _, arg := range n.Args {
		items := []groovy.Node{arg.Value}
		if l, ok := arg.Value.(groovy.List); ok {
			items = l.Items
		}
		for _, item := range items {
			c.uses(c.asStr(c.eval(item), item), n.At())
		}
	}
}

func (c *ctx) uses(name str, line int) {
	text := c.marks.Plain(name.text)
	_, version, _ := strings.Cut(text, "@")
	c.reference(model.Reference{Place: c.at(line), Kind: "library", Text: text, Pinned: isCommit(version)})
}

func isCommit(version string) bool {
	return len(version) == 40 && strings.Trim(version, "0123456789abcdef") == ""
}

// ownStep returns a step of a shared library that lies in the repository itself.
func (c *ctx) ownStep(name string) (*file, bool) {
	if !mark.Variable(name) {
		return nil, false
	}
	file := "vars/" + name + ".groovy"
	if !c.run.Files().Exists(file) {
		return nil, false
	}
	return c.open(file, model.Place{File: c.reader.name})
}

// open reads another file of the repository, once.
func (c *ctx) open(name string, at model.Place) (*file, bool) {
	if f, ok := c.files[name]; ok {
		return f, f != nil
	}
	if len(c.files) > maxOthers {
		c.problem(at, "too_large", "the pipeline leads to more than %d files; %s was not read", maxOthers, name)
		return nil, false
	}
	text, err := c.run.Files().Read(name)
	if err != nil {
		if code, _ := fault.CodeOf(err); code == fault.TooLarge {
			c.problem(at, "too_large", "%s was not read: %s", name, err.Error())
		}
		c.files[name] = nil
		return nil, false
	}
	f := &file{groovy.Parse(text), name}
	c.files[name] = f
	c.report(f)
	return f, true
}

// report adds the problems of a file.
func (r *reader) report(f *file) {
	for _, p := range f.Problems {
		r.problem(model.Place{File: f.name, Line: p.Line}, "malformed", "this part of the Groovy was left out: %s", p.Text)
	}
}

// follow reads a step of the repository's own library.
func (c *ctx) follow(n groovy.Call, f *file, a args) value {
	m, ok := f.Methods["call"]
	if !ok {
		c.foreign(n, n.Name, a)
		return c.unknown(n)
	}
	return c.elsewhere(n).inline(n, f, m, a)
}

// elsewhere is the context of what a call leads to in another file.
func (c *ctx) elsewhere(n groovy.Call) *ctx {
	d := c.copy()
	d.through = append(slices.Clone(c.through), c.at(n.At()))
	return d
}

// loaded reads a call of a method of a file that was loaded.
func (c *ctx) loaded(n groovy.Call, f *file) value {
	m, ok := f.Methods[n.Name]
	if !ok {
		a := c.evalArgs(n.Args)
		c.blocks(a)
		return c.unknown(n)
	}
	return c.elsewhere(n).inline(n, f, m, c.evalArgs(n.Args))
}

// load reads load 'file.groovy': what stands in the file runs, and its methods
// are those of the value.
func (c *ctx) load(n groovy.Call, a args) value {
	name := a.text("path")
	clean := path.Join(c.dir, name)
	f, ok := c.open(clean, c.at(n.At()))
	if !ok {
		c.unseen(c.at(n.At()), "script", name, "the file "+name)
		return c.unknown(n)
	}
	if c.tooDeep(n.At()) {
		return f
	}
	d := c.elsewhere(n)
	d.calls++
	d.in, d.vars = f, c.globals.child()
	d.exec(f.Body)
	return f
}

// foreignMethod reads a call of a method of something that is not known.
func (c *ctx) foreignMethod(n groovy.Call, a args) {
	on, ok := n.On.(groovy.Name)
	if ok && len(hint(words(n.Name))) > 0 {
		a.line = n.At()
		c.foreign(n, on.Name+"."+n.Name, a)
	}
}

// foreign reads a call that nothing in the repository defines: a step of a shared
// library, or of a plugin that is not known. Only its name tells what it may do.
func (c *ctx) foreign(n groovy.Call, name string, a args) {
	method := name[strings.LastIndexByte(name, '.')+1:]
	own := words(method)
	kinds := hint(own)
	if len(kinds) == 0 {
		if vague(own) && a.block == nil {
			c.unseen(c.at(n.At()), "library", name, folderOfLibrary)
		}
		return
	}
	if own[0] == "with" || own[0] == "is" || own[0] == "get" || own[0] == "should" || own[0] == "has" {
		return
	}
	s := c.step(c.at(n.At()), name, name)
	images := c.named(a)
	if len(images) == 0 && len(a.named)+len(a.positional) == 0 {
		images = c.only(own)
	}
	pushes := slices.Contains(kinds, model.Push)
	for _, kind := range kinds {
		if kind == model.Push && slices.Contains(kinds, model.Build) {
			continue
		}
		act := model.Action{Place: c.at(n.At()), Kind: kind, Tool: "shared-library", Method: "shared-library:" + name, Images: images}
		switch kind {
		case model.Copy:
			act.Images, act.From = c.copied(a)
		case model.Build:
			act.Pushes = pushes
		case model.Scan:
			act.Gates, act.GatesWhy = model.GatesUnknown, "it is a step of a shared library"
		}
		c.act(s, act)
	}
	c.unseen(c.at(n.At()), "library", name, folderOfLibrary, kinds...)
}

// words cuts a name into its words, in small letters: buildDockerImage.
func words(name string) []string {
	var out []string
	start := 0
	runes := []rune(name)
	flush := func(end int) {
		if end > start {
			out = append(out, strings.ToLower(string(runes[start:end])))
		}
		start = end
	}
	for i, r := range runes {
		switch {
		case r == '_' || r == '-' || r == '.':
			flush(i)
			start = i + 1
		case unicode.IsUpper(r) && i > 0 && (!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])):
			flush(i)
		}
	}
	flush(len(runes))
	if len(out) == 0 {
		return []string{""}
	}
	return out
}

// hint tells by the words of a name what it may do to an image.
func hint(words []string) []model.Kind {
	has := func(any ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(any, w) })
	}
	joined := strings.Join(words, "")
	imagelike := has("image", "images", "docker", "container", "containers", "oci", "kaniko", "buildah", "buildx", "podman", "jib") ||
		strings.Contains(joined, "docker") || strings.Contains(joined, "image")
	var out []model.Kind
	if has("kaniko", "buildah", "buildx", "dockerbuild") || imagelike && (has("build", "builds", "bake") || strings.Contains(joined, "build")) {
		out = append(out, model.Build)
	}
	if imagelike && has("copy", "promote", "retag", "mirror") {
		out = append(out, model.Copy)
	}
	if imagelike && (has("push", "publish", "upload", "release") || strings.Contains(joined, "push") || strings.Contains(joined, "publish")) {
		out = append(out, model.Push)
	}
	if scans(has, joined) {
		out = append(out, model.Scan)
	}
	if has("sbom", "sboms", "syft", "bom", "cyclonedx") || strings.Contains(joined, "sbom") {
		out = append(out, model.SBOM)
	}
	if verifies := has("verify", "verifies", "check"); verifies && (has("signature", "signatures", "cosign", "notation")) {
		return append(out, model.Verify)
	}
	if has("attest", "attestation", "attestations", "provenance") {
		out = append(out, model.Attest)
	}
	if has("sign", "signs", "signing", "cosign", "notation", "signer") && !has("jar", "jars", "rpm", "rpms", "deb", "apk", "ipa", "code", "msi", "exe", "binary", "binaries", "gpg", "commit", "git") {
		out = append(out, model.Sign)
	}
	return out
}

// scans says whether a name is that of a scan which may be of an image. Scans of
// sources, of running sites and of manifests are none.
func scans(has func(...string) bool, joined string) bool {
	if has("sonar", "sast", "dast", "zap", "owasp", "dependency", "dependencies", "secret", "secrets", "gitleaks", "code", "source", "k8s", "manifest", "manifests",
		"iac", "terraform", "osv", "license", "licenses", "fs", "filesystem", "helm", "kubesec", "checkov", "branch", "repo") {
		return false
	}
	return has("scan", "scans", "scanner", "scanning", "trivy", "grype", "clair", "anchore", "twistlock", "prisma", "vulnerability", "vulnerabilities", "vuln", "snyk", "aqua") ||
		strings.Contains(joined, "imagescan") || strings.Contains(joined, "scanimage") || strings.Contains(joined, "dockerscan")
}

// vague says whether a name may stand for building and releasing images, or for
// all of a pipeline.
func vague(words []string) bool {
	for _, w := range words {
		switch w {
		case "artifact", "artifacts", "report", "reports", "result", "results", "test", "tests", "coverage", "defect", "dojo", "html", "jar", "docs", "notes", "status", "trigger":
			return false
		}
	}
	switch words[0] {
	case "build", "publish", "release", "deploy", "ship", "deliver", "docker", "image", "container", "pipeline":
		return true
	}
	last := words[len(words)-1]
	return strings.HasSuffix(last, "pipeline") || last == "ci" || last == "cd"
}

// copied are the images that a step copies to and from, best effort.
func (c *ctx) copied(a args) (to, from []model.Ref) {
	image := func(name, registry string) []model.Ref {
		text := a.get(name + "Image")
		if r := host(a.get(registry + "Registry")); text != "" && r != "" {
			text = r + "/" + text
		}
		return refs(text)
	}
	return image("destination", "destination"), image("source", "source")
}

// only is the image that a step without arguments most likely is about: it is
// called after an image, and there is only one.
func (c *ctx) only(words []string) []model.Ref {
	if !slices.Contains(words, "image") && !slices.Contains(words, "container") {
		return nil
	}
	var built []model.Ref
	for _, j := range c.jobs {
		for _, s := range j.steps {
			for _, a := range s.Actions {
				if a.Kind == model.Build {
					built = append(built, a.Images...)
				}
			}
		}
	}
	if len(built) != 1 {
		return nil
	}
	return built
}

// named is the image that the arguments of a library's step name, best effort.
func (c *ctx) named(a args) []model.Ref {
	image := a.get("image", "imageName", "dockerImage", "dockerImageName", "imageRef", "fullImageName", "name", "repository", "repo", "IMAGE_NAME", "image_name", "target")
	if image == "" {
		if s, ok := a.first(); ok && len(a.named) == 0 {
			image = c.marks.Plain(s.text)
		}
	}
	if image == "" || strings.ContainsAny(image, " \n") {
		return nil
	}
	if project := a.get("harborProject", "project", "namespace", "org", "organization", "dockerOrg"); project != "" && !strings.Contains(image, "/") {
		image = project + "/" + image
	}
	if registry := host(a.get("registryUrl", "registry", "dockerRegistry", "registryHost", "registryURL")); registry != "" && !strings.HasPrefix(image, registry+"/") {
		image = registry + "/" + image
	}
	ref := tool.NewRef(image)
	if tag := a.get("imageTag", "tag", "dockerTag", "version", "imageVersion", "image_tag"); tag != "" && ref.By != model.ByTag && ref.By != model.ByDigest && ref.By != model.ByTagAndDigest {
		ref = tool.NewRef(image + ":" + tag)
	}
	return []model.Ref{ref}
}
