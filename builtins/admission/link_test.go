package admission_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/admission"
)

const gatekeeperWebhook = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata:
  name: gatekeeper
webhooks:
- name: validation.gatekeeper.sh
  failurePolicy: Ignore
  timeoutSeconds: 3
  namespaceSelector: {matchExpressions: [{key: admission.gatekeeper.sh/ignore, operator: DoesNotExist}]}
  rules:
  - {apiGroups: ["*"], apiVersions: ["*"], operations: [CREATE, UPDATE], resources: ["*"]}
- name: check-ignore-label.gatekeeper.sh
  failurePolicy: Fail
  rules:
  - {apiGroups: [""], apiVersions: ["*"], operations: [CREATE, UPDATE], resources: [namespaces]}
`

// rule returns the rule with an ID.
func rule(t testing.TB, c *admission.Configuration, id string) admission.Rule {
	t.Helper()
	ids := []string{}
	for _, r := range c.Rules {
		if r.ID == id {
			return r
		}
		ids = append(ids, r.ID)
	}
	require.Contains(t, ids, id)
	return admission.Rule{}
}

// codes are the codes of a rule's facts.
func codes(r admission.Rule) []admission.Code {
	out := []admission.Code{}
	for _, f := range r.Facts {
		out = append(out, f.Code)
	}
	return out
}

// needs are the dependencies of a rule, as role:state.
func needs(r admission.Rule) []string {
	out := []string{}
	for _, d := range r.Depends {
		out = append(out, d.Role+":"+string(d.State))
	}
	return out
}

func TestConstraintBehindWebhook(t *testing.T) {
	c := parse(t, constraint+"---\n"+gatekeeperWebhook)
	r := rule(t, c, "SignedImages/all")
	require.Equal(t, admission.OnFailure{
		Effect: "allow", Configured: "Ignore", By: "ValidatingWebhookConfiguration gatekeeper", Place: admission.Place{File: "a.yaml", Line: 38},
	}, r.OnFailure)
	require.Equal(t, 3, r.Timeout.Seconds)
	require.Equal(t, admission.No, r.Scope.Ephemeral)
	require.Equal(t, []string{"template:found", "provider:unknown", "webhook:found"}, needs(r))
	require.Equal(t, []admission.Code{admission.FailurePolicyIgnore, admission.EphemeralNotCovered, admission.TimeoutShort}, codes(r))
	require.True(t, rule(t, c, "ValidatingWebhookConfiguration/gatekeeper#validation.gatekeeper.sh").Engine)

	open := strings.Replace(gatekeeperWebhook, "failurePolicy: Fail", "failurePolicy: Ignore", 1)
	r = rule(t, parse(t, constraint+"---\n"+open), "SignedImages/all")
	require.Contains(t, codes(r), admission.NamespacesSelected, "whoever labels a namespace leaves it out, when nobody checks the label")
}

func TestMissingInCluster(t *testing.T) {
	_, alone, _ := strings.Cut(constraint, "---\n")
	r := rule(t, cluster(t, alone), "SignedImages/all")
	require.Equal(t, []string{"template:missing", "webhook:missing"}, needs(r))
	require.Equal(t, []admission.Code{admission.TemplateMissing, admission.WebhookMissing}, codes(r))
	require.Equal(t, admission.AboutImage, r.About, "by the name of its kind")

	r = rule(t, cluster(t, constraint+"---\n"+gatekeeperWebhook), "SignedImages/all")
	require.Contains(t, codes(r), admission.ProviderMissing)

	template, _, _ := strings.Cut(constraint, "---\n")
	require.Equal(t, []string{"template binding_missing:1"}, facts(cluster(t, template)))

	r = rule(t, cluster(t, verify), "ClusterPolicy/signed#r")
	require.Equal(t, []admission.Code{admission.WebhookMissing}, codes(r))

	r = rule(t, cluster(t, clusterImagePolicy), "ClusterImagePolicy/all")
	require.Equal(t, []admission.Code{admission.WebhookMissing, admission.OptInNeeded, admission.OptInMissing}, codes(r))
}

func TestProvider(t *testing.T) {
	for name, row := range map[string]struct {
		spec string
		want []admission.Code
	}{
		"fine":            {"{url: 'https://p.svc/v', timeout: 2, caBundle: QQ==}", nil},
		"no TLS":          {"{url: 'http://p.svc/v', timeout: 2, caBundle: QQ==}", []admission.Code{admission.ProviderUnsafe}},
		"no certificates": {"{url: 'https://p.svc/v', timeout: 2}", []admission.Code{admission.CABundleMissing}},
		"slow":            {"{url: 'https://p.svc/v', timeout: 12, caBundle: QQ==}", []admission.Code{admission.TimeoutShort}},
	} {
		t.Run(name, func(t *testing.T) {
			fine := strings.Replace(strings.Replace(gatekeeperWebhook, "Ignore", "Fail", 1), "timeoutSeconds: 3", "timeoutSeconds: 10", 1)
			fine = strings.Replace(fine, `resources: ["*"]`, `resources: ["*/*"]`, 1)
			c := parse(t, constraint+"---\n"+fine+"---\napiVersion: externaldata.gatekeeper.sh/v1beta1\nkind: Provider\nmetadata: {name: cosign-provider}\nspec: "+row.spec+"\n")
			require.Equal(t, append([]admission.Code{}, row.want...), codes(rule(t, c, "SignedImages/all")))
		})
	}
}

func TestRatify(t *testing.T) {
	text := strings.NewReplacer("cosign-provider", "ratify-provider", "count(r.errors)", "not r.responses[_].isSuccess; count(r.errors)").Replace(constraint) + `---
