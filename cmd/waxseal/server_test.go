package main

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/process"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
	"github.com/waxseal/waxseal/tests/fixture/tuf"
)

// site is a folder with a waxseal.yaml for a world, and bundles.
type site struct {
	*fixture.World
	dir, config string
}

func newSite(t *testing.T) *site {
	s := &site{World: fixture.New(t), dir: t.TempDir()}
	s.write(t, "cosign.pub", string(s.Key.PEM()))
	s.write(t, "root.json", string(s.Sigstore.TrustedRootJSON()))
	s.config = s.write(t, "waxseal.yaml", configuration(s.World))
	return s
}

func (s *site) write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(s.dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// bundle writes a bundle as a file and returns its path.
func (s *site) bundle(t *testing.T, flavour string, data map[string]any) string {
	t.Helper()
	content, err := bundles.Content(flavour, bundles.Options{Data: data})
	require.NoError(t, err)
	manifest, err := json.Marshal(bundles.NewManifest(content, bundles.Description{Flavour: flavour}))
	require.NoError(t, err)
	content[bundles.ManifestFile] = manifest
	archive, err := bundles.Archive(content)
	require.NoError(t, err)
	return s.write(t, flavour+".tar.gz", string(archive))
}

// serve starts `waxseal run --server` with the bundle for it.
func (s *site) serve(t *testing.T, args ...string) *process.Server {
	t.Helper()
	args = append([]string{"--set", "plugins.waxseal.config=" + s.config, "--bundle", s.bundle(t, bundles.CLI, nil)}, args...)
	return process.OPA(t, "waxseal", process.Options{}, args...)
}

func pod(ref string) map[string]any {
	return map[string]any{
		"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "app"},
		"spec": map[string]any{"containers": []any{map[string]any{
			"name": "app", "image": ref, "env": []any{map[string]any{"name": "PASSWORD", "value": "s3cret"}},
		}}},
	}
}

// codes are the codes of the violations, by the place of the image.
func codes(t *testing.T, answer process.Answer) (verdict string, codes map[string]string) {
	t.Helper()
	require.Equal(t, http.StatusOK, answer.Status, answer.Body)
	result := answer.JSON(t)["result"].(map[string]any)
	codes = map[string]string{}
	for _, v := range result["violations"].([]any) {
		violation := v.(map[string]any)
		codes[violation["where"].(map[string]any)["path"].(string)] = violation["code"].(string)
	}
	return result["verdict"].(string), codes
}

const decision = "/v1/data/lib/waxseal/decision"

func input(v map[string]any) map[string]any { return map[string]any{"input": v} }

func TestServerDecides(t *testing.T) {
	s := newSite(t)
	good := s.Push(t, "shop/good", "v1", nil).Sign(t, sigstore.Options{}, s.Key).ByDigest()
	bad := s.Push(t, "shop/bad", "v1", nil).ByDigest()
	server := s.serve(t)
	for name, row := range map[string]struct {
		input   map[string]any
		verdict string
		codes   map[string]string
	}{
		"an image":         {map[string]any{"image": good}, "admitted", map[string]string{}},
		"another image":    {map[string]any{"image": bad}, "denied", map[string]string{"spec.containers[0]": "signed_images.unsigned"}},
		"an object":        {map[string]any{"object": pod(good)}, "admitted", map[string]string{}},
		"a list":           {map[string]any{"object": map[string]any{"apiVersion": "v1", "kind": "List", "items": []any{pod(good), pod(bad)}}}, "denied", map[string]string{"items[1].spec.containers[0]": "signed_images.unsigned"}},
		"an array":         {map[string]any{"objects": []any{pod(bad), pod(good)}}, "denied", map[string]string{"objects[0].spec.containers[0]": "signed_images.unsigned"}},
		"nothing":          {map[string]any{}, "cannot_tell", map[string]string{}},
		"its own verdict":  {map[string]any{"image": bad, "parameters": map[string]any{}}, "denied", map[string]string{"spec.containers[0]": "signed_images.unsigned"}},
		"its own evidence": {map[string]any{"image": bad, "evidence": map[string]any{}}, "denied", map[string]string{"spec.containers[0]": "signed_images.unsigned"}},
	} {
		t.Run(name, func(t *testing.T) {
			verdict, found := codes(t, server.Do(t, "POST", decision, input(row.input)))
			require.Equal(t, row.verdict, verdict)
			require.Equal(t, row.codes, found)
		})
	}
	t.Run("the evidence of a list is asked for at once", func(t *testing.T) {
		before := metric(t, server, "waxseal_collect_seconds_count")
		server.Do(t, "POST", decision, input(map[string]any{"objects": []any{pod(bad), pod(good), pod(good)}}))
		require.Equal(t, before+1, metric(t, server, "waxseal_collect_seconds_count"))
	})
	t.Run("an AdmissionReview", func(t *testing.T) {
		review := func(ref string) map[string]any {
			return server.Do(t, "POST", "/", map[string]any{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": map[string]any{
				"uid": "u-1", "operation": "CREATE", "namespace": "shop", "object": pod(ref),
			}}).JSON(t)
		}
		require.Equal(t, map[string]any{
			"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": map[string]any{"uid": "u-1", "allowed": true},
		}, review(good))
		response := review(bad)["response"].(map[string]any)
		require.Equal(t, false, response["allowed"])
		require.Contains(t, response["status"].(map[string]any)["message"], `[signed_images.unsigned] image "`+bad+`" of container "app" in Pod shop/app: it is not signed`)
	})
	t.Run("nobody writes the parameters", func(t *testing.T) {
		answer := server.Do(t, "PUT", "/v1/data/waxseal/parameters", map[string]any{"pinned_digests": map[string]any{}})
		require.NotEqual(t, http.StatusNoContent, answer.Status)
		require.Contains(t, answer.Body, "owned by bundle")
		verdict, _ := codes(t, server.Do(t, "POST", decision, input(map[string]any{"image": bad})))
		require.Equal(t, "denied", verdict)
	})
}

