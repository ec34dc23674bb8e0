package config_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	kubectl "sigs.k8s.io/yaml"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/registry"
)

var update = flag.Bool("update", false, "write docs/waxseal.schema.json")

const minimal = "version: 1\npolicies: {signed_images: {}}\n"

// problems returns what is wrong with a configuration that stands in dir.
func problems(t *testing.T, text, dir string) []string {
	t.Helper()
	_, err := config.Parse("w.yaml", []byte(text), dir)
	if err == nil {
		return nil
	}
	var e *config.Error
	require.ErrorAs(t, err, &e)
	var out []string
	for _, p := range e.Problems {
		out = append(out, strings.ReplaceAll(p.String(), dir, "DIR"))
	}
	return out
}

func publicKey(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return publicPEM(t, key.Public())
}

func publicPEM(t *testing.T, public any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func certificate(t *testing.T) []byte {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func write(t *testing.T, dir, name string, raw []byte) {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, raw, 0o600))
}

func TestEverything(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", "")
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	key, inline, chain := publicKey(t), publicKey(t), certificate(t)
	write(t, dir, "keys/cosign.pub", key)
	write(t, dir, "root.json", []byte(`{"mediaType": "x"}`))
	write(t, dir, "chain.pem", append(append([]byte{}, chain...), chain...))
	write(t, dir, "images/oci-layout", []byte("{}"))
	write(t, dir, "docker.json", []byte("{}"))
	write(t, dir, "pull.json", []byte(`{"auths": {}}`))
	text := `version: 1
policy: {owner: a, approver: b, review_date: 2027-06-01, version: "3"}
policies:
  signed_images:
    number: 1.50
    words: [no, 2026-12-01]
  pinned_digests:
keys:
  release.2026: {file: keys/cosign.pub, owner: o, purpose: p, approver: q, created: 2026-01-31, rotated: 2026-06-01}
  inline:
    pem: |
      ` + strings.ReplaceAll(strings.TrimSpace(string(inline)), "\n", "\n      ") + `
trust_roots:
  public: {public_good: true}
  own: {file: root.json}
  private: {tuf: {url: "https://tuf.example", root: root.json}, cache: tuf, mirror: "https://mirror.example/tuf"}
default_trust_root: own
origins: {Mirror.example/hub: docker.io}
signatures: [{images: [registry.example/team/**], repository: registry.example/signatures}]
certificates: {acme: {file: chain.pem}}
registries:
  Registry.Example:443: {ca: chain.pem, token_hosts: [Auth.example]}
  localhost:5000: {plain_http: true, mirrors: [mirror.example/local, "mirror.example:5000"], mirrors_only: true}
  index.docker.io: {layout: images}
hosts_only: true
credentials: {docker_config: docker.json, pull_secrets: [pull.json], cloud: [acr, ecr]}
cache: {dir: content, max_bytes: 2GiB}
limits:
  deadline: 1d2h
  listing_ttl: 0s
  cache_bytes: 1GiB
  manifest_bytes: 1048576
  retry_after: 1.5m
`
	write(t, dir, "waxseal.yaml", []byte(text))
	c, err := config.Load(filepath.Join(dir, "waxseal.yaml"))
	require.NoError(t, err)

	require.Equal(t, config.Policy{Owner: "a", Approver: "b", ReviewDate: time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC), Version: "3"}, c.Policy)
	require.Equal(t, map[string]any{
		"signed_images":  map[string]any{"number": json.Number("1.5"), "words": []any{"no", "2026-12-01"}},
		"pinned_digests": map[string]any{},
	}, c.Policies)
	require.Equal(t, map[string]config.Key{
		"release.2026": {PEM: key, File: "keys/cosign.pub", Owner: "o", Purpose: "p", Approver: "q", Created: time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC), Rotated: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)},
		"inline":       {PEM: inline},
	}, c.Keys)
	require.Equal(t, map[string]config.TrustRoot{
		"public":  {PublicGood: true, Cache: filepath.Join(cache, "waxseal", "tuf")},
		"own":     {File: "root.json", JSON: []byte(`{"mediaType": "x"}`)},
		"private": {TUF: &config.TUF{URL: "https://tuf.example", Root: []byte(`{"mediaType": "x"}`), File: "root.json"}, Cache: filepath.Join(dir, "tuf"), Mirror: "https://mirror.example/tuf"},
	}, c.TrustRoots)
	require.False(t, c.Offline)
	require.Equal(t, map[string]string{"Mirror.example/hub": "docker.io"}, c.Origins)
	require.Equal(t, map[string]any{"Mirror.example/hub": "docker.io"}, c.Parameters()["origins"], "policies judge by them")
	require.Equal(t, []config.Signatures{{Images: []string{"registry.example/team/**"}, Repository: "registry.example/signatures"}}, c.Signatures)
	require.Equal(t, "own", c.DefaultTrustRoot)
	require.Equal(t, map[string]config.Certificate{"acme": {PEM: append(append([]byte{}, chain...), chain...), File: "chain.pem"}}, c.Certificates)
	require.Equal(t, map[string]config.Registry{
		"registry.example": {CA: append(append([]byte{}, chain...), chain...), TokenHosts: []string{"auth.example"}},
		"localhost:5000":   {PlainHTTP: true, Mirrors: []string{"mirror.example/local", "mirror.example:5000"}, MirrorsOnly: true},
		"docker.io":        {Layout: filepath.Join(dir, "images")},
	}, c.Registries)
	require.True(t, c.HostsOnly)
	require.Equal(t, filepath.Join(dir, "docker.json"), c.Credentials.DockerConfig)
	require.Len(t, c.Credentials.PullSecrets, 1)
	require.Equal(t, []string{"acr", "ecr"}, c.Credentials.Cloud)
	require.Equal(t, `{"auths": {}}`, string(c.Credentials.PullSecrets[0].Raw()))

	require.Equal(t, config.Cache{Dir: filepath.Join(dir, "content"), MaxBytes: 2 << 30}, c.Cache)
	want := config.Limits{Deadline: 26 * time.Hour, ListingTTL: -1, CacheBytes: 1 << 30, Registry: registry.DefaultLimits()}
	want.Registry.ManifestBytes = 1 << 20
	want.Registry.RetryAfter = 90 * time.Second
	require.Equal(t, want, c.Limits)

	require.Equal(t, c.File+":4:3", c.Position("policies.signed_images"))
	require.Equal(t, c.File+":6:13", c.Position("policies.signed_images.words[0]"))
	require.Equal(t, c.File+":9:3: keys.release.2026: unused", c.Problem("keys.release.2026", "unused").String())
}

