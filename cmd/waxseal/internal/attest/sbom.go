package attest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/waxseal/waxseal/builtins/sbom"
)

// The predicate types of cosign for SBOMs (in-toto attestation framework, predicates/spdx and predicates/cyclonedx).
var sbomTypes = map[sbom.Format]string{sbom.SPDX: "https://spdx.dev/Document", sbom.CycloneDX: "https://cyclonedx.org/bom"}

func sbomCommand() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "sbom DOCUMENT|- IMAGE",
		Short: "Attest an SBOM of an image",
		Long: `Signs an SBOM, SPDX or CycloneDX, about the image's digest and stores it beside the image.

A document that names another image by its digest is refused, and one without packages too.`,
		Example: `  syft "$IMAGE" -o spdx-json | waxseal attest sbom --key cosign.key --tlog-upload=false - "$IMAGE"`,
		Args:    cobra.ExactArgs(2),
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0], args[1], readSBOM) },
	}
	f.bind(cmd)
	return cmd
}

func readSBOM(raw []byte) (*document, error) {
	parsed, err := sbom.Parse(raw)
	if err != nil {
		return nil, err
	}
	if parsed.PackageCount == 0 {
		return nil, refuse("the document lists no packages: sbom_attached would refuse it")
	}
	if !json.Valid(raw) {
		return nil, errors.New("it is not JSON, and predicates are: have the tool write JSON")
	}
	doc := &document{predicateType: sbomTypes[parsed.Format], predicate: raw, about: "the document", facts: sbomFacts(parsed)}
	for _, subject := range parsed.Subjects {
		doc.subjects = append(doc.subjects, subject.Digests...)
	}
	if again, err := sbom.FromPredicate(doc.predicateType, raw); err != nil || again.PackageCount != parsed.PackageCount {
		return nil, fmt.Errorf("its attestation would not be readable: %w", err)
	}
	return doc, nil
}

func sbomFacts(d sbom.Document) []fact {
	var tools []string
	for _, t := range d.Tools {
		tools = append(tools, strings.TrimSpace(t.Name+" "+t.Version))
	}
	created := "at an unknown time"
	if !d.Created.IsZero() {
		created = d.Created.UTC().Format(time.RFC3339)
	}
	return []fact{
		{"format", fmt.Sprintf("%s %s", d.Format, d.SpecVersion)},
		{"made by", strings.Join(tools, ", ")},
		{"created", created},
		{"packages", fmt.Sprint(d.PackageCount)},
	}
}
