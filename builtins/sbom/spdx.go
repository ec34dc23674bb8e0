package sbom

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
)

const opSPDX = "read spdx document"

// spdxDocument is the part of SPDX 2.2 and 2.3 that is read. The fields are few
// and stable, so JSON is read with the standard library: that of tools-golang
// v0.5.7 panics on a list of packages that holds null.
type spdxDocument struct {
	SPDXVersion  string
	SPDXID       string
	Name         string
	CreationInfo struct {
		Created  string
		Creators []string
	}
	DocumentDescribes []string
	Packages          []*spdxPackage
	Relationships     []spdxRelationship
}

type spdxPackage struct {
	SPDXID                string
	Name                  string
	VersionInfo           string
	Supplier              string
	LicenseConcluded      string
	LicenseDeclared       string
	PrimaryPackagePurpose string
	Checksums             []spdxChecksum
	ExternalRefs          []struct{ ReferenceType, ReferenceLocator string }
}

type spdxChecksum struct{ Algorithm, ChecksumValue string }

type spdxRelationship struct {
	SPDXElementID, RelationshipType, RelatedSPDXElement string
}

func readSPDX(document []byte) (Document, error) {
	var doc spdxDocument
	if err := json.Unmarshal(document, &doc); err != nil {
		return Document{}, fault.New(fault.Malformed, opSPDX, "", err)
	}
	if slices.Contains(doc.Packages, nil) {
		return Document{}, fault.Newf(fault.Malformed, opSPDX, "packages", "null, a package was expected")
	}
	return doc.document()
}

func (d *spdxDocument) document() (Document, error) {
	version, ok := strings.CutPrefix(d.SPDXVersion, "SPDX-")
	if !ok || (version != "2.2" && version != "2.3") {
		return Document{}, fault.Newf(fault.Unsupported, opSPDX, "", "version %.40q; SPDX-2.2 and SPDX-2.3 are read", d.SPDXVersion)
	}
	created, err := parseTime(opSPDX, "creationInfo.created", d.CreationInfo.Created)
	if err != nil {
		return Document{}, err
	}
	out := Document{Format: SPDX, SpecVersion: version, Name: d.Name, Created: created, Tools: spdxTools(d.CreationInfo.Creators)}
	described := d.described()
	for _, p := range d.Packages {
		purls := p.purls()
		subject := described[p.SPDXID]
		if subject {
			out.Subjects = append(out.Subjects, p.subject(purls))
		}
		// The only subject without a purl, a folder say, is what the packages are of.
		if subject && (isImage(p.PrimaryPackagePurpose, purls[0]) || len(described) == 1 && purls[0] == "") {
			continue
		}
		// A package with two purls is two packages to whoever looks for one of them.
		for _, purl := range purls {
			out.Packages = append(out.Packages, p.pkg(purl))
		}
	}
	return out, nil
}

// described are the identifiers of what the document says it describes.
func (d *spdxDocument) described() map[string]bool {
	out := map[string]bool{}
	for _, id := range d.DocumentDescribes {
		out[id] = true
	}
	for _, r := range d.Relationships {
		switch {
		case r.RelationshipType == "DESCRIBES" && r.SPDXElementID == d.SPDXID:
			out[r.RelatedSPDXElement] = true
		case r.RelationshipType == "DESCRIBED_BY" && r.RelatedSPDXElement == d.SPDXID:
			out[r.SPDXElementID] = true
		}
	}
	return out
}

// purls returns the purls of the package, or an empty one.
func (p *spdxPackage) purls() []string {
	var out []string
	for _, ref := range p.ExternalRefs {
		if ref.ReferenceType == "purl" && !slices.Contains(out, ref.ReferenceLocator) {
			out = append(out, ref.ReferenceLocator)
		}
	}
	if len(out) == 0 {
		return []string{""}
	}
	return out
}

func (p *spdxPackage) subject(purls []string) Subject {
	out := Subject{Name: p.Name, Version: p.VersionInfo, Purl: purls[0]}
	if !isImage(p.PrimaryPackagePurpose, purls[0]) {
		return out
	}
	for _, purl := range purls {
		out.Digests = append(out.Digests, digests(p.VersionInfo, purl)...)
	}
	for _, c := range p.Checksums {
		out.Digests = append(out.Digests, digestOf(c.Algorithm, c.ChecksumValue)...)
	}
	return out
}

func (p *spdxPackage) pkg(purl string) Package {
	out := Package{
		Name: p.Name, Version: p.VersionInfo, Purl: purl,
		Licences: Licences{Declared: asserted(p.LicenseDeclared), Concluded: asserted(p.LicenseConcluded)},
		Supplier: spdxSupplier(p.Supplier),
		Hashes:   map[string]string{},
	}
	for _, c := range p.Checksums {
		out.Hashes[hashName(c.Algorithm)] = strings.ToLower(c.ChecksumValue)
	}
	return out
}

// asserted drops what SPDX writes for no statement. NONE stays: that there is
// no licence is a statement.
func asserted(text string) string {
	if text == "NOASSERTION" {
		return ""
	}
	return text
}

// spdxSupplier takes off the kind: "Organization: Acme" (SPDX 2.3, 7.5).
func spdxSupplier(text string) string {
	for _, kind := range []string{"Organization:", "Person:"} {
		if name, ok := strings.CutPrefix(text, kind); ok {
			return strings.TrimSpace(name)
		}
	}
	return asserted(text)
}

// toolVersion parts "toolidentifier-version" (SPDX 2.3, 6.8).
var toolVersion = regexp.MustCompile(`\A(.+?)-(v?[0-9].*)\z`)

func spdxTools(creators []string) []Tool {
	var out []Tool
	for _, creator := range creators {
		text, ok := strings.CutPrefix(creator, "Tool:")
		if !ok {
			continue
		}
		tool := Tool{Name: strings.TrimSpace(text)}
		if parts := toolVersion.FindStringSubmatch(tool.Name); parts != nil {
			tool.Name, tool.Version = parts[1], parts[2]
		}
		out = append(out, tool)
	}
	return out
}
