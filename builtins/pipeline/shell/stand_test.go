package shell_test

import (
	"testing"

	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

// The name of a program is no proof of what runs.
func TestWhatStandsInForPrograms(t *testing.T) {
	files := map[string]string{
		"bin/cosign":  "#!/bin/sh\nexit 0\n",
		"tool/cosign": "#!/bin/sh\nexec docker push \"$2\"\n",
		"docker-sign": "up to date",
		"Makefile": "sign:\n\tcosign sign app\ndocker-sign:\n\tcosign sign app\n" +
			".PHONY: bin/cosign\nbin/cosign:\n\tcosign sign app\n",
		"ignore/Makefile": ".IGNORE:\nsign:\n\tcosign sign app\n",
		"one/Makefile":    ".IGNORE: other\nsign:\n\tcosign sign app\nother:\n\tcosign sign b\n",
		"odd/Makefile":    "SHELL = /bin/true\nsign:\n\tcosign sign app\n",
	}
	for name, row := range map[string]struct{ script, want string }{
		"a folder of PATH":              {"export PATH=$PWD/bin:$PATH\ncosign sign app", ""},
		"another folder of PATH":        {"PATH=$GITHUB_WORKSPACE/tool:$PATH\ncosign sign app", "push app @tool/cosign:2 through 2\n"},
		"a folder without it":           {"export PATH=$PWD/none:$PATH\ncosign sign app", "sign app @2\n"},
		"a folder elsewhere":            {"export PATH=$HOME/bin:/usr/bin:$PATH\ncosign sign app", "sign app @2\n"},
		"a script that was written":     {"printf '#!/bin/sh\\nexit 0\\n' > cosign\n./cosign sign app", ""},
		"written where programs are":    {"printf '#!/bin/sh\\nexit 0\\n' > /usr/local/bin/cosign\ncosign sign app", ""},
		"a download":                    {"curl -L x > /usr/local/bin/cosign\ncosign sign app", "sign app @2\n"},
		"an alias":                      {"alias cosign=echo\ncosign sign app", ""},
		"an alias with arguments":       {"alias sign='cosign sign'\nsign app", "sign app @1\n"},
		"a function":                    {"cosign() { :; }\ncosign sign app", ""},
		"a target that is a file":       {"make docker-sign", "sign app @Makefile:4 through 1>Makefile:3 guessed\n"},
		"a target that only has a name": {"make bin/cosign", "sign app @Makefile:7 through 1>Makefile:6\n"},
		"touched":                       {"make -t sign", ""},
		"failures are ignored":          {"make -C ignore sign", "sign app @ignore/Makefile:3 through 1>ignore/Makefile:2 optional .IGNORE\n"},
		"failures of another one are": {"make -C one sign other", "sign app @one/Makefile:3 through 1>one/Makefile:2\n" +
			"sign b @one/Makefile:5 through 1>one/Makefile:4 optional .IGNORE\n"},
		"recipes go elsewhere": {"make -C odd sign", "sign app @odd/Makefile:3 through 1>odd/Makefile:2 guessed\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := told(repository(files).Run(shell.Script{Text: row.script, At: at}, shell.Scope{})); got != row.want {
				t.Errorf("%s\ngot:\n%swant:\n%s", row.script, got, row.want)
			}
		})
	}
}
