package logs_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/logs"
)

func sample(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	return raw
}

func gzipped(t testing.TB, parts ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, part := range parts {
		z := gzip.NewWriter(&b)
		_, err := z.Write(part)
		require.NoError(t, err)
		require.NoError(t, z.Close())
	}
	return b.Bytes()
}

// However a log is packed, it says the same.
func TestPacked(t *testing.T) {
	raw := sample(t, "kubernetes-audit.jsonl")
	half := bytes.IndexByte(raw[len(raw)/2:], '\n') + len(raw)/2 + 1
	encoder, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	lines := bytes.Split(bytes.TrimSpace(raw), []byte("\n"))
	array := []byte("[" + string(bytes.Join(lines[:22], []byte(",\n"))) + "]")
	want, _ := read(t, logs.Options{}, held("a", raw))
	for name, content := range map[string][]byte{
		"gzip": gzipped(t, raw), "two members": gzipped(t, raw[:half], raw[half:]), "gzip in gzip": gzipped(t, gzipped(t, raw)),
		"zstd": encoder.EncodeAll(raw, nil), "windows": bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n")), "array": array, "list": []byte(`{"kind":"EventList","items":` + string(array) + "}"),
		"byte order mark": append([]byte("\xef\xbb\xbf"), raw...), "blank lines": bytes.ReplaceAll(raw, []byte("\n"), []byte("\n\n")),
		"one behind the other": bytes.Join(lines[:22], nil),
	} {
		t.Run(name, func(t *testing.T) {
			got, missing := read(t, logs.Options{}, held("a", content))
			require.Empty(t, missing)
			require.Equal(t, int64(len(content)), got.Sources[0].Bytes)
			require.Equal(t, want.Rejections, got.Rejections)
			require.Equal(t, want.Admissions, got.Admissions)
			require.Equal(t, want.Reasons, got.Reasons)
		})
	}
}

func TestReadsByOneByte(t *testing.T) {
	for _, name := range []string{"kubernetes-audit.jsonl", "events.json", "eks-firehose.json"} {
		raw := sample(t, name)
		want, _ := read(t, logs.Options{}, held("a", raw))
		got, _ := read(t, logs.Options{}, logs.Source{Name: "a", Open: func() (io.ReadCloser, error) { return io.NopCloser(iotest.OneByteReader(bytes.NewReader(raw))), nil }})
		require.Equal(t, want, got)
	}
}

const denial = `{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"%s","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/%[2]s/pods","verb":"create","user":{"username":"%[3]s"},` +
	`"objectRef":{"resource":"pods","namespace":"%[2]s"},"responseStatus":{"code":403,"message":"admission webhook \"validation.gatekeeper.sh\" denied the request: [images] image \"%[4]s\" is bad"},"stageTimestamp":"%[5]s"}` + "\n"

func line(id, namespace, user, image, at string) string {
	return fmt.Sprintf(denial, id, namespace, user, image, at)
}

func TestUnread(t *testing.T) {
	good := line("1", "shop", "alice", "x.example/a", "2026-09-01T00:00:00Z")
	for _, row := range []struct {
		name, content, problem string
		unread, rejections     int
	}{
		{"cut line", good + `{"kind":"Event","stage":"Resp` + "\n" + line("2", "shop", "alice", "x.example/a", "2026-09-01T00:00:01Z"), "log:2: the JSON ends too early", 1, 2},
		{"cut document", "{\n  \"items\": [\n" + good, "log:1: ", 1, 1},
		{"cut in a string", "{\n \"a\": \"b\n" + good, "log:1: ", 1, 1},
		{"brackets", `{"a":[}]}` + "\n" + good, "log:1: no JSON", 1, 1},
		{"text", good + "segmentation fault\n", "log:2: is of no known format", 1, 1},
		{"another object", good + `{"a":1}` + "\n", "log:2: is of no known format", 1, 1},
		{"a long line", good + strings.Repeat("x", 5000) + "\n" + line("2", "shop", "alice", "x.example/a", "2026-09-01T00:00:01Z"), "log:2: is longer than 4096 bytes", 1, 2},
		{"a long event", good + `{"x":"` + strings.Repeat("x", 5000) + `"}` + "\n" + line("2", "shop", "alice", "x.example/a", "2026-09-01T00:00:01Z"), "log:2: is longer than 4096 bytes", 1, 2},
		{"a long list", good + `{"records":[` + strings.Repeat(`{"category":"guard","properties":{}},`, 500) + strings.TrimSpace(line("2", "shop", "alice", "x.example/a", "2026-09-01T00:00:01Z")) + `]}`, "", 0, 2},
		{"a long element", `[{"x":"` + strings.Repeat("x", 5000) + `"},` + good + `]`, "log:1: is longer than 4096 bytes", 1, 1},
		{"a status that is none", good + strings.Replace(line("2", "shop", "alice", "x.example/a", "2026-09-01T00:00:01Z"), `{"code"`, `[{"code"`, 1), "log:2: ", 1, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, missing := read(t, logs.Options{MaxLine: 4096}, held("log", []byte(row.content)))
			require.Empty(t, missing)
			require.Equal(t, row.unread, got.Sources[0].Unread, got.Sources[0].Problem)
			require.True(t, strings.HasPrefix(got.Sources[0].Problem, row.problem), got.Sources[0].Problem)
			count := 0
			for _, r := range got.Rejections {
				count += r.Count
			}
			require.Equal(t, row.rejections, count)
		})
	}
}

