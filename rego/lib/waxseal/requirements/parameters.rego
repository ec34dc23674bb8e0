package lib.waxseal.requirements

import data.lib.waxseal.clock
import data.lib.waxseal.globs
import data.lib.waxseal.image

# METADATA
# title: The shape of requirements in parameters
shape := {
	"requirements": "array",
	"requirements.*": "object",
	"requirements.*.name": "string",
	"requirements.*.images": "array",
	"requirements.*.images.*": "string",
	"requirements.*.predicate_type": "string",
	"requirements.*.signed_by": "array",
	"requirements.*.signed_by.*": "string",
	"requirements.*.any": "boolean",
	"requirements.*.conditions": "array",
	"requirements.*.conditions.*": "object",
	"requirements.*.conditions.*.field": "string",
	"requirements.*.conditions.*.equals": "scalar",
	"requirements.*.conditions.*.one_of": "array",
	"requirements.*.conditions.*.one_of.*": "scalar",
	"requirements.*.conditions.*.pattern": "string",
	"requirements.*.conditions.*.at_least": "number",
	"requirements.*.conditions.*.at_most": "number",
	"requirements.*.conditions.*.exists": "boolean",
	"requirements.*.conditions.*.newer_than": "string",
	"requirements.*.time_field": "string",
	"requirements.*.max_age": "string",
	"requirements.*.newest": "boolean",
}

# METADATA
# title: What is wrong with requirements
# description: A set of sentences. Types are the business of the shape.
problems(name, requirements, authorities) := {sprintf("%s.requirements is missing or empty: nothing is required", [name])} if {
	count(requirements) == 0
} else := {sprintf("%s.requirements[%d] (%s) %s", [name, i, object.get(requirement, "name", "no name"), problem]) |
	some i, requirement in requirements
	some problem in union({
		_nameless(requirement, requirements), _scopeless(requirement), _typeless(requirement),
		_signerless(requirement, authorities), _unconditional(requirement), _timeless(requirement),
	})
}

_nameless(requirement, requirements) := {"has no name" | object.get(requirement, "name", "") == ""} | {"has the name of another requirement" |
	count([other | some other in requirements; other.name == requirement.name]) > 1
}

_scopeless(requirement) := {"has no images: it is for nothing" | object.get(requirement, "images", []) == []} | {problem |
	some pattern in requirement.images
	not image.valid_pattern(pattern)
	problem := sprintf("has the pattern %q in images: write host/path, with * for any characters of one segment and a last ** for the rest", [pattern])
}

_typeless(requirement) := {problem |
	asked := object.get(requirement, "predicate_type", "")
	not regex.match(`^[A-Za-z][A-Za-z0-9+.-]*:\S+$`, asked)
	not short_names[asked]
	problem := sprintf("has the predicate type %q: write it in full, as in https://example.com/approval/v1, or one of %s", [asked, concat(", ", sort(object.keys(short_names)))])
}

_signerless(requirement, authorities) := {"has no signed_by: nobody is trusted for it" | object.get(requirement, "signed_by", []) == []} | {problem |
	some signer in requirement.signed_by
	named := [trusted | some trusted in authorities; trusted.name == signer]
	count(named) != 1
	problem := sprintf("is signed by %q, and %d authorities have this name", [signer, count(named)])
}

# Without conditions a requirement is for what is there; an empty list may be one that something was left out of.
_unconditional(requirement) := {"has an empty list of conditions: leave it out if it is enough that there is an attestation" | requirement.conditions == []} | {problem |
	some i, condition in requirement.conditions
	some text in _condition(condition)
	problem := sprintf("has conditions[%d] (%s), which %s", [i, object.get(condition, "field", "no field"), text])
}

_condition(condition) := union({
	{"needs a field, as in a.b[0] or /a/b/0" | not _readable(condition, "field")},
	{sprintf("asks for nothing: write one of %s", [concat(", ", sort(_operators))]) | count(object.keys(condition) & _operators) == 0},
	{"has an empty list of one_of" | condition.one_of == []},
	{"has exists: false, and what is missing never satisfies" | condition.exists == false},
	{problem |
		pattern := condition.pattern
		not globs.valid(pattern)
		problem := sprintf("has the pattern %q: write the whole text, with * for any characters but a slash, and no other wildcard", [pattern])
	},
	{"has a newer_than that is neither a duration like 30d nor a time like 2026-12-31" |
		limit := condition.newer_than
		not _since(limit, 0)
	},
})

_readable(parent, field) if path(parent[field])

_timeless(requirement) := union({
	{"has a time_field that is no field: write a.b[0] or /a/b/0" | requirement.time_field; not _readable(requirement, "time_field")},
	{"has a max_age that is no duration like 48h or 30d" |
		limit := requirement.max_age
		not clock.duration(limit)
	},
	{sprintf("has %s and no time_field", [field]) | some field in {"max_age", "newest"}; requirement[field]; not requirement.time_field},
	{"has a time_field, and neither max_age nor newest" | requirement.time_field; not requirement.max_age; not requirement.newest},
})