func TestDefaults(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	c, err := config.Parse("w.yaml", []byte(minimal), "")
	require.NoError(t, err)
	require.Equal(t, config.Limits{
		Deadline: 30 * time.Second, ListingTTL: 30 * time.Second, CacheBytes: 64 << 20, Registry: registry.DefaultLimits(),
	}, c.Limits)
	require.Empty(t, c.Credentials.DockerConfig, "the user has none")
	require.Empty(t, c.Credentials.Cloud, "no cloud is asked unless it is named")
	require.Empty(t, c.DefaultTrustRoot)
	require.Empty(t, c.Cache, "content is kept in memory only")
	require.False(t, c.HostsOnly)

	none := config.Default()
	require.Empty(t, none.Policies)
	require.Equal(t, c.Limits, none.Limits)
	require.Equal(t, c.Credentials, none.Credentials)
	require.Equal(t, "x: y", none.Problem("x", "y").String(), "there is no file to point to")
}

func TestDockerConfig(t *testing.T) {
	home := t.TempDir()
	t.Setenv("DOCKER_CONFIG", "")
	t.Setenv("HOME", home)
	write(t, home, ".docker/config.json", []byte("{}"))
	for setting, want := range map[string]string{
		"":      filepath.Join(home, ".docker/config.json"),
		"true":  filepath.Join(home, ".docker/config.json"),
		"false": "",
	} {
		text := minimal
		if setting != "" {
			text += "credentials: {docker_config: " + setting + "}\n"
		}
		c, err := config.Parse("w.yaml", []byte(text), "")
		require.NoError(t, err)
		require.Equal(t, want, c.Credentials.DockerConfig, setting)
	}
}

func TestASingleTrustRootIsTheDefault(t *testing.T) {
	c, err := config.Parse("w.yaml", []byte(minimal+"trust_roots: {only: {public_good: true}}"), "")
	require.NoError(t, err)
	require.Equal(t, "only", c.DefaultTrustRoot)
	c, err = config.Parse("w.yaml", []byte(minimal+"trust_roots: {a: {public_good: true}, b: {public_good: true}}"), "")
	require.NoError(t, err)
	require.Empty(t, c.DefaultTrustRoot)
}

