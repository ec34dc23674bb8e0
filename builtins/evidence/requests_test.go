package evidence_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/oci"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

var byKey = map[string]any{"keys": []string{"release"}}

func with(opts map[string]any, more ...any) map[string]any {
	out := map[string]any{}
	for k, v := range opts {
		out[k] = v
	}
	for i := 0; i < len(more); i += 2 {
		out[more[i].(string)] = more[i+1]
	}
	return out
}

// delay makes requests that are made at once overlap, so that depth can be told
// from order.
var delay, longDelay = oci.WithDelay(40 * time.Millisecond), oci.WithDelay(400 * time.Millisecond)

// TestRequests counts what a cold verification asks of the registry: the table
// of docs/performance.md.
func TestRequests(t *testing.T) {
	legacy := func(t *testing.T, w *fixture.World, i fixture.Image) { i.Sign(t, sigstore.Options{}, w.Key) }
	annotated := func(t *testing.T, w *fixture.World, i fixture.Image) {
		i.Sign(t, sigstore.Options{Annotations: map[string]any{"stage": "prod"}}, w.Key)
	}
	bundle := func(t *testing.T, w *fixture.World, i fixture.Image) { i.SignBundle(t, w.Key, sigstore.Options{}) }
	noisy := func(t *testing.T, w *fixture.World, i fixture.Image) {
		for n := range 50 {
			i.AttestBundle(t, w.Key, fmt.Sprintf("https://example.test/%d", n), map[string]int{"n": n}, sigstore.Options{WithoutTlog: true})
		}
		bundle(t, w, i)
	}
	crowded := func(t *testing.T, w *fixture.World, i fixture.Image) {
		for n := range 20 {
			i.AttestBundle(t, w.Key, fmt.Sprintf("https://example.test/%d", n), map[string]int{"n": n}, sigstore.Options{WithoutTlog: true})
		}
		bundle(t, w, i)
		silence(t, w, i)
	}
	for _, row := range []struct {
		name         string
		sign         func(*testing.T, *fixture.World, fixture.Image)
		formats      []string
		options      []oci.Option
		tag, digest  int // requests
		deepT, deepD int // depth
	}{
		{"legacy, asked for legacy", legacy, []string{"legacy"}, nil, 2, 1, 2, 1},
		{"legacy with annotations, asked for legacy", annotated, []string{"legacy"}, nil, 3, 2, 3, 2},
		{"bundle, asked for bundle", bundle, []string{"bundle"}, nil, 4, 3, 4, 3},
		{"legacy, asked for both", legacy, nil, nil, 3, 2, 2, 1},
		{"bundle, asked for both", bundle, nil, nil, 5, 4, 4, 3},
		{"bundle, no referrers API", bundle, nil, []oci.Option{oci.WithoutReferrers()}, 6, 5, 5, 4},
		{"bundle among 50 of other types", noisy, nil, nil, 5, 4, 4, 3},
		// A fallback tag whose descriptors name neither artifact nor predicate type,
		// as clients of cosign v2's time write it: 21 manifests are read, all at
		// once, and one blob.
		{"bundle among 20 of other types, fallback tag", crowded, nil, []oci.Option{oci.WithoutReferrers()}, 26, 25, 5, 4},
		{"bearer tokens: two more", legacy, []string{"legacy"}, []oci.Option{oci.WithBearer("", "")}, 4, 3, 4, 3},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := fixture.New(t, append(row.options, delay)...)
			img := w.Push(t, "team/app", "v1", nil)
			row.sign(t, w, img)
			opts := with(byKey)
			if row.formats != nil {
				opts["formats"] = row.formats
			}
			for _, cold := range []struct {
				ref         string
				count, deep int
			}{{img.ByTag(), row.tag, row.deepT}, {img.ByDigest(), row.digest, row.deepD}} {
				w.Reset()
				v, err := w.Collector(t, evidence.Config{}).Decide().Verify(context.Background(), cold.ref, w.Options(t, opts))
				require.NoError(t, err)
				require.True(t, v.OK, "%v", v.Errors)
				require.Len(t, w.Log(), cold.count, "%s:\n%s", cold.ref, strings.Join(w.Paths(), "\n"))
				require.Equal(t, cold.deep, w.Depth(), "%s:\n%s", cold.ref, strings.Join(w.Paths(), "\n"))
				require.NotContains(t, w.Paths(), "GET /v2/")
			}
		})
	}
}