func TestMissing(t *testing.T) {
	packed := gzipped(t, sample(t, "kubernetes-audit.jsonl"))
	damaged := bytes.Clone(packed)
	damaged[len(damaged)-6] ^= 1
	fails := func() (io.ReadCloser, error) { return nil, errors.New("permission denied") }
	found, missing := read(t, logs.Options{}, logs.Source{Name: "locked", Open: fails}, logs.Source{Name: "none", Path: "testdata/none"}, logs.Source{Name: "nameless"},
		held("picture", []byte("\x89PNG\r\n\x1a\n")), held("cut", packed[:len(packed)-9]), held("damaged", damaged), held("no gzip", []byte("\x1f\x8bxxxxxxxxxxxxxxxx")), held("empty", nil))
	why := map[string]string{}
	for _, m := range missing {
		require.Equal(t, "log", m.Part)
		require.Equal(t, "logs", m.Rests)
		why[m.Name] = m.Why
	}
	require.Len(t, why, 7)
	require.Equal(t, "cannot be opened: permission denied", why["locked"])
	require.Contains(t, why["none"], "no such file")
	require.Equal(t, "cannot be opened: no file is named", why["nameless"])
	require.Contains(t, why["picture"], "is of no known format")
	require.Contains(t, why["cut"], "unexpected EOF")
	require.Contains(t, why["damaged"], "invalid checksum")
	require.Contains(t, why["no gzip"], "gzip: invalid header")
	require.Len(t, found.Sources, 8)
	require.NotEmpty(t, found.Rejections, "what came before counts")
}

func TestFormatThatIsAskedFor(t *testing.T) {
	good := []byte(line("1", "shop", "alice", "x.example/a", "2026-09-01T00:00:00Z"))
	source := held("log", good)
	source.Format = logs.KubernetesAudit
	found, missing := read(t, logs.Options{}, source)
	require.Empty(t, missing)
	require.Len(t, found.Rejections, 1)
	source.Format = logs.EKS
	found, missing = read(t, logs.Options{}, source)
	require.Len(t, missing, 1)
	require.Contains(t, missing[0].Why, "has no line of the format eks")
	require.Empty(t, found.Rejections)
	source.Format = "syslog"
	_, _, err := logs.Read(context.Background(), []logs.Source{source}, logs.Options{})
	code, _ := fault.CodeOf(err)
	require.Equal(t, fault.InvalidRequest, code)
}

func TestPeriod(t *testing.T) {
	var b strings.Builder
	for d := 1; d <= 9; d++ {
		b.WriteString(line(fmt.Sprint(d), "shop", "alice", "x.example/a", fmt.Sprintf("2026-09-0%dT00:00:00Z", d)))
	}
	found, _ := read(t, logs.Options{From: time.Date(2026, 9, 3, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 9, 5, 0, 0, 0, 0, time.UTC)}, held("log", []byte(b.String())))
	require.Equal(t, []logs.Total{{Name: "2026-09-03", Denied: 1}, {Name: "2026-09-04", Denied: 1}, {Name: "2026-09-05", Denied: 1}}, logs.ByDay(found))
	require.Equal(t, "2026-09-01T00:00:00Z", found.Sources[0].From)
	require.Equal(t, "2026-09-09T00:00:00Z", found.Sources[0].To)
	require.Equal(t, 9, found.Sources[0].Events)

	late := line("late", "shop", "alice", "x.example/a", "2026-09-05T00:00:00.9Z") + line("later", "shop", "alice", "x.example/a", "2026-09-05T00:00:01Z")
	found, _ = read(t, logs.Options{To: time.Date(2026, 9, 5, 0, 0, 0, 0, time.UTC)}, held("log", []byte(late)))
	require.Equal(t, []logs.Total{{Name: "2026-09-05", Denied: 1}}, logs.ByDay(found), "the last second is in it, and the next is not")
}

