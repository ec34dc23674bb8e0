package lib.waxseal.policy.audit_keeps_keys_test

import data.lib.waxseal.clock
import data.lib.waxseal.host
import data.lib.waxseal.plan
import data.lib.waxseal.policy.audit_keeps_keys as policy
import data.lib.waxseal.samples_test as samples

_deny(facts, parameters) := deny if {
	deny := policy.deny with host.collect as samples.audit(facts)
		with host.parameters as {"audit_keeps_keys": parameters}
		with host.now as clock.instant("2026-11-26T12:00:00Z")
}

_pass(facts, parameters) := pass if {
	pass := policy.pass with host.collect as samples.audit(facts)
		with host.parameters as {"audit_keeps_keys": parameters}
		with host.now as clock.instant("2026-11-26T12:00:00Z")
}

_notes(facts, parameters) := notes if {
	notes := policy.notes with host.collect as samples.audit(facts)
		with host.parameters as {"audit_keeps_keys": parameters}
		with host.now as clock.instant("2026-11-26T12:00:00Z")
}

_keys(changes) := samples.facts({"keys": [samples.key(changes)]})

# What is said of a key with changes: the codes, and whether each rests on an answer.
_said(changes, parameters) := {[trim_prefix(v.code, "audit_keeps_keys."), v.errors == []] | some v in _deny(_keys(changes), parameters)}

_noted(changes, parameters) := {[trim_prefix(v.code, "audit_keeps_keys."), v.where.name] | some v in _notes(_keys(changes), parameters)}

test_requests if {
	requests := policy.requests with host.parameters as {"audit_keeps_keys": {}} with plan.policies as {"audit_keeps_keys"}
	requests == {{"fn": "audit.read", "ref": "", "opts": {}}}
}

test_deny_not_listed if {
	_deny(_keys({"name": "", "listed": false, "owner": "", "approver": "", "created": "", "lives": "cluster", "at": "ClusterPolicy signed"}), {}) == {{
		"code": "audit_keeps_keys.not_listed",
		"policy": "audit_keeps_keys",
		"severity": "high",
		"title": "A key is trusted that is not in the inventory",
		"msg": "key sha256:aa: it is trusted by waxseal.yaml policies.signed_images.authorities[0], and waxseal.yaml does not list it. Find out whose it is; list it under keys of waxseal.yaml with its owner, or remove it where it is trusted.",
		"remediation": "Find out whose it is; list it under keys of waxseal.yaml with its owner, or remove it where it is trusted.",
		"image": "",
		"where": {"kind": "Key", "namespace": "", "name": "sha256:aa", "path": "ClusterPolicy signed", "container": "", "file": "", "line": 0},
		"controls": ["NIST-800-53:SC-12", "NIST-800-53:CM-14", "NIST-800-218:PS.2.1"],
		"errors": [],
		"snippet": "",
	}}
}

test_deny_each if {
	wrong := {row |
		some row in [
			[{}, {}, set()],
			[{"listed": false, "trusted": []}, {}, set()],
			[{"trusted": []}, {}, {["unused", true]}],
			[{"created": "2025-11-26"}, {}, {["too_old", true]}],
			[{"created": "2025-11-27"}, {}, set()],
			[{"created": "2020-01-01", "rotated": "2026-10-01"}, {}, set()],
			[{"created": "2026-10-01", "rotated": "2020-01-01"}, {}, set()],
			[{"created": "2026-09-01"}, {"max_age": "30d"}, {["too_old", true]}],
			[{"created": ""}, {}, {["no_date", false]}],
			[{"created": "2026-11-26"}, {}, set()],
			[{"created": "2026-11-27"}, {}, {["no_date", false]}],
			[{"created": "soon"}, {}, {["no_date", false]}],
			[{"algorithm": "RSA", "bits": 1024}, {}, {["weak", true]}],
			[{"algorithm": "RSA", "bits": 2048}, {}, set()],
			[{"algorithm": "RSA", "bits": 2048}, {"min_rsa_bits": 3072}, {["weak", true]}],
			[{"bits": 256}, {"min_ec_bits": 384}, {["weak", true]}],
			[{"algorithm": "Ed25519", "bits": 256}, {"min_ec_bits": 384}, set()],
			[{"algorithm": "Ed25519", "bits": 256}, {"algorithms": ["ECDSA"]}, {["weak", true]}],
			[{"algorithm": ""}, {}, {["weak", true]}],
			[{"owner": ""}, {}, {["no_owner", true]}],
			[{"owner": ""}, {"require_owner": false}, set()],
			[{"approver": ""}, {}, {["no_approver", true]}],
			[{"approver": ""}, {"require_approver": false}, set()],
			[{"lives": "file"}, {}, set()],
			[{"lives": "file"}, {"require_kms": true}, {["not_in_kms", true]}],
			[{"lives": "token"}, {"require_kms": true}, set()],
			[{"problem": "no answer", "fingerprint": "", "algorithm": "", "bits": 0}, {}, {["unreadable", false]}],
			[{"kind": "certificate", "listed": true, "owner": "", "approver": "", "created": "", "trusted": [], "expires": "2026-11-26"}, {}, set()],
			[{"kind": "certificate", "expires": "2026-11-25"}, {}, {["expired", true]}],
		]
		_said(row[0], row[1]) != row[2]
	}
	wrong == set()
}

