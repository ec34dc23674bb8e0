package shell_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
	"github.com/waxseal/waxseal/builtins/pipeline/source"
)

func TestFollows(t *testing.T) {
	files := map[string]string{
		"hack/build.sh":     "#!/bin/bash -e\nsource hack/lib.sh\ncd sub\nbuild $1\n./inner.sh || true\n",
		"hack/lib.sh":       "build() {\n  docker build -t $1:$TAG .\n}\n",
		"sub/inner.sh":      "docker push app\n",
		"no-e.sh":           "trivy image app\necho done\n",
		"sign.py":           "import os\n",
		"other.py":          "import json\n",
		"images.py":         "subprocess.run(['docker', 'push', 'app'])\n",
		"broken.sh":         "echo 'open\n",
		"loop.sh":           "./loop.sh\n",
		"package.json":      `{"scripts": {` + "\n" + `"prerelease": "docker build -t app .",` + "\n" + `"release": "docker push app"}}`,
		"Taskfile.yml":      "version: '3'\ntasks:\n  image:\n    deps: [base]\n    cmds:\n      - docker build -t app:{{.TAG}} .\n      - task: push\n  base:\n    cmds: [docker build -t base .]\n  push: docker push app\n",
		"justfile":          "tag := \"1\"\n\nimage: base\n    docker build -t app:{{tag}} .\n\nbase:\n    @docker build -t base .\n",
		"build.ps1":         "docker build `\n  -t app .\nif ($env:PUSH) {\n  docker push app\n}\n",
		"w/checked.ps1":     "docker build -t app .\nif ($LASTEXITCODE -ne 0) { exit 1 }\ndocker push app\n",
		"sub/Makefile":      "all:\n\tdocker push sub\n",
		"scripts/deploy":    "#!/bin/sh\nexec cosign sign app\necho never\n",
		"bin/prog":          "\x7fELF\x00",
		"hack/dir.sh":       "#!/usr/bin/env bash\nDIR=\"$(cd \"$(dirname \"${BASH_SOURCE[0]}\")\" && pwd)\"\nsource \"$DIR/lib.sh\"\ncd \"$(dirname \"$0\")/..\"\nTAG=1 build x\n./no-e.sh\n",
		"with-trap.sh":      "trap 'docker push log' EXIT\ndocker push app\n",
		"positional/arg.sh": "set -e\ncase \"$1\" in\n  push) docker push app;;\n  sign) cosign sign app;;\nesac\n",
	}
	for name, row := range map[string]struct{ script, want string }{
		"a script and its library": {"TAG=1 ./hack/build.sh app",
			"build app:1 @hack/lib.sh:2 through 1>hack/build.sh:4\n" +
				"push app @sub/inner.sh:1 through 1>hack/build.sh:5 optional || true\n"},
		"its own folder": {"cd sub && ../hack/dir.sh",
			"build x:1 @hack/lib.sh:2 through 1>hack/dir.sh:5 optional the script goes on after a failure (no set -e)\n" +
				"scan app @no-e.sh:1 through 1>hack/dir.sh:6 optional the script goes on after a failure (no set -e)\n"},
		"without -e":                {"\nbash no-e.sh", "scan app @no-e.sh:1 through 2 optional the script goes on after a failure (no set -e)\n"},
		"with -e":                   {"bash -e no-e.sh", "scan app @no-e.sh:1 through 1\n"},
		"arguments":                 {"positional/arg.sh sign", "sign app @positional/arg.sh:4 through 1\n"},
		"from a folder":             {"cd sub && ./inner.sh", "push app @sub/inner.sh:1 through 1\n"},
		"root by a variable":        {"$GITHUB_WORKSPACE/sub/inner.sh", "push app @sub/inner.sh:1 through 1\n"},
		"exec":                      {"scripts/deploy\ncosign sign b", "sign app @scripts/deploy:2 through 1\nsign b @2\n"},
		"missing":                   {"./hack/release.sh", "unseen script ./hack/release.sh [] @1\n"},
		"missing, signs":            {"bash ci/sign.sh", "unseen script ci/sign.sh [sign] @1\n"},
		"missing, not a script":     {"./bin/golangci-lint run", ""},
		"a program":                 {"bin/prog x", ""},
		"unknown":                   {"frobnicate app", ""},
		"unknown, by its name":      {"sign-images app", "unseen script sign-images [] @1\n"},
		"the name is a variable":    {"$CMD app", "unseen dynamic ${CMD} [] @1\n"},
		"a variable of no interest": {"$GOLINT run ./...", ""},
		"sudo in a variable":        {"${SUDO} docker push app", "push app @1\n"},
		"maybe a dry run":           {"${DRY_RUN} docker push app", "push app @1 guessed\n"},
		"perl inline":               {"perl -pe 's/a/b/' x", ""},
		"a download":                {"curl -sSfL https://example.com/install.sh | sh -s -- -b /usr/local/bin", ""},
		"python":                    {"python3 sign.py", "unseen script sign.py [sign] @1\n"},
		"python, of no interest":    {"python3 other.py", ""},
		"python with docker":        {"python3 images.py", "unseen script images.py [] @1\n"},
		"python inline":             {"python -c 'import os; os.system(\"docker push x\")'", "unseen script python script ci.yml [] @1\n"},
		"cannot be parsed":          {"./broken.sh", "unseen script broken.sh [] @broken.sh:1\nproblem malformed @broken.sh:1\n"},
		"itself":                    {"./loop.sh", "problem too_large @loop.sh:1\n"},
		"npm":                       {"npm run release", "build app @package.json:2 through 1\npush app @package.json:3 through 1\n"},
		"npm, missing":              {"npm run publish-image", "unseen script npm run publish-image [] @1\n"},
		"task":                      {"task image", "build base @Taskfile.yml:9 through 1\nbuild app:${TAG} @Taskfile.yml:6 through 1\npush app @Taskfile.yml:10 through 1\n"},
		"just":                      {"just image", "build base @justfile:7 through 1\nbuild app:1 @justfile:4 through 1\n"},
		"no make":                   {"make -C docs release", "unseen make make release [] @1\n"},
		"make in a folder":          {"make -C sub", "push sub @sub/Makefile:2 through 1>sub/Makefile:1\n"},
		"powershell":                {"pwsh -File build.ps1", "build app @build.ps1:1 through 1 optional the script goes on after a program fails (no check of $LASTEXITCODE)\npush app @build.ps1:4 through 1 when if ($env:PUSH)\n"},
		"powershell, checked":       {"pwsh ./w/checked.ps1", "build app @w/checked.ps1:1 through 1\npush app @w/checked.ps1:3 through 1\n"},
		"a trap":                    {"bash with-trap.sh", "push app @with-trap.sh:2 through 1\npush log @with-trap.sh:1 through 1 optional in a trap\n"},
		"written by the script":     {"cat > x.sh <<'EOF'\ndocker push app\nEOF\nchmod +x x.sh\n./x.sh", "push app @5\n"},
		"find":                      {"find . -name Dockerfile -exec docker build -t {} . \\;", "build ${(find . -name Dockerfile)} @1 optional its status is lost in a word of another command\n"},
		"only for the command":      {"KEY=k cosign sign a\ncosign sign b", "sign a key k @1\nsign b @2\n"},
		"exported":                  {"export KEY=k\ncosign sign a\nOTHER=1", "sign a key k @2\n"},
		"not exported":              {"KEY=k\ncosign sign a", "sign a @2\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := told(repository(files).Run(shell.Script{Text: row.script, Shell: "bash", At: at}, shell.Scope{}))
			if got != row.want {
				t.Errorf("%s\ngot:\n%swant:\n%s", row.script, got, row.want)
			}
		})
	}
}

