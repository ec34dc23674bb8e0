# Waxseal. `make help` lists the targets.
#
# Everything runs on a machine that has Go and make. Nothing is installed
# outside of this folder and Go's own caches.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
export GOTOOLCHAIN := local
# One set of flags for all targets, so that what one has compiled serves the next.
export CGO_ENABLED := 0
GO      ?= go
BIN     := .bin
WAXSEAL := $(BIN)/waxseal
# A number of inputs: at the end of a time Go reports its own deadline as a failure now and then.
FUZZ    ?= 20000x
LINT    := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 20

.PHONY: build
build: ## build .bin/waxseal
	@mkdir -p $(BIN)
	$(GO) build -o $(WAXSEAL) ./cmd/waxseal

# netgo and osusergo keep what is compiled for the other targets: only PKCS #11 itself is C.
PKCS11 := -tags pkcs11key,netgo,osusergo

.PHONY: build-pkcs11
build-pkcs11: ## build .bin/waxseal-pkcs11, which reads keys from PKCS #11 tokens; needs a C compiler
	@mkdir -p $(BIN)
	CGO_ENABLED=1 $(GO) build $(PKCS11) -o $(WAXSEAL)-pkcs11 ./cmd/waxseal

.PHONY: test-pkcs11
test-pkcs11: build-pkcs11 ## keys in a token of SoftHSM, which apt-get installs if it is not there
	@command -v softhsm2-util >/dev/null || { apt-get update -qq && apt-get install -y -qq softhsm2; }
	CGO_ENABLED=1 $(GO) vet $(PKCS11) ./builtins/kms/pkcs11
	WAXSEAL_PKCS11=$(abspath $(WAXSEAL)-pkcs11) CGO_ENABLED=1 $(GO) test $(PKCS11) ./builtins/kms/pkcs11 -count 1

.PHONY: bundles
bundles: build ## write one bundle for each host to .bin/bundles
	@mkdir -p $(BIN)/bundles
	@for flavour in cli http data conftest-builtin gatekeeper gatekeeper-builtin; do \
	  $(WAXSEAL) bundle build --flavour $$flavour -o $(BIN)/bundles/$$flavour.tar.gz; done

.PHONY: demo
demo: build ## sign real images on an embedded registry, judge manifests that use them
	$(GO) run ./tests/demo -waxseal $(WAXSEAL) -dir demo

.PHONY: test
test: build test-go test-hosts test-rego test-framework test-deploy check-generated ## everything that needs no cluster, offline

.PHONY: test-go
test-go: build
	$(GO) vet ./...
	WAXSEAL=$(CURDIR)/$(WAXSEAL) $(GO) test -timeout 20m ./...

$(BIN)/opa: go.mod # unmodified, of the version that is inside waxseal
	@mkdir -p $(BIN)
	$(GO) build -o $@ github.com/open-policy-agent/opa

.PHONY: test-hosts
test-hosts: $(BIN)/opa ## an unmodified OPA against the server
	OPA=$(abspath $(BIN)/opa) $(GO) test ./cmd/waxseal -run '^TestStockOPA'

.PHONY: parity
parity: build $(BIN)/opa conftest conftest-stock ## one corpus through every host: the same violations, or it fails
	WAXSEAL=$(abspath $(WAXSEAL)) OPA=$(abspath $(BIN)/opa) CONFTEST=$(abspath $(BIN)/conftest) CONFTEST_STOCK=$(abspath $(BIN)/conftest-stock) \
	  $(GO) test ./tests/parity -count 1 -v | grep -E '^(--- |FAIL|ok|panic)| cases$$|^ +--- FAIL'
	cd tests/framework && $(GO) test ./parity -count 1 -v | grep -E '^(--- |FAIL|ok|panic)| cases$$|^ +--- FAIL'

.PHONY: test-rego
test-rego: build
	$(WAXSEAL) check --strict rego/lib rego/testing bundles/server
	$(WAXSEAL) test --timeout 60s rego/lib rego/testing bundles/server
	$(WAXSEAL) test --timeout 60s rego/lib rego/testing bundles/server --coverage --threshold 100 --verbose > /dev/null

.PHONY: test-framework
test-framework: ## the policies in Gatekeeper's constraint framework, at its own OPA
	cd tests/framework && $(GO) vet ./... && $(GO) test -timeout 20m ./...

