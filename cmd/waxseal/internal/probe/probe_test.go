package probe_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/probe"
)

const made = "@sha256:00000000000000000000000000007761787365616c2d70726f62650000000000"

func TestSpecs(t *testing.T) {
	all := func(c probe.Config) []probe.Spec {
		specs, err := c.Specs()
		require.NoError(t, err)
		return specs
	}
	unapproved := probe.Spec{Name: "unapproved_registry", Image: "unapproved.invalid/waxseal/probe" + made, Expected: "refused", Rule: "allowed_registries.not_allowed"}
	require.Equal(t, []probe.Spec{unapproved}, all(probe.Config{}))
	require.Equal(t, []probe.Spec{
		{Name: "unsigned", Image: image, Expected: "refused", Rule: "check-image"},
		{Name: "unscanned", Image: "registry.example/app" + made, Expected: "refused", Rule: "scanned_images.no_report"},
		unapproved,
		{Name: "acceptable", Image: image, Expected: "admitted"},
		{Name: "old", Image: image, Expected: "refused", Rule: "scanned_images.scan_too_old"},
	}, all(probe.Config{
		Images: probe.Images{Unsigned: image, Acceptable: image}, Repository: "registry.example/app",
		More: []probe.Spec{{Name: "old", Image: image, Rule: "scanned_images.scan_too_old"}}, Rules: map[string]string{"unsigned": "check-image"},
	}))
}

func TestMistakes(t *testing.T) {
	many := make([]string, 501)
	for name, row := range map[string]struct {
		cfg  probe.Config
		want string
	}{
		"no image":      {probe.Config{More: []probe.Spec{{Name: "x"}}}, `probe "x": it needs a name and an image`},
		"no name":       {probe.Config{More: []probe.Spec{{Image: image}}}, `probe "": it needs a name and an image`},
		"expected":      {probe.Config{More: []probe.Spec{{Name: "x", Image: image, Expected: "denied"}}}, `probe "x": expected has to be refused or admitted`},
		"rule":          {probe.Config{More: []probe.Spec{{Name: "x", Image: image, Expected: "admitted", Rule: "y"}}}, `probe "x": a rule refuses, and it is expected to be admitted`},
		"twice":         {probe.Config{More: []probe.Spec{{Name: "unapproved_registry", Image: image}}}, `probe "unapproved_registry": there are two of this name`},
		"white space":   {probe.Config{Images: probe.Images{Unsigned: "a b"}}, `probe unsigned: the image holds white space`},
		"too many":      {probe.Config{Namespaces: many}, `501 probes in all: more than 500 are not tried at once`},
		"rule of none":  {probe.Config{Rules: map[string]string{"x": "y"}}, `rule of probe "x": no probe of this name is tried`},
		"rule of a yes": {probe.Config{Images: probe.Images{Acceptable: image}, Rules: map[string]string{"acceptable": "y"}}, `probe "acceptable": a rule refuses, and it is expected to be admitted`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := row.cfg.Specs()
			require.EqualError(t, err, row.want)
			s := start(t, func(string) said { return said{status: 201} })
			probes, missing := probe.Run(t.Context(), s.api(t), "prod", row.cfg)
			require.Empty(t, probes)
			require.Equal(t, row.want, missing[0].Why)
			require.Empty(t, s.requests)
		})
	}
}

// Table A asks for an unsigned and an unscanned image; without one nobody can tell.
func TestUntried(t *testing.T) {
	one := func(name string) audit.Missing {
		return audit.Missing{Part: "probe", Name: "prod/" + name, Rests: "probes", Why: "no image is named to try it with: name one, or a repository of an approved registry"}
	}
	require.Equal(t, []audit.Missing{one("unscanned"), one("unsigned")}, (&probe.Config{}).Untried("prod"))
	require.Equal(t, []audit.Missing{one("unscanned")}, (&probe.Config{Images: probe.Images{Unsigned: image}}).Untried("prod"))
	require.Equal(t, []audit.Missing{}, (&probe.Config{Repository: "registry.example/app"}).Untried("prod"))
}

// The Pods have nothing against them but their image, and have one name in every
// run, because messages hold it.
func TestPod(t *testing.T) {
	s := start(t, func(string) said { return said{status: 201} })
	cfg := probe.Config{Namespaces: []string{"web", "shop", "web"}, More: []probe.Spec{{Name: "An Ödd_name " + strings.Repeat("x", 80), Image: image}}}
	probes, _ := probe.Run(t.Context(), s.api(t), "prod", cfg)
	require.Len(t, probes, 4)
	require.Equal(t, []string{"shop", "shop", "web", "web"}, []string{probes[0].Namespace, probes[1].Namespace, probes[2].Namespace, probes[3].Namespace})
	pod := s.sent[0]
	require.Equal(t, "waxseal-probe-unapproved-registry", pod["metadata"].(object)["name"])
	require.Equal(t, "waxseal-probe", pod["metadata"].(object)["labels"].(object)["app.kubernetes.io/name"])
	require.Equal(t, "waxseal-probe-an-dd-name-"+strings.Repeat("x", 38), s.sent[1]["metadata"].(object)["name"])
	spec := pod["spec"].(object)
	require.Equal(t, false, spec["automountServiceAccountToken"])
	require.Equal(t, object{"runAsNonRoot": true, "runAsUser": 65532.0, "runAsGroup": 65532.0, "fsGroup": 65532.0, "seccompProfile": object{"type": "RuntimeDefault"}}, spec["securityContext"])
	ctr := spec["containers"].([]any)[0].(object)
	require.Equal(t, object{"allowPrivilegeEscalation": false, "privileged": false, "readOnlyRootFilesystem": true, "capabilities": object{"drop": []any{"ALL"}}}, ctr["securityContext"])
	require.Equal(t, object{"requests": object{"cpu": "1m", "memory": "1Mi"}, "limits": object{"cpu": "1m", "memory": "1Mi"}}, ctr["resources"])
	s.onlyDryRuns(t)
}
