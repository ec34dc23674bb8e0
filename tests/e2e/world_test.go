package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/tests/e2e/stack"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/oci"
)

const developer = "dev@e2e.example" // who signs keyless

// world is everything that the scenarios run against.
type world struct {
	*stack.Cluster
	gatekeeper *stack.Gatekeeper
	provider   *stack.Provider

	distribution *stack.Distribution // a registry without the referrers API
	registry     *oci.Registry       // one with it, which can be made to fail
	unapproved   *oci.Registry       // another one

	cosign   map[int]*stack.Cosign
	stranger *stack.Cosign // whose key nobody trusts
	scanner  *stack.Cosign
	sigstore *stack.Sigstore

	fine string // an image that everything is right with
	bad  string // one that is not signed
}

// newWorld starts all but what asks for evidence.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		Cluster: stack.NewCluster(t), distribution: stack.StartDistribution(t), registry: oci.Start(t), unapproved: oci.Start(t),
		cosign:   map[int]*stack.Cosign{2: stack.NewCosign(t, 2), 3: stack.NewCosign(t, 3)},
		stranger: stack.NewCosign(t, 2), scanner: stack.NewCosign(t, 3),
	}
	w.StartControllers(t)
	w.sigstore = stack.NewSigstore(t, w.cosign[3])
	w.fine, w.bad = w.good(t, w.registry.Host()+"/team/fine"), push(t, w.registry.Host()+"/team/bad")
	w.scan(t, w.bad)
	return w
}

// push writes an image of its own to a repository, as v1, and returns it by digest.
func push(t *testing.T, repository string) string {
	t.Helper()
	image, err := random.Image(64, 1)
	require.NoError(t, err)
	return write(t, repository, "v1", image)
}

// write writes what to a tag of a repository, and returns it by digest.
func write(t *testing.T, repository, tag string, what remote.Taggable) string {
	t.Helper()
	ref, err := name.NewTag(repository+":"+tag, name.Insecure)
	require.NoError(t, err)
	pusher, err := remote.NewPusher()
	require.NoError(t, err)
	require.NoError(t, pusher.Push(t.Context(), ref, what))
	digest, err := remote.Head(ref)
	require.NoError(t, err)
	return repository + "@" + digest.Digest.String()
}

// scan attests a scan of a moment ago that found what is named. The type is
// given as URI: `--type vuln` has cosign leave out the time of the database.
func (w *world) scan(t *testing.T, ref string, found ...fixture.Vulnerability) {
	t.Helper()
	w.scanner.Attest(t, ref, fixture.ScanType, report(t, ref, found...), true)
}

// report is the predicate of a scan.
func report(t *testing.T, ref string, found ...fixture.Vulnerability) []byte {
	t.Helper()
	now := time.Now()
	raw, err := json.Marshal(fixture.ScanPredicate(ref, now.Add(-time.Minute), now.Add(-time.Hour), found...))
	require.NoError(t, err)
	return raw
}

// good returns an image that everything is right with.
func (w *world) good(t *testing.T, repository string) string {
	t.Helper()
	ref := push(t, repository)
	w.cosign[3].Sign(t, ref, true)
	w.scan(t, ref)
	return ref
}

// policy is what the constraints demand.
func (w *world) policy() map[string]any {
	hosts := []string{w.distribution.Host, w.registry.Host()}
	all := append(slices.Clone(hosts), w.unapproved.Host())
	under := func(hosts []string, path string) (patterns []string) {
		for _, host := range hosts {
			patterns = append(patterns, host+path)
		}
		return patterns
	}
	return map[string]any{
		"allowed_registries": map[string]any{"images": hosts},
		"signed_images": map[string]any{"authorities": []any{
			map[string]any{"name": "release", "images": under(all, "/team/*"), "keys": []string{"release2", "release3"}, "insecure_ignore_tlog": true},
			map[string]any{
				"name": "developers", "images": under(hosts, "/keyless/*"), "trust_root": "e2e", "insecure_ignore_sct": true,
				"timestamps": true, "identities": []any{map[string]any{"issuer": w.sigstore.Issuer.URL, "subject": developer}},
			},
		}},
		"scanned_images": map[string]any{
			"authorities": []any{map[string]any{"name": "scanner", "images": all, "keys": []string{"scanner"}, "insecure_ignore_tlog": true}},
			"fail_on":     []string{"critical"}, "max_scan_age": "7d", "max_database_age": "14d",
		},
	}
}

// waxsealYAML writes the operator's configuration and returns its path.
func (w *world) waxsealYAML(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	keys := map[string]string{"release2": w.cosign[2].PEM, "release3": w.cosign[3].PEM, "scanner": w.scanner.PEM}
	var text strings.Builder
	fmt.Fprintf(&text, "version: 1\nhosts_only: true\ncredentials: {docker_config: false}\ntrust_roots: {e2e: {file: %q}}\nkeys:\n", w.sigstore.Root)
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".pub"), []byte(keys[name]), 0o600))
		fmt.Fprintf(&text, "  %s: {file: %s.pub}\n", name, name)
	}
	// What is attested during a test is to be seen soon.
	fmt.Fprintln(&text, "limits: {listing_ttl: 1s}\nregistries:")
	for _, host := range []string{w.distribution.Host, w.registry.Host(), w.unapproved.Host()} {
		fmt.Fprintf(&text, "  %q: {plain_http: true}\n", host)
	}
	path := filepath.Join(dir, "waxseal.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o600))
	return path
}
