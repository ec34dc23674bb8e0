package gather_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/gather"
)

// crowd is a cluster of many Pods, which are made when they are asked for.
type crowd struct {
	*world
	pods, images int
	pages        int
	requests     atomic.Int64
	sent         int64
	base, peak   uint64 // bytes that live, before the first page and at most between two
}

const deployments = 800

// pod is as a cluster writes it: some 6 kB. Each Deployment has one image, and two
// of its Pods differ in their names, their node and their addresses only.
func (c *crowd) pod(n int) string {
	made := n % deployments
	image := made % c.images
	id := fmt.Sprintf("registry.example/team-%d/app-%d@sha256:%064x", image%7, image, image+1)
	return fmt.Sprintf(`{"metadata": {"name": "app-%d-7d4b9c-%05d", "generateName": "app-%d-7d4b9c-", "namespace": "ns-%d", "uid": "%036d", "resourceVersion": "%d", "creationTimestamp": "2026-10-01T02:00:00Z",
"labels": {"app": "app-%d", "pod-template-hash": "7d4b9c"}, "annotations": {"config": %q},
"ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "app-%d-7d4b9c", "controller": true}], "managedFields": [{"manager": "kubelet", "fieldsV1": {"f": %q}}]},
"spec": {"nodeName": "node-%d", "serviceAccountName": "default", "containers": [{"name": "app", "image": "registry.example/team-%d/app-%d:1.%d", "args": ["--x"], "env": [{"name": "A", "value": %q}],
"resources": {"limits": {"cpu": "1"}}, "securityContext": {"runAsNonRoot": true, "capabilities": {"drop": ["ALL"]}}, "volumeMounts": [{"name": "kube-api-access-%05d", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]}],
"volumes": [{"name": "kube-api-access-%05d", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}], "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists"}]},
"status": {"phase": "Running", "podIP": "10.0.%d.%d", "conditions": [{"type": "Ready", "status": "True"}],
"containerStatuses": [{"name": "app", "image": "registry.example/team-%d/app-%d:1.%d", "imageID": "%s", "containerID": "containerd://%064d", "ready": true, "state": {"running": {"startedAt": "2026-10-01T02:00:00Z"}}}]}}`,
		made, n, made, made%20, n, n, made, strings.Repeat("c", 1500), made, strings.Repeat("m", 1800), n%100,
		image%7, image, image, strings.Repeat("e", 900), n, n, n/250%250, n%250, image%7, image, image, id, n)
}

func (c *crowd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.requests.Add(1)
	if r.URL.Path != "/api/v1/pods" {
		c.world.ServeHTTP(w, r)
		return
	}
	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	if c.pages == 0 {
		c.base = memory.HeapAlloc
	}
	c.peak = max(c.peak, memory.HeapAlloc)
	c.pages++
	size, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	from, _ := strconv.Atoi(r.URL.Query().Get("continue"))
	to, next := min(from+size, c.pods), ""
	if to < c.pods {
		next = strconv.Itoa(to)
	}
	fmt.Fprintf(w, `{"kind": "PodList", "metadata": {"continue": %q}, "items": [`, next)
	for n := from; n < to; n++ {
		if n > from {
			fmt.Fprint(w, ",")
		}
		sent, _ := fmt.Fprint(w, c.pod(n))
		c.sent += int64(sent)
	}
	fmt.Fprint(w, "]}")
}

// growth is what lives more between two pages than before the first.
func (c *crowd) growth() int64 { return int64(c.peak) - int64(c.base) }

// crowded is what is found of so many Pods.
func crowded(t *testing.T, pods int) (*crowd, *gather.Gathered, int) {
	t.Helper()
	c := &crowd{world: shopWorld(t), pods: pods, images: 400}
	g := gathered(t, of(serve(t, c)))
	require.Empty(t, g.Missing)
	require.Equal(t, pods, g.Clusters[0].Pods)
	raw, err := json.Marshal(g)
	require.NoError(t, err)
	return c, g, len(raw)
}

// TestGrowsWithImages counts what 10,000 Pods of 400 images cost, and that twice
// as many of the same cost no more.
func TestGrowsWithImages(t *testing.T) {
	once, g, size := crowded(t, 10_000)
	require.Equal(t, 20, once.pages)
	other := int(once.requests.Load()) - once.pages
	require.Less(t, other, 50, "whatever the number of Pods")
	require.Len(t, g.Images, 400)
	require.Len(t, g.Units, 400, "800 Deployments in 20 namespaces")
	require.LessOrEqual(t, len(g.Clusters[0].Configuration.Workloads), deployments+3, "rules tell no more apart")
	containers := 0
	for _, i := range g.Images {
		containers += i.Containers
	}
	require.Equal(t, 10_000, containers)
	require.Greater(t, once.sent, int64(50<<20), "what the Pods would take")
	require.Less(t, once.growth(), int64(16<<20))

	twice, more, larger := crowded(t, 20_000)
	require.Equal(t, 40, twice.pages)
	require.Equal(t, other, int(twice.requests.Load())-twice.pages)
	require.Len(t, more.Images, 400)
	require.Len(t, more.Units, len(g.Units))
	require.Len(t, more.Clusters[0].Configuration.Workloads, len(g.Clusters[0].Configuration.Workloads))
	require.Less(t, larger, size+size/100, "only numbers have another digit")
	require.Less(t, twice.growth(), once.growth()+2<<20)
	t.Logf("10,000 Pods of %d MB: %d bytes live more, found %d bytes; 20,000 Pods: %d, %d", once.sent>>20, once.growth(), size, twice.growth(), larger)
}
