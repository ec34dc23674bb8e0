package admission_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/admission"
)

// attack changes a sample so that it admits what it seems to refuse.
type attack struct {
	text string
	want admission.Code // among the facts of the rule; "" when the change is harmless
}

// attacked tells whether each attack is seen on the rule, and nothing on what is harmless.
func attacked(t *testing.T, id string, rows map[string]attack) {
	t.Helper()
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			said := codes(rule(t, parse(t, row.text), id))
			if row.want == "" {
				require.Empty(t, said)
				return
			}
			require.Contains(t, said, row.want)
		})
	}
}

// changed replaces a part of a sample, which has to be in it.
func changed(t testing.TB, sample, from, to string) string {
	t.Helper()
	require.Contains(t, sample, from)
	return strings.Replace(sample, from, to, 1)
}

const signer = `        - keyless:
            issuer: https://token.actions.githubusercontent.com
            subject: https://github.com/shop/*
`

func kyvernoWebhook(policy, more string) string {
	return `---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: kyverno-resource-validating-webhook-cfg}
webhooks:
- name: validate.kyverno.svc
  failurePolicy: ` + policy + `
  clientConfig: {caBundle: QQ==, service: {name: kyverno-svc, namespace: kyverno}}
  rules: [{apiGroups: ["*"], apiVersions: ["*"], operations: [CREATE, UPDATE], resources: ["*", pods/ephemeralcontainers]}]
` + more
}

