package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/registry"
)

// maxBytes bounds waxseal.yaml, keys and every other file but trust roots.
const maxBytes = 1 << 20

// Check returns what else is wrong with a configuration, for callers that know
// more about it than this package: what its policies are, say. What this package
// found wrong itself is missing in the configuration that it is given. The error
// is for checks that cannot be made.
type Check func(*Config) ([]Problem, error)

// Load reads the configuration at path. Relative paths in it begin at its folder.
func Load(path string, checks ...Check) (*Config, error) {
	raw, err := readFile(path, maxBytes)
	if err != nil {
		return nil, NewError(Problem{File: path, Text: err.Error() + "; `waxseal init` writes a starter"})
	}
	return Parse(path, raw, filepath.Dir(path), checks...)
}

// Parse reads a configuration. The name is for messages; relative paths begin
// at dir.
func Parse(name string, raw []byte, dir string, checks ...Check) (*Config, error) {
	root, found := document.FromYAML(raw, document.Options{Bytes: maxBytes, Nodes: 100_000, Aliased: 10_000, Depth: 50})
	c := &checker{file: name}
	for _, p := range found {
		c.problems = append(c.problems, Problem{File: name, Line: p.Line, Column: p.Column, Path: p.Path, Text: p.Text})
	}
	if len(c.problems) > 0 {
		return nil, NewError(c.problems...)
	}
	if root == nil {
		return nil, NewError(Problem{File: name, Text: "empty; `waxseal init` writes a starter"})
	}
	wire, err := c.decode(root)
	if err != nil {
		return nil, err
	}
	l := &loader{checker: c, root: root, dir: dir}
	config := l.config(wire)
	for _, check := range checks {
		more, err := check(config)
		if err != nil {
			return nil, err
		}
		c.problems = append(c.problems, more...)
	}
	if err := NewError(c.problems...); err != nil {
		return nil, err
	}
	return config, nil
}

// wire is waxseal.yaml as the checker lets it through: of the right types, with
// defaults missing and nothing looked up.
type wire struct {
	Policy           Policy                  `json:"policy"`
	Policies         map[string]any          `json:"policies"`
	Workloads        []any                   `json:"workloads"`
	Keys             map[string]wireKey      `json:"keys"`
	TrustRoots       map[string]wireRoot     `json:"trust_roots"`
	Offline          bool                    `json:"offline"`
	DefaultTrustRoot string                  `json:"default_trust_root"`
	Certificates     map[string]wireFile     `json:"certificates"`
	Notation         map[string]wireNotation `json:"notation"`
	Notary           map[string]wireNotary   `json:"notary"`
	Registries       map[string]wireRegistry `json:"registries"`
	HostsOnly        bool                    `json:"hosts_only"`
	Origins          map[string]string       `json:"origins"`
	Signatures       []Signatures            `json:"signatures"`
	Credentials      struct {
		DockerConfig any      `json:"docker_config"`
		PullSecrets  []string `json:"pull_secrets"`
		Cloud        []string `json:"cloud"`
	} `json:"credentials"`
	Cache struct {
		Dir      string `json:"dir"`
		MaxBytes int64  `json:"max_bytes"`
	} `json:"cache"`
	Limits wireLimits `json:"limits"`
}

type wireKey struct {
	File, PEM, KMS           string
	Owner, Purpose, Approver string
	Created, Rotated         time.Time
	Fingerprint              string
	Refresh                  *time.Duration
	MaxStale                 *time.Duration `json:"max_stale"`
}

type wireRoot struct {
	File       string
	PublicGood *bool `json:"public_good"`
	TUF        *struct{ URL, Root string }
	Cache      string
	Mirror     string
}

type wireFile struct{ File string }

type wireRegistry struct {
	Layout      string
	PlainHTTP   bool `json:"plain_http"`
	CA          string
	TokenHosts  []string `json:"token_hosts"`
	Mirrors     []string
	MirrorsOnly bool `json:"mirrors_only"`
}

type wireLimits struct {
	Deadline       time.Duration  `json:"deadline"`
	ListingTTL     *time.Duration `json:"listing_ttl"`
	CacheBytes     int64          `json:"cache_bytes"`
	ManifestBytes  int64          `json:"manifest_bytes"`
	BlobBytes      int64          `json:"blob_bytes"`
	TokenBytes     int64          `json:"token_bytes"`
	Layers         int            `json:"layers"`
	Referrers      int            `json:"referrers"`
	Pages          int            `json:"pages"`
	Signatures     int            `json:"signatures"`
	Redirects      int            `json:"redirects"`
	Connections    int            `json:"connections"`
	Retries        int            `json:"retries"`
	RetryAfter     time.Duration  `json:"retry_after"`
	DialTimeout    time.Duration  `json:"dial_timeout"`
	RequestTimeout time.Duration  `json:"request_timeout"`
}

// decode checks the shape and returns the values. What does not fit is left
// out, so that everything else can still be checked.
func (c *checker) decode(root *document.Node) (*wire, error) {
	raw, err := json.Marshal(c.check(root, waxsealYAML(), ""))
	if err != nil {
		return nil, fmt.Errorf("read %s: the checker let through what JSON cannot hold: %w", c.file, err)
	}
	var w wire
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	dec.DisallowUnknownFields()
	var whole struct {
		Version int `json:"version"`
		*wire
	}
	whole.wire = &w
	if err := dec.Decode(&whole); err != nil {
		return nil, fmt.Errorf("read %s: the checker let through what does not fit: %w", c.file, err)
	}
	return &w, nil
}

func (w wireLimits) limits() Limits {
	ttl := 30 * time.Second
	if w.ListingTTL != nil {
		ttl = *w.ListingTTL
	}
	if ttl == 0 {
		ttl = -1
	}
	l := Limits{Deadline: w.Deadline, ListingTTL: ttl, CacheBytes: w.CacheBytes}
	if l.Deadline == 0 {
		l.Deadline = 30 * time.Second
	}
	if l.CacheBytes == 0 {
		l.CacheBytes = 64 << 20
	}
	l.Registry, _ = registry.Limits{ // it fails on negative limits only; the shape knows none
		ManifestBytes: w.ManifestBytes, BlobBytes: w.BlobBytes, TokenBytes: w.TokenBytes,
		Layers: w.Layers, Referrers: w.Referrers, Pages: w.Pages, Signatures: w.Signatures,
		Redirects: w.Redirects, Connections: w.Connections, Retries: w.Retries,
		RetryAfter: w.RetryAfter, DialTimeout: w.DialTimeout, RequestTimeout: w.RequestTimeout,
	}.WithDefaults()
	return l
}
