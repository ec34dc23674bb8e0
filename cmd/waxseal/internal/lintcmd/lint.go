// Package lintcmd is the command that checks policies for the mistakes that
// make Rego admit silently.
package lintcmd

import (
	"fmt"
	"io/fs"
	"os"

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
Without DIR the library inside this binary is checked. Exit codes: 0 clean, 1 findings, 2 misuse.`,
		Example: "  waxseal lint rego/lib",
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
	for name, folder := range folders {
		problems, err := lint.Dir(folder)
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
	return nil
}
