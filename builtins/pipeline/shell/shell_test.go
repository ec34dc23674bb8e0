package shell_test

import (
	"testing"

	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

// What the rows are about: the failure of which command ends the script.
func TestWhatAFailureDoes(t *testing.T) {
	for name, row := range map[string]struct {
		script string
		want   string
		goesOn bool
	}{
		"nothing is minded": {script: "docker build -t app .\ndocker push app",
			want: "build app @1\npush app @2\n"},
		"|| true": {script: "trivy image app || true",
			want: "scan app @1 optional || true\n"},
		"|| echo": {script: "trivy image app || echo 'found some'",
			want: "scan app @1 optional || echo 'found some'\n"},
		"|| exit 1 is no rescue": {script: "trivy image app || exit 1\necho x", goesOn: true,
			want: "scan app @1\n"},
		"|| exit 0": {script: "trivy image app || exit 0\ndocker push app",
			want: "scan app @1 optional || exit 0\npush app @2\n"},
		"|| a block that exits": {script: "trivy image app || { echo bad; exit 1; }\necho", goesOn: true,
			want: "scan app @1\n"},
		"|| a function that exits": {script: "die() { echo $1; exit 1; }\ntrivy image app || die bad\necho", goesOn: true,
			want: "scan app @2\n"},
		"no -e, not the last": {script: "trivy image app\necho done", goesOn: true,
			want: "scan app @1 optional the script goes on after a failure (no set -e)\n"},
		"no -e, the last": {script: "echo go\ntrivy image app", goesOn: true,
			want: "scan app @2\n"},
		"set -e": {script: "set -euo pipefail\ntrivy image app\necho done", goesOn: true,
			want: "scan app @2\n"},
		"set +e": {script: "set +e\ntrivy image app\nset -e\ndocker push app",
			want: "scan app @2 optional the script goes on after a failure (no set -e)\npush app @4\n"},
		"$? is looked at": {script: "trivy image app\nif [ $? -ne 0 ]; then\n  exit 1\nfi\necho ok", goesOn: true,
			want: "scan app @1\n"},
		"$? is kept": {script: "set +e\ntrivy image app\nrc=$?\necho report\nexit $rc",
			want: "scan app @2\n"},
		"$? is looked at the wrong way": {script: "trivy image app\nif [ $? -eq 0 ]; then\n  exit 1\nfi\necho ok", goesOn: true,
			want: "scan app @1 optional the script goes on after a failure (no set -e)\n"},
		"left of && in the middle": {script: "trivy image app && docker push app\necho done",
			want: "scan app @1 optional a failure on the left of && does not end the script\npush app @1\n"},
		"left of && at the end": {script: "trivy image app && docker push app",
			want: "scan app @1\npush app @1\n"},
		"left of && and ||": {script: "trivy image app && docker push app || echo failed",
			want: "scan app @1 optional || echo failed\npush app @1 optional || echo failed\n"},
		"if without exit": {script: "if trivy image app; then\n  docker push app\nfi",
			want: "scan app @1 optional a failure only decides an if\npush app @2 when trivy image app\n"},
		"if ! with exit": {script: "if ! trivy image app; then\n  echo no; exit 1\nfi\ndocker push app",
			want: "scan app @1\npush app @4\n"},
		"if with exit in else": {script: "if trivy image app; then echo ok; else exit 1; fi\ndocker push app",
			want: "scan app @1\npush app @2\n"},
		"!": {script: "! trivy image app\ndocker push app",
			want: "scan app @1 optional its status is inverted by !\npush app @2\n"},
		"pipe": {script: "trivy image app | tee report\ndocker push app",
			want: "scan app @1 optional in a pipeline without pipefail\npush app @2\n"},
		"pipefail": {script: "set -o pipefail\ntrivy image app | tee report\ndocker push app",
			want: "scan app @2\npush app @3\n"},
		"background": {script: "trivy image app &\ndocker push app\nwait",
			want: "scan app @1 optional &\npush app @2\n"},
		"background, waited for": {script: "trivy image app &\npid=$!\ndocker push app\nwait $pid",
			want: "scan app @1\npush app @3\n"},
		"subshell || true": {script: "(set -e; trivy image app; docker push app) || true",
			want: "scan app @1 optional || true\npush app @1 optional || true\n"},
		"group": {script: "{ trivy image app; docker push app; }",
			want: "scan app @1\npush app @1\n"},
		"function || true": {script: "f() {\n trivy image app\n docker push app\n}\nf || true",
			want: "scan app @2 optional || true\npush app @3 optional || true\n"},
		"in an assignment": {script: "X=$(trivy image app)\ndocker push app",
			want: "scan app @1\npush app @2\n"},
		"in a word": {script: "echo $(trivy image app)\ndocker push app",
			want: "scan app @1 optional its status is lost in a word of another command\npush app @2\n"},
		"in export": {script: "export X=$(trivy image app)\ndocker push app",
			want: "scan app @1 optional its status is lost in a declaration\npush app @2\n"},
		"trap that exits with 0": {script: "trap 'exit 0' EXIT\ntrivy image app\ndocker push app",
			want: "scan app @2 optional a trap exits with 0\npush app @3 optional a trap exits with 0\n"},
		"loop": {script: "for i in a b; do trivy image $i; done", goesOn: true,
			want: "scan a @1 optional a failure only ends or repeats a loop\nscan b @1\n"},
		"retry": {script: "for i in 1 2 3; do cosign sign app && break; sleep 1; done\necho x",
			want: "sign app @1 optional a failure on the left of && does not end the script\n"},
		"until": {script: "until cosign sign app; do sleep 1; done",
			want: "sign app @1\n"},
		"waited for, and not minded": {script: "trivy image app &\npid=$!\nwait $pid || true",
			want: "scan app @1 optional &\n"},
		"another one is waited for": {script: "trivy image app &\nsleep 1 &\nwait $!",
			want: "scan app @1 optional &\n"},
		"several are waited for": {script: "trivy image a &\npids=$!\ntrivy image b &\npids=\"$pids $!\"\nfor p in $pids; do wait $p; done",
			want: "scan a @1\nscan b @3\n"},
		"shopt is set": {script: "shopt -uo errexit\ntrivy image app\necho done",
			want: "scan app @2 optional the script goes on after a failure (no set -e)\n"},
		"trap of a function": {script: "bye() {\n  rm -f x; exit 0\n}\ntrap bye EXIT\ntrivy image app\necho",
			want: "scan app @5 optional a trap exits with 0\n"},
		"trap of a function that keeps the status": {script: "bye() {\n  rm -f x\n}\ntrap bye EXIT\ntrivy image app\necho",
			want: "scan app @5\n"},
		"nothing is run":               {script: "docker push app\nset -n\ncosign sign app", want: "push app @1\n"},
		"only parsed":                  {script: "bash -n -c 'cosign sign app'", want: ""},
		"only parsed, what is printed": {script: "echo cosign sign app | sh -n", want: ""},
		"until, with a way out": {script: "until cosign sign app; do n=$((n+1)); [ $n -gt 3 ] && break; done",
			want: "sign app @1 optional a failure only ends or repeats a loop\n"},
		"bash -c": {script: "bash -c 'trivy image app; docker push app'",
			want: "scan app @1 optional the script goes on after a failure (no set -e)\npush app @1\n"},
		"bash -ec": {script: "bash -ec 'trivy image app; docker push app'",
			want: "scan app @1\npush app @1\n"},
		"bash -c || true": {script: "bash -ec 'trivy image app; docker push app' || :",
			want: "scan app @1 optional || :\npush app @1 optional || :\n"},
		"the code is kept by ||": {script: "code=0\ntrivy image app || code=$?\necho report\nexit $code",
			want: "scan app @2\n"},
		"the code is kept, and nobody looks": {script: "trivy image app || code=$?\necho report",
			want: "scan app @1 optional || code=${?}\n"},
		"a mark is kept by ||": {script: "trivy image app || failed=1\nif [ \"$failed\" != 0 ]; then exit 1; fi\necho",
			want: "scan app @1\n"},
		"a mark is asked for": {script: "trivy image app || failed=1\n[ \"$failed\" = 1 ] && exit 1\necho",
			want: "scan app @1\n"},
		"another thing is asked for": {script: "trivy image app || failed=1\nif [ \"$STRICT\" = 1 ]; then echo $failed; exit 1; fi\necho",
			want: "scan app @1 optional || failed=1\n"},
		"and another thing is asked for": {script: "trivy image app || failed=1\nif [ $failed != 0 ] && [ -n \"$STRICT\" ]; then exit 1; fi\necho",
			want: "scan app @1 optional || failed=1\n"},
		"PIPESTATUS": {script: "trivy image app | tee log\nexit ${PIPESTATUS[0]}",
			want: "scan app @1\n"},
		"a helper that tries again": {script: "retry() {\n  for i in 1 2 3; do\n    \"$@\" && return 0\n    sleep 1\n  done\n  return 1\n}\nretry cosign sign app\necho x",
			want: "sign app @3\n"},
		"an if that tries again": {script: "for i in 1 2 3; do\n  if cosign sign app; then exit 0; fi\n  sleep 1\ndone\nexit 1",
			want: "sign app @2\nsign app @2 when !(cosign sign app)\n"},
		"an if that gives up quietly": {script: "for i in 1 2 3; do\n  if cosign sign app; then exit 0; fi\n  sleep 1\ndone\necho failed",
			want: "sign app @2 optional a failure only decides an if\nsign app @2 when !(cosign sign app) optional a failure only decides an if\n"},
		"a helper that gives up quietly": {script: "retry() {\n  for i in 1; do\n    \"$@\" && return 0\n  done\n  echo gave up\n}\nretry cosign sign app\necho x",
			want: "sign app @3 optional a failure on the left of && does not end the script\n"},
		"process substitution": {script: "cat <(trivy image app)",
			want: "scan app @1 optional its status is lost in <()\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := told(repository(nil).Run(shell.Script{Text: row.script, At: at}, shell.Scope{GoesOn: row.goesOn}))
			if got != row.want {
				t.Errorf("%s\ngot:\n%swant:\n%s", row.script, got, row.want)
			}
		})
	}
}