func TestAttacksOnKyverno(t *testing.T) {
	exclude := func(text string) string {
		return changed(t, verify, "    verifyImages", "    exclude: "+text+"\n    verifyImages")
	}
	by := func(entry string) string { return changed(t, verify, signer, "        - "+entry+"\n") }
	config := func(data string) string {
		return verify + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: kyverno, namespace: kyverno}\ndata: {" + data + "}\n"
	}
	values := func(config string) string {
		return verify + "---\nfeatures: {logging: {}}\nadmissionController: {}\nconfig: {" + config + "}\n"
	}
	attacked(t, "ClusterPolicy/signed#r", map[string]attack{
		"no images":                          {changed(t, verify, "    - imageReferences:\n      - \"*\"\n      attestors", "    - attestors"), admission.ImagesMatchNothing},
		"what is made is left out":           {exclude("{any: [{resources: {operations: [CREATE]}}]}"), admission.MatchesNothing},
		"what is changed is left out":        {exclude("{any: [{resources: {operations: [UPDATE]}}]}"), admission.OperationsNotCovered},
		"what is deleted is left out":        {exclude("{any: [{resources: {operations: [DELETE]}}]}"), ""},
		"Pods of one namespace are left out": {exclude("{all: [{resources: {kinds: [Pod]}}, {resources: {namespaces: [dev]}}]}"), admission.NamespacesExcluded},
		"Pods that are Deployments":          {changed(t, changed(t, verify, "any:", "all:"), "kinds: [Pod]", "kinds: [Pod]\n      - resources: {kinds: [Deployment]}"), admission.KindsNotCovered},
		"a version that is not there":        {changed(t, verify, "[Pod]", "[v2/Pod]"), admission.KindsNotCovered},
		"any namespace":                      {changed(t, verify, "[Pod]", "[Pod]\n          namespaces: ['*']\n          names: ['*']"), ""},
		"a set of nobody":                    {by("attestor: {entries: []}"), admission.NoAttestor},
		"a set of anybody":                   {by("attestor: {entries: [{keyless: {issuer: '*', subject: '*'}}]}"), admission.AnyIdentity},
		"no key":                             {by("keys: {publicKeys: ''}"), admission.NoAttestor},
		"keys without a field":               {by("keys: {}"), admission.NoAttestor},
		"no certificate":                     {by("certificates: {}"), admission.NoAttestor},
		"any owner's repository":             {changed(t, verify, "github.com/shop/*", "github.com/*/app/.github/workflows/release.yml@*"), admission.AnyIdentity},
		"the end of an owner":                {changed(t, verify, "github.com/shop/*", "github.com/*shop/app/*"), admission.AnyIdentity},
		"any owner, in an expression":        {changed(t, verify, "subject: https://github.com/shop/*", `subjectRegExp: '^https://github\.com/[^/]+/app/.*$'`), admission.AnyIdentity},
		"two owners, in an expression":       {changed(t, verify, "subject: https://github.com/shop/*", `subjectRegExp: '^https://github\.com/(shop|web)/.*$'`), ""},
		"an unquoted dot":                    {changed(t, verify, "subject: https://github.com/shop/*", `subjectRegExp: '^https://github.com/.*/app/.*$'`), admission.AnyIdentity},
		"an owner without its end":           {changed(t, verify, "subject: https://github.com/shop/*", `subjectRegExp: '^https://github.com/shop/?'`), admission.IdentityBroad},
		"an owner of letters":                {changed(t, verify, "subject: https://github.com/shop/*", `subjectRegExp: '^https://github\.com/\w+/app/'`), admission.AnyIdentity},
		"images of other places":             {changed(t, verify, "    verifyImages", "    imageExtractors: {Pod: [{path: /metadata/annotations/image}]}\n    verifyImages"), admission.ContainersNotCovered},
		"another of this name":               {verify + "---\n" + changed(t, verify, "Enforce", "Audit"), admission.DefinedTwice},
		"a misspelled failurePolicy":         {changed(t, verify, "  rules:", "  failurePolicy: ignore\n  rules:"), admission.ActionUnknown},
		"a condition made of the operation":  {changed(t, verify, "    verifyImages", "    preconditions: {all: [{key: \"{{ request.operation == 'DELETE' }}\", operator: AnyIn, value: [CREATE, UPDATE]}]}\n    verifyImages"), admission.MatchConditions},
		"conditions without any":             {changed(t, verify, "      attestors:", "      attestations: [{type: x, conditions: [{all: []}], attestors: [{entries: [{keys: {kms: awskms:///x}}]}]}]\n      attestors:"), admission.AttestationUnchecked},
		"an exception for other rules":       {verify + "---\napiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {name: e}\nspec: {podSecurity: [{controlName: x}], exceptions: [{policyName: signed, ruleNames: ['*']}], match: {any: [{resources: {kinds: [Pod]}}]}}\n", admission.ExceptionWidens},
		"a filter by names":                  {config("resourceFilters: '[Pod,*,?*]'"), admission.ObjectsExcluded},
		"a filter of a kind":                 {config("resourceFilters: '[Pod]'"), admission.NamespacesExempt},
		"a filter of a namespace":            {config("resourceFilters: '[Pod,shop]'"), admission.NamespacesExempt},
		"a filter by pattern":                {config("resourceFilters: '[P*,*,*]'"), admission.NamespacesExempt},
		"a filter with a version":            {config("resourceFilters: '[v1/Pod,*,*]'"), admission.NamespacesExempt},
		"filters of others":                  {config("resourceFilters: '[Event,*,*][Node,*,*][apps/v1/Pod,*,*]'"), ""},
		"users are left out":                 {config("excludeUsernames: '*'"), admission.UsersExcluded},
		"nodes are left out":                 {config("excludeGroups: system:nodes"), ""},
		"webhooks by namespace":              {config(`webhooks: '[{"namespaceSelector":{"matchLabels":{"a":"b"}}}]'`), admission.NamespacesExempt},
		"webhooks by object":                 {config(`webhooks: '{"objectSelector":{"matchLabels":{"a":"b"}}}'`), admission.ObjectsExcluded},
		"webhooks by condition":              {config(`matchConditions: '[{"name":"x","expression":"false"}]'`), admission.MatchConditions},
		"values: filters":                    {values("resourceFilters: ['[Pod,*,*]']"), admission.NamespacesExempt},
		"values: users":                      {values("excludeUsernames: ['*']"), admission.UsersExcluded},
		"values: objects":                    {values("webhooks: {objectSelector: {matchLabels: {a: b}}}"), admission.ObjectsExcluded},
		"webhooks that fail open":            {verify + kyvernoWebhook("Ignore", ""), admission.FailurePolicyIgnore},
		"a webhook for some objects":         {verify + kyvernoWebhook("Fail", "  objectSelector: {matchLabels: {a: b}}\n"), admission.ObjectsExcluded},
		"a webhook for some namespaces":      {verify + kyvernoWebhook("Fail", "  namespaceSelector: {matchLabels: {a: b}}\n"), admission.NamespacesSelected},
		"a webhook for all":                  {verify + kyvernoWebhook("Fail", ""), ""},
	})
}

// TestFilteredNames asks of a Pod that a filter of Kyverno names.
func TestFilteredNames(t *testing.T) {
	text := verify + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: kyverno}\ndata: {resourceFilters: '[Pod,shop,we*]'}\n---\n" + pod
	require.Empty(t, covered(parse(t, text)))
	require.NotEmpty(t, covered(parse(t, strings.Replace(text, "we*", "api*", 1))))
}

