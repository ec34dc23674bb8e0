package lib.waxseal.evidence_test

import data.lib.waxseal.evidence
import data.lib.waxseal.host
import data.lib.waxseal.samples_test as samples

_no_facts := {
	"period": {"from": "", "to": ""},
	"images": [], "keys": [], "identities": [], "probes": [], "missing": [],
	"logs": {"sources": [], "rejections": [], "admissions": [], "rbac": 0, "other": 0, "truncated": false},
}

# Everything that an audit can find.
_whole_audit := samples.facts({
	"images": [samples.running({})],
	"keys": [samples.key({})],
	"identities": [samples.identity({})],
	"logs": {
		"sources": [samples.log_source({})], "rejections": [samples.rejection({})], "admissions": [samples.admission({})],
		"rbac": 1, "other": 2, "truncated": false,
	},
	"probes": [samples.probe({})],
	"missing": [samples.gap("logs")],
})

_audited(value) := answer if {
	answer := evidence.audit_read("") with host.collect as samples.audit(value)
}

test_audit_read if {
	evidence.audit_read_request("") == {"fn": "audit.read", "ref": "", "opts": {}}
	[_audited(_whole_audit).ok, _audited(_whole_audit).facts] == [true, _whole_audit]
	[_audited(_no_facts).ok, _audited(_no_facts).facts] == [true, _no_facts]
}

test_audit_read_is_total if {
	missing := evidence.audit_read("") with host.collect as {}
	[missing.ok, missing.facts, [error.code | some error in missing.errors]] == [false, _no_facts, ["not_collected"]]
}

# Facts that lack what policies read are none.
test_audit_read_that_is_malformed if {
	wrong := {value |
		some value in _odd_facts
		answer := _audited(value)
		[answer.ok, answer.facts, [error.code | some error in answer.errors]] != [false, _no_facts, ["malformed"]]
	}
	wrong == set()
	count(_odd_facts) > 80
}

_odd_facts contains value if {
	some value in [null, 5, "x", [], {}]
}

_odd_facts contains object.remove(_whole_audit, [part]) if some part in object.keys(_whole_audit)

_odd_facts contains json.patch(_whole_audit, [{"op": "replace", "path": list, "value": 5}]) if {
	some list in object.keys(_audit_rows)
}

_odd_facts contains json.patch(_whole_audit, [{"op": "add", "path": concat("/", [list, "0"]), "value": 5}]) if {
	some list in object.keys(_audit_rows)
}

_odd_facts contains json.patch(_whole_audit, [{"op": "replace", "path": sprintf("%s/0/%s", [list, field]), "value": {"x": 1}}]) if {
	some list, fields in _audit_rows
	some field in fields
}

_odd_facts contains json.patch(_whole_audit, [{"op": "remove", "path": sprintf("%s/0/%s", [list, field])}]) if {
	some list, fields in _audit_rows
	some field in fields
}

_odd_facts contains json.patch(_whole_audit, [{"op": "replace", "path": place, "value": "x"}]) if {
	some place in ["keys/0/trusted/0", "identities/0/trusted/0/images", "logs/truncated", "period"]
}

_audit_rows := {
	"images": ["ref", "digest", "repository", "tag", "tag_state", "sampled", "verdict", "namespaces"],
	"keys": ["name", "fingerprint", "bits", "listed", "trusted", "rotated", "problem"],
	"identities": ["issuer", "subject", "wide", "words", "trusted"],
	"logs/sources": ["name", "from", "to", "unread"],
	"logs/rejections": ["day", "action", "count"],
	"logs/admissions": ["image", "how", "signed", "allowed"],
	"probes": ["name", "expected", "outcome", "codes"],
	"missing": ["part", "name", "why", "rests"],
}
