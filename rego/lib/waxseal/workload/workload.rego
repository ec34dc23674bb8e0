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
# description: >-
#   {"name", "image", "path", "type"}; type is container, init, ephemeral or
#   volume. No more than a thousand: the verdict refuses an object that has more.
containers := _bounded(_all, _most_containers)

# METADATA
# title: How many containers are left out, because there are too many
left_out := count(_all) - count(containers)

_all := _containers(_here)

_most_containers := 1000

_most_places := 100

_bounded(entries, most) := entries if count(entries) <= most

else := {entry | some entry in array.slice(sort(entries), 0, most)}

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
# description: >-
#   {"path", "reason"}. It is listed by every host, and the CLI exits with 2. No
#   more than a hundred, and one that says how many there are besides.
not_judged := listed | more if {
	listed := _bounded(_not_judged, _most_places)
	more := {{"path": "", "reason": reason} |
		rest := count(_not_judged) - count(listed)
		rest > 0
		reason := sprintf("%d places more are not judged, beside those that are listed", [rest])
	}
}

_not_judged contains {"path": "", "reason": "this is not a Kubernetes object: it has no kind"} if not _has_kind

_not_judged contains {"path": "items", "reason": "a list has to be split into its items before it is judged"} if is_list(host.object)

_not_judged contains {"path": "", "reason": reason} if {
	left_out > 0
	reason := sprintf("it has %d containers, and no more than %d are judged", [count(_all), _most_containers])
}

_not_judged contains {"path": _builtin[_kind(host.object)], "reason": "no containers were found where this kind has them"} if {
	count(_all) == 0
}

_not_judged contains {"path": place.text(steps), "reason": "no containers were found where this kind has them"} if {
	count(_all) == 0
	some [steps, _, slot] in _here
	slot.at == "pod"
}

_not_judged contains {"path": place.text(steps), "reason": reason} if {
	some steps in _unknown
	not _inside_unknown(steps)
	reason := sprintf("%s is not a kind whose images are known to be here; name it in the parameter workloads", [_kind(host.object)])
}

_not_judged contains {"path": place.text(steps), "reason": reason} if {
	some [steps, node, slot] in _here
	slot.at == "opaque"
	node != null
	not _ignored(steps)
	reason := object.get(_opaque_reasons, slot.steps[count(slot.steps) - 1], "this is declared to be opaque, and the images that it names are not read")
}

_not_judged contains {"path": place.text(steps), "reason": "the image of this step is named in another object"} if {
	some [steps, node, slot] in _here
	_elsewhere(slot, node)
}

# Wherever a volume stands: a driver can mount an image that no field names.
_not_judged contains {"path": place.text(steps), "reason": "this driver mounts an image, and the image that it names is not read"} if {
	walk(host.object, [steps, node])
	steps[count(steps) - 1] == "csi"
	node.driver in _image_drivers
	not _described(steps)
}

# METADATA
# title: Whether an update leaves a container as it is
# description: >-
#   True for an image that is named by digest and stands in the old object under the
#   same name and type, where the container asks for no more of its node than there.
unchanged(ctr) if {
	host.operation == "UPDATE"
	image.parse(ctr.image).digest != ""
	[ctr.name, ctr.type, ctr.image] in object.keys(_old)
	every path in _old[[ctr.name, ctr.type, ctr.image]] {
		privileges(ctr) - object.get(_old_privileges, path, set()) == set()
	}
}

_old[[ctr.name, ctr.type, ctr.image]] contains ctr.path if some ctr in _containers(_nodes(host.old_object))

_here := _nodes(host.object)

_has_kind if _kind(host.object)

_containers(nodes) := {entry |
	some [steps, node, slot] in nodes
	slot.at in {"element", "field", "list"}
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
	slots := _slots[_kind(obj)]
	walk(obj, [steps, node])
	some i, named in slots[count(steps)]
	some slot in named[_step(steps, i)]
	every at, step in slot.others {
		_fits(step, steps[at])
	}
	_stands(slot, node)
]

_fits("*", _)

_fits(step, step)

_fits(pattern, step) if {
	startswith(pattern, "*")
	is_string(step)
	endswith(step, substring(pattern, 1, -1))
}

# A list of containers that is neither a list nor a map stands for one container without an image.
_stands(slot, _) if slot.at != "list"

