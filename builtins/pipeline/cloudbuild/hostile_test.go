package cloudbuild_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/pipeline/cloudbuild"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

func one(text string) ([]model.Pipeline, []model.Problem) {
	return read(fstest.MapFS{"cloudbuild.yaml": {Data: []byte(text)}}, "cloudbuild.yaml")
}

func TestIs(t *testing.T) {
	const steps = "steps: [{name: gcr.io/cloud-builders/docker, args: [build, .]}]"
	for _, row := range []struct {
		name, text string
		want       bool
	}{
		{"cloudbuild.yaml", "", true},
		{"deploy/cloudbuild.json", "", true},
		{"cloudbuild-release.yaml", steps, true},
		{"cloudbuild-release.yaml", "", false},
		{"release.cloudbuild.yml", steps, true},
		{"cloudbuild-notes.yaml", "kind: ConfigMap", false},
		{"cloudbuild_steps.yaml", "steps: [{uses: actions/checkout@v4, name: x}]", false},
		{"azure-pipelines.yml", steps, false},
		{"cloudbuild-x.yaml", "steps: [", false},
	} {
		require.Equal(t, row.want, cloudbuild.Is(row.name, []byte(row.text)), row.name)
	}
}

// What is not known stays a symbol; what the shell expands is left to it.
func TestSubstitutions(t *testing.T) {
	for name, row := range map[string]struct{ image, substitutions, want string }{
		"of Cloud Build":       {"gcr.io/$PROJECT_ID/a:$SHORT_SHA", "{}", "gcr.io/${PROJECT_ID}/a:${SHORT_SHA}"},
		"with a default":       {"$_REPO/a", "{_REPO: gcr.io/shop}", "gcr.io/shop/a"},
		"in braces":            {"${_REPO}a", "{_REPO: gcr.io/shop/}", "gcr.io/shop/a"},
		"of another":           {"$_A/a", "{_A: gcr.io/$_B, _B: shop}", "gcr.io/shop/a"},
		"of itself":            {"$_A/a", "{_A: $_B, _B: $_A}", "${_A}/a"},
		"a placeholder":        {"a/b:$_X", "{_X: \"12345\"}", "a/b:${_X}"},
		"what differs by name": {"a/b:$_GIT_TAG", "{_GIT_TAG: v1.2.3}", "a/b:${_GIT_TAG}"},
		"without a default":    {"a/b:$_X", "{}", "a/b:${_X}"},
		"a doubled dollar":     {"a/b:$$X", "{}", "a/b:$X"},
	} {
		t.Run(name, func(t *testing.T) {
			p, problems := one("steps: []\nimages: ['" + row.image + "']\nsubstitutions: " + row.substitutions)
			require.Empty(t, problems)
			require.Equal(t, row.want, p[0].Jobs[0].Steps[0].Actions[0].Images[0].Text)
		})
	}
}

// Whether a failure ends the step depends on the options of its shell.
func TestWhetherAFailureCounts(t *testing.T) {
	for name, row := range map[string]struct {
		args     string
		optional bool
	}{
		"no -e":            {`entrypoint: bash, args: [-c, "X\ntrue"]`, true},
		"the last command": {`entrypoint: bash, args: [-c, "true\nX"]`, false},
		"-e":               {`entrypoint: bash, args: [-e, -c, "X\ntrue"]`, false},
		"-ec":              {`entrypoint: sh, args: [-ec, "X\ntrue"]`, false},
		"-ceuo pipefail":   {`entrypoint: bash, args: [-ceuo, pipefail, "X\ntrue"]`, false},
		"set -e":           {`entrypoint: bash, args: [-c, "set -e\nX\ntrue"]`, false},
		"script":           {`script: "X\ntrue"`, true},
		"script, set -e":   {`script: "#!/bin/sh\nset -e\nX\ntrue"`, false},
		"or true":          {`entrypoint: bash, args: [-ec, "X || true\ntrue"]`, true},
	} {
		t.Run(name, func(t *testing.T) {
			p, problems := one("steps: [{name: docker, " + strings.ReplaceAll(row.args, "X", "trivy image --exit-code 1 a") + "}]")
			require.Empty(t, problems)
			actions := p[0].Jobs[0].Steps[0].Actions
			require.Len(t, actions, 1)
			require.Equal(t, row.optional, actions[0].Optional != "", actions[0].Optional)
		})
	}
}

