package render

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Study is what was found in the files that were judged: pipelines, or admission
// configuration.
type Study struct {
	// Lines are the sentences that people quote: "3 of 4 images are signed".
	Lines []string `json:"lines"`
	// Facts is what was found, for machines.
	Facts any `json:"facts"`
	// Grids are the tables for people.
	Grids []Grid `json:"-"`
}

// Grid is a table. A row has a cell for each column, and then one for each of
// Under: long ones, which stand on lines of their own beneath the row.
type Grid struct {
	Columns []string
	Under   []string
	Rows    []Row
}

// Row is a row of a table; Verdict gives its mark. Rows of one group stand together
// under its name.
type Row struct {
	Verdict Verdict
	Plain   bool // without a mark: the row is no verdict
	Group   string
	Cells   []string
}

// fileKind is the kind of decisions about files of a repository.
const fileKind = "file"

// FileDecision is the decision about a file of a repository.
func FileDecision(file string) Decision { return Decision{File: file, Kind: fileKind, Name: file} }

// closing are the lines at the end of a report.
func (r *Report) closing() []string {
	if r.Study == nil {
		return []string{r.Summary.String()}
	}
	out := make([]string, len(r.Study.Lines))
	for i, line := range r.Study.Lines {
		out[i] = Clean(line)
	}
	return out
}

// fileOf is the file of a violation: its own, or that of the object.
func (d *Decision) fileOf(v Violation) string { return cmp.Or(v.Where.File, d.File) }

// at is the place of a violation that has one of its own: file:line.
func (v Violation) at() string {
	if v.Where.File == "" || v.Where.Line == 0 {
		return Clean(v.Where.File)
	}
	return Clean(v.Where.File) + ":" + strconv.Itoa(v.Where.Line)
}

func (s *Study) table(p *page) {
	if s == nil {
		return
	}
	for _, g := range s.Grids {
		if len(g.Rows) > 0 {
			p.block(func() { g.write(p) })
		}
	}
}

// gap is what stands between two columns, narrow the least that a column keeps.
const (
	gap    = 2
	narrow = 8
)

func (g Grid) write(p *page) {
	widths := g.widths(p.width - 2)
	g.line(p, "  ", bold, g.Columns, widths)
	group := ""
	for _, row := range g.Rows {
		if row.Group != group {
			group = row.Group
			p.put(0, "", dim, Clean(group))
		}
		mark, s := "? ", yellow
		switch {
		case row.Plain:
			mark, s = "  ", plain
		case row.Verdict == Admitted:
			mark, s = "✓ ", green
		case row.Verdict == Denied:
			mark, s = "✗ ", red
		}
		g.line(p, p.paint(s, mark), plain, row.Cells, widths)
		for i, name := range g.Under {
			if at := len(g.Columns) + i; at < len(row.Cells) && row.Cells[at] != "" {
				p.put(4, "", dim, Clean(name+": "+row.Cells[at]))
			}
		}
	}
}

// line writes a row, whose cells are wrapped each in its column.
func (g Grid) line(p *page, mark string, s style, cells []string, widths []int) {
	wrapped := make([][]string, len(widths))
	height := 1
	for i := range widths {
		if i < len(cells) {
			wrapped[i] = wrap(Clean(cells[i]), widths[i])
		}
		height = max(height, len(wrapped[i]))
	}
	for n := range height {
		var b strings.Builder
		for i, lines := range wrapped {
			text := ""
			if n < len(lines) {
				text = lines[n]
			}
			b.WriteString(p.paint(s, text) + strings.Repeat(" ", widths[i]-length(text)+gap))
		}
		p.out.WriteString(strings.TrimRight(mark+b.String(), " ") + "\n")
		mark = "  "
	}
}

// widths gives each column what it needs, and takes from the widest where that
// is more than there is.
func (g Grid) widths(width int) []int {
	widths := make([]int, len(g.Columns))
	for i, column := range g.Columns {
		widths[i] = length(column)
		for _, row := range g.Rows {
			if i < len(row.Cells) {
				widths[i] = max(widths[i], length(Clean(row.Cells[i])))
			}
		}
	}
	for over := sum(widths) + gap*(len(widths)-1) - width; over > 0; over-- {
		widest := slices.Index(widths, slices.Max(widths))
		if widths[widest] <= narrow {
			break
		}
		widths[widest]--
	}
	return widths
}

func sum(numbers []int) (total int) {
	for _, n := range numbers {
		total += n
	}
	return total
}
