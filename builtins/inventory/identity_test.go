package inventory_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/admission"
	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/inventory"
)

const (
	github = "https://token.actions.githubusercontent.com"
	gitlab = "https://gitlab.com"
	google = "https://accounts.google.com"
)

func identity(t *testing.T, given m) audit.Identity {
	t.Helper()
	_, identities, _ := inventory.Of(&config.Config{Policies: m{"signed_images": authorities(m{"images": list("**"), "identities": []any{given}})}}, nil)
	require.Len(t, identities, 1)
	return identities[0]
}

// What a pattern matches is tried out with strangers.
func TestWide(t *testing.T) {
	for _, row := range []struct {
		name  string
		given m
		wide  bool
	}{
		{"exact", m{"issuer": github, "subject": "https://github.com/acme/shop/.github/workflows/r.yml@refs/heads/main"}, false},
		{"all refs of a workflow", m{"issuer": github, "subject_pattern": `https://github\.com/acme/shop/\.github/workflows/r\.yml@refs/.*`}, false},
		{"all of an organisation", m{"issuer": github, "subject_pattern": `https://github\.com/acme/.*`}, false},
		{"everything", m{"issuer_pattern": ".+", "subject_pattern": ".+"}, true},
		{"any workflow of GitHub", m{"issuer": github, "subject_pattern": `https://github\.com/.*`}, true},
		{"any organisation", m{"issuer": github, "subject_pattern": `https://github\.com/[^/]+/shop/\.github/workflows/r\.yml@refs/heads/main`}, true},
		{"an organisation that is not ended", m{"issuer": github, "subject_pattern": `https://github\.com/acme.*`}, true},
		{"any project of GitLab", m{"issuer": gitlab, "subject_pattern": `https://gitlab\.com/.*`}, true},
		{"a project of GitLab", m{"issuer": gitlab, "subject_pattern": `https://gitlab\.com/acme/shop//\.gitlab-ci\.yml@refs/heads/.*`}, false},
		{"any mail", m{"issuer": google, "subject_pattern": `.*@gmail\.com`}, true},
		{"mail of a domain", m{"issuer": google, "subject_pattern": `.*@acme\.example`}, false},
		{"mail of domains that end so", m{"issuer": google, "subject_pattern": `.*acme\.example`}, true},
		{"mail of domains that begin so", m{"issuer": google, "subject_pattern": `[^@]+@acme\.example.*`}, true},
		{"mail of domains below one", m{"issuer": google, "subject_pattern": `.*@.*\.acme\.example`}, false},
		{"mail of one of two domains", m{"issuer": google, "subject_pattern": `.+@(acme|shop)\.example`}, false},
		{"any project of CircleCI", m{"issuer_pattern": `https://oidc\.circleci\.com/org/.*`, "subject_pattern": ".+"}, true},
		{"anybody of one issuer", m{"issuer": "https://sso.acme.example", "subject_pattern": ".+"}, true},
		{"any issuer", m{"issuer_pattern": ".+", "subject": "release@acme.example"}, true},
		{"too long to be tried", m{"issuer": github, "subject_pattern": strings.Repeat("a", 5000)}, true},
		{"narrowed by an extension", m{"issuer": github, "subject_pattern": `https://github\.com/.*`, "extensions": m{"sourceRepositoryOwnerURI": "https://github.com/acme"}}, false},
		{"an extension that narrows nobody", m{"issuer": github, "subject_pattern": `https://github\.com/.*`, "extensions": m{"buildTrigger": "push"}}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			id := identity(t, row.given)
			require.Equal(t, row.wide, id.Wide, id.Why)
			require.Equal(t, row.wide, id.Why != "")
		})
	}
}

