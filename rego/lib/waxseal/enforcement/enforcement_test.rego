package lib.waxseal.enforcement_test

import data.lib.waxseal.enforcement
import data.lib.waxseal.evidence
import data.lib.waxseal.host
import data.lib.waxseal.plan

# METADATA
# title: A rule that enforces, with changes
rule(changes) := object.union(
	{
		"id": "r", "system": "kyverno", "name": "", "file": "policy.yaml", "line": 3,
		"object": {"kind": "ClusterPolicy", "name": "signed", "namespace": "", "file": "policy.yaml", "line": 1, "document": 1},
		"about": "image", "checks": ["signature"],
		"action": {"effect": "deny"},
		"scope": {"namespaces": {"include": [], "exclude": [], "selector": ""}},
		"images": {"all": "yes", "include": [], "exclude": [], "allowed": []},
		"facts": [],
	},
	changes,
)

# METADATA
# title: A fact about it
fact(code) := {"code": code, "text": sprintf("it is %s", [code]), "file": "policy.yaml", "line": 7}

# METADATA
# title: A container under rules, in a workload
workload(namespace, applies) := {
	"id": sprintf("Pod %s/web", [namespace]), "kind": "Pod", "namespace": namespace, "labels": {},
	"members": [{"kind": "Pod", "name": "web", "namespace": namespace, "file": "pod.yaml", "line": 1, "document": 1}],
	"containers": [{"list": "containers", "name": "app", "image": "registry.example/app:1", "image_id": "", "file": "pod.yaml", "line": 9, "rules": applies}],
}

# METADATA
# title: That a rule applies
applied(truth, effect) := {"rule": "r", "applies": truth, "effect": effect, "why": "a condition", "when": "when made"}

# METADATA
# title: The answer to enforcement.read
answer(rules, workloads) := {json.marshal(evidence.enforcement_read_request("")): {
	"ok": true, "errors": [], "ignored": [],
	"image": {"ref": "", "registry": "", "repository": "", "tag": "", "digest": "", "media_type": ""},
	"configuration": {"rules": rules, "components": [], "namespaces": [], "workloads": workloads, "problems": [], "complete": false},
}}

_on := {"enforcement_verifies_images": {}}

_policies := {"enforcement_verifies_images"}

_report(rules, workloads, said) := report if {
	report := enforcement.report(said) with host.parameters as _on
		with host.problems as set()
		with plan.policies as _policies
		with evidence._collected as answer(rules, workloads)
}

_said(deny, pass) := {"enforcement_verifies_images": {"deny": deny, "pass": pass, "notes": {"n"}}}

test_requests if {
	asked := enforcement.requests with host.parameters as _on with plan.policies as _policies with host.file as "a.yaml"
	asked == {{"fn": "enforcement.read", "ref": "a.yaml", "opts": {}}}
	none := enforcement.requests with host.parameters as {} with plan.policies as _policies
	none == set()
}

test_verdicts if {
	every row in [
		[[], {}, "enforces"],
		[["images_limited", "placeholder"], {}, "enforces"],
		[["any_identity", "images_limited"], {}, "enforces_with_gap"],
		[["any_identity", "audit_only"], {}, "advisory"],
		[["audit_only", "no_attestor", "any_identity"], {}, "broken"],
		[[], {"action": {"effect": "unknown"}}, "advisory"],
		[["a_new_code"], {}, "enforces_with_gap"],
		[["objects_excluded"], {"about": "other"}, "enforces"],
		[["objects_excluded", "failure_policy_ignore"], {"about": "other"}, "advisory"],
	] {
		made := object.union(rule({"facts": [fact(code) | some code in row[0]]}), row[1])
		enforcement.verdict(made) == row[2]
	}
}

