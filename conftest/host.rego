# METADATA
# title: Host of an unmodified conftest
# description: >-
#   The input is the object, the parameters stand in the operator's data, and
#   nobody is asked: the evidence comes from the file that `waxseal collect`
#   wrote in the same job. One that is too old, or from the future, is refused.
package lib.waxseal.host

import data.conftest.file as tested
import data.lib.waxseal.clock
import data.waxseal

default object := null

object := input

# The file under test, which conftest names by its absolute path, relative to the
# root of the repository that `waxseal collect` has read.
default file := ""

file := trim_prefix(concat("/", [tested.dir, tested.name]), _root)

default _root := ""

_root := concat("", [waxseal.root, "/"]) if is_string(waxseal.root)

old_object := null

operation := ""

namespace := ""

default parameters := {}

parameters := waxseal.parameters if is_object(waxseal.parameters)

now := time.now_ns()

# METADATA
# title: What does not fit
problems contains "the input is a list of files: run conftest without --combine" if is_array(object)

problems contains "the input holds an object in a field: this bundle (flavour data) is for conftest, whose input is the object itself" if {
	is_object(object.object)
	not object.kind
}

# One answer for each request, or the reason why the file does not count.
collect(requests) := {key: answer |
	some request in requests
	key := json.marshal(request)
	answer := _answer(key)
}

_answer(key) := _refused(reason) if {
	reason := concat("; ", sort(_mistakes))
	reason != ""
} else := waxseal.evidence[key] if {
	is_object(waxseal.evidence[key])
} else := _refused("the evidence file has no answer to this: run `waxseal collect` with the same manifests and parameters")

_refused(message) := {
	"ok": false,
	"errors": [{"code": "not_collected", "message": message, "retryable": true}],
}

_mistakes contains "there is no evidence file: run `waxseal collect`, and give what it writes to conftest with --data" if not waxseal.evidence

_mistakes contains "the evidence file does not say when it was collected (collected_at)" if {
	waxseal.evidence
	not _collected_at
}

_mistakes contains sprintf("the evidence file is from the future: it was collected at %v", [waxseal.collected_at]) if {
	_collected_at > now
}

_mistakes contains sprintf("the evidence file was collected at %v, and max_evidence_age is %s: run `waxseal collect` again", [waxseal.collected_at, _max_age]) if {
	now - _collected_at > clock.duration(_max_age)
}

_mistakes contains "data.waxseal.max_evidence_age has to be a duration, such as 1h" if not _bounded

_bounded if clock.duration(_max_age) > 0

_collected_at := clock.instant(waxseal.collected_at)

default _max_age := "1h"

_max_age := waxseal.max_evidence_age
