package statement

import (
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
)

// summary is the predicate of a verification summary (SLSA 1.1, "Verification
// Summary Attestation").
type summary struct {
	Verifier     verifier   `json:"verifier"`
	TimeVerified string     `json:"timeVerified"`
	ResourceURI  string     `json:"resourceUri"`
	Policy       resource   `json:"policy"`
	Inputs       []resource `json:"inputAttestations"`
	Result       string     `json:"verificationResult"`
	Levels       []string   `json:"verifiedLevels"`
	SLSA         string     `json:"slsaVersion"`
}

type verifier struct {
	ID      string            `json:"id"`
	Version map[string]string `json:"version"`
}

type resource struct {
	URI    string            `json:"uri"`
	Digest map[string]string `json:"digest"`
}

const (
	passed = "PASSED"
	failed = "FAILED"
)

// vouched is the code of the note that a summary stood in for a signature.
const vouched = "signed_images.vouched"

// silent says why nothing is stated about an image; "" for one about which
// something is.
func silent(r *report.Report, img report.Image) string {
	switch {
	case img.Verdict == "":
		return "it was not judged"
	case img.Verdict != "admitted" && img.Verdict != "denied":
		return "whether it passes cannot be told"
	case !digests.MatchString(img.Digest):
		return "the digest that runs is not known"
	case img.Repository == "":
		return "its repository is not known"
	case rests(r, img):
		return "it passes because of a summary, and one that rests on another would outlive it for ever"
	}
	return ""
}

// rests says whether an image passed because somebody vouched for it.
func rests(r *report.Report, img report.Image) bool {
	return img.Verdict == "admitted" && slices.ContainsFunc(r.Notes, func(n report.Finding) bool {
		return n.Code == vouched && (n.Digest == img.Digest || n.Image == img.Ref)
	})
}

func summaryOf(r *report.Report, img report.Image, policy string, by By) summary {
	out := summary{
		Verifier:     verifier{by.Verifier, map[string]string{"waxseal": r.Audit.Tool}},
		TimeVerified: r.Audit.Now,
		ResourceURI:  "oci://" + img.Repository + "@" + img.Digest,
		Policy:       by.policy(policy),
		Inputs:       inputs(img),
		Result:       failed, Levels: []string{failed},
		SLSA: "1.1",
	}
	if img.Verdict == "admitted" {
		out.Result, out.Levels = passed, levels(img)
	}
	return out
}

func (b By) policy(digest string) resource {
	uri := b.Policy
	if uri == "" {
		uri = PolicyURI
	}
	return resource{uri, digestSet(digest)}
}

// levels are what an image was verified for. They are ours: no policy establishes
// a level of SLSA.
func levels(img report.Image) []string {
	out := []string{}
	for _, level := range []struct {
		name   string
		answer audit.Answer
	}{
		{"WAXSEAL_PROVENANCE", img.Provenance}, {"WAXSEAL_REGISTRY", img.Registry}, {"WAXSEAL_SBOM", img.SBOM},
		{"WAXSEAL_SCANNED", img.Scanned}, {"WAXSEAL_SIGNED", img.Signed},
	} {
		if level.answer == audit.Yes {
			out = append(out, level.name)
		}
	}
	return out
}

// inputs are the attestations and signatures that the answer rests on.
func inputs(img report.Image) []resource {
	var found []string
	for _, e := range img.Evidence {
		if strings.HasPrefix(e.Request, "registry.") || strings.HasPrefix(e.Request, "image.") {
			continue
		}
		for _, digest := range e.Digests {
			if digests.MatchString(digest) && digest != img.Digest {
				found = append(found, digest)
			}
		}
	}
	slices.Sort(found)
	out := []resource{}
	for _, digest := range slices.Compact(found) {
		out = append(out, resource{"oci://" + img.Repository + "@" + digest, digestSet(digest)})
	}
	return out
}
