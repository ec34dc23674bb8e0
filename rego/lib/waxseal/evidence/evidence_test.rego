package lib.waxseal.evidence_test

import data.lib.waxseal.evidence
import data.lib.waxseal.host
import data.lib.waxseal.plan
import data.lib.waxseal.samples_test as samples

_no_image := {"ref": "", "registry": "", "repository": "", "tag": "", "digest": "", "media_type": ""}

_verify(results) := answer if {
	answer := evidence.cosign_verify("x", {"keys": ["k"]}) with host.collect as results
}

_key := json.marshal(evidence.cosign_verify_request("x", {"keys": ["k"]}))

test_requests_are_plain_data if {
	evidence.image_parse_request("x") == {"fn": "image.parse", "ref": "x", "opts": {}}
	evidence.registry_digest_request("x") == {"fn": "registry.digest", "ref": "x", "opts": {}}
	evidence.registry_manifest_request("x") == {"fn": "registry.manifest", "ref": "x", "opts": {}}
	evidence.registry_config_request("x") == {"fn": "registry.config", "ref": "x", "opts": {}}
	evidence.registry_referrers_request("x") == {"fn": "registry.referrers", "ref": "x", "opts": {}}
	evidence.registry_configs_request("x") == {"fn": "registry.configs", "ref": "x", "opts": {}}
	evidence.cosign_verify_request("x", {"a": 1}) == {"fn": "cosign.verify", "ref": "x", "opts": {"a": 1}}
	evidence.cosign_attestations_request("x", {"a": 1}) == {"fn": "cosign.attestations", "ref": "x", "opts": {"a": 1}}
	evidence.notation_verify_request("x", {"a": 1}) == {"fn": "notation.verify", "ref": "x", "opts": {"a": 1}}
	evidence.vex_statements_request("x", {"a": 1}) == {"fn": "vex.statements", "ref": "x", "opts": {"a": 1}}
	evidence.scan_findings_request("x", {"a": 1}) == {"fn": "scan.findings", "ref": "x", "opts": {"a": 1}}
	evidence.notary_verify_request("x", {"a": 1}) == {"fn": "notary.verify", "ref": "x", "opts": {"a": 1}}
	_key == `{"fn":"cosign.verify","opts":{"keys":["k"]},"ref":"x"}`
}

test_result_that_is_ok if {
	_verify({_key: samples.ok({"signers": [{"key": "k"}], "image": {"digest": samples.digest}, "unheard_of": 1})}) == {
		"ok": true,
		"errors": [],
		"ignored": [],
		"image": object.union(_no_image, {"digest": samples.digest}),
		"signers": [{"key": "k"}],
	}
}

test_result_that_is_refused if {
	_verify({_key: object.union(samples.refused("unsigned"), {"ignored": [{"digest": "a", "code": "malformed"}], "signers": [{"key": "k"}]})}) == {
		"ok": false,
		"errors": [{"code": "unsigned", "message": "so says the test", "retryable": false}],
		"ignored": [{"digest": "a", "code": "malformed"}],
		"image": _no_image,
		"signers": [],
	}
}

_not_collected := {
	"ok": false,
	"errors": [{"code": "not_collected", "message": "this evidence was not collected", "retryable": true}],
	"ignored": [],
	"image": _no_image,
}

test_result_that_is_missing if {
	_verify({}) == object.union(_not_collected, {"signers": []})
	_verify({`{"fn":"cosign.verify"}`: samples.ok({"signers": []})}) == object.union(_not_collected, {"signers": []})
	_verify("nothing") == object.union(_not_collected, {"signers": []})
}

# Nothing that contradicts itself or lacks a field is ever ok.
test_result_that_is_malformed if {
	wrong := {result |
		some result in {
			null, 5, "ok", [], {},
			{"ok": true},
			{"ok": true, "errors": []},
			{"ok": true, "errors": [], "signers": {}},
			{"ok": true, "errors": [], "signers": [5]},
			{"ok": true, "signers": []},
			{"ok": "true", "errors": [], "signers": []},
			{"ok": 1, "errors": [], "signers": []},
			{"ok": true, "errors": null, "signers": []},
			{"ok": true, "errors": [{"code": "unsigned", "message": "", "retryable": false}], "signers": []},
			{"ok": false, "errors": [], "signers": []},
			{"ok": false, "errors": "unsigned", "signers": []},
			{"ok": false, "errors": [{"code": "unsigned"}], "signers": []},
			{"ok": false, "errors": [{"code": 5, "message": "", "retryable": false}], "signers": []},
			{"ok": false, "errors": [{"code": "unsigned", "message": {}, "retryable": false}], "signers": []},
			{"ok": false, "errors": [{"code": "unsigned", "message": "", "retryable": "yes"}], "signers": []},
			{"ok": false, "signers": []},
		}
		answer := _verify({_key: result})
		[answer.ok, answer.signers, [error.code | some error in answer.errors]] != [false, [], ["malformed"]]
	}
	wrong == set()
}

