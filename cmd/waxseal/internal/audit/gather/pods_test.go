package gather_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/gather"
)

// runningPod is a Pod of a Deployment with one container.
func runningPod(name, image, imageID string) string {
	return fmt.Sprintf(`{"metadata": {"name": %q, "namespace": "shop", "labels": {"app": "web", "pod-template-hash": "7d4b9c"},
		"ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-7d4b9c", "controller": true}]},
		"spec": {"containers": [{"name": "app", "image": %q, "env": [{"name": "PASSWORD", "value": "hunter2"}]}]},
		"status": {"phase": "Running", "containerStatuses": [{"name": "app", "image": %q, "imageID": %q, "state": {"running": {"startedAt": "2026-10-01T02:00:00Z"}}}]}}`, name, image, image, imageID)
}

// found are images by their short facts: ref, tag, pinned, runtime, Pods and
// containers.
func found(g *gather.Gathered) []string {
	out := []string{}
	for _, i := range g.Images {
		out = append(out, fmt.Sprintf("%s tag=%s pinned=%t runtime=%s pods=%d containers=%d", i.Ref, i.Tag, i.Pinned != "", i.Runtime, i.Pods, i.Containers))
	}
	return out
}

func whys(missing []audit.Missing) []string {
	out := []string{}
	for _, m := range missing {
		out = append(out, fmt.Sprintf("%s %s %s: %s", m.Rests, m.Part, m.Name, m.Why))
	}
	return out
}

