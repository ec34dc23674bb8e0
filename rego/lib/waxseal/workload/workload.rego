# METADATA
# title: What an object would run
# description: >-
#   Every container of every kind that bears pods, by a table that users extend
#   with the parameter workloads. Total: an image that is missing or not a text
#   is "", and nothing that stands in the place of a container is left out.
package lib.waxseal.workload

import data.lib.waxseal.host
import data.lib.waxseal.image
import data.lib.waxseal.place

# METADATA
# title: One entry per container
# description: '{"name", "image", "path", "type"}; type is container, init, ephemeral or volume.'
containers := _containers(host.object)

# METADATA
# title: The containers that name an image
# description: >-
#   Those whose reference can be parsed. Policies judge these; the verdict
#   refuses the others, whichever policies are on.
named contains ctr if {
	some ctr in containers
	image.parse(ctr.image).valid
}

# METADATA
# title: What could not be judged
# description: '{"path", "reason"}. It is listed by every host, and the CLI exits with 2.'
not_judged contains {"path": "", "reason": "this is not a Kubernetes object: it has no kind"} if not _has_kind

not_judged contains {"path": "items", "reason": "a list has to be split into its items before it is judged"} if _list(host.object)

not_judged contains {"path": _builtin[_kind(host.object)], "reason": "no containers were found where this kind has them"} if {
	count(containers) == 0
}

not_judged contains {"path": place.text(steps), "reason": reason} if {
	some steps in _unknown
	not _inside_unknown(steps)
	reason := sprintf("%s is not a kind whose images are known to be here; name it in the parameter workloads", [_kind(host.object)])
}

not_judged contains {"path": place.text(steps), "reason": "the image of this step is named in another object"} if {
	some [steps, node, slot] in _here
	_elsewhere(slot, node)
}

# METADATA
# title: Whether an update leaves a container as it is
# description: True for an image that is named by digest and stands in the old object under the same name and type.
unchanged(ctr) if {
	host.operation == "UPDATE"
	image.parse(ctr.image).digest != ""
	some old in _old
	old.name == ctr.name
	old.type == ctr.type
	old.image == ctr.image
}

_old := _containers(host.old_object)

_here := _nodes(host.object)

_has_kind if _kind(host.object)

_containers(obj) := {entry |
	some [steps, node, slot] in _nodes(obj)
	not _absent(slot, node)
	not _elsewhere(slot, node)
	entry := {
		"name": _name(slot, node),
		"image": _image(slot, node),
		"path": place.text(_path(slot, steps)),
		"type": slot.type,
	}
}

# Each place of the table that is there, as [steps, node, slot].
_nodes(obj) := [[steps, node, slot] |
	slots := _slots(_kind(obj))
	walk(obj, [steps, node])
	some slot in slots[count(steps)]
	every i, step in slot.steps {
		_fits(step, steps[i])
	}
	_stands(slot, node)
]

_fits("*", _)

_fits(step, step)

# A list of containers that is neither a list nor a map stands for one container without an image.
_stands(slot, _) if slot.at == "element"

_stands(slot, _) if slot.at == "field"

_stands(slot, node) if {
	slot.at == "list"
	type_name(node) in {"string", "number", "boolean"}
}

# Slots by depth, so that most nodes of an object meet none.
_slots(kind) := {depth: slots |
	all := _all_slots(kind)
	some depth in {count(slot.steps) | some slot in all}
	slots := {slot | some slot in all; count(slot.steps) == depth}
}

_all_slots(kind) := {slot |
	some entry in _entries(kind)
	some slot in _entry_slots(entry)
}

_entry_slots(entry) := union({pods, containers, references}) if {
	pods := {slot |
		some pod in object.get(entry, "pods", [])
		some slot in _pod_slots(split(pod, "."))
	}
	containers := {slot |
		some container in object.get(entry, "containers", [])
		some slot in _list_slots(split(container, "."), {"type": "container", "form": "container", "optional": true})
	}
	references := {slot |
		some reference in object.get(entry, "images", [])
		slot := {"steps": split(reference, "."), "at": "field", "type": "container", "form": "reference", "optional": false}
	}
}

