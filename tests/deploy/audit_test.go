package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
)

const audit = "../../examples/audit"

// TestAudit reads the manifests of examples/audit strictly, and shows that what they
// run has the flags that they give.
func TestAudit(t *testing.T) {
	objects := map[string]any{}
	for _, file := range []string{"clusterrole.yaml", "probe-role.yaml", "cronjob.yaml", "watch.yaml"} {
		text, err := os.ReadFile(filepath.Join(audit, file))
		require.NoError(t, err)
		for id, object := range read(t, string(text)) {
			require.NotContains(t, objects, id, file)
			objects[id] = object
		}
	}
	cron := objects["CronJob/waxseal-audit"].(*batch.CronJob).Spec.JobTemplate.Spec.Template.Spec
	watch := objects["Deployment/waxseal-audit"].(*apps.Deployment).Spec.Template.Spec
	account := objects["ServiceAccount/waxseal-audit"].(*core.ServiceAccount)
	for name, pod := range map[string]core.PodSpec{"cronjob": cron, "watch": watch} {
		require.Equal(t, account.Name, pod.ServiceAccountName, name)
		require.True(t, *pod.SecurityContext.RunAsNonRoot, name)
		require.Equal(t, core.SeccompProfileTypeRuntimeDefault, pod.SecurityContext.SeccompProfile.Type, name)
		require.Len(t, pod.Containers, 1)
		c := pod.Containers[0]
		require.True(t, *c.SecurityContext.ReadOnlyRootFilesystem, name)
		require.Equal(t, []core.Capability{"ALL"}, c.SecurityContext.Capabilities.Drop, name)
		mounted := map[string]bool{}
		for _, v := range pod.Volumes {
			mounted[v.Name] = true
		}
		for _, m := range c.VolumeMounts {
			require.True(t, mounted[m.Name], m.Name)
		}
		waxseal := os.Getenv("WAXSEAL")
		if waxseal == "" {
			t.Skip("$WAXSEAL names no binary: run make test-deploy")
		}
		require.Equal(t, "waxseal", c.Command[0])
		out, err := exec.Command(waxseal, append(c.Command[1:], "--help")...).CombinedOutput()
		require.NoError(t, err, "%s: a flag is not known: %s", name, out)
	}
	bound := false
	for _, object := range objects {
		if b, ok := object.(*rbac.ClusterRoleBinding); ok {
			bound = true
			require.Equal(t, []rbac.Subject{{Kind: "ServiceAccount", Name: account.Name, Namespace: account.Namespace}}, b.Subjects)
		}
	}
	require.True(t, bound, "the service account has the rights")
}
