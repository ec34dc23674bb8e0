package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	externaldata "github.com/open-policy-agent/frameworks/constraint/pkg/apis/externaldata/v1beta1"
	mutations "github.com/open-policy-agent/gatekeeper/v3/apis/mutations/v1"
	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	admission "k8s.io/api/admissionregistration/v1"
	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

const deploy = "../../gatekeeper/deploy"

// kinds are the types that objects are read into.
var kinds = map[string]func() any{
	"Namespace":                      func() any { return &core.Namespace{} },
	"ServiceAccount":                 func() any { return &core.ServiceAccount{} },
	"Service":                        func() any { return &core.Service{} },
	"ConfigMap":                      func() any { return &core.ConfigMap{} },
	"ResourceQuota":                  func() any { return &core.ResourceQuota{} },
	"Deployment":                     func() any { return &apps.Deployment{} },
	"PodDisruptionBudget":            func() any { return &policy.PodDisruptionBudget{} },
	"NetworkPolicy":                  func() any { return &networking.NetworkPolicy{} },
	"Provider":                       func() any { return &externaldata.Provider{} },
	"Assign":                         func() any { return &mutations.Assign{} },
	"ValidatingWebhookConfiguration": func() any { return &admission.ValidatingWebhookConfiguration{} },
	"CronJob":                        func() any { return &batch.CronJob{} },
	"ClusterRole":                    func() any { return &rbac.ClusterRole{} },
	"ClusterRoleBinding":             func() any { return &rbac.ClusterRoleBinding{} },
	"Role":                           func() any { return &rbac.Role{} },
	"RoleBinding":                    func() any { return &rbac.RoleBinding{} },
	"MutatingWebhookConfiguration":   func() any { return &admission.MutatingWebhookConfiguration{} },
}

// read reads documents strictly, by "kind/name". Kinds of cert-manager are in no
// library here.
func read(t *testing.T, text string) map[string]any {
	t.Helper()
	out := map[string]any{}
	for _, doc := range regexp.MustCompile(`(?m)^---$`).Split(text, -1) {
		var head struct {
			APIVersion, Kind string
			Metadata         struct{ Name string }
		}
		require.NoError(t, yaml.Unmarshal([]byte(doc), &head), doc)
		if head.Kind == "" {
			continue
		}
		id := head.Kind + "/" + head.Metadata.Name
		require.NotContains(t, out, id)
		out[id] = nil
		if make, known := kinds[head.Kind]; known {
			out[id] = make()
			require.NoError(t, yaml.UnmarshalStrict([]byte(doc), out[id]), id)
			continue
		}
		require.Contains(t, head.APIVersion, "cert-manager.io/", id)
	}
	return out
}

