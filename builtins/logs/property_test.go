package logs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/builtins/logs"
)

// event makes an event of an API server at random: most are of no interest.
func event(rng *rand.Rand, n int) map[string]any {
	pick := func(of ...string) string { return of[rng.IntN(len(of))] }
	image := func() string { return pick("nginx", "x.example/a:1", "y.example/b@sha256:"+strings.Repeat("0", 64)) }
	workload := func() map[string]any {
		containers := []any{}
		for range rng.IntN(3) {
			containers = append(containers, map[string]any{"name": "c", "image": image(), "env": []any{map[string]any{"name": "a}", "value": `"]{`}}})
		}
		return map[string]any{"kind": "Pod", "metadata": map[string]any{"annotations": map[string]any{"stage": "ResponseComplete", "containers": `[{"image":"z"}]`}}, "spec": map[string]any{"containers": containers}}
	}
	code := []int{200, 201, 200, 404, 409, 403, 403, 401, 500}[rng.IntN(9)]
	status := map[string]any{"metadata": map[string]any{}, "code": code}
	annotations := map[string]any{"authorization.k8s.io/decision": "allow"}
	if code >= 400 {
		status["message"] = pick(`admission webhook "validation.gatekeeper.sh" denied the request: [images] image "x.example/a:1" is bad`,
			`pods "web" is forbidden: exceeded quota: q, requested: pods=1`, "not found", `failed calling webhook "v.example": EOF`)
	}
	if code == 403 && rng.IntN(3) == 0 {
		annotations["authorization.k8s.io/decision"] = "forbid"
	}
	if code < 400 && rng.IntN(5) == 0 {
		annotations["failed-open.validating.webhook.admission.k8s.io/round_0_index_0"] = "v.example"
	}
	e := map[string]any{
		"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": fmt.Sprint("id-", n),
		"stage": pick("ResponseComplete", "ResponseComplete", "ResponseComplete", "RequestReceived", "ResponseStarted", "Panic"),
		"verb":  pick("create", "update", "patch", "get", "list", "delete"), "requestURI": pick("/api/v1/pods", "/api/v1/pods?dryRun=All", "/api/v1/pods?fieldManager=dryRun"),
		"user":                     map[string]any{"username": pick("alice", `b"ob`, "çem"), "groups": []any{"g"}},
		"objectRef":                map[string]any{"resource": pick("pods", "deployments", "leases", "configmaps"), "namespace": pick("shop", "kube-system"), "apiVersion": "v1"},
		"responseStatus":           status,
		"requestReceivedTimestamp": "2026-09-01T00:00:00.000000Z", "stageTimestamp": fmt.Sprintf("2026-09-%02dT%02d:00:00.%06dZ", 1+rng.IntN(28), rng.IntN(24), n),
		"annotations": annotations,
	}
	if e["objectRef"].(map[string]any)["resource"] == "deployments" {
		e["objectRef"].(map[string]any)["apiGroup"] = "apps"
	}
	if rng.IntN(2) == 0 {
		e["requestObject"] = workload()
		e["responseObject"] = map[string]any{"kind": "Status", "code": 403, "stage": "Panic"}
	}
	return e
}

// written writes a value as any JSON encoder may: members in any order, blanks
// anywhere, letters escaped.
func written(rng *rand.Rand, v any) string {
	gap := func() string { return strings.Repeat(" ", rng.IntN(8)/6) + strings.Repeat("\t", rng.IntN(16)/15) }
	switch v := v.(type) {
	case map[string]any:
		names := []string{}
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		parts := []string{}
		for _, name := range names {
			parts = append(parts, gap()+written(rng, name)+gap()+":"+gap()+written(rng, v[name])+gap())
		}
		return "{" + gap() + strings.Join(parts, ",") + "}"
	case []any:
		parts := []string{}
		for _, e := range v {
			parts = append(parts, gap()+written(rng, e)+gap())
		}
		return "[" + gap() + strings.Join(parts, ",") + "]"
	case string:
		var b strings.Builder
		for _, r := range v {
			switch {
			case rng.IntN(12) == 0 && r < 0x10000 || r == '"' || r == '\\' || !unicode.IsPrint(r):
				fmt.Fprintf(&b, `\u%04x`, r)
			case r == '/' && rng.IntN(3) == 0:
				b.WriteString(`\/`)
			default:
				b.WriteRune(r)
			}
		}
		return `"` + b.String() + `"`
	}
	raw, _ := json.Marshal(v)
	return string(raw)
}

// full is what is meant to be counted, by decoding every line whole.
type full struct {
	Stage, RequestURI, Verb string
	User                    struct{ Username string }
	ObjectRef               struct{ Resource, Namespace, APIGroup string }
	ResponseStatus          struct {
		Code    int
		Message string
	}
	Annotations   map[string]string
	RequestObject *struct {
		Spec struct{ Containers []struct{ Image string } }
	}
	StageTimestamp string
}

type counted struct {
	denials, admissions map[string]int
	reasons             map[string]int
	rbac, other, events int
}