func TestPods(t *testing.T) {
	a, b := digest("a"), digest("b")
	hub := "docker.io/library/nginx@" + a
	for name, row := range map[string]struct {
		pods    []string
		images  []string
		missing []string
		pending int
	}{
		"a tag": {[]string{runningPod("web-1", "nginx:1.27", hub)}, []string{hub + " tag=1.27 pinned=false runtime=docker.io/library/nginx pods=1 containers=1"}, nil, 0},
		"no tag, from Docker": {[]string{runningPod("web-1", "nginx", "docker-pullable://nginx@"+a)},
			[]string{hub + " tag=latest pinned=false runtime=docker.io/library/nginx pods=1 containers=1"}, nil, 0},
		"a digest": {[]string{runningPod("web-1", "nginx@"+a, hub)}, []string{hub + " tag= pinned=true runtime=docker.io/library/nginx pods=1 containers=1"}, nil, 0},
		"another digest than the one that is named": {[]string{runningPod("web-1", "nginx@"+b, hub)},
			[]string{hub + " tag= pinned=true runtime=docker.io/library/nginx pods=1 containers=1"}, nil, 0},
		"two tags of one digest": {[]string{runningPod("web-1", "nginx:1", hub), runningPod("web-2", "nginx:2", hub)},
			[]string{hub + " tag= pinned=false runtime=docker.io/library/nginx pods=2 containers=2"}, nil, 0},
		"another repository at runtime": {[]string{runningPod("web-1", "registry.example/shop/web:1", "mirror.example/hub/web@"+a), runningPod("web-2", "registry.example/shop/web:1", "registry.example/shop/web@"+a)},
			[]string{"registry.example/shop/web@" + a + " tag=1 pinned=false runtime=mirror.example/hub/web pods=2 containers=2"}, nil, 0},
		"one digest in two repositories": {[]string{runningPod("web-1", "a.example/x:1", "a.example/x@"+a), runningPod("web-2", "b.example/x:1", "a.example/x@"+a)},
			[]string{"a.example/x@" + a + " tag=1 pinned=false runtime=a.example/x pods=1 containers=1", "b.example/x@" + a + " tag=1 pinned=false runtime=a.example/x pods=1 containers=1"}, nil, 0},
		"loaded on the node": {[]string{runningPod("web-1", "local/web:dev", a), runningPod("web-2", "local/web:dev", a)},
			[]string{"local/web:dev tag=dev pinned=false runtime= pods=2 containers=2"},
			[]string{`images pod prod/shop Deployment web: image "local/web:dev", in Pods: 2: the runtime names it "` + a + `" only, the ID of an image that was built or loaded on the node: push it to a registry, and run it from there`}, 0},
		"loaded, of Docker": {[]string{runningPod("web-1", "local/web:dev", "docker://"+a)},
			[]string{"local/web:dev tag=dev pinned=false runtime= pods=1 containers=1"},
			[]string{`images pod prod/shop Deployment web: image "local/web:dev", in Pods: 1: the runtime names it "docker://` + a + `" only, the ID of an image that was built or loaded on the node: push it to a registry, and run it from there`}, 0},
		"running, and nobody says what": {[]string{runningPod("web-1", "nginx:1", "")},
			[]string{"nginx:1 tag=1 pinned=false runtime= pods=1 containers=1"},
			[]string{`images pod prod/shop Deployment web: image "nginx:1", in Pods: 1: the status of the Pod names no image: ask the runtime of the node what runs`}, 0},
		"known in one Pod, unknown in another": {[]string{runningPod("web-1", hub, ""), runningPod("web-2", hub, hub)},
			[]string{hub + " tag= pinned=true runtime=docker.io/library/nginx pods=2 containers=2"},
			[]string{`images pod prod/shop Deployment web: image "` + hub + `", in Pods: 1: the status of the Pod names no image: ask the runtime of the node what runs`}, 0},
		"named by its ID": {[]string{runningPod("web-1", b, hub)}, []string{hub + " tag= pinned=false runtime=docker.io/library/nginx pods=1 containers=1"}, nil, 0},
		"not a reference": {[]string{runningPod("web-1", "UPPER CASE", "")},
			[]string{"UPPER CASE tag= pinned=false runtime= pods=1 containers=1"},
			[]string{`images pod prod/shop Deployment web: image "UPPER CASE", in Pods: 1: the status of the Pod names no image: ask the runtime of the node what runs`}, 0},
		"pending": {[]string{`{"metadata": {"name": "p", "namespace": "shop"}, "spec": {"containers": [{"name": "app", "image": "nginx"}]}, "status": {"phase": "Pending"}}`}, []string{}, nil, 1},
		"a pull that fails": {[]string{`{"metadata": {"name": "p", "namespace": "shop"}, "spec": {"containers": [{"name": "app", "image": "nginx"}]},
			"status": {"phase": "Pending", "containerStatuses": [{"name": "app", "image": "nginx", "imageID": "", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}}`}, []string{}, nil, 1},
		"one of two cannot be pulled": {[]string{`{"metadata": {"name": "p", "namespace": "shop"}, "spec": {"containers": [{"name": "app", "image": "nginx"}, {"name": "side", "image": "gone.example/x"}]},
			"status": {"phase": "Running", "containerStatuses": [{"name": "side", "image": "gone.example/x", "imageID": "", "state": {"waiting": {"reason": "ErrImagePull"}}}, {"name": "app", "imageID": "` + hub + `", "state": {"running": {}}}]}}`},
			[]string{hub + " tag=latest pinned=false runtime=docker.io/library/nginx pods=1 containers=1"}, nil, 0},
		"started again and again": {[]string{`{"metadata": {"name": "p", "namespace": "shop"}, "spec": {"containers": [{"name": "app", "image": "nginx"}]},
			"status": {"phase": "Running", "containerStatuses": [{"name": "app", "imageID": "` + hub + `", "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"startedAt": "2026-01-01T00:00:00Z"}}}]}}`},
			[]string{hub + " tag=latest pinned=false runtime=docker.io/library/nginx pods=1 containers=1"}, nil, 0},
		"ended": {[]string{`{"metadata": {"name": "p", "namespace": "shop"}, "spec": {"containers": [{"name": "app", "image": "nginx"}]}, "status": {"phase": "Succeeded", "containerStatuses": [{"name": "app", "imageID": "` + hub + `", "state": {"terminated": {}}}]}}`,
			`{"metadata": {"name": "q", "namespace": "shop"}, "spec": {"containers": [{"name": "app", "image": "nginx"}]}, "status": {"phase": "Failed", "reason": "Evicted", "containerStatuses": [{"name": "app", "imageID": "` + hub + `", "state": {"terminated": {}}}]}}`}, []string{}, nil, 2},
		"it has failed, and a container runs": {[]string{`{"metadata": {"name": "p", "namespace": "shop"}, "spec": {"containers": [{"name": "app", "image": "nginx"}]}, "status": {"phase": "Failed", "containerStatuses": [{"name": "app", "imageID": "` + hub + `", "state": {"running": {}}}]}}`},
			[]string{hub + " tag=latest pinned=false runtime=docker.io/library/nginx pods=1 containers=1"}, nil, 0},
		"a container without an image": {[]string{`{"metadata": {"name": "p", "namespace": "shop"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}, "status": {"phase": "Running", "containerStatuses": [{"name": "app", "imageID": "", "containerID": "containerd://1", "state": {"waiting": {}}}]}}`},
			[]string{"nginx:1 tag=1 pinned=false runtime= pods=1 containers=1"},
			[]string{`images pod prod/shop Pod p: image "nginx:1", in Pods: 1: the status of the Pod names no image: ask the runtime of the node what runs`}, 0},
		"two statuses of one name": {[]string{`{"metadata": {"name": "p", "namespace": "shop"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}, "status": {"phase": "Running", "containerStatuses": [{"name": "app", "image": "nginx:1", "imageID": "` + hub + `", "state": {"running": {}}}, {"name": "app", "image": "nginx:1", "imageID": "docker.io/library/nginx@` + b + `", "state": {"running": {}}}]}}`},
			[]string{hub + " tag=1 pinned=false runtime=docker.io/library/nginx pods=1 containers=1", "docker.io/library/nginx@" + b + " tag=1 pinned=false runtime=docker.io/library/nginx pods=1 containers=1"}, nil, 0},
		"its node is silent": {[]string{`{"metadata": {"name": "p", "namespace": "shop"}, "spec": {"containers": [{"name": "app", "image": "nginx"}]}, "status": {"phase": "Unknown", "containerStatuses": [{"name": "app", "imageID": "` + hub + `", "state": {"running": {}}}]}}`},
			[]string{hub + " tag=latest pinned=false runtime=docker.io/library/nginx pods=1 containers=1"}, nil, 0},
		"running without a status": {[]string{`{"metadata": {"name": "p", "namespace": "shop"}, "spec": {"containers": [{"name": "app", "image": "nginx"}], "ephemeralContainers": [{"name": "debug", "image": "busybox"}]}, "status": {"phase": "Running"}}`},
			[]string{"nginx tag=latest pinned=false runtime= pods=1 containers=1"},
			[]string{`images pod prod/shop Pod p: image "nginx", in Pods: 1: the status of the Pod names no image: ask the runtime of the node what runs`}, 0},
		"init containers run first": {[]string{`{"metadata": {"name": "p", "namespace": "shop"}, "spec": {"initContainers": [{"name": "init", "image": "nginx"}], "containers": [{"name": "app", "image": "app.example/a"}]},
			"status": {"phase": "Pending", "initContainerStatuses": [{"name": "init", "imageID": "` + hub + `", "state": {"running": {}}}], "containerStatuses": [{"name": "app", "imageID": "", "state": {"waiting": {"reason": "PodInitializing"}}}]}}`},
			[]string{hub + " tag=latest pinned=false runtime=docker.io/library/nginx pods=1 containers=1"}, nil, 0},
		"init, two of one image, and a debug container": {[]string{`{"metadata": {"name": "p", "namespace": "shop"}, "spec": {"initContainers": [{"name": "init", "image": "nginx:1"}], "containers": [{"name": "a", "image": "nginx:1"}, {"name": "b", "image": "nginx:1"}], "ephemeralContainers": [{"name": "debug", "image": "busybox"}]},
			"status": {"phase": "Running", "initContainerStatuses": [{"name": "init", "imageID": "` + hub + `", "state": {"terminated": {"exitCode": 0}}}],
			"containerStatuses": [{"name": "a", "imageID": "` + hub + `", "state": {"running": {}}}, {"name": "b", "imageID": "` + hub + `", "state": {"running": {}}}],
			"ephemeralContainerStatuses": [{"name": "debug", "imageID": "docker.io/library/busybox@` + b + `", "state": {"running": {}}}]}}`},
			[]string{"docker.io/library/busybox@" + b + " tag=latest pinned=false runtime=docker.io/library/busybox pods=1 containers=1", hub + " tag=1 pinned=false runtime=docker.io/library/nginx pods=1 containers=3"}, nil, 0},
		"a container that only the status has": {[]string{`{"metadata": {"name": "p", "namespace": "shop"}, "spec": {}, "status": {"phase": "Running", "containerStatuses": [{"name": "app", "image": "nginx:3", "imageID": "` + hub + `"}]}}`},
			[]string{hub + " tag=3 pinned=false runtime=docker.io/library/nginx pods=1 containers=1"}, nil, 0},
		"an image as a volume": {[]string{`{"metadata": {"name": "p", "namespace": "shop"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}], "volumes": [{"name": "model", "image": {"reference": "models.example/llm:7"}}, {"name": "other", "image": {"reference": "models.example/old:1"}}]},
			"status": {"phase": "Running", "containerStatuses": [{"name": "app", "imageID": "` + hub + `", "state": {"running": {}}, "volumeMounts": [{"name": "model", "mountPath": "/m", "volumeStatus": {"image": {"imageRef": "models.example/llm@` + b + `"}}}, {"name": "other", "mountPath": "/o"}]}]}}`},
			[]string{hub + " tag=1 pinned=false runtime=docker.io/library/nginx pods=1 containers=1", "models.example/llm@" + b + " tag=7 pinned=false runtime=models.example/llm pods=1 containers=1", "models.example/old:1 tag=1 pinned=false runtime= pods=1 containers=1"},
			[]string{`images pod prod/shop Pod p: image "models.example/old:1", in Pods: 1: it is mounted as a volume, and the status of the Pod does not name the digest: name the image by digest, or use Kubernetes from 1.35 with ImageVolumeWithDigest`}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.add(t, "/api/v1/pods", row.pods...)
			g := gathered(t, of(serve(t, w)))
			require.Equal(t, row.images, found(g))
			for _, i := range g.Images {
				require.Equal(t, strings.Contains(i.Ref, "@"), i.Digest != "", i.Ref)
			}
			require.Equal(t, append([]string{}, row.missing...), whys(g.Missing))
			require.Equal(t, row.pending, g.Clusters[0].Pending)
			require.Equal(t, len(row.pods), g.Clusters[0].Pods)
		})
	}
}

