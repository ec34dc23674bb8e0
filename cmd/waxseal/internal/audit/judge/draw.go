package judge

import (
	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/gather"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/sample"
)

// draw is the sample, and which images are in it.
type draw struct {
	report.Sample
	has map[string]bool
}

// drawnOf draws the sample. Images whose registry or digest is not known are drawn
// like others.
func drawnOf(g *gather.Gathered) draw {
	members := make([]sample.Member, len(g.Images))
	for i, img := range g.Images {
		members[i] = sample.Member{Ref: img.Ref, Stratum: stratumOf(img)}
	}
	s := sample.Draw(members, g.Size, g.Seed)
	out := draw{has: map[string]bool{}, Sample: report.Sample{
		Seed: g.Seed, Size: g.Size, Drawn: len(s.Refs), Of: s.Of, Method: s.Method, Population: s.Population, Strata: []report.Strata{},
	}}
	for _, ref := range s.Refs {
		out.has[ref] = true
	}
	for _, one := range s.Strata {
		out.Strata = append(out.Strata, report.Strata{Namespace: one.Name, Images: one.Members, Drawn: one.Drawn})
	}
	return out
}

// stratumOf is the first of the namespaces that an image runs in.
func stratumOf(img audit.Image) string {
	if len(img.Namespaces) == 0 {
		return ""
	}
	return img.Namespaces[0]
}
