# Who may ask a waxseal server, and for what: `--authorization basic`. Without it
# everybody may, and may write policies and data too.
package system.authz

default allow := {"allowed": false, "reason": "send the token, and ask for a decision or for evidence"}

allow := {"allowed": true} if {
	_known
	input.method == "POST"
	input.path in _asked
}

# Without a token: whether it lives. Metrics name registries.
allow := {"allowed": true} if {
	input.method == "GET"
	input.path in [["health"], ["health", "waxseal"]]
}

allow := {"allowed": true} if {
	_known
	input.method == "GET"
	input.path == ["metrics"]
}

_asked := [[""], [], ["v1", "collect"], ["v1", "data", "lib", "waxseal", "decision"], ["v1", "data", "lib", "waxseal", "report"]]

# `--authentication token`: the token of the callers stands in the environment of
# the server. With `--authentication tls` the identity is the subject of the certificate.
_known if {
	token := opa.runtime().env.WAXSEAL_TOKEN
	token != ""
	input.identity == token
}
