package github_test

import (
	"strings"
	"testing"
)

// Conditions keep their name through variables and inputs, and GitHub's
// difference between true and 'true' stays one.
func TestTruth(t *testing.T) {
	const head = `on:
  workflow_call:
    inputs: {push: {type: boolean}, name: {type: string}}
env: {PUSH: "${{ inputs.push }}", TAG: "${{ github.ref_type == 'tag' && 'true' || 'false' }}"}
jobs:
  build:
    runs-on: x
    strategy: {matrix: {push: [true], flag: ['no']}}
    steps:
      - uses: docker/login-action@v3
        if: `
	const never = "never"
	for _, row := range []struct{ cond, want string }{
		{"inputs.push", "inputs.push"},
		{"inputs.push == true", "inputs.push"},
		{"inputs.push == false", "!inputs.push"},
		{"inputs.push != true", "!inputs.push"},
		{"\"!inputs.push\"", "!inputs.push"},
		{"inputs.push == 'true'", "inputs.push == 'true'"},
		{"env.PUSH == 'true'", "inputs.push"},
		{"env.PUSH != 'true'", "!inputs.push"},
		{"env.PUSH", "'${{ inputs.push }}'"},
		{"env.TAG == 'true'", "github.ref_type == 'tag'"},
		{"env.TAG == 'false'", "github.ref_type != 'tag'"},
		{"inputs.name == 'true'", "inputs.name == 'true'"},
		{"inputs.push && true", "inputs.push"},
		{"inputs.push || false", "inputs.push"},
		{"matrix.push", ""},
		{"matrix.push == 'true'", ""},
		{"matrix.push == true", ""},
		{"matrix.push != true", never},
		{"matrix.flag == 'no'", ""},
		{"matrix.none", never},
		{"\"'false'\"", ""},
		{"0", never},
		{"(inputs.name == 'a' && 'x' || 'y') == 'z'", "(inputs.name == 'a' && 'x' || 'y') == 'z'"},
		{"('a' == 'b' && 'x' || 'y') == 'y'", ""},
		{"('a' == 'a' && 'x' || 'y') == 'y'", never},
		{"fromJSON(steps.m.outputs.metadata)['containerimage.digest'] != ''", "jobs.build.steps.m.outputs.digest != ''"},
		{"1 < 2 && 'A' == 'a'", ""},
		{"null == 0", ""},
		{"true == 'true'", never},
		{"contains(fromJSON('[\"a\",\"b\"]'), 'B')", ""},
		{"contains(fromJSON('[\"a\",\"b\"]'), 'c')", never},
		{"format('{0}-{1}', 'a', 'b') == 'a-b'", ""},
		{"join(fromJSON('[1,2]'), '-') == '1-2'", ""},
		{"endsWith('abc', 'bc')", ""},
		{"contains(github.ref, 'x')", "contains(github.ref, 'x')"},
		{"\"!contains(github.ref, 'x')\"", "!contains(github.ref, 'x')"},
	} {
		t.Run(row.cond, func(t *testing.T) {
			p := one(t, head+row.cond+"\n")
			s := p.Jobs[0].Steps[0]
			got := strings.Join(s.When, " AND ")
			if len(s.Actions) == 0 {
				got = never
			}
			if got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

// A switch of an action is text: it keeps the condition that it was given.
func TestSwitches(t *testing.T) {
	for _, row := range []struct{ push, want string }{
		{"true", "pushes=yes"},
		{"false", ""},
		{"${{ github.event_name != 'pull_request' }}", "pushes=yes push_when=github.event_name != 'pull_request'"},
		{"${{ github.event_name == 'push' && github.ref_type == 'tag' }}", "pushes=yes push_when=github.event_name == 'push' AND github.ref_type == 'tag'"},
		{"${{ github.event_name == 'pull_request' && 'false' || 'true' }}", "pushes=yes push_when=github.event_name != 'pull_request'"},
		{"${{ env.NO == 'yes' }}", ""},
		{"${{ inputs.push || false }}", "pushes=yes push_when=inputs.push || false"},
	} {
		p := one(t, "env: {NO: 'no'}\n"+steps("      - uses: docker/build-push-action@v6\n        with: {push: \""+row.push+"\", tags: a}\n"))
		_, rest, _ := strings.Cut(lines(p)[0], " name:a")
		if got := strings.TrimSpace(rest); got != row.want {
			t.Errorf("%s: got %q, want %q", row.push, got, row.want)
		}
	}
}

func TestOtherServers(t *testing.T) {
	p, problems := repo{".forgejo/workflows/ci.yml": steps("      - uses: https://code.forgejo.org/docker/build-push-action@v6\n        with: {push: true, tags: a}\n")}.read(t, ".forgejo/workflows/ci.yml")
	if len(problems) > 0 {
		t.Error(problems)
	}
	same(t, "actions", lines(p), []string{"build/#1 ci.yml:7 build buildx name:a pushes=yes"})
}

func TestBadExpression(t *testing.T) {
	_, problems := repo{ci: steps("      - run: echo ${{ a b }}\n")}.read(t, ci)
	if len(problems) != 1 || problems[0].Line != 7 || problems[0].Code != "malformed" || !strings.Contains(problems[0].Text, "no expression") {
		t.Errorf("%+v", problems)
	}
}
