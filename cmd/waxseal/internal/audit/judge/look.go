package judge

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
)

// question is what a policy answers about an image.
type question struct {
	of   func(report.Image) audit.Answer
	yes  string // 3 of 4 images …
	lack string // what to do where the policy is off
}

var questions = map[string]question{
	signatures: {func(i report.Image) audit.Answer { return i.Signed }, "are signed by whom the policy trusts", "switch on signed_images with the authorities that sign"},
	scans:      {func(i report.Image) audit.Answer { return i.Scanned }, "are scanned as the policy asks", "switch on scanned_images with the authorities that scan"},
	registries: {func(i report.Image) audit.Answer { return i.Registry }, "are from approved registries", "switch on allowed_registries with the approved ones"},
	sboms:      {func(i report.Image) audit.Answer { return i.SBOM }, "have a verified SBOM", "switch on sbom_attached with the authorities that attest SBOMs"},
	builds:     {func(i report.Image) audit.Answer { return i.Provenance }, "have verified provenance of the expected builder and source", "switch on attested_build with the expected builders and sources"},
}

// lookAnswers asks of every image of the sample what policies answer.
func lookAnswers(policies ...string) func(*view, *answer) {
	return func(v *view, a *answer) {
		v.images(a)
		for _, policy := range policies {
			v.question(a, policy)
		}
	}
}

// images says what is missing to speak of all images.
func (v *view) images(a *answer) {
	v.lost(a, "images")
	if v.r.Summary.Judged == 0 {
		a.lack("no image was judged: name a cluster with --context, or see what is missing")
	}
}

func (v *view) question(a *answer, policy string) {
	q := questions[policy]
	n := shareOf(v.r.Images, q.of)
	all := n.Yes + n.No + n.CannotTell + n.NotAsked
	if all == 0 {
		return
	}
	if n.NotAsked > 0 {
		a.lack("the policy %s is off: %s", policy, q.lack)
		return
	}
	if n.No > 0 {
		a.fail("only %s", share(n.Yes, all, q.yes))
	}
	if n.CannotTell > 0 {
		a.lack("of %s nobody can tell whether they %s", counted(n.CannotTell, "image", "images"), q.yes)
	}
	if n.No == 0 {
		a.find("%s", share(n.Yes, all, q.yes))
	}
}

func lookPolicy(v *view, a *answer) {
	p := v.r.Policy
	for _, field := range []struct{ name, value string }{{"owner", p.Owner}, {"approver", p.Approver}, {"review_date", p.ReviewDate}} {
		if field.value == "" {
			a.lack("policy.%s is not written in %s", field.name, v.file())
		}
	}
	if end, known := endOf(p.ReviewDate); known && !v.now().Before(end) {
		a.lack("the policy was to be reviewed on %s", p.ReviewDate)
	}
	if !v.s.on(signatures) {
		a.lack("no policy asks for signatures: %s", questions[signatures].lack)
	}
	if len(p.Registries) == 0 {
		a.lack("no registry is approved: %s", questions[registries].lack)
	}
	v.applied(a)
	on := 0
	for _, rule := range p.Rules {
		if rule.On {
			on++
		}
	}
	if on > 0 {
		a.find("%s is the policy: %s on, %s approved", v.file(), counted(on, "rule is", "rules are"), counted(len(p.Registries), "pattern of registries is", "patterns of registries are"))
	}
}

func (v *view) file() string {
	if v.s.File == "" {
		return "waxseal.yaml"
	}
	return v.s.File
}

func (v *view) now() time.Time {
	now, _ := clock(v.g) // it was read before
	return now
}

func lookSigningPolicy(v *view, a *answer) {
	lookPolicy(v, a)
	v.lost(a, "keys")
	if v.s.on(signatures) && len(v.r.Keys)+len(v.r.Identities) == 0 {
		a.lack("no key and no identity is known: the inventory is empty")
	}
	v.inventory(a)
}

// inventory looks at the keys that are trusted.
func (v *view) inventory(a *answer) {
	var stray, lost, nobodys []string
	for _, k := range v.r.Keys {
		name := cmp.Or(k.Name, k.Fingerprint, k.At)
		trusted := len(k.Trusted) > 0 || k.Images > 0
		switch {
		case trusted && !k.Listed:
			stray = append(stray, name)
		case trusted && k.Problem != "":
			lost = append(lost, name+" ("+k.Problem+")")
		case trusted && (k.Owner == "" || k.Approver == ""):
			nobodys = append(nobodys, name)
		}
	}
	if len(stray) > 0 {
		a.fail("%s trusted or used, and not in the inventory: %s", counted(len(stray), "key is", "keys are"), few(stray))
	}
	if len(lost) > 0 {
		a.lack("%s cannot be had: %s", counted(len(lost), "key", "keys"), few(lost))
	}
	if len(nobodys) > 0 {
		a.lack("owner and approver are not both named of %s: %s", counted(len(nobodys), "key", "keys"), few(nobodys))
	}
}

