package gitlab_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func times(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// doubling are variables of which each is twice the one before.
func doubling(n int) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, "  V%d: $V%d$V%d\n", i, i-1, i-1)
	}
	return b.String()
}

// bomb has lists of lists, each ten times the one before.
func bomb() string {
	text := ".a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 10; i++ {
		text += fmt.Sprintf(".a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	return text + "j: {script: *a9}\n"
}

// referencing are scripts of which each is ten times the one before.
func referencing(n int) string {
	text := ".r0: {script: [docker build .]}\n"
	for i := 1; i <= n; i++ {
		text += fmt.Sprintf(".r%d: {script: [%s]}\n", i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("!reference [.r%d, script], ", i-1), 10), ", "))
	}
	return text + fmt.Sprintf("j: {script: [!reference [.r%d, script]]}\n", n)
}

// Files that are made to cost much end in an answer or a clear problem, and soon.
func TestHostile(t *testing.T) {
	long := strings.Repeat("echo hello; ", 20_000)
	for name, row := range map[string]struct {
		text string
		code string // of the problem that is expected
	}{
		"jobs":            {times(3000, "j%d: {script: docker build -t a .}\n"), "too_large"},
		"chain of needs":  {times(900, "j%d: {script: docker build -t a .}\n") + "k: {needs: [" + times(900, "j%d, ") + "], script: docker push a}\n", ""},
		"chain of stages": {"stages: [" + times(900, "s%d, ") + "]\n" + times(900, "j%d: {stage: s%[1]d, script: docker build -t a .}\n"), ""},
		"extends":         {".t:\n  variables:\n" + times(20_000, "    V%d: x\n") + times(500, "j%d: {extends: .t, variables: {V1: y}, script: docker build .}\n"), "too_large"},
		"chain of extends": {times(1, ".t%d: {script: x}\n") + times(900, ".u%d: {extends: .t0}\n") + "j: {extends: [" + times(900, ".u%d, ") + "]}\n",
			""},
		"scripts":      {".t: {script: [\"" + long + "\"]}\n" + times(500, "j%d: {extends: .t}\n"), "too_large"},
		"references":   {referencing(9), "too_large"},
		"variables":    {"variables:\n" + times(50_000, "  V%d: $V%[1]d\n") + times(300, "j%d: {script: docker build -t a .}\n"), "too_large"},
		"doubling":     {"variables:\n  V0: xxxxxxxxxx\n" + doubling(60) + "j: {script: docker build -t $V60 .}\n", ""},
		"matrix":       {"j:\n  parallel:\n    matrix:\n    - {" + strings.TrimSuffix(times(9, "V%d: [a, b, c, d, e, f, g, h], "), ", ") + "}\n  script: docker build -t $V1 .\n", ""},
		"matrices":     {".t:\n  parallel:\n    matrix:\n    - {A: [" + times(200, "%d, ") + "]}\n  script: docker build -t $A .\n" + times(500, "j%d: {extends: .t}\n"), "too_large"},
		"a long line":  {"j: {script: \"" + strings.Repeat("x", 3<<20) + "\"}\n", "too_large"},
		"deep":         {"j: {script: " + strings.Repeat("[", 300) + strings.Repeat("]", 300) + "}\n", "malformed"},
		"anchors":      {bomb(), "malformed"},
		"rules":        {"j:\n  script: docker build -t a .\n  rules:\n" + times(20_000, "  - {if: $A%d, when: never}\n") + "  - when: always\n", ""},
		"nevers":       {"j:\n  script: docker build -t a .\n  rules:\n" + times(10_000, "  - {if: $A%d, when: never}\n  - {if: $B%[1]d}\n"), ""},
		"alternatives": {"j:\n  script: docker build -t a .\n  rules:\n" + times(5_000, "  - {if: $A%d}\n"), ""},
		"two configs":  {"a: {script: x}\n---\nb: {script: y}\n", "malformed"},
		"a list":       {"- a\n", "malformed"},
		"binary":       {"a: \xff\n", "malformed"},
		"nothing":      {"", ""},
		"includes":     {"include: [" + times(1000, "a%d.yml, ") + "]\n", "too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := read(fstest.MapFS{".gitlab-ci.yml": {Data: []byte(row.text)}})
			var codes []string
			for _, p := range problems {
				codes = append(codes, p.Code)
			}
			if row.code != "" {
				require.Contains(t, codes, row.code)
				return
			}
			require.NotContains(t, codes, "too_large")
			require.NotContains(t, codes, "malformed")
		})
	}
}

// Reading anything ends, without a panic.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"include: {local: a.yml, inputs: {x: y}}\n", "a: {script: [docker build -t $X .], rules: [{if: $A && $B, when: manual}]}\n",
		".a: {script: [x]}\nb: {extends: .a, script: [!reference [.a, script]], needs: [{job: b}]}\n",
		"spec: {inputs: {x: {default: 1}}}\n---\na: {script: \"$[[ inputs.x ]]\", parallel: {matrix: [{A: [1, 2]}]}}\n",
		"variables: {A: $B, B: ${A}, C: {value: x, expand: false}}\na: {trigger: {include: a.yml, strategy: depend}, inherit: {variables: [A]}}\n",
	} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, main, included string) {
		if len(main)+len(included) > 20_000 {
			t.Skip()
		}
		pipelines, _ := read(fstest.MapFS{".gitlab-ci.yml": {Data: []byte(main)}, "a.yml": {Data: []byte(included)}})
		for _, p := range pipelines {
			ids := map[string]bool{}
			for _, j := range p.Jobs {
				require.False(t, ids[j.ID], j.ID)
				ids[j.ID] = true
				require.NotContains(t, j.Needs, j.ID)
			}
		}
	})
}
