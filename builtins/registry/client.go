package registry

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"regexp"
	"slices"

	"github.com/distribution/reference"

	"github.com/waxseal/waxseal/builtins/fault"
)

// Config says which registries a [Client] may talk to, and how. Hosts are
// written as in image references ("docker.io", "registry.example:5000").
type Config struct {
	// Hosts are the only hosts that may be contacted; "*.example.com" stands for
	// the names below example.com. When Hosts is empty any public address may be
	// contacted. Hosts in Plain, CAs, Layouts and Realms count as listed.
	// Loopback, link-local and private addresses are only for listed hosts.
	Hosts []string
	// Plain are the hosts spoken to without TLS. Loopback hosts always are,
	// unless they stand in CAs.
	Plain []string
	// CAs holds, per host, the PEM certificates that the host's certificate
	// must chain to, instead of the system's.
	CAs map[string][]byte
	// Layouts holds, per host, the OCI layout folder that stands for it. No
	// network is used for such a host.
	Layouts map[string]string
	// Realms holds, per host, the hosts of token services that may see the
	// credentials for it, beside the host itself and a built-in table.
	Realms map[string][]string
	// Mirrors holds, per host, the places that are asked in its place. The
	// images keep the names of the host.
	Mirrors map[string]Mirrors
	// Sealed lets nothing be contacted that is not listed: no other host, no
	// token service of the built-in table, no proxy of the environment.
	Sealed bool
	// Credentials answers for the registries that ask. The default is [Anonymous].
	Credentials Keychain
	// Limits bounds what registries can cause. The default is [DefaultLimits].
	Limits Limits
	// Observe is told of every request after its answer; it is called from
	// several goroutines. It may be nil.
	Observe func(Request)
}

// Request is one request that was made, for logs and counts. It never holds a
// credential.
type Request struct {
	Method     string
	Kind       string // "manifest", "blob", "referrers", "trust" or "token"
	Registry   string
	Repository string
	Reference  string // tag or digest; empty for a token
	Status     int    // 0 when there was no answer
	Bytes      int64  // read of the answer's body
}

// Client reads from registries and OCI layouts. It keeps connections and
// bearer tokens, and nothing else. It is safe for concurrent use; all its users
// share its credentials.
type Client struct {
	limits      Limits
	observe     func(Request)
	credentials Keychain
	hosts       hostPolicy
	transports  transports
	sessions    *sessions
	layouts     map[string]*layout
	mirrors     mirrors
}

// New returns a client. A configuration that cannot be used is an error.
func New(config Config) (*Client, error) {
	limits, err := config.Limits.WithDefaults()
	if err != nil {
		return nil, err
	}
	hosts, err := newHostPolicy(config)
	if err != nil {
		return nil, err
	}
	mirrors, err := newMirrors(config.Mirrors, hosts)
	if err != nil {
		return nil, err
	}
	transports, err := newTransports(config, limits)
	if err != nil {
		return nil, err
	}
	layouts, err := openLayouts(config.Layouts, limits)
	if err != nil {
		return nil, err
	}
	c := &Client{
		limits: limits, observe: config.Observe, credentials: config.Credentials,
		hosts: hosts, transports: transports, layouts: layouts, mirrors: mirrors, sessions: newSessions(),
	}
	// Who is configured to give tokens for a registry is going to be asked for one.
	for host := range hosts.realms {
		c.sessions.asked(host)
	}
	if c.credentials == nil {
		c.credentials = Anonymous
	}
	if c.observe == nil {
		c.observe = func(Request) {}
	}
	return c, nil
}

// Close lets go of idle connections and of the layouts' folders. Requests under
// way go on.
func (c *Client) Close() error {
	c.transports.shared.CloseIdleConnections()
	for _, private := range c.transports.private {
		private.CloseIdleConnections()
	}
	var all []error
	for _, l := range c.layouts {
		all = append(all, l.root.Close())
	}
	return errors.Join(all...)
}

// Limits returns the limits that the client works under.
func (c *Client) Limits() Limits { return c.limits }

// Layouts returns the hosts for which an OCI layout stands.
func (c *Client) Layouts() []string { return slices.Sorted(maps.Keys(c.layouts)) }

// Contacts says whether the client may ask over the network for a repository:
// no OCI layout stands for its host, and the operator allows the host's name. A
// mirror may do that in place of the host.
func (c *Client) Contacts(repository Repository) bool {
	return slices.ContainsFunc(c.mirrors.of(repository), func(at Repository) bool {
		return c.layouts[at.Registry] == nil && c.hosts.allows(at.Registry)
	})
}

// accept lists what is asked for: what [ParseManifest] understands.
var accept = []string{OCIManifest, OCIIndex, DockerManifest, DockerList}

// Resolve names what ref stands for at this moment. A digest in ref is the answer, without
// a request. A tag takes one HEAD, and one GET more only when the registry
// gives no usable digest. With mirrors, the first place that answers says what a
// tag means. The digest of a HEAD only names: whoever fetches the
// content has its hash compared.
func (c *Client) Resolve(ctx context.Context, ref Reference) (Descriptor, error) {
	if ref.Digest() != "" {
		return Descriptor{Digest: ref.Digest()}, nil
	}
	return anywhere(ctx, c, ref.Repository(), func(ctx context.Context, at Repository) (Descriptor, error) {
		return c.resolve(ctx, at, ref.Tag())
	})
}

