// Package replay judges recorded decisions again.
package replay

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/engine"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/exit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/record"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// Command is `waxseal replay`.
func Command() *cobra.Command {
	var verify bool
	var output string
	cmd := &cobra.Command{
		Use:   "replay DIR",
		Short: "Judge recorded decisions again, offline",
		Long: `Judges the decisions of a record again, from the recorded evidence and at the recorded
time, and compares the answers. With --verify, the evidence itself is made again: every signature
is verified from the recorded bytes, without network.

Exit codes: those of the recorded decisions (0 admitted, 1 denied, 2 could not tell);
2 also when an answer differs from the record.`,
		Example: `  waxseal admit --record evidence/ deploy/
  waxseal replay --verify evidence/`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return run(cmd.Context(), args[0], verify, output, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().BoolVar(&verify, "verify", false, "repeat the cryptography from the recorded bytes")
	cmd.Flags().StringVarP(&output, "output", "o", "table", "output format: "+strings.Join(render.Formats(), ", "))
	return cmd
}

func run(ctx context.Context, dir string, verify bool, output string, stdout, stderr io.Writer) error {
	if !render.Known(output) {
		return fmt.Errorf("-o %s: not a format; expected one of %s", output, strings.Join(render.Formats(), ", "))
	}
	r, err := record.Read(dir)
	if err != nil {
		return err
	}
	decisions, differences, err := again(ctx, r)
	if err != nil {
		return err
	}
	if verify {
		more, err := verified(ctx, dir, r)
		if err != nil {
			return err
		}
		differences = append(differences, more...)
	}
	report := render.NewReport(decisions)
	if err := render.Write(stdout, output, report); err != nil {
		return err
	}
	for _, d := range differences {
		fmt.Fprintln(stderr, "differs:", d)
	}
	if len(differences) > 0 {
		fmt.Fprintln(stderr, counted(len(differences), "answer differs", "answers differ"), "from the record")
		return exit.Code(exit.CannotTell)
	}
	fmt.Fprintln(stderr, same(len(decisions), verify))
	if report.Exit != exit.Admitted {
		return exit.Code(report.Exit)
	}
	return nil
}

func same(n int, verify bool) string {
	text := counted(n, "decision", "decisions") + " replayed to the same answer"
	if verify {
		text += "; all evidence verified again from the recorded bytes"
	}
	return text
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// again judges every decision by the recorded evidence.
func again(ctx context.Context, r *record.Record) (out []render.Decision, differences []string, err error) {
	e, err := engine.NewReplayer(ctx, bundles.Images, r.Parameters)
	if err != nil {
		return nil, nil, err
	}
	for i, d := range r.Decisions {
		shown := render.Decision{File: d.File, Document: d.Document, Item: d.Item, Line: d.Line, Err: d.Error}
		if d.Outcome != nil {
			outcome, err := e.Judge(ctx, d.Outcome.Evidence, d.Outcome.Now, d.Input)
			if err != nil {
				return nil, nil, fmt.Errorf("decision %d: %w", i+1, err)
			}
			if at := Compare(d.Outcome, outcome); at != "" {
				differences = append(differences, fmt.Sprintf("%s, document %d: %s", render.Clean(d.File), d.Document, at))
			}
			fill(&shown, d.Input, outcome)
		}
		out = append(out, shown)
	}
	return out, differences, nil
}

func fill(shown *render.Decision, input map[string]any, o *engine.Outcome) {
	obj, _ := input["object"].(map[string]any)
	shown.Kind, _ = obj["kind"].(string)
	meta, _ := obj["metadata"].(map[string]any)
	shown.Name, _ = meta["name"].(string)
	shown.Namespace, _ = meta["namespace"].(string)
	shown.Images, shown.Violations, shown.Notes, shown.NotJudged = o.Images, o.Violations, o.Notes, o.NotJudged
}

// Compare says where two outcomes differ, "" if nowhere.
func Compare(a, b *engine.Outcome) string {
	return strings.Join(slices.DeleteFunc([]string{
		part("violations", a.Violations, b.Violations, shortViolation), part("notes", a.Notes, b.Notes, shortViolation),
		part("images", a.Images, b.Images, shortImage), part("not judged", a.NotJudged, b.NotJudged, shortNotJudged),
	}, func(s string) bool { return s == "" }), "; ")
}

// part says what only one of two lists holds.
func part[T any](name string, recorded, replayed []T, short func(T) string) string {
	var out []string
	for _, side := range []struct {
		name      string
		has, lack []T
	}{{"recorded", recorded, replayed}, {"replayed", replayed, recorded}} {
		for _, item := range side.has {
			same := func(other T) bool { return text(other) == text(item) }
			if !slices.ContainsFunc(side.lack, same) {
				out = append(out, fmt.Sprintf("only %s: %s", side.name, short(item)))
			}
		}
	}
	if len(out) == 0 {
		return ""
	}
	return name + ": " + strings.Join(out, ", ")
}

func shortViolation(v render.Violation) string {
	return render.Clean(fmt.Sprintf("%s of %s %s: %s", v.Code, v.Where.Path, v.Image, v.Msg))
}

func shortImage(i render.Image) string {
	return render.Clean(fmt.Sprintf("%s (admitted: %v)", i.Image, i.Admitted))
}

func shortNotJudged(n render.NotJudged) string { return render.Clean(n.Path) }

// fieldsOf shows the fields in which two results differ.
func fieldsOf(recorded, verified map[string]any) string {
	var out []string
	for _, field := range slices.Sorted(maps.Keys(recorded)) {
		if x, y := text(recorded[field]), text(verified[field]); x != y {
			out = append(out, render.Clean(fmt.Sprintf("%s: recorded %s, verified %s", field, x, y)))
		}
	}
	return strings.Join(out, "; ")
}

// sayable is a result without the words for what is not there: a registry and the
// layout that stands for it have other ones.
func sayable(result map[string]any) map[string]any {
	problems, _ := result["errors"].([]any)
	if len(problems) == 0 {
		return result
	}
	out := maps.Clone(result)
	said := slices.Clone(problems)
	for i, p := range said {
		if e, _ := p.(map[string]any); e["code"] == string(fault.NotFound) {
			e = maps.Clone(e)
			delete(e, "message")
			said[i] = e
		}
	}
	out["errors"] = said
	return out
}

// outage says whether a result is that nobody could tell. One that is ok is none,
// whatever else it says: a policy would take it for an answer.
func outage(result map[string]any) bool {
	if result["ok"] != false {
		return false
	}
	problems, _ := result["errors"].([]any)
	for _, p := range problems {
		if e, _ := p.(map[string]any); e["retryable"] == true {
			return true
		}
	}
	return false
}

func text(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// verified makes the evidence again from the recorded bytes, and says where it
// differs. An outage cannot be made again: what nobody could tell then is not
// compared.
func verified(ctx context.Context, dir string, r *record.Record) ([]string, error) {
	if err := record.CheckLayout(dir); err != nil {
		return nil, err
	}
	set, err := builtins.New(r.Config(dir))
	if err != nil {
		return nil, err
	}
	e, err := engine.New(ctx, "cli", set, map[string]any{"parameters": r.Parameters})
	if err != nil {
		return nil, err
	}
	if e.Revision != r.Bundle {
		return nil, fmt.Errorf("the record was made with other policies (%s) than those of this binary (%s): use the version of Waxseal that made it", r.Bundle, e.Revision)
	}
	var differences []string
	for _, d := range r.Decisions {
		if d.Outcome == nil {
			continue
		}
		o, err := e.Judge(ctx, set.Collector().Decide(), d.Input)
		if err != nil {
			return nil, err
		}
		differences = append(differences, Changed(d.Outcome.Evidence, o.Evidence)...)
	}
	return differences, nil
}

// Changed says which results are not those that were recorded, sorted. An outage
// cannot be made again, and is not compared.
func Changed(recorded, made map[string]map[string]any) []string {
	var differences []string
	for _, key := range slices.Sorted(maps.Keys(recorded)) {
		if outage(recorded[key]) {
			continue
		}
		if x, y := text(sayable(recorded[key])), text(sayable(made[key])); x != y {
			differences = append(differences, fmt.Sprintf("evidence %s: %s", render.Clean(key), fieldsOf(recorded[key], made[key])))
		}
	}
	return differences
}
