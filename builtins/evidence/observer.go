package evidence

import "time"

// Observer is told what evidence costs. It is called from several goroutines,
// and must be quick. [Config.Observer] takes one.
type Observer interface {
	// Looked up something that may be kept between decisions.
	Looked(where Cache, found bool)
	// Verified one signature or attestation, whatever came of it. Fetching is
	// not in the time.
	Verified(took time.Duration)
	// Collected the results of all requests of one call, fetching included.
	Collected(requests int, took time.Duration)
}

// Cache names what is kept between decisions.
type Cache string

// What is kept between decisions.
const (
	ContentCache Cache = "content" // manifests and blobs, by digest
	DiskCache    Cache = "disk"    // the same in a folder, asked for what is not in memory
	ListingCache Cache = "listing" // what is listed beside an image
	OutcomeCache Cache = "outcome" // positive outcomes of verification
)

// Caches are all of them.
func Caches() []Cache { return []Cache{ContentCache, DiskCache, ListingCache, OutcomeCache} }

// nobody observes nothing.
type nobody struct{}

func (nobody) Looked(Cache, bool)           {}
func (nobody) Verified(time.Duration)       {}
func (nobody) Collected(int, time.Duration) {}