func (c *Client) resolve(ctx context.Context, repository Repository, tag string) (Descriptor, error) {
	if l := c.layouts[repository.Registry]; l != nil {
		return l.resolve(ctx, repository, tag)
	}
	head, err := c.ask(ctx, question{
		op: "resolve tag", kind: "manifest", method: http.MethodHead,
		repository: repository, reference: tag, accept: accept,
	})
	if err == nil {
		if digest, err := ParseDigest(head.header.Get("Docker-Content-Digest")); err == nil {
			return Descriptor{MediaType: head.contentType(), Digest: digest, Size: head.length}, nil
		}
	} else if head == nil || head.status != http.StatusMethodNotAllowed {
		return Descriptor{}, err
	}
	m, err := c.tagged(ctx, repository, tag)
	return m.Descriptor, err
}

// Manifest fetches the manifest or index with the given digest, with one GET.
func (c *Client) Manifest(ctx context.Context, repository Repository, digest Digest) (Manifest, error) {
	if _, err := ParseDigest(string(digest)); err != nil {
		return Manifest{}, err
	}
	return anywhere(ctx, c, repository, func(ctx context.Context, at Repository) (Manifest, error) {
		return c.byDigest(ctx, at, digest)
	})
}

func (c *Client) byDigest(ctx context.Context, repository Repository, digest Digest) (Manifest, error) {
	raw, mediaType, err := c.manifest(ctx, repository, string(digest))
	if err != nil {
		return Manifest{}, err
	}
	if !digest.Matches(raw) {
		return Manifest{}, fault.Newf(fault.DigestMismatch, "get manifest", subject(repository, string(digest)), "the content has the digest %s", DigestOf(raw))
	}
	m, err := c.parse(raw, mediaType, repository, string(digest))
	if err != nil {
		return Manifest{}, err
	}
	m.Digest = digest // the same content by another algorithm, perhaps
	return m, nil
}

var tagForm = regexp.MustCompile(`\A` + reference.TagRegexp.String() + `\z`)

// Tagged fetches the manifest or index that a tag points to, with one GET. Its
// digest is computed from its bytes.
func (c *Client) Tagged(ctx context.Context, repository Repository, tag string) (Manifest, error) {
	if !tagForm.MatchString(tag) {
		return Manifest{}, fault.Newf(fault.InvalidReference, "get manifest", subject(repository, tag), "not a tag")
	}
	return anywhere(ctx, c, repository, func(ctx context.Context, at Repository) (Manifest, error) {
		return c.tagged(ctx, at, tag)
	})
}

func (c *Client) tagged(ctx context.Context, repository Repository, tag string) (Manifest, error) {
	raw, mediaType, err := c.manifest(ctx, repository, tag)
	if err != nil {
		return Manifest{}, err
	}
	return c.parse(raw, mediaType, repository, tag)
}

// manifest fetches bytes by tag or digest. They have not been checked.
func (c *Client) manifest(ctx context.Context, repository Repository, name string) ([]byte, string, error) {
	if l := c.layouts[repository.Registry]; l != nil {
		return l.manifest(ctx, repository, name)
	}
	got, err := c.ask(ctx, question{
		op: "get manifest", kind: "manifest", method: http.MethodGet,
		repository: repository, reference: name, accept: accept, most: c.limits.ManifestBytes,
	})
	if err != nil {
		return nil, "", err
	}
	return got.body, got.header.Get("Content-Type"), nil
}

// parse adds to a parser's error what was being read.
func (c *Client) parse(raw []byte, mediaType string, repository Repository, reference string) (Manifest, error) {
	m, err := ParseManifest(raw, mediaType, c.limits)
	if err != nil {
		code, _ := fault.CodeOf(err)
		return Manifest{}, fault.New(code, "get manifest", subject(repository, reference), err)
	}
	return m, nil
}

// Blob fetches the content that d names, with one GET, or none when d carries
// it. A blob over the limit is refused before it is read. Redirects are
// followed without credentials.
func (c *Client) Blob(ctx context.Context, repository Repository, d Descriptor) ([]byte, error) {
	if _, err := ParseDigest(string(d.Digest)); err != nil {
		return nil, err
	}
	name := subject(repository, string(d.Digest))
	if d.Size > c.limits.BlobBytes {
		return nil, fault.Newf(fault.TooLarge, "get blob", name, "%d bytes, the limit is %d", d.Size, c.limits.BlobBytes)
	}
	if len(d.Data) > 0 && d.Digest.Matches(d.Data) {
		return d.Data, nil
	}
	return anywhere(ctx, c, repository, func(ctx context.Context, at Repository) ([]byte, error) {
		return c.checkedBlob(ctx, at, d)
	})
}

func (c *Client) checkedBlob(ctx context.Context, repository Repository, d Descriptor) ([]byte, error) {
	raw, err := c.blob(ctx, repository, d)
	if err != nil {
		return nil, err
	}
	if !d.Digest.Matches(raw) {
		return nil, fault.Newf(fault.DigestMismatch, "get blob", subject(repository, string(d.Digest)), "the content has the digest %s", DigestOf(raw))
	}
	return raw, nil
}

func (c *Client) blob(ctx context.Context, repository Repository, d Descriptor) ([]byte, error) {
	if l := c.layouts[repository.Registry]; l != nil {
		return l.blob(ctx, repository, d.Digest)
	}
	got, err := c.ask(ctx, question{
		op: "get blob", kind: "blob", method: http.MethodGet,
		repository: repository, reference: string(d.Digest), most: c.limits.BlobBytes,
	})
	if err != nil {
		return nil, err
	}
	return got.body, nil
}

// subject names content in an error.
func subject(repository Repository, reference string) string {
	if _, err := ParseDigest(reference); err == nil {
		return repository.String() + "@" + reference
	}
	return repository.String() + ":" + clip(reference)
}
