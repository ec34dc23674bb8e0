package bundles_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	opa "github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown/builtins"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/bundles"
)

// ask evaluates a query over a bundle of a flavour, in an OPA that has no builtin of ours.
func ask(t *testing.T, flavour, query string, input any, waxseal map[string]any) any {
	t.Helper()
	files, err := bundles.Files(flavour, nil)
	require.NoError(t, err)
	options := []func(*opa.Rego){
		opa.Query(query), opa.Input(input), opa.Store(inmem.NewFromObject(map[string]any{"waxseal": waxseal})), opa.SetRegoVersion(ast.RegoV1),
		opa.Runtime(ast.MustParseTerm(`{"env": {"TOKEN": "s3cret", "EMPTY": ""}}`)),
		opa.NDBuiltinCache(builtins.NDBCache{}),
	}
	for name, content := range files {
		options = append(options, opa.Module(name, string(content)))
	}
	results, err := opa.New(options...).Eval(t.Context())
	require.NoError(t, err)
	require.Len(t, results, 1, "%s is undefined", query)
	return results[0].Expressions[0].Value
}

// collected asks for two pieces of evidence, "a" and "b".
func collected(t *testing.T, flavour string, waxseal map[string]any) map[string]any {
	return ask(t, flavour, `data.lib.waxseal.host.collect({"a", "b"})`, map[string]any{}, waxseal).(map[string]any)
}

func notOK(code, message string, retryable bool) map[string]any {
	return map[string]any{"ok": false, "errors": []any{map[string]any{"code": code, "message": message, "retryable": retryable}}}
}

// both is the same answer for both pieces of evidence.
func both(answer map[string]any) map[string]any { return map[string]any{`"a"`: answer, `"b"`: answer} }

type call struct {
	path, body, authorization string
}

