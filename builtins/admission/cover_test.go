package admission_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/admission"
)

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
    spec:
      initContainers: [{name: i, image: "busybox"}]
      containers: [{name: c, image: "ghcr.io/shop/app:1"}]
      volumes: [{name: v, image: {reference: "ghcr.io/shop/data:1"}}]
`

const namespaces = `apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {policy.sigstore.dev/include: "true", tier: prod}}
---
apiVersion: v1
kind: Namespace
metadata: {name: dev}
`

// covered tells for each container which rules apply, as list/image: rule applies effect when.
func covered(c *admission.Configuration) []string {
	out := []string{}
	for _, w := range c.Workloads {
		for _, container := range w.Containers {
			for _, a := range container.Rules {
				out = append(out, fmt.Sprintf("%s %s: %s %s, %s", container.List, container.Image, a.Applies, a.Effect, a.When))
			}
		}
	}
	return out
}

const (
	app     = "containers ghcr.io/shop/app:1: "
	busybox = "initContainers busybox: "
)

// TestCoverage asks which rules apply to one Deployment.
func TestCoverage(t *testing.T) {
	named := func(field, images string) string { return strings.Replace(verify, `"*"`, images, 1) + field }
	for name, row := range map[string]struct {
		text string
		want []string
	}{
		"kyverno":                        {verify, []string{busybox + "yes deny, when made", app + "yes deny, when made"}},
		"kyverno, only Pods":             {strings.Replace(verify, "  name: signed\n", "  name: signed\n  annotations: {pod-policies.kyverno.io/autogen-controllers: none}\n", 1), []string{busybox + "yes deny, when its pods are made", app + "yes deny, when its pods are made"}},
		"kyverno, images":                {named("", `"ghcr.io/shop/*"`), []string{app + "yes deny, when made"}},
		"kyverno, short name":            {named("", `"docker.io/library/busybox:*"`), []string{busybox + "yes deny, when made"}},
		"kyverno, the old short name":    {named("", `"docker.io/busybox:*"`), []string{busybox + "unknown deny, when made"}},
		"kyverno, another namespace":     {strings.Replace(verify, "kinds: [Pod]", "kinds: [Pod]\n          namespaces: ['de*']", 1), []string{}},
		"kyverno, excluded":              {strings.Replace(verify, "    verifyImages", "    exclude: {any: [{resources: {namespaces: [shop]}}]}\n    verifyImages", 1), []string{}},
		"kyverno, labels of its Pods":    {strings.Replace(verify, "kinds: [Pod]", "kinds: [Pod]\n          selector: {matchLabels: {app: 'w*'}}", 1), []string{busybox + "yes deny, when its pods are made", app + "yes deny, when its pods are made"}},
		"kyverno, other labels":          {strings.Replace(verify, "kinds: [Pod]", "kinds: [Pod]\n          selector: {matchLabels: {app: api}}", 1), []string{}},
		"kyverno, labels of namespaces":  {strings.Replace(verify, "kinds: [Pod]", "kinds: [Pod]\n          namespaceSelector: {matchLabels: {tier: prod}}", 1), []string{busybox + "yes deny, when made", app + "yes deny, when made"}},
		"kyverno, weaker here":           {strings.Replace(verify, "  rules:", "  validationFailureActionOverrides: [{action: Audit, namespaces: [shop]}]\n  rules:", 1), []string{busybox + "yes audit, when made", app + "yes audit, when made"}},
		"kyverno, a condition":           {strings.Replace(verify, "    verifyImages", "    preconditions: {all: [{key: x, operator: Equals, value: y}]}\n    verifyImages", 1), []string{busybox + "unknown deny, when made", app + "unknown deny, when made"}},
		"kyverno, who asks":              {strings.Replace(verify, "    verifyImages", "    exclude: {any: [{clusterRoles: [cluster-admin]}]}\n    verifyImages", 1), []string{busybox + "unknown deny, when made", app + "unknown deny, when made"}},
		"kyverno, all of them":           {strings.Replace(strings.Replace(verify, "any:", "all:", 1), "kinds: [Pod]", "kinds: [Pod]\n      - resources: {namespaces: [dev]}", 1), []string{}},
		"policy-controller":              {clusterImagePolicy, []string{busybox + "yes deny, when made", app + "yes deny, when made"}},
		"policy-controller, images":      {strings.Replace(clusterImagePolicy, `"**"`, `"index.docker.io/library/*"`, 1), []string{busybox + "yes deny, when made"}},
		"policy-controller, one star":    {strings.Replace(clusterImagePolicy, `"**"`, `"ghcr.io/*"`, 1), []string{}},
		"policy-controller, Docker Hub":  {strings.Replace(clusterImagePolicy, `"**"`, `"docker.io/**"`, 1), []string{}},
		"policy-controller, as written":  {strings.Replace(clusterImagePolicy, `"**"`, `"busybox"`, 1), []string{busybox + "yes deny, when made"}},
		"gatekeeper":                     {constraint, []string{busybox + "yes deny, when its pods are made", app + "yes deny, when its pods are made"}},
		"gatekeeper, all namespaces but": {strings.Replace(constraint, "  match:", "  match:\n    excludedNamespaces: [sh*]", 1), []string{}},
		"gatekeeper, not asked":          {constraint + "---\n" + strings.Replace(gatekeeperWebhook, "namespaceSelector: {matchExpressions: [", "namespaceSelector: {matchExpressions: [{key: tier, operator: DoesNotExist}, ", 1), []string{}},
		"gatekeeper, its template not here": {strings.SplitN(constraint, "---\n", 2)[1], []string{
			busybox + "unknown deny, when its pods are made", app + "unknown deny, when its pods are made", "imageVolumes ghcr.io/shop/data:1: unknown deny, when its pods are made",
		}},
		"waxseal": {"apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: WaxsealSignedImages\nmetadata: {name: s}\nspec: {match: {kinds: [{apiGroups: [apps], kinds: [Deployment]}]}}\n", []string{
			busybox + "yes deny, when made", app + "yes deny, when made", "imageVolumes ghcr.io/shop/data:1: yes deny, when made",
		}},
		"validating admission policy": {vap, []string{busybox + "yes deny, when its pods are made", app + "yes deny, when its pods are made"}},
		"connaisseur":                 {strings.Replace(connaisseur, "registry.k8s.io/*:*", "ghcr.io/shop/*:*", 1), []string{busybox + "yes deny, when made", app + "yes deny, when made"}},
		"image validating policy":     {ivpol, []string{busybox + "unknown deny, when its pods are made", app + "yes deny, when its pods are made"}},
		"a webhook":                   {webhook, []string{busybox + "unknown deny, when made", app + "unknown deny, when made", "imageVolumes ghcr.io/shop/data:1: unknown deny, when made"}},
		"an exception":                {verify + "---\napiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {name: e}\nspec: {exceptions: [{policyName: signed, ruleNames: [r]}], match: {any: [{resources: {kinds: [Pod, Deployment], namespaces: [shop]}}]}}\n", []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, row.want, covered(parse(t, deployment+"---\n"+namespaces+"---\n"+row.text)))
		})
	}
}

// What is not in the input is not known.
func TestCoverageOfUnknownNamespace(t *testing.T) {
	selected := strings.Replace(verify, "kinds: [Pod]", "kinds: [Pod]\n          namespaceSelector: {matchLabels: {tier: prod}}", 1)
	want := []string{busybox + "unknown deny, when made", app + "unknown deny, when made"}
	require.Equal(t, want, covered(parse(t, deployment+"---\n"+selected)), "its labels")
	require.Equal(t, want, covered(parse(t, deployment+"---\n"+clusterImagePolicy)), "the label that it has to have")
	limited := strings.Replace(verify, "kinds: [Pod]", "kinds: [Pod]\n          namespaces: [shop]", 1)
	require.Equal(t, want, covered(parse(t, strings.Replace(deployment, ", namespace: shop", "", 1)+"---\n"+limited)), "its name")
}

// A rule that selects Pods by labels is not made into one for controllers,
// whose labels are others.
func TestLabelsOfController(t *testing.T) {
	selected := strings.Replace(verify, "kinds: [Pod]", "kinds: [Pod]\n          selector: {matchLabels: {app: web}}", 1)
	labelled := strings.Replace(deployment, "namespace: shop}", "namespace: shop, labels: {app: web}}", 1)
	require.Equal(t, []string{busybox + "yes deny, when its pods are made", app + "yes deny, when its pods are made"}, covered(parse(t, labelled+"---\n"+selected)))
}

// With as many components, the one whose beginning is the image's decides,
// whichever is longer.
func TestMoreSpecificFromTheLeft(t *testing.T) {
	text := strings.Replace(connaisseur, `"*:*"`, `"*hcr.io*/*/app:*"`, 1)
	text = strings.Replace(text, "registry.k8s.io/*:*", "ghcr.io/*/*:*", 1)
	for _, container := range parse(t, deployment+"---\n"+text).Workloads[0].Containers {
		if container.Image == "ghcr.io/shop/app:1" {
			require.Len(t, container.Rules, 1)
			require.Equal(t, "Helm values/a.yaml#ghcr.io/*/*:*", container.Rules[0].Rule)
		}
	}
}

func TestMostSpecificPattern(t *testing.T) {
	c := parse(t, deployment+"---\n"+strings.Replace(connaisseur, "registry.k8s.io/*:*", "ghcr.io/*/*:*", 1))
	rules := map[string][]string{}
	for _, container := range c.Workloads[0].Containers {
		for _, a := range container.Rules {
			rules[container.Image] = append(rules[container.Image], a.Rule)
		}
	}
	require.Equal(t, map[string][]string{
		"busybox":            {"Helm values/a.yaml#*:*"},
		"ghcr.io/shop/app:1": {"Helm values/a.yaml#ghcr.io/*/*:*"},
	}, rules)
}

func TestWorkloads(t *testing.T) {
	c := parse(t, `apiVersion: v1
