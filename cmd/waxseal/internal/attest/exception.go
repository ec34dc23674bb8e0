package attest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"
)

// exceptionType is the predicate of exceptions for findings
// (docs/policies/scanned_images.md).
const exceptionType = "https://github.com/waxseal/waxseal/attestation/exception/v1"

// exception is one of the predicate. Its scope is the image that it is attested
// about.
type exception struct {
	ID       string   `json:"id"`
	Packages []string `json:"packages,omitempty"`
	Owner    string   `json:"owner"`
	Ticket   string   `json:"ticket,omitempty"`
	Reason   string   `json:"reason"`
	Expires  string   `json:"expires"`
	Created  string   `json:"created,omitempty"`
}

func exceptionCommand() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "exception FILE|- IMAGE",
		Short: "Attest that findings of an image are accepted for a time",
		Long: `Signs exceptions about the image's digest. scanned_images takes them from the authorities that its
parameter exceptions_from names. FILE is YAML or JSON:

  exceptions:
    - id: CVE-2026-1234
      packages: [openssl]
      owner: team-shop
      ticket: SEC-42
      reason: the vulnerable function is not called
      expires: 2026-12-31`,
		Example: `  waxseal attest exception --key cosign.key --tlog-upload=false exceptions.yaml "$IMAGE"`,
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.assumeImage = true // it is about the image that it is signed for
			return f.run(cmd, args[0], args[1], readExceptions)
		},
	}
	f.bind(cmd)
	_ = cmd.Flags().MarkHidden("assume-image")
	return cmd
}

func readExceptions(raw []byte) (*document, error) {
	var list struct {
		Exceptions []exception `json:"exceptions"`
	}
	if err := yaml.UnmarshalStrict(raw, &list); err != nil {
		if _, what, found := strings.Cut(err.Error(), "json: "); found {
			err = errors.New(what)
		}
		return nil, fmt.Errorf("%w; expected exceptions, a list of id, owner, reason, expires, and where there are any packages, ticket, created", err)
	}
	if len(list.Exceptions) == 0 {
		return nil, fmt.Errorf("exceptions: is missing or empty")
	}
	doc := &document{predicateType: exceptionType, about: "the list"}
	for i, e := range list.Exceptions {
		if err := e.check(time.Now()); err != nil {
			return nil, fmt.Errorf("exceptions[%d]: %w", i, err)
		}
		doc.facts = append(doc.facts, fact{"exception", fmt.Sprintf("%s until %s, %s: %s", e.ID, e.Expires, e.Owner, e.Reason)})
	}
	var err error
	doc.predicate, err = json.Marshal(list)
	return doc, err
}

func (e exception) check(now time.Time) error {
	for _, field := range []struct{ name, text string }{{"id", e.ID}, {"owner", e.Owner}, {"reason", e.Reason}, {"expires", e.Expires}} {
		if strings.TrimSpace(field.text) == "" {
			return fmt.Errorf("%s: is missing", field.name)
		}
	}
	end, err := time.Parse(time.DateOnly, e.Expires)
	if err == nil {
		end = end.AddDate(0, 0, 1)
	} else if end, err = time.Parse(time.RFC3339, e.Expires); err != nil {
		return fmt.Errorf("expires: %q; expected a day like 2026-12-31", e.Expires)
	}
	if !end.After(now) {
		return fmt.Errorf("expires: %s has passed", e.Expires)
	}
	return nil
}