func TestConditions(t *testing.T) {
	for name, row := range map[string]struct{ script, want string }{
		"if, elif, else": {"if [ \"$A\" = 1 ]; then docker push a; elif [ \"$A\" = 2 ]; then docker push b; else docker push c; fi",
			"push a @1 when [ \"${A}\" = 1 ]\n" +
				"push b @1 when !([ \"${A}\" = 1 ]) and [ \"${A}\" = 2 ]\n" +
				"push c @1 when !([ \"${A}\" = 1 ]) and !([ \"${A}\" = 2 ])\n"},
		"known": {"A=1\nif [ \"$A\" = 1 ]; then docker push a; else docker push b; fi",
			"push a @2\n"},
		"test &&": {"[[ $REF == refs/tags/* ]] && cosign sign app\ndocker push app",
			"sign app @1 when [[ ${REF} == refs/tags/* ]]\npush app @2\n"},
		"test || exit 0": {"test -n \"$KEY\" || exit 0\ncosign sign app",
			"sign app @2 when test -n \"${KEY}\"\n"},
		"test && exit 0": {"[ -z \"$KEY\" ] && exit 0\ncosign sign app",
			"sign app @2 when !([ -z \"${KEY}\" ])\n"},
		"if exit 0": {"if [ -z \"$KEY\" ]; then\n echo skip\n exit 0\nfi\ncosign sign app",
			"sign app @5 when !([ -z \"${KEY}\" ])\n"},
		"if exit 1 is no condition": {"if [ -z \"$KEY\" ]; then\n exit 1\nfi\ncosign sign app",
			"sign app @4\n"},
		"if exit 1 of a script that may fail": {"(if [ -z \"$KEY\" ]; then exit 1; fi; cosign sign app) || true",
			"sign app @1 when !([ -z \"${KEY}\" ]) optional || true\n"},
		"nested exit 0": {"if A; then if B; then exit 0; fi; fi\ncosign sign app",
			"sign app @2 when !(A && B)\n"},
		"exit 0": {"docker push app\nexit 0\ncosign sign app", "push app @1\n"},
		"return of a function": {"f() {\n [ -n \"$K\" ] || return 0\n cosign sign app\n}\nf\ndocker push app",
			"sign app @3 when [ -n \"${K}\" ]\npush app @6\n"},
		"continue": {"for i in a b; do\n [ -f $i/Dockerfile ] || continue\n docker build -t $i $i\ndone\ndocker push a",
			"build a @3 when [ -f a/Dockerfile ]\nbuild b @3 when [ -f b/Dockerfile ]\npush a @5\n"},
		"case": {"case \"$REF\" in\n refs/tags/*) docker push a;;\n main|dev) docker push b;;\n *) docker push c;;\nesac",
			"push a @2 when ${REF} in refs/tags/*\n" +
				"push b @3 when !(${REF} in refs/tags/*) and ${REF} in main|dev\n" +
				"push c @4 when !(${REF} in main|dev) and !(${REF} in refs/tags/*)\n"},
		"case, known":             {"X=dev\ncase $X in main) docker push a;; d*) docker push b;; esac", "push b @2\n"},
		"negated":                 {"if ! grep -q x f; then docker push a; else docker push b; fi", "push a @1 when !(grep -q x f)\npush b @1 when grep -q x f\n"},
		"after a work":            {"docker build -t a . && docker push a", "build a @1\npush a @1\n"},
		"fall back":               {"docker build -t a . || docker build -t b .", "build a @1 optional || docker build -t b .\nbuild b @1 when !(docker build -t a .)\n"},
		"a secret in a condition": {"TOKEN=hunter2; [ \"$TOKEN\" = \"$OTHER\" ] && docker push app", "push app @1 when [ \"${TOKEN}\" = \"${OTHER}\" ]\n"},
		"a variable in a condition": {"f() { if [ \"$1\" = \"$P\" ]; then docker push app; fi; }\nf x",
			"push app @1 when [ \"x\" = \"${P}\" ]\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := told(repository(nil).Run(shell.Script{Text: row.script, At: at}, shell.Scope{}))
			if got != row.want {
				t.Errorf("%s\ngot:\n%swant:\n%s", row.script, got, row.want)
			}
		})
	}
}

