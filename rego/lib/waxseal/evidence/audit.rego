package lib.waxseal.evidence

# METADATA
# title: Request of audit.read
# description: 'The reference is empty: an audit is judged as a whole.'
audit_read_request(ref) := {"fn": "audit.read", "ref": ref, "opts": {}}

# METADATA
# title: Result of audit.read
audit_read(ref) := answer if {
	answer := _result(audit_read_request(ref), {"facts": _no_facts})
	_are_facts(answer.facts)
} else := object.union(_refused({}, [_malformed]), {"facts": _no_facts})

_no_facts := {
	"period": {"from": "", "to": ""},
	"images": [], "keys": [], "identities": [], "probes": [], "missing": [],
	"logs": {"sources": [], "rejections": [], "admissions": [], "rbac": 0, "other": 0, "truncated": false},
}

# Facts that lack what policies read are none: a rule over what is not there would
# find nothing wrong.
_are_facts(facts) if {
	_typed(facts.period, {"from": "string", "to": "string"})
	_typed(facts.logs, {"rbac": "number", "other": "number", "truncated": "boolean"})
	every place, fields in _facts {
		rows := object.get({"x": facts}, array.concat(["x"], split(place, ".")), "")
		is_array(rows)
		every row in rows {
			_typed(row, fields)
		}
	}
	every holder in array.concat(facts.keys, facts.identities) {
		every trust in holder.trusted {
			_typed(trust, {"where": "string", "images": "array"})
		}
	}
}

_typed(row, fields) if {
	is_object(row)
	every name, type in fields {
		type_name(row[name]) == type
	}
}

_facts := {
	"images": {
		"ref": "string", "repository": "string", "tag": "string", "digest": "string", "runtime": "string",
		"tag_digest": "string", "tag_state": "string", "sampled": "boolean", "pods": "number",
		"namespaces": "array", "verdict": "string",
	},
	"keys": {
		"kind": "string", "expires": "string", "name": "string", "fingerprint": "string", "algorithm": "string", "bits": "number", "lives": "string", "at": "string",
		"owner": "string", "approver": "string", "created": "string", "rotated": "string", "listed": "boolean",
		"trusted": "array", "images": "number", "problem": "string",
	},
	"identities": {
		"issuer": "string", "subject": "string", "pattern": "boolean", "wide": "boolean", "why": "string", "words": "string",
		"trusted": "array", "images": "number",
	},
	"logs.sources": {
		"name": "string", "format": "string", "lines": "number", "events": "number", "from": "string", "to": "string",
		"unread": "number", "problem": "string",
	},
	"logs.rejections": {
		"day": "string", "system": "string", "rule": "string", "image": "string", "registry": "string", "namespace": "string",
		"user": "string", "source": "string", "action": "string", "count": "number", "first": "string", "last": "string",
	},
	"logs.admissions": {
		"image": "string", "registry": "string", "digest": "string", "namespace": "string", "user": "string", "source": "string",
		"how": "string", "rule": "string", "count": "number", "first": "string", "last": "string", "signed": "string", "allowed": "string",
	},
	"probes": {
		"name": "string", "cluster": "string", "namespace": "string", "image": "string", "expected": "string", "rule": "string",
		"outcome": "string", "by": "string", "codes": "array", "message": "string", "at": "string",
	},
	"missing": {"part": "string", "name": "string", "why": "string", "rests": "string"},
}
