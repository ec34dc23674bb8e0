package lib.waxseal.workload

# Kinds of Kubernetes itself: the place of the pod's spec. Their containers are
# all in it, and nothing else in them names an image.
_builtin := {
	"/Pod": "spec",
	"/PodTemplate": "template.spec",
	"/ReplicationController": "spec.template.spec",
	"apps/Deployment": "spec.template.spec",
	"apps/ReplicaSet": "spec.template.spec",
	"apps/StatefulSet": "spec.template.spec",
	"apps/DaemonSet": "spec.template.spec",
	"extensions/Deployment": "spec.template.spec",
	"extensions/ReplicaSet": "spec.template.spec",
	"extensions/DaemonSet": "spec.template.spec",
	"batch/Job": "spec.template.spec",
	"batch/CronJob": "spec.jobTemplate.spec.template.spec",
}

# Kinds that run nothing, whatever their fields are called.
_inert := {
	"/ConfigMap", "/Secret", "/PersistentVolume", "/Node",
	"apps/ControllerRevision",
	"apiextensions.k8s.io/CustomResourceDefinition",
}

_inert_groups := {"constraints.gatekeeper.sh", "templates.gatekeeper.sh"}

# Drivers that mount an image as a volume.
_image_drivers := {"image.csi.k8s.io", "container-image.csi.k8s.io", "csi-image.warm-metal.tech"}

