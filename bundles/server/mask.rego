# METADATA
# title: What decision logs do not hold
# description: >-
#   In what was judged: the content of Secrets and ConfigMaps, the values of environment
#   variables, and the copy of the object that kubectl keeps. Of calls to other servers
#   only the evidence stays: neither the token nor the environment of OPA. Places
#   are replaced in a copy of the input, because the pointers of masks cannot name a
#   field with a slash or a blank in it.
package system.log

mask contains {"op": "upsert", "path": "/input", "value": json.patch(input.input, _removals)} if count(_removals) > 0

mask contains {"op": "upsert", "path": "/nd_builtin_cache/http.send", "value": _collected} if input.nd_builtin_cache["http.send"]

mask contains "/nd_builtin_cache/opa.runtime" if input.nd_builtin_cache["opa.runtime"]

_removals := [{"op": "replace", "path": steps, "value": ""} |
	walk(input.input, [steps, node])
	not type_name(node) in {"object", "array", "null"}
	_secret(steps)
]

_secret(steps) if {
	some i, step in steps
	_environment(step)
	_value(array.slice(steps, i + 1, count(steps)))
}

_secret(steps) if {
	steps[count(steps) - 2] in {"data", "stringData", "binaryData"}
	holder := object.get({"input": input.input}, array.concat(["input"], array.slice(steps, 0, count(steps) - 2)), null)
	holder.apiVersion == "v1"
	holder.kind in {"Secret", "ConfigMap"}
}

_secret(steps) if steps[count(steps) - 1] == "kubectl.kubernetes.io/last-applied-configuration"

_environment(step) if {
	is_string(step)
	contains(lower(step), "env")
}

_environment("variables")

# Environment variables are a list of name and value, a list of texts, or a map. A map may also name images.
_value([last]) if not _kept(last)

_value([i, last]) if {
	is_number(i)
	not _kept(last)
}

_kept("name")

_kept(field) if {
	is_string(field)
	endswith(lower(field), "image")
}

# What the waxseal server was asked, and what it answered.
_collected := {asked: answer |
	some call, response in input.nd_builtin_cache["http.send"]
	request := json.unmarshal(call)[0]
	endswith(request.url, "/v1/collect")
	asked := json.marshal(request.body)
	answer := object.filter(response, {"status_code", "body", "error"})
}
