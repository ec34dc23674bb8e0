package lib.waxseal.policy.enforcement_verifies_images_test

import data.lib.waxseal.enforcement_test as samples
import data.lib.waxseal.evidence
import data.lib.waxseal.host
import data.lib.waxseal.plan
import data.lib.waxseal.policy.enforcement_verifies_images as policy

_deny(rules, workloads, parameters) := deny if {
	deny := policy.deny with host.parameters as {"enforcement_verifies_images": parameters}
		with plan.policies as {"enforcement_verifies_images"}
		with evidence._collected as samples.answer(rules, workloads)
}

_pass(rules, workloads, parameters) := pass if {
	pass := policy.pass with host.parameters as {"enforcement_verifies_images": parameters}
		with plan.policies as {"enforcement_verifies_images"}
		with evidence._collected as samples.answer(rules, workloads)
}

_notes(rules, workloads, parameters) := {[n.code, n.msg] | some n in notes} if {
	notes := policy.notes with host.parameters as {"enforcement_verifies_images": parameters}
		with plan.policies as {"enforcement_verifies_images"}
		with evidence._collected as samples.answer(rules, workloads)
}

_codes(rules, workloads, parameters) := {v.code | some v in _deny(rules, workloads, parameters)}

_messages(rules, workloads, parameters) := {v.msg | some v in _deny(rules, workloads, parameters)}

_with(codes) := samples.rule({"facts": [samples.fact(code) | some code in codes]})

_yes := [samples.applied("yes", "deny")]

test_allow if {
	every workloads in [[], [samples.workload("shop", _yes)]] {
		_deny([samples.rule({})], workloads, {}) == set()
		{whole.verdict | some whole in _pass([samples.rule({})], workloads, {})} == {"enforces"}
	}
}

test_asks if json.marshal(policy.requests) == "[]"

test_deny_nothing if {
	_deny([], [], {}) == {{
		"code": "enforcement_verifies_images.not_enforced",
		"policy": "enforcement_verifies_images",
		"severity": "critical",
		"title": "Nothing refuses images without evidence",
		"msg": "the admission configuration: verification not enforced: no rule verifies images. Install a rule that verifies signatures and denies, such as Waxseal's WaxsealImages; see docs/enforcement.md for each system.",
		"remediation": "Install a rule that verifies signatures and denies, such as Waxseal's WaxsealImages; see docs/enforcement.md for each system.",
		"image": "",
		"where": {"kind": "Pipeline", "namespace": "", "name": "", "path": "", "container": "", "file": "", "line": 0},
		"controls": ["NIST-800-53:CM-14", "NIST-800-53:SI-7", "CIS-Kubernetes:5.5.1"],
		"errors": [],
		"snippet": "",
	}}
	_pass([], [], {}) == set()
}

test_deny_broken if {
	_messages([_with(["no_attestor"])], [], {}) == {
		"the admission configuration: verification not enforced: the rules that verify images do not do what they say. Install a rule that verifies signatures and denies, such as Waxseal's WaxsealImages; see docs/enforcement.md for each system.",
		"ClusterPolicy signed (policy.yaml:7): it is no_attestor. Correct the object, or install what it needs, and try it with an image that it has to refuse.",
	}
	_codes([_with(["no_attestor"]), samples.rule({"id": "b"})], [], {}) == {"enforcement_verifies_images.broken"}
	_pass([_with(["no_attestor"]), samples.rule({"id": "b"})], [], {}) == set()
}

# What only advises is denied, and noted where others enforce.
test_deny_advisory if {
	_codes([_with(["audit_only"])], [], {}) == {"enforcement_verifies_images.advisory", "enforcement_verifies_images.not_enforced"}
	both := [_with(["audit_only"]), samples.rule({"id": "b", "name": "b"})]
	_deny(both, [], {}) == set()
	_notes(both, [], {}) == {["enforcement_verifies_images.advisory", "ClusterPolicy signed (policy.yaml:7): it is audit_only. Let it deny when it has run without surprises."]}
	_notes([_with(["no_attestor"]), samples.rule({"id": "b"})], [], {}) == set()
}

test_deny_gap if {
	rules := [samples.rule({"name": "one", "facts": [samples.fact("any_identity")]})]
	_messages(rules, [samples.workload("shop", _yes)], {}) == {"ClusterPolicy signed (rule one) (policy.yaml:7): it is any_identity. Close the gap, or accept it by its code and with a reason in the parameters (accepted)."}
	accepted := {"accepted": [{"code": "any_identity", "object": "signed", "reason": "until May"}]}
	_deny(rules, [samples.workload("shop", _yes)], accepted) == set()
	count(_pass(rules, [samples.workload("shop", _yes)], accepted)) == 1
	_notes(rules, [samples.workload("shop", _yes)], accepted) == {["enforcement_verifies_images.gap_accepted", "ClusterPolicy signed (rule one) (policy.yaml:3): it is any_identity (accepted: until May). Take it out of the parameters when it is closed."]}
	_codes(rules, [samples.workload("shop", _yes)], {"accepted": [{"code": "any_identity", "object": "other", "reason": "x"}]}) == {"enforcement_verifies_images.gap"}
}

