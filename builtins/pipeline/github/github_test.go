package github_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/waxseal/waxseal/builtins/pipeline/github"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
	"github.com/waxseal/waxseal/builtins/pipeline/source"
)

const ci = ".github/workflows/ci.yml"

// repo is a repository by its files.
type repo map[string]string

func (r repo) read(t *testing.T, name string) (model.Pipeline, []model.Problem) {
	t.Helper()
	fsys := fstest.MapFS{}
	for n, text := range r {
		fsys[n] = &fstest.MapFile{Data: []byte(text)}
	}
	pipelines, problems := github.Read(shell.New(source.New(context.Background(), fsys, source.Limits{})), name)
	if len(pipelines) > 1 {
		t.Fatalf("%d pipelines of one file", len(pipelines))
	}
	if len(pipelines) == 0 {
		return model.Pipeline{}, problems
	}
	return pipelines[0], problems
}

// one reads a repository with one workflow, which has no problems.
func one(t *testing.T, text string) model.Pipeline {
	t.Helper()
	p, problems := repo{ci: text}.read(t, ci)
	for _, problem := range problems {
		t.Errorf("problem: %+v", problem)
	}
	return p
}

// steps makes a workflow of one job with these steps.
func steps(text string) string {
	return "name: CI\non: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n" + text
}

// lines writes the actions of a pipeline, one in a line, as far as they say
// something: job/step line kind tool images…
func lines(p model.Pipeline) []string {
	out := []string{}
	for _, j := range p.Jobs {
		for _, s := range j.Steps {
			for _, a := range s.Actions {
				out = append(out, fmt.Sprintf("%s/%s %s", j.ID, s.ID, line(a)))
			}
		}
	}
	return out
}

func line(a model.Action) string {
	parts := []string{fmt.Sprintf("%s:%d", a.File[strings.LastIndex(a.File, "/")+1:], a.Line), string(a.Kind), a.Tool}
	add := func(name, text string) {
		if text != "" {
			parts = append(parts, name+"="+text)
		}
	}
	for _, i := range a.Images {
		parts = append(parts, i.By+":"+i.Text)
	}
	for _, i := range a.From {
		add("from", i.Text)
	}
	add("method", a.Method)
	add("key", a.Key)
	add("gates", a.Gates)
	if a.Pushes {
		add("pushes", "yes")
	}
	add("push_when", strings.Join(a.PushWhen, " AND "))
	add("when", strings.Join(a.When, " AND "))
	add("optional", a.Optional)
	add("file", strings.Join(a.Files, ","))
	if a.Signed {
		add("signed", "yes")
	}
	if !a.Known {
		add("known", "no")
	}
	return strings.Join(parts, " ")
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got  %s\n want %s", what, strings.Join(got, "\n      "), strings.Join(want, "\n      "))
	}
}

func TestIs(t *testing.T) {
	workflow := "on: push\njobs:\n  a:\n    runs-on: x\n"
	for _, row := range []struct {
		name, text string
		want       bool
	}{
		{".github/workflows/ci.yml", "", true},
		{"sub/.github/workflows/ci.yaml", "", true},
		{".gitea/workflows/ci.yml", "", true},
		{".forgejo/workflows/ci.yml", "", true},
		{".github/workflows/sub/ci.yml", "", false},
		{".github/dependabot.yml", "version: 2\n", false},
		{"ci/docker.yml", workflow, true},
		{"ci/docker.yml", "'on': push\njobs:\n  a:\n    uses: ./x\n", true},
		{"ci/docker.txt", workflow, false},
		{"circle.yml", "version: 2\njobs:\n  a:\n    docker: []\n", false},
		{"azure.yml", "trigger: x\njobs:\n- job: a\n  steps: []\n", false},
	} {
		if got := github.Is(row.name, []byte(row.text)); got != row.want {
			t.Errorf("Is(%q, %q) = %v", row.name, row.text, got)
		}
	}
}

