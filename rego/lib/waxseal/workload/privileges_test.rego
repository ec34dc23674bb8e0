package lib.waxseal.workload_test

import data.lib.waxseal.host
import data.lib.waxseal.samples_test as samples
import data.lib.waxseal.workload

_asked_for[ctr.path] := workload.privileges(ctr) if some ctr in workload.containers

_privileges(obj) := asked if asked := _asked_for with host.object as obj

_of_pod(patch, ctr) := _privileges({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": object.union({"containers": [object.union({"name": "app", "image": "x"}, ctr)]}, patch)})["spec.containers[0]"]

_of_ctr(security) := _of_pod({}, {"securityContext": security})

test_privileges_none if {
	asked := {security |
		some security in [null, {}, {"privileged": false}, {"privileged": null}, {"capabilities": null}, {"capabilities": {"drop": ["ALL"], "add": []}}, {"capabilities": {"add": null}}, {"windowsOptions": {"hostProcess": false}}, {"runAsUser": 0}, {"Privileged": true}]
		_of_ctr(security) != set()
	}
	asked == set()
	_of_pod({"hostNetwork": false, "hostPID": null, "hostnetwork": true, "securityContext": {"windowsOptions": {}}}, {}) == set()
	_of_pod({"volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "hostPath": {"path": "/"}}]}, {"volumeMounts": [{"name": "a"}]}) == set()
}

test_privileges if {
	_of_ctr({"privileged": true}) == {"privileged"}
	_of_ctr({"windowsOptions": {"hostProcess": true}}) == {"host_process"}
	_of_pod({"securityContext": {"windowsOptions": {"hostProcess": true}}}, {}) == {"host_process"}
	_of_pod({"hostNetwork": true, "hostPID": true, "hostIPC": true}, {}) == {"host_network", "host_pid", "host_ipc"}
	_of_ctr({"capabilities": {"add": ["NET_ADMIN", "cap_sys_admin", "ALL"]}}) == {"capability:NET_ADMIN", "capability:SYS_ADMIN", "capability:ALL"}
	_of_pod({"volumes": [{"name": "b", "hostPath": {"path": "/"}}]}, {"volumeMounts": [{"name": "b"}]}) == {"host_path"}
	_of_pod({"volumes": [{"name": "b", "hostPath": {"path": "/dev/x"}}]}, {"volumeDevices": [{"name": "b"}]}) == {"host_path"}
}

# What is of a wrong type counts as asked for.
test_privileges_of_wrong_types if {
	every value in ["true", "false", 1, 0, [], {}, ""] {
		_of_ctr({"privileged": value}) == {"privileged"}
		_of_pod({"hostNetwork": value}, {}) == {"host_network"}
		_of_ctr({"windowsOptions": {"hostProcess": value}}) == {"host_process"}
	}
	every value in ["x", 1, true, []] {
		_of_ctr(value) == {"privileged", "host_process", "capability:ALL"}
		_of_ctr({"capabilities": value}) == {"capability:ALL"}
		_of_ctr({"windowsOptions": value}) == {"host_process"}
	}
	_of_ctr({"capabilities": {"add": "NET_ADMIN"}}) == {"capability:ALL"}
	_of_ctr({"capabilities": {"add": [5, "CHOWN"]}}) == {"capability:ALL", "capability:CHOWN"}
	_of_ctr({"capabilities": {"add": {"a": "SYS_ADMIN"}}}) == {"capability:ALL", "capability:SYS_ADMIN"}
	_of_pod({"volumes": {"b": {"hostPath": {}}}}, {}) == {"host_path"}
	_of_pod({"volumes": [{"name": "b", "hostPath": "x"}]}, {"volumeMounts": "b"}) == {"host_path"}
	_of_pod({"volumes": [{"hostPath": {}}]}, {"volumeMounts": [{}]}) == {"host_path"}
}

# Each kind, each sort of container.
test_privileges_of_kinds if {
	spec := {"hostPID": true, "initContainers": [{"name": "i", "image": "x", "securityContext": {"privileged": true}}], "containers": [{"name": "a", "image": "x"}], "ephemeralContainers": [{"name": "e", "image": "x", "securityContext": {"capabilities": {"add": ["SYS_PTRACE"]}}}]}
	wanted := {"initContainers[0]": {"privileged", "host_pid"}, "containers[0]": {"host_pid"}, "ephemeralContainers[0]": {"host_pid", "capability:SYS_PTRACE"}}
	every kind in [
		["v1", "Pod", "spec", {"spec": spec}],
		["apps/v1", "Deployment", "spec.template.spec", {"spec": {"template": {"spec": spec}}}],
		["apps/v1", "ReplicaSet", "spec.template.spec", {"spec": {"template": {"spec": spec}}}],
		["apps/v1", "StatefulSet", "spec.template.spec", {"spec": {"template": {"spec": spec}}}],
		["apps/v1", "DaemonSet", "spec.template.spec", {"spec": {"template": {"spec": spec}}}],
		["v1", "ReplicationController", "spec.template.spec", {"spec": {"template": {"spec": spec}}}],
		["batch/v1", "Job", "spec.template.spec", {"spec": {"template": {"spec": spec}}}],
		["batch/v1", "CronJob", "spec.jobTemplate.spec.template.spec", {"spec": {"jobTemplate": {"spec": {"template": {"spec": spec}}}}}],
		["v1", "PodTemplate", "template.spec", {"template": {"spec": spec}}],
	] {
		_privileges(object.union({"apiVersion": kind[0], "kind": kind[1]}, kind[3])) == {sprintf("%s.%s", [kind[2], field]): asked | some field, asked in wanted}
	}
}

test_privileges_of_what_is_no_container if {
	found := workload.privileges(samples.ctr("x")) with host.object as {"apiVersion": "v1", "kind": "ConfigMap"}
	found == set()
}

# Custom kinds say elsewhere what their pods and steps get.
test_privileges_from_elsewhere if {
	argo := {"hostNetwork": true, "volumes": [{"name": "h", "hostPath": {"path": "/"}}], "templates": [{"name": "a", "container": {"image": "x", "volumeMounts": [{"name": "h"}]}}, {"name": "b", "container": {"image": "y"}}]}
	_privileges({"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": argo}) == {"spec.templates[0].container": {"host_network", "host_path"}, "spec.templates[1].container": {"host_network"}}
	steps := [{"name": "a", "image": "x"}]
	template := {"image": "x", "securityContext": {"privileged": true, "capabilities": {"add": ["SYS_ADMIN"]}}}
	_privileges({"apiVersion": "tekton.dev/v1", "kind": "Task", "spec": {"stepTemplate": template, "steps": steps}}) == {path: {"privileged", "capability:SYS_ADMIN"} | some path in ["spec.steps[0]", "spec.stepTemplate.image"]}
	_privileges({"apiVersion": "tekton.dev/v1", "kind": "TaskRun", "spec": {"podTemplate": {"hostNetwork": true, "securityContext": {"windowsOptions": {"hostProcess": true}}}, "taskSpec": {"steps": steps}}}) == {"spec.taskSpec.steps[0]": {"host_network", "host_process"}}
	_privileges({"apiVersion": "tekton.dev/v1", "kind": "Task", "metadata": {"annotations": {"hostNetwork": "true"}}, "spec": {"steps": steps}}) == {"spec.steps[0]": set()}
}
