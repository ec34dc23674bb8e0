// Package monitoring_test loads the dashboard and the alerts of examples/audit as
// their users do: by Grafana's own types, and into a real Prometheus that has
// scraped the metrics of an audit.
package monitoring_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	examples = "../../examples/audit"
	// metrics are those of the sample report, as its test writes them.
	metrics = "../../cmd/waxseal/internal/audit/watch/testdata/metrics.txt"
)

// tool returns the path of a program of Prometheus. `make test-monitoring` unpacks them.
func tool(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("PROMETHEUS")
	if dir == "" {
		t.Skip("$PROMETHEUS names no folder with prometheus and promtool: run make test-monitoring")
	}
	return filepath.Join(dir, name)
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(name)
	require.NoError(t, err)
	return raw
}

func TestAlerts(t *testing.T) {
	promtool := tool(t, "promtool")
	out, err := exec.Command(promtool, "check", "rules", filepath.Join(examples, "alerts.yaml")).CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Contains(t, string(out), "SUCCESS: 12 rules found")
	test := exec.Command(promtool, "test", "rules", "alerts_test.yaml")
	test.Dir = examples
	out, err = test.CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Contains(t, string(out), "SUCCESS")
}

func TestMetrics(t *testing.T) {
	lint := exec.Command(tool(t, "promtool"), "check", "metrics")
	lint.Stdin = strings.NewReader(string(read(t, metrics)))
	out, err := lint.CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Empty(t, string(out), "what promtool says of names and helps")
}

// TestNames finds names in alerts and dashboard that no audit exports.
func TestNames(t *testing.T) {
	exported := map[string]bool{}
	for _, name := range regexp.MustCompile(`(?m)^# TYPE (\S+)`).FindAllStringSubmatch(string(read(t, metrics)), -1) {
		exported[name[1]] = true
	}
	require.Len(t, exported, 15)
	used := map[string]bool{}
	for _, file := range []string{"alerts.yaml", "alerts_test.yaml", "dashboard.json"} {
		for _, name := range regexp.MustCompile(`\bwaxseal_audit_[a-z_]+`).FindAllString(string(read(t, filepath.Join(examples, file))), -1) {
			assert.True(t, exported[name], "%s: %s is not exported", file, name)
			used[name] = true
		}
	}
	assert.Greater(t, len(used), 10)
}

// TestDashboard loads the dashboard strictly, and asks Prometheus all that its
// panels ask: each query has an answer.
func TestDashboard(t *testing.T) {
	plugins.RegisterDefaultPlugins()
	raw := read(t, filepath.Join(examples, "dashboard.json"))
	require.Empty(t, strict(new(dashboard.Dashboard), raw))
	require.Equal(t, "panels[0].Panel: unexpected field 'gridpos'", strict(new(dashboard.Dashboard), []byte(strings.Replace(string(raw), `"gridPos"`, `"gridpos"`, 1))))
	var board dashboard.Dashboard
	require.NoError(t, json.Unmarshal(raw, &board))
	assert.Equal(t, "Waxseal audit", *board.Title)

	at := prometheusOf(t)
	asked := 0
	ids := map[uint32]bool{}
	for _, p := range board.Panels {
		panel := p.Panel
		require.NotNil(t, panel)
		require.False(t, ids[*panel.Id], "panel %d stands twice", *panel.Id)
		ids[*panel.Id] = true
		require.NotEmpty(t, *panel.Description, *panel.Title)
		require.LessOrEqual(t, panel.GridPos.X+panel.GridPos.W, uint32(24), *panel.Title)
		for _, target := range panel.Targets {
			query, ok := target.(*prometheus.Dataquery)
			require.True(t, ok, "%s: %T", *panel.Title, target)
			expr := strings.ReplaceAll(query.Expr, "$cluster", ".*")
			assert.NotEmpty(t, answer(t, at, expr), "%s: %s", *panel.Title, expr)
			asked++
		}
	}
	assert.Equal(t, 15, asked)
	assert.Len(t, board.Templating.List, 2)
	assert.Equal(t, []any{"prod-eu", "staging"}, get(t, at+"/api/v1/label/cluster/values?match[]=waxseal_audit_images"))
}

// strict loads a dashboard as Grafana's types have it, and says what is wrong. The
// error is a list, which is empty and not nil where nothing is.
func strict(into *dashboard.Dashboard, raw []byte) string {
	err := into.UnmarshalJSONStrict(raw)
	if list, ok := errors.AsType[cog.BuildErrors](err); ok && len(list) == 0 {
		return ""
	}
	return err.Error()
}

// prometheusOf starts a Prometheus that scrapes the metrics, and returns its address.
func prometheusOf(t *testing.T) string {
	t.Helper()
	program := tool(t, "prometheus")
	text := read(t, metrics)
	exporter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = w.Write(text)
	}))
	t.Cleanup(exporter.Close)
	dir := t.TempDir()
	rules, err := filepath.Abs(filepath.Join(examples, "alerts.yaml"))
	require.NoError(t, err)
	config := fmt.Sprintf("global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [%q]\nscrape_configs: [{job_name: audit, static_configs: [{targets: [%q]}]}]\n", rules, strings.TrimPrefix(exporter.URL, "http://"))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(config), 0o600))
	address := free(t)
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address, "--log.level=error")
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { cancel(); _ = cmd.Wait() })
	at := "http://" + address
	for range 300 {
		if response, err := http.Get(at + "/-/ready"); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK && len(answer(t, at, "waxseal_audit_pods")) > 0 && len(answer(t, at, "increase(waxseal_audit_runs_total[1d])")) > 0 {
				return at
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	require.FailNow(t, "Prometheus has not scraped")
	return ""
}

func free(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

func answer(t *testing.T, at, expr string) []any {
	t.Helper()
	result, _ := get(t, at+"/api/v1/query?query="+url.QueryEscape(expr)).(map[string]any)["result"].([]any)
	return result
}

func get(t *testing.T, address string) any {
	t.Helper()
	response, err := http.Get(address)
	require.NoError(t, err)
	defer response.Body.Close()
	var body struct {
		Status, Error string
		Data          any
	}
	require.NoError(t, json.NewDecoder(response.Body).Decode(&body))
	require.Equal(t, "success", body.Status, "%s: %s", address, body.Error)
	return body.Data
}
