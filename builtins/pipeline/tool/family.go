package tool

// family is what reads a program, or nil for one that is not known.
func family(name string) func(reader) Effect {
	if _, _, ok := wrapperFlags(name); ok {
		return wrapper
	}
	for _, find := range []func(string) func(reader) Effect{builder, registry, signer, scanner, around} {
		if f := find(name); f != nil {
			return f
		}
	}
	return nil
}

func builder(name string) func(reader) Effect {
	switch name {
	case "docker", "podman", "nerdctl", "buildah", "finch", "docker.io", "podman-remote":
		return docker
	case "docker-compose", "podman-compose":
		return func(r reader) Effect { return r.compose(r.Args[1:]) }
	case "docker-buildx", "buildx":
		return func(r reader) Effect { return r.buildx(r.Args[1:]) }
	case "executor", "kaniko":
		return kaniko
	case "buildctl", "buildctl-daemonless.sh":
		return buildctl
	case "ko":
		return ko
	case "mvn", "mvnw", "mvnd":
		return maven
	case "gradle", "gradlew":
		return gradle
	case "bazel", "bazelisk":
		return bazel
	case "pack":
		return pack
	case "img", "s2i", "nixpacks":
		return smallBuilder
	case "apko":
		return apko
	case "earthly", "earth", "skaffold", "dagger", "werf", "tilt", "devspace":
		return elsewhere
	case "goreleaser", "goreleaser-pro":
		return goreleaser
	}
	return nil
}

func registry(name string) func(reader) Effect {
	switch name {
	case "crane", "gcrane":
		return crane
	case "skopeo":
		return skopeo
	case "regctl":
		return regctl
	case "oras":
		return oras
	case "helm", "helm3":
		return helm
	case "az":
		return az
	case "gcloud":
		return gcloud
	case "aws":
		return awsCommand
	}
	return nil
}

func signer(name string) func(reader) Effect {
	switch name {
	case "cosign":
		return cosign
	case "notation":
		return notation
	case "notary":
		return notary
	case "waxseal":
		return waxseal
	case "gh":
		return gh
	case "witness", "in-toto-run":
		return stepAttester
	case "slsa-verifier":
		return slsaVerifier
	}
	return nil
}

func scanner(name string) func(reader) Effect {
	switch name {
	case "trivy":
		return trivy
	case "grype":
		return grype
	case "snyk":
		return snyk
	case "docker-scout", "scout-cli":
		return func(r reader) Effect { return r.scout(r.Args[1:]) }
	case "clair-scanner", "klar", "clairctl", "clair-action":
		return clair
	case "twistcli", "wizcli", "orca-cli", "scannercli", "lacework", "lw-scanner", "neuvector-scanner":
		return console
	case "anchore-cli", "anchorectl":
		return anchore
	case "sysdig-cli-scanner":
		return sysdig
	case "jf", "jfrog":
		return jfrog
	case "osv-scanner":
		return osv
	case "checkov":
		return checkov
	case "kubescape":
		return kubescape
	case "gtcs":
		return gitlabScanner
	case "syft":
		return syft
	case "bom", "tern", "cdxgen", "sbom-tool":
		return bomTools
	}
	return nil
}

func around(name string) func(reader) Effect {
	switch name {
	case "env":
		return envCommand
	case "xargs":
		return xargs
	case "sh", "bash", "ash", "dash", "zsh", "ksh":
		return shellCommand
	case "go":
		return goCommand
	case "jq", "yq", "gojq":
		return jq
	case "npm", "yarn", "pnpm", "bun":
		return packageScripts
	case "task", "just", "mage", "rake", "nox", "tox", "invoke", "go-task", "nx", "dobi":
		return taskRunner
	case "ctr":
		return ctr
	case "curl", "wget":
		return download
	}
	return nil
}
