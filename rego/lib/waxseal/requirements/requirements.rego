# METADATA
# title: Requirements of attestations
# description: >-
#   What a verified statement has to say: which type its predicate is of, what
#   stands in which field of it, and how old it may be. Total: a field that is
#   missing, or of another type than is asked for, never satisfies.
package lib.waxseal.requirements

import data.lib.waxseal.clock
import data.lib.waxseal.globs
import data.lib.waxseal.image

# METADATA
# title: The short names of predicate types
# description: >-
#   Those of `cosign attest --type`, each for the one type that cosign writes
#   for it. Every other type, and every other version, is written in full.
short_names := {
	"custom": "https://cosign.sigstore.dev/attestation/v1",
	"cyclonedx": "https://cyclonedx.org/bom",
	"link": "https://in-toto.io/Link/v1",
	"openvex": "https://openvex.dev/ns",
	"slsaprovenance": "https://slsa.dev/provenance/v0.2",
	"slsaprovenance02": "https://slsa.dev/provenance/v0.2",
	"slsaprovenance1": "https://slsa.dev/provenance/v1",
	"spdx": "https://spdx.dev/Document",
	"spdxjson": "https://spdx.dev/Document",
	"vuln": "https://cosign.sigstore.dev/attestation/vuln/v1",
}

# METADATA
# title: The predicate type of a requirement, in full
type(requirement) := object.get(short_names, requirement.predicate_type, requirement.predicate_type)

# METADATA
# title: The requirements that an image falls under
expected(requirements, ref) := {requirement |
	some requirement in requirements
	some pattern in requirement.images
	image.matches(ref, pattern)
}

# METADATA
# title: Whether a statement is what a requirement asks for
# description: One statement has to be all of it. Now is in nanoseconds.
satisfied(statement, requirement, now) if {
	statement.predicate_type == type(requirement)
	is_array(statement.signers)
	count(statement.signers) > 0
	every condition in object.get(requirement, "conditions", []) {
		_meets(statement, condition, now)
	}
	_timely(statement, requirement, now)
}

# METADATA
# title: The statements that count for a requirement
# description: >-
#   Those of its predicate type; with newest, of these the ones that no later one
#   follows. One whose time cannot be read may be the newest, and stays.
counting(statements, requirement) := {statement |
	some statement in statements
	statement.predicate_type == type(requirement)
	not _followed(statement, statements, requirement)
}

_followed(statement, statements, requirement) if {
	requirement.newest
	some other in statements
	other.predicate_type == type(requirement)
	clock.instant(_field(other, requirement.time_field)) > clock.instant(_field(statement, requirement.time_field))
}

# METADATA
# title: What a statement lacks
# description: A set of {state, text}; the states are condition, age_unknown, in_future and too_old.
lacking(statement, requirement, now) := {{"state": "condition", "text": text} |
	some condition in requirement.conditions
	some operator in _operators
	wanted := condition[operator]
	field := condition.field
	not _met(operator, statement, field, wanted, now)
	text := sprintf("has %s, and %s was expected", [_found(statement, field), _wanted(operator, wanted)])
} | {{"state": state, "text": text} |
	requirement.time_field
	not _timely(statement, requirement, now)
	state := _lateness(statement, requirement, now)
	text := sprintf("has %s for its time, and %s was expected", [_found(statement, requirement.time_field), _time(requirement)])
}

_operators := {"equals", "one_of", "pattern", "at_least", "at_most", "exists", "newer_than"}

_meets(statement, condition, now) if {
	count(object.keys(condition) & _operators) > 0
	every operator in object.keys(condition) & _operators {
		_met(operator, statement, condition.field, condition[operator], now)
	}
}

_met("equals", statement, field, wanted, _) if _field(statement, field) == wanted

_met("one_of", statement, field, wanted, _) if {
	value := _field(statement, field)
	value in wanted
}

