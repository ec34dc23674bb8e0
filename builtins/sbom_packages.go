package builtins

import "github.com/open-policy-agent/opa/v1/types"

var sbomPackages = builtin{
	name: "sbom.packages", args: args(refArg, optsArg),
	payload: payload(field{"documents", "one for each verified SBOM attestation", list(sbomType)}),
	doc:     "Returns packages and licences from verified SBOM attestations of an image: SPDX 2.2 and 2.3, CycloneDX 1.4 to 1.6. No SBOM is an error, never an empty list, and so is a verified SBOM that cannot be read. Without `predicate_types` the types of SBOMs are asked for: https://spdx.dev/Document and https://cyclonedx.org/bom, each with or without a version.",
	call:    verified,
}

var (
	toolType    = object(str("name", "lower case"), str("version", "`\"\"` when unknown"))
	subjectType = object(subjectFields...)
	packageType = object(packageFields...)
	sbomType    = object(sbomFields...)
	sbomDocType = object(sbomDocFields...)
)

var subjectFields = []field{
	str("name", ""), str("version", ""), str("purl", ""),
	{"digests", "of an image, `sha256:…`: the document's own statement, to be compared; empty when it names none", list(types.S)},
}

var packageFields = []field{
	str("name", ""),
	str("version", ""),
	str("purl", "package URL as written, `\"\"` when unknown"),
	str("type", "of the purl: `npm`, `deb`, `golang`, …"),
	{"licences", "SPDX expressions, `\"\"` when none is given, and licences given by name", object(str("declared", ""), str("concluded", ""), field{"names", "", list(types.S)})},
	str("supplier", ""),
	{"hashes", "by algorithm, `sha256`", mapOf(types.S)},
	{"in", "those of the option `ranges` that the package is in", list(types.S)},
	{"unsure", "those of which that cannot be told: a version that cannot be compared, or no purl and the same name", list(types.S)},
	str("licence", "how the licences stand to the option `licences`: `accepted`, `refused`, `unknown`, `\"\"` when not asked"),
	{"licences_refused", "the licences for which it is not accepted", list(types.S)},
}

var sbomDocFields = []field{
	str("format", "`spdx` or `cyclonedx`"),
	str("spec_version", "`2.3`, `1.6`"),
	str("name", ""),
	str("created", "RFC 3339, `\"\"` when unknown"),
	{"tools", "that made the document", list(toolType)},
	{"subjects", "what the document says it describes", list(subjectType)},
	num("package_count", "of all packages, also of those that `only_matching` leaves out"),
	{"packages", "sorted", list(packageType)},
}

var sbomFields = append([]field{
	str("digest", "of the statement that carries the document"),
	str("predicate_type", "URI"),
	{"signers", "", list(signerType)},
}, sbomDocFields...)
