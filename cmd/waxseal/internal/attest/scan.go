package attest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/waxseal/waxseal/builtins/scan"
)

// scanType is the predicate of cosign for scans (COSIGN_VULN_ATTESTATION_SPEC).
const scanType = "https://cosign.sigstore.dev/attestation/vuln/v1"

type scanFlags struct {
	flags
	failOn            []string
	scannedAt         string
	databaseUpdatedAt string
}

func scanCommand() *cobra.Command {
	var f scanFlags
	cmd := &cobra.Command{
		Use:   "scan REPORT|- IMAGE",
		Short: "Attest a scanner's report about an image",
		Long: `Wraps a report, of any scanner that scan.parse reads, into cosign's vulnerability predicate, with the
times that scanned_images judges, signs it about the image's digest and stores it beside the image.

A report about another image is refused. --fail-on refuses one with findings of these severities, so that
"scan before you sign" is one step: cosign sign runs only when this command has ended with 0.`,
		Example: `  grype -o json "$IMAGE" | waxseal attest scan --key cosign.key --tlog-upload=false - "$IMAGE"
  waxseal attest scan --fail-on critical,high report.json "$IMAGE" && cosign sign --yes "$IMAGE"`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0], args[1], f.read) },
	}
	f.bind(cmd)
	cmd.Flags().StringSliceVar(&f.failOn, "fail-on", nil, "refuse to attest when there are findings of these severities: critical, high, medium, low, negligible, unknown")
	cmd.Flags().StringVar(&f.scannedAt, "scanned-at", "", "when the scan was made (RFC 3339), where the report does not say")
	cmd.Flags().StringVar(&f.databaseUpdatedAt, "database-updated-at", "", "when the scanner's database was made (RFC 3339), where the report does not say")
	return cmd
}

var severities = []string{"critical", "high", "medium", "low", "negligible", "unknown"}

func (f *scanFlags) read(raw []byte) (*document, error) {
	for _, s := range f.failOn {
		if !slices.Contains(severities, s) {
			return nil, fmt.Errorf("--fail-on %s: not a severity; expected some of %s", s, strings.Join(severities, ", "))
		}
	}
	report, err := scan.Parse(raw)
	if err != nil {
		return nil, err
	}
	scanned, err := timeOf("scanned-at", f.scannedAt, report.ScannedAt)
	if err != nil {
		return nil, err
	}
	if scanned.IsZero() {
		return nil, errors.New("it does not say when the scan was made: say it with --scanned-at")
	}
	database, err := timeOf("database-updated-at", f.databaseUpdatedAt, report.DBUpdatedAt)
	if err != nil {
		return nil, err
	}
	doc := &document{predicateType: scanType, subjects: report.Subjects, imageIDs: report.ImageIDs, about: "the report"}
	if doc.predicate, err = predicateOf(report, raw, scanned, database); err != nil {
		return nil, err
	}
	doc.facts = factsOf(report, scanned, database)
	if bad := f.failing(report); bad != "" {
		return nil, refuse("the scan has findings that --fail-on refuses: %s", bad)
	}
	return doc, readable(doc, report)
}

// timeOf returns the time of the report, or that of the flag where the report
// has none. Both are an error unless they agree: one of them is wrong.
func timeOf(flag, given string, have time.Time) (time.Time, error) {
	if given == "" {
		return have, nil
	}
	t, err := time.Parse(time.RFC3339, given)
	switch {
	case err != nil:
		return t, fmt.Errorf("--%s %s: expected a time like 2026-01-31T12:00:00Z", flag, given)
	case !have.IsZero() && !have.Equal(t):
		return t, fmt.Errorf("--%s %s: the report itself says %s", flag, given, have.Format(time.RFC3339))
	}
	return t.UTC(), nil
}

func predicateOf(report scan.Report, raw []byte, scanned, database time.Time) (json.RawMessage, error) {
	if !json.Valid(raw) {
		return nil, errors.New("it is not JSON, and predicates are: have the scanner write JSON")
	}
	db := map[string]any{}
	if !database.IsZero() {
		db["lastUpdate"] = database.Format(time.RFC3339)
	}
	at := scanned.Format(time.RFC3339)
	return json.Marshal(map[string]any{
		"scanner":  map[string]any{"uri": report.Scanner.Name, "version": report.Scanner.Version, "db": db, "result": json.RawMessage(raw)},
		"metadata": map[string]any{"scanStartedOn": at, "scanFinishedOn": at},
	})
}

// readable reads the predicate as a policy will, so that nothing is signed that
// nobody can read.
func readable(doc *document, report scan.Report) error {
	again, err := scan.FromPredicate(doc.predicateType, doc.predicate)
	if err != nil {
		return fmt.Errorf("its attestation would not be readable: %w", err)
	}
	if len(again.Findings) != len(report.Findings) {
		return fmt.Errorf("its attestation would show %d findings, and it has %d", len(again.Findings), len(report.Findings))
	}
	return nil
}

// failing says how many findings there are of each severity that is refused.
// Those that the scanner was told to suppress count: who told it is not known.
func (f *scanFlags) failing(report scan.Report) string {
	var out []string
	for _, severity := range severities {
		if n := count(report, severity); n > 0 && slices.Contains(f.failOn, severity) {
			out = append(out, fmt.Sprintf("%d %s", n, severity))
		}
	}
	return strings.Join(out, ", ")
}

func count(report scan.Report, severity string) (n int) {
	for _, finding := range report.Findings {
		if string(finding.Severity) == severity {
			n++
		}
	}
	return n
}

func factsOf(report scan.Report, scanned, database time.Time) []fact {
	var found []string
	for _, severity := range severities {
		if n := count(report, severity); n > 0 {
			found = append(found, fmt.Sprintf("%d %s", n, severity))
		}
	}
	if len(found) == 0 {
		found = []string{"none"}
	}
	age := "of unknown age: scanned_images refuses that unless allow_unknown_database_age says otherwise; see --database-updated-at"
	if !database.IsZero() {
		age = "of " + database.Format(time.RFC3339)
	}
	return []fact{
		{"scanner", strings.TrimSpace(report.Scanner.Name + " " + report.Scanner.Version)},
		{"scanned at", scanned.Format(time.RFC3339)},
		{"database", age},
		{"findings", strings.Join(found, ", ")},
	}
}
