package shell_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

// Each ends soon, and says so where something was not read.
func TestHostile(t *testing.T) {
	rep := strings.Repeat
	for name, row := range map[string]struct {
		script string
		files  map[string]string
		loud   bool // a problem is expected
	}{
		"a long line":         {script: "docker push " + rep("a", 400<<10)},
		"a megabyte":          {script: "docker push " + rep("a", 1<<20), loud: true},
		"many words":          {script: "docker push " + rep("a ", 200<<10)},
		"brackets":            {script: rep("(", 500_000), loud: true},
		"closed brackets":     {script: rep("( ", 100_000) + "x" + rep(" )", 100_000), loud: true},
		"substitutions":       {script: "echo " + rep("$(echo ", 50_000) + rep(")", 50_000), loud: true},
		"parameters":          {script: "echo " + rep("${a:-", 100_000) + rep("}", 100_000), loud: true},
		"arithmetic":          {script: "echo $((" + rep("-!", 200_000) + "1))", loud: true},
		"time":                {script: rep("time ", 100_000) + "x", loud: true},
		"ifs":                 {script: rep("if true; then ", 30_000) + "x" + rep("; fi", 30_000), loud: true},
		"functions":           {script: rep("f()", 150_000) + "{ x; }"},
		"and":                 {script: rep("true && ", 60_000) + "true", loud: true},
		"pipes":               {script: rep("cat | ", 60_000) + "cat", loud: true},
		"few pipes":           {script: "echo x | " + rep("cat | ", 100) + "cat"},
		"doubling":            {script: "A=aaaaaaaaaaaaaaaa\n" + rep("A=$A$A\n", 60) + "docker push $A"},
		"doubling of symbols": {script: "A=$X\n" + rep("A=$A$A\n", 60) + "docker push $A"},
		"replacing":           {script: "A=aaaaaaaaaaaaaaaa\n" + rep("A=${A//a/aaaaaaaaaaaaaaaa}\n", 20) + "docker push $A"},
		"globs":               {script: "A=" + rep("a", 4000) + "; B=${A%%" + rep("*a", 100) + "b}; docker push $B"},
		"recursion":           {script: "f() { f; f; }\nf", loud: true},
		"mutual recursion":    {script: "f() { g; g; }\ng() { f; f; }\nf", loud: true},
		"loops":               {script: "L='" + rep("x1 y2 ", 30) + "'; for a in $L; do for b in $L; do for c in $L; do docker push $a$b$c; done; done; done", loud: true},
		"long loop":           {script: "for a in {1..100000}; do docker push $a; done"},
		"branches":            {script: rep("if A; then B=$B$C; else B=$D; fi\n", 3000)},
		"nested branches":     {script: rep("if A; then X; else ", 140) + "Y" + rep("; fi", 140)},
		"exits":               {script: rep("if A; then exit 0; fi\n", 3000) + "docker push app"},
		"substitution bomb":   {script: "f() { echo $(f) $(f) $(f); }\necho $(f)", loud: true},
		"scripts":             {script: "./a.sh", files: map[string]string{"a.sh": "./b.sh; ./b.sh; ./b.sh", "b.sh": "./a.sh; ./a.sh; ./a.sh"}, loud: true},
		"eval":                {script: "x='eval \"$x\"; eval \"$x\"'; eval \"$x\"", loud: true},
		"bash -c":             {script: "export x='bash -c \"$x\"; bash -c \"$x\"'; bash -c \"$x\"", loud: true},
		"here-documents":      {script: rep("cat <<A\n", 20_000)},
		"quotes":              {script: rep("'", 99_999)},
		"backquotes":          {script: rep("`", 100_000)},
		"template":            {script: rep("${{ ", 100_000)},
		"symbols":             {script: rep("${a.b} ", 50_000)},
		"symbols, each": {script: func() string {
			var b strings.Builder
			for i := range 30_000 {
				b.WriteString("${a.b" + strconv.Itoa(i) + "} ")
			}
			return "echo " + b.String()
		}()},
		"open symbols": {script: rep("${(", 100_000)},
		"background":   {script: rep("a & wait\n", 15_000)},
		"status":       {script: rep("a; r=$?; b\n", 6000)},
		"zeros":        {script: rep("\x00", 100_000)},
		"make itself":  {script: "make", files: map[string]string{"Makefile": "a:\n\tmake a; make a\n"}, loud: true},
		"targets": {script: "make t0", files: map[string]string{"Makefile": func() string {
			var b strings.Builder
			for i := range 3000 {
				b.WriteString("t" + strconv.Itoa(i) + ": t" + strconv.Itoa(i+1) + "\n\tdocker push app\n")
			}
			return b.String()
		}()}, loud: true},
		"includes":       {script: "make", files: map[string]string{"Makefile": "include Makefile\ninclude Makefile\nall:\n"}, loud: true},
		"make variables": {script: "make", files: map[string]string{"Makefile": "A = $(A)$(A)\nB := $(A)\nall:\n\tdocker push $(B)\n"}},
		"make doubling":  {script: "make", files: map[string]string{"Makefile": "A := aaaaaaaa\n" + rep("A := $(A)$(A)\n", 60) + "all:\n\tdocker push $(A)\n"}},
		"make doubling lazily": {script: "make", files: map[string]string{"Makefile": "A0 = aa\n" + func() string {
			var b strings.Builder
			for i := range 60 {
				b.WriteString("A" + strconv.Itoa(i+1) + " = $(A" + strconv.Itoa(i) + ")$(A" + strconv.Itoa(i) + ")\n")
			}
			return b.String()
		}() + "all:\n\tdocker push $(A60)\n"}},
		"foreach":           {script: "make", files: map[string]string{"Makefile": "L := $(shell seq 1 60)\nX = $(foreach a,$(L),$(foreach b,$(L),$(foreach c,$(L),$(a)$(b)$(c))))\nall:\n\tdocker push $(X)\n"}},
		"make evals":        {script: "make", files: map[string]string{"Makefile": "define x\n$(eval $(call x))$(eval $(call x))\nendef\n$(call x)\nall:\n"}},
		"make brackets":     {script: "make", files: map[string]string{"Makefile": "A := " + rep("$(", 200_000) + "\nall:\n"}},
		"make ifs":          {script: "make", files: map[string]string{"Makefile": rep("ifdef A\n", 100_000) + "all:\n"}},
		"make, a long line": {script: "make", files: map[string]string{"Makefile": "all:\n\tdocker push " + rep("a", 2<<20) + "\n"}, loud: true},
		"make continues":    {script: "make", files: map[string]string{"Makefile": "all:\n\t" + rep("\\\n", 200_000) + "\n"}},
		"json":              {script: "npm run x", files: map[string]string{"package.json": rep("[", 100_000)}, loud: true},
		"pwsh":              {script: "pwsh -c '" + rep("if (x) { ", 20_000) + "'"},
		"rules":             {script: "make " + rep("x ", 1000), files: map[string]string{"Makefile": rep("x: y\n\ttrue\n", 10_000)}},
		"many variables": {script: func() string {
			var b strings.Builder
			for i := range 10_000 {
				b.WriteString("v" + strconv.Itoa(i) + "=1; (x)\n")
			}
			return b.String()
		}()},
	} {
		t.Run(name, func(t *testing.T) {
			o := repository(row.files).Run(shell.Script{Text: row.script, Shell: "bash", At: at}, shell.Scope{})
			if row.loud && len(o.Problems) == 0 {
				t.Error("nothing says that not all was read")
			}
			for _, a := range o.Actions {
				for _, image := range a.Images {
					if len(image.Text) > 500<<10 {
						t.Errorf("an image of %d bytes", len(image.Text))
					}
				}
			}
		})
	}
}

func FuzzRun(f *testing.F) {
	for _, text := range []string{"docker push $X:${Y:-1} || true", "for x in a b; do case $x in a) y;; esac; done | while read z; do eval $z; done",
		"make x", "cat <<EOF > f\n$(echo x)\nEOF\n. f", "${{ a }} $(params.b) ${c.d} {{ e }}", "if ! a; then exit 1; fi && b &\nwait $!"} {
		f.Add(text, "a: b\n\tdocker push $(X)\nb:\nifeq ($(A),b)\n\t-x $@\nendif\n", "bash")
	}
	f.Fuzz(func(t *testing.T, script, makefile, with string) {
		run := repository(map[string]string{"Makefile": makefile, "x.sh": script})
		run.Run(shell.Script{Text: script, Shell: with, At: at}, shell.Scope{GoesOn: true})
		run.Run(shell.Script{Text: "make; ./x.sh", At: at}, shell.Scope{})
	})
}
