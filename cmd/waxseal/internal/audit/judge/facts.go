package judge

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/engine"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/record"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// Facts are what is known of the images that were judged, by [audit.Image.Ref]. They
// are small: evidence is read once, and not kept.
type Facts map[string]*ImageFacts

// ImageFacts are what is known of one image.
type ImageFacts struct {
	verdict    string
	answers    map[string]audit.Answer // by policy
	violations []said
	notes      []said
	unjudged   []string // why nobody can tell, beside violations
	tagDigest  string
	tagState   string
	proof
}

// said is a violation or a note, and the places of the unit that it is about.
type said struct {
	render.Violation
	places []audit.Workload
}

// FactsOf reads what was judged about an image. It must be about the units that
// were gathered.
func FactsOf(s Settings, of Subject, j *Judged) (*ImageFacts, error) {
	if len(j.Decisions) != len(of.Units) || j.Image != of.Image.Ref {
		return nil, fmt.Errorf("image %q: %d of its %d units are judged", of.Image.Ref, len(j.Decisions), len(of.Units))
	}
	f := &ImageFacts{answers: map[string]audit.Answer{}, proof: newProof()}
	verdicts := []string{}
	for i, d := range j.Decisions {
		if d.Item != of.Units[i].Key {
			return nil, fmt.Errorf("image %q: decision %d is about unit %q, expected %q", of.Image.Ref, i+1, d.Item, of.Units[i].Key)
		}
		verdict, err := f.unit(s, of.Units[i], d)
		if err != nil {
			return nil, fmt.Errorf("image %q: decision %d: %w", of.Image.Ref, i+1, err)
		}
		verdicts = append(verdicts, verdict)
	}
	f.verdict = worstVerdict(verdicts)
	f.proof.finish()
	var err error
	f.tagDigest, f.tagState, err = tagOf(of.Image, j.Tag)
	if err != nil {
		return nil, fmt.Errorf("image %q: %w", of.Image.Ref, err)
	}
	if of.Image.Digest == "" {
		f.unknownDigest()
	}
	return f, nil
}

// unknownDigest takes back what a tag cannot say about what runs: it may have
// meant another image when it was pulled.
func (f *ImageFacts) unknownDigest() {
	if f.verdict == string(render.Admitted) {
		f.verdict = string(render.CannotTell)
	}
	for policy, answer := range f.answers {
		if answer == audit.Yes && policy != registries {
			f.answers[policy] = audit.CannotTell
		}
	}
	f.unjudged = append(f.unjudged, "the runtime names no digest: what its tag means now may be another image than the one that runs")
}

// unit adds what was judged about one unit, and returns its verdict.
func (f *ImageFacts) unit(s Settings, u Numbered, d record.Decision) (string, error) {
	if d.Outcome == nil {
		f.unjudged = append(f.unjudged, d.Error)
		for _, policy := range policiesOn(s) {
			f.answer(policy, audit.CannotTell)
		}
		return string(render.CannotTell), nil
	}
	proof := newProof()
	if err := proof.read(d.Outcome); err != nil {
		return "", err
	}
	proof.aside(d.Outcome.Notes)
	proof.vouched(d.Outcome.Notes)
	for _, policy := range policiesOn(s) {
		f.answer(policy, answerOf(policy, d.Outcome, proof))
	}
	f.proof.add(proof)
	for _, v := range d.Outcome.Violations {
		f.violations = append(f.violations, said{v, u.Workloads})
	}
	for _, n := range d.Outcome.Notes {
		f.notes = append(f.notes, said{n, u.Workloads})
	}
	for _, n := range d.Outcome.NotJudged {
		f.unjudged = append(f.unjudged, fmt.Sprintf("%s is not judged: %s", n.Path, n.Reason))
	}
	shown := render.NewReport([]render.Decision{{Images: d.Outcome.Images, Violations: d.Outcome.Violations, Notes: d.Outcome.Notes, NotJudged: d.Outcome.NotJudged}})
	return string(shown.Decisions[0].Verdict), nil
}

// answer notes an answer: over several units the worst counts.
func (f *ImageFacts) answer(policy string, answer audit.Answer) {
	if known, has := f.answers[policy]; has {
		answer = worstAnswer(known, answer)
	}
	f.answers[policy] = answer
}

// of is the answer of a policy: not_asked where it is off.
func (f *ImageFacts) of(policy string) audit.Answer {
	return cmp.Or(f.answers[policy], audit.NotAsked)
}

func worstAnswer(answers ...audit.Answer) audit.Answer {
	for _, one := range []audit.Answer{audit.No, audit.CannotTell, audit.NotAsked} {
		if slices.Contains(answers, one) {
			return one
		}
	}
	return audit.Yes
}