test_exemptions if {
	excused := {"exempt": [{"keys": ["team"], "owner": "o", "reason": "r", "expires": "2026-12-31"}]}
	_said({"owner": ""}, excused) == set()
	_pass(_keys({"owner": ""}), excused) == {"keys"}
	_noted({}, excused) == {["exempted", "team"]}
	by_fingerprint := {"exempt": [{"keys": ["sha256:aa"], "owner": "o", "reason": "r", "expires": "2026-12-31"}]}
	_said({"name": "", "listed": false}, by_fingerprint) == set()
	over := {"exempt": [{"keys": ["team"], "owner": "o", "reason": "r", "expires": "2026-11-25"}]}
	_said({"owner": ""}, over) == {["no_owner", true]}
	_noted({}, over) == {["exemption_ended", "team"]}
}

test_deny_wide_identity if {
	wide := samples.facts({"identities": [samples.identity({"subject": ".*", "wide": true, "why": "anybody meets it", "words": "anybody"})]})
	{[v.code, v.where.kind, v.where.name, v.msg] | some v in _deny(wide, {})} == {[
		"audit_keeps_keys.wide_identity", "Identity", ".*",
		`identity ".*": anybody meets it; trusted by waxseal.yaml policies.signed_images.authorities[1] (anybody). Name the repository, the workflow and the ref, or the account, in full.`,
	]}
	_deny(samples.facts({"identities": [samples.identity({})]}), {}) == set()
	wide_but_named := samples.facts({"identities": [samples.identity({"subject": "anyone", "wide": true, "why": "w"})]})
	_deny(wide_but_named, {"exempt": [{"keys": ["anyone"], "owner": "o", "reason": "r", "expires": "2026-12-31"}]}) == set()
}

test_deny_nobody_trusted if {
	{v.code | some v in _deny(samples.facts({}), {})} == {"audit_keeps_keys.nobody_trusted"}
}

# What could not be read may hold what trusts a key, or other keys.
test_deny_cannot_tell if {
	{[v.code, v.errors[0].code] | some v in _deny(samples.facts({"missing": [samples.gap("keys")]}), {})} == {["audit_keeps_keys.cannot_tell", "not_visible"]}
	facts := samples.facts({"keys": [samples.key({"trusted": []})], "missing": [samples.gap("keys")]})
	{v.code | some v in _deny(facts, {})} == {"audit_keeps_keys.cannot_tell"}
	_pass(facts, {}) == set()
	unread := samples.facts({"keys": [samples.key({"trusted": []})], "missing": [samples.gap("enforcement")]})
	{v.code | some v in _deny(unread, {})} == {"audit_keeps_keys.cannot_tell"}
}

test_pass if {
	_pass(_keys({}), {}) == {"keys"}
	_pass(_keys({"owner": ""}), {}) == set()
}

test_notes if {
	_noted({}, {}) == set()
	_noted({"lives": "file"}, {}) == {["kept_in_file", "team"]}
	_noted({"lives": "file"}, {"require_kms": true}) == set()
	_noted({"images": 0}, {}) == set()
	{n.code | some n in _notes(_ran({"images": 0}), {})} == {"audit_keeps_keys.no_image"}
	_notes(_ran({"images": 0, "trusted": []}), {}) == set()
	_notes(_ran({}), {}) == set()
}

_ran(changes) := samples.facts({"images": [samples.running({})], "keys": [samples.key(changes)]})

# A key without a name and a fingerprint is called by its place.
test_names if {
	nameless := {"name": "", "fingerprint": "", "listed": false, "at": "awskms:///alias/x"}
	{v.where.name | some v in _deny(_keys(nameless), {})} == {"awskms:///alias/x"}
	{v.msg | some v in _deny(_keys({"algorithm": ""}), {})} == {"key team: it is of an algorithm that is not known, and accepted are ECDSA, Ed25519, RSA. Make a new key of an accepted algorithm and size."}
}

test_deny_parameters if {
	wrong := {row |
		some row in [
			[{"max_size": 1}, "max_size is not a parameter"],
			[{"max_age": "1y"}, "max_age has to be a whole number and a unit, as in 365d"],
			[{"min_rsa_bits": 1024}, "min_rsa_bits has to be a whole number of at least 2048"],
			[{"min_ec_bits": 256.5}, "min_ec_bits has to be a whole number of at least 256"],
			[{"algorithms": ["DSA"]}, `algorithms has "DSA"; there are ECDSA, Ed25519 and RSA`],
			[{"algorithms": []}, "algorithms is empty: no key would be accepted"],
			[{"exempt": [{"keys": ["a"], "owner": "o", "reason": "r"}]}, "exempt[0] needs an end, as a day like 2026-12-31"],
		]
		said := {[v.code, v.msg] | some v in _deny(_keys({}), row[0])}
		said != {["audit_keeps_keys.parameters", sprintf("the audit: audit_keeps_keys%s%s. The owner of the policy has to correct the parameters.", [".", row[1]])]}
	}
	wrong == set()
}
