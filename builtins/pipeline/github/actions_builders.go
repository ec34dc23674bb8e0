package github

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

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
