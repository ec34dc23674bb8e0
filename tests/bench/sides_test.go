package bench_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/types"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/oci"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// unlogged is how the cold images are signed: by a key, without a log entry,
// which neither side then asks for.
var unlogged = sigstore.Options{WithoutTlog: true}

// trusted is what the policies ask of a signature.
func trusted(formats ...any) map[string]any {
	return map[string]any{"keys": []any{"release"}, "insecure_ignore_tlog": true, "formats": formats}
}

// batch asks for everything at once.
const batch = `package p

requests := {ref: {"fn": "cosign.verify", "ref": ref, "opts": data.opts} | some ref in data.images}

results := evidence.collect([r | some r in requests])

admitted contains ref if {
	some ref, r in requests
	results[json.marshal(r)].ok
}`

// serial asks for one image after another, as a builtin does that is called in
// a rule.
const serial = `package p

admitted contains ref if {
	some ref in data.images
	serial.verify(ref)
}`

// slow is a registry of 20 ms per request.
func slow(t testing.TB) *fixture.World {
	return fixture.New(t, oci.WithDelay(20*time.Millisecond))
}

func coldLegacy(t testing.TB) sides {
	w, refs := legacyImages(t)
	return sides{batchSide(w, refs, "legacy"), serialSide(w, refs, legacyCheck(w))}
}

func coldBundle(t testing.TB) sides {
	w := slow(t)
	refs := images(t, w, 10, fixture.Image.ByTag, func(i fixture.Image) { i.SignBundle(t, w.Key, unlogged) })
	return sides{batchSide(w, refs, "bundle"), serialSide(w, refs, bundleCheck(t, w))}
}

func coldLibrary(t testing.TB) sides {
	w, refs := legacyImages(t)
	return sides{librarySide(w, refs), serialSide(w, refs, legacyCheck(w))}
}

func legacyImages(t testing.TB) (*fixture.World, []any) {
	w := slow(t)
	return w, images(t, w, 10, fixture.Image.ByTag, func(i fixture.Image) { i.Sign(t, unlogged, w.Key) })
}

// images pushes n signed images and returns their references.
func images(t testing.TB, w *fixture.World, n int, ref func(fixture.Image) string, sign func(fixture.Image)) []any {
	t.Helper()
	var refs []any
	for k := range n {
		i := w.Push(t, fmt.Sprintf("team/app%d", k), "v1", nil)
		sign(i)
		refs = append(refs, ref(i))
	}
	return refs
}

// batchSide is a small policy on evidence.collect, cold: a new collector each
// time, without a connection and without memory. It asks for the one format
// that the cosign library is asked for.
func batchSide(w *fixture.World, refs []any, format string) side {
	return func(t testing.TB) func() int {
		q := prepare(t, append(builtins.Over(w.Collector(t, evidence.Config{})).Options(), rego.Query("data.p.admitted"), rego.Module("p.rego", batch),
			rego.Store(inmem.NewFromObject(map[string]any{"images": refs, "opts": trusted(format)}))))
		return func() int { return decide(t, w, q, len(refs)) }
	}
}

// serialSide is a builtin that calls the cosign library as it is, for one image
// after another.
func serialSide(w *fixture.World, refs []any, check func(context.Context, name.Reference) error) side {
	builtin := rego.Function1(&rego.Function{Name: "serial.verify", Decl: types.NewFunction(types.Args(types.S), types.B)},
		func(b rego.BuiltinContext, arg *ast.Term) (*ast.Term, error) {
			ref, err := name.ParseReference(string(arg.Value.(ast.String)), name.Insecure)
			if err != nil {
				return nil, err
			}
			return ast.BooleanTerm(check(b.Context, ref) == nil), nil
		})
	return func(t testing.TB) func() int {
		q := prepare(t, []func(*rego.Rego){builtin, rego.Query("data.p.admitted"), rego.Module("p.rego", serial),
			rego.Store(inmem.NewFromObject(map[string]any{"images": refs}))})
		return func() int { return decide(t, w, q, len(refs)) }
	}
}

