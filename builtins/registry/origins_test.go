package registry_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

func TestOrigin(t *testing.T) {
	origins, err := registry.NewOrigins(map[string]string{
		"Mirror.corp:443/dockerhub":      "docker.io",
		"mirror.corp/dockerhub/internal": "registry.corp/internal",
		"one.corp/nginx":                 "docker.io/nginx",
	})
	require.NoError(t, err)
	for text, want := range map[string]string{
		"mirror.corp/dockerhub/library/nginx:1":      "docker.io/library/nginx",
		"mirror.corp/dockerhub/nginx":                "docker.io/library/nginx",
		"mirror.corp/dockerhub/internal/app":         "registry.corp/internal/app",
		"mirror.corp/dockerhubevil/library/nginx":    "mirror.corp/dockerhubevil/library/nginx",
		"mirror.corp/dockerhub":                      "mirror.corp/dockerhub",
		"mirror.corp.evil/dockerhub/library/nginx":   "mirror.corp.evil/dockerhub/library/nginx",
		"x.corp/mirror.corp/dockerhub/library/nginx": "x.corp/mirror.corp/dockerhub/library/nginx",
		"one.corp/nginx":                             "docker.io/library/nginx",
		"nginx":                                      "docker.io/library/nginx",
	} {
		ref, err := registry.Parse(text)
		require.NoError(t, err)
		judged := ref.JudgedAs(origins)
		require.Equal(t, want, judged.Origin().String(), text)
		require.Equal(t, ref.Repository(), judged.Repository(), "it is still fetched by its name")
		require.Equal(t, ref.String(), judged.String())
		require.Equal(t, ref.Repository(), ref.Origin())
	}
}

func TestOriginsThatCannotBe(t *testing.T) {
	for _, table := range []map[string]string{
		{"mirror": "docker.io"},
		{"mirror.corp": "docker"},
		{"mirror.corp/*": "docker.io"},
		{"mirror.corp/x:1": "docker.io"},
		{"a.corp": "docker.io", "A.corp:443": "quay.io"},
		{"a.corp": "b.corp/x", "b.corp": "docker.io"},
		{"a.corp": "b.corp", "b.corp/hub": "docker.io"},
		{"a.corp": "a.corp"},
	} {
		_, err := registry.NewOrigins(table)
		code, _ := fault.CodeOf(err)
		require.Equal(t, fault.InvalidRequest, code, "%v: %v", table, err)
	}
}

func TestPatternThatIsNone(t *testing.T) {
	for _, text := range []string{"", "team/app", "nginx", "registry.example/", "registry.example/a/**/b", "registry.example/A", "registry.example/a:1", "**/x", "registry.example/a**", "registry.example//a"} {
		p, err := registry.ParsePattern(text)
		require.Error(t, err, text)
		require.False(t, p.Matches(registry.Repository{Registry: "registry.example", Name: "a"}))
	}
}
