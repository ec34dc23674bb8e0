package github_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/waxseal/waxseal/builtins/pipeline/github"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
	"github.com/waxseal/waxseal/builtins/pipeline/source"
)

// bomb is an anchor of anchors, each of ten.
func bomb() string {
	var b strings.Builder
	b.WriteString("on: push\nx0: &x0 [a, a, a, a, a, a, a, a, a, a]\n")
	for i := 1; i < 9; i++ {
		fmt.Fprintf(&b, "x%d: &x%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*x%d, ", i-1), 10), ", "))
	}
	return b.String() + "jobs: {a: {runs-on: x, steps: [{run: \"true\"}]}}\n"
}

func TestProblems(t *testing.T) {
	wide := "on: push\njobs:\n  a:\n    runs-on: x\n    strategy:\n      matrix:\n"
	for i := range 6 {
		wide += fmt.Sprintf("        m%d: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n", i)
	}
	nested := repo{}
	for i := range 20 {
		nested[fmt.Sprintf(".github/workflows/w%d.yml", i)] = fmt.Sprintf("on: workflow_call\njobs: {a: {uses: ./.github/workflows/w%d.yml}, b: {uses: ./.github/workflows/w%d.yml}}\n", i+1, i+1)
	}
	nested[ci] = "on: push\njobs: {a: {uses: ./.github/workflows/w0.yml}}\n"
	for _, row := range []struct {
		name  string
		files repo
		line  int
		want  string // in the text of a problem
		code  string
	}{
		{"no YAML", repo{ci: "on: push\n\tjobs:\n"}, 2, "tab", "malformed"},
		{"a list", repo{ci: "[a, b]\n"}, 1, "holds no object", "malformed"},
		{"empty", repo{ci: ""}, 1, "holds no object", "malformed"},
		{"no steps", repo{ci: "on: push\njobs:\n  a:\n    runs-on: x\n"}, 3, `"steps" section is missing`, "malformed"},
		{"unknown key", repo{ci: "on: push\njobs:\n  a:\n    runs-on: x\n    step: []\n    steps: [{run: a}]\n"}, 5, `unexpected key "step"`, "malformed"},
		{"a key twice", repo{ci: "on: push\non: push\njobs: {a: {runs-on: x, steps: [{run: a}]}}\n"}, 2, "stands twice", "malformed"},
		{"needs nobody", repo{ci: "on: push\njobs:\n  a: {runs-on: x, needs: b, steps: [{run: a}]}\n"}, 3, "no job of this workflow", "malformed"},
		{"needs itself", repo{ci: "on: push\njobs:\n  a: {runs-on: x, needs: b, steps: [{run: a}]}\n  b: {runs-on: x, needs: a, steps: [{run: a}]}\n"}, 4, "need each other", "malformed"},
		{"anchors", repo{ci: bomb()}, 6, "aliases expand", "malformed"},
		{"deep", repo{ci: "on: push\nx: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "\n"}, 2, "nested deeper", "malformed"},
		{"calls itself", repo{ci: "on: workflow_call\njobs:\n  a:\n    uses: ./.github/workflows/ci.yml\n"}, 4, "call each other", "malformed"},
		{"calls many", nested, 2, "deep", "malformed"},
		{"wide matrix", repo{ci: wide + "    steps: [{run: a}]\n"}, 6, "more than 256 jobs", "too_large"},
		{"action of itself", repo{ci: steps("      - uses: ./x\n"), "x/action.yml": "runs:\n  using: composite\n  steps:\n    - uses: ./x\n"}, 4, "actions use each other", "malformed"},
		{"bad action", repo{ci: steps("      - uses: ./x\n"), "x/action.yml": "name: x\n"}, 1, `needs "runs"`, "malformed"},
		{"too large", repo{ci: "on: push\n# " + strings.Repeat("x", 5<<20)}, 0, "more than", "too_large"},
		{"not there", repo{}, 0, "no such file", "not_found"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, problems := row.files.read(t, ci)
			for _, p := range problems {
				if strings.Contains(p.Text, row.want) && p.Code == row.code && (p.Line == row.line || row.name == "calls many") {
					return
				}
			}
			t.Errorf("no problem %q of code %s in line %d in %+v", row.want, row.code, row.line, problems)
		})
	}
}

// Texts that grow, megabyte lines and expressions without end are read in no time.
func TestBounded(t *testing.T) {
	doubling := "      - id: s0\n        run: echo \"x=${{ github.sha }}\" >> $GITHUB_OUTPUT\n"
	for i := 1; i < 60; i++ {
		doubling += fmt.Sprintf("      - id: s%d\n        run: echo \"x=${{ steps.s%d.outputs.x }}${{ steps.s%d.outputs.x }}\" >> $GITHUB_OUTPUT\n", i, i-1, i-1)
	}
	for _, row := range []struct{ name, text string }{
		{"outputs of outputs", steps(doubling)},
		{"a long line", steps("      - run: docker push " + strings.Repeat("x", 1<<20) + "\n")},
		{"parentheses", steps("      - run: echo\n        if: \"" + strings.Repeat("(", 1<<20) + "\"\n")},
		{"braces", steps("      - run: echo " + strings.Repeat("${{", 1<<17) + "\n")},
		{"expressions", steps("      - run: echo " + strings.Repeat("${{ a || b && c }}", 1<<14) + "\n")},
		{"one expression", steps("      - run: echo ${{ a" + strings.Repeat(" || a", 3000) + " }}\n")},
		{"negations", steps("      - uses: docker/login-action@v3\n        if: \"" + strings.Repeat("!", 15000) + "a\"\n")},
		{"tags", steps("      - uses: docker/build-push-action@v6\n        with: {tags: \"" + strings.Repeat("a:1,", 1<<17) + "\"}\n")},
	} {
		t.Run(row.name, func(t *testing.T) {
			repo{ci: row.text}.read(t, ci)
		})
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		steps("      - run: docker push a:${{ github.sha }}\n"),
		steps("      - uses: ./x\n        with: {a: \"${{ matrix.b || format('{0}', inputs.c) }}\"}\n"),
		"on: push\njobs:\n  a:\n    strategy: {matrix: {x: [1, 2], include: [{x: 1, y: 2}], exclude: [{x: 2}]}}\n    runs-on: x\n    needs: a\n    steps: [{uses: docker/metadata-action@v5, with: {images: a}}]\n",
		"on: {workflow_call: {inputs: {a: {type: boolean}}, outputs: {b: {value: \"${{ jobs.c.outputs.d }}\"}}}}\njobs: {c: {uses: ./.github/workflows/ci.yml, secrets: inherit}}\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 20_000 {
			return
		}
		fsys := fstest.MapFS{ci: {Data: []byte(text)}, "x/action.yml": {Data: []byte(text)}}
		github.Is(ci, []byte(text))
		pipelines, problems := github.Read(shell.New(source.New(context.Background(), fsys, source.Limits{})), ci)
		if len(pipelines) == 0 && len(problems) == 0 {
			t.Error("nothing was read, and nobody says why")
		}
	})
}

func BenchmarkRead(b *testing.B) {
	var text strings.Builder
	for i := range 40 {
		fmt.Fprintf(&text, "      - id: s%d\n        uses: docker/build-push-action@v6\n        with: {push: true, tags: \"a:${{ github.sha }}\"}\n      - run: cosign sign --yes a@${{ steps.s%d.outputs.digest }}\n", i, i)
	}
	fsys := fstest.MapFS{ci: {Data: []byte(steps(text.String()))}}
	for b.Loop() {
		github.Read(shell.New(source.New(context.Background(), fsys, source.Limits{})), ci)
	}
}
