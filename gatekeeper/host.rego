# METADATA
# title: Host of an unmodified Gatekeeper
# description: >-
#   The object stands in the review, the parameters in the constraint, and the
#   world is asked by one call of external_data. An audit is judged as an
#   admission is: what would not be let in is found.
package lib.waxseal.host

# What is being deleted runs no longer.
_deleted if input.review.operation == "DELETE"

default object := null

object := input.review.object if not _deleted

default old_object := null

old_object := input.review.oldObject

default operation := "AUDIT"

operation := input.review.operation if input.review.operation in {"CREATE", "UPDATE", "DELETE", "CONNECT"}

default namespace := ""

namespace := input.review.namespace if is_string(input.review.namespace)

# The name of the provider is between the constraint and this file.
default parameters := {}

parameters := {name: value |
	some name, value in input.parameters
	name != "provider"
} if {
	is_object(input.parameters)
}

default _provider := "waxseal"

_provider := input.parameters.provider if is_string(input.parameters.provider)

now := time.now_ns()

# METADATA
# title: What does not fit
problems contains "the input has no review, and nothing can be judged: this bundle (flavour gatekeeper) is for Gatekeeper" if {
	object == null
	operation == "AUDIT"
}

# One call for all. Gatekeeper keeps answers by key for minutes; the slot of 10 s at the end of a
# key bounds that. What nobody can tell now is in system_error, which it does not keep.
collect(requests) := {key: answer |
	keys := {json.marshal(request) | some request in requests}
	response := external_data({"provider": _provider, "keys": [_slotted(key) | some key in keys]})
	left_out := _left_out(response.system_error)
	some key in keys
	answer := _answer(response, left_out, _slotted(key))
} if {
	count(requests) > 0
} else := {}

_slotted(key) := concat(" ", [key, format_int(floor(now / 10000000000), 10)])

_answer(response, left_out, key) := answer if {
	some [name, answer] in response.responses
	name == key
} else := _unavailable(reason) if {
	some [name, reason] in response.errors
	name == key
} else := left_out[key] if {
	is_object(left_out[key])
} else := _unavailable(response.system_error) if {
	response.system_error != ""
}

# Waxseal's provider says of each key what it found, as JSON after a sentence.
default _left_out(_) := {}

_left_out(text) := results if {
	start := indexof(text, "{")
	start >= 0
	written := substring(text, start, -1)
	json.is_valid(written)
	results := json.unmarshal(written)
}

_unavailable(reason) := {
	"ok": false,
	"errors": [{"code": "unavailable", "message": reason, "retryable": true}],
}
