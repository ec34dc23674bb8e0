package lib.waxseal.vex

# METADATA
# title: A package URL, parsed
# description: >-
#   The parts, decoded: type, the segments of namespace and name, version ("" when
#   there is none), qualifiers as pairs, subpath. Undefined for what is none, and
#   for one that gives a qualifier twice.
purl(text) := {
	"type": lower(type),
	"name": [_decoded(segment) | some segment in split(path, "/"); segment != ""],
	"version": _decoded(version),
	"qualifiers": pairs,
	"subpath": subpath,
} if {
	is_string(text)
	count(text) <= 4096
	regex.match(`^(?:[^%]|%[0-9A-Fa-f]{2})*$`, text)
	some [_, type, path, version, qualifiers, subpath] in regex.find_all_string_submatch_n(_form, text, 1)
	parts := [part | some part in split(qualifiers, "&"); part != ""]
	pairs := {_pair(part) | some part in parts}
	count({key | some [key, _] in pairs}) == count(parts)
}

_form := `^pkg:/*([A-Za-z][A-Za-z0-9.+-]*)/+([^?#]*?[^?#/@])/*(?:@([^?#@/]*))?(?:\?([^#]*))?(?:#(.*))?$`

_pair(part) := [lower(key), _decoded(value)] if {
	some [_, key, value] in regex.find_all_string_submatch_n(`^([^=]+)=(.*)$`, part, 1)
}

# A plus is itself, and not a blank.
_decoded(text) := urlquery.decode(replace(text, "+", "%2B"))

# METADATA
# title: Whether a package URL is about the package of another one
# description: >-
#   Type, name and version are the same, and what the first one says in
#   qualifiers and subpath, the second one says too. An epoch is part of the
#   version. A package URL without a version is about none in particular.
about(stated, found) if {
	_same(purl(stated), purl(found))
	purl(stated).version == purl(found).version
	purl(stated).version != ""
}

# METADATA
# title: Whether a package URL may be about the package of another one
# description: Like about; without a version it may be about any.
may_be_about(stated, found) if about(stated, found)

may_be_about(stated, found) if {
	_same(purl(stated), purl(found))
	purl(stated).version == ""
}

_same(stated, found) if {
	stated.type == found.type
	stated.name == found.name
	every pair in stated.qualifiers {
		pair in found.qualifiers
	}
	_epoch(stated) == _epoch(found)
	stated.subpath in {"", found.subpath}
}

_epoch(parsed) := {value | some ["epoch", value] in parsed.qualifiers; value != "0"}