func (c *counted) add(t *testing.T, line string) {
	var e full
	require.NoError(t, json.Unmarshal([]byte(line), &e))
	c.events++
	changes := e.Verb == "create" || e.Verb == "update" || e.Verb == "patch"
	say, message := "", e.ResponseStatus.Message
	switch {
	case e.Stage == "Panic":
		say = "panic"
	case e.Stage != "ResponseComplete":
		return
	case changes && strings.Contains(e.RequestURI, "dryRun=All"):
		if e.ResponseStatus.Code >= 400 || e.ObjectRef.Resource == "pods" || e.ObjectRef.Resource == "deployments" || len(e.Annotations) > 1 {
			c.reasons["dry_run_request"]++
		}
		return
	case e.ResponseStatus.Code < 400:
		c.admit(&e, changes)
		return
	case e.Annotations["authorization.k8s.io/decision"] == "forbid":
		c.rbac++
		c.reasons["rbac"]++
		return
	case strings.Contains(message, "denied the request"):
		c.denials[fmt.Sprint(e.StageTimestamp[:10], e.User.Username, e.ObjectRef.Namespace)]++
		return
	case strings.Contains(message, "quota"):
		say = "quota"
	case strings.Contains(message, "failed calling"):
		say = "webhook_failed"
	case e.ResponseStatus.Code == 401:
		say = "unauthenticated"
	case e.ResponseStatus.Code == 403:
		say = "forbidden"
	default:
		return
	}
	c.other++
	c.reasons[say]++
}

func (c *counted) admit(e *full, changes bool) {
	if len(e.Annotations) > 1 {
		c.reasons["webhook_failed_open"]++
	}
	if !changes || e.ObjectRef.Resource != "pods" && e.ObjectRef.Resource != "deployments" {
		return
	}
	seen := map[string]bool{}
	if e.RequestObject != nil {
		for _, container := range e.RequestObject.Spec.Containers {
			if !seen[container.Image] {
				seen[container.Image] = true
				c.admissions[fmt.Sprint(container.Image, e.User.Username, e.ObjectRef.Namespace)]++
			}
		}
	}
	if len(seen) == 0 && (e.Verb != "patch" || e.RequestObject == nil) {
		c.reasons["admitted_without_image"]++
	}
}

func counts(l audit.Logs) counted {
	c := counted{denials: map[string]int{}, admissions: map[string]int{}, reasons: map[string]int{}, rbac: l.RBAC, other: l.Other, events: l.Sources[0].Events}
	for _, r := range l.Rejections {
		c.denials[fmt.Sprint(r.Day, r.User, r.Namespace)] += r.Count
	}
	for _, a := range l.Admissions {
		c.admissions[fmt.Sprint(a.Image, a.User, a.Namespace)] += a.Count
	}
	for _, r := range l.Reasons {
		c.reasons[r.Reason] += r.Count
	}
	return c
}

// What is told from a few members, undecoded, is what the whole event says.
func TestNothingIsLostByNotDecoding(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		want := counted{denials: map[string]int{}, admissions: map[string]int{}, reasons: map[string]int{}}
		var b strings.Builder
		for n := range 300 {
			line := written(rng, event(rng, n))
			want.add(t, line)
			b.WriteString(line + "\n")
		}
		found, missing := read(t, logs.Options{}, held("log", []byte(b.String())))
		require.Empty(t, missing)
		require.Zero(t, found.Sources[0].Unread, found.Sources[0].Problem)
		require.NotEmpty(t, want.denials)
		require.NotEmpty(t, want.admissions)
		require.Equal(t, want, counts(found), "seed %d", seed)
	}
}

func FuzzRead(f *testing.F) {
	// Each line is a seed: what is short is soon made shorter.
	for _, name := range []string{"kubernetes-audit.jsonl", "eks-s3.log", "aks.jsonl", "gke.jsonl", "gatekeeper.jsonl", "events.jsonl", "distribution.jsonl", "registry-access.log", "harbor.jsonl", "opa-decisions.jsonl"} {
		for line := range bytes.Lines(sample(f, name)) {
			f.Add(line)
		}
	}
	for _, name := range []string{"kubernetes-audit-list.json", "eks-firehose.json", "eks-lambda.json", "harbor-audit.json"} {
		f.Add(sample(f, name))
	}
	f.Add(gzipped(f, sample(f, "gke.jsonl")))
	f.Fuzz(func(t *testing.T, content []byte) {
		const rows = 8
		found, missing := read(t, logs.Options{MaxRows: rows, MaxLine: 1 << 16}, held("log", content))
		again, _ := read(t, logs.Options{MaxRows: rows, MaxLine: 1 << 16}, held("log", content))
		require.Equal(t, found, again)
		require.Len(t, found.Sources, 1)
		// The last of the coarser rows are one for each system and action.
		require.LessOrEqual(t, len(found.Rejections), rows+rows/4+8*4)
		require.LessOrEqual(t, len(found.Admissions), rows+rows/4+6)
		require.LessOrEqual(t, len(found.Reasons), 220)
		s := found.Sources[0]
		require.True(t, len(missing) > 0 || s.Format != "" || s.Lines == 0)
		for _, r := range found.Rejections {
			require.Positive(t, r.Count)
			require.LessOrEqual(t, len(r.Message), 503)
			require.LessOrEqual(t, len(r.Image), 515)
		}
		for _, a := range found.Admissions {
			require.Positive(t, a.Count)
		}
		_, err := json.Marshal(found)
		require.NoError(t, err)
	})
}
