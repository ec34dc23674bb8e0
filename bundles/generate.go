package bundles

import (
	"bytes"
	_ "embed"
	"fmt"
)

const generated = "# Generated from the list of policies by bundles. Do not edit.\n"

// plan generates the file that knows which policies there are and what they ask for.
func plan(policies []string) []byte {
	var b bytes.Buffer
	b.WriteString(generated + "package lib.waxseal.plan\n\n")
	imports(&b, policies)
	b.WriteString("policies := {\n")
	for _, name := range policies {
		fmt.Fprintf(&b, "\t%q,\n", name)
	}
	b.WriteString("}\n\nrequests := union({\n")
	for _, name := range policies {
		fmt.Fprintf(&b, "\tverdict.planned(%q, %s.requests),\n", name, name)
	}
	b.WriteString("})\n")
	return b.Bytes()
}

// report generates the file that asks the policies that are switched on, at data.lib.waxseal.report.
func report(policies []string) []byte {
	var b bytes.Buffer
	b.WriteString(generated + "package lib.waxseal\n\n")
	imports(&b, policies)
	b.WriteString("report := verdict.report(_said)\n")
	for _, name := range policies {
		fmt.Fprintf(&b, `
_said[%[1]q] := {
	"deny": %[1]s.deny,
	"pass": %[1]s.pass,
	"notes": %[1]s.notes,
} if {
	verdict.on(%[1]q)
}
`, name)
	}
	return b.Bytes()
}

func imports(b *bytes.Buffer, policies []string) {
	for _, name := range policies {
		fmt.Fprintf(b, "import data.%s.%s\n", "lib.waxseal.policy", name)
	}
	b.WriteString("import data.lib.waxseal.verdict\n\n")
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
