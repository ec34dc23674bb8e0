package gather_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/scope"
)

// owned is a Pod that somebody made.
func owned(name, owners, labels, annotations string) string {
	return fmt.Sprintf(`{"metadata": {"name": %q, "namespace": "shop", "labels": %s, "annotations": %s, "ownerReferences": %s}, "spec": {"containers": [{"name": "app", "image": "nginx"}]},
		"status": {"phase": "Running", "containerStatuses": [{"name": "app", "imageID": "docker.io/library/nginx@%s", "state": {"running": {}}}]}}`, name, labels, annotations, owners, digest("a"))
}

func ownedBy(kind, name string) string {
	return fmt.Sprintf(`[{"kind": "Extra", "name": "other"}, {"kind": %q, "name": %q, "controller": true}]`, kind, name)
}

func TestWorkloads(t *testing.T) {
	for name, row := range map[string]struct{ pod, want string }{
		"nobody":                      {owned("p", `[]`, `{}`, `{}`), "Pod p"},
		"no controller":               {owned("p", `[{"kind": "Extra", "name": "x"}]`, `{}`, `{}`), "Pod p"},
		"a Deployment":                {owned("p", ownedBy("ReplicaSet", "web-1-7d4b"), `{"pod-template-hash": "7d4b"}`, `{}`), "Deployment web-1"},
		"a Rollout":                   {owned("p", ownedBy("ReplicaSet", "web-7d4b"), `{"rollouts-pod-template-hash": "7d4b"}`, `{}`), "Rollout web"},
		"a ReplicaSet":                {owned("p", ownedBy("ReplicaSet", "web-7d4b"), `{}`, `{}`), "ReplicaSet web-7d4b"},
		"a ReplicaSet of another one": {owned("p", ownedBy("ReplicaSet", "web"), `{"pod-template-hash": "7d4b"}`, `{}`), "ReplicaSet web"},
		"a CronJob":                   {owned("p", ownedBy("Job", "nightly-1"), `{}`, `{}`), "CronJob nightly"},
		"a Job":                       {owned("p", ownedBy("Job", "once"), `{}`, `{}`), "Job once"},
		"a StatefulSet":               {owned("p", ownedBy("StatefulSet", "db"), `{}`, `{}`), "StatefulSet db"},
		"a static Pod":                {owned("kube-apiserver-n1", ownedBy("Node", "n1"), `{}`, `{"kubernetes.io/config.mirror": "x"}`), "Pod kube-apiserver-n1"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.add(t, "/api/v1/pods", row.pod)
			w.add(t, "/apis/batch/v1/jobs", `{"metadata": {"name": "nightly-1", "namespace": "shop", "ownerReferences": [{"kind": "CronJob", "name": "nightly", "controller": true}]}}`, `{"metadata": {"name": "once", "namespace": "shop"}}`)
			g := gathered(t, of(serve(t, w)))
			require.Len(t, g.Images, 1)
			made := g.Images[0].Workloads[0]
			require.Equal(t, row.want, made.Kind+" "+made.Name)
			require.Empty(t, g.Missing)
		})
	}
}

// TestJobsAreForbidden loses a name, and nothing else.
func TestJobsAreForbidden(t *testing.T) {
	w := newWorld()
	w.add(t, "/api/v1/pods", owned("p", ownedBy("Job", "nightly-1"), `{}`, `{}`))
	w.refuse["/apis/batch/v1/jobs"] = 403
	g := gathered(t, of(serve(t, w)))
	require.Equal(t, "Job", g.Images[0].Workloads[0].Kind)
	require.Empty(t, g.Missing)
}

// privileged is a Pod with one container, and what it asks for.
func privileged(name, container, pod, labels string) string {
	return fmt.Sprintf(`{"metadata": {"name": %q, "namespace": "shop", "labels": %s}, "spec": {"containers": [{"name": "c-%s", "image": "nginx"%s}]%s},
		"status": {"phase": "Running", "containerStatuses": [{"name": "c-%s", "imageID": "docker.io/library/nginx@%s", "state": {"running": {}}}]}}`, name, labels, name, container, pod, name, digest("a"))
}