_stands(slot, node) if {
	slot.at == "list"
	type_name(node) in {"string", "number", "boolean"}
}

# The slots of the kinds at hand, by depth and by their last step that has a
# name, so that most nodes of an object meet none.
_slots[kind][depth][i][name] contains object.union(slot, {"others": _others(slot.steps, i)}) if {
	some obj in [host.object, host.old_object]
	kind := _kind(obj)
	some slot in _all_slots(kind)
	depth := count(slot.steps)
	i := _named(slot.steps)
	name := _step(slot.steps, i)
}

# The index of the last step that is one name, or -1.
_named(steps) := max({-1} | {i | some i, step in steps; not startswith(step, "*")})

_step(_, -1) := ""

_step(steps, i) := steps[i]

# What is left to compare.
_others(steps, named) := {i: step | some i, step in steps; i != named; step != "*"}

_all_slots(kind) := {slot |
	some entry in _entries(kind)
	some slot in _entry_slots(entry)
}

_entry_slots(entry) := union({pods, containers, volumes, references, opaque}) if {
	pods := {slot |
		some pod in object.get(entry, "pods", [])
		some slot in (_pod_slots(split(pod, ".")) | {_mark("pod", pod)})
	}
	containers := {slot |
		some container in object.get(entry, "containers", [])
		some slot in _list_slots(split(container, "."), {"type": "container", "form": "container", "optional": true})
	}
	references := {slot |
		some reference in object.get(entry, "images", [])
		slot := {"steps": split(reference, "."), "at": "field", "type": "container", "form": "reference", "optional": false}
	}
	volumes := {slot |
		some volume in object.get(entry, "volumes", [])
		some slot in _list_slots(split(volume, "."), {"type": "volume", "form": "container", "optional": false})
	}
	opaque := {_mark("opaque", place) | some place in object.get(entry, "opaque", [])}
}

# A place where something stands that is no container.
_mark(at, steps) := {"steps": split(steps, "."), "at": at, "type": "", "form": "", "optional": false}

_pod_slots(base) := {slot |
	some field, type in _pod_fields
	some slot in _list_slots(array.concat(base, [field, "*"]), {"type": type, "form": "container", "optional": false})
}

_pod_fields := {
	"containers": "container",
	"initContainers": "init",
	"ephemeralContainers": "ephemeral",
	"volumes": "volume",
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

# METADATA
# title: Whether an object is a list of others
# description: >-
#   kubectl takes whatever has objects in items for a list, whichever kind it
#   says it is, and applies these in place of it.
is_list(obj) if {
	is_string(obj.kind)
	endswith(obj.kind, "List")
	is_array(obj.items)
}

is_list(obj) if {
	is_array(obj.items)
	some item in obj.items
	is_object(item)
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
# No more is known of them than their names; what is true or a number is none.
_fields(obj) := {steps |
	walk(obj, [steps, node])
	type_name(node) in {"string", "array", "object"}
	_names_images(steps[count(steps) - 1])
	not _described(steps)
}

_names_images(step) if {
	is_string(step)
	regex.match(`^(?is:.*(?:image|images|containers|image.*name))$`, step)
	not _pull_secret(step)
}

_pull_secret(step) if contains(lower(step), "pullsecret")

_described(steps) if steps[0] in {"metadata", "status"}

# A field is seen when it is in a place of the table, holds a container of it, or is declared to be ignored.
_seen(steps) if {
	some n in numbers.range(1, count(steps))
	array.slice(steps, 0, n) in _read
}

_seen(steps) if steps in _above

_seen(steps) if _ignored(steps)

_read contains steps if {
	some [steps, _, slot] in _here
	slot.at != "pod"
}

_above contains array.slice(steps, 0, n) if {
	some [steps, _, slot] in _here
	slot.at in {"element", "field", "list"}
	some n, _ in steps
}

# Lists of containers, of which there may be none.
_above contains array.concat(steps, [field]) if {
	some [steps, _, slot] in _here
	slot.at == "pod"
	some field, _ in _pod_fields
}

_ignored(steps) if {
	some entry in _entries(_kind(host.object))
	some ignored in object.get(entry, "ignore", [])
	pattern := split(ignored, ".")
	count(pattern) == count(steps)
	every i, step in pattern {
		_fits(step, steps[i])
	}
}

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
