package lib.waxseal.workload_test

import data.lib.waxseal.host
import data.lib.waxseal.samples_test as samples
import data.lib.waxseal.workload

_containers(obj) := found if found := workload.containers with host.object as obj

_images(obj) := {[ctr.path, ctr.image] | some ctr in _containers(obj)}

_not_judged(obj) := found if found := workload.not_judged with host.object as obj

_paths(obj) := {entry.path | some entry in _not_judged(obj)}

_spec := {
	"initContainers": [{"name": "i", "image": "init"}],
	"containers": [{"name": "a", "image": "one"}, {"name": "b", "image": "two"}],
	"ephemeralContainers": [{"name": "e", "image": "debug"}],
	"volumes": [{"name": "v", "image": {"reference": "model"}}, {"name": "c", "configMap": {"name": "image"}}],
}

test_containers_of_a_pod if {
	_containers({"apiVersion": "v1", "kind": "Pod", "spec": _spec}) == {
		{"name": "i", "image": "init", "path": "spec.initContainers[0]", "type": "init"},
		{"name": "a", "image": "one", "path": "spec.containers[0]", "type": "container"},
		{"name": "b", "image": "two", "path": "spec.containers[1]", "type": "container"},
		{"name": "e", "image": "debug", "path": "spec.ephemeralContainers[0]", "type": "ephemeral"},
		{"name": "v", "image": "model", "path": "spec.volumes[0].image", "type": "volume"},
	}
	_not_judged({"apiVersion": "v1", "kind": "Pod", "spec": _spec}) == set()
}

_template := {"template": {"spec": _spec}}

_in_template := {["spec.template.spec.containers[0]", "one"], ["spec.template.spec.containers[1]", "two"]}

