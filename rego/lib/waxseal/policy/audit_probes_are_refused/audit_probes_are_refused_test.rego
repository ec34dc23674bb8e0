package lib.waxseal.policy.audit_probes_are_refused_test

import data.lib.waxseal.host
import data.lib.waxseal.plan
import data.lib.waxseal.policy.audit_probes_are_refused as policy
import data.lib.waxseal.samples_test as samples

_parameters := {"required": ["unsigned"]}

_deny(probes, parameters) := deny if {
	deny := policy.deny with host.collect as samples.audit(samples.facts({"probes": probes})) with host.parameters as {"audit_probes_are_refused": parameters}
}

_said(changes) := {[trim_prefix(v.code, "audit_probes_are_refused."), v.errors == []] | some v in _deny([samples.probe(changes)], _parameters)}

_why(changes) := {v.msg | some v in _deny([samples.probe(changes)], _parameters)}

test_requests if {
	requests := policy.requests with host.parameters as {"audit_probes_are_refused": {}} with plan.policies as {"audit_probes_are_refused"}
	requests == {{"fn": "audit.read", "ref": "", "opts": {}}}
	count(policy.notes) == 0
}

test_deny_admitted if {
	_deny([samples.probe({"outcome": "admitted", "codes": [], "by": ""})], _parameters) == {{
		"code": "audit_probes_are_refused.admitted",
		"policy": "audit_probes_are_refused",
		"severity": "critical",
		"title": "A Pod that breaks the policy was admitted",
		"msg": `probe "unsigned" in prod/shop: the API server would admit it; it should be refused by signed_images. See which rule should have refused it, whether it applies to the namespace, and whether its webhook fails open; then probe again.`,
		"remediation": "See which rule should have refused it, whether it applies to the namespace, and whether its webhook fails open; then probe again.",
		"image": "registry.example/probe/unsigned@sha256:2",
		"where": {"kind": "Probe", "namespace": "shop", "name": "unsigned", "path": "prod", "container": "", "file": "", "line": 0},
		"controls": ["NIST-800-53:CM-14", "NIST-800-53:CA-8", "CIS-Kubernetes:5.5.1"],
		"errors": [],
		"snippet": "",
	}}
}

test_deny_each if {
	wrong := {row |
		some row in [
			[{}, set()],
			[{"rule": ""}, set()],
			[{"rule": "signed_images.unsigned"}, set()],
			[{"rule": "scanned_images"}, {["other_rule", true]}],
			[{"rule": "verify-signature", "by": "kyverno verify-signature", "codes": []}, set()],
			[{"rule": "verify-signature", "by": "kyverno verify-signature"}, {["other_rule", true]}],
			[{"rule": "scanned_images", "codes": [], "by": ""}, {["other_rule", true]}],
			[{"outcome": "admitted", "rule": ""}, {["admitted", true]}],
			[{"expected": "admitted"}, {["acceptable_refused", true]}],
			[{"expected": "admitted", "outcome": "admitted"}, set()],
			[{"outcome": "error"}, {["failed", false]}],
			[{"expected": "perhaps"}, {["failed", false]}],
		]
		_said(row[0]) != row[1]
	}
	wrong == set()
}

test_words if {
	_why({"rule": "scanned_images", "codes": [], "by": "", "message": "quota."}) == {`probe "unsigned" in prod/shop: something refused it (quota), and scanned_images was expected to. Probe with a Pod that breaks nothing but the expected rule, or correct what is expected.`}
	_why({"rule": "", "outcome": "admitted", "namespace": ""}) == {`probe "unsigned" in prod: the API server would admit it; it should be refused. See which rule should have refused it, whether it applies to the namespace, and whether its webhook fails open; then probe again.`}
}

# In every cluster that was probed, all have to be tried.
test_deny_not_tried if {
	{[v.code, v.msg] | some v in _deny([], {"required": ["a"]})} == {["audit_probes_are_refused.not_tried", `probe "a": it was not tried. Name an image for it in the configuration of the audit, and probe again; see docs/audit.md.`]}
	{v.where.name | some v in _deny([], {})} == {"acceptable", "unapproved_registry", "unscanned", "unsigned"}
	both := [samples.probe({}), samples.probe({"cluster": "dev", "name": "mine"})]
	{v.msg | some v in _deny(both, _parameters)} == {`probe "unsigned" in dev: it was not tried. Name an image for it in the configuration of the audit, and probe again; see docs/audit.md.`}
}

test_deny_cannot_tell if {
	deny := policy.deny with host.collect as samples.audit(samples.facts({"probes": [samples.probe({})], "missing": [samples.gap("probes")]})) with host.parameters as {"audit_probes_are_refused": _parameters}
	{[v.code, v.errors[0].code] | some v in deny} == {["audit_probes_are_refused.cannot_tell", "not_visible"]}
}

test_pass if {
	pass := policy.pass with host.collect as samples.audit(samples.facts({"probes": [samples.probe({})]})) with host.parameters as {"audit_probes_are_refused": _parameters}
	pass == {"probes"}
	none := policy.pass with host.collect as samples.audit(samples.facts({"probes": [samples.probe({"outcome": "admitted"})]})) with host.parameters as {"audit_probes_are_refused": _parameters}
	none == set()
	missing := policy.pass with host.collect as samples.audit(samples.facts({"probes": [samples.probe({})], "missing": [samples.gap("probes")]})) with host.parameters as {"audit_probes_are_refused": _parameters}
	missing == set()
}

test_deny_parameters if {
	wrong := {row |
		some row in [
			[{"require": []}, "require is not a parameter"],
			[{"required": []}, "required is empty: nothing would have to be tried"],
			[{"required": [""]}, "required has an empty name"],
		]
		said := {[v.code, v.msg] | some v in _deny([samples.probe({})], row[0])}
		said != {["audit_probes_are_refused.parameters", sprintf("the audit: audit_probes_are_refused.%s. The owner of the policy has to correct the parameters.", [row[1]])]}
	}
	wrong == set()
}
