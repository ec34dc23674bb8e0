package azure_test

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waxseal/waxseal/builtins/pipeline/azure"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
	"github.com/waxseal/waxseal/builtins/pipeline/source"
)

var update = flag.Bool("update", false, "write the golden files again")

// TestRead reads the repositories in testdata, and compares all of the model
// with a golden file.
func TestRead(t *testing.T) {
	files, err := filepath.Glob("testdata/*/azure-pipelines.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no repositories in testdata: %v", err)
	}
	for _, file := range files {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			golden(t, filepath.Join(dir, "model.golden"), dump(read(os.DirFS(dir), "azure-pipelines.yml")))
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines, others := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(lines), len(others)) {
		if i >= len(lines) || i >= len(others) || lines[i] != others[i] {
			t.Fatalf("line %d of %s differs; got:\n%s", i+1, name, got)
		}
	}
}

func read(fsys fs.FS, name string) ([]model.Pipeline, []model.Problem) {
	return azure.Read(shell.New(source.New(context.Background(), fsys, source.Limits{})), name)
}

// dump writes a model for people: a line for each thing, with what is not empty.
func dump(pipelines []model.Pipeline, problems []model.Problem) string {
	var b strings.Builder
	for _, p := range pipelines {
		line(&b, 0, "pipeline", p.Place, "name", p.Name, "triggers", p.Triggers)
		for _, j := range p.Jobs {
			line(&b, 1, "job", j.Place, "id", j.ID, "needs", j.Needs, "when", j.When, "optional", j.Optional)
			for _, s := range j.Steps {
				line(&b, 2, "step", s.Place, "name", s.Name, "uses", s.Uses, "when", s.When, "optional", s.Optional, "secrets", s.Secrets)
				for _, a := range s.Actions {
					act(&b, a)
				}
			}
		}
		for _, r := range p.References {
			line(&b, 1, "reference", r.Place, "kind", r.Kind, "text", r.Text, "pinned", r.Pinned, "local", r.Local)
		}
		for _, s := range p.Secrets {
			line(&b, 1, "secret", s.Place, "kind", s.Kind, "name", s.Name, "to", s.To, "text", s.Text)
		}
		for _, u := range p.Unseen {
			line(&b, 1, "unseen", u.Place, "kind", u.Kind, "name", u.Name, "job", u.Job, "may", u.May, "supply", u.Supply)
		}
	}
	for _, p := range problems {
		line(&b, 0, "problem", p.Place, "code", p.Code, "text", p.Text)
	}
	return b.String()
}

func act(b *strings.Builder, a model.Action) {
	line(b, 3, string(a.Kind), a.Place, "tool", a.Tool, "method", a.Method, "images", texts(a.Images), "from", texts(a.From), "through", a.Through,
		"when", a.When, "optional", a.Optional, "pushes", a.Pushes, "gates", a.Gates, "why", a.GatesWhy, "known", a.Known, "key", a.Key, "digests", a.Digests)
}

func texts(refs []model.Ref) []string {
	var out []string
	for _, r := range refs {
		out = append(out, r.Text+" ("+r.By+")")
	}
	return out
}

func line(b *strings.Builder, depth int, what string, at model.Place, pairs ...any) {
	fmt.Fprintf(b, "%s%s %s:%d", strings.Repeat("  ", depth), what, at.File, at.Line)
	for i := 0; i < len(pairs); i += 2 {
		switch v := fmt.Sprint(pairs[i+1]); v {
		case "", "[]", "false":
		case "true":
			fmt.Fprintf(b, " %s", pairs[i])
		default:
			fmt.Fprintf(b, " %s=%s", pairs[i], v)
		}
	}
	b.WriteString("\n")
}