.PHONY: test-deploy
test-deploy: build ## Gatekeeper's deployment files, rendered by kustomize's and Helm's own code
	cd tests/deploy && $(GO) vet ./... && WAXSEAL=$(abspath $(WAXSEAL)) $(GO) test ./...

$(BIN)/prometheus/usr/bin/prometheus: # Debian's, unpacked and not installed: no service starts
	@mkdir -p $(BIN)/prometheus
	@apt-get update -qq
	cd $(BIN)/prometheus && apt-get download -qq prometheus && dpkg -x prometheus_*.deb . && rm prometheus_*.deb

.PHONY: test-monitoring
test-monitoring: $(BIN)/prometheus/usr/bin/prometheus ## the dashboard and the alerts of examples/audit, in a real Prometheus
	cd tests/monitoring && $(GO) vet ./... && PROMETHEUS=$(abspath $(BIN)/prometheus/usr/bin) $(GO) test -count 1 ./...

.PHONY: test-audit
test-audit: build ## the figures of `waxseal audit`: 10,000 Pods with 400 images, and 1 GB of log, below 512 MB
	WAXSEAL=$(abspath $(WAXSEAL)) WAXSEAL_AUDIT=1 $(GO) test ./cmd/waxseal -count 1 -timeout 20m -run '^TestAudit(Scale|LargeLog)$$' -v | grep -vE '^=== '

PAGES := $(abspath $(BIN)/pages)

.PHONY: test-page
test-page: ## the audit's HTML report in headless Chromium, which apt-get installs if it is not there
	@{ command -v chromium && command -v pdftotext; } >/dev/null || { apt-get update -qq && apt-get install -y -qq chromium poppler-utils; }
	WAXSEAL_PAGES=$(PAGES) $(GO) test ./cmd/waxseal/internal/audit/page -count 1 -run '^TestWritesPagesForTheBrowser$$'
	cd tests/page && $(GO) vet ./... && WAXSEAL_PAGES=$(PAGES) $(GO) test -timeout 10m -count 1 ./...

.PHONY: tools
tools: ## the tools of the end-to-end tests, each built once, outside of this folder
	tests/e2e/tools/build.sh

.PHONY: writers
writers: ## what signatures of the real cosign v2 and v3 and of notation cost, counted
	tests/e2e/tools/build.sh cosign2 cosign3 notation registry
	cd tests/e2e && $(GO) vet ./... && $(GO) test . -count 1 -run '^(TestWriters|TestFallbackTagOfCosign2|TestNotation)$$'

.PHONY: e2e
e2e: build $(BIN)/opa conftest-stock tools gatekeeper gatekeeper-stock ## a real cluster, with real kubectl and cosign: each scenario as it passes
	@command -v strace >/dev/null || { apt-get update -qq && apt-get install -y -qq strace; }
	cd tests/e2e && $(GO) vet ./... && $(GO) test -count 1 -timeout 20m

.PHONY: race
race: ## the Go tests under the race detector
	# Those that are skipped evaluate Rego for minutes, count memory, or run another binary; "make test" runs them.
	CGO_ENABLED=1 $(GO) test -race -timeout 30m -skip '^(TestLibraryPassesItsTestsOnEveryHost|TestScansStayLinear|TestMany|TestAudit.*|TestMemoryIsConstant)$$' ./builtins/... ./bundles/... ./gatekeeper/... ./cmd/... ./tests/...

.PHONY: fuzz
fuzz: ## each fuzz target for FUZZ: inputs (20000x) or a time (1m)
	@for f in $$(grep -rlE '^func Fuzz' --include=*_test.go builtins cmd); do \
	  for t in $$(grep -oE '^func Fuzz[A-Za-z]+' $$f | sed 's/func //'); do \
	    echo "fuzz $$(dirname $$f) $$t"; $(GO) test ./$$(dirname $$f) -run '^$$' -fuzz "^$$t$$" -fuzztime $(FUZZ) -fuzzminimizetime 1x; \
	  done; done

.PHONY: bench
bench: build $(BIN)/opa ## benchmarks, as ratios in one run
	@command -v jq >/dev/null || apt-get install -y jq
	WAXSEAL=$(abspath $(WAXSEAL)) OPA=$(abspath $(BIN)/opa) WAXSEAL_BENCH=1 $(GO) test ./tests/bench -count 1 -run '^Test(Ratios|Logs)$$' -bench . -benchtime 5s

