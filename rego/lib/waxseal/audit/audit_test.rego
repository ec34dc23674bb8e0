package lib.waxseal.audit_test

import data.lib.waxseal.audit
import data.lib.waxseal.host
import data.lib.waxseal.plan
import data.lib.waxseal.samples_test as samples

_policies := {"audit_keeps_keys"}

_on := {"audit_keeps_keys": {}}

_report(facts, said) := report if {
	report := audit.report(said) with host.parameters as _on
		with host.problems as set()
		with plan.policies as _policies
		with host.collect as samples.audit(facts)
}

_said(deny, pass) := {"audit_keeps_keys": {"deny": deny, "pass": pass, "notes": {"n"}}}

test_requests if {
	asked := audit.requests with host.parameters as _on with plan.policies as _policies
	asked == {{"fn": "audit.read", "ref": "", "opts": {}}}
	none := audit.requests with host.parameters as {} with plan.policies as _policies
	none == set()
}

test_report if {
	_report(samples.facts({}), _said({{"code": "x"}}, set())) == {"violations": {{"code": "x"}}, "notes": {"n"}, "images": set(), "not_judged": set()}
	_report(samples.facts({}), _said(set(), {"k"})).violations == set()
	undecided := _report(samples.facts({}), _said(set(), set())).violations
	{[v.code, v.where.kind, v.msg] | some v in undecided} == {["audit_keeps_keys.undecided", "Audit", "the audit: the policy audit_keeps_keys neither accepts nor refuses it, and silence denies. This is a mistake in the policy; tell its owner."]}
}

# What rests on nothing that a policy speaks of is not judged, and not forgotten.
test_not_judged if {
	missing := [samples.gap("logs"), samples.gap("enforcement"), samples.gap("weather")]
	_report(samples.facts({"missing": missing}), _said(set(), {"k"})).not_judged == {{"path": "cluster prod", "reason": "it did not answer."}}
}

test_facts if {
	facts := samples.facts({"images": [samples.running({})]})
	found := audit.facts with host.collect as samples.audit(facts)
	found == facts
	audit.readable with host.collect as samples.audit(facts)
	none := audit.facts with host.collect as {}
	none.images == []
	not audit.readable with host.collect as {}
}

test_problems if {
	_problems(_on, {}, set()) == {["audit.unreadable", "the audit: this evidence was not collected. Run the audit again, or give the whole record of it."]}
	_problems({}, samples.audit(samples.facts({})), set()) == {["parameters.empty", "the audit: the parameters switch on no policy. Name at least one policy in the parameters, for example audit_keeps_keys."]}
	_problems(object.union(_on, {"x": {}, "signed_images": {}, "origins": []}), samples.audit(samples.facts({})), set()) == {["parameters.unknown", `the audit: "x" is not a policy of this bundle; there are audit_keeps_keys. Correct the name, or build the policy into the bundle.`]}
	_problems(_on, samples.audit(samples.facts({})), {"it is a list"}) == {["parameters.host", "the audit: it is a list. Build the bundle of the flavour that is for this host, and give it what it reads."]}
}

_problems(parameters, collected, ill) := {[v.code, v.msg] | some v in found} if {
	found := audit.problems with host.parameters as parameters
		with host.problems as ill
		with plan.policies as _policies
		with plan.others as {"signed_images"}
		with host.collect as collected
}

test_gaps if {
	gaps := audit.gaps("logs") with host.collect as samples.audit(samples.facts({"missing": [samples.gap("logs"), samples.gap("keys")]}))
	gaps == {{
		"kind": "Audit", "pipeline": "prod", "path": "cluster", "subject": "cluster prod", "why": "it could not be read: it did not answer",
		"errors": [{"code": "not_visible", "message": "it did not answer.", "retryable": true}],
	}}
}

test_names if {
	audit.names({"b", "a"}) == "a, b"
	audit.names(["e", "b", "c", "d", "a", "f", "g"]) == "a, b, c, d, e and 2 more"
}
