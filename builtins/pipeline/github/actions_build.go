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
