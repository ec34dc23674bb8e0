package page

import "github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"

// controlTable is one of the tables of what auditors do.
type controlTable struct {
	ID, Title string
	Rows      []report.Control
}

var tableTitles = map[string]string{
	"A": "Scanned, signed, from a controlled registry",
	"B": "Provenance: signed images only",
	"C": "Signed in the build, enforced in the cluster",
	"D": "A layered chain",
}

func controlTables(controls []report.Control) []controlTable {
	var out []controlTable
	at := map[string]int{}
	for _, c := range controls {
		i, known := at[c.Table]
		if !known {
			i = len(out)
			at[c.Table] = i
			out = append(out, controlTable{ID: c.Table, Title: tableTitles[c.Table]})
		}
		out[i].Rows = append(out[i].Rows, c)
	}
	return out
}
