package registry_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

const (
	sha256sum = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	sha512sum = "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
)

func requireCode(t *testing.T, want fault.Code, err error) {
	t.Helper()
	code, ok := fault.CodeOf(err)
	require.True(t, ok, "error without a code: %v", err)
	require.Equal(t, want, code, "%v", err)
}

type vector struct {
	Input, Repository, Domain, Tag, Digest, Err string
}

// vectors returns the test vectors of Docker's own parser. Their inputs may
// hold the Go expression that makes a long name.
func vectors(t testing.TB) []vector {
	raw, err := os.ReadFile("testdata/image-reference-vectors.json")
	require.NoError(t, err)
	var file struct {
		Rows []vector `json:"distribution_reference"`
	}
	require.NoError(t, json.Unmarshal(raw, &file))
	long := strings.NewReplacer(
		`strings.Repeat("a/", 127) + "a:tag-puts-this-over-max"`, strings.Repeat("a/", 127)+"a:tag-puts-this-over-max",
		`strings.Repeat("a/", 127) + "a"`, strings.Repeat("a/", 127)+"a",
	)
	for i := range file.Rows {
		file.Rows[i].Input = long.Replace(file.Rows[i].Input)
		file.Rows[i].Repository = long.Replace(file.Rows[i].Repository)
	}
	return file.Rows
}

// wanted is what a vector means once Docker's short names are written out. The
// vectors are of the bare grammar, which takes any first segment for a domain.
func (v vector) wanted() string {
	repository := v.Repository
	switch {
	case !strings.Contains(repository, "/"):
		repository = "docker.io/library/" + repository
	case !strings.ContainsAny(v.Domain, ".:"):
		repository = "docker.io/" + repository
	}
	if v.Tag == "" && v.Digest == "" {
		v.Tag = "latest"
	}
	if v.Tag != "" {
		repository += ":" + v.Tag
	}
	if v.Digest != "" {
		repository += "@" + v.Digest
	}
	return repository
}

