package sbom

import (
	"bytes"
	"strings"

	"github.com/spdx/tools-golang/tagvalue/reader"

	"github.com/waxseal/waxseal/builtins/fault"
)

// isTagValue says whether a document is SPDX in tag-value form: its first tag
// need not be the version, and comments may stand before it.
func isTagValue(document []byte) bool {
	return bytes.HasPrefix(document, []byte("SPDXVersion:")) || bytes.Contains(document, []byte("\nSPDXVersion:"))
}

// readTagValue reads the pairs with tools-golang and their meaning here, as it
// is read from JSON.
func readTagValue(document []byte) (Document, error) {
	pairs, err := reader.ReadTagValues(bytes.NewReader(document))
	if err != nil {
		return Document{}, fault.New(fault.Malformed, opSPDX, "", err)
	}
	doc := &spdxDocument{}
	section := &spdxPackage{} // what stands before the first package is the document's
	for _, pair := range pairs {
		switch pair.Tag {
		case "PackageName":
			section = &spdxPackage{Name: pair.Value}
			doc.Packages = append(doc.Packages, section)
			continue
		case "FileName", "SnippetSPDXID", "LicenseID":
			section = &spdxPackage{} // no longer a package: nothing of it is read
		}
		if err := doc.tag(section, pair.Tag, pair.Value); err != nil {
			return Document{}, err
		}
	}
	return doc.document()
}

func (d *spdxDocument) tag(p *spdxPackage, tag, text string) error {
	switch tag {
	case "SPDXVersion":
		if d.SPDXVersion != "" {
			return fault.Newf(fault.Malformed, opSPDX, tag, "stands twice")
		}
		d.SPDXVersion = text
	case "DocumentName":
		d.Name = text
	case "Created":
		d.CreationInfo.Created = text
	case "Creator":
		d.CreationInfo.Creators = append(d.CreationInfo.Creators, text)
	case "Relationship":
		if parts := strings.Fields(text); len(parts) >= 3 {
			d.Relationships = append(d.Relationships, spdxRelationship{parts[0], parts[1], parts[2]})
		}
	case "SPDXID":
		p.SPDXID = text
		if len(d.Packages) == 0 && d.SPDXID == "" {
			d.SPDXID = text
		}
	default:
		p.tag(tag, text)
	}
	return nil
}

func (p *spdxPackage) tag(tag, text string) {
	switch tag {
	case "PackageVersion":
		p.VersionInfo = text
	case "PackageSupplier":
		p.Supplier = text
	case "PackageLicenseConcluded":
		p.LicenseConcluded = text
	case "PackageLicenseDeclared":
		p.LicenseDeclared = text
	case "PrimaryPackagePurpose":
		p.PrimaryPackagePurpose = text
	case "PackageChecksum":
		if name, hash, ok := strings.Cut(text, ":"); ok {
			p.Checksums = append(p.Checksums, spdxChecksum{name, strings.TrimSpace(hash)})
		}
	case "ExternalRef":
		if parts := strings.Fields(text); len(parts) >= 3 {
			p.ExternalRefs = append(p.ExternalRefs, struct{ ReferenceType, ReferenceLocator string }{parts[1], parts[2]})
		}
	}
}
