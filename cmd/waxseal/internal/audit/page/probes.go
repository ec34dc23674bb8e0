package page

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/audit"
)

// probe is a probe with whether it was answered as expected.
type probe struct {
	audit.Probe
	State mark
}

func probes(list []audit.Probe) []probe {
	out := make([]probe, 0, len(list))
	for _, p := range list {
		out = append(out, probe{p, probeState(p)})
	}
	return out
}

// probeState shows a refusal by another rule as no proof: the rule that was to be
// tried may not be there.
func probeState(p audit.Probe) mark {
	switch {
	case p.Outcome != "admitted" && p.Outcome != "refused":
		return mark{"warn", symbols["warn"], "Nobody can tell"}
	case p.Outcome != p.Expected:
		return mark{"bad", symbols["bad"], "Not as expected"}
	case p.Outcome == "refused" && p.Rule != "" && !refusedBy(p):
		return mark{"bad", symbols["bad"], "Refused by another rule"}
	}
	return mark{"good", symbols["good"], "As expected"}
}

func refusedBy(p audit.Probe) bool {
	for _, code := range p.Codes {
		if strings.HasPrefix(code, p.Rule) {
			return true
		}
	}
	return strings.HasPrefix(p.By, p.Rule)
}