func legacyCheck(w *fixture.World) func(context.Context, name.Reference) error {
	return func(ctx context.Context, ref name.Reference) error {
		_, _, err := cosign.VerifyImageSignatures(ctx, ref, &cosign.CheckOpts{
			SigVerifier: w.Key.Verifier(), ClaimVerifier: cosign.SimpleClaimVerifier, IgnoreTlog: true,
		})
		return err
	}
}

func bundleCheck(t testing.TB, w *fixture.World) func(context.Context, name.Reference) error {
	material, err := root.NewTrustedRootFromJSON(w.Sigstore.TrustedRootJSON())
	require.NoError(t, err)
	return func(ctx context.Context, ref name.Reference) error {
		_, _, err := cosign.VerifyImageAttestations(ctx, ref, &cosign.CheckOpts{
			SigVerifier: w.Key.Verifier(), TrustedMaterial: material, IgnoreTlog: true, NewBundleFormat: true,
		})
		return err
	}
}

// admitted asks the library of policies for the images that it admits.
const admitted = "{image.image | some image in data.lib.waxseal.report.images; image.admitted}"

// librarySide is the whole library of policies over a Pod, cold, and asks for
// both formats.
func librarySide(w *fixture.World, refs []any) side {
	return func(t testing.TB) func() int {
		set := builtins.Over(w.Collector(t, evidence.Config{}))
		q := prepare(t, append(set.Options(), library(t, bundles.CLI, admitted, map[string]any{"parameters": parameters(w)})...))
		input := ast.MustInterfaceToValue(map[string]any{"object": pod(refs)})
		return func() int { return decide(t, w, q, len(refs), rego.EvalParsedInput(input)) }
	}
}

// library returns the policies for one host.
func library(t testing.TB, flavour, query string, data map[string]any) []func(*rego.Rego) {
	t.Helper()
	files, err := bundles.Files(flavour, nil)
	require.NoError(t, err)
	out := []func(*rego.Rego){rego.Query(query), rego.Store(table(map[string]any{"waxseal": data}))}
	for path, content := range files {
		out = append(out, rego.Module(path, string(content)))
	}
	return out
}

// table returns a store that need not convert what is read from it.
func table(data map[string]any) storage.Store {
	return inmem.NewFromObjectWithOpts(data, inmem.OptReturnASTValuesOnRead(true))
}

// warmLibrary is the library with evidence by builtins, and the same with the
// same evidence as data: the policies alone.
func warmLibrary(t testing.TB) sides {
	w := fixture.New(t)
	refs := images(t, w, 20, fixture.Image.ByDigest, func(i fixture.Image) { i.Sign(t, sigstore.Options{}, w.Key) })
	input := rego.EvalParsedInput(ast.MustInterfaceToValue(map[string]any{"object": pod(refs)}))
	set := builtins.Over(w.Collector(t, evidence.Config{ListingTTL: time.Hour}))
	live := func(query string) rego.PreparedEvalQuery {
		return prepare(t, append(set.Options(), library(t, bundles.CLI, query, map[string]any{"parameters": parameters(w)})...))
	}
	rs, err := live("data.lib.waxseal.evidence._collected").Eval(context.Background(), input)
	require.NoError(t, err)
	replay := prepare(t, library(t, bundles.Replay, admitted, map[string]any{
		"parameters": parameters(w), "evidence": rs[0].Expressions[0].Value, "now": time.Now().UnixNano(),
	}))
	evaluated := func(q rego.PreparedEvalQuery) side {
		return func(t testing.TB) func() int {
			return func() int { return decide(t, w, q, len(refs), input) }
		}
	}
	return sides{evaluated(live(admitted)), evaluated(replay)}
}

func parameters(w *fixture.World) map[string]any {
	authority := map[string]any{"name": "team", "images": []any{w.Host() + "/team/*"}}
	for k, v := range trusted("legacy", "bundle") {
		authority[k] = v
	}
	return map[string]any{"signed_images": map[string]any{"authorities": []any{authority}}}
}

