package judge

// row is one thing that auditors do, as a table of rows says it. Codes are the
// beginnings of the codes of the findings that fail it; policies are those whose
// METADATA names the standards that it serves. Look answers it from the facts.
type row struct {
	id, title string
	section   string
	codes     []string
	policies  []string
	look      func(*view, *answer)
	command   func(*view) string
}

// Policies over what an audit found. Those that a bundle does not have serve
// nothing.
const (
	enforced = "enforcement_verifies_images"
	signing  = "pipeline_signs_images"
	scanning = "pipeline_scans_images"
	keeping  = "pipeline_keeps_keys_safe"
	running  = "audit_runs_what_was_verified"
	keys     = "audit_keeps_keys"
	logs     = "audit_logs_show_no_bypass"
	probes   = "audit_probes_are_refused"
)

// rows are the rows of the tables A to D: one for each thing that an auditor does.
var rows = []row{
	{"A1", "Obtain the image policy and the list of approved registries", "policy",
		[]string{"parameters.", "*.parameters"}, []string{signatures, registries}, lookPolicy, commandPolicy},
	{"A2", "Confirm that admission control enforces signature verification", "enforcement",
		[]string{"enforcement.", enforced + "."}, []string{enforced}, lookEnforcement, commandEnforcement},
	{"A3", "Find every stage of the pipeline where scanning is mandated", "pipelines",
		[]string{"pipelines.", scanning + "."}, []string{scanning}, lookScanning, commandPipelines},
	{"A4", "Take a sample of 5 to 10 running images", "images",
		nil, []string{"pinned_digests"}, lookSampleOf(5), commandAgain},
	{"A5", "For each image of the sample, obtain the scan results: findings, severity, scanner, time", "images",
		[]string{scans + "."}, []string{scans}, lookAnswers(scans), commandImages},
	{"A6", "For each image of the sample, verify the signature, and confirm who controls the key", "images",
		[]string{signatures + ".", "@key"}, []string{signatures, keys}, lookSigners, commandImages},
	{"A7", "Look in the logs for rejected pulls from unapproved registries", "logs",
		[]string{"@log"}, []string{registries, logs}, lookRejections, commandAgain},
	{"A8", "Try to deploy an unsigned, unscanned image from an unapproved registry", "probes",
		[]string{"@probe"}, []string{enforced, probes}, lookProbes("unsigned", "unscanned", "unapproved_registry", "acceptable"), commandProbe},

	{"B1", "Review the signing policy: authorities, key management, registries", "policy",
		[]string{"parameters.", signatures + ".parameters", registries + ".parameters", "@key"}, []string{signatures, registries, keys}, lookSigningPolicy, commandPolicy},
	{"B2", "List the clusters, registries and pipelines in scope", "scope",
		nil, []string{enforced, signing}, lookScope, commandAgain},
	{"B3", "Export the admission configuration", "enforcement",
		[]string{"enforcement.", enforced + "."}, []string{enforced}, lookExport, commandEnforcement},
	{"B4", "Sample 15 to 20 running images: digests and signatures of what the runtime says that runs", "images",
		[]string{"@running"}, []string{signatures, running}, lookRunning, commandImages},
	{"B5", "Verify each signature with the organisation's keys or certificates; base image and builder from provenance", "images",
		[]string{signatures + ".", builds + ".", bases + "."}, []string{signatures, builds, bases}, lookAnswers(signatures, builds), commandImages},
	{"B6", "Attempt an unsigned deployment", "probes",
		[]string{"@probe"}, []string{enforced, probes}, lookProbes("unsigned", "acceptable"), commandProbe},
	{"B7", "Confirm that signing happens at publication in the pipeline", "pipelines",
		[]string{"pipelines.", signing + "."}, []string{signing}, lookSigning, commandPipelines},
	{"B8", "Examine registry and signing logs: nothing unsigned was pulled or deployed", "logs",
		[]string{"@log"}, []string{signatures, logs}, lookAdmissions, commandAgain},

	{"C1", "All images that the project builds are signed in CI, and the cluster enforces verification at admission", "pipelines",
		[]string{"pipelines.", signing + ".", "enforcement.", enforced + "."}, []string{signing, enforced}, lookBuildAndAdmission, commandAgain},

	{"D1", "Scan before you sign: an image with critical findings is not signed", "pipelines",
		[]string{scanning + ".", signing + ".signed_before_scan", scans + ".findings"}, []string{scanning, scans}, lookScanFirst, commandPipelines},
	{"D2", "An SBOM is attached and verified", "images",
		[]string{sboms + "."}, []string{sboms}, lookAnswers(sboms), commandImages},
	{"D3", "Provenance is verified against the expected builder and source", "images",
		[]string{builds + "."}, []string{builds}, lookAnswers(builds), commandImages},
	{"D4", "Images come from private registries only", "images",
		[]string{registries + "."}, []string{registries}, lookAnswers(registries), commandImages},
	{"D5", "Keys are kept in a KMS or a secret manager, or signing is keyless", "keys",
		[]string{keeping + ".", "@key"}, []string{keeping, keys}, lookKeys, commandPipelines},
	{"D6", "Signatures are verified again at deployment, and always at admission", "enforcement",
		[]string{"enforcement.", enforced + "."}, []string{enforced}, lookDeployment, commandEnforcement},
}
