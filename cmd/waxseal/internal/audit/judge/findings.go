package judge

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// What a finding is about.
const (
	aboutImage       = "image"
	aboutEnforcement = "enforcement"
	aboutPipeline    = "pipeline"
)

// abouts is the order of findings, the most asked for first.
var abouts = []string{aboutImage, "running", aboutEnforcement, aboutPipeline, "key", "log", "probe"}

// idOf makes an id that stays the same as long as the finding is about the same: of
// what it is about and its code, and of what it names. No line, time or count is in
// it.
func idOf(about string, parts ...string) string {
	sum := sha256.Sum256([]byte(about + "\n" + strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:])[:12]
}

// merged are the findings that units of one image share.
type merged struct {
	report.Finding
	whys []string
}

// imageFindings are the findings, or the notes, about an image: one for each code.
func imageFindings(img audit.Image, all []said) []report.Finding {
	byCode := map[string]*merged{}
	var order []string
	for _, v := range all {
		m := byCode[v.Code]
		if m == nil {
			order = append(order, v.Code)
			m = &merged{Finding: report.Finding{
				ID: idOf(aboutImage, v.Code, img.Ref), About: aboutImage, Digest: img.Digest, Places: []audit.Workload{}, Rows: []string{}, Violation: v.Violation,
			}}
			m.Errors, m.Controls = []render.Error{}, append([]string{}, v.Controls...)
			m.Image = img.Ref
			byCode[v.Code] = m
		}
		m.join(v)
	}
	slices.Sort(order)
	out := make([]report.Finding, 0, len(order))
	for _, code := range order {
		out = append(out, byCode[code].finding())
	}
	return out
}

// join adds what is said about another unit.
func (m *merged) join(v said) {
	m.Answered = m.Answered || v.Answered()
	if severityRank(v.Severity) < severityRank(m.Severity) {
		m.Severity = v.Severity
	}
	why := cmp.Or(v.Reason(nil), v.Title)
	if !slices.Contains(m.whys, why) {
		m.whys = append(m.whys, why)
	}
	for _, e := range v.Errors {
		if !slices.Contains(m.Errors, e) {
			m.Errors = append(m.Errors, e)
		}
	}
	m.Places = places(m.Places, v.places)
}

// maxWhys bounds the reasons in the message of one finding.
const maxWhys = 5

func (m *merged) finding() report.Finding {
	slices.Sort(m.whys)
	more := ""
	if n := len(m.whys) - maxWhys; n > 0 {
		more = fmt.Sprintf("; and %d more", n)
		m.whys = m.whys[:maxWhys]
	}
	m.Msg = strings.TrimSpace(fmt.Sprintf("image %q: %s%s. %s", m.Image, strings.Join(m.whys, "; "), more, m.Remediation))
	m.Where = render.Where{Path: m.Where.Path, Container: m.Where.Container}
	if len(m.Places) > 0 {
		m.Where.Kind, m.Where.Namespace, m.Where.Name = m.Places[0].Kind, m.Places[0].Namespace, m.Places[0].Name
	}
	slices.SortFunc(m.Errors, func(a, b render.Error) int {
		return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	return m.Finding
}

// places adds workloads, sorted and each once: the numbers of Pods are added up.
func places(to, more []audit.Workload) []audit.Workload {
	for _, w := range more {
		at := slices.IndexFunc(to, func(o audit.Workload) bool {
			return o.Cluster == w.Cluster && o.Namespace == w.Namespace && o.Kind == w.Kind && o.Name == w.Name
		})
		if at < 0 {
			to = append(to, w)
		} else {
			to[at].Pods = max(to[at].Pods, w.Pods)
		}
	}
	slices.SortFunc(to, func(a, b audit.Workload) int {
		return cmp.Or(cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return to[:min(len(to), audit.MaxWorkloads)]
}

var lineNumber = regexp.MustCompile(`:[0-9]+\b`)

// otherFindings are findings about what is no image. Two that read the same are told
// apart by their order.
func otherFindings(about, cluster, repository string, all []render.Violation) []report.Finding {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b render.Violation) int {
		return cmp.Or(cmp.Compare(a.Where.File, b.Where.File), cmp.Compare(a.Where.Line, b.Where.Line), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Msg, b.Msg))
	})
	seen := map[string]int{}
	out := make([]report.Finding, 0, len(all))
	for _, v := range all {
		parts := []string{
			v.Code, cluster, repository, v.Image, v.Where.File, v.Where.Kind, v.Where.Namespace, v.Where.Name, v.Where.Path, v.Where.Container,
			lineNumber.ReplaceAllString(v.Msg, ""),
		}
		id := idOf(about, parts...)
		if seen[id]++; seen[id] > 1 {
			id = idOf(about, append(parts, fmt.Sprint(seen[id]))...)
		}
		v.Controls, v.Errors = append([]string{}, v.Controls...), append([]render.Error{}, v.Errors...)
		out = append(out, report.Finding{
			ID: id, About: about, Cluster: cluster, Repository: repository, Places: []audit.Workload{}, Rows: []string{}, Answered: v.Answered(), Violation: v,
		})
	}
	return out
}

// sorted brings findings into their one order: what they are about, the worst first.
func sorted(all []report.Finding) []report.Finding {
	slices.SortStableFunc(all, func(a, b report.Finding) int {
		return cmp.Or(
			cmp.Compare(slices.Index(abouts, a.About), slices.Index(abouts, b.About)),
			cmp.Compare(severityRank(a.Severity), severityRank(b.Severity)), cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.Image, b.Image), cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Repository, b.Repository),
			cmp.Compare(a.Where.File, b.Where.File), cmp.Compare(a.Where.Line, b.Where.Line), cmp.Compare(a.ID, b.ID),
		)
	})
	return append([]report.Finding{}, all...)
}

func severityRank(severity string) int {
	if at := slices.Index(severities, severity); at >= 0 {
		return at
	}
	return len(severities)
}
