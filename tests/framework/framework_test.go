package framework_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/open-policy-agent/frameworks/constraint/pkg/apis/externaldata/unversioned"
	"github.com/open-policy-agent/frameworks/constraint/pkg/client/drivers/rego"
	"github.com/open-policy-agent/frameworks/constraint/pkg/client/drivers/rego/schema"
	"github.com/open-policy-agent/frameworks/constraint/pkg/core/templates"
	"github.com/open-policy-agent/frameworks/constraint/pkg/externaldata"
	"github.com/open-policy-agent/opa/v1/ast"
	opa "github.com/open-policy-agent/opa/v1/rego"
	opatypes "github.com/open-policy-agent/opa/v1/types"
	"github.com/open-policy-agent/opa/v1/version"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/waxseal/waxseal/bundles"
)

const (
	target = "admission.k8s.gatekeeper.sh"
	kind   = "WaxsealImages"
	digest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
)

func TestOPAIsGatekeepers(t *testing.T) {
	require.Equal(t, "1.17.1", version.Version)
}

// world answers requests from a table by reference, in the place of the provider and of the builtin.
type world struct {
	mu    sync.Mutex
	calls [][]string // the keys of each call
	wrong map[string]string
	fails string // systemError in place of answers
}

// registered is the world of the running test: builtins are registered once in a process.
var registered struct {
	sync.Once
	sync.Mutex
	world *world
}

func (w *world) answer(key string) any {
	var request struct{ Fn, Ref string }
	if err := json.NewDecoder(strings.NewReader(key)).Decode(&request); err != nil {
		return map[string]any{"ok": false, "errors": []any{map[string]any{"code": "malformed", "message": err.Error(), "retryable": false}}}
	}
	if code, ok := w.wrong[request.Ref]; ok {
		return map[string]any{"ok": false, "errors": []any{map[string]any{"code": code, "message": "as the test wants", "retryable": code == "unavailable"}}}
	}
	return map[string]any{
		"ok": true, "errors": []any{}, "ignored": []any{}, "image": map[string]any{},
		"signers": []any{map[string]any{"repository": ""}},
		"reports": []any{},
	}
}

func (w *world) called(keys []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, keys)
}

func (w *world) Calls() [][]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.calls)
}

// collect is evidence.collect over the world of the running test.
func collect(_ opa.BuiltinContext, requests *ast.Term) (*ast.Term, error) {
	w := registered.world
	var keys []string
	out := map[string]any{}
	err := requests.Value.(ast.Set).Iter(func(request *ast.Term) error {
		value, err := ast.JSON(request.Value)
		if err != nil {
			return err
		}
		key, err := json.Marshal(value)
		keys = append(keys, string(key))
		out[string(key)] = w.answer(string(key))
		return err
	})
	if err != nil {
		return nil, opa.NewHaltError(err)
	}
	w.called(keys)
	value, err := ast.InterfaceToValue(out)
	return ast.NewTerm(value), err
}

// provider serves the world as an external data provider, and tells the driver of it.
func provider(t *testing.T, w *world) *externaldata.ProviderCache {
	server := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var request externaldata.ProviderRequest
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			http.Error(rw, err.Error(), http.StatusBadRequest)
			return
		}
		w.called(request.Request.Keys)
		response := externaldata.ProviderResponse{APIVersion: "externaldata.gatekeeper.sh/v1beta1", Kind: "ProviderResponse"}
		response.Response.SystemError = w.fails
		for _, key := range request.Request.Keys {
			if w.fails == "" {
				response.Response.Items = append(response.Response.Items, externaldata.Item{Key: key, Value: w.answer(key)})
			}
		}
		_ = json.NewEncoder(rw).Encode(response)
	}))
	t.Cleanup(server.Close)
	cache := externaldata.NewCache()
	bundle := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	require.NoError(t, cache.Upsert(&unversioned.Provider{
		ObjectMeta: metav1.ObjectMeta{Name: "waxseal"},
		Spec:       unversioned.ProviderSpec{URL: server.URL, Timeout: 5, CABundle: base64.StdEncoding.EncodeToString(bundle)},
	}))
	return cache
}

