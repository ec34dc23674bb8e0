package page

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
)

// findingGroup is the findings of a severity.
type findingGroup struct {
	Severity string
	Rows     []finding
}

// finding is a finding with what it takes to find it: links and filter values.
type finding struct {
	report.Finding
	Kind       string // of its row: finding or note
	Anchor     string
	ImageLink  string // anchor of its image; "" where the page has none
	Verdict    string // of its image
	Subject    string // Deployment shop/web, container app
	Location   string // file:line
	Clusters   []string
	Namespaces []string
}

var gravity = []string{"critical", "high", "medium", "low"}

func findingGroups(list []report.Finding, images imageIndex) []findingGroup {
	groups := map[string][]finding{}
	for _, f := range findings("finding", list, images) {
		groups[f.Severity] = append(groups[f.Severity], f)
	}
	out := make([]findingGroup, 0, len(groups))
	for name, rows := range groups {
		out = append(out, findingGroup{name, rows})
	}
	slices.SortFunc(out, func(a, b findingGroup) int {
		return cmp.Or(cmp.Compare(grade(a.Severity), grade(b.Severity)), cmp.Compare(a.Severity, b.Severity))
	})
	return out
}

func grade(name string) int {
	if i := slices.Index(gravity, name); i >= 0 {
		return i
	}
	return len(gravity)
}

func findings(kind string, list []report.Finding, images imageIndex) []finding {
	out := make([]finding, 0, len(list))
	for _, f := range list {
		row := finding{Finding: f, Kind: kind, Anchor: anchor("finding", f.ID), Subject: subject(f), Location: location(f)}
		if img, ok := images.of(f.Image, f.Digest); ok {
			row.ImageLink, row.Verdict = img.anchor, img.verdict
		}
		row.Clusters, row.Namespaces = placesOf(f)
		out = append(out, row)
	}
	return out
}

// placesOf returns the clusters and namespaces of a finding, for the filters.
func placesOf(f report.Finding) (clusters, namespaces []string) {
	clusters, namespaces = where(f.Places)
	if f.Cluster != "" {
		clusters = append(clusters, f.Cluster)
	}
	if f.Where.Namespace != "" {
		namespaces = append(namespaces, f.Where.Namespace)
	}
	return distinct(clusters), distinct(namespaces)
}

func where(places []audit.Workload) (clusters, namespaces []string) {
	for _, p := range places {
		clusters = append(clusters, p.Cluster)
		namespaces = append(namespaces, p.Namespace)
	}
	return clusters, namespaces
}

// distinct sorts, and drops doubles and what is empty.
func distinct(list []string) []string {
	slices.Sort(list)
	return slices.DeleteFunc(slices.Compact(list), func(s string) bool { return s == "" })
}

func subject(f report.Finding) string {
	name := f.Where.Name
	if f.Where.Namespace != "" && name != "" {
		name = f.Where.Namespace + "/" + name
	}
	text := strings.TrimSpace(f.Where.Kind + " " + name)
	if f.Where.Container != "" {
		text += ", container " + f.Where.Container
	}
	return text
}

func location(f report.Finding) string {
	if f.Where.File == "" || f.Where.Line == 0 {
		return f.Where.File
	}
	return f.Where.File + ":" + strconv.Itoa(f.Where.Line)
}
