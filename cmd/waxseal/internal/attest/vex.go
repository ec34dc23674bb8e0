package attest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/package-url/packageurl-go"
	"github.com/spf13/cobra"

	"github.com/waxseal/waxseal/builtins/vex"
)

// vexTypes are the predicate types under which vex.statements reads the formats (docs/vex.md).
var vexTypes = map[vex.Format]string{
	vex.OpenVEX: "https://openvex.dev/ns", vex.CycloneDX: "https://cyclonedx.org/bom", vex.CSAF: "https://docs.oasis-open.org/csaf/csaf/v2.0",
}

func vexCommand() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "vex DOCUMENT|- IMAGE",
		Short: "Attest a VEX document about an image",
		Long: `Signs a VEX document, OpenVEX, CycloneDX or CSAF, about the image's digest and stores it beside the image.

A document about other images only is refused. One about packages, which names no image by digest, is
about the packages that the image has.`,
		Example: `  waxseal attest vex --key product-security.key --tlog-upload=false app.openvex.json "$IMAGE"`,
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.assumeImage = true // what it names no image for, it says of packages
			return f.run(cmd, args[0], args[1], readVEX)
		},
	}
	f.bind(cmd)
	_ = cmd.Flags().MarkHidden("assume-image")
	return cmd
}

func readVEX(raw []byte) (*document, error) {
	parsed, err := vex.Parse(raw)
	if err != nil {
		return nil, err
	}
	if len(parsed.Statements) == 0 {
		return nil, errors.New("it has no statements")
	}
	doc := &document{predicateType: vexTypes[parsed.Format], predicate: raw, about: "the document", subjects: vexImages(parsed)}
	if _, err := vex.FromPredicate(doc.predicateType, raw); err != nil {
		return nil, fmt.Errorf("its attestation would not be readable: %w", err)
	}
	doc.facts = []fact{{"format", string(parsed.Format)}, {"author", parsed.Author}}
	for _, s := range parsed.Statements[:min(len(parsed.Statements), 10)] {
		doc.facts = append(doc.facts, fact{"statement", strings.TrimSpace(fmt.Sprintf("%s %s %s", s.Vulnerability, s.Status, s.Justification))})
	}
	if more := len(parsed.Statements) - 10; more > 0 {
		doc.facts = append(doc.facts, fact{"", fmt.Sprintf("and %d more", more)})
	}
	return doc, nil
}

// vexImages returns the digests of the images that the statements are about, if
// all of them are about images. A statement about a package may be about any image.
func vexImages(d vex.Document) []string {
	var out []string
	for _, s := range d.Statements {
		for _, p := range s.Products {
			digests := imageDigests(p.Component)
			if len(digests) == 0 {
				return nil
			}
			out = append(out, digests...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func imageDigests(c vex.Component) []string {
	purl, err := packageurl.FromString(c.Purl)
	if err == nil && purl.Type != packageurl.TypeOCI && purl.Type != packageurl.TypeDocker {
		return nil // hashes are the package's
	}
	out := slices.Clone(c.Digests)
	if err == nil && strings.HasPrefix(purl.Version, "sha256:") {
		out = append(out, purl.Version)
	}
	return out
}
