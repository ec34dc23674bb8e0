package logs

import (
	"regexp"
	"strings"
	"time"

	"github.com/waxseal/waxseal/builtins/audit"
)

// happening is an Event of Kubernetes. It may stand for many.
type happening struct {
	reason, message, namespace string
	when                       span
	violated                   violated
}

// readEvent reads v1 (firstTimestamp, lastTimestamp, count) and events.k8s.io/v1
// (eventTime, series, and the older fields under other names).
func readEvent(v *record) (happening, error) {
	h := happening{reason: text(v.reason), message: text(v.message)}
	var moments []time.Time
	see := func(value []byte) {
		if at := moment(value); !at.IsZero() {
			moments = append(moments, at)
		}
	}
	_, err := members(v.raw, func(name, value []byte) {
		switch string(name) {
		case "firstTimestamp", "lastTimestamp", "eventTime", "deprecatedFirstTimestamp", "deprecatedLastTimestamp":
			see(value)
		case "note":
			h.message = text(value)
		case "count", "deprecatedCount":
			h.when.count = max(h.when.count, int(number(value)))
		case "series":
			_, _ = members(value, func(name, value []byte) {
				switch string(name) {
				case "count":
					h.when.count = max(h.when.count, int(number(value)))
				case "lastObservedTime":
					see(value)
				}
			})
		case "metadata":
			_, _ = members(value, func(name, value []byte) {
				switch string(name) {
				case "annotations":
					_, _ = members(value, h.violated.read)
				case "creationTimestamp":
					see(value)
				}
			})
		}
	})
	if err != nil {
		return h, err
	}
	h.namespace, err = member(v.involved, "namespace")
	h.when.count = min(max(h.when.count, 1), 1<<31)
	for _, at := range moments {
		if h.when.first.IsZero() || at.Before(h.when.first) {
			h.when.first = at
		}
		if at.After(h.when.last) {
			h.when.last = at
		}
	}
	return h, err
}

var (
	pulled      = regexp.MustCompile(`^Successfully pulled image ("(?:[^"\\]|\\.)*")`)
	notPulled   = regexp.MustCompile(`^(?:Failed to pull|Error pulling) image ("(?:[^"\\]|\\.)*")`)
	badlySigned = regexp.MustCompile(`SignatureValidationFailed|[Ss]ource image rejected|signature.{0,40}(?:invalid|not trusted|required)`)
)

// takeEvent reads an Event. Its day is that on which it came last, and its message
// is cut by Kubernetes at 1024 characters.
func (r *reader) takeEvent(v *record) {
	if !r.recognised(Events) {
		return
	}
	h, err := readEvent(v)
	if err != nil {
		r.unread(r.at, err.Error())
		return
	}
	if !r.event(h.when.last) || r.excluded(h.namespace) {
		return
	}
	switch h.reason {
	case "FailedAdmission", "WarningAdmission", "DryrunViolation", "AuditViolation":
		if h.violated.process != "" {
			_, said, found := strings.Cut(h.message, ", Message: ")
			if !found {
				said = h.message
			}
			h.violated.action, h.violated.actions = actionOf(h.reason), ""
			r.violated(&h.violated, said, h.when)
		}
	case "Pulled":
		if m := pulled.FindStringSubmatch(h.message); m != nil {
			r.all.admit(audit.Admission{Image: unquoted(m[1]), Namespace: h.namespace, Source: r.Name, How: "pulled"}, h.when)
		}
	case "Failed", "ErrImagePull", "FailedCreate":
		r.failed(&h)
	}
}

// actionOf is what the reason of an Event of Gatekeeper says that was done. One of
// several actions has an Event each.
func actionOf(reason string) string {
	switch reason {
	case "WarningAdmission":
		return "warn"
	case "DryrunViolation":
		return "dryrun"
	}
	return "deny"
}

// failed reads why a Pod could not be made, or an image not be pulled.
func (r *reader) failed(h *happening) {
	if m := notPulled.FindStringSubmatch(h.message); m != nil {
		image := unquoted(m[1])
		if !badlySigned.MatchString(h.message) {
			r.all.refusedOther("pull_failed", r.all.place(image).registry, h.message, h.when)
			return
		}
		r.all.reject(audit.Rejection{
			System: "other", Rule: "image signature on the node", Image: image, Namespace: h.namespace, Source: r.Name, Action: "deny", Message: h.message,
		}, h.when)
		return
	}
	v := r.classify(h.message)
	switch v.class {
	case "":
	case denied:
		for _, i := range v.items {
			r.all.reject(audit.Rejection{
				System: v.system, Rule: i.rule, Image: i.image, Namespace: h.namespace, Source: r.Name, Action: "deny", Message: i.message,
			}, h.when)
		}
	case "rbac":
		r.all.refusedRBAC(h.message, h.when)
	default:
		r.all.refusedOther(v.class, v.name, h.message, h.when)
	}
}
