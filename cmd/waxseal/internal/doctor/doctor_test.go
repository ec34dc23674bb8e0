package doctor_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/exit"
)

func TestHealthyClusterIsFine(t *testing.T) {
	c := healthy(t)
	found, code := c.found(t)
	require.Empty(t, found)
	require.Equal(t, exit.Admitted, code)
	require.Equal(t, []string{"waxseal-doctor.invalid/MUST-BE-DENIED"}, c.probes)
	out, _ := c.run(t)
	require.Contains(t, out, "✓ fine       dry run of Pod default/waxseal-doctor: denied by 1 constraints of Waxseal, as it has to be\n")
	require.Contains(t, out, "- exclusion  webhook validation.gatekeeper.sh in gatekeeper-validating-webhook-configuration: namespaceSelector "+
		"(!admission.gatekeeper.sh/ignore,kubernetes.io/metadata.name notin (gatekeeper-system)) leaves out namespace waxseal-system, as is expected\n")
	require.True(t, strings.HasSuffix(out, "\nfine\n"), out)
}

// Each row is one thing that is wrong in a healthy cluster, and all that is said.
func TestWhatIsWrong(t *testing.T) {
	const (
		template   = "ConstraintTemplate waxsealimages"
		constraint = "WaxsealImages images"
		webhook    = "webhook validation.gatekeeper.sh in gatekeeper-validating-webhook-configuration"
		mutating   = "webhook mutation.gatekeeper.sh in gatekeeper-mutating-webhook-configuration"
		ignoring   = "webhook check-ignore-label.gatekeeper.sh in gatekeeper-validating-webhook-configuration"
		dryRun     = "dry run of Pod default/waxseal-doctor"
	)
	for name, row := range map[string]struct {
		change func(*cluster)
		want   []string
		code   int
	}{
		"no Gatekeeper": {func(c *cluster) { c.answers[templatesPath] = nil },
			[]string{
				"problem Gatekeeper: it is not installed: there is no such API",
				"unknown " + dryRun + `: it was denied, and not by a constraint of Waxseal: admission webhook "validation.gatekeeper.sh" denied the request: [images] Pod default/waxseal-doctor: ...`,
			}, exit.Denied},
		"the flavour of the builtins on an unmodified Gatekeeper": {func(c *cluster) {
			c.set(templatesPath, "WaxsealImagesBuiltin", "items", 1, "spec", "crd", "spec", "names", "kind")
			c.set(templatesPath, object{"waxseal.github.io/flavour": "gatekeeper-builtin"}, "items", 1, "metadata", "labels")
			c.set(templatesPath, object{"created": false, "byPod": []any{object{"id": "gatekeeper-1", "observedGeneration": 1, "errors": []any{
				object{"code": "ingest_error", "message": "Could not ingest Rego: rego_type_error: undefined function evidence.collect"},
			}}}}, "items", 1, "status")
			c.probe = func(string) (int, string) { return 201, "" }
		}, []string{
			"problem " + template + ": THIS TEMPLATE NEVER FIRES: it calls builtins that Pod gatekeeper-1 has not, and everything is admitted (ingest_error: Could not ingest Rego: rego_type_error: undefined function evidence.collect)",
			"problem " + template + ": it is not created: its constraints do not fire",
			"problem constraints: none of Waxseal's denies: everything is admitted",
			"problem " + dryRun + ": IT WAS ADMITTED, with an image that must be denied: Waxseal does not fire there",
		}, exit.Denied},
		"a Pod that has an older template": {func(c *cluster) { c.set(templatesPath, 2, "items", 1, "metadata", "generation") },
			[]string{
				"problem " + template + ": Pod gatekeeper-audit-1 has generation 1, and 2 is there",
				"problem " + template + ": Pod gatekeeper-controller-1 has generation 1, and 2 is there",
				"problem " + constraint + ": its status speaks of enforcement, and is not to be believed: its template has problems",
			}, exit.Denied},
		"a Pod that does not enforce": {func(c *cluster) {
			c.set(constraintsPath, false, "items", 0, "status", "byPod", 1, "enforced")
		}, []string{"problem " + constraint + ": Pod gatekeeper-controller-1 does not enforce it"}, exit.Denied},
		"a Pod that says nothing": {func(c *cluster) {
			c.set(constraintsPath, []any{at(c.answers[constraintsPath], "items", 0, "status", "byPod", 0)}, "items", 0, "status", "byPod")
		}, []string{"problem " + constraint + ": Pod gatekeeper-controller-1 has the template, and says nothing of this constraint"}, exit.Denied},
		"only a dry run": {func(c *cluster) {
			c.set(constraintsPath, "dryrun", "items", 0, "spec", "enforcementAction")
			c.probe = func(string) (int, string) { return 201, "" }
		}, []string{
			"problem constraints: none of Waxseal's denies: everything is admitted",
			"problem " + dryRun + ": IT WAS ADMITTED, with an image that must be denied: Waxseal does not fire there",
			"notice " + constraint + ": it denies nothing at admission (action dryrun)",
		}, exit.Denied},
		"scoped to audit": {func(c *cluster) {
			c.set(constraintsPath, "scoped", "items", 0, "spec", "enforcementAction")
			c.set(constraintsPath, []any{object{"action": "deny", "enforcementPoints": []any{object{"name": "audit.gatekeeper.sh"}}}}, "items", 0, "spec", "scopedEnforcementActions")
			c.probe = func(string) (int, string) { return 201, "" }
		}, []string{
			"problem constraints: none of Waxseal's denies: everything is admitted",
			"problem " + dryRun + ": IT WAS ADMITTED, with an image that must be denied: Waxseal does not fire there",
			"notice " + constraint + ": it denies nothing at admission (action scoped)",
		}, exit.Denied},
		"a constraint that leaves out namespaces and kinds": {func(c *cluster) {
			c.set(constraintsPath, object{
				"excludedNamespaces": []any{"kube-*", "gatekeeper-system"}, "labelSelector": object{"matchLabels": object{"team": "a"}},
				"kinds": []any{object{"apiGroups": []any{"*"}, "kinds": []any{"Pod", "Deployment"}}},
			}, "items", 0, "spec", "match")
			c.probe = func(string) (int, string) { return 201, "" }
		}, []string{
			"problem " + constraint + ": spec.match.excludedNamespaces leaves out namespace kube-*",
			"problem " + dryRun + ": IT WAS ADMITTED, with an image that must be denied: Waxseal does not fire there",
			"exclusion " + constraint + ": spec.match.labelSelector leaves out whatever is not: team=a",
			"exclusion " + constraint + ": it does not match CronJob, DaemonSet, Job, PodTemplate, ReplicaSet, ReplicationController, StatefulSet; their Pods are judged when they are made",
			"notice " + constraint + ": it is not asked about the " + dryRun + ", so that it was not tried (--namespace tries another namespace)",
		}, exit.Denied},
		"violations of old": {func(c *cluster) { c.set(constraintsPath, 3, "items", 0, "status", "totalViolations") },
			[]string{"notice " + constraint + ": audit has found 3 violations"}, exit.Admitted},
		"upstream's webhook": {func(c *cluster) {
			c.set(validatingPath, "Ignore", "items", 0, "webhooks", 0, "failurePolicy")
			c.set(validatingPath, 3, "items", 0, "webhooks", 0, "timeoutSeconds")
			c.set(mutatingPath, "Ignore", "items", 0, "webhooks", 0, "failurePolicy")
			c.set(mutatingPath, 1, "items", 0, "webhooks", 0, "timeoutSeconds")
			c.set(mutatingPath, "Never", "items", 0, "webhooks", 0, "reinvocationPolicy")
		}, []string{
			"problem " + webhook + ": failurePolicy is Ignore", "problem " + webhook + ": timeoutSeconds is 3",
			"problem " + mutating + ": failurePolicy is Ignore", "problem " + mutating + ": timeoutSeconds is 1",
			"problem " + mutating + ": reinvocationPolicy is Never",
			"problem Provider waxseal: spec.timeout is 5 s, the webhook's is 3 s",
		}, exit.Denied},
		"rules that miss some": {func(c *cluster) {
			c.set(validatingPath, []any{object{"apiGroups": []any{"", "apps"}, "apiVersions": []any{"v1"}, "operations": []any{"CREATE"}, "resources": []any{"*"}}}, "items", 0, "webhooks", 0, "rules")
		}, []string{"problem " + webhook + ": it is not asked of: CREATE cronjobs, CREATE jobs, UPDATE cronjobs, UPDATE daemonsets, UPDATE deployments, UPDATE jobs, UPDATE pods, " +
			"UPDATE pods/ephemeralcontainers, UPDATE podtemplates, UPDATE replicasets, UPDATE replicationcontrollers, UPDATE statefulsets"}, exit.Denied},
		"exclusions of the webhook": {func(c *cluster) {
			c.set(namespacesPath, object{"admission.gatekeeper.sh/ignore": "yes"}, "items", 4, "metadata", "labels")
			c.set(validatingPath, object{"matchLabels": object{"judge": "me"}}, "items", 0, "webhooks", 0, "objectSelector")
			c.set(validatingPath, []any{object{"name": "not-ci", "expression": "request.userInfo.username != 'ci'"}}, "items", 0, "webhooks", 0, "matchConditions")
		}, []string{
			"problem " + webhook + ": it is asked only of objects with: judge=me",
			"problem " + webhook + `: matchConditions "not-ci" leaves out whatever is not: request.userInfo.username != 'ci'`,
			"problem " + webhook + ": namespaceSelector (!admission.gatekeeper.sh/ignore,kubernetes.io/metadata.name notin (gatekeeper-system)) leaves out namespace shop",
			"problem " + mutating + ": namespaceSelector (!admission.gatekeeper.sh/ignore,kubernetes.io/metadata.name notin (gatekeeper-system)) leaves out namespace shop",
		}, exit.Denied},
		"no webhooks": {func(c *cluster) {
			c.set(validatingPath, []any{}, "items")
			c.set(mutatingPath, []any{}, "items")
			c.probe = func(string) (int, string) { return 201, "" }
		}, []string{
			"problem webhook validation.gatekeeper.sh: there is none: nothing is asked, everything is admitted",
			"problem webhook check-ignore-label.gatekeeper.sh: there is none: whoever may label a namespace may leave it out with admission.gatekeeper.sh/ignore",
			"problem " + dryRun + ": IT WAS ADMITTED, with an image that must be denied: Waxseal does not fire there",
			"notice webhook mutation.gatekeeper.sh: there is none: tags are not pinned to digests, and images named by tag are denied",
		}, exit.Denied},
		"labels of namespaces are not checked": {func(c *cluster) {
			c.set(validatingPath, "Ignore", "items", 0, "webhooks", 1, "failurePolicy")
			c.set(validatingPath, []any{}, "items", 0, "webhooks", 1, "rules")
		}, []string{"problem " + ignoring + ": failurePolicy is Ignore", "problem " + ignoring + ": it is not asked of namespaces"}, exit.Denied},
		"a Config": {func(c *cluster) {
			c.set(configsPath, []any{object{"processes": []any{"*"}, "excludedNamespaces": []any{"kube-*"}}}, "items", 0, "spec", "match")
		}, []string{"problem Config gatekeeper-system/config: spec.match (*) leaves out namespace kube-*"}, exit.Denied},
		"arguments": {func(c *cluster) {
			c.set(deploymentsPath, []any{object{"args": []any{"--exempt-namespace=shop", "--exempt-namespace-prefix=kube-", "--enable-external-data=false"}}},
				"items", 0, "spec", "template", "spec", "containers")
		}, []string{
			"problem Deployment gatekeeper-system/gatekeeper-controller-manager: --exempt-namespace=shop: namespace shop may leave itself out with the label admission.gatekeeper.sh/ignore",
			"problem Deployment gatekeeper-system/gatekeeper-controller-manager: --exempt-namespace-prefix=kube-: namespace kube-* may leave itself out with the label admission.gatekeeper.sh/ignore",
			"problem Deployment gatekeeper-system/gatekeeper-controller-manager: --enable-external-data=false: providers are never asked",
		}, exit.Denied},
		"no Provider": {func(c *cluster) { c.answers[providerPath] = nil },
			[]string{"problem Provider waxseal: it does not exist, and is asked by WaxsealImages images: whatever needs evidence is denied"}, exit.Denied},
		"a Provider that cannot be asked": {func(c *cluster) {
			c.set(providerPath, object{"url": "http://waxseal", "timeout": 10, "caBundle": "bm9uZQ=="}, "spec")
			c.set(providerPath, []any{object{"id": "gatekeeper-1", "errors": []any{object{"message": "certificate signed by unknown authority"}}}}, "status", "byPod")
		}, []string{
			`problem Provider waxseal: spec.url is "http://waxseal"`,
			"problem Provider waxseal: spec.timeout is 10 s, the webhook's is 10 s",
			"problem Provider waxseal: spec.caBundle: no certificate in it",
			"problem Provider waxseal: Pod gatekeeper-1: certificate signed by unknown authority",
		}, exit.Denied},
		"a mutation that lets tags through": {func(c *cluster) {
			c.answers["/apis/mutations.gatekeeper.sh/v1/assign"] = object{"items": []any{
				object{"metadata": object{"name": "others"}, "spec": object{"parameters": object{"assign": object{"externalData": object{"provider": "x", "failurePolicy": "Ignore"}}}}},
				object{"metadata": object{"name": "waxseal-pods-containers"}, "spec": object{
					"match":      object{"excludedNamespaces": []any{"gatekeeper-system", "shop"}},
					"parameters": object{"assign": object{"externalData": object{"provider": "waxseal-mutation", "failurePolicy": "Ignore"}}},
				}},
			}}
		}, []string{
			"problem Assign waxseal-pods-containers: externalData.failurePolicy is Ignore",
			"problem Assign waxseal-pods-containers: spec.match.excludedNamespaces leaves out namespace shop",
			"problem Provider waxseal-mutation: it does not exist, and is asked by Assign waxseal-pods-containers: whatever needs evidence is denied",
		}, exit.Denied},
		"it may not read": {func(c *cluster) {
			c.answers[namespacesPath] = `namespaces is forbidden: User "dev" cannot list resource "namespaces"`
		}, []string{`unknown namespaces, to see which of them are left out: HTTP 403: namespaces is forbidden: User "dev" cannot list resource "namespaces"`}, exit.CannotTell},
		"it may not ask": {func(c *cluster) {
			c.probe = func(string) (int, string) {
				return 403, `pods is forbidden: User "dev" cannot create resource "pods"`
			}
		}, []string{"unknown " + dryRun + `: it was refused, and not by a constraint: pods is forbidden: User "dev" cannot create resource "pods"`}, exit.CannotTell},
		"Gatekeeper is down": {func(c *cluster) {
			c.probe = func(string) (int, string) {
				return 500, `Internal error occurred: failed calling webhook "validation.gatekeeper.sh": connection refused`
			}
		}, []string{"problem " + dryRun + `: the webhook does not answer: Internal error occurred: failed calling webhook "validation.gatekeeper.sh": connection refused`}, exit.Denied},
		"others deny": {func(c *cluster) {
			c.probe = func(string) (int, string) {
				return 403, `admission webhook "validation.gatekeeper.sh" denied the request: [labels] you must provide labels: {"owner"}`
			}
		}, []string{"problem " + constraint + `: IT DOES NOT FIRE: others denied the dry run, and it did not (admission webhook "validation.gatekeeper.sh" denied the request: [labels] you must provide labels: {"owner"})`}, exit.Denied},
	} {
		t.Run(name, func(t *testing.T) {
			c := healthy(t)
			row.change(c)
			found, code := c.found(t)
			require.ElementsMatch(t, row.want, found)
			require.Equal(t, row.code, code)
		})
	}
}

