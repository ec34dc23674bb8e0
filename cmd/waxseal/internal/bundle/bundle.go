// Package bundle holds the commands that make what travels to a host: build,
// test and push. It also says which bundles waxseal itself can evaluate.
package bundle

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/waxseal/waxseal/bundles"
)

// Command is `waxseal bundle`. Version is that of the library, for manifests.
func Command(version string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bundle",
		Short: "Build the policies for a host, and push them to a registry",
		Long: `Puts the policies, those of the library and your own, together for a host.

Flavours:
  cli                 waxseal itself: run --server, eval, exec
  http                an unmodified OPA server, which asks a waxseal server
  data                an unmodified conftest, with the file that waxseal collect writes
  conftest-builtin    a conftest with the builtins inside
  gatekeeper          an unmodified Gatekeeper, which asks waxseal provider
  gatekeeper-builtin  a Gatekeeper with the builtins inside`,
	}
	cmd.AddCommand(build(version), push(), test())
	return cmd
}

// built are the flavours that are built. A replay needs no bundle: the binary has one.
func built() []string {
	var out []string
	for _, flavour := range bundles.Flavours() {
		if flavour != bundles.Replay {
			out = append(out, flavour)
		}
	}
	return out
}

// forGatekeeper says whether a flavour is installed as ConstraintTemplates.
func forGatekeeper(flavour string) bool { return strings.HasPrefix(flavour, bundles.Gatekeeper) }
