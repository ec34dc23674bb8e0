package lib.waxseal.exceptions

import data.lib.waxseal.authority
import data.lib.waxseal.clock
import data.lib.waxseal.image
import data.lib.waxseal.parameters

# METADATA
# title: The shape of exceptions in parameters
# description: >-
#   The authorities of exceptions_from have the form that all have, without
#   platforms: an exception is about the digest that the reference names.
shape := object.union_n([
	{concat("", ["exceptions_from", trim_prefix(place, "authorities")]): type |
		some place, type in authority.shape
		not place in {"authorities.*.repositories", "authorities.*.repositories.*", "authorities.*.platforms"}
	},
	{concat("", ["exceptions", place]): type | some place, type in _list},
	{
		"exceptions.*.images": "array",
		"exceptions.*.images.*": "string",
		"exceptions.*.digests": "array",
		"exceptions.*.digests.*": "string",
		"warn_before": "string",
	},
])

_list := {
	"": "array",
	".*": "object",
	".*.id": "string",
	".*.packages": "array",
	".*.packages.*": "string",
	".*.owner": "string",
	".*.ticket": "string",
	".*.reason": "string",
	".*.expires": "string",
}

# METADATA
# title: What is wrong with the exceptions of parameters
# description: A set of sentences. Types are the business of the shape.
problems(name, rules) := union({
	{problem |
		some i, exception in rules.exceptions
		some text in (_incomplete(exception) | _unscoped(exception))
		problem := sprintf("%s.exceptions[%d] (%s) %s", [name, i, object.get(exception, "id", "no id"), text])
	},
	{replace(problem, sprintf("%s.authorities", [name]), sprintf("%s.exceptions_from", [name])) |
		authorities := rules.exceptions_from
		some problem in authority.problems(name, authorities)
	},
	{sprintf("%s.warn_before has to be a duration like 48h or 7d", [name]) |
		text := rules.warn_before
		not _lasts(text)
	},
})

_lasts(text) if clock.duration(text)

_incomplete(exception) := union({
	{sprintf("has no %s", [field]) | some field in {"id", "owner", "reason"}; object.get(exception, field, "") == ""},
	{"has an empty ticket" | exception.ticket == ""},
	{"has an empty list of packages" | exception.packages == []},
	{"needs an end, as a day like 2026-12-31" | not _ends(exception)},
})

_unscoped(exception) := union({
	{"has neither images nor digests: it is for nothing" |
		object.get(exception, "images", []) == []
		object.get(exception, "digests", []) == []
	},
	{sprintf("has an empty list of %s", [field]) |
		some field, other in {"images": "digests", "digests": "images"}
		exception[field] == []
		object.get(exception, other, []) != []
	},
	{problem |
		some pattern in exception.images
		not image.valid_pattern(pattern)
		problem := sprintf("has the pattern %q in images: write host/path, with * for any characters of one segment and a last ** for the rest", [pattern])
	},
	{problem |
		some digest in exception.digests
		not regex.match(`^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$`, digest)
		problem := sprintf("has the digest %q: write sha256: and 64 digits of 0-9a-f", [digest])
	},
})

_ends(exception) if clock.end(exception.expires)

# METADATA
# title: What is wrong with an attested statement of exceptions
# description: >-
#   A set of sentences. Images and digests are no part of it: the scope is what it
#   is attested to.
malformed(statement) := _misshapen(statement) if {
	count(_misshapen(statement)) > 0
} else := {"exceptions is missing or empty" | object.get(statement.predicate, "exceptions", []) == []} | {problem |
	some i, exception in statement.predicate.exceptions
	some text in (_incomplete(exception) | {"has a time of its making that is none" | not _timed(exception)})
	problem := sprintf("exceptions[%d] (%s) %s", [i, object.get(exception, "id", "no id"), text])
}

_misshapen(statement) := {trim_prefix(problem, "predicate.") | some problem in parameters.problems("predicate", statement.predicate, _form)}

_form := object.union(
	{concat("", ["exceptions", place]): type | some place, type in _list},
	{"": "object", "exceptions.*.created": "string"},
)

_timed(exception) if not exception.created

_timed(exception) if _begin(exception.created)

# The beginning of a day, or a point in time.
_begin(text) := clock.instant(text)

_begin(text) := clock.end(text) - clock.duration("1d") if not clock.instant(text)