// driver compiles the template of a flavour in Gatekeeper's driver.
func driver(t *testing.T, flavour string, w *world) *rego.Driver {
	registered.Do(func() {
		opa.RegisterBuiltin1(&opa.Function{
			Name:    "evidence.collect",
			Decl:    opatypes.NewFunction(opatypes.Args(opatypes.A), opatypes.A),
			Memoize: true, Nondeterministic: true,
		}, collect)
	})
	registered.Lock()
	t.Cleanup(registered.Unlock)
	registered.world = w
	args := []rego.Arg{}
	if flavour == bundles.Gatekeeper {
		// An unmodified Gatekeeper has no builtin of ours.
		args = append(args, rego.DisableBuiltins("evidence.collect"), rego.AddExternalDataProviderCache(provider(t, w)))
	}
	d, err := rego.New(args...)
	require.NoError(t, err)
	require.NoError(t, d.AddTemplate(t.Context(), template(t, flavour)))
	return d
}

func template(t *testing.T, flavour string) *templates.ConstraintTemplate {
	files, err := bundles.Files(flavour, nil)
	require.NoError(t, err)
	source := &schema.Source{Rego: string(bundles.Entry()), Version: "v1"}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		source.Libs = append(source.Libs, string(files[name]))
	}
	out := &templates.ConstraintTemplate{}
	out.Spec.CRD.Spec.Names.Kind = kind
	out.Spec.Targets = []templates.Target{{
		Target: target,
		Code:   []templates.Code{{Engine: schema.Name, Source: &templates.Anything{Value: source.ToUnstructured()}}},
	}}
	return out
}

type violation struct {
	msg     string
	details map[string]any
}

func review(t *testing.T, d *rego.Driver, parameters, review map[string]any) []violation {
	constraint := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": kind,
		"metadata": map[string]any{"name": "images"}, "spec": map[string]any{},
	}}
	if parameters != nil {
		constraint.Object["spec"] = map[string]any{"parameters": parameters}
	}
	require.NoError(t, d.AddConstraint(context.Background(), constraint))
	response, err := d.Query(t.Context(), target, []*unstructured.Unstructured{constraint}, review)
	require.NoError(t, err)
	var out []violation
	for _, r := range response.Results {
		details, _ := r.Metadata["details"].(map[string]any)
		out = append(out, violation{r.Msg, details})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].msg < out[j].msg })
	return out
}

func codes(violations []violation) []string {
	out := []string{}
	for _, v := range violations {
		code, _ := v.details["code"].(string)
		where, _ := v.details["where"].(map[string]any)
		path, _ := where["path"].(string)
		out = append(out, code+" "+path)
	}
	sort.Strings(out)
	return out
}

func pod(images ...string) map[string]any {
	var containers []any
	for i, image := range images {
		containers = append(containers, map[string]any{"name": string(rune('a' + i)), "image": image})
	}
	return map[string]any{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": map[string]any{"name": "web", "namespace": "shop"},
		"spec":     map[string]any{"containers": containers},
	}
}

func admission(operation string, object, old map[string]any) map[string]any {
	return map[string]any{
		"kind": map[string]any{"group": "", "version": "v1", "kind": "Pod"},
		"name": "web", "namespace": "shop", "operation": operation, "object": object, "oldObject": old,
	}
}

func signed() map[string]any {
	return map[string]any{"signed_images": map[string]any{"authorities": []any{
		map[string]any{"name": "team", "images": []any{"registry.example/team/*"}, "keys": []any{"team"}},
	}}}
}

var flavours = []string{bundles.Gatekeeper, bundles.GatekeeperBuiltin}

