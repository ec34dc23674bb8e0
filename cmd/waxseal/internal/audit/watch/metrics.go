package watch

import (
	"cmp"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
)

// Metrics are those of the newest audit, and of the runs. It is a
// [prometheus.Collector], safe for concurrent use. All gauges are of one report:
// a scrape never mixes two.
type Metrics struct {
	mu     sync.Mutex
	report *report.Report
	runs   map[Result]int
	last   time.Time // end of the newest run, whatever came of it
	good   time.Time // end of the newest run that gave a report
	took   time.Duration
}

// Result is what came of a run.
type Result string

// The results. A run that failed gave no report: the numbers stay those of the one before.
const (
	Passed       Result = "pass"
	Failed       Result = "fail"
	Inconclusive Result = "inconclusive"
	Broken       Result = "error"
)

var results = []Result{Passed, Failed, Inconclusive, Broken}

// NewMetrics returns metrics of no audit.
func NewMetrics() *Metrics { return &Metrics{runs: map[Result]int{}} }

// Ran notes a run. The report is nil when there is none.
func (m *Metrics) Ran(r *report.Report, ended time.Time, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.runs[resultOf(r)]++
	m.last, m.took = ended, took
	if r != nil {
		m.report, m.good = r, ended
	}
}

func resultOf(r *report.Report) Result {
	switch {
	case r == nil:
		return Broken
	case r.Summary.Status == report.Pass || r.Summary.Status == report.NotApplicable:
		return Passed
	case r.Summary.Status == report.Fail:
		return Failed
	}
	return Inconclusive
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("waxseal_audit_"+name, help, labels, nil)
}

var (
	runsDesc       = describe("runs_total", "Audits that were run, by result (pass, fail, inconclusive, error).", "result")
	lastDesc       = describe("last_run_timestamp_seconds", "When the newest audit ended, whatever came of it.")
	goodDesc       = describe("last_report_timestamp_seconds", "When the newest audit ended that gave a report: what the other numbers are of.")
	tookDesc       = describe("last_run_seconds", "How long the newest audit took.")
	podsDesc       = describe("pods", "Pods that run, by cluster.", "cluster")
	imagesDesc     = describe("images", "Images that run, by cluster and verdict (admitted, denied, cannot_tell, not_sampled). An image that runs in two clusters counts in both.", "cluster", "verdict")
	answersDesc    = describe("image_answers", "Images that were judged, by question (signed, scanned, registry, sbom, provenance) and answer (yes, no, cannot_tell, not_asked).", "question", "answer")
	findingsDesc   = describe("findings", "Findings, by policy, code, severity and whether they rest on an answer; others are what nobody can tell.", "policy", "code", "severity", "answered")
	controlsDesc   = describe("control", "1 for the status that a control has (pass, fail, inconclusive, not_applicable).", "control", "status")
	oldestDesc     = describe("oldest_scan_timestamp_seconds", "Time of the oldest of the scan reports that count for what runs.")
	unscannedDesc  = describe("images_without_scan", "Images that were judged and have no scan report that counts.")
	expiresDesc    = describe("exception_expiry_timestamp_seconds", "When an exception ends, by id and policy; those without an end are left out.", "id", "policy", "state")
	rotatedDesc    = describe("key_changed_timestamp_seconds", "When a key was made or last rotated, by name; keys that do not say are left out.", "key")
	rejectionsDesc = describe("rejections", "Requests in the logs of the period that were refused for their images, by system and rule.", "system", "rule")
	missingDesc    = describe("missing", "Parts of the scope that could not be read, by what cannot be told without them.", "rests")
)

var descriptions = []*prometheus.Desc{
	runsDesc, lastDesc, goodDesc, tookDesc, podsDesc, imagesDesc, answersDesc, findingsDesc, controlsDesc,
	oldestDesc, unscannedDesc, expiresDesc, rotatedDesc, rejectionsDesc, missingDesc,
}

