// Package statement makes of an audit what others can trust without repeating it:
// in-toto statements, signed. One SLSA verification summary (VSA) for each image
// that was judged, and one statement about the report itself.
//
//	report.json.sigstore.json          the audit
//	vsa/sha256-<hex>.sigstore.json     an image
//
// Unsigned, they end in .intoto.json.
package statement

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/policy"
)

// The predicate types.
const (
	SummaryType = "https://slsa.dev/verification_summary/v1"
	AuditType   = "https://github.com/waxseal/waxseal/attestation/audit/v1"
)

// PolicyURI is what a summary says of its policy where nobody says more. The digest
// says which one it is.
const PolicyURI = "https://github.com/waxseal/waxseal/blob/main/docs/vsa.md#the-digest-of-the-policy"

// By is who states, and by which policy.
type By struct {
	Verifier string // URI of who verified: verifier.id
	Policy   string // URI of the policy; the default is [PolicyURI]
}

func (b By) check() error {
	for _, uri := range []struct{ flag, text string }{{"--verifier-id", b.Verifier}, {"--policy-uri", b.Policy}} {
		if u, err := url.Parse(uri.text); uri.text != "" && (err != nil || u.Scheme == "" || u.Host+u.Opaque+u.Path == "") {
			return fmt.Errorf("%s %q: expected a URI like https://audit.example.com/waxseal", uri.flag, uri.text)
		}
	}
	if b.Verifier == "" {
		return errors.New("--verifier-id is missing: a statement says who has verified, as a URI that those who trust it write down")
	}
	return nil
}

// Statement is one, not signed.
type Statement struct {
	Image string // repository@digest; "" for that of the audit
	Type  string // of the predicate
	JSON  []byte
	name  string // of its file, without an ending
}

// Without is an image that has no summary.
type Without struct{ Image, Why string }

// Statements are those of an audit. Raw is its report as it is written: the
// statement of the audit is about these bytes. Record is the digest of the record's
// manifest, "" for none.
func Statements(r *report.Report, raw []byte, record string, by By) (all []Statement, without []Without, err error) {
	if err := by.check(); err != nil {
		return nil, nil, err
	}
	digest, err := policy.Digest(r.Audit.Bundle, r.Policy.Parameters)
	if err != nil {
		return nil, nil, err
	}
	names := map[string]int{}
	for _, img := range r.Images {
		if why := silent(r, img); why != "" {
			without = append(without, Without{img.Ref, why})
			continue
		}
		text, err := wire(SummaryType, summaryOf(r, img, digest, by), subject{img.Repository, digestSet(img.Digest)})
		if err != nil {
			return nil, nil, err
		}
		all = append(all, Statement{Image: img.Repository + "@" + img.Digest, Type: SummaryType, JSON: text, name: fileOf(img.Digest, names)})
	}
	own, err := auditStatement(r, raw, record, digest, by)
	return append(all, own), without, err
}

// fileOf names the file of a digest. An image of two repositories has two summaries.
func fileOf(digest string, names map[string]int) string {
	name := "vsa/" + strings.Replace(digest, ":", "-", 1)
	if names[name]++; names[name] > 1 {
		return fmt.Sprintf("%s-%d", name, names[name])
	}
	return name
}

// subject is what a statement is about.
type subject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

func wire(predicateType string, predicate any, about ...subject) ([]byte, error) {
	return json.Marshal(struct {
		Type          string    `json:"_type"`
		Subject       []subject `json:"subject"`
		PredicateType string    `json:"predicateType"`
		Predicate     any       `json:"predicate"`
	}{"https://in-toto.io/Statement/v1", about, predicateType, predicate})
}

var digests = regexp.MustCompile(`^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$`)

func digestSet(digest string) map[string]string {
	algorithm, sum, _ := strings.Cut(digest, ":")
	return map[string]string{algorithm: sum}
}
