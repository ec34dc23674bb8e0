package bundle

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"

	opa "github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/util"
)

// signatures is the place of the signature in a bundle.
const signatures = ".signatures.json"

// sign adds a signature over all files, as OPA's sign command makes it.
func sign(content map[string][]byte, key, algorithm string) error {
	if _, err := os.Stat(key); err != nil {
		return fmt.Errorf("--signing-key: %w", err)
	}
	hasher, err := opa.NewSignatureHasher(opa.SHA256)
	if err != nil {
		return err
	}
	var files []opa.FileInfo
	for _, name := range slices.Sorted(maps.Keys(content)) {
		var value any = content[name]
		if opa.IsStructuredDoc(name) { // by content, so that spaces do not count
			if err := util.Unmarshal(content[name], &value); err != nil {
				return err
			}
		}
		sum, err := hasher.HashFile(value)
		if err != nil {
			return err
		}
		files = append(files, opa.NewFile(name, hex.EncodeToString(sum), opa.SHA256.String()))
	}
	token, err := opa.GenerateSignedToken(files, opa.NewSigningConfig(key, algorithm, ""), "")
	if err != nil {
		return fmt.Errorf("--signing-key %s: %w", key, err)
	}
	content[signatures], err = json.Marshal(map[string]any{"signatures": []string{token}})
	return err
}
