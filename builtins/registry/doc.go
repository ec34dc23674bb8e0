// Package registry reads images and what belongs to them from OCI registries
// and OCI layouts.
//
// It finds facts and decides nothing. Every byte from outside is bounded by
// [Limits], and all content is compared with its digest; only names (the digest
// of a tag, a list of referrers) are taken from the registry's word. One
// question costs one request: there is no ping of /v2/, and a registry that
// asks for authorization costs two more per repository and token.
//
// The package keeps connections and tokens. Content, sharing and deadlines are
// the business of its callers.
package registry
