package logs_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/builtins/logs"
)

var update = flag.Bool("update", false, "write the golden files")

// codes are remediations of our policies, as the caller finds them in METADATA.
var codes = map[string]string{
	"Sign the image in the pipeline that builds it, or use an image that is signed. See also that the digest exists, because one that does not has no signatures either.": "signed_images.unsigned",
	"Use an image of an approved repository, or have the owner of the policy approve this one.":                                                                           "allowed_registries.not_allowed",
}

// held is a source of bytes.
func held(name string, content []byte) logs.Source {
	return logs.Source{Name: name, Size: int64(len(content)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }}
}

func read(t testing.TB, opts logs.Options, sources ...logs.Source) (audit.Logs, []audit.Missing) {
	t.Helper()
	found, missing, err := logs.Read(context.Background(), sources, opts)
	require.NoError(t, err)
	return found, missing
}

// brief writes what was found so that a reader can check it by hand.
func brief(l audit.Logs) string {
	var b strings.Builder
	for _, s := range l.Sources {
		fmt.Fprintf(&b, "source %s: %s, %d lines, %d events, %s to %s, %d unread %s\n", s.Name, s.Format, s.Lines, s.Events, s.From, s.To, s.Unread, s.Problem)
	}
	for _, r := range l.Rejections {
		message, _, _ := strings.Cut(r.Message, "\n")
		fmt.Fprintf(&b, "%s %s by %s, rule %s, image %q of %q in %q by %q, %d from %s to %s: %.60s\n", r.Day, r.Action, r.System, r.Rule, r.Image, r.Registry, r.Namespace, r.User, r.Count, r.First, r.Last, message)
	}
	for _, a := range l.Admissions {
		fmt.Fprintf(&b, "%s %q of %q, digest %q, in %q by %q, rule %q, %d from %s to %s\n", a.How, a.Image, a.Registry, a.Digest, a.Namespace, a.User, a.Rule, a.Count, a.First, a.Last)
	}
	for _, r := range l.Reasons {
		fmt.Fprintf(&b, "reason %s %q, %d: %.60s\n", r.Reason, r.Name, r.Count, r.Message)
	}
	fmt.Fprintf(&b, "rbac %d, other %d, truncated %v\n", l.RBAC, l.Other, l.Truncated)
	for _, digit := range "0123abc" {
		b2 := strings.ReplaceAll(b.String(), strings.Repeat(string(digit), 64), strings.Repeat(string(digit), 3))
		b.Reset()
		b.WriteString(b2)
	}
	return b.String()
}

func TestFormats(t *testing.T) {
	files, err := filepath.Glob("testdata/*.[jl]*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			found, missing := read(t, logs.Options{Codes: codes}, logs.Source{Name: name, Path: file})
			require.Empty(t, missing)
			golden := filepath.Join("testdata", "golden", name+".txt")
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(brief(found)), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), brief(found))
		})
	}
}

// What an API server has written, with Gatekeeper behind it (make e2e).
func TestAnEventOfAnAPIServer(t *testing.T) {
	found, missing := read(t, logs.Options{Codes: codes}, logs.Source{Name: "real", Path: "../../tests/e2e/testdata/denial.audit.json"})
	require.Empty(t, missing)
	require.Equal(t, []audit.Rejection{{
		Day: "2026-01-01", System: "gatekeeper", Rule: "signed_images.unsigned", Image: "registry.example/team/bad@sha256:" + strings.Repeat("0", 64), Registry: "registry.example",
		Namespace: "audited", User: "admin", Source: "real", Action: "deny", Count: 1, First: "2026-01-01T00:00:00Z", Last: "2026-01-01T00:00:00Z", Message: found.Rejections[0].Message,
	}}, found.Rejections)
}
