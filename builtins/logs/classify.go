package logs

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
)

// denied is the class of a message by which a policy refused. The other classes are
// the reasons of [audit.Reason].
const denied = "denied"

// mostItems bounds what one message is taken apart into.
const mostItems = 64

// mostSaid bounds what is read of a message, mostOfItem what is kept of one
// violation, mostRemediation the sentence at its end.
const (
	mostSaid        = 1 << 16
	mostOfItem      = 1 << 12
	mostRemediation = 1 << 10
)

// verdict is what a message of an API server says.
type verdict struct {
	class  string // denied, or a reason; "" for a message of no refusal
	name   string // webhook, quota
	system string
	items  []item
}

// item is one violation.
type item struct{ rule, image, message string }

var (
	// Errors of admission by k8s.io/apimachinery NewForbidden.
	forbidden = regexp.MustCompile(`^(?:[a-z0-9.-]+ )?(?:"((?:[^"\\]|\\.)*)" )?(?:is )?forbidden: `)
	// ToStatusErr of k8s.io/apiserver, the name in Go's quotes.
	byWebhook = regexp.MustCompile(`^admission webhook "((?:[^"\\]|\\.)*)" denied the request(?:: | )`)
	byPolicy  = regexp.MustCompile(`^ValidatingAdmissionPolicy '([^']*)' (?:with binding '[^']*' )?denied request: `)
	byRBAC    = regexp.MustCompile(`^User "(?:[^"\\]|\\.)*" cannot \S+ (?:resource|path) "`)
	podSecure = regexp.MustCompile(`^(?:would )?violates? PodSecurity "([^"]*)"`)
	quota     = regexp.MustCompile(`^(?:exceeded|failed) quota: ([^,:\s]*)`)
	limits    = regexp.MustCompile(`^\[?(?:maximum|minimum|[a-z-]+ max limit to request ratio) \S+ usage per `)
	noWebhook = regexp.MustCompile(`^(?:Internal error occurred: )?failed calling webhook "((?:[^"\\]|\\.)*)"`)

	bracketed = regexp.MustCompile(`^\[([^\[\]\s]{1,256})\] `)
	ourCode   = regexp.MustCompile(`^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$`)
	quoted    = regexp.MustCompile(`\bimage ("(?:[^"\\]|\\.)*")`)
	// YAML of Kyverno: a policy, and below it rules with what they say.
	kyvernoPolicy = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9./_-]*):\s*$`)
)

// classify says by whom a request was refused. What the message repeats of the
// request stands behind what the API server writes, and the patterns are anchored,
// so a request cannot choose.
func (r *reader) classify(message string) verdict {
	said := strings.TrimPrefix(message[:min(len(message), mostSaid)], "Error creating: ")
	if m := forbidden.FindString(said); m != "" {
		said = said[len(m):]
	}
	if m := byWebhook.FindStringSubmatch(said); m != nil {
		return r.webhook(unquoted(`"`+m[1]+`"`), said[len(m[0]):])
	}
	if m := byPolicy.FindStringSubmatch(said); m != nil {
		return verdict{class: denied, name: m[1], system: "admission-policy", items: []item{r.item(m[1], said[len(m[0]):])}}
	}
	if m := podSecure.FindStringSubmatch(said); m != nil {
		return verdict{class: denied, system: "pod-security", items: []item{r.item(cmp.Or(m[1], "pod-security"), said)}}
	}
	if m := noWebhook.FindStringSubmatch(said); m != nil {
		return verdict{class: "webhook_failed", name: m[1]}
	}
	switch {
	case byRBAC.MatchString(said):
		return verdict{class: "rbac"}
	case quota.MatchString(said):
		return verdict{class: "quota", name: quota.FindStringSubmatch(said)[1]}
	case limits.MatchString(said):
		return verdict{class: "limit_range"}
	}
	return verdict{}
}

// systemOf tells by the name of a webhook, and by what it says, whose it is.
func systemOf(webhook, said string) string {
	switch {
	case strings.HasPrefix(said, "waxseal:") || strings.Contains(webhook, "waxseal"):
		return "waxseal"
	case strings.HasSuffix(webhook, "gatekeeper.sh"):
		return "gatekeeper"
	case strings.Contains(webhook, "kyverno"):
		return "kyverno"
	case strings.HasSuffix(webhook, "sigstore.dev"), strings.HasSuffix(webhook, "enforcer.chainguard.dev"):
		return "policy-controller"
	case strings.Contains(webhook, "connaisseur"):
		return "connaisseur"
	}
	return "other"
}

func (r *reader) webhook(name, said string) verdict {
	v := verdict{class: denied, name: name, system: systemOf(name, said)}
	switch v.system {
	case "gatekeeper", "waxseal":
		v.items = r.bracketed(said)
	case "kyverno":
		v.items = r.kyverno(said)
	case "policy-controller":
		v.items = r.clusterImagePolicies(said)
	}
	if len(v.items) == 0 {
		v.items = []item{r.item(name, said)}
	}
	return v
}

// item takes code and image of ours out of a message.
func (r *reader) item(rule, said string) item {
	said = strings.TrimSpace(said)
	i := item{rule: rule, message: said}
	if m := quoted.FindStringSubmatch(said); m != nil {
		i.image = unquoted(m[1])
	}
	if code, ours := r.codeOf(said); ours {
		i.rule = code
	}
	return i
}

// codeOf finds a code by the remediation that ends a message of ours.
func (r *reader) codeOf(said string) (string, bool) {
	if len(r.opts.Codes) == 0 {
		return "", false
	}
	// Subject, why and remediation are sentences, and the last begins behind one of
	// the full stops.
	for at := len(said); at > 0; {
		at = strings.LastIndex(said[:at], ". ")
		if at < 0 || len(said)-at > mostRemediation {
			break
		}
		if code, ours := r.opts.Codes[said[at+2:]]; ours {
			return code, true
		}
	}
	return "", false
}

// bracketed reads "[constraint] message" of Gatekeeper and "[code] message" of our
// webhook, one behind the other.
func (r *reader) bracketed(said string) (items []item) {
	for line := range strings.SplitSeq(said, "\n") {
		m := bracketed.FindStringSubmatch(line)
		switch {
		case m != nil && len(items) == mostItems:
			return items
		case m != nil:
			items = append(items, r.item(m[1], line[len(m[0]):]))
		case len(items) > 0:
			items[len(items)-1].more(line)
		}
	}
	return items
}

// more adds a line to the message, if there is room.
func (i *item) more(line string) {
	if len(i.message) < mostOfItem {
		i.message = strings.TrimSpace(i.message + "\n" + line[:min(len(line), mostOfItem)])
	}
}

// kyverno reads what follows "was blocked due to the following policies" or "policy
// Pod/shop/web for resource violation" (pkg/webhooks/utils/block.go of Kyverno):
// policies, and below each its rules.
func (r *reader) kyverno(said string) (items []item) {
	for line := range strings.SplitSeq(said, "\n") {
		m := kyvernoPolicy.FindStringSubmatch(strings.TrimRight(line, " "))
		switch {
		case m != nil && len(items) == mostItems:
			return items
		case m != nil:
			items = append(items, item{rule: m[1]})
		case len(items) > 0:
			items[len(items)-1].more(strings.TrimSpace(line))
		}
	}
	return items
}

// clusterImagePolicies reads "validation failed: failed policy: NAME: PATHS", a line
// break, the image by digest, and why.
func (r *reader) clusterImagePolicies(said string) (items []item) {
	parts := strings.Split(said, "failed policy: ")
	if len(parts) == 1 && strings.Contains(said, "no matching policies") {
		return []item{policyItem("no matching policies", said)}
	}
	for _, part := range parts[1:min(len(parts), mostItems+1)] {
		name, _, _ := strings.Cut(strings.SplitN(part, "\n", 2)[0], ":")
		items = append(items, policyItem(strings.TrimSpace(name), part))
	}
	return items
}

func policyItem(rule, said string) item {
	i := item{rule: rule, message: strings.TrimSpace(said)}
	if _, next, found := strings.Cut(said, "\n"); found {
		if words := strings.Fields(next); len(words) > 0 && strings.ContainsAny(words[0], "/:@") {
			i.image = strings.TrimSuffix(words[0], ":")
		}
	}
	return i
}

// imageOf chooses among the images of the object, where the message names none: the
// one that it contains, or the only one.
func (i *item) imageOf(images []string) {
	if i.image != "" {
		return
	}
	if len(images) == 1 {
		i.image = images[0]
		return
	}
	for _, image := range images {
		if len(image) > len(i.image) && contains(i.message, image) {
			i.image = image
		}
	}
}

// contains says whether a text has a reference as a word.
func contains(said, ref string) bool {
	const goesOn = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/:@_-"
	for from := 0; ; {
		at := strings.Index(said[from:], ref)
		if at < 0 {
			return false
		}
		at += from
		end := at + len(ref)
		before := at == 0 || !strings.ContainsRune(goesOn+".", rune(said[at-1]))
		rest := strings.TrimLeft(said[end:], ".")
		after := end == len(said) || !strings.ContainsRune(goesOn, rune(said[end])) && (said[end] != '.' || rest == "" || !strings.ContainsRune(goesOn, rune(rest[0])))
		if before && after {
			return true
		}
		from = at + 1
	}
}

// unquoted takes off Go's quotes.
func unquoted(s string) string {
	if plain, err := strconv.Unquote(s); err == nil {
		return plain
	}
	return strings.Trim(s, `"`)
}

// podLevel is the level that PodSecurity names.
func podLevel(said string) string {
	if m := podSecure.FindStringSubmatch(said); m != nil {
		return m[1]
	}
	return "pod-security"
}