// What a real API server (1.36.3) with a real Gatekeeper (3.23.1) has answered.
func TestRecordedAnswers(t *testing.T) {
	fine := recorded(t, "recorded-fine.json")
	found, code := fine.found(t)
	require.Equal(t, []string{
		"notice Deployments of gatekeeper-system: there are none: how Gatekeeper was started is not known (--gatekeeper-namespace says where it runs)",
	}, found)
	require.Equal(t, exit.Admitted, code)

	// A Gatekeeper with the builtins was replaced by an unmodified one. The constraint still calls itself enforced.
	replaced := recorded(t, "recorded-builtin-on-stock.json")
	found, code = replaced.found(t)
	require.Equal(t, []string{
		"problem ConstraintTemplate waxsealimagesbuiltin: THIS TEMPLATE NEVER FIRES: it calls builtins that Pod gatekeeper-local has not, and everything is admitted " +
			`(ingest_error: Could not ingest Rego: unable to compile modules: 1 error occurred: libs["lib_3"]:40: rego_type_error: undefined function evidence.collect)`,
		"problem ConstraintTemplate waxsealimagesbuiltin: it is not created: its constraints do not fire",
		"problem WaxsealImagesBuiltin images: its status speaks of enforcement, and is not to be believed: its template has problems",
		"problem dry run of Pod default/waxseal-doctor: IT WAS ADMITTED, with an image that must be denied: Waxseal does not fire there",
		"notice Deployments of gatekeeper-system: there are none: how Gatekeeper was started is not known (--gatekeeper-namespace says where it runs)",
	}, found)
	require.Equal(t, exit.Denied, code)
}

