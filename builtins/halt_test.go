package builtins_test

import (
	"context"
	"errors"
	"testing"

	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// broken is a source with a bug.
type broken struct{ bug func() error }

func (b broken) Resolve(context.Context, registry.Reference) (registry.Descriptor, error) {
	return registry.Descriptor{}, b.bug()
}

func (b broken) Manifest(context.Context, registry.Repository, registry.Digest) (registry.Manifest, error) {
	return registry.Manifest{}, b.bug()
}

func (b broken) Tagged(context.Context, registry.Repository, string) (registry.Manifest, error) {
	return registry.Manifest{}, b.bug()
}

func (b broken) Blob(context.Context, registry.Repository, registry.Descriptor) ([]byte, error) {
	return nil, b.bug()
}

func (b broken) Referrers(context.Context, registry.Repository, registry.Digest) (registry.Referrers, error) {
	return registry.Referrers{}, b.bug()
}

// TestBugsHalt shows that a panic and an error that nobody classified stop the
// evaluation with a message: they are no answer, and the process lives on. The
// policy is the one that passes silently when a builtin is undefined.
//
// CVE-2026-44310: a panic ends as success.
func TestBugsHalt(t *testing.T) {
	w := fixture.New(t)
	for name, bug := range map[string]func() error{
		"panic":              func() error { panic("index out of range") },
		"unclassified error": func() error { return errors.New("surprise") },
	} {
		for _, call := range []string{
			`cosign.verify("registry.example/a:v1", {"keys": ["release"]})`,
			`cosign.verify("registry.example/a@sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", {"keys": ["release"]})`,
			`cosign.attestations("registry.example/a:v1", {"keys": ["release"]})`,
			`scan.findings("registry.example/a:v1", {"keys": ["release"]})`,
			`sbom.packages("registry.example/a:v1", {"keys": ["release"]})`,
			`notation.verify("registry.example/a:v1", {"trust_policy": "strict"})`,
			`vex.statements("registry.example/a:v1", {"keys": ["release"]})`,
			`registry.digest("registry.example/a:v1")`,
			`registry.referrers("registry.example/a:v1")`,
			`evidence.collect([{"fn": "registry.config", "ref": "registry.example/a:v1"}])`,
		} {
			for _, strict := range []bool{false, true} {
				set := builtins.Over(evidence.New(broken{bug}, evidence.Config{Names: w.Names(t)}))
				module := "package p\ndeny contains 1 if {\n\tr := " + call + "\n\tnot r.ok\n}"
				_, err := rego.New(append(set.Options(), rego.Query("data.p.deny"), rego.Module("p.rego", module), rego.StrictBuiltinErrors(strict))...).Eval(context.Background())
				require.ErrorContains(t, err, "please report it", "%s %s", name, call)
			}
		}
	}
}

// TestGivenUpHalts shows that a caller that goes away is no answer either.
func TestGivenUpHalts(t *testing.T) {
	w := fixture.New(t)
	w.Hold(1000)
	ctx, cancel := context.WithCancel(context.Background())
	set := builtins.Over(w.Collector(t, evidence.Config{}))
	done := make(chan error, 1)
	go func() {
		_, err := rego.New(append(set.Options(), rego.Query(`registry.digest("`+w.Host()+`/a:v1").ok`))...).Eval(ctx)
		done <- err
	}()
	require.Eventually(t, func() bool { return len(w.Log()) > 0 }, 5_000_000_000, 1_000_000)
	cancel()
	require.Error(t, <-done)
}

// TestOneAnswerInAQuery asks the same question twice in one evaluation, while
// the world changes in between: one decision sees one answer.
func TestOneAnswerInAQuery(t *testing.T) {
	w := fixture.New(t)
	img := w.Push(t, "team/app", "v1", nil)
	d := w.Collector(t, evidence.Config{}).Decide()
	o := w.Options(t, map[string]any{"keys": []string{"release"}})
	first, err := d.Call(context.Background(), "cosign.verify", img.ByTag(), o)
	require.NoError(t, err)
	img.Sign(t, sigstore.Options{}, w.Key)
	second, err := d.Call(context.Background(), "cosign.verify", img.ByTag(), o)
	require.NoError(t, err)
	require.False(t, second.Base().OK)
	require.Same(t, first, second)
}
