package registry

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/docker/docker-credential-helpers/client"
	"github.com/docker/docker-credential-helpers/credentials"

	"github.com/waxseal/waxseal/builtins/fault"
)

// maxConfig bounds a Docker configuration; Kubernetes bounds secrets to 1 MiB.
const maxConfig = 1 << 20

// DockerConfig returns the keychain of a Docker config.json: its auths, and the
// programs that its credHelpers and credsStore name. The file is read again
// whenever a registry asks, so that a mounted secret may change.
func DockerConfig(path string) (Keychain, error) {
	d := dockerConfig{path: path}
	_, err := d.load()
	return d, err
}

// DefaultDockerConfig returns where Docker keeps its configuration:
// $DOCKER_CONFIG/config.json, or else .docker/config.json in the home folder.
// It returns "" when there is no such file.
func DefaultDockerConfig() string {
	folder := os.Getenv("DOCKER_CONFIG")
	if folder == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		folder = filepath.Join(home, ".docker")
	}
	file := filepath.Join(folder, "config.json")
	if info, err := os.Stat(file); err != nil || info.IsDir() {
		return ""
	}
	return file
}

type dockerConfig struct {
	path  string
	auths bool // nothing else of the file counts
}

func (d dockerConfig) load() (dockerFile, error) {
	file, err := os.Open(d.path)
	if err != nil {
		return dockerFile{}, fault.New(fault.InvalidRequest, "read docker config", d.path, err)
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, maxConfig+1))
	if err != nil {
		return dockerFile{}, fault.New(fault.InvalidRequest, "read docker config", d.path, err)
	}
	parsed, err := parseDockerFile(raw, d.path)
	if d.auths {
		parsed.CredHelpers, parsed.CredsStore = nil, ""
	}
	return parsed, err
}

// Helpers returns the programs that a Docker config.json names for credentials,
// each once, sorted.
func Helpers(path string) ([]string, error) {
	file, err := dockerConfig{path: path}.load()
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, name := range append(slices.Collect(maps.Values(file.CredHelpers)), file.CredsStore) {
		if name != "" {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names)), nil
}

// DockerAuths returns the keychain of the auths of a Docker config.json. Helpers
// that it names are never run, also when they are added later.
func DockerAuths(path string) (Keychain, error) {
	d := dockerConfig{path: path, auths: true}
	_, err := d.load()
	return d, err
}

func (d dockerConfig) Credentials(ctx context.Context, repository Repository) (user, password, token string, err error) {
	file, err := d.load()
	if err != nil {
		return "", "", "", err
	}
	if helper := file.helper(repository.Registry); helper != "" {
		user, password, err = runHelper(ctx, helper, repository.Registry)
		if err != nil || user != "" {
			return user, password, "", err
		}
	}
	found := file.find(repository)
	return found.credentials()
}

// Holds implements [Holder]: an entry of auths or credHelpers names the
// registry. A credsStore may have everything, so it says nothing.
func (d dockerConfig) Holds(repository Repository) bool {
	file, err := d.load()
	if err != nil {
		return false
	}
	_, named := file.named(repository.Registry)
	return named || file.find(repository) != dockerAuth{}
}

// PullSecret returns the keychain of a Kubernetes pull secret: the JSON of a
// .dockerconfigjson, or of a .dockercfg. Helpers that it names are never run.
func PullSecret(raw []byte) (Keychain, error) {
	file, err := parseDockerFile(raw, "pull secret")
	if err != nil {
		return nil, err
	}
	if file.Auths == nil {
		if err := json.Unmarshal(raw, &file.Auths); err != nil {
			return nil, fault.Newf(fault.InvalidRequest, "read docker config", "pull secret", "neither .dockerconfigjson nor .dockercfg")
		}
	}
	return pullSecret{file.Auths}, nil
}

type pullSecret struct{ auths map[string]dockerAuth }

func (p pullSecret) Credentials(_ context.Context, repository Repository) (user, password, token string, err error) {
	found := dockerFile{Auths: p.auths}.find(repository)
	return found.credentials()
}

// Holds implements [Holder].
func (p pullSecret) Holds(repository Repository) bool {
	return dockerFile{Auths: p.auths}.find(repository) != dockerAuth{}
}

// dockerFile is what is read of a Docker configuration.
type dockerFile struct {
	Auths       map[string]dockerAuth `json:"auths"`
	CredHelpers map[string]string     `json:"credHelpers"`
	CredsStore  string                `json:"credsStore"`
}

type dockerAuth struct {
	Username      string `json:"username"`
	Password      string `json:"password"`
	Auth          string `json:"auth"`
	IdentityToken string `json:"identitytoken"`
	RegistryToken string `json:"registrytoken"`
}

