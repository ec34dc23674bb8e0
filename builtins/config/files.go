package config

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/registry"
)

// maxRoot bounds a trusted_root.json.
const maxRoot = 8 << 20

// loader reads what the configuration names.
type loader struct {
	*checker
	root *document.Node
	dir  string
	kms  map[string]fetched // by the names of the keys
}

func (l *loader) failAt(path, format string, args ...any) {
	line, column := l.root.Locate(path)
	l.problems = append(l.problems, Problem{
		File: l.file, Line: line, Column: column, Path: path, Text: fmt.Sprintf(format, args...),
	})
}

func (l *loader) config(w *wire) *Config {
	limits := w.Limits.limits()
	forbidden := l.sealed(w)
	l.kms = fromKMS(w.Keys, limits.Registry.RequestTimeout)
	c := &Config{
		File: l.file, Dir: l.dir, root: l.root,
		Policy: w.Policy, Policies: w.Policies, Workloads: w.Workloads, HostsOnly: w.HostsOnly, Offline: w.Offline, Limits: limits,
		Keys:         each(w.Keys, l.key),
		TrustRoots:   each(w.TrustRoots, l.trustRoot),
		Certificates: each(w.Certificates, l.certificate),
		Notation:     each(w.Notation, l.notation),
		Notaries:     each(w.Notary, l.notary),
		Registries:   l.registries(w),
		Credentials:  l.credentials(w),
		Cache:        Cache{Dir: l.path(w.Cache.Dir), MaxBytes: w.Cache.MaxBytes},
	}
	for _, name := range forbidden {
		c.Keys[name] = Key{} // the name is known: parameters that use it are not wrong
	}
	if c.Cache.Dir != "" && c.Cache.MaxBytes == 0 {
		c.Cache.MaxBytes = 1 << 30
	}
	l.helpers(c.Offline, c.Credentials.DockerConfig)
	c.DefaultTrustRoot = l.defaultRoot(w)
	c.Origins, c.Signatures = l.origins(w), l.signatures(w)
	return c
}

func each[From, To any](from map[string]From, read func(string, From) To) map[string]To {
	out := make(map[string]To, len(from))
	for name, entry := range from {
		out[name] = read(name, entry)
	}
	return out
}

func (l *loader) path(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(l.dir, path)
}

func readFile(path string, most int) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s cannot be read: %w", path, cause(err))
	case info.IsDir():
		return nil, fmt.Errorf("%s is a folder; a file was expected", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", path, cause(err))
	}
	raw, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	_ = f.Close() // it was only read
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s cannot be read: %w", path, cause(err))
	case len(raw) > most:
		return nil, fmt.Errorf("%s has more than %d bytes", path, most)
	}
	return raw, nil
}

func cause(err error) error {
	var of *fs.PathError
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

// read returns what stands in a file that a field names, nil after a problem.
func (l *loader) read(field, path string, most int) []byte {
	if path == "" {
		return nil
	}
	raw, err := readFile(l.path(path), most)
	if err != nil {
		l.failAt(field, "%s", err)
		return nil
	}
	return raw
}

func (l *loader) key(name string, w wireKey) Key {
	field, where := Join("keys", name), ".pem"
	k := Key{Owner: w.Owner, Purpose: w.Purpose, Approver: w.Approver, Created: w.Created, Rotated: w.Rotated, File: w.File, KMS: w.KMS, Fingerprint: w.Fingerprint}
	k.Refresh, k.MaxStale = l.schedule(field, w)
	switch {
	case w.KMS != "":
		where = ".kms"
		if k.PEM = l.kms[name].pem; k.PEM == nil {
			l.failAt(field+where, "%s", l.kms[name].err)
		}
	case w.File != "":
		where = ".file"
		k.PEM = l.read(field+where, w.File, maxBytes)
	default:
		k.PEM = []byte(w.PEM)
	}
	if len(k.PEM) > 0 {
		l.check(field, where, k)
	} else if w.File != "" && k.PEM != nil {
		l.failAt(field+where, "%s is empty; expected a PEM public key", w.File)
	}
	return k
}

func (l *loader) trustRoot(name string, w wireRoot) TrustRoot {
	field := Join("trust_roots", name)
	if w.PublicGood != nil && !*w.PublicGood {
		l.failAt(field+".public_good", "false says nothing; remove the trust root or name its file")
	}
	root := TrustRoot{File: w.File, PublicGood: w.PublicGood != nil && *w.PublicGood, Cache: l.path(w.Cache), Mirror: w.Mirror}
	if w.TUF != nil {
		root.TUF = &TUF{URL: w.TUF.URL, File: w.TUF.Root}
		root.TUF.Root = l.object(field+".tuf.root", w.TUF.Root, "root.json")
	}
	if w.File != "" {
		root.JSON = l.object(field+".file", w.File, "trusted_root.json")
		if w.Cache != "" {
			l.failAt(field+".cache", "has no use with file; remove it")
		}
		if w.Mirror != "" {
			l.failAt(field+".mirror", "has no use with file; remove it")
		}
	} else if w.Cache == "" {
		root.Cache = usersTUFCache()
	}
	return root
}

// object returns a file that must hold a JSON object, nil after a problem.
func (l *loader) object(field, path, expected string) []byte {
	raw := l.read(field, path, maxRoot)
	var object map[string]json.RawMessage
	if raw != nil && json.Unmarshal(raw, &object) != nil {
		l.failAt(field, "%s is not JSON; expected a %s", path, expected)
	}
	return raw
}

// usersTUFCache returns the default folder for what comes by TUF. Who has no
// home, in a container say, keeps nothing.
func usersTUFCache() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "waxseal", "tuf")
}

