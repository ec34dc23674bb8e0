package builtins

import (
	"bytes"
	"encoding/json"

	"github.com/open-policy-agent/opa/v1/types"

	"github.com/waxseal/waxseal/builtins/admission"
	"github.com/waxseal/waxseal/builtins/evidence"
)

var enforcementParse = builtin{
	name:    "enforcement.parse",
	args:    args(types.Named("objects", list(types.A)).Description("Kubernetes objects: admission configuration, and the workloads and namespaces that it is about")),
	payload: payload(field{"configuration", "the rules, what they need, and which containers they apply to", typeFor[admission.Configuration]()}), pure: true,
	doc: "Reads admission configuration that is given as data: webhooks, ValidatingAdmissionPolicy, Gatekeeper, Kyverno, policy-controller, Connaisseur, Ratify and OPA, in one form. Pure; it says what is configured, not what a cluster does.",
	call: func(c call) (evidence.Result, error) {
		objects, err := objectsOf(c)
		if err != nil {
			return nil, err
		}
		return evidence.Found(evidence.EnforcementRead, "", admission.Parse(objects, admission.Options{}), nil)
	},
}

func objectsOf(c call) ([]admission.Object, error) {
	raw, err := canonical(c.args[0].Value)
	if err != nil {
		return nil, mistake("objects: %w", err)
	}
	decode := json.NewDecoder(bytes.NewReader(raw))
	decode.UseNumber()
	var values []map[string]any
	if err := decode.Decode(&values); err != nil {
		return nil, mistake("objects: expected an array of objects: %w", err)
	}
	objects := make([]admission.Object, len(values))
	for i, value := range values {
		objects[i] = admission.Object{Document: i + 1, Value: value}
	}
	return objects, nil
}
