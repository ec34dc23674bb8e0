package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// enforced shows what `waxseal enforcement` says of this cluster, read from its
// API server: what enforces, with which gaps, and what is under no rule.
func enforced(t *testing.T, w *world) {
	out, err := w.Waxseal(t).Run("enforcement", "--cluster")
	require.ErrorContains(t, err, "exit status 1", out)
	assert.Contains(t, out, "verification enforced with gaps via WaxsealImages images\n")

	out, _ = w.Waxseal(t).Run("enforcement", "--cluster", "-o", "json")
	var report struct {
		Decisions []struct {
			Violations []struct{ Code, Image string }
		}
		Study struct {
			Facts struct {
				Objects []struct{ Kind, Name, Verdict string }
				Images  []struct{ Image, Namespace, Name, Covered string }
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(out), &report), out)
	covered := map[string]string{}
	for _, i := range report.Study.Facts.Images {
		covered[i.Namespace+"/"+i.Name] = i.Covered
	}
	// What is left out on purpose is said in the parameters: then nothing is wrong.
	config := filepath.Join(t.TempDir(), "enforcement.yaml")
	left := strings.Join(append([]string{"gatekeeper-system", "waxseal-system"}, apart...), ", ")
	require.NoError(t, os.WriteFile(config, []byte("version: 1\npolicies: {enforcement_verifies_images: {exempt: [{namespaces: ["+left+"], reason: a test}]}}\n"), 0o600))
	fine, err := w.Waxseal(t).Run("enforcement", "--cluster", "-c", config)
	require.NoError(t, err, fine)
	assert.True(t, strings.HasSuffix(fine, "\nverification enforced via WaxsealImages images\n"), fine)

	assert.Equal(t, "yes", covered["before/old"], out) // it was there before, and would be refused today
	assert.NotEqual(t, "yes", covered["gatekeeper-system/bad"], out)
}