func TestJobs(t *testing.T) {
	p := one(t, `name: Release
on:
  push: {branches: [main]}
  workflow_dispatch:
  pull_request:
permissions: write-all
jobs:
  a: {runs-on: x, steps: [{run: "true"}]}
  b: {runs-on: x, needs: a, steps: [{run: "true"}], permissions: {contents: read}}
  c:
    name: See
    runs-on: x
    needs: [b]
    if: always() && github.ref == 'refs/heads/main'
    continue-on-error: true
    steps: [{run: "true"}]
  d: {runs-on: x, needs: [a, c], steps: [{run: "true"}]}
  e:
    runs-on: x
    needs: [a, d]
    if: ${{ !cancelled() && needs.d.result == 'success' }}
    permissions:
      id-token: write
    steps: [{run: "true"}]
`)
	if p.Name != "Release" || p.System != model.GitHub || p.File != ci {
		t.Errorf("pipeline %q %q %q", p.Name, p.System, p.File)
	}
	same(t, "triggers", p.Triggers, []string{"pull_request", "push", "workflow_dispatch"})
	var got []string
	for _, j := range p.Jobs {
		got = append(got, fmt.Sprintf("%s %q line %d needs %s when %s optional %q token %v:%d", j.ID, j.Name, j.Line, j.Needs, j.When, j.Optional, j.IDToken.Granted, j.IDToken.Line))
	}
	same(t, "jobs", got, []string{
		`a "a" line 8 needs [] when [] optional "" token true:6`,
		`b "b" line 9 needs [a] when [] optional "" token false:9`,
		`c "See" line 10 needs [] when [always() github.ref == 'refs/heads/main'] optional "continue-on-error: true" token true:6`,
		`d "d" line 17 needs [a] when [] optional "" token true:6`,
		`e "e" line 18 needs [a d] when [!cancelled() jobs.d.result == 'success'] optional "" token true:23`,
	})
}

func TestConditions(t *testing.T) {
	for _, row := range []struct{ name, cond, want string }{
		{"always true", "true", ""},
		{"bare", "github.event_name != 'pull_request'", "github.event_name != 'pull_request'"},
		{"braces and blanks", "${{  github.event_name   !=   'pull_request' }}", "github.event_name != 'pull_request'"},
		{"success", "success() && github.ref_type == 'tag'", "github.ref_type == 'tag'"},
		{"and", "github.ref_type == 'tag' && github.actor != 'bot'", "github.actor != 'bot' AND github.ref_type == 'tag'"},
		{"or", "github.ref == 'a' || github.ref == 'b'", "github.ref == 'a' || github.ref == 'b'"},
		{"or in and", "(github.ref == 'a' || github.ref == 'b') && github.actor", "github.actor AND github.ref == 'a' || github.ref == 'b'"},
		{"not", "!(github.ref == 'a')", "github.ref != 'a'"},
		{"not or", "!(github.ref == 'a' || github.ref == 'b')", "!(github.ref == 'a' || github.ref == 'b')"},
		{"failure", "failure()", "failure()"},
		{"success or failure", "success() || failure()", "success() || failure()"},
		{"known true", "env.PUSH == 'TRUE'", ""},
		{"text around", "${{ github.ref == 'a' }} && true", "github.ref == 'a' && true"},
		{"function", "startsWith(github.ref, 'refs/tags/')", "startsWith(github.ref, 'refs/tags/')"},
		{"known function", "contains('abc', 'B')", ""},
		{"condition in a variable", "env.RELEASE == 'true'", "github.ref_type == 'tag'"},
		{"output", "steps.x.outputs.ok != 'true'", "jobs.build.steps.x.outputs.ok != 'true'"},
		{"index", "github['event_name'] == 'push'", "github.event_name == 'push'"},
		{"no expression", "a ~ b", "a ~ b"},
	} {
		t.Run(row.name, func(t *testing.T) {
			text := "env: {PUSH: true, RELEASE: \"${{ github.ref_type == 'tag' }}\"}\n" + steps("      - uses: docker/login-action@v3\n        if: \""+row.cond+"\"\n")
			p := one(t, strings.Replace(text, "on: push", "on: [push, pull_request]", 1))
			s := p.Jobs[0].Steps[0]
			if got := strings.Join(s.When, " AND "); got != row.want || len(s.Actions) != 1 {
				t.Errorf("got %q, want %q; %d actions", got, row.want, len(s.Actions))
			}
		})
	}
}

func TestNever(t *testing.T) {
	for _, cond := range []string{"false", "${{ false }}", "env.PUSH == 'true'", "github.ref && false", "1 == 2"} {
		p := one(t, "env: {PUSH: false}\n"+steps("      - uses: docker/login-action@v3\n        if: "+cond+"\n"))
		if len(p.Jobs[0].Steps) != 1 || len(p.Jobs[0].Steps[0].Actions) != 0 {
			t.Errorf("if: %s: the step does something", cond)
		}
	}
}

