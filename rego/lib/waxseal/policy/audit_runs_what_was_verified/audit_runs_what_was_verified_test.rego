package lib.waxseal.policy.audit_runs_what_was_verified_test

import data.lib.waxseal.host
import data.lib.waxseal.policy.audit_runs_what_was_verified as policy
import data.lib.waxseal.samples_test as samples

_parameters := {"mirrors": [{"at": "mirror.example/hub", "of": "docker.io"}]}

_deny(facts) := deny if {
	deny := policy.deny with host.collect as samples.audit(facts) with host.parameters as {"audit_runs_what_was_verified": _parameters}
}

_pass(facts) := pass if {
	pass := policy.pass with host.collect as samples.audit(facts) with host.parameters as {"audit_runs_what_was_verified": _parameters}
}

_notes(facts) := notes if {
	notes := policy.notes with host.collect as samples.audit(facts) with host.parameters as {"audit_runs_what_was_verified": _parameters}
}

# What is said of an image with changes: the codes, and whether each rests on an answer.
_said(changes) := {[trim_prefix(v.code, "audit_runs_what_was_verified."), count(v.errors) == 0] |
	some v in _deny(samples.facts({"images": [samples.running(changes)]}))
}

test_requests if {
	requests := policy.requests with host.parameters as {"audit_runs_what_was_verified": {}} with data.lib.waxseal.plan.policies as {"audit_runs_what_was_verified"}
	requests == {{"fn": "audit.read", "ref": "", "opts": {}}}
}

test_deny_tag_moved if {
	_deny(samples.facts({"images": [samples.running({"tag_state": "moved", "tag_digest": "sha256:2"})]})) == {{
		"code": "audit_runs_what_was_verified.tag_moved",
		"policy": "audit_runs_what_was_verified",
		"severity": "medium",
		"title": "The tag means another image now",
		"msg": `image "registry.example/shop/web@sha256:1", which runs in prod/shop: sha256:1 runs, and the tag "1" means sha256:2 now. Name the image by its digest, and roll out again.`,
		"remediation": "Name the image by its digest, and roll out again.",
		"image": "registry.example/shop/web@sha256:1",
		"where": {"kind": "Image", "namespace": "", "name": "registry.example/shop/web@sha256:1", "path": "", "container": "", "file": "", "line": 0},
		"controls": ["NIST-800-53:SI-7", "NIST-800-53:CM-14"],
		"errors": [],
		"snippet": "",
	}}
}

test_deny_each if {
	every row in [
		[{}, set()],
		[{"tag_state": "none", "tag": ""}, set()],
		[{"tag_state": "moved", "tag": ""}, {["tag_moved", true]}],
		[{"tag_state": "gone"}, {["tag_gone", true]}],
		[{"tag_state": "cannot_tell"}, {["tag_unknown", false]}],
		[{"tag_state": ""}, {["tag_unknown", false]}],
		[{"tag_state": "gone", "sampled": false}, set()],
		[{"digest": "", "tag_state": "cannot_tell"}, {["digest_unknown", false]}],
		[{"digest": "", "sampled": false}, {["digest_unknown", false]}],
		[{"verdict": "denied"}, set()],
		[{"verdict": "cannot_tell"}, {["not_judged", false]}],
		[{"verdict": ""}, {["not_judged", false]}],
		[{"verdict": "", "sampled": false}, set()],
		[{"runtime": ""}, set()],
		[{"runtime": "evil.example/web"}, {["another_repository", true]}],
		[{"runtime": "mirror.example/hub/library/nginx", "repository": "docker.io/library/nginx"}, set()],
		[{"runtime": "mirror.example/hub/library/nginx", "repository": "docker.io/library/httpd"}, {["another_repository", true]}],
		[{"runtime": "mirror.example/hubble/library/nginx", "repository": "docker.io/library/nginx"}, {["another_repository", true]}],
	] {
		_said(row[0]) == row[1]
	}
}

test_deny_nothing_runs if {
	{[v.code, v.msg, v.errors[0].code] | some v in _deny(samples.facts({}))} == {["audit_runs_what_was_verified.nothing_runs", "what runs: no image was seen to run. Name the clusters and namespaces of the scope, and see that their Pods run.", "not_visible"]}
}

test_deny_cannot_tell if {
	facts := samples.facts({"images": [samples.running({})], "missing": [samples.gap("images"), samples.gap("logs")]})
	{[v.code, v.where.name, v.errors[0].retryable] | some v in _deny(facts)} == {["audit_runs_what_was_verified.cannot_tell", "prod", true]}
}

test_allow_and_pass if {
	_pass(samples.facts({"images": [samples.running({})]})) == {"registry.example/shop/web@sha256:1"}
	_pass(samples.facts({"images": [samples.running({"runtime": "mirror.example/hub/a", "repository": "docker.io/a"})]})) == {"registry.example/shop/web@sha256:1"}
	_pass(samples.facts({"images": [samples.running({"runtime": "evil.example/a"})]})) == set()
	_pass(samples.facts({"images": [samples.running({"digest": ""})]})) == set()
}

test_notes if {
	_notes(samples.facts({"images": [samples.running({})]})) == set()
	notes := _notes(samples.facts({"images": [samples.running({}), samples.running({"ref": "b", "sampled": false})]}))
	{[n.code, n.msg] | some n in notes} == {["audit_runs_what_was_verified.not_sampled", "the sample: 1 of 2 images that run were not in the sample. Judge everything, or draw another sample, to hear of them."]}
}

test_deny_parameters if {
	every row in [
		[{"mirror": []}, "audit_runs_what_was_verified.mirror is not a parameter"],
		[{"mirrors": [{"at": "a"}]}, "audit_runs_what_was_verified.mirrors[0] has no of"],
	] {
		deny := policy.deny with host.collect as samples.audit(samples.facts({})) with host.parameters as {"audit_runs_what_was_verified": row[0]}
		{[v.code, v.msg] | some v in deny} == {["audit_runs_what_was_verified.parameters", sprintf("the audit: %s. The owner of the policy has to correct the parameters.", [row[1]])]}
	}
}