// Who asks may choose the audit ID (header Audit-ID), and hides nothing by it.
func TestAgain(t *testing.T) {
	first := line("same", "shop", "alice", "x.example/a", "2026-09-01T00:00:00.000001Z")
	found, _ := read(t, logs.Options{}, held("a", []byte(first+first)), held("b", []byte(first)),
		held("c", []byte(line("same", "shop", "alice", "x.example/a", "2026-09-01T00:00:00.000002Z"))))
	require.Equal(t, []logs.Total{{Name: "images", Denied: 2}}, logs.ByRule(found))
}

func TestRowsAreBounded(t *testing.T) {
	var b strings.Builder
	for i := range 1000 {
		b.WriteString(line(fmt.Sprint(i), "shop", fmt.Sprintf("user%d", i), fmt.Sprintf("x%d.example/a", i), "2026-09-01T00:00:00Z"))
	}
	b.WriteString(line("last", "shop", "user1", "x1.example/a", "2026-09-01T00:00:01Z"))
	found, _ := read(t, logs.Options{MaxRows: 40}, held("log", []byte(b.String())))
	require.True(t, found.Truncated)
	require.Len(t, found.Rejections, 41)
	require.Equal(t, []logs.Total{{Name: "images", Denied: 1001}}, logs.ByRule(found), "counts hold")
	require.Equal(t, logs.Total{Name: "user1", Denied: 2}, logs.ByUser(found)[1])
	require.Equal(t, logs.Total{Denied: 960}, logs.ByUser(found)[0])
}

func TestTextIsBounded(t *testing.T) {
	long := strings.Repeat("ü", 4000)
	found, _ := read(t, logs.Options{}, held("log", []byte(line("1", long, long, long, "2026-09-01T00:00:00Z"))))
	r := found.Rejections[0]
	for _, s := range []string{r.Namespace, r.User, r.Image, r.Message} {
		require.LessOrEqual(t, len(s), 515)
		require.True(t, strings.HasSuffix(s, "ü…"), s)
	}
}

func TestExcluded(t *testing.T) {
	found, _ := read(t, logs.Options{Exclude: []string{"kube-system"}}, held("log", []byte(line("1", "kube-system", "a", "x.example/a", "2026-09-01T00:00:00Z")+line("2", "shop", "a", "x.example/a", "2026-09-01T00:00:00Z"))))
	require.Equal(t, []logs.Total{{Name: "shop", Denied: 1}}, logs.ByNamespace(found))
}

func TestRegistryOfALogThatNamesNone(t *testing.T) {
	source := held("harbor", sample(t, "harbor-audit.json"))
	source.Registry = "harbor.example"
	found, _ := read(t, logs.Options{}, source)
	require.Equal(t, "harbor.example/harbor/alpine:v1", found.Admissions[0].Image)
	require.Equal(t, "harbor.example", found.Admissions[0].Registry)
}

func TestProgress(t *testing.T) {
	raw := sample(t, "kubernetes-audit.jsonl")
	var done, total int64
	_, _ = read(t, logs.Options{Progress: func(d, all int64) { done, total = d, all }}, held("a", raw), logs.Source{Name: "b", Path: "testdata/events.json"})
	require.Equal(t, int64(len(raw)+len(sample(t, "events.json"))), total)
	require.Equal(t, total, done)
}

func TestStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, _, err := logs.Read(ctx, []logs.Source{held("a", sample(t, "kubernetes-audit.jsonl"))}, logs.Options{})
	require.ErrorIs(t, err, context.Canceled)
}

func TestNothing(t *testing.T) {
	found, missing := read(t, logs.Options{})
	require.Equal(t, audit.Logs{Sources: []audit.LogSource{}, Rejections: []audit.Rejection{}, Admissions: []audit.Admission{}, Reasons: []audit.Reason{}}, found)
	require.Equal(t, []audit.Missing{}, missing)
}
