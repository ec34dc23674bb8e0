package logs

import (
	"strings"
	"time"

	"github.com/waxseal/waxseal/builtins/audit"
)

// violated is a violation as Gatekeeper logs it, or writes it into an Event.
type violated struct {
	process, name, constraint, action, actions, namespace, user string
	code, image                                                 string // of details, which are ours
}

// read reads a member of the log line, or an annotation of the Event.
func (v *violated) read(name, value []byte) {
	switch string(name) {
	case "event_type":
		v.process = text(value)
	case "constraint_name":
		v.name = text(value)
	case "constraint_kind":
		v.constraint = text(value)
	case "constraint_action":
		v.action = text(value)
	case "constraint_enforcement_actions":
		v.actions = string(value)
	case "resource_namespace":
		v.namespace = text(value)
	case "request_username":
		v.user = text(value)
	case "details":
		if len(value) > 0 && value[0] == '{' {
			v.code, _ = member(value, "code")
			v.image, _ = member(value, "image")
		}
	}
}

// outcomes are the actions that were taken.
func (v *violated) outcomes() []string {
	switch {
	case v.process == "violation_audited":
		return []string{"audit"}
	case v.action != "scoped":
		if v.action != "warn" && v.action != "dryrun" {
			return []string{"deny"}
		}
		return []string{v.action}
	}
	var out []string
	for _, action := range []string{"deny", "warn", "dryrun"} {
		if strings.Contains(v.actions, action) {
			out = append(out, action)
		}
	}
	return out
}

// takeGatekeeper reads a line of Gatekeeper's log. Only violations are events. Of
// dry runs of the API server it says nothing, so they count as requests.
func (r *reader) takeGatekeeper(v *record) {
	if !r.recognised(Gatekeeper) || !is(v.eventType, "violation") && !is(v.eventType, "violation_audited") {
		return
	}
	at := moment(v.ts)
	if len(v.ts) > 0 && v.ts[0] != '"' {
		at = floatSeconds(v.ts)
	}
	if !r.event(at) {
		return
	}
	var said violated
	if _, err := members(v.raw, said.read); err != nil {
		r.unread(r.at, err.Error())
		return
	}
	r.violated(&said, strings.TrimPrefix(text(v.msg), "denied admission: "), once(at))
}

// floatSeconds reads what zap writes by default: seconds with a fraction.
func floatSeconds(raw []byte) time.Time {
	whole, _, _ := strings.Cut(string(raw), ".")
	if strings.ContainsAny(whole, "eE") {
		return time.Time{}
	}
	return seconds(number([]byte(whole)))
}

func (r *reader) violated(v *violated, message string, when span) {
	if r.excluded(v.namespace) {
		return
	}
	i := r.item(v.name, message)
	if i.rule == "" {
		i.rule = v.constraint
	}
	if ourCode.MatchString(v.code) {
		i.rule = v.code
	}
	if v.image != "" {
		i.image = v.image
	}
	for _, action := range v.outcomes() {
		r.all.reject(audit.Rejection{
			System: "gatekeeper", Rule: i.rule, Image: i.image, Namespace: v.namespace, User: v.user, Source: r.Name, Action: action, Message: i.message,
		}, when)
		how := map[string]string{"warn": "warned", "dryrun": "dryrun"}[action]
		if how != "" && i.image != "" {
			r.all.admit(audit.Admission{Image: i.image, Namespace: v.namespace, User: v.user, Source: r.Name, How: how, Rule: i.rule}, when)
		}
	}
}