// metric returns the value of a metric without labels, or with those in its name.
func metric(t *testing.T, server *process.Server, name string) int {
	t.Helper()
	for line := range strings.Lines(server.Do(t, "GET", "/metrics", nil).Body) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			var n int
			require.NoError(t, json.Unmarshal([]byte(strings.TrimSpace(value)), &n))
			return n
		}
	}
	require.Fail(t, "no metric "+name)
	return 0
}

func TestServerCollects(t *testing.T) {
	s := newSite(t)
	good := s.Push(t, "shop/good", "v1", nil).Sign(t, sigstore.Options{}, s.Key).ByDigest()
	server := s.serve(t, "--set", "plugins.waxseal.max_keys=3,plugins.waxseal.max_body_bytes=2000")
	verify := `{"fn":"cosign.verify","opts":{"keys":["release"]},"ref":"` + good + `"}`
	spaced := `{"fn": "image.parse", "opts": {}, "ref": "<nginx>&` + "\u00e9" + `"}`
	t.Run("results by their keys", func(t *testing.T) {
		answer := server.Do(t, "POST", "/v1/collect", map[string]any{"keys": []string{verify, spaced, "x", verify}[:3]})
		require.Equal(t, http.StatusOK, answer.Status, answer.Body)
		results := answer.JSON(t)["results"].(map[string]any)
		require.Len(t, results, 3)
		ok := map[string]any{}
		for key, result := range results {
			ok[key] = result.(map[string]any)["ok"]
		}
		require.Equal(t, map[string]any{verify: true, spaced: false, "x": false}, ok)
		require.Equal(t, "release", results[verify].(map[string]any)["signers"].([]any)[0].(map[string]any)["key"])
		require.Equal(t, 1, metric(t, server, "waxseal_verification_seconds_count"))
		require.Equal(t, 1, metric(t, server, `waxseal_registry_requests_total{kind="manifest",registry="`+s.Host()+`",status="200"}`))
	})
	t.Run("nothing", func(t *testing.T) {
		require.Equal(t, map[string]any{"results": map[string]any{}}, server.Do(t, "POST", "/v1/collect", `{"keys": []}`).JSON(t))
	})
	for name, row := range map[string]struct {
		method, body, header string
		status               int
		code, message        string
	}{
		"a method":                    {"GET", "", "", 405, "invalid_request", "GET: expected POST"},
		"no body":                     {"POST", "", "", 400, "invalid_request", `the body is not {"keys": ["…"]}: EOF`},
		"no keys":                     {"POST", `{}`, "", 400, "invalid_request", `the body is not {"keys": ["…"]}: keys is missing`},
		"another field":               {"POST", `{"keys": [], "opts": 1}`, "", 400, "invalid_request", `the body is not {"keys": ["…"]}: json: unknown field "opts"`},
		"keys of no text":             {"POST", `{"keys": [1]}`, "", 400, "invalid_request", `the body is not {"keys": ["…"]}: json: cannot unmarshal number into Go struct field .keys of type string`},
		"two values":                  {"POST", `{"keys": []} {}`, "", 400, "invalid_request", `the body is not {"keys": ["…"]}: more than one JSON value`},
		"too many keys":               {"POST", `{"keys": ["a", "b", "c", "d"]}`, "", 413, "too_large", "4 keys, more than 3 (plugins.waxseal.max_keys)"},
		"too many bytes":              {"POST", `{"keys": ["` + strings.Repeat("a", 2000) + `"]}`, "", 413, "too_large", "the body has more than 2000 bytes (plugins.waxseal.max_body_bytes)"},
		"a body that is not as it is": {"POST", `{"keys": []}`, "Content-Encoding: br", 415, "invalid_request", `Content-Encoding "br": send the body as it is`},
	} {
		t.Run(name, func(t *testing.T) {
			var headers []string
			if row.header != "" {
				headers = append(headers, row.header)
			}
			answer := server.Do(t, row.method, "/v1/collect", row.body, headers...)
			require.Equal(t, row.status, answer.Status)
			require.Equal(t, map[string]any{"error": map[string]any{"code": row.code, "message": row.message}}, answer.JSON(t))
		})
	}
}

