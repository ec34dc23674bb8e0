package tekton_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
	"github.com/waxseal/waxseal/builtins/pipeline/source"
	"github.com/waxseal/waxseal/builtins/pipeline/tekton"
)

const ci = "ci/build.yaml"

// read reads ci/build.yaml; further files are "name: text" pairs.
func read(text string, more ...string) ([]model.Pipeline, []model.Problem) {
	fsys := fstest.MapFS{ci: {Data: []byte(text)}}
	for i := 0; i+1 < len(more); i += 2 {
		fsys[more[i]] = &fstest.MapFile{Data: []byte(more[i+1])}
	}
	return tekton.Read(shell.New(source.New(context.Background(), fsys, source.Limits{})), ci)
}

// told is what a pipeline does, one line for each action and each thing unseen.
func told(all []model.Pipeline) []string {
	var out []string
	for _, p := range all {
		head := p.Name + ":"
		if len(p.Triggers) > 0 {
			head = p.Name + " on " + strings.Join(p.Triggers, ", ") + ":"
		}
		out = append(out, head)
		for _, j := range p.Jobs {
			out = append(out, jobTold(j)...)
		}
		for _, u := range p.Unseen {
			out = append(out, fmt.Sprintf("  unseen %s %s in %q may %v, line %d", u.Kind, u.Name, u.Job, u.May, u.Line))
		}
	}
	return out
}

func jobTold(j model.Job) []string {
	head := "  " + j.ID
	if len(j.Needs) > 0 {
		head += " needs " + strings.Join(j.Needs, ", ")
	}
	if len(j.When) > 0 {
		head += " when " + strings.Join(j.When, "; ")
	}
	if j.Optional != "" {
		head += " optional " + j.Optional
	}
	out := []string{head}
	for _, s := range j.Steps {
		for _, a := range s.Actions {
			line := fmt.Sprintf("    %s: %s", s.ID, a.Kind)
			for _, i := range a.Images {
				line += " " + i.Text
			}
			if !a.Known {
				line += " (not known)"
			}
			if s.Optional != "" {
				line += " optional " + s.Optional
			}
			out = append(out, fmt.Sprintf("%s, %s:%d", line, a.File, a.Line))
		}
	}
	return out
}

const task = `apiVersion: tekton.dev/v1
kind: Task
metadata: {name: image}
spec:
  params:
  - {name: IMAGE, default: ghcr.io/shop/app}
  - {name: args, type: array, default: [image, --exit-code, "1"]}
  results:
  - {name: IMAGE_DIGEST}
  - {name: IMAGE_URL}
  steps:
  - name: build
    image: gcr.io/kaniko-project/executor:v1
    args: [--dockerfile=Dockerfile, "--destination=$(params.IMAGE):1", "--digest-file=$(results.IMAGE_DIGEST.path)"]
  - name: scan
    image: aquasec/trivy@sha256:0000000000000000000000000000000000000000000000000000000000000000
    onError: continue
    script: |
      #!/bin/sh
      set -e
      trivy image --exit-code 1 "$(params.IMAGE):1"
`

