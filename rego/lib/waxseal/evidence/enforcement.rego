package lib.waxseal.evidence

# METADATA
# title: Request of enforcement.read
# description: The reference is a file, or "" for all that the host was given.
enforcement_read_request(ref) := {"fn": "enforcement.read", "ref": ref, "opts": {}}

# METADATA
# title: Result of enforcement.read
enforcement_read(ref) := answer if {
	answer := _result(enforcement_read_request(ref), {"configuration": _no_configuration})
	every field in ["rules", "components", "namespaces", "workloads", "problems"] {
		is_array(answer.configuration[field])
	}
} else := object.union(_refused({}, [_malformed]), {"configuration": _no_configuration})

_no_configuration := {"rules": [], "components": [], "namespaces": [], "workloads": [], "problems": [], "complete": false}