// waxsealServer answers every call with a status and a body.
func waxsealServer(t *testing.T, status int, body string) (url string, calls *[]call) {
	calls = &[]call{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, _ := io.ReadAll(r.Body)
		*calls = append(*calls, call{r.Method + " " + r.URL.Path, string(sent), r.Header.Get("Authorization")})
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return server.URL, calls
}

func TestHTTPAsksOnce(t *testing.T) {
	url, calls := waxsealServer(t, 200, `{"results": {"\"a\"": {"ok": true}, "\"b\"": {"ok": false}}}`)
	got := collected(t, bundles.HTTP, map[string]any{"server": map[string]any{"url": url + "/", "token_env": "TOKEN"}})
	require.Equal(t, map[string]any{`"a"`: map[string]any{"ok": true}, `"b"`: map[string]any{"ok": false}}, got)
	require.Equal(t, []call{{"POST /v1/collect", `{"keys":["\"a\"","\"b\""]}`, "Bearer s3cret"}}, *calls)
}

func TestHTTPAsksNobodyForNothing(t *testing.T) {
	url, calls := waxsealServer(t, 200, `{"results": {}}`)
	waxseal := map[string]any{"server": map[string]any{"url": url}}
	require.Equal(t, map[string]any{}, ask(t, bundles.HTTP, `data.lib.waxseal.host.collect(set())`, nil, waxseal))
	require.Empty(t, *calls)
}

// Whatever the server does, each request has an answer, and it is not ok.
func TestHTTPFailuresAreValues(t *testing.T) {
	for name, row := range map[string]struct {
		status int
		body   string
		want   map[string]any
	}{
		"halt":             {502, `{"error": {"code": "unavailable", "message": "the registry sleeps"}}`, notOK("unavailable", "the waxseal server answered 502: the registry sleeps", true)},
		"an author's":      {400, `{"error": {"code": "invalid_request", "message": "keys: expected a list"}}`, notOK("invalid_request", "the waxseal server answered 400: keys: expected a list", false)},
		"no token":         {401, `{"error": {"code": "unauthorized", "message": "who are you?"}}`, notOK("unauthorized", "the waxseal server answered 401: who are you?", true)},
		"a proxy's page":   {502, `<html>`, notOK("unavailable", "the waxseal server answered 502, and no evidence", true)},
		"a redirect":       {307, ``, notOK("unavailable", "the waxseal server answered 307, and no evidence", true)},
		"no JSON":          {200, `ok`, notOK("unavailable", "the waxseal server answered 200, and no evidence", true)},
		"another's answer": {200, `{"result": true}`, notOK("unavailable", "the waxseal server answered 200, and no evidence", true)},
		"left out":         {200, `{"results": {"\"a\"": 1}}`, notOK("unavailable", "the waxseal server left this evidence out of its answer", true)},
		"an error in 200":  {200, `{"error": {"code": "x", "message": "y"}}`, notOK("unavailable", "the waxseal server answered 200, and no evidence", true)},
	} {
		t.Run(name, func(t *testing.T) {
			url, calls := waxsealServer(t, row.status, row.body)
			require.Equal(t, both(row.want), collected(t, bundles.HTTP, map[string]any{"server": map[string]any{"url": url}}))
			require.Len(t, *calls, 1)
		})
	}
}

func TestHTTPServerThatIsNotThere(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, server := range []map[string]any{
		{"url": gone.URL},
		{"url": gone.URL, "ca_cert_file": "missing.pem"},
		{"url": gone.URL, "client_cert_file": "missing.pem", "client_key_file": "missing.pem"},
		{"url": gone.URL, "timeout": "soon"},
	} {
		for key, answer := range collected(t, bundles.HTTP, map[string]any{"server": server}) {
			problem := answer.(map[string]any)["errors"].([]any)[0].(map[string]any)
			require.Equal(t, "unavailable", problem["code"], key)
			require.Contains(t, problem["message"], "the waxseal server could not be asked: ")
		}
	}
}

// What the operator got wrong is said, and nothing is sent.
func TestHTTPMistakesOfTheOperator(t *testing.T) {
	url, calls := waxsealServer(t, 200, `{"results": {}}`)
	for want, waxseal := range map[string]map[string]any{
		`data.waxseal.server is missing: it names the waxseal server, as in {"url": "https://waxseal.example:8443"}`:    {},
		`data.waxseal.server has to be an object; data.waxseal.server.url has to be https://…, or http://… on loopback`: {"server": "x"},
		`data.waxseal.server.client_cert is not a parameter`:                                                            {"server": map[string]any{"url": url, "client_cert": "x"}},
		`data.waxseal.server.url has to be https://…, or http://… on loopback`:                                          {"server": map[string]any{"url": "http://waxseal.example", "token_env": "TOKEN"}},
		`data.waxseal.server names one of client_cert_file and client_key_file, and both are needed`:                    {"server": map[string]any{"url": url, "client_cert_file": "x"}},
		`data.waxseal.server.token_env names the variable "NONE", and it is not set or empty`:                           {"server": map[string]any{"url": url, "token_env": "NONE"}},
		`data.waxseal.server.token_env names the variable "EMPTY", and it is not set or empty`:                          {"server": map[string]any{"url": url, "token_env": "EMPTY"}},
	} {
		require.Equal(t, both(notOK("unavailable", "the waxseal server could not be asked: "+want, true)), collected(t, bundles.HTTP, waxseal))
	}
	require.Empty(t, *calls)
}

// The server is never the caller's to name.
func TestHTTPReadsNoConfigurationFromTheInput(t *testing.T) {
	url, calls := waxsealServer(t, 200, `{"results": {"\"a\"": {"ok": true}}}`)
	input := map[string]any{"waxseal": map[string]any{"server": map[string]any{"url": url}}, "server": map[string]any{"url": url}}
	got := ask(t, bundles.HTTP, `data.lib.waxseal.host.collect({"a"})`, input, nil).(map[string]any)
	require.Equal(t, false, got[`"a"`].(map[string]any)["ok"])
	require.Empty(t, *calls)
}

func TestDataReadsTheEvidenceFile(t *testing.T) {
	at := func(ago time.Duration) string { return time.Now().Add(-ago).UTC().Format(time.RFC3339Nano) }
	evidence := map[string]any{`"a"`: map[string]any{"ok": true}}
	missing := notOK("not_collected", "the evidence file has no answer to this: run `waxseal collect` with the same manifests and parameters", true)
	require.Equal(t, map[string]any{`"a"`: map[string]any{"ok": true}, `"b"`: missing},
		collected(t, bundles.Data, map[string]any{"evidence": evidence, "collected_at": at(59 * time.Minute)}))
	require.Equal(t, map[string]any{`"a"`: map[string]any{"ok": true}, `"b"`: missing},
		collected(t, bundles.Data, map[string]any{"evidence": evidence, "collected_at": at(23 * time.Hour), "max_evidence_age": "1d"}))
	old, future := at(61*time.Minute), at(-time.Minute)
	for want, waxseal := range map[string]map[string]any{
		"there is no evidence file: run `waxseal collect`, and give what it writes to conftest with --data":       {},
		"the evidence file was collected at " + old + ", and max_evidence_age is 1h: run `waxseal collect` again": {"evidence": evidence, "collected_at": old},
		"the evidence file is from the future: it was collected at " + future:                                     {"evidence": evidence, "collected_at": future},
		"the evidence file does not say when it was collected (collected_at)":                                     {"evidence": evidence, "collected_at": "today"},
		"data.waxseal.max_evidence_age has to be a duration, such as 1h":                                          {"evidence": evidence, "collected_at": at(0), "max_evidence_age": "ever"},
	} {
		require.Equal(t, both(notOK("not_collected", want, true)), collected(t, bundles.Data, waxseal))
	}
}

// What is a hole in one host is input in another: a bundle in the wrong host denies.
func TestBundleInTheWrongHostDenies(t *testing.T) {
	pod := map[string]any{"apiVersion": "v1", "kind": "Pod", "spec": map[string]any{"containers": []any{}}}
	wrapped := map[string]any{"object": pod}
	parameters := map[string]any{"parameters": map[string]any{"pinned_digests": map[string]any{}}}
	for _, row := range []struct {
		flavour string
		input   any
		want    []any
	}{
		{bundles.HTTP, wrapped, []any{}},
		{bundles.HTTP, pod, []any{`the input has no object, and nothing can be judged: this bundle (flavour http) is for an OPA server, and asks for {"input": {"object": …}}`}},
		{bundles.HTTP, map[string]any{"operation": "DELETE"}, []any{}},
		{bundles.Data, pod, []any{}},
		{bundles.Data, wrapped, []any{"the input holds an object in a field: this bundle (flavour data) is for conftest, whose input is the object itself"}},
		{bundles.Data, []any{pod}, []any{"the input is a list of files: run conftest without --combine"}},
		{bundles.Replay, pod, []any{"the record has no object, and nothing can be judged"}},
	} {
		require.Equal(t, row.want, ask(t, row.flavour, "data.lib.waxseal.host.problems", row.input, parameters), row.flavour)
		report := ask(t, row.flavour, "data.lib.waxseal.report", row.input, parameters).(map[string]any)
		require.Len(t, report["violations"], len(row.want), "%s %v", row.flavour, report)
	}
}

// conftest evaluates its own rules, and shows msg and whatever stands beside it.
func TestConftestRules(t *testing.T) {
	pod := func(image string) map[string]any {
		return map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "web"},
			"spec": map[string]any{"containers": []any{map[string]any{"name": "app", "image": image}}}}
	}
	unknown := map[string]any{"apiVersion": "example.com/v1", "kind": "Thing", "spec": map[string]any{"image": "nginx"}}
	with := func(tags string) map[string]any {
		return map[string]any{"parameters": map[string]any{"pinned_digests": map[string]any{"tags": tags}}}
	}
	for _, row := range []struct {
		name                  string
		input                 any
		waxseal               map[string]any
		deny, violation, warn []string
	}{
		{"denied", pod("nginx:1"), with("deny"), []string{"pinned_digests.not_pinned"}, nil, nil},
		{"noted", pod("nginx:1"), with("warn"), nil, nil, []string{"pinned_digests.not_pinned"}},
		{"admitted", pod("nginx@sha256:" + zeros), with("deny"), nil, nil, nil},
		{"not judged", unknown, with("deny"), nil, []string{"workload.not_judged"}, nil},
		{"no parameters", pod("nginx:1"), nil, []string{"parameters.empty"}, nil, nil},
	} {
		for _, namespace := range []string{"main", "lib.waxseal.conftest"} {
			found := asConftest(t, namespace, row.input, row.waxseal)
			require.Equal(t, map[string][]string{"deny": row.deny, "violation": row.violation, "warn": row.warn}, found, "%s %s", row.name, namespace)
		}
	}
}

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"