func TestActions(t *testing.T) {
	for _, row := range []struct {
		name, steps string
		want        []string
	}{
		{"build and push", `
      - id: meta
        uses: docker/metadata-action@v5
        with: {images: "ghcr.io/shop/app"}
      - id: build
        uses: docker/build-push-action@v6
        with:
          push: ${{ github.event_name != 'pull_request' }}
          tags: ${{ steps.meta.outputs.tags }}
          sbom: true
          provenance: mode=max
      - uses: actions/attest-build-provenance@v2
        with:
          subject-name: ghcr.io/shop/app
          subject-digest: ${{ steps.build.outputs.digest }}
          push-to-registry: true
      - uses: actions/attest-build-provenance@v2
        with: {subject-path: dist/app}
`, []string{
			"build/build ci.yml:11 build buildx tag:ghcr.io/shop/app:${jobs.build.steps.meta.outputs.version} pushes=yes push_when=github.event_name != 'pull_request'",
			"build/build ci.yml:11 attest buildx tag:ghcr.io/shop/app:${jobs.build.steps.meta.outputs.version} method=buildx",
			"build/build ci.yml:11 sbom buildx tag:ghcr.io/shop/app:${jobs.build.steps.meta.outputs.version}",
			"build/build ci.yml:11 attest buildx tag:ghcr.io/shop/app:${jobs.build.steps.meta.outputs.version} method=buildx",
			"build/#3 ci.yml:17 attest github-attestation digest:ghcr.io/shop/app@${jobs.build.steps.build.outputs.digest} method=github-attestation signed=yes",
		}},
		{"raw tags", `
      - id: meta
        uses: docker/metadata-action@v5
        with:
          images: |
            a/b
            name=c/d,enable=true
            name=e/f,enable=false
          flavor: suffix=-x
          tags: |
            # a comment
            type=raw,value=1.0,suffix=
            latest
      - uses: docker/build-push-action@v6
        with: {tags: "${{ steps.meta.outputs.tags }}"}
      - uses: aquasecurity/trivy-action@0.30.0
        with: {image-ref: "${{ fromJSON(steps.meta.outputs.json).tags[0] }}", exit-code: 1}
`, []string{
			"build/#2 ci.yml:19 build buildx tag:a/b:1.0 tag:a/b:latest-x tag:c/d:1.0 tag:c/d:latest-x",
			"build/#3 ci.yml:21 scan trivy tag:a/b:1.0 gates=yes",
		}},
		{"push in outputs", `
      - uses: docker/build-push-action@v6
        with:
          outputs: type=image,"name=a/b,c/d",push-by-digest=true,push=true
      - uses: docker/build-push-action@v6
        with:
          tags: a/b:1
          outputs: |
            type=oci,dest=/tmp/image.tar
`, []string{
			"build/#1 ci.yml:7 build buildx name:a/b name:c/d pushes=yes",
			"build/#2 ci.yml:10 build buildx tag:a/b:1 file=/tmp/image.tar",
		}},
		{"scans", `
      - uses: aquasecurity/trivy-action@0.30.0
        with: {image-ref: "a:1"}
      - uses: aquasecurity/trivy-action@0.30.0
        with: {image-ref: "a:1", exit-code: "0"}
      - uses: aquasecurity/trivy-action@0.30.0
        env: {TRIVY_EXIT_CODE: 1}
        with: {image-ref: "a:1"}
      - uses: aquasecurity/trivy-action@0.30.0
        with: {image-ref: "a:1", exit-code: "${{ vars.CODE }}"}
      - uses: aquasecurity/trivy-action@0.30.0
        with: {scan-type: fs, exit-code: 1}
      - uses: aquasecurity/trivy-action@0.30.0
        with: {image-ref: "a:1", format: cyclonedx}
      - uses: anchore/scan-action@v6
        with: {image: "a:1"}
      - uses: anchore/scan-action@v6
        with: {image: "a:1", fail-build: false}
      - uses: anchore/scan-action@v6
        with: {path: .}
      - uses: snyk/actions/docker@master
        continue-on-error: true
        with: {image: "a:1"}
      - uses: sysdiglabs/scan-action@v3
        with: {image-tag: "a:1"}
      - uses: sysdiglabs/scan-action@v6
        with: {image-tag: "a:1"}
      - uses: docker/scout-action@v1
        with: {command: "quickview,cves", image: "a:1", exit-code: true}
      - uses: aquasecurity/trivy-action@0.30.0
        with: {input: image.tar, exit-code: 1}
      - uses: aquasecurity/trivy-action@0.30.0
        with: {image-ref: "a:1", exit-code: 1, severity: UNKNOWN}
      - uses: aquasecurity/trivy-action@0.30.0
        with: {image-ref: "a:1", exit-code: 1, severity: "HIGH,CRITICAL"}
      - uses: aquasecurity/trivy-action@0.30.0
        with: {image-ref: "a:1", exit-code: 1, scanners: "secret,misconfig"}
      - uses: aquasecurity/trivy-action@0.30.0
        with: {image-ref: "a:1", exit-code: 1, scanners: "vuln,secret"}
`, []string{
			"build/#1 ci.yml:7 scan trivy tag:a:1 gates=no",
			"build/#2 ci.yml:9 scan trivy tag:a:1 gates=no",
			"build/#3 ci.yml:11 scan trivy tag:a:1 gates=yes",
			"build/#4 ci.yml:14 scan trivy tag:a:1 gates=unknown",
			"build/#6 ci.yml:18 sbom trivy tag:a:1",
			"build/#7 ci.yml:20 scan grype tag:a:1 gates=yes",
			"build/#8 ci.yml:22 scan grype tag:a:1 gates=no",
			"build/#10 ci.yml:26 scan snyk tag:a:1 gates=yes",
			"build/#11 ci.yml:29 scan sysdig tag:a:1 gates=yes",
			"build/#12 ci.yml:31 scan sysdig tag:a:1 gates=unknown",
			"build/#13 ci.yml:33 scan docker-scout tag:a:1 gates=no",
			"build/#13 ci.yml:33 scan docker-scout tag:a:1 gates=yes",
			"build/#14 ci.yml:35 scan trivy file:image.tar gates=yes",
			"build/#15 ci.yml:37 scan trivy tag:a:1 gates=no",
			"build/#16 ci.yml:39 scan trivy tag:a:1 gates=yes",
			"build/#18 ci.yml:43 scan trivy tag:a:1 gates=yes",
		}},
		{"buildah", `
      - id: b
        uses: redhat-actions/buildah-build@v2
        with: {image: app, tags: "1.0 latest"}
      - id: p
        uses: redhat-actions/push-to-registry@v2
        with:
          image: ${{ steps.b.outputs.image }}
          tags: ${{ steps.b.outputs.tags }}
          registry: quay.io/shop
      - uses: anchore/scan-action@v6
        with: {image: "${{ steps.p.outputs.registry-path }}"}
`, []string{
			"build/b ci.yml:8 build buildah tag:app:1.0 tag:app:latest",
			"build/p ci.yml:11 tag podman tag:quay.io/shop/app:1.0 tag:quay.io/shop/app:latest from=app:1.0",
			"build/p ci.yml:11 push podman tag:quay.io/shop/app:1.0 tag:quay.io/shop/app:latest",
			"build/#3 ci.yml:16 scan grype tag:quay.io/shop/app:1.0 gates=yes",
		}},
		{"notation", `
      - uses: notaryproject/notation-action/sign@v1
        with:
          plugin_name: azure-kv
          key_id: https://vault/keys/k
          target_artifact_reference: |-
            a/b:1
            c/d@sha256:0000000000000000000000000000000000000000000000000000000000000000
`, []string{
			"build/#1 ci.yml:7 sign notation tag:a/b:1 method=notation key=https://vault/keys/k",
			"build/#1 ci.yml:7 sign notation digest:c/d@sha256:0000000000000000000000000000000000000000000000000000000000000000 method=notation key=https://vault/keys/k",
		}},
		{"manifests and copies", `
      - uses: int128/docker-manifest-create-action@v2
        with: {tags: "a/b:1", sources: "a/b@${{ vars.DIGEST }}"}
      - uses: akhilerm/tag-push-action@v2
        with: {src: "a/b:1", dst: "c/d:1"}
`, []string{
			"build/#1 ci.yml:7 copy buildx tag:a/b:1 from=a/b@${vars.DIGEST} pushes=yes",
			"build/#2 ci.yml:9 copy crane tag:c/d:1 from=a/b:1 pushes=yes",
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			same(t, "actions", lines(one(t, steps(strings.TrimPrefix(row.steps, "\n")))), row.want)
		})
	}
}

