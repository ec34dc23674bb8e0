package lib.waxseal.workload

import data.lib.waxseal.host
import data.lib.waxseal.place

# METADATA
# title: What a container asks of its node, beyond running
# description: >-
#   A set of privileged, host_process (Windows), host_network, host_pid, host_ipc,
#   host_path and capability:NAME, of the container and of the pod that it stands
#   in. Names are those of the Kubernetes API, exactly, as it reads them. A field
#   of a wrong type counts as asked for, and so does what cannot be read. Custom
#   kinds say elsewhere what pods and steps get: that counts for every container.
privileges(ctr) := object.get(_privileges, ctr.path, set())

_privileges[path] contains privilege if some [path, privilege] in _asked_in(host.object, _here)

_old_privileges[path] contains privilege if some [path, privilege] in _asked_in(host.old_object, _nodes(host.old_object))

_asked_in(obj, nodes) := {[path, privilege] |
	volumes := _volumes(obj)
	elsewhere := _elsewhere_asked(obj)
	some [steps, node, slot] in nodes
	slot.at in {"element", "field"}
	slot.type != "volume"
	path := place.text(_path(slot, steps))
	some privilege in (_of(slot, node, _pod(obj, slot, steps), volumes) | elsewhere)
}

# A name of an image alone asks for nothing.
_of(slot, node, pod, volumes) := _asked(node, pod, volumes) if slot.form == "container"

_of(slot, _, _, _) := set() if slot.form != "container"

# Templates of pods and of steps, and what workflows say of all their pods.
_elsewhere_asked(obj) := {privilege |
	_custom_kind(obj)
	walk(obj, [steps, node])
	is_object(node)
	not _described(steps)
	some privilege in _of_template(steps, node)
}

_of_template(steps, node) := _of_container(node) if steps[count(steps) - 1] == "stepTemplate"

else := _of_pod(node) if not _has(node, "image")

else := set()

_volumes(obj) := [volume |
	_custom_kind(obj)
	walk(obj, [steps, node])
	steps[count(steps) - 1] == "volumes"
	some volume in node
]

_custom_kind(obj) if {
	kind := _kind(obj)
	not _builtin[kind]
}

# What the container stands in: for a list of containers two steps up.
_pod(obj, slot, steps) := object.get(obj, array.slice(steps, 0, count(steps) - _up[slot.at]), {})

_up := {"element": 2, "field": 1}

_asked(node, pod, volumes) := union({_of_container(node), _of_pod(pod), {"host_path" | _mounts_host(node, pod, volumes)}})

_of_container(node) := union({
	{"privileged" | _on(node, ["securityContext", "privileged"])},
	{"host_process" | _on(node, ["securityContext", "windowsOptions", "hostProcess"])},
	{concat(":", ["capability", name]) | some name in _added(node)},
})

_of_pod(pod) := {"host_process" | _on(pod, ["securityContext", "windowsOptions", "hostProcess"])} | {privilege |
	some field, privilege in {"hostNetwork": "host_network", "hostPID": "host_pid", "hostIPC": "host_ipc"}
	_on(pod, [field])
}

# Whatever stands there, if it is not false; and what is no object where one is expected.
_on(holder, path) if {
	some n in numbers.range(1, count(path))
	_wrong(_at(holder, array.slice(path, 0, n)), n == count(path))
}

_wrong(value, true) if not value in {null, false}

_wrong(value, false) if {
	value != null
	not is_object(value)
}

_at(holder, path) := object.get({"holder": holder}, array.concat(["holder"], path), null)

# Runtimes take CAP_NET_ADMIN and net_admin for NET_ADMIN. What is no list of texts may add anything.
_added(node) := {trim_prefix(upper(name), "CAP_") | some name in _add(node); is_string(name)} | {"ALL" | _unreadable(node)}

_add(node) := _at(node, ["securityContext", "capabilities", "add"])

_unreadable(node) if {
	some path in [["securityContext"], ["securityContext", "capabilities"]]
	_wrong(_at(node, path), false)
}

_unreadable(node) if _no_list(_add(node))

_unreadable(node) if {
	some name in _add(node)
	not is_string(name)
}

_no_list(value) if {
	value != null
	not is_array(value)
}

_mounts_host(node, pod, volumes) if {
	some listed in [_at(pod, ["volumes"]), volumes]
	some volume in listed
	_of_host(volume)
	some field in ["volumeMounts", "volumeDevices"]
	_mounts(_at(node, [field]), volume)
}

_mounts_host(_, pod, _) if _no_list(_at(pod, ["volumes"]))

_mounts(mounts, _) if _no_list(mounts)

_mounts(mounts, volume) if {
	some mount in mounts
	_at(mount, ["name"]) == _at(volume, ["name"])
}

_of_host(volume) if _at(volume, ["hostPath"]) != null
