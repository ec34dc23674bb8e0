// Package pipeline is the command that says whether the pipelines of a
// repository sign and scan what they build.
package pipeline

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/exit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/study"
)

type flags struct {
	study.Flags
	root string
}

// Command is `waxseal pipeline`.
func Command() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "pipeline [DIR|FILE]",
		Short: "Say whether the pipelines of a repository sign and scan what they build",
		Long: `Reads the CI files of a repository, and the scripts, Makefiles and configurations that they lead to, and
judges them by the policies pipeline_*: is every image that is pushed signed, and by its digest; is it scanned
before, by a scan that can stop the pipeline; is what runs pinned; are keys and tokens safe. Nothing is run,
and nothing is asked over a network.

DIR is the root of the repository, the default is the current folder. With FILE only that pipeline is judged,
with all that it leads to; the root is then --root.

Understood are GitHub Actions, GitLab CI, Jenkins, Tekton, Cloud Build, CircleCI and Azure Pipelines
(docs/pipelines.md). What is not in the repository, such as a remote reusable workflow or a shared library, is
"cannot tell", with what to supply.

Exit codes: 0 nothing is wrong, 1 something is, 2 cannot tell, no pipeline is there, a file could not be read, or misuse.`,
		Example: `  waxseal pipeline
  waxseal pipeline -o github .github/workflows/release.yml
  waxseal pipeline -o sarif > pipelines.sarif
  waxseal pipeline -o markdown >> "$GITHUB_STEP_SUMMARY"`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			target := "."
			if len(args) > 0 {
				target = args[0]
			}
			return f.run(cmd, target)
		},
	}
	f.Bind(cmd)
	cmd.Flags().StringVar(&f.root, "root", ".", "root of the repository, where a FILE is named")
	return cmd
}

func (f *flags) run(cmd *cobra.Command, target string) error {
	if err := f.Checked(); err != nil {
		return err
	}
	dir, file, err := f.place(target)
	if err != nil {
		return err
	}
	if above := above(dir); above != "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "waxseal: %s is a folder inside of the repository %s: what lies beside it is not read\n", render.Clean(dir), render.Clean(above))
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	out, err := f.Judge(cmd, bundles.Pipelines, evidence.Locals{evidence.PipelineRead: builtins.Pipelines(root.FS(), "")}, file)
	if err != nil {
		return err
	}
	report := render.NewReport(study.Decisions(out, target))
	if report.Study, err = studyOf(out); err != nil {
		return err
	}
	if err := render.Write(cmd.OutOrStdout(), f.Output, report); err != nil {
		return err
	}
	if report.Exit != exit.Admitted {
		return exit.Code(report.Exit)
	}
	return nil
}

// above returns the repository that a folder is in, "" where it is the root of one or in none.
func above(dir string) string {
	dir, err := filepath.Abs(dir)
	for at := dir; err == nil && at != filepath.Dir(at); at = filepath.Dir(at) {
		if _, missing := os.Lstat(filepath.Join(at, ".git")); missing == nil {
			if at == dir {
				return ""
			}
			return at
		}
	}
	return ""
}

// place returns the root of the repository, and the file in it that is judged; ""
// when all are.
func (f *flags) place(target string) (dir, file string, err error) {
	info, err := os.Stat(target)
	if err != nil {
		return "", "", err
	}
	if info.IsDir() {
		return target, "", nil
	}
	if info, err := os.Stat(f.root); err != nil || !info.IsDir() {
		return "", "", fmt.Errorf("--root %s: not a folder", f.root)
	}
	root, err := filepath.Abs(f.root)
	if err != nil {
		return "", "", err
	}
	path, err := filepath.Abs(target)
	if err != nil {
		return "", "", err
	}
	file, err = filepath.Rel(root, path)
	if err != nil || !filepath.IsLocal(file) {
		return "", "", fmt.Errorf("%s is not under the root of the repository, %s: name the root with --root, and the file from the current folder", target, f.root)
	}
	return f.root, filepath.ToSlash(file), nil
}