// Each row is one mistake, and the only problem that is reported.
func TestMistakes(t *testing.T) {
	dir := t.TempDir()
	good := publicKey(t)
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	write(t, dir, "good.pub", good)
	write(t, dir, "two.pub", append(append([]byte{}, good...), good...))
	write(t, dir, "empty.pub", nil)
	write(t, dir, "text.pub", []byte("hello"))
	write(t, dir, "object.json", []byte("{}"))
	write(t, dir, "broken.pub", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("x")}))
	write(t, dir, "private.pub", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	write(t, dir, "other.pub", pem.EncodeToMemory(&pem.Block{Type: "OTHER", Bytes: der}))
	write(t, dir, "chain.pem", certificate(t))
	write(t, dir, "broken.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}))
	write(t, dir, "huge.pub", bytes.Repeat([]byte("x"), 1<<20+1))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "folder"), 0o755))
	write(t, dir, "layout/oci-layout", []byte("{}"))

	for name, row := range map[string]struct{ text, want string }{
		"empty":             {"", "w.yaml: empty; `waxseal init` writes a starter"},
		"only comments":     {"# nothing\n", "w.yaml: empty; `waxseal init` writes a starter"},
		"a list":            {"- a", `w.yaml:1:1: expected an object with cache, certificates, credentials, default_trust_root, hosts_only, keys, limits, notary, notation, offline, origins, policies, policy, registries, signatures, trust_roots, version, workloads, found a list`},
		"tab":               {"version: 1\npolicies:\n\tx: {}", "w.yaml:3:1: the line is indented with a tab; YAML wants spaces"},
		"two documents":     {minimal + "---\n" + minimal, "w.yaml: this is not YAML: a second document begins where the end was expected"},
		"equal keys":        {minimal + "version: 1", `w.yaml:3:1: the key "version" stands twice, first in line 1`},
		"aliases explode":   {minimal + bomb(), "w.yaml:5:5: b1: aliases expand to more than 10000 values"},
		"not YAML":          {"version: [", "w.yaml:1: this is not YAML: did not find expected node content"},
		"unknown key":       {minimal + "registrys: {}", "w.yaml:3:1: registrys: unknown key; did you mean registries?"},
		"camel case":        {minimal + "trustRoots: {}", "w.yaml:3:1: trustRoots: unknown key; did you mean trust_roots?"},
		"unknown inner key": {minimal + "credentials: {user: x}", "w.yaml:3:15: credentials.user: unknown key; expected cloud, docker_config, pull_secrets"},
		"no version":        {"policies: {a: {}}", "w.yaml:1:1: version: missing: the version of this format; write version: 1"},
		"other version":     {"version: 2\npolicies: {a: {}}", "w.yaml:1:10: version: expected 1, the only version there is, found 2"},
		"text for version":  {"version: \"1\"\npolicies: {a: {}}", `w.yaml:1:10: version: expected 1, the only version there is, found "1"`},
		"policy name":       {"version: 1\npolicies: {Signed-Images: {}, a: {}}", `w.yaml:2:12: policies: "Signed-Images" is not the name of a policy, such as signed_images`},
		"parameters":        {"version: 1\npolicies: {a: true}", "w.yaml:2:15: policies.a: expected an object of parameters, found true"},
		"number for text":   {minimal + "policy: {version: 1.0}", "w.yaml:3:19: policy.version: expected text, found 1: put it in quotes"},
		"empty text":        {minimal + "policy: {owner: ' '}", `w.yaml:3:17: policy.owner: expected text, found " "`},
		"date":              {minimal + "policy: {review_date: next year}", `w.yaml:3:23: policy.review_date: expected a date such as 2026-11-21, found "next year"`},
		"impossible date":   {minimal + "policy: {review_date: 2026-02-30}", `w.yaml:3:23: policy.review_date: expected a date such as 2026-11-21, found "2026-02-30"`},
		"word for boolean":  {minimal + "hosts_only: yes", `w.yaml:3:13: hosts_only: expected true or false, found "yes"`},
		"nobody allowed":    {minimal + "hosts_only: true", `w.yaml:3:1: hosts_only: allows only the hosts in registries, and none is listed`},

		"key of nothing":     {minimal + "keys: {k: {owner: a}}", "w.yaml:3:11: keys.k: needs one of file, pem, kms"},
		"key of two places":  {minimal + "keys: {k: {file: good.pub, pem: x}}", "w.yaml:3:11: keys.k: has file and pem; keep one of them"},
		"key in a KMS":       {minimal + "keys: {k: {kms: 'awskms:///k'}}", "w.yaml:3:12: keys.k.kms: this build of Waxseal has no KMS client; export the public key (cosign public-key --key awskms:///k) and name it with file"},
		"key is missing":     {minimal + "keys: {k: {file: gone.pub}}", "w.yaml:3:12: keys.k.file: DIR/gone.pub cannot be read: no such file or directory"},
		"key is a folder":    {minimal + "keys: {k: {file: folder}}", "w.yaml:3:12: keys.k.file: DIR/folder is a folder; a file was expected"},
		"key is huge":        {minimal + "keys: {k: {file: huge.pub}}", "w.yaml:3:12: keys.k.file: DIR/huge.pub has more than 1048576 bytes"},
		"key is empty":       {minimal + "keys: {k: {file: empty.pub}}", "w.yaml:3:12: keys.k.file: empty.pub is empty; expected a PEM public key"},
		"key is text":        {minimal + "keys: {k: {file: text.pub}}", "w.yaml:3:12: keys.k.file: not a PEM public key; expected -----BEGIN PUBLIC KEY-----"},
		"key is private":     {minimal + "keys: {k: {file: private.pub}}", "w.yaml:3:12: keys.k.file: this is a private key; Waxseal wants the public one and must never see this one (cosign public-key --key … prints it)"},
		"key is certificate": {minimal + "keys: {k: {file: chain.pem}}", "w.yaml:3:12: keys.k.file: this is a certificate; put it under certificates"},
		"key is other":       {minimal + "keys: {k: {file: other.pub}}", `w.yaml:3:12: keys.k.file: holds a PEM block "OTHER"; expected PUBLIC KEY`},
		"two keys":           {minimal + "keys: {k: {file: two.pub}}", "w.yaml:3:12: keys.k.file: holds more than one key; give each its own name"},
		"inline key is text": {minimal + "keys: {k: {pem: x}}", "w.yaml:3:12: keys.k.pem: not a PEM public key; expected -----BEGIN PUBLIC KEY-----"},
		"name of a key":      {minimal + "keys: {\"a b\": {file: good.pub}}", `w.yaml:3:8: keys: "a b" is not a name (letters, digits, dots, dashes and underscores)`},
		"number for a name":  {minimal + "keys: {1: {file: good.pub}}", `w.yaml:3:8: keys: a key must be text, found a number: put "1" in quotes`},

		"root of nothing":  {minimal + "trust_roots: {r: {}}", "w.yaml:3:18: trust_roots.r: needs one of file, public_good, tuf"},
		"root is no root":  {minimal + "trust_roots: {r: {public_good: false}}", "w.yaml:3:19: trust_roots.r.public_good: false says nothing; remove the trust root or name its file"},
		"root is not JSON": {minimal + "trust_roots: {r: {file: text.pub}}", "w.yaml:3:19: trust_roots.r.file: text.pub is not JSON; expected a trusted_root.json"},
		"TUF of nowhere":   {minimal + "trust_roots: {r: {tuf: {root: object.json}}}", "w.yaml:3:24: trust_roots.r.tuf.url: missing: address of the TUF repository, with https://"},
		"TUF without root": {minimal + "trust_roots: {r: {tuf: {url: 'https://a'}}}", "w.yaml:3:24: trust_roots.r.tuf.root: missing: path of the root.json to start from"},
		"TUF root is text": {minimal + "trust_roots: {r: {tuf: {url: 'https://a', root: text.pub}}}", "w.yaml:3:43: trust_roots.r.tuf.root: text.pub is not JSON; expected a root.json"},
		"cache of a file":  {minimal + "trust_roots: {r: {file: object.json, cache: x}}", "w.yaml:3:38: trust_roots.r.cache: has no use with file; remove it"},
		"mirror of a file": {minimal + "trust_roots: {r: {file: object.json, mirror: x}}", "w.yaml:3:38: trust_roots.r.mirror: has no use with file; remove it"},
		"unknown root":     {minimal + "trust_roots: {public: {public_good: true}}\ndefault_trust_root: pubic", "w.yaml:4:1: default_trust_root: no trust root is named pubic; did you mean public?"},
		"root of no roots": {minimal + "default_trust_root: x", "w.yaml:3:1: default_trust_root: no trust root is named x"},
		"chain of nothing": {minimal + "certificates: {c: {}}", "w.yaml:3:19: certificates.c.file: missing: path of a PEM file with the chain, the root last"},
		"chain is text":    {minimal + "certificates: {c: {file: text.pub}}", "w.yaml:3:20: certificates.c.file: text.pub holds no certificate; expected -----BEGIN CERTIFICATE-----"},
		"chain is a key":   {minimal + "certificates: {c: {file: good.pub}}", `w.yaml:3:20: certificates.c.file: good.pub holds a PEM block "PUBLIC KEY"; expected only CERTIFICATE`},

		"host with scheme":     {minimal + "registries: {\"https://a.example\": {}}", `w.yaml:3:14: registries: "https://a.example" is not a host, with its port if it has one, such as registry.example:5000; without https:// and without a path`},
		"host is a path":       {minimal + "registries: {team: {}}", `w.yaml:3:14: registries.team: "team" is not a registry's host: images name a host by a dot, a port, or as localhost`},
		"host twice":           {minimal + "registries: {docker.io: {}, index.docker.io: {}}", `w.yaml:3:29: registries["index.docker.io"]: the same host as another entry: both are docker.io`},
		"not a layout":         {minimal + "registries: {a.example: {layout: folder}}", `w.yaml:3:26: registries["a.example"].layout: DIR/folder is not an OCI layout: it has no readable file oci-layout`},
		"CA for plain HTTP":    {minimal + "registries: {a.example: {ca: chain.pem, plain_http: true}}", `w.yaml:3:26: registries["a.example"].ca: has no use with plain_http; keep one of them`},
		"token host is an URL": {minimal + "registries: {a.example: {token_hosts: [\"https://x\"]}}", `w.yaml:3:40: registries["a.example"].token_hosts[0]: "https://x" is not a host, with its port if it has one, such as registry.example:5000; without https:// and without a path`},
		"token hosts is text":  {minimal + "registries: {a.example: {token_hosts: x}}", `w.yaml:3:39: registries["a.example"].token_hosts: expected a list, found "x"`},

		"mirrors of nothing":    {minimal + "registries: {a.example: {mirrors_only: true}}", `w.yaml:3:26: registries["a.example"].mirrors_only: allows only the mirrors of this host, and none is listed; add mirrors`},
		"mirror with a scheme":  {minimal + "registries: {a.example: {mirrors: [\"https://x.example\"]}}", `w.yaml:3:36: registries["a.example"].mirrors[0]: "https://x.example" is not a host, or a host with a path, such as mirror.example/dockerhub; without https:// and without a tag`},
		"mirror that is a path": {minimal + "registries: {a.example: {mirrors: [b.example, hub]}}", `w.yaml:3:47: registries["a.example"].mirrors[1]: "hub" is not a host, or a host with a path, such as mirror.example/dockerhub; without https:// and without a tag`},
		"mirrors of a folder":   {minimal + "registries: {a.example: {layout: layout, mirrors: [b.example]}}", `w.yaml:3:42: registries["a.example"].mirrors: a host that is a folder has no use for mirrors; keep one of them`},

		"origin of a path":      {minimal + "origins: {hub/x: docker.io}", `w.yaml:3:11: origins["hub/x"]: "hub/x" is not a host, or a host with a path, such as mirror.example/dockerhub; without https:// and without a tag`},
		"origin that is a tag":  {minimal + "origins: {b.example: \"docker.io/nginx:1\"}", `w.yaml:3:11: origins["b.example"]: "docker.io/nginx:1" is not a host, or a host with a path, such as mirror.example/dockerhub; without https:// and without a tag`},
		"origin with an origin": {minimal + "origins: {a.example: b.example/x, b.example: docker.io}", `w.yaml:3:1: origins: configure origins "a.example": its origin b.example/x has an origin itself, by the entry b.example`},
		"signatures of nothing": {minimal + "signatures: [{images: [], repository: a.example/s}]", `w.yaml:3:15: signatures[0].images: names no image; write at least one pattern`},
		"signatures by a path":  {minimal + "signatures: [{images: [team/*], repository: a.example/s}]", `w.yaml:3:24: signatures[0].images[0]: "team/*" is not a pattern: write host/path, with * for any characters of one segment and a last ** for the rest`},
		"signatures not listed": {minimal + "signatures: [{images: [a.example], repository: b.example/s}]\nregistries: {a.example: {mirrors: [c.example/x]}}\nhosts_only: true", `w.yaml:3:36: signatures[0].repository: only the hosts in registries may be contacted; add b.example there`},
		"signatures at a tag":   {minimal + "signatures: [{images: [a.example], repository: \"a.example/s:1\"}]", `w.yaml:3:36: signatures[0].repository: "a.example/s:1" is not a repository; write host/path, without a tag and without https://`},

		"Docker config":           {minimal + "credentials: {docker_config: gone}", "w.yaml:3:15: credentials.docker_config: DIR/gone cannot be read: no such file or directory"},
		"Docker config is number": {minimal + "credentials: {docker_config: 1}", "w.yaml:3:30: credentials.docker_config: expected a path, true or false, found 1: put it in quotes"},
		"cloud":                   {minimal + "credentials: {cloud: [ecr, gcp]}", `w.yaml:3:28: credentials.cloud[1]: expected text, found "gcp": there are acr, ecr, gar`},
		"pull secret":             {minimal + "credentials: {pull_secrets: [text.pub]}", "w.yaml:3:30: credentials.pull_secrets[0]: text.pub is not JSON; expected what stands in .dockerconfigjson of the secret, decoded"},

		"duration without unit": {minimal + "limits: {deadline: 30}", "w.yaml:3:20: limits.deadline: expected a duration such as 30s, 5m or 1d, found 30: add a unit, such as 30s"},
		"duration of weeks":     {minimal + "limits: {deadline: 1w}", `w.yaml:3:20: limits.deadline: expected a duration such as 30s, 5m or 1d, found "1w": the units are s, m, h and d`},
		"negative duration":     {minimal + "limits: {deadline: -1s}", `w.yaml:3:20: limits.deadline: expected a duration such as 30s, 5m or 1d, found "-1s": the units are s, m, h and d`},
		"no duration":           {minimal + "limits: {deadline: 0s}", `w.yaml:3:20: limits.deadline: expected a duration such as 30s, 5m or 1d, found "0s": out of range`},
		"endless duration":      {minimal + "limits: {deadline: 99999999999d}", `w.yaml:3:20: limits.deadline: expected a duration such as 30s, 5m or 1d, found "99999999999d": out of range`},
		"size in MB":            {minimal + "limits: {blob_bytes: 1MB}", `w.yaml:3:22: limits.blob_bytes: expected a number of bytes such as 1048576 or 4MiB, found "1MB": the units are KiB, MiB and GiB`},
		"no size":               {minimal + "limits: {blob_bytes: 0}", `w.yaml:3:22: limits.blob_bytes: expected a number of bytes such as 1048576 or 4MiB, found 0`},
		"count of none":         {minimal + "limits: {layers: 0}", `w.yaml:3:18: limits.layers: expected a whole number from 1, found 0`},
		"count of halves":       {minimal + "limits: {layers: 1.5}", `w.yaml:3:18: limits.layers: expected a whole number from 1, found 1.5`},
		"huge count":            {minimal + "limits: {layers: 9999999999}", `w.yaml:3:18: limits.layers: expected a whole number from 1, found 9999999999`},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, []string{row.want}, problems(t, row.text, dir))
		})
	}

	t.Run("broken key", func(t *testing.T) {
		got := problems(t, minimal+"keys: {k: {file: broken.pub}}", dir)
		require.Len(t, got, 1)
		require.Contains(t, got[0], "w.yaml:3:12: keys.k.file: the public key cannot be read: ")
	})
	t.Run("broken certificate", func(t *testing.T) {
		got := problems(t, minimal+"certificates: {c: {file: broken.pem}}", dir)
		require.Len(t, got, 1)
		require.Contains(t, got[0], "w.yaml:3:20: certificates.c.file: broken.pem: certificate 1 cannot be read: ")
	})
}