func parseDockerFile(raw []byte, name string) (dockerFile, error) {
	var file dockerFile
	if len(raw) > maxConfig {
		return file, fault.Newf(fault.InvalidRequest, "read docker config", name, "larger than %d bytes", maxConfig)
	}
	if json.Unmarshal(raw, &file) != nil {
		// The parser's own message may quote what it read.
		return file, fault.Newf(fault.InvalidRequest, "read docker config", name, "not the JSON of a docker configuration")
	}
	return file, nil
}

// find returns the entry for a repository: the one with the longest path, and a
// host without "*" before one with it.
func (f dockerFile) find(repository Repository) dockerAuth {
	best, found := -1, dockerAuth{}
	bestKey := ""
	for key, auth := range f.Auths {
		host, folder := splitKey(key)
		if !hostMatches(host, repository.Registry) || !folderMatches(folder, repository.Name) {
			continue
		}
		rank := 2 * len(folder)
		if !strings.Contains(host, "*") {
			rank++
		}
		if rank > best || rank == best && key < bestKey {
			best, found, bestKey = rank, auth, key
		}
	}
	return found
}

// splitKey reads a key of auths: a host or URL, and perhaps a path below which
// the entry holds. The versions in Docker's own keys are no paths.
func splitKey(key string) (host, folder string) {
	key = strings.TrimPrefix(strings.TrimPrefix(key, "https://"), "http://")
	host, folder, _ = strings.Cut(key, "/")
	folder = strings.Trim(folder, "/")
	if folder == "v1" || folder == "v2" {
		folder = ""
	}
	return normaliseHost(host), folder
}

// hostMatches compares label by label, so that "*" never reaches over a dot, and
// the ports must be equal.
func hostMatches(pattern, host string) bool {
	if !strings.Contains(pattern, "*") {
		return pattern == host
	}
	want, got := strings.Split(pattern, "."), strings.Split(host, ".")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if ok, err := path.Match(want[i], got[i]); err != nil || !ok {
			return false
		}
	}
	return true
}

func folderMatches(folder, name string) bool {
	return folder == "" || name == folder || strings.HasPrefix(name, folder+"/")
}

func (a dockerAuth) credentials() (user, password, token string, err error) {
	if a.IdentityToken != "" {
		return IdentityToken, a.IdentityToken, "", nil
	}
	user, password = a.Username, a.Password
	if a.Auth != "" {
		raw, err := base64.StdEncoding.DecodeString(a.Auth)
		if err != nil {
			return "", "", "", fault.Newf(fault.Unauthorized, "read docker config", "auth", "not base64")
		}
		user, password, _ = strings.Cut(strings.TrimRight(string(raw), "\x00"), ":")
	}
	return user, password, a.RegistryToken, nil
}

// helper returns the name of the program that has the credentials of a registry.
func (f dockerFile) helper(registry string) string {
	if name, named := f.named(registry); named {
		return name
	}
	return f.CredsStore
}

// named returns the helper that is named for this one registry.
func (f dockerFile) named(registry string) (string, bool) {
	for key, name := range f.CredHelpers {
		if host, _ := splitKey(key); host == registry {
			return name, true
		}
	}
	return "", false
}

var helperName = regexp.MustCompile(`\A[A-Za-z0-9_][A-Za-z0-9_.-]*\z`)

// runHelper asks a docker-credential program. Having no credentials is no error.
func runHelper(ctx context.Context, name, registry string) (user, password string, err error) {
	if !helperName.MatchString(name) {
		return "", "", fault.Newf(fault.Unauthorized, "run credential helper", clip(name), "not the name of a helper")
	}
	got, err := client.Get(helperProgram(ctx, "docker-credential-"+name), serverURL(registry))
	switch {
	case credentials.IsErrCredentialsNotFound(err):
		return "", "", nil
	case err != nil:
		// Its output is not repeated: nobody knows what a helper prints.
		return "", "", fault.Newf(fault.Unauthorized, "run credential helper", name, "it failed; \"echo %s | docker-credential-%s get\" shows why", serverURL(registry), name)
	}
	return got.Username, got.Secret, nil
}

// serverURL is the name under which Docker stores credentials.
func serverURL(registry string) string {
	if registry == dockerHub {
		return "https://index.docker.io/v1/"
	}
	return registry
}

// helperProgram starts helpers that end when the caller gives up.
func helperProgram(ctx context.Context, name string) client.ProgramFunc {
	return func(args ...string) client.Program {
		return &program{exec.CommandContext(ctx, name, args...)}
	}
}

type program struct{ command *exec.Cmd }

func (p *program) Input(in io.Reader) { p.command.Stdin = in }

// Output returns what the program prints, bounded.
func (p *program) Output() ([]byte, error) {
	out := bounded{most: maxConfig}
	p.command.Stdout = &out
	err := p.command.Run()
	return out.kept.Bytes(), err
}

// bounded keeps what is written to it, up to a limit. It is no [bytes.Buffer]
// itself: that would read on without asking Write.
type bounded struct {
	kept bytes.Buffer
	most int
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.kept.Len()+len(p) > b.most {
		return 0, io.ErrShortWrite
	}
	return b.kept.Write(p)
}
