package judge

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/waxseal/waxseal/builtins/audit"
)

// logs says what is missing to speak of the period; false where nothing was read.
func (v *view) logs(a *answer) bool {
	v.lost(a, "logs")
	l := v.r.Logs
	if len(l.Sources) == 0 {
		if len(missing(v.g, "logs")) == 0 {
			a.lack("no log was given: name one with --log")
		}
		return false
	}
	for _, s := range l.Sources {
		if s.Unread > 0 || s.Problem != "" {
			a.lack("%s: %s could not be read: %s", s.Name, counted(s.Unread, "line", "lines"), s.Problem)
		}
	}
	if l.Truncated {
		a.lack("there are more different events than are kept: take a shorter period")
	}
	v.unseen(a)
	v.covers(a)
	v.ofClusters(a)
	return true
}

// unseen says which requests were let in without an answer about their images.
func (v *view) unseen(a *answer) {
	for _, r := range v.r.Logs.Reasons {
		switch r.Reason {
		case "admitted_without_image":
			a.lack("of %s of %s the logs name no image: log these requests at the level Request", counted(r.Count, "admission", "admissions"), r.Name)
		case "webhook_failed_open":
			a.lack("%s because the webhook %s failed open: see which", counted(r.Count, "request passed", "requests passed"), r.Name)
		}
	}
}

// ofClusters says of which clusters there is no log. A log that names no cluster is of
// the only one.
func (v *view) ofClusters(a *answer) {
	asked := v.asked()
	for _, name := range asked {
		if !slices.ContainsFunc(v.r.Logs.Sources, func(s audit.LogSource) bool {
			return s.Cluster == name || s.Cluster == "" && len(asked) == 1
		}) {
			a.lack("no log is named as one of the cluster %s: name one in audit.yaml (logs.cluster)", name)
		}
	}
}

// asked are the clusters whose API servers are in scope.
func (v *view) asked() (names []string) {
	for _, c := range v.g.Clusters {
		if c.Server != "" {
			names = append(names, c.Name)
		}
	}
	return names
}

// slack is how much of the period a log may leave out at each end.
const slack = 24 * time.Hour

// covers says which part of the period no log covers.
func (v *view) covers(a *answer) {
	var from, to string
	for _, s := range v.r.Logs.Sources {
		if s.Events > 0 && (from == "" || s.From < from) {
			from = s.From
		}
		to = max(to, s.To)
	}
	if from == "" {
		a.lack("the logs hold no event")
		return
	}
	for _, at := range []string{from, to} {
		if _, err := timeOf(at); err != nil {
			a.lack("which time the logs are of cannot be read: %v", err)
			return
		}
	}
	if later(from, v.g.Period.From) > slack {
		a.lack("the logs begin at %s, and the period at %s", from, v.g.Period.From)
	}
	if later(v.g.Period.To, to) > slack {
		a.lack("the logs end at %s, and the period at %s", to, v.g.Period.To)
	}
}

// later is how much later one time is than another, 0 where they cannot be read.
func later(a, b string) time.Duration {
	x, err := timeOf(a)
	y, wrong := timeOf(b)
	if err != nil || wrong != nil {
		return 0
	}
	return x.Sub(y)
}

func timeOf(text string) (time.Time, error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day, nil
	}
	return time.Parse(time.RFC3339, text)
}

func lookRejections(v *view, a *answer) {
	if !v.logs(a) {
		return
	}
	rejected, unapproved, foreign, unknown := 0, 0, 0, 0
	for _, r := range v.r.Logs.Rejections {
		rejected += r.Count
		if v.allowed(r.Image) == audit.No {
			unapproved += r.Count
		}
	}
	for _, m := range v.r.Logs.Admissions {
		switch m.Allowed {
		case audit.No:
			foreign += m.Count
		case audit.CannotTell:
			unknown += m.Count
		}
	}
	if !v.s.on(registries) {
		a.lack("which registries are approved is not known: %s", questions[registries].lack)
	}
	if foreign > 0 {
		a.fail("%s or pulled from a registry that is not approved", counted(foreign, "image was let in", "images were let in"))
	}
	if unknown > 0 {
		a.lack("of %s nobody can tell whether the registry is approved", counted(unknown, "admission", "admissions"))
	}
	a.find("%s in the period, %d of them of registries that are not approved", counted(rejected, "rejection", "rejections"), unapproved)
}

