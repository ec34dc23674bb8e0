# METADATA
# title: Authorities
# description: >-
#   Who is trusted for which images. Policies that read signatures share this
#   form: the shape of the parameters, what is wrong with them, which
#   authorities an image falls under, and the options of the builtins.
package lib.waxseal.authority

import data.lib.waxseal.image

# METADATA
# title: The shape of authorities in parameters
shape := {
	"authorities": "array",
	"authorities.*": "object",
	"authorities.*.name": "string",
	"authorities.*.images": "array",
	"authorities.*.images.*": "string",
	"authorities.*.repositories": "array",
	"authorities.*.repositories.*": "string",
	"authorities.*.keys": "array",
	"authorities.*.keys.*": "string",
	"authorities.*.identities": "array",
	"authorities.*.identities.*": "object",
	"authorities.*.identities.*.issuer": "string",
	"authorities.*.identities.*.issuer_pattern": "string",
	"authorities.*.identities.*.subject": "string",
	"authorities.*.identities.*.subject_pattern": "string",
	"authorities.*.identities.*.extensions": "map",
	"authorities.*.identities.*.extensions.*": "string",
	"authorities.*.certificates": "array",
	"authorities.*.certificates.*": "string",
	"authorities.*.trust_root": "string",
	"authorities.*.threshold": "number",
	"authorities.*.formats": "array",
	"authorities.*.formats.*": "string",
	"authorities.*.annotations": "map",
	"authorities.*.annotations.*": "string",
	"authorities.*.timestamps": "boolean",
	"authorities.*.platforms": "string",
	"authorities.*.insecure_ignore_tlog": "boolean",
	"authorities.*.insecure_ignore_sct": "boolean",
}

# METADATA
# title: The options of a builtin for an authority
opts(trusted) := object.filter(trusted, {
	"keys", "identities", "certificates", "trust_root", "threshold", "formats", "annotations",
	"timestamps", "platforms", "insecure_ignore_tlog", "insecure_ignore_sct",
})

# METADATA
# title: The authorities that an image falls under
matching(authorities, ref) := {trusted |
	some trusted in authorities
	some pattern in trusted.images
	image.matches(ref, pattern)
}

# METADATA
# title: What is wrong with authorities
# description: A set of sentences. Types are the business of the shape.
problems(name, authorities) := problems_at(concat(".", [name, "authorities"]), authorities)

# METADATA
# title: What is wrong with authorities that stand elsewhere in parameters
# description: 'Where is the place of the list: signed_images.verified_by.'
problems_at(where, authorities) := {sprintf("%s is missing or empty: nobody is trusted", [where])} if {
	count(authorities) == 0
} else := {sprintf("%s[%d] (%s) %s", [where, i, object.get(trusted, "name", "no name"), problem]) |
	some i, trusted in authorities
	some problem in union({_nameless(trusted), _scopeless(trusted), _signerless(trusted), _identityless(trusted), _unbounded(trusted), _notation_problems(trusted)})
}

_nameless(trusted) := {"has no name" | object.get(trusted, "name", "") == ""}

_scopeless(trusted) := {"has no images: it is trusted for nothing" | _size(trusted, "images") == 0} | {problem |
	some field in {"images", "repositories"}
	some pattern in trusted[field]
	not image.valid_pattern(pattern)
	problem := sprintf("has the pattern %q in %s: write host/path, with * for any characters of one segment and a last ** for the rest", [pattern, field])
}

_signerless(trusted) := union({
	{"has neither keys nor identities" | _entries(trusted) == 0; not trusted.notation},
	{sprintf("has an empty list of %s", [field]) | some field in {"keys", "identities", "certificates", "formats"}; trusted[field] == []},
	{sprintf("has an empty text in %s", [field]) | some field in {"keys", "certificates"}; "" in trusted[field]},
})

_identityless(trusted) := {problem |
	some identity in trusted.identities
	some field in {"issuer", "subject"}
	given := {key | some key in {field, concat("_", [field, "pattern"])}; identity[key] != ""}
	count(given) != 1
	problem := sprintf("has an identity that needs either %s or %s_pattern", [field, field])
}

_unbounded(trusted) := {problem |
	not trusted.notation
	not _bounded(trusted)
	problem := "has a threshold that is not a whole number between 1 and the number of its keys and identities"
} | {problem |
	some format in trusted.formats
	not format in {"legacy", "bundle"}
	problem := sprintf("has the format %q: legacy and bundle are known", [format])
}

_bounded(trusted) if object.get(trusted, "threshold", 1) in numbers.range(1, max([_entries(trusted), 1]))

_entries(trusted) := _size(trusted, "keys") + _size(trusted, "identities")

_size(trusted, field) := count(object.get(trusted, field, []))
