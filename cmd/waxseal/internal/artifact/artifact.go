// Package artifact verifies files by their Sigstore bundles: `waxseal verify --bundle`.
package artifact

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"sigs.k8s.io/yaml"

	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/exit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// Flags are the flags of `waxseal verify` that are about files. Those of cosign
// have cosign's names.
type Flags struct {
	Bundle string

	keys                      []string
	identity, identityPattern string
	issuer, issuerPattern     string
	trustedRoot               string
	predicateTypes            []string
	timestamps                bool
	ignoreTlog, ignoreSCT     bool
}

// Bind adds the flags to a command.
func (f *Flags) Bind(cmd *cobra.Command) { f.bind(cmd.Flags()) }

func (f *Flags) bind(set *pflag.FlagSet) {
	set.StringVar(&f.Bundle, "bundle", "", "verify a file, or a digest, by this Sigstore bundle")
	set.StringArrayVar(&f.keys, "key", nil, "with --bundle: a PEM public key, or the name of one in waxseal.yaml, that may have signed; can be given again")
	set.StringVar(&f.identity, "certificate-identity", "", "with --bundle: the subject that has to have signed")
	set.StringVar(&f.identityPattern, "certificate-identity-regexp", "", "with --bundle: the same as a pattern, which has to match all of it")
	set.StringVar(&f.issuer, "certificate-oidc-issuer", "", "with --bundle: the issuer of the identity")
	set.StringVar(&f.issuerPattern, "certificate-oidc-issuer-regexp", "", "with --bundle: the same as a pattern, which has to match all of it")
	set.StringVar(&f.trustedRoot, "trusted-root", "", "with --bundle: a trusted_root.json; the default is the trust root of waxseal.yaml")
	set.StringArrayVar(&f.predicateTypes, "predicate-type", nil, "with --bundle: the type of statement that counts; can be given again. The default is any, and a signature over the file")
	set.BoolVar(&f.timestamps, "use-signed-timestamps", false, "with --bundle: demand a signed time stamp")
	set.BoolVar(&f.ignoreTlog, "insecure-ignore-tlog", false, "with --bundle: accept a signature without a transparency log entry")
	set.BoolVar(&f.ignoreSCT, "insecure-ignore-sct", false, "with --bundle: accept a certificate without certificate transparency")
}

// Stray returns the first flag about files that was given without a bundle, or "".
func (f *Flags) Stray(cmd *cobra.Command) (name string) {
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	(&Flags{}).bind(own)
	own.VisitAll(func(flag *pflag.Flag) {
		if name == "" && cmd.Flags().Changed(flag.Name) {
			name = flag.Name
		}
	})
	return name
}

// Result is what is printed.
type Result struct {
	Verified  bool       `json:"verified"`
	Artifact  string     `json:"artifact"`
	Digest    string     `json:"digest"`
	Bundle    string     `json:"bundle"`
	Signer    *Signer    `json:"signer,omitempty"`
	Statement *Statement `json:"statement,omitempty"`
	Errors    []Problem  `json:"errors"`
}

// Signer is who signed.
type Signer struct {
	Kind       string            `json:"kind"`
	Key        string            `json:"key,omitempty"`
	KeyID      string            `json:"key_id"`
	Issuer     string            `json:"issuer,omitempty"`
	Subject    string            `json:"subject,omitempty"`
	Extensions map[string]string `json:"extensions"`
	LogIndex   int64             `json:"log_index"`
	SignedAt   string            `json:"signed_at"`
}

// Statement is what the signer states about the artifact.
type Statement struct {
	PredicateType string          `json:"predicate_type"`
	Predicate     json.RawMessage `json:"predicate"`
}

// Problem is why the artifact is not verified.
type Problem struct {
	Code      fault.Code `json:"code"`
	Message   string     `json:"message"`
	Retryable bool       `json:"retryable"`
}

var formats = []string{render.Table, render.JSON, render.YAML}

