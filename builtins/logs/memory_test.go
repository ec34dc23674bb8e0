package logs_test

import (
	"io"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/logs"
	"github.com/waxseal/waxseal/tests/fixture/auditlog"
)

// measured reads a log of a size, and returns the most that was alive on the heap
// while it did, beside what was before.
func measured(t *testing.T, size int64) (most uint64, written *auditlog.Log, rows int) {
	t.Helper()
	alive := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := alive()
	written = auditlog.New(size)
	found, missing := read(t, logs.Options{MaxRows: 1000, Progress: func(done, _ int64) {
		if now := alive(); done%(16<<20) < 4<<20 && now > before {
			most = max(most, now-before)
		}
	}}, logs.Source{Name: "log", Open: func() (io.ReadCloser, error) { return io.NopCloser(written), nil }})
	require.Empty(t, missing)
	require.Zero(t, found.Sources[0].Unread)
	denied := 0
	for _, r := range found.Rejections {
		denied += r.Count
	}
	admitted := 0
	for _, a := range found.Admissions {
		admitted += a.Count
	}
	require.Equal(t, written.Denied, denied)
	require.Equal(t, written.Admitted, admitted)
	require.Equal(t, written.RBAC, found.RBAC)
	return most, written, len(found.Rejections) + len(found.Admissions)
}

// Ten times the log is not more memory: what is remembered of events, so that none
// counts twice, is bounded as well, and 16 bytes each.
func TestMemoryIsConstant(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 220 MB")
	}
	little, _, _ := measured(t, 20<<20)
	much, written, rows := measured(t, 200<<20)
	t.Logf("%d and %d bytes, %d denials, %d admissions, %d rows", little, much, written.Denied, written.Admitted, rows)
	require.LessOrEqual(t, rows, 2*(1000+250+4))
	require.Less(t, much, uint64(24<<20))
	require.Less(t, little, uint64(24<<20))
}
