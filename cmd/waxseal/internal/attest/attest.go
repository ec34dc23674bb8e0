// Package attest wraps reports into predicates and has them signed about an
// image: `waxseal attest`.
package attest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/exit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// maxDocument bounds a report, in bytes. Attestations that are much larger are
// refused by registries and logs.
const maxDocument = 64 << 20

// flags are those of all kinds of documents.
type flags struct {
	output        string
	statementOnly bool
	assumeImage   bool
	registry      Registry
	signer        Signer
}

func (f *flags) bind(cmd *cobra.Command) {
	set := cmd.Flags()
	set.StringVarP(&f.output, "output", "o", render.Table, "output format: table, json")
	set.BoolVar(&f.statementOnly, "statement-only", false, "print the statement, and sign and upload nothing")
	set.BoolVar(&f.assumeImage, "assume-image", false, "attest a document that does not say which image it is about")
	f.registry.Bind(set)
	f.signer.Bind(set)
}

// Command is `waxseal attest`.
func Command() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "attest",
		Short: "Sign a scan report, an SBOM, VEX or an exception about an image",
		Long: `Wraps a document into the predicate that policies read, signs it about the image's digest, and
stores it beside the image as a Sigstore bundle. A document about another image is refused.

Who signs: --key (a private key of cosign, or the URI of a KMS), or an identity, with --signing-config of
the Sigstore instance that vouches for it; without one, Sigstore's public-good instance.
Exit codes: 0 attested, 1 refused, 2 misuse, or something could not be had. Nothing is stored but with 0.`,
		Example: `  trivy image --format json -o report.json "$IMAGE"
  waxseal attest scan --key cosign.key --tlog-upload=false --fail-on critical report.json "$IMAGE"
  syft "$IMAGE" -o cyclonedx-json | waxseal attest sbom - "$IMAGE"
  waxseal attest vex app.openvex.json "$IMAGE"
  waxseal attest exception exceptions.yaml "$IMAGE"`,
	}
	cmd.AddCommand(scanCommand(), sbomCommand(), vexCommand(), exceptionCommand())
	return cmd
}

// document is what is to be attested.
type document struct {
	predicateType string
	predicate     json.RawMessage
	subjects      []string // digests that it names as what it is about
	imageIDs      []string // digests of configurations that it names so
	about         string   // what it says, for the report
	facts         []fact
}

// fact is a line of the report.
type fact struct{ name, text string }

// refusal is an answer: what is there must not be attested.
type refusal struct{ text string }

func (r refusal) Error() string { return r.text }

func refuse(format string, args ...any) error { return refusal{fmt.Sprintf(format, args...)} }

// Result is what is printed.
type Result struct {
	Attested      bool   `json:"attested"`
	Image         string `json:"image"`
	PredicateType string `json:"predicate_type"`
	Signer        string `json:"signer"`
	Bundle        string `json:"bundle"`
	Reason        string `json:"reason"`

	facts []fact
}

// run attests what read returns about the image.
func (f *flags) run(cmd *cobra.Command, path, image string, read func([]byte) (*document, error)) error {
	if f.output != render.Table && f.output != render.JSON {
		return fmt.Errorf("-o %s: not a format; expected one of table, json", f.output)
	}
	raw, err := input(path, cmd.InOrStdin())
	if err != nil {
		return err
	}
	result := &Result{Image: image}
	err = f.attest(cmd.Context(), cmd.OutOrStdout(), image, func() (*document, error) {
		doc, err := read(raw)
		return doc, in(path, err)
	}, result)
	if errors.Is(err, errNamesNoImage) {
		err = in(path, err)
	}
	refused, isRefusal := err.(refusal) //nolint:errorlint // it is never wrapped: it is the answer
	switch {
	case err != nil && !isRefusal:
		return err
	case err == nil && f.statementOnly:
		return nil
	}
	result.Attested, result.Reason = err == nil, refused.text
	if err := result.write(cmd.OutOrStdout(), f.output); err != nil {
		return err
	}
	if isRefusal {
		return exit.Code(exit.Denied)
	}
	return nil
}

// in says in which document something is wrong. A refusal is an answer, and stays one.
func in(path string, err error) error {
	if _, is := err.(refusal); is || err == nil { //nolint:errorlint // it is never wrapped
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}

func (f *flags) attest(ctx context.Context, stdout io.Writer, image string, read func() (*document, error), result *Result) error {
	doc, err := read()
	if err != nil {
		return err
	}
	result.PredicateType, result.facts = doc.predicateType, doc.facts
	at, err := f.registry.find(ctx, image)
	if err != nil {
		return err
	}
	digest, err := at.subject(doc, f.assumeImage)
	if err != nil {
		return err
	}
	result.Image = at.repository() + "@" + digest
	statement, err := statementOf(digest, at.repository(), doc)
	if err != nil {
		return err
	}
	if f.statementOnly {
		_, err := fmt.Fprintf(stdout, "%s\n", statement)
		return err
	}
	bundle, who, err := f.signer.Sign(ctx, statement)
	if err != nil {
		return err
	}
	result.Signer = who
	result.Bundle, err = at.store(ctx, digest, bundle, doc.predicateType)
	return err
}

// statementOf writes an in-toto Statement v1 about one digest.
func statementOf(digest, name string, doc *document) ([]byte, error) {
	algorithm, sum, _ := strings.Cut(digest, ":")
	return json.Marshal(map[string]any{
		"_type":         "https://in-toto.io/Statement/v1",
		"subject":       []any{map[string]any{"name": name, "digest": map[string]string{algorithm: sum}}},
		"predicateType": doc.predicateType,
		"predicate":     doc.predicate,
	})
}

func input(path string, stdin io.Reader) ([]byte, error) {
	r := stdin
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		r = file
	}
	raw, err := io.ReadAll(io.LimitReader(r, maxDocument+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, err)
	case len(raw) > maxDocument:
		return nil, fmt.Errorf("%s: more than %d bytes", path, maxDocument)
	}
	return raw, nil
}

func (r *Result) write(w io.Writer, output string) error {
	if output == render.JSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	var b strings.Builder
	opts := render.Terminal(w, os.Getenv)
	line := func(mark, text string) { b.WriteString(render.Hang(mark, text, opts)) }
	facts := r.facts
	if r.Attested {
		line("ATTESTED     ", r.Image)
		facts = append(facts, fact{"predicate", r.PredicateType}, fact{"signed by", r.Signer}, fact{"stored as", r.Bundle})
	} else {
		line("NOT ATTESTED ", r.Image)
		line("  ✗ ", r.Reason)
	}
	for _, f := range facts {
		line(fmt.Sprintf("  %-10s ", f.name), f.text)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
