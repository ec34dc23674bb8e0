package bench_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/logs"
	"github.com/waxseal/waxseal/tests/fixture/auditlog"
)

// logsGain is the speed over jq that is promised: a third of it.
const logsGain = 1.0 / 3

// logSize is of the log that is read.
const logSize = 1 << 30

// TestLogs compares reading 1 GB of an API server's audit log with jq, which only
// looks for refusals in it.
func TestLogs(t *testing.T) {
	if os.Getenv("WAXSEAL_BENCH") == "" {
		t.Skip("measures; set WAXSEAL_BENCH=1, or run make bench")
	}
	jq, err := exec.LookPath("jq")
	require.NoError(t, err, "install jq")
	file := filepath.Join(t.TempDir(), "audit.log")
	out, err := os.Create(file)
	require.NoError(t, err)
	written := auditlog.New(logSize)
	size, err := io.Copy(out, written)
	require.NoError(t, err)
	require.NoError(t, out.Close())
	promised(t, logsGain, func(t testing.TB) float64 {
		begin := time.Now()
		found, missing, err := logs.Read(context.Background(), []logs.Source{{Name: "log", Path: file}}, logs.Options{})
		ours := time.Since(begin)
		require.NoError(t, err)
		require.Empty(t, missing)
		denied := 0
		for _, r := range found.Rejections {
			denied += r.Count
		}
		require.Equal(t, written.Denied, denied)
		require.Equal(t, written.RBAC, found.RBAC)

		begin = time.Now()
		answer, err := exec.Command(jq, "-c", "select(.responseStatus.code==403)", file).Output()
		others := time.Since(begin)
		require.NoError(t, err)
		require.NotEmpty(t, answer)
		ratio := others.Seconds() / ours.Seconds()
		t.Logf("%d MB: %v, jq %v", size>>20, ours, others)
		fmt.Printf("| %d MB of audit log, all facts, over jq that selects refusals | %.2f × the speed | at least %.2f | | |\n", size>>20, ratio, logsGain)
		return ratio
	})
}
