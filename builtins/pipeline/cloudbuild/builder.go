package cloudbuild

import (
	"path"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/guess"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// entries are the entry points of images that builds are made of.
var entries = map[string]string{
	"gcr.io/cloud-builders/docker": "docker", "gcr.io/cloud-builders/gcloud": "gcloud", "gcr.io/cloud-builders/gsutil": "gsutil",
	"gcr.io/cloud-builders/kubectl": "kubectl", "gcr.io/cloud-builders/git": "git", "gcr.io/cloud-builders/go": "go",
	"gcr.io/cloud-builders/npm": "npm", "gcr.io/cloud-builders/yarn": "yarn", "gcr.io/cloud-builders/mvn": "mvn",
	"gcr.io/cloud-builders/gradle": "gradle", "gcr.io/cloud-builders/bazel": "bazel", "gcr.io/cloud-builders/curl": "curl",
	"gcr.io/cloud-builders/wget": "wget", "gcr.io/cloud-builders/javac": "javac", "gcr.io/cloud-builders/gke-deploy": "gke-deploy",
	"gcr.io/kaniko-project/executor": "/kaniko/executor", "gcr.io/kaniko-project/warmer": "/kaniko/warmer", "martizih/kaniko": "/kaniko/executor",
	"gcr.io/projectsigstore/cosign": "cosign", "ghcr.io/sigstore/cosign/cosign": "cosign", "cgr.dev/chainguard/cosign": "cosign", "bitnami/cosign": "cosign",
	"ghcr.io/notaryproject/notation": "notation", "aquasec/trivy": "trivy", "ghcr.io/aquasecurity/trivy": "trivy",
	"anchore/grype": "grype", "ghcr.io/anchore/grype": "grype", "anchore/syft": "syft", "ghcr.io/anchore/syft": "syft",
	"gcr.io/go-containerregistry/crane": "crane", "gcr.io/go-containerregistry/gcrane": "gcrane", "quay.io/skopeo/stable": "skopeo",
	"quay.io/containers/skopeo": "skopeo", "quay.io/buildah/stable": "buildah", "quay.io/podman/stable": "podman",
	"goreleaser/goreleaser": "goreleaser", "ghcr.io/goreleaser/goreleaser": "goreleaser", "gcr.io/k8s-skaffold/pack": "pack", "buildpacksio/pack": "pack",
	"ghcr.io/ko-build/ko": "ko", "ghcr.io/oras-project/oras": "oras", "snyk/snyk-cli": "snyk", "snyk/snyk": "snyk",
}

// programs are those whose name tells what an image of the same name runs.
var programs = []string{
	"docker", "cosign", "notation", "trivy", "grype", "syft", "crane", "gcrane", "skopeo", "buildah", "podman", "ko", "goreleaser", "pack", "snyk", "kaniko", "helm",
}

// entry returns what an image runs with arguments. Of an image that is not known
// its name tells, and then guessed is yes.
func entry(image string, args []string) (command []string, guessed bool) {
	name := repository(image)
	if program, ok := entries[name]; ok {
		return withProgram(program, args), false
	}
	switch base := path.Base(name); {
	case name == "docker" && len(args) > 0 && path.Base(args[0]) != "docker" && !isShell(args[0]):
		return withProgram("docker", args), false // its entry point runs docker, but for programs
	case strings.Contains(name, "/") && slices.Contains(programs, base):
		if base == "kaniko" {
			base = "/kaniko/executor"
		}
		return withProgram(base, args), true
	}
	if len(args) > 0 && (strings.HasPrefix(args[0], "-") || slices.Contains([]string{".yaml", ".yml", ".json", ".txt", ".tf"}, path.Ext(args[0]))) {
		return nil, false // arguments of an entry point that is not known
	}
	return args, false
}

// mute says whether nobody can tell what a step with this image does, which by
// its name may do something to images.
func mute(image string, command []string) []model.Kind {
	name := repository(image)
	if _, ok := entries[name]; ok || len(command) > 0 && slices.Contains(programs, path.Base(command[0])) {
		return nil
	}
	if name == "docker" || strings.HasPrefix(name, "gcr.io/cloud-builders/") || len(command) > 0 && isShell(command[0]) {
		return nil
	}
	return guess.Kinds(path.Base(name))
}

func withProgram(program string, args []string) []string {
	if len(args) > 0 && (args[0] == program || path.Base(args[0]) == path.Base(program)) {
		return args
	}
	return append([]string{program}, args...)
}

// repository is the name of an image without tag and digest, and without the
// name of Docker Hub.
func repository(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') {
		image = image[:i]
	}
	for _, prefix := range []string{"docker.io/library/", "docker.io/", "index.docker.io/"} {
		image = strings.TrimPrefix(image, prefix)
	}
	return image
}
