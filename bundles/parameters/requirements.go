package parameters

import (
	"fmt"
	"slices"
)

// checkRequirements reports what a schema cannot say of requirements: authorities
// that are nobody, or two.
func checkRequirements(value map[string]any, at string, report reporter) {
	var signers []string
	each(value, at, "authorities", func(entry any, _ string) {
		name, _ := object(entry)["name"].(string)
		signers = append(signers, name)
	})
	each(value, at, "requirements", func(entry any, at string) {
		each(object(entry), at, "signed_by", func(signer any, at string) { checkSigner(signers, signer, at, report) })
	})
}

func checkSigner(signers []string, value any, at string, report reporter) {
	name, _ := value.(string)
	named := len(signers) - len(slices.DeleteFunc(slices.Clone(signers), func(s string) bool { return s == name }))
	switch {
	case name == "" || named == 1:
	case named == 0:
		report(at, missing("authority", "authorities", name, slices.Compact(slices.Sorted(slices.Values(signers)))))
	default:
		report(at, fmt.Sprintf("%d authorities are named %q; give each a name of its own", named, name))
	}
}
