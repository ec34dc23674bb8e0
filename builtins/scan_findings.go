package builtins

var scanFindings = builtin{
	name: "scan.findings", args: args(refArg, optsArg),
	payload: payload(field{"reports", "one for each verified scan attestation", list(scanReportType)}),
	doc:     "Returns normalised findings from verified scan attestations of an image. No report is an error, never an empty list.",
	call:    verified,
}