# Custom resources: pods are places of a pod's spec, containers are places of
# one container, volumes are places of one volume, images are places of one
# reference. Opaque are places that can name images in a way that is not read:
# what stands there is not judged. A star is any key or index; before a text it
# is any key that ends in it. What several kinds have in common stands below by
# its name. The table is all constants: it costs nothing until a kind is looked up.
_custom := {
	"serving.knative.dev/Service": {"pods": ["spec.template.spec"]},
	"serving.knative.dev/Configuration": {"pods": ["spec.template.spec"]},
	"serving.knative.dev/Revision": {"pods": ["spec"]},
	"sources.knative.dev/ContainerSource": {"pods": ["spec.template.spec"]},
	"argoproj.io/Workflow": {"argo": "spec"},
	"argoproj.io/WorkflowTemplate": {"argo": "spec"},
	"argoproj.io/ClusterWorkflowTemplate": {"argo": "spec"},
	"argoproj.io/CronWorkflow": {"argo": "spec.workflowSpec"},
	"argoproj.io/Rollout": {"pods": ["spec.template.spec"]},
	"argoproj.io/AnalysisTemplate": {"pods": ["spec.metrics.*.provider.job.spec.template.spec"]},
	"argoproj.io/ClusterAnalysisTemplate": {"pods": ["spec.metrics.*.provider.job.spec.template.spec"]},
	"argoproj.io/AnalysisRun": {"pods": ["spec.metrics.*.provider.job.spec.template.spec"]},
	"argoproj.io/Experiment": {"pods": ["spec.templates.*.template.spec"]},
	"tekton.dev/Task": {"tekton": "spec"},
	"tekton.dev/ClusterTask": {"tekton": "spec"},
	"tekton.dev/StepAction": {"images": ["spec.image"]},
	"tekton.dev/TaskRun": {
		"tekton": "spec.taskSpec",
		"volumes": ["spec.podTemplate.volumes.*"],
		"opaque": ["spec.taskRef.bundle", "spec.taskRef.resolver"],
	},
	"tekton.dev/Pipeline": {"tekton_pipeline": "spec"},
	"tekton.dev/PipelineRun": {
		"tekton_pipeline": "spec.pipelineSpec",
		"volumes": [
			"spec.podTemplate.volumes.*", "spec.taskRunTemplate.podTemplate.volumes.*",
			"spec.taskRunSpecs.*.podTemplate.volumes.*", "spec.taskRunSpecs.*.taskPodTemplate.volumes.*",
		],
		"opaque": ["spec.pipelineRef.bundle", "spec.pipelineRef.resolver"],
	},
	"kubeflow.org/TFJob": {"pods": ["spec.tfReplicaSpecs.*.template.spec"]},
	"kubeflow.org/PyTorchJob": {"pods": ["spec.pytorchReplicaSpecs.*.template.spec"]},
	"kubeflow.org/MPIJob": {"pods": ["spec.mpiReplicaSpecs.*.template.spec"]},
	"kubeflow.org/XGBoostJob": {"pods": ["spec.xgbReplicaSpecs.*.template.spec"]},
	"kubeflow.org/PaddleJob": {"pods": ["spec.paddleReplicaSpecs.*.template.spec"]},
	"kubeflow.org/JAXJob": {"pods": ["spec.jaxReplicaSpecs.*.template.spec"]},
	"kubeflow.org/Notebook": {"pods": ["spec.template.spec"]},
	"serving.kserve.io/InferenceService": {
		"pods": ["spec.predictor", "spec.transformer", "spec.explainer"],
		"images": ["spec.predictor.model.image"],
	},
	"serving.kserve.io/ServingRuntime": {"pods": ["spec"]},
	"serving.kserve.io/ClusterServingRuntime": {"pods": ["spec"]},
	"ray.io/RayCluster": {"ray": "spec"},
	"ray.io/RayJob": {"ray": "spec.rayClusterSpec", "pods": ["spec.submitterPodTemplate.spec"], "opaque": ["spec.runtimeEnvYAML"]},
	"ray.io/RayService": {"ray": "spec.rayClusterConfig", "opaque": ["spec.runtimeEnvYAML"]},
	"jobset.x-k8s.io/JobSet": {"pods": ["spec.replicatedJobs.*.template.spec.template.spec"]},
	"leaderworkerset.x-k8s.io/LeaderWorkerSet": {"pods": ["spec.leaderWorkerTemplate.leaderTemplate.spec", "spec.leaderWorkerTemplate.workerTemplate.spec"]},
	"batch.volcano.sh/Job": {"pods": ["spec.tasks.*.template.spec"]},
	"sparkoperator.k8s.io/SparkApplication": {"spark": "spec"},
	"sparkoperator.k8s.io/ScheduledSparkApplication": {"spark": "spec.template"},
	"apps.openshift.io/DeploymentConfig": {
		"pods": ["spec.template.spec"],
		"images": ["spec.strategy.customParams.image"],
		"opaque": ["spec.triggers.*.imageChangeParams"],
	},
	"apps.kruise.io/CloneSet": {"pods": ["spec.template.spec"]},
	"apps.kruise.io/StatefulSet": {"pods": ["spec.template.spec"]},
	"apps.kruise.io/DaemonSet": {"pods": ["spec.template.spec"]},
	"apps.kruise.io/BroadcastJob": {"pods": ["spec.template.spec"]},
	"keda.sh/ScaledJob": {"pods": ["spec.jobTargetRef.template.spec"]},
	"mutations.gatekeeper.sh/Assign": {"opaque": ["spec.parameters.assign"]},
	"mutations.gatekeeper.sh/AssignImage": {"opaque": ["spec.parameters"]},
}

# What is said of an opaque place, by its last step.
_opaque_reasons := {
	"assign": "this changes objects at admission, and can put any image into them",
	"*image": "this is the image of the pods that run, written in the text of a configuration",
	"*podTemplateFile": "this is a file with a template of the pod that runs, and the images that it names are not read",
	"bundle": "this is fetched from a registry when it runs, and the images that it names are not read",
	"imageChangeParams": "this puts the image of an image stream in the place of the one that is written",
	"flags": "this can name an object to create by its address, and the images that it names are not read",
	"manifest": "this is an object that is created when it runs, and the images that it names are not read",
	"manifestFrom": "this is an object that is created when it runs, and the images that it names are not read",
	"parameters": "this changes images at admission",
	"pipelineSpec": "this is a pipeline inside of a pipeline, and the images that it names are not read",
	"plugin": "this is run by a plugin, and the images that it names are not read",
	"podSpecPatch": "this is a patch of the pod that runs, and can put any image into it",
	"podTemplate": "this is a template of the pod that runs, and the images that it names are not read",
	"resolver": "this is fetched from elsewhere when it runs, and the images that it names are not read",
	"runtimeEnvYAML": "this is the environment that runs, and the images that it names are not read",
	"steps": "these are steps inside of a step, and the images that they name are not read",
	"dag": "these are tasks inside of a step, and the images that they name are not read",
	"templateRef": "this runs a template of another object, and the images that it names are not read",
	"workflowTemplateRef": "this runs another object, and the images that it names are not read",
}