_pod_slots(base) := {slot |
	some field, type in {
		"containers": "container",
		"initContainers": "init",
		"ephemeralContainers": "ephemeral",
		"volumes": "volume",
	}
	some slot in _list_slots(array.concat(base, [field, "*"]), {"type": type, "form": "container", "optional": false})
}

# The element, and the list itself in case that it is none.
_list_slots(steps, slot) := {object.union(slot, {"steps": steps, "at": "element"})} | {list |
	steps[count(steps) - 1] == "*"
	list := object.union(slot, {"steps": array.slice(steps, 0, count(steps) - 1), "at": "list"})
}

_entries(kind) := union({builtin, custom, shared, declared}) if {
	builtin := {entry | entry := {"pods": [_builtin[kind]]}}
	custom := {entry | entry := _custom[kind]}
	shared := {entry | entry := _shared(_custom[kind])}
	declared := {entry |
		some entry in _declared
		concat("/", [entry.group, entry.kind]) == kind
	}
}

# What users declare, as far as it can be read; the verdict says what cannot.
_declared := {object.union({"group": "", "kind": ""}, readable) |
	some entry in host.parameters.workloads
	is_object(entry)
	readable := object.union(
		{field: text | some field, text in entry; is_string(text)},
		{field: texts | some field, list in entry; is_array(list); texts := [text | some text in list; is_string(text)]},
	)
}

# "apps/Deployment"; the version does not matter.
_kind(obj) := concat("/", [_group(obj), obj.kind]) if is_string(obj.kind)

_group(obj) := split(obj.apiVersion, "/")[0] if {
	is_string(obj.apiVersion)
	contains(obj.apiVersion, "/")
} else := ""

_list(obj) if {
	is_string(obj.kind)
	endswith(obj.kind, "List")
	is_array(obj.items)
}

_closed(kind) if _builtin[kind]

_closed(kind) if kind in _inert

_closed(kind) if split(kind, "/")[0] in _inert_groups

# Fields that look like images, in places that the table does not name.
_unknown contains steps if {
	kind := _kind(host.object)
	not _closed(kind)
	some steps in _fields(host.object)
	not _seen(steps)
}

# The outermost place is listed, and nothing in it.
_inside_unknown(steps) if {
	some n, _ in steps
	array.slice(steps, 0, n) in _unknown
}

# Fields that look like images, outside of what says nothing of what will run.
_fields(obj) := {steps |
	walk(obj, [steps, node])
	node != null
	steps[count(steps) - 1] in {"image", "images", "containers"}
	not _described(steps)
}

_described(steps) if steps[0] in {"metadata", "status"}

# A field is seen when it is in a container of the table, holds one, or is declared to be ignored.
_seen(steps) if {
	some [known, _, _] in _here
	_prefix(known, steps)
}

_seen(steps) if {
	some [known, _, _] in _here
	_prefix(steps, known)
}

_seen(steps) if {
	some entry in _entries(_kind(host.object))
	some ignored in object.get(entry, "ignore", [])
	pattern := split(ignored, ".")
	count(pattern) == count(steps)
	every i, step in pattern {
		_fits(step, steps[i])
	}
}

_prefix(short, long) if array.slice(long, 0, count(short)) == short

# Nothing is named here: a volume of another sort, an optional container that is not there.
_absent(slot, node) if {
	slot.type == "volume"
	slot.at == "element"
	not _mounts_image(node)
}

_absent(slot, null) if slot.at == "field"

_absent(slot, null) if slot.steps[count(slot.steps) - 1] != "*"

_mounts_image(node) if node.image != null

# Tekton's steps may refer to an object that names their image.
_elsewhere(slot, node) if {
	slot.optional
	_has(node, "ref")
	not _has(node, "image")
}

_has(node, field) if {
	is_object(node)
	field in object.keys(node)
}

_name(slot, node) := node.name if {
	slot.form == "container"
	is_string(node.name)
} else := ""

_image(slot, node) := node.image.reference if {
	slot.type == "volume"
	is_string(node.image.reference)
} else := node.image if {
	slot.type != "volume"
	is_string(node.image)
} else := node if {
	slot.form == "reference"
	is_string(node)
} else := ""

_path(slot, steps) := array.concat(steps, ["image"]) if {
	slot.type == "volume"
	slot.at == "element"
} else := steps
