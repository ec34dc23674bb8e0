package github

import (
	"regexp"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// Words of names and arguments that tell what an action may do.
var (
	scanWords   = words("scan scanner scanning trivy grype snyk vulnerability vulnerabilities vuln cve cves scout clair anchore twistlock twistcli prisma wiz wizcli sysdig aqua xray dockle")
	signWords   = words("sign signs signing signed signer cosign notation notary sigstore")
	attestWords = words("attest attestation attestations provenance slsa")
	sbomWords   = words("sbom sboms syft cyclonedx spdx")
	buildWords  = words("build builds builder push pushes publish")
	imageWords  = words("docker image images container containers registry oci ecr gcr ghcr acr quay dockerhub buildah kaniko buildx podman ko jib buildpack buildpacks nerdctl skopeo crane apko")
)

// otherWork are words of names of workflows that have another purpose.
var otherWork = regexp.MustCompile(`(?i)(^|[^a-z])(tests?|e2e|lint|checks?|validat\w*|smoke|docs?|codeql|stale|label\w*|changelog|notes|notify|slack|coverage|format|bench\w*|version\w*|deps|install|gate|upgrade)([^a-z]|$)`)

// imageWork are words of names of secrets that open registries or sign.
var imageWork = regexp.MustCompile(`(?i)(docker|registry|ghcr|quay|harbor|cosign|sign|notation|image|container|artifactory|nexus|(^|_)(acr|ecr|gcr|gar)(_|$))`)

var separators = regexp.MustCompile(`[^a-z0-9]+`)

func words(text string) map[string]bool {
	out := map[string]bool{}
	for _, w := range separators.Split(strings.ToLower(text), -1) {
		if w != "" {
			out[w] = true
		}
	}
	return out
}

// kinds are what words tell of: an action of these kinds.
var kinds = []struct {
	words map[string]bool
	kinds []model.Kind
}{
	{signWords, []model.Kind{model.Sign, model.Attest}},
	{attestWords, []model.Kind{model.Attest}},
	{scanWords, []model.Kind{model.Scan}},
	{sbomWords, []model.Kind{model.SBOM}},
}

// hints guesses from a name and from arguments what may be done to images:
// nothing when no word speaks of them; any kind of action when none says which.
func hints(name string, arguments ...string) (may []model.Kind, hinted bool) {
	said := words(name)
	building := common(said, buildWords)
	for _, t := range arguments {
		for w := range words(t[:min(len(t), 2000)]) {
			said[w] = true
		}
	}
	for _, k := range kinds {
		if common(said, k.words) {
			may = append(may, k.kinds...)
		}
	}
	if may != nil && building && common(said, imageWords) {
		may = append(may, model.Build, model.Push)
	}
	return may, may != nil || common(said, imageWords)
}

func common(a, b map[string]bool) bool {
	for w := range b {
		if a[w] {
			return true
		}
	}
	return false
}

// hidden notes an action that cannot be seen, when its name or the names of its
// inputs speak of images.
func (u *use) hidden(kind, name, supply string) {
	may, hinted := hints(subject(u.name), sorted(u.step.with)...)
	if hinted {
		u.unseen(model.Unseen{Place: u.place, Kind: kind, Name: name, Job: u.id, May: may, Supply: supply})
	}
}

// subject is the part of the name of an action that says what it does. The
// owner says it only when it makes nothing else.
func subject(name string) string {
	owner, rest, ok := strings.Cut(name, "/")
	switch {
	case !ok:
		return name
	case owner == "docker" || owner == "sigstore" || owner == "snyk" || owner == "notaryproject":
		return name
	}
	return rest
}