const pod = `apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec: {containers: [{name: c, image: "ghcr.io/shop/app:1"}]}
`

// ratify is a template and a constraint that ask Ratify.
func ratify(t testing.TB) string {
	text := changed(t, constraint, "cosign-provider", "ratify-provider")
	return changed(t, text, "count(r.errors) +", "some x in r.responses; x[1].isSuccess == false; count(r.errors) +")
}

const ratifyObject = "---\napiVersion: config.ratify.deislabs.io/v1beta1\n"

func TestAttacksOnGatekeeper(t *testing.T) {
	own := strings.NewReplacer("SignedImages", "WaxsealSignedImages", "signedimages", "waxsealsignedimages").Replace(constraint)
	point := func(name string) string {
		return changed(t, constraint, "enforcementAction: deny", "enforcementAction: scoped\n  scopedEnforcementActions: [{action: deny, enforcementPoints: [{name: "+name+"}]}]")
	}
	values := func(text string) string {
		return constraint + "---\nvalidatingWebhookFailurePolicy: Fail\nvalidatingWebhookTimeoutSeconds: 10\n" + text
	}
	args := func(text string) string {
		return constraint + "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: gatekeeper-controller-manager}\nspec: {template: {spec: {containers: [{name: manager, image: x, args: [" + text + "]}]}}}\n"
	}
	attacked(t, "SignedImages/all", map[string]attack{
		"at the API server, in Rego":    {point("vap.k8s.io"), admission.TurnedOff},
		"a target of another":           {changed(t, constraint, "target: admission.k8s", "target: validation.k8s"), admission.TemplateBroken},
		"two targets":                   {changed(t, constraint, "  targets:\n", "  targets:\n  - target: other\n"), admission.TemplateBroken},
		"errors of Ratify, not answers": {changed(t, constraint, "cosign-provider", "ratify-provider"), admission.ProviderUnsafe},
		"values: conditions":            {values("validatingWebhookMatchConditions: [{name: x, expression: 'false'}]\n"), admission.MatchConditions},
		"values: scope":                 {values("validatingWebhookScope: Cluster\n"), admission.MatchesNothing},
		"values: no external data":      {values("enableExternalData: false\n"), admission.ProviderMissing},
		"values: nothing weaker":        {values("enableExternalData: true\n"), ""},
		"two values, the second is off": {values("") + "---\nvalidatingWebhookFailurePolicy: Fail\ndisableValidatingWebhook: true\n", admission.TurnedOff},
		"arguments: only audit":         {args("--operation=audit"), admission.TurnedOff},
		"arguments: no external data":   {args("--operation=webhook, --enable-external-data=false"), admission.ProviderMissing},
		"no verifier that verifies":     {ratify(t) + "---\nnotation: {enabled: false}\ncosign: {enabled: false}\nprovider: {enableMutation: true}\n", admission.NoAttestor},
		"Rego that asks no verifier":    {ratify(t) + ratifyObject + "kind: Policy\nmetadata: {name: p}\nspec: {type: rego-policy, parameters: {policy: \"package ratify.policy\\ndefault valid := true\"}}\n", admission.NoAttestor},
		"Rego that is true by default":  {ratify(t) + ratifyObject + "kind: Policy\nmetadata: {name: p}\nspec: {type: rego-policy, parameters: {policy: \"package ratify.policy\\ndefault valid := true\\nvalid := false { input.verifierReports }\"}}\n", admission.NotRequired},
	})

	t.Run("a name of Waxseal's, not its code", func(t *testing.T) {
		require.NotContains(t, rule(t, parse(t, changed(t, own, "external_data(", "opa.runtime(")+"  parameters: {signed_images: {authorities: [{keys: [x]}]}}\n"), "WaxsealSignedImages/all").Checks, admission.CheckSignature)
	})
	t.Run("a name, no template", func(t *testing.T) {
		_, alone, _ := strings.Cut(constraint, "---\n")
		require.Equal(t, admission.AboutUnknown, rule(t, parse(t, alone), "SignedImages/all").About)
	})
	t.Run("only what the verifiers verify", func(t *testing.T) {
		c := parse(t, ratify(t)+ratifyObject+"kind: Verifier\nmetadata: {name: v}\nspec: {name: vulnerabilityreport, artifactTypes: application/sarif+json}\n")
		require.Equal(t, []admission.Check{admission.CheckScan}, rule(t, c, "SignedImages/all").Checks)
	})
}