// Verify verifies one artifact, a file or a digest, and prints the result. The
// error is an exit code, or misuse.
func (f *Flags) Verify(cmd *cobra.Command, config, output, named string) error {
	if !strings.Contains(" "+strings.Join(formats, " ")+" ", " "+output+" ") {
		return fmt.Errorf("-o %s: not a format for files; expected one of %s", output, strings.Join(formats, ", "))
	}
	bundle, err := readAll(f.Bundle, maxBundle)
	if err != nil {
		return fmt.Errorf("--bundle: %w", err)
	}
	subject, err := open(named)
	if err != nil {
		return err
	}
	defer subject.Close()
	opts, err := f.options(cmd.Context(), config, cmd.Flags().Changed("config"))
	if err != nil {
		return err
	}
	result, err := verify(cmd.Context(), opts, bundle, subject)
	if err != nil {
		return err
	}
	if err := result.write(cmd.OutOrStdout(), output); err != nil {
		return err
	}
	return result.exit()
}

func verify(ctx context.Context, opts *cosign.Options, bundle []byte, subject *subject) (*Result, error) {
	r := &Result{Artifact: subject.name, Digest: subject.digest, Bundle: string(registry.DigestOf(bundle)), Errors: []Problem{}}
	st, s, err := opts.Artifact(ctx, bundle, subject.artifact())
	if err != nil {
		code, known := fault.CodeOf(err)
		if !known || code == fault.InvalidRequest {
			return nil, err
		}
		r.Errors = append(r.Errors, Problem{code, err.Error(), code.Retryable()})
		return r, nil
	}
	r.Verified = true
	r.Signer = &Signer{
		Kind: s.Kind, Key: s.Key, KeyID: s.KeyID, Issuer: s.Issuer, Subject: s.Subject, Extensions: s.Extensions, LogIndex: s.LogIndex,
	}
	if !s.SignedAt.IsZero() {
		r.Signer.SignedAt = s.SignedAt.UTC().Format(time.RFC3339)
	}
	if st.PredicateType != "" {
		r.Statement = &Statement{st.PredicateType, st.Predicate}
	}
	return r, nil
}

func (r *Result) exit() error {
	switch {
	case r.Verified:
		return nil
	case r.Errors[0].Retryable:
		return exit.Code(exit.CannotTell)
	}
	return exit.Code(exit.Denied)
}

func (r *Result) write(w io.Writer, output string) error {
	if output == render.Table {
		return r.table(w)
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if output == render.YAML {
		if text, err = yaml.JSONToYAML(text); err != nil {
			return err
		}
	} else {
		text = append(text, '\n')
	}
	_, err = w.Write(text)
	return err
}

func (r *Result) table(w io.Writer) error {
	var b strings.Builder
	opts := render.Terminal(w, os.Getenv)
	line := func(mark, format string, args ...any) {
		b.WriteString(render.Hang(mark, fmt.Sprintf(format, args...), opts))
	}
	if !r.Verified {
		line("NOT VERIFIED ", "%s", r.Artifact)
		line("  ✗ ", "%s [%s]", r.Errors[0].Message, r.Errors[0].Code)
		line("  → ", "%s", remedy(r.Errors[0].Code))
		_, err := io.WriteString(w, b.String())
		return err
	}
	line("VERIFIED     ", "%s", r.Artifact)
	if r.Digest != r.Artifact {
		line("  digest     ", "%s", r.Digest)
	}
	if s := r.Signer; s.Kind == cosign.KindKey {
		line("  signed by  ", "key %s (%s)", s.Key, s.KeyID)
	} else {
		line("  signed by  ", "%s", s.Subject)
		line("  issuer     ", "%s", s.Issuer)
	}
	if r.Signer.SignedAt != "" {
		line("  signed at  ", "%s", r.Signer.SignedAt)
	}
	if r.Signer.LogIndex >= 0 {
		line("  log index  ", "%d", r.Signer.LogIndex)
	}
	if r.Statement != nil {
		line("  statement  ", "%s", r.Statement.PredicateType)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// remedy says what to do.
func remedy(code fault.Code) string {
	switch code {
	case fault.DigestMismatch:
		return "Get the artifact and its bundle again from where they are published; if they still differ, treat the artifact as tampered with."
	case fault.UntrustedIdentity:
		return "See who signed it, and name that key or identity if it is the one that you trust."
	case fault.WrongPredicate:
		return "Name the bundle that holds a statement of this type."
	case fault.Malformed, fault.TooLarge, fault.Unsupported:
		return "Get the bundle again, or have it written by a client that writes Sigstore bundles 0.1 to 0.3."
	}
	return "Do not use the artifact; have whoever publishes it sign it again."
}
