package record_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/engine"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/record"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
	"github.com/waxseal/waxseal/tests/fixture"
	trust "github.com/waxseal/waxseal/tests/fixture/notary"
)

// TestNotaryIsRecorded: what was verified by Docker Content Trust is verified
// again from the record, yes and no alike, offline, and after its end.
func TestNotaryIsRecorded(t *testing.T) {
	w := fixture.New(t)
	i := w.Push(t, "team/app", "v1", nil)
	for name, row := range map[string]struct {
		arrange func(*trust.Repository)
		code    string
	}{
		"signed":                 {func(r *trust.Repository) { r.Publish() }, ""},
		"by a delegation":        {delegated(string(i.Digest)), ""},
		"after a rotation":       {rotated, ""},
		"another digest":         {func(r *trust.Repository) { r.Add("targets", "v1", other); r.Publish() }, "digest_mismatch"},
		"expired":                {func(r *trust.Repository) { r.Expires["timestamp"] = time.Now().Add(-time.Hour); r.Publish() }, "expired"},
		"no trust data":          {func(*trust.Repository) {}, "unsigned"},
		"rolled back":            {func(r *trust.Repository) { r.Publish() }, "signature_invalid"},
		"ends before the replay": {func(r *trust.Repository) { r.Expires["timestamp"] = time.Now().Add(2 * time.Second); r.Publish() }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := trust.New(t, i.Repository)
			r.Add("targets", "v1", string(i.Digest))
			pin := r.KeyIDs("root")[0]
			row.arrange(r)
			server := trust.Serve(t, false, r)
			cfg, err := config.Parse("waxseal.yaml", fmt.Appendf(nil, `version: 1
policies: {pinned_digests: {}}
credentials: {docker_config: false}
registries: {%q: {plain_http: true}}
notary: {docker: {url: %s, guns: [{gun: %q, key_ids: [%s]}]}}
`, w.Host(), server.URL, i.Repository, pin), t.TempDir())
			require.NoError(t, err)
			set, err := builtins.New(cfg)
			require.NoError(t, err)
			if name == "rolled back" {
				old := r.Files()
				r.Publish()
				verify(t, set, i.ByTag(), nil)
				r.Serve(old)
			}
			rec := evidence.NewRecorder()
			first := verify(t, set, i.ByTag(), rec)
			if row.code == "" {
				require.True(t, first.OK, first.Errors)
			} else {
				require.Equal(t, row.code, string(first.Errors[0].Code), first.Errors)
			}
			dir := filepath.Join(t.TempDir(), "record")
			written := record.Record{Trust: record.TrustOf(cfg, rec.Roots()), Decisions: []record.Decision{{Outcome: about(i, w.Host())}}}
			require.NoError(t, record.Write(dir, written, rec))
			server.Close()
			if name == "ends before the replay" {
				time.Sleep(2 * time.Second)
			}
			require.JSONEq(t, text(t, first), text(t, verify(t, reread(t, dir), i.ByTag(), nil)))
		})
	}
}

// TestNotaryRecordIsVerified: bytes that were changed in a record are no bytes
// of it.
func TestNotaryRecordIsVerified(t *testing.T) {
	w := fixture.New(t)
	i := w.Push(t, "team/app", "v1", nil)
	r := trust.New(t, i.Repository)
	r.Add("targets", "v1", string(i.Digest))
	r.Publish()
	cfg := config.Default()
	cfg.Registries = map[string]config.Registry{w.Host(): {PlainHTTP: true}}
	cfg.Notaries = map[string]config.Notary{"docker": {
		URL: trust.Serve(t, false, r).URL, GUNs: []config.NotaryGUN{{GUN: i.Repository, KeyIDs: r.KeyIDs("root")}},
	}}
	set, err := builtins.New(cfg)
	require.NoError(t, err)
	rec := evidence.NewRecorder()
	require.True(t, verify(t, set, i.ByTag(), rec).OK)
	dir := filepath.Join(t.TempDir(), "record")
	require.NoError(t, record.Write(dir, record.Record{Trust: record.TrustOf(cfg, nil), Decisions: []record.Decision{{Outcome: about(i, w.Host())}}}, rec))
	stamp := registry.DigestOf(r.Files()["timestamp"])
	path := filepath.Join(dir, "layout", "blobs", "sha256", strings.TrimPrefix(string(stamp), "sha256:"))
	require.NoError(t, os.WriteFile(path, []byte("{}"), 0o600))
	require.ErrorContains(t, record.CheckLayout(dir), "damaged")
	require.False(t, verify(t, reread(t, dir), i.ByTag(), nil).OK)
}

var other = "sha256:" + strings.Repeat("22", 32)

func delegated(digest string) func(*trust.Repository) {
	return func(r *trust.Repository) {
		r.Delegate("targets/releases")
		r.Add("targets", "v1", other)
		r.Add("targets/releases", "v1", digest)
		r.Publish()
	}
}

func rotated(r *trust.Repository) {
	r.Publish()
	for range 2 {
		r.SetKeys("root", 1, r.NewKey("root"))
		r.Publish()
	}
}

func about(i fixture.Image, host string) *engine.Outcome {
	return &engine.Outcome{
		Now: "0", Violations: []render.Violation{}, Images: []render.Image{},
		Evidence: map[string]map[string]any{"x": {"image": map[string]any{"registry": host, "ref": i.ByTag()}}},
	}
}

func verify(t *testing.T, set *builtins.Set, ref string, rec *evidence.Recorder) *evidence.Trusted {
	t.Helper()
	d := set.Collector().Decide()
	if rec != nil {
		d.Record(rec)
	}
	o, err := d.Options([]byte(`{"notary":"docker"}`))
	require.NoError(t, err)
	r, err := d.Notary(context.Background(), ref, o)
	require.NoError(t, err)
	return r
}

func reread(t *testing.T, dir string) *builtins.Set {
	t.Helper()
	r, err := record.Read(dir)
	require.NoError(t, err)
	set, err := builtins.New(r.Config(dir))
	require.NoError(t, err)
	return set
}

func text(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return string(raw)
}
