package shell_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

func TestWrites(t *testing.T) {
	for name, row := range map[string]struct{ script, want string }{
		"append":            {"echo \"tag=v1\" >> $GITHUB_OUTPUT", "1 ${GITHUB_OUTPUT} + tag=v1\n"},
		"quoted":            {"echo tag=v1 >> \"$GITHUB_OUTPUT\"", "1 ${GITHUB_OUTPUT} + tag=v1\n"},
		"over":              {"echo TAG=v1 > build.env", "1 build.env TAG=v1\n"},
		"group":             {"{\n echo a=1\n echo b=$X\n} >> $GITHUB_ENV", "1 ${GITHUB_ENV} + a=1\nb=${X}\n"},
		"tee":               {"echo a=1 | tee -a $GITHUB_OUTPUT", "1 ${GITHUB_OUTPUT} + a=1\n"},
		"here-document":     {"cat <<EOF >> $GITHUB_ENV\na=$X\nb=2\nEOF", "1 ${GITHUB_ENV} + a=${X}\nb=2\n"},
		"literal document":  {"cat > f <<'EOF'\na=$X\nEOF", "1 f a=$X\n"},
		"a command":         {"git rev-parse HEAD > sha", "1 sha ${(git rev-parse HEAD)}\n"},
		"what a tool gives": {"echo digest=$(docker digest app) >> $GITHUB_OUTPUT", "1 ${GITHUB_OUTPUT} + digest=sha256:${digest}\n"},
		"errors":            {"docker push app 2> log", ""},
		"nobody":            {"echo a > /dev/null", ""},
		"by condition, differing": {"if A; then\necho t=1 >> $O\nelse\necho t=2 >> $O\nfi",
			"2 ${O} + t=${written.ci_yml.t}\n4 ${O} + t=${written.ci_yml.t}\n"},
		"by condition, alone": {"if A; then echo t=1 >> $O; fi", "1 ${O} + t=1\n"},
		"by condition, after a default": {"echo t=1 >> $O\nif A; then echo t=2 >> $O; fi",
			"1 ${O} + t=1\n2 ${O} + t=${written.ci_yml.t}\n"},
		"by a script": {"./w.sh", "w.sh:1 ${GITHUB_OUTPUT} + x=1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			run := repository(map[string]string{"w.sh": "echo x=1 >> $GITHUB_OUTPUT\n"})
			var b strings.Builder
			for _, w := range run.Run(shell.Script{Text: row.script, At: at}, shell.Scope{}).Writes {
				b.WriteString(where(w.Place) + " " + w.File + " ")
				if w.Append {
					b.WriteString("+ ")
				}
				b.WriteString(strings.TrimSuffix(w.Text, "\n") + "\n")
			}
			if b.String() != row.want {
				t.Errorf("%s\ngot:\n%swant:\n%s", row.script, b.String(), row.want)
			}
		})
	}
}

