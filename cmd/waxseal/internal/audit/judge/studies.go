package judge

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/gather"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/enforcement"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/engine"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/pipeline"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/study"
)

// students judge what was read of clusters and repositories. The policies are
// compiled once for each subject, and only where there is something to judge.
type students struct {
	settings Settings
	now      json.Number
	compiled map[bundles.Subject]*engine.Replayer
	about    map[string]meta // policies, by what their METADATA says
}

func newStudents(s Settings) *students {
	return &students{settings: s, compiled: map[bundles.Subject]*engine.Replayer{}}
}

func (s *students) at(now time.Time) { s.now = json.Number(strconv.FormatInt(now.UnixNano(), 10)) }

func (s *students) metadata() (about map[string]meta, err error) {
	if s.about == nil {
		s.about, err = metadata()
	}
	return s.about, err
}

// judge asks the policies of a subject about facts, which are the result of a function
// that reads locally.
func (s *students) judge(ctx context.Context, subject bundles.Subject, fn string, facts any) (*engine.Outcome, error) {
	if s.compiled[subject] == nil {
		on, err := study.Parameters(&config.Config{Policies: s.settings.Parameters}, subject)
		if err != nil {
			return nil, err
		}
		if s.compiled[subject], err = engine.NewReplayer(ctx, subject, on); err != nil {
			return nil, err
		}
	}
	found, err := evidence.Found(fn, "", facts, nil)
	if err != nil {
		return nil, err
	}
	var result map[string]any
	if err := into(found, &result); err != nil {
		return nil, err
	}
	key := fmt.Sprintf(`{"fn":%q,"opts":{},"ref":""}`, fn)
	return s.compiled[subject].Judge(ctx, map[string]map[string]any{key: result}, s.now, map[string]any{"object": map[string]any{"kind": string(subject)}})
}

// Verdicts on what a cluster enforces, beside those of the policies.
const (
	enforces   = "enforces"
	nothing    = "nothing"
	cannotTell = "cannot_tell"
)

// cluster judges what a cluster enforces. Unread is how much of it is missing.
func (s *students) cluster(ctx context.Context, c gather.Cluster, unread int) (report.Cluster, []report.Finding, []report.Finding, error) {
	out := report.Cluster{
		Name: c.Name, Verdict: cannotTell, Line: "nobody can tell whether verification is enforced: the admission configuration was not read",
		Via: []string{}, Objects: []report.AdmissionObject{}, Covered: report.Covered{Uncovered: []string{}, Exempt: []string{}},
	}
	if c.Configuration == nil {
		return out, nil, nil, nil
	}
	o, err := s.judge(ctx, bundles.Enforcement, evidence.EnforcementRead, c.Configuration)
	if err != nil {
		return out, nil, nil, err
	}
	said, err := enforcement.Read(o)
	if err != nil {
		return out, nil, nil, err
	}
	unread += len(c.Configuration.Problems)
	out.Verdict, out.Line = said.Whole.Verdict, said.Line(unread)
	out.Via = append(out.Via, said.Whole.By...)
	if out.Verdict == "none" {
		out.Verdict = nothing
	}
	switch {
	case strings.HasPrefix(out.Line, "nobody can tell"):
		out.Verdict = cannotTell
	case out.Verdict == nothing && unread > 0:
		// Nor does the finding say more: what was not read may hold the rule.
		for i := range o.Violations {
			if o.Violations[i].Code == enforced+".not_enforced" {
				o.Violations[i].Errors = append(o.Violations[i].Errors, render.Error{Code: "not_visible", Message: "not all of the admission configuration was read", Retryable: true})
			}
		}
		out.Verdict, out.Line = cannotTell, "nobody can tell whether verification is enforced: no rule that was read verifies images, and not all was read"
	}
	out.Covered = coveredOf(said)
	exported := exportedOf(c)
	said.Sort()
	for _, object := range said.Objects {
		out.Objects = append(out.Objects, objectOf(object, exported))
	}
	return out, otherFindings(aboutEnforcement, c.Name, "", o.Violations), otherFindings(aboutEnforcement, c.Name, "", o.Notes), nil
}

