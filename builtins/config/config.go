// Package config reads waxseal.yaml, the operator's configuration, into a type
// that cannot be invalid: every file that it names has been read, every key in a
// KMS fetched, every name that it refers to exists.
//
// What is wrong with a configuration is the operator's mistake, and the answer
// is to refuse to start: [Load] and [Parse] return an [*Error] with everything
// that is wrong, each with file, line and column, what was expected, and what
// to do. It carries no fault code, because it never becomes an answer.
package config

import (
	"fmt"
	"maps"
	"time"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/notation"
	"github.com/waxseal/waxseal/builtins/registry"
)

// Config is a waxseal.yaml, read and checked.
type Config struct {
	// File is the name that messages use; Dir is where relative paths begin.
	File, Dir string
	// Policy says who answers for the file.
	Policy Policy
	// Policies holds the parameters of every policy that is on, each an object
	// (map[string]any) as encoding/json gives it, numbers as json.Number. Whether
	// the names exist and the parameters fit is for a [Check] of the caller; see
	// bundles/parameters.
	Policies map[string]any
	// Workloads says where kinds that are not known name containers and images.
	Workloads []any
	// Keys are the signing keys that policies may name.
	Keys map[string]Key
	// TrustRoots are the trust roots that policies may name; DefaultTrustRoot
	// is the one for requests that name none, "" when there is none. A single
	// root is the default without being called so.
	TrustRoots       map[string]TrustRoot
	DefaultTrustRoot string
	// Offline forbids every call but those to the hosts in Registries, to their
	// mirrors and to their token hosts.
	Offline bool
	// Certificates are private chains that policies may name.
	Certificates map[string]Certificate
	// Notation are trust policies of the Notary Project that policies may name.
	Notation map[string]notation.Source
	// Notaries are the servers of Docker Content Trust that policies may name.
	Notaries map[string]Notary
	// Registries says how hosts are reached; the names are normalised.
	// HostsOnly allows no other host.
	Registries map[string]Registry
	HostsOnly  bool
	// Origins say, by the place of a mirror, which place its images are judged
	// as: {"mirror.example/dockerhub": "docker.io"}.
	Origins map[string]string
	// Signatures name other repositories than the image's for its signatures
	// and attestations. The first whose patterns match counts.
	Signatures  []Signatures
	Credentials Credentials
	Cache       Cache
	Limits      Limits

	root *document.Node
}

// Default returns the configuration of those who have none: no policy, no key,
// the user's Docker credentials and the default limits.
func Default() *Config {
	return &Config{
		Policies:    map[string]any{},
		Credentials: Credentials{DockerConfig: usersDockerConfig()},
		Limits:      wireLimits{}.limits(),
	}
}

// Parameters are the parameters of the policies, and the tables of workloads and
// of origins among them, as the hosts of the library take them.
func (c *Config) Parameters() map[string]any {
	out := maps.Clone(c.Policies)
	if len(c.Workloads) > 0 {
		out["workloads"] = c.Workloads
	}
	if len(c.Origins) > 0 {
		origins := map[string]any{}
		for place, of := range c.Origins {
			origins[place] = of
		}
		out["origins"] = origins
	}
	return out
}

// Policy says who answers for a configuration.
type Policy struct {
	Owner      string    `json:"owner"`
	Approver   string    `json:"approver"`
	ReviewDate time.Time `json:"review_date,omitzero"`
	Version    string    `json:"version"`
}

// Key is a public key and its place in the inventory.
type Key struct {
	PEM      []byte
	File     string // "" when the key stands in waxseal.yaml itself, or in a KMS
	KMS      string // URI that the key was taken from when the configuration was loaded: a KMS, a Secret, a token
	Owner    string
	Purpose  string
	Approver string
	Created  time.Time // zero when unknown
	Rotated  time.Time // zero when unknown
	// Fingerprint is the one that the key must have, as [PinError] writes them; ""
	// takes any key.
	Fingerprint string
	// Refresh is how often the key is read again in processes that go on; 0 is
	// never. MaxStale is how long it may be used after it was read last; 0 is for
	// ever.
	Refresh, MaxStale time.Duration
}

// TrustRoot is one of: a trusted_root.json; the public-good instance of
// Sigstore, whose root comes by TUF; a private instance.
type TrustRoot struct {
	JSON       []byte
	File       string
	PublicGood bool
	TUF        *TUF
	Cache      string // folder for what comes by TUF; "" keeps nothing
	Mirror     string // address that is asked in place of the TUF repository, "" for none
}

// TUF says where the trust root of a private instance of Sigstore comes from.
type TUF struct {
	URL  string
	Root []byte // the root.json to start from
	File string
}

// Certificate is a private chain of certificates.
type Certificate struct {
	PEM  []byte
	File string
}

// Registry says how a host is reached.
type Registry struct {
	Layout      string // folder of an OCI layout that stands for the host; no network then
	PlainHTTP   bool
	CA          []byte   // PEM
	TokenHosts  []string // hosts of token services beside the built-in ones
	Mirrors     []string // places that are asked in place of the host
	MirrorsOnly bool     // the host itself is never asked
}

// Credentials says where credentials for registries are found.
type Credentials struct {
	DockerConfig string // path of a Docker config.json; "" for none
	PullSecrets  []PullSecret
	Cloud        []string // clouds that are asked for their own hosts: "ecr", "gar", "acr"
}

// PullSecret is the JSON of a Kubernetes pull secret. It is a secret: it prints
// as the name of its file.
type PullSecret struct {
	File string
	raw  []byte
}

// Raw returns the secret.
func (p PullSecret) Raw() []byte { return p.raw }

// String returns the name of the file.
func (p PullSecret) String() string { return p.File }

// GoString returns the name of the file.
func (p PullSecret) GoString() string { return fmt.Sprintf("config.PullSecret{%q}", p.File) }

// Cache says where content is kept between processes.
type Cache struct {
	Dir      string // folder for manifests and blobs by digest; "" keeps nothing
	MaxBytes int64  // of it. The default is 1 GiB.
}

// Limits bounds what a decision may cost.
type Limits struct {
	Deadline   time.Duration // of one decision. The default is 30 s.
	ListingTTL time.Duration // how long listings are kept. The default is 30 s; negative keeps nothing.
	CacheBytes int64         // of content kept in memory. The default is 64 MiB.
	Registry   registry.Limits
}

// Position returns "file:line:column" of a field, such as
// policies.signed_images, or of the nearest field above it.
func (c *Config) Position(path string) string {
	line, column := c.root.Locate(path)
	return fmt.Sprintf("%s:%d:%d", c.File, line, column)
}

// Problem returns a problem of the field that path names, for callers that find
// one: an unknown policy, a parameter that does not fit.
func (c *Config) Problem(path, format string, args ...any) Problem {
	line, column := c.root.Locate(path)
	return Problem{File: c.File, Line: line, Column: column, Path: path, Text: fmt.Sprintf(format, args...)}
}