func bomb() string {
	text := "a: &a [x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x]\n"
	for _, name := range []string{"b", "b1", "c"} {
		prev := map[string]string{"b": "a", "b1": "b", "c": "b1"}[name]
		text += name + ": &" + name + " [" + strings.TrimSuffix(strings.Repeat("*"+prev+",", 32), ",") + "]\n"
	}
	return text
}

func TestAllProblemsAtOnce(t *testing.T) {
	dir := t.TempDir()
	require.Equal(t, []string{
		"w.yaml:1:10: version: expected 1, the only version there is, found 3",
		"w.yaml:2:1: policis: unknown key; did you mean policies?",
		"w.yaml:3:11: keys.k: needs one of file, pem, kms",
		"w.yaml:4:20: limits.deadline: expected a duration such as 30s, 5m or 1d, found 5: add a unit, such as 5s",
		"w.yaml:5:1: hosts_only: allows only the hosts in registries, and none is listed",
	}, problems(t, "version: 3\npolicis: {a: {}}\nkeys: {k: {}}\nlimits: {deadline: 5}\nhosts_only: true\npolicies: {a: {}}\n", dir))
}

func TestErrorHasOneLinePerProblem(t *testing.T) {
	_, err := config.Parse("w.yaml", []byte("version: 2\nofline: true"), "")
	require.EqualError(t, err, "w.yaml:1:10: version: expected 1, the only version there is, found 2\n"+
		"w.yaml:2:1: ofline: unknown key; did you mean offline?")
}

