package enforcement

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/engine"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// studyOf puts what was found into its form: tables, and the lines that people
// quote. The last is the verdict on the whole.
func studyOf(out *engine.Outcome, unread int) (*render.Study, error) {
	facts := factsOf(out)
	s, err := Read(out)
	if err != nil {
		return nil, err
	}
	return &render.Study{Facts: facts, Grids: []render.Grid{s.objects(), s.uncovered()}, Lines: s.lines(unread)}, nil
}

func factsOf(out *engine.Outcome) map[string]any {
	facts := map[string]any{}
	for _, part := range []string{"objects", "images", "coverage", "whole"} {
		facts[part] = out.Report[part]
	}
	return facts
}

// Read reads what the policies say beside violations.
func Read(out *engine.Outcome) (*Said, error) {
	raw, err := json.Marshal(factsOf(out))
	if err != nil {
		return nil, err
	}
	var s Said
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, fmt.Errorf("read the report: %w", err)
	}
	return &s, nil
}

// Line is the verdict on the whole, to be quoted. Unread is how much could not be
// read.
func (s *Said) Line(unread int) string {
	line := s.Whole.Line
	if all := strings.Join(s.Whole.By, ", "); strings.HasSuffix(line, "via "+all) {
		line = strings.TrimSuffix(line, all) + Via(s.Whole.By)
	}
	if strings.HasPrefix(line, "verification enforced") && unread > 0 {
		return line + ", as far as it could be read"
	}
	return line
}

// Via names rules in a sentence: the first of them, and how many more there are.
func Via(rules []string) string {
	const most = 3
	if len(rules) <= most {
		return strings.Join(rules, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(rules[:most], ", "), len(rules)-most)
}

func (s *Said) lines(unread int) []string {
	c := s.Coverage
	var lines []string
	if c.Containers.All > 0 {
		line := fmt.Sprintf("covered: %s, %s, %s", c.Namespaces.of("namespaces"), c.Workloads.of("workloads"), c.Containers.of("containers"))
		if len(c.Uncovered) > 0 {
			line += "; not covered, or only in part: " + strings.Join(c.Uncovered, ", ")
		}
		if len(c.Exempt) > 0 {
			line += "; left out: " + strings.Join(c.Exempt, ", ")
		}
		lines = append(lines, line)
	}
	return append(lines, s.Line(unread))
}

// Sort brings the objects into the order of their files.
func (s *Said) Sort() {
	slices.SortStableFunc(s.Objects, func(a, b Object) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name),
		)
	})
}