// asConftest returns the codes of each rule of a namespace, as conftest reads it.
func asConftest(t *testing.T, namespace string, input any, waxseal map[string]any) map[string][]string {
	t.Helper()
	files, err := bundles.Content(bundles.Data, bundles.Options{})
	require.NoError(t, err)
	options := []func(*opa.Rego){opa.Input(input), opa.Store(inmem.NewFromObject(map[string]any{"waxseal": waxseal}))}
	for name, content := range files {
		options = append(options, opa.Module(name, string(content)))
	}
	out := map[string][]string{}
	for _, rule := range []string{"deny", "violation", "warn"} {
		results, err := opa.New(append(options, opa.Query("data."+namespace+"."+rule))...).Eval(t.Context())
		require.NoError(t, err)
		out[rule] = nil
		for _, found := range results[0].Expressions[0].Value.([]any) {
			entry := found.(map[string]any)
			require.NotEmpty(t, entry["msg"])
			out[rule] = append(out[rule], entry["code"].(string))
		}
	}
	return out
}

// A bundle whose host file needs a builtin that the host has not says where it
// belongs, in the one line that OPA prints.
func TestBundleSaysWhereItBelongs(t *testing.T) {
	for flavour, want := range map[string]string{
		bundles.CLI:               "host_for_waxseal_only__for_a_plain_OPA_build_flavour_http.rego:",
		bundles.ConftestBuiltin:   "host_for_conftest_with_waxseal_builtins_only__for_a_plain_conftest_build_flavour_data.rego:",
		bundles.Gatekeeper:        "host_for_Gatekeeper_only__for_OPA_build_flavour_http__for_conftest_flavour_data.rego:",
		bundles.GatekeeperBuiltin: "host_for_Gatekeeper_with_waxseal_builtins_only__for_a_plain_Gatekeeper_build_flavour_gatekeeper.rego:",
		bundles.Data:              "",
		bundles.HTTP:              "",
		bundles.Replay:            "",
	} {
		content, err := bundles.Content(flavour, bundles.Options{})
		require.NoError(t, err)
		compiler := ast.NewCompiler() // as OPA is
		compiler.Compile(parse(t, content))
		if want == "" {
			require.Empty(t, compiler.Errors, flavour)
			continue
		}
		require.ErrorContains(t, compiler.Errors, want, flavour)
		require.ErrorContains(t, compiler.Errors, "rego_type_error: undefined function", flavour)
	}
}
