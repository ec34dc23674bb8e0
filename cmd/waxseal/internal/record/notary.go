package record

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/registry"
)

// Notary is a notary with its pins, and what it said. The content of the files
// is among the blobs of the layout.
type Notary struct {
	GUNs         []NotaryGUN                   `json:"guns"`
	Repositories map[string]evidence.TrustData `json:"repositories"`
}

// NotaryGUN is a pin: exactly one of the last three is set.
type NotaryGUN struct {
	GUN    string   `json:"gun"`
	KeyIDs []string `json:"key_ids,omitempty"`
	CA     string   `json:"root_ca,omitempty"` // PEM
	Root   string   `json:"root,omitempty"`    // root.json, byte for byte
}

func notariesOf(cfg *config.Config) map[string]Notary {
	out := map[string]Notary{}
	for name, n := range cfg.Notaries {
		one := Notary{GUNs: []NotaryGUN{}, Repositories: map[string]evidence.TrustData{}}
		for _, g := range n.GUNs {
			one.GUNs = append(one.GUNs, NotaryGUN{GUN: g.GUN, KeyIDs: g.KeyIDs, CA: string(g.CA), Root: string(g.Root)})
		}
		out[name] = one
	}
	return out
}

// Said adds what the notaries said.
func (t *Trust) Said(data map[string]map[string]evidence.TrustData) {
	for name, guns := range data {
		one := t.Notaries[name]
		one.Repositories = guns
		t.Notaries[name] = one
	}
}

// notaries are the notaries of a configuration that verifies the record in dir
// again. A blob that is missing there is a file that the notary does not have.
func (t Trust) notaries(dir string) map[string]config.Notary {
	out := map[string]config.Notary{}
	for name, n := range t.Notaries {
		one := config.Notary{Recorded: map[string]config.RecordedTrust{}}
		for _, g := range n.GUNs {
			one.GUNs = append(one.GUNs, config.NotaryGUN{GUN: g.GUN, KeyIDs: g.KeyIDs, CA: []byte(g.CA), Root: []byte(g.Root)})
		}
		for gun, data := range n.Repositories {
			files := map[string][]byte{}
			for file, digest := range data.Files {
				if raw := blob(dir, digest); raw != nil {
					files[file] = raw
				}
			}
			one.Recorded[gun] = config.RecordedTrust{At: data.At, Files: files, Seen: data.Seen}
		}
		out[name] = one
	}
	return out
}

// blob returns a blob of the layout, nil when it is not there. The digest stands
// in a file that anybody may have written.
func blob(dir string, digest registry.Digest) []byte {
	parsed, err := registry.ParseDigest(string(digest))
	if err != nil {
		return nil
	}
	algorithm, hex, _ := strings.Cut(string(parsed), ":")
	raw, err := os.ReadFile(filepath.Join(dir, "layout", "blobs", algorithm, hex))
	if err != nil || !parsed.Matches(raw) {
		return nil
	}
	return raw
}
