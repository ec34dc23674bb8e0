package parity_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	mutationsunversioned "github.com/open-policy-agent/gatekeeper/v3/apis/mutations/unversioned"
	mutationsv1 "github.com/open-policy-agent/gatekeeper/v3/apis/mutations/v1"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/mutation"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/mutation/mutators/assign"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/mutation/types"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/tests/fixture"
)

// mutators are gatekeeper/mutation, read strictly, in Gatekeeper's own system,
// with the provider.
func mutators(t *testing.T, s *served) *mutation.System {
	t.Helper()
	system := mutation.NewSystem(mutation.SystemOpts{ProviderCache: s.providers, ClientCertWatcher: s.watcher})
	files, err := filepath.Glob("../../../gatekeeper/mutation/*.yaml")
	require.NoError(t, err)
	require.Len(t, files, 6)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		docs := yaml.NewDocumentDecoder(io.NopCloser(bytes.NewReader(raw)))
		for {
			buffer := make([]byte, 1<<16)
			n, err := docs.Read(buffer)
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			var one mutationsv1.Assign
			require.NoError(t, sigsyaml.UnmarshalStrict(buffer[:n], &one), file)
			if one.Name == "" {
				continue // the comment at the top
			}
			var internal mutationsunversioned.Assign
			require.NoError(t, mutationsv1.Convert_v1_Assign_To_unversioned_Assign(&one, &internal, nil))
			m, err := assign.MutatorForAssign(&internal)
			require.NoError(t, err, one.Name)
			require.NoError(t, system.Upsert(m), one.Name)
			require.Empty(t, system.GetConflicts(m.ID()))
		}
	}
	return system
}

// podSpec names images everywhere, and holds what must stay as it is.
func podSpec(image string, ephemeral bool) map[string]any {
	container := func(name string) map[string]any { return map[string]any{"name": name, "image": image} }
	out := map[string]any{
		"containers":     []any{container("a"), container("b"), map[string]any{"name": "none"}},
		"initContainers": []any{container("init")},
		"volumes": []any{
			map[string]any{"name": "model", "image": map[string]any{"reference": image}},
			map[string]any{"name": "empty", "emptyDir": map[string]any{}},
			map[string]any{"name": "pull", "image": map[string]any{"pullPolicy": "Always"}},
		},
	}
	if ephemeral {
		out["ephemeralContainers"] = []any{container("debug")}
	}
	return out
}

// object is an object of a kind whose pod spec is at a place.
func object(apiVersion, kind, place string, spec map[string]any, labels map[string]any) *unstructured.Unstructured {
	obj := map[string]any{
		"apiVersion": apiVersion, "kind": kind,
		"metadata": map[string]any{"name": "web", "namespace": "shop", "labels": labels},
	}
	_ = unstructured.SetNestedMap(obj, spec, strings.Split(place, ".")...)
	return &unstructured.Unstructured{Object: obj}
}

var namespace = &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}

func asJSON(t *testing.T, v any) string {
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return string(raw)
}

// TestMutation pins every image of every kind of Kubernetes' own, with one call
// for an object, and leaves alone what must not change.
func TestMutation(t *testing.T) {
	w := fixture.New(t)
	img := w.Push(t, "team/app", "v1", nil)
	pinned := img.ByTag() + "@" + string(img.Digest)
	s := serve(t, w.Collector(t, evidence.Config{Deadline: 4 * time.Second}), nil)
	system := mutators(t, s)
	owned := map[string]any{"pod-template-hash": "abc"}
	both := []admissionv1.Operation{admissionv1.Create, admissionv1.Update}
	for _, row := range []struct {
		apiVersion, kind, place string
		labels                  map[string]any
		pinned                  []admissionv1.Operation
	}{
		{"v1", "Pod", "spec", nil, both[:1]},
		{"v1", "Pod", "spec", owned, both[:1]},
		{"v1", "ReplicationController", "spec.template.spec", nil, both},
		{"v1", "PodTemplate", "template.spec", nil, both},
		{"apps/v1", "Deployment", "spec.template.spec", nil, both},
		{"apps/v1", "StatefulSet", "spec.template.spec", nil, both},
		{"apps/v1", "DaemonSet", "spec.template.spec", nil, both},
		{"apps/v1", "ReplicaSet", "spec.template.spec", nil, both},
		{"apps/v1", "ReplicaSet", "spec.template.spec", owned, nil},
		{"batch/v1", "Job", "spec.template.spec", nil, both[:1]},
		{"batch/v1", "CronJob", "spec.jobTemplate.spec.template.spec", nil, both},
	} {
		for _, operation := range both {
			before := s.calls(t)
			obj := object(row.apiVersion, row.kind, row.place, podSpec(img.ByTag(), false), row.labels)
			_, err := system.Mutate(t.Context(), &types.Mutable{Object: obj, Namespace: namespace, Source: types.SourceTypeOriginal, Operation: operation})
			require.NoError(t, err)
			want, calls := img.ByTag(), 0
			if slices.Contains(row.pinned, operation) {
				want, calls = pinned, 1
			}
			expected := object(row.apiVersion, row.kind, row.place, podSpec(want, false), row.labels)
			require.JSONEq(t, asJSON(t, expected.Object), asJSON(t, obj.Object), "%s %s", operation, row.kind)
			require.Equal(t, calls, s.calls(t)-before, "%s %s", operation, row.kind)
		}
	}
}

// TestMutationOfEphemeralContainers pins what is added to a pod that runs, and
// nothing else of it.
func TestMutationOfEphemeralContainers(t *testing.T) {
	w := fixture.New(t)
	img := w.Push(t, "team/app", "v1", nil)
	s := serve(t, w.Collector(t, evidence.Config{Deadline: 4 * time.Second}), nil)
	obj := object("v1", "Pod", "spec", podSpec(img.ByTag(), true), nil)
	_, err := mutators(t, s).Mutate(t.Context(), &types.Mutable{Object: obj, Namespace: namespace, Source: types.SourceTypeOriginal, Operation: admissionv1.Update})
	require.NoError(t, err)
	want := podSpec(img.ByTag(), true)
	want["ephemeralContainers"] = []any{map[string]any{"name": "debug", "image": img.ByTag() + "@" + string(img.Digest)}}
	require.JSONEq(t, asJSON(t, want), asJSON(t, obj.Object["spec"]))
}

// TestMutationFails refuses what cannot be resolved, with the reason, and
// touches nothing where Gatekeeper and the provider live.
func TestMutationFails(t *testing.T) {
	w := fixture.New(t)
	s := serve(t, w.Collector(t, evidence.Config{Deadline: 4 * time.Second}), nil)
	system := mutators(t, s)
	mutate := func(image, in string) error {
		obj := object("v1", "Pod", "spec", podSpec(image, false), nil)
		obj.SetNamespace(in)
		ns := namespace.DeepCopy()
		ns.Name = in
		_, err := system.Mutate(t.Context(), &types.Mutable{Object: obj, Namespace: ns, Source: types.SourceTypeOriginal, Operation: admissionv1.Create})
		return err
	}
	require.ErrorContains(t, mutate(w.Host()+"/team/none:v1", "shop"), `waxseal: resolve tag "`+w.Host()+`/team/none:v1"`)
	require.ErrorContains(t, mutate("UPPER", "shop"), "lowercase")
	w.Fail("/v2/", http.StatusServiceUnavailable)
	require.ErrorContains(t, mutate(w.Host()+"/team/app:v1", "shop"), "503")
	for _, in := range []string{"gatekeeper-system", "waxseal-system"} {
		require.NoError(t, mutate("UPPER", in))
	}
}
