// Package scaffold holds the commands that write a start: a waxseal.yaml, a
// policy, a builtin.
package scaffold

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/spf13/cobra"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/config"
)

//go:embed templates
var templates embed.FS

// Init is `waxseal init`.
func Init() *cobra.Command {
	return &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a commented starter waxseal.yaml",
		Long:  "Writes a commented waxseal.yaml to start from. An existing file is never overwritten.",
		Example: `  waxseal init
  waxseal init ci/waxseal.yaml`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := "waxseal.yaml"
			if len(args) == 1 {
				path = args[0]
			}
			if err := create(map[string][]byte{path: config.Template()}); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "wrote %s\nnext: put your public key where it says, then\n  waxseal admit -c %s FILE|DIR\n", path, path)
			return nil
		},
	}
}

// New is `waxseal new`.
func New() *cobra.Command {
	cmd := &cobra.Command{Use: "new", Short: "Write the skeleton of a policy or a builtin"}
	cmd.AddCommand(newPolicy(), newBuiltin())
	return cmd
}

// What is left to do is said here and in CONTRIBUTING.md.
const (
	policyNext = `next:
  write requests, deny and pass, and parameters.json
  write its tests; all lines have to be covered (make test-rego)
  add a line to CHANGELOG.md
  make generate check test`
	ownNext = `next:
  write requests, deny and pass, and parameters.json
  write its tests: waxseal bundle test --policies %[1]s
  build it in: waxseal bundle build --policies %[1]s --flavour FLAVOUR -o FILE`
	builtinNext = `next:
  list %s in all() (builtins/builtins.go)
  write the fact as a method of Decision in builtins/evidence
  add %s to functions and call, and if it takes options to mistaken, in builtins/evidence/collect.go
  write the accessor in rego/lib/waxseal/evidence/evidence.rego, and its test
  add cases to tests/cases/builtins
  add a line to CHANGELOG.md
  make generate check test`
)

var policyName = regexp.MustCompile(`\A[a-z][a-z0-9]*(_[a-z0-9]+)*\z`)

// libraryPolicies is where the policies of the library stand, in a checkout of Waxseal.
const libraryPolicies = "rego/lib/waxseal/policy"

func newPolicy() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "policy NAME",
		Short: "Write the skeleton of a policy: Rego, test, parameters.json",
		Long: `Writes a policy that denies every image until you write its rules, its test, and the
schema of its parameters, into a checkout of Waxseal or, with --dir, into a folder of your own.
Nothing is overwritten.`,
		Example: `  waxseal new policy no_latest_tag
  waxseal new policy --dir policies no_latest_tag`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !policyName.MatchString(args[0]) {
				return fmt.Errorf("%q is not a name for a policy: write words of lower-case letters and digits, joined by _", args[0])
			}
			folder := filepath.Join(dir, args[0])
			files, err := render(map[string]string{
				"policy.rego.tmpl":      filepath.Join(folder, args[0]+".rego"),
				"policy_test.rego.tmpl": filepath.Join(folder, args[0]+"_test.rego"),
				"parameters.json.tmpl":  filepath.Join(folder, "parameters.json"),
			}, map[string]string{"Name": args[0], "Title": strings.ReplaceAll(args[0], "_", " ")})
			if err != nil {
				return err
			}
			next := policyNext
			if dir != libraryPolicies {
				next = fmt.Sprintf(ownNext, dir)
			}
			return written(cmd, files, next)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", libraryPolicies, "folder of the policies: of a checkout of Waxseal, or your own")
	return cmd
}

var builtinName = regexp.MustCompile(`\A[a-z][a-z0-9]*\.[a-z][a-z0-9]*(_[a-z0-9]+)*\z`)

func newBuiltin() *cobra.Command {
	return &cobra.Command{
		Use:   "builtin NAMESPACE.NAME",
		Short: "Write the skeleton of a builtin, in a checkout of Waxseal",
		Long: `Writes the declaration of a builtin and says what to add where. Run it at the root of a
checkout of Waxseal. Nothing is overwritten.`,
		Example: "  waxseal new builtin helm.charts",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := newName(args[0]); err != nil {
				return err
			}
			if _, err := os.Stat(filepath.Join("builtins", "builtins.go")); err != nil {
				return fmt.Errorf("this is not the root of a checkout of Waxseal: %w", err)
			}
			space, name, _ := strings.Cut(args[0], ".")
			variable := space + camel(name)
			files, err := render(map[string]string{
				"builtin.go.tmpl": filepath.Join("builtins", space+"_"+name+".go"),
			}, map[string]string{"Name": args[0], "Var": variable})
			if err != nil {
				return err
			}
			return written(cmd, files, fmt.Sprintf(builtinNext, variable, args[0]))
		},
	}
}

// newName refuses what is not the name of a builtin, or is already one of
// Waxseal's or OPA's.
func newName(name string) error {
	taken := func(b *ast.Builtin) bool { return b.Name == name }
	switch {
	case !builtinName.MatchString(name):
		return fmt.Errorf("%q is not a name for a builtin: write namespace.name, in words of lower-case letters and digits, those of name joined by _", name)
	case slices.ContainsFunc(builtins.Declarations(), taken):
		return fmt.Errorf("%s is a builtin of Waxseal already", name)
	case slices.ContainsFunc(ast.Builtins, taken):
		return fmt.Errorf("%s is a builtin of OPA", name)
	}
	return nil
}

func camel(name string) string {
	var out string
	for _, word := range strings.Split(name, "_") {
		out += strings.ToUpper(word[:1]) + word[1:]
	}
	return out
}

func render(paths map[string]string, values map[string]string) (map[string][]byte, error) {
	files := map[string][]byte{}
	for name, path := range paths {
		t, err := template.New(name).Delims("<%", "%>").ParseFS(templates, "templates/"+name)
		if err != nil {
			return nil, err
		}
		var text strings.Builder
		if err := t.Execute(&text, values); err != nil {
			return nil, err
		}
		files[path] = []byte(text.String())
	}
	return files, nil
}

func written(cmd *cobra.Command, files map[string][]byte, next string) error {
	if err := create(files); err != nil {
		return err
	}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintln(cmd.OutOrStdout(), "wrote", path)
	}
	fmt.Fprintln(cmd.OutOrStdout(), next)
	return nil
}

// create writes all files, or none when one of them exists.
func create(files map[string][]byte) error {
	for path := range files {
		_, err := os.Lstat(path)
		switch {
		case err == nil:
			return fmt.Errorf("%s exists; it is not overwritten", path)
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	for path, text := range files {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
