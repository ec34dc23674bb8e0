package probe_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/probe"
)

const (
	image        = "registry.example/team/old@sha256:1111111111111111111111111111111111111111111111111111111111111111"
	signIt       = "Sign the image in the pipeline that builds it, or use an image that is signed. See also that the digest exists, because one that does not has no signatures either."
	scanIt       = "Scan the image in the pipeline that builds it, and attest the report with the key or identity of the authority."
	tryAgain     = "Try again; if it stays, see to what the message names: that this registry, or the source of this trust root, can be reached, and that credentials are configured."
	approveIt    = "Use an image of an approved repository, or have the owner of the policy approve this one."
	byGatekeeper = `admission webhook "validation.gatekeeper.sh" denied the request: `
	ours         = `admission webhook "images.waxseal.example" denied the request: waxseal:` + "\n"
)

// gatekeeper is a line as a constraint named images says it.
func gatekeeper(why, todo string) string {
	return fmt.Sprintf("[images] image %q of container \"probe\" in Pod shop/waxseal-probe-unsigned: %s. %s", image, why, todo)
}

// What API servers answer, word for word where they write it themselves, and what
// is made of it.
func TestOutcomes(t *testing.T) {
	rows := map[string]struct {
		answer  said
		outcome string
		by      string
		codes   []string
		verdict probe.Verdict
		why     string
	}{
		"admitted": {
			said{status: 201}, probe.Admitted, "", nil, probe.Wrong, "IT WAS ADMITTED",
		},
		"admitted with a warning": {
			said{status: 201, warnings: []string{"[images] it is not signed"}}, probe.Admitted, "", nil, probe.Wrong, "IT WAS ADMITTED; what was said against it only warns",
		},
		"gatekeeper": {
			said{status: 403, message: byGatekeeper + gatekeeper("it is not signed", signIt)},
			probe.Refused, "validation.gatekeeper.sh", []string{"signed_images.unsigned"}, probe.AsExpected, "refused by signed_images.unsigned",
		},
		"gatekeeper, two": {
			said{status: 403, message: byGatekeeper + gatekeeper("it has no report", scanIt) + "\n" + gatekeeper("it is not signed", signIt)},
			probe.Refused, "validation.gatekeeper.sh", []string{"scanned_images.no_report", "signed_images.unsigned"}, probe.AsExpected, "refused by scanned_images.no_report, signed_images.unsigned",
		},
		"gatekeeper, only others": {
			said{status: 403, message: byGatekeeper + gatekeeper("it has no report", scanIt)},
			probe.Refused, "validation.gatekeeper.sh", []string{"scanned_images.no_report"}, probe.Wrong, "refused by scanned_images.no_report, and NOT by signed_images.unsigned",
		},
		"gatekeeper, and a line of a rule of somebody else": {
			said{status: 403, message: byGatekeeper + gatekeeper("it has no report", scanIt) + "\n[limits] too many replicas"},
			probe.Refused, "validation.gatekeeper.sh", []string{"scanned_images.no_report"}, probe.CannotTell, "refused by scanned_images.no_report; whether signed_images.unsigned would refuse it cannot be told from that",
		},
		"gatekeeper, only a rule of somebody else": {
			said{status: 403, message: byGatekeeper + "[limits] too many replicas"},
			probe.Refused, "validation.gatekeeper.sh", nil, probe.CannotTell, "refused by validation.gatekeeper.sh, and which rule refused it is not said; expected was signed_images.unsigned",
		},
		"what several rules say to do tells none": {
			said{status: 403, message: byGatekeeper + gatekeeper("whether it is signed cannot be told now", tryAgain)},
			probe.Refused, "validation.gatekeeper.sh", nil, probe.CannotTell, "refused by validation.gatekeeper.sh, and which rule refused it is not said; expected was signed_images.unsigned",
		},
		"our server": {
			said{status: 403, message: ours + "[allowed_registries.not_allowed] x\n[signed_images.unsigned] y"},
			probe.Refused, "images.waxseal.example", []string{"allowed_registries.not_allowed", "signed_images.unsigned"}, probe.AsExpected, "refused by allowed_registries.not_allowed, signed_images.unsigned",
		},
		"our server cannot tell": {
			said{status: 503, message: ours + "[signed_images.unknown] y"},
			probe.Refused, "images.waxseal.example", []string{"signed_images.unknown"}, probe.CannotTell, "refused by signed_images.unknown; whether signed_images.unsigned would refuse it cannot be told from that",
		},
		"a constraint cannot pass for a code": {
			said{status: 403, message: byGatekeeper + "[signed.images] it is not signed"},
			probe.Refused, "validation.gatekeeper.sh", nil, probe.CannotTell, "refused by validation.gatekeeper.sh, and which rule refused it is not said; expected was signed_images.unsigned",
		},
		"another webhook, without a reason": {
			said{status: 400, message: `admission webhook "policy.sigstore.dev" denied the request without explanation`},
			probe.Refused, "policy.sigstore.dev", nil, probe.CannotTell, "refused by policy.sigstore.dev, and which rule refused it is not said; expected was signed_images.unsigned",
		},
		"ValidatingAdmissionPolicy": {
			said{status: 422, message: `pods "waxseal-probe-unsigned" is forbidden: ValidatingAdmissionPolicy 'images' with binding 'all' denied request: failed expression: object.spec.containers.all(c, c.image.startsWith('registry.example/'))`},
			probe.Refused, "images", nil, probe.CannotTell, "refused by images, and which rule refused it is not said; expected was signed_images.unsigned",
		},
		"ValidatingAdmissionPolicy that is broken": {
			said{status: 422, message: `pods "waxseal-probe-unsigned" is forbidden: ValidatingAdmissionPolicy 'images' with binding 'all' denied request: expression 'object.x.y == 1' resulted in error: no such key: x`},
			probe.Failed, "images", nil, probe.CannotTell, "the ValidatingAdmissionPolicy images could not be evaluated, and everything is refused then",
		},
		"PodSecurity": {
			said{status: 403, message: `pods "waxseal-probe-unsigned" is forbidden: violates PodSecurity "restricted:latest": unrestricted capabilities (container "probe" must set securityContext.capabilities.drop=["ALL"])`},
			probe.Refused, "PodSecurity", nil, probe.CannotTell, "PodSecurity refused it, before policies for images were asked",
		},
		"quota": {
			said{status: 403, message: `pods "waxseal-probe-unsigned" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=10, limited: pods=10`},
			probe.Refused, "ResourceQuota", nil, probe.CannotTell, "a ResourceQuota refused it; quotas are asked last, so that no policy for images has refused it before",
		},
		"limit range": {
			said{status: 403, message: `pods "waxseal-probe-unsigned" is forbidden: minimum memory usage per Container is 64Mi, but request is 1Mi`},
			probe.Refused, "LimitRanger", nil, probe.CannotTell, "a LimitRange refused it, before policies for images were asked",
		},
		"ImagePolicyWebhook": {
			said{status: 403, message: `pods "waxseal-probe-unsigned" is forbidden: image policy webhook backend denied one or more images: unsigned`},
			probe.Refused, "ImagePolicyWebhook", nil, probe.CannotTell, "refused by ImagePolicyWebhook, and which rule refused it is not said; expected was signed_images.unsigned",
		},
		"another plugin": {
			said{status: 403, message: `pods "waxseal-probe-unsigned" is forbidden: no PriorityClass with name x was found`},
			probe.Refused, "API server", nil, probe.CannotTell, "an admission plugin of the API server refused it",
		},
		"RBAC": {
			said{status: 403, message: `pods is forbidden: User "dev@example" cannot create resource "pods" in API group "" in the namespace "shop"`},
			probe.Failed, "RBAC", nil, probe.CannotTell, "you may not create Pods here, so that nothing was asked",
		},
		"RBAC that quotes a webhook": {
			said{status: 403, message: `pods is forbidden: User "admission webhook "x" denied the request" cannot create resource "pods" in API group "" in the namespace "shop"`},
			probe.Failed, "RBAC", nil, probe.CannotTell, "you may not create Pods here, so that nothing was asked",
		},
		"a proxy": {
			said{status: 403, body: object{"error": "forbidden by proxy"}}, probe.Failed, "RBAC", nil, probe.CannotTell, "you may not create Pods here, so that nothing was asked",
		},
		"nobody": {
			said{status: 401, message: "Unauthorized"}, probe.Failed, "", nil, probe.CannotTell, "the API server does not know who asks",
		},
		"webhook down": {
			said{status: 500, message: `Internal error occurred: failed calling webhook "validation.gatekeeper.sh": failed to call webhook: Post "https://gatekeeper-webhook-service.gatekeeper-system.svc:443/v1/admit?timeout=10s": connect: connection refused`},
			probe.Failed, "validation.gatekeeper.sh", nil, probe.CannotTell, "the webhook validation.gatekeeper.sh did not answer, and everything is refused then",
		},
		"webhook with side effects": {
			said{status: 400, message: `admission webhook "x.example" does not support dry run`},
			probe.Failed, "x.example", nil, probe.CannotTell, "the webhook x.example is not asked in dry runs: its sideEffects have to be None or NoneOnDryRun",
		},
		"no namespace": {
			said{status: 404, message: `namespaces "shop" not found`}, probe.Failed, "", nil, probe.CannotTell, "there is no such namespace",
		},
		"a namespace that ends": {
			said{status: 403, message: `pods "waxseal-probe-unsigned" is forbidden: unable to create new content in namespace shop because it is being terminated`},
			probe.Failed, "NamespaceLifecycle", nil, probe.CannotTell, "the answer says nothing of policies",
		},
		"invalid": {
			said{status: 422, message: `Pod "waxseal-probe-unsigned" is invalid: spec.containers[0].image: Invalid value`}, probe.Failed, "", nil, probe.CannotTell, "the API server takes this for no valid Pod",
		},
		"taken": {
			said{status: 409, message: `pods "waxseal-probe-unsigned" already exists`}, probe.Failed, "", nil, probe.CannotTell, "a Pod of this name is there already",
		},
		"too many requests": {
			said{status: 429, message: "too many requests"}, probe.Failed, "", nil, probe.CannotTell, "the answer says nothing of policies",
		},
		"a success that is no Pod": {
			said{status: 200, body: object{"kind": "PodList", "items": []any{}}}, probe.Failed, "", nil, probe.CannotTell, "the answer says nothing of policies",
		},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			s := start(t, func(string) said { return row.answer })
			probes, missing := probe.Run(t.Context(), s.api(t), "prod", probe.Config{
				Namespaces: []string{"shop"}, Images: probe.Images{Unsigned: image, Unscanned: image}, Now: fixed,
			})
			require.Empty(t, missing)
			require.Len(t, probes, 3)
			got := probes[2] // unapproved_registry, unscanned, unsigned
			want := audit.Probe{
				Name: "unsigned", Cluster: "prod", Namespace: "shop", Image: image, Expected: "refused", Rule: "signed_images.unsigned",
				Outcome: row.outcome, By: row.by, Codes: append([]string{}, row.codes...), Status: row.answer.status, Message: row.answer.message,
				Warnings: append([]string{}, row.answer.warnings...), At: "2026-01-02T03:04:05Z",
			}
			if row.answer.body != nil {
				want.Message = got.Message // of Waxseal
				require.NotEmpty(t, got.Message)
			}
			require.Equal(t, want, got)
			verdict, why := probe.Judge(got)
			require.Equal(t, row.verdict, verdict)
			require.Equal(t, row.why, why)
			s.onlyDryRuns(t)
		})
	}
}

