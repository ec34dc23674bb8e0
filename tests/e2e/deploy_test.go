package e2e_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
)

// deployed applies the provider's kustomization, of which Pods are made, and has
// the API server look at what the Helm chart renders. Everything else that is
// shipped is what the other scenarios run with.
func deployed(t *testing.T, w *world) {
	w.MustApply(t, w.Must(t, "kustomize", shipped("gatekeeper", "deploy", "kustomize", "provider")), "--server-side")
	w.eventually(t, "registry.example/waxseal:latest registry.example/waxseal:latest",
		"{.items[*].spec.containers[*].image}", "pods", "-n=waxseal-system", "-l=app.kubernetes.io/name=waxseal-provider")
	values := map[string]any{
		"image":    map[string]any{"repository": "registry.example/waxseal", "tag": "latest"},
		"caBundle": base64.StdEncoding.EncodeToString(w.Authority.PEM(t)),
	}
	w.MustApply(t, w.helm(t, values), "--server-side", "--force-conflicts", "--dry-run=server", "-n=waxseal-system")
}

// helm renders the chart as `helm template` does.
func (w *world) helm(t *testing.T, values map[string]any) string {
	t.Helper()
	chart, err := loader.Load(shipped("gatekeeper", "deploy", "helm", "waxseal-provider"))
	require.NoError(t, err)
	all, err := chartutil.ToRenderValues(chart, values, chartutil.ReleaseOptions{Name: "waxseal", Namespace: "waxseal-system", IsInstall: true}, nil)
	require.NoError(t, err)
	files, err := engine.Render(chart, all)
	require.NoError(t, err)
	var documents []string
	for name, text := range files {
		if strings.HasSuffix(name, ".yaml") && strings.TrimSpace(text) != "" {
			documents = append(documents, text)
		}
	}
	slices.Sort(documents)
	return strings.Join(documents, "\n---\n")
}