// What cannot be used, or is said in two places, keeps the server from starting.
func TestServerRefusesToStart(t *testing.T) {
	s := newSite(t)
	with := s.write(t, "with.tar.gz", string(readFile(t, s.bundle(t, bundles.HTTP, map[string]any{"parameters": map[string]any{"pinned_digests": map[string]any{}}}))))
	loose := s.write(t, "loose.json", `{"waxseal": {"parameters": {"pinned_digests": {}}}}`)
	everything := s.write(t, "everything/data.json", `{"a": 1}`)
	broken := s.write(t, "broken.yaml", "version: 1\npolicies: {pinned_digest: {}}\n")
	for name, row := range map[string]struct {
		env  string
		args []string
		want string
	}{
		"no file":                    {"", []string{"--set", "plugins.waxseal.config=missing.yaml"}, "missing.yaml"},
		"a broken file":              {"", []string{"--set", "plugins.waxseal.config=" + broken}, "pinned_digest"},
		"a broken file by variable":  {broken, nil, "pinned_digest"},
		"two files":                  {broken, []string{"--set", "plugins.waxseal.config=" + s.config}, "name one of them"},
		"a setting that is unknown":  {"", []string{"--set", "plugins.waxseal.cfg=x"}, `unknown field "cfg"; expected {config, deadline, max_keys, max_body_bytes}`},
		"a deadline that is none":    {"", []string{"--set", "plugins.waxseal.deadline=soon"}, "expected a duration"},
		"parameters of a bundle too": {"", []string{"--set", "plugins.waxseal.config=" + s.config, "--bundle", with}, "owns data.waxseal.parameters too"},
		"a bundle that owns all":     {"", []string{"--set", "plugins.waxseal.config=" + s.config, "--bundle", filepath.Dir(everything)}, "owns data.waxseal.parameters too"},
		"parameters of a file too":   {"", []string{"--set", "plugins.waxseal.config=" + s.config, loose}, "data.waxseal.parameters was loaded from a file too"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "waxseal", append([]string{"run", "--server", "--skip-version-check", "--addr", "127.0.0.1:0"}, row.args...)...)
			cmd.Env = append(os.Environ(), "WAXSEAL_CONFIG="+row.env)
			out, err := cmd.CombinedOutput()
			require.Error(t, err)
			require.Contains(t, string(out), row.want)
		})
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return content
}

// Parameters that a bundle brings are used when waxseal.yaml has none.
func TestServerTakesParametersOfABundle(t *testing.T) {
	s := newSite(t)
	s.config = s.write(t, "none.yaml", "version: 1\n")
	archive := s.bundle(t, bundles.CLI, map[string]any{"parameters": map[string]any{"pinned_digests": map[string]any{}}})
	server := process.OPA(t, "waxseal", process.Options{Env: []string{"WAXSEAL_CONFIG=" + s.config}}, "--bundle", archive)
	_, found := codes(t, server.Do(t, "POST", decision, input(map[string]any{"image": "nginx"})))
	require.Equal(t, map[string]string{"spec.containers[0]": "pinned_digests.not_pinned"}, found)
}

