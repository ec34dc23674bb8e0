package builtins

import (
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/types"

	"github.com/waxseal/waxseal/builtins/fault"
)

// Reference returns the reference page of the builtins, as Markdown, from their
// declarations.
func Reference() []byte {
	var b strings.Builder
	b.WriteString(`# Builtins

Generated from the declarations in ` + "`builtins/`" + ` by ` + "`make generate`" + `.

**Content, not origin.** The ` + "`registry.*`" + ` builtins return what a registry says, checked
against its digest. Nothing in it was signed: only ` + "`cosign.*`, `notation.verify`, `notary.verify`, `scan.findings`, `sbom.packages`" + `
and ` + "`vex.statements`" + ` return what a trusted key or identity vouches for.

A builtin returns a value or halts; it is never undefined and never a plain error. Every
result has the fields ` + "`ok`, `errors`, `ignored` and `image`" + ` and its own payload, which is
empty when ` + "`ok`" + ` is false. Deny when ` + "`ok`" + ` is false; never read ` + "`errors`" + ` to decide.

`)
	for _, x := range all() {
		x.reference(&b)
	}
	optionsPage(&b)
	b.WriteString("## Shared types\n\n### result\n\n")
	fieldTable(&b, commonFields)
	for _, s := range shapes {
		fmt.Fprintf(&b, "### %s\n\n", s.name)
		fieldTable(&b, s.fields)
	}
	codesPage(&b)
	return []byte(b.String())
}

func (b builtin) reference(page *strings.Builder) {
	names := make([]string, len(b.args))
	for i, a := range b.args {
		names[i] = a.Name
	}
	fmt.Fprintf(page, "## %s(%s)\n\n%s\n\n", b.name, strings.Join(names, ", "), b.doc)
	for _, a := range b.args {
		fmt.Fprintf(page, "* `%s`: %s\n", a.Name, a.Descr)
	}
	page.WriteString("\n")
	if len(b.payload) > 0 {
		page.WriteString("Payload of the result:\n\n")
		fieldTable(page, b.payload)
	}
}

func fieldTable(b *strings.Builder, fields []field) {
	b.WriteString("| field | type | |\n|---|---|---|\n")
	for _, f := range fields {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", f.name, typeName(f.typ), f.doc)
	}
	b.WriteString("\n")
}

// typeName names a type as the page does: shared types by their heading.
func typeName(t types.Type) string {
	for _, s := range shapes {
		if types.Compare(t, object(s.fields...)) == 0 {
			return fmt.Sprintf("[%s](#%s)", s.name, strings.ReplaceAll(s.name, " ", "-"))
		}
	}
	switch t := t.(type) {
	case *types.Array:
		return "list of " + typeName(t.Dynamic())
	case *types.Object:
		if n := len(t.StaticProperties()); n > 0 && deep(t) {
			return "object: see [the model](pipelines.md#the-model)"
		}
		if keys := t.StaticProperties(); len(keys) > 0 {
			names := make([]string, len(keys))
			for i, k := range keys {
				names[i] = fmt.Sprintf("`%s` %s", k.Key, typeName(k.Value))
			}
			return "{" + strings.Join(names, ", ") + "}"
		}
		return "map of string to " + typeName(t.DynamicProperties().Value)
	}
	if a, isAny := t.(types.Any); isAny && len(a) == 0 {
		return "any"
	}
	return t.String()
}

// deep says whether an object holds lists of objects: a model, which has a page of
// its own.
func deep(t *types.Object) bool {
	for _, p := range t.StaticProperties() {
		if of, ok := p.Value.(*types.Array); ok {
			if _, ok := of.Dynamic().(*types.Object); ok {
				return true
			}
		}
	}
	return false
}

// optionRows are the options, in the order of the page.
var optionRows = [][3]string{
	{"keys", "list of strings", "PEM public keys (ECDSA, Ed25519, RSA from 2048 bits), or names of keys in the configuration"},
	{"identities", "list of objects", "`issuer` or `issuer_pattern`, and `subject` or `subject_pattern`; `extensions` by Fulcio's names, exact. Patterns are anchored regular expressions without flags, and may not match the empty string"},
	{"certificates", "list of strings", "PEM chains of a private authority, or their names in the configuration"},
	{"trust_root", "string", "name in the configuration; the default is the configuration's default"},
	{"threshold", "number", "how many different entries of `keys` and `identities` must have signed; the default is 1. One signature counts for one entry, equal keys are one"},
	{"formats", "list of strings", "`legacy` and `bundle`; the default is both"},
	{"annotations", "map of string to string", "that the signed payload must carry"},
	{"timestamps", "boolean", "require a signed time stamp (RFC 3161) of a trusted authority"},
	{"predicate_types", "list of strings", "of attestations; the default is all"},
	{"platforms", "string", "`index` (default): the digest named must be covered; `each`: every manifest of the index; `os/architecture[/variant]`: that one, if there is no other"},
	{"insecure_ignore_tlog", "boolean", "accept a signature without an entry in a transparency log"},
	{"insecure_ignore_sct", "boolean", "accept a certificate without certificate transparency"},
	{"ranges", "list of strings", "of `sbom.packages`: a [package URL](https://github.com/package-url/purl-spec) without version, `*` for any characters of a segment, and after a blank a range in [VERS](https://github.com/package-url/vers-spec): `pkg:npm/lodash vers:npm/<4.17.21`. Versions of apk, cargo, deb, golang, maven, npm, pypi and rpm are compared as there, those of other types with `vers:semver/`; without a range, any version. At most 2000, 100 of them with `*` in the name"},
	{"licences", "object", "of `sbom.packages`: `allowed` and `denied`, lists of SPDX identifiers, `LicenseRef-…`, or patterns with `*`; `allowed` also names as documents write them. Without `allowed`, all of the SPDX list but those denied are accepted"},
	{"only_matching", "boolean", "of `sbom.packages`: list only packages in a range, unsure, or with licences that are not accepted"},
}

func optionsPage(b *strings.Builder) {
	b.WriteString("## Options\n\nOne object. An unknown key, neither keys nor identities, an unknown name or a bad pattern halts.\n\n| option | type | |\n|---|---|---|\n")
	for _, o := range optionRows {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", o[0], o[1], o[2])
	}
	b.WriteString("\nCredentials are never options: arguments land in decision logs.\n\n")
}

func codesPage(b *strings.Builder) {
	b.WriteString("## Codes\n\nThe closed list. Codes of the class `cannot_know` are retryable and are never kept. Policies meet one more,\n`not_collected` (retryable), where the host brought no result for a request.\n\n| code | class | meaning |\n|---|---|---|\n")
	for _, e := range fault.Codes() {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", e.Code, e.Class, e.Meaning)
	}
}
