package github

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

func (u *use) shellScope(dir string) shell.Scope {
	s := shell.Scope{Vars: u.variables(u.scope)}
	if dir != "" && dir != "." {
		s.Dir = dir
	}
	return s
}

// buildPush is docker/build-push-action.
func buildPush(u *use) {
	tags := listed(u.input("tags").text, true)
	b := action(model.Build, "buildx", tags...)
	b.Names = named(tags)
	b.Digests = []string{u.output("digest"), u.output("imageid")}
	b.Pushes, b.PushWhen = u.input("push").on()
	u.exports(&b)
	u.act(b)
	u.buildAttestations(b)
}

// exports reads the input outputs: where the image goes, and under which name.
func (u *use) exports(b *model.Action) {
	for _, line := range listed(u.input("outputs").text, false) {
		attr := attributes(line)
		if name := attr["name"]; name != "" && len(b.Images) == 0 {
			names := listed(name, true)
			b.Images, b.Names = refs(names), named(names)
		}
		switch attr["type"] {
		case "registry":
			b.Pushes, b.PushWhen = true, nil
		case "image":
			if push, ok := attr["push"]; ok && !b.Pushes {
				b.Pushes, b.PushWhen = known(push, "").on()
			}
		case "oci", "docker", "tar":
			if dest := attr["dest"]; dest != "" {
				b.Files = append(b.Files, dest)
			}
		}
	}
}

// attributes reads a line of attributes: type=image,"name=a,b",push=true.
func attributes(line string) map[string]string {
	out := map[string]string{}
	for _, part := range csv(line) {
		name, text, ok := strings.Cut(part, "=")
		if !ok {
			text = "true"
		}
		out[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(text)
	}
	return out
}

// csv splits a line at commas outside of quotes and symbols.
func csv(line string) []string {
	var out []string
	var b strings.Builder
	depth, quoted := 0, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '"':
			quoted = !quoted
			continue
		case c == '{':
			depth++
		case c == '}' && depth > 0:
			depth--
		case c == ',' && !quoted && depth == 0:
			out = append(out, b.String())
			b.Reset()
			continue
		}
		b.WriteByte(line[i])
	}
	return append(out, b.String())
}

const (
	provenance = "https://slsa.dev/provenance/v1"
	spdx       = "https://spdx.dev/Document"
)

// buildAttestations are statements that buildx puts beside an image. Nobody signs them.
func (u *use) buildAttestations(b model.Action) {
	attests := u.input("attests").text
	if yes, when := u.input("provenance").on(); yes || strings.Contains(attests, "type=provenance") {
		u.act(buildAttestation(b, provenance, when))
	}
	if yes, when := u.input("sbom").on(); yes || strings.Contains(attests, "type=sbom") {
		s := action(model.SBOM, "buildx")
		s.Images, s.When = b.Images, when
		u.act(s)
		u.act(buildAttestation(b, spdx, when))
	}
}

func buildAttestation(b model.Action, predicate string, when []string) model.Action {
	a := action(model.Attest, "buildx")
	a.Images, a.When, a.Method, a.Predicate = b.Images, when, "buildx", predicate
	return a
}

// metadata is docker/metadata-action: names for images. The output version is
// the tag that every image gets, whatever other tags are.
func metadata(u *use) {
	var images []string
	for _, line := range listed(u.input("images").text, false) {
		images = append(images, imageNames(line)...)
	}
	tags, version := u.tags()
	var names []string
	for _, i := range images {
		for _, t := range tags {
			names = append(names, i+":"+t)
		}
	}
	items := make([]value, len(names))
	for i, n := range names {
		items[i] = unsure(n, "")
	}
	u.effect.outputs = map[string]value{
		"version": version,
		"json": {text: "${" + u.output("json") + "}", expr: u.output("json"), kind: object, fields: map[string]value{
			"tags": {text: "${" + u.output("json") + ".tags}", expr: u.output("json") + ".tags", kind: list, items: items},
		}},
		"bake-file":      {text: "${" + u.output("bake-file") + "}", expr: u.output("bake-file"), items: items},
		"bake-file-tags": {text: "${" + u.output("bake-file-tags") + "}", expr: u.output("bake-file-tags"), items: items},
	}
	if len(names) > 0 {
		sep := u.or("sep-tags", "\n").text
		u.effect.outputs["tags"] = unsure(strings.Join(names, sep), u.output("tags"))
	}
}

// imageNames reads an entry of images: a name, or attributes with one.
func imageNames(line string) []string {
	if !strings.Contains(line, "=") {
		return listed(line, true)
	}
	attr := attributes(line)
	if attr["enable"] == "false" || attr["name"] == "" {
		return nil
	}
	return []string{attr["name"]}
}

