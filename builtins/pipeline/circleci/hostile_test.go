package circleci_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/pipeline/circleci"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

const config = ".circleci/config.yml"

func one(text string) ([]model.Pipeline, []model.Problem) {
	return read(fstest.MapFS{config: {Data: []byte(text)}}, config)
}

func TestIs(t *testing.T) {
	const text = "version: 2.1\njobs: {}\n"
	for _, row := range []struct {
		name, text string
		want       bool
	}{
		{config, "", true},
		{"sub/.circleci/config.yaml", "", true},
		{".circleci/continue_config.yml", text, true},
		{".circleci/continue_config.yml", "", false},
		{".circleci/parameters.yml", "a: b", false},
		{".circleci/broken.yml", "a: [", false},
		{"circleci/config.yml", text, false},
		{".circleci/readme.md", text, false},
	} {
		require.Equal(t, row.want, circleci.Is(row.name, []byte(row.text)), row.name)
	}
}

// Whether a failure ends the step depends on the options of its shell.
func TestWhetherAFailureCounts(t *testing.T) {
	for name, row := range map[string]struct {
		step     string
		optional bool
	}{
		"the default":          {`{command: "X\ntrue"}`, false},
		"through a pipe":       {`{command: "X | tee report\ntrue"}`, false},
		"a shell without -e":   {`{shell: /bin/bash, command: "X\ntrue"}`, true},
		"a shell with -e":      {`{shell: /bin/sh -e, command: "X\ntrue"}`, false},
		"-e without pipefail":  {`{shell: /bin/bash -e, command: "X | tee report\ntrue"}`, true},
		"-eo pipefail":         {`{shell: "/bin/bash --login -eo pipefail", command: "X | tee report\ntrue"}`, false},
		"or true":              {`{command: "X || true"}`, true},
		"set +e":               {`{command: "set +e\nX\ntrue"}`, true},
		"without the rest":     {`{shell: /bin/bash, command: "X"}`, false},
		"in an if of the step": {`{command: "if X; then true; fi"}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			p, problems := one("version: 2.1\njobs: {build: {machine: true, steps: [{run: " + strings.ReplaceAll(row.step, "X", "trivy image --exit-code 1 a") + "}]}}\n")
			require.Empty(t, problems)
			actions := p[0].Jobs[0].Steps[0].Actions
			require.Len(t, actions, 1)
			require.Equal(t, row.optional, actions[0].Optional != "", actions[0].Optional)
		})
	}
}

// Conditions that are known decide; those that are not are said.
func TestConditions(t *testing.T) {
	for condition, want := range map[string][]string{
		"true":                                    nil,
		"<< pipeline.parameters.x >>":             {"${pipeline.parameters.x}"},
		"{not: << pipeline.parameters.x >>}":      {"!(${pipeline.parameters.x})"},
		"{equal: [a, a]}":                         nil,
		"{equal: [a, << pipeline.git.branch >>]}": {"a == ${pipeline.git.branch}"},
		"{and: [true, {equal: [a, << pipeline.git.branch >>]}, << pipeline.x >>]}": {"a == ${pipeline.git.branch} && ${pipeline.x}"},
		"{or: [true, << pipeline.x >>]}":                                           nil,
		"{or: [false, << pipeline.x >>]}":                                          {"or(${pipeline.x})"},
		"{matches: {pattern: \"^v.*\", value: << pipeline.git.tag >>}}":            {"${pipeline.git.tag} matches ^v.*"},
		"pipeline.git.branch == \"main\"":                                          {`pipeline.git.branch == "main"`},
	} {
		t.Run(condition, func(t *testing.T) {
			p, problems := one("version: 2.1\njobs: {build: {machine: true, steps: [{when: {condition: " + condition + ", steps: [{run: docker push a}]}}]}}\n")
			require.Empty(t, problems)
			require.Len(t, p[0].Jobs[0].Steps, 1)
			require.Equal(t, want, p[0].Jobs[0].Steps[0].When)
		})
	}
	for _, condition := range []string{"false", "{not: true}", "{equal: [a, b]}", "{and: [false, << pipeline.x >>]}", "{or: [false, {not: true}]}", `""`} {
		p, problems := one("version: 2.1\njobs: {build: {machine: true, steps: [{when: {condition: " + condition + ", steps: [{run: docker push a}]}}]}}\n")
		require.Empty(t, problems, condition)
		require.Empty(t, p[0].Jobs[0].Steps, condition)
	}
}

// Scripts and Makefiles are followed from where the step works.
func TestFolders(t *testing.T) {
	const text = "version: 2.1\njobs: {build: {machine: true, working_directory: %s, steps: [{run: {command: make push, working_directory: %s}}]}}\n"
	for _, row := range []struct{ job, step, want string }{
		{"~/repo", "\"\"", "root"},
		{"~/repo", "api", "api"},
		{"~/repo", "~/repo/api", "api"},
		{"~/project/api", "\"\"", "api"},
		{"~/project/elsewhere", "\"\"", "root"},
		{"\"\"", "~/project/api", "api"},
		{"\"\"", "api", "api"},
	} {
		pipelines, problems := read(fstest.MapFS{
			config:         {Data: fmt.Appendf(nil, text, row.job, row.step)},
			"Makefile":     {Data: []byte("push:\n\tdocker push root\n")},
			"api/Makefile": {Data: []byte("push:\n\tdocker push api\n")},
		}, config)
		require.Empty(t, problems)
		actions := pipelines[0].Jobs[0].Steps[0].Actions
		require.Len(t, actions, 1)
		require.Equal(t, row.want, actions[0].Images[0].Text, "%v", row)
	}
}

// Orbs that nobody can see are Unseen, but for what only prepares.
func TestOrbs(t *testing.T) {
	const text = "version: 2.1\norbs: {o: %s}\njobs: {build: {machine: true, steps: [o/%s]}}\n"
	for _, row := range []struct {
		orb, command string
		unseen       bool
		may          []model.Kind
	}{
		{"acme/cosign@1.0.0", "sign-image", true, []model.Kind{model.Attest, model.Sign}},
		{"acme/cosign@1.0.0", "install", false, nil},
		{"acme/cosign@1.0.0", "install-and-sign", true, []model.Kind{model.Attest, model.Sign}},
		{"acme/tools@1.0.0", "run", true, nil},
		{"circleci/slack@4", "notify", false, nil},
		{"circleci/docker@2.8.2", "check", false, nil},
		{"circleci/docker@2.8.2", "something-new", true, []model.Kind{model.Build, model.Push}},
	} {
		p, problems := one(fmt.Sprintf(text, row.orb, row.command))
		require.Empty(t, problems)
		require.Equal(t, row.unseen, len(p[0].Unseen) == 1, "%v", row)
		if row.unseen {
			require.Equal(t, row.may, p[0].Unseen[0].May, "%v", row)
		}
	}
}

func times(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// commands are commands of which each uses the one before ten times.
func commands(n int) string {
	text := "commands:\n  c0: {steps: [{run: docker push a}]}\n"
	for i := 1; i <= n; i++ {
		text += fmt.Sprintf("  c%d: {steps: [%s]}\n", i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("c%d, ", i-1), 10), ", "))
	}
	return text + fmt.Sprintf("jobs: {build: {machine: true, steps: [c%d]}}\n", n)
}

// waiting are jobs of which each requires all before.
func waiting(n int) string {
	var b strings.Builder
	names := make([]string, 0, n)
	for i := range n {
		fmt.Fprintf(&b, "    - j: {name: j%d, requires: [%s]}\n", i, strings.Join(names, ", "))
		names = append(names, fmt.Sprintf("j%d", i))
	}
	return "version: 2.1\njobs: {j: {machine: true, steps: [{run: docker push a}]}}\nworkflows:\n  w:\n    jobs:\n" + b.String()
}

// Files that are made to cost much end in an answer or a clear problem, and soon.
func TestHostile(t *testing.T) {
	big := "parameters: {p: {type: string}}\ncommands: {c: {parameters: {p: {type: string}}, steps: [{run: \"" + strings.Repeat("<< parameters.p >>", 100) + "\"}]}}\n"
	for name, row := range map[string]struct {
		text string
		code string // of the problem that is expected
	}{
		"commands":       {"version: 2.1\n" + commands(9), "too_large"},
		"parameters":     {"version: 2.1\n" + big + "jobs: {build: {machine: true, steps: [" + strings.Repeat("{c: {p: \""+strings.Repeat("x", 2000)+"\"}}, ", 500) + "]}}\n", ""},
		"jobs":           {"version: 2.1\njobs: {j: {machine: true, steps: [{run: docker push a}]}}\nworkflows: {w: {jobs: [" + strings.Repeat("j, ", 3000) + "]}}\n", "too_large"},
		"waiting":        {waiting(400), ""},
		"matrix":         {"version: 2.1\njobs: {j: {machine: true, steps: [{run: docker push a}]}}\nworkflows: {w: {jobs: [{j: {matrix: {parameters: {" + times(9, "p%d: [a, b, c, d, e, f], ") + "}}}}]}}\n", ""},
		"variables":      {"version: 2.1\njobs:\n  build:\n    machine: true\n    environment:\n" + times(20_000, "      V%d: x\n") + "    steps: [" + strings.Repeat("{run: docker push a}, ", 2000) + "]\n", "too_large"},
		"logic":          {"version: 2.1\njobs: {build: {machine: true, steps: [{when: {condition: " + strings.Repeat("{not: ", 150) + "true" + strings.Repeat("}", 150) + ", steps: []}}]}}\n", ""},
		"orbs in orbs":   {"version: 2.1\norbs: " + strings.Repeat("{a: {orbs: ", 80) + "{}" + strings.Repeat("}}", 80) + "\njobs: {}\n", ""},
		"each other":     {"version: 2.1\njobs: {j: {machine: true, steps: []}}\nworkflows: {w: {jobs: [{j: {name: a, requires: [b]}}, {j: {name: b, requires: [a]}}]}}\n", ""},
		"a long line":    {"version: 2.1\njobs: {build: {machine: true, steps: [{run: \"" + strings.Repeat("x", 5<<20) + "\"}]}}\n", "too_large"},
		"a list":         {"- a\n", "malformed"},
		"nothing":        {"", "malformed"},
		"binary":         {"a: \xff\n", "malformed"},
		"all is strange": {"version: 2.1\njobs: [a]\nworkflows: [b]\norbs: c\ncommands: d\n", ""},
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

// Reading anything ends, without a panic.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"version: 2.1\njobs: {build: {docker: [{image: a, environment: {A: b}}], steps: [checkout, {run: {command: docker push $A, when: always}}]}}\n",
		"version: 2.1\norbs: {d: circleci/docker@1.2.3, s: snyk/snyk@1}\nworkflows: {w: {when: {and: [a]}, jobs: [{d/publish: {image: a, tag: 'b,c', after_build: [{run: x}]}}, {h: {type: approval}}]}}\n",
		"version: 2.1\ncommands: {c: {parameters: {p: {default: x}}, steps: [{run: << parameters.p >>}, {unless: {condition: << parameters.p >>, steps: [c]}}]}}\njobs: {j: {steps: [{c: {p: y}}]}}\nworkflows: {w: {jobs: [{j: {matrix: {parameters: {p: [1, 2]}}, name: j-<< matrix.p >>, requires: [{k: [failed]}]}}]}}\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 20_000 {
			t.Skip()
		}
		pipelines, _ := one(text)
		for _, p := range pipelines {
			ids := map[string]bool{}
			for _, j := range p.Jobs {
				require.False(t, ids[j.ID], j.ID)
				ids[j.ID] = true
			}
		}
	})
}
