package builtins

var vexStatements = builtin{
	name: "vex.statements", args: args(refArg, optsArg),
	payload: payload(field{"documents", "one for each verified attestation", list(vexDocumentType)}),
	doc: "Returns VEX documents from verified attestations of an image: OpenVEX, CycloneDX, CSAF. No document is an error, never an empty list. " +
		"Without `predicate_types` these are read, with and without a version at the end: `https://openvex.dev/ns`, `https://cyclonedx.org/vex`, " +
		"`https://cyclonedx.org/bom` where it holds an analysis, and `https://docs.oasis-open.org/csaf/csaf`. A verified document that cannot be read fails the result.",
	call: verified,
}
