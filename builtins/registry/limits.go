package registry

import (
	"time"

	"github.com/waxseal/waxseal/builtins/fault"
)

// Limits bounds what a registry can make Waxseal do. They belong to the
// operator. A field that is zero has its default.
type Limits struct {
	// ManifestBytes is the largest manifest, index or page of referrers. The default is 4 MiB.
	ManifestBytes int64
	// BlobBytes is the largest blob that is fetched, and the largest index.json
	// of an OCI layout. The default is 32 MiB.
	BlobBytes int64
	// TokenBytes is the largest answer of a token service. The default is 64 KiB.
	TokenBytes int64
	// Layers is the most layers in a manifest, and the most manifests in an index. The default is 1000.
	Layers int
	// Referrers is the most referrers read per image. The default is 100.
	Referrers int
	// Pages is the most pages of referrers asked for per image. The default is 10.
	Pages int
	// Signatures is the most signatures verified per image. The default is 100.
	Signatures int
	// Redirects is the most redirects followed per request. The default is 3.
	Redirects int
	// Connections is the most connections to one registry. The default is 64.
	Connections int
	// Retries is how often a request is repeated because the registry said when
	// to come back (Retry-After). The default is 3.
	Retries int
	// RetryAfter is the longest wait that a registry may ask for when the
	// decision has no deadline. The default is 10 seconds.
	RetryAfter time.Duration
	// DialTimeout bounds one connection, TLS included. The default is 5 seconds.
	DialTimeout time.Duration
	// RequestTimeout bounds one request with its answer. The default is 30 seconds.
	RequestTimeout time.Duration
}

// DefaultLimits returns the limits that hold when the operator sets none.
func DefaultLimits() Limits {
	return Limits{
		ManifestBytes:  4 << 20,
		BlobBytes:      32 << 20,
		TokenBytes:     64 << 10,
		Layers:         1000,
		Referrers:      100,
		Pages:          10,
		Signatures:     100,
		Redirects:      3,
		Connections:    64,
		Retries:        3,
		RetryAfter:     10 * time.Second,
		DialTimeout:    5 * time.Second,
		RequestTimeout: 30 * time.Second,
	}
}

// WithDefaults returns l with the default in every field that is zero. A
// negative limit is a mistake of the operator: [fault.InvalidRequest].
func (l Limits) WithDefaults() (Limits, error) {
	d := DefaultLimits()
	ok := fill(&l.ManifestBytes, d.ManifestBytes) &&
		fill(&l.BlobBytes, d.BlobBytes) &&
		fill(&l.TokenBytes, d.TokenBytes) &&
		fill(&l.Layers, d.Layers) &&
		fill(&l.Referrers, d.Referrers) &&
		fill(&l.Pages, d.Pages) &&
		fill(&l.Signatures, d.Signatures) &&
		fill(&l.Redirects, d.Redirects) &&
		fill(&l.Connections, d.Connections) &&
		fill(&l.Retries, d.Retries) &&
		fill(&l.RetryAfter, d.RetryAfter) &&
		fill(&l.DialTimeout, d.DialTimeout) &&
		fill(&l.RequestTimeout, d.RequestTimeout)
	if !ok {
		return Limits{}, fault.Newf(fault.InvalidRequest, "check limits", "", "a limit is negative")
	}
	return l, nil
}

// fill puts the default into a field that is zero and refuses a negative one.
func fill[T ~int | ~int64](field *T, standard T) bool {
	if *field == 0 {
		*field = standard
	}
	return *field > 0
}
