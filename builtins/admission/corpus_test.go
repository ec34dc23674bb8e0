package admission_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/admission"
)

func TestDump(t *testing.T) {
	text, err := os.ReadFile(shared(t, "admission/labels.json"))
	require.NoError(t, err)
	var labels struct {
		Labels []struct{ File, Verdict, About, Scope string }
	}
	require.NoError(t, json.Unmarshal(text, &labels))
	for _, l := range labels.Labels {
		text, err := os.ReadFile(shared(t, l.File))
		require.NoError(t, err)
		c := admission.Parse(objects(t, l.File, string(text)), admission.Options{})
		t.Logf("=== %s %s %s", l.File, l.Verdict, l.About)
		for _, r := range c.Rules {
			t.Logf("  %s %s about=%s checks=%v act=%s fail=%s t=%d kinds=%v lists=%v all=%s att=%d", r.ID, r.System, r.About, r.Checks, r.Action.Effect, r.OnFailure.Effect, r.Timeout.Seconds, r.Scope.Kinds, r.Scope.Containers, r.Images.All, len(r.Attestors))
			for _, f := range r.Facts {
				t.Logf("      %s:%d %s", f.Code, f.Line, f.Text)
			}
			for _, d := range r.Depends {
				t.Logf("      needs %s %s %s %s", d.Role, d.Kind, d.Name, d.State)
			}
		}
		for _, p := range c.Problems {
			t.Logf("  problem %v", p)
		}
	}
}