func names(objects map[string]any) []string {
	var out []string
	for id := range objects {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

func kustomize(t *testing.T, dir string) string {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	require.NoError(t, err)
	text, err := built.AsYaml()
	require.NoError(t, err)
	return string(text)
}

// helm renders a chart as `helm template` does.
func helm(t *testing.T, dir string, values map[string]any) (string, error) {
	t.Helper()
	chart, err := loader.Load(dir)
	require.NoError(t, err)
	all, err := chartutil.ToRenderValues(chart, values, chartutil.ReleaseOptions{Name: "waxseal", Namespace: "waxseal-system", IsInstall: true}, nil)
	require.NoError(t, err)
	files, err := engine.Render(chart, all)
	var out []string
	for name, text := range files {
		if strings.HasSuffix(name, ".yaml") {
			out = append(out, text)
		}
	}
	return strings.Join(out, "\n---\n"), err
}

// checkProvider checks what any deployment of the provider has.
func checkProvider(t *testing.T, objects map[string]any, image string) {
	t.Helper()
	d := objects["Deployment/waxseal-provider"].(*apps.Deployment)
	require.Equal(t, "waxseal-system", d.Namespace)
	require.GreaterOrEqual(t, *d.Spec.Replicas, int32(2))
	pod := d.Spec.Template.Spec
	require.True(t, *pod.SecurityContext.RunAsNonRoot)
	require.Equal(t, core.SeccompProfileTypeRuntimeDefault, pod.SecurityContext.SeccompProfile.Type)
	require.False(t, *pod.AutomountServiceAccountToken)
	require.Len(t, pod.Containers, 1)
	c := pod.Containers[0]
	require.Equal(t, image, c.Image)
	require.True(t, *c.SecurityContext.ReadOnlyRootFilesystem)
	require.False(t, *c.SecurityContext.AllowPrivilegeEscalation)
	require.Equal(t, []core.Capability{"ALL"}, c.SecurityContext.Capabilities.Drop)
	require.Equal(t, "/readyz", c.ReadinessProbe.HTTPGet.Path)
	require.Equal(t, "/healthz", c.LivenessProbe.HTTPGet.Path)
	require.NotEmpty(t, c.Resources.Requests)
	require.NotEmpty(t, c.Resources.Limits)
	require.Equal(t, []string{
		"provider", "--config=/etc/waxseal/waxseal.yaml", "--tls-cert=/tls/tls.crt", "--tls-key=/tls/tls.key", "--client-ca=/client-ca/ca.crt",
		"--client-name=gatekeeper-webhook-service.gatekeeper-system.svc", "--deadline=4s", "--gatekeeper-timeout=5s", "--drain=5s",
	}, c.Args)
	mounts := map[string]bool{}
	for _, v := range pod.Volumes {
		mounts[v.Name] = true
	}
	for _, m := range c.VolumeMounts {
		require.True(t, mounts[m.Name], m.Name)
	}
	require.Equal(t, d.Spec.Template.Labels, d.Spec.Selector.MatchLabels)
	require.Equal(t, d.Spec.Template.Labels, objects["Service/waxseal-provider"].(*core.Service).Spec.Selector)
	require.Equal(t, d.Spec.Template.Labels, objects["PodDisruptionBudget/waxseal-provider"].(*policy.PodDisruptionBudget).Spec.Selector.MatchLabels)
	n := objects["NetworkPolicy/waxseal-provider"].(*networking.NetworkPolicy)
	require.Equal(t, d.Spec.Template.Labels, n.Spec.PodSelector.MatchLabels)
	require.Equal(t, []networking.PolicyType{networking.PolicyTypeIngress, networking.PolicyTypeEgress}, n.Spec.PolicyTypes)
}

func TestKustomize(t *testing.T) {
	objects := read(t, kustomize(t, deploy+"/kustomize/provider"))
	require.Len(t, objects, 8, names(objects))
	checkProvider(t, objects, "registry.example/waxseal:latest")
	raw, err := os.ReadFile(deploy + "/kustomize/provider/externaldata.yaml")
	require.NoError(t, err)
	checkProviders(t, read(t, string(raw)))
}

func checkProviders(t *testing.T, objects map[string]any) {
	t.Helper()
	for name, endpoint := range map[string]string{"waxseal": "validate", "waxseal-mutation": "mutate"} {
		p := objects["Provider/"+name].(*externaldata.Provider)
		require.Equal(t, "https://waxseal-provider.waxseal-system.svc/"+endpoint, p.Spec.URL)
		require.Equal(t, 5, p.Spec.Timeout)
	}
}

func TestHelm(t *testing.T) {
	chart := deploy + "/helm/waxseal-provider"
	digest := "sha256:" + strings.Repeat("a", 64)
	image := map[string]any{"repository": "registry.example/waxseal", "digest": digest}
	text, err := helm(t, chart, map[string]any{"image": image})
	require.NoError(t, err)
	objects := read(t, text)
	checkProvider(t, objects, "registry.example/waxseal@"+digest)
	require.Len(t, objects, 7, names(objects))

	text, err = helm(t, chart, map[string]any{
		"image": image, "caBundle": "Y2E=", "tls": map[string]any{"certManager": true},
		"files":        map[string]any{"cosign.pub": "-----BEGIN PUBLIC KEY-----\nabc\n"},
		"nodeSelector": map[string]any{"a": "b"}, "tolerations": []any{map[string]any{"operator": "Exists"}},
		"podAnnotations": map[string]any{"a": "b"},
	})
	require.NoError(t, err)
	objects = read(t, text)
	checkProvider(t, objects, "registry.example/waxseal@"+digest)
	checkProviders(t, objects)
	require.Len(t, objects, 13, names(objects))
	config := objects["ConfigMap/waxseal-provider"].(*core.ConfigMap)
	require.Equal(t, "-----BEGIN PUBLIC KEY-----\nabc\n", config.Data["cosign.pub"])
	require.Contains(t, config.Data["waxseal.yaml"], "public_good: true")

	_, err = helm(t, chart, nil)
	require.ErrorContains(t, err, "image.repository")
	_, err = helm(t, chart, map[string]any{"image": map[string]any{"repository": "x"}})
	require.ErrorContains(t, err, "image.digest or image.tag is required")
}

// TestGatekeeper sets upstream's own release and chart as Waxseal needs them.
func TestGatekeeper(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/open-policy-agent/gatekeeper/v3").Output()
	require.NoError(t, err)
	upstream := strings.TrimSpace(string(out))

	t.Run("kustomize", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.CopyFS(dir, os.DirFS(deploy+"/kustomize/gatekeeper")))
		release, err := os.ReadFile(filepath.Join(upstream, "deploy", "gatekeeper.yaml"))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "gatekeeper.yaml"), release, 0o600))
		text := kustomize(t, dir)
		require.Equal(t, 2, strings.Count(text, "--external-data-provider-response-cache-ttl=10s"))
		checkWebhooks(t, only(t, text))
	})
	t.Run("helm", func(t *testing.T) {
		values, err := chartutil.ReadValuesFile(deploy + "/helm/gatekeeper-values.yaml")
		require.NoError(t, err)
		chart, err := loader.Load(filepath.Join(upstream, "charts", "gatekeeper"))
		require.NoError(t, err)
		for name := range values {
			require.Contains(t, chart.Values, name, "upstream's chart knows this value")
		}
		all, err := chartutil.ToRenderValues(chart, values, chartutil.ReleaseOptions{Name: "gatekeeper", Namespace: "gatekeeper-system"}, nil)
		require.NoError(t, err)
		files, err := engine.Render(chart, all)
		require.NoError(t, err)
		var text []string
		for _, file := range files {
			text = append(text, file)
		}
		joined := strings.Join(text, "\n---\n")
		require.Equal(t, 2, strings.Count(joined, "--external-data-provider-response-cache-ttl=10s"))
		checkWebhooks(t, only(t, joined))
	})
}

