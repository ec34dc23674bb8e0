# METADATA
# title: The answer to an AdmissionReview
# description: >-
#   What the API server sends (admission.k8s.io/v1) is judged like any object. The
#   response is total: whatever is malformed or undefined is not allowed. What is
#   deleted does not run, and an update of the status changes nothing that runs.
package lib.waxseal.admission

import data.lib.waxseal
import data.lib.waxseal.report

# METADATA
# title: The field response of the AdmissionReview
response := object.union({"uid": _uid, "allowed": _allowed}, object.union(_status, _warnings))

default _uid := ""

_uid := input.request.uid if is_string(input.request.uid)

default _allowed := false

_allowed if {
	count(_malformed) == 0
	not _judged
}

_allowed if {
	count(_malformed) == 0
	_judged
	count(_report.violations) == 0
	every image in _report.images {
		image.admitted
	}
}

_judged if not _passes

_passes if input.request.operation == "DELETE"

_passes if {
	input.request.operation == "UPDATE"
	input.request.subResource == "status"
}

_report := judged if {
	given := {
		"object": input.request.object,
		"old_object": object.get(input.request, "oldObject", null),
		"operation": input.request.operation,
		"namespace": object.get(input.request, "namespace", ""),
	}
	judged := report with input as given
}

_malformed contains "this is not an AdmissionReview of admission.k8s.io/v1" if not _is_review

_malformed contains "request.uid is missing, or not a text" if _uid == ""

_malformed contains "request.operation has to be CREATE, UPDATE, DELETE or CONNECT" if not _operation

_malformed contains "request.object is missing, or not an object" if {
	_judged
	not _has_object
}

# An API server always says it. Without it nobody knows where the containers are.
_malformed contains "request.object.kind is missing, or not a text" if {
	_judged
	_has_object
	not _has_kind
}

_has_object if is_object(input.request.object)

_has_kind if is_string(input.request.object.kind)

_is_review if {
	input.apiVersion == "admission.k8s.io/v1"
	input.kind == "AdmissionReview"
}

_operation if input.request.operation in {"CREATE", "UPDATE", "DELETE", "CONNECT"}

_status := {} if _allowed

else := {"status": {"code": 400, "reason": "BadRequest", "message": _said(_malformed)}} if {
	count(_malformed) > 0
} else := {"status": {"code": 403, "reason": "Forbidden", "message": _said(_messages)}} if {
	some violation in _report.violations
	waxseal.answered(violation)
} else := {"status": {"code": 503, "reason": "ServiceUnavailable", "message": _said(_messages)}} if {
	count(_messages) > 0
} else := {"status": {"code": 500, "reason": "InternalError", "message": _said({"the policies came to no verdict, and nothing is admitted without one"})}}

_messages := {sprintf("[%s] %s", [violation.code, violation.msg]) | some violation in _report.violations}

# All of them, as far as a client shows them.
_said(messages) := _cut(concat("\n", array.concat(["waxseal:"], [message | some message in sort(messages)])), 8192)

_cut(text, most) := text if count(text) <= most

else := sprintf("%s… (%d characters more)", [substring(text, 0, most), count(text) - most])

# The API server shows 256 characters of a warning.
_warnings := {"warnings": [_cut(warning, 200) | some warning in array.slice(sort(_told), 0, 20)]} if count(_told) > 0

else := {}

_told := {sprintf("waxseal: %s: %s", [note.code, note.msg]) |
	_judged
	some note in _report.notes
} | {sprintf("waxseal: not judged: %s: %s", [object.get(place, "path", ""), place.reason]) |
	_judged
	some place in _report.not_judged
}