# The object is as good as the worst of its rules about images; others do not count beside them.
test_objects if {
	good := rule({"id": "a", "name": "a", "images": {"include": [{"text": "ghcr.io/*"}]}})
	gap := rule({"id": "b", "name": "b", "facts": [fact("any_identity")], "scope": {"namespaces": {"include": ["shop"], "selector": ""}}})
	other := rule({"id": "c", "name": "c", "about": "other", "checks": [], "facts": [fact("audit_only")]})
	report := _report([good, gap, other], [], _said(set(), {1}))
	report.objects == {{
		"system": "kyverno", "kind": "ClusterPolicy", "namespace": "", "name": "signed", "file": "policy.yaml", "document": 1, "line": 1,
		"about": "image", "checks": ["signature"], "verdict": "enforces_with_gap",
		"scope": "images ghcr.io/*; namespaces shop",
		"reasons": {{"code": "any_identity", "weight": "gap", "text": "it is any_identity", "file": "policy.yaml", "line": 7, "rule": "b"}},
	}}
}

test_object_verdicts if {
	every row in [["no_attestor", "broken"], ["warn_only", "advisory"], ["placeholder", "enforces"]] {
		report := _report([rule({"facts": [fact(row[0])]})], [], _said(set(), {1}))
		{object.verdict | some object in report.objects} == {row[1]}
	}
	every row in [["other", "other"], ["unknown", "unknown"]] {
		report := _report([rule({"about": row[0], "scope": {"namespaces": {"include": [], "selector": "a=b"}}})], [], _said(set(), {1}))
		{[object.about, object.scope] | some object in report.objects} == {[row[1], "namespaces with a=b"]}
	}
}

test_images if {
	every row in [
		[applied("yes", "deny"), "yes", ["signed"], []],
		[applied("yes", "warn"), "no", [], []],
		[applied("unknown", "deny"), "cannot_tell", [], ["signed: a condition"]],
		[object.union(applied("yes", "deny"), {"rule": "gone"}), "no", [], []],
	] {
		report := _report([rule({})], [workload("shop", [row[0]])], _said(set(), {1}))
		report.images == {{
			"image": "registry.example/app:1", "image_id": "", "container": "app", "path": "Pod shop/web.containers.app", "type": "containers",
			"kind": "Pod", "namespace": "shop", "name": "web", "members": 1, "file": "pod.yaml", "line": 9,
			"covered": row[1], "admitted": row[1] == "yes", "exempt": false, "by": row[2], "why": row[3],
		}}
	}
}

test_coverage if {
	workloads := [workload("shop", [applied("yes", "deny")]), workload("dev", []), workload("kube-system", [])]
	report := enforcement.report(_said(set(), {1})) with plan.policies as _policies
		with host.problems as set()
		with host.parameters as {"enforcement_verifies_images": {"exempt": [{"namespaces": ["kube-*"], "reason": "x"}]}}
		with evidence._collected as answer([rule({})], workloads)
	report.coverage == {
		"containers": {"all": 2, "covered": 1}, "workloads": {"all": 2, "covered": 1}, "namespaces": {"all": 2, "covered": 1},
		"exempt": ["kube-system"], "uncovered": ["dev"],
	}
}

