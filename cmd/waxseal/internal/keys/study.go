package keys

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/engine"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// studyOf puts the inventory into tables, and into a line that people quote.
func studyOf(facts *audit.Facts, out *engine.Outcome) *render.Study {
	verdicts := verdictsOf(out.Violations)
	s := &render.Study{
		Facts: map[string]any{"keys": facts.Keys, "identities": facts.Identities, "missing": facts.Missing},
		Lines: []string{line(facts)},
	}
	keys := render.Grid{Columns: []string{"KEY", "FINGERPRINT", "ALGORITHM", "OWNER", "APPROVER", "SINCE"}, Under: []string{"lives in", "trusted by"}}
	for i := range facts.Keys {
		k := &facts.Keys[i]
		keys.Rows = append(keys.Rows, render.Row{
			Verdict: verdicts[named(k)],
			Cells:   []string{called(k), short(k.Fingerprint), algorithm(k), k.Owner, k.Approver, since(k), lives(k), trusted(k.Trusted)},
		})
	}
	identities := render.Grid{Columns: []string{"WHO CAN SIGN WITHOUT A KEY"}, Under: []string{"trusted by", "for"}}
	for i := range facts.Identities {
		id := &facts.Identities[i]
		identities.Rows = append(identities.Rows, render.Row{
			Verdict: verdicts[id.Subject], Cells: []string{id.Words, trusted(id.Trusted), images(id.Trusted)},
		})
	}
	for _, g := range []render.Grid{keys, identities} {
		if len(g.Rows) > 0 {
			s.Grids = append(s.Grids, g)
		}
	}
	for _, g := range s.Grids {
		for i := range g.Rows {
			g.Rows[i].Verdict = cmp.Or(g.Rows[i].Verdict, render.Admitted)
		}
	}
	return s
}

// verdictsOf are the verdicts on keys and identities, by the names in violations.
func verdictsOf(violations []render.Violation) map[string]render.Verdict {
	out := map[string]render.Verdict{}
	for _, v := range violations {
		switch name := v.Where.Name; {
		case v.Answered():
			out[name] = render.Denied
		case out[name] == "":
			out[name] = render.CannotTell
		}
	}
	return out
}

// named is what violations call a key.
func named(k *audit.Key) string { return cmp.Or(k.Name, k.Fingerprint, k.At) }

func called(k *audit.Key) string { return cmp.Or(k.Name, "not listed") }

// short is the beginning of a fingerprint; JSON has all of it.
func short(fingerprint string) string {
	const most = 10
	if digits := strings.TrimPrefix(fingerprint, "sha256:"); len(digits) > most {
		return digits[:most] + "…"
	}
	return fingerprint
}

func algorithm(k *audit.Key) string {
	if k.Bits == 0 {
		return cmp.Or(k.Algorithm, "not known")
	}
	return fmt.Sprintf("%s %d", k.Algorithm, k.Bits)
}

func lives(k *audit.Key) string {
	out := k.Lives
	if k.At != "" && k.Lives != "cluster" && !strings.HasPrefix(k.At, "waxseal.yaml") {
		out += " " + k.At
	}
	if k.Kind != "key" {
		out += " (" + k.Kind + ")"
	}
	return out
}

func since(k *audit.Key) string {
	switch {
	case k.Expires != "":
		return "to " + k.Expires
	case k.Rotated > k.Created:
		return k.Rotated + " (rotated)"
	}
	return k.Created
}

func trusted(by []audit.Trust) string {
	switch len(by) {
	case 0:
		return "nobody"
	case 1:
		return by[0].Where
	}
	return fmt.Sprintf("%s and %d more", by[0].Where, len(by)-1)
}

func images(by []audit.Trust) string {
	for _, trust := range by {
		if len(trust.Images) > 0 {
			return strings.Join(trust.Images, ", ")
		}
	}
	return ""
}

func line(facts *audit.Facts) string {
	var listed, stray, unused, wide int
	for i := range facts.Keys {
		switch k := &facts.Keys[i]; {
		case k.Listed && len(k.Trusted) == 0:
			listed++
			unused++
		case k.Listed:
			listed++
		default:
			stray++
		}
	}
	for i := range facts.Identities {
		if facts.Identities[i].Wide {
			wide++
		}
	}
	return fmt.Sprintf("keys: %d listed, %d of them trusted nowhere; %d trusted and not listed; identities: %d, %d of them others can have", listed, unused, stray, len(facts.Identities), wide)
}