.PHONY: image
image: ## write .bin/image, a container image for amd64 and arm64 (OCI layout), and print its digest
	@mkdir -p $(BIN)
	@for arch in amd64 arm64; do GOOS=linux GOARCH=$$arch $(GO) build -trimpath -buildvcs=false -ldflags '-s -w' -o $(BIN)/waxseal-linux-$$arch ./cmd/waxseal; done
	@rm -rf $(BIN)/image
	@$(GO) run ./gatekeeper/deploy/image -o $(BIN)/image amd64=$(BIN)/waxseal-linux-amd64 arm64=$(BIN)/waxseal-linux-arm64

# Hosts of others. The stock ones are for tests, and kept outside of this folder.
HOST := GO="$(GO)" builtins/hosted/build.sh

.PHONY: conftest
conftest: ## build .bin/conftest with the builtins inside
	@mkdir -p $(BIN)
	@$(HOST) conftest $(BIN)/conftest

.PHONY: gatekeeper
gatekeeper: ## build .bin/gatekeeper and .bin/gator with the builtins inside
	@mkdir -p $(BIN)
	@$(HOST) gator $(BIN)/gator
	@$(HOST) gatekeeper $(BIN)/gatekeeper

.PHONY: conftest-stock
conftest-stock: ## build .bin/conftest-stock as upstream ships it
	@mkdir -p $(BIN)
	@$(HOST) --stock conftest $(BIN)/conftest-stock

.PHONY: gatekeeper-stock
gatekeeper-stock: ## build .bin/gatekeeper-stock and .bin/gator-stock as upstream ships them
	@mkdir -p $(BIN)
	@$(HOST) --stock gator $(BIN)/gator-stock
	@$(HOST) --stock gatekeeper $(BIN)/gatekeeper-stock

.PHONY: test-conftest
test-conftest: build conftest conftest-stock ## both conftests, as their users run them
	WAXSEAL=$(abspath $(WAXSEAL)) CONFTEST=$(abspath $(BIN)/conftest) CONFTEST_STOCK=$(abspath $(BIN)/conftest-stock) \
	  $(GO) test ./tests/hosts -run '^TestConftest' -count 1 -timeout 5m

.PHONY: test-gator
test-gator: gatekeeper gatekeeper-stock ## the suites for gatekeeper-builtin, with both gators
	GATOR=$(abspath $(BIN)/gator) GATOR_STOCK=$(abspath $(BIN)/gator-stock) \
	  $(GO) test ./tests/hosts -run '^TestGator$$' -count 1 -timeout 5m

.PHONY: tidy
tidy: ## go.mod and go.sum of all modules
	$(GO) mod tidy
	cd tests/framework && $(GO) mod tidy
	cd tests/monitoring && $(GO) mod tidy
	cd tests/page && $(GO) mod tidy
	@$(HOST) --tidy

$(BIN)/ratify: tests/bench/ratify/go.mod tests/bench/ratify/go.sum
	@mkdir -p $(BIN)
	cd tests/bench/ratify && $(GO) build -trimpath -buildvcs=false -o $(abspath $@) github.com/ratify-project/ratify/cmd/ratify

.PHONY: bench-ratify
bench-ratify: build $(BIN)/ratify ## the provider against `ratify serve`, which it builds, as ratios in one run
	WAXSEAL=$(abspath $(WAXSEAL)) RATIFY=$(abspath $(BIN)/ratify) WAXSEAL_BENCH=1 $(GO) test ./tests/bench -count 1 -run '^TestRatify$$' -v | grep -vE '^=== |/start'

.PHONY: generate
generate: ## write the generated files
	$(GO) run ./tests/generate
	$(GO) test ./bundles -run TestTestingFilesAreGenerated -update
	$(GO) test ./cmd/waxseal/internal/audit/scope -run TestSchema -update

.PHONY: check-generated
check-generated:
	$(GO) run ./tests/generate -check

.PHONY: check
check: check-generated lint ## generated files compared, formatted, linted
	@test -z "$$(gofmt -s -l $$(git ls-files '*.go'))" || { gofmt -s -l $$(git ls-files '*.go'); exit 1; }
	$(WAXSEAL) fmt --fail --list rego bundles gatekeeper conftest

.PHONY: lint
lint: build ## lint Go and policies
	$(GO) run $(LINT) run ./...
	$(WAXSEAL) lint

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BIN) demo
