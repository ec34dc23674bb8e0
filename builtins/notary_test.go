package builtins_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/theupdateframework/notary/tuf/data"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/notary"
	"github.com/waxseal/waxseal/tests/fixture"
	trust "github.com/waxseal/waxseal/tests/fixture/notary"
)

// trusted pushes an image for each thing that can be the case with Docker
// Content Trust, and gives the world the notary "docker" that knows them.
func trusted(t *testing.T, w *fixture.World, push func(string) fixture.Image) {
	t.Helper()
	other := "sha256:" + strings.Repeat("22", 32)
	cfg := notary.Config{Name: "docker", Seen: map[string]map[string]int{}}
	repositories := map[string]*trust.Repository{}
	add := func(name string, arrange func(*trust.Repository, fixture.Image)) {
		i := push("dct_" + name)
		r := trust.New(t, i.Repository)
		arrange(r, i)
		repositories[i.Repository] = r.Publish()
		if name != "unpinned" {
			cfg.Pins = append(cfg.Pins, notary.Pin{GUN: i.Repository, KeyIDs: r.KeyIDs("root")})
		}
	}
	tag := func(r *trust.Repository, i fixture.Image) { r.Add("targets", "v1", string(i.Digest)) }
	add("signed", func(r *trust.Repository, i fixture.Image) {
		tag(r, i)
		r.Add("targets", "stable", string(i.Digest))
	})
	add("released", func(r *trust.Repository, i fixture.Image) {
		r.Add("targets", "v1", other)
		r.Delegate("targets/releases")
		r.Add("targets/releases", "v1", string(i.Digest))
	})
	add("moved", func(r *trust.Repository, i fixture.Image) {
		r.Add("targets", "v1", other)
		r.Add("targets", "old", string(i.Digest))
	})
	add("untagged", func(r *trust.Repository, _ fixture.Image) { r.Add("targets", "v2", other) })
	add("unpinned", tag)
	add("stranger", func(r *trust.Repository, i fixture.Image) {
		tag(r, i)
		r.Signers["targets"] = []data.PublicKey{r.NewKey("targets")}
	})
	add("ended", func(r *trust.Repository, i fixture.Image) {
		tag(r, i)
		r.Expires["timestamp"] = time.Now().Add(-time.Hour)
	})
	add("rolled_back", func(r *trust.Repository, i fixture.Image) {
		tag(r, i)
		cfg.Seen[i.Repository] = map[string]int{"snapshot": 7}
	})
	add("broken", func(r *trust.Repository, i fixture.Image) {
		tag(r, i)
		r.Tamper["targets"] = func([]byte) []byte { return []byte("{") }
	})
	none := push("dct_none")
	cfg.Pins = append(cfg.Pins, notary.Pin{GUN: none.Repository, KeyIDs: []string{strings.Repeat("0", 64)}})
	outages := map[string]fault.Code{}
	for name, code := range map[string]fault.Code{"outage": fault.Unavailable, "closed": fault.Unauthorized, "huge": fault.TooLarge} {
		gun := push("dct_" + name).Repository
		outages[gun] = code
		cfg.Pins = append(cfg.Pins, notary.Pin{GUN: gun, KeyIDs: []string{strings.Repeat("0", 64)}})
	}
	cfg.Fetch = func(ctx context.Context, gun, file string) ([]byte, error) {
		if code := outages[gun]; code != "" {
			return nil, fault.Newf(code, "get trust data", gun, "so says the test")
		}
		if r := repositories[gun]; r != nil {
			return r.Fetch(ctx, gun, file)
		}
		return nil, fault.Newf(fault.NotFound, "get trust data", gun, "not there")
	}
	source, err := notary.New(cfg)
	require.NoError(t, err)
	w.Notaries = map[string]*notary.Source{"docker": source}
}