func TestLoadMissing(t *testing.T) {
	_, err := config.Load(filepath.Join(t.TempDir(), "waxseal.yaml"))
	var e *config.Error
	require.True(t, errors.As(err, &e))
	require.Contains(t, err.Error(), "cannot be read: no such file or directory; `waxseal init` writes a starter")
}

func TestKinds(t *testing.T) {
	dir := t.TempDir()
	ed, _, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	write(t, dir, "ed.pub", publicPEM(t, ed))
	write(t, dir, "rsa.pub", publicPEM(t, r.Public()))
	write(t, dir, "pkcs1.pub", pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&r.PublicKey)}))
	require.Empty(t, problems(t, minimal+"keys: {a: {file: ed.pub}, b: {file: rsa.pub}, c: {file: pkcs1.pub}}", dir))
}

func TestSecretsAreNotPrinted(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "pull.json", []byte(`{"auths": {"a": {"auth": "hunter2"}}}`))
	c, err := config.Parse("w.yaml", []byte(minimal+"credentials: {pull_secrets: [pull.json], docker_config: false}"), dir)
	require.NoError(t, err)
	printed := fmt.Sprintf("%v %+v %#v %s", c.Credentials, c.Credentials, c.Credentials, c.Credentials.PullSecrets[0])
	asJSON, err := json.Marshal(c.Credentials)
	require.NoError(t, err)
	require.NotContains(t, printed+string(asJSON), "hunter2")
	require.NotContains(t, printed, "104 117 110", "nor as bytes")
}