test_every_function_is_total if {
	answers := [
		evidence.image_parse("x"),
		evidence.registry_digest("x"),
		evidence.registry_manifest("x"),
		evidence.registry_config("x"),
		evidence.registry_referrers("x"),
		evidence.cosign_verify("x", {}),
		evidence.cosign_attestations("x", {}),
		evidence.scan_findings("x", {}),
		evidence.sbom_packages("x", {}),
		evidence.notation_verify("x", {}),
		evidence.notary_verify("x", {}),
		evidence.vex_statements("x", {}),
	] with host.collect as {}
	answers == [object.union(_not_collected, payload) | some payload in [
		{},
		{"digest": "", "media_type": "", "size": 0, "platforms": []},
		{"manifest": {}},
		{"config": {}},
		{"referrers": []},
		{"signers": []},
		{"statements": []},
		{"reports": []},
		{"documents": []},
		{"signers": []},
		{"targets": []},
		{"documents": []},
	]]
}

test_payloads_are_read if {
	digest := {"digest": samples.digest, "media_type": "m", "size": 3, "platforms": []}
	answer := evidence.registry_digest("x") with host.collect as {json.marshal(evidence.registry_digest_request("x")): samples.ok(digest)}
	object.filter(answer, {"ok", "digest", "media_type", "size", "platforms"}) == object.union(digest, {"ok": true})
}

# What is collected is what is planned.
test_collect_is_asked_for_the_plan if {
	request := evidence.cosign_verify_request("x", {"keys": ["k"]})
	answer := evidence.cosign_verify("x", {"keys": ["k"]}) with plan.requests as {request} with host.collect as _echo
	answer.ok
	other := evidence.cosign_verify("y", {"keys": ["k"]}) with plan.requests as {request} with host.collect as _echo
	not other.ok
}

_echo(requests) := {json.marshal(request): samples.ok({"signers": []}) | some request in requests}

_finding := {
	"id": "CVE-1", "kind": "vulnerability", "severity": "low", "state": "fixed", "suppressed": false,
	"aliases": [], "fixed_in": [], "package": {"name": "", "version": ""},
}

_scan := {"scanner": {"name": "trivy"}, "scanned_at": "", "db_updated_at": "", "findings": [_finding]}

_findings(reports) := answer if {
	answer := evidence.scan_findings("x", {}) with host.collect as {json.marshal(evidence.scan_findings_request("x", {})): samples.ok({"reports": reports})}
}

# A report that lacks what policies read is none.
test_scan_findings_that_are_malformed if {
	_findings([_scan]).reports == [_scan]
	_findings([]).ok
	wrong := {report |
		some report in array.concat(
			[object.remove(_scan, [field]) | some field in ["scanner", "scanned_at", "db_updated_at", "findings"]],
			array.concat(
				[object.union(_scan, {"findings": [object.remove(_finding, [field])]}) | some field in object.keys(_finding)],
				[object.union(_scan, {"findings": {}}), object.union(_scan, {"findings": [5]}), object.union(_scan, {"scanned_at": 5})],
			),
		)
		answer := _findings([_scan, report])
		[answer.ok, answer.reports, [error.code | some error in answer.errors]] != [false, [], ["malformed"]]
	}
	wrong == set()
}

_package := {"name": "a", "version": "", "purl": "", "licence": "", "in": [], "unsure": [], "licences_refused": []}

_sbom := {
	"format": "spdx", "created": "", "package_count": 1, "tools": [{"name": "t", "version": ""}],
	"subjects": [{"digests": []}], "signers": [{"image": "d"}], "packages": [_package],
}

_documents(documents) := answer if {
	answer := evidence.sbom_packages("x", {}) with host.collect as {json.marshal(evidence.sbom_packages_request("x", {})): samples.ok({"documents": documents})}
}