func TestValues(t *testing.T) {
	for name, row := range map[string]struct{ script, want string }{
		"assignment":            {"I=app; docker push $I:1", "app:1"},
		"not known":             {"docker push $I:$T", "${I}:${T}"},
		"from the scope":        {"docker push $GIVEN/app", "ghcr.io/shop/app"},
		"default":               {"X=; docker push app:${X:-1}", "app:1"},
		"default, not known":    {"docker push app:${X:-1}", "app:${X}"},
		"alternative":           {"X=a; docker push app${X:+-$X}", "app-a"},
		"prefix":                {"R=refs/tags/v1; docker push app:${R#refs/tags/}", "app:v1"},
		"prefix, not known":     {"docker push app:${R#refs/tags/}", "app:${R#refs/tags/}"},
		"suffix":                {"R=a:b:c; docker push ${R%%:*}-${R%:*}", "a-a:b"},
		"suffix after a symbol": {"R=app:$V; docker push ${R%%:*}", "app"},
		"replace":               {"R=a/b/c; docker push app:${R//\\//-}", "app:a-b-c"},
		"lower":                 {"R=Shop/$X; docker push ${R,,}", "shop/${X}"},
		"slice":                 {"R=abcdefghij; docker push app:${R:0:7}", "app:abcdefg"},
		"slice, not known":      {"docker push app:${SHA:0:7}", "app:${SHA:0:7}"},
		"indirect":              {"A=x; N=A; docker push ${!N}", "x"},
		"array":                 {"A=(a b); A+=(c); docker push \"${A[@]}\"", "c"},
		"array item":            {"A=(a b); docker push ${A[1]}", "b"},
		"words":                 {"A='x y'; docker push $A", "y"},
		"quoted words":          {"A='x y'; docker push \"$A\"", "x y"},
		"command":               {"docker push app:$(git rev-parse   HEAD)", "app:${(git rev-parse HEAD)}"},
		"backquotes":            {"docker push app:`git rev-parse HEAD`", "app:${(git rev-parse HEAD)}"},
		"command with values":   {"B=main; docker push app:$(git rev-parse $B)", "app:${(git rev-parse main)}"},
		"echo":                  {"docker push $(echo app:1)", "app:1"},
		"printf":                {"docker push $(printf '%s:%s' app 1)", "app:1"},
		"lower by tr":           {"docker push $(echo \"Shop/$X\" | tr '[:upper:]' '[:lower:]')", "shop/${X}"},
		"what a tool prints":    {"D=$(docker digest app); docker push app@$D", "app@sha256:${digest}"},
		"what a tool writes":    {"docker build -t app --iidfile id .; docker push app@$(cat id)", "app@sha256:${built}"},
		"a file of the script":  {"echo app:1 > f; docker push $(cat f)", "app:1"},
		"a file of the repo":    {"docker push app:$(cat VERSION)", "app:1.2.3"},
		"read":                  {"read -r A B <<< \"x y\"; docker push $B", "y"},
		"while read":            {"while read -r x; do docker push $x; done <<< \"$LIST\"", "${LIST}"},
		"while read, known":     {"printf 'a\\nb\\n' | while read x; do docker push $x; done", "b"},
		"for over a symbol":     {"for x in $LIST; do docker push $x; done", "${LIST}"},
		"function":              {"f() { docker push $1:$2; }; f app 1", "app:1"},
		"function prints":       {"f() { local t=1; echo app:$t; }; docker push $(f)", "app:1"},
		"local":                 {"T=1; f() { local T=2; }; f; docker push app:$T", "app:1"},
		"shift":                 {"set -- a b; shift; docker push $1", "b"},
		"branches differ":       {"if X; then T=a; else T=b; fi; docker push app:$T", "app:${T}"},
		"branches agree":        {"if X; then T=a; else T=a; fi; docker push app:$T", "app:a"},
		"branches differ twice": {"if X; then T=a; fi; docker push x:$T; if X; then T=b; fi; docker push app:$T", "app:${T.2}"},
		"subshell":              {"T=1; (T=2); docker push app:$T", "app:1"},
		"eval":                  {"C='docker push app'; eval \"$C\"", "app"},
		"xargs":                 {"echo app:1 | xargs docker push", "app:1"},
		"xargs -I":              {"echo app | xargs -I{} docker push {}:2", "app:2"},
		"xargs, not known":      {"crane ls app | xargs -I{} docker push app:{}", "app:${(crane ls app)}"},
		"here-document":         {"bash <<EOF\ndocker push $GIVEN\nEOF", "ghcr.io/shop"},
		"wrappers":              {"sudo -E timeout 5m env A=b nice -n 5 docker push app", "app"},
		"run in a container":    {"docker run alpine sh -c 'docker push app'", "app"},
		"templates":             {"docker push app:${{ github.sha }}", "app:${github.sha}"},
		"symbols":               {"docker push '${jobs.a.steps.b.outputs.c}'", "${jobs.a.steps.b.outputs.c}"},
		"symbol of a command":   {"docker push app:${(git rev-parse HEAD)}", "app:${(git rev-parse HEAD)}"},
		"symbol of a digest":    {"docker push app@${digest-of:app:${V}}", "app@${digest-of:app:${V}}"},
		"tekton":                {"docker push app:$(params.tag)", "app:${params.tag}"},
		"the rest after a loop": {"for t in a b; do ARGS=\"$ARGS -t $t\"; done; docker push x$ARGS", "b"},
		"escapes":               {"docker push app:\\$X\"\\$Y\"", "app:$X$Y"},
		"guarded by a test":     {"[ -n \"$T\" ] || T=latest; docker push app:$T", "app:${T.1}"},
	} {
		t.Run(name, func(t *testing.T) {
			run := repository(map[string]string{"VERSION": "1.2.3\n"})
			o := run.Run(shell.Script{Text: row.script, Shell: "bash", At: at}, shell.Scope{Vars: map[string]string{"GIVEN": "ghcr.io/shop"}})
			if len(o.Actions) == 0 {
				t.Fatalf("%s: no action: %s", row.script, told(o))
			}
			if got := o.Actions[len(o.Actions)-1].Images[0].Text; got != row.want {
				t.Errorf("%s\ngot:  %s\nwant: %s", row.script, got, row.want)
			}
		})
	}
}
