package logs

import (
	"net/url"
	"strings"

	"github.com/waxseal/waxseal/builtins/audit"
)

// manifests are the media types of what is pulled as an image. Layers and
// configurations are notified as well, and are parts of one.
func manifest(mediaType string) bool {
	switch mediaType {
	case "", "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
		"application/vnd.docker.distribution.manifest.list.v2+json", "application/vnd.docker.distribution.manifest.v1+json", "application/vnd.docker.distribution.manifest.v1+prettyjws":
		return true
	}
	return false
}

// reference joins what a registry says of an image. Without a host it stays without
// one: it is not Docker Hub.
func reference(host, repository, tag, digest string) string {
	ref := repository
	if host != "" {
		ref = host + "/" + repository
	}
	if tag != "" && tag != digest {
		ref += ":" + tag
	}
	if digest != "" {
		ref += "@" + digest
	}
	return ref
}

// moved adds an image that was pulled or pushed.
func (r *reader) moved(host, repository, tag, digest, user, how string, when span) {
	if host == "" {
		host = r.Registry
	}
	row := audit.Admission{Image: reference(host, repository, tag, digest), Digest: digest, User: user, Source: r.Name, How: how}
	if host == "" {
		r.all.admitNowhere(row, when)
		return
	}
	r.all.admit(row, when)
}

// takeNotification reads an event of a CNCF registry
// (notifications/event.go of distribution). It may be delivered more than once.
func (r *reader) takeNotification(v *record) {
	if !r.recognised(Distribution) {
		return
	}
	at := moment(v.timestamp)
	if !r.event(at) {
		return
	}
	var mediaType, digest, repository, tag, address, host, user, id string
	_, err := members(v.target, func(name, value []byte) {
		switch string(name) {
		case "mediaType":
			mediaType = text(value)
		case "digest":
			digest = text(value)
		case "repository":
			repository = text(value)
		case "tag":
			tag = text(value)
		case "url":
			address = text(value)
		}
	})
	if err == nil {
		_, err = members(v.raw, func(name, value []byte) {
			switch string(name) {
			case "id":
				id = string(value)
			case "request":
				host, _ = member(value, "host")
			case "actor":
				user, _ = member(value, "name")
			}
		})
	}
	if err != nil {
		r.unread(r.at, err.Error())
		return
	}
	how := map[string]string{"pull": "pulled", "push": "pushed"}[text(v.action)]
	if how == "" || repository == "" || !manifest(mediaType) || r.all.again(identity([]byte(id), v.timestamp, v.target)) {
		return
	}
	if u, err := url.Parse(address); host == "" && err == nil {
		host = u.Host
	}
	r.moved(host, repository, tag, digest, user, how, once(at))
}

// takeHarbor reads a webhook of Harbor, of its own form or as a CloudEvent.
func (r *reader) takeHarbor(v *record) {
	if !r.recognised(Harbor) {
		return
	}
	at, data := seconds(number(v.occurAt)), v.eventData
	if v.specversion != nil {
		at, data = moment(v.time), v.data
	}
	if !r.event(at) {
		return
	}
	how := map[string]string{
		"PULL_ARTIFACT": "pulled", "PUSH_ARTIFACT": "pushed", "harbor.artifact.pulled": "pulled", "harbor.artifact.pushed": "pushed",
	}[text(v.typ)]
	if how == "" {
		return
	}
	user := text(v.operator)
	_, err := members(data, func(name, value []byte) {
		if string(name) != "resources" {
			return
		}
		_ = elements(value, func(resource []byte) { r.harborResource(resource, user, how, once(at)) })
	})
	if err != nil {
		r.unread(r.at, err.Error())
	}
}

func (r *reader) harborResource(resource []byte, user, how string, when span) {
	row := audit.Admission{User: user, Source: r.Name, How: how}
	_, _ = members(resource, func(name, value []byte) {
		switch string(name) {
		case "digest":
			row.Digest = text(value)
		case "resource_url":
			row.Image = text(value)
		}
	})
	if row.Image != "" {
		r.all.admit(row, when)
	}
}

// takeHarborAudit reads a row of Harbor's audit log, as its API gives it
// (audit-logs and auditlog-exts).
func (r *reader) takeHarborAudit(v *record) {
	if !r.recognised(Harbor) {
		return
	}
	at := moment(v.opTime)
	if !r.event(at) {
		return
	}
	var kind, resource, user, id string
	succeeded := true
	_, err := members(v.raw, func(name, value []byte) {
		switch string(name) {
		case "resource_type":
			kind = text(value)
		case "resource":
			resource = text(value)
		case "username":
			user = text(value)
		case "id":
			id = string(value)
		case "is_successful", "operation_result":
			succeeded = string(value) != "false"
		}
	})
	if err != nil {
		r.unread(r.at, err.Error())
		return
	}
	how := map[string]string{"pull": "pulled", "create": "pushed", "push": "pushed"}[text(v.operation)]
	if how == "" || kind != "artifact" || !succeeded || r.all.again(identity([]byte(id), v.opTime, v.raw)) {
		return
	}
	name, digest, _ := strings.Cut(resource, "@")
	repository, tag := name, ""
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		repository, tag = name[:colon], name[colon+1:]
	}
	r.moved("", repository, tag, digest, user, how, once(at))
}
