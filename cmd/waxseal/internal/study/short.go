package study

import (
	"regexp"
	"strings"
)

// symbol is a part of a name that is known only while the pipeline runs; it holds no other.
var symbol = regexp.MustCompile(`\$\{[^${}]*\}`)

// maxSymbol is how much of a symbol people are shown.
const maxSymbol = 24

// Short returns symbolic text as people read it: of ${jobs.build.steps.meta.outputs.version}
// the last part, of a command its beginning. Machines get it whole.
func Short(text string) string {
	return symbol.ReplaceAllStringFunc(text, func(s string) string {
		name := strings.TrimSuffix(strings.TrimPrefix(s, "${"), "}")
		switch {
		case strings.HasPrefix(name, "(") && len(name) > maxSymbol:
			return "${" + name[:maxSymbol] + "…)}"
		case strings.HasPrefix(name, "jobs.") || strings.HasPrefix(name, "tasks."):
			return "${" + name[strings.LastIndexByte(name, '.')+1:] + "}"
		}
		return s
	})
}