func TestExemptNamespacesAreExpected(t *testing.T) {
	c := healthy(t)
	c.set(constraintsPath, []any{"kube-*", "shop"}, "items", 0, "spec", "match", "excludedNamespaces")
	found, code := c.found(t, "--exempt", "kube-*,shop")
	require.Empty(t, found)
	require.Equal(t, exit.Admitted, code)
}

// Mutation refuses what it cannot parse, before validation is asked.
func TestProbeGoesPastMutation(t *testing.T) {
	c := healthy(t)
	denial := ""
	c.probe = func(image string) (int, string) {
		if !strings.Contains(image, "@") {
			return 403, `admission webhook "mutation.gatekeeper.sh" denied the request: waxseal: invalid_reference`
		}
		return 403, denial
	}
	denial = `admission webhook "validation.gatekeeper.sh" denied the request: [images] ...`
	found, code := c.found(t)
	require.Empty(t, found)
	require.Equal(t, exit.Admitted, code)
	require.Len(t, c.probes, 2)
	require.Regexp(t, `^waxseal-doctor\.invalid/must-be-denied@sha256:0{64}$`, c.probes[1])

	denial = `admission webhook "validation.gatekeeper.sh" denied the request: [others] ...`
	found, code = c.found(t)
	require.Len(t, found, 1)
	require.Contains(t, found[0], "problem WaxsealImages images: IT DOES NOT FIRE")
	require.Equal(t, exit.Denied, code)

	c.set(constraintsPath, object{"pinned_digests": object{}}, "items", 0, "spec", "parameters")
	found, code = c.found(t)
	require.Equal(t, []string{"notice WaxsealImages images: mutation refused the dry run of Pod default/waxseal-doctor first, " +
		"and an image with a digest need not be refused by this constraint, so that it was not tried"}, found)
	require.Equal(t, exit.Admitted, code)
}

func TestMisuse(t *testing.T) {
	c := healthy(t)
	for want, args := range map[string][]string{
		"-o has to be table or json":       {"-o", "yaml"},
		`context "nowhere" does not exist`: {"--context", "nowhere"},
	} {
		out, err := c.misuse(t, args...)
		require.ErrorContains(t, err, want)
		require.NotContains(t, out, "fine")
	}
	c.server.Close()
	_, err := c.misuse(t)
	require.ErrorContains(t, err, "connection refused")
}