// Describe implements [prometheus.Collector].
func (m *Metrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range descriptions {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
func (m *Metrics) Collect(to chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, result := range results {
		to <- prometheus.MustNewConstMetric(runsDesc, prometheus.CounterValue, float64(m.runs[result]), string(result))
	}
	g := gauges{to}
	if !m.last.IsZero() {
		g.set(lastDesc, seconds(m.last))
		g.set(tookDesc, m.took.Seconds())
	}
	if m.report != nil {
		g.set(goodDesc, seconds(m.good))
		g.report(m.report)
	}
}

// Text writes the metrics as Prometheus reads them, for the textfile collector of
// its node exporter.
func (m *Metrics) Text(w io.Writer) error {
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(m); err != nil {
		return err
	}
	families, err := registry.Gather()
	if err != nil {
		return err
	}
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(w, f); err != nil {
			return err
		}
	}
	return nil
}

type gauges struct{ to chan<- prometheus.Metric }

func (g gauges) set(d *prometheus.Desc, value float64, labels ...string) {
	g.to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

// counts are numbers by labels.
type counts map[[4]string]int

// setAll gives each number its first n labels.
func (g gauges) setAll(d *prometheus.Desc, of counts, n int) {
	for _, key := range slices.SortedFunc(maps.Keys(of), func(a, b [4]string) int { return slices.Compare(a[:], b[:]) }) {
		g.set(d, float64(of[key]), key[:n]...)
	}
}

func (g gauges) report(r *report.Report) {
	for _, c := range r.Scope.Clusters {
		g.set(podsDesc, float64(c.Pods), c.Name)
	}
	g.images(r)
	findings, rejections, missing := counts{}, counts{}, counts{}
	for _, f := range r.Findings {
		findings[[4]string{f.Policy, f.Code, f.Severity, map[bool]string{true: "yes", false: "no"}[f.Answered]}]++
	}
	for _, row := range r.Logs.Rejections {
		rejections[[4]string{row.System, row.Rule}] += row.Count
	}
	for _, part := range r.Scope.Missing {
		missing[[4]string{part.Rests}]++
	}
	g.setAll(findingsDesc, findings, 4)
	g.setAll(rejectionsDesc, rejections, 2)
	g.setAll(missingDesc, missing, 1)
	for _, c := range r.Controls {
		for _, status := range []report.Status{report.Pass, report.Fail, report.Inconclusive, report.NotApplicable} {
			g.set(controlsDesc, map[bool]float64{true: 1}[c.Status == status], c.ID, string(status))
		}
	}
	g.times(r)
}

// verdicts and questions always have a number, so that an alert sees a zero.
func (g gauges) images(r *report.Report) {
	images, answers, unscanned := counts{}, counts{}, 0
	for _, c := range r.Scope.Clusters {
		for _, verdict := range []string{"admitted", "denied", "cannot_tell", "not_sampled"} {
			images[[4]string{c.Name, verdict}] = 0
		}
	}
	for _, question := range []string{"signed", "scanned", "registry", "sbom", "provenance"} {
		for _, answer := range []audit.Answer{audit.Yes, audit.No, audit.CannotTell, audit.NotAsked} {
			answers[[4]string{question, string(answer)}] = 0
		}
	}
	for _, i := range r.Images {
		for cluster := range clustersOf(i) {
			images[[4]string{cluster, cmp.Or(i.Verdict, "not_sampled")}]++
		}
		if !i.Sampled {
			continue
		}
		if i.Scan == nil {
			unscanned++
		}
		for question, answer := range map[string]audit.Answer{"signed": i.Signed, "scanned": i.Scanned, "registry": i.Registry, "sbom": i.SBOM, "provenance": i.Provenance} {
			answers[[4]string{question, string(cmp.Or(answer, audit.NotAsked))}]++
		}
	}
	g.setAll(imagesDesc, images, 2)
	g.setAll(answersDesc, answers, 2)
	g.set(unscannedDesc, float64(unscanned))
}

func clustersOf(i report.Image) map[string]bool {
	out := map[string]bool{}
	for _, w := range i.Workloads {
		out[w.Cluster] = true
	}
	return out
}

func (g gauges) times(r *report.Report) {
	if at, ok := parsed(time.RFC3339, r.Summary.OldestScan); ok {
		g.set(oldestDesc, at)
	}
	seen := map[string]bool{}
	for _, e := range r.Exceptions {
		if at, ok := parsed(time.DateOnly, e.Expires, time.RFC3339); ok && !seen[e.ID+"\x00"+e.Policy] {
			seen[e.ID+"\x00"+e.Policy] = true
			g.set(expiresDesc, at, e.ID, e.Policy, e.State)
		}
	}
	for _, k := range r.Keys {
		if at, ok := parsed(time.DateOnly, cmp.Or(k.Rotated, k.Created), time.RFC3339); ok && k.Name != "" && !seen["key "+k.Name] {
			seen["key "+k.Name] = true
			g.set(rotatedDesc, at, k.Name)
		}
	}
}

// parsed reads a time in one of the forms.
func parsed(form, text string, more ...string) (float64, bool) {
	for _, form := range append([]string{form}, more...) {
		if at, err := time.Parse(form, text); err == nil {
			return seconds(at), true
		}
	}
	return 0, false
}

func seconds(t time.Time) float64 { return float64(t.Unix()) }
