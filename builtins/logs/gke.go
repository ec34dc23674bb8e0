package logs

import (
	"cmp"
	"strings"
)

// codes are those of google.rpc.Code, as what the API server has answered. Nothing
// is done with others than this: a refusal, or none.
var codes = map[int64]int{0: 200, 3: 400, 5: 404, 6: 409, 7: 403, 8: 429, 9: 400, 10: 409, 11: 400, 16: 401}

// takeGKE reads an entry of Cloud Logging. It names no address, so a dry run cannot be
// told from a request: AuditLog has no field for it.
func (r *reader) takeGKE(v *record) {
	if !r.recognised(GKE) {
		return
	}
	at := moment(v.timestamp)
	if at.IsZero() {
		at = moment(v.receiveTimestamp)
	}
	if !r.event(at) {
		return
	}
	q := request{at: at}
	var method, status, response, who, name []byte
	_, err := members(v.protoPayload, func(member, value []byte) {
		switch string(member) {
		case "methodName":
			method = value
		case "status":
			status = value
		case "response":
			response = value
		case "request":
			q.requested = value
		case "authenticationInfo":
			who = value
		case "resourceName":
			name = value
		}
	})
	if err == nil && who != nil {
		q.user, err = member(who, "principalEmail")
	}
	if err == nil {
		err = q.readAnswer(status, response)
	}
	if err == nil {
		q.annotations, err = readAnnotations(v.labels)
	}
	if err != nil {
		r.unread(r.at, err.Error())
		return
	}
	q.decision, q.namespace = q.annotations.decision, namespaceOf(text(name))
	if !q.readMethod(text(method)) || q.status < 400 && !q.annotations.any() && !q.runs() {
		return
	}
	if r.all.again(identity(v.timestamp, method, name, v.protoPayload)) {
		return
	}
	r.answeredRequest(&q)
}

// member returns a text of an object.
func member(raw []byte, name string) (s string, err error) {
	_, err = members(raw, func(at, value []byte) {
		if string(at) == name {
			s = text(value)
		}
	})
	return s, err
}

// readAnswer reads the status, and what the API server said if it is in the log.
func (q *request) readAnswer(status, response []byte) error {
	q.status = 200
	if status != nil {
		var code int64
		if _, err := members(status, func(name, value []byte) {
			switch string(name) {
			case "code":
				code = number(value)
			case "message":
				q.message = text(value)
			}
		}); err != nil {
			return err
		}
		q.status = cmp.Or(codes[code], 500)
	}
	q.answered = response
	if q.status < 400 || response == nil {
		return nil
	}
	said := request{}
	if err := said.readStatus(response); err != nil {
		return err
	}
	q.message = cmp.Or(said.message, q.message)
	if said.status >= 400 {
		q.status = said.status
	}
	return nil
}

// readMethod reads io.k8s.apps.v1.deployments.create: group, version, resource,
// perhaps a subresource, verb. Groups of others are domains, reversed.
func (q *request) readMethod(method string) bool {
	parts := strings.Split(method, ".")
	version := -1
	for i := len(parts) - 3; i > 0 && i >= len(parts)-4; i-- {
		if len(parts[i]) > 1 && parts[i][0] == 'v' && parts[i][1] >= '0' && parts[i][1] <= '9' {
			version = i
		}
	}
	if version < 2 {
		return false
	}
	q.group, q.verb, q.resource = parts[version-1], parts[len(parts)-1], parts[version+1]
	if q.group == "core" {
		q.group = ""
	}
	if len(parts)-version == 4 {
		q.subresource = parts[version+2]
	}
	return true
}

// namespaceOf reads core/v1/namespaces/NAME/pods/NAME.
func namespaceOf(resource string) string {
	_, rest, found := strings.Cut(resource, "/namespaces/")
	if !found {
		return ""
	}
	namespace, _, _ := strings.Cut(rest, "/")
	return namespace
}