test_whole if {
	yes := [applied("yes", "deny")]
	every row in [
		[[rule({})], [], "enforces", "verification enforced via ClusterPolicy signed"],
		[[rule({})], [workload("shop", yes)], "enforces", "verification enforced via ClusterPolicy signed"],
		[[rule({})], [workload("shop", yes), workload("dev", [])], "enforces_with_gap", "verification enforced with gaps via ClusterPolicy signed"],
		[[rule({"facts": [fact("any_identity")]})], [workload("shop", yes)], "enforces_with_gap", "verification enforced with gaps via ClusterPolicy signed"],
		[[rule({"facts": [fact("images_limited")]})], [workload("shop", yes)], "enforces", "verification enforced for all workloads that were read, not for every image, via ClusterPolicy signed"],
		[[rule({}), rule({"id": "b", "facts": [fact("any_identity")]})], [workload("shop", [object.union(yes[0], {"rule": "b"})])], "enforces_with_gap", "verification enforced with gaps via ClusterPolicy signed"],
		[[rule({}), rule({"id": "b", "object": {"name": "loose"}, "facts": [fact("any_identity")]})], [workload("shop", yes)], "enforces", "verification enforced via ClusterPolicy signed"],
		[[rule({"facts": [fact("images_limited")]})], [], "enforces_with_gap", "verification enforced with gaps via ClusterPolicy signed"],
		[[rule({"images": {"all": "no"}})], [], "enforces_with_gap", "verification enforced with gaps via ClusterPolicy signed"],
		[[rule({"facts": [fact("no_attestor")]})], [], "broken", "verification not enforced: the rules that verify images do not do what they say"],
		[[rule({"facts": [fact("audit_only")]})], [], "advisory", "verification not enforced: the rules that verify images only advise"],
		[[rule({"checks": ["registry"]})], [], "none", "verification not enforced: no rule verifies images"],
		[[rule({"about": "unknown", "checks": []})], [], "none", "nobody can tell whether verification is enforced: no rule is known to verify images, and what some judge is not known"],
	] {
		report := _report(row[0], row[1], _said(set(), {1}))
		[report.whole.verdict, report.whole.line] == [row[2], row[3]]
	}
}

# Only what the parameters count is verification.
test_checks if {
	report := enforcement.report(_said(set(), {1})) with plan.policies as _policies
		with host.problems as set()
		with host.parameters as {"enforcement_verifies_images": {"checks": ["registry"]}}
		with evidence._collected as answer([rule({"checks": ["registry"]})], [])
	report.whole.verdict == "enforces"
}

test_said if {
	report := _report([], [], _said({{"code": "x"}}, set()))
	report.violations == {{"code": "x"}}
	report.notes == {"n"}
	{v.code | some v in _report([], [], _said(set(), set())).violations} == {"enforcement_verifies_images.undecided"}
	_report([], [], _said(set(), {1})).violations == set()
}

test_not_judged if {
	broken := json.patch(answer([], []), [{"op": "add", "path": [json.marshal(evidence.enforcement_read_request("")), "configuration", "problems"], "value": [
		{"file": "a.yaml", "line": 4, "code": "unsupported", "text": "render it"}, {"file": "b.yaml", "line": 0, "code": "malformed", "text": "not YAML"},
	]}])
	report := enforcement.report(_said(set(), {1})) with host.parameters as _on with host.problems as set() with plan.policies as _policies with evidence._collected as broken
	report.not_judged == {{"path": "a.yaml:4", "reason": "render it"}, {"path": "b.yaml", "reason": "not YAML"}}
}

test_problems if {
	_codes(_on, {}, set()) == {["enforcement.unreadable", "the admission configuration: this evidence was not collected. Make the manifests, or the cluster, readable and try again."]}
	_codes({}, answer([], []), set()) == {["parameters.empty", "the admission configuration: the parameters switch on no policy. Name at least one policy in the parameters, for example enforcement_verifies_images."]}
	_codes(object.union(_on, {"x": {}, "signed_images": {}}), answer([], []), set()) == {["parameters.unknown", `the admission configuration: "x" is not a policy of this bundle; there are enforcement_verifies_images. Correct the name, or build the policy into the bundle.`]}
	_codes(_on, answer([], []), {"it is a list"}) == {["parameters.host", "the admission configuration: it is a list. Build the bundle of the flavour that is for this host, and give it what it reads."]}
}

_codes(parameters, collected, ill) := {[v.code, v.msg] | some v in found} if {
	found := enforcement.problems with host.parameters as parameters
		with host.problems as ill
		with plan.policies as _policies
		with plan.others as {"signed_images"}
		with evidence._collected as collected
}

test_malformed if {
	bad := json.patch(answer([], []), [{"op": "remove", "path": [json.marshal(evidence.enforcement_read_request("")), "configuration", "rules"]}])
	_codes(_on, bad, set()) == {["enforcement.unreadable", "the admission configuration: the result is not one: a field is missing, of another type, or contradicts ok. Make the manifests, or the cluster, readable and try again."]}
}
