package enforcement

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/engine"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// studyOf puts what was found into its form: tables, and the lines that people
// quote. The last is the verdict on the whole.
func studyOf(out *engine.Outcome, unread int) (*render.Study, error) {
	facts := map[string]any{}
	for _, part := range []string{"objects", "images", "coverage", "whole"} {
		facts[part] = out.Report[part]
	}
	raw, err := json.Marshal(facts)
	if err != nil {
		return nil, err
	}
	var s said
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, fmt.Errorf("read the report: %w", err)
	}
	return &render.Study{Facts: facts, Grids: []render.Grid{s.objects(), s.uncovered()}, Lines: s.lines(unread)}, nil
}

func (s *said) lines(unread int) []string {
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
	if strings.HasPrefix(s.Whole.Line, "verification enforced") && unread > 0 {
		return append(lines, s.Whole.Line+", as far as it could be read")
	}
	return append(lines, s.Whole.Line)
}