func TestSuggest(t *testing.T) {
	known := []string{"signed_images", "pinned_digests"}
	require.Equal(t, "; did you mean signed_images?", config.Suggest("signed-image", known))
	require.Empty(t, config.Suggest("xyz", known))
}

func TestTemplateLoads(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "cosign.pub", publicKey(t))
	write(t, dir, "waxseal.yaml", config.Template())
	c, err := config.Load(filepath.Join(dir, "waxseal.yaml"))
	require.NoError(t, err)
	require.Contains(t, c.Keys, "release")
}

// What the starter shows in comments must load as well, once it is uncommented.
func TestTemplateUncommented(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"trusted_root.json", "root.json", "pull-secret.json", "images/oci-layout"} {
		write(t, dir, name, []byte("{}"))
	}
	write(t, dir, "cosign.pub", publicKey(t))
	for _, name := range []string{"chain.pem", "ca.pem"} {
		write(t, dir, name, certificate(t))
	}
	require.Equal(t, []string{ // and no other: no KMS is linked here
		"w.yaml:46:13: keys.nightly.kms: this build of Waxseal has no KMS client; export the public key (cosign public-key --key awskms:///alias/nightly) and name it with file",
	}, problems(t, uncommented(), dir))
	for _, section := range []string{"trust_roots", "certificates", "registries", "hosts_only", "credentials", "limits"} {
		require.Contains(t, uncommented(), "\n"+section+":", "nothing was uncommented")
	}
}

