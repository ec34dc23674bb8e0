package expr_test

import (
	"testing"

	"github.com/waxseal/waxseal/builtins/pipeline/azure/expr"
)

func TestString(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"eq(variables['Build.Reason'], 'PullRequest')", "variables['Build.Reason'] == 'PullRequest'"},
		{"ne( variables.isMain , true )", "variables['isMain'] != true"},
		{"and(succeeded(), or(eq(a.b, 1), not(contains(x, 'it''s'))))", "succeeded() && (a.b == 1 || !(contains(x, 'it's')))"},
		{"dependencies.A.outputs['s.x']", "dependencies.A.outputs.s.x"},
		{"parameters.list[0].name", "parameters.list.0.name"},
		{"in(variables['a'], 'b', 'c')", "in(variables['a'], 'b', 'c')"},
		{"-1.5", "-1.5"},
		{"stageDependencies.A.B-C.result", "stageDependencies.A.B-C.result"},
		{"AND(True, FALSE)", "true && false"},
	} {
		e, err := expr.Parse(row.text)
		if err != nil {
			t.Errorf("%s: %v", row.text, err)
			continue
		}
		if got := e.String(); got != row.want {
			t.Errorf("%s is %s, not %s", row.text, got, row.want)
		}
	}
}

func TestMistakes(t *testing.T) {
	for _, text := range []string{"", "and(", "and(a", "a b", "'x", "a.", "a[", "a['b'", "eq(a,,b)", "=", "a)"} {
		if e, err := expr.Parse(text); err == nil {
			t.Errorf("%q is %s", text, e)
		}
	}
}