func lookSigners(v *view, a *answer) {
	lookAnswers(signatures)(v, a)
	v.lost(a, "keys")
	v.inventory(a)
	if v.r.Summary.Signed.Yes > 0 && len(v.r.Keys)+len(v.r.Identities) == 0 {
		a.lack("who controls the keys is not known: the inventory is empty")
	}
}

func lookSampleOf(least int) func(*view, *answer) {
	return func(v *view, a *answer) {
		v.images(a)
		s := v.r.Sample
		if s.Drawn > 0 && s.Drawn < least && s.Drawn < s.Of {
			a.lack("%s of %d were drawn: ask for %d with --sample", counted(s.Drawn, "image", "images"), s.Of, least)
		}
		if s.Drawn > 0 {
			a.find("%d of %s drawn with seed %d", s.Drawn, counted(s.Of, "image was", "images were"), s.Seed)
		}
	}
}

func lookRunning(v *view, a *answer) {
	lookSampleOf(15)(v, a)
	v.question(a, signatures)
	var moved, unknown, nameless int
	for _, img := range v.sampled() {
		switch {
		case img.Digest == "":
			nameless++
		case img.TagState == "moved" || img.TagState == "gone":
			moved++
		case img.TagState == "cannot_tell":
			unknown++
		}
	}
	if moved > 0 {
		a.fail("of %s the tag means another image now, or nothing", counted(moved, "running image", "running images"))
	}
	if unknown > 0 {
		a.lack("of %s nobody can tell what the tag means now", counted(unknown, "image", "images"))
	}
	if nameless > 0 {
		a.lack("of %s the runtime names no digest", counted(nameless, "image", "images"))
	}
	if moved+unknown+nameless == 0 && len(v.sampled()) > 0 {
		a.find("what runs is what the tags mean")
	}
}

func lookScope(v *view, a *answer) {
	s := v.r.Scope
	for _, m := range v.g.Missing {
		a.lack("%s %s: %s", m.Part, m.Name, m.Why)
	}
	if len(s.Clusters) == 0 {
		a.lack("no cluster is in scope: name one with --context, or in audit.yaml")
	}
	if len(s.Repositories) == 0 {
		a.lack("no repository is in scope: name one with --repository, or in audit.yaml")
	}
	if len(s.Registries) == 0 {
		a.lack("no registry is in scope")
	}
	if len(s.Clusters)+len(s.Repositories)+len(s.Registries) > 0 {
		a.find("%s, %s, %s", counted(len(s.Clusters), "cluster", "clusters"), counted(len(s.Registries), "registry", "registries"), counted(len(s.Repositories), "repository", "repositories"))
	}
	for _, c := range s.Clusters {
		if len(c.Excluded) > 0 {
			a.find("left out of cluster %s: %s", c.Name, strings.Join(c.Excluded, ", "))
		}
		if len(c.Namespaces) > 0 {
			a.find("of cluster %s only: %s", c.Name, strings.Join(c.Namespaces, ", "))
		}
	}
}

func lookEnforcement(v *view, a *answer) {
	v.lost(a, "enforcement")
	if len(v.r.Enforcement) == 0 {
		a.lack("no cluster was read: name one with --context, or manifests in audit.yaml")
	}
	for _, c := range v.r.Enforcement {
		switch c.Verdict {
		case enforces:
			a.find("%s: %s", c.Name, c.Line)
		case cannotTell:
			a.lack("%s: %s", c.Name, c.Line)
		default:
			a.fail("%s: %s", c.Name, c.Line)
		}
	}
	for _, c := range v.g.Clusters {
		if c.Configuration != nil && len(c.Configuration.Problems) > 0 {
			a.lack("%s: %s could not be read: %s", c.Name, counted(len(c.Configuration.Problems), "document", "documents"), c.Configuration.Problems[0].Text)
		}
	}
}

