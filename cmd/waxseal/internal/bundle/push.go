package bundle

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/spf13/cobra"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/config"
)

func push() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "push FILE REF",
		Short: "Push a bundle to an OCI registry",
		Long: `Pushes a bundle that was built, in the form that its host pulls: for OPA and waxseal one layer with the
whole bundle, signature included; for conftest (flavours data and conftest-builtin) one layer for each
file. Prints the reference by digest.

Registries and credentials are those of waxseal.yaml (-c, else $WAXSEAL_CONFIG, else waxseal.yaml where there
is one, else those of Docker).

Exit codes: 0 pushed, 2 something is wrong, or misuse.`,
		Example: `  waxseal bundle push http.tar.gz registry.example/policies/opa:v1
  waxseal bundle push data.tar.gz registry.example/policies/conftest:v1
  conftest pull oci://registry.example/policies/conftest:v1`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := settings(path)
			if err != nil {
				return err
			}
			keychain, err := builtins.Keychain(cfg)
			if err != nil {
				return err
			}
			artifact, err := artifactOf(args[0])
			if err != nil {
				return err
			}
			tag, options, err := target(cmd.Context(), args[1], cfg, keychain)
			if err != nil {
				return err
			}
			if err := remote.Write(tag, artifact, options...); err != nil {
				return fmt.Errorf("push %s: %w", tag, err)
			}
			digest, err := artifact.Digest()
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s@%s\n", tag, digest)
			return nil
		},
	}
	cmd.Flags().StringVarP(&path, "config", "c", os.Getenv("WAXSEAL_CONFIG"), "configuration: registries and credentials")
	return cmd
}

// settings loads a configuration; without one the defaults hold.
func settings(path string) (*config.Config, error) {
	if path == "" {
		if _, err := os.Stat("waxseal.yaml"); errors.Is(err, fs.ErrNotExist) {
			return config.Default(), nil
		}
	}
	// What is said to the policies is none of a push's business.
	return config.Load(cmp.Or(path, "waxseal.yaml"))
}
