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
		{["spec.steps[0]", "x"], ["spec.steps[1]", ""], ["spec.sidecars[0]", "y"], ["spec.stepTemplate.image", "z"]},
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
		{["spec.predictor.model.image", "m"], ["spec.predictor.containers[0]", "x"]},
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
	_paths({"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {"templates": [{"container": {"image": "x"}, "acme": {"image": "y"}}]}}) == {"spec.templates[0].acme.image"}
}

# What names images in a way that is not read is listed, and nothing in it.
test_not_judged_opaque_places if {
	wrong := {kind: found |
		some kind, [version, spec, paths] in _opaque
		found := _paths({"apiVersion": version, "kind": kind, "spec": spec})
		found != paths
	}
	wrong == {}
	_not_judged({"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {"podSpecPatch": "x"}}) == {{
		"path": "spec.podSpecPatch",
		"reason": "this is a patch of the pod that runs, and can put any image into it",
	}}
}

_opaque := {
	"Workflow": [
		"argoproj.io/v1alpha1", {
			"podSpecPatch": "x",
			"workflowTemplateRef": {"name": "x"},
			"artifactGC": {"podSpecPatch": "x"},
			"hooks": {"exit": {"templateRef": {"name": "x"}}},
			"templateDefaults": {"podSpecPatch": "x"},
			"templates": [
				{"podSpecPatch": "x", "container": {"image": "x"}},
				{"resource": {"action": "create", "manifest": "x"}},
				{"resource": {"action": "create", "manifestFrom": {"artifact": {}}, "flags": ["-f", "x"]}},
				{"plugin": {"acme": {"image": "x"}}},
				{"podSpecPatch": null, "plugin": null, "resource": {"manifest": null}},
				{"steps": [[{"templateRef": {"name": "x"}}, {"template": "x"}, {"inline": {"podSpecPatch": "x", "steps": []}}]]},
				{"dag": {"tasks": [{"hooks": {"exit": {"templateRef": {}}}}, {"inline": {"dag": {"tasks": []}}}]}},
			],
		},
		{
			"spec.podSpecPatch", "spec.workflowTemplateRef", "spec.artifactGC.podSpecPatch", "spec.hooks.exit.templateRef",
			"spec.templateDefaults.podSpecPatch", "spec.templates[0].podSpecPatch", "spec.templates[1].resource.manifest",
			"spec.templates[2].resource.manifestFrom", "spec.templates[2].resource.flags", "spec.templates[3].plugin",
			"spec.templates[5].steps[0][0].templateRef", "spec.templates[5].steps[0][2].inline.podSpecPatch",
			"spec.templates[5].steps[0][2].inline.steps", "spec.templates[6].dag.tasks[0].hooks.exit.templateRef",
			"spec.templates[6].dag.tasks[1].inline.dag",
		},
	],
	"CronWorkflow": ["argoproj.io/v1alpha1", {"workflowSpec": {"workflowTemplateRef": {"name": "x"}}}, {"spec.workflowSpec.workflowTemplateRef"}],
	"TaskRun": ["tekton.dev/v1", {"taskRef": {"name": "x", "bundle": "y", "resolver": "git", "params": []}}, {"spec.taskRef.bundle", "spec.taskRef.resolver"}],
	"PipelineRun": [
		"tekton.dev/v1", {
			"pipelineRef": {"resolver": "hub"},
			"pipelineSpec": {"finally": [{"taskRef": {"resolver": "git"}}], "tasks": [{"pipelineSpec": {"tasks": []}}, {"pipelineRef": {"bundle": "x"}}]},
		},
		{
			"spec.pipelineRef.resolver", "spec.pipelineSpec.finally[0].taskRef.resolver",
			"spec.pipelineSpec.tasks[0].pipelineSpec", "spec.pipelineSpec.tasks[1].pipelineRef.bundle",
		},
	],
	# Objects of the cluster are judged when they are admitted themselves.
	"Pipeline": ["tekton.dev/v1", {"tasks": [{"taskRef": {"name": "x", "kind": "Task"}}, {"taskRef": {"bundle": "x"}}], "finally": [{"pipelineRef": {"name": "x"}}]}, {"spec.tasks[1].taskRef.bundle"}],
	"SparkApplication": [
		"sparkoperator.k8s.io/v1beta2", {
			"image": "x",
			"sparkConf": {"spark.kubernetes.container.image": "x", "spark.kubernetes.driver.podTemplateFile": "x", "spark.eventLog.enabled": "true"},
			"driver": {"podTemplate": {}}, "executor": {"podTemplate": {}},
		},
		{
			`spec.sparkConf["spark.kubernetes.container.image"]`, `spec.sparkConf["spark.kubernetes.driver.podTemplateFile"]`,
			"spec.driver.podTemplate", "spec.executor.podTemplate",
		},
	],
	"DeploymentConfig": [
		"apps.openshift.io/v1", {
			"template": {"spec": _pod_spec},
			"triggers": [{"type": "ConfigChange"}, {"type": "ImageChange", "imageChangeParams": {"from": {}}}],
		},
		{"spec.triggers[1].imageChangeParams"},
	],
	"RayJob": ["ray.io/v1", {"runtimeEnvYAML": "x", "submitterPodTemplate": {"spec": _pod_spec}}, {"spec.runtimeEnvYAML"}],
	"Assign": ["mutations.gatekeeper.sh/v1", {"parameters": {"assign": {"value": "x"}}}, {"spec.parameters.assign"}],
	"AssignImage": ["mutations.gatekeeper.sh/v1alpha1", {"parameters": {"assignPath": "x"}}, {"spec.parameters"}],
}

_declaring(entry) := not_judged if {
	not_judged := workload.not_judged with host.object as _widget with host.parameters as {"workloads": [object.union({"group": "acme.example", "kind": "Widget"}, entry)]}
}

test_not_judged_declared_opaque_places if {
	known := {"images": ["spec.runner.image"], "ignore": ["spec.logo.image"]}
	_declaring(object.union(known, {"opaque": ["spec.pods"]})) == {{"path": "spec.pods", "reason": "this is declared to be opaque, and the images that it names are not read"}}
	_declaring(object.union(known, {"opaque": ["spec.none"], "pods": ["spec.pods.*"]})) == set()

	# A place may be any key.
	{entry.path | some entry in _declaring({"opaque": ["*"]})} == {"apiVersion", "kind", "metadata", "spec", "status"}

	# What is ignored is not opaque.
	{entry.path | some entry in _declaring({"images": ["spec.runner.image"], "pods": ["spec.pods.*"], "opaque": ["spec.logo"], "ignore": ["spec.logo", "spec.logo.image"]})} == set()
}

# In the places of pods of a custom resource there is a container, or it is said that there is none.
test_not_judged_custom_resources_without_containers if {
	wrong := {obj |
		some spec in [
			{"containers": null}, {"containers": []}, {}, null,
			{"containers": null, "volumes": [{"emptyDir": {}}]},
		]
		some obj in {
			{"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "spec": {"template": {"spec": spec}}},
			{"apiVersion": "apps.kruise.io/v1alpha1", "kind": "CloneSet", "spec": {"template": {"spec": spec}}},
		}
		_not_judged(obj) != {{"path": "spec.template.spec", "reason": "no containers were found where this kind has them"}}
	}
	wrong == set()
	declared := workload.not_judged with host.object as {"apiVersion": "acme.example/v1", "kind": "Widget", "spec": {"containers": null}}
		with host.parameters as {"workloads": [{"group": "acme.example", "kind": "Widget", "pods": ["spec"]}]}
	declared == {{"path": "spec", "reason": "no containers were found where this kind has them"}}
	_paths({"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "spec": {"predictor": {"model": {"modelFormat": {"name": "sklearn"}}}}}) == {"spec.predictor"}
	_paths({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "spec": {"workloadRef": {"name": "x"}}}) == set()
}

# A driver can mount an image that no field names, wherever the volume stands.
test_not_judged_image_drivers if {
	volume := {"name": "v", "csi": {"driver": "image.csi.k8s.io", "volumeAttributes": {"image": "x"}}}
	other := {"name": "o", "csi": {"driver": "secrets-store.csi.k8s.io"}}
	_not_judged({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": "x"}], "volumes": [other, volume]}}) == {{
		"path": "spec.volumes[1].csi",
		"reason": "this driver mounts an image, and the image that it names is not read",
	}}
	_paths({"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {"volumes": [volume], "templates": [{"container": {"image": "x"}}]}}) == {"spec.volumes[0].csi"}
	_paths({"apiVersion": "v1", "kind": "PersistentVolume", "spec": {"csi": {"driver": "container-image.csi.k8s.io", "volumeHandle": "x"}}}) == {"spec.csi"}
}

# Fields by their names: in any case, and with what is written before them.
test_not_judged_names_of_fields if {
	_paths({"apiVersion": "acme.example/v1", "kind": "Widget", "spec": {
		"Image": "x", "containerImage": "x", "imageName": "x", "image_name": "x", "sidecarImages": ["x"], "initContainers": [], "kernelImageFileName": "x",
		"imagePullSecrets": [{"name": "x"}], "imagePullSecretName": "x", "imagePullPolicy": "Always", "imagery": "x", "images2": "x",
		"useImage": true, "maxImages": 3, "emptyImage": null,
	}}) == {"spec.Image", "spec.containerImage", "spec.imageName", "spec.image_name", "spec.sidecarImages", "spec.initContainers", "spec.kernelImageFileName"}

	# In a kind of the table too, where a reader may not mind the case.
	_paths({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "spec": {"template": {"spec": {"containers": [{"image": "x"}], "Containers": [{"image": "y"}]}}}}) == {"spec.template.spec.Containers"}
}

test_containers_of_volumes_outside_of_pods if {
	volumes := [{"image": {"reference": "v"}}]
	wrong := {obj: found |
		some [obj, path] in [
			[{"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {"volumes": volumes}}, "spec.volumes[0].image"],
			[{"apiVersion": "tekton.dev/v1", "kind": "Task", "spec": {"volumes": volumes}}, "spec.volumes[0].image"],
			[{"apiVersion": "tekton.dev/v1", "kind": "TaskRun", "spec": {"podTemplate": {"volumes": volumes}}}, "spec.podTemplate.volumes[0].image"],
			[{"apiVersion": "tekton.dev/v1", "kind": "Pipeline", "spec": {"tasks": [{"taskSpec": {"volumes": volumes}}]}}, "spec.tasks[0].taskSpec.volumes[0].image"],
		]
		found := _images(obj)
		found != {[path, "v"]}
	}
	wrong == {}
}

# A step template without an image is none: its steps name theirs.
test_containers_of_a_step_template if {
	_images({"apiVersion": "tekton.dev/v1", "kind": "Task", "spec": {"steps": [{"image": "x"}], "stepTemplate": {"env": []}}}) == {["spec.steps[0]", "x"]}
}

_many(n) := samples.pod([{"name": sprintf("c%d", [i]), "image": "x"} | some i in numbers.range(1, n)])

_bounds(obj) := bounds if {
	bounds := [count(workload.containers), workload.left_out, workload.not_judged] with host.object as obj
}

test_containers_are_bounded if {
	workload._most_containers == 1000
	small := _bounds(_many(3)) with workload._most_containers as 3
	small == [3, 0, set()]
	large := _bounds(_many(4)) with workload._most_containers as 3
	large == [3, 1, {{"path": "", "reason": "it has 4 containers, and no more than 3 are judged"}}]
}

test_not_judged_is_bounded if {
	found := _not_judged({"apiVersion": "acme.example/v1", "kind": "Widget", "spec": [{"image": "x"} | some _ in numbers.range(1, 110)]})
	count(found) == 101
	{entry | some entry in found; entry.path == ""} == {{"path": "", "reason": "10 places more are not judged, beside those that are listed"}}
}

_pairs contains [ctr.path, ctr.image] if some ctr in workload.containers

# Large objects are judged place by place, all of them.
test_containers_of_a_large_workflow if {
	obj := {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {"templates": [{"container": {"image": sprintf("x%d", [i])}} | some i in numbers.range(0, 99)]}}
	found := [_pairs, workload.not_judged] with host.object as obj
	found == [{[sprintf("spec.templates[%d].container", [i]), sprintf("x%d", [i])] | some i in numbers.range(0, 99)}, set()]
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

# kubectl applies the items of a ConfigMap, and of a Pod nothing else.
test_not_judged_lists_in_disguise if {
	_paths({"apiVersion": "v1", "kind": "ConfigMap", "items": [1, samples.one("x")]}) == {"items"}
	_paths(object.union(samples.one("x"), {"items": [{}]})) == {"items"}
	_paths({"apiVersion": "v1", "kind": "ConfigMap", "items": ["x", null]}) == set()
	_paths({"apiVersion": "v1", "kind": "ConfigMap", "items": {"a": samples.one("x")}}) == set()
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

_holding(security) := samples.pod([{"name": "app", "image": samples.pinned("x"), "securityContext": security}])

_left_as_it_is(new, old) if _unchanged(samples.ctr(samples.pinned("x")), "UPDATE", _holding(old)) with host.object as _holding(new)

# A container that asks for more than before is not as it was, whichever image it runs.
test_unchanged_privileges if {
	_left_as_it_is({}, {})
	_left_as_it_is({"privileged": true}, {"privileged": true})
	_left_as_it_is({}, {"privileged": true})
	not _left_as_it_is({"privileged": true}, {})
	not _left_as_it_is({"capabilities": {"add": ["CHOWN", "SYS_ADMIN"]}}, {"capabilities": {"add": ["CHOWN"]}})
}
