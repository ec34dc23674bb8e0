package evidence

import (
	"encoding/json"
	"maps"
	"sync"
	"time"

	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/notary"
	"github.com/waxseal/waxseal/builtins/registry"
)

// Recorder notes every byte that a decision rests on. A nil Recorder notes
// nothing. It is safe for concurrent use.
type Recorder struct {
	mu    sync.Mutex
	sink  func(registry.Digest, []byte) error
	err   error // the first of the sink
	blobs map[registry.Digest][]byte
	sizes map[registry.Digest]int
	types map[registry.Digest]string      // media types of the blobs that are manifests
	tags  map[string]registry.Digest      // full reference → digest
	roots map[string]json.RawMessage      // name → trusted_root.json
	trust map[string]map[string]TrustData // notary → repository
}

// TrustData is what a notary said about one repository, the time for which it
// was verified, and the versions that had been seen before. The content of the
// files is among the blobs.
type TrustData struct {
	At    time.Time                  `json:"at"`
	Files map[string]registry.Digest `json:"files"` // by name without .json
	Seen  map[string]int             `json:"seen"`  // by role
}

// NewRecorder returns an empty Recorder.
func NewRecorder() *Recorder {
	return &Recorder{
		sizes: map[registry.Digest]int{}, blobs: map[registry.Digest][]byte{}, types: map[registry.Digest]string{},
		tags: map[string]registry.Digest{}, roots: map[string]json.RawMessage{},
		trust: map[string]map[string]TrustData{},
	}
}

// NewRecorderTo returns a Recorder that hands all content to a sink, and keeps
// none: [Recorder.Blobs] is empty. The sink is called by one goroutine at a time,
// once for each digest.
func NewRecorderTo(sink func(registry.Digest, []byte) error) *Recorder {
	r := NewRecorder()
	r.sink = sink
	return r
}

// Err returns the first error of the sink.
func (r *Recorder) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Sizes returns how many bytes the recorded content has, by digest.
func (r *Recorder) Sizes() map[registry.Digest]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.sizes)
}

// keep notes content. The lock is held.
func (r *Recorder) keep(d registry.Digest, b []byte) {
	if _, known := r.sizes[d]; known {
		return
	}
	r.sizes[d] = len(b)
	if r.sink == nil {
		r.blobs[d] = b
		return
	}
	if err := r.sink(d, b); err != nil && r.err == nil {
		r.err = err
	}
}

// Blobs returns the recorded content by digest.
func (r *Recorder) Blobs() map[registry.Digest][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.blobs)
}

// Manifests returns the media types of the recorded manifests and indexes.
func (r *Recorder) Manifests() map[registry.Digest]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.types)
}

// Tags returns what each tag meant, by full reference ("host/repo:tag").
func (r *Recorder) Tags() map[string]registry.Digest {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.tags)
}

// Roots returns the trust roots that were used, by name, each as its
// trusted_root.json.
func (r *Recorder) Roots() map[string]json.RawMessage {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.roots)
}

// Trust returns what notaries said, by notary and repository.
func (r *Recorder) Trust() map[string]map[string]TrustData {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[string]map[string]TrustData{}
	for name, guns := range r.trust {
		out[name] = maps.Clone(guns)
	}
	return out
}

// notary notes the files of trust data that were read so far.
func (r *Recorder) notary(name, gun string, opened *notary.Repository) {
	if r == nil || opened == nil {
		return
	}
	data := TrustData{At: opened.At(), Files: map[string]registry.Digest{}, Seen: opened.Seen()}
	for file, raw := range opened.Files() {
		data.Files[file] = registry.DigestOf(raw)
		r.content(data.Files[file], raw)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.trust[name] == nil {
		r.trust[name] = map[string]TrustData{}
	}
	r.trust[name][gun] = data
}

func (r *Recorder) root(root *cosign.TrustRoot) {
	if r == nil || root == nil || root.JSON() == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.roots[root.Name()] = root.JSON()
}

func (r *Recorder) content(d registry.Digest, b []byte) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keep(d, b)
}

func (r *Recorder) manifest(m registry.Manifest) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keep(m.Digest, m.Raw)
	r.types[m.Digest] = m.MediaType
}

func (r *Recorder) tag(ref registry.Reference, d registry.Descriptor) {
	if r == nil || ref.Tag() == "" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tags[ref.Repository().String()+":"+ref.Tag()] = d.Digest
	if r.types[d.Digest] == "" && d.MediaType != "" {
		r.types[d.Digest] = d.MediaType
	}
}

func (r *Recorder) tagged(repo registry.Repository, tag string, m registry.Manifest) {
	if r == nil {
		return
	}
	r.manifest(m)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tags[repo.String()+":"+tag] = m.Digest
}