func lookExport(v *view, a *answer) {
	lookEnforcement(v, a)
	exported := 0
	for _, c := range v.r.Enforcement {
		for _, o := range c.Objects {
			if o.Exported == nil {
				a.lack("%s %s of %s is not among the exported objects", o.Kind, strings.TrimPrefix(o.Namespace+"/"+o.Name, "/"), c.Name)
				continue
			}
			exported++
		}
	}
	if exported > 0 {
		a.find("%s exported", counted(exported, "object is", "objects are"))
	}
}

func lookDeployment(v *view, a *answer) {
	lookEnforcement(v, a)
	if len(v.built.verifies) == 0 {
		a.lack("no step that verifies an image before it is deployed is seen in the pipelines in scope; what Argo CD and Flux verify is not read")
		return
	}
	a.find("an image is verified at %s", strings.Join(first(v.built.verifies, 3), ", "))
}

func first(list []string, n int) []string { return list[:min(n, len(list))] }

// pipelines says what is missing to speak of all pipelines; false where there is
// nothing to speak of.
func (v *view) pipelines(a *answer) bool {
	v.lost(a, "pipelines")
	b := v.built
	switch {
	case len(v.g.Repositories) == 0:
		a.lack("no repository was given: name one with --repository, or in audit.yaml")
		return false
	case b.untold:
		a.lack("not all that the pipelines do could be read")
	}
	if b.read && b.images == 0 && !b.untold {
		a.na = "the pipelines in scope build no image that leaves them"
		return false
	}
	return b.images > 0
}

func lookScanning(v *view, a *answer) {
	if !v.pipelines(a) {
		return
	}
	b := v.built
	no := b.images - b.scanned - b.unscan
	if no > 0 {
		a.fail("%s", share(no, b.images, "that pipelines build are not scanned"))
	}
	if b.unscan > 0 {
		a.lack("of %s nobody can tell whether they are scanned", counted(b.unscan, "image", "images"))
	}
	if no == 0 {
		a.find("%s", share(b.scanned, b.images, "that pipelines build are scanned"))
	}
}

func lookSigning(v *view, a *answer) {
	if !v.pipelines(a) {
		return
	}
	n := v.built.share
	if n.No > 0 {
		a.fail("%s", share(n.No, v.built.images, "that pipelines build are not signed"))
	}
	if n.CannotTell > 0 {
		a.lack("of %s nobody can tell whether they are signed", counted(n.CannotTell, "image", "images"))
	}
	if n.No == 0 {
		a.find("%s", share(n.Yes, v.built.images, "that pipelines build are signed"))
	}
}

// lookBuildAndAdmission is not applicable where the project builds no images.
func lookBuildAndAdmission(v *view, a *answer) {
	var both answer // its sentences say what the line says, so the line stands for them
	lookSigning(v, &both)
	a.na = both.na
	if a.na == "" {
		lookEnforcement(v, &both)
		line := strings.TrimSuffix(v.r.Summary.Line, ".")
		if len(both.fails) > 0 {
			a.fail("%s", line)
		} else {
			a.find("%s", line)
		}
	}
	a.missing = append(a.missing, both.missing...)
}

func lookScanFirst(v *view, a *answer) {
	lookScanning(v, a)
	for _, f := range v.r.Findings {
		at := slices.IndexFunc(v.r.Images, func(i report.Image) bool { return i.Ref == f.Image })
		if f.Code == scans+".findings" && at >= 0 && v.r.Images[at].Signed == audit.Yes {
			a.fail("%s is signed, and its scan has findings that the policy refuses", f.Image)
		}
	}
}

func lookKeys(v *view, a *answer) {
	v.lost(a, "keys", "pipelines")
	used := 0
	for _, k := range v.r.Keys {
		if len(k.Trusted) == 0 && k.Images == 0 {
			continue
		}
		used++
		name := cmp.Or(k.Name, k.Fingerprint, k.At)
		switch k.Lives {
		case "kms", "token", "secret":
			if name == k.At {
				name = "that is not listed"
			}
			a.find("the key %s is in %s", name, k.At)
		default:
			a.lack("where the private half of the key %s is kept cannot be told: its public half is read from %s", name, k.Lives)
		}
	}
	if len(v.g.Repositories) == 0 {
		a.lack("no repository was given, so that nobody can tell how pipelines keep keys: name one with --repository, or in audit.yaml")
	} else if v.built.untold {
		a.lack("not all that the pipelines do could be read")
	}
	if used == 0 && len(v.r.Identities) > 0 {
		a.find("signing is keyless")
	}
	if used == 0 && len(v.r.Identities) == 0 {
		a.lack("no key and no identity is trusted")
	}
}
