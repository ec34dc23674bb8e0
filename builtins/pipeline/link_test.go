package pipeline_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/pipeline"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

const (
	sha = "${github.sha}"
	out = "jobs.build.steps.push.outputs.digest"
)

// ref is an image by its text, as the adapters give it.
func ref(text string) model.Ref {
	r := model.Ref{Text: text, Name: text, By: model.ByName}
	name, digest, hasDigest := strings.Cut(text, "@")
	repo, tag, hasTag := strings.Cut(name, ":")
	switch {
	case strings.HasSuffix(text, ".tar"):
		return model.Ref{Text: text, By: model.ByFile}
	case hasDigest && hasTag && digest != "":
		r.Name, r.By = repo, model.ByTagAndDigest
	case hasDigest:
		r.Name, r.By = name, model.ByDigest
	case hasTag && tag != "":
		r.Name, r.By = repo, model.ByTag
	}
	return r
}

func refs(texts ...string) []model.Ref {
	var out []model.Ref
	for _, t := range texts {
		out = append(out, ref(t))
	}
	return out
}

func do(kind model.Kind, images ...string) model.Action {
	return model.Action{Kind: kind, Tool: "tool", Images: refs(images...), Known: true}
}

func pushes(a model.Action, when ...string) model.Action {
	a.Pushes, a.PushWhen = true, when
	return a
}

func digest(a model.Action, symbols ...string) model.Action {
	a.Digests = symbols
	return a
}

func when(a model.Action, texts ...string) model.Action {
	a.When = texts
	return a
}

func optional(a model.Action) model.Action {
	a.Optional = "|| true"
	return a
}

func files(a model.Action, names ...string) model.Action {
	a.Files = names
	return a
}

func from(a model.Action, texts ...string) model.Action {
	a.From = refs(texts...)
	return a
}

func docker(a model.Action) model.Action {
	a.Tool = "docker"
	return a
}

func mayFail(j model.Job) model.Job {
	j.Optional = "continue-on-error: true"
	return j
}

func on(p model.Pipeline, events ...string) model.Pipeline {
	p.Triggers = events
	return p
}

// job has a step for each action, each with a line of its own.
func job(id string, needs []string, actions ...model.Action) model.Job {
	j := model.Job{ID: id, Needs: needs}
	for i, a := range actions {
		place := model.Place{File: "ci.yml", Line: 100*len(id) + i + 1}
		if a.Place == (model.Place{}) {
			a.Place = place
		}
		j.Steps = append(j.Steps, model.Step{Place: place, ID: fmt.Sprintf("s%d", i+1), Actions: []model.Action{a}})
	}
	return j
}

func ci(jobs ...model.Job) model.Pipeline {
	return model.Pipeline{Place: model.Place{File: "ci.yml", Line: 1}, System: model.GitHub, Triggers: []string{"push", "pull_request"}, Jobs: jobs}
}

// told is an image in one line: its name, and what is done to it, each with how it is named,
// ! when it is traced, its conditions in brackets, and the number of what comes before it for certain.
func told(i model.Image) string {
	parts := []string{i.Text}
	if !i.Built {
		parts = append(parts, "not built")
	}
	for _, list := range []struct {
		name string
		uses []model.Use
	}{{"pushed", i.Pushed}, {"signed", i.Signed}, {"attested", i.Attested}, {"scanned", i.Scanned}, {"sbom", i.SBOMs}, {"other", i.Other}} {
		for _, u := range list.uses {
			text := list.name + " by " + u.By
			if u.Traced {
				text += "!"
			}
			if len(u.When) > 0 {
				text += " [" + strings.Join(u.When, "; ") + "]"
			}
			if u.Pipeline != i.Pipeline {
				text += " in " + u.Pipeline
			}
			parts = append(parts, fmt.Sprintf("%s after %d", text, len(u.After)))
		}
	}
	return strings.Join(parts, " | ")
}

