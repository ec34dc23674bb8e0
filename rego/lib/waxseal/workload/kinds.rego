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

_inert_groups := {"constraints.gatekeeper.sh", "templates.gatekeeper.sh", "mutations.gatekeeper.sh"}

# Custom resources: pods are places of a pod's spec, containers are places of
# one container, images are places of one reference. A star is any key or index.
# What several kinds have in common stands below by its name. The table is all
# constants: it costs nothing until a kind is looked up.
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
	"tekton.dev/TaskRun": {"tekton": "spec.taskSpec"},
	"tekton.dev/Pipeline": {"tekton_pipeline": "spec"},
	"tekton.dev/PipelineRun": {"tekton_pipeline": "spec.pipelineSpec"},
	"kubeflow.org/TFJob": {"pods": ["spec.tfReplicaSpecs.*.template.spec"]},
	"kubeflow.org/PyTorchJob": {"pods": ["spec.pytorchReplicaSpecs.*.template.spec"]},
	"kubeflow.org/MPIJob": {"pods": ["spec.mpiReplicaSpecs.*.template.spec"]},
	"kubeflow.org/XGBoostJob": {"pods": ["spec.xgbReplicaSpecs.*.template.spec"]},
	"kubeflow.org/PaddleJob": {"pods": ["spec.paddleReplicaSpecs.*.template.spec"]},
	"kubeflow.org/JAXJob": {"pods": ["spec.jaxReplicaSpecs.*.template.spec"]},
	"kubeflow.org/Notebook": {"pods": ["spec.template.spec"]},
	"serving.kserve.io/InferenceService": {
		"pods": ["spec.predictor", "spec.transformer", "spec.explainer"],
		"containers": ["spec.predictor.model"],
	},
	"serving.kserve.io/ServingRuntime": {"pods": ["spec"]},
	"serving.kserve.io/ClusterServingRuntime": {"pods": ["spec"]},
	"ray.io/RayCluster": {"ray": "spec"},
	"ray.io/RayJob": {"ray": "spec.rayClusterSpec"},
	"ray.io/RayService": {"ray": "spec.rayClusterConfig"},
	"jobset.x-k8s.io/JobSet": {"pods": ["spec.replicatedJobs.*.template.spec.template.spec"]},
	"leaderworkerset.x-k8s.io/LeaderWorkerSet": {"pods": ["spec.leaderWorkerTemplate.leaderTemplate.spec", "spec.leaderWorkerTemplate.workerTemplate.spec"]},
	"batch.volcano.sh/Job": {"pods": ["spec.tasks.*.template.spec"]},
	"sparkoperator.k8s.io/SparkApplication": {"spark": "spec"},
	"sparkoperator.k8s.io/ScheduledSparkApplication": {"spark": "spec.template"},
	"apps.openshift.io/DeploymentConfig": {"pods": ["spec.template.spec"]},
	"apps.kruise.io/CloneSet": {"pods": ["spec.template.spec"]},
	"apps.kruise.io/StatefulSet": {"pods": ["spec.template.spec"]},
	"apps.kruise.io/DaemonSet": {"pods": ["spec.template.spec"]},
	"apps.kruise.io/BroadcastJob": {"pods": ["spec.template.spec"]},
	"keda.sh/ScaledJob": {"pods": ["spec.jobTargetRef.template.spec"]},
}

_shared(entry) := _argo(entry.argo)

_shared(entry) := _tekton(entry.tekton)

_shared(entry) := _tekton_pipeline(entry.tekton_pipeline)

_shared(entry) := _ray(entry.ray)

_shared(entry) := _spark(entry.spark)

_argo(base) := {
	"pods": _under(base, ["templates.*", "templateDefaults", "templates.*.containerSet", "templateDefaults.containerSet"]),
	"containers": _under(base, [
		"templates.*.container", "templates.*.script", "templates.*.sidecars.*",
		"templateDefaults.container", "templateDefaults.script", "templateDefaults.sidecars.*",
	]),
}

_tekton(base) := {"containers": _under(base, ["steps.*", "sidecars.*", "stepTemplate"])}

_tekton_pipeline(base) := {"containers": _under(base, [
	"tasks.*.taskSpec.steps.*", "tasks.*.taskSpec.sidecars.*", "tasks.*.taskSpec.stepTemplate",
	"finally.*.taskSpec.steps.*", "finally.*.taskSpec.sidecars.*", "finally.*.taskSpec.stepTemplate",
])}

_ray(base) := {"pods": _under(base, ["headGroupSpec.template.spec", "workerGroupSpecs.*.template.spec"])}

_spark(base) := {
	"pods": _under(base, ["driver", "executor", "driver.template.spec", "executor.template.spec"]),
	"containers": _under(base, ["driver.sidecars.*", "executor.sidecars.*"]),
	"images": _under(base, ["image", "driver.image", "executor.image"]),
}

_under(base, places) := [concat(".", [base, place]) | some place in places]
