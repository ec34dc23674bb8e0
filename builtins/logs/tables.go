package logs

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/builtins/registry"
)

// Bounds of what is kept of a text from a log.
const (
	maxMessage = 500
	maxName    = 256
	maxImage   = 512
)

// remembered is how many events are known again when they come twice.
const remembered = 1 << 18

// tables are what is added up over all sources.
type tables struct {
	opts       Options
	rejections map[audit.Rejection]*tally
	admissions map[audit.Admission]*tally
	reasons    map[audit.Reason]*tally
	rbac       int
	other      int
	truncated  bool

	seen map[uint64]struct{}
	ring []uint64 // what is in seen, oldest at turn
	turn int

	places map[string]place
}

// tally is what a row adds up.
type tally struct {
	count       int
	first, last time.Time
	message     string
}

// place is where an image is from.
type place struct{ registry, digest string }

func newTables(opts Options) *tables {
	return &tables{
		opts: opts, rejections: map[audit.Rejection]*tally{}, admissions: map[audit.Admission]*tally{}, reasons: map[audit.Reason]*tally{},
		seen: map[uint64]struct{}{}, places: map[string]place{},
	}
}

// again says whether an event was met before.
func (t *tables) again(event uint64) bool {
	if _, met := t.seen[event]; met {
		return true
	}
	if len(t.ring) < remembered {
		t.ring = append(t.ring, event)
	} else {
		delete(t.seen, t.ring[t.turn])
		t.ring[t.turn] = event
		t.turn = (t.turn + 1) % remembered
	}
	t.seen[event] = struct{}{}
	return false
}

// span is when something happened, how often.
type span struct {
	first, last time.Time
	count       int
}

func once(at time.Time) span { return span{at, at, 1} }

func (y *tally) add(s span, message string) {
	y.count += s.count
	if y.message == "" || !s.first.IsZero() && s.first.Before(y.first) {
		y.message = clip(message, maxMessage)
	}
	if y.first.IsZero() || !s.first.IsZero() && s.first.Before(y.first) {
		y.first = s.first
	}
	if s.last.After(y.last) {
		y.last = s.last
	}
}

// row finds the row of a key. Where there are too many, it is one of the coarser
// keys instead, the last of which are few.
func row[K comparable](t *tables, table map[K]*tally, keys ...K) *tally {
	for i, key := range keys {
		if y, there := table[key]; there {
			return y
		}
		if len(table) < t.opts.MaxRows+i*t.opts.MaxRows/4 || i == len(keys)-1 {
			y := &tally{}
			table[key] = y
			return y
		}
		t.truncated = true
	}
	return nil
}

// reject adds a row, whose key is all of k but what is added up.
func (t *tables) reject(k audit.Rejection, s span) {
	message := k.Message
	k.Day = day(s.last)
	k.Image, k.Rule, k.Namespace, k.User = clip(k.Image, maxImage), clip(k.Rule, maxName), clip(k.Namespace, maxName), clip(k.User, maxName)
	if k.Registry == "" {
		k.Registry = t.place(k.Image).registry
	}
	k.Message, k.Count, k.First, k.Last = "", 0, "", ""
	coarse := audit.Rejection{Day: k.Day, System: k.System, Rule: k.Rule, Source: k.Source, Action: k.Action}
	y := row(t, t.rejections, k, coarse, audit.Rejection{System: k.System, Source: k.Source, Action: k.Action})
	y.add(s, message)
}

func (t *tables) admit(k audit.Admission, s span) {
	k.Image, k.Rule, k.Namespace, k.User = clip(k.Image, maxImage), clip(k.Rule, maxName), clip(k.Namespace, maxName), clip(k.User, maxName)
	where := t.place(k.Image)
	k.Registry, k.Digest = cmp.Or(k.Registry, where.registry), cmp.Or(digest(k.Digest), where.digest)
	k.Count, k.First, k.Last = 0, "", ""
	k.Signed, k.Allowed = audit.NotAsked, audit.NotAsked
	coarse := audit.Admission{Registry: k.Registry, Source: k.Source, How: k.How, Signed: k.Signed, Allowed: k.Allowed}
	last := coarse
	last.Registry = ""
	row(t, t.admissions, k, coarse, last).add(s, "")
}