func eachFlavour(t *testing.T, test func(t *testing.T, flavour string)) {
	for _, flavour := range flavours {
		t.Run(flavour, func(t *testing.T) { test(t, flavour) })
	}
}

func TestGoodSampleIsSilentAndBadSampleFires(t *testing.T) {
	eachFlavour(t, func(t *testing.T, flavour string) {
		good := "registry.example/team/good@" + digest
		d := driver(t, flavour, &world{wrong: map[string]string{
			"registry.example/team/bad@" + digest:  "unsigned",
			"registry.example/team/evil@" + digest: "untrusted_identity",
			"registry.example/team/down@" + digest: "unavailable",
		}})
		require.Empty(t, review(t, d, signed(), admission("CREATE", pod(good), nil)))
		require.Equal(t, []string{
			"pinned_digests.not_pinned spec.containers[5]",
			"signed_images.no_authority spec.containers[4]",
			"signed_images.unknown spec.containers[3]",
			"signed_images.unsigned spec.containers[1]",
			"signed_images.untrusted spec.containers[2]",
		}, codes(review(t, d, signed(), admission("CREATE", pod(
			good,
			"registry.example/team/bad@"+digest,
			"registry.example/team/evil@"+digest,
			"registry.example/team/down@"+digest,
			"docker.io/acme/x@"+digest,
			"registry.example/team/good:1",
		), nil))))
	})
}

func TestTextsOfMetadataAreInTheViolation(t *testing.T) {
	eachFlavour(t, func(t *testing.T, flavour string) {
		d := driver(t, flavour, &world{})
		found := review(t, d, map[string]any{"pinned_digests": map[string]any{}}, admission("CREATE", pod("nginx:1"), nil))
		require.Len(t, found, 1)
		require.Equal(t, `image "nginx:1" of container "a" in Pod shop/web: it is named by the tag "1" only, and a digest was expected. `+
			"Name the image by digest, as in name:tag@sha256:...; `waxseal verify IMAGE` prints the digest of a tag.", found[0].msg)
		require.Equal(t, map[string]any{
			"code": "pinned_digests.not_pinned", "policy": "pinned_digests", "severity": "high",
			"title":       "The image is named by a tag only",
			"msg":         found[0].msg,
			"remediation": "Name the image by digest, as in name:tag@sha256:...; `waxseal verify IMAGE` prints the digest of a tag.",
			"image":       "nginx:1",
			"where":       map[string]any{"kind": "Pod", "namespace": "shop", "name": "web", "path": "spec.containers[0]", "container": "a"},
			"controls":    []any{"NIST-800-53:CM-14", "NIST-800-53:SI-7", "CWE:494", "CIS-Kubernetes:5.5.1"},
			"errors":      []any{},
		}, found[0].details)
	})
}

func TestOneCollectForAllImages(t *testing.T) {
	eachFlavour(t, func(t *testing.T, flavour string) {
		w := &world{}
		d := driver(t, flavour, w)
		var images []string
		for i := range 20 {
			images = append(images, "registry.example/team/app"+string(rune('a'+i))+"@"+digest)
		}
		require.Empty(t, review(t, d, signed(), admission("CREATE", pod(append(images, images...)...), nil)))
		calls := w.Calls()
		require.Len(t, calls, 1)
		require.Len(t, calls[0], 20)
	})
}

// A key ends in a time slot, because Gatekeeper keeps answers by key.
func TestKeysOfTheProviderEndInATimeSlot(t *testing.T) {
	w := &world{}
	d := driver(t, bundles.Gatekeeper, w)
	require.Empty(t, review(t, d, signed(), admission("CREATE", pod("registry.example/team/a@"+digest), nil)))
	require.Regexp(t, `^\{"fn":"cosign\.verify","opts":\{"keys":\["team"\]\},"ref":"registry\.example/team/a@sha256:a{64}"\} [0-9]{9}$`, w.Calls()[0][0])
}

