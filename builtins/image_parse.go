package builtins

import "github.com/waxseal/waxseal/builtins/evidence"

var imageParse = builtin{
	name: "image.parse", args: args(refArg), pure: true,
	doc: "Parses and normalises an image reference as Docker and Kubernetes do. Pure: the registry is not asked.",
	call: func(c call) (evidence.Result, error) {
		ref, err := c.ref()
		if err != nil {
			return nil, err
		}
		return answer(evidence.ParseImage(ref))
	},
}