func TestWords(t *testing.T) {
	for _, row := range []struct {
		given m
		want  string
	}{
		{
			m{"issuer": github, "subject_pattern": `https://github\.com/acme/[^/]+/\.github/workflows/release\.yml@refs/tags/v.+`},
			"the workflow release.yml on any tag like v* of any repository of the GitHub organisation acme (GitHub Actions)",
		},
		{
			m{"issuer": github, "subject": "https://github.com/acme/shop/.github/workflows/ci.yml@refs/heads/main"},
			"the workflow ci.yml on the branch main of the repository shop of the GitHub organisation acme (GitHub Actions)",
		},
		{m{"issuer": github, "subject_pattern": `https://github\.com/acme/.*`}, "any workflow that fits https://github.com/acme/* of the GitHub organisation acme (GitHub Actions)"},
		{m{"issuer": github, "subject_pattern": `https://github\.com/.+`}, "any workflow of anybody (GitHub Actions)"},
		{
			m{"issuer": gitlab, "subject_pattern": `https://gitlab\.com/acme/shop//\.gitlab-ci\.yml@.+`},
			"the pipeline .gitlab-ci.yml on any ref of the project acme/shop (GitLab)",
		},
		{m{"issuer": google, "subject": "ann@acme.example"}, "who has the account ann@acme.example with Google"},
		{m{"issuer": google, "subject": "b@p.iam.gserviceaccount.com"}, "whoever may use the service account b@p.iam.gserviceaccount.com of Google Cloud"},
		{m{"issuer": "https://k8s.example", "subject": "https://kubernetes.io/namespaces/ci/serviceaccounts/builder"}, "whoever runs as the service account builder in the namespace ci of the cluster https://k8s.example"},
		{m{"issuer": "https://spire.example", "subject": "spiffe://acme.example/ci"}, "the workload spiffe://acme.example/ci, as https://spire.example says"},
		{m{"issuer": "https://sso.example", "subject_pattern": ".+"}, "whoever has an account with https://sso.example"},
		{m{"issuer_pattern": ".+", "subject_pattern": ".+"}, "whoever has an account with anybody"},
		{m{"issuer": "i", "subject": "s", "extensions": m{"b": "2", "a": "1"}}, "who is s with i, with a=1 and b=2"},
	} {
		require.Equal(t, row.want, identity(t, row.given).Words)
	}
}

func TestMeets(t *testing.T) {
	id := identity(t, m{"issuer": github, "subject_pattern": "https://github.com/acme/.+"})
	require.True(t, inventory.Meets(id, github, "https://github.com/acme/shop"))
	require.False(t, inventory.Meets(id, github, "x https://github.com/acme/shop"))
	require.False(t, inventory.Meets(id, github+"/", "https://github.com/acme/shop"))
	require.False(t, inventory.Meets(audit.Identity{Subject: "s"}, "", "s"), "a key is no identity")
}

// Expressions of clusters may match anywhere, and become patterns of whole texts.
func TestIdentitiesOfClusters(t *testing.T) {
	for expression, want := range map[string]string{
		"^https://github.com/acme/.*$": "https://github.com/acme/.*",
		"^https://github.com/acme/":    "https://github.com/acme/.*",
		"github.com/acme/.*":           ".*github.com/acme/.*",
		`^https://acme/\$`:             `https://acme/\$.*`,
		`^https://acme/x\.*`:           `https://acme/x\.*.*`,
		"^a|b$":                        ".*(?:^a|b$).*",
	} {
		objects := []admission.Object{{Value: m{
			"apiVersion": "policy.sigstore.dev/v1beta1", "kind": "ClusterImagePolicy", "metadata": m{"name": "p"}, "spec": m{
				"images":      []any{m{"glob": "**"}},
				"authorities": []any{m{"keyless": m{"identities": []any{m{"issuer": github, "subjectRegExp": expression}}}}},
			},
		}}}
		_, identities, _ := inventory.Of(&config.Config{}, inventory.Enforced("c", admission.Parse(objects, admission.Options{}), nil))
		require.Len(t, identities, 1)
		require.Equal(t, want, identities[0].Subject)
	}
}

// Kyverno takes stars in what others compare exactly.
func TestIdentitiesOfKyverno(t *testing.T) {
	objects := []admission.Object{{Value: m{"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": m{"name": "p"}, "spec": m{"rules": []any{m{
		"name": "r", "match": m{"any": []any{m{"resources": m{"kinds": list("Pod")}}}}, "verifyImages": []any{m{
			"imageReferences": list("*"), "attestors": []any{m{"entries": []any{m{"keyless": m{"issuer": github, "subject": "https://github.com/*"}}}}},
		}},
	}}}}}}
	_, identities, _ := inventory.Of(&config.Config{}, inventory.Enforced("c", admission.Parse(objects, admission.Options{}), nil))
	require.Len(t, identities, 1)
	require.Equal(t, []any{`https://github\.com/.*`, true, true}, []any{identities[0].Subject, identities[0].SubjectPattern, identities[0].Wide})
}
