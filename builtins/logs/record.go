package logs

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// record holds what of an object's members says what it is, undecoded.
type record struct {
	kind, apiVersion, items []byte

	// audit.k8s.io, and the columns of the table AKSAudit
	auditID, stage, verb, requestURI, user, impersonated, objectRef, status []byte
	requestObject, responseObject, received, staged, annotations            []byte

	// envelopes
	protoPayload, labels, timestamp, receiveTimestamp []byte
	logEvents, message, events, records, awslogs      []byte
	category, properties, time, log                   []byte

	// Gatekeeper
	eventType, msg, logger, level, ts []byte

	// Event
	reason, involved []byte

	// registries
	action, target, eventData, typ, occurAt, operator, specversion, data []byte
	opTime, operation, uri, responseStatus                               []byte

	decisionID []byte

	raw []byte
}

// field returns where a member is kept, nil for one that nothing asks for.
func (v *record) field(name []byte) *[]byte {
	switch string(name) {
	case "kind":
		return &v.kind
	case "apiVersion":
		return &v.apiVersion
	case "items":
		return &v.items
	case "auditID", "AuditId":
		return &v.auditID
	case "stage", "Stage":
		return &v.stage
	case "verb", "Verb":
		return &v.verb
	case "requestURI", "RequestUri":
		return &v.requestURI
	case "user", "User":
		return &v.user
	case "impersonatedUser", "ImpersonatedUser":
		return &v.impersonated
	case "objectRef", "ObjectRef":
		return &v.objectRef
	case "responseStatus", "ResponseStatus":
		return &v.status
	case "requestObject", "RequestObject":
		return &v.requestObject
	case "responseObject", "ResponseObject":
		return &v.responseObject
	case "requestReceivedTimestamp", "RequestReceivedTime":
		return &v.received
	case "stageTimestamp", "StageReceivedTime":
		return &v.staged
	case "annotations", "Annotations":
		return &v.annotations
	}
	return v.envelopeField(name)
}

func (v *record) envelopeField(name []byte) *[]byte {
	switch string(name) {
	case "protoPayload":
		return &v.protoPayload
	case "labels":
		return &v.labels
	case "timestamp":
		return &v.timestamp
	case "receiveTimestamp":
		return &v.receiveTimestamp
	case "logEvents":
		return &v.logEvents
	case "message":
		return &v.message
	case "events":
		return &v.events
	case "records":
		return &v.records
	case "awslogs":
		return &v.awslogs
	case "category", "Category":
		return &v.category
	case "properties":
		return &v.properties
	case "time", "TimeGenerated":
		return &v.time
	case "log_s":
		return &v.log
	case "reason":
		return &v.reason
	case "involvedObject", "regarding":
		return &v.involved
	}
	return v.otherField(name)
}

func (v *record) otherField(name []byte) *[]byte {
	switch string(name) {
	case "event_type":
		return &v.eventType
	case "msg":
		return &v.msg
	case "logger":
		return &v.logger
	case "level":
		return &v.level
	case "ts":
		return &v.ts
	case "action":
		return &v.action
	case "target":
		return &v.target
	case "event_data":
		return &v.eventData
	case "type":
		return &v.typ
	case "occur_at":
		return &v.occurAt
	case "operator":
		return &v.operator
	case "specversion":
		return &v.specversion
	case "data":
		return &v.data
	case "op_time":
		return &v.opTime
	case "operation":
		return &v.operation
	case "http.request.uri":
		return &v.uri
	case "http.response.status":
		return &v.responseStatus
	case "decision_id":
		return &v.decisionID
	}
	return nil
}

// readRecord reads the object that b begins with, and returns the place after it.
func readRecord(b []byte) (record, int, error) {
	var v record
	end, err := members(b, func(name, value []byte) {
		if at := v.field(name); at != nil {
			*at = value
		}
	})
	if err == nil {
		v.raw = b[:end]
	}
	return v, end, err
}

// take reads a line, or an element of a document.
func (r *reader) take(b []byte) {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	if len(b) == 0 {
		return
	}
	if b[0] != '{' {
		r.takeText(b)
		return
	}
	// Firehose writes one object behind the other.
	for len(b) > 0 {
		v, end, err := readRecord(b)
		if err != nil {
			r.unread(r.at, err.Error())
			return
		}
		r.takeRecord(&v, "")
		b = b[blank(b, end):]
	}
}

// deepestEnvelope bounds envelopes in envelopes.
const deepestEnvelope = 4

