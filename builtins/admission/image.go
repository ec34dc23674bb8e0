package admission

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/registry"
)

// image is a reference as the systems read it.
type image struct {
	written    string
	repository string // normalised: docker.io/library/nginx; "" when it is no reference
	version    string // ":tag" or "@digest"; the digest where there are both
}

func parseImage(text string) image {
	ref, err := registry.Parse(text)
	if err != nil {
		return image{written: text}
	}
	version := ":" + ref.Tag()
	if ref.Digest() != "" {
		version = "@" + string(ref.Digest())
	}
	return image{written: text, repository: ref.Repository().String(), version: version}
}

// kyverno is the text that Kyverno compares with patterns.
func (i image) kyverno() string { return i.repository + i.version }

// sigstore is the text that policy-controller compares with globs.
func (i image) sigstore() string {
	if rest, hub := strings.CutPrefix(i.repository, "docker.io/"); hub {
		return "index.docker.io/" + rest + i.version
	}
	return i.kyverno()
}

// reachable says whether any reference, with registry, path, and tag or digest,
// can match a glob of Kyverno.
func reachable(pattern string) Truth {
	if strings.Contains(pattern, "{{") {
		return Unknown
	}
	if strings.ContainsAny(pattern, " \t\n") || strings.Contains(pattern, "://") {
		return No
	}
	if !overlap(pattern, "?*/?*:?*") && !overlap(pattern, "?*/?*@sha256:?*") {
		return No
	}
	path := pattern
	if slash := strings.IndexByte(pattern, '/'); slash >= 0 {
		path = pattern[slash+1:]
	}
	path, _, _ = strings.Cut(path, ":")
	if path != strings.ToLower(path) {
		return No // paths are in lower case
	}
	return Yes
}

// unanchored says why a pattern that lets images in lets in those of others,
// too; "" if it does not.
func unanchored(pattern string, reading Reading) string {
	switch {
	case reading == Glob && strings.Trim(pattern, "*") == "", reading == Prefix && pattern == "":
		return "it lets in every image"
	case reading == Glob && strings.HasPrefix(pattern, "*") && !strings.HasPrefix(pattern, "*/"):
		return "any registry whose name ends so is let in"
	case reading == Glob && leadingStar(pattern):
		return "the registry is not fixed: any host with such a path is let in"
	case reading == Glob && strings.HasSuffix(pattern, "*") && !strings.Contains(pattern, "/"):
		return "any registry whose name begins so is let in"
	case reading == Prefix && !strings.HasSuffix(pattern, "/") && !strings.ContainsAny(afterSlash(pattern), ":@"):
		return "any name that begins so is let in, also of another registry or owner; end it with /"
	case reading == Regex && !strings.HasPrefix(pattern, "^"):
		return "the expression is not anchored at the beginning"
	}
	return ""
}

func leadingStar(pattern string) bool {
	host, _, found := strings.Cut(pattern, "/")
	return found && host == strings.Repeat("*", len(host))
}

func afterSlash(text string) string { return text[strings.LastIndexByte(text, '/')+1:] }

// placeholders are what stands in examples and is to be replaced.
var placeholders = []string{
	"myreg.org", "myregistry", "registry.example", "example.com", "example.org", "ghcr.io/kyverno/test-verify-image", "ghcr.io/myorg", "/myorg/",
	"my-registry", "your-", "yourorg", "<", "replace", "changeme", "change-me", "xxxx", "foo.io", "bar.io", "mysubject", "myissuer", "todo",
}

// placeholder says whether a text looks like an example's.
func placeholder(text string) bool {
	lower := strings.ToLower(text)
	for _, example := range placeholders {
		if strings.Contains(lower, example) {
			return true
		}
	}
	return false
}

// exampleKeys are public keys of the documentation of Kyverno and cosign, by a
// part of them.
var exampleKeys = []string{"8nXRh950IZbRj8Ra/N9sbqOPZrfM", "ahmSvGFmxMJABilV1usgsw6ImcQ", "kNH90bArVSmXuDElmhgvAvhU"}

func exampleKey(text string) bool {
	for _, key := range exampleKeys {
		if strings.Contains(text, key) {
			return true
		}
	}
	return placeholder(text) && !strings.Contains(text, "BEGIN")
}
