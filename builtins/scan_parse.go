package builtins

import (
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/waxseal/waxseal/builtins/evidence"
)

var scanParse = builtin{
	name:    "scan.parse",
	args:    args(types.Named("document", types.A).Description("a scan report, as an object or as a string of JSON")),
	payload: payload(field{"report", "the report, normalised", reportType}), pure: true,
	doc: "Normalises a scan report that is given as data. Pure; nothing in it is verified.",
	call: func(c call) (evidence.Result, error) {
		raw, err := document(c)
		if err != nil {
			return nil, err
		}
		return answer(evidence.ParseReport(raw))
	},
}
