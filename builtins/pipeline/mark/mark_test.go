package mark_test

import (
	"testing"

	"github.com/waxseal/waxseal/builtins/pipeline/mark"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

func TestTable(t *testing.T) {
	var table mark.Table
	version, digest := table.Mark("VERSION"), table.Mark("(git rev-parse HEAD)")
	if version == digest || version != table.Mark("VERSION") || !mark.In(version) {
		t.Fatalf("the marks are %q and %q", version, digest)
	}
	text := "app:" + version + "@" + digest + " ${X}"
	if got := table.Plain(text); got != "app:${VERSION}@${(git rev-parse HEAD)} ${X}" {
		t.Errorf("plain is %s", got)
	}
	script, vars := table.Script(text)
	if script != "app:${VERSION}@${WAXSEAL__1} ${X}" || len(vars) != 1 || vars["WAXSEAL__1"] != "${(git rev-parse HEAD)}" {
		t.Errorf("script is %s, variables %v", script, vars)
	}
	if got := table.Symbolic("app:${VERSION} ${"); got != "app:"+version+" ${" {
		t.Errorf("symbolic is %q", got)
	}
	if got := table.Plain(table.Mark("a}{")); got != "${a)(}" {
		t.Errorf("braces that do not fit are %s", got)
	}
}

func TestResolve(t *testing.T) {
	out := shell.Outcome{
		Actions: []model.Action{{Images: []model.Ref{{Text: "app:${WAXSEAL__1}"}}}},
		Reads:   []string{"A", "WAXSEAL__1"},
		Vars:    map[string]string{"B": "${WAXSEAL__1}"},
	}
	mark.Resolve(&out, map[string]string{"WAXSEAL__1": "${(x)}"})
	if out.Actions[0].Images[0].Text != "app:${(x)}" || len(out.Reads) != 1 || out.Vars["B"] != "${(x)}" {
		t.Errorf("resolved is %+v", out)
	}
}
