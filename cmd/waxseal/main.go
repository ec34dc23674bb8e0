// Command waxseal is OPA with the Waxseal builtins inside, and the commands
// that take a manifest to a decision.
package main

import (
	"os"

	"github.com/open-policy-agent/opa/cmd"
)

func main() {
	if err := cmd.RootCommand.Execute(); err != nil {
		os.Exit(2)
	}
}