test_deny_uncovered if {
	workloads := [samples.workload("shop", _yes), samples.workload("dev", [])]
	{[v.code, v.msg, v.where, v.image] | some v in _deny([samples.rule({})], workloads, {})} == {[
		"enforcement_verifies_images.uncovered",
		`image "registry.example/app:1" of containers app in Pod dev/web (pod.yaml:9): no rule that enforces verification applies to it. Extend a rule to its namespace, its kind and its image, or leave out the namespace in the parameters (exempt) with a reason.`,
		{"kind": "Pod", "namespace": "dev", "name": "web", "path": "Pod dev/web.containers.app", "container": "", "file": "pod.yaml", "line": 9},
		"registry.example/app:1",
	]}
	exempt := {"exempt": [{"namespaces": ["d*"], "reason": "a sandbox"}]}
	_deny([samples.rule({})], workloads, exempt) == set()
	_notes([samples.rule({})], workloads, exempt) == {["enforcement_verifies_images.exempt", "namespace dev: images in it are not verified (exempt: a sandbox). Take it out of the parameters when a rule judges it."]}
}

test_deny_limited if {
	_messages([_with(["images_limited"])], [], {}) == {"the admission configuration: every rule that enforces verification is limited: signed: it is images_limited. Give the workloads too (the folder of the manifests, or --cluster), or add a rule for all other images."}
	_messages([samples.rule({"images": {"all": "unknown"}})], [], {}) == {"the admission configuration: every rule that enforces verification is limited: signed: which images it judges cannot be told from it. Give the workloads too (the folder of the manifests, or --cluster), or add a rule for all other images."}
	_codes([_with(["images_limited"])], [samples.workload("shop", _yes)], {}) == set()
}

test_deny_cannot_tell if {
	deny := _deny([samples.rule({})], [samples.workload("shop", [samples.applied("unknown", "deny")])], {})
	{[v.code, v.errors] | some v in deny} == {[
		"enforcement_verifies_images.cannot_tell",
		[{"code": "not_visible", "message": "nobody can tell whether a rule applies to it: signed: a condition", "retryable": true}],
	]}
}

# Nothing else verifies, and a rule denies for reasons that nobody knows.
test_deny_cannot_tell_what_it_is_about if {
	unclear := samples.rule({"about": "unknown", "checks": []})
	{[v.code, v.msg] | some v in _deny([unclear], [], {})} == {[
		"enforcement_verifies_images.cannot_tell",
		"ClusterPolicy signed (policy.yaml:3): nothing else verifies images, and nobody can tell from this object whether it does. Supply what is named, or try the rule in the cluster with an image that it has to refuse.",
	]}
	_deny([unclear, samples.rule({"id": "b", "name": "b"})], [], {}) == set()
}

test_deny_wrong_parameters if {
	wrong := {parameters: found |
		some [parameters, problem] in [
			["x", "enforcement_verifies_images has to be an object"],
			[{"check": []}, "enforcement_verifies_images.check is not a parameter"],
			[{"checks": ["colour"]}, `enforcement_verifies_images.checks: "colour" is not a check; there are attestation, digest, provenance, registry, sbom, scan, signature, tag`],
			[{"accepted": [{"code": "any_identity"}]}, "enforcement_verifies_images.accepted[0] has to have reason"],
			[{"exempt": [{"namespaces": [], "reason": "x"}]}, "enforcement_verifies_images.exempt[0] has to have namespaces"],
		]
		found := {v.msg | some v in _deny([samples.rule({})], [], parameters); v.code == "enforcement_verifies_images.parameters"}
		found != {sprintf("the parameters: %s. Write enforcement_verifies_images: {}, or see its page for checks, accepted and exempt.", [problem])}
	}
	wrong == {}
	_pass([samples.rule({})], [], {"check": []}) == set()
}

# What is read from a cluster has no file.
test_deny_without_a_file if {
	rules := [samples.rule({"facts": [object.union(samples.fact("any_identity"), {"file": "", "line": 0})]})]
	{[v.msg, v.where] | some v in _deny(rules, [], {})} == {[
		"ClusterPolicy signed: it is any_identity. Close the gap, or accept it by its code and with a reason in the parameters (accepted).",
		{"kind": "ClusterPolicy", "namespace": "", "name": "signed", "path": "", "container": "", "file": "", "line": 0},
	]}
}

# Namespaces that are left out on purpose are no gap of the rule that leaves them out.
test_allow_namespaces_left_out if {
	fact := object.union(samples.fact("namespaces_excluded"), {"names": "kube-system infra"})
	rules := [samples.rule({"facts": [fact]})]
	_deny(rules, [samples.workload("shop", _yes)], {"exempt": [{"namespaces": ["kube-*", "infra"], "reason": "the provider runs them"}]}) == set()
	_codes(rules, [samples.workload("shop", _yes)], {"exempt": [{"namespaces": ["kube-*"], "reason": "the provider runs them"}]}) == {"enforcement_verifies_images.gap"}
	_codes(rules, [samples.workload("shop", _yes)], {}) == {"enforcement_verifies_images.gap"}
}
