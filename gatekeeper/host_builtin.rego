# METADATA
# title: Host of a Gatekeeper with the builtins inside
# description: >-
#   As the host of an unmodified Gatekeeper, with a builtin in the place of the
#   provider. On an unmodified Gatekeeper a template with this file does not compile.
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

default parameters := {}

parameters := input.parameters if is_object(input.parameters)

now := time.now_ns()

# METADATA
# title: What does not fit
problems contains "the input has no review, and nothing can be judged: this bundle (flavour gatekeeper-builtin) is for Gatekeeper" if {
	object == null
	operation == "AUDIT"
}

collect(requests) := evidence.collect(requests)
