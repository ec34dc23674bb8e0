package github_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

func unseen(p model.Pipeline) []string {
	out := []string{}
	for _, u := range p.Unseen {
		out = append(out, fmt.Sprintf("%d %s %s job=%s may=%s", u.Line, u.Kind, u.Name, u.Job, u.May))
	}
	return out
}

func references(p model.Pipeline) []string {
	out := []string{}
	for _, r := range p.References {
		text := fmt.Sprintf("%s:%d %s %s", r.File[strings.LastIndex(r.File, "/")+1:], r.Line, r.Kind, r.Text)
		if r.Pinned {
			text += " pinned"
		}
		if r.Local {
			text += " local"
		}
		out = append(out, text)
	}
	return out
}

func TestReusableWorkflow(t *testing.T) {
	r := repo{ci: `on: push
permissions: {contents: read, id-token: write}
jobs:
  prepare: {runs-on: x, outputs: {v: "1.0"}, steps: [{run: "true"}]}
  release:
    needs: prepare
    if: github.ref_type == 'tag'
    uses: ./.github/workflows/build.yml
    with: {image: "shop/app:${{ needs.prepare.outputs.v }}", push: true}
    secrets: {token: "${{ secrets.QUAY }}"}
  scan:
    needs: release
    runs-on: x
    steps:
      - uses: anchore/scan-action@v6
        with: {image: "shop/app@${{ needs.release.outputs.digest }}"}
`, ".github/workflows/build.yml": `on:
  workflow_call:
    inputs:
      image: {type: string}
      push: {type: boolean}
      registry: {type: string, default: quay.io}
    secrets: {token: {required: true}}
    outputs:
      digest: {value: "${{ jobs.make.outputs.digest }}"}
jobs:
  make:
    runs-on: x
    outputs: {digest: "${{ steps.p.outputs.digest }}"}
    steps:
      - uses: docker/login-action@v3
        if: inputs.push
        with: {registry: "${{ inputs.registry }}", username: me, password: "${{ secrets.token }}"}
      - id: p
        uses: docker/build-push-action@v6
        with: {push: "${{ inputs.push }}", tags: "${{ inputs.registry }}/${{ inputs.image }}"}
  note: {runs-on: x, needs: make, permissions: {}, steps: [{run: "true"}]}
`}
	p, problems := r.read(t, ci)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	same(t, "actions", lines(p), []string{
		"release / make/#1 build.yml:15 login docker name:quay.io",
		"release / make/p build.yml:19 build buildx tag:quay.io/shop/app:1.0 pushes=yes",
		"scan/#1 ci.yml:15 scan grype digest:shop/app@${jobs.release.make.steps.p.outputs.digest} gates=yes",
	})
	jobs := map[string]model.Job{}
	for _, j := range p.Jobs {
		jobs[j.ID] = j
	}
	same(t, "needs of a called job", jobs["release / note"].Needs, []string{"prepare", "release / make"})
	same(t, "needs of a later job", jobs["scan"].Needs, []string{"prepare", "release / make", "release / note"})
	same(t, "conditions of a called job", jobs["release / make"].When, []string{"github.ref_type == 'tag'"})
	same(t, "secrets of a called step", jobs["release / make"].Steps[0].Secrets, []string{"QUAY"})
	build := jobs["release / make"].Steps[1].Actions[0]
	if len(build.Through) != 1 || build.Through[0] != (model.Place{File: ci, Line: 5}) {
		t.Errorf("the way to the build is %v", build.Through)
	}
	if !jobs["release / make"].IDToken.Granted || jobs["release / note"].IDToken.Granted {
		t.Error("the called jobs do not have the permissions of their caller, less what they give up")
	}
	alone, _ := r.read(t, ".github/workflows/build.yml")
	same(t, "the called workflow by itself", lines(alone), []string{
		"make/#1 build.yml:15 login docker unknown:${inputs.registry}",
		"make/p build.yml:19 build buildx unknown:${inputs.registry}/${inputs.image} pushes=yes push_when=inputs.push",
	})
	same(t, "its condition", alone.Jobs[0].Steps[0].When, []string{"inputs.push"})
}

