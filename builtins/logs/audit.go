package logs

import (
	"cmp"
	"strings"
)

// takeAudit reads an event of an API server's audit log. What no row is made of is
// only counted: whether one is, is told by a few members, undecoded.
func (r *reader) takeAudit(v *record, envelope string) {
	if envelope == "" {
		envelope = KubernetesAudit
	}
	if !r.recognised(envelope) {
		return
	}
	at := moment(v.staged)
	if at.IsZero() {
		at = moment(v.received)
	}
	if !r.event(at) {
		return
	}
	if !is(v.stage, "ResponseComplete") {
		if is(v.stage, "Panic") && !r.all.again(identity(v.auditID, v.stage, v.staged, v.requestURI)) {
			r.all.refusedOther("panic", "", "", once(at))
		}
		return
	}
	q, err := auditRequest(v)
	if err != nil {
		r.unread(r.at, err.Error())
		return
	}
	if q.status < 400 && !q.annotations.any() && !q.runs() {
		return
	}
	if r.all.again(identity(v.auditID, v.staged, v.received, v.requestURI, v.verb, v.status)) {
		return
	}
	q.at = at
	r.answeredRequest(&q)
}

// auditRequest reads of an event what tells whether a row is made of it, and what
// the row says.
func auditRequest(v *record) (q request, err error) {
	q.verb = text(v.verb)
	if err = q.readStatus(v.status); err != nil {
		return q, err
	}
	if err = q.readObjectRef(v.objectRef); err != nil {
		return q, err
	}
	if q.annotations, err = readAnnotations(v.annotations); err != nil {
		return q, err
	}
	q.decision = q.annotations.decision
	if q.status < 400 && !q.annotations.any() && !q.runs() {
		return q, nil
	}
	q.dryRun = dryRun(text(v.requestURI))
	q.user = username(v.user)
	if as := username(v.impersonated); as != "" {
		q.user += " as " + as
	}
	q.requested, q.answered = object(v.requestObject), object(v.responseObject)
	return q, nil
}

func (q *request) readStatus(raw []byte) error {
	raw = object(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	_, err := members(raw, func(name, value []byte) {
		switch string(name) {
		case "code":
			q.status = int(number(value))
		case "message":
			q.message = text(value)
		case "reason":
			q.message = cmp.Or(q.message, text(value))
		}
	})
	return err
}

func (q *request) readObjectRef(raw []byte) error {
	raw = object(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	_, err := members(raw, func(name, value []byte) {
		switch string(name) {
		case "apiGroup":
			q.group = text(value)
		case "resource":
			q.resource = text(value)
		case "subresource":
			q.subresource = text(value)
		case "namespace":
			q.namespace = text(value)
		}
	})
	return err
}

func username(raw []byte) (name string) {
	raw = object(raw)
	if len(raw) == 0 || raw[0] != '{' {
		return ""
	}
	_, _ = members(raw, func(member, value []byte) {
		if string(member) == "username" {
			name = text(value)
		}
	})
	return name
}

// takeAKS reads a record of Azure Monitor.
func (r *reader) takeAKS(v *record) {
	log := v.log
	if log == nil {
		_, err := members(object(v.properties), func(name, value []byte) {
			if string(name) == "log" {
				log = value
			}
		})
		if err != nil {
			r.unread(r.at, err.Error())
			return
		}
	}
	inner := object(log)
	if !strings.HasPrefix(text(v.category), "kube-audit") || len(inner) == 0 || inner[0] != '{' {
		r.recognised(AKS)
		return
	}
	event, _, err := readRecord(inner)
	if err != nil {
		r.unread(r.at, "properties.log cannot be read: "+err.Error())
		return
	}
	r.nested(&event, AKS)
}
