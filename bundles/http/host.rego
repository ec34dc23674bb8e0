# METADATA
# title: Host of an unmodified OPA server
# description: >-
#   The object stands in the input, the parameters in the operator's data, and
#   the world is asked by one http.send to a waxseal server, which data.waxseal.server
#   names. Whatever goes wrong on the way is the reason why the evidence is not ok.
package lib.waxseal.host

import data.lib.waxseal.parameters as shape
import data.waxseal

default object := null

object := input.object

default old_object := null

old_object := input.old_object

default operation := ""

operation := input.operation if is_string(input.operation)

default namespace := ""

namespace := input.namespace if is_string(input.namespace)

default parameters := {}

parameters := waxseal.parameters if is_object(waxseal.parameters)

now := time.now_ns()

# METADATA
# title: What does not fit
problems contains "the input has no object, and nothing can be judged: this bundle (flavour http) is for an OPA server, and asks for {\"input\": {\"object\": …}}" if {
	object == null
	operation != "DELETE"
}

# One call for all.
collect(requests) := {key: _answer(response, key) | some key in keys} if {
	count(requests) > 0
	keys := {json.marshal(request) | some request in requests}
	response := _asked(keys)
} else := {}

_answer(response, key) := response.body.results[key] if {
	response.status_code == 200
	is_object(response.body.results[key])
} else := _refused("unavailable", "the waxseal server left this evidence out of its answer") if {
	response.status_code == 200
	is_object(response.body.results)
} else := _refused(response.body.error.code, sprintf("the waxseal server answered %d: %s", [response.status_code, response.body.error.message])) if {
	response.status_code >= 400
	is_string(response.body.error.code)
	is_string(response.body.error.message)
} else := _refused("unavailable", sprintf("the waxseal server answered %d, and no evidence", [response.status_code])) if {
	response.status_code > 0
} else := _refused("unavailable", sprintf("the waxseal server could not be asked: %s", [response.error.message]))

_refused(code, message) := {
	"ok": false,
	"errors": [{"code": code, "message": message, "retryable": code != "invalid_request"}],
}

_asked(keys) := http.send({name: value |
	some part in [_call, _certificates, {"body": {"keys": sort(keys)}}]
	some name, value in part
}) if {
	count(_mistakes) == 0
} else := _not_sent(concat("; ", sort(_mistakes))) if {
	count(_mistakes) > 0
} else := _not_sent("http.send gave no answer")

_not_sent(reason) := {"status_code": 0, "error": {"message": reason}}

# Nothing is kept between decisions, and nobody is sent on.
_call := {
	"method": "POST",
	"url": concat("", [trim_right(_server.url, "/"), "/v1/collect"]),
	"headers": _headers,
	"timeout": _timeout,
	"raise_error": false,
	"force_json_decode": true,
	"enable_redirect": false,
	"cache": false,
}

# A waxseal server answers within 7 s, and an API server waits for 10 s.
default _timeout := "8s"

_timeout := _server.timeout

# The token stands in the environment of OPA alone. system.log keeps it out of decision logs.
_headers := {"Content-Type": "application/json", "Authorization": concat(" ", ["Bearer", _token])} if _has_token

else := {"Content-Type": "application/json"}

_token := opa.runtime().env[_server.token_env]

_certificates := {option: _server[name] |
	some name, option in {
		"ca_cert_file": "tls_ca_cert_file",
		"client_cert_file": "tls_client_cert_file",
		"client_key_file": "tls_client_key_file",
	}
	_server[name]
}

default _server := {}

_server := waxseal.server

_mistakes contains "data.waxseal.server is missing: it names the waxseal server, as in {\"url\": \"https://waxseal.example:8443\"}" if not waxseal.server

_mistakes contains sprintf("data.waxseal.%s", [problem]) if {
	some problem in shape.problems("server", _server, {
		"": "object",
		"url": "string",
		"ca_cert_file": "string",
		"client_cert_file": "string",
		"client_key_file": "string",
		"token_env": "string",
		"timeout": "string",
	})
}

_mistakes contains "data.waxseal.server.url has to be https://…, or http://… on loopback" if {
	waxseal.server
	not _encrypted
}

_mistakes contains "data.waxseal.server names one of client_cert_file and client_key_file, and both are needed" if {
	count({name | some name in ["client_cert_file", "client_key_file"]; _server[name]}) == 1
}

_mistakes contains sprintf("data.waxseal.server.token_env names the variable %q, and it is not set or empty", [name]) if {
	name := _server.token_env
	not _has_token
}

_has_token if _token != ""

_encrypted if regex.match(`^https://[^/?#\s@]+(?:/[^?#\s]*)?$`, _server.url)

_encrypted if regex.match(`^http://(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]+)?(?:/[^?#\s]*)?$`, _server.url)
