package probe

import (
	"regexp"
	"slices"
	"strings"
)

// saying is how an API server says why it made nothing. It writes the beginning
// itself, and what others say comes behind it, so that no other can speak for it.
type saying struct {
	text    *regexp.Regexp
	outcome string
	by      string // "" is what the text names
}

// sayings are tried in this order.
var sayings = []saying{
	{regexp.MustCompile(`^admission webhook "([^"]+)" denied the request`), Refused, ""},
	// The webhook says in its configuration that a dry run would change something.
	{regexp.MustCompile(`^admission webhook "([^"]+)" does not support dry run`), Failed, ""},
	// It did not answer, and failurePolicy Fail refuses everything then.
	{regexp.MustCompile(`^(?:Internal error occurred: )?failed calling webhook "([^"]+)"`), Failed, ""},
	{regexp.MustCompile(`^pods "[^"]*" is forbidden: ValidatingAdmissionPolicy '([^']+)' with binding '[^']*' denied request: (?:failed to configure (?:policy|binding)|expression '.*' resulted in error)`), Failed, ""},
	{regexp.MustCompile(`^pods "[^"]*" is forbidden: ValidatingAdmissionPolicy '([^']+)' with binding '[^']*' denied request: `), Refused, ""},
	{regexp.MustCompile(`^pods "[^"]*" is forbidden: image policy webhook backend denied one or more images: `), Refused, "ImagePolicyWebhook"},
	{regexp.MustCompile(`^pods "[^"]*" is forbidden: violates PodSecurity `), Refused, podSecurity},
	{regexp.MustCompile(`^pods "[^"]*" is forbidden: (?:exceeded|failed) quota: `), Refused, quota},
	{regexp.MustCompile(`^pods "[^"]*" is forbidden: .*\b(?:per (?:Pod|Container)|limit to request ratio)\b`), Refused, limitRange},
	// RBAC and other authorizers: no admission was asked.
	{regexp.MustCompile(`^pods(?: "[^"]*")? is forbidden: User "`), Failed, authorization},
	{regexp.MustCompile(`^pods "[^"]*" is forbidden: error looking up service account `), Failed, "ServiceAccount"},
	{regexp.MustCompile(`^pods "[^"]*" is forbidden: unable to create new content in namespace `), Failed, "NamespaceLifecycle"},
	{regexp.MustCompile(`^pods "[^"]*" is forbidden: PodSecurityPolicy: `), Refused, "PodSecurityPolicy"},
	{regexp.MustCompile(`^pods "[^"]*" is forbidden: `), Refused, "API server"},
}

// What refuses Pods for other reasons than their images.
const (
	podSecurity   = "PodSecurity"
	quota         = "ResourceQuota"
	limitRange    = "LimitRanger"
	authorization = "RBAC"
)

// answered says what an answer that is no success means.
func answered(status int, message string) (outcome, by string) {
	for _, s := range sayings {
		found := s.text.FindStringSubmatch(message)
		if found == nil {
			continue
		}
		if s.by != "" {
			return s.outcome, s.by
		}
		return s.outcome, found[1]
	}
	if status == 403 { // of an authorizer or a proxy
		return Failed, authorization
	}
	return Failed, ""
}

// mark is what Gatekeeper writes before what a constraint says, and our
// server before the message of a code.
var mark = regexp.MustCompile(`^\[([^\]\s]+)\] `)

// codes returns the codes of Waxseal in a message, sorted, and whether each line
// of it has one. Our server writes them; Gatekeeper writes the message alone,
// which ends with what to do: where only one rule says that, it is the one.
func codes(message string) (found []string, whole bool) {
	found, whole = []string{}, true
	_, said, denied := strings.Cut(message, "denied the request: ")
	if !denied {
		return found, false
	}
	said = strings.TrimPrefix(said, "waxseal:\n")
	for line := range strings.SplitSeq(strings.TrimSpace(said), "\n") {
		code := codeOf(strings.TrimSpace(line))
		if code == "" {
			whole = false
			continue
		}
		found = append(found, code)
	}
	slices.Sort(found)
	return slices.Compact(found), whole
}

func codeOf(line string) string {
	if marked := mark.FindStringSubmatch(line); marked != nil && library().known[marked[1]] {
		return marked[1]
	}
	return library().said(line)
}
