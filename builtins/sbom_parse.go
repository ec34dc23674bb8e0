package builtins

import (
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/waxseal/waxseal/builtins/evidence"
)

var sbomParse = builtin{
	name:    "sbom.parse",
	args:    args(types.Named("document", types.A).Description("an SBOM, as an object or as a string of JSON, XML or SPDX tag-value")),
	payload: payload(field{"document", "the SBOM, normalised", sbomDocType}), pure: true,
	doc: "Normalises an SBOM that is given as data. Pure; nothing in it is verified.",
	call: func(c call) (evidence.Result, error) {
		raw, err := document(c)
		if err != nil {
			return nil, err
		}
		return answer(evidence.ParseSBOM(raw))
	},
}
