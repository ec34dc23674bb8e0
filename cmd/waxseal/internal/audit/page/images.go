package page

import (
	"slices"
	"strings"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
)

// imageTables are the sample, and what runs beside it.
type imageTables struct {
	Sampled []image
	Rest    []image
}

// image is a row of the sample table.
type image struct {
	report.Image
	Anchor     string
	Name       string // repository and tag
	Gist       string // what the expanded row holds, in a line
	Links      []link // to findings
	Counts     []severityCount
	Clusters   []string
	Namespaces []string
	Policies   []string
}

// link is a link inside of the page.
type link struct{ To, Text, Severity string }

type severityCount struct {
	Severity string
	Count    int
}

// Grave says that it has to stand out.
func (c severityCount) Grave() bool { return grade(c.Severity) < 2 }

// imageIndex finds the row of an image.
type imageIndex struct{ byRef, byDigest map[string]indexed }

type indexed struct{ anchor, verdict string }

func index(images []report.Image) imageIndex {
	x := imageIndex{map[string]indexed{}, map[string]indexed{}}
	for _, i := range images {
		row := indexed{anchor("image", i.Ref), i.Verdict}
		x.byRef[i.Ref] = row
		if _, known := x.byDigest[i.Digest]; !known && i.Digest != "" {
			x.byDigest[i.Digest] = row
		}
	}
	return x
}

func (x imageIndex) of(ref, digest string) (indexed, bool) {
	if row, ok := x.byRef[ref]; ok {
		return row, true
	}
	row, ok := x.byDigest[digest]
	return row, ok
}

func newImageTables(r *report.Report, x imageIndex) imageTables {
	severities := map[string]report.Finding{}
	for _, f := range r.Findings {
		severities[f.ID] = f
	}
	var t imageTables
	for _, i := range r.Images {
		row := newImage(i, severities)
		row.Anchor = x.byRef[i.Ref].anchor
		if i.Sampled {
			t.Sampled = append(t.Sampled, row)
		} else {
			t.Rest = append(t.Rest, row)
		}
	}
	return t
}

func newImage(i report.Image, known map[string]report.Finding) image {
	row := image{Image: i, Name: i.Repository, Counts: severityCounts(i.Scan)}
	if i.Tag != "" {
		row.Name += ":" + i.Tag
	}
	if row.Name == "" {
		row.Name = i.Ref
	}
	for _, id := range i.Findings {
		if f, ok := known[id]; ok {
			row.Links = append(row.Links, link{anchor("finding", id), f.Title + " (" + f.Code + ")", f.Severity})
		}
	}
	row.Clusters, row.Namespaces = where(i.Workloads)
	for _, n := range i.Namespaces {
		cluster, namespace, _ := strings.Cut(n, "/")
		row.Clusters, row.Namespaces = append(row.Clusters, cluster), append(row.Namespaces, namespace)
	}
	row.Clusters, row.Namespaces = distinct(row.Clusters), distinct(row.Namespaces)
	for _, code := range i.Codes {
		policy, _, _ := strings.Cut(code, ".")
		row.Policies = append(row.Policies, policy)
	}
	row.Policies = distinct(row.Policies)
	row.Gist = gist(row)
	return row
}

func gist(i image) string {
	signers := make([]string, 0, len(i.Signers))
	for _, s := range i.Signers {
		signers = append(signers, signerName(s))
	}
	parts := []string{"no verified signer"}
	if len(signers) > 0 {
		parts[0] = "signed by " + strings.Join(distinct(signers), ", ")
	}
	if len(i.Findings) > 0 {
		parts = append(parts, count(len(i.Findings), "finding"))
	}
	parts = append(parts, count(i.Pods, "pod")+" in "+strings.Join(i.Image.Namespaces, ", "))
	return strings.Join(parts, " · ")
}

// signerName is what people call a signer.
func signerName(s report.Signer) string {
	for _, name := range []string{s.Name, s.Subject, s.KeyID} {
		if name != "" {
			return name
		}
	}
	return "a signer without a name"
}

// severityCounts are in the order of gravity; what is not known comes last.
func severityCounts(s *report.Scan) []severityCount {
	if s == nil {
		return nil
	}
	names := make([]string, 0, len(s.Severities))
	for name := range s.Severities {
		names = append(names, name)
	}
	slices.Sort(names)
	slices.SortStableFunc(names, func(a, b string) int { return grade(a) - grade(b) })
	out := make([]severityCount, 0, len(names))
	for _, name := range names {
		out = append(out, severityCount{name, s.Severities[name]})
	}
	return out
}