func pod(refs []any) map[string]any {
	var containers []any
	for i, ref := range refs {
		containers = append(containers, map[string]any{
			"name": fmt.Sprintf("c%d", i), "image": ref,
			"securityContext": map[string]any{"privileged": false},
			"resources":       map[string]any{"limits": map[string]any{"memory": "64Mi"}},
		})
	}
	return map[string]any{
		"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "app", "namespace": "team"},
		"spec": map[string]any{"containers": containers},
	}
}

func prepare(t testing.TB, options []func(*rego.Rego)) rego.PreparedEvalQuery {
	t.Helper()
	q, err := rego.New(options...).PrepareForEval(context.Background())
	require.NoError(t, err)
	return q
}

// decide evaluates once: all images must be admitted.
func decide(t testing.TB, w *fixture.World, q rego.PreparedEvalQuery, n int, options ...rego.EvalOption) int {
	w.Reset()
	rs, err := q.Eval(context.Background(), options...)
	require.NoError(t, err)
	require.Len(t, rs[0].Expressions[0].Value, n)
	return len(w.Log())
}

// plain is five common rules over a Pod.
const plain = `package p

registries := {"REGISTRY"}

deny contains sprintf("%s is privileged", [c.name]) if {
	some c in input.spec.containers
	c.securityContext.privileged
}

deny contains sprintf("%s is of another registry", [c.image]) if {
	some c in input.spec.containers
	not split(c.image, "/")[0] in registries
}

deny contains sprintf("%s has no version", [c.image]) if {
	some c in input.spec.containers
	endswith(c.image, ":latest")
}

deny contains sprintf("%s has no memory limit", [c.name]) if {
	some c in input.spec.containers
	not c.resources.limits.memory
}

deny contains "the network of the host is used" if input.spec.hostNetwork
`

// verifying is the rule that is added to plain.
const verifying = `
deny contains sprintf("%s is not signed", [c.image]) if {
	some c in input.spec.containers
	not cosign.verify(c.image, {"keys": ["release"]}).ok
}
`

// lookingUp is the same with the answers in a table: what any rule costs.
const lookingUp = `
deny contains sprintf("%s is not signed", [c.image]) if {
	some c in input.spec.containers
	not data.table[c.image].ok
}
`

func warmCall(t testing.TB) sides { return warmRule(t, verifying) }

func warmTable(t testing.TB) sides { return warmRule(t, lookingUp) }

// callOverTable compares two policies that differ in where the answer is from.
func callOverTable(t testing.TB) sides {
	return sides{warmCall(t).waxseal, warmTable(t).waxseal}
}

// evaluations are measured together, because one alone is too short.
const evaluations = 20

func warmRule(t testing.TB, rule string) sides {
	w := fixture.New(t)
	refs := images(t, w, 20, fixture.Image.ByDigest, func(i fixture.Image) { i.Sign(t, sigstore.Options{}, w.Key) })
	answers := map[string]any{}
	for _, ref := range refs {
		answers[ref.(string)] = map[string]any{"ok": true}
	}
	store := table(map[string]any{"table": answers})
	input := ast.MustInterfaceToValue(pod(refs))
	set := builtins.Over(w.Collector(t, evidence.Config{ListingTTL: time.Hour}))
	evaluated := func(module string) side {
		module = strings.ReplaceAll(module, "REGISTRY", w.Host())
		q := prepare(t, append(set.Options(), rego.Query("data.p.deny"), rego.Module("p.rego", module), rego.Store(store)))
		eval := func() {
			rs, err := q.Eval(context.Background(), rego.EvalParsedInput(input))
			if err != nil || len(rs[0].Expressions[0].Value.([]any)) > 0 {
				t.Fatal(err, rs)
			}
		}
		eval()
		return func(testing.TB) func() int {
			return func() int {
				w.Reset()
				for range evaluations {
					eval()
				}
				return len(w.Log())
			}
		}
	}
	return sides{evaluated(plain + rule), evaluated(plain)}
}
