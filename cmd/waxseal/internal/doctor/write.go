package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// marks stand before findings in the table.
var marks = map[Level]string{Problem: "✗", Unknown: "?", Exclusion: "-", Notice: "i", Fine: "✓"}

func write(to io.Writer, format string, found []Finding) error {
	order := []Level{Problem, Unknown, Exclusion, Notice, Fine}
	slices.SortStableFunc(found, func(a, b Finding) int { return slices.Index(order, a.Level) - slices.Index(order, b.Level) })
	if format == "json" {
		enc := json.NewEncoder(to)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(struct {
			Verdict  string    `json:"verdict"`
			Findings []Finding `json:"findings"`
		}{verdict(found), found})
	}
	for _, f := range found {
		fmt.Fprintf(to, "%s %-9s  %s: %s\n", marks[f.Level], f.Level, render.Clean(f.Object), render.Clean(f.Found))
		if f.Expected != "" {
			fmt.Fprintf(to, "             expected: %s\n", render.Clean(f.Expected))
		}
		if f.Do != "" {
			fmt.Fprintf(to, "             → %s\n", render.Clean(f.Do))
		}
	}
	_, err := fmt.Fprintf(to, "\n%s\n", verdict(found))
	return err
}

func verdict(found []Finding) string {
	count := map[Level]int{}
	for _, f := range found {
		count[f.Level]++
	}
	switch {
	case count[Problem] > 0:
		return fmt.Sprintf("problems: %d", count[Problem])
	case count[Unknown] > 0:
		return fmt.Sprintf("cannot tell: %d things could not be looked at", count[Unknown])
	}
	return "fine"
}