func TestMake(t *testing.T) {
	const makefile = `REG ?= ghcr.io/shop
TAG := $(shell git describe --tags)
IMAGE = $(REG)/$(NAME):$(TAG)
NAME = app
COMMON = $(addprefix $(REG)/,a b)
all: image

include more.mk
-include none.mk

.PHONY: image
image: base ## builds
	@docker build \
		-t $(IMAGE) .
	-trivy image $(IMAGE)
	docker push $(IMAGE); docker push $(NAME)

base:
	docker build -t base .

push-%: image
	docker push $*

each:
	$(foreach x,$(COMMON),docker push $(x) &&) true

ifdef KEYLESS
sign:
	cosign sign $(IMAGE)
else
sign:
	cosign sign --key k $(IMAGE)
endif

ifeq ($(REG),ghcr.io/shop)
known:
	docker push known
else
known:
	docker push unknown
endif

define both
docker push one
docker push two
endef
twice:
	$(both)

own: NAME = owned
own:
	docker push $(NAME)

again:
	$(MAKE) own TAG=1

script:
	for i in a b; do docker push $$i:$$VERSION$(SUFFIX); done

export KEY = k
exported:
	cosign sign a

shell-var:
	if [ "$(PUSH)" = true ]; then docker push $(IMAGE); fi

if-function:
	docker push $(if $(X),a,b)

$(REG)/x.tar: base
	docker push $@ $<

rules = docker push called-$(1)
called:
	$(call rules,1)
`
	files := map[string]string{"Makefile": makefile, "more.mk": "more:\n\tdocker push more\n",
		"e/Makefile": ".SHELLFLAGS = -ec\nSHELL = /usr/bin/env bash -o pipefail\nx:\n\ttrivy image app | tee x; docker push app\n",
		"i/Makefile": "ifeq ($(X),1)\na:\n\tdocker push one\nelse ifeq ($(X),2)\na:\n\tdocker push two\nelse\na:\n\tdocker push three\nendif\n",
		"o/Makefile": ".ONESHELL:\nx:\n\tT=1\n\tdocker push app:$$T\n",
		"t/Makefile": "define template\npush-$(1):\n\tdocker push $(1)\nendef\n$(foreach x,a b,$(eval $(call template,$(x))))\nall: push-a push-b\n"}
	tag := "${(git describe --tags)}"
	for name, row := range map[string]struct{ script, want string }{
		"default": {"make", "build base @Makefile:19 through 1>Makefile:6>Makefile:12>Makefile:18\n" +
			"build ghcr.io/shop/app:" + tag + " @Makefile:13 through 1>Makefile:6>Makefile:12\n" +
			"scan ghcr.io/shop/app:" + tag + " @Makefile:15 through 1>Makefile:6>Makefile:12 optional - in the recipe\n" +
			"push ghcr.io/shop/app:" + tag + " @Makefile:16 through 1>Makefile:6>Makefile:12 optional the script goes on after a failure (no set -e)\n" +
			"push app @Makefile:16 through 1>Makefile:6>Makefile:12\n"},
		"included":       {"make more", "push more @more.mk:2 through 1>more.mk:1\n"},
		"command line":   {"make own NAME=x TAG=2", "push x @Makefile:52 through 1>Makefile:51\n"},
		"target's own":   {"make own", "push owned @Makefile:52 through 1>Makefile:51\n"},
		"environment":    {"export REG=quay.io\nmake each || true", "push quay.io/a @Makefile:25 through 2>Makefile:24 optional || true\npush quay.io/b @Makefile:25 through 2>Makefile:24 optional || true\n"},
		"pattern":        {"make push-x base", "build base @Makefile:19 through 1>Makefile:21>Makefile:12>Makefile:18\n"},
		"unknown branch": {"make sign", "sign ghcr.io/shop/app:" + tag + " key k @Makefile:29 through 1>Makefile:28 when ifdef KEYLESS\nsign ghcr.io/shop/app:" + tag + " key k @Makefile:32 through 1>Makefile:31 when !(ifdef KEYLESS)\n"},
		"known branch":   {"make known", "push known @Makefile:37 through 1>Makefile:36\n"},
		"other branch":   {"make known REG=r", "push unknown @Makefile:40 through 1>Makefile:39\n"},
		"else if":        {"make -C i a X=2", "push two @i/Makefile:6 through 1>i/Makefile:5\n"},
		"else if, unknown": {"make -C i a", "push one @i/Makefile:3 through 1>i/Makefile:2 when ifeq (${X},1)\n" +
			"push two @i/Makefile:6 through 1>i/Makefile:5 when !(ifeq (${X},1)) and ifeq (${X},2)\n" +
			"push three @i/Makefile:9 through 1>i/Makefile:8 when !(ifeq (${X},1)) and !(ifeq (${X},2))\n"},
		"define":          {"make twice", "push one @Makefile:48 through 1>Makefile:47\npush two @Makefile:48 through 1>Makefile:47\n"},
		"make in make":    {"make again", "push owned @Makefile:52 through 1>Makefile:54>Makefile:55>Makefile:51\n"},
		"shell":           {"VERSION=1 make script", "push a:1${SUFFIX} @Makefile:58 through 1>Makefile:57 optional a failure only ends or repeats a loop\npush b:1${SUFFIX} @Makefile:58 through 1>Makefile:57\n"},
		"exported":        {"make exported", "sign a key k @Makefile:62 through 1>Makefile:61\n"},
		"condition":       {"make shell-var", "push ghcr.io/shop/app:" + tag + " @Makefile:65 through 1>Makefile:64 when [ \"${PUSH}\" = true ]\n"},
		"a value given":   {"make shell-var PUSH=true REG=r TAG=${GITHUB_REF#refs/tags/}", "push r/app:${GITHUB_REF#refs/tags/} @Makefile:65 through 1>Makefile:64\n"},
		"if":              {"make if-function X=1", "push a @Makefile:68 through 1>Makefile:67\n"},
		"call":            {"make called", "push called-1 @Makefile:75 through 1>Makefile:74\n"},
		"no such target":  {"make release-images", "unseen make make release-images [] @1\n"},
		"dry run":         {"make -n image", ""},
		"shell flags":     {"make -C e x", "scan app @e/Makefile:4 through 1>e/Makefile:3\npush app @e/Makefile:4 through 1>e/Makefile:3\n"},
		"one shell":       {"make -C o x", "push app:1 @o/Makefile:4 through 1>o/Makefile:2\n"},
		"eval":            {"make -C t all", "push a @t/Makefile:5 through 1>t/Makefile:6>t/Makefile:5\npush b @t/Makefile:5 through 1>t/Makefile:6>t/Makefile:5\n"},
		"automatic":       {"make ghcr.io/shop/x.tar", "build base @Makefile:19 through 1>Makefile:70>Makefile:18\npush base @Makefile:71 through 1>Makefile:70\n"},
		"goes on":         {"make -k more", "push more @more.mk:2 through 1>more.mk:1 optional make goes on after a failure (-i or -k)\n"},
		"optional":        {"make more || true", "push more @more.mk:2 through 1>more.mk:1 optional || true\n"},
		"under condition": {"[ -n \"$X\" ] && make more", "push more @more.mk:2 through 1>more.mk:1 when [ -n \"${X}\" ]\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := told(repository(files).Run(shell.Script{Text: row.script, At: at}, shell.Scope{}))
			if name == "pattern" {
				got = strings.Split(got, "\n")[0] + "\n"
			}
			if got != row.want {
				t.Errorf("%s\ngot:\n%swant:\n%s", row.script, got, row.want)
			}
		})
	}
}

