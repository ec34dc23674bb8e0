package lib.waxseal.policy.audit_logs_show_no_bypass_test

import data.lib.waxseal.clock
import data.lib.waxseal.host
import data.lib.waxseal.plan
import data.lib.waxseal.policy.audit_logs_show_no_bypass as policy
import data.lib.waxseal.samples_test as samples

_logs(changes) := samples.facts({"logs": object.union(
	{
		"sources": [samples.log_source({})], "rejections": [], "admissions": [samples.admission({})],
		"rbac": 0, "other": 0, "truncated": false,
	},
	changes,
)})

_deny(facts, parameters) := deny if {
	deny := policy.deny with host.collect as samples.audit(facts)
		with host.parameters as {"audit_logs_show_no_bypass": parameters}
		with host.now as clock.instant("2026-11-26T12:00:00Z")
}

_pass(facts) := pass if {
	pass := policy.pass with host.collect as samples.audit(facts)
		with host.parameters as {"audit_logs_show_no_bypass": {}}
		with host.now as clock.instant("2026-11-26T12:00:00Z")
}

_notes(facts, parameters) := notes if {
	notes := policy.notes with host.collect as samples.audit(facts)
		with host.parameters as {"audit_logs_show_no_bypass": parameters}
		with host.now as clock.instant("2026-11-26T12:00:00Z")
}

# The codes for logs with changes, and whether each rests on an answer.
_said(changes) := {[trim_prefix(v.code, "audit_logs_show_no_bypass."), v.errors == []] | some v in _deny(_logs(changes), {})}

_why(changes) := {v.msg | some v in _deny(_logs(changes), {})}

test_requests if {
	requests := policy.requests with host.parameters as {"audit_logs_show_no_bypass": {}} with plan.policies as {"audit_logs_show_no_bypass"}
	requests == {{"fn": "audit.read", "ref": "", "opts": {}}}
}

test_deny_unsigned if {
	_deny(_logs({"admissions": [samples.admission({"signed": "no", "count": 3})]}), {}) == {{
		"code": "audit_logs_show_no_bypass.unsigned",
		"policy": "audit_logs_show_no_bypass",
		"severity": "high",
		"title": "An unsigned image was admitted or pulled",
		"msg": `image "registry.example/shop/web:1@sha256:1": it was admitted 3 times by dev@example.com in namespace shop from 2026-11-20 to 2026-11-21, and it is not signed. Find out how it got in; remove it where it still runs, and sign what has to run.`,
		"remediation": "Find out how it got in; remove it where it still runs, and sign what has to run.",
		"image": "registry.example/shop/web:1@sha256:1",
		"where": {"kind": "Log", "namespace": "shop", "name": "audit.log", "path": "", "container": "", "file": "", "line": 0},
		"controls": ["NIST-800-53:CM-14", "NIST-800-53:SI-7", "NIST-800-53:AU-6", "CIS-Kubernetes:5.5.1"],
		"errors": [],
		"snippet": "",
	}}
}

test_deny_admissions if {
	wrong := {row |
		some row in [
			[{}, set()],
			[{"how": "pulled", "signed": "no"}, {["unsigned", true]}],
			[{"how": "pushed", "signed": "no", "allowed": "no"}, set()],
			[{"how": "pushed", "signed": "", "allowed": ""}, set()],
			[{"allowed": "no"}, {["unapproved_registry", true]}],
			[{"signed": "no", "allowed": "no"}, {["unsigned", true], ["unapproved_registry", true]}],
			[{"how": "exempted"}, {["exempted", true]}],
			[{"how": "warned"}, {["only_warned", true]}],
			[{"how": "dryrun"}, {["only_dry_run", true]}],
			[{"signed": "cannot_tell"}, {["signature_unknown", false]}],
			[{"signed": "not_asked", "allowed": ""}, {["signature_unknown", false], ["registry_unknown", false]}],
		]
		_said({"admissions": [samples.admission(row[0])]}) != row[1]
	}
	wrong == set()
}

# A row of a log that says only what would have been refused counts once.
test_deny_soft_rejections if {
	_said({"rejections": [samples.rejection({"action": "warn"})]}) == {["only_warned", true]}
	_said({"rejections": [samples.rejection({"action": "dryrun"})]}) == {["only_dry_run", true]}
	_said({"rejections": [samples.rejection({})]}) == set()
	same := {"rule": "signed_images.unsigned", "image": "registry.example/shop/web:2", "how": "warned", "digest": "", "count": 2}
	_why({"rejections": [samples.rejection({"action": "warn"})], "admissions": [samples.admission(same)]}) == {`image "registry.example/shop/web:2": it was admitted with a warning 2 times by dev@example.com in namespace shop from 2026-11-20 to 2026-11-21, which signed_images.unsigned would have stopped. Have the rule deny, once who answers for the workloads has been told.`}
}

test_words if {
	nameless := {
		"how": "exempted", "user": "", "namespace": "", "rule": "", "last": "2026-11-20T11:00:00Z",
		"image": "registry.example/a@sha256:1",
	}
	_why({"admissions": [samples.admission(nameless)]}) == {`image "registry.example/a@sha256:1": it was admitted by an exemption once by someone whom the log does not name on 2026-11-20, which a rule that denies would have stopped. See whether the exemption still has its reason, and an end.`}
	_why({"admissions": [samples.admission({"allowed": "no", "registry": "", "last": "2026-11-20T11:00:00Z"})]}) == {`image "registry.example/shop/web:1@sha256:1": it was admitted once by dev@example.com in namespace shop on 2026-11-20, and where it comes from is not an approved registry. Find out how it got in; remove it where it still runs, and copy what has to run into an approved registry.`}
	_why({"admissions": [samples.admission({"allowed": "no", "last": "2026-11-20T11:00:00Z"})]}) == {`image "registry.example/shop/web:1@sha256:1": it was admitted once by dev@example.com in namespace shop on 2026-11-20, and registry.example is not an approved registry. Find out how it got in; remove it where it still runs, and copy what has to run into an approved registry.`}
}

