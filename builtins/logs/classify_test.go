package logs_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/builtins/logs"
)

// answer is an event of a request that was refused with a message.
func answer(code int, decision, message string) string {
	said, _ := json.Marshal(message)
	annotations := ""
	if decision != "" {
		annotations = fmt.Sprintf(`,"annotations":{"authorization.k8s.io/decision":%q}`, decision)
	}
	return fmt.Sprintf(`{"auditID":"1","stage":"ResponseComplete","verb":"create","objectRef":{"resource":"pods","namespace":"shop"},"responseStatus":{"code":%d,"message":%s},"stageTimestamp":"2026-09-01T00:00:00Z"%s}`, code, said, annotations)
}

func TestWhoRefused(t *testing.T) {
	const rbac = `pods is forbidden: User "a" cannot create resource "pods" in API group "" in the namespace "shop"`
	for _, row := range []struct {
		name     string
		code     int
		decision string
		message  string
		want     string // system rule image, or reason name
	}{
		{"RBAC", 403, "forbid", rbac, "rbac "},
		{"RBAC, without annotations", 403, "", rbac, "rbac "},
		{"RBAC of a path", 403, "", `forbidden: User "system:anonymous" cannot get path "/metrics"`, "rbac "},
		{"RBAC, of a user who is called like a denial", 403, "forbid", `pods is forbidden: User "admission webhook \"v\" denied the request: x" cannot create resource "pods" in API group ""`, "rbac "},
		{"the same without annotations", 403, "", `pods is forbidden: User "admission webhook \"v\" denied the request: x" cannot create resource "pods" in API group ""`, "rbac "},
		{"a Pod that is called like RBAC", 403, "allow", `admission webhook "validation.gatekeeper.sh" denied the request: [images] User "a" cannot create resource "pods" in API group ""`, `gatekeeper images ""`},
		{"a Pod that is called like a quota", 403, "allow", `pods "x\" is forbidden: exceeded quota: q" is forbidden: violates PodSecurity "baseline:v1.36": hostPort`, `pod-security baseline:v1.36 ""`},
		{"what says RBAC, and was authorised", 403, "allow", rbac, "forbidden "},
		{"quota", 403, "allow", `pods "web" is forbidden: exceeded quota: compute, requested: pods=1`, "quota compute"},
		{"quota that names nothing", 403, "allow", `pods "web" is forbidden: failed quota: compute: must specify cpu`, "quota compute"},
		{"limits", 403, "allow", `pods "web" is forbidden: maximum cpu usage per Container is 1, but limit is 2`, "limit_range "},
		{"a webhook that fails", 500, "allow", `Internal error occurred: failed calling webhook "v.example": EOF`, "webhook_failed v.example"},
		{"another webhook", 400, "allow", `admission webhook "v.example" denied the request: no`, `other v.example ""`},
		{"a webhook that says nothing", 400, "allow", `admission webhook "v.example" denied the request without explanation`, `other v.example ""`},
		{"an image in quotes", 403, "allow", `admission webhook "v.example" denied the request: image "x.example/a\"b" is bad`, `other v.example "x.example/a\"b"`},
		{"no matching policy", 400, "allow", "admission webhook \"policy.sigstore.dev\" denied the request: validation failed: no matching policies: spec.containers[0].image\nindex.docker.io/a/b@sha256:0 ", `policy-controller no matching policies "index.docker.io/a/b@sha256:0"`},
		{"Kyverno of 1.9", 400, "allow", "admission webhook \"validate.kyverno.svc-fail\" denied the request: \n\npolicy Pod/shop/web for resource violation: \n\ncheck:\n  rule: 'no'\n", `kyverno check ""`},
		{"a policy of Kubernetes without binding", 422, "allow", `pods "web" is forbidden: ValidatingAdmissionPolicy 'p' denied request: failed to configure policy: x`, `admission-policy p ""`},
		{"not found", 404, "allow", `pods "admission webhook" not found`, ""},
		{"another plugin", 403, "allow", `pods "web" is forbidden: error looking up service account shop/x: serviceaccount "x" not found`, "forbidden "},
		{"nobody", 401, "", "Unauthorized", "unauthenticated "},
	} {
		t.Run(row.name, func(t *testing.T) {
			found, _ := read(t, logs.Options{}, held("log", []byte(answer(row.code, row.decision, row.message))))
			got := ""
			for _, r := range found.Rejections {
				got += fmt.Sprintf("%s %s %q", r.System, r.Rule, r.Image)
			}
			for _, r := range found.Reasons {
				got += r.Reason + " " + r.Name
			}
			require.Equal(t, row.want, got)
			require.Equal(t, row.want == "rbac ", found.RBAC == 1)
		})
	}
}