_met("pattern", statement, field, wanted, _) if globs.matches(_field(statement, field), wanted)

_met("at_least", statement, field, wanted, _) if {
	value := _field(statement, field)
	is_number(value)
	value >= wanted
}

_met("at_most", statement, field, wanted, _) if {
	value := _field(statement, field)
	is_number(value)
	value <= wanted
}

_met("exists", statement, field, true, _) if {
	value := _field(statement, field)
	value != null
}

_met("newer_than", statement, field, wanted, now) if {
	at := clock.instant(_field(statement, field))
	at <= now
	at >= _since(wanted, now)
}

_since(wanted, now) := now - clock.duration(wanted)

_since(wanted, _) := clock.end(wanted)

# Without a limit on its age a statement may be of any time but a future one.
_timely(_, requirement, _) if not requirement.time_field

_timely(statement, requirement, now) if {
	at := clock.instant(_field(statement, requirement.time_field))
	at <= now
	_recent(at, requirement, now)
}

_recent(_, requirement, _) if not requirement.max_age

_recent(at, requirement, now) if now - at <= clock.duration(requirement.max_age)

_lateness(statement, requirement, now) := "in_future" if {
	clock.instant(_field(statement, requirement.time_field)) > now
} else := "too_old" if {
	clock.instant(_field(statement, requirement.time_field))
} else := "age_unknown"

# JSON holds no sets: an empty one stands for what is not there.
_field(statement, field) := value if {
	value := object.get({"predicate": statement.predicate}, array.concat(["predicate"], path(field)), set())
	not value in {set(), null}
}

_found(statement, field) := sprintf("%s in the field %q", [_shown(value), field]) if {
	value := _field(statement, field)
} else := sprintf("nothing in the field %q", [field])

_shown(value) := "a list" if is_array(value)

_shown(value) := "an object" if is_object(value)

_shown(value) := substring(json.marshal(value), 0, 100) if type_name(value) in {"string", "number", "boolean"}

_wanted("equals", wanted) := json.marshal(wanted)

_wanted("one_of", wanted) := sprintf("one of %s", [concat(", ", [json.marshal(each) | some each in array.slice(wanted, 0, 10)])])

_wanted("pattern", wanted) := sprintf("a text like %q", [wanted])

_wanted("at_least", wanted) := sprintf("a number from %v", [wanted])

_wanted("at_most", wanted) := sprintf("a number up to %v", [wanted])

_wanted("exists", _) := "something"

_wanted("newer_than", wanted) := sprintf("a time of the last %s", [wanted]) if clock.duration(wanted)

_wanted("newer_than", wanted) := sprintf("a time after %s", [wanted]) if clock.end(wanted)

# METADATA
# title: A field as a path
# description: >-
#   a.b[0].c, or a JSON pointer (RFC 6901) like /a/b/0/c, in which digits are a
#   place in a list. Undefined for anything else. Names are compared exactly.
path(field) := [step | some part in split(substring(field, 1, -1), "/"); step := _pointed(part)] if {
	is_string(field)
	count(field) <= 1000
	regex.match(`^(?:/(?:[^~/]|~[01])+)+$`, field)
} else := [step | some part in split(replace(field, "[", ".["), "."); step := _dotted(part)] if {
	is_string(field)
	count(field) <= 1000
	regex.match(`^[^.\[\]/~\s]+(?:\[[0-9]{1,6}\])*(?:\.[^.\[\]/~\s]+(?:\[[0-9]{1,6}\])*)*$`, field)
}

_pointed(part) := to_number(part) if regex.match(`^(?:0|[1-9][0-9]{0,5})$`, part)

else := replace(replace(part, "~1", "/"), "~0", "~")

_dotted(part) := to_number(trim(part, "[]")) if regex.match(`^\[[0-9]+\]$`, part)

else := part

_time(requirement) := sprintf("one of the last %s", [requirement.max_age]) if requirement.max_age

else := "a time"
