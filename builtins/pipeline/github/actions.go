package github

import (
	"path"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// handler knows what an action does.
type handler func(u *use)

// known does what is known of an action of another repository.
func (u *use) known() {
	name := strings.ToLower(u.name)
	if h, ok := knownActions[name]; ok {
		h(u)
		return
	}
	if idleActions[name] || strings.HasPrefix(name, "actions/") || strings.HasPrefix(name, "docker/setup-") || strings.HasPrefix(name, "github/codeql-action") {
		return
	}
	u.hidden("action", u.step.uses, "what the action does: a step that runs its commands itself")
}

// knownActions are actions of other repositories, by what they do to images.
var knownActions = map[string]handler{
	"docker/build-push-action":           buildPush,
	"actions/checkout":                   checkout,
	"depot/build-push-action":            buildPush,
	"useblacksmith/build-push-action":    buildPush,
	"depot/bake-action":                  bake,
	"actions-hub/docker":                 dockerCommand,
	"actions-hub/docker/cli":             dockerCommand,
	"azure/acr-build":                    acrBuild,
	"azure/cli":                          inline("inlinescript"),
	"docker/bake-action":                 bake,
	"docker/metadata-action":             metadata,
	"docker/login-action":                login,
	"docker/scout-action":                scout,
	"redhat-actions/buildah-build":       buildahBuild,
	"redhat-actions/push-to-registry":    pushToRegistry,
	"redhat-actions/podman-login":        login,
	"int128/kaniko-action":               kaniko,
	"aevea/action-kaniko":                kanikoAevea,
	"imjasonh/setup-ko":                  setupKo,
	"ko-build/setup-ko":                  setupKo,
	"goreleaser/goreleaser-action":       goreleaser,
	"aquasecurity/trivy-action":          trivy,
	"anchore/scan-action":                grype,
	"anchore/sbom-action":                syft,
	"snyk/actions/docker":                snyk,
	"sysdiglabs/scan-action":             sysdig,
	"azure/container-scan":               containerScan,
	"crazy-max/ghaction-container-scan":  crazyScan,
	"paloaltonetworks/prisma-cloud-scan": console("prisma", "image_name"),
	"twistlock/twistcli-scan":            console("prisma", "image"),
	"wiz-sec/wizcli-action":              console("wiz", "image"),
	"lacework/lw-scanner-action":         console("lacework", "image_name"),
	"aws-actions/vulnerability-scan-github-action-for-amazon-inspector": console("inspector", "artifact_path"),
	"actions/attest-build-provenance":                                   attest("https://slsa.dev/provenance/v1"),
	"actions/attest":                                                    attest(""),
	"actions/attest-sbom":                                               attest("sbom"),
	"notaryproject/notation-action/sign":                                notationSign,
	"notation-playground/notation-action/sign":                          notationSign,
	"notaryproject/notation-action/verify":                              notationVerify,
	"nick-fields/retry":                                                 retry,
	"nick-invision/retry":                                               retry,
	"aws-actions/amazon-ecr-login":                                      ecrLogin,
	"azure/docker-login":                                                login,
	"int128/docker-manifest-create-action":                              manifests,
	"noelware/docker-manifest-action":                                   manifests,
	"akhilerm/tag-push-action":                                          copyTags,
	"elgohr/publish-docker-github-action":                               elgohr,
	"mr-smithers-excellent/docker-build-push":                           smithers,
	"whoan/docker-build-with-cache-action":                              whoan,
	"philips-labs/docker-ci-scripts":                                    philips,
	"aws-actions/configure-aws-credentials":                             oidc("role-to-assume"),
	"google-github-actions/auth":                                        oidc("workload_identity_provider"),
	"azure/login":                                                       oidc("client-id"),
	"hashicorp/vault-action":                                            oidc("role"),
	"pypa/gh-action-pypi-publish":                                       oidc(""),
	"rubygems/release-gem":                                              oidc(""),
	"rust-lang/crates-io-auth-action":                                   oidc(""),
	"jfrog/setup-jfrog-cli":                                             oidc("oidc-provider-name"),
	"octopusdeploy/login":                                               oidc("service_account_id"),
	"pulumi/auth-actions":                                               oidc(""),
	"codecov/codecov-action":                                            oidc("use_oidc"),
	"sigstore/gh-action-sigstore-python":                                signsFiles,
	"actions/deploy-pages":                                              oidc(""),
	"actions/upload-pages-artifact":                                     nothing,
	"ossf/scorecard-action":                                             oidc("publish_results"),
}

// idleActions do nothing to images, although their names may speak of them.
var idleActions = map[string]bool{
	"sigstore/cosign-installer": true, "sigstore/scaffolding/actions/setup-sigstore-env": true, "sigstore/sigstore-conformance": true, "christian-korneck/update-container-description-action": true, "sigstore/scaffolding/actions/setup": true,
	"notaryproject/notation-action/setup": true, "anchore/sbom-action/download-syft": true, "anchore/scan-action/download-grype": true,
	"aquasecurity/setup-trivy": true, "oras-project/setup-oras": true, "imjasonh/setup-crane": true, "crazy-max/ghaction-docker-meta": true,
	"crazy-max/ghaction-github-runtime": true, "crazy-max/ghaction-setup-docker": true, "crazy-max/ghaction-setup-containerd": true,
	"peter-evans/dockerhub-description": true, "hadolint/hadolint-action": true, "reviewdog/action-hadolint": true,
	"google-github-actions/setup-gcloud": true, "snyk/actions/setup": true, "slsa-framework/slsa-verifier/actions/installer": true,
	"helm/kind-action": true, "helm/chart-testing-action": true, "engineerd/setup-kind": true, "jpribyl/action-docker-layer-caching": true,
	"satackey/action-docker-layer-caching": true, "depot/setup-action": true, "actions/delete-package-versions": true,
	"dataaxiom/ghcr-cleanup-action": true, "snok/container-retention-policy": true, "ghcr-io/ghcr-cleanup": true,
	"azure/trusted-signing-action": true, "jlumbroso/free-disk-space": true, "easimon/maximize-build-space": true, "step-security/harden-runner": true,
}

// knownWorkflows are reusable workflows of other repositories.
var knownWorkflows = map[string]handler{
	"slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml": slsaContainer,
	"slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml":   signsFiles,
	"docker/github-builder/.github/workflows/build.yml":                                    githubBuilder,
	"docker/github-builder/.github/workflows/bake.yml":                                     githubBuilder,
	"slsa-framework/slsa-github-generator/.github/workflows/builder_go_slsa3.yml":          signsFiles,
}

func nothing(*use) {}

// signsFiles signs files, with a token for it: none of them is an image.
func signsFiles(u *use) { u.asks("signing of files: " + u.name) }

// oidc is an action that asks for an OIDC token, when this input is given.
func oidc(input string) handler {
	return func(u *use) {
		if input == "" || u.input(input).text != "" && u.input(input).text != "false" {
			u.asks(u.name)
		}
	}
}

// asks notes what the job needs an OIDC token for.
func (u *use) asks(what string) {
	u.job.model.OIDC = combine(u.job.model.OIDC, []string{what})
}

// login logs in to a registry.
func login(u *use) {
	a := action(model.Login, "docker")
	if r := u.first("registry", "login-server").text; r != "" {
		a.Images = refs([]string{r})
	}
	u.act(a)
}

func ecrLogin(u *use) {
	u.act(action(model.Login, "docker"))
}

// setupKo installs ko, and says where it pushes to unless something else does.
func setupKo(u *use) {
	if _, set := u.scope.env["KO_DOCKER_REPO"]; !set {
		u.added["KO_DOCKER_REPO"] = value{text: "ghcr.io/${github.repository}", expr: "env.KO_DOCKER_REPO", kind: str, order: []string{"KO_DOCKER_REPO"}}
	}
}

// goreleaser does what the configuration of goreleaser says.
func goreleaser(u *use) {
	if u.input("install-only").text == "true" {
		return
	}
	args := append([]string{"goreleaser"}, fields(u.input("args").text)...)
	out := u.run.Commands(args, u.place, u.shellScope(u.input("workdir").text))
	u.take(out, u.effect)
}

// checkout notes a folder into which the repository itself is checked out.
func checkout(u *use) {
	dir, of := u.input("path"), u.input("repository").text
	if dir.sure && dir.text != "" && (of == "" || of == "${github.repository}") {
		u.checkouts = append(u.checkouts, path.Clean(dir.text))
	}
}

// dockerCommand runs docker with the arguments that the step gives.
func dockerCommand(u *use) {
	u.commands(append([]string{"docker"}, fields(u.input("args").text)...)...)
}

// retry is nick-fields/retry: it runs a script, more than once when it fails.
func retry(u *use) {
	inline("command")(u)
	if u.input("continue_on_error").text == "true" {
		u.effect.optional = "continue_on_error: true"
	}
}

// inline runs the script in an input of the action.
func inline(input string) handler {
	return func(u *use) {
		p, ok := u.step.with[input]
		if !ok {
			return
		}
		s := u.step
		s.run, s.runPos, s.shell = p.text, p.pos, u.or("shell", "bash").text
		u.script(s, u.scope, u.effect, u.symbols)
	}
}
