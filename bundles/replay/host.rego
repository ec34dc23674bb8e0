# METADATA
# title: Host of a replay
# description: >-
#   Everything was recorded: the evidence and the time stand in the data, and
#   nobody is asked. Without a recorded time every time is in the future.
package lib.waxseal.host

import data.waxseal

default object := null

object := input.object

# The file under test, of the subjects that judge files; "" is all of them.
default file := ""

file := input.file if is_string(input.file)

default old_object := null

old_object := input.old_object

default operation := ""

operation := input.operation if is_string(input.operation)

default namespace := ""

namespace := input.namespace if is_string(input.namespace)

default parameters := {}

parameters := waxseal.parameters if is_object(waxseal.parameters)

default now := 0

now := waxseal.now if is_number(waxseal.now)

# METADATA
# title: What does not fit
problems contains "the record has no object, and nothing can be judged" if {
	object == null
	operation != "DELETE"
}

# What was not recorded is not collected.
collect(requests) := {key: waxseal.evidence[key] |
	some request in requests
	key := json.marshal(request)
}