// tags are the tags that are known, and the version when one is not.
func (u *use) tags() ([]string, value) {
	prefix, suffix := u.flavor()
	version := symbol(u.output("version"))
	var out []string
	open := false
	for _, line := range listed(u.input("tags").text, false) {
		attr := attributes(line)
		if !strings.Contains(line, "type=") {
			attr = map[string]string{"type": "raw", "value": line}
		}
		if attr["enable"] == "false" {
			continue
		}
		if attr["type"] != "raw" || attr["value"] == "" || strings.Contains(attr["value"], "{{") {
			open = true
			continue
		}
		out = append(out, or(attr, "prefix", prefix)+attr["value"]+or(attr, "suffix", suffix))
	}
	if open || len(out) == 0 {
		return append([]string{version.text}, out...), version
	}
	return out, unsure(out[0], u.output("version"))
}

func or(attr map[string]string, name, def string) string {
	if v, ok := attr[name]; ok {
		return v
	}
	return def
}

func (u *use) flavor() (prefix, suffix string) {
	for _, line := range listed(u.input("flavor").text, false) {
		attr := attributes(line)
		prefix, suffix = or(attr, "prefix", prefix), or(attr, "suffix", suffix)
	}
	return prefix, suffix
}

// bake is docker/bake-action. What metadata-action gives it names the images.
func bake(u *use) {
	args := []string{"docker", "buildx", "bake"}
	var names []string
	for _, line := range listed(u.step.with["files"].text, false) {
		v := u.scope.text(strings.TrimPrefix(line, "cwd://"))
		for _, i := range v.items {
			names = append(names, i.text)
		}
		if v.items == nil {
			args = append(args, "-f", strings.TrimPrefix(v.text, "./"))
		}
	}
	for _, name := range []string{"push", "load", "provenance", "sbom"} {
		if v := u.input(name); v.text != "" && v.text != "false" {
			args = append(args, "--"+name+"="+v.text)
		}
	}
	for _, s := range listed(u.input("set").text, false) {
		args = append(args, "--set", s)
	}
	args = append(args, listed(u.input("targets").text, true)...)
	before := len(u.effect.actions)
	u.take(u.run.Commands(args, u.place, u.shellScope(u.or("workdir", u.input("source").text).text)), u.effect)
	u.baked(before, names)
}

// baked corrects the builds of a bake by what the step says.
func (u *use) baked(from int, names []string) {
	push, when := u.input("push").on()
	built := false
	for i := from; i < len(u.effect.actions); i++ {
		a := &u.effect.actions[i]
		if a.Kind != model.Build {
			continue
		}
		built = true
		if push {
			a.Pushes, a.PushWhen = true, when
		}
		if len(names) > 0 {
			a.Images = refs(names)
		}
	}
	if !built {
		b := action(model.Build, "buildx", names...)
		b.Pushes, b.PushWhen = push, when
		u.act(b)
	}
}

// buildahBuild is redhat-actions/buildah-build: an image on the machine.
func buildahBuild(u *use) {
	names := qualified("", u.input("image").text, u.or("tags", "latest").text)
	b := action(model.Build, "buildah", names...)
	b.Names = append(named(names), u.output("image-with-tag"))
	u.effect.outputs = map[string]value{"image": u.input("image"), "tags": u.or("tags", "latest")}
	if len(names) > 0 {
		u.effect.outputs["image-with-tag"] = unsure(names[0], u.output("image-with-tag"))
	}
	u.act(b)
}

// qualified are the names of an image with its tags: those that are full names
// stay so.
func qualified(registry, image, tags string) []string {
	var out []string
	for _, t := range strings.Fields(strings.ReplaceAll(tags, ",", " ")) {
		switch {
		case strings.Contains(t, "/") || image == "":
			out = append(out, t)
		case registry != "":
			out = append(out, strings.TrimSuffix(registry, "/")+"/"+image+":"+t)
		default:
			out = append(out, image+":"+t)
		}
	}
	return out
}

// pushToRegistry is redhat-actions/push-to-registry: local names go to a registry.
func pushToRegistry(u *use) {
	image, tags := u.input("image").text, u.or("tags", "latest").text
	from := qualified("", image, tags)
	to := qualified(u.input("registry").text, image, tags)
	if len(from) > 0 && len(to) > 0 && from[0] != to[0] {
		t := action(model.Tag, "podman", to...)
		t.From = refs(from[:1])
		u.act(t)
	}
	p := action(model.Push, "podman", to...)
	p.Digests = []string{u.output("digest")}
	p.Names = append(named(to), u.output("registry-path"))
	u.effect.outputs = map[string]value{}
	if len(to) > 0 {
		u.effect.outputs["registry-path"] = unsure(to[0], u.output("registry-path"))
		u.effect.outputs["registry-paths"] = unsure(strings.Join(to, "\n"), u.output("registry-paths"))
	}
	u.act(p)
}