func TestPrints(t *testing.T) {
	script := "echo '##vso[task.setvariable variable=tag]v1'\nprintf '%s\\n' a b\necho hidden >/dev/null\nX=$(echo inner)\ncat <<EOF\nc\nEOF"
	var got []string
	for _, p := range repository(nil).Run(shell.Script{Text: script, At: at}, shell.Scope{}).Prints {
		got = append(got, where(p.Place)+" "+p.Text)
	}
	want := []string{"1 ##vso[task.setvariable variable=tag]v1", "2 a", "2 b", "5 c"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestReads(t *testing.T) {
	script := "A=1; echo $A $B\ncosign sign --key env://KEY app\ndocker run -e TOKEN alpine sh\n[ -n \"$C\" ]\nB=2; echo $B"
	got := repository(nil).Run(shell.Script{Text: script, At: at}, shell.Scope{Vars: map[string]string{"B": "x"}}).Reads
	for _, name := range []string{"B", "C", "KEY", "TOKEN", "COSIGN_PASSWORD"} {
		if !slices.Contains(got, name) {
			t.Errorf("%s is not in %q", name, got)
		}
	}
	if slices.Contains(got, "A") || !slices.IsSorted(got) {
		t.Errorf("got %q", got)
	}
}

func TestVarsAndFilesGoOn(t *testing.T) {
	run := repository(nil)
	first := run.Run(shell.Script{Text: "TAG=v1\nunset OLD\necho sha256:1 > digest", At: at}, shell.Scope{Vars: map[string]string{"OLD": "x", "KEPT": "y"}})
	if want := map[string]string{"TAG": "v1", "KEPT": "y"}; !maps.Equal(first.Vars, want) {
		t.Errorf("variables %v, want %v", first.Vars, want)
	}
	second := run.Run(shell.Script{Text: "cosign sign app:$TAG@$(cat digest)", At: at}, shell.Scope{Vars: first.Vars, Files: first.Files})
	if got, want := told(second), "sign app:v1@sha256:1 @1\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCommands(t *testing.T) {
	for name, row := range map[string]struct {
		args []string
		want string
	}{
		"a program": {[]string{"docker", "push", "app"}, "push app @7\n"},
		"a shell":   {[]string{"/bin/sh", "-c", "docker push app:$T"}, "push app:1 @7\n"},
		"no shell":  {[]string{"docker", "push", "a b;c"}, "push a b;c @7\n"},
		"a script":  {[]string{"./build.sh", "x"}, "push x @build.sh:1 through 7\n"},
		"make":      {[]string{"make", "x"}, "unseen make make x [] @7\n"},
		"nothing":   {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			run := repository(map[string]string{"build.sh": "docker push $1\n"})
			got := told(run.Commands(row.args, at(7), shell.Scope{Vars: map[string]string{"T": "1"}}))
			if got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

func TestShells(t *testing.T) {
	for name, row := range map[string]struct {
		shell, script, want string
		scope               shell.Scope
	}{
		"flags":                  {"bash --noprofile --norc -eo pipefail {0}", "trivy image app | cat\ntrivy image b\necho", "scan app @1\nscan b @2\n", shell.Scope{GoesOn: true}},
		"pipefail of the system": {"bash", "trivy image app | cat\necho", "scan app @1\n", shell.Scope{Pipefail: true}},
		"pwsh": {"pwsh", "$env:T = 'v1'\ndocker build `\n  -t app:$env:T .\ndocker push app:$env:T",
			"build app:v1 @2 optional the script goes on after a program fails (no check of $LASTEXITCODE)\npush app:v1 @4\n", shell.Scope{}},
		"pwsh that stops": {"pwsh", "$PSNativeCommandUseErrorActionPreference = $true\ndocker push app\nWrite-Host x", "push app @2\n", shell.Scope{}},
		"cmd":             {"cmd", "set TAG=1\r\ndocker push app:%TAG%\r\necho x\r\n", "push app:1 @2 optional the script goes on after a program fails (no check of $LASTEXITCODE)\n", shell.Scope{}},
		"python":          {"python", "import os\nos.system('cosign sign app')", "unseen script python script ci.yml [] @1\n", shell.Scope{}},
		"python without":  {"python", "print('hello')", "", shell.Scope{}},
		"arguments":       {"bash", "docker push $1", "push app @1\n", shell.Scope{Args: []string{"app"}}},
		"folder":          {"bash", "./x.sh", "push x @sub/x.sh:1 through 1\n", shell.Scope{Dir: "sub"}},
	} {
		t.Run(name, func(t *testing.T) {
			run := repository(map[string]string{"sub/x.sh": "docker push x\n"})
			got := told(run.Run(shell.Script{Text: row.script, Shell: row.shell, At: at}, row.scope))
			if got != row.want {
				t.Errorf("got:\n%swant:\n%s", got, row.want)
			}
		})
	}
}

var _ = model.Build