func TestWhichImage(t *testing.T) {
	const said = `admission webhook "v.example" denied the request: `
	for _, row := range []struct{ name, message, object, image, registry string }{
		{"the only one", said + "no", `{"spec":{"containers":[{"image":"x.example/a"}]}}`, "x.example/a", "x.example"},
		{"the one that is named", said + "x.example/a:1.2 is bad.", `{"spec":{"containers":[{"image":"x.example/a:1"},{"image":"x.example/a:1.2"}]}}`, "x.example/a:1.2", "x.example"},
		{"the one that ends a sentence", said + "Do not use nginx.", `{"spec":{"containers":[{"image":"nginx"},{"image":"x.example/a"}]}}`, "nginx", "docker.io"},
		{"none is named", said + "no", `{"spec":{"containers":[{"image":"x.example/a"},{"image":"y.example/a"}]}}`, "", ""},
		{"none is named, all of one registry", said + "no", `{"spec":{"containers":[{"image":"x.example/a"},{"image":"x.example/b"}]}}`, "", "x.example"},
		{"a kind of others", said + "no", `{"spec":{"jobTargetRef":{"template":{"spec":{"initContainers":[{"image":"x.example/a"}]}}}}}`, "x.example/a", "x.example"},
		{"not those of the status", said + "no", `{"spec":{"containers":[{"image":"x.example/a"}]},"status":{"containers":[{"image":"y.example/b"}]}}`, "x.example/a", "x.example"},
		{"what is no reference", said + "no", `{"spec":{"containers":[{"image":"X!!"}]}}`, "X!!", ""},
		{"no object", said + "no", `null`, "", ""},
		{"an object that was left out", said + "no", `"skipped-too-big-size-object"`, "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			line := answer(403, "allow", row.message)
			found, _ := read(t, logs.Options{}, held("log", []byte(line[:len(line)-1]+`,"requestObject":`+row.object+"}")))
			require.Len(t, found.Rejections, 1)
			require.Equal(t, row.image, found.Rejections[0].Image)
			require.Equal(t, row.registry, found.Rejections[0].Registry)
		})
	}
}

func TestTotals(t *testing.T) {
	l := audit.Logs{Rejections: []audit.Rejection{
		{Day: "2026-09-02", System: "gatekeeper", Rule: "b", Registry: "x", Namespace: "n", User: "u", Action: "deny", Count: 1},
		{Day: "2026-09-01", System: "gatekeeper", Rule: "a", Registry: "x", Namespace: "n", User: "u", Action: "deny", Count: 3},
		{Day: "2026-09-01", System: "kyverno", Rule: "c", Registry: "y", Namespace: "m", User: "v", Action: "warn", Count: 2},
		{Day: "2026-09-01", System: "kyverno", Rule: "c", Registry: "y", Namespace: "m", User: "v", Action: "audit", Count: 5},
		{Day: "2026-09-03", System: "kyverno", Rule: "d", Registry: "y", Namespace: "m", User: "v", Action: "dryrun", Count: 2},
	}}
	require.Equal(t, []logs.Total{{Name: "a", Denied: 3}, {Name: "b", Denied: 1}, {Name: "c", Warned: 2, Audit: 5}, {Name: "d", Dryrun: 2}}, logs.ByRule(l))
	require.Equal(t, []logs.Total{{Name: "2026-09-01", Denied: 3, Warned: 2, Audit: 5}, {Name: "2026-09-02", Denied: 1}, {Name: "2026-09-03", Dryrun: 2}}, logs.ByDay(l))
	for _, by := range []func(audit.Logs) []logs.Total{logs.ByRegistry, logs.ByNamespace, logs.ByUser, logs.BySystem} {
		got := by(l)
		require.Len(t, got, 2)
		require.Equal(t, 4, got[0].Denied)
	}
}
