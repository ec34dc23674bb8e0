// Package policy says by what images are judged. It names policies by a digest, so that
// others can pin what an image was verified by (`waxseal policy digest`), and puts them
// into words (`waxseal policy show`).
package policy

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"

	"github.com/cyberphone/json-canonicalization/go/src/webpki.org/jsoncanonicalizer"
	"github.com/spf13/cobra"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/bundles/parameters"
)

// Digest names a policy: the digest of its bundle, as the CLI has it, with the
// parameters. It is the SHA-256 of {"bundle": …, "parameters": …} as canonical JSON
// (RFC 8785).
//
// Whose summaries stand in for signatures (signed_images.verified_by) is left out:
// it names digests of policies, its own among them, and no image is said to have
// passed because of it.
func Digest(bundle string, parameters map[string]any) (string, error) {
	if bundle == "" {
		return "", errors.New("digest of the policy: that of its bundle is not known")
	}
	raw, err := json.Marshal(map[string]any{"bundle": bundle, "parameters": pinned(parameters)})
	if err != nil {
		return "", fmt.Errorf("digest of the policy: %w", err)
	}
	if raw, err = jsoncanonicalizer.Transform(raw); err != nil {
		return "", fmt.Errorf("digest of the policy: %w", err)
	}
	return fmt.Sprintf("sha256:%x", sha256.Sum256(raw)), nil
}

// pinned are the parameters that the digest is of.
func pinned(parameters map[string]any) map[string]any {
	out := maps.Clone(parameters)
	if out == nil {
		return map[string]any{}
	}
	if signed, ok := out["signed_images"].(map[string]any); ok {
		signed = maps.Clone(signed)
		delete(signed, "verified_by")
		out["signed_images"] = signed
	}
	return out
}

// Of is the digest of the policy of a waxseal.yaml with the policies of this binary.
func Of(cfg *config.Config) (string, error) {
	files, err := bundles.FilesOf(bundles.Images, bundles.CLI, nil, nil)
	if err != nil {
		return "", err
	}
	return Digest(bundles.Revision(files), cfg.Parameters())
}

// Command is `waxseal policy`.
func Command() *cobra.Command {
	cmd := &cobra.Command{Use: "policy", Short: "Say by what images are judged"}
	cmd.AddCommand(digestCommand(), showCommand())
	return cmd
}

func digestCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "digest",
		Short: "Print the digest of the policy, for policy_digests",
		Long: `Prints the digest of the policies of this binary with the parameters of waxseal.yaml. A verification
summary that waxseal audit signs names it (policy.digest), and signed_images trusts summaries by it
(verified_by, policy_digests). It changes with the parameters and with the version of Waxseal;
signed_images.verified_by itself is left out of it.

Names of keys are part of it, and the keys that they stand for are not.`,
		Example: `  waxseal policy digest -c waxseal.yaml`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := parameters.Load(file)
			if err != nil {
				return err
			}
			digest, err := Of(cfg)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), digest)
			return err
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", cmp.Or(os.Getenv("WAXSEAL_CONFIG"), "waxseal.yaml"), "configuration; $WAXSEAL_CONFIG names another default")
	return cmd
}