// takeRecord reads an object of any format. Envelope is the format of what it was
// taken out of, "" for a line of its own.
func (r *reader) takeRecord(v *record, envelope string) {
	switch {
	case v.stage != nil && v.auditID != nil:
		r.takeAudit(v, envelope)
	case v.protoPayload != nil:
		r.takeGKE(v)
	case v.involved != nil && v.reason != nil:
		r.takeEvent(v)
	case v.eventType != nil || v.logger != nil && v.msg != nil && v.level != nil:
		r.takeGatekeeper(v)
	case v.uri != nil:
		r.takeAccess(v)
	case v.action != nil && v.target != nil:
		r.takeNotification(v)
	case v.eventData != nil && v.typ != nil, v.specversion != nil && bytes.HasPrefix(v.typ, []byte(`"harbor.`)):
		r.takeHarbor(v)
	case v.opTime != nil && v.operation != nil:
		r.takeHarborAudit(v)
	case v.decisionID != nil:
		r.takeDecision(v)
	case v.category != nil && (v.properties != nil || v.log != nil):
		r.takeAKS(v)
	default:
		r.takeEnvelope(v, envelope)
	}
}

// takeEnvelope reads what holds records.
func (r *reader) takeEnvelope(v *record, envelope string) {
	switch {
	case v.items != nil:
		r.each(v.items, envelope)
	case v.logEvents != nil:
		r.each(v.logEvents, EKS)
	case v.events != nil:
		r.each(v.events, envelope)
	case v.records != nil:
		r.each(v.records, envelope)
	case v.awslogs != nil:
		r.takeSubscription(v.awslogs)
	case v.message != nil && v.timestamp != nil:
		r.takeMessage(v.message)
	case is(v.kind, "EventList") || is(v.kind, "List"):
		r.recognised(envelopeOf(v))
	default:
		r.unread(r.at, "is of no known format")
	}
}

// envelopeOf is the format of an empty list.
func envelopeOf(v *record) string {
	if strings.HasPrefix(text(v.apiVersion), "audit.k8s.io/") {
		return KubernetesAudit
	}
	return Events
}

func (r *reader) each(list []byte, envelope string) {
	err := elements(list, func(value []byte) {
		v, _, err := readRecord(value)
		if err != nil {
			r.unread(r.at, err.Error())
			return
		}
		r.nested(&v, envelope)
	})
	if err != nil {
		r.unread(r.at, err.Error())
	}
}

// nested is takeRecord, no deeper than a few envelopes.
func (r *reader) nested(v *record, envelope string) {
	if r.depth >= deepestEnvelope {
		r.unread(r.at, "is an envelope in too many envelopes")
		return
	}
	r.depth++
	r.takeRecord(v, envelope)
	r.depth--
}

// takeMessage reads the message of a log event of CloudWatch: an audit event, or a
// line of another component of the control plane.
func (r *reader) takeMessage(message []byte) {
	inner := bytes.TrimSpace(object(message))
	if len(inner) == 0 || inner[0] != '{' {
		r.recognised(EKS)
		return
	}
	v, _, err := readRecord(inner)
	if err != nil {
		r.unread(r.at, "holds a message that cannot be read: "+err.Error())
		return
	}
	r.nested(&v, EKS)
}

// takeSubscription reads what a Lambda function is called with: base64 of gzip.
func (r *reader) takeSubscription(awslogs []byte) {
	var packed string
	if _, err := members(awslogs, func(name, value []byte) {
		if string(name) == "data" {
			packed = text(value)
		}
	}); err != nil {
		r.unread(r.at, err.Error())
		return
	}
	raw, err := base64.StdEncoding.DecodeString(packed)
	if err != nil {
		r.unread(r.at, "awslogs.data is no base64")
		return
	}
	plain, err := inflate(raw, r.opts.MaxLine)
	if err != nil {
		r.unread(r.at, "awslogs.data cannot be read: "+err.Error())
		return
	}
	v, _, err := readRecord(plain)
	if err != nil {
		r.unread(r.at, err.Error())
		return
	}
	r.nested(&v, EKS)
}

// takeText reads a line that is no JSON, or has something in front of it: the time
// that exports to S3 and kubectl logs --timestamps write, and what the container
// runtime writes of a line.
func (r *reader) takeText(b []byte) {
	if brace := bytes.Index(b, []byte(" {")); brace >= 0 && brace < 64 && b[0] >= '0' && b[0] <= '9' {
		v, end, err := readRecord(b[brace+1:])
		if rest := b[brace+1:]; err == nil && blank(rest, end) < len(rest) {
			// Who pulls may choose the name that stands there in a registry's access log.
			r.takePlain(b)
			return
		}
		if err != nil {
			r.unread(r.at, err.Error())
			return
		}
		envelope := ""
		if brace == len("2006-01-02T15:04:05.000Z") {
			envelope = EKS
		}
		r.takeRecord(&v, envelope)
		return
	}
	r.takePlain(b)
}

func (r *reader) takePlain(b []byte) {
	switch {
	case r.takeLogfmt(b), r.takeCombined(b):
	default:
		r.unread(r.at, "is of no known format")
	}
}
