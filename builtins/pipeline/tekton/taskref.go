package tekton

import (
	"regexp"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/guess"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// remote is what a reference names that is not in the repository.
type remote struct {
	name   string // of the task
	text   string // as a person names it: the bundle, or the repository and path
	pinned bool
}

var commit = regexp.MustCompile(`^[0-9a-f]{40}$`)

// described returns what a taskRef, pipelineRef or ref of a step names.
func described(ref *document.Node, s scope) remote {
	given := params(ref.Get("params"), s)
	get := func(name string) string { return given[name].text }
	name := s.replace(text(ref.Get("name")))
	if bundle := s.replace(text(ref.Get("bundle"))); bundle != "" {
		return remote{name, bundle, strings.Contains(bundle, "@sha256:")}
	}
	switch resolver := text(ref.Get("resolver")); resolver {
	case "":
		return remote{name: name, text: name}
	case "bundles":
		return remote{get("name"), get("bundle"), strings.Contains(get("bundle"), "@sha256:")}
	case "hub":
		return remote{get("name"), "hub: " + join("/", get("catalog"), get("name")) + ":" + get("version"), false}
	case "git":
		path := get("pathInRepo")
		at := join("/", get("url"), join("/", get("org"), get("repo")))
		return remote{stem(path), at + "/" + path + "@" + get("revision"), commit.MatchString(get("revision"))}
	case "http":
		return remote{stem(get("url")), get("url"), get("digest") != ""}
	case "cluster":
		return remote{get("name"), "cluster: " + join("/", get("namespace"), get("name")), false}
	default:
		return remote{name: join("", get("name"), name), text: resolver + ": " + get("name")}
	}
}

func join(by string, parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, by)
}

// stem is the name of a file without its folders and ending.
func stem(path string) string {
	base := path[strings.LastIndexByte(path, '/')+1:]
	base, _, _ = strings.Cut(base, ".yaml")
	base, _, _ = strings.Cut(base, ".yml")
	return base
}

func (r remote) reference(at model.Place) model.Reference {
	return model.Reference{Place: at, Kind: "task", Text: r.text, Pinned: r.pinned}
}

// taskRef reads a task that is named: the one of the repository, or what is known
// of one elsewhere.
func (b *builder) taskRef(t taskOf, ref *document.Node) {
	s := scope{values: t.given, results: b.result}
	elsewhere := ref.Get("resolver") != nil || ref.Get("bundle") != nil
	kind := text(ref.Get("kind"))
	if !elsewhere && (kind == "" || kind == "Task" || kind == "ClusterTask") {
		for _, k := range []string{"Task", "ClusterTask"} {
			if o, ok := b.find(k, text(ref.Get("name"))); ok && o.node.Get("spec") != nil {
				b.p.References = append(b.p.References, model.Reference{Place: place(ref), Kind: "task", Text: o.name, Pinned: true, Local: true})
				t.spec, t.file = o.node.Get("spec"), o.file
				b.task(t)
				return
			}
		}
	}
	r := described(ref, s)
	if path := inRepository(ref, s); path != "" && b.run.Files().Exists(path) {
		if objects, _ := load(b.run.Files(), path); len(objects) == 1 && objects[0].node.Get("spec") != nil {
			t.spec, t.file = objects[0].node.Get("spec"), path
			b.task(t)
			return
		}
	}
	b.p.References = append(b.p.References, r.reference(place(ref)))
	b.remoteTask(t, ref, r)
}

// inRepository returns the path of a task that the git resolver takes from the
// repository that is being built, or "".
func inRepository(ref *document.Node, s scope) string {
	if text(ref.Get("resolver")) != "git" {
		return ""
	}
	given := params(ref.Get("params"), s)
	if url := given["url"].text; url == "${pac.source_url}" || url == "${pac.repo_url}" {
		return given["pathInRepo"].text
	}
	return ""
}

// pipelineFrom returns the spec of a pipeline that a run names.
func (b *builder) pipelineFrom(ref *document.Node) *document.Node {
	s := scope{}
	if ref.Get("resolver") == nil && ref.Get("bundle") == nil {
		if o, ok := b.find("Pipeline", text(ref.Get("name"))); ok {
			return o.node.Get("spec")
		}
	}
	if path := inRepository(ref, s); path != "" && b.run.Files().Exists(path) {
		if objects, _ := load(b.run.Files(), path); len(objects) == 1 {
			return objects[0].node.Get("spec")
		}
	}
	r := described(ref, s)
	b.p.References = append(b.p.References, r.reference(place(ref)))
	b.p.Unseen = append(b.p.Unseen, model.Unseen{
		Place: place(ref), Kind: "task", Name: r.name, May: guess.Kinds(r.name),
		Supply: "the pipeline " + r.name + ", as a file of the repository",
	})
	return nil
}

// remoteTask says what is known of a task by its name.
func (b *builder) remoteTask(t taskOf, ref *document.Node, r remote) {
	j := b.job(t)
	step := model.Step{Place: place(t.at), ID: "#1", Name: r.name, Uses: r.text}
	k := knownTask(r.name)
	switch {
	case k == nil:
		b.unseen(ref, "task", r.name, t.name, guess.Kinds(r.name))
	case k.do != nil:
		step.Actions = k.do(call{builder: b, task: t, name: r.name})
		for i := range step.Actions {
			step.Actions[i].Place, step.Actions[i].Known = place(t.at), false
		}
	}
	j.Steps = []model.Step{step}
	if k != nil {
		b.join(&j, t.name, k.results)
		if len(k.results) > 0 && !b.hints {
			b.hints, b.hinted = true, place(t.at)
		}
	}
	b.p.Jobs = append(b.p.Jobs, j)
}