func TestWhatTheProviderCannotTellIsDenied(t *testing.T) {
	d := driver(t, bundles.Gatekeeper, &world{fails: "the registry is asleep"})
	found := review(t, d, signed(), admission("CREATE", pod("registry.example/team/a@"+digest), nil))
	require.Equal(t, []string{"signed_images.unknown spec.containers[0]"}, codes(found))
	require.Contains(t, found[0].msg, "the registry is asleep")
}

func TestProviderThatIsNotThereIsDenied(t *testing.T) {
	d := driver(t, bundles.Gatekeeper, &world{})
	parameters := signed()
	parameters["provider"] = "nobody"
	require.Equal(t, []string{"signed_images.unknown spec.containers[0]"},
		codes(review(t, d, parameters, admission("CREATE", pod("registry.example/team/a@"+digest), nil))))
}

func TestParametersThatSwitchOnNothingAreDenied(t *testing.T) {
	eachFlavour(t, func(t *testing.T, flavour string) {
		d := driver(t, flavour, &world{})
		require.Equal(t, []string{"parameters.empty "}, codes(review(t, d, nil, admission("CREATE", pod("nginx@"+digest), nil))))
		require.Equal(t, []string{"parameters.empty ", "parameters.unknown "},
			codes(review(t, d, map[string]any{"signed_image": map[string]any{}}, admission("CREATE", pod("nginx@"+digest), nil))))
	})
}

func TestOperations(t *testing.T) {
	eachFlavour(t, func(t *testing.T, flavour string) {
		bad := "registry.example/team/bad@" + digest
		d := driver(t, flavour, &world{wrong: map[string]string{bad: "unsigned"}})
		unsigned := []string{"signed_images.unsigned spec.containers[0]"}
		require.Equal(t, unsigned, codes(review(t, d, signed(), admission("CREATE", pod(bad), nil))))
		require.Equal(t, unsigned, codes(review(t, d, signed(), admission("UPDATE", pod(bad), pod(bad+"b")))))
		require.Empty(t, review(t, d, signed(), admission("UPDATE", pod(bad), pod(bad))), "an update that leaves the image as it is")
		require.Empty(t, review(t, d, signed(), admission("DELETE", pod(bad), pod(bad))), "what is deleted runs no longer")
		audit := admission("", pod(bad), nil)
		delete(audit, "operation")
		delete(audit, "oldObject")
		require.Equal(t, unsigned, codes(review(t, d, signed(), audit)), "an audit judges as an admission does")
		require.Equal(t, []string{"pinned_digests.not_pinned spec.containers[0]"},
			codes(review(t, d, map[string]any{"pinned_digests": map[string]any{"tags": "warn"}}, admission("CREATE", pod("nginx"), nil))),
			"a warning is for pull requests")
	})
}

// The template of the builtins does not compile on an unmodified Gatekeeper.
func TestBuiltinFlavourIsRefusedWithoutBuiltins(t *testing.T) {
	d, err := rego.New(rego.DisableBuiltins("evidence.collect"))
	require.NoError(t, err)
	require.ErrorContains(t, d.AddTemplate(t.Context(), template(t, bundles.GatekeeperBuiltin)), "evidence.collect")
}

// What Gatekeeper would take for consent, the entry point refuses.
func TestNoVerdictIsDenied(t *testing.T) {
	d, err := rego.New()
	require.NoError(t, err)
	broken := template(t, bundles.Gatekeeper)
	broken.Spec.Targets[0].Code[0].Source = &templates.Anything{Value: (&schema.Source{
		Rego: string(bundles.Entry()), Version: "v1", Libs: []string{"package lib.waxseal\n\nreport := input.review.nothing"},
	}).ToUnstructured()}
	require.NoError(t, d.AddTemplate(t.Context(), broken))
	found := review(t, d, signed(), admission("CREATE", pod("nginx"), nil))
	require.Len(t, found, 1)
	require.Equal(t, "waxseal came to no verdict, and nothing is admitted without one", found[0].msg)
}
