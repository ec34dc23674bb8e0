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

// Said is what the report of the policies has beside violations.
type Said struct {
	Images  []Image
	Summary struct {
		Images, Signed, Scanned, Gated int
		NotPushed                      int `json:"not_pushed"`
		Pipelines                      int
		CannotTell                     int `json:"cannot_tell"`
		ScanCannotTell                 int `json:"scan_cannot_tell"`
	}
}

// Image is what is said of one image that a pipeline builds.
type Image struct {
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
	s, err := Read(out)
	if err != nil {
		return nil, err
	}
	return &render.Study{Facts: factsOf(out), Grids: []render.Grid{s.table()}, Lines: s.Lines()}, nil
}

func factsOf(out *engine.Outcome) map[string]any {
	return map[string]any{"images": out.Report["images"], "summary": out.Report["summary"]}
}

// Read reads what the policies say beside violations, the images in their order.
func Read(out *engine.Outcome) (*Said, error) {
	raw, err := json.Marshal(factsOf(out))
	if err != nil {
		return nil, err
	}
	var s Said
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, fmt.Errorf("read the report: %w", err)
	}
	slices.SortFunc(s.Images, func(a, b Image) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Image, b.Image))
	})
	return &s, nil
}

func (s *Said) table() render.Grid {
	g := render.Grid{Columns: []string{"IMAGE", "LINE", "SIGNED", "SCANNED", "ATTESTED"}}
	for _, i := range s.Images {
		g.Rows = append(g.Rows, render.Row{Verdict: i.verdict(), Group: i.File, Cells: []string{
			i.title(), strconv.Itoa(i.Line), i.signature(), i.scan(), i.attestation(),
		}})
	}
	return g
}

func (i Image) title() string {
	name := cmp.Or(study.Short(i.Image), "(its name is not known)")
	if !i.Pushed {
		name += " (not pushed)"
	}
	return name
}

func (i Image) verdict() render.Verdict {
	switch {
	case i.Admitted:
		return render.Admitted
	case i.Signed == "cannot_tell" || i.Scanned == "cannot_tell":
		return render.CannotTell
	}
	return render.Denied
}

func (i Image) signature() string {
	text := words(i.Signed)
	if len(i.SignedBy) > 0 {
		text += ", " + strings.Join(i.SignedBy, " and ")
	}
	if len(i.SignedRef) > 0 {
		text += " by " + strings.Join(i.SignedRef, " and ")
	}
	return text
}

func (i Image) scan() string {
	text := words(i.Scanned)
	if len(i.ScannedBy) == 0 {
		return text
	}
	text += ", " + strings.Join(i.ScannedBy, " and ")
	return text + map[string]string{"yes": ", stops", "no": ", cannot stop"}[i.Gates]
}

func (i Image) attestation() string {
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

// Lines are the sentences at the end. The first is the one that reports quote.
func (s *Said) Lines() []string {
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