apiVersion: config.ratify.deislabs.io/v1beta1
kind: Verifier
metadata: {name: verifier-notation}
spec:
  name: notation
  parameters:
    trustPolicyDoc:
      trustPolicies:
      - signatureVerification: {level: audit}
        trustedIdentities: ["*"]
---
apiVersion: config.ratify.deislabs.io/v1beta1
kind: Verifier
metadata: {name: verifier-cosign}
spec:
  name: cosign
  parameters:
    trustPolicies:
    - tLogVerify: false
      keyless: {certificateOIDCIssuer: https://token.actions.githubusercontent.com, certificateIdentityRegExp: .*}
`
	c := parse(t, text)
	r := rule(t, c, "SignedImages/all")
	require.Equal(t, admission.Ratify, r.System)
	require.Equal(t, []string{"template:found", "provider:unknown", "verifier:found", "webhook:unknown"}, needs(r))
	require.Equal(t, []admission.Code{admission.AuditOnly, admission.IdentityBroad, admission.TlogIgnored, admission.AnyIdentity, admission.FailurePolicyUnknown}, codes(r))
	require.Equal(t, []string{"SignedImages/all"}, c.Components[1].UsedBy)
}

func TestExceptions(t *testing.T) {
	for name, row := range map[string]struct {
		text string
		want []admission.Exception
	}{
		"of one namespace": {`apiVersion: kyverno.io/v2
kind: PolicyException
metadata: {name: e, namespace: dev}
spec:
  exceptions: [{policyName: signed, ruleNames: ["r"]}]
  match: {any: [{resources: {kinds: [Pod], namespaces: [dev]}}]}`, []admission.Exception{{
			Kind: "policy_exception", Text: "the rules r of signed are not asked of Pod in dev", Wide: admission.No,
		}}},
		"of everything, by pattern": {`apiVersion: kyverno.io/v2beta1
kind: PolicyException
metadata: {name: e, namespace: dev}
spec:
  exceptions: [{policyName: "sig*", ruleNames: ["*"]}]
  match: {any: [{resources: {kinds: [Pod]}}]}`, []admission.Exception{{
			Kind: "policy_exception", Text: "the rules * of sig* are not asked of Pod", Wide: admission.Yes,
		}}},
		"of another policy": {`apiVersion: kyverno.io/v2
kind: PolicyException
metadata: {name: e, namespace: dev}
spec:
  exceptions: [{policyName: other, ruleNames: ["*"]}]
  match: {any: [{resources: {kinds: [Pod]}}]}`, nil},
		"of the whole of Kyverno": {`apiVersion: v1
kind: ConfigMap
metadata: {name: kyverno, namespace: kyverno}
data: {resourceFilters: "[Event,*,*] [*/*,kube-system,*] [Pod,dev,*] [Node,*,*]"}`, []admission.Exception{{
			Kind: "ignored", Text: "the namespaces kube-system, dev are left out of all rules", Wide: admission.No,
		}}},
	} {
		t.Run(name, func(t *testing.T) {
			c := parse(t, verify+"---\n"+row.text+"\n")
			var got []admission.Exception
			for _, e := range rule(t, c, "ClusterPolicy/signed#r").Exceptions {
				require.Equal(t, "a.yaml", e.File)
				require.NotZero(t, e.Line)
				got = append(got, admission.Exception{Kind: e.Kind, Text: e.Text, Wide: e.Wide})
			}
			require.Equal(t, row.want, got)
		})
	}
}

func TestGatekeeperConfig(t *testing.T) {
	config := "---\napiVersion: config.gatekeeper.sh/v1alpha1\nkind: Config\nmetadata: {name: config, namespace: gatekeeper-system}\nspec:\n  match:\n  - {excludedNamespaces: [kube-*], processes: [webhook]}\n  - {excludedNamespaces: [shop], processes: [audit]}\n"
	c := parse(t, constraint+config)
	require.Len(t, rule(t, c, "SignedImages/all").Exceptions, 1)
	require.Contains(t, facts(c), "namespaces_exempt:37")
	c = parse(t, constraint+strings.Replace(config, "name: config", "name: other", 1))
	require.Empty(t, rule(t, c, "SignedImages/all").Exceptions)
}

// TestHelmValues knows each chart by the shape of its values.
func TestHelmValues(t *testing.T) {
	for name, row := range map[string]struct {
		text string
		want []string
	}{
		"kube-mgmt":               {"opa: {}\nadmissionController:\n  enabled: true\n  failurePolicy: Ignore\n  rules:\n  - {operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*']}\n", []string{"failure_policy_ignore:4"}},
		"kube-mgmt, switched off": {"opa: {}\nadmissionController:\n  enabled: false\n  failurePolicy: Fail\n  rules:\n  - {operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*']}\n", []string{"turned_off:3"}},
		"gatekeeper":              {"validatingWebhookTimeoutSeconds: 10\n", []string{"failure_policy_ignore:1"}},
		"gatekeeper, a subchart":  {"gatekeeper:\n  validatingWebhookFailurePolicy: Fail\n  validatingWebhookExemptNamespacesLabels:\n    kubernetes.io/metadata.name: [dev]\n", []string{"namespaces_excluded:4"}},
		"gatekeeper, no webhook":  {"disableValidatingWebhook: true\nvalidatingWebhookFailurePolicy: Fail\n", []string{"turned_off:1"}},
		"kyverno":                 {"admissionController: {replicas: 3}\nfeatures:\n  forceFailurePolicyIgnore:\n    enabled: true\n", []string{"config failure_policy_ignore:3"}},
		"policy-controller":       {"cosign: {webhookName: policy.sigstore.dev}\nwebhook:\n  failurePolicy: Ignore\n  configData:\n    no-match-policy: allow\n", []string{"failure_policy_ignore:3", "no_match_allowed:5"}},
		"ratify":                  {"notation:\n  trustPolicies:\n  - signatureVerification: {level: skip}\ncosign: {enabled: false}\nprovider:\n  enableMutation: false\n", []string{"verifier no_attestor:3", "verifier tag_not_verified:6"}},
		"connaisseur, before 3.0": {"deployment: {failurePolicy: Ignore}\nvalidators:\n- {name: default, type: cosign, trust_roots: [{name: default, key: 'awskms:///x'}]}\npolicy:\n- pattern: '*:*'\n", []string{"failure_policy_ignore:1"}},
		"of something else":       {"image: {repository: nginx}\nreplicas: 1\n", []string{}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, row.want, facts(parse(t, row.text))) })
	}
}

func TestKyvernoForcedOpen(t *testing.T) {
	for name, text := range map[string]string{
		"values":    "features:\n  forceFailurePolicyIgnore:\n    enabled: true\n",
		"arguments": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: kyverno-admission-controller}\nspec: {template: {spec: {containers: [{name: k, image: x, args: [--forceFailurePolicyIgnore=true]}]}}}\n",
	} {
		t.Run(name, func(t *testing.T) {
			r := rule(t, parse(t, verify+"---\n"+text), "ClusterPolicy/signed#r")
			require.Equal(t, "allow", r.OnFailure.Effect)
			require.Equal(t, []admission.Code{admission.FailurePolicyIgnore}, codes(r))
		})
	}
}

func TestProblems(t *testing.T) {
	for name, row := range map[string]struct{ text, want string }{
		"a template of Helm": {strings.Replace(verify, "Action: Enforce", "Action: '{{ .Values.action }}'", 1), "render it first"},
		"Kubewarden":         {"apiVersion: policies.kubewarden.io/v1\nkind: ClusterAdmissionPolicy\nmetadata: {name: x}\n", "is not read"},
		"OpenShift":          {"apiVersion: config.openshift.io/v1\nkind: ClusterImagePolicy\nmetadata: {name: x}\n", "is not read"},
	} {
		t.Run(name, func(t *testing.T) {
			c := parse(t, row.text)
			require.Len(t, c.Problems, 1)
			require.Equal(t, "unsupported", c.Problems[0].Code)
			require.Contains(t, c.Problems[0].Text, row.want)
			require.Equal(t, 1, c.Problems[0].Line)
		})
	}
	require.True(t, admission.IsHelmTemplate("{{- if .Values.x }}"))
	require.False(t, admission.IsHelmTemplate("key: '{{ request.object.metadata.name }}'"), "a variable of Kyverno")
}

func TestPodSecurityPolicy(t *testing.T) {
	c := parse(t, "apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata: {name: restricted}\nspec: {}\n")
	require.Equal(t, []string{"removed_from_kubernetes:2"}, facts(c))
	require.Equal(t, admission.AboutOther, c.Rules[0].About)
	require.Equal(t, admission.Off, c.Rules[0].Action.Effect)
}

func TestOwn(t *testing.T) {
	c := parse(t, `apiVersion: constraints.gatekeeper.sh/v1beta1
kind: WaxsealImages
metadata: {name: images}
spec:
  match: {kinds: [{apiGroups: [""], kinds: [Pod]}]}
  parameters:
    signed_images:
      authorities:
      - {name: release, images: ["registry.example/shop/*"], identities: [{issuer: https://token.actions.githubusercontent.com, subject_pattern: ".*"}]}
    scanned_images:
      authorities: [{name: s, keys: [scanner]}]
`)
	r := rule(t, c, "WaxsealImages/images")
	require.Equal(t, admission.Waxseal, r.System)
	require.Equal(t, admission.AboutImage, r.About)
	require.Equal(t, []admission.Check{admission.CheckDigest, admission.CheckScan, admission.CheckSignature}, r.Checks)
	require.Equal(t, admission.Lists{Containers: "yes", InitContainers: "yes", Ephemeral: "yes", ImageVolumes: "yes"}, r.Scope.Containers)
	require.Equal(t, []admission.Code{admission.AnyIdentity, admission.FailurePolicyUnknown}, codes(r))
	require.Equal(t, []string{"template:unknown", "provider:unknown", "webhook:unknown"}, needs(r))
}

func TestKeysInObjects(t *testing.T) {
	text := strings.Replace(verify, "      - resources:", "      - resources:", 1)
	text = text[:strings.Index(text, "        - keyless")] + "        - keys: {publicKeys: '{{ keys.data.release }}'}\n"
	text = strings.Replace(text, "    verifyImages", "    context: [{name: keys, configMap: {name: keys, namespace: shop}}]\n    verifyImages", 1)
	object := "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: keys, namespace: shop}\ndata: {release: x}\n"
	require.Contains(t, needs(rule(t, parse(t, text+object), "ClusterPolicy/signed#r")), "keys:found")
	require.NotContains(t, codes(rule(t, parse(t, text+object), "ClusterPolicy/signed#r")), admission.KeysMissing)
	require.Contains(t, codes(rule(t, parse(t, text+strings.Replace(object, "release", "other", 1)), "ClusterPolicy/signed#r")), admission.KeysMissing)
	require.Contains(t, codes(rule(t, cluster(t, text), "ClusterPolicy/signed#r")), admission.KeysMissing)
}

// TestOwnTemplates reads the templates and samples of this repository.
func TestOwnTemplates(t *testing.T) {
	read := func(names ...string) *admission.Configuration {
		var all []admission.Object
		for _, name := range names {
			text, err := os.ReadFile("../../gatekeeper/" + name)
			require.NoError(t, err)
			all = append(all, objects(t, name, string(text))...)
		}
		return admission.Parse(all, admission.Options{})
	}
	r := rule(t, read("templates/waxsealsignedimages.yaml", "samples/signed-images.yaml", "deploy/kustomize/gatekeeper/validating.yaml"), "WaxsealSignedImages/signed-images")
	require.Equal(t, []admission.Check{admission.CheckSignature, admission.CheckDigest}, r.Checks)
	require.Equal(t, []string{"template:found", "provider:unknown", "webhook:found"}, needs(r))
	require.Equal(t, []admission.Code{admission.NamespacesExcluded}, codes(r), "but for Gatekeeper's own namespaces")
	require.Equal(t, "deny", r.OnFailure.Effect)
	require.Equal(t, admission.Yes, r.Scope.Ephemeral)

	r = rule(t, read("templates/builtin/waxsealsignedimagesbuiltin.yaml", "samples/builtin/signed-images.yaml"), "WaxsealSignedImagesBuiltin/signed-images")
	require.Equal(t, []admission.Code{admission.UnknownBuiltin, admission.FailurePolicyUnknown}, codes(r))
	require.Contains(t, r.Facts[0].Text, "evidence.collect")
}

func TestPoliciesOfKubeMgmt(t *testing.T) {
	text := strings.Replace(webhook, "waxseal.shop.test", "webhook.openpolicyagent.org", 1)
	text = strings.Replace(text, "name: waxseal, namespace: waxseal-system", "name: opa, namespace: opa", 1)
	id := "ValidatingWebhookConfiguration/verifier#webhook.openpolicyagent.org"
	require.Equal(t, admission.AboutUnknown, rule(t, parse(t, text), id).About)
	c := parse(t, text+`---
apiVersion: v1
kind: ConfigMap
metadata: {name: p, namespace: opa, labels: {openpolicyagent.org/policy: rego}}
data:
  main: |
    package kubernetes.admission
    deny contains "no" if { some c in input.request.object.spec.containers; not startswith(c.image, "ghcr.io/shop/") }
`)
	r := rule(t, c, id)
	require.Equal(t, admission.AboutImage, r.About)
	require.Equal(t, []admission.Check{admission.CheckRegistry}, r.Checks)
	require.Equal(t, []admission.Code{admission.ContainersNotCovered}, codes(r))
	require.Equal(t, []string{id}, c.Components[0].UsedBy)
}