// The rule that has to refuse can be any, a policy, or one of another system.
func TestRules(t *testing.T) {
	kyverno := `admission webhook "validate.kyverno.svc-fail" denied the request: ` + "\n\nresource Pod/shop/waxseal-probe-unsigned was blocked due to the following policies \n\ncheck-image:\n  check-signature: 'failed to verify image registry.example/team/old: no signatures found'"
	for name, row := range map[string]struct {
		rule, message string
		want          probe.Verdict
	}{
		"any":                              {"", kyverno, probe.AsExpected},
		"webhook":                          {"validate.kyverno.svc-fail", kyverno, probe.AsExpected},
		"policy":                           {"check-image", kyverno, probe.AsExpected},
		"rule":                             {"check-signature", kyverno, probe.AsExpected},
		"a part of a name":                 {"check", kyverno, probe.CannotTell},
		"another":                          {"check-digest", kyverno, probe.CannotTell},
		"ours, in the words of a stranger": {"signed_images", "admission webhook \"x\" denied the request: signed_images", probe.CannotTell},
		"our policy":                       {"signed_images", ours + "[signed_images.untrusted] x", probe.AsExpected},
		"our policy, which cannot tell":    {"signed_images", ours + "[signed_images.unknown] x", probe.CannotTell},
		"our code for that":                {"signed_images.unknown", ours + "[signed_images.unknown] x", probe.AsExpected},
		"the beginning of another policy":  {"signed", ours + "[signed_images.unsigned] x", probe.Wrong},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, func(string) said { return said{status: 403, message: row.message} })
			probes, _ := probe.Run(t.Context(), s.api(t), "", probe.Config{
				Namespaces: []string{"shop"}, Images: probe.Images{Unsigned: image}, Rules: map[string]string{"unsigned": row.rule},
			})
			got, why := probe.Judge(probes[1])
			require.Equal(t, row.want, got, why)
		})
	}
}

