package admission_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/admission"
	"github.com/waxseal/waxseal/builtins/config/document"
)

// FuzzParse reads any object: it never panics, IDs are unique, and what is not
// known is never a reason to say that a rule applies.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{verify, webhook, clusterImagePolicy, ivpol, connaisseur, deployment, gatekeeperWebhook} {
		f.Add(seed, uint16(3), uint8(1))
	}
	f.Add(strings.SplitN(constraint, "---", 2)[0], uint16(3), uint8(1))
	f.Add(strings.SplitN(vap, "---", 2)[0], uint16(3), uint8(1))
	f.Fuzz(func(t *testing.T, text string, at uint16, odd uint8) {
		node, problems := document.FromYAML([]byte(text), document.Options{Kubectl: true, Bytes: 1 << 16, Nodes: 10_000, Aliased: 1_000})
		if len(problems) > 0 || node == nil {
			return
		}
		value, isObject := node.Value().(map[string]any)
		if !isObject {
			return
		}
		place := int(at)
		distort(value, &place, []any{nil, "", "x", "{{ x }}", true, json.Number("-1"), []any{}, []any{nil}, map[string]any{}, map[string]any{"": nil}}[odd%10])
		object := admission.Object{File: "f", Document: 1, Value: value}
		c := admission.Parse([]admission.Object{object, object}, admission.Options{Complete: true})
		seen := map[string]bool{}
		for _, r := range c.Rules {
			require.False(t, seen[r.ID], r.ID)
			seen[r.ID] = true
		}
		for _, w := range c.Workloads {
			for _, container := range w.Containers {
				for _, a := range container.Rules {
					require.True(t, seen[a.Rule])
					require.Equal(t, a.Applies == admission.Unknown, a.Why != "", a)
				}
			}
		}
		_, err := json.Marshal(c)
		require.NoError(t, err)
	})
}

// distort puts something odd in the place of one value.
func distort(value any, place *int, odd any) {
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if *place--; *place == 0 {
				value[key] = odd
			}
			distort(value[key], place, odd)
		}
	case []any:
		for i := range value {
			if *place--; *place == 0 {
				value[i] = odd
			}
			distort(value[i], place, odd)
		}
	}
}

// TestOddValues puts every odd thing in every place of every sample.
func TestOddValues(t *testing.T) {
	for _, text := range []string{verify, webhook, constraint, clusterImagePolicy, vap, ivpol, connaisseur, deployment, gatekeeperWebhook} {
		for odd := range 10 {
			for place := 1; place < 200; place++ {
				all := objects(t, "a.yaml", text)
				at := place
				for _, o := range all {
					distort(o.Value, &at, []any{nil, "", "x", "{{ x }}", true, json.Number("-1"), []any{}, []any{nil}, map[string]any{}, map[string]any{"": nil}}[odd])
				}
				if at > 0 {
					break // it has no more places
				}
				c := admission.Parse(append(all, objects(t, "b.yaml", deployment)...), admission.Options{})
				for _, r := range c.Rules {
					require.NotEmpty(t, r.Action.Effect)
					require.NotEmpty(t, r.OnFailure.Effect)
				}
			}
		}
	}
}
