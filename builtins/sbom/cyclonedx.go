package sbom

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"github.com/waxseal/waxseal/builtins/fault"
)

const opCycloneDX = "read cyclonedx document"

func readCycloneDX(document []byte) (Document, error) {
	return decodeCycloneDX(document, cdx.BOMFileFormatJSON)
}

func readCycloneDXXML(document []byte) (Document, error) {
	if err := xmlStructure(document); err != nil {
		return Document{}, err
	}
	return decodeCycloneDX(document, cdx.BOMFileFormatXML)
}

func decodeCycloneDX(document []byte, format cdx.BOMFileFormat) (Document, error) {
	var bom cdx.BOM
	if err := cdx.NewBOMDecoder(bytes.NewReader(document), format).Decode(&bom); err != nil {
		return Document{}, fault.New(fault.Malformed, opCycloneDX, "", err)
	}
	if format == cdx.BOMFileFormatJSON && bom.BOMFormat != cdx.BOMFormat {
		return Document{}, fault.Newf(fault.Unsupported, opCycloneDX, "", "bomFormat %.40q", bom.BOMFormat)
	}
	if bom.SpecVersion < cdx.SpecVersion1_4 || bom.SpecVersion > cdx.SpecVersion1_6 {
		return Document{}, fault.Newf(fault.Unsupported, opCycloneDX, "", "specification %q; 1.4 to 1.6 are read", bom.SpecVersion)
	}
	// A VEX document names vulnerabilities and lists no components.
	if bom.Components == nil && bom.Vulnerabilities != nil {
		return Document{}, fault.Newf(fault.Unsupported, opCycloneDX, "", "no list of components, a VEX document: %w", ErrNoSBOM)
	}
	return fromCycloneDX(&bom)
}

func fromCycloneDX(bom *cdx.BOM) (Document, error) {
	out := Document{Format: CycloneDX, SpecVersion: bom.SpecVersion.String()}
	if meta := bom.Metadata; meta != nil {
		created, err := parseTime(opCycloneDX, "metadata.timestamp", meta.Timestamp)
		if err != nil {
			return Document{}, err
		}
		out.Created, out.Tools = created, cycloneDXTools(meta.Tools)
		if c := meta.Component; c != nil {
			out.Name = c.Name
			out.Subjects = []Subject{cycloneDXSubject(c)}
			out.Packages = nested(nil, c.Components)
			// Without a purl, a folder say, it is what the packages are of.
			if !isImage(string(c.Type), c.PackageURL) && c.PackageURL != "" {
				out.Packages = append(out.Packages, cycloneDXPackage(c))
			}
		}
	}
	out.Packages = nested(out.Packages, bom.Components)
	return out, nil
}

// nested lists the components and those inside of them. Files and the operating
// system as a whole are no packages, unless they have a purl.
func nested(out []Package, components *[]cdx.Component) []Package {
	if components == nil {
		return out
	}
	for _, c := range *components {
		if c.PackageURL != "" || c.Type != cdx.ComponentTypeFile && c.Type != cdx.ComponentTypeOS {
			out = append(out, cycloneDXPackage(&c))
		}
		out = nested(out, c.Components)
	}
	return out
}

func cycloneDXSubject(c *cdx.Component) Subject {
	out := Subject{Name: c.Name, Version: c.Version, Purl: c.PackageURL}
	if !isImage(string(c.Type), c.PackageURL) {
		return out
	}
	out.Digests = digests(c.Version, c.PackageURL)
	if c.Hashes != nil {
		for _, h := range *c.Hashes {
			out.Digests = append(out.Digests, digestOf(string(h.Algorithm), h.Value)...)
		}
	}
	return out
}

func cycloneDXPackage(c *cdx.Component) Package {
	out := Package{Name: c.Name, Version: c.Version, Purl: c.PackageURL, Licences: cycloneDXLicences(c.Licenses), Hashes: map[string]string{}}
	if c.Group != "" && c.Name != "" {
		out.Name = c.Group + "/" + c.Name
	}
	if c.Supplier != nil {
		out.Supplier = c.Supplier.Name
	}
	if c.Hashes != nil {
		for _, h := range *c.Hashes {
			out.Hashes[hashName(string(h.Algorithm))] = h.Value
		}
	}
	return out
}

// cycloneDXLicences reads the list of licences. It says nothing of how they
// belong together, so all of them count; one that is not said to be concluded
// is declared.
func cycloneDXLicences(in *cdx.Licenses) Licences {
	out := Licences{}
	if in == nil {
		return out
	}
	var declared, concluded []string
	for _, choice := range *in {
		expression, conclusion := choice.Expression, choice.Acknowledgement != nil && *choice.Acknowledgement == cdx.LicenseAcknowledgementConcluded
		if l := choice.License; l != nil {
			expression, conclusion = l.ID, l.Acknowledgement == cdx.LicenseAcknowledgementConcluded
			if l.ID == "" {
				out.Names = append(out.Names, l.Name)
				continue
			}
		}
		if conclusion {
			concluded = append(concluded, expression)
		} else {
			declared = append(declared, expression)
		}
	}
	out.Declared, out.Concluded = all(declared), all(concluded)
	return out
}

// all is the expression of which all of the given ones are a part.
func all(expressions []string) string {
	if len(expressions) == 1 {
		return expressions[0]
	}
	parts := make([]string, len(expressions))
	for i, expression := range expressions {
		parts[i] = expression
		if strings.ContainsAny(expression, " ") {
			parts[i] = "(" + expression + ")"
		}
	}
	return strings.Join(parts, " AND ")
}

// cycloneDXTools are the tools in the order of the document; since 1.5 they are
// components.
func cycloneDXTools(in *cdx.ToolsChoice) []Tool {
	var out []Tool
	if in == nil {
		return out
	}
	if in.Tools != nil {
		for _, t := range *in.Tools {
			out = append(out, Tool{t.Name, t.Version})
		}
	}
	if in.Components != nil {
		for _, c := range *in.Components {
			out = append(out, Tool{c.Name, c.Version})
		}
	}
	if in.Services != nil {
		for _, s := range *in.Services {
			out = append(out, Tool{s.Name, s.Version})
		}
	}
	return out
}

// xmlStructure refuses XML that is nested too deeply, that declares a document
// type, or that gives a child of the root twice: of two, readers take either.
func xmlStructure(document []byte) error {
	dec := xml.NewDecoder(bytes.NewReader(document))
	depth, seen := 0, [3]map[string]bool{1: {}, 2: {}}
	for {
		token, err := dec.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fault.Newf(fault.Malformed, opCycloneDX, "", "not XML: %w", err)
		}
		switch t := token.(type) {
		case xml.Directive:
			return fault.Newf(fault.Malformed, opCycloneDX, "", "a document type declaration, which no SBOM needs")
		case xml.EndElement:
			depth--
		case xml.StartElement:
			if depth++; depth > MaxDepth {
				return fault.Newf(fault.TooLarge, opCycloneDX, "", "nested deeper than %d", MaxDepth)
			}
			if depth <= 2 && seen[depth][t.Name.Local] || depth == 1 && len(seen[1]) > 0 {
				return fault.Newf(fault.Malformed, opCycloneDX, t.Name.Local, "stands twice, or beside the root")
			}
			if depth <= 2 {
				seen[depth][t.Name.Local] = true
			}
		}
	}
}
