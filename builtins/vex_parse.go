package builtins

import (
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/waxseal/waxseal/builtins/evidence"
)

var vexParse = builtin{
	name:    "vex.parse",
	args:    args(types.Named("document", types.A).Description("a VEX document, as an object or as a string of JSON")),
	payload: payload(field{"document", "the document, normalised", vexType}), pure: true,
	doc: "Normalises a VEX document that is given as data: OpenVEX, CycloneDX or CSAF. Pure; nothing in it is verified.",
	call: func(c call) (evidence.Result, error) {
		raw, err := document(c)
		if err != nil {
			return nil, err
		}
		return answer(evidence.ParseVEX(raw))
	},
}