// What has to be admitted and is refused is as wrong, but not where nobody asked
// about its image.
func TestAcceptable(t *testing.T) {
	for name, row := range map[string]struct {
		answer said
		want   probe.Verdict
	}{
		"admitted":    {said{status: 201}, probe.AsExpected},
		"refused":     {said{status: 403, message: ours + "[signed_images.unsigned] x"}, probe.Wrong},
		"PodSecurity": {said{status: 403, message: `pods "x" is forbidden: violates PodSecurity "restricted:latest": x`}, probe.CannotTell},
		"RBAC":        {said{status: 403, message: `pods is forbidden: User "x" cannot create resource "pods"`}, probe.CannotTell},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, func(string) said { return row.answer })
			probes, _ := probe.Run(t.Context(), s.api(t), "", probe.Config{Images: probe.Images{Acceptable: image}})
			require.Equal(t, "acceptable", probes[0].Name)
			got, why := probe.Judge(probes[0])
			require.Equal(t, row.want, got, why)
		})
	}
}

// An image by tag is refused for its tag, which says nothing of the rule.
func TestTag(t *testing.T) {
	const unpinned = "[images] image \"registry.example/old:v1\" of container \"probe\" in Pod shop/x: it is named by the tag v1 only. Name the image by digest, as in name:tag@sha256:...; `waxseal verify IMAGE` prints the digest of a tag."
	s := start(t, func(string) said { return said{status: 403, message: byGatekeeper + unpinned} })
	probes, _ := probe.Run(t.Context(), s.api(t), "", probe.Config{Images: probe.Images{Unsigned: "registry.example/old:v1"}})
	require.Equal(t, []string{"pinned_digests.not_pinned"}, probes[1].Codes)
	got, why := probe.Judge(probes[1])
	require.Equal(t, probe.CannotTell, got)
	require.Equal(t, "refused because it is named by a tag; name it by digest to see whether signed_images.unsigned refuses it", why)
}