// TestIgnoredNamespace asks of a namespace that Gatekeeper, as it is installed, is not asked of.
func TestIgnoredNamespace(t *testing.T) {
	space := "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {LABEL: x}}\n---\n" + pod
	for label, covers := range map[string]bool{"admission.gatekeeper.sh/ignore": false, "team": true} {
		text := strings.Replace(space, "LABEL", label, 1)
		require.Equal(t, covers, len(covered(parse(t, constraint+text))) > 0, label)
		require.Equal(t, covers, len(covered(parse(t, constraint+"---\nvalidatingWebhookFailurePolicy: Fail\n"+text))) > 0, label)
	}
}

func TestAttacksOnPolicyController(t *testing.T) {
	asked := "---\n" + strings.NewReplacer("waxseal.shop.test", "policy.sigstore.dev", "name: waxseal,", "name: webhook,").Replace(webhook)
	by := func(authority string) string {
		return clusterImagePolicy[:strings.Index(clusterImagePolicy, "  - keyless")] + "  - " + authority + "\n" + asked
	}
	judged := func(policy string) string {
		text := changed(t, clusterImagePolicy, "  - keyless", "  - attestations: [{name: a, predicateType: vuln}]\n    keyless")
		return changed(t, text, "  authorities", "  policy: "+policy+"\n  authorities") + asked
	}
	match := func(text string) string {
		return changed(t, clusterImagePolicy, "  authorities", "  match: ["+text+"]\n  authorities") + asked
	}
	attacked(t, "ClusterImagePolicy/all", map[string]attack{
		"no key":                       {by("key: {}"), admission.NoAttestor},
		"an empty key":                 {by("key: {data: ' '}"), admission.NoAttestor},
		"static without an action":     {by("static: {}"), admission.ActionUnknown},
		"static in another spelling":   {by("static: {action: Pass}"), admission.ActionUnknown},
		"a version that is not there":  {match("{group: '', version: v99, resource: pods}"), admission.KindsNotCovered},
		"the version that is there":    {match("{group: '', version: v1, resource: pods}"), ""},
		"Rego that looks at nothing":   {judged(`{type: rego, data: "package sigstore\nisCompliant = true # input"}`), admission.AttestationUnchecked},
		"Rego that looks at its input": {judged(`{type: rego, data: "package sigstore\nisCompliant { input.a }"}`), ""},
		"empty CUE":                    {judged(`{type: cue, data: " "}`), admission.AttestationUnchecked},
		"CUE":                          {judged(`{type: cue, data: "a: 1"}`), ""},
		"of a ConfigMap":               {judged("{type: rego, configMapRef: {name: a, key: b}}"), ""},
	})
}

func TestAttacksOnOthers(t *testing.T) {
	image := func(from, to string) string { return changed(t, ivpol, from, to) }
	attacked(t, "ImageValidatingPolicy/signed", map[string]attack{
		"never below 0":          {image("n > 0", "n >= 0"), admission.NotRequired},
		"or else":                {image("n > 0)", "n > 0) || true"), admission.NotRequired},
		"no key":                 {image("      key:\n        kms: awskms:///alias/release\n", "      key: {}\n"), admission.NoAttestor},
		"a version not there":    {image("[v1]", "[v2]"), admission.KindsNotCovered},
		"all subresources, too":  {image("[pods]", "[pods/*]"), ""},
		"another of this name":   {ivpol + "---\n" + image("[Deny]", "[Audit]"), admission.DefinedTwice},
		"the same twice":         {ivpol + "---\n" + image("metadata:\n", "metadata:\n  labels: {a: b}\n"), ""},
		"at least one signature": {image("n > 0", "n >= 1"), ""},
	})
	attacked(t, "ValidatingAdmissionPolicy/registries#everywhere", map[string]attack{
		"a binding without pods": {changed(t, vap, "  validationActions", "  matchResources: {excludeResourceRules: [{apiGroups: [''], apiVersions: ['*'], operations: ['*'], resources: [pods]}]}\n  validationActions"), admission.KindsNotCovered},
		"a binding of others":    {changed(t, vap, "  validationActions", "  matchResources: {resourceRules: [{apiGroups: [apps], apiVersions: ['*'], operations: ['*'], resources: ['*']}]}\n  validationActions"), admission.KindsNotCovered},
	})
}