func TestTracedDigests(t *testing.T) {
	p, _ := repo{ci: `on: push
jobs:
  build:
    runs-on: x
    outputs:
      digest: ${{ steps.Push.outputs.digest }}
    steps:
      - id: Push
        uses: docker/build-push-action@v6
        with: {push: true, tags: "a/b:1"}
  scan:
    runs-on: x
    needs: build
    steps:
      - uses: anchore/scan-action@v6
        with: {image: "a/b@${{ needs.build.outputs.digest }}"}
`}.read(t, ci)
	build, scan := p.Jobs[0].Steps[0].Actions[0], p.Jobs[1].Steps[0].Actions[0]
	if want := "a/b@${" + build.Digests[0] + "}"; scan.Images[0].Text != want || build.Digests[0] != "jobs.build.steps.push.outputs.digest" {
		t.Errorf("the scan names %q; the build gives %q", scan.Images[0].Text, build.Digests)
	}
}

func TestMatrix(t *testing.T) {
	for _, row := range []struct {
		name, matrix string
		want         []string
	}{
		{"rows", "{image: [a, b], tag: [1]}", []string{"build (a, 1) a:1", "build (b, 1) b:1"}},
		{"include only", "{include: [{image: a, tag: 1}, {image: b, tag: 2}]}", []string{"build (a, 1) a:1", "build (b, 2) b:2"}},
		{"exclude", "{image: [a, b], tag: [1, 2], exclude: [{image: a, tag: 2}]}", []string{"build (a, 1) a:1", "build (b, 1) b:1", "build (b, 2) b:2"}},
		{"include adds to combinations", "{image: [a, b], include: [{tag: 1}, {image: b, tag: 2}]}", []string{"build (a, 1) a:1", "build (b, 2) b:2"}},
		{"one", "{image: [a], tag: [1]}", []string{"build a:1"}},
		{"dynamic", "\"${{ fromJSON(vars.MATRIX) }}\"", []string{"build ${matrix.image}:${matrix.tag}"}},
		{"constant JSON", "\"${{ fromJSON('{\\\"image\\\":[\\\"a\\\",\\\"b\\\"],\\\"tag\\\":[1]}') }}\"", []string{"build (a, 1) a:1", "build (b, 1) b:1"}},
		{"dynamic row", "{image: \"${{ fromJSON(vars.IMAGES) }}\", tag: [1]}", []string{"build ${matrix.image}:${matrix.tag}"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := one(t, "on: push\njobs:\n  build:\n    runs-on: x\n    strategy:\n      matrix: "+row.matrix+"\n    steps:\n      - uses: docker/build-push-action@v6\n        with: {tags: \"${{ matrix.image }}:${{ matrix.tag }}\"}\n")
			var got []string
			for _, j := range p.Jobs {
				got = append(got, j.ID+" "+j.Steps[0].Actions[0].Images[0].Text)
			}
			same(t, "jobs", got, row.want)
		})
	}
}