func TestParseAgreesWithDocker(t *testing.T) {
	rows := vectors(t)
	require.Len(t, rows, 46)
	for _, v := range rows {
		t.Run(v.Input, func(t *testing.T) {
			ref, err := registry.Parse(v.Input)
			if strings.HasPrefix(v.Input, "validname@sha512:") {
				// The vector only says that its test did not link the algorithm.
				require.NoError(t, err)
				require.Equal(t, "sha512", ref.Digest().Algorithm())
				return
			}
			if v.Err != "" {
				requireCode(t, fault.InvalidReference, err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, v.wanted(), ref.String())
			require.Equal(t, v.Digest, string(ref.Digest()))
		})
	}
}

func TestParseNormalises(t *testing.T) {
	hex := strings.Repeat("ab", 32)
	for _, row := range []struct{ text, registry, name, tag, digest string }{
		{"nginx", "docker.io", "library/nginx", "latest", ""},
		{"nginx:1.27", "docker.io", "library/nginx", "1.27", ""},
		{"acme/app", "docker.io", "acme/app", "latest", ""},
		{"docker.io/nginx", "docker.io", "library/nginx", "latest", ""},
		{"docker.io/library/nginx", "docker.io", "library/nginx", "latest", ""},
		{"index.docker.io/nginx", "docker.io", "library/nginx", "latest", ""},
		{"index.docker.io/acme/app:v1", "docker.io", "acme/app", "v1", ""},
		{"registry-1.docker.io/library/nginx", "docker.io", "library/nginx", "latest", ""},
		{"registry-1.docker.io:443/nginx", "docker.io", "library/nginx", "latest", ""},
		{"Docker.IO/nginx", "docker.io", "library/nginx", "latest", ""},
		{"docker.io./nginx", "docker.io", "library/nginx", "latest", ""},
		{"nginx@" + sha256sum, "docker.io", "library/nginx", "", sha256sum},
		{"nginx:1@" + sha256sum, "docker.io", "library/nginx", "1", sha256sum},
		{"nginx@" + sha512sum, "docker.io", "library/nginx", "", sha512sum},
		{"Registry.Example/team/app", "registry.example", "team/app", "latest", ""},
		{"registry.example:443/team/app:v1", "registry.example", "team/app", "v1", ""},
		{"registry.example:80/team/app", "registry.example:80", "team/app", "latest", ""},
		{"registry.example:5000/app", "registry.example:5000", "app", "latest", ""},
		{"registry.example./app", "registry.example", "app", "latest", ""},
		{"registry.example.:5000/app", "registry.example:5000", "app", "latest", ""},
		{"registry.example.:443/app", "registry.example", "app", "latest", ""},
		{"localhost/app", "localhost", "app", "latest", ""},
		{"LOCALHOST/app", "localhost", "app", "latest", ""},
		{"localhost./app", "localhost", "app", "latest", ""},
		{"localhost:5000/app", "localhost:5000", "app", "latest", ""},
		{"[::1]/app", "[::1]", "app", "latest", ""},
		{"[::1]:443/app", "[::1]", "app", "latest", ""},
		{"[2001:DB8::1]:5000/app", "[2001:db8::1]:5000", "app", "latest", ""},
		{"foo:443/bar", "foo:443", "bar", "latest", ""},
		{"Foo/bar", "foo:443", "bar", "latest", ""},
		{"foo:5000/bar", "foo:5000", "bar", "latest", ""},
		{"foo.:5000/bar", "foo:5000", "bar", "latest", ""},
		{"test.com:5000", "docker.io", "library/test.com", "5000", ""},
		{"docker.io.evil.example/nginx", "docker.io.evil.example", "nginx", "latest", ""},
		{"acme.docker.io/nginx", "acme.docker.io", "nginx", "latest", ""},
		{hex + ":v1", "docker.io", "library/" + hex, "v1", ""},
		{"acme/" + hex, "docker.io", "acme/" + hex, "latest", ""},
	} {
		t.Run(row.text, func(t *testing.T) {
			ref, err := registry.Parse(row.text)
			require.NoError(t, err)
			require.Equal(t, registry.Repository{Registry: row.registry, Name: row.name}, ref.Repository())
			require.Equal(t, row.tag, ref.Tag())
			require.Equal(t, registry.Digest(row.digest), ref.Digest())
			again, err := registry.Parse(ref.String())
			require.NoError(t, err)
			require.Equal(t, ref, again)
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"empty":                     "",
		"space":                     " nginx",
		"host with an underscore":   "a_b.c/x",
		"newline":                   "nginx\n",
		"64 hexadecimal digits":     strings.Repeat("ab", 32),
		"upper case name":           "docker.io/Library/nginx",
		"upper case short name":     "Nginx",
		"no name":                   "registry.example/",
		"no tag":                    "nginx:",
		"no digest":                 "nginx@",
		"two digests":               "nginx@" + sha256sum + "@" + sha256sum,
		"short digest":              "nginx@sha256:abcd",
		"upper case digest":         "nginx@" + strings.ToUpper(sha256sum[7:]),
		"upper case hex":            "nginx@sha256:" + strings.ToUpper(sha256sum[7:]),
		"sha384":                    "nginx@sha384:" + strings.Repeat("ab", 48),
		"md5":                       "nginx@md5:" + strings.Repeat("ab", 16),
		"scheme":                    "https://registry.example/app",
		"user":                      "user@registry.example/app",
		"dots":                      "registry.example/../app",
		"empty segment":             "registry.example//app",
		"query":                     "registry.example/app?x=y",
		"one label with a dot":      "foo./bar",
		"two trailing dots":         "registry.example../app",
		"dot in front":              ".registry.example/app",
		"port that is no number":    "registry.example:http/app",
		"tag longer than 128":       "nginx:" + strings.Repeat("a", 129),
		"name longer than 255":      strings.Repeat("a/", 127) + "aa:tag",
		"megabyte":                  strings.Repeat("a", 1<<20),
		"not UTF-8":                 "ngin\xff",
		"homograph":                 "dосker.io/nginx",
		"percent escape":            "registry.example/app%2f..",
		"address without a bracket": "2001:db8::1/app",
	} {
		t.Run(name, func(t *testing.T) {
			ref, err := registry.Parse(text)
			requireCode(t, fault.InvalidReference, err)
			require.Equal(t, registry.Reference{}, ref)
			require.Less(t, len(err.Error()), 1500)
		})
	}
}

func TestParseRepository(t *testing.T) {
	got, err := registry.ParseRepository("Registry.Example:443/team/app")
	require.NoError(t, err)
	require.Equal(t, registry.Repository{Registry: "registry.example", Name: "team/app"}, got)
	for _, text := range []string{"nginx:latest", "nginx@" + sha256sum, "registry.example/app:v1", ""} {
		_, err := registry.ParseRepository(text)
		requireCode(t, fault.InvalidReference, err)
	}
}

func TestWithDigestKeepsTheTag(t *testing.T) {
	ref := parse(t, "nginx:1.27")
	pinned := ref.WithDigest(sha256sum)
	require.Equal(t, "docker.io/library/nginx:1.27@"+sha256sum, pinned.String())
	require.Equal(t, "docker.io/library/nginx:1.27", ref.String())
	require.Equal(t, "docker.io/library/nginx@"+sha256sum, ref.Repository().At(sha256sum).String())
}

// FuzzParse: a reference that is accepted prints as one that means the same,
// and its parts hold nothing that a URL or a log could be led astray by.
func FuzzParse(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.Input)
	}
	for _, seed := range []string{"Foo/bar", "foo:443/bar", "foo./bar", "docker.io./x", "[::1]:443/x", "localhost./x", "A:443/a", "index.docker.io/x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ref, err := registry.Parse(text)
		if err != nil {
			requireCode(t, fault.InvalidReference, err)
			return
		}
		again, err := registry.Parse(ref.String())
		require.NoError(t, err, "%q printed as %q", text, ref)
		require.Equal(t, ref, again)
		require.False(t, ref.Tag() == "" && ref.Digest() == "")
		host := ref.Repository().Registry
		require.Equal(t, strings.ToLower(host), host)
		require.NotContains(t, ref.Repository().String(), "..")
		require.False(t, strings.ContainsAny(ref.String(), " \t\r\n%?#\\"), ref.String())
		repository, err := registry.ParseRepository(ref.Repository().String())
		require.NoError(t, err)
		require.Equal(t, ref.Repository(), repository)
	})
}