# A document that lacks what policies read is none.
test_sbom_packages_that_are_malformed if {
	_documents([_sbom]).documents == [_sbom]
	_documents([]).ok
	wrong := {document |
		some document in array.concat(
			[object.remove(_sbom, [field]) | some field in object.keys(_sbom)],
			array.concat(
				[object.union(_sbom, {"packages": [object.remove(_package, [field])]}) | some field in object.keys(_package)],
				[object.union(_sbom, patch) | some patch in [{"packages": {}}, {"packages": [5]}, {"tools": [{"name": "t"}]}, {"subjects": [{}]}, {"signers": [{}]}, {"created": 5}, {"package_count": "1"}]],
			),
		)
		answer := _documents([_sbom, document])
		[answer.ok, answer.documents, [error.code | some error in answer.errors]] != [false, [], ["malformed"]]
	}
	wrong == set()
}

_component := {"name": "a", "purl": "", "digests": []}

_product := object.union(_component, {"subcomponents": [_component]})

_statement := {
	"vulnerability": "CVE-1", "status": "fixed", "justification": "", "impact_statement": "", "timestamp": "", "last_updated": "",
	"aliases": [], "products": [_product],
}

_vex := {"id": "a", "author": "b", "format": "openvex", "signers": [{}], "statements": [_statement]}

# A document that lacks what policies read is none.
test_vex_statements_that_are_malformed if {
	request := json.marshal(evidence.vex_statements_request("x", {}))
	good := evidence.vex_statements("x", {}) with host.collect as {request: samples.ok({"documents": [_vex]})}
	good.documents == [_vex]
	wrong := {document |
		some part in ["document", "statement", "product"]
		some document in _odd(part)
		answer := evidence.vex_statements("x", {}) with host.collect as {request: samples.ok({"documents": [_vex, document]})}
		[answer.ok, answer.documents, [error.code | some error in answer.errors]] != [false, [], ["malformed"]]
	}
	wrong == set()
}

_odd("document") := [object.remove(_vex, [field]) | some field in object.keys(_vex)]

_odd("statement") := [object.union(_vex, {"statements": [object.remove(_statement, [field])]}) | some field in object.keys(_statement)]

_odd("product") := [object.union(_vex, {"statements": [object.union(_statement, {"products": [product]})]}) |
	some product in array.concat(
		[object.remove(_product, [field]) | some field in object.keys(_product)],
		[object.union(_product, {"subcomponents": [object.remove(_component, [field])]}) | some field in object.keys(_component)],
	)
]

test_standing if {
	refusal := {"code": "unsigned", "message": "none", "retryable": false}
	retry := {"code": "unavailable", "message": "down", "retryable": true}
	evidence.standing({"errors": [refusal]}) == "refused"
	evidence.standing({"errors": [refusal, retry]}) == "unknown"
	evidence.standing({"errors": [retry, {"code": "invalid_request", "message": "", "retryable": false}]}) == "invalid_request"
	evidence.standing({"errors": []}) == "refused"

	# By one code, and by two of them.
	missing := {"code": "not_found", "message": "", "retryable": false}
	outside := {"code": "host_not_allowed", "message": "", "retryable": false}
	unread := [{"code": code, "message": "", "retryable": false} | some code in ["malformed", "too_large", "unsupported"]]
	evidence.standing({"errors": [missing], "image": {}}) == "not_found"
	evidence.standing({"errors": [missing], "image": {"digest": "sha256:aa"}}) == "unreadable"
	evidence.standing({"errors": [missing, outside]}) == "host_not_allowed"
	evidence.standing({"errors": [missing, retry]}) == "unknown"
	evidence.standing({"errors": [missing, refusal]}) == "refused"
	evidence.standing({"errors": [outside]}) == "host_not_allowed"
	evidence.standing({"errors": [refusal, outside]}) == "host_not_allowed"
	evidence.standing({"errors": [outside, retry]}) == "unknown"
	every error in unread {
		evidence.standing({"errors": [error]}) == "unreadable"
		evidence.standing({"errors": [error, refusal]}) == "refused"
		evidence.standing({"errors": [error, outside]}) == "host_not_allowed"
	}
	evidence.standing({"errors": unread}) == "unreadable"
	evidence.said({"errors": [refusal, retry]}) == " (unsigned: none; unavailable: down)"
	evidence.said({"errors": []}) == ""
}

test_configs_are_objects if {
	key := json.marshal(evidence.registry_configs_request("x"))
	good := evidence.registry_configs("x") with host.collect as {key: samples.ok({"configs": [{"created": ""}]})}
	good.configs == [{"created": ""}]
	wrong := {configs |
		some configs in [null, {}, [null], ["x"], [{}, 5]]
		answer := evidence.registry_configs("x") with host.collect as {key: samples.ok({"configs": configs})}
		[answer.ok, answer.configs] != [false, []]
	}
	wrong == set()
}