// mostReasons bounds the names under which reasons are kept apart.
const mostReasons = 200

func (t *tables) reason(name, of, message string, s span) {
	key := audit.Reason{Reason: name, Name: clip(of, maxName)}
	if _, there := t.reasons[key]; !there && len(t.reasons) >= mostReasons {
		key.Name = ""
	}
	y, there := t.reasons[key]
	if !there {
		y = &tally{}
		t.reasons[key] = y
	}
	y.add(s, message)
}

// refusedRBAC and refusedOther count a request that no policy refused.
func (t *tables) refusedRBAC(message string, s span) {
	t.rbac += s.count
	t.reason("rbac", "", message, s)
}

func (t *tables) refusedOther(reason, name, message string, s span) {
	t.other += s.count
	t.reason(reason, name, message, s)
}

// place reads an image as it is written. What is no reference is from nowhere.
func (t *tables) place(image string) place {
	if image == "" {
		return place{}
	}
	if p, known := t.places[image]; known {
		return p
	}
	var p place
	if ref, err := registry.Parse(image); err == nil {
		p = place{ref.Repository().Registry, string(ref.Digest())}
	}
	if len(t.places) >= 4096 {
		clear(t.places)
	}
	t.places[image] = p
	return p
}

// digest returns a digest, or "" for what is none.
func digest(text string) string {
	d, err := registry.ParseDigest(text)
	if err != nil {
		return ""
	}
	return string(d)
}

func day(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.DateOnly)
}

func (t *tables) logs() audit.Logs {
	l := audit.Logs{Rejections: []audit.Rejection{}, Admissions: []audit.Admission{}, Reasons: []audit.Reason{}, RBAC: t.rbac, Other: t.other, Truncated: t.truncated}
	for k, y := range t.rejections {
		k.Count, k.First, k.Last, k.Message = y.count, stamp(y.first), stamp(y.last), y.message
		l.Rejections = append(l.Rejections, k)
	}
	for k, y := range t.admissions {
		k.Count, k.First, k.Last = y.count, stamp(y.first), stamp(y.last)
		l.Admissions = append(l.Admissions, k)
	}
	for k := range maps.Keys(t.reasons) {
		y := t.reasons[k]
		k.Count, k.First, k.Last, k.Message = y.count, stamp(y.first), stamp(y.last), y.message
		l.Reasons = append(l.Reasons, k)
	}
	slices.SortFunc(l.Rejections, func(a, b audit.Rejection) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.System, b.System), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Image, b.Image), cmp.Compare(a.Registry, b.Registry),
			cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.User, b.User), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Action, b.Action))
	})
	slices.SortFunc(l.Admissions, func(a, b audit.Admission) int {
		return cmp.Or(cmp.Compare(a.Image, b.Image), cmp.Compare(a.Digest, b.Digest), cmp.Compare(a.Registry, b.Registry), cmp.Compare(a.Namespace, b.Namespace),
			cmp.Compare(a.User, b.User), cmp.Compare(a.Source, b.Source), cmp.Compare(a.How, b.How), cmp.Compare(a.Rule, b.Rule))
	})
	slices.SortFunc(l.Reasons, func(a, b audit.Reason) int {
		return cmp.Or(cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Name, b.Name))
	})
	return l
}

// admitNowhere is admit for an image of which nobody says from where it is.
func (t *tables) admitNowhere(k audit.Admission, s span) {
	k.Digest = digest(k.Digest)
	k.Image, k.User = clip(k.Image, maxImage), clip(k.User, maxName)
	k.Signed, k.Allowed = audit.NotAsked, audit.NotAsked
	row(t, t.admissions, k, audit.Admission{Source: k.Source, How: k.How, Signed: k.Signed, Allowed: k.Allowed}).add(s, "")
}
