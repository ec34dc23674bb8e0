package lib.waxseal.testing_test

import data.lib.waxseal.clock
import data.lib.waxseal.evidence
import data.lib.waxseal.host
import data.lib.waxseal.plan
import data.lib.waxseal.report
import data.lib.waxseal.samples_test as samples

_host := {
	"object": host.object,
	"old_object": host.old_object,
	"operation": host.operation,
	"namespace": host.namespace,
	"file": host.file,
	"parameters": host.parameters,
	"now": host.now,
	"problems": host.problems,
}

test_host_without_input if _host == {"object": null, "old_object": null, "operation": "", "namespace": "", "file": "", "parameters": {}, "now": 0, "problems": set()}

test_host_with_input if {
	given := {"object": {"a": 1}, "old_object": {"b": 1}, "operation": "CREATE", "namespace": "shop", "file": "ci.yml", "parameters": {"c": 1}, "now": 5, "problems": ["x"]}
	found := _host with input as given
	found == given
	collected := host.collect({"x", "y"}) with input as {"evidence": {`"x"`: 1, `"z"`: 2}}
	collected == {`"x"`: 1}
}

_image := samples.pinned("registry.example/team/app")

_authorities := [{"name": "team", "images": ["registry.example/team/*"], "keys": ["k"]}]

_input(results) := {
	"object": samples.one(_image),
	"now": clock.instant("2026-11-21T12:00:00Z"),
	"parameters": {
		"pinned_digests": {},
		"allowed_registries": {"images": ["registry.example"]},
		"attested_build": {"authorities": _authorities, "builds": [{"images": ["registry.example/team/*"], "builders": ["b"], "repositories": ["https://github.com/acme/app"]}]},
		"sbom_attached": {"authorities": _authorities},
		"denied_packages": {"authorities": _authorities, "licences": {"denied": ["AGPL-*"]}},
		"base_image": {"rules": [{"images": ["registry.example/team/*"], "max_age": "7d"}]},
		"privileged_images": {"authorities": [object.union(_authorities[0], {"allow": {"privileged": true}})]},
		"required_attestations": {"authorities": _authorities, "requirements": [{"name": "approval", "images": ["registry.example/team/*"], "predicate_type": _approval_type, "signed_by": ["team"]}]},
		"signed_images": {"authorities": _authorities},
		"scanned_images": {"authorities": _authorities, "fail_on": ["critical"], "max_scan_age": "7d", "max_database_age": "7d"},
	},
	"evidence": results,
}

_verify := evidence.cosign_verify_request(_image, {"keys": ["k"]})

_scan := evidence.scan_findings_request(_image, {"keys": ["k"]})

_provenance := evidence.cosign_attestations_request(_image, {"keys": ["k"], "predicate_types": ["https://slsa.dev/provenance/v0.2", "https://slsa.dev/provenance/v1"]})

_sbom := evidence.sbom_packages_request(_image, {"keys": ["k"], "only_matching": true})

_packages := evidence.sbom_packages_request(_image, {"keys": ["k"], "only_matching": true, "ranges": [], "licences": {"denied": ["AGPL-*"]}})

_document := {
	"format": "spdx", "created": "", "package_count": 1, "packages": [],
	"tools": [], "subjects": [], "signers": [{"image": ""}],
}

_configs := evidence.registry_configs_request(_image)

_config := {"os": "linux", "architecture": "amd64", "variant": "", "digest": samples.digest, "created": "2026-11-20T00:00:00Z", "labels": {}, "annotations": {}, "diff_ids": []}

_approval_type := "https://acme.example/approval/v1"

_approval := evidence.cosign_attestations_request(_image, {"keys": ["k"], "predicate_types": [_approval_type]})

_approved := {"predicate_type": _approval_type, "signers": [{"image": "sha256:1"}], "predicate": {}}

_statement := {"predicate_type": "https://slsa.dev/provenance/v0.2", "signers": [{"image": "sha256:1", "extensions": {}}], "predicate": {
	"builder": {"id": "b"},
	"invocation": {"configSource": {"uri": "git+https://github.com/acme/app@refs/heads/main"}},
}}

_report := {"scanner": {"name": "trivy", "version": ""}, "scanned_at": "2026-11-20T00:00:00Z", "db_updated_at": "2026-11-20T00:00:00Z", "findings": []}

# The three steps: what is planned is collected, and what is collected is judged.
test_report if {
	requests := plan.requests with input as _input({})
	requests == {_verify, _scan, _provenance, _sbom, _packages, _approval, _configs}
	admitted := report with input as _input({
		json.marshal(_verify): samples.ok({"signers": [{"repository": ""}]}),
		json.marshal(_scan): samples.ok({"reports": [_report]}),
		json.marshal(_provenance): samples.ok({"statements": [_statement]}),
		json.marshal(_sbom): samples.ok({"documents": [_document]}),
		json.marshal(_packages): samples.ok({"documents": [_document]}),
		json.marshal(_configs): samples.ok({"configs": [_config]}),
		json.marshal(_approval): samples.ok({"statements": [_approved]}),
	})
	admitted == {
		"violations": set(),
		"notes": set(),
		"images": {{"container": "app", "image": _image, "path": "spec.containers[0]", "type": "container", "admitted": true}},
		"not_judged": set(),
	}
	denied := report with input as _input({json.marshal(_verify): samples.refused("unsigned")})
	{v.code | some v in denied.violations} == {"signed_images.unsigned", "scanned_images.unknown", "attested_build.unknown", "sbom_attached.unknown", "denied_packages.unknown", "required_attestations.unknown", "base_image.unknown"}
}
