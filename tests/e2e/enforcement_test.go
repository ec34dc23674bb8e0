package e2e_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// enforced shows what `waxseal enforcement` says of this cluster, read from its
// API server: what enforces, with which gaps, and what is under no rule.
func enforced(t *testing.T, w *world) {
	out, err := w.Waxseal(t).Run("enforcement", "--cluster")
	require.ErrorContains(t, err, "exit status 1", out)
	fmt.Println(out)
	assert.Contains(t, out, "verification enforced with gaps via WaxsealImages images\n")

	out, _ = w.Waxseal(t).Run("enforcement", "--cluster", "-o", "json")
	var report struct {
		Decisions []struct{ Violations []struct{ Code, Image string } }
		Study     struct {
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
	assert.Equal(t, "yes", covered["before/old"], out) // it was there before, and would be refused today
	assert.NotEqual(t, "yes", covered["gatekeeper-system/bad"], out)
}
