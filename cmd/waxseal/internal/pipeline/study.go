package pipeline

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/engine"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/study"
)

// said is what the report of the policies has beside violations.
type said struct {
	Images  []image
	Summary struct {
		Images, Signed, Scanned, Gated int
		NotPushed                      int `json:"not_pushed"`
		Pipelines                      int
		CannotTell                     int `json:"cannot_tell"`
		ScanCannotTell                 int `json:"scan_cannot_tell"`
	}
}

type image struct {
	Image, Pipeline, File, Signed, Scanned, Gates, Attested string
	Line                                                    int
	Pushed, SBOM, Admitted                                  bool
	SignedBy                                                []string `json:"signed_by"`
	SignedRef                                               []string `json:"signed_ref"`
	ScannedBy                                               []string `json:"scanned_by"`
}

// studyOf puts what was found into its form: the table of the images, and the
// line that people quote.
func studyOf(out *engine.Outcome) (*render.Study, error) {
	facts := map[string]any{"images": out.Report["images"], "summary": out.Report["summary"]}
	raw, err := json.Marshal(facts)
	if err != nil {
		return nil, err
	}
	var s said
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, fmt.Errorf("read the report: %w", err)
	}
	return &render.Study{Facts: facts, Grids: []render.Grid{s.table()}, Lines: s.lines()}, nil
}

func (s *said) table() render.Grid {
	slices.SortFunc(s.Images, func(a, b image) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Image, b.Image))
	})
	g := render.Grid{Columns: []string{"IMAGE", "LINE", "SIGNED", "SCANNED", "ATTESTED"}}
	for _, i := range s.Images {
		g.Rows = append(g.Rows, render.Row{Verdict: i.verdict(), Group: i.File, Cells: []string{
			i.title(), strconv.Itoa(i.Line), i.signature(), i.scan(), i.attestation(),
		}})
	}
	return g
}

func (i image) title() string {
	name := cmp.Or(study.Short(i.Image), "(its name is not known)")
	if !i.Pushed {
		name += " (not pushed)"
	}
	return name
}

func (i image) verdict() render.Verdict {
	switch {
	case i.Admitted:
		return render.Admitted
	case i.Signed == "cannot_tell" || i.Scanned == "cannot_tell":
		return render.CannotTell
	}
	return render.Denied
}

func (i image) signature() string {
	text := words(i.Signed)
	if len(i.SignedBy) > 0 {
		text += ", " + strings.Join(i.SignedBy, " and ")
	}
	if len(i.SignedRef) > 0 {
		text += " by " + strings.Join(i.SignedRef, " and ")
	}
	return text
}

func (i image) scan() string {
	text := words(i.Scanned)
	if len(i.ScannedBy) == 0 {
		return text
	}
	text += ", " + strings.Join(i.ScannedBy, " and ")
	return text + map[string]string{"yes": ", stops", "no": ", cannot stop"}[i.Gates]
}

func (i image) attestation() string {
	text := i.Attested
	if i.SBOM {
		text += ", SBOM"
	}
	return text
}

func words(code string) string { return strings.ReplaceAll(code, "_", " ") }

func untold(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (of %d nobody can tell)", n)
}

// lines are the sentences at the end. The first is the one that reports quote.
func (s *said) lines() []string {
	n := s.Summary
	switch {
	case n.Pipelines == 0:
		return []string{"no pipeline was read"}
	case n.Images == 0 && n.NotPushed == 0:
		return []string{"no pipeline is seen to build an image"}
	}
	line := fmt.Sprintf("%d of %d images are signed", n.Signed, n.Images) + untold(n.CannotTell)
	more := fmt.Sprintf("%d of %d are scanned", n.Scanned, n.Images) + untold(n.ScanCannotTell)
	if n.Scanned > 0 {
		more += fmt.Sprintf(", %d of them by a scan that can stop the pipeline", n.Gated)
	}
	if n.NotPushed > 0 {
		more += fmt.Sprintf("; %d more are built and not pushed", n.NotPushed)
	}
	return []string{more, line}
}