// only reads the webhook configurations of a release.
func only(t *testing.T, text string) map[string]any {
	t.Helper()
	var docs []string
	for _, doc := range regexp.MustCompile(`(?m)^---$`).Split(text, -1) {
		if regexp.MustCompile(`(?m)^kind: (Validating|Mutating)WebhookConfiguration$`).MatchString(doc) {
			docs = append(docs, doc)
		}
	}
	return read(t, strings.Join(docs, "\n---\n"))
}

func checkWebhooks(t *testing.T, objects map[string]any) {
	t.Helper()
	v := objects["ValidatingWebhookConfiguration/gatekeeper-validating-webhook-configuration"].(*admission.ValidatingWebhookConfiguration)
	m := objects["MutatingWebhookConfiguration/gatekeeper-mutating-webhook-configuration"].(*admission.MutatingWebhookConfiguration)
	require.Len(t, v.Webhooks, 2)
	require.Len(t, m.Webhooks, 1)
	require.Equal(t, "validation.gatekeeper.sh", v.Webhooks[0].Name)
	require.Equal(t, "check-ignore-label.gatekeeper.sh", v.Webhooks[1].Name)
	for _, w := range v.Webhooks {
		require.Equal(t, admission.Fail, *w.FailurePolicy)
		require.Equal(t, int32(10), *w.TimeoutSeconds)
	}
	one := m.Webhooks[0]
	require.Equal(t, admission.Fail, *one.FailurePolicy)
	require.Equal(t, int32(10), *one.TimeoutSeconds)
	require.Equal(t, admission.IfNeededReinvocationPolicy, *one.ReinvocationPolicy)
	for _, rules := range [][]admission.RuleWithOperations{v.Webhooks[0].Rules, one.Rules} {
		require.Len(t, rules, 1)
		require.Equal(t, []admission.OperationType{admission.Create, admission.Update}, rules[0].Operations)
		require.Equal(t, []string{"*", "pods/ephemeralcontainers"}, rules[0].Resources)
	}
	for _, s := range [][]string{excluded(v.Webhooks[0].NamespaceSelector.MatchExpressions), excluded(one.NamespaceSelector.MatchExpressions)} {
		require.Equal(t, []string{"gatekeeper-system", "waxseal-system"}, s, "nothing else is left out")
	}
}

// excluded are the namespaces that a selector leaves out by name.
func excluded(expressions []meta.LabelSelectorRequirement) []string {
	var out []string
	for _, e := range expressions {
		if e.Key == core.LabelMetadataName && e.Operator == meta.LabelSelectorOpNotIn {
			out = append(out, e.Values...)
		}
	}
	slices.Sort(out)
	return out
}

// The mutators are read into Gatekeeper's types.
func TestMutators(t *testing.T) {
	files, err := filepath.Glob("../../gatekeeper/mutation/*.yaml")
	require.NoError(t, err)
	n := 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		n += len(read(t, string(raw)))
	}
	require.Equal(t, 19, n)
}
