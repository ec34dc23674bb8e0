package policy

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/bundles/parameters"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// forms are the output formats.
var forms = []string{"text", "markdown", "json"}

func showCommand() *cobra.Command {
	var file, form string
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Print the policy for people: who answers for it, what each rule asks for, and which controls it serves",
		Long: `Prints waxseal.yaml as a document: owner, approver, version and review date; the registries that are
approved; each rule that is on, with who is trusted for which images and every other parameter in
words, and the controls that the rule serves; and the rules that are off.

Who has which key is what waxseal keys says.

Exit codes: 0 printed, 2 something is wrong, or misuse.`,
		Example: `  waxseal policy show -c waxseal.yaml
  waxseal policy show -o markdown > policy.md`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			write := map[string]func(report.Policy, time.Time) []byte{"text": text, "markdown": markdown, "json": asJSON}[form]
			if write == nil {
				return fmt.Errorf("-o %s: not a format; expected one of %s", form, strings.Join(forms, ", "))
			}
			cfg, err := parameters.Load(file)
			if err != nil {
				return err
			}
			p, err := Describe(cfg)
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(write(p, time.Now()))
			return err
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", cmp.Or(os.Getenv("WAXSEAL_CONFIG"), "waxseal.yaml"), "configuration; $WAXSEAL_CONFIG names another default")
	cmd.Flags().StringVarP(&form, "output", "o", "text", "output format: "+strings.Join(forms, ", "))
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(forms, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func asJSON(p report.Policy, _ time.Time) []byte {
	raw, err := json.MarshalIndent(p, "", "  ")
	if err != nil { // of texts, as they were read
		return nil
	}
	return append(raw, '\n')
}

// document is what both forms for people write on.
type document struct {
	bytes.Buffer
	clean           func(string) string
	head, mark, sub string
}

func text(p report.Policy, now time.Time) []byte {
	return write(p, now, &document{clean: render.Clean, head: "", mark: "  ", sub: "    "})
}

func markdown(p report.Policy, now time.Time) []byte {
	return write(p, now, &document{clean: render.InMarkdown, head: "## ", mark: "* ", sub: "  * "})
}

// whats are what the policies of a subject judge, as headings.
var whats = map[bundles.Subject]string{
	bundles.Images: "Images", bundles.Pipelines: "Pipelines", bundles.Enforcement: "Admission configuration", bundles.Audit: "Audits",
}

func write(p report.Policy, now time.Time, d *document) []byte {
	d.heading("The policy")
	for _, row := range [][2]string{
		{"File", p.File}, {"Version", p.Version}, {"Owner", p.Owner}, {"Approver", p.Approver}, {"Review", review(p.ReviewDate, now)},
		{"Approved registries", approved(p)},
	} {
		d.line(d.mark, row[0]+": "+cmp.Or(row[1], "not said"))
	}
	var off []report.Rule
	for _, subject := range bundles.Subjects() {
		d.rules(subject, p.Rules, &off)
	}
	if len(off) > 0 {
		d.heading("Off")
	}
	for _, rule := range off {
		d.line(d.mark, rule.Title+" ("+rule.Policy+")")
	}
	return d.Bytes()
}

func (d *document) rules(subject bundles.Subject, rules []report.Rule, off *[]report.Rule) {
	begun := false
	for _, rule := range rules {
		switch {
		case bundles.SubjectOf(rule.Policy) != subject:
			continue
		case !rule.On:
			*off = append(*off, rule)
			continue
		case !begun:
			d.heading(whats[subject])
			begun = true
		}
		d.line(d.mark, rule.Title+" ("+rule.Policy+")")
		for _, word := range rule.Words {
			d.line(d.sub, word)
		}
		if len(rule.Controls) > 0 {
			d.line(d.sub, "Controls: "+strings.Join(rule.Controls, ", "))
		}
	}
}

func (d *document) heading(title string) {
	if d.Len() > 0 {
		d.WriteByte('\n')
	}
	d.line(d.head, title)
	if d.head != "" {
		d.WriteByte('\n')
	}
}

func (d *document) line(mark, text string) {
	d.WriteString(mark + d.clean(strings.Join(strings.Fields(text), " ")) + "\n")
}

func review(date string, now time.Time) string {
	if date != "" && date < now.UTC().Format(time.DateOnly) {
		return date + ", which is over: it has to be reviewed"
	}
	return date
}

func approved(p report.Policy) string {
	for _, rule := range p.Rules {
		if rule.Policy == "allowed_registries" && !rule.On {
			return "every registry: allowed_registries is off"
		}
	}
	return strings.Join(p.Registries, ", ")
}
