package registry_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

// found is what a keychain answers: user, password, token.
type found [3]string

func ask(t *testing.T, keychain registry.Keychain, repository string) found {
	t.Helper()
	user, password, token, err := keychain.Credentials(context.Background(), parse(t, repository).Repository())
	require.NoError(t, err)
	return found{user, password, token}
}

func auth(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func TestPullSecret(t *testing.T) {
	keychain, err := registry.PullSecret([]byte(`{"auths":{
		"https://index.docker.io/v1/": {"auth":"` + auth("hub:p:w") + `"},
		"registry.example": {"username":"u","password":"p"},
		"registry.example/team": {"auth":"` + auth("team:p") + `"},
		"https://Secure.Example:443/v2/": {"auth":"` + auth("secure:p") + `"},
		"ported.example:5000": {"auth":"` + auth("ported:p") + `"},
		"*.wild.example": {"auth":"` + auth("wild:p") + `"},
		"exact.wild.example": {"auth":"` + auth("exact:p") + `"},
		"identity.example": {"auth":"` + auth("00000000-0000-0000-0000-000000000000:") + `","identitytoken":"idt"},
		"token.example": {"registrytoken":"rt"}
	}}`))
	require.NoError(t, err)
	for repository, want := range map[string]found{
		"nginx":                     {"hub", "p:w", ""},
		"docker.io/acme/app":        {"hub", "p:w", ""},
		"registry.example/app":      {"u", "p", ""},
		"registry.example/team":     {"team", "p", ""},
		"registry.example/team/app": {"team", "p", ""},
		"registry.example/teamevil": {"u", "p", ""},
		"registry.example:5000/app": {},
		"secure.example/app":        {"secure", "p", ""},
		"ported.example:5000/app":   {"ported", "p", ""},
		"ported.example/app":        {},
		"a.wild.example/app":        {"wild", "p", ""},
		"exact.wild.example/app":    {"exact", "p", ""},
		"a.b.wild.example/app":      {},
		"wild.example/app":          {},
		"a.wild.example:5000/app":   {},
		"a.wild.example.evil/app":   {},
		"evilregistry.example/app":  {},
		"registry.example.evil/app": {},
		"identity.example/app":      {registry.IdentityToken, "idt", ""},
		"token.example/app":         {"", "", "rt"},
	} {
		require.Equal(t, want, ask(t, keychain, repository), repository)
	}
}

func TestPullSecretOfTheOldForm(t *testing.T) {
	keychain, err := registry.PullSecret([]byte(`{"registry.example":{"auth":"` + auth("u:p") + `"}}`))
	require.NoError(t, err)
	require.Equal(t, found{"u", "p", ""}, ask(t, keychain, "registry.example/app"))
}

func TestPullSecretsThatAreRefused(t *testing.T) {
	for _, raw := range []string{"", "null,", "[]", `{"auths":[]}`, `"s3cr3t"`, `{"a":1}`} {
		_, err := registry.PullSecret([]byte(raw))
		requireCode(t, fault.InvalidRequest, err)
		require.NotContains(t, err.Error(), "s3cr3t")
	}
	_, err := registry.PullSecret([]byte(`{"auths":{},"x":"` + strings.Repeat("x", 1<<20) + `"}`))
	requireCode(t, fault.InvalidRequest, err)
	require.ErrorContains(t, err, "larger than")
	keychain, err := registry.PullSecret([]byte(`{"auths":{"registry.example":{"auth":"%secret%"}}}`))
	require.NoError(t, err)
	_, _, _, err = keychain.Credentials(context.Background(), parse(t, "registry.example/app").Repository())
	requireCode(t, fault.Unauthorized, err)
	require.NotContains(t, err.Error(), "secret")
}

func TestPullSecretRunsNoHelper(t *testing.T) {
	ran := helper(t, "store", `echo '{"Username":"u","Secret":"p"}'`)
	keychain, err := registry.PullSecret([]byte(`{"auths":{},"credsStore":"store","credHelpers":{"registry.example":"store"}}`))
	require.NoError(t, err)
	require.Equal(t, found{}, ask(t, keychain, "registry.example/app"))
	require.NoFileExists(t, ran)
}

// helper puts a docker-credential program into the path. The file that is
// returned holds what the program was asked, once it has run.
func helper(t *testing.T, name, script string) (asked string) {
	t.Helper()
	folder := t.TempDir()
	asked = filepath.Join(folder, "asked")
	program := "#!/bin/sh\ncat >'" + asked + "'\n" + script + "\n"
	require.NoError(t, os.WriteFile(filepath.Join(folder, "docker-credential-"+name), []byte(program), 0o700))
	t.Setenv("PATH", folder+string(os.PathListSeparator)+os.Getenv("PATH"))
	return asked
}

func dockerConfig(t *testing.T, text string) registry.Keychain {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.json")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	keychain, err := registry.DockerConfig(file)
	require.NoError(t, err)
	return keychain
}

func TestDockerConfig(t *testing.T) {
	asked := helper(t, "one", `echo '{"Username":"helped","Secret":"p"}'`)
	keychain := dockerConfig(t, `{"auths":{"registry.example":{"auth":"`+auth("u:p")+`"},"helped.example":{}},"credHelpers":{"helped.example":"one","index.docker.io":"one"}}`)
	require.Equal(t, found{"u", "p", ""}, ask(t, keychain, "registry.example/app"))
	require.Equal(t, found{}, ask(t, keychain, "other.example/app"))
	require.NoFileExists(t, asked)
	require.Equal(t, found{"helped", "p", ""}, ask(t, keychain, "helped.example/app"))
	text, err := os.ReadFile(asked)
	require.NoError(t, err)
	require.Equal(t, "helped.example", string(text))
	require.Equal(t, found{"helped", "p", ""}, ask(t, keychain, "nginx"))
	text, err = os.ReadFile(asked)
	require.NoError(t, err)
	require.Equal(t, "https://index.docker.io/v1/", string(text))
}

func TestDockerConfigStore(t *testing.T) {
	t.Run("identity token", func(t *testing.T) {
		helper(t, "store", `echo '{"Username":"<token>","Secret":"idt"}'`)
		require.Equal(t, found{registry.IdentityToken, "idt", ""}, ask(t, dockerConfig(t, `{"credsStore":"store"}`), "registry.example/app"))
	})
	t.Run("has none, the file does", func(t *testing.T) {
		helper(t, "store", `echo 'credentials not found in native keychain'; exit 1`)
		keychain := dockerConfig(t, `{"credsStore":"store","auths":{"registry.example":{"auth":"`+auth("u:p")+`"}}}`)
		require.Equal(t, found{"u", "p", ""}, ask(t, keychain, "registry.example/app"))
		require.Equal(t, found{}, ask(t, keychain, "other.example/app"))
	})
}

func TestHelpersThatFail(t *testing.T) {
	repository := parse(t, "registry.example/app").Repository()
	for name, script := range map[string]string{
		"an error":   `echo "secret"; exit 1`,
		"no JSON":    `echo "secret"`,
		"no end":     `exec yes secret`,
		"no program": "",
	} {
		t.Run(name, func(t *testing.T) {
			if script != "" {
				helper(t, "bad", script)
			}
			_, _, _, err := dockerConfig(t, `{"credsStore":"bad"}`).Credentials(context.Background(), repository)
			requireCode(t, fault.Unauthorized, err)
			require.NotContains(t, err.Error(), "secret")
		})
	}
	t.Run("a path for a name", func(t *testing.T) {
		_, _, _, err := dockerConfig(t, `{"credsStore":"../../bin/x"}`).Credentials(context.Background(), repository)
		requireCode(t, fault.Unauthorized, err)
		require.ErrorContains(t, err, "not the name of a helper")
	})
	t.Run("the caller gives up", func(t *testing.T) {
		helper(t, "slow", "exec sleep 60")
		w := newWorld(t, func(c *registry.Config) { c.Credentials = dockerConfig(t, `{"credsStore":"slow"}`) })
		w.Intercept(unauthorizedBasic)
		ctx, cancel := context.WithCancel(context.Background())
		cancelSoon(t, w, cancel)
		requireCancelled(t, w.manifest(ctx))
	})
}

func TestDefaultDockerConfig(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("DOCKER_CONFIG", "")
	require.Empty(t, registry.DefaultDockerConfig())
	atHome := filepath.Join(home, ".docker", "config.json")
	require.NoError(t, os.MkdirAll(filepath.Dir(atHome), 0o700))
	require.NoError(t, os.WriteFile(atHome, []byte("{}"), 0o600))
	require.Equal(t, atHome, registry.DefaultDockerConfig())
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	require.Empty(t, registry.DefaultDockerConfig())
}

func TestDockerConfigIsReadAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.json")
	write := func(text string) { require.NoError(t, os.WriteFile(file, []byte(text), 0o600)) }
	write(`{}`)
	keychain, err := registry.DockerConfig(file)
	require.NoError(t, err)
	require.Equal(t, found{}, ask(t, keychain, "registry.example/app"))
	write(`{"auths":{"registry.example":{"auth":"` + auth("u:p") + `"}}}`)
	require.Equal(t, found{"u", "p", ""}, ask(t, keychain, "registry.example/app"))
}

