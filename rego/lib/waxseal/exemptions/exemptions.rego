# METADATA
# title: Exemptions
# description: >-
#   What parameters take out of a policy until a day, with an owner and a reason.
package lib.waxseal.exemptions

import data.lib.waxseal.clock
import data.lib.waxseal.globs
import data.lib.waxseal.host

# METADATA
# title: The shape of exemptions in parameters
# description: 'Field is what they are for: images, files or keys.'
shape(field) := {
	"exempt": "array",
	"exempt.*": "object",
	concat("", ["exempt.*.", field]): "array",
	concat("", ["exempt.*.", field, ".*"]): "string",
	"exempt.*.owner": "string",
	"exempt.*.reason": "string",
	"exempt.*.expires": "string",
}

# METADATA
# title: What is wrong with the exemptions of parameters
# description: A set of sentences. Types are the business of the shape.
problems(name, rules, field) := {sprintf("%s.exempt[%d] %s", [name, i, text]) |
	some i, entry in rules.exempt
	some text in _incomplete(entry, field)
}

_incomplete(entry, field) := union({
	{sprintf("has no %s: it is for nothing", [field]) | object.get(entry, field, []) == []},
	{sprintf("has no %s", [name]) | some name in ["owner", "reason"]; object.get(entry, name, "") == ""},
	{"needs an end, as a day like 2026-12-31" | not _ends(entry)},
	{sprintf("has the pattern %q in %s: write a name, with * for any characters but a slash", [pattern, field]) |
		some pattern in entry[field]
		not globs.valid(pattern)
	},
})

_ends(entry) if clock.end(entry.expires)

# METADATA
# title: The exemptions that one of some names falls under
used(rules, field, names) := {entry |
	some entry in _for(rules, field, names)
	host.now < clock.end(entry.expires)
}

# METADATA
# title: The exemptions that have ended
lapsed(rules, field, names) := _for(rules, field, names) - used(rules, field, names)

_for(rules, field, names) := {entry |
	some entry in rules.exempt
	some pattern in entry[field]
	some name in names
	globs.matches(name, pattern)
}

# METADATA
# title: An exemption in words
words(entry) := sprintf("%s has it exempt until %s: %s", [entry.owner, entry.expires, entry.reason])

# METADATA
# title: An exemption that has ended, in words
ended(entry) := sprintf("its exemption by %s ended on %s (%s)", [entry.owner, entry.expires, entry.reason])