// TestUnits keeps apart what policies look at, and nothing else.
func TestUnits(t *testing.T) {
	for name, row := range map[string]struct {
		container, pod string
		spec           string // of the unit, without the plain container; "" where it is one with the plain Pod
	}{
		"other names and labels": {"", "", ""},
		"resources and commands": {`, "command": ["x"], "resources": {"limits": {"cpu": "1"}}, "env": [{"name": "A", "value": "b"}]`, `, "nodeName": "n1", "hostNetwork": false`, ""},
		"other volumes":          {`, "volumeMounts": [{"name": "token-x7f", "mountPath": "/t"}]`, `, "volumes": [{"name": "token-x7f", "projected": {}}, {"name": "h", "hostPath": {"path": "/"}}]`, ""},
		"privileged":             {`, "securityContext": {"privileged": true}`, "", `{"containers": [{"name": "c-b", "image": "I", "securityContext": {"privileged": true}}]}`},
		"host network":           {"", `, "hostNetwork": true`, `{"hostNetwork": true, "containers": [{"name": "c-b", "image": "I"}]}`},
		"host PID and IPC":       {"", `, "hostPID": true, "hostIPC": true`, `{"hostPID": true, "hostIPC": true, "containers": [{"name": "c-b", "image": "I"}]}`},
		"of Windows":             {"", `, "securityContext": {"windowsOptions": {"hostProcess": true}}`, `{"securityContext": {"windowsOptions": {"hostProcess": true}}, "containers": [{"name": "c-b", "image": "I"}]}`},
		"a path of the node": {`, "volumeMounts": [{"name": "h-x7f", "mountPath": "/h"}], "volumeDevices": [{"name": "d"}]`, `, "volumes": [{"name": "h-x7f", "hostPath": {"path": "/var/run", "type": ""}}, {"name": "d", "hostPath": {"path": "/dev/x"}}]`,
			`{"containers": [{"name": "c-b", "image": "I", "volumeMounts": [{"name": "volume-1"}, {"name": "volume-2"}]}], "volumes": [{"name": "volume-1", "hostPath": {"path": "/dev/x"}}, {"name": "volume-2", "hostPath": {"path": "/var/run"}}]}`},
		"a driver that mounts images": {`, "volumeMounts": [{"name": "i", "mountPath": "/i"}]`, `, "volumes": [{"name": "i", "csi": {"driver": "image.csi.k8s.io", "volumeAttributes": {"image": "x"}}}]`,
			`{"containers": [{"name": "c-b", "image": "I", "volumeMounts": [{"name": "volume-1"}]}], "volumes": [{"name": "volume-1", "csi": {"driver": "image.csi.k8s.io"}}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.add(t, "/api/v1/pods", privileged("a", "", "", `{"x": "1"}`), privileged("b", row.container, row.pod, `{"y": "2"}`))
			g := gathered(t, of(serve(t, w)))
			require.Len(t, g.Images, 1)
			if row.spec == "" {
				require.Len(t, g.Units, 1)
				require.Equal(t, 2, g.Units[0].Pods)
				require.Equal(t, []string{"a", "b"}, []string{g.Units[0].Workloads[0].Name, g.Units[0].Workloads[1].Name})
				return
			}
			require.Len(t, g.Units, 2)
			require.NotEqual(t, g.Units[0].Key, g.Units[1].Key)
			specs := map[string]any{}
			for _, u := range g.Units {
				specs[u.Workloads[0].Name] = u.Object["spec"]
			}
			raw, err := json.Marshal(specs["b"])
			require.NoError(t, err)
			require.JSONEq(t, strings.ReplaceAll(row.spec, `"I"`, `"docker.io/library/nginx@`+digest("a")+`"`), string(raw))
		})
	}
}

// TestKinds makes a unit of each list that an image stands in.
func TestKinds(t *testing.T) {
	id := "docker.io/library/nginx@" + digest("a")
	w := newWorld()
	w.add(t, "/api/v1/pods", `{"metadata": {"name": "p", "namespace": "shop"}, "spec": {"hostPID": true, "initContainers": [{"name": "i", "image": "nginx"}], "containers": [{"name": "a", "image": "nginx"}, {"name": "b", "image": "nginx"}],
		"ephemeralContainers": [{"name": "e", "image": "nginx"}], "volumes": [{"name": "v", "image": {"reference": "nginx"}}]},
		"status": {"phase": "Running", "initContainerStatuses": [{"name": "i", "imageID": "`+id+`"}], "containerStatuses": [{"name": "a", "imageID": "`+id+`", "volumeMounts": [{"name": "v", "volumeStatus": {"image": {"imageRef": "`+id+`"}}}]}, {"name": "b", "imageID": "`+id+`"}],
		"ephemeralContainerStatuses": [{"name": "e", "imageID": "`+id+`"}]}}`)
	g := gathered(t, of(serve(t, w)))
	require.Len(t, g.Images, 1)
	require.Equal(t, 5, g.Images[0].Containers)
	require.Equal(t, 1, g.Images[0].Pods)
	var specs []string
	for _, u := range g.Units {
		require.Equal(t, 1, u.Pods)
		raw, err := json.Marshal(u.Object["spec"])
		require.NoError(t, err)
		specs = append(specs, strings.ReplaceAll(string(raw), id, "I"))
	}
	require.ElementsMatch(t, []string{
		`{"containers":[],"hostPID":true,"initContainers":[{"image":"I","name":"i"}]}`,
		`{"containers":[{"image":"I","name":"a"}],"hostPID":true}`,
		`{"containers":[],"ephemeralContainers":[{"image":"I","name":"e"}],"hostPID":true}`,
		`{"containers":[],"volumes":[{"image":{"reference":"I"},"name":"volume"}]}`,
	}, specs)
}

// TestManyWorkloads lists some of them, and counts all Pods.
func TestManyWorkloads(t *testing.T) {
	w := newWorld()
	for i := range 130 {
		n := (i * 37) % 130 // in no order
		w.add(t, "/api/v1/pods", owned(fmt.Sprintf("a-%d", i), ownedBy("StatefulSet", fmt.Sprintf("db-%03d", n)), `{}`, `{}`), owned(fmt.Sprintf("b-%d", i), ownedBy("StatefulSet", fmt.Sprintf("db-%03d", n)), `{}`, `{}`))
	}
	config := serve(t, w)
	s := of(config)
	s.Clusters = append(s.Clusters, scope.Cluster{Name: "another", Kubeconfig: config, Namespaces: []string{"shop"}})
	g := gathered(t, s)
	require.Len(t, g.Images, 1)
	i := g.Images[0]
	require.Equal(t, 520, i.Pods)
	require.Len(t, i.Workloads, audit.MaxWorkloads)
	for n, made := range i.Workloads {
		require.Equal(t, audit.Workload{Cluster: "another", Namespace: "shop", Kind: "StatefulSet", Name: fmt.Sprintf("db-%03d", n), Pods: 2}, made)
	}
	require.Equal(t, []string{"another/shop", "prod/shop"}, i.Namespaces)
	require.Len(t, g.Units, 2)
	require.Equal(t, 260, g.Units[1].Pods)
	require.Equal(t, "prod", g.Units[1].Cluster)
}