func TestCustomBuilders(t *testing.T) {
	p, problems := one(`steps:
- {name: gcr.io/$PROJECT_ID/image-signer, args: [config.yaml]}
- {name: gcr.io/$PROJECT_ID/deploy, args: [config.yaml]}
- {name: gcr.io/$PROJECT_ID/cosign, args: [sign, --key, k, a]}
`)
	require.Empty(t, problems)
	require.Len(t, p[0].Unseen, 1)
	require.Equal(t, model.Unseen{
		Place: model.Place{File: "cloudbuild.yaml", Line: 2}, Kind: "task", Name: "gcr.io/${PROJECT_ID}/image-signer", Job: "build",
		May: []model.Kind{model.Attest, model.Sign}, Supply: "what the image gcr.io/${PROJECT_ID}/image-signer does",
	}, p[0].Unseen[0])
	require.False(t, p[0].Jobs[0].Steps[2].Actions[0].Known, "only the name tells")
}

func times(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// Files that are made to cost much end in an answer or a clear problem, and soon.
func TestHostile(t *testing.T) {
	for name, row := range map[string]struct {
		text string
		code string // of the problem that is expected
	}{
		"steps":         {"steps:\n" + strings.Repeat("- {name: docker, args: [build, .]}\n", 3000), "too_large"},
		"parallel":      {"steps:\n" + times(900, "- {id: s%d, name: docker, args: [build, .]}\n") + "- {name: docker, waitFor: [s1]}\n", ""},
		"environment":   {"options:\n  env:\n" + times(20_000, "  - V%d=$_X\n") + "steps:\n" + strings.Repeat("- {name: docker, args: [build, .]}\n", 900), "too_large"},
		"substitutions": {"substitutions:\n  _V0: xxxxxxxxxxx\n" + times(60, "  _V1%d: $_V0$_V0\n") + doubling(60) + "steps: [{name: docker, args: [build, -t, $_D60, .]}]\n", ""},
		"a long line":   {"steps: [{name: docker, script: \"" + strings.Repeat("x", 5<<20) + "\"}]", "too_large"},
		"a list":        {"- a\n", "malformed"},
		"nothing":       {"", "malformed"},
		"binary":        {"a: \xff\n", "malformed"},
		"no steps":      {"steps: {a: b}\n", "malformed"},
		"a step":        {"steps: [x]\n", "malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := one(row.text)
			var codes []string
			for _, p := range problems {
				codes = append(codes, p.Code)
			}
			if row.code == "" {
				require.Empty(t, codes)
				return
			}
			require.Contains(t, codes, row.code)
		})
	}
}

func doubling(n int) string {
	var b strings.Builder
	b.WriteString("  _D0: xxxxxxxxxx\n")
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, "  _D%d: $_D%d$_D%d\n", i, i-1, i-1)
	}
	return b.String()
}

// Reading anything ends, without a panic.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"steps: [{name: docker, args: [build, -t, $_A, .], waitFor: ['-'], id: a}]\nimages: [$_A]\nsubstitutions: {_A: $_B, _B: x}\n",
		"steps: [{name: ubuntu, entrypoint: bash, args: [-ceuo, pipefail, 'docker push $$A']}]\n",
		"steps: [{script: 'docker push $A', env: ['A=b'], secretEnv: [X], dir: a}]\noptions: {env: [X=y], secretEnv: [Z]}\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 20_000 {
			t.Skip()
		}
		pipelines, _ := one(text)
		for _, p := range pipelines {
			for _, j := range p.Jobs {
				require.NotEmpty(t, j.ID)
			}
		}
	})
}
