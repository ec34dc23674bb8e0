package tool

import "strings"

// imageProgram is the entry point of the image of a known tool.
func imageProgram(name string) string {
	for _, prefix := range []string{"docker.io/", "index.docker.io/", "public.ecr.aws/"} {
		name = strings.TrimPrefix(name, prefix)
	}
	for _, vendor := range []string{"cgr.dev/chainguard/", "chainguard/", "bitnami/", "bitnamilegacy/"} {
		if program, ok := strings.CutPrefix(name, vendor); ok && (registry(program) != nil || signer(program) != nil || scanner(program) != nil) {
			return program
		}
	}
	switch {
	case strings.HasPrefix(name, "snyk/"):
		return "snyk"
	case strings.HasPrefix(name, "aquasec/scanner"), strings.HasPrefix(name, "registry.aquasec.com/scanner"):
		return "scannercli"
	case strings.HasPrefix(name, "wiziocli.azurecr.io/wizcli"):
		return "wizcli"
	}
	return entryPoint(name)
}

// entryPoint is that of an image that its makers publish.
func entryPoint(name string) string {
	switch name {
	case "aquasec/trivy", "ghcr.io/aquasecurity/trivy", "aquasecurity/trivy":
		return "trivy"
	case "anchore/grype", "ghcr.io/anchore/grype":
		return "grype"
	case "anchore/syft", "ghcr.io/anchore/syft":
		return "syft"
	case "gcr.io/projectsigstore/cosign", "ghcr.io/sigstore/cosign/cosign":
		return "cosign"
	case "gcr.io/kaniko-project/executor", "gcr.io/kaniko-project/debug", "cgr.dev/chainguard/kaniko", "martizih/kaniko":
		return "executor"
	case "quay.io/skopeo/stable", "quay.io/containers/skopeo", "quay.io/skopeo/upstream":
		return "skopeo"
	case "gcr.io/go-containerregistry/crane":
		return "crane"
	case "regclient/regctl", "ghcr.io/regclient/regctl":
		return "regctl"
	case "ghcr.io/oras-project/oras":
		return "oras"
	case "goreleaser/goreleaser", "ghcr.io/goreleaser/goreleaser", "goreleaser/goreleaser-pro", "ghcr.io/goreleaser/goreleaser-pro",
		"ghcr.io/goreleaser/goreleaser-cross", "goreleaser/goreleaser-cross":
		return "goreleaser"
	case "quay.io/sysdig/sysdig-cli-scanner", "quay.io/sysdig/secure-inline-scan":
		return "sysdig-cli-scanner"
	case "ghcr.io/google/osv-scanner":
		return "osv-scanner"
	case "arminc/clair-scanner":
		return "clair-scanner"
	case "bridgecrew/checkov":
		return "checkov"
	case "ghcr.io/ko-build/ko":
		return "ko"
	case "ghcr.io/notaryproject/notation":
		return "notation"
	case "docker/scout-cli":
		return "docker-scout"
	case "ghcr.io/orcasecurity/orca-cli":
		return "orca-cli"
	}
	return ""
}