func TestServerHealthKnowsTrustRoots(t *testing.T) {
	s := newSite(t)
	repository := tuf.Start(t)
	repository.Publish(map[string][]byte{tuf.TrustedRoot: s.Sigstore.TrustedRootJSON()}, tuf.Options{})
	s.write(t, "tuf-root.json", string(repository.Root()))
	s.config = s.write(t, "tuf.yaml", strings.Replace(configuration(s.World), "test: {file: root.json}",
		"test: {tuf: {url: \""+repository.URL()+"\", root: tuf-root.json}}", 1))
	repository.Fail("timestamp.json", http.StatusServiceUnavailable)
	server := s.serve(t)
	require.Eventually(t, func() bool {
		return strings.Contains(server.Do(t, "GET", "/health/waxseal", nil).Body, repository.URL())
	}, time.Minute, 50*time.Millisecond)
	answer := server.Do(t, "GET", "/health/waxseal", nil)
	require.Equal(t, http.StatusServiceUnavailable, answer.Status)
	require.Equal(t, "NOT_READY", answer.JSON(t)["state"])
	require.Contains(t, answer.JSON(t)["trust_roots"].(map[string]any)["test"].(map[string]any)["error"], `load trust root "test": `+repository.URL())
	require.Equal(t, http.StatusInternalServerError, server.Do(t, "GET", "/health?plugins", nil).Status)
	require.Equal(t, http.StatusOK, server.Do(t, "GET", "/health", nil).Status)
	require.Contains(t, server.Log(), `waxseal: load trust root`)

	repository.Fail("timestamp.json", 0)
	require.Eventually(t, func() bool { return server.Do(t, "GET", "/health?plugins", nil).Status == http.StatusOK }, time.Minute, 50*time.Millisecond)
	answer = server.Do(t, "GET", "/health/waxseal", nil)
	require.Equal(t, http.StatusOK, answer.Status)
	require.Equal(t, map[string]any{"state": "OK", "trust_roots": map[string]any{"test": map[string]any{"default": true, "ok": true}}}, answer.JSON(t))
}

// The health of a key that is read again is seen, and keeps no server from being
// ready: it denies what needs it, and nothing else.
func TestServerHealthKnowsKeys(t *testing.T) {
	s := newSite(t)
	s.config = s.write(t, "refresh.yaml", strings.Replace(configuration(s.World), "{file: cosign.pub}", "{file: cosign.pub, refresh: 1h}", 1))
	key, err := cosign.ParseKey("", s.Key.PEM())
	require.NoError(t, err)
	server := s.serve(t)
	answer := server.Do(t, "GET", "/health/waxseal", nil)
	keys := answer.JSON(t)["keys"].(map[string]any)
	release := keys["release"].(map[string]any)
	require.NotEmpty(t, release["read_at"])
	require.Equal(t, map[string]any{"release": map[string]any{"id": key.ID(), "ok": true, "stale": false, "read_at": release["read_at"]}}, keys)
	require.Contains(t, server.Do(t, "GET", "/metrics", nil).Body, `waxseal_key_read_timestamp_seconds{key="release"} 1.`)
	require.Zero(t, metric(t, server, `waxseal_key_refreshes_total{key="release",result="failed"}`))
}

// Decision logs hold the evidence, and no secret.
func TestServerLogsEvidenceAndNoSecret(t *testing.T) {
	s := newSite(t)
	good := s.Push(t, "shop/good", "v1", nil).Sign(t, sigstore.Options{}, s.Key).ByDigest()
	server := s.serve(t, "--set", "decision_logs.console=true")
	secret := map[string]any{"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "db"}, "stringData": map[string]any{"pass word": "s3cret"}}
	server.Do(t, "POST", decision, input(map[string]any{"objects": []any{pod(good), secret}}), "Authorization: Bearer s3cret")
	server.Do(t, "POST", "/", map[string]any{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": map[string]any{
		"uid": "u-1", "operation": "UPDATE", "object": pod(good), "oldObject": pod(good),
	}})
	require.Eventually(t, func() bool { return len(server.Lines("Decision Log")) == 2 }, time.Minute, 20*time.Millisecond, server.Log())
	require.NotContains(t, server.Log(), "s3cret")
	for _, line := range server.Lines("Decision Log") {
		require.Equal(t, []any{"/input"}, line["masked"])
		evidence := line["nd_builtin_cache"].(map[string]any)["evidence.collect"].(map[string]any)
		require.Len(t, evidence, 1)
		for _, results := range evidence {
			result := results.(map[string]any)[`{"fn":"cosign.verify","opts":{"keys":["release"]},"ref":"`+good+`"}`].(map[string]any)
			require.Equal(t, true, result["ok"])
		}
	}
	require.Equal(t, good, server.Lines("Decision Log")[1]["input"].(map[string]any)["request"].(map[string]any)["object"].(map[string]any)["spec"].(map[string]any)["containers"].([]any)[0].(map[string]any)["image"])
}