// What a pipeline has built and runs is from the repository; another tag of it may be anything.
func TestRunsWhatItBuilds(t *testing.T) {
	p := ci(job("build", nil, pushes(do(model.Build, "ghcr.io/a/b:"+sha)), do(model.Push, "c/d:1")))
	for _, text := range []string{"ghcr.io/a/b:" + sha, "ghcr.io/a/b:old", "ghcr.io/a/other", "c/d:1"} {
		p.References = append(p.References, model.Reference{Kind: "image", Text: text})
	}
	pipeline.Link(p)
	local := map[string]bool{}
	for _, r := range p.References {
		local[r.Text] = r.Local
	}
	require.Equal(t, map[string]bool{"ghcr.io/a/b:" + sha: true, "ghcr.io/a/b:old": false, "ghcr.io/a/other": false, "c/d:1": false}, local)
}

func TestLink(t *testing.T) {
	other := ci()
	other.File = "sign.yml"
	for _, row := range []struct {
		name string
		in   []model.Pipeline
		want []string
	}{
		{"signed by the digest that the build gave",
			[]model.Pipeline{ci(job("build", nil, digest(pushes(do(model.Build, "ghcr.io/a/b:"+sha)), out), do(model.Sign, "ghcr.io/a/b@${"+out+"}")))},
			[]string{"ghcr.io/a/b:${github.sha} | pushed by tag after 0 | signed by digest! after 1"}},
		{"signed by tag and digest",
			[]model.Pipeline{ci(job("build", nil, digest(pushes(do(model.Build, "${jobs.build.steps.meta.outputs.tags}")), out), do(model.Sign, "${jobs.build.steps.meta.outputs.tags}@${"+out+"}")))},
			[]string{"${jobs.build.steps.meta.outputs.tags} | pushed by name after 0 | signed by digest! after 1"}},
		{"signed by its tag in a job that needs it",
			[]model.Pipeline{ci(job("build", nil, pushes(do(model.Build, "a/b:"+sha))), job("sign", []string{"build"}, do(model.Sign, "docker.io/a/b:"+sha)))},
			[]string{"a/b:${github.sha} | pushed by tag after 0 | signed by tag after 1"}},
		{"signed in a job that does not need it",
			[]model.Pipeline{ci(job("build", nil, pushes(do(model.Build, "a/b:"+sha))), job("sign", nil, do(model.Sign, "a/b:"+sha)))},
			[]string{"a/b:${github.sha} | pushed by tag after 0 | other by tag after 0"}},
		{"another tag is another image",
			[]model.Pipeline{ci(job("build", nil, pushes(do(model.Build, "a/b:"+sha)), do(model.Sign, "a/b:latest")))},
			[]string{"a/b:${github.sha} | pushed by tag after 0 | other by tag after 1"}},
		{"no tag is latest",
			[]model.Pipeline{ci(job("build", nil, docker(pushes(do(model.Build, "docker.io/library/b"))), do(model.Sign, "b:latest"), do(model.Sign, "b:1")))},
			[]string{"docker.io/library/b | pushed by name after 0 | signed by tag after 1 | other by tag after 2"}},
		{"a job that may fail comes before nothing",
			[]model.Pipeline{ci(job("build", nil, do(model.Build, "a/b:1")), mayFail(job("scan", []string{"build"}, do(model.Scan, "a/b:1"))), job("push", []string{"build", "scan"}, do(model.Push, "a/b:1")))},
			[]string{"a/b:1 | pushed by tag after 1 | scanned by tag after 1"}},
		{"of two variants, nobody knows which one a test build tests",
			[]model.Pipeline{ci(job("build", nil, do(model.Build, "a/b:test"), do(model.Scan, "a/b:test"), pushes(do(model.Build, "a/b:1")), pushes(do(model.Build, "a/b:1-debug"))))},
			[]string{"a/b:test | scanned by tag after 1", "a/b:1 | pushed by tag after 0", "a/b:1-debug | pushed by tag after 0"}},
		{"what is built after the push tests it not",
			[]model.Pipeline{ci(job("build", nil, pushes(do(model.Build, "a/b:1")), do(model.Build, "a/b:test"), do(model.Scan, "a/b:test")))},
			[]string{"a/b:1 | pushed by tag after 0", "a/b:test | scanned by tag after 1"}},
		{"what is not pushed is not signed in another pipeline",
			[]model.Pipeline{ci(job("build", nil, do(model.Build, "ghcr.io/a/b:1"))), with(other, job("sign", nil, do(model.Sign, "ghcr.io/a/b:${TAG}")))},
			[]string{"ghcr.io/a/b:1"}},
		{"a workflow that is called has the event of its caller",
			[]model.Pipeline{on(ci(job("build", nil, pushes(do(model.Build, "a/b:1")), when(do(model.Sign, "a/b:1"), "github.event_name != 'pull_request'"))), "push", "workflow_call")},
			[]string{"a/b:1 | pushed by tag after 0 | signed by tag [github.event_name != 'pull_request'] after 1"}},
		{"a condition that holds for all events is none",
			[]model.Pipeline{on(ci(job("build", nil, pushes(do(model.Build, "a/b:1")), when(do(model.Sign, "a/b:1"), "github.event_name != 'pull_request'"))), "push", "schedule")},
			[]string{"a/b:1 | pushed by tag after 0 | signed by tag after 1"}},
		{"a digest that was known before is another image",
			[]model.Pipeline{ci(job("build", nil, pushes(do(model.Build, "a/b:1")), do(model.Sign, "a/b@sha256:"+strings.Repeat("0", 64))))},
			[]string{"a/b:1 | pushed by tag after 0 | other by digest after 1"}},
		{"a variable that nobody knows is no signature",
			[]model.Pipeline{ci(job("build", nil, pushes(do(model.Build, "a/b:1")), do(model.Sign, "${IMAGE}")))},
			[]string{"a/b:1 | pushed by tag after 0 | other by name after 1"}},
		{"a variable that both use is one name",
			[]model.Pipeline{ci(job("build", nil, pushes(do(model.Build, "${IMAGE}")), do(model.Sign, "${IMAGE}")))},
			[]string{"${IMAGE} | pushed by name after 0 | signed by name after 1"}},
		{"anything equals nothing",
			[]model.Pipeline{ci(job("build", nil, pushes(do(model.Build, "${*}")), do(model.Sign, "${*}")))},
			[]string{"${*} | pushed by name after 0 | other by name after 1"}},
		{"the digest is asked of the registry",
			[]model.Pipeline{ci(job("build", nil, pushes(do(model.Build, "a/b:1")), do(model.Sign, "a/b@${(crane digest a/b:1)}")))},
			[]string{"a/b:1 | pushed by tag after 0 | signed by digest after 1"}},
		{"the digest of another tag is asked of the registry",
			[]model.Pipeline{ci(job("build", nil, pushes(do(model.Build, "a/b:1")), do(model.Sign, "a/b@${(crane digest a/b:0)}")))},
			[]string{"a/b:1 | pushed by tag after 0 | other by digest after 1"}},
		{"the digest of another tag is asked of the registry, by a tool that is known",
			[]model.Pipeline{ci(job("build", nil, pushes(do(model.Build, "a/b:1")), do(model.Sign, "a/b@${lookup:a/b:0}"), do(model.Sign, "a/b@${lookup:a/b:1}")))},
			[]string{"a/b:1 | pushed by tag after 0 | signed by digest after 1 | other by digest after 1"}},
		{"the digest is signed under another name",
			[]model.Pipeline{ci(job("build", nil, digest(pushes(do(model.Build, "a/b:1")), out), do(model.Sign, "a/b-base@${"+out+"}"), do(model.Scan, "a/b-base@${"+out+"}")))},
			[]string{"a/b:1 | pushed by tag after 0 | scanned by digest! after 1 | other by digest after 1"}},
		{"the digest is signed under a name that a copy gave",
			[]model.Pipeline{ci(job("build", nil, digest(pushes(do(model.Build, "a/b:1")), out), from(do(model.Copy, "c/d:1"), "a/b:1"), do(model.Sign, "c/d@${"+out+"}")))},
			[]string{"a/b:1 | pushed by tag after 0 | pushed by tag after 1 | signed by digest! after 2"}},
		{"the digest is signed under a name that is not known",
			[]model.Pipeline{ci(job("build", nil, digest(pushes(do(model.Build, "${IMAGE}:1")), out), do(model.Sign, "a/b@${"+out+"}")))},
			[]string{"${IMAGE}:1 | pushed by tag after 0 | signed by digest! after 1"}},
		{"built and pushed again after the signature",
			[]model.Pipeline{ci(job("build", nil, pushes(do(model.Build, "a/b:1")), do(model.Sign, "a/b:1"), pushes(do(model.Build, "a/b:1"))))},
			[]string{"a/b:1 | pushed by tag after 0 | pushed by tag after 1 | other by tag after 1"}},
		{"built again after the signature, in a job that needs it",
			[]model.Pipeline{ci(job("build", nil, pushes(do(model.Build, "a/b:1")), do(model.Sign, "a/b:1")), job("again", []string{"build"}, do(model.Build, "a/b:1"), do(model.Push, "a/b:1")))},
			[]string{"a/b:1 | pushed by tag after 0 | pushed by tag after 2 | other by tag after 1"}},
		{"built again, and signed again",
			[]model.Pipeline{ci(job("build", nil, pushes(do(model.Build, "a/b:1")), do(model.Sign, "a/b:1"), pushes(do(model.Build, "a/b:1")), do(model.Sign, "a/b:1")))},
			[]string{"a/b:1 | pushed by tag after 0 | pushed by tag after 1 | signed by tag after 2 | other by tag after 1"}},
		{"built and signed in one of two ways",
			[]model.Pipeline{ci(job("build", nil, when(pushes(do(model.Build, "a/b:1")), "x == 'a'"), when(do(model.Sign, "a/b:1"), "x == 'a'"), when(pushes(do(model.Build, "a/b:1")), "x != 'a'"), when(do(model.Sign, "a/b:1"), "x != 'a'")))},
			[]string{"a/b:1 | pushed by tag after 0 | pushed by tag [x != 'a'] after 0 | signed by tag after 1 | signed by tag after 1"}},
		{"signed before it is built",
			[]model.Pipeline{ci(job("build", nil, do(model.Sign, "a/b@${lookup:a/b:1}"), pushes(do(model.Build, "a/b:1"))))},
			[]string{"a/b:1 | pushed by tag after 0 | other by digest after 0"}},
		{"signed in a job that runs in any case",
			[]model.Pipeline{ci(job("build", nil, pushes(do(model.Build, "a/b:"+sha))), job("sign", nil, when(do(model.Sign, "a/b:"+sha), "always()")))},
			[]string{"a/b:${github.sha} | pushed by tag after 0 | signed by tag after 0"}},
		{"another image gets the name after the signature",
			[]model.Pipeline{ci(job("build", nil, pushes(do(model.Build, "a/b:1")), do(model.Sign, "a/b:1"), from(do(model.Tag, "a/b:1"), "evil:1"), do(model.Push, "a/b:1")))},
			[]string{"a/b:1 | pushed by tag after 0 | pushed by tag after 1 | other by tag after 1"}},
		{"the image gets a further name after the signature",
			[]model.Pipeline{ci(job("build", nil, pushes(do(model.Build, "a/b:1")), do(model.Sign, "a/b:1"), from(do(model.Tag, "a/b:latest"), "a/b:1"), do(model.Push, "a/b:latest")))},
			[]string{"a/b:1 | pushed by tag after 0 | pushed by tag after 2 | signed by tag after 1"}},
		{"built, tagged, pushed and signed under the new name",
			[]model.Pipeline{ci(job("build", nil, do(model.Build, "app"), from(do(model.Tag, "ghcr.io/a/b:1"), "app:latest"), do(model.Push, "ghcr.io/a/b:1"), do(model.Sign, "ghcr.io/a/b:1")))},
			[]string{"ghcr.io/a/b:1 | pushed by tag after 1 | signed by tag after 2"}},
		{"copied elsewhere and signed there",
			[]model.Pipeline{ci(job("build", nil, pushes(do(model.Build, "a/b:1")), from(do(model.Copy, "quay.io/c/d:1"), "a/b:1"), do(model.Sign, "quay.io/c/d:1")))},
			[]string{"a/b:1 | pushed by tag after 0 | pushed by tag after 1 | signed by tag after 2"}},
		{"scanned as a file",
			[]model.Pipeline{ci(job("build", nil, files(do(model.Build, "app"), "out/app.tar"), do(model.Scan, "./out/app.tar")))},
			[]string{"app | scanned by file! after 1"}},
		{"a test build is scanned, the pushing one is signed",
			[]model.Pipeline{ci(job("build", nil, do(model.Build, "a/b:test"), do(model.Scan, "a/b:test"), digest(pushes(do(model.Build, "a/b:1")), out), do(model.Sign, "a/b@${"+out+"}")))},
			[]string{"a/b:1 | pushed by tag after 2 | signed by digest! after 3 | scanned by tag after 1"}},
		{"variants that are both pushed are two images",
			[]model.Pipeline{ci(job("build", nil, pushes(do(model.Build, "a/b:1")), pushes(do(model.Build, "a/b:1-debug")), do(model.Sign, "a/b:1")))},
			[]string{"a/b:1 | pushed by tag after 0 | signed by tag after 1", "a/b:1-debug | pushed by tag after 0"}},
		{"of variants, a digest of the name alone is neither",
			[]model.Pipeline{ci(job("build", nil, pushes(do(model.Build, "a/b:1")), pushes(do(model.Build, "a/b:1-debug")), do(model.Sign, "a/b@${DIGEST}")))},
			[]string{"a/b:1 | pushed by tag after 0 | other by digest after 1", "a/b:1-debug | pushed by tag after 0 | other by digest after 1"}},
		{"the list of platforms is signed",
			[]model.Pipeline{ci(job("build", nil, digest(pushes(do(model.Build, "a/b")), out)), job("merge", []string{"build"}, from(do(model.Copy, "a/b:1"), "a/b@${*}", "a/b@${*}"), do(model.Sign, "a/b:1")))},
			[]string{"a/b | pushed by name after 0 | pushed by tag after 1 | signed by tag after 2"}},
		{"one platform of a list is signed",
			[]model.Pipeline{ci(job("build", nil, digest(pushes(do(model.Build, "a/b")), out), do(model.Sign, "a/b@${"+out+"}")), job("merge", []string{"build"}, from(do(model.Copy, "a/b:1"), "a/b@${"+out+"}", "a/b@${*}")))},
			[]string{"a/b | pushed by name after 0 | pushed by tag after 1 | other by digest after 1"}},
		{"pushed and signed under equal conditions",
			[]model.Pipeline{ci(job("build", nil, pushes(do(model.Build, "a/b:1"), "github.event_name != 'pull_request'"), when(do(model.Sign, "a/b:1"), `!(github.event_name == "pull_request")`)))},
			[]string{"a/b:1 | pushed by tag [github.event_name != 'pull_request'] after 0 | signed by tag after 1"}},
		{"signed less often than pushed",
			[]model.Pipeline{ci(job("build", nil, pushes(do(model.Build, "a/b:1"), "github.event_name != 'pull_request'"), when(do(model.Sign, "a/b:1"), "startsWith(github.ref, 'refs/tags/')")))},
			[]string{"a/b:1 | pushed by tag [github.event_name != 'pull_request'] after 0 | signed by tag [startsWith(github.ref, 'refs/tags/')] after 1"}},
		{"two pushes, of which one is signed",
			[]model.Pipeline{ci(job("build", nil, do(model.Build, "a/b:1"), when(do(model.Push, "a/b:1"), "main"), when(do(model.Push, "a/b:1"), "tag"), when(do(model.Sign, "a/b:1"), "tag")))},
			[]string{"a/b:1 | pushed by tag [main] after 1 | pushed by tag [tag] after 1 | signed by tag [tag] after 2"}},
		{"a scan that may fail unseen comes before nothing",
			[]model.Pipeline{ci(job("build", nil, do(model.Build, "a/b:1"), optional(do(model.Scan, "a/b:1")), do(model.Push, "a/b:1")))},
			[]string{"a/b:1 | pushed by tag after 1 | scanned by tag after 1"}},
		{"a push that happens always comes after nothing",
			[]model.Pipeline{ci(job("build", nil, do(model.Build, "a/b:1"), do(model.Scan, "a/b:1"), when(do(model.Push, "a/b:1"), "always()")))},
			[]string{"a/b:1 | pushed by tag after 0 | scanned by tag after 1"}},
		{"signed in another pipeline",
			[]model.Pipeline{ci(job("build", nil, pushes(do(model.Build, "ghcr.io/a/b:1")))), with(other, job("sign", nil, do(model.Sign, "ghcr.io/a/b:${TAG}")))},
			[]string{"ghcr.io/a/b:1 | pushed by tag after 0 | signed by tag in sign.yml after 0"}},
		{"signed in another pipeline that somebody has to start",
			[]model.Pipeline{ci(job("build", nil, pushes(do(model.Build, "ghcr.io/a/b:1")))), on(with(other, job("sign", nil, do(model.Sign, "ghcr.io/a/b:${TAG}"))), "workflow_dispatch", "schedule")},
			[]string{"ghcr.io/a/b:1 | pushed by tag after 0 | signed by tag [sign.yml is started by workflow_dispatch, schedule] in sign.yml after 0"}},
		{"signed in another pipeline after this one",
			[]model.Pipeline{ci(job("build", nil, pushes(do(model.Build, "ghcr.io/a/b:1")))), on(with(other, job("sign", nil, do(model.Sign, "ghcr.io/a/b:${TAG}"))), "workflow_run")},
			[]string{"ghcr.io/a/b:1 | pushed by tag after 0 | signed by tag in sign.yml after 0"}},
		{"signed in another pipeline that nobody calls",
			[]model.Pipeline{ci(job("build", nil, pushes(do(model.Build, "ghcr.io/a/b:1")))), on(with(other, job("sign", nil, do(model.Sign, "ghcr.io/a/b:${TAG}"))), "workflow_call")},
			[]string{"ghcr.io/a/b:1 | pushed by tag after 0"}},
		{"another tag is signed in another pipeline",
			[]model.Pipeline{ci(job("build", nil, pushes(do(model.Build, "ghcr.io/a/b:1")))), with(other, job("sign", nil, do(model.Sign, "ghcr.io/a/b:2")))},
			[]string{"ghcr.io/a/b:1 | pushed by tag after 0"}},
		{"pushed, built nowhere",
			[]model.Pipeline{ci(job("build", nil, do(model.Push, "ghcr.io/a/b:1"), do(model.Sign, "ghcr.io/a/b:1")))},
			[]string{"ghcr.io/a/b:1 | not built | pushed by tag after 0 | signed by tag after 1"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var got []string
			for _, i := range pipeline.Link(row.in...) {
				got = append(got, told(i))
			}
			require.Equal(t, row.want, got)
		})
	}
}

