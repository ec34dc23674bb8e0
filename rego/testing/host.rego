# METADATA
# title: Host of the tests
# description: >-
#   Everything is data: tests replace what they need with `with`. It stands
#   outside lib, because a bundle gets the host file of its flavour.
package lib.waxseal.host

default object := null

object := input.object

# The file under test, of the subjects that judge files; "" is all of them.
default file := ""

file := input.file if is_string(input.file)

default old_object := null

old_object := input.old_object

default operation := ""

operation := input.operation

default namespace := ""

namespace := input.namespace

default parameters := {}

parameters := input.parameters

default now := 0

now := input.now

default problems := set()

problems := input.problems

collect(requests) := {key: input.evidence[key] |
	some request in requests
	key := json.marshal(request)
}