func (l *loader) defaultRoot(w *wire) string {
	names := slices.Sorted(maps.Keys(w.TrustRoots))
	name := w.DefaultTrustRoot
	if name == "" && len(names) == 1 {
		return names[0]
	}
	if _, known := w.TrustRoots[name]; name != "" && !known {
		l.failAt("default_trust_root", "no trust root is named %s%s", name, oneOf(name, names))
	}
	return name
}

// oneOf helps with a name that does not exist.
func oneOf(name string, names []string) string {
	if hint := Suggest(name, names); hint != "" || len(names) == 0 {
		return hint
	}
	return "; there are " + list(names)
}

func (l *loader) certificate(name string, w wireFile) Certificate {
	field := Join("certificates", name) + ".file"
	raw := l.read(field, w.File, maxBytes)
	l.certificates(field, w.File, raw)
	return Certificate{PEM: raw, File: w.File}
}

func (l *loader) certificates(field, file string, raw []byte) {
	if raw == nil {
		return
	}
	found := 0
	for rest := raw; ; found++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			l.failAt(field, "%s holds a PEM block %q; expected only CERTIFICATE", file, clip(block.Type))
			return
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			l.failAt(field, "%s: certificate %d cannot be read: %s", file, found+1, err)
			return
		}
	}
	if found == 0 {
		l.failAt(field, "%s holds no certificate; expected -----BEGIN CERTIFICATE-----", file)
	}
}

func (l *loader) registries(w *wire) map[string]Registry {
	out := make(map[string]Registry, len(w.Registries))
	for _, written := range slices.Sorted(maps.Keys(w.Registries)) {
		field := Join("registries", written)
		host := l.host(field, written)
		if _, twice := out[host]; twice && host != "" {
			l.failAt(field, "the same host as another entry: both are %s", host)
		}
		out[host] = l.registry(field, w.Registries[written])
	}
	if w.HostsOnly && len(w.Registries) == 0 {
		l.failAt("hosts_only", "allows only the hosts in registries, and none is listed")
	}
	return out
}

// host returns the one spelling of a host, "" after a problem.
func (l *loader) host(field, written string) string {
	repository, err := registry.ParseRepository(written + "/name/name")
	if err != nil || repository.Name != "name/name" {
		l.failAt(field, "%q is not a registry's host: images name a host by a dot, a port, or as localhost", written)
		return ""
	}
	return repository.Registry
}

func (l *loader) registry(field string, w wireRegistry) Registry {
	r := Registry{Layout: l.path(w.Layout), PlainHTTP: w.PlainHTTP}
	if w.Layout != "" {
		l.layout(field, r.Layout, w)
	}
	r.Mirrors, r.MirrorsOnly = l.mirrors(field, w), w.MirrorsOnly
	if w.CA != "" && w.PlainHTTP {
		l.failAt(field+".ca", "has no use with plain_http; keep one of them")
	}
	if w.CA != "" {
		r.CA = l.read(field+".ca", w.CA, maxBytes)
		l.certificates(field+".ca", w.CA, r.CA)
	}
	r.TokenHosts = l.tokenHosts(field, w.TokenHosts)
	return r
}

func (l *loader) tokenHosts(field string, hosts []string) (out []string) {
	for i, host := range hosts {
		at := fmt.Sprintf("%s.token_hosts[%d]", field, i)
		if !hostText.MatchString(host) {
			l.failAt(at, "%q is not %s", clip(host), hostNaming)
			continue
		}
		out = append(out, strings.ToLower(host))
	}
	return out
}

func (l *loader) layout(field, dir string, w wireRegistry) {
	if w.PlainHTTP || w.CA != "" || len(w.TokenHosts) > 0 {
		l.failAt(field+".layout", "a host that is a folder is never contacted; remove plain_http, ca and token_hosts")
	}
	if _, err := os.Stat(filepath.Join(dir, "oci-layout")); err != nil {
		l.failAt(field+".layout", "%s is not an OCI layout: it has no readable file oci-layout", dir)
	}
}

func (l *loader) credentials(w *wire) Credentials {
	c := Credentials{DockerConfig: l.dockerConfig(w.Credentials.DockerConfig), Cloud: w.Credentials.Cloud}
	for i, file := range w.Credentials.PullSecrets {
		field := fmt.Sprintf("credentials.pull_secrets[%d]", i)
		raw := l.read(field, file, maxBytes)
		if raw != nil && !json.Valid(raw) {
			l.failAt(field, "%s is not JSON; expected what stands in .dockerconfigjson of the secret, decoded", file)
		}
		c.PullSecrets = append(c.PullSecrets, PullSecret{File: file, raw: raw})
	}
	return c
}

// dockerConfig returns the path of the Docker configuration. The user's own
// may be missing; one that was named must be there.
func (l *loader) dockerConfig(setting any) string {
	switch s := setting.(type) {
	case string:
		path := l.path(s)
		if _, err := readFile(path, maxBytes); err != nil {
			l.failAt("credentials.docker_config", "%s", err)
		}
		return path
	case bool:
		if !s {
			return ""
		}
	}
	return usersDockerConfig()
}

func usersDockerConfig() string {
	dir := os.Getenv("DOCKER_CONFIG")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		dir = filepath.Join(home, ".docker")
	}
	path := filepath.Join(dir, "config.json")
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}
