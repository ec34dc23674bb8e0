package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/tests/e2e/stack"
)

// tagged returns an image by its tag and digest, as mutation writes it.
func tagged(image, tag string) string { return strings.Replace(image, "@", ":"+tag+"@", 1) }

// byTag returns an image by its tag alone.
func byTag(image, tag string) string {
	repository, _, _ := strings.Cut(image, "@")
	return repository + ":" + tag
}

// pinned has kubectl make workloads of an image by tag.
func pinned(t *testing.T, w *world) {
	ns := "-n=" + w.namespace(t, "pinned")
	assert.Equal(t, fmt.Sprintf("[images] image %q of container \"app\" in Pod pinned/early: it is named by the tag \"v1\" only, and a digest was expected. Name the image by digest, as in name:tag@sha256:...; `waxseal verify IMAGE` prints the digest of a tag.", byTag(w.fine, "v1")), w.refused(t, pod("early", byTag(w.fine, "v1")), ns))
	w.Must(t, "apply", "--server-side", "-f", shipped("gatekeeper", "mutation"))
	require.NoError(t, stack.Eventually(func() error { // until Gatekeeper has them
		_, err := w.Apply(pod("early", byTag(w.fine, "v1")), ns)
		return err
	}))
	for _, row := range []struct {
		object string
		where  string
		create []string
	}{
		{"pod/web", "{.spec.containers[0].image}", []string{"run", "web"}},
		{"deployment/web", "{.spec.template.spec.containers[0].image}", []string{"create", "deployment", "web"}},
		{"job/web", "{.spec.template.spec.containers[0].image}", []string{"create", "job", "web"}},
		{"cronjob/web", "{.spec.jobTemplate.spec.template.spec.containers[0].image}", []string{"create", "cronjob", "web", "--schedule=0 0 1 1 *"}},
		{"pod/web", "{.spec.ephemeralContainers[0].image}", []string{"debug", "web", "--attach=false", "--profile=general"}},
	} {
		w.Must(t, append(row.create, ns, "--image="+byTag(w.fine, "v1"))...)
		assert.Equal(t, tagged(w.fine, "v1"), w.Field(t, row.where, row.object, ns), "%s %s", row.object, row.where)
	}
	w.pinsAll(t, ns)
	out, err := w.Run("run", "bad", "--image="+byTag(w.bad, "v1"), ns)
	require.Error(t, err)
	assert.Contains(t, out, tagged(w.bad, "v1"))
	assert.Contains(t, out, "it is not signed")
	out, err = w.Run("run", "gone", "--image="+byTag(w.fine, "gone"), ns)
	require.Error(t, err)
	assert.Contains(t, out, fmt.Sprintf("provider waxseal-mutation: waxseal: resolve tag %q: the registry answered 404", byTag(w.fine, "gone")))
}

// pinsAll applies every kind that bears Pods, with an image by tag in each place
// of its Pods that names images.
func (w *world) pinsAll(t *testing.T, ns string) {
	t.Helper()
	pod := fmt.Sprintf(`metadata: {labels: {app: all}}, spec: {restartPolicy: %%s, containers: [{name: app, image: %[1]q}],
		initContainers: [{name: init, image: %[1]q}], volumes: [{name: model, image: {reference: %[1]q}}]}`, byTag(w.fine, "v1"))
	always, never := fmt.Sprintf(pod, "Always"), fmt.Sprintf(pod, "Never")
	const selector = `selector: {matchLabels: {app: all}}`
	for _, row := range []struct{ version, kind, path, spec string }{
		{"v1", "PodTemplate", ".template.spec", "template: {" + always + "}"},
		{"v1", "ReplicationController", ".spec.template.spec", "spec: {replicas: 0, template: {" + always + "}}"},
		{"apps/v1", "Deployment", ".spec.template.spec", "spec: {replicas: 0, " + selector + ", template: {" + always + "}}"},
		{"apps/v1", "ReplicaSet", ".spec.template.spec", "spec: {replicas: 0, " + selector + ", template: {" + always + "}}"},
		{"apps/v1", "StatefulSet", ".spec.template.spec", "spec: {replicas: 0, serviceName: all, " + selector + ", template: {" + always + "}}"},
		{"apps/v1", "DaemonSet", ".spec.template.spec", "spec: {" + selector + ", template: {" + always + "}}"},
		{"batch/v1", "Job", ".spec.template.spec", "spec: {suspend: true, template: {" + never + "}}"},
		{"batch/v1", "CronJob", ".spec.jobTemplate.spec.template.spec", "spec: {suspend: true, schedule: 0 0 1 1 *, jobTemplate: {spec: {template: {" + never + "}}}}"},
	} {
		w.MustApply(t, fmt.Sprintf("{apiVersion: %s, kind: %s, metadata: {name: all}, %s}", row.version, row.kind, row.spec), ns)
		images := fmt.Sprintf("{%[1]s.containers[0].image} {%[1]s.initContainers[0].image} {%[1]s.volumes[0].image.reference}", row.path)
		want := tagged(w.fine, "v1")
		assert.Equal(t, want+" "+want+" "+want, w.Field(t, images, row.kind, "all", ns), row.kind)
	}
}

// moved has the registry move a tag when the first evidence is asked for: after
// mutation, and before validation has its answer. What was resolved is what is
// verified, and what runs.
func moved(t *testing.T, w *world) {
	ns := "-n=" + w.namespace(t, "moved")
	for _, row := range []struct {
		name     string
		from, to string
		admitted bool
	}{
		{"to-bad", w.good(t, w.registry.Host()+"/team/to-bad"), push(t, w.registry.Host()+"/team/to-bad/other"), true},
		{"to-good", push(t, w.registry.Host()+"/team/to-good"), w.good(t, w.registry.Host()+"/team/to-good/other"), false},
	} {
		move := sync.OnceFunc(func() { w.retag(t, row.to, byTag(row.from, "v1")) })
		w.registry.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
			if strings.Contains(r.URL.Path, row.name+"/referrers/") {
				move()
			}
			return false
		})
		out, err := w.Apply(pod(row.name, byTag(row.from, "v1")), ns)
		w.registry.Intercept(nil)
		require.Equal(t, row.admitted, err == nil, out)
		if row.admitted {
			assert.Equal(t, tagged(row.from, "v1"), w.Field(t, "{.spec.containers[0].image}", "pod/"+row.name, ns))
		} else {
			assert.Contains(t, out, tagged(row.from, "v1"))
		}
		_, was, _ := strings.Cut(row.from, "@")
		assert.NotEqual(t, was, w.resolves(t, byTag(row.from, "v1")), "the tag was not moved")
	}
}

// retag lets a tag name another image of the registry, behind its log.
func (w *world) retag(t *testing.T, image, tag string) {
	from, err := name.NewDigest(image, name.Insecure)
	assert.NoError(t, err)
	to, err := name.NewTag(tag, name.Insecure)
	assert.NoError(t, err)
	transport := remote.WithTransport(w.registry.Transport())
	found, err := remote.Image(from, transport)
	assert.NoError(t, err)
	assert.NoError(t, remote.Write(to, found, transport, remote.WithContext(context.Background())))
}

func (w *world) resolves(t *testing.T, tag string) string {
	t.Helper()
	ref, err := name.NewTag(tag, name.Insecure)
	require.NoError(t, err)
	found, err := remote.Head(ref)
	require.NoError(t, err)
	return found.Digest.String()
}
