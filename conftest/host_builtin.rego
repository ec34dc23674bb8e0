# METADATA
# title: Host of a conftest with the builtins inside
# description: >-
#   The input is the object, the parameters stand in the operator's data, and
#   the world is asked by a builtin. On an unmodified conftest it does not compile.
package lib.waxseal.host

import data.conftest.file as tested
import data.waxseal

default object := null

object := input

# The file under test, as conftest names it: by its absolute path.
default file := ""

file := concat("/", [tested.dir, tested.name])

old_object := null

operation := ""

namespace := ""

default parameters := {}

parameters := waxseal.parameters if is_object(waxseal.parameters)

now := time.now_ns()

# METADATA
# title: What does not fit
problems contains "the input is a list of files: run conftest without --combine" if is_array(object)

problems contains "the input holds an object in a field: this bundle (flavour conftest-builtin) is for conftest, whose input is the object itself" if {
	is_object(object.object)
	not object.kind
}

collect(requests) := evidence.collect(requests)
