package tool

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

func (r reader) buildx(args []string) Effect {
	p := flagTable("builder= D,debug").stopping().parse(args)
	if len(p.pos) == 0 {
		return Effect{Known: true}
	}
	switch p.pos[0] {
	case "build", "b":
		return r.dockerBuild("buildx", p.pos[1:])
	case "bake", "f":
		return r.bake(p.pos[1:])
	case "imagetools":
		return r.imagetools(p.pos[1:])
	}
	return Effect{Known: true}
}

// imagetools reads what works on images in registries.
func (r reader) imagetools(args []string) Effect {
	if len(args) == 0 {
		return Effect{Known: true}
	}
	p := flagTable("t,tag= f,file= append dry-run annotation= progress= prefer-index platform= metadata-file= format= raw builder= D,debug").parse(args[1:])
	switch {
	case args[0] == "create" && !p.on("dry-run"):
		a := r.action(model.Copy, "buildx", p.all("tag")...)
		a.From, a.Pushes = refs(p.pos...), true
		a.Digests = r.digests(p.all("tag"))
		return known(a)
	case args[0] == "inspect" && p.arg(0) != "":
		return Effect{Known: true, Prints: inspectedDigest(p.last("format"), p.arg(0))}
	}
	return Effect{Known: true}
}

// inspectedDigest is what a format prints that asks a registry for the digest of a name.
func inspectedDigest(format, image string) string {
	switch {
	case !strings.Contains(format, "igest"):
		return ""
	case strings.Contains(format, "{{.Name}}@"):
		return nameOf(image) + "@" + lookup(image)
	case strings.HasPrefix(format, "{{json") && !strings.Contains(format, ".Digest"), strings.Count(format, "{{") > 1:
		return ""
	}
	return lookup(image)
}

// lookup is the digest that a registry gives for a name; of a name with a digest, that digest.
func lookup(image string) string {
	if i := indexOutside(image, '@'); i >= 0 {
		return image[i+1:]
	}
	return symbol(lookupOf, image)
}
