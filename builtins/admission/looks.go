package admission

import (
	"regexp"
	"strings"
)

// looks is what a text of CEL, Rego or JMESPath looks at, by the words in it.
type looks struct {
	image  bool
	lists  Lists
	checks []Check
}

var (
	imageWord      = regexp.MustCompile(`(?i)\b(image|images|imageData|imageReference|image_?id|ctr_image)\b|[a-z]Image\b|image_|_image`)
	plainList      = regexp.MustCompile(`(^|[^A-Za-z_])containers\b`)
	initList       = regexp.MustCompile(`(?i)\binit_?Containers\b`)
	ephemeralList  = regexp.MustCompile(`(?i)\bephemeral_?Containers\b`)
	imageVolumes   = regexp.MustCompile(`(?i)\bvolumes\b[\s\S]*\bimage\b[\s\S]*\breference\b|\bimage_?volumes?\b`)
	signatureWords = regexp.MustCompile(`(?i)verify_?Image_?Signatures?|cosign|(^|[^n])notation|notary|sigstore|signature|\bsigned|ratify|isSuccess`)
	attestWords    = regexp.MustCompile(`(?i)verify_?Attestation|attestation|in-?toto`)
	sbomWords      = regexp.MustCompile(`(?i)sbom|cyclonedx|spdx|bomFormat`)
	scanWords      = regexp.MustCompile(`(?i)vulnerabilit|\bcve\b|CVE-|sarif|trivy|grype|severity`)
	slsaWords      = regexp.MustCompile(`(?i)slsa|provenance|builder\.?id`)
	digestWords    = regexp.MustCompile(`(?i)@sha256|sha256:|digest|\*@\*`)
	tagWords       = regexp.MustCompile(`(?i):latest|\btags?\b|disallowedTags|\*:\*`)
	registryWords  = regexp.MustCompile(`(?i)registr|repos\b|repository|startsWith|hasPrefix|starts_?with|allowedImages|allowed_?repos`)
)

// readText says what a text looks at.
func readText(text string) looks {
	l := looks{image: imageWord.MatchString(text), lists: Lists{Unknown, Unknown, Unknown, Unknown}}
	if !l.image {
		return l
	}
	found := Lists{
		Containers: said(plainList.MatchString(text)), InitContainers: said(initList.MatchString(text)),
		Ephemeral: said(ephemeralList.MatchString(text)), ImageVolumes: said(imageVolumes.MatchString(text)),
	}
	if found.Containers == Yes || found.InitContainers == Yes || found.Ephemeral == Yes {
		l.lists = found
	}
	l.checks = checksIn(text)
	return l
}

// said is whether a list is named. What is not named is not looked at.
func said(is bool) Truth {
	if is {
		return Yes
	}
	return No
}

func checksIn(text string) []Check {
	var out []Check
	for _, c := range []struct {
		words *regexp.Regexp
		check Check
	}{
		{signatureWords, CheckSignature}, {attestWords, CheckAttestation}, {sbomWords, CheckSBOM}, {scanWords, CheckScan},
		{slsaWords, CheckProvenance}, {registryWords, CheckRegistry}, {digestWords, CheckDigest}, {tagWords, CheckTag},
	} {
		if c.words.MatchString(text) {
			out = append(out, c.check)
		}
	}
	if len(out) == 0 {
		out = append(out, CheckOther)
	}
	return out
}

// naming keeps the checks of how images are named: a text that fetches nothing
// verifies nothing, whatever its words are.
func naming(checks []Check) []Check {
	var out []Check
	for _, c := range checks {
		if c == CheckRegistry || c == CheckDigest || c == CheckTag || c == CheckOther {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		out = append(out, CheckOther)
	}
	return out
}

// predicate is the check that an attestation of a type is.
func predicate(kind string) Check {
	switch lower := strings.ToLower(kind); {
	case strings.Contains(lower, "cyclonedx"), strings.Contains(lower, "spdx"), strings.Contains(lower, "sbom"):
		return CheckSBOM
	case strings.Contains(lower, "vuln"), strings.Contains(lower, "sarif"), strings.Contains(lower, "scan"):
		return CheckScan
	case strings.Contains(lower, "slsa"), strings.Contains(lower, "provenance"):
		return CheckProvenance
	}
	return CheckAttestation
}

// covers says which lists of containers a rule about images looks at.
func (r *Rule) covers(lists Lists, at node) {
	r.Scope.Containers = lists
	if r.About != AboutImage {
		return
	}
	var missing []string
	for _, l := range []struct {
		name string
		is   Truth
	}{{"containers", lists.Containers}, {"initContainers", lists.InitContainers}, {"ephemeralContainers", lists.Ephemeral}} {
		if l.is == No {
			missing = append(missing, l.name)
		}
	}
	if len(missing) > 0 {
		r.fact(ContainersNotCovered, at, "it does not look at %s", strings.Join(missing, " and "))
	}
}

// onlyNames says that a rule verifies no evidence.
func (r *Rule) onlyNames(at node) {
	if r.About == AboutImage && !r.verifies() {
		r.fact(NamesOnly, at, "it judges how images are named, and verifies neither signature nor attestation")
	}
}