func coveredOf(s *enforcement.Said) report.Covered {
	of := func(s enforcement.Share) report.Of { return report.Of{Part: s.Covered, Whole: s.All} }
	c := s.Coverage
	return report.Covered{
		Namespaces: of(c.Namespaces), Workloads: of(c.Workloads), Containers: of(c.Containers),
		Uncovered: append([]string{}, c.Uncovered...), Exempt: append([]string{}, c.Exempt...),
	}
}

type objectName struct{ kind, namespace, name string }

func exportedOf(c gather.Cluster) map[objectName]map[string]any {
	out := map[objectName]map[string]any{}
	for _, object := range c.Exported {
		kind, _ := object["kind"].(string)
		meta, _ := object["metadata"].(map[string]any)
		namespace, _ := meta["namespace"].(string)
		name, _ := meta["name"].(string)
		out[objectName{kind, namespace, name}] = object
	}
	return out
}

func objectOf(o enforcement.Object, exported map[objectName]map[string]any) report.AdmissionObject {
	out := report.AdmissionObject{
		Kind: o.Kind, Namespace: o.Namespace, Name: o.Name, File: o.File, Line: o.Line, About: o.About, Verdict: o.Verdict,
		Because: enforcement.Deciding(o.Reasons), Exported: exported[objectName{o.Kind, o.Namespace, o.Name}],
	}
	if out.Exported != nil {
		if raw, err := json.Marshal(out.Exported); err == nil { // keys of maps are sorted
			out.Digest = fmt.Sprintf("sha256:%x", sha256.Sum256(raw))
		}
	}
	return out
}

// built counts what pipelines build.
type built struct {
	read, untold              bool // a repository was read; what it does cannot be told
	pipelines, images, signed int
	unknown, scanned, unscan  int // unknown: whether it is signed, unscan: whether it is scanned
	pushless                  int
	verifies                  []string // places where a pipeline verifies an image
	share                     report.Share
}

func (s *students) repository(ctx context.Context, r gather.Repository, b *built) (report.Repository, []report.Finding, []report.Finding, error) {
	out := report.Repository{Name: r.Name, Commit: r.Commit, Line: "nobody can tell: it was not read", Images: []report.Built{}}
	if r.Facts == nil {
		b.untold = true
		return out, nil, nil, nil
	}
	o, err := s.judge(ctx, bundles.Pipelines, evidence.PipelineRead, r.Facts)
	if err != nil {
		return out, nil, nil, err
	}
	said, err := pipeline.Read(o)
	if err != nil {
		return out, nil, nil, err
	}
	lines := said.Lines()
	out.Line = lines[len(lines)-1]
	for _, i := range said.Images {
		out.Images = append(out.Images, report.Built{
			Image: i.Image, Pipeline: i.Pipeline, File: i.File, Line: i.Line, Pushed: i.Pushed, Signed: i.Signed, Scanned: i.Scanned, Gates: i.Gates,
			Attested: i.Attested, SBOM: i.SBOM, Admitted: i.Admitted, SignedBy: append([]string{}, i.SignedBy...), ScannedBy: append([]string{}, i.ScannedBy...),
		})
	}
	b.count(said)
	b.untold = b.untold || len(r.Facts.Problems) > 0 || said.Summary.Pipelines == 0
	for _, p := range r.Facts.Pipelines {
		for _, job := range p.Jobs {
			for _, step := range job.Steps {
				for _, action := range step.Actions {
					if action.Kind == "verify" {
						b.verifies = append(b.verifies, fmt.Sprintf("%s %s:%d", r.Name, action.File, action.Line))
					}
				}
			}
		}
	}
	return out, otherFindings(aboutPipeline, "", r.Name, o.Violations), otherFindings(aboutPipeline, "", r.Name, o.Notes), nil
}

func (b *built) count(said *pipeline.Said) {
	n := said.Summary
	b.read = true
	b.pipelines, b.images, b.signed = b.pipelines+n.Pipelines, b.images+n.Images, b.signed+n.Signed
	b.unknown, b.scanned, b.unscan = b.unknown+n.CannotTell, b.scanned+n.Scanned, b.unscan+n.ScanCannotTell
	b.pushless += n.NotPushed
	b.share.Yes, b.share.CannotTell = b.signed, b.unknown
	b.share.No = b.images - b.signed - b.unknown
}

// missing are the missing parts that rest on something.
func missing(g *gather.Gathered, rests string) (out []audit.Missing) {
	for _, m := range g.Missing {
		if m.Rests == rests {
			out = append(out, m)
		}
	}
	return out
}