func lookAdmissions(v *view, a *answer) {
	if !v.logs(a) {
		return
	}
	n := map[audit.Answer]int{}
	for _, m := range v.r.Logs.Admissions {
		n[m.Signed] += m.Count
	}
	if n[audit.No] > 0 {
		a.fail("%s without a signature that the policy trusts", counted(n[audit.No], "image was let in or pulled", "images were let in or pulled"))
	}
	if n[audit.CannotTell] > 0 {
		a.lack("of %s nobody can tell whether the image is signed: it does not run now, or the log names no digest", counted(n[audit.CannotTell], "admission", "admissions"))
	}
	if n[audit.NotAsked] > 0 {
		a.lack("the policy %s is off: %s", signatures, questions[signatures].lack)
	}
	if len(v.r.Logs.Admissions) == 0 {
		a.lack("the logs show no admission and no pull")
	}
	if n[audit.No] == 0 && n[audit.Yes] > 0 {
		a.find("%d of %s are of signed images", n[audit.Yes], counted(n[audit.Yes]+n[audit.CannotTell]+n[audit.NotAsked], "admission", "admissions"))
	}
}

// lookProbes asks that all of the probes were made, and came out as expected.
func lookProbes(wanted ...string) func(*view, *answer) {
	return func(v *view, a *answer) {
		v.lost(a, "probes")
		if len(v.r.Probes) == 0 {
			if len(missing(v.g, "probes")) == 0 {
				a.lack("nothing was tried: allow it with --probe")
			}
			return
		}
		for _, name := range wanted {
			v.tried(a, name)
		}
		for _, p := range v.r.Probes {
			if slices.Contains(wanted, p.Name) || len(wanted) > 2 {
				v.inScope(a, p)
				probed(a, p)
			}
		}
	}
}

// tried asks that a probe was made in each cluster.
func (v *view) tried(a *answer, name string) {
	words := strings.ReplaceAll(name, "_", " ")
	if !slices.ContainsFunc(v.r.Probes, func(p audit.Probe) bool { return p.Name == name }) {
		a.lack("no %s image was tried: name one in audit.yaml (probes.images.%s)", words, name)
		return
	}
	for _, of := range v.asked() {
		if !slices.ContainsFunc(v.r.Probes, func(p audit.Probe) bool { return p.Name == name && v.clusterOf(p) == of }) {
			a.lack("no %s image was tried in the cluster %s", words, of)
		}
	}
}

// clusterOf is the cluster of a probe: a transcript that names none is of the only one.
func (v *view) clusterOf(p audit.Probe) string {
	if asked := v.asked(); p.Cluster == "" && len(asked) == 1 {
		return asked[0]
	}
	return p.Cluster
}

// inScope says what keeps a probe, which may be of a transcript, from speaking of this
// audit: it is of another cluster, or of another time.
func (v *view) inScope(a *answer, p audit.Probe) {
	if !slices.Contains(v.asked(), v.clusterOf(p)) {
		a.lack("the probe %s was made in the cluster %q, which is not in scope", p.Name, p.Cluster)
	}
	if p.At != "" && later(v.g.Period.From, p.At) > 0 {
		a.lack("the probe %s was made at %s, before the period", p.Name, p.At)
	}
}

// refusals are the probes that every cluster has to refuse, whatever a transcript says.
var refusals = []string{"unsigned", "unscanned", "unapproved_registry"}

// probed adds what one probe shows. Each has to be refused by the rule that is
// expected: another one shows nothing of it.
func probed(a *answer, p audit.Probe) {
	place := strings.Trim(p.Cluster+"/"+p.Namespace, "/")
	switch {
	case p.Outcome != "refused" && p.Outcome != "admitted":
		a.lack("%s: nobody can tell what became of the probe %s: %s", place, p.Name, p.Message)
	case p.Outcome == "admitted" && slices.Contains(refusals, p.Name):
		a.fail("%s: the probe %s was admitted, and refused was expected", place, p.Name)
	case p.Outcome != p.Expected:
		a.fail("%s: the probe %s was %s, and %s was expected", place, p.Name, p.Outcome, p.Expected)
	case p.Outcome == "refused" && p.Rule != "" && !slices.ContainsFunc(p.Codes, func(code string) bool { return strings.HasPrefix(code, p.Rule) }) && !strings.Contains(p.By, p.Rule):
		a.fail("%s: the probe %s was refused by %s, and not by %s", place, p.Name, cmp.Or(p.By, "something else"), p.Rule)
	default:
		a.find("%s: the probe %s was %s", place, p.Name, p.Outcome)
	}
}