// A job that needs a matrix needs all of it, and does not know whose outputs it gets.
func TestMatrixOutputs(t *testing.T) {
	p := one(t, `on: push
jobs:
  build:
    runs-on: x
    strategy: {matrix: {image: [a, b]}}
    outputs: {digest: "${{ steps.p.outputs.digest }}", same: x}
    steps:
      - id: p
        uses: docker/build-push-action@v6
        with: {push: true, tags: "${{ matrix.image }}"}
  scan:
    runs-on: x
    needs: build
    steps:
      - uses: anchore/scan-action@v6
        with: {image: "${{ needs.build.outputs.same }}@${{ needs.build.outputs.digest }}"}
  idle:
    runs-on: x
    strategy: {matrix: {os: [a, b]}}
    steps: [{run: "true"}]
`)
	var ids []string
	for _, j := range p.Jobs {
		ids = append(ids, j.ID)
	}
	same(t, "jobs", ids, []string{"build (a)", "build (b)", "scan", "idle"})
	same(t, "needs", p.Jobs[2].Needs, []string{"build (a)", "build (b)"})
	if got := p.Jobs[2].Steps[0].Actions[0].Images[0].Text; got != "x@${jobs.build.outputs.digest}" {
		t.Errorf("the scan is of %q", got)
	}
	if a, b := p.Jobs[0].Steps[0].Actions[0].Digests, p.Jobs[1].Steps[0].Actions[0].Digests; a[0] == b[0] {
		t.Errorf("two builds have one digest: %q", a[0])
	}
}
