# METADATA
# title: Host of the waxseal binary
# description: >-
#   The object stands in the input, the parameters in the operator's data, and
#   the world is asked by a builtin.
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

now := time.now_ns()

# METADATA
# title: What does not fit
problems contains "the input has no object, and nothing can be judged: this bundle (flavour cli) is for waxseal, and asks for {\"input\": {\"object\": …}}" if {
	object == null
	operation != "DELETE"
}

collect(requests) := evidence.collect(requests)
