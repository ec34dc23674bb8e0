package stack

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Kubectl is the command line of Kubernetes, as a cluster administrator.
type Kubectl struct{ *Command }

// NewKubectl returns kubectl for a cluster.
func NewKubectl(t testing.TB, kubeconfig string) *Kubectl {
	t.Helper()
	return &Kubectl{NewCommand(t, "kubectl", "KUBECONFIG="+kubeconfig)}
}

// Must runs kubectl, which must succeed.
func (k *Kubectl) Must(t testing.TB, arguments ...string) string {
	t.Helper()
	out, err := k.Run(arguments...)
	require.NoError(t, err)
	return out
}

// Apply applies manifests.
func (k *Kubectl) Apply(manifests string, flags ...string) (string, error) {
	return k.RunWith([]byte(manifests), append([]string{"apply", "-f", "-"}, flags...)...)
}

// MustApply applies manifests, all of which must be accepted.
func (k *Kubectl) MustApply(t testing.TB, manifests string, flags ...string) {
	t.Helper()
	_, err := k.Apply(manifests, flags...)
	require.NoError(t, err)
}

// Field returns what a JSONPath of an object holds: "{.spec.replicas}".
func (k *Kubectl) Field(t testing.TB, path string, object ...string) string {
	t.Helper()
	return k.Must(t, append([]string{"get", "-o", "jsonpath=" + path}, object...)...)
}
