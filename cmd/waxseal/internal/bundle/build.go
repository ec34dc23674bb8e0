package bundle

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/bundles/parameters"
)

// buildFlags are the flags of build.
type buildFlags struct {
	flavour, output, config, data string
	subject                       string
	policies                      []string
	signingKey, signingAlg        string
}

func build(version string) *cobra.Command {
	var f buildFlags
	cmd := &cobra.Command{
		Use:   "build --flavour FLAVOUR -o FILE",
		Short: "Build a bundle, or ConstraintTemplates",
		Long: `Writes a bundle (FILE.tar.gz) or, for the flavours of Gatekeeper, ConstraintTemplates
(FILE.yaml). Equal input gives equal bytes, but for signatures.

--for says what is judged: images (of workloads, the default), pipelines (CI files), enforcement (admission
configuration) or audit (what an audit found beside these). Pipelines are for the flavours cli, data and
conftest-builtin, enforcement and audit are for cli.

--policies names a folder of your own policies, in the form of the library's: NAME/NAME.rego with the
package lib.waxseal.policy.NAME, and NAME/parameters.json. They are linted, and compiled strictly with
what the host has. Their tests are left out.

--config takes the policies, workloads and origins of a waxseal.yaml as parameters into the bundle; --data takes
{"waxseal": {…}} with parameters, server (flavour http) or max_evidence_age (flavour data). The bundle
owns what it holds; what it leaves out may come from elsewhere.

Exit codes: 0 written, 2 something is wrong, or misuse.`,
		Example: `  waxseal bundle build --flavour http --config waxseal.yaml --data server.yaml -o http.tar.gz
  waxseal bundle build --flavour data --policies policies/ -o conftest.tar.gz
  waxseal bundle build --flavour gatekeeper --policies policies/ -o templates.yaml
  waxseal bundle build --for pipelines --flavour data --config waxseal.yaml -o pipelines.tar.gz
  waxseal bundle build --flavour cli --signing-key key.pem -o cli.tar.gz`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			content, err := f.build(cmd.Context(), version)
			if err != nil {
				return err
			}
			if err := os.WriteFile(f.output, content, 0o644); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "wrote %s\n", f.output)
			return nil
		},
	}
	cmd.Flags().StringVar(&f.flavour, "flavour", "", "the host: "+strings.Join(built(), ", "))
	cmd.Flags().StringVar(&f.subject, "for", string(bundles.Images), "what the policies judge: "+strings.Join(subjects(), ", "))
	cmd.Flags().StringVarP(&f.output, "output", "o", "", "file to write: .tar.gz for a bundle, .yaml for ConstraintTemplates")
	cmd.Flags().StringVarP(&f.config, "config", "c", "", "waxseal.yaml whose policies, workloads and origins become parameters")
	cmd.Flags().StringVar(&f.data, "data", "", "YAML or JSON with what stands at data.waxseal")
	cmd.Flags().StringArrayVar(&f.policies, "policies", nil, "folder of your own policies; may be repeated")
	cmd.Flags().StringVar(&f.signingKey, "signing-key", "", "file of the key (PEM, or the secret of HMAC) that signs the bundle")
	cmd.Flags().StringVar(&f.signingAlg, "signing-alg", "RS256", "algorithm of the signature, as in OPA's sign")
	_ = cmd.MarkFlagRequired("flavour")
	_ = cmd.MarkFlagRequired("output")
	_ = cmd.RegisterFlagCompletionFunc("for", cobra.FixedCompletions(subjects(), cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("flavour", cobra.FixedCompletions(built(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func subjects() (names []string) {
	for _, s := range bundles.Subjects() {
		names = append(names, string(s))
	}
	return names
}

// build returns the file to write.
func (f *buildFlags) build(ctx context.Context, version string) ([]byte, error) {
	if !slices.Contains(built(), f.flavour) {
		return nil, fmt.Errorf("--flavour %s: there are %s", f.flavour, strings.Join(built(), ", "))
	}
	own, err := Own(f.policies)
	if err != nil {
		return nil, err
	}
	data, err := f.operatorsData(own)
	if err != nil {
		return nil, err
	}
	content, err := bundles.Content(f.flavour, bundles.Options{Subject: bundles.Subject(f.subject), Own: own, Data: data})
	if err != nil {
		return nil, err
	}
	compiler, err := compile(f.flavour, content)
	if err != nil {
		return nil, err
	}
	if err := f.heeded(ctx, compiler, data); err != nil {
		return nil, err
	}
	switch extension := filepath.Ext(f.output); {
	case extension == ".yaml" || extension == ".yml":
		return f.templates(own)
	case !strings.HasSuffix(f.output, ".tar.gz"):
		return nil, fmt.Errorf("-o %s: a bundle is named FILE.tar.gz, ConstraintTemplates FILE.yaml", f.output)
	}
	manifest, err := json.MarshalIndent(bundles.NewManifest(content, bundles.Description{Flavour: f.flavour, Version: version, Builtins: needed(compiler)}), "", "  ")
	if err != nil {
		return nil, err
	}
	content[bundles.ManifestFile] = manifest
	if f.signingKey != "" {
		if err := sign(content, f.signingKey, f.signingAlg); err != nil {
			return nil, err
		}
	}
	return bundles.Archive(content)
}

// Own reads and lints the policies of the folders that --policies names.
func Own(dirs []string) (bundles.Own, error) {
	var folders []fs.FS
	for _, dir := range dirs {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return nil, fmt.Errorf("--policies %s: this is not a folder", dir)
		}
		folders = append(folders, os.DirFS(dir))
	}
	own, err := bundles.ReadOwn(folders...)
	if err != nil {
		return nil, fmt.Errorf("--policies: %w", err)
	}
	if err := parameters.Schemas(own); err != nil {
		return nil, fmt.Errorf("--policies: %w", err)
	}
	return own, lintOwn(own)
}
