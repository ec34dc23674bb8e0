package tool

import (
	"fmt"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

const buildFlags = `t,tag= f,file= iidfile= metadata-file= push load o,output= provenance sbom attest= platform= build-arg= build-context=
	cache-from= cache-to= target= q,quiet secret= ssh= label= annotation= network= no-cache no-cache-filter= pull progress=
	builder= add-host= allow= call= check cgroup-parent= isolation= shm-size= ulimit= D,debug rm force-rm squash compress
	disable-content-trust cpu-period= cpu-quota= c,cpu-shares= cpuset-cpus= cpuset-mems= m,memory= memory-swap= security-opt=
	v,volume= layers format= authfile= creds= tls-verify jobs= manifest= arch= os= variant= userns= from= build-arg-file= squash-all
	ignorefile= env= cap-add= cap-drop= device= dns= hooks-dir= http-proxy identity-label logfile= pull-always pull-never
	unsetenv= timestamp= stdin sign-by= retry= retry-delay= runtime= cert-dir= omit-history all-platforms source-date-epoch=
	rewrite-timestamp s,silent`

// dockerBuild reads the building commands of docker, buildx, podman, buildah and nerdctl.
func (r reader) dockerBuild(tool string, args []string) Effect {
	p := flagTable(buildFlags).parse(args)
	if p.on("check") || p.has("call") && p.last("call") != "build" {
		return Effect{Known: true}
	}
	if onlyFiles(p.all("output")) && !p.on("push") && !p.on("load") {
		return Effect{Known: true}
	}
	b := r.build(tool, append(p.all("tag"), p.all("manifest")...)...)
	r.outputs(&b, p.all("output"))
	if p.has("push") {
		pushes(&b, p.switched("push"), p.last("push"))
	}
	e := known(b)
	if p.opaque && !b.Pushes {
		e.Unseen = []model.Unseen{r.unseen("dynamic", "arguments of "+tool+" build", "the value of the variable that holds the arguments", model.Push, model.Attest)}
	}
	e.add(r.buildAttestations(b, p)...)
	r.buildPrints(&e, b, p)
	return e
}

// buildPrints tells where the digest of a build can be read.
func (r reader) buildPrints(e *Effect, b model.Action, p parsed) {
	if p.on("quiet") {
		e.Prints = digest(b)
	}
	e.write(r, p.last("iidfile"), digest(b))
	name := ""
	if len(b.Images) > 0 {
		name = b.Images[0].Text
	}
	e.write(r, p.last("metadata-file"), fmt.Sprintf(`{"containerimage.digest": %q, "image.name": %q}`, digest(b), name))
}

// pushes says that a build pushes, under a condition that is not known now.
func pushes(b *model.Action, switched, text string) {
	switch switched {
	case yes:
		b.Pushes, b.PushWhen = true, nil
	case no:
		b.Pushes, b.PushWhen = false, nil
	default:
		b.Pushes, b.PushWhen = true, []string{text}
	}
}

// outputs reads the outputs of a build: "type=image,name=x,push=true", "type=oci,dest=x.tar", "dir".
func (r reader) outputs(b *model.Action, texts []string) {
	for _, text := range texts {
		o := csv(text)
		switch kind := o["type"]; {
		case kind == "registry":
			b.Pushes = true
		case kind == "image":
			if o["push"] != "" {
				pushes(b, truth(o["push"]), o["push"])
			}
		case kind == "oci" || kind == "docker":
			if o["dest"] != "" {
				b.Files = append(b.Files, o["dest"])
			}
		case symbolic(kind):
			pushes(b, kind, kind+" == registry")
		case kind == "" && symbolic(text):
			pushes(b, text, text)
		}
		for _, name := range splitOutside(o["name"], ',') {
			r.named(b, name)
		}
	}
}

// onlyFiles says whether a build gives files, or nothing, and no image.
func onlyFiles(outputs []string) bool {
	for _, text := range outputs {
		switch kind := csv(text)["type"]; {
		case kind == "local", kind == "cacheonly", kind == "tar":
		case kind == "" && !symbolic(text) && !strings.Contains(text, "="):
		default:
			return false
		}
	}
	return len(outputs) > 0
}

// named gives a build a further name.
func (r reader) named(b *model.Action, name string) {
	if name == "" {
		return
	}
	b.Images = append(b.Images, NewRef(name))
	if len(b.Images) == 1 {
		b.Digests = nil
	}
	b.Digests = append(b.Digests, digestOf+name)
}

// csv reads comma-separated fields name=value, of which those in quotes may hold commas.
func csv(text string) map[string]string {
	out := map[string]string{}
	for _, field := range quotedFields(text) {
		name, value, ok := strings.Cut(field, "=")
		if ok {
			out[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return out
}

func quotedFields(text string) []string {
	var out []string
	for len(text) > 0 {
		if text[0] == '"' {
			if end := strings.IndexByte(text[1:], '"'); end >= 0 {
				out = append(out, text[1:1+end])
				text = strings.TrimPrefix(text[end+2:], ",")
				continue
			}
		}
		i := indexOutside(text, ',')
		if i < 0 {
			return append(out, text)
		}
		out, text = append(out, text[:i]), text[i+1:]
	}
	return out
}

// The predicate types of what a build may say about itself.
const (
	provenancePredicate = "https://slsa.dev/provenance"
	spdxPredicate       = "https://spdx.dev/Document"
	cyclonedxPredicate  = "https://cyclonedx.org/bom"
)

// buildAttestations are the statements that a build makes. Nobody signs them.
func (r reader) buildAttestations(b model.Action, p parsed) []model.Action {
	var out []model.Action
	if p.has("provenance") && attests(p.last("provenance")) {
		out = append(out, r.unsigned(b, provenancePredicate))
	}
	if p.has("sbom") && attests(p.last("sbom")) {
		out = append(out, r.unsigned(b, spdxPredicate), r.bom(b))
	}
	for _, text := range p.all("attest") {
		o := csv(text)
		if o["disabled"] == "true" {
			continue
		}
		switch o["type"] {
		case "provenance":
			out = append(out, r.unsigned(b, provenancePredicate))
		case "sbom":
			out = append(out, r.unsigned(b, spdxPredicate), r.bom(b))
		}
	}
	return out
}

// attests says whether the value of --provenance or --sbom asks for one: all but
// "false" does, and what is not known is not counted.
func attests(value string) bool {
	return !symbolic(value) && truth(value) != no && csv(value)["disabled"] != "true"
}

func (r reader) unsigned(b model.Action, predicate string) model.Action {
	a := r.action(model.Attest, b.Tool)
	a.Images, a.Method, a.Predicate = b.Images, "buildx", predicate
	return a
}

func (r reader) bom(b model.Action) model.Action {
	a := r.action(model.SBOM, b.Tool)
	a.Images, a.Method = b.Images, "buildx"
	return a
}