func TestCompositeAction(t *testing.T) {
	p, problems := repo{ci: steps(`      - id: image
        uses: ./.github/actions/image
        if: github.ref_type == 'tag'
        with: {name: shop/app, Push: "${{ inputs.push }}"}
      - uses: anchore/scan-action@v6
        with: {image: "shop/app@${{ steps.image.outputs.digest }}"}
`), ".github/actions/image/action.yaml": `name: Image
inputs:
  name: {required: true}
  push: {default: "false"}
  tag: {default: latest}
outputs:
  digest: {value: "${{ steps.a.outputs.digest || steps.b.outputs.digest }}"}
runs:
  using: composite
  steps:
    - id: a
      uses: docker/build-push-action@v6
      continue-on-error: true
      with: {tags: "${{ inputs.name }}:${{ inputs.tag }}", push: "${{ inputs.push }}"}
    - id: b
      if: steps.a.outcome == 'failure'
      uses: docker/build-push-action@v6
      with: {tags: "${{ inputs.name }}:${{ inputs.tag }}", push: "${{ inputs.push }}"}
    - uses: ./.github/actions/scan
      with: {image: "${{ inputs.name }}"}
`, ".github/actions/scan/action.yml": `inputs: {image: {}}
runs:
  using: composite
  steps:
    - uses: snyk/actions/docker@master
      with: {image: "${{ inputs.image }}"}
`}.read(t, ci)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	same(t, "actions", lines(p), []string{
		"build/image action.yaml:12 build buildx tag:shop/app:latest pushes=yes push_when=inputs.push optional=continue-on-error: true",
		"build/image action.yaml:17 build buildx tag:shop/app:latest pushes=yes push_when=inputs.push when=jobs.build.steps.image.steps.a.outcome == 'failure'",
		"build/image action.yml:5 scan snyk name:shop/app gates=yes",
		"build/#2 ci.yml:11 scan grype digest:shop/app@${jobs.build.steps.image.outputs.digest} gates=yes",
	})
	image := p.Jobs[0].Steps[0]
	same(t, "condition of the step", image.When, []string{"github.ref_type == 'tag'"})
	for _, a := range image.Actions[:2] {
		if a.Digests[len(a.Digests)-1] != "jobs.build.steps.image.outputs.digest" {
			t.Errorf("the digest of the action is none of %q", a.Digests)
		}
	}
	if got := image.Actions[2].Through; len(got) != 2 || got[0] != (model.Place{File: ci, Line: 7}) || got[1] != (model.Place{File: ".github/actions/image/action.yaml", Line: 19}) {
		t.Errorf("the way to the scan is %v", got)
	}
}

func TestUnseen(t *testing.T) {
	for _, row := range []struct {
		name, text string
		want       []string
	}{
		{"actions", steps(`      - uses: actions/checkout@v4
      - uses: shop/sign-image@v1
      - uses: shop/notify@v1
        with: {message: the image is built}
      - uses: shop/deploy@v1
        with: {image: "a:1"}
      - uses: ./actions/docker
      - uses: shop/image-scan@v1
        if: false
`), []string{
			"8 action shop/sign-image@v1 job=build may=[sign attest]",
			"11 action shop/deploy@v1 job=build may=[]",
			"13 action ./actions/docker job=build may=[]",
		}},
		{"workflows", `on: push
permissions: {contents: read}
jobs:
  a: {uses: org/x/.github/workflows/trivy-scan.yml@main, with: {image-ref: "a:1"}}
  b: {uses: org/x/.github/workflows/check-gate.yml@main}
  c: {uses: org/x/.github/workflows/release.yml@main, permissions: {packages: write}}
  d: {uses: org/x/.github/workflows/release.yml@main}
  e: {uses: org/x/.github/workflows/release.yml@main, secrets: {COSIGN_KEY: "${{ secrets.K }}"}}
  f: {uses: ./.github/workflows/sign-images.yml}
  g: {uses: slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml@v2.0.0, with: {image: a, digest: "${{ vars.D }}"}}
`, []string{
			"4 workflow org/x/.github/workflows/trivy-scan.yml@main job=a may=[scan]",
			"6 workflow org/x/.github/workflows/release.yml@main job=c may=[]",
			"8 workflow org/x/.github/workflows/release.yml@main job=e may=[]",
			"9 workflow ./.github/workflows/sign-images.yml job=f may=[sign attest]",
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := one(t, row.text)
			same(t, "unseen", unseen(p), row.want)
		})
	}
}

func TestKnownWorkflow(t *testing.T) {
	p := one(t, `on: push
jobs:
  g: {uses: slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml@v2.0.0, with: {image: a, digest: "${{ vars.D }}"}}
`)
	same(t, "actions", lines(p), []string{"g/#1 ci.yml:3 attest slsa-github-generator digest:a@${vars.D} method=slsa-github-generator signed=yes"})
}

