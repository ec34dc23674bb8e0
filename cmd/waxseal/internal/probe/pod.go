package probe

import (
	"crypto/rand"
	"regexp"
	"strings"
)

// runAnnotation tells a Pod that a server made in spite of the dry run from one
// of somebody else. It is in no message.
const runAnnotation = "waxseal.github.io/probe-run"

const podPrefix = "waxseal-probe-"

func newRun() string { return rand.Text() }

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// podName is the same in every run, for it stands in messages.
func podName(probe string) string {
	name := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(probe), "-"), "-")
	return strings.TrimRight((podPrefix + name)[:min(63, len(podPrefix)+len(name))], "-")
}

// pod is a Pod that nothing but a policy for images refuses. Its gate keeps it
// from being run by a server that does not know dry runs.
func pod(probe, image, run string) map[string]any {
	few := map[string]any{"cpu": "1m", "memory": "1Mi"}
	return map[string]any{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": map[string]any{
			"name":        podName(probe),
			"labels":      map[string]any{"app.kubernetes.io/name": "waxseal-probe", "app.kubernetes.io/managed-by": "waxseal"},
			"annotations": map[string]any{runAnnotation: run},
		},
		"spec": map[string]any{
			"restartPolicy":                "Never",
			"automountServiceAccountToken": false,
			"enableServiceLinks":           false,
			"schedulingGates":              []any{map[string]any{"name": "waxseal.github.io/dry-run-only"}},
			"securityContext": map[string]any{
				"runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532,
				"seccompProfile": map[string]any{"type": "RuntimeDefault"},
			},
			"containers": []any{map[string]any{
				"name": "probe", "image": image, "imagePullPolicy": "Always",
				"securityContext": map[string]any{
					"allowPrivilegeEscalation": false, "privileged": false, "readOnlyRootFilesystem": true, "capabilities": map[string]any{"drop": []any{"ALL"}},
				},
				"resources": map[string]any{"requests": few, "limits": few},
			}},
		},
	}
}
