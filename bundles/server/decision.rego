# METADATA
# title: Decisions for any JSON caller
# description: >-
#   POST /v1/data/lib/waxseal/decision with one of {"image": text}, {"object":
#   object} (a Kubernetes List is judged item by item) and {"objects": [object]},
#   and beside them operation and namespace as the report takes them, for one object
#   old_object too. The answer is total: {"verdict": admitted, denied or cannot_tell, "violations",
#   "notes", "images", "not_judged"}. Of several objects where.path begins with
#   the place of the object, as in items[2].spec.containers[0].
package lib.waxseal

import data.lib.waxseal.evidence
import data.lib.waxseal.host
import data.lib.waxseal.plan
import data.lib.waxseal.workload

decision := {
	"verdict": _verdict,
	"violations": _found.violations,
	"notes": _found.notes,
	"images": _found.images,
	"not_judged": _found.not_judged,
}

_verdict := "denied" if {
	some violation in _found.violations
	answered(violation)
} else := "admitted" if {
	count(_found.violations) == 0
	count(_found.not_judged) == 0
	every image in _found.images {
		image.admitted
	}
} else := "cannot_tell"

# METADATA
# title: Whether a violation rests on an answer
# description: Not when every error may be gone on the next try, or is the mistake of whoever asked.
answered(violation) if count(violation.errors) == 0

answered(violation) if {
	some error in violation.errors
	not error.retryable
	error.code != "invalid_request"
}

_found := {
	"violations": {object.union(v, {"where": object.union(v.where, {"path": _at(place, v.where.path)})}) |
		some place, report in _reports
		some v in report.violations
	},
	"notes": {object.union(v, {"where": object.union(v.where, {"path": _at(place, v.where.path)})}) |
		some place, report in _reports
		some v in report.notes
	},
	"images": {object.union(i, {"path": _at(place, i.path)}) | some place, report in _reports; some i in report.images},
	"not_judged": ({object.union(n, {"path": _at(place, n.path)}) |
		some place, report in _reports
		some n in report.not_judged
	} | _misuse),
}

_at(place, path) := concat(".", [part | some part in [place, path]; part != ""])

# All evidence is collected at once, and each object is judged with it.
_reports := {place: judged |
	some place, given in _given
	judged := report with input as given with evidence._collected as _evidence
}

_evidence := host.collect({request | some place, _ in _given; some request in _requests[place]})

_requests[place] := requests if {
	some place, given in _given
	requests := plan.requests with input as given
}

# What is judged, by its place in the input: the input of one report each.
_given[""] := object.union(_beside, {"object": _pod(input.image)}) if _asked == {"image"}

_given[""] := object.union(_beside, object.filter(input, {"object", "old_object"})) if {
	_asked == {"object"}
	not _only_items(input.object)
}

_given[place] := object.union(_beside, {"object": _typed(input.object, item)}) if {
	_asked == {"object"}
	workload.is_list(input.object)
	count(input.object.items) <= _most
	some i, item in input.object.items
	place := sprintf("items[%d]", [i])
}

_given[place] := object.union(_beside, {"object": item}) if {
	_asked == {"objects"}
	is_array(input.objects)
	count(input.objects) <= _most
	some i, item in input.objects
	place := sprintf("objects[%d]", [i])
}

_asked := object.keys(object.filter(input, {"image", "object", "objects"})) if is_object(input)

else := set()

_beside := object.filter(input, {"operation", "namespace"})

_most := 500

# What holds more than its items, or is not named a list, is judged itself too: nobody knows what it is.
_only_items(obj) if {
	workload.is_list(obj)
	endswith(obj.kind, "List")
	count(object.keys(obj) - {"apiVersion", "kind", "metadata", "items"}) == 0
}

# The API server leaves the type of items out in a typed list, as in PodList.
_typed(list, item) := object.union({"apiVersion": list.apiVersion, "kind": trim_suffix(list.kind, "List")}, item) if {
	list.kind != "List"
	is_object(item)
	not item.kind
} else := item

_pod(image) := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {"name": "verify"},
	"spec": {"containers": [{"name": "image-1", "image": image}]},
}

_misuse contains {"path": "", "reason": `the input has to hold one of image, object and objects, as in {"input": {"image": "registry.example/app@sha256:…"}}`} if {
	count(_asked) != 1
}

_misuse contains {"path": "objects", "reason": "objects has to be a list of objects"} if {
	_asked == {"objects"}
	not is_array(input.objects)
}

_misuse contains {"path": name, "reason": sprintf("there are %d objects, and no more than %d are judged at once", [size, _most])} if {
	some name, size in _sizes
	size > _most
}

_misuse contains {"path": name, "reason": "the list is empty: there is nothing to judge"} if {
	some name, size in _sizes
	size == 0
}

_sizes["items"] := count(input.object.items) if {
	_asked == {"object"}
	workload.is_list(input.object)
}

_sizes["objects"] := count(input.objects) if {
	_asked == {"objects"}
	is_array(input.objects)
}