func with(p model.Pipeline, jobs ...model.Job) model.Pipeline {
	p.Jobs = jobs
	return p
}

func TestConditions(t *testing.T) {
	for text, want := range map[string][]string{
		"${{ github.event_name != 'pull_request' }}": {"!(github.event_name=='pull_request')"},
		`!(github.event_name == "pull_request")`:     {"!(github.event_name=='pull_request')"},
		"( 'pull_request' != github.event_name )":    {"!(github.event_name=='pull_request')"},
		"inputs.push":            {"inputs.push"},
		"inputs.push == true":    {"inputs.push"},
		"inputs.push != 'false'": {"inputs.push"},
		"!inputs.push":           {"!(inputs.push)"},
		"!(!inputs.push)":        {"inputs.push"},
		"a && (b || c)":          {"a", "b||c"},
		"!(a || b == 'x')":       {"!(a)", "!(b=='x')"},
		"contains(a, ' && ')":    {"contains(a,' && ')"},
		"always() && steps.build.outcome == 'success'":         {"always()", "steps.build.outcome=='success'"},
		"startsWith(github.ref, 'refs/tags/v') && !inputs.dry": {"startsWith(github.ref,'refs/tags/v')", "!(inputs.dry)"},
		"":   {""},
		"((": {"(("},
		"'a": {"'a"},
	} {
		t.Run(text, func(t *testing.T) {
			require.Equal(t, want, pipeline.Condition(text))
		})
	}
}
