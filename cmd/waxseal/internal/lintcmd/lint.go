// Package lintcmd is the command that checks policies for the mistakes that
// make Rego admit silently.
package lintcmd

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/exit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/lint"
	"github.com/waxseal/waxseal/rego"
)

// Command is `waxseal lint`.
func Command() *cobra.Command {
	return &cobra.Command{
		Use:   "lint [DIR…]",
		Short: "Check policies for mistakes that admit silently",
		Long: `Checks Rego policies for the mistakes that make a decision fail open or differ between hosts.
Without DIR the library inside this binary is checked. Tests (*_test.rego) are left out.

In any Rego:
  folder            package and folder are one name
  data              data stands only in import lines
  mock              no "with" outside of tests
  negated-result, negated-call, negated-argument
                    no negation of what may be undefined
  pattern           regular expressions are anchored literals
  builtin           no builtin that is newer than Gatekeeper's OPA
In packages lib.waxseal, which travel to every host:
  imports           only packages that travel along; no policy imports another
  world             input, clock and network only in host.rego
  exports, head, metadata
                    the form of a policy, in lib.waxseal.policy

Exit codes: 0 clean, 1 findings, 2 misuse.`,
		Example: `  waxseal lint rego/lib
  waxseal lint my-policies`,
		RunE: func(cmd *cobra.Command, args []string) error {
			folders := map[string]fs.FS{}
			for _, dir := range args {
				if _, err := os.Stat(dir); err != nil {
					return err
				}
				folders[dir] = os.DirFS(dir)
			}
			if len(args) == 0 {
				folders["library"] = rego.FS
			}
			return report(cmd, folders)
		},
	}
}

func report(cmd *cobra.Command, folders map[string]fs.FS) error {
	found := 0
	for _, name := range slices.Sorted(maps.Keys(folders)) {
		problems, err := lint.Dir(folders[name])
		if err != nil {
			return err
		}
		for _, p := range problems {
			found++
			fmt.Fprintf(cmd.OutOrStdout(), "%s/%s:%d: %s: %s\n", name, p.File, p.Line, p.Rule, p.Text)
		}
	}
	if found > 0 {
		return exit.Code(exit.Denied)
	}
	fmt.Fprintln(cmd.ErrOrStderr(), "no findings")
	return nil
}