kind: Pod
metadata: {name: a, namespace: shop, labels: {pod-template-hash: x}}
spec:
  containers: [{name: c, image: "ghcr.io/shop/app:1"}]
  ephemeralContainers: [{name: d, image: busybox}]
status:
  containerStatuses: [{name: c, imageID: "ghcr.io/shop/app@sha256:aa"}]
---
apiVersion: v1
kind: Pod
metadata: {name: b, namespace: shop, labels: {pod-template-hash: y}}
spec:
  containers: [{name: c, image: "ghcr.io/shop/app:1"}]
  ephemeralContainers: [{name: d, image: busybox}]
status:
  containerStatuses: [{name: c, imageID: "ghcr.io/shop/app@sha256:aa"}]
---
apiVersion: v1
kind: Pod
metadata: {name: b2, namespace: shop, labels: {pod-template-hash: y}}
spec:
  containers: [{name: c, image: "ghcr.io/shop/app:2"}]
  ephemeralContainers: [{name: d, image: busybox}]
status:
  containerStatuses: [{name: c, imageID: "ghcr.io/shop/app@sha256:aa"}]
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: c, namespace: shop}
spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: c, image: x}]}}}}}
---
apiVersion: tekton.dev/v1
kind: Task
metadata: {name: t}
spec: {steps: [{name: s, image: "y:1"}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: n}
data: {image: z}
`)
	var got []string
	for _, w := range c.Workloads {
		for _, container := range w.Containers {
			got = append(got, fmt.Sprintf("%s×%d %s %s %s:%d", w.Kind, len(w.Members), container.List, container.Image, container.ImageID, container.Line))
		}
	}
	require.Equal(t, []string{
		"Pod×2 containers ghcr.io/shop/app:1 ghcr.io/shop/app@sha256:aa:5",
		"Pod×2 ephemeralContainers busybox :6",
		"Pod×1 containers ghcr.io/shop/app:2 ghcr.io/shop/app@sha256:aa:23",
		"Pod×1 ephemeralContainers busybox :24",
		"batch/CronJob×1 containers x :31",
		"tekton.dev/Task×1 containers y:1 :36",
	}, got)
}
