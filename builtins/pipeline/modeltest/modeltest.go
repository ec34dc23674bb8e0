// Package modeltest writes pipelines as text that people can read, for tests that
// compare what adapters read with golden files.
package modeltest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// Golden compares a text with a file, or writes the file when update is yes.
func Golden(t *testing.T, file, got string, update bool) {
	t.Helper()
	if update {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// Text writes pipelines and problems, one thing to a line. What is empty is left out.
func Text(pipelines []model.Pipeline, problems []model.Problem) string {
	w := &writer{}
	for _, p := range pipelines {
		w.pipeline(p)
	}
	for _, p := range problems {
		w.line(0, "problem %s %s: %s", at(p.Place), p.Code, p.Text)
	}
	return w.String()
}

type writer struct{ strings.Builder }

func (w *writer) line(depth int, format string, args ...any) {
	fmt.Fprintf(w, strings.Repeat("  ", depth)+format+"\n", args...)
}

// list writes a list of texts when it has any.
func (w *writer) list(depth int, name string, list []string) {
	if len(list) > 0 {
		w.line(depth, "%s: %s", name, strings.Join(list, " | "))
	}
}

func (w *writer) value(depth int, name, value string) {
	if value != "" {
		w.line(depth, "%s: %s", name, value)
	}
}

func at(p model.Place) string { return fmt.Sprintf("%s:%d", p.File, p.Line) }

func (w *writer) pipeline(p model.Pipeline) {
	w.line(0, "pipeline %s %s %s", at(p.Place), p.System, p.Name)
	w.list(1, "triggers", p.Triggers)
	for _, j := range p.Jobs {
		w.job(j)
	}
	for _, r := range p.References {
		w.line(1, "reference %s %s %s pinned=%v local=%v", at(r.Place), r.Kind, r.Text, r.Pinned, r.Local)
	}
	for _, s := range p.Secrets {
		w.line(1, "secret %s %s %q to %q: %s", at(s.Place), s.Kind, s.Name, s.To, s.Text)
	}
	for _, u := range p.Unseen {
		w.line(1, "unseen %s %s %q job=%q may=%v supply=%q", at(u.Place), u.Kind, u.Name, u.Job, u.May, u.Supply)
	}
}

func (w *writer) job(j model.Job) {
	w.line(1, "job %s %q", at(j.Place), j.ID)
	w.list(2, "needs", j.Needs)
	w.list(2, "when", j.When)
	w.value(2, "optional", j.Optional)
	if j.IDToken.Granted {
		w.value(2, "id token", at(j.IDToken.Place))
	}
	w.list(2, "oidc", j.OIDC)
	for _, s := range j.Steps {
		w.line(2, "step %s %s", at(s.Place), s.ID)
		w.value(3, "uses", s.Uses)
		w.list(3, "when", s.When)
		w.value(3, "optional", s.Optional)
		w.list(3, "secrets", s.Secrets)
		for _, a := range s.Actions {
			w.action(a)
		}
	}
}

func (w *writer) action(a model.Action) {
	w.line(3, "%s %s %s %s", a.Kind, at(a.Place), a.Tool, a.Method)
	for _, ref := range a.Images {
		w.line(4, "image %s (%s) by %s", ref.Text, ref.Name, ref.By)
	}
	for _, ref := range a.From {
		w.line(4, "from %s (%s) by %s", ref.Text, ref.Name, ref.By)
	}
	var through []string
	for _, p := range a.Through {
		through = append(through, at(p))
	}
	w.list(4, "through", through)
	w.list(4, "when", a.When)
	w.value(4, "optional", a.Optional)
	if a.Pushes {
		w.line(4, "pushes %s", strings.Join(a.PushWhen, " | "))
	}
	if a.Gates != "" {
		w.line(4, "gates %s: %s", a.Gates, a.GatesWhy)
	}
	if !a.Known {
		w.line(4, "not known")
	}
	if a.Kind == model.Attest {
		w.line(4, "signed=%v %s", a.Signed, a.Predicate)
	}
	w.value(4, "key", a.Key)
	w.list(4, "files", a.Files)
}
