package builtins

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/types"
)

// The types of results are closed: a policy that misspells a field does not
// compile. Each is written once, here.

type field struct {
	name string
	doc  string
	typ  types.Type
}

func object(fields ...field) *types.Object {
	props := make([]*types.StaticProperty, len(fields))
	for i, f := range fields {
		props[i] = types.NewStaticProperty(f.name, f.typ)
	}
	return types.NewObject(props, nil)
}

func list(of types.Type) types.Type { return types.NewArray(nil, of) }

func mapOf(of types.Type) types.Type {
	return types.NewObject(nil, types.NewDynamicProperty(types.S, of))
}

func str(name, doc string) field  { return field{name, doc, types.S} }
func num(name, doc string) field  { return field{name, doc, types.N} }
func flag(name, doc string) field { return field{name, doc, types.B} }

var problemFields = []field{
	str("code", "one of the closed list of codes"),
	str("message", "what happened, for people"),
	flag("retryable", "true when asking again later may give another answer"),
}

var ignoredFields = []field{str("digest", "of the layer or manifest that was set aside"), str("code", "why")}

var imageFields = []field{
	str("ref", "normalised reference, by the name that was asked for"),
	str("registry", "host, `docker.io` for Docker Hub; that of the origin for an image of a mirror (`origins` in waxseal.yaml), but in `image.parse`"),
	str("repository", "name within that registry"),
	str("tag", "`\"\"` when the reference has none"),
	str("digest", "the digest that this decision established, `\"\"` if it could not"),
	str("media_type", "`\"\"` when the registry was not asked"),
}

var signerFields = []field{
	str("kind", "`key` or `certificate`"),
	str("key", "name of the key in the configuration, `\"\"` for a PEM in the request"),
	str("key_id", "`sha256:` of the public key's DER (SubjectPublicKeyInfo)"),
	str("issuer", "OIDC issuer in the certificate"),
	str("subject", "subject alternative name in the certificate"),
	{"extensions", "Fulcio extensions by name", mapOf(types.S)},
	str("format", "`legacy` or `bundle`"),
	str("digest", "of the verified bytes: payload, envelope or bundle"),
	str("image", "digest of the manifest that the signature covers"),
	str("repository", "docker-reference of a legacy payload, `\"\"` in a bundle"),
	{"annotations", "signed annotations", mapOf(types.S)},
	num("log_index", "index in the transparency log, -1 without an entry"),
	str("log_id", "of the transparency log"),
	str("signed_at", "RFC 3339, from a trusted clock; `\"\"` if none vouches for it"),
}

var statementFields = []field{
	str("predicate_type", "URI"),
	{"predicate", "as attested", types.A},
	str("digest", "of the statement's bytes"),
	{"subjects", "", list(object(str("name", ""), field{"digest", "by algorithm", mapOf(types.S)}))},
	{"signers", "", list(signerType)},
}

var findingFields = []field{
	str("kind", "`vulnerability`, `secret`, `misconfiguration`, `malware` or `licence`"),
	str("id", "as the scanner names it"),
	{"aliases", "", list(types.S)},
	str("severity", "`critical`, `high`, `medium`, `low`, `negligible` or `unknown`"),
	str("raw_severity", "as the scanner wrote it"),
	{"cvss", "", object(num("score", "0 when unknown"), str("vector", ""))},
	{"package", "", object(str("name", ""), str("version", ""), str("purl", ""))},
	{"fixed_in", "versions that hold the fix", list(types.S)},
	str("state", "`fixed`, `not_fixed`, `wont_fix`, `unknown`, …"),
	flag("suppressed", "set aside by the scanner, by an ignore rule or VEX"),
	str("suppressed_by", ""),
	str("target", "file, layer or package manager"),
	str("title", ""),
	str("url", ""),
	str("published_at", "RFC 3339, when it became known; `\"\"` when unknown"),
	str("first_seen_at", "RFC 3339, when the scanner first saw it in this image; `\"\"` when unknown"),
}

