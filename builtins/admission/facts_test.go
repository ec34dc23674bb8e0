package admission_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// verify is a policy of Kyverno with one rule; rows change one thing of it.
const verify = `apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: signed
spec:
  validationFailureAction: Enforce
  webhookTimeoutSeconds: 15
  rules:
  - name: r
    match:
      any:
      - resources:
          kinds: [Pod]
    verifyImages:
    - imageReferences:
      - "*"
      attestors:
      - entries:
        - keyless:
            issuer: https://token.actions.githubusercontent.com
            subject: https://github.com/shop/*
`

// webhook is a webhook that verifies; rows change one thing of it.
const webhook = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata:
  name: verifier
webhooks:
- name: waxseal.shop.test
  failurePolicy: Fail
  timeoutSeconds: 10
  clientConfig:
    caBundle: QQ==
    service: {name: waxseal, namespace: waxseal-system}
  rules:
  - apiGroups: ["", apps, batch]
    apiVersions: ["*"]
    operations: [CREATE, UPDATE]
    resources: ["*", pods/ephemeralcontainers]
`

// constraint is a template and a constraint of it.
const constraint = `apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata:
  name: signedimages
spec:
  crd:
    spec:
      names:
        kind: SignedImages
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package signedimages
      lists := ["containers", "initContainers", "ephemeralContainers"]
      images contains img if img := input.review.object.spec[lists[_]][_].image
      violation contains {"msg": "no"} if {
        r := external_data({"provider": "cosign-provider", "keys": images})
        count(r.errors) + count(r.system_error) > 0
      }
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: SignedImages
metadata:
  name: all
spec:
  enforcementAction: deny
  match:
    kinds:
    - apiGroups: [""]
      kinds: [Pod]
`

const clusterImagePolicy = `apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata:
  name: all
spec:
  images:
  - glob: "**"
  authorities:
  - keyless:
      url: https://fulcio.sigstore.dev
      identities:
      - issuer: https://token.actions.githubusercontent.com
        subjectRegExp: ^https://github\.com/shop/.*$
`

const vap = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: registries
spec:
  matchConstraints:
    resourceRules:
    - apiGroups: [""]
      apiVersions: [v1]
      operations: [CREATE, UPDATE]
      resources: [pods, pods/ephemeralcontainers]
  variables:
  - name: all
    expression: object.spec.containers + object.spec.?initContainers.orValue([]) + object.spec.?ephemeralContainers.orValue([])
  validations:
  - expression: variables.all.all(c, c.image.startsWith('ghcr.io/shop/'))
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: everywhere
spec:
  policyName: registries
  validationActions: [Deny]
`

const ivpol = `apiVersion: policies.kyverno.io/v1
kind: ImageValidatingPolicy
metadata:
  name: signed
spec:
  validationActions: [Deny]
  matchConstraints:
    resourceRules:
    - apiGroups: [""]
      apiVersions: [v1]
      operations: [CREATE, UPDATE]
      resources: [pods]
  attestors:
  - name: release
    cosign:
      key:
        kms: awskms:///alias/release
  validations:
  - expression: images.containers.map(i, verifyImageSignatures(i, [attestors.release])).all(n, n > 0)
`

const connaisseur = `kubernetes:
  webhook:
    failurePolicy: Fail
application:
  validators:
  - name: allow
    type: static
    approve: true
  - name: release
    type: cosign
    trustRoots:
    - name: default
      key: awskms:///alias/release
  policy:
  - pattern: "*:*"
    validator: release
  - pattern: "registry.k8s.io/*:*"
    validator: release
  features:
    namespacedValidation:
      mode: ignore
`