func TestRead(t *testing.T) {
	for _, row := range []struct {
		name string
		text string
		more []string
		want string
	}{
		{"task", task, nil, `
image on task_call:
  image
    build: build ghcr.io/shop/app:1, ci/build.yaml:14
    scan: scan ghcr.io/shop/app:1 optional onError: continue, ci/build.yaml:21
  unseen signer tekton-chains in "" may [attest sign], line 9`},
		{"pipeline of tasks of the repository", `apiVersion: tekton.dev/v1
kind: PipelineRun
metadata:
  generateName: release-
  annotations:
    pipelinesascode.tekton.dev/on-event: "[push, pull_request]"
spec:
  params:
  - {name: image, value: "quay.io/shop/app"}
  pipelineSpec:
    params: [{name: image}, {name: skip, default: "false"}]
    tasks:
    - name: build
      taskRef: {name: image}
      params: [{name: IMAGE, value: $(params.image)}]
    - name: check
      runAfter: [build]
      when: [{input: $(params.skip), operator: in, values: ["false"]}]
      taskRef: {name: grype}
      params: [{name: image, value: "$(tasks.build.results.IMAGE_URL)@$(tasks.build.results.IMAGE_DIGEST)"}]
    - name: never
      when: [{input: $(params.skip), operator: in, values: ["true"]}]
      taskRef: {name: trivy}
    - name: tell
      when: [{input: $(params.image), operator: in, values: [{{ target }}]}]
      onError: continue
      taskRef: {name: send-to-channel-slack}
    finally:
    - name: last
      taskRef: {name: cosign-sign}
`, []string{"ci/task.yaml", task}, `
release on pull_request, push:
  build
    build: build quay.io/shop/app:1, ci/task.yaml:14
    scan: scan quay.io/shop/app:1 optional onError: continue, ci/task.yaml:21
  check needs build
    #1: scan ${tasks.build.results.IMAGE_URL}@${digest-of:quay.io/shop/app:1} (not known), ci/build.yaml:16
  tell when quay.io/shop/app in [${pac.target}] optional onError: continue
  last
    #1: sign (not known), ci/build.yaml:29
  unseen signer tekton-chains in "" may [attest sign], line 9`},
		{"remote tasks", `apiVersion: tekton.dev/v1beta1
kind: Pipeline
metadata: {name: p}
spec:
  tasks:
  - name: build
    taskRef: {resolver: hub, params: [{name: catalog, value: tekton}, {name: name, value: buildah}, {name: version, value: "0.7"}]}
    params: [{name: IMAGE, value: quay.io/a/b:1}]
  - name: lint
    taskRef: {resolver: git, params: [{name: url, value: https://example.com/r}, {name: pathInRepo, value: t/own-sign.yaml}, {name: revision, value: main}]}
    runAfter: [build]
  - name: custom
    taskRef: {apiVersion: example.dev/v1, kind: Wait, name: w}
`, nil, `
p on pipeline_call:
  build
    #1: build quay.io/a/b:1 (not known), ci/build.yaml:6
  lint needs build
  custom
  unseen task own-sign in "lint" may [attest sign], line 10
  unseen task w in "custom" may [], line 13
  unseen signer tekton-chains in "" may [attest sign], line 6`},
		{"what is skipped lets go on what only comes after it", `apiVersion: tekton.dev/v1
kind: Pipeline
metadata: {name: p}
spec:
  params: [{name: x}]
  tasks:
  - {name: a, taskRef: {name: git-clone}}
  - {name: b, runAfter: [a], when: [{input: $(params.x), operator: notin, values: [y]}], taskRef: {name: git-clone}}
  - {name: c, runAfter: [b], taskRef: {name: git-clone}}
  - {name: d, params: [{name: p, value: $(tasks.b.results.r)}], taskRef: {name: git-clone}}
`, nil, `
p on pipeline_call:
  a
  b needs a when ${params.x} notin [y]
  c needs a
  d needs a, b`},
		{"trigger", `apiVersion: triggers.tekton.dev/v1beta1
kind: TriggerTemplate
metadata: {name: t}
spec:
  params: [{name: image}]
  resourcetemplates:
  - apiVersion: tekton.dev/v1
    kind: TaskRun
    metadata: {generateName: build-}
    spec:
      params: [{name: IMAGE, value: $(tt.params.image)}]
      taskRef: {name: kaniko}
---
apiVersion: v1
kind: Service
metadata: {name: s}
`, nil, `
build:
  build
    #1: build ${tt.params.image} (not known), ci/build.yaml:7
  unseen signer tekton-chains in "" may [attest sign], line 7`},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, problems := read(row.text, row.more...)
			require.Empty(t, problems)
			require.Equal(t, strings.TrimPrefix(row.want, "\n"), strings.Join(told(got), "\n"))
		})
	}
}

func TestReferencesAndSecrets(t *testing.T) {
	got, problems := read(task + `---
apiVersion: tekton.dev/v1
kind: Task
metadata: {name: second}
spec:
  volumes: [{name: key, secret: {secretName: cosign-key}}]
  steps:
  - name: sign
    image: $(params.missing)/cosign
    volumeMounts: [{name: key, mountPath: /k}]
    env:
    - {name: COSIGN_PASSWORD, value: hunter22}
    - {name: TOKEN, valueFrom: {secretKeyRef: {name: registry, key: t}}}
    command: [cosign, sign, --key, /k/cosign.key, ghcr.io/a/b:1]
`)
	require.Empty(t, problems)
	require.Len(t, got, 2)
	var references []string
	for _, r := range got[0].References {
		references = append(references, fmt.Sprintf("%d %s %s %v", r.Line, r.Kind, r.Text, r.Pinned))
	}
	require.Equal(t, []string{
		"13 image gcr.io/kaniko-project/executor:v1 false",
		"16 image aquasec/trivy@sha256:" + strings.Repeat("0", 64) + " true",
	}, references[:2])
	sign := got[1].Jobs[0].Steps[0]
	require.Equal(t, []string{"cosign-key", "registry"}, sign.Secrets)
	require.Equal(t, model.Sign, sign.Actions[0].Kind)
	require.Equal(t, "COSIGN_PASSWORD", got[1].Secrets[0].Name)
	require.Equal(t, "sign", got[1].Secrets[0].To)
	require.NotContains(t, fmt.Sprint(got), "hunter22")
}

