package watch_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report/reporttest"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/watch"
)

var begin = time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)

func text(t *testing.T, m *watch.Metrics) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, m.Text(&b))
	return b.String()
}

func TestMetrics(t *testing.T) {
	m := watch.NewMetrics()
	before := text(t, m)
	assert.Contains(t, before, `waxseal_audit_runs_total{result="pass"} 0`)
	assert.NotContains(t, before, "waxseal_audit_images", "there is no report: no zero stands for it")

	m.Ran(reporttest.Sample(), begin, 41*time.Second)
	got := text(t, m)
	for _, line := range []string{
		`waxseal_audit_runs_total{result="fail"} 1`,
		`waxseal_audit_last_run_seconds 41`,
		`waxseal_audit_last_run_timestamp_seconds 1.7956836e+09`,
		`waxseal_audit_last_report_timestamp_seconds 1.7956836e+09`,
		`waxseal_audit_pods{cluster="prod-eu"} 168`,
		`waxseal_audit_images{cluster="prod-eu",verdict="admitted"} 4`,
		`waxseal_audit_images{cluster="prod-eu",verdict="denied"} 5`,
		`waxseal_audit_images{cluster="prod-eu",verdict="cannot_tell"} 1`,
		`waxseal_audit_images{cluster="staging",verdict="denied"} 0`,
		`waxseal_audit_image_answers{answer="no",question="signed"} 3`,
		`waxseal_audit_image_answers{answer="not_asked",question="sbom"} 12`,
		`waxseal_audit_images_without_scan 2`,
		`waxseal_audit_findings{answered="yes",code="signed_images.unsigned",policy="signed_images",severity="high"} 1`,
		`waxseal_audit_findings{answered="no",code="signed_images.unknown",policy="signed_images",severity="medium"} 1`,
		`waxseal_audit_control{control="A1",status="pass"} 1`,
		`waxseal_audit_control{control="A1",status="fail"} 0`,
		`waxseal_audit_oldest_scan_timestamp_seconds 1.7894232e+09`,
		`waxseal_audit_exception_expiry_timestamp_seconds{id="EX-7",policy="scanned_images",state="used"} 1.7972928e+09`,
		`waxseal_audit_key_changed_timestamp_seconds{key="release"} 1.748736e+09`,
		`waxseal_audit_rejections{rule="allowed_registries.not_approved",system="gatekeeper"} 22`,
		`waxseal_audit_missing{rests="images"} 2`,
	} {
		assert.True(t, strings.Contains(got, line+"\n"), line)
	}
}

var update = flag.Bool("update", false, "write the golden files")

// TestText compares all metrics of the sample with a file, which tests/monitoring
// gives to Prometheus.
func TestText(t *testing.T) {
	const golden = "testdata/metrics.txt"
	m := watch.NewMetrics()
	m.Ran(reporttest.Sample(), begin, 41*time.Second)
	got := text(t, m)
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

// TestNoReport shows that a run without a report leaves the numbers of the one
// before, and says so: they are old, not zero.
func TestNoReport(t *testing.T) {
	m := watch.NewMetrics()
	m.Ran(reporttest.Sample(), begin, time.Second)
	m.Ran(nil, begin.Add(time.Hour), time.Second)
	got := text(t, m)
	assert.Contains(t, got, `waxseal_audit_runs_total{result="error"} 1`+"\n")
	assert.Contains(t, got, "waxseal_audit_last_report_timestamp_seconds 1.7956836e+09\n")
	assert.Contains(t, got, "waxseal_audit_last_run_timestamp_seconds 1.7956872e+09\n")
	assert.Contains(t, got, `waxseal_audit_images{cluster="prod-eu",verdict="denied"} 5`+"\n")
}

// TestEqualNames shows that two exceptions, or keys, of one name do not break the
// scrape, and that an image outside of the sample is no admitted one.
func TestEqualNames(t *testing.T) {
	r := reporttest.Sample()
	r.Exceptions = append(r.Exceptions, r.Exceptions[1])
	r.Keys = append(r.Keys, r.Keys[0])
	r.Images[0].Verdict, r.Images[0].Sampled, r.Images[0].Signed = "", false, audit.NotAsked
	m := watch.NewMetrics()
	m.Ran(r, begin, time.Second)
	got := text(t, m)
	assert.Contains(t, got, `waxseal_audit_images{cluster="prod-eu",verdict="not_sampled"} 1`+"\n")
	assert.Contains(t, got, `waxseal_audit_image_answers{answer="yes",question="signed"} 7`+"\n")
}

// clock is a clock that stands, and waits that end when they are told.
type clock struct {
	waits chan time.Duration
	tick  chan time.Time
}

func (c clock) after(d time.Duration) <-chan time.Time {
	c.waits <- d
	return c.tick
}

func TestRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := clock{make(chan time.Duration), make(chan time.Time)}
	address := make(chan net.Addr, 1)
	var log bytes.Buffer
	runs := 0
	done := make(chan error, 1)
	go func() {
		done <- watch.Run(ctx, watch.Options{
			Interval: time.Hour, Address: "127.0.0.1:0", Log: &log, After: c.after, Now: func() time.Time { return begin },
			Listening: func(a net.Addr) { address <- a },
		}, func(context.Context) (*report.Report, error) {
			if runs++; runs == 1 {
				return nil, errors.New("the cluster is away\x1b[2J")
			}
			return reporttest.Sample(), nil
		})
	}()
	at := (<-address).String()
	require.Equal(t, time.Hour, <-c.waits)
	status, _ := get(t, at, "/healthz")
	assert.Equal(t, http.StatusServiceUnavailable, status, "no report yet")
	c.tick <- begin
	<-c.waits
	status, body := get(t, at, "/healthz")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "newest report: 2026-11-26T09:00:00Z\n", body)
	status, body = get(t, at, "/metrics")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, `waxseal_audit_images{cluster="prod-eu",verdict="denied"} 5`)
	cancel()
	require.NoError(t, <-done)
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	require.Len(t, lines, 2)
	assert.Equal(t, `2026-11-26T09:00:00Z no report: the cluster is away\x1b[2J`, lines[0])
	assert.Equal(t, "2026-11-26T09:00:00Z fail: 6 of 12 images admitted, 5 denied, 1 cannot be told; 16 findings; 3 of 4 images are signed; verification enforced with gaps via WaxsealImages images.", lines[1])
	_, err := net.Dial("tcp", at)
	assert.Error(t, err, "the server is stopped")
}

func TestMisuse(t *testing.T) {
	never := func(context.Context) (*report.Report, error) { panic("it was run") }
	assert.EqualError(t, watch.Run(t.Context(), watch.Options{Interval: time.Second}, never), "--watch 1s: at least 1m0s was expected")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	assert.ErrorContains(t, watch.Run(t.Context(), watch.Options{Interval: time.Hour, Address: taken.Addr().String()}, never), "--metrics: listen tcp")
}

func get(t *testing.T, address, path string) (status int, body string) {
	t.Helper()
	response, err := http.Get("http://" + address + path)
	require.NoError(t, err)
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(raw)
}
