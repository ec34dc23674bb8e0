package bundle

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/gatekeeper/template"
)

// templates returns the ConstraintTemplates of a flavour of Gatekeeper, as one
// YAML of several documents.
func (f *buildFlags) templates(own bundles.Own) ([]byte, error) {
	switch {
	case !forGatekeeper(f.flavour):
		return nil, fmt.Errorf("-o %s: ConstraintTemplates are for Gatekeeper; a bundle of flavour %s is named FILE.tar.gz", f.output, f.flavour)
	case f.signingKey != "":
		return nil, fmt.Errorf("-o %s: ConstraintTemplates are not signed; leave --signing-key out", f.output)
	}
	files, err := template.LibraryWith(f.flavour, own)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(files)) {
		out.WriteString("---\n")
		out.Write(files[name])
	}
	return out.Bytes(), nil
}
