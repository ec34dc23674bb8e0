# METADATA
# title: SBOMs
# description: >-
#   What policies ask of verified SBOMs: what stands in the way of having one,
#   which image it was made from, what it is and how old. Everything is a
#   function of its arguments, with the time among them.
package lib.waxseal.sboms

import data.lib.waxseal.clock
import data.lib.waxseal.evidence

# METADATA
# title: The state of an answer without documents
# description: No_sbom, platform_missing and untrusted, beside what evidence.standing says.
state(answer) := "no_sbom" if answer.ok

else := evidence.standing(answer) if {
	evidence.standing(answer) != "refused"
} else := "no_sbom" if {
	every error in answer.errors {
		error.code in {"no_attestation", "wrong_predicate", "unsigned"}
	}
} else := "platform_missing" if {
	some error in answer.errors
	error.code == "platform_missing"
} else := "untrusted"

# METADATA
# title: That state in words
unread("not_found", _, answer) := sprintf("the registry has no such image%s", [evidence.said(answer)])

unread("host_not_allowed", _, answer) := sprintf("its registry, or a host behind it, may not be contacted%s", [evidence.said(answer)])

unread("unreadable", trusted, answer) := sprintf("whether authority %q attested an SBOM cannot be read from what is there%s", [trusted.name, evidence.said(answer)])

unread("no_sbom", trusted, answer) := sprintf("there is no SBOM of authority %q%s", [trusted.name, evidence.said(answer)])

unread("untrusted", trusted, answer) := sprintf("no SBOM is what authority %q asks for%s", [trusted.name, evidence.said(answer)])

unread("unknown", trusted, answer) := sprintf("whether authority %q attested an SBOM cannot be told now%s", [trusted.name, evidence.said(answer)])

unread("platform_missing", trusted, answer) := sprintf("authority %q has to have attested an SBOM of each platform that is asked for%s", [trusted.name, evidence.said(answer)])

unread("invalid_request", trusted, answer) := sprintf("authority %q cannot be asked%s", [trusted.name, evidence.said(answer)])

# METADATA
# title: The digests of images that a document says it was made from
made_from(document) := {digest |
	some subject in document.subjects
	some digest in subject.digests
}

# METADATA
# title: Whether a document was made from the image
# description: >-
#   It names no image by digest, which the signed statement does then, or only the
#   one that was attested, or one of the others given: the platforms of an index.
own(document, others) if count(foreign(document, others)) == 0

# METADATA
# title: The digests that a document names and that are not of the image
foreign(document, others) := made_from(document) - (others | {signer.image | some signer in document.signers})

# METADATA
# title: Whether a document is what the rules ask for
fits(document, rules, others, now) if {
	_listing(document)
	own(document, others)
	_named(document, rules)
	_formatted(document, rules)
	_made(document, rules)
	_timely(document, rules, now)
}

_listing(document) if document.package_count > 0

_named(_, rules) if not rules.require_named_image

_named(document, _) if count(made_from(document)) > 0

_formatted(_, rules) if not rules.formats

_formatted(document, rules) if document.format in rules.formats

_made(_, rules) if not rules.tools

_made(document, rules) if {
	some tool in document.tools
	tool.name in rules.tools
}

_timely(document, rules, now) if {
	not rules.max_age
	not _future(document, now)
}

_timely(document, rules, now) if {
	created := clock.instant(document.created)
	created <= now
	now - created <= clock.duration(rules.max_age)
}

_future(document, now) if clock.instant(document.created) > now

# METADATA
# title: What a document lacks of what the rules ask for
# description: >-
#   A set of {state, text}; the states are empty, made_from_another_image,
#   unnamed_image, format, tool, age_unknown, in_future and too_old.
unmet(document, rules, others, now) := union({
	wrong(document, others),
	{{"state": "unnamed_image", "text": "does not name the image that it was made from, and its digest was expected"} | not _named(document, rules)},
	{{"state": "format", "text": sprintf("is of the format %q, and %s was expected", [document.format, _either(rules.formats)])} | not _formatted(document, rules)},
	{{"state": "tool", "text": sprintf("was made by %s, and %s was expected", [_tools(document), _either(rules.tools)])} | not _made(document, rules)},
	{{"state": "in_future", "text": sprintf("is of %s, which is in the future", [document.created])} | _future(document, now)},
	{{"state": state, "text": text} | [state, text] := _aged(document, rules, now)},
})

# METADATA
# title: What is wrong with a document whatever is asked for
# description: A set of {state, text}; the states are empty and made_from_another_image.
wrong(document, others) := {{"state": "empty", "text": "lists no packages, and some were expected"} |
	not _listing(document)
} | {{"state": "made_from_another_image", "text": text} |
	digests := foreign(document, others)
	count(digests) > 0
	text := sprintf("says that it was made from %s, which is not this image", [concat(" and ", sort(digests))])
}

_aged(document, rules, _) := ["age_unknown", sprintf("is of an unknown time, and one of the last %s was expected", [rules.max_age])] if {
	not _dated(document)
}

_aged(document, rules, now) := ["too_old", sprintf("is of %s, and one of the last %s was expected", [document.created, rules.max_age])] if {
	now - clock.instant(document.created) > clock.duration(rules.max_age)
}

_dated(document) if clock.instant(document.created)

_either(words) := concat(" or ", words)

_tools(document) := concat(" and ", sort([trim_space(sprintf("%s %s", [tool.name, tool.version])) | some tool in document.tools])) if {
	count(document.tools) > 0
} else := "no tool that it names"

# METADATA
# title: A package in words
# description: Its package URL, without what stands behind the version, or its name and version.
pkg(found) := split(found.purl, "?")[0] if found.purl != ""

else := trim_space(sprintf("%s %s", [found.name, found.version]))

# METADATA
# title: Texts in one sentence
# description: Sorted, at most ten of them.
listed(texts) := concat("", [concat("; ", array.slice(sort(texts), 0, 10)), _rest(count(texts))])

_rest(n) := sprintf("; and %d more", [n - 10]) if n > 10

else := ""

# METADATA
# title: The shape of the rules for SBOMs in parameters
shape := {
	"formats": "array",
	"formats.*": "string",
	"tools": "array",
	"tools.*": "string",
	"max_age": "string",
	"require_named_image": "boolean",
}

# METADATA
# title: What is wrong with the rules for SBOMs
# description: A set of sentences. Types are the business of the shape.
problems(name, rules) := union({
	{sprintf("%s.max_age has to be a duration like 48h or 30d", [name]) | rules.max_age; not _lasting(rules)},
	{sprintf("%s.%s is an empty list", [name, field]) | some field in {"formats", "tools"}; rules[field] == []},
	{sprintf("%s.formats has %q; there are spdx and cyclonedx", [name, format]) | some format in rules.formats; not format in {"spdx", "cyclonedx"}},
	{sprintf("%s.tools has %q; write the name of a tool in lower case, without its version", [name, tool]) | some tool in rules.tools; not regex.match(`^[^A-Z\s]+$`, tool)},
})

_lasting(rules) if clock.duration(rules.max_age)