// kaniko is int128/kaniko-action.
func kaniko(u *use) {
	tags := listed(u.input("tags").text, true)
	b := action(model.Build, "kaniko", tags...)
	b.Names, b.Digests = named(tags), []string{u.output("digest")}
	b.Pushes, b.PushWhen = u.input("push").on()
	u.act(b)
}

func kanikoAevea(u *use) {
	b := action(model.Build, "kaniko", qualified(u.or("registry", "docker.io").text, u.input("image").text, u.or("tag", "latest").text)...)
	b.Pushes = true
	u.act(b)
}

// manifests are actions that put images of several platforms under one name.
func manifests(u *use) {
	c := action(model.Copy, "buildx", listed(u.first("tags", "inputs").text, true)...)
	c.From = refs(listed(u.first("sources", "images").text, true))
	c.Digests = []string{u.output("digest")}
	c.Pushes, c.PushWhen = u.or("push", "true").on()
	u.act(c)
}

// copyTags is akhilerm/tag-push-action: an image goes from one name to others.
func copyTags(u *use) {
	c := action(model.Copy, "crane", listed(u.input("dst").text, true)...)
	c.From, c.Pushes = refs(listed(u.input("src").text, true)), true
	u.act(c)
}

// elgohr is elgohr/Publish-Docker-Github-Action.
func elgohr(u *use) {
	b := action(model.Build, "docker", qualified(u.input("registry").text, u.input("name").text, u.or("tags", "latest").text)...)
	b.Pushes, b.Digests = u.input("no_push").text != "true", []string{u.output("digest")}
	u.act(b)
}

// smithers is mr-smithers-excellent/docker-build-push.
func smithers(u *use) {
	image := u.input("image").text
	if o := u.input("githuborg").text; o != "" {
		image = o + "/" + image
	}
	tags := u.input("tags").text
	if tags == "" {
		tags = symbol(u.output("tags")).text
	}
	b := action(model.Build, "docker", qualified(u.input("registry").text, image, tags)...)
	b.Pushes, b.Digests, b.Names = u.or("pushimage", "true").text != "false", []string{u.output("digest")}, []string{u.output("imagefullname")}
	u.act(b)
}

// whoan is whoan/docker-build-with-cache-action.
func whoan(u *use) {
	b := action(model.Build, "docker", qualified(u.input("registry").text, u.input("image_name").text, u.or("image_tag", "latest").text)...)
	b.Pushes = u.or("push_image_and_stages", "true").text != "false"
	u.act(b)
}

// acrBuild is azure/acr-build: the registry builds the image, and keeps it.
func acrBuild(u *use) {
	repository := strings.TrimPrefix(u.input("repository").text+"/"+u.input("image").text, "/")
	b := action(model.Build, "az-acr", qualified(u.input("registry").text+".azurecr.io", repository, u.or("tag", "latest").text)...)
	b.Pushes = true
	u.act(b)
}

// philips is philips-labs/docker-ci-scripts: it can sign, by an input.
func philips(u *use) {
	name := u.input("image-name").text
	b := action(model.Build, "docker", name)
	b.Pushes = true
	u.act(b)
	if yes, when := u.input("sign").on(); yes {
		s := action(model.Sign, "cosign", name)
		s.Method, s.When = "cosign-keyless", when
		if u.input("keyless").text != "true" {
			s.Method, s.Key = "cosign-key", "env://COSIGN_PRIVATE_KEY"
		}
		u.act(s)
	}
}

// githubBuilder is a reusable workflow of docker/github-builder: it builds and,
// when it pushes, has the provenance signed without a key.
func githubBuilder(u *use) {
	if out := u.or("output", "image"); out.sure && out.text != "image" {
		return
	}
	b := action(model.Build, "buildx", listed(u.input("meta-images").text, true)...)
	b.Digests = []string{u.output("digest")}
	b.Pushes, b.PushWhen = u.input("push").on()
	u.act(b)
	if sign := u.or("sign", "auto"); b.Pushes && sign.sure && sign.text != "false" {
		a := action(model.Attest, "cosign")
		a.Images, a.When, a.Method, a.Signed, a.Predicate = refs([]string{anything + "@${" + u.output("digest") + "}"}), b.PushWhen, "cosign-keyless", true, provenance
		u.act(a)
	}
}