test_deny_not_covered if {
	wrong := {row |
		some row in [
			[[{}], set()],
			[[{"from": "2026-11-01T23:00:00Z", "to": "2026-11-25T13:00:00Z"}], set()],
			[[{"from": "2026-11-02T01:00:00Z"}], {"2026-11-01T00:00:00Z"}],
			[[{"to": "2026-11-25T11:00:00Z"}], {"2026-11-25T11:00:00Z"}],
			[[{"to": "2026-11-10T00:00:00Z"}, {"from": "2026-11-10T20:00:00Z"}], set()],
			[[{"to": "2026-11-10T00:00:00Z"}, {"from": "2026-11-12T00:00:00Z"}], {"2026-11-10T00:00:00Z"}],
			[[{"to": "2026-11-10T00:00:00Z"}, {"from": "2026-11-05T00:00:00Z"}], set()],
			[[{"from": "", "to": ""}], {"2026-11-01T00:00:00Z"}],
			[[{"format": "harbor"}], {"2026-11-01T00:00:00Z"}],
			[[{"from": "2026-10-01T00:00:00Z", "to": "2026-10-02T00:00:00Z"}], {"2026-11-01T00:00:00Z"}],
		]
		{sprintf("the logs: no log of an API server covers the time from %s on, for more than 24h. Give the audit the logs of that time too.", [begin]) | some begin in row[1]} != _why({"sources": [samples.log_source(source) | some source in row[0]]})
	}
	wrong == set()
	_deny(_logs({"sources": [samples.log_source({"format": "harbor"})]}), {"formats": ["harbor"]}) == set()
	{v.code | some v in _deny(_logs({"sources": [samples.log_source({"from": "2026-11-01T02:00:00Z"})]}), {"max_gap": "1h"})} == {"audit_logs_show_no_bypass.not_covered"}
	{[v.msg, v.errors[0].code] | some v in _deny(object.union(_logs({}), {"period": {"from": "", "to": ""}}), {})} == {["the logs: the period is not known. Give the audit the logs of that time too.", "not_visible"]}
}

test_deny_what_is_missing if {
	_said({"sources": [], "admissions": []}) == {["no_log", false]}
	_said({"truncated": true}) == {["truncated", false]}
	_why({"sources": [samples.log_source({"unread": 2, "problem": "line 3 is not JSON."})]}) == {"log audit.log: 2 of 10 lines could not be read; the first: line 3 is not JSON. See the first problem of the file, and give the log whole and in its format."}
	_why({"sources": [samples.log_source({"unread": 2})]}) == {"log audit.log: 2 of 10 lines could not be read. See the first problem of the file, and give the log whole and in its format."}
	_said({"sources": [samples.log_source({"problem": "it ends in the middle of a line"})]}) == {["unread", false]}
	gone := object.union(_logs({"sources": []}), {"missing": [samples.gap("logs")]})
	{v.code | some v in _deny(gone, {})} == {"audit_logs_show_no_bypass.cannot_tell"}
	_pass(gone) == set()
}

test_pass if {
	_pass(_logs({})) == {"logs"}
	_pass(_logs({"admissions": [samples.admission({"signed": "no"})]})) == set()
}

test_notes if {
	_notes(_logs({}), {}) == set()
	notes := _notes(_logs({"rejections": [samples.rejection({"count": 3}), samples.rejection({"rule": "a", "user": "x"}), samples.rejection({"action": "warn"})]}), {})
	{n.msg | some n in notes} == {"the logs: 4 requests were rejected because of their images: a 1, signed_images.unsigned 3. Look at who was rejected often, and help them."}
}

test_exemptions if {
	unsigned := _logs({"admissions": [samples.admission({"signed": "no"})]})
	_deny(unsigned, _by("2026-12-31")) == set()
	{n.code | some n in _notes(unsigned, _by("2026-12-31"))} == {"audit_logs_show_no_bypass.exempted"}
	count(_deny(unsigned, _by("2026-11-25"))) == 1
	{n.code | some n in _notes(unsigned, _by("2026-11-25"))} == {"audit_logs_show_no_bypass.exemption_ended"}
}

test_deny_parameters if {
	wrong := {row |
		some row in [
			[{"gap": "1h"}, "gap is not a parameter"],
			[{"max_gap": "1y"}, "max_gap has to be a whole number and a unit, as in 24h"],
			[{"formats": []}, "formats is empty: no log would cover anything"],
			[{"formats": ["x"]}, `formats has "x"; there are aks, distribution, eks, events, gatekeeper, gke, harbor, kubernetes-audit, opa-decisions, registry-access`],
		]
		said := {[v.code, v.msg] | some v in _deny(_logs({}), row[0])}
		said != {["audit_logs_show_no_bypass.parameters", sprintf("the audit: audit_logs_show_no_bypass.%s. The owner of the policy has to correct the parameters.", [row[1]])]}
	}
	wrong == set()
}

_by(end) := {"exempt": [{"images": ["registry.example/shop/web:1"], "owner": "o", "reason": "r", "expires": end}]}
