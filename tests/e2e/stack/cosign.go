package stack

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Cosign is the command line of cosign, with a key pair made for the occasion.
type Cosign struct {
	*Command
	Major int
	Key   string // path of the private key, encrypted under the empty password
	PEM   string // the public key
}

// NewCosign returns cosign of a major version: 2 or 3.
func NewCosign(t testing.TB, major int) *Cosign {
	t.Helper()
	name := map[int]string{2: "cosign2", 3: "cosign3"}[major]
	c := &Cosign{Command: NewCommand(t, name, "COSIGN_PASSWORD="), Major: major}
	c.Key = filepath.Join(c.home, "release.key")
	c.must(t, "generate-key-pair", "--output-key-prefix", "release")
	public, err := os.ReadFile(filepath.Join(c.home, "release.pub"))
	require.NoError(t, err)
	c.PEM = string(public)
	return c
}

func (c *Cosign) must(t testing.TB, arguments ...string) {
	t.Helper()
	_, err := c.Run(arguments...)
	require.NoError(t, err)
}

// Sign signs an image, given by digest, with the key and without a log: as
// legacy signature under the .sig tag, or as bundle.
func (c *Cosign) Sign(t testing.TB, ref string, bundle bool, more ...string) {
	t.Helper()
	c.must(t, append(append([]string{"sign", "-y", "--key", c.Key}, c.format(bundle)...), append(more, ref)...)...)
}

// Attest attests a predicate of a type as a bundle, or as layer of the .att tag.
func (c *Cosign) Attest(t testing.TB, ref, predicateType string, predicate []byte, bundle bool) {
	t.Helper()
	file := filepath.Join(c.home, "predicate.json")
	require.NoError(t, os.WriteFile(file, predicate, 0o600))
	c.must(t, append(append([]string{"attest", "-y", "--key", c.Key, "--type", predicateType, "--predicate", file}, c.format(bundle)...), ref)...)
}

// format chooses the format, which each version does in its own way, and leaves
// the log of the public good out.
func (c *Cosign) format(bundle bool) []string {
	flags := []string{"--tlog-upload=false"}
	switch {
	case c.Major == 2 && bundle:
		flags = append(flags, "--new-bundle-format")
	case c.Major == 3 && bundle:
		flags = append(flags, "--use-signing-config=false")
	case c.Major == 3:
		flags = append(flags, "--use-signing-config=false", "--new-bundle-format=false")
	}
	return flags
}

// In returns the same cosign with another repository for what it writes.
func (c *Cosign) In(repository string) *Cosign {
	other := *c
	command := *c.Command
	command.env = append(append([]string{}, command.env...), "COSIGN_REPOSITORY="+repository)
	other.Command = &command
	return &other
}