func TestReferences(t *testing.T) {
	const sha = "0123456789012345678901234567890123456789"
	const digest = "sha256:0123456789012345678901234567890123456789012345678901234567890123"
	p := one(t, `on: push
jobs:
  a:
    runs-on: x
    container: golang:1.26
    services:
      db: {image: "postgres@`+digest+`"}
    steps:
      - uses: actions/checkout@`+sha+` # v4
      - uses: actions/checkout@v4
      - uses: actions/checkout@0123456
      - uses: ./actions/x
      - uses: docker://alpine:3
      - uses: docker://alpine@`+digest+`
  b: {uses: org/x/.github/workflows/y.yml@main}
  c: {uses: org/x/.github/workflows/y.yml@`+sha+`}
`)
	same(t, "references", references(p), []string{
		"ci.yml:5 image golang:1.26",
		"ci.yml:7 image postgres@" + digest + " pinned",
		"ci.yml:9 action actions/checkout@" + sha + " pinned",
		"ci.yml:10 action actions/checkout@v4",
		"ci.yml:11 action actions/checkout@0123456",
		"ci.yml:12 action ./actions/x pinned local",
		"ci.yml:13 image docker://alpine:3",
		"ci.yml:14 image docker://alpine@" + digest + " pinned",
		"ci.yml:15 workflow org/x/.github/workflows/y.yml@main",
		"ci.yml:16 workflow org/x/.github/workflows/y.yml@" + sha + " pinned",
	})
}

func TestSecrets(t *testing.T) {
	p := one(t, `on: push
env:
  API_TOKEN: ${{ secrets.API }}
  GH: ${{ secrets.GITHUB_TOKEN }}
  DB_PASSWORD: hunter22
  TOKEN_FILE: /run/token
jobs:
  a:
    runs-on: x
    env:
      COSIGN_PASSWORD: ${{ secrets.COSIGN }}
    steps:
      - uses: shop/thing@v1
      - name: Call
        run: |
          curl -H "Authorization: ${{ secrets.HOOK }}" https://example.com
      - name: Use
        run: echo "$API_TOKEN" "$COSIGN_PASSWORD"
      - uses: docker/login-action@v3
        with: {username: me, password: s3cret-s3cret}
      - run: |
          cat > key <<EOF
          -----BEGIN EC PRIVATE KEY-----
          EOF
      - name: Echo
        run: X="${{ secrets.K }}" echo "${{ secrets.K }}" > file
      # ${{ toJSON(secrets) }}
      - run: echo '${{ toJSON( secrets ) }}' '${{ toJSON(secretsOf) }}'
  b: {uses: org/x/.github/workflows/y.yml@main, secrets: inherit}
`)
	var got []string
	for _, s := range p.Secrets {
		got = append(got, fmt.Sprintf("%d %s %s to=%s", s.Line, s.Kind, s.Name, s.To))
		for _, value := range []string{"hunter22", "s3cret"} {
			if strings.Contains(fmt.Sprint(s), value) {
				t.Errorf("the secret itself is told: %+v", s)
			}
		}
	}
	same(t, "secrets", got, []string{
		"3 exposed API to=shop/thing@v1, Call, docker/login-action@v3, cat > key <<EOF, Echo and 1 more",
		"5 password DB_PASSWORD to=",
		"11 exposed COSIGN to=shop/thing@v1, Call, docker/login-action@v3, cat > key <<EOF, Echo and 1 more",
		"16 argument HOOK to=",
		"20 password password to=",
		"23 private_key private key to=",
		"28 exposed secrets to=whatever reads the text",
		"29 exposed secrets: inherit to=org/x/.github/workflows/y.yml@main",
	})
}

func TestOIDC(t *testing.T) {
	p := one(t, `on: push
jobs:
  a:
    runs-on: x
    permissions: {id-token: write}
    steps:
      - uses: aws-actions/configure-aws-credentials@v4
        with: {role-to-assume: "arn:x"}
      - uses: google-github-actions/auth@v2
        with: {credentials_json: "${{ secrets.K }}"}
      - uses: pypa/gh-action-pypi-publish@v1
`)
	same(t, "uses", p.Jobs[0].OIDC, []string{"aws-actions/configure-aws-credentials", "pypa/gh-action-pypi-publish"})
}
