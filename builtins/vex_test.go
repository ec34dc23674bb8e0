package builtins_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// pushVEX pushes images for what VEX can be: signed by the right one, with what
// the library behind vexctl wrote, by another one, odd, and an SBOM.
func pushVEX(t *testing.T, w *fixture.World, push func(string) fixture.Image) {
	raw, err := os.ReadFile(filepath.Join("vex", "testdata", "govex", "attestation.json"))
	require.NoError(t, err)
	var statement struct {
		PredicateType string
		Predicate     any
	}
	require.NoError(t, json.Unmarshal(raw, &statement))
	o := sigstore.Options{}
	push("vex").AttestBundle(t, w.Key, statement.PredicateType, statement.Predicate, o)
	push("strange_vex").AttestBundle(t, w.Other, statement.PredicateType, statement.Predicate, o)
	push("odd_vex").AttestBundle(t, w.Key, "https://openvex.dev/ns/v0.2.0", map[string]any{"@context": "https://openvex.dev/ns/v9"}, o)
	push("no_vex").AttestBundle(t, w.Key, "https://cyclonedx.org/bom", map[string]any{"bomFormat": "CycloneDX", "specVersion": "1.6"}, o)
}