func TestDockerConfigsThatAreRefused(t *testing.T) {
	_, err := registry.DockerConfig(filepath.Join(t.TempDir(), "missing"))
	requireCode(t, fault.InvalidRequest, err)
	for name, text := range map[string]string{"junk": "secret", "list": "[]", "giant": `{"x":"` + string(make([]byte, 1<<20)) + `"}`} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "config.json")
			require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
			_, err := registry.DockerConfig(file)
			requireCode(t, fault.InvalidRequest, err)
			require.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestKeychains(t *testing.T) {
	both := registry.Keychains(registry.Anonymous, static{token: "first"}, login("second", "p"))
	require.Equal(t, found{"", "", "first"}, ask(t, both, "nginx"))
	require.Equal(t, found{}, ask(t, registry.Keychains(), "nginx"))
	_, _, _, err := registry.Keychains(static{err: errKeychain}, login("u", "p")).Credentials(context.Background(), registry.Repository{})
	require.ErrorIs(t, err, errKeychain)
}

// helperOf is a credential helper in the form that the clouds' libraries have.
type helperOf map[string][2]string

func (h helperOf) Get(server string) (user, password string, err error) {
	if one, ok := h[server]; ok {
		return one[0], one[1], nil
	}
	return "", "", errKeychain
}

func TestFromAuthn(t *testing.T) {
	keychain := registry.FromAuthn(authn.NewKeychainFromHelper(helperOf{
		"index.docker.io": {"hub", "p"}, "registry.example": {"<token>", "idt"},
	}))
	require.Equal(t, found{"hub", "p", ""}, ask(t, keychain, "nginx"))
	require.Equal(t, found{registry.IdentityToken, "idt", ""}, ask(t, keychain, "registry.example/app"))
	require.Equal(t, found{}, ask(t, keychain, "other.example/app"))
}

// unauthorizedBasic refuses everything and asks for a login.
func unauthorizedBasic(rw http.ResponseWriter, _ *http.Request) bool {
	rw.Header().Set("WWW-Authenticate", "Basic")
	rw.WriteHeader(http.StatusUnauthorized)
	return true
}

// cancelSoon gives up once the registry has refused the first request.
func cancelSoon(t *testing.T, w world, cancel context.CancelFunc) {
	t.Helper()
	go func() {
		for len(w.Log()) == 0 || w.Log()[0].Status == 0 {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
}
