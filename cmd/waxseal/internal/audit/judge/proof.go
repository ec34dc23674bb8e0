package judge

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/engine"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// proof is what was verified about an image.
type proof struct {
	signers  []report.Signer
	vouchers []report.Signer // of verification summaries, which count where the policy says so
	scan     *report.Scan
	reports  []scanned // until the scan is made of them
	sboms    int
	builds   int
	bases    int
	base     string // that the image itself names; nobody signed it
	builder  string
	source   string
	evidence []report.Evidence
	attested []exception // exceptions that were attested
}

func newProof() proof { return proof{signers: []report.Signer{}, evidence: []report.Evidence{}} }

// proves says whether there is evidence that a policy can have accepted. Policies
// that ask for none accept what the reference or the object says.
func (p proof) proves(policy string) bool {
	switch policy {
	case signatures:
		return len(p.signers) > 0
	case scans:
		return len(p.reports) > 0
	case sboms:
		return p.sboms > 0
	case builds:
		return p.builds > 0
	}
	return true
}

func aboutImages(policy string) bool {
	return bundles.SubjectOf(policy) == bundles.Images && policy != "origins" && policy != "workloads"
}

// result is what the results of all functions have, as far as it is read here.
type result struct {
	OK      bool
	Errors  []render.Error
	Image   struct{ Digest string }
	Signers []evidence.Signer
	Targets []evidence.NotaryTarget
	// Notation has other signers.
	Statements []statement
	Reports    []scanned
	Documents  []struct {
		Digest string
	}
	Configs []struct {
		Annotations map[string]string
	}
}

type statement struct {
	PredicateType string `json:"predicate_type"`
	Predicate     json.RawMessage
	Digest        string
	Signers       []evidence.Signer
}

// read reads the evidence of a decision, in the order of the requests.
func (p *proof) read(o *engine.Outcome) error {
	for _, key := range slices.Sorted(maps.Keys(o.Evidence)) {
		var request struct{ Fn, Ref string }
		if err := json.Unmarshal([]byte(key), &request); err != nil {
			return err
		}
		found := o.Evidence[key]
		if request.Fn == "vex.statements" { // they suppress findings, which notes say
			found = map[string]any{"ok": found["ok"], "errors": found["errors"], "image": found["image"]}
		}
		var r result
		if err := into(found, &r); err != nil {
			return err
		}
		p.result(request.Fn, r)
	}
	return nil
}

func (p *proof) result(fn string, r result) {
	said := report.Evidence{Request: fn, OK: r.OK, Codes: []string{}, Digests: []string{}}
	for _, e := range r.Errors {
		said.Codes = append(said.Codes, e.Code)
	}
	if r.Image.Digest != "" {
		said.Digests = append(said.Digests, r.Image.Digest)
	}
	if r.OK {
		said.Digests = append(said.Digests, p.verified(fn, r)...)
	}
	said.Codes, said.Digests = unique(said.Codes), unique(said.Digests)
	p.evidence = append(p.evidence, said)
}

// verified takes what a good result holds, and returns the digests that it rests on.
func (p *proof) verified(fn string, r result) (digests []string) {
	if strings.HasSuffix(fn, ".verify") {
		for _, s := range r.Signers {
			p.signers = append(p.signers, signerOf(s))
			digests = append(digests, string(s.Digest))
		}
		for _, t := range r.Targets {
			p.signers = append(p.signers, report.Signer{Kind: "notary", Name: t.Role, KeyID: strings.Join(t.KeyIDs, ","), Digest: string(t.Digest), LogIndex: -1})
		}
	}
	for _, st := range r.Statements {
		digests = append(digests, st.Digest)
		p.statement(st)
	}
	for _, one := range r.Reports {
		digests = append(digests, one.Digest)
		p.reports = append(p.reports, one)
	}
	for _, d := range r.Documents {
		digests = append(digests, d.Digest)
		p.sboms++
	}
	for _, c := range r.Configs {
		p.bases++
		p.base = cmp.Or(p.base, c.Annotations["org.opencontainers.image.base.name"])
	}
	return digests
}

