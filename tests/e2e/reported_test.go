package e2e_test

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	reports "github.com/openreports/reports-api/apis/openreports.io/v1alpha1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// reported shows that the results of an audit are written into the cluster as
// objects of OpenReports, whose own definitions the API server holds them to; and
// that the next audit replaces them.
func (w *world) reported(t *testing.T, f *fleet) {
	t.Helper()
	module, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/openreports/reports-api").Output()
	require.NoError(t, err)
	for _, kind := range []string{"reports", "clusterreports"} {
		w.Must(t, "apply", "--server-side", "-f", filepath.Join(strings.TrimSpace(string(module)), "config", "crd", "openreports.io_"+kind+".yaml"))
		w.Must(t, "wait", "--for=condition=Established", "crd/"+kind+".openreports.io", "--timeout=30s")
	}
	scope := w.auditYAML(t, f)
	var names [2]string
	for i := range names {
		out, err := w.Waxseal(t).Run("audit", "-f", scope, "--apply", "--exit-zero", "-o", "markdown")
		require.NoError(t, err, out)
		names[i] = w.Must(t, "get", "reports.openreports.io", "-A", "-o=name", "-l", "app.kubernetes.io/managed-by=waxseal")
	}
	assert.NotEmpty(t, names[0])
	assert.Equal(t, names[0], names[1], "one audit's objects take the place of the earlier one's")
	var list reports.ReportList
	require.NoError(t, json.Unmarshal([]byte(w.Must(t, "get", "reports.openreports.io", "-n", "run-shop", "-o=json")), &list))
	failed := map[string]bool{}
	for _, report := range list.Items {
		for _, result := range report.Results {
			assert.Equal(t, "waxseal", result.Source)
			if result.Result == "fail" {
				failed[result.Rule] = true
			}
		}
	}
	for _, u := range f.images {
		if u.namespace == "run-shop" && u.code != "" && u.code != "pinned_digests.not_pinned" {
			assert.True(t, failed[u.code], "%s of %s: %v", u.code, u.name, failed)
		}
	}
}