// TestBearerCostsTwoRequests counts what a registry that wants a token adds to
// the table, where the operator's configuration lets it be foreseen: whatever is
// asked at once, one request meets the challenge and one token serves all.
func TestBearerCostsTwoRequests(t *testing.T) {
	docker := filepath.Join(t.TempDir(), "config.json")
	for name, row := range map[string]struct {
		asks      oci.Option
		configure func(*testing.T, *registry.Config, string)
		more      int // by digest
	}{
		"credentials in a Docker configuration": {oci.WithBearer("user", "password"), func(t *testing.T, c *registry.Config, host string) {
			login := base64.StdEncoding.EncodeToString([]byte("user:password"))
			require.NoError(t, os.WriteFile(docker, fmt.Appendf(nil, `{"auths": {%q: {"auth": %q}}}`, host, login), 0o600))
			var err error
			c.Credentials, err = registry.DockerConfig(docker)
			require.NoError(t, err)
		}, 2},
		"credentials in a pull secret": {oci.WithBearer("user", "password"), func(t *testing.T, c *registry.Config, host string) {
			secret, err := registry.PullSecret(fmt.Appendf(nil, `{"auths": {%q: {"username": "user", "password": "password"}}}`, host))
			require.NoError(t, err)
			c.Credentials = registry.Keychains(registry.Anonymous, secret)
		}, 2},
		"a token service for anybody, configured": {oci.WithBearer("", ""), func(_ *testing.T, c *registry.Config, host string) {
			c.Realms = map[string][]string{host: {host}}
		}, 2},
		// Nothing says that this registry is going to refuse. To hold the second
		// request back would make every registry that does not one request deeper.
		"a token service for anybody, met for the first time": {oci.WithBearer("", ""), func(*testing.T, *registry.Config, string) {}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			w := fixture.New(t, row.asks, delay)
			legacy := w.Push(t, "team/legacy", "v1", nil).Sign(t, sigstore.Options{}, w.Key)
			bundle := w.Push(t, "team/bundle", "v1", nil).SignBundle(t, w.Key, sigstore.Options{})
			for _, cold := range []struct {
				ref         string
				count, deep int
			}{
				{legacy.ByTag(), 3 + 2, 2 + 2}, {legacy.ByDigest(), 2 + row.more, 1 + 2},
				{bundle.ByTag(), 5 + 2, 4 + 2}, {bundle.ByDigest(), 4 + row.more, 3 + 2},
			} {
				config := registry.Config{Plain: []string{w.Host()}}
				row.configure(t, &config, w.Host())
				client, err := registry.New(config)
				require.NoError(t, err)
				w.Reset()
				v, err := evidence.New(client, evidence.Config{Names: w.Names(t)}).Decide().Verify(context.Background(), cold.ref, w.Options(t, byKey))
				require.NoError(t, err)
				require.True(t, v.OK, "%v", v.Errors)
				require.Len(t, w.Log(), cold.count, "%s:\n%s", cold.ref, strings.Join(w.Paths(), "\n"))
				require.Equal(t, cold.deep, w.Depth(), "%s:\n%s", cold.ref, strings.Join(w.Paths(), "\n"))
			}
		})
	}
}

// silence takes artifact types and annotations out of the fallback tag.
func silence(t *testing.T, w *fixture.World, i fixture.Image) {
	t.Helper()
	c, err := registry.New(registry.Config{Plain: []string{w.Host()}})
	require.NoError(t, err)
	m, err := c.Tagged(context.Background(), registry.Repository{Registry: w.Host(), Name: "team/app"}, i.Digest.Tag())
	require.NoError(t, err)
	var index map[string]any
	require.NoError(t, json.Unmarshal(m.Raw, &index))
	for _, d := range index["manifests"].([]any) {
		delete(d.(map[string]any), "annotations")
		delete(d.(map[string]any), "artifactType")
	}
	raw, err := json.Marshal(index)
	require.NoError(t, err)
	_, err = w.PutManifest("team/app", i.Digest.Tag(), m.MediaType, raw)
	require.NoError(t, err)
}

// TestTwentyImages shows that many images are as deep as one, and that warm
// digests cost nothing.
func TestTwentyImages(t *testing.T) {
	w := fixture.New(t, longDelay) // 40 requests at once take a while to begin on a busy machine
	c := w.Collector(t, evidence.Config{})
	o := w.Options(t, byKey)
	requests := func(ref func(fixture.Image) string, images []fixture.Image) (out []evidence.Request) {
		for _, i := range images {
			out = append(out, evidence.Request{Key: ref(i), Fn: "cosign.verify", Ref: ref(i), Opts: o})
		}
		return out
	}
	var images []fixture.Image
	for n := range 20 {
		images = append(images, w.Push(t, fmt.Sprintf("team/app%d", n), "v1", nil).Sign(t, sigstore.Options{}, w.Key))
	}
	w.Reset()
	results, err := c.Decide().Collect(context.Background(), requests(fixture.Image.ByTag, images))
	require.NoError(t, err)
	for _, i := range images {
		require.True(t, results[i.ByTag()].Base().OK)
	}
	require.Len(t, w.Log(), 60)
	require.Equal(t, 2, w.Depth())
	require.GreaterOrEqual(t, w.MaxInFlight(), 20)

	w.Reset()
	_, err = c.Decide().Collect(context.Background(), requests(fixture.Image.ByTag, images))
	require.NoError(t, err)
	require.Len(t, w.Log(), 20, "warm by tag: one HEAD each")
	for _, p := range w.Paths() {
		require.True(t, strings.HasPrefix(p, "HEAD "), p)
	}

	w.Reset()
	results, err = c.Decide().Collect(context.Background(), requests(fixture.Image.ByDigest, images))
	require.NoError(t, err)
	require.True(t, results[images[7].ByDigest()].Base().OK)
	require.Empty(t, w.Log(), "warm by digest")
}

// TestHerd shows that 100 identical decisions at once cost the registry one.
func TestHerd(t *testing.T) {
	w := fixture.New(t, longDelay) // on a busy machine the last of the herd is late at each step
	img := w.Push(t, "team/app", "v1", nil).SignBundle(t, w.Key, sigstore.Options{})
	c, o := w.Collector(t, evidence.Config{}), w.Options(t, byKey)
	w.Reset()
	w.Hold(2) // one request arrives, and none other may: the herd waits with it
	var wg sync.WaitGroup
	started := make(chan struct{}, 100)
	for range 100 {
		wg.Go(func() {
			started <- struct{}{}
			v, err := c.Decide().Verify(context.Background(), img.ByTag(), o)
			if err != nil || !v.OK {
				t.Errorf("%v %v", v, err)
			}
		})
	}
	for range 100 {
		<-started
	}
	require.Eventually(t, func() bool { return len(w.Log()) == 1 }, 5*time.Second, time.Millisecond)
	time.Sleep(500 * time.Millisecond) // let the last of the herd reach the first request
	w.Release()
	wg.Wait()
	require.Len(t, w.Log(), 5, strings.Join(w.Paths(), "\n"))
}
