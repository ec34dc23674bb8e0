package stack

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Notation is the command line of the Notary Project, with a self-signed
// certificate made for the occasion.
type Notation struct {
	*Command
	PEM string // the certificate
}

// NewNotation returns notation.
func NewNotation(t testing.TB) *Notation {
	t.Helper()
	n := &Notation{Command: NewCommand(t, "notation")}
	n.must(t, "cert", "generate-test", "--default", "waxseal.test")
	raw, err := os.ReadFile(filepath.Join(n.home, ".config", "notation", "localkeys", "waxseal.test.crt"))
	require.NoError(t, err)
	n.PEM = string(raw)
	return n
}

// Sign signs an image, given by digest, with an envelope of "jws" or "cose".
func (n *Notation) Sign(t testing.TB, ref, envelope string, more ...string) {
	t.Helper()
	n.must(t, append(append([]string{"sign", "--insecure-registry", "--signature-format", envelope}, more...), ref)...)
}

// Trust makes notation trust its own certificate by a trust policy document.
func (n *Notation) Trust(t testing.TB, document []byte) {
	t.Helper()
	file := filepath.Join(n.home, "trustpolicy.json")
	require.NoError(t, os.WriteFile(file, document, 0o600))
	n.must(t, "policy", "import", "--force", file)
}

// Verify is what notation itself says.
func (n *Notation) Verify(ref string) (string, error) {
	return n.Run("verify", "--insecure-registry", ref)
}

func (n *Notation) must(t testing.TB, arguments ...string) {
	t.Helper()
	_, err := n.Run(arguments...)
	require.NoError(t, err)
}