// TestFacts changes one thing of a sample and tells which facts come of it.
// Every row is: from | to, and the facts that the change adds and takes away.
func TestFacts(t *testing.T) {
	for _, sample := range []struct {
		name, text string
		base       []string
		complete   bool
		rows       map[string]change
	}{
		{name: "kyverno", text: verify, base: []string{}, rows: map[string]change{
			"audit":                                  {"Action: Enforce", "Action: Audit", []string{"audit_only:6"}},
			"audit, in old spelling":                 {"Action: Enforce", "Action: audit", []string{"audit_only:6"}},
			"enforce, in old spelling":               {"Action: Enforce", "Action: enforce", nil},
			"nothing said":                           {"  validationFailureAction: Enforce\n", "", []string{"audit_only:5"}},
			"an action that is filled in later":      {"Action: Enforce", "Action: '{{ x }}'", []string{"action_unknown:6"}},
			"a field misspelled":                     {"validationFailureAction:", "validationFailureActions:", []string{"unknown_field:6", "audit_only:5"}},
			"of the rule":                            {"    - imageReferences:", "    - failureAction: Audit\n      imageReferences:", []string{"audit_only:15"}},
			"not at admission":                       {"  webhookT", "  admission: false\n  webhookT", []string{"turned_off:7"}},
			"fails open":                             {"  webhookT", "  failurePolicy: Ignore\n  webhookT", []string{"failure_policy_ignore:7"}},
			"fails open, said anew":                  {"  webhookTimeoutSeconds: 15", "  failurePolicy: Fail\n  webhookConfiguration: {failurePolicy: Ignore}", []string{"failure_policy_ignore:8"}},
			"short":                                  {"Seconds: 15", "Seconds: 3", []string{"timeout_short:7"}},
			"weaker in a namespace":                  {"  webhookT", "  validationFailureActionOverrides:\n  - {action: Audit, namespaces: [dev]}\n  webhookT", []string{"action_weakened:8"}},
			"namespaces left out":                    {"    verifyImages", "    exclude: {any: [{resources: {namespaces: [kube-system]}}]}\n    verifyImages", []string{"namespaces_excluded:14"}},
			"users left out":                         {"    verifyImages", "    exclude: {any: [{subjects: [{kind: User, name: x}]}]}\n    verifyImages", []string{"users_excluded:14"}},
			"pods left out":                          {"    verifyImages", "    exclude: {any: [{resources: {kinds: [Pod]}}]}\n    verifyImages", []string{"matches_nothing:14", "kinds_not_covered:10"}},
			"objects selected":                       {"kinds: [Pod]", "kinds: [Pod]\n          selector: {matchLabels: {a: b}}", []string{"objects_excluded:14"}},
			"namespaces named":                       {"kinds: [Pod]", "kinds: [Pod]\n          namespaces: [shop]", []string{"namespaces_limited:14"}},
			"only when made":                         {"kinds: [Pod]", "kinds: [Pod]\n          operations: [CREATE]", []string{"operations_not_covered:10"}},
			"only Deployments":                       {"kinds: [Pod]", "kinds: [Deployment]", []string{"kinds_not_covered:10"}},
			"versions of kinds":                      {"kinds: [Pod]", "kinds: [v1/Pod, apps/v1/Deployment]", nil},
			"preconditions":                          {"    verifyImages", "    preconditions: {all: [{key: '{{ request.userInfo.username }}', operator: Equals, value: x}]}\n    verifyImages", []string{"match_conditions:14"}},
			"without DELETE":                         {"    verifyImages", "    preconditions: {all: [{key: \"{{ request.operation || 'BACKGROUND' }}\", operator: NotEquals, value: DELETE}]}\n    verifyImages", nil},
			"some images":                            {`"*"`, `"ghcr.io/shop/*"`, []string{"images_limited:15"}},
			"without a tag":                          {`"*"`, `"ghcr.io/shop/app"`, []string{"images_match_nothing:16", "images_limited:15"}},
			"an address":                             {`"*"`, `"https://ghcr.io/shop/*"`, []string{"images_match_nothing:16", "images_limited:15"}},
			"images left out":                        {"      attestors", "      skipImageReferences: [\"ghcr.io/old/*\"]\n      attestors", []string{"images_excluded:17", "images_limited:15"}},
			"nobody":                                 {verify[strings.Index(verify, "      attestors"):], "      required: true\n", []string{"no_attestor:15"}},
			"an entry without anybody":               {verify[strings.Index(verify, "        - keyless"):], "        - repository: x\n", []string{"no_attestor:19"}},
			"anybody of GitHub":                      {"github.com/shop/*", "github.com/*", []string{"any_identity:21"}},
			"any subject":                            {"https://github.com/shop/*", `"*"`, []string{"any_identity:21"}},
			"neither":                                {"            issuer: https://token.actions.githubusercontent.com\n            subject: https://github.com/shop/*\n", "            rekor: {url: x}\n", []string{"any_identity:19"}},
			"the owner's name is open":               {"github.com/shop/*", "github.com/shop*", []string{"identity_broad:21"}},
			"an address of mail":                     {"https://github.com/shop/*", "mailto:*@users.noreply.github.com", []string{"identity_never_matches:21"}},
			"an address of mail, with its scheme":    {"            issuer: https://token.actions.githubusercontent.com\n            subject: https://github.com/shop/*", "            issuer: https://accounts.google.com\n            subject: mailto:release@shop.test", []string{"identity_never_matches:21"}},
			"mail of Google":                         {"            issuer: https://token.actions.githubusercontent.com\n            subject: https://github.com/shop/*", "            issuer: https://accounts.google.com\n            subject: release@shop.test", nil},
			"all mail of Google":                     {"            issuer: https://token.actions.githubusercontent.com\n            subject: https://github.com/shop/*", "            issuer: https://accounts.google.com\n            subject: '*@gmail.com'", []string{"any_identity:21"}},
			"any issuer":                             {"            issuer: https://token.actions.githubusercontent.com\n", "", []string{"identity_broad:20"}},
			"mail, which may be the end of a branch": {"https://github.com/shop/*", "\"*@users.noreply.github.com\"", []string{"any_identity:21"}},
			"the claim of a token":                   {"https://github.com/shop/*", "repo:shop/app:ref:refs/heads/main", []string{"identity_never_matches:21"}},
			"a repository alone":                     {"https://github.com/shop/*", "https://github.com/shop/app", []string{"identity_never_matches:21"}},
			"a whole subject":                        {"https://github.com/shop/*", "https://github.com/shop/app/.github/workflows/release.yaml@refs/heads/main", nil},
			"an expression that the name of a branch meets": {"subject: https://github.com/shop/*", "subjectRegExp: github\\.com/shop/", []string{"any_identity:21"}},
			"an expression, anchored":                       {"subject: https://github.com/shop/*", "subjectRegExp: ^https://github\\.com/shop/", nil},
			"more than there are":                           {"      - entries:", "      - count: 2\n        entries:", []string{"threshold_impossible:18"}},
			"tags":                                          {"      attestors", "      mutateDigest: false\n      verifyDigest: false\n      attestors", []string{"tag_not_verified:17"}},
			"not required":                                  {"      attestors", "      required: false\n      attestors", []string{"not_required:17"}},
			"no log":                                        {"            issuer", "            rekor: {ignoreTlog: true}\n            issuer", []string{"tlog_ignored:20"}},
			"an attestation, whatever it says":              {"      attestors:\n", "      attestations: [{type: https://slsa.dev/provenance/v1, attestors: [{entries: [{keys: {kms: awskms:///x}}]}]}]\n      attestors:\n", []string{"attestation_unchecked:17"}},
			"a key that is a variable":                      {verify[strings.Index(verify, "        - keyless"):], "        - keys: {publicKeys: '{{ keys.data.a }}'}\n", []string{"keys_from_object:19"}},
			"one rule of several":                           {"  rules:\n", "  applyRules: One\n  rules:\n  - {name: z, match: {any: [{resources: {kinds: [Pod]}}]}, mutate: {}}\n", []string{"match_conditions:8"}},
		}},
		{name: "webhook", text: webhook, base: []string{}, rows: map[string]change{
			"fails open":               {"failurePolicy: Fail", "failurePolicy: Ignore", []string{"failure_policy_ignore:7"}},
			"fails open, in v1beta1":   {"io/v1\nkind", "io/v1beta1\nkind", nil},
			"nothing said, in v1beta1": {"apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata:\n  name: verifier\nwebhooks:\n- name: waxseal.shop.test\n  failurePolicy: Fail", "apiVersion: admissionregistration.k8s.io/v1beta1\nkind: ValidatingWebhookConfiguration\nmetadata:\n  name: verifier\nwebhooks:\n- name: waxseal.shop.test", []string{"failure_policy_ignore:6"}},
			"short":                    {"Seconds: 10", "Seconds: 2", []string{"timeout_short:8"}},
			"no certificate":           {"caBundle: QQ==", "caBundle: ''", []string{"ca_bundle_missing:9"}},
			"filled in":                {"name: verifier\n", "name: verifier\n  annotations: {cert-manager.io/inject-ca-from: a/b}\n", nil},
			"no debug containers":      {", pods/ephemeralcontainers", "", []string{"ephemeral_not_covered:12"}},
			"no pods":                  {`["*", pods/ephemeralcontainers]`, "[deployments]", []string{"kinds_not_covered:12"}},
			"nothing when made":        {"[CREATE, UPDATE]", "[UPDATE]", []string{"operations_not_covered:12"}},
			"of another group":         {`["", apps, batch]`, "[apps]", []string{"kinds_not_covered:12"}},
			"no rules":                 {webhook[strings.Index(webhook, "  rules"):], "", []string{"matches_nothing:6"}},
			"labels of objects":        {"  rules:", "  objectSelector: {matchLabels: {verify: 'yes'}}\n  rules:", []string{"objects_excluded:12"}},
			"labels of namespaces":     {"  rules:", "  namespaceSelector: {matchExpressions: [{key: verify, operator: NotIn, values: ['no']}]}\n  rules:", []string{"namespaces_selected:12"}},
			"names of namespaces":      {"  rules:", "  namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system]}]}\n  rules:", []string{"namespaces_excluded:12"}},
			"one namespace":            {"  rules:", "  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}\n  rules:", []string{"namespaces_limited:12"}},
			"conditions":               {"  rules:", "  matchConditions: [{name: a, expression: \"request.userInfo.username != 'x'\"}]\n  rules:", []string{"match_conditions:12"}},
		}},
		{name: "gatekeeper", text: constraint, base: []string{"failure_policy_unknown:21"}, rows: map[string]change{
			"dryrun":               {"enforcementAction: deny", "enforcementAction: dryrun", []string{"dryrun_only:26", "failure_policy_unknown:21"}},
			"warn":                 {"enforcementAction: deny", "enforcementAction: warn", []string{"warn_only:26", "failure_policy_unknown:21"}},
			"default":              {"  enforcementAction: deny\n", "", []string{"failure_policy_unknown:21"}},
			"misspelled":           {"enforcementAction: deny", "enforcementAction: Deny", []string{"action_unknown:26", "failure_policy_unknown:21"}},
			"scoped to audit":      {"enforcementAction: deny", "enforcementAction: scoped\n  scopedEnforcementActions: [{action: deny, enforcementPoints: [{name: audit.gatekeeper.sh}]}]", []string{"turned_off:26", "failure_policy_unknown:21"}},
			"scoped to admission":  {"enforcementAction: deny", "enforcementAction: scoped\n  scopedEnforcementActions: [{action: deny, enforcementPoints: [{name: validation.gatekeeper.sh}]}]", []string{"failure_policy_unknown:21"}},
			"excluded":             {"  match:", "  match:\n    excludedNamespaces: [kube-*]", []string{"namespaces_excluded:28", "failure_policy_unknown:21"}},
			"limited":              {"  match:", "  match:\n    namespaces: [shop]", []string{"namespaces_limited:28", "failure_policy_unknown:21"}},
			"labels":               {"  match:", "  match:\n    labelSelector: {matchLabels: {a: b}}", []string{"objects_excluded:28", "failure_policy_unknown:21"}},
			"only generated":       {"  match:", "  match:\n    source: Generated", []string{"matches_nothing:28", "failure_policy_unknown:21"}},
			"cluster":              {"  match:", "  match:\n    scope: Cluster", []string{"matches_nothing:28", "failure_policy_unknown:21"}},
			"no pods":              {"kinds: [Pod]", "kinds: [Deployment]", []string{"kinds_not_covered:28", "failure_policy_unknown:21"}},
			"without init":         {`"containers", "initContainers", "ephemeralContainers"`, `"containers"`, []string{"containers_not_covered:10", "failure_policy_unknown:21"}},
			"errors passed over":   {"count(r.errors) + count(r.system_error) > 0", "count(r.responses) == 0", []string{"provider_unsafe:10", "failure_policy_unknown:21", "template provider_unsafe:10"}},
			"only in a comment":    {"violation contains", "# violation contains", []string{"template_broken:10", "failure_policy_unknown:21", "template template_broken:10"}},
			"a builtin of another": {"r := external_data({\"provider\": \"cosign-provider\", \"keys\": images})", "r := cosign.verify(images)", []string{"unknown_builtin:10", "failure_policy_unknown:21", "template unknown_builtin:10"}},
			"another name":         {"name: signedimages", "name: signed", []string{"template_broken:4", "failure_policy_unknown:21", "template template_broken:4"}},
		}},
		{name: "policy-controller", text: clusterImagePolicy, base: []string{"failure_policy_unknown:1", "opt_in_needed:1"}, rows: map[string]change{
			"warn":                             {"spec:\n", "spec:\n  mode: warn\n", []string{"warn_only:6", "failure_policy_unknown:1", "opt_in_needed:1"}},
			"static":                           {"  - keyless:", "  - static: {action: pass}\n  - keyless:", []string{"static_pass:9", "images_unanchored:7", "failure_policy_unknown:1", "opt_in_needed:1"}},
			"nobody":                           {clusterImagePolicy[strings.Index(clusterImagePolicy, "  authorities"):], "", []string{"no_attestor:5", "failure_policy_unknown:1", "opt_in_needed:1"}},
			"no identity":                      {clusterImagePolicy[strings.Index(clusterImagePolicy, "      identities"):], "", []string{"any_identity:9", "failure_policy_unknown:1", "opt_in_needed:1"}},
			"any subject":                      {`^https://github\.com/shop/.*$`, `.*`, []string{"any_identity:13", "failure_policy_unknown:1", "opt_in_needed:1"}},
			"Docker Hub":                       {`"**"`, `"docker.io/**"`, []string{"images_limited:7", "images_limited:6", "failure_policy_unknown:1", "opt_in_needed:1"}},
			"one star":                         {`"**"`, `"*"`, []string{"images_limited:6", "failure_policy_unknown:1", "opt_in_needed:1"}},
			"refused glob":                     {`"**"`, `"ghcr.io/{a,b}/**"`, []string{"images_match_nothing:7", "images_limited:6", "failure_policy_unknown:1", "opt_in_needed:1"}},
			"no log":                           {"  - keyless:", "  - ctlog: {}\n    keyless:", []string{"tlog_ignored:9", "failure_policy_unknown:1", "opt_in_needed:1"}},
			"an attestation, whatever it says": {"  - keyless:", "  - attestations: [{name: a, predicateType: vuln}]\n    keyless:", []string{"attestation_unchecked:9", "failure_policy_unknown:1", "opt_in_needed:1"}},
			"only deployments":                 {"spec:\n", "spec:\n  match: [{group: apps, version: v1, resource: deployments}]\n", []string{"kinds_not_covered:6", "failure_policy_unknown:1", "opt_in_needed:1"}},
		}},
		{name: "validating admission policy", text: vap, base: []string{"names_only:15"}, rows: map[string]change{
			"audit":                   {"[Deny]", "[Audit]", []string{"names_only:15", "audit_only:24"}},
			"warn":                    {"[Deny]", "[Warn, Audit]", []string{"names_only:15", "warn_only:24"}},
			"fails open":              {"spec:\n  matchC", "spec:\n  failurePolicy: Ignore\n  matchC", []string{"failure_policy_ignore:6", "names_only:16"}},
			"without init":            {"object.spec.containers + object.spec.?initContainers.orValue([]) + object.spec.?ephemeralContainers.orValue([])", "object.spec.containers", []string{"containers_not_covered:15", "names_only:15"}},
			"without parameters":      {"spec:\n  matchC", "spec:\n  paramKind: {apiVersion: v1, kind: ConfigMap}\n  matchC", []string{"names_only:16", "parameters_missing:6"}},
			"about something else":    {"variables.all.all(c, c.image.startsWith('ghcr.io/shop/'))", "object.spec.hostNetwork == false", []string{}},
			"narrowed by the binding": {"  validationActions", "  matchResources: {namespaceSelector: {matchLabels: {a: b}}}\n  validationActions", []string{"names_only:15", "namespaces_selected:24"}},
			"a condition":             {"spec:\n  matchC", "spec:\n  matchConditions: [{name: a, expression: 'true'}]\n  matchC", []string{"match_conditions:6", "names_only:16"}},
		}},
		{name: "validating admission policy in a cluster", text: vap, complete: true, base: []string{"names_only:15"}, rows: map[string]change{
			"no binding":     {vap[strings.Index(vap, "---"):], "", []string{"names_only:15", "binding_missing:1"}},
			"another policy": {"policyName: registries", "policyName: registry", []string{"names_only:15", "binding_missing:1", "policy_missing:23", "binding policy_missing:23"}},
		}},
		{name: "image validating policy", text: ivpol, base: []string{}, rows: map[string]change{
			"audit":                        {"[Deny]", "[Audit]", []string{"audit_only:6"}},
			"default":                      {"  validationActions: [Deny]\n", "", nil},
			"not asked":                    {"  validationActions", "  evaluation: {admission: {enabled: false}}\n  validationActions", []string{"turned_off:6"}},
			"an attestor that nobody asks": {"[attestors.release]", "[]", []string{"no_attestor:18"}},
			"not required, not init":       {"  validationActions", "  validationConfigurations: {required: false}\n  validationActions", []string{"containers_not_covered:19", "not_required:6"}},
			"tags":                         {"  validationActions", "  validationConfigurations: {mutateDigest: false, verifyDigest: false}\n  validationActions", []string{"tag_not_verified:6"}},
			"images":                       {"  validationActions", "  matchImageReferences: [{glob: ghcr.io/shop/*}]\n  validationActions", []string{"images_limited:6"}},
			"short":                        {"  validationActions", "  webhookConfiguration: {timeoutSeconds: 1}\n  validationActions", []string{"timeout_short:6"}},
		}},
		{name: "connaisseur", text: connaisseur, base: []string{"namespaces_selected:20", "namespaces_selected:20"}, rows: map[string]change{
			"fails open":     {"failurePolicy: Fail", "failurePolicy: Ignore", []string{"failure_policy_ignore:3", "namespaces_selected:20", "failure_policy_ignore:3", "namespaces_selected:20"}},
			"detection":      {"  features:\n", "  features:\n    detectionMode: true\n", []string{"warn_only:20", "namespaces_selected:21", "warn_only:20", "namespaces_selected:21"}},
			"static":         {"io/*:*\"\n    validator: release", "io/*:*\"\n    validator: allow", []string{"namespaces_selected:20", "namespaces_selected:20", "static_pass:18"}},
			"no validator":   {"*:*\"\n    validator: release\n  - pattern: \"registry.k8s.io/*:*\"\n    validator: release", "*:*\"\n    validator: releases", []string{"namespaces_selected:18", "policy_missing:16"}},
			"only asked for": {"mode: ignore", "mode: validate", []string{"opt_in_needed:21", "opt_in_needed:21"}},
			"children":       {"  features:\n", "  features:\n    automaticChildApproval: true\n", []string{"approved_unseen:20", "namespaces_selected:21", "approved_unseen:20", "namespaces_selected:21"}},
			"tags":           {"io/*:*\"\n    validator: release", "io/*:*\"\n    validator: release\n    with: {mode: insecureValidateOnly}", []string{"namespaces_selected:21", "namespaces_selected:21", "tag_not_verified:19"}},
		}},
	} {
		t.Run(sample.name, func(t *testing.T) {
			read := parse
			if sample.complete {
				read = cluster
			}
			require.Equal(t, sample.base, facts(read(t, sample.text)), "the sample itself")
			for name, row := range sample.rows {
				t.Run(name, func(t *testing.T) {
					require.Contains(t, sample.text, row.from)
					want := row.want
					if want == nil {
						want = sample.base
					}
					require.Equal(t, want, facts(read(t, strings.Replace(sample.text, row.from, row.to, 1))))
				})
			}
		})
	}
}

// change is one change of a sample; want nil means that no fact changes.
type change struct {
	from, to string
	want     []string
}
