package tool

import (
	"regexp"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
)

// maxFilter bounds what is read of a program of jq, and what it is given.
const maxFilter = 64 << 10

var jqStep = regexp.MustCompile(`^(?:\.\[?"([^"]+)"\]?|\["([^"]+)"\]|\.([A-Za-z_][A-Za-z0-9_]*)|\.?\[(\d+)\])`)

// jq reads programs that only pick a field, which is how digests are taken out of
// the metadata of a build. All other programs are known to do nothing to images.
func jq(r reader) Effect {
	p := flagTable("r,raw-output c,compact-output s,slurp n,null-input e,exit-status j,join-output a S C M arg=").parse(r.Args[1:])
	e := Effect{Known: true}
	filter := strings.TrimSpace(p.arg(0))
	if len(p.pos) == 2 && (filter == "eval" || filter == "e") {
		filter = strings.TrimSpace(p.pos[1]) // of yq
	}
	if r.Stdin == "" || len(r.Stdin) > maxFilter || len(filter) > maxFilter {
		return e
	}
	n, problems := document.FromYAML([]byte(r.Stdin), document.Options{})
	if len(problems) > 0 {
		return e
	}
	for filter != "" && n != nil {
		m := jqStep.FindStringSubmatch(filter)
		if m == nil {
			return e
		}
		filter = filter[len(m[0]):]
		if m[4] != "" {
			n = nil // lists are not needed
			continue
		}
		n = n.Get(m[1] + m[2] + m[3])
	}
	e.Prints = scalar(n)
	return e
}