test_containers_of_builtin_kinds if {
	wrong := {[version, kind] |
		some [version, kind] in [
			["v1", "ReplicationController"],
			["apps/v1", "Deployment"], ["apps/v1beta2", "Deployment"], ["extensions/v1beta1", "Deployment"],
			["apps/v1", "ReplicaSet"], ["extensions/v1beta1", "ReplicaSet"],
			["apps/v1", "DaemonSet"], ["extensions/v1beta1", "DaemonSet"],
			["apps/v1", "StatefulSet"], ["batch/v1", "Job"],
		]
		obj := {"apiVersion": version, "kind": kind, "spec": _template}
		found := {pair | some pair in _images(obj); startswith(pair[0], "spec.template.spec.containers")}
		{found, {count(_containers(obj))}, _not_judged(obj)} != {_in_template, {5}, set()}
	}
	wrong == set()
	_images({"apiVersion": "v1", "kind": "PodTemplate", "template": {"spec": {"containers": [{"image": "x"}]}}}) == {["template.spec.containers[0]", "x"]}
	_images({"apiVersion": "batch/v1", "kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"image": "x"}]}}}}}}) == {["spec.jobTemplate.spec.template.spec.containers[0]", "x"]}
}

# Whatever stands in the place of a container is one.
test_containers_are_total if {
	_images(samples.pod([{"name": "a"}, {"image": 5}, {"image": null}, {"image": ["x"]}, null, 7, "x", [], {}])) == {
		["spec.containers[0]", ""],
		["spec.containers[1]", ""],
		["spec.containers[2]", ""],
		["spec.containers[3]", ""],
		["spec.containers[4]", ""],
		["spec.containers[5]", ""],
		["spec.containers[6]", ""],
		["spec.containers[7]", ""],
		["spec.containers[8]", ""],
	}
	_images(samples.pod({"a": {"image": "x"}, "b.c": {"image": "y"}})) == {["spec.containers.a", "x"], [`spec.containers["b.c"]`, "y"]}
	_images(samples.pod([{"image": {"reference": "x"}}])) == {["spec.containers[0]", ""]}
	_images(samples.pod("x")) == {["spec.containers", ""]}
	_images(samples.pod(3)) == {["spec.containers", ""]}
	_images(samples.pod(false)) == {["spec.containers", ""]}
	_containers(samples.pod([{"name": 5, "image": "x"}])) == {{"name": "", "image": "x", "path": "spec.containers[0]", "type": "container"}}
}

test_named if {
	obj := samples.pod([{"name": "a", "image": "x:1"}, {"name": "b"}, {"name": "c", "image": "ng inx"}, {"name": "d", "image": 5}, {"name": "e", "image": samples.pinned("y")}])
	named := workload.named with host.object as obj
	{ctr.name | some ctr in named} == {"a", "e"}
	named == {ctr | some ctr in _containers(obj); ctr.name in {"a", "e"}}
	nothing := workload.named with host.object as null
	nothing == set()
}

test_containers_of_image_volumes if {
	_images({"apiVersion": "v1", "kind": "Pod", "spec": {"volumes": [
		{"name": "a", "image": {"reference": "x"}},
		{"name": "b", "image": {}},
		{"name": "c", "image": "x"},
		{"name": "d", "image": {"reference": 5}},
		{"name": "e", "image": null},
		{"name": "f", "rbd": {"image": "not-an-image"}},
		null,
	]}}) == {
		["spec.volumes[0].image", "x"],
		["spec.volumes[1].image", ""],
		["spec.volumes[2].image", ""],
		["spec.volumes[3].image", ""],
	}
	_images({"apiVersion": "v1", "kind": "Pod", "spec": {"volumes": "x"}}) == {["spec.volumes", ""]}
}

test_containers_of_custom_resources if {
	wrong := {kind: _images(obj) |
		some kind, [obj, images] in _custom
		_images(obj) != images
	}
	wrong == {}
	unjudged := {kind: _paths(obj) |
		some kind, [obj, _] in _custom
		_paths(obj) != set()
	}
	unjudged == {}
}

_pod_spec := {"containers": [{"name": "a", "image": "x"}]}

_custom := {
	"knative service": [
		{"apiVersion": "serving.knative.dev/v1", "kind": "Service", "spec": {"template": {"spec": _pod_spec}}},
		{["spec.template.spec.containers[0]", "x"]},
	],
	"knative revision": [
		{"apiVersion": "serving.knative.dev/v1", "kind": "Revision", "spec": _pod_spec},
		{["spec.containers[0]", "x"]},
	],
	"argo workflow": [
		{"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {
			"templateDefaults": {"container": {"image": "d"}, "script": null},
			"templates": [
				{"name": "a", "container": {"image": "x"}, "sidecars": [{"name": "s", "image": "y"}], "initContainers": [{"image": "i"}]},
				{"name": "b", "script": {"image": "z"}, "containerSet": {"containers": [{"image": "c"}]}},
				{"name": "steps", "steps": [[{"name": "s", "template": "a"}]]},
			],
		}},
		{
			["spec.templateDefaults.container", "d"],
			["spec.templates[0].container", "x"],
			["spec.templates[0].sidecars[0]", "y"],
			["spec.templates[0].initContainers[0]", "i"],
			["spec.templates[1].script", "z"],
			["spec.templates[1].containerSet.containers[0]", "c"],
		},
	],
	"argo cron workflow": [
		{"apiVersion": "argoproj.io/v1alpha1", "kind": "CronWorkflow", "spec": {"workflowSpec": {"templates": [{"container": {"image": "x"}}]}}},
		{["spec.workflowSpec.templates[0].container", "x"]},
	],
	"argo rollout": [
		{"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "spec": {"template": {"spec": _pod_spec}}},
		{["spec.template.spec.containers[0]", "x"]},
	],
	"tekton task": [
		{"apiVersion": "tekton.dev/v1", "kind": "Task", "spec": {"steps": [{"image": "x"}, {"name": "none"}], "sidecars": [{"image": "y"}], "stepTemplate": {"image": "z"}}},
		{["spec.steps[0]", "x"], ["spec.steps[1]", ""], ["spec.sidecars[0]", "y"], ["spec.stepTemplate", "z"]},
	],
	"tekton step action": [
		{"apiVersion": "tekton.dev/v1", "kind": "StepAction", "spec": {"image": "x"}},
		{["spec.image", "x"]},
	],
	"tekton pipeline run": [
		{"apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "spec": {"pipelineSpec": {"tasks": [{"taskSpec": {"steps": [{"image": "x"}]}}], "finally": [{"taskSpec": {"steps": [{"image": "y"}]}}]}}},
		{["spec.pipelineSpec.tasks[0].taskSpec.steps[0]", "x"], ["spec.pipelineSpec.finally[0].taskSpec.steps[0]", "y"]},
	],
	"kubeflow job": [
		{"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob", "spec": {"pytorchReplicaSpecs": {"Worker": {"template": {"spec": _pod_spec}}}}},
		{["spec.pytorchReplicaSpecs.Worker.template.spec.containers[0]", "x"]},
	],
	"kserve inference service": [
		{"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "spec": {"predictor": {"model": {"image": "m"}, "containers": [{"image": "x"}]}}},
		{["spec.predictor.model", "m"], ["spec.predictor.containers[0]", "x"]},
	],
	"ray cluster": [
		{"apiVersion": "ray.io/v1", "kind": "RayCluster", "spec": {"headGroupSpec": {"template": {"spec": _pod_spec}}, "workerGroupSpecs": [{"template": {"spec": _pod_spec}}]}},
		{["spec.headGroupSpec.template.spec.containers[0]", "x"], ["spec.workerGroupSpecs[0].template.spec.containers[0]", "x"]},
	],
	"spark application": [
		{"apiVersion": "sparkoperator.k8s.io/v1beta2", "kind": "SparkApplication", "spec": {"image": "x", "driver": {"image": 5, "sidecars": [{"image": "y"}]}, "executor": {"image": null}}},
		{["spec.image", "x"], ["spec.driver.image", ""], ["spec.driver.sidecars[0]", "y"]},
	],
}

_widget := {"apiVersion": "acme.example/v1", "kind": "Widget", "metadata": {"labels": {"image": "x"}}, "status": {"image": "x"}, "spec": {
	"runner": {"image": "x"},
	"pods": [{"containers": [{"name": "a", "image": "y"}]}],
	"logo": {"image": "cat.png"},
}}

test_declared_workloads if {
	table := [
		{"group": "acme.example", "kind": "Widget", "images": ["spec.runner.image"], "pods": ["spec.pods.*"], "ignore": ["spec.logo.image"]},
		{"group": "acme.example", "kind": "Gadget", "images": ["spec.logo.image"]},
		"nonsense",
		{"group": 5, "kind": "Widget", "images": ["spec.logo.image"]},
		{"group": "acme.example", "kind": "Widget", "pods": [5], "images": "spec.logo.image", "ignore": 5},
	]
	containers := workload.containers with host.object as _widget with host.parameters as {"workloads": table}
	containers == {
		{"name": "", "image": "x", "path": "spec.runner.image", "type": "container"},
		{"name": "a", "image": "y", "path": "spec.pods[0].containers[0]", "type": "container"},
	}
	not_judged := workload.not_judged with host.object as _widget with host.parameters as {"workloads": table}
	not_judged == set()

	# What is ignored is one place, not what is below it.
	short := workload.not_judged with host.object as _widget with host.parameters as {"workloads": [{"group": "acme.example", "kind": "Widget", "ignore": ["spec.logo"]}]}
	"spec.logo.image" in {entry.path | some entry in short}
}

test_not_judged_unknown_kinds if {
	_containers(_widget) == set()
	_not_judged(_widget) == {{"path": path, "reason": "acme.example/Widget is not a kind whose images are known to be here; name it in the parameter workloads"} |
		some path in {"spec.runner.image", "spec.pods[0].containers", "spec.logo.image"}
	}
}

# One line for one place: the outermost.
test_not_judged_outermost_places if {
	nested := {"images": [{"image": {"containers": ["x"]}}], "imagesx": {"image": "y"}, "image": "z"}
	_paths({"apiVersion": "acme.example/v1", "kind": "Widget", "spec": nested}) == {"spec.images", "spec.imagesx.image", "spec.image"}
	_paths({"apiVersion": "acme.example/v1", "kind": "Widget", "image": {"image": "x"}}) == {"image"}

	# What is in a place that is ignored is listed by itself.
	ignoring := workload.not_judged with host.object as _widget with host.parameters as {"workloads": [{"group": "acme.example", "kind": "Widget", "ignore": ["spec.pods.*.containers"]}]}
	{entry.path | some entry in ignoring} == {"spec.runner.image", "spec.pods[0].containers[0].image", "spec.logo.image"}
}

# A kind is one of its group; the same word in another group is another kind.
test_not_judged_kinds_of_other_groups if {
	_paths({"apiVersion": "evil.example/v1", "kind": "Deployment", "spec": _template}) & {"spec.template.spec.containers"} == {"spec.template.spec.containers"}
	_paths({"kind": "Deployment", "spec": {"template": {"spec": {"containers": []}}}}) == {"spec.template.spec.containers"}
	_paths({"apiVersion": 5, "kind": "Deployment", "spec": {"images": []}}) == {"spec.images"}
	_images({"kind": "Pod", "spec": _pod_spec}) == {["spec.containers[0]", "x"]}
}

# In a kind of the table, images in places that the table does not name are listed.
test_not_judged_unknown_places if {
	_paths({"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {"templates": [{"container": {"image": "x"}, "plugin": {"acme": {"image": "y"}}}]}}) == {"spec.templates[0].plugin.acme.image"}
}

test_not_judged_steps_that_refer if {
	obj := {"apiVersion": "tekton.dev/v1", "kind": "Task", "spec": {"steps": [{"name": "a", "ref": {"name": "b"}}]}}
	_containers(obj) == set()
	_not_judged(obj) == {{"path": "spec.steps[0]", "reason": "the image of this step is named in another object"}}

	# A step that names an image is judged, whatever else it names.
	_images({"apiVersion": "tekton.dev/v1", "kind": "Task", "spec": {"steps": [{"image": "x", "ref": {"name": "b"}}]}}) == {["spec.steps[0]", "x"]}

	# In a pod there is no such thing.
	_images(samples.pod([{"name": "a", "ref": "b"}])) == {["spec.containers[0]", ""]}
}

test_not_judged_lists if {
	_paths({"apiVersion": "v1", "kind": "List", "items": []}) == {"items"}
	_paths({"apiVersion": "acme.example/v1", "kind": "Widget", "items": []}) == set()
	_paths({"apiVersion": "acme.example/v1", "kind": "AllowList", "spec": {}}) == set()
	_paths({"apiVersion": "v1", "kind": "PodList", "items": [samples.one("x")]}) == {"items", "items[0].spec.containers"}
}

test_not_judged_what_is_no_object if {
	wrong := {obj |
		some obj in {null, 5, "x", true, {}, {"kind": 5}, {"metadata": {}}, {"spec": {"image": "x"}}}
		_not_judged(obj) != {{"path": "", "reason": "this is not a Kubernetes object: it has no kind"}}
	}
	wrong == set()
	_paths([]) == {""}
}

test_not_judged_workloads_without_containers if {
	wrong := {obj |
		some obj in {
			{"apiVersion": "apps/v1", "kind": "Deployment"},
			{"apiVersion": "apps/v1", "kind": "Deployment", "spec": null},
			{"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": "x"}},
			{"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": {"spec": {"containers": null}}}},
			{"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": {"spec": {"containers": []}}}},
		}
		_not_judged(obj) != {{"path": "spec.template.spec", "reason": "no containers were found where this kind has them"}}
	}
	wrong == set()
}

test_judged_kinds_that_run_nothing if {
	wrong := {obj |
		some obj in {
			{"apiVersion": "v1", "kind": "ConfigMap", "data": {"image": "x"}},
			{"apiVersion": "v1", "kind": "Service", "metadata": {"labels": {"image": "x"}}, "spec": {"selector": {"app": "x"}}},
			{"apiVersion": "v1", "kind": "Node", "status": {"images": []}},
			{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": {"properties": {"image": {}}}},
			{"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "WaxsealImages", "spec": {"parameters": {"images": []}}},
			{"apiVersion": "acme.example/v1", "kind": "Widget", "spec": {"image": null}},
		}
		{_containers(obj), _not_judged(obj)} != {set()}
	}
	wrong == set()
}

_unchanged(ctr, operation, old) if workload.unchanged(ctr) with host.operation as operation with host.old_object as old

test_unchanged if {
	image := samples.pinned("x")
	ctr := samples.ctr(image)
	_unchanged(ctr, "UPDATE", samples.one(image))
	not _unchanged(ctr, "CREATE", samples.one(image))
	not _unchanged(ctr, "", samples.one(image))
	not _unchanged(ctr, "UPDATE", null)
	not _unchanged(ctr, "UPDATE", samples.one("x:1"))
	not _unchanged(samples.ctr("x:1"), "UPDATE", samples.one("x:1"))
	not _unchanged(samples.ctr("not valid"), "UPDATE", samples.one("not valid"))
	not _unchanged(object.union(ctr, {"name": "other"}), "UPDATE", samples.one(image))
	not _unchanged(object.union(ctr, {"type": "init"}), "UPDATE", samples.one(image))
}