var reportFields = []field{
	{"scanner", "", object(str("name", ""), str("version", ""))},
	str("format", "`trivy`, `grype`, `sarif`, `cyclonedx`, `twistlock` (Prisma Cloud), `aqua`, `harbor`, `clair`, `klar`, `clair-scanner`, `snyk`, `trivy-operator`, `trivy-operator-secrets`, `ecr`, `inspector`, `osv-scanner`, `anchore-engine`, `xray` or `in-toto`"),
	str("db_updated_at", "RFC 3339, `\"\"` when unknown"),
	str("scanned_at", "RFC 3339, `\"\"` when unknown"),
	{"findings", "", list(findingType)},
}

var scanReportFields = append([]field{
	str("digest", "of the statement that carries the report"),
	str("predicate_type", "URI"),
	{"signers", "", list(signerType)},
}, reportFields...)

var componentFields = []field{
	str("name", "as the document identifies it"),
	str("purl", "as written, `\"\"` when it has none"),
	{"digests", "`sha256:…` or `sha512:…`", list(types.S)},
}

var vexStatementFields = []field{
	str("vulnerability", "as the document names it"),
	{"aliases", "", list(types.S)},
	{"products", "with `subcomponents`, only those inside of the product are meant", list(productType)},
	str("status", "`not_affected`, `affected`, `fixed` or `under_investigation`"),
	str("justification", "in the words of the format, `\"\"` when none is given"),
	str("impact_statement", "one line"),
	str("action_statement", "one line"),
	str("timestamp", "RFC 3339, the document's where the statement has none; `\"\"` when unknown"),
	str("last_updated", "RFC 3339, `\"\"` when unknown"),
}

var vexFields = []field{
	str("format", "`openvex`, `cyclonedx` or `csaf`"),
	str("id", "of the document"),
	str("version", "of the document"),
	str("author", "whom the document names; the signers are those who vouch for it"),
	str("timestamp", "RFC 3339, `\"\"` when unknown"),
	str("last_updated", "RFC 3339, `\"\"` when unknown"),
	{"statements", "", list(vexStatementType)},
}

var vexDocumentFields = append([]field{
	str("digest", "of the statement that carries the document"),
	str("predicate_type", "URI"),
	{"signers", "", list(signerType)},
}, vexFields...)

var (
	problemType    = object(problemFields...)
	ignoredType    = object(ignoredFields...)
	imageType      = object(imageFields...)
	signerType     = object(signerFields...)
	statementType  = object(statementFields...)
	findingType    = object(findingFields...)
	reportType     = object(reportFields...)
	scanReportType = object(scanReportFields...)

	productType      = object(append([]field{{"subcomponents", "", list(componentType)}}, componentFields...)...)
	componentType    = object(componentFields...)
	vexStatementType = object(vexStatementFields...)
	vexType          = object(vexFields...)
	vexDocumentType  = object(vexDocumentFields...)
)

// shapes names the shared types, for the reference page.
var shapes = []struct {
	name   string
	fields []field
}{
	{"problem", problemFields}, {"ignored", ignoredFields}, {"image", imageFields}, {"signer", signerFields},
	{"notation signer", notationSignerFields},
	{"statement", statementFields}, {"report", reportFields}, {"scan report", scanReportFields}, {"finding", findingFields},
	{"document", sbomDocFields}, {"attested document", sbomFields}, {"package", packageFields}, {"described subject", subjectFields},
	{"notary target", notaryTargetFields},
	{"vex document", vexFields}, {"verified vex document", vexDocumentFields}, {"vex statement", vexStatementFields}, {"component", componentFields},
}

var commonFields = []field{
	flag("ok", "true exactly when `errors` is empty, and only on positive evidence"),
	{"errors", "why not", list(problemType)},
	{"ignored", "evidence that was set aside", list(ignoredType)},
	{"image", "", imageType},
}

// result is the type of a builtin's result: the common fields and its payload.
func result(payload ...field) *types.Object {
	return object(append(slices.Clone(commonFields), payload...)...)
}
