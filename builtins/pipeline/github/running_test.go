package github_test

import "testing"

func TestCheckoutIntoFolder(t *testing.T) {
	p, _ := repo{
		ci: steps(`      - uses: actions/checkout@v4
        with: {path: src}
      - uses: actions/checkout@v4
        with: {path: other, repository: org/other}
      - uses: ./src/act
      - run: ./push.sh
        working-directory: src/sub
      - uses: ./other/docker
`),
		"sub/push.sh":    "docker push sub:1\n",
		"act/action.yml": "runs:\n  using: composite\n  steps:\n    - {shell: bash, run: docker push act:1}\n",
	}.read(t, ci)
	same(t, "actions", lines(p), []string{"build/#3 action.yml:4 push docker tag:act:1", "build/#4 push.sh:1 push docker tag:sub:1"})
	same(t, "unseen", unseen(p), []string{"14 action ./other/docker job=build may=[]"})
}

func TestScriptsOfActions(t *testing.T) {
	p := one(t, steps(`      - uses: nick-fields/retry@v3
        with:
          max_attempts: 3
          command: |
            docker build -t a:1 .
            docker push a:1
      - uses: docker://gcr.io/go-containerregistry/crane:v1
        with: {args: "copy a:1 b:1"}
      - uses: actions-hub/docker@v2
        with: {args: push a:1}
`))
	got := lines(p)
	same(t, "actions", got, []string{
		"build/#1 ci.yml:11 build docker tag:a:1",
		"build/#1 ci.yml:12 push docker tag:a:1",
		"build/#2 ci.yml:13 copy crane tag:b:1 from=a:1 pushes=yes",
		"build/#3 ci.yml:15 push docker tag:a:1",
	})
}

func TestGoreleaser(t *testing.T) {
	p, _ := repo{
		ci:                 steps("      - uses: goreleaser/goreleaser-action@v6\n        with: {args: release --clean}\n"),
		".goreleaser.yaml": "version: 2\ndockers:\n  - image_templates: [\"ghcr.io/shop/app:{{ .Tag }}\"]\n",
	}.read(t, ci)
	got := lines(p)
	if len(got) == 0 || p.Jobs[0].Steps[0].Actions[0].Through[0].Line != 7 {
		t.Errorf("goreleaser does %q", got)
	}
}

// A job that never runs does nothing, and leaves nothing to be seen; what it names is named.
func TestNeverRuns(t *testing.T) {
	p := one(t, `on: push
jobs:
  a:
    if: false
    runs-on: x
    steps:
      - uses: shop/sign-image@v1
      - run: make publish
  b: {needs: a, runs-on: x, steps: [{run: docker push a:1}]}
  c: {needs: a, if: always(), runs-on: x, steps: [{run: docker push a:1}]}
  d: {needs: a, uses: org/x/.github/workflows/sign.yml@v1}
`)
	same(t, "actions", lines(p), []string{"c/#1 ci.yml:10 push docker tag:a:1"})
	same(t, "unseen", unseen(p), []string{})
	same(t, "references", references(p), []string{"ci.yml:7 action shop/sign-image@v1", "ci.yml:11 workflow org/x/.github/workflows/sign.yml@v1"})
}

// A variable that a step may or may not change has no known value.
func TestVariableThatMayChange(t *testing.T) {
	p := one(t, "env: {IMAGE: other}\n"+steps(`      - if: github.ref_type == 'tag'
        run: echo IMAGE=app >> $GITHUB_ENV
      - run: docker push $IMAGE
      - run: echo IMAGE=app >> $GITHUB_ENV
      - run: docker push $IMAGE
`))
	same(t, "actions", lines(p), []string{"build/#2 ci.yml:10 push docker unknown:${env.IMAGE}", "build/#4 ci.yml:12 push docker name:app"})
}

// Values of a matrix that are written alike in symbols stay apart.
func TestMatrixOfLookalikes(t *testing.T) {
	p := one(t, `on: push
jobs:
  build:
    runs-on: x
    strategy: {matrix: {image: [a/b, a-b, "a b"]}}
    steps:
      - id: p
        uses: docker/build-push-action@v6
        with: {tags: "${{ matrix.image }}"}
`)
	var got []string
	for _, j := range p.Jobs {
		got = append(got, j.Steps[0].Actions[0].Digests[0])
	}
	same(t, "digests", got, []string{"jobs.build.a-b.steps.p.outputs.digest", "jobs.build.a-b.2.steps.p.outputs.digest", "jobs.build.a-b.3.steps.p.outputs.digest"})
}

func TestUnseenOfIdleMatrix(t *testing.T) {
	p := one(t, `on: push
jobs:
  a:
    runs-on: x
    strategy: {matrix: {os: [a, b]}}
    steps: [{uses: shop/sign-image@v1}]
`)
	same(t, "unseen", unseen(p), []string{"6 action shop/sign-image@v1 job=a may=[sign attest]"})
}

// PowerShell is not read as if it were a shell of Unix.
func TestWindows(t *testing.T) {
	for _, row := range []struct {
		job, on string
		want    int
	}{
		{"a", "ubuntu-latest", 1}, {"a", "windows-2022", 0}, {"a", "[self-hosted, linux]", 1}, {"a", "${{ matrix.os }}", 0},
		{"test-windows", "[self-hosted, pool]", 0}, {"test-windows", "ubuntu-latest", 1},
	} {
		p, problems := repo{ci: "on: {push: {branches: }}\njobs:\n  " + row.job + ":\n    strategy: {matrix: {os: [windows-latest]}}\n    runs-on: " + row.on + `
    steps:
      - run: |
          if ( $LASTEXITCODE ) { exit $LASTEXITCODE }
      - shell: bash
        run: docker push a
`}.read(t, ci)
		if len(problems) != row.want || len(lines(p)) != 1 {
			t.Errorf("%s on %s: %v %v", row.job, row.on, problems, lines(p))
		}
	}
}