func signerOf(s evidence.Signer) report.Signer {
	out := report.Signer{
		Kind: s.Kind, Name: s.Key, KeyID: s.KeyID, Issuer: s.Issuer, Subject: s.Subject,
		Format: s.Format, Digest: string(s.Digest), SignedAt: s.SignedAt, LogIndex: s.LogIndex,
	}
	if s.Kind == "notation" {
		out.LogIndex = -1 // the Notary Project has no log
	}
	return out
}

// Types of statements that are read here.
const (
	provenanceV02 = "https://slsa.dev/provenance/v0.2"
	provenanceV1  = "https://slsa.dev/provenance/v1"
	summaryType   = "https://slsa.dev/verification_summary/v1"
	exceptionType = "https://github.com/waxseal/waxseal/attestation/exception/v1"
)

func (p *proof) statement(st statement) {
	switch st.PredicateType {
	case provenanceV02, provenanceV1:
		p.builds++
		builder, source := buildOf(st.Predicate)
		p.builder, p.source = cmp.Or(p.builder, builder), cmp.Or(p.source, source)
	case summaryType:
		for _, s := range st.Signers {
			signer := signerOf(s)
			signer.Format = "vsa"
			p.vouchers = append(p.vouchers, signer)
		}
	case exceptionType:
		var of struct{ Exceptions []exception }
		if json.Unmarshal(st.Predicate, &of) == nil {
			p.attested = append(p.attested, of.Exceptions...)
		}
	}
}

// buildOf are the builder and the source of provenance, "" where it does not say it
// in the form that they usually have.
func buildOf(predicate json.RawMessage) (builder, source string) {
	type named struct{ URI, Repository, Ref string }
	var b struct {
		Builder    struct{ ID string }
		Invocation struct{ ConfigSource named }
		RunDetails struct{ Builder struct{ ID string } }
		Definition struct {
			External map[string]json.RawMessage `json:"externalParameters"`
		} `json:"buildDefinition"`
	}
	if json.Unmarshal(predicate, &b) != nil {
		return "", ""
	}
	source = b.Invocation.ConfigSource.URI
	for _, name := range []string{"workflow", "buildConfigSource", "sourceToBuild", "configSource", "source"} {
		var at named
		var text string
		raw := b.Definition.External[name]
		switch {
		case source != "" || raw == nil:
		case json.Unmarshal(raw, &text) == nil:
			source = text
		case json.Unmarshal(raw, &at) == nil:
			source = cmp.Or(at.Repository, at.URI)
			if at.Ref != "" && at.Repository != "" {
				source += "@" + at.Ref
			}
		}
	}
	return cmp.Or(b.Builder.ID, b.RunDetails.Builder.ID), source
}

// vouched takes the signers of summaries for those of the image, where the policy says
// that a summary stands in for the signature. Another one may say that it failed.
func (p *proof) vouched(notes []render.Violation) {
	if slices.ContainsFunc(notes, func(n render.Violation) bool { return n.Code == "signed_images.vouched" }) {
		p.signers = append(p.signers, p.vouchers...)
	}
}

// add adds the proof of another unit of the same image.
func (p *proof) add(other proof) {
	p.signers = append(p.signers, other.signers...)
	p.reports = append(p.reports, other.reports...)
	p.evidence = append(p.evidence, other.evidence...)
	p.attested = append(p.attested, other.attested...)
	p.sboms, p.builds, p.bases = p.sboms+other.sboms, p.builds+other.builds, p.bases+other.bases
	p.base, p.builder, p.source = cmp.Or(p.base, other.base), cmp.Or(p.builder, other.builder), cmp.Or(p.source, other.source)
}

// finish brings the proof into its one form.
func (p *proof) finish() {
	p.scan = newest(p.reports)
	p.reports = nil
	p.signers = distinct(p.signers)
	p.evidence = distinct(p.evidence)
}

// distinct sorts by the JSON of the items, and keeps each once.
func distinct[T any](items []T) []T {
	byText := map[string]T{}
	for _, item := range items {
		raw, _ := json.Marshal(item) // of texts and numbers, it cannot fail
		byText[string(raw)] = item
	}
	out := make([]T, 0, len(byText))
	for _, text := range slices.Sorted(maps.Keys(byText)) {
		out = append(out, byText[text])
	}
	return out
}

func unique(in []string) []string {
	out := append([]string{}, in...)
	slices.Sort(out)
	return slices.Compact(out)
}