func worstVerdict(verdicts []string) string {
	for _, one := range []render.Verdict{render.Denied, render.CannotTell} {
		if slices.Contains(verdicts, string(one)) {
			return string(one)
		}
	}
	if len(verdicts) == 0 {
		return string(render.CannotTell)
	}
	return string(render.Admitted)
}

// The policies that questions about images follow from.
const (
	signatures = "signed_images"
	scans      = "scanned_images"
	registries = "allowed_registries"
	sboms      = "sbom_attached"
	builds     = "attested_build"
	bases      = "base_image"
)

// answerOf is what one decision says of one policy. Yes needs what was verified, not
// only that nothing is said against it: an image that an exemption lets through is
// not signed.
func answerOf(policy string, o *engine.Outcome, p proof) audit.Answer {
	answer := audit.Yes
	whole := false
	for _, v := range o.Violations {
		switch {
		case v.Policy == policy && v.Answered():
			return audit.No
		case v.Policy == policy:
			answer = audit.CannotTell
		case v.Policy == "parameters" || v.Policy == "workload":
			whole = true
		}
	}
	for _, n := range o.Notes {
		if n.Policy == policy && strings.HasSuffix(n.Code, ".exempted") {
			return audit.No
		}
	}
	if answer == audit.Yes && (whole || len(o.Images) == 0 || len(o.NotJudged) > 0) {
		return audit.CannotTell // the policies were not asked about it, or not as they should be
	}
	if answer == audit.Yes && !p.proves(policy) {
		return audit.No
	}
	return answer
}

// policiesOn are the policies for images that are on, sorted.
func policiesOn(s Settings) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(s.Parameters)), func(name string) bool {
		return !aboutImages(name)
	})
}

// tagOf says what the tag means now, and what that says of the image.
func tagOf(img audit.Image, evidence map[string]map[string]any) (digest, state string, err error) {
	if img.Tag == "" || img.Repository == "" {
		return "", "none", nil
	}
	found, asked := evidence[tagKey(img)]
	if !asked {
		return "", "", fmt.Errorf("what its tag means was not asked")
	}
	var now struct {
		OK     bool
		Errors []render.Error
		Digest string
		Images []string
		All    []struct{ Digest string } `json:"platforms"`
	}
	if err := into(found, &now); err != nil {
		return "", "", err
	}
	switch {
	case !now.OK && len(now.Errors) > 0 && !slices.ContainsFunc(now.Errors, func(e render.Error) bool { return e.Code != "not_found" }):
		return "", "gone", nil
	case !now.OK || now.Digest == "" || img.Digest == "":
		return now.Digest, "cannot_tell", nil
	case now.Digest == img.Digest || slices.ContainsFunc(now.All, func(p struct{ Digest string }) bool { return p.Digest == img.Digest }):
		return now.Digest, "same", nil
	}
	return now.Digest, "moved", nil
}

// into reads a value of JSON into a type.
func into(value, out any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, out)
}

// Retry says whether what was judged about an image has to be judged again: nobody
// could tell, and may tell now.
func (j *Judged) Retry() bool {
	for _, d := range j.Decisions {
		if d.Outcome == nil || slices.ContainsFunc(d.Outcome.Violations, func(v render.Violation) bool { return !v.Answered() }) {
			return true
		}
		for _, result := range d.Outcome.Evidence {
			if outage(result) {
				return true
			}
		}
	}
	for _, result := range j.Tag {
		if outage(result) {
			return true
		}
	}
	return false
}

func outage(result map[string]any) bool {
	var r struct{ Errors []render.Error }
	return into(map[string]any{"errors": result["errors"]}, &r) != nil ||
		slices.ContainsFunc(r.Errors, func(e render.Error) bool { return e.Retryable })
}

// image is the row of an image.
func (f *ImageFacts) image(img audit.Image) report.Image {
	img.Verdict, img.TagDigest, img.TagState = f.verdict, f.tagDigest, f.tagState
	img.Signed, img.Scanned, img.Registry = f.of(signatures), f.of(scans), f.of(registries)
	img.SBOM, img.Provenance = f.of(sboms), f.of(builds)
	img.Codes = []string{}
	for _, v := range f.violations {
		img.Codes = append(img.Codes, v.Code)
	}
	slices.Sort(img.Codes)
	img.Codes = slices.Compact(img.Codes)
	return report.Image{
		Image: img, Signers: f.signers, Scan: f.scan, BaseImage: f.base, Builder: f.builder, Source: f.source, Evidence: f.evidence,
		Findings: []string{}, Exceptions: []string{},
	}
}