// A server that is too old, or does not say its age, might take a dry run for a run.
func TestOldServers(t *testing.T) {
	for name, row := range map[string]struct {
		version object
		tried   bool
		why     string
	}{
		"1.18":     {object{"major": "1", "minor": "18", "gitVersion": "v1.18.20"}, false, "the API server is Kubernetes v1.18.20: nothing was tried, because dry runs are safe from 1.19 on"},
		"1.19":     {object{"major": "1", "minor": "19", "gitVersion": "v1.19.0"}, true, ""},
		"of EKS":   {object{"major": "1", "minor": "29+", "gitVersion": "v1.29.1-eks-x"}, true, ""},
		"of GKE":   {object{"major": "1", "minor": "18+", "gitVersion": "v1.18.20-gke.1"}, false, "the API server is Kubernetes v1.18.20-gke.1: nothing was tried, because dry runs are safe from 1.19 on"},
		"of later": {object{"major": "2", "minor": "0"}, true, ""},
		"none":     {object{}, false, `the API server names no version ("", ""): nothing was tried, because it might not know dry runs`},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, func(string) said { return said{status: 201} })
			s.version = row.version
			probes, missing := probe.Run(t.Context(), s.api(t), "prod", probe.Config{Repository: "registry.example/team/app"})
			if row.tried {
				require.Len(t, probes, 3)
				require.Empty(t, missing)
				return
			}
			require.Empty(t, s.sent)
			require.Equal(t, []audit.Missing{{Part: "probe", Name: "prod", Why: row.why, Rests: "probes"}}, missing)
		})
	}
}