_shared(entry) := _argo(entry.argo)

_shared(entry) := _tekton(entry.tekton)

_shared(entry) := _tekton_pipeline(entry.tekton_pipeline)

_shared(entry) := _ray(entry.ray)

_shared(entry) := _spark(entry.spark)

_argo(base) := {
	"pods": _under(base, _argo_templates),
	"containers": _under(base, [concat(".", [template, place]) |
		some template in _argo_templates
		some place in ["container", "script", "sidecars.*"]
	]),
	"volumes": _under(base, ["volumes.*"]),
	"opaque": _under(base, _argo_opaque),
}

# A template, and the group of containers that it may have in place of one.
_argo_templates := [concat("", [template, part]) |
	some template in ["templates.*", "templateDefaults", "templates.*.steps.*.*.inline", "templates.*.dag.tasks.*.inline"]
	some part in ["", ".containerSet"]
]

# A reference is opaque, because a workflow that is nothing else would look as
# if it were judged.
_argo_opaque := array.concat(
	["podSpecPatch", "workflowTemplateRef", "artifactGC.podSpecPatch", "hooks.*.templateRef"],
	array.concat(
		[concat(".", [template, place]) |
			some template in _argo_templates
			some place in ["podSpecPatch", "plugin", "resource.manifest", "resource.manifestFrom", "resource.flags"]
		],
		[concat(".", [step, place]) |
			some step in ["templates.*.steps.*.*", "templates.*.dag.tasks.*"]
			some place in ["templateRef", "hooks.*.templateRef", "inline.steps", "inline.dag"]
		],
	),
)

_tekton(base) := {
	"containers": _under(base, ["steps.*", "sidecars.*"]),
	"images": _under(base, ["stepTemplate.image"]),
	"volumes": _under(base, ["volumes.*"]),
}

# A task or pipeline that is named, as most are, is an object of the cluster:
# it is judged when it is admitted itself. What a resolver or a bundle brings
# from elsewhere never passes there.
_tekton_pipeline(base) := {
	"containers": _in_tasks(base, ["taskSpec.steps.*", "taskSpec.sidecars.*"]),
	"images": _in_tasks(base, ["taskSpec.stepTemplate.image"]),
	"volumes": _in_tasks(base, ["taskSpec.volumes.*"]),
	"opaque": _in_tasks(base, ["taskRef.bundle", "taskRef.resolver", "pipelineRef.bundle", "pipelineRef.resolver", "pipelineSpec"]),
}

_in_tasks(base, places) := [concat(".", [base, tasks, place]) | some tasks in ["tasks.*", "finally.*"]; some place in places]

_ray(base) := {
	"pods": _under(base, ["headGroupSpec.template.spec", "workerGroupSpecs.*.template.spec"]),
	"images": _under(base, ["autoscalerOptions.image"]),
}

_spark(base) := {
	"pods": _under(base, ["driver", "executor", "driver.template.spec", "executor.template.spec"]),
	"containers": _under(base, ["driver.sidecars.*", "executor.sidecars.*"]),
	"volumes": _under(base, ["volumes.*"]),
	"images": _under(base, ["image", "driver.image", "executor.image"]),
	"opaque": _under(base, ["sparkConf.*image", "sparkConf.*podTemplateFile", "driver.podTemplate", "executor.podTemplate"]),
}

_under(base, places) := [concat(".", [base, place]) | some place in places]
