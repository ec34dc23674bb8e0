package bundles

import (
	"bytes"
	_ "embed"
	"fmt"
	"io/fs"
	"slices"

	"github.com/waxseal/waxseal/rego"
)

const generated = "# Generated from the list of policies by bundles. Do not edit.\n"

// plan generates the file that knows which policies there are and what they ask for.
func plan(subject Subject, l list) []byte {
	var b bytes.Buffer
	b.WriteString(generated + "package lib.waxseal.plan\n\n")
	if subject == Images {
		imports(&b, l.on)
		b.WriteString("import data.lib.waxseal.verdict\n")
	} else {
		fmt.Fprintf(&b, "import data.lib.waxseal.%s\n", subject)
	}
	names(&b, "policies", l.on)
	b.WriteString("\n# What judges other subjects: parameters may name it.\n")
	names(&b, "others", l.others)
	if subject != Images {
		fmt.Fprintf(&b, "\nrequests := %s.requests\n", subject)
		return b.Bytes()
	}
	b.WriteString("\nrequests := union({\n")
	planned(&b, l.on)
	b.WriteString("})\n")
	return b.Bytes()
}

func planned(b *bytes.Buffer, policies []string) {
	for _, name := range policies {
		fmt.Fprintf(b, "\tverdict.planned(%q, %s.requests),\n", name, name)
	}
}

// names writes a set of names.
func names(b *bytes.Buffer, rule string, policies []string) {
	if len(policies) == 0 {
		fmt.Fprintf(b, "\n%s := set()\n", rule)
		return
	}
	fmt.Fprintf(b, "\n%s := {\n", rule)
	for _, name := range policies {
		fmt.Fprintf(b, "\t%q,\n", name)
	}
	b.WriteString("}\n")
}

// report generates the file that asks the policies that are switched on, at data.lib.waxseal.report.
func report(subject Subject, policies []string) []byte {
	judge := string(subject)
	if subject == Images {
		judge = "verdict"
	}
	var b bytes.Buffer
	b.WriteString(generated + "package lib.waxseal\n\n")
	all := imported(policies)
	all = append(all, "lib.waxseal."+judge)
	slices.Sort(all)
	for _, name := range all {
		fmt.Fprintf(&b, "import data.%s\n", name)
	}
	fmt.Fprintf(&b, "\nreport := %s.report(_said)\n", judge)
	for _, name := range policies {
		fmt.Fprintf(&b, `
_said[%[1]q] := {
	"deny": %[1]s.deny,
	"pass": %[1]s.pass,
	"notes": %[1]s.notes,
} if {
	%[2]s.on(%[1]q)
}
`, name, judge)
	}
	return b.Bytes()
}

func imported(policies []string) []string {
	out := make([]string, len(policies))
	for i, name := range policies {
		out[i] = "lib.waxseal.policy." + name
	}
	return out
}

func imports(b *bytes.Buffer, policies []string) {
	for _, name := range imported(policies) {
		fmt.Fprintf(b, "import data.%s\n", name)
	}
}

// Testing returns the files plan and report of the library's own tests, where the
// policies of all subjects stand beside each other: the report is that of images, the plan
// that of all.
func Testing() (planFile, reportFile []byte, err error) {
	l, err := selected(Images, nil, nil)
	if err != nil {
		return nil, nil, err
	}
	var b bytes.Buffer
	b.WriteString(generated + "package lib.waxseal.plan\n\n")
	for _, subject := range Subjects() {
		if subject != Images && hasLibrary(subject) {
			fmt.Fprintf(&b, "import data.lib.waxseal.%s\n", subject)
		}
	}
	imports(&b, l.on)
	b.WriteString("import data.lib.waxseal.verdict\n")
	names(&b, "policies", l.on)
	names(&b, "others", l.others)
	b.WriteString("\nrequests := union({\n")
	planned(&b, l.on)
	for _, subject := range Subjects() {
		if subject != Images && hasLibrary(subject) {
			fmt.Fprintf(&b, "\t%s.requests,\n", subject)
		}
	}
	b.WriteString("})\n")
	return b.Bytes(), report(Images, l.on), nil
}

func hasLibrary(subject Subject) bool {
	_, err := fs.Stat(rego.FS, libraryRoot+"/"+string(subject))
	return err == nil
}

//go:embed violation.rego
var entry []byte

// Entry returns the entry point of a Gatekeeper template: the rule violation
// over the report. The files of a Gatekeeper flavour are its libs.
func Entry() []byte { return bytes.Clone(entry) }

//go:embed notes.rego
var notesEntry []byte

// NotesEntry returns the entry point of a Gatekeeper template that says notes
// in the place of violations, for constraints whose action is warn.
func NotesEntry() []byte { return bytes.Clone(notesEntry) }