func TestChains(t *testing.T) {
	const config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: chains-config}\ndata: {artifacts.oci.storage: oci}\n"
	for name, row := range map[string]struct{ text, supply string }{
		"no configuration": {"", "the Chains configuration (chains-config) of the cluster, or verify the pushed image"},
		"one of the repository": {config, "the Chains configuration (chains-config) of the cluster, or verify the pushed image; " +
			"the one in tekton/chains.yaml:1 signs images, if it is that of the cluster"},
		"one that signs no images": {strings.ReplaceAll(config, "storage: oci", "storage: ''"), "the Chains configuration (chains-config) of the cluster, or verify the pushed image"},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := read(task, "tekton/chains.yaml", row.text)
			require.Len(t, got[0].Unseen, 1)
			require.Equal(t, row.supply, got[0].Unseen[0].Supply)
		})
	}
}

func TestHostile(t *testing.T) {
	anchors := "apiVersion: tekton.dev/v1\nkind: Task\na0: &a0 [x,x,x,x,x,x,x,x,x]\n"
	for i := 1; i < 12; i++ {
		anchors += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 9), ","))
	}
	circle := "apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {name: p}\nspec:\n  tasks:\n  - {name: a, runAfter: [b], taskRef: {name: t}}\n  - {name: b, runAfter: [a], taskRef: {name: t}}\n"
	for name, row := range map[string]struct{ text, problem string }{
		"deep anchors":      {anchors, "aliases expand to more than"},
		"deep nesting":      {"apiVersion: tekton.dev/v1\nspec: " + strings.Repeat("[", 1000) + strings.Repeat("]", 1000), "nested deeper"},
		"megabyte line":     {"apiVersion: tekton.dev/v1\nspec: \"" + strings.Repeat("a", 5<<20), "more than"},
		"not YAML":          {"apiVersion: tekton.dev/v1\nspec: {{- if .x }}\n", "not YAML"},
		"tasks in a circle": {circle, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := read(row.text)
			if row.problem == "" {
				require.Empty(t, problems)
				return
			}
			require.NotEmpty(t, problems)
			require.Equal(t, ci, problems[0].File)
			require.Contains(t, problems[0].Text, row.problem)
		})
	}
}

func TestIs(t *testing.T) {
	for name, row := range map[string]struct {
		file, text string
		want       bool
	}{
		"the folder":        {".tekton/push.yaml", "", true},
		"the folder, other": {".tekton/README.md", "", false},
		"a task":            {"a/b.yaml", "apiVersion: tekton.dev/v1\nkind: Task", true},
		"in a list":         {"a/b.yml", "items:\n- apiVersion: 'tekton.dev/v1beta1'", true},
		"a trigger":         {"a/b.yml", "apiVersion: triggers.tekton.dev/v1beta1", true},
		"the operator":      {"a/b.yml", "apiVersion: operator.tekton.dev/v1alpha1", false},
		"a word":            {"a/b.yml", "text: see tekton.dev/v1", false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, row.want, tekton.Is(row.file, []byte(row.text)))
		})
	}
}

// Whatever a file holds, reading it ends and every place is in a file.
func FuzzRead(f *testing.F) {
	f.Add(task)
	f.Add("apiVersion: tekton.dev/v1\nkind: Pipeline\nspec: {tasks: [{name: a, taskRef: {name: a}}]}")
	f.Add("apiVersion: tekton.dev/v1\nkind: TriggerTemplate\nspec: {resourcetemplates: [{kind: TaskRun, spec: {taskSpec: {steps: [{script: 'docker build .'}]}}}]}")
	f.Fuzz(func(t *testing.T, text string) {
		pipelines, problems := read(text)
		for _, p := range pipelines {
			require.Equal(t, ci, p.File)
		}
		for _, p := range problems {
			require.NotEmpty(t, p.Text)
		}
	})
}
