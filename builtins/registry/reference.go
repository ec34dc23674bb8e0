package registry

import (
	"strings"

	"github.com/distribution/reference"

	"github.com/waxseal/waxseal/builtins/fault"
)

const (
	dockerHub = "docker.io"
	// maxReference is far above what the grammar allows; it only keeps huge text away from the parser.
	maxReference = 4096
)

// Repository is a place in a registry, in normalised form:
// {"docker.io", "library/nginx"}. Two spellings of one place compare equal.
type Repository struct {
	Registry string
	Name     string
}

// String returns "docker.io/library/nginx".
func (r Repository) String() string { return r.Registry + "/" + r.Name }

// At returns the reference to the content with digest d in r.
func (r Repository) At(d Digest) Reference { return Reference{repository: r, digest: d} }

// Reference is an image reference in normalised form. It comes from [Parse],
// so it cannot be invalid, and it is comparable.
type Reference struct {
	repository Repository
	tag        string
	digest     Digest
	origin     Repository // what it is judged as; empty for repository
}

// Repository returns the place of the image.
func (r Reference) Repository() Repository { return r.repository }

// Tag returns the tag, or "" when only a digest was given.
func (r Reference) Tag() string { return r.tag }

// Digest returns the digest, or "" when only a tag was given.
func (r Reference) Digest() Digest { return r.digest }

// WithDigest returns the reference with its digest set to d. The tag stays.
func (r Reference) WithDigest(d Digest) Reference {
	r.digest = d
	return r
}

// String returns the normalised reference: host/name, then the tag and the
// digest that are known.
func (r Reference) String() string {
	text := r.repository.String()
	if r.tag != "" {
		text += ":" + r.tag
	}
	if r.digest != "" {
		text += "@" + string(r.digest)
	}
	return text
}

// Parse reads an image reference with Docker's grammar, which is Kubernetes'
// too, and normalises it:
//
//   - short names are of Docker Hub: nginx is docker.io/library/nginx;
//   - index.docker.io and registry-1.docker.io are docker.io;
//   - hosts are lower case, without the port 443 and without a trailing dot;
//     a host of a single label, which would read as a path, keeps its port;
//   - without tag and digest the tag is latest; a tag beside a digest is kept.
//
// The trailing dot is the one thing accepted that Docker refuses.
// What is not a reference is [fault.InvalidReference].
func Parse(text string) (Reference, error) {
	if len(text) > maxReference {
		return Reference{}, fault.Newf(fault.InvalidReference, "parse reference", clip(text), "longer than %d bytes", maxReference)
	}
	named, err := reference.ParseNormalizedNamed(withoutTrailingDot(text))
	if err != nil {
		return Reference{}, fault.New(fault.InvalidReference, "parse reference", clip(text), err)
	}
	if reference.Domain(named) == "" {
		// Docker's grammar takes "a_b.c/x" for a path: its first segment reads as a
		// host and cannot be one.
		return Reference{}, fault.Newf(fault.InvalidReference, "parse reference", clip(text), "the first segment is neither a host nor part of a path")
	}
	ref := Reference{repository: normalise(reference.Domain(named), reference.Path(named))}
	if tagged, ok := named.(reference.Tagged); ok {
		ref.tag = tagged.Tag()
	}
	if digested, ok := named.(reference.Digested); ok {
		if ref.digest, err = ParseDigest(digested.Digest().String()); err != nil {
			return Reference{}, fault.New(fault.InvalidReference, "parse reference", clip(text), err)
		}
	}
	if ref.tag == "" && ref.digest == "" {
		ref.tag = "latest"
	}
	return ref, nil
}

// ParseRepository reads the name of a repository: a reference without tag and digest.
func ParseRepository(text string) (Repository, error) {
	ref, err := Parse(text)
	if err != nil {
		return Repository{}, err
	}
	if named, err := reference.ParseNormalizedNamed(withoutTrailingDot(text)); err != nil || !reference.IsNameOnly(named) {
		return Repository{}, fault.Newf(fault.InvalidReference, "parse repository", clip(text), "has a tag or a digest")
	}
	return ref.repository, nil
}

// normalise gives one spelling to a place that has several.
func normalise(domain, path string) Repository {
	host := normaliseHost(domain)
	if host == dockerHub && !strings.Contains(path, "/") {
		path = "library/" + path
	}
	return Repository{Registry: host, Name: path}
}

// normaliseHost returns the one spelling of a registry's host.
func normaliseHost(host string) string {
	host = strings.ToLower(host)
	name, port := splitPort(host)
	name = strings.TrimSuffix(name, ".")
	switch {
	case name == "index.docker.io" || name == "registry-1.docker.io":
		name = dockerHub
	case !isHost(name):
		// "Foo/bar" and "foo:443/bar" name a host; "foo/bar" would not.
		return name + ":" + orDefault(port, "443")
	}
	if port == "" || port == "443" {
		return name
	}
	return name + ":" + port
}

// splitPort cuts "host:port" apart. The port may be missing.
func splitPort(host string) (name, port string) {
	colon := strings.LastIndexByte(host, ':')
	if colon < 0 || colon < strings.LastIndexByte(host, ']') {
		return host, ""
	}
	return host[:colon], host[colon+1:]
}

// isHost says whether Docker reads the first segment of a reference, in lower
// case, as a host and not as part of a path.
func isHost(segment string) bool {
	return segment == "localhost" || strings.ContainsAny(segment, ".:")
}

// withoutTrailingDot drops the dot that ends a fully qualified host name. It
// never turns a host into a path.
func withoutTrailingDot(text string) string {
	host, rest, found := strings.Cut(text, "/")
	name, port := splitPort(host)
	short := strings.TrimSuffix(name, ".")
	if !found || short == name || !(isHost(short) || port != "") {
		return text
	}
	if port != "" {
		short += ":" + port
	}
	return short + "/" + rest
}

func orDefault(text, standard string) string {
	if text == "" {
		return standard
	}
	return text
}