// A Pod of this very dry run is deleted, by its uid, and nothing else is.
func TestNothingStays(t *testing.T) {
	for name, row := range map[string]struct {
		look      func(s *server) (int, any)
		outcome   string
		deleted   []object
		missing   int
		inMessage string
		warnings  []string
	}{
		"nothing": {
			func(*server) (int, any) { return 404, status(404, "not found") }, probe.Admitted, nil, 0, "", []string{},
		},
		"a Pod of this dry run": {
			func(s *server) (int, any) {
				return 200, object{"kind": "Pod", "metadata": object{"uid": uid, "annotations": s.annotation()}}
			},
			probe.Failed, []object{{"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0.0, "preconditions": object{"uid": uid}}}, 1, "THE DRY RUN MADE A POD, shop/waxseal-probe-unapproved-registry: ", []string{},
		},
		"a Pod of somebody": {
			func(*server) (int, any) {
				return 200, object{"kind": "Pod", "metadata": object{"uid": "other", "annotations": object{}}}
			},
			probe.Admitted, nil, 0, "", []string{"a Pod of this name is there, which is not of this dry run: it was left alone"},
		},
		"nobody may look": {
			func(*server) (int, any) { return 403, status(403, "pods is forbidden") }, probe.Admitted, nil, 1, "", []string{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, func(string) said { return said{status: 201} })
			s.look = func() (int, any) { return row.look(s) }
			probes, missing := probe.Run(t.Context(), s.api(t), "prod", probe.Config{Namespaces: []string{"shop"}})
			require.Len(t, probes, 1)
			require.Equal(t, row.outcome, probes[0].Outcome)
			require.Equal(t, row.warnings, probes[0].Warnings)
			require.Equal(t, row.deleted, s.deleted)
			require.Len(t, missing, 2+row.missing) // two have no image
			require.True(t, strings.HasPrefix(probes[0].Message, row.inMessage), probes[0].Message)
			require.Equal(t, row.inMessage == "", probes[0].Message == "")
			require.Equal(t, []string{
				"GET /version", "POST /api/v1/namespaces/shop/pods?dryRun=All&fieldManager=waxseal-probe&fieldValidation=Ignore",
				"GET /api/v1/namespaces/shop/pods/waxseal-probe-unapproved-registry",
			}, s.requests[:3])
		})
	}
}

// A redirect is not followed: what stands there is another question.
func TestRedirect(t *testing.T) {
	s := start(t, func(string) said { return said{status: 307, message: "elsewhere"} })
	probes, _ := probe.Run(t.Context(), s.api(t), "", probe.Config{Repository: "registry.example/app"})
	for _, p := range probes {
		require.Equal(t, probe.Failed, p.Outcome)
		require.Equal(t, 307, p.Status)
	}
	s.onlyDryRuns(t)
}

// A server that gives no answer leaves everything open, and may have made a Pod.
func TestNoAnswer(t *testing.T) {
	s := start(t, func(string) said { panic(http.ErrAbortHandler) })
	probes, missing := probe.Run(t.Context(), s.api(t), "prod", probe.Config{Repository: "registry.example/app"})
	require.Empty(t, missing)
	require.Len(t, probes, 3)
	for _, p := range probes {
		require.Equal(t, probe.Failed, p.Outcome)
		require.NotEmpty(t, p.Message)
		verdict, why := probe.Judge(p)
		require.Equal(t, probe.CannotTell, verdict)
		require.Equal(t, "the API server gave no answer", why)
	}
	s.onlyDryRuns(t)
	require.Len(t, s.requests, 7) // the version, and twice for each probe: it is looked whether something stays
}

// Without a server nothing is tried.
func TestNoServer(t *testing.T) {
	s := start(t, nil)
	api := s.api(t)
	s.Close()
	probes, missing := probe.Run(t.Context(), api, "prod", probe.Config{Repository: "registry.example/app"})
	require.Empty(t, probes)
	require.Len(t, missing, 1)
	require.Contains(t, missing[0].Why, "nothing was tried")
}
