package probe

import (
	"fmt"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/audit"
)

// Verdict is whether a probe was answered as expected.
type Verdict string

// The verdicts.
const (
	AsExpected Verdict = "as_expected"
	Wrong      Verdict = "wrong"
	CannotTell Verdict = "cannot_tell"
)

// other are those that refuse Pods for other reasons than their images, so that a
// refusal of theirs says nothing of images.
var other = map[string]string{
	podSecurity:         "PodSecurity refused it, before policies for images were asked",
	limitRange:          "a LimitRange refused it, before policies for images were asked",
	quota:               "a ResourceQuota refused it; quotas are asked last, so that no policy for images has refused it before",
	"PodSecurityPolicy": "a PodSecurityPolicy refused it",
	"API server":        "an admission plugin of the API server refused it",
}

// Judge says whether a probe was answered as expected, and why in a sentence.
func Judge(p audit.Probe) (Verdict, string) {
	switch {
	case p.Outcome == Failed:
		return CannotTell, failure(p)
	case p.Expected == Admitted && p.Outcome == Admitted:
		return AsExpected, "admitted"
	case p.Expected == Admitted && other[p.By] != "":
		return CannotTell, other[p.By]
	case p.Expected == Admitted:
		return Wrong, "refused by " + by(p) + ", and it has to be admitted"
	case p.Outcome == Admitted && len(p.Warnings) > 0:
		return Wrong, "IT WAS ADMITTED; what was said against it only warns"
	case p.Outcome == Admitted:
		return Wrong, "IT WAS ADMITTED"
	case other[p.By] != "":
		return CannotTell, other[p.By]
	}
	return refused(p)
}

// refused judges a refusal that was expected, by what refused.
func refused(p audit.Probe) (Verdict, string) {
	switch {
	case p.Rule == "" || slices.ContainsFunc(p.Codes, func(code string) bool { return says(code, p.Rule) }):
		return AsExpected, "refused by " + by(p)
	case len(p.Codes) == 0 && !ofLibrary(p.Rule) && named(p, p.Rule):
		return AsExpected, "refused by " + p.Rule
	case slices.Contains(p.Codes, "pinned_digests.not_pinned") && !strings.Contains(p.Image, "@"):
		return CannotTell, "refused because it is named by a tag; name it by digest to see whether " + p.Rule + " refuses it"
	case len(p.Codes) == 0:
		return CannotTell, "refused by " + by(p) + ", and which rule refused it is not said; expected was " + p.Rule
	}
	if _, whole := codes(p.Message); !whole || slices.ContainsFunc(p.Codes, func(code string) bool { return hides(code, p.Rule) }) {
		return CannotTell, "refused by " + by(p) + "; whether " + p.Rule + " would refuse it cannot be told from that"
	}
	return Wrong, fmt.Sprintf("refused by %s, and NOT by %s", by(p), p.Rule)
}

// says says whether a code is the rule that was expected: itself, or one of the
// policy. That a policy cannot be asked, or is not configured, is no proof of it.
func says(code, rule string) bool {
	return code == rule || strings.HasPrefix(code, strings.TrimSuffix(rule, ".")+".") && !excuse(code)
}

// hides says whether a code keeps others of the same policy from being said.
func hides(code, rule string) bool {
	policy, _, _ := strings.Cut(rule, ".")
	return excuse(code) && strings.HasPrefix(code, policy+".")
}

// excuse says whether a policy refuses what it could not judge.
func excuse(code string) bool {
	_, what, _ := strings.Cut(code, ".")
	return slices.Contains([]string{"host_not_allowed", "invalid_request", "parameters", "undecided", "unknown", "unreadable"}, what)
}

func ofLibrary(rule string) bool {
	for code := range library().known {
		if code == rule || strings.HasPrefix(code, strings.TrimSuffix(rule, ".")+".") {
			return true
		}
	}
	return false
}

// named says whether a rule of another system is named by who refused: whole, and
// not as a part of another name.
func named(p audit.Probe, rule string) bool {
	if p.By == rule {
		return true
	}
	words := strings.FieldsFunc(p.Message, func(r rune) bool { return strings.ContainsRune(" \t\r\n\"'`,;()[]", r) })
	return slices.ContainsFunc(words, func(word string) bool { return strings.TrimRight(word, ":.") == rule })
}

func by(p audit.Probe) string {
	if len(p.Codes) > 0 {
		return strings.Join(p.Codes, ", ")
	}
	return p.By
}

// failure says why nobody can tell.
func failure(p audit.Probe) string {
	switch {
	case strings.HasPrefix(p.Message, "THE DRY RUN MADE A POD"):
		return p.Message
	case p.Status == 0:
		return "the API server gave no answer"
	case p.Status == 401:
		return "the API server does not know who asks"
	case p.By == authorization:
		return "you may not create Pods here, so that nothing was asked"
	case strings.Contains(p.Message, "does not support dry run"):
		return "the webhook " + p.By + " is not asked in dry runs: its sideEffects have to be None or NoneOnDryRun"
	case strings.Contains(p.Message, "failed calling webhook"):
		return "the webhook " + p.By + " did not answer, and everything is refused then"
	case p.Status == 404:
		return "there is no such namespace"
	case p.Status == 409:
		return "a Pod of this name is there already"
	case p.By != "" && strings.Contains(p.Message, "ValidatingAdmissionPolicy '"):
		return "the ValidatingAdmissionPolicy " + p.By + " could not be evaluated, and everything is refused then"
	case p.Status == 422:
		return "the API server takes this for no valid Pod"
	}
	return "the answer says nothing of policies"
}
