package admission

import (
	"slices"
	"strings"
)

// template is a place in an object that makes containers.
type template struct {
	pods       []string // of a pod's spec; a star is any key or index
	containers []string // of one container
	images     []string // of one reference
}

func podsAt(paths ...string) template { return template{pods: paths} }

// makers are the kinds that make containers, and where their pods stand.
var makers = map[Kind]template{
	{"", "Pod", ""}:                   podsAt("spec"),
	{"", "PodTemplate", ""}:           podsAt("template.spec"),
	{"", "ReplicationController", ""}: podsAt("spec.template.spec"),
	{"apps", "Deployment", ""}:        podsAt("spec.template.spec"),
	{"apps", "ReplicaSet", ""}:        podsAt("spec.template.spec"),
	{"apps", "StatefulSet", ""}:       podsAt("spec.template.spec"),
	{"apps", "DaemonSet", ""}:         podsAt("spec.template.spec"),
	{"batch", "Job", ""}:              podsAt("spec.template.spec"),
	{"batch", "CronJob", ""}:          podsAt("spec.jobTemplate.spec.template.spec"),

	{"extensions", "Deployment", ""}: podsAt("spec.template.spec"),
	{"extensions", "ReplicaSet", ""}: podsAt("spec.template.spec"),
	{"extensions", "DaemonSet", ""}:  podsAt("spec.template.spec"),

	{"serving.knative.dev", "Service", ""}:              podsAt("spec.template.spec"),
	{"serving.knative.dev", "Configuration", ""}:        podsAt("spec.template.spec"),
	{"serving.knative.dev", "Revision", ""}:             podsAt("spec"),
	{"sources.knative.dev", "ContainerSource", ""}:      podsAt("spec.template.spec"),
	{"argoproj.io", "Rollout", ""}:                      podsAt("spec.template.spec"),
	{"argoproj.io", "Workflow", ""}:                     argo("spec"),
	{"argoproj.io", "WorkflowTemplate", ""}:             argo("spec"),
	{"argoproj.io", "ClusterWorkflowTemplate", ""}:      argo("spec"),
	{"argoproj.io", "CronWorkflow", ""}:                 argo("spec.workflowSpec"),
	{"tekton.dev", "Task", ""}:                          tekton("spec"),
	{"tekton.dev", "ClusterTask", ""}:                   tekton("spec"),
	{"tekton.dev", "TaskRun", ""}:                       tekton("spec.taskSpec"),
	{"apps.openshift.io", "DeploymentConfig", ""}:       podsAt("spec.template.spec"),
	{"apps.kruise.io", "CloneSet", ""}:                  podsAt("spec.template.spec"),
	{"apps.kruise.io", "StatefulSet", ""}:               podsAt("spec.template.spec"),
	{"apps.kruise.io", "DaemonSet", ""}:                 podsAt("spec.template.spec"),
	{"apps.kruise.io", "BroadcastJob", ""}:              podsAt("spec.template.spec"),
	{"keda.sh", "ScaledJob", ""}:                        podsAt("spec.jobTargetRef.template.spec"),
	{"batch.volcano.sh", "Job", ""}:                     podsAt("spec.tasks.*.template.spec"),
	{"jobset.x-k8s.io", "JobSet", ""}:                   podsAt("spec.replicatedJobs.*.template.spec.template.spec"),
	{"leaderworkerset.x-k8s.io", "LeaderWorkerSet", ""}: podsAt("spec.leaderWorkerTemplate.leaderTemplate.spec", "spec.leaderWorkerTemplate.workerTemplate.spec"),
	{"kubeflow.org", "TFJob", ""}:                       podsAt("spec.tfReplicaSpecs.*.template.spec"),
	{"kubeflow.org", "PyTorchJob", ""}:                  podsAt("spec.pytorchReplicaSpecs.*.template.spec"),
	{"kubeflow.org", "MPIJob", ""}:                      podsAt("spec.mpiReplicaSpecs.*.template.spec"),
	{"kubeflow.org", "Notebook", ""}:                    podsAt("spec.template.spec"),
	{"serving.kserve.io", "InferenceService", ""}:       podsAt("spec.predictor", "spec.transformer", "spec.explainer"),
	{"serving.kserve.io", "ServingRuntime", ""}:         podsAt("spec"),
	{"ray.io", "RayCluster", ""}:                        podsAt("spec.headGroupSpec.template.spec", "spec.workerGroupSpecs.*.template.spec"),
	{"ray.io", "RayJob", ""}:                            podsAt("spec.rayClusterSpec.headGroupSpec.template.spec", "spec.rayClusterSpec.workerGroupSpecs.*.template.spec"),
	{"sparkoperator.k8s.io", "SparkApplication", ""}:    {images: []string{"spec.image", "spec.driver.image", "spec.executor.image"}},
}

func argo(base string) template {
	return template{
		pods:       []string{base + ".templates.*", base + ".templates.*.containerSet"},
		containers: []string{base + ".templates.*.container", base + ".templates.*.script", base + ".templates.*.sidecars.*"},
	}
}

func tekton(base string) template {
	return template{containers: []string{base + ".steps.*", base + ".sidecars.*"}, images: []string{base + ".stepTemplate.image"}}
}

// podKind is what runs in the end, whatever makes it.
var podKind = Kind{Kind: "Pod"}

// controllers are the kinds of Kubernetes that make Pods.
var controllers = []Kind{
	{"", "ReplicationController", ""},
	{"apps", "DaemonSet", ""}, {"apps", "Deployment", ""}, {"apps", "ReplicaSet", ""}, {"apps", "StatefulSet", ""},
	{"batch", "CronJob", ""}, {"batch", "Job", ""},
}

// versions are those in which the groups of Kubernetes that make Pods were ever
// served. An object of one is asked for in all.
var versions = map[string][]string{
	"": {"v1"}, "apps": {"v1", "v1beta1", "v1beta2"}, "batch": {"v1", "v1beta1", "v2alpha1"}, "extensions": {"v1beta1"},
}

// served says whether a kind is there in a version that is asked for. Of groups of
// others it is taken to be.
func served(k Kind, asked func(version string) bool) bool {
	all, known := versions[k.Group]
	return !known || slices.ContainsFunc(all, asked)
}

// resource is the name of a kind in the rules of webhooks.
func resource(kind string) string {
	lower := strings.ToLower(kind)
	switch {
	case strings.HasSuffix(lower, "y"):
		return strings.TrimSuffix(lower, "y") + "ies"
	case strings.HasSuffix(lower, "s"):
		return lower + "es"
	}
	return lower + "s"
}

// kindOf is the kind that a resource in plural names, or the resource.
func kindOf(group, plural string) string {
	for kind := range makers {
		if kind.Group == group && resource(kind.Kind) == plural || group == "*" && kind.Group != "extensions" && resource(kind.Kind) == plural {
			return kind.Kind
		}
	}
	return plural
}

func anyOf(values []string, value string) bool {
	return slices.Contains(values, "*") || slices.Contains(values, value)
}

// spread returns the values that a path with stars leads to.
func (n node) spread(path string) []node {
	found := []node{n}
	for _, step := range strings.Split(path, ".") {
		var next []node
		for _, at := range found {
			switch {
			case step != "*":
				next = append(next, at.at(step))
			case len(at.list()) > 0:
				next = append(next, at.list()...)
			default:
				next = append(next, at.fields()...)
			}
		}
		found = next
	}
	return slices.DeleteFunc(found, func(n node) bool { return !n.is() })
}
