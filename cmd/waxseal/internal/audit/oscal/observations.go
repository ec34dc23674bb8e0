package oscal

import (
	"strings"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
)

// layout is the folder of the evidence in the record.
const layout = "layout/"

func (o *writer) observations() []observation {
	var out []observation
	for _, c := range o.r.Controls {
		o.rows[c.ID] = o.id("observation/control/" + c.ID)
		out = append(out, observation{
			UUID: o.rows[c.ID], Title: or(c.ID+" "+c.Title, "Control"), Description: or(c.Answer, "No answer"), Methods: method(c.Section), Types: []string{"control-objective"},
			Props:   props(append([]string{"row", c.ID, "status", string(c.Status), "command", c.Command}, controlPairs(c.Controls)...)...),
			Origins: o.origins(), Collected: o.when, Remarks: text(strings.Join(c.Missing, "; ")),
		})
	}
	for _, i := range o.r.Images {
		if i.Sampled {
			out = append(out, o.image(i))
		}
	}
	for _, f := range o.r.Findings {
		o.findings[f.ID] = o.id("observation/finding/" + f.ID)
		out = append(out, observation{
			UUID: o.findings[f.ID], Title: or(f.Heading(), "Finding"), Description: or(f.Full(), "Finding"), Methods: method(f.About), Types: []string{"finding"},
			Props: props(append([]string{
				"finding-id", f.ID, "code", f.Code, "severity", f.Severity, "answered", map[bool]string{true: "yes", false: "no"}[f.Answered],
				"file", f.Where.File, "cluster", f.Cluster, "repository", f.Repository, "digest", f.Digest,
			}, controlPairs(f.Controls)...)...),
			Origins: o.origins(), Subjects: o.subjectOf(f), Collected: o.when, Remarks: unknown(f.Answered),
		})
	}
	return out
}

func unknown(answered bool) string {
	if answered {
		return ""
	}
	return "Nobody can tell: the evidence could not be had."
}

// method is how something was observed: probes and signatures are tried, the rest
// is read.
func method(section string) []string {
	switch section {
	case "images", "image", "probes", "probe", "running":
		return []string{"TEST"}
	default:
		return []string{"EXAMINE"}
	}
}

// image is what was observed of an image that runs.
func (o *writer) image(i report.Image) observation {
	out := observation{
		UUID: o.id("observation/image/" + i.Ref), Title: or("Image "+i.Ref, "Image"), Description: or(imageWords(i), "Image"), Methods: []string{"TEST"}, Types: []string{"component"},
		Props: props("verdict", i.Verdict, "codes", strings.Join(i.Codes, " "), "command", i.Command), Origins: o.origins(),
		Subjects: []subject{{o.images[i.Ref], "inventory-item", text(i.Ref)}}, Collected: o.when,
	}
	for _, e := range i.Evidence {
		out.Evidence = append(out.Evidence, o.evidence(e)...)
	}
	return out
}

func imageWords(i report.Image) string {
	words := "It runs in " + strings.Join(i.Namespaces, ", ") + ". Verdict: " + i.Verdict + ". Signed: " + string(i.Signed) + ", scanned: " + string(i.Scanned) + ", of an approved registry: " + string(i.Registry) + "."
	for _, s := range i.Signers {
		words += " Signed by " + s.Kind + " " + strings.TrimSpace(s.Name+" "+s.Issuer+" "+s.Subject) + "."
	}
	if s := i.Scan; s != nil {
		words += " Scanned by " + s.Scanner + " at " + s.ScannedAt + "."
	}
	return strings.ReplaceAll(words, "_", " ")
}

// evidence names the bytes in the record; without a record only their digests.
func (o *writer) evidence(e report.Evidence) (out []evidence) {
	what := text(e.Request)
	if !e.OK {
		what = text(strings.TrimSuffix(e.Request+", which did not hold: "+strings.Join(e.Codes, ", "), ": "))
	}
	for _, digest := range e.Digests {
		one := evidence{Description: or(what, "Evidence"), Props: props("digest", digest)}
		if algorithm, hex, ok := strings.Cut(digest, ":"); ok && o.r.Audit.Record != "" && isHex(hex) && isHex(strings.TrimPrefix(algorithm, "sha")) {
			one.Href = layout + "blobs/" + algorithm + "/" + hex
		}
		out = append(out, one)
	}
	return out
}

func isHex(s string) bool { return s != "" && strings.Trim(s, "0123456789abcdef") == "" }
