package enforcement_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/enforcement"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/exit"
)

// shared is the folder with documents made by others, where there is one.
func shared(t *testing.T) string {
	for _, dir := range []string{os.Getenv("WAXSEAL_SHARED"), "../../../../../shared"} {
		if _, err := os.Stat(filepath.Join(dir, "data", "admission", "labels.json")); dir != "" && err == nil {
			abs, err := filepath.Abs(filepath.Join(dir, "data"))
			require.NoError(t, err)
			return abs
		}
	}
	t.Skip("the documents of others are not here: WAXSEAL_SHARED names their folder")
	return ""
}

type label struct {
	File, Kind, Verdict, About string
	Confidence                 string `json:"label_confidence"`
}

// TestLabels compares the verdicts with those of a reader of 22 documents. A
// document is as good as the worst of its objects about images, or of all where none is.
func TestLabels(t *testing.T) {
	data := shared(t)
	raw, err := os.ReadFile(filepath.Join(data, "admission", "labels.json"))
	require.NoError(t, err)
	var labels struct{ Labels []label }
	require.NoError(t, json.Unmarshal(raw, &labels))
	require.Len(t, labels.Labels, 22)
	equal := 0
	for _, l := range labels.Labels {
		want := strings.ReplaceAll(l.Verdict, "-", "_")
		got := verdictOf(t, filepath.Join(data, l.File))
		t.Logf("%-18s %-18s %s", got, want, l.File)
		if got == want {
			equal++
		}
		if want == "advisory" || want == "broken" {
			require.NotEqual(t, "enforces", got, l.File)
		}
	}
	t.Logf("%d of %d equal", equal, len(labels.Labels))
	require.GreaterOrEqual(t, equal*100, 95*len(labels.Labels))
}

type object struct{ About, Verdict string }

var order = []string{"enforces", "enforces_with_gap", "advisory", "broken"}

func verdictOf(t *testing.T, file string) string {
	objects := judged(t, file)
	require.NotEmpty(t, objects, file)
	if slices.ContainsFunc(objects, func(o object) bool { return o.About == "image" }) {
		objects = slices.DeleteFunc(objects, func(o object) bool { return o.About != "image" })
	}
	worst := 0
	for _, o := range objects {
		worst = max(worst, slices.Index(order, o.Verdict))
	}
	return order[worst]
}

// judged runs the command, and returns its objects.
func judged(t *testing.T, args ...string) []object {
	t.Helper()
	t.Chdir(t.TempDir()) // no waxseal.yaml
	cmd := enforcement.Command()
	var out, errs bytes.Buffer
	cmd.SetArgs(append([]string{"-o", "json"}, args...))
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err := cmd.Execute()
	if _, isCode := errors.AsType[exit.Code](err); !isCode {
		require.NoError(t, err, errs.String())
	}
	var report struct {
		Study struct{ Facts struct{ Objects []object } }
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &report))
	return report.Study.Facts.Objects
}

// TestEveryCodeIsWeighed keeps the list of codes and the table of the policy together: a
// code that the table does not know weighs as a gap, which nobody has meant.
func TestEveryCodeIsWeighed(t *testing.T) {
	text, err := os.ReadFile("../../../../rego/lib/waxseal/enforcement/verdicts.rego")
	require.NoError(t, err)
	source, err := os.ReadFile("../../../../builtins/admission/fact.go")
	require.NoError(t, err)
	codes := regexp.MustCompile(`Code = ("[a-z_]+")`).FindAllSubmatch(source, -1)
	require.Greater(t, len(codes), 50)
	for _, code := range codes {
		require.Contains(t, string(text), string(code[1]))
	}
}
