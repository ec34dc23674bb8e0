package logs

import (
	"bytes"
	"regexp"
	"strings"
	"time"
)

// access is a request to a registry.
type access struct {
	at                      time.Time
	method, uri, host, user string
	status                  int
}

var (
	// The combined log of web servers, up to the status.
	combined = regexp.MustCompile(`^(\S+) \S+ (\S+) \[([^\]]{20,40})\] "([A-Z]+) (\S+)[^"]*" (\d{3}) `)
	// What stands in a line where a request begins: a line that has two is forged by
	// who chose a name with spaces and quotes in it.
	begun = regexp.MustCompile(`\[\d\d/[A-Z][a-z]{2}/\d{4}:[^\]]*\] "[A-Z]+ `)
	// The API of the distribution specification. Names have slashes.
	manifestPath = regexp.MustCompile(`^/v2/([a-z0-9][a-z0-9._/-]*)/manifests/([A-Za-z0-9_][A-Za-z0-9._:-]*)$`)
)

// takeCombined reads a line of a web server in front of a registry, and of the
// registry itself.
func (r *reader) takeCombined(b []byte) bool {
	m := combined.FindSubmatch(b[:min(len(b), 1<<14)])
	if m == nil || begun.Match(b[len(m[0]):]) {
		return false
	}
	at, err := time.Parse("02/Jan/2006:15:04:05 -0700", string(m[3]))
	if err != nil {
		return false
	}
	a := access{at: at.UTC(), method: string(m[4]), uri: string(m[5]), user: strings.Trim(string(m[2]), "-"), status: int(number(m[6]))}
	r.accessed(&a)
	return true
}

// takeAccess reads a line of the registry's log in JSON: "response completed" has
// the status.
func (r *reader) takeAccess(v *record) {
	a := access{uri: text(v.uri), status: int(number(v.responseStatus))}
	if _, err := members(v.raw, func(name, value []byte) { a.field(string(name), text(value), value) }); err != nil {
		r.unread(r.at, err.Error())
		return
	}
	r.accessed(&a)
}

func (a *access) field(name, value string, raw []byte) {
	switch name {
	case "time":
		a.at = moment(raw)
	case "http.request.method":
		a.method = value
	case "http.request.host":
		a.host = value
	case "http.request.uri":
		a.uri = value
	case "http.response.status":
		a.status = int(number(raw))
	case "auth.user.name":
		a.user = value
	}
}

// takeLogfmt reads the same in text, as logrus writes it: name=value, the value in
// Go's quotes where it has to be.
func (r *reader) takeLogfmt(b []byte) bool {
	if !bytes.HasPrefix(b, []byte("time=")) || !bytes.Contains(b, []byte(" level=")) {
		return false
	}
	var a access
	for rest := string(b[:min(len(b), 1<<14)]); rest != ""; {
		name, value, found := strings.Cut(rest, "=")
		if !found {
			break
		}
		if strings.HasPrefix(value, `"`) {
			end, err := skipString([]byte(value), 0)
			if err != nil {
				break
			}
			value, rest = unquoted(value[:end]), strings.TrimPrefix(value[end:], " ")
		} else {
			value, rest, _ = strings.Cut(value, " ")
		}
		a.field(name, value, []byte(`"`+value+`"`))
	}
	if a.uri == "" {
		// The registry says other things as well.
		return bytes.Contains(b, []byte("go.version=")) && r.recognised(RegistryAccess)
	}
	r.accessed(&a)
	return true
}

// accessed counts a manifest that was got or put. HEAD only asks what a tag means.
func (r *reader) accessed(a *access) {
	if !r.recognised(RegistryAccess) || !r.event(a.at) {
		return
	}
	path, _, _ := strings.Cut(a.uri, "?")
	m := manifestPath.FindStringSubmatch(path)
	how := ""
	switch {
	case m == nil:
	case a.method == "GET" && a.status == 200:
		how = "pulled"
	case a.method == "PUT" && a.status == 201:
		how = "pushed"
	}
	if how == "" {
		return
	}
	tag, digest := m[2], ""
	if strings.Contains(tag, ":") {
		tag, digest = "", tag
	}
	r.moved(a.host, m[1], tag, digest, a.user, how, once(a.at))
}
