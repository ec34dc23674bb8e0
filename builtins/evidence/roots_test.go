package evidence_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/builtins/trustroot"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
	"github.com/waxseal/waxseal/tests/fixture/tuf"
)

// collectorWith returns a collector whose trust roots come from roots, and
// options that need one.
func collectorWith(t *testing.T, w *fixture.World, roots func(context.Context, string) (*cosign.TrustRoot, error), cfg evidence.Config) (*evidence.Collector, *evidence.Options) {
	t.Helper()
	client, err := registry.New(registry.Config{Hosts: []string{w.Host()}, Plain: []string{w.Host()}})
	require.NoError(t, err)
	cfg.Names = w.Names(t)
	cfg.Names.Roots = roots
	raw, err := json.Marshal(map[string]any{"keys": []string{"release"}})
	require.NoError(t, err)
	o, err := evidence.ParseOptions(cfg.Names, raw)
	require.NoError(t, err)
	return evidence.New(client, cfg), o
}

// verified returns the codes of the errors.
func verified(t *testing.T, d *evidence.Decision, ref string, o *evidence.Options) []fault.Code {
	t.Helper()
	v, err := d.Verify(context.Background(), ref, o)
	require.NoError(t, err)
	require.Equal(t, len(v.Errors) == 0, v.OK)
	return codes(v.Errors)
}

// A refreshed trust root counts from the next decision on: what was verified
// under the old one is verified again, and a decision sees one root.
func TestRefreshedRoot(t *testing.T) {
	w := fixture.New(t)
	other, err := sigstore.New()
	require.NoError(t, err)
	mine, err := cosign.ParseTrustRoot("public", w.Sigstore.TrustedRootJSON())
	require.NoError(t, err)
	foreign, err := cosign.ParseTrustRoot("public", other.TrustedRootJSON())
	require.NoError(t, err)
	now := mine
	c, o := collectorWith(t, w, func(context.Context, string) (*cosign.TrustRoot, error) { return now, nil }, evidence.Config{})
	ref := w.Push(t, "team/app", "v1", nil).Sign(t, sigstore.Options{}, w.Key).ByDigest()

	before := c.Decide()
	require.Empty(t, verified(t, before, ref, o))
	require.Empty(t, verified(t, c.Decide(), ref, o))
	now = foreign
	require.Equal(t, []fault.Code{fault.TlogMismatch}, verified(t, c.Decide(), ref, o))
	require.Empty(t, verified(t, before, ref, o), "a decision sees one root")
	now = mine
	require.Empty(t, verified(t, c.Decide(), ref, o))

	d, rec := c.Decide(), evidence.NewRecorder()
	d.Record(rec)
	require.Empty(t, rec.Roots())
	require.Empty(t, verified(t, d, ref, o))
	require.Equal(t, map[string]json.RawMessage{"public": w.Sigstore.TrustedRootJSON()}, rec.Roots())
}

// Each row is what happens to a trust root by TUF, and what a policy sees.
func TestRootByTUF(t *testing.T) {
	for name, row := range map[string]struct {
		prepare func(*tuf.Repository)
		want    []fault.Code
	}{
		"loads":       {func(*tuf.Repository) {}, []fault.Code{}},
		"unreachable": {func(r *tuf.Repository) { r.Fail("timestamp.json", http.StatusBadGateway) }, []fault.Code{fault.Unavailable}},
		"too slow":    {func(r *tuf.Repository) { r.Hold() }, []fault.Code{fault.Timeout}},
		"expired": {func(r *tuf.Repository) {
			r.Publish(nil, tuf.Options{Expires: map[string]time.Time{"timestamp": time.Now().Add(-time.Hour)}})
		}, []fault.Code{fault.SignatureInvalid}},
	} {
		t.Run(name, func(t *testing.T) {
			w := fixture.New(t)
			r := tuf.Start(t)
			r.Publish(map[string][]byte{tuf.TrustedRoot: w.Sigstore.TrustedRootJSON()}, tuf.Options{})
			good := r.Files()
			row.prepare(r)
			source, err := trustroot.New(trustroot.Config{Name: "mine", URL: r.URL(), Root: r.Root()})
			require.NoError(t, err)
			cfg := evidence.Config{}
			if name == "too slow" {
				cfg.Deadline = 50 * time.Millisecond
			}
			c, o := collectorWith(t, w, func(ctx context.Context, _ string) (*cosign.TrustRoot, error) { return source.Root(ctx) }, cfg)
			ref := w.Push(t, "team/app", "v1", nil).Sign(t, sigstore.Options{}, w.Key).ByDigest()
			require.Equal(t, row.want, verified(t, c.Decide(), ref, o))
			if name == "too slow" {
				return
			}
			r.Restore(good)
			require.Empty(t, verified(t, c.Decide(), ref, o), "a failure is not kept")
		})
	}
}