// TestWebhooksByName asks of webhooks what their names promise.
func TestWebhooksByName(t *testing.T) {
	named := func(name string) string {
		return strings.NewReplacer("waxseal.shop.test", name, "name: waxseal,", "name: webhook,").Replace(webhook) + "---\n" + pod
	}
	for name, about := range map[string]admission.About{
		"image-policy.shop.test": admission.AboutUnknown, "notary.shop.test": admission.AboutUnknown,
		"connaisseur.shop.test": admission.AboutImage, "portieris.shop.test": admission.AboutImage,
	} {
		c := parse(t, named(name))
		require.Equal(t, []string{app + "unknown deny, when made"}, covered(c), name)
		require.Equal(t, about, c.Rules[0].About, name)
	}
}

// TestNotCovered has workloads that no rule is asked of.
func TestNotCovered(t *testing.T) {
	mirror := strings.Replace(pod, "name: web,", "name: web, annotations: {kubernetes.io/config.mirror: a},", 1)
	require.Empty(t, covered(parse(t, verify+"---\n"+mirror)), "the kubelet runs it")
	require.Equal(t, []string{app + "unknown deny, when made"}, covered(parse(t, changed(t, webhook, "[CREATE, UPDATE]", "[UPDATE]")+"---\n"+pod)))
	require.Empty(t, covered(parse(t, changed(t, webhook, `apiVersions: ["*"]`, "apiVersions: [v2]")+"---\n"+pod)))
	generated := strings.Replace(pod, "name: web,", "generateName: web-,", 1)
	byName := changed(t, verify, "kinds: [Pod]", "kinds: [Pod]\n          names: ['web-']")
	require.Equal(t, []string{app + "unknown deny, when made"}, covered(parse(t, byName+"---\n"+generated)))
}

func TestSwitchedOff(t *testing.T) {
	sub := "connaisseur:\n  enabled: false\n  " + strings.ReplaceAll(connaisseur, "\n", "\n  ")
	c := parse(t, sub)
	require.NotEmpty(t, c.Rules)
	for _, r := range c.Rules {
		require.Equal(t, admission.Off, r.Action.Effect)
		require.Contains(t, codes(r), admission.TurnedOff)
	}
}

// TestImageExtractors has lists of Pods that are replaced by others.
func TestImageExtractors(t *testing.T) {
	with := func(path string) []string {
		return covered(parse(t, changed(t, verify, "    verifyImages", "    imageExtractors: {Pod: [{path: "+path+"}]}\n    verifyImages")+"---\n"+deployment))
	}
	require.Empty(t, with("/metadata/annotations/image"))
	require.Equal(t, []string{app + "yes deny, when made"}, with("/spec/containers/*/image"))
}

// TestWordsOfOPA has Rego that speaks of signatures, and asks nobody for one.
func TestWordsOfOPA(t *testing.T) {
	values := func(body string) string {
		return "admissionController: {enabled: true, failurePolicy: Fail, rules: [{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*']}]}\nopa: {}\nbootstrapPolicies:\n  a: |\n    deny[msg] { image := input.request.object.spec.containers[_].image; " + body + "; msg := \"it must be signed\" }\n"
	}
	require.NotContains(t, parse(t, values(`not startswith(image, "ghcr.io/")`)).Rules[0].Checks, admission.CheckSignature)
	require.Contains(t, parse(t, values(`not http.send({"url": image}).body.ok`)).Rules[0].Checks, admission.CheckSignature)
}

// TestConnaisseurOverridden has a second file of values that weakens the first.
func TestConnaisseurOverridden(t *testing.T) {
	for text, want := range map[string]admission.Code{
		"application: {features: {detectionMode: true}}": admission.WarnOnly,
		"kubernetes: {webhook: {failurePolicy: Ignore}}": admission.FailurePolicyIgnore,
		"kubernetes: {webhook: {failurePolicy: Fail}}":   admission.NamespacesSelected, // as before
	} {
		for _, r := range parse(t, connaisseur+"---\n"+text+"\n").Rules {
			require.Contains(t, codes(r), want, text)
			require.Equal(t, want == admission.NamespacesSelected, len(codes(r)) == 1, text)
		}
	}
}

// TestPodsOnly has Connaisseur refuse Pods, and warn of what makes them.
func TestPodsOnly(t *testing.T) {
	text := changed(t, connaisseur, "  features:\n", "  features:\n    resourceValidationMode: podsOnly\n")
	c := parse(t, text+"---\n"+pod)
	require.Equal(t, admission.Deny, c.Rules[0].Action.Effect)
	require.NotContains(t, codes(c.Rules[0]), admission.WarnOnly)
	require.NotEmpty(t, covered(c))
}