// uncommented turns comments that are settings into settings: "# key:" and
// what is indented below it.
func uncommented() string {
	setting := regexp.MustCompile(`^( *)# ( *[a-z_.0-9]+:.*|- name: .*|  .*)$`)
	var out []string
	for _, line := range strings.Split(string(config.Template()), "\n") {
		if m := setting.FindStringSubmatch(line); m != nil && !strings.Contains(line, "yaml-language-server") && !strings.Contains(line, "Try it") {
			line = m[1] + m[2]
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

func parameterSchemas(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("../../rego/lib/waxseal/policy/*/parameters.json")
	require.NoError(t, err)
	out := map[string][]byte{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		out[filepath.Base(filepath.Dir(file))] = raw
	}
	return out
}

func compile(t *testing.T, raw []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	require.NoError(t, c.AddResource(config.SchemaID, doc))
	s, err := c.Compile(config.SchemaID)
	require.NoError(t, err)
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, text string) error {
	t.Helper()
	raw, err := kubectl.YAMLToJSON([]byte(text))
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	require.NoError(t, err)
	return s.Validate(doc)
}

func TestSchemaAgreesWithTheReader(t *testing.T) {
	raw, err := config.Schema(nil)
	require.NoError(t, err)
	s := compile(t, raw)
	require.NoError(t, validate(t, s, string(config.Template())))
	require.NoError(t, validate(t, s, uncommented()))
	require.NoError(t, validate(t, s, minimal+"limits: {listing_ttl: 0s, deadline: 1d12h}\nkeys:\n"))
	for _, text := range []string{
		"version: 2\npolicies: {a: {}}", "version: 1\npolicies: {a: 1}", minimal + "x: 1",
		minimal + "keys: {k: {}}", minimal + "keys: {k: {file: a, pem: b}}", minimal + "keys: {\"a b\": {file: a}}",
		minimal + "limits: {deadline: 30}", minimal + "limits: {layers: 0}", minimal + "limits: {blob_bytes: 1MB}",
		minimal + "policy: {review_date: soon}", minimal + "policy: {owner: ' '}", minimal + "hosts_only: 1",
		minimal + "registries: {\"https://a\": {}}", minimal + "certificates: {a: {}}", minimal + "credentials: {docker_config: 1}", minimal + "credentials: {cloud: [gcp]}",
	} {
		require.Error(t, validate(t, s, text), text)
		_, err := config.Parse("w.yaml", []byte(text), t.TempDir())
		require.Error(t, err, text)
	}
}

func TestSchemaOfPolicies(t *testing.T) {
	raw, err := config.Schema(map[string][]byte{"signed_images": []byte(`{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "x",
		"type": "object", "additionalProperties": false,
		"properties": {"a": {"$ref": "#/$defs/word"}, "$ref": {"type": "string"}}, "$defs": {"word": {"type": "string"}}}`)})
	require.NoError(t, err)
	s := compile(t, raw)
	require.NoError(t, validate(t, s, "version: 1\npolicies: {signed_images: {a: b}}"))
	require.Error(t, validate(t, s, "version: 1\npolicies: {signed_images: {a: 1}}"))
	require.Error(t, validate(t, s, "version: 1\npolicies: {signed_images: {b: x}}"))
	require.Error(t, validate(t, s, "version: 1\npolicies: {signed_image: {}}"), "unknown policy")

	_, err = config.Schema(map[string][]byte{"x": []byte("{")})
	require.ErrorContains(t, err, "schema of the parameters of x: ")
}

// docs/waxseal.schema.json is generated: go test ./builtins/config -update.
func TestPublishedSchema(t *testing.T) {
	schemas := parameterSchemas(t)
	raw, err := config.Schema(schemas)
	require.NoError(t, err)
	const published = "../../docs/waxseal.schema.json"
	if *update {
		require.NoError(t, os.WriteFile(published, raw, 0o644))
	}
	want, err := os.ReadFile(published)
	require.NoError(t, err)
	require.Equal(t, string(want), string(raw), "run go test ./builtins/config -update")
	s := compile(t, raw)
	require.NoError(t, validate(t, s, string(config.Template())))
	require.NoError(t, validate(t, s, uncommented()))
}

// Whatever the text, there is a configuration or an error with a text, never a panic.
func FuzzParse(f *testing.F) {
	f.Add(minimal)
	f.Add(string(config.Template()))
	f.Add("version: 1\npolicies: {a: }\nregistries: {localhost: {layout: .}}\nlimits: {deadline: 1d}")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		c, err := config.Parse("w.yaml", []byte(text), dir)
		require.NotEqual(t, c == nil, err == nil)
		if err == nil {
			require.Equal(t, "w.yaml", c.File)
			return
		}
		var e *config.Error
		require.ErrorAs(t, err, &e)
		require.NotEmpty(t, e.Problems)
	})
}
