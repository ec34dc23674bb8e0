# METADATA
# title: What decision logs do not hold
# description: >-
#   The bearer token of the call to the waxseal server, the environment of OPA, and
#   in the objects that were judged the content of Secrets and ConfigMaps, the values of
#   environment variables, and the copy of the object that kubectl keeps.
package system.log

mask contains "/nd_builtin_cache/http.send"

mask contains "/nd_builtin_cache/opa.runtime"

mask contains _pointer(steps) if {
	walk(input.input, [steps, node])
	not _composite(node)
	_secret(steps)
}

mask contains {"op": "upsert", "path": _pointer(steps), "value": object.remove(node, [_last_applied])} if {
	walk(input.input, [steps, node])
	node[_last_applied]
	every step in steps {
		_plain(step)
	}
}

_last_applied := "kubectl.kubernetes.io/last-applied-configuration"

_composite(node) if type_name(node) in {"object", "array"}

# Plain values of environment variables, as a list of name and value or as a map.
_secret(steps) if {
	_environment(steps[count(steps) - 2])
	not _names_image(steps)
}

_secret(steps) if {
	_environment(steps[count(steps) - 3])
	is_number(steps[count(steps) - 2])
	steps[count(steps) - 1] == "value"
}

_secret(steps) if {
	steps[count(steps) - 2] in {"data", "stringData", "binaryData"}
	holder := object.get({"input": input.input}, array.concat(["input"], array.slice(steps, 0, count(steps) - 2)), null)
	holder.apiVersion == "v1"
	holder.kind in {"Secret", "ConfigMap"}
}

_names_image(steps) if endswith(lower(steps[count(steps) - 1]), "image")

_environment(step) if {
	is_string(step)
	contains(lower(step), "env")
}

_environment("variables")

# A pointer cannot name a field with a slash in it: what is above such a field is removed.
_pointer(steps) := concat("/", array.concat(["", "input"], [format |
	some i, step in steps
	every before in array.slice(steps, 0, i + 1) {
		_plain(before)
	}
	format := sprintf("%v", [step])
]))

_plain(step) if is_number(step)

_plain(step) if {
	is_string(step)
	not contains(step, "/")
	not contains(step, "%")
}
