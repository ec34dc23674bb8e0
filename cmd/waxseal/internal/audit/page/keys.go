package page

import (
	"cmp"
	"strconv"
	"time"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
)

// key is a key with what its facts mean.
type key struct {
	audit.Key
	Kind    string // ECDSA 256
	Rotated string // with how long ago
	Created string
	State   mark
	Why     string
}

func keyring(r *report.Report) []key {
	out := make([]key, 0, len(r.Keys))
	for _, k := range r.Keys {
		row := key{Key: k, Kind: k.Algorithm, Created: aged(k.Created, r.Audit.Now), Rotated: aged(k.Rotated, r.Audit.Now)}
		if k.Bits > 0 {
			row.Kind += " " + strconv.Itoa(k.Bits)
		}
		row.State, row.Why = keyState(k)
		out = append(out, row)
	}
	return out
}

// keyState judges nothing that a policy judges: it says where a key stands.
func keyState(k audit.Key) (mark, string) {
	switch {
	case k.Problem != "":
		return mark{"warn", symbols["warn"], "Cannot be had"}, k.Problem
	case !k.Listed:
		return mark{"bad", symbols["bad"], "Not listed"}, "it is in use, and not in the inventory"
	case len(k.Trusted) == 0:
		return mark{"none", symbols["none"], "Unused"}, "it is in the inventory, and nothing trusts it"
	}
	return mark{"good", symbols["good"], "Listed"}, ""
}

// aged adds to a date how many days before the clock of the audit it was.
func aged(date, now string) string {
	d, err := time.Parse(time.DateOnly, date)
	clock, err2 := time.Parse(time.RFC3339, now)
	if cmp.Or(err, err2) != nil || clock.Before(d) {
		return date
	}
	return date + " (" + count(int(clock.Sub(d).Hours()/24), "day") + " ago)"
}