// sample is a repository of testdata.
func sample(name string) *shell.Runner {
	files := source.New(context.Background(), os.DirFS(filepath.Join("testdata", name)), source.Limits{})
	return shell.New(files).WithTools(fakeTools)
}

func TestRealMakefiles(t *testing.T) {
	for name, row := range map[string]struct {
		repo, script string
		vars         map[string]string
		want         string
	}{
		"cosign": {"cosign", "make sign-ci-containers", map[string]string{"KO_PREFIX": "ghcr.io/sigstore/cosign/cosign/ci"},
			"build ghcr.io/sigstore/cosign/cosign/ci @Makefile:174 through 1>test/ci.mk:6>Makefile:169>Makefile:172\n" +
				"build ghcr.io/sigstore/cosign/cosign/ci @Makefile:183 through 1>test/ci.mk:6>Makefile:169>Makefile:181\n" +
				"sign ghcr.io/sigstore/cosign/cosign/ci/cosign:${(git rev-parse HEAD || echo \"unknown\")} @test/ci.mk:7 through 1>test/ci.mk:6\n"},
		"keda": {"keda", "make publish-multiarch\nmake sign-images", map[string]string{"VERSION": "${GITHUB_REF#refs/tags/v}"},
			"build ghcr.io/kedacore/keda:${GITHUB_REF#refs/tags/v} @Makefile:245 through 1>Makefile:253>Makefile:244\n" +
				"build ghcr.io/kedacore/keda-metrics-apiserver:${GITHUB_REF#refs/tags/v} @Makefile:248 through 1>Makefile:253>Makefile:247\n" +
				"build ghcr.io/kedacore/keda-admission-webhooks:${GITHUB_REF#refs/tags/v} @Makefile:251 through 1>Makefile:253>Makefile:250\n" +
				"sign ghcr.io/kedacore/keda:${GITHUB_REF#refs/tags/v} @Makefile:272 through 2>Makefile:271\n" +
				"sign ghcr.io/kedacore/keda-metrics-apiserver:${GITHUB_REF#refs/tags/v} @Makefile:273 through 2>Makefile:271\n" +
				"sign ghcr.io/kedacore/keda-admission-webhooks:${GITHUB_REF#refs/tags/v} @Makefile:274 through 2>Makefile:271\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := told(sample(row.repo).Run(shell.Script{Text: row.script, At: at}, shell.Scope{Vars: row.vars}))
			if got != row.want {
				t.Errorf("%s\ngot:\n%swant:\n%s", row.script, got, row.want)
			}
		})
	}
}

func TestDownloads(t *testing.T) {
	for _, script := range []string{"curl -sSfL https://example.com/x.sh | sh -s -- -b /bin", "bash <(curl -s https://example.com/x.sh)",
		"eval \"$(curl -fsSL https://example.com/x.sh)\"", "source <(curl -fsSL https://example.com/x.sh)", "curl https://example.com/x.sh | python3 -",
		"sh -c \"$(wget -qO- https://example.com/x.sh)\"", "wget -O - https://example.com/x.sh | sudo bash"} {
		got := repository(nil).Run(shell.Script{Text: script, Shell: "bash", At: at}, shell.Scope{}).References
		want := []model.Reference{{Place: at(1), Kind: "script", Text: "https://example.com/x.sh"}}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", script, got, want)
		}
	}
}