func TestWholeImage(t *testing.T) {
	w := newWorld()
	id := "docker.io/library/nginx@" + digest("a")
	w.add(t, "/api/v1/pods", runningPod("web-1", "nginx:1.27", id), runningPod("web-2", "nginx:1.27", id))
	g := gathered(t, of(serve(t, w)))
	require.Equal(t, []audit.Image{{
		Ref: id, Repository: "docker.io/library/nginx", Tag: "1.27", Digest: digest("a"), Runtime: "docker.io/library/nginx", Pods: 2, Containers: 2,
		Workloads: []audit.Workload{{Cluster: "prod", Namespace: "shop", Kind: "Deployment", Name: "web", Pods: 2}}, Namespaces: []string{"prod/shop"},
		Since: "2026-10-01T02:00:00Z", Codes: []string{},
	}}, g.Images)
	require.Len(t, g.Units, 1)
	u := g.Units[0]
	require.Equal(t, id, u.Image)
	require.Equal(t, "prod", u.Cluster)
	require.Equal(t, "shop", u.Namespace)
	require.Equal(t, 2, u.Pods)
	require.Equal(t, g.Images[0].Workloads, u.Workloads)
	require.Equal(t, object(t, `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"containers": [{"name": "app", "image": "`+id+`"}]}}`), u.Object)
	raw, err := json.Marshal(g)
	require.NoError(t, err)
	require.NotContains(t, string(raw), "hunter2")
	require.NotContains(t, string(raw), `:null`)
}
