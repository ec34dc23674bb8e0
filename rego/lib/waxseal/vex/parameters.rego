package lib.waxseal.vex

import data.lib.waxseal.authority
import data.lib.waxseal.clock

# METADATA
# title: The shape of VEX in parameters
# description: >-
#   The authorities have the form that all have, without platforms: VEX is about
#   the digest that the reference names.
shape := object.union(
	{concat(".", ["vex", place]): type |
		some place, type in authority.shape
		not place in {"authorities.*.repositories", "authorities.*.repositories.*", "authorities.*.platforms"}
	},
	{
		"vex": "object",
		"vex.accepted_justifications": "array",
		"vex.accepted_justifications.*": "string",
		"vex.accept_impact_statement": "boolean",
		"vex.max_age": "string",
	},
)

# METADATA
# title: What is wrong with the parameters of VEX
# description: A set of sentences. Types are the business of the shape.
problems(name, rules) := union({
	authority.problems(name, object.get(rules, "authorities", [])),
	{sprintf("%s has an empty list of accepted_justifications", [name]) | rules.accepted_justifications == []},
	{problem |
		some word in rules.accepted_justifications
		not word in justifications
		problem := sprintf("%s.accepted_justifications has %q; there are %s", [name, word, concat(", ", sort(justifications))])
	},
	{problem |
		some text in {text | text := rules.max_age}
		not _lasts(text)
		problem := sprintf("%s.max_age has to be a duration like 48h or 7d", [name])
	},
})

_lasts(text) if clock.duration(text)

# METADATA
# title: The justifications of not_affected
# description: Those of OpenVEX, which CSAF shares, and those of CycloneDX.
justifications := {
	"component_not_present", "vulnerable_code_not_present", "vulnerable_code_not_in_execute_path",
	"vulnerable_code_cannot_be_controlled_by_adversary", "inline_mitigations_already_exist",
	"code_not_present", "code_not_reachable", "requires_configuration", "requires_dependency", "requires_environment",
	"protected_by_compiler", "protected_at_runtime", "protected_at_perimeter", "protected_by_mitigating_control",
}
