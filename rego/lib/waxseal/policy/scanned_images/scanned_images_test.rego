package lib.waxseal.policy.scanned_images_test

import data.lib.waxseal.clock
import data.lib.waxseal.host
import data.lib.waxseal.policy.scanned_images as policy
import data.lib.waxseal.samples_test as samples

_image := "registry.example/team/app:1"

_team := {"name": "team", "images": ["registry.example/team/*"], "keys": ["k"]}

_all := {"name": "all", "images": ["registry.example/**"], "keys": ["l"]}

_rules := {"authorities": [_team], "fail_on": ["critical", "high"], "max_scan_age": "7d", "max_database_age": "48h"}

_with(patch) := object.union(_rules, patch)

# The key of a request is its JSON, byte for byte.
_team_key := `{"fn":"scan.findings","opts":{"keys":["k"]},"ref":"registry.example/team/app:1"}`

_all_key := `{"fn":"scan.findings","opts":{"keys":["l"]},"ref":"registry.example/team/app:1"}`

_report(patch) := object.union(
	{
		"scanner": {"name": "trivy", "version": "1"},
		"format": "trivy",
		"predicate_type": "https://cosign.sigstore.dev/attestation/vuln/v1",
		"scanned_at": "2026-11-20T12:00:00Z",
		"db_updated_at": "2026-11-20T06:00:00Z",
		"findings": [],
	},
	patch,
)

_finding(patch) := object.union(
	{
		"id": "CVE-2026-1", "kind": "vulnerability", "severity": "critical", "state": "fixed", "aliases": [],
		"fixed_in": ["2"], "suppressed": false, "package": {"name": "openssl", "version": "1"},
	},
	patch,
)

_found(findings) := _report({"findings": findings})

_reports(reports) := {_team_key: samples.ok({"reports": reports})}

_clean := _reports([_report({})])

_deny(parameters, evidence) := deny if {
	deny := policy.deny with host.object as samples.one(_image)
		with host.now as clock.instant("2026-11-21T12:00:00Z")
		with host.parameters as {"scanned_images": parameters}
		with host.collect as evidence
}

_pass(parameters, evidence) := pass if {
	pass := policy.pass with host.object as samples.one(_image)
		with host.now as clock.instant("2026-11-21T12:00:00Z")
		with host.parameters as {"scanned_images": parameters}
		with host.collect as evidence
}

_notes(parameters, evidence) := notes if {
	notes := policy.notes with host.object as samples.one(_image)
		with host.now as clock.instant("2026-11-21T12:00:00Z")
		with host.parameters as {"scanned_images": parameters}
		with host.collect as evidence
}

# What is denied is not accepted, and the other way round.
_codes(parameters, evidence) := {split(v.code, ".")[1] | some v in _deny(parameters, evidence)} | {"accepted" | _pass(parameters, evidence) != set()}

_accepts(parameters, evidence) if {
	_deny(parameters, evidence) == set()
	_pass(parameters, evidence) == {samples.ctr(_image)}
}

_why(parameters, evidence) := {why |
	some v in _deny(parameters, evidence)
	why := trim_suffix(trim_prefix(v.msg, `image "registry.example/team/app:1" of container "app" in Pod shop/web: `), concat("", [". ", v.remediation]))
}

test_deny_findings if {
	_deny(_rules, _reports([_found([_finding({}), _finding({"id": "CVE-2026-2", "severity": "low"})])])) == {{
		"code": "scanned_images.findings",
		"policy": "scanned_images",
		"severity": "high",
		"title": "The image has findings that are not acceptable",
		"msg": `image "registry.example/team/app:1" of container "app" in Pod shop/web: trivy found CVE-2026-1 (critical, openssl 1, fixed in 2) (report of "team", 2026-11-20T12:00:00Z). Rebuild the image with what is fixed, or ask the owner of the policy for an exception with an end.`,
		"remediation": "Rebuild the image with what is fixed, or ask the owner of the policy for an exception with an end.",
		"image": _image,
		"where": {"kind": "Pod", "namespace": "shop", "name": "web", "path": "spec.containers[0]", "container": "app"},
		"controls": ["NIST-800-53:RA-5", "NIST-800-53:SR-3", "NIST-800-53:SI-7"],
		"errors": [],
	}}
	_codes(_rules, _reports([_found([_finding({})])])) == {"findings"}
}

# Neither an unfixed nor a suppressed finding passes unless the parameters say so.
test_deny_findings_by_default if {
	_codes(_rules, _reports([_found([_finding({"fixed_in": [], "state": "not_fixed"})])])) == {"findings"}
	_codes(_rules, _reports([_found([_finding({"suppressed": true})])])) == {"findings"}
	_codes(_rules, _reports([_found([_finding({"severity": "Dreadful"})])])) == {"findings"}
}

# What is accepted is what the scanner set aside, and nothing beside it.
test_deny_beside_suppressed if {
	two := _reports([_found([_finding({"suppressed": true}), _finding({"id": "CVE-2026-2"})])])
	_codes(_with({"accept_suppressed": true}), two) == {"findings"}
	_why(_with({"accept_suppressed": true}), two) == {`trivy found CVE-2026-2 (critical, openssl 1, fixed in 2) (report of "team", 2026-11-20T12:00:00Z)`}
}

# The newest report of each scanner decides; on a tie the worse one.
test_deny_newest if {
	_codes(_rules, _reports([_report({"scanned_at": "2026-11-19T12:00:00Z"}), _found([_finding({})])])) == {"findings"}
	_codes(_rules, _reports([_report({}), _found([_finding({})])])) == {"findings"}
	_codes(_rules, _reports([_report({}), object.union(_found([_finding({})]), {"scanner": {"name": "grype"}, "scanned_at": "2026-11-16T12:00:00Z"})])) == {"findings"}
}

# A later report of another sort, which may say less, replaces none.
test_deny_beside_another_sort if {
	bad := object.union(_found([_finding({})]), {"scanned_at": "2026-11-19T12:00:00Z"})
	_codes(_rules, _reports([bad, _report({"format": "sarif"})])) == {"findings"}
	_codes(_rules, _reports([bad, _report({"predicate_type": "https://in-toto.io/attestation/vulns/v0.1"})])) == {"findings"}
}

test_deny_stale if {
	wrong := {patch: found |
		some [patch, code, why] in [
			[{"scanned_at": "2026-11-01T12:00:00Z"}, "scan_too_old", "is of 2026-11-01T12:00:00Z, and one of the last 7d was expected"],
			[{"scanned_at": ""}, "scan_age_unknown", "is of an unknown time"],
			[{"scanned_at": "2026-11-22T12:00:00Z"}, "scan_in_future", "is of 2026-11-22T12:00:00Z, which is in the future"],
			[{"db_updated_at": "2026-11-01T12:00:00Z"}, "database_too_old", "rests on a database of 2026-11-01T12:00:00Z, and one of the last 48h was expected"],
			[{"db_updated_at": ""}, "database_age_unknown", "rests on a database of an unknown time"],
			[{"db_updated_at": "2026-11-22T12:00:00Z"}, "database_in_future", "rests on a database of 2026-11-22T12:00:00Z, which is in the future"],
		]
		found := [_codes(_rules, _reports([_report(patch)])), _why(_rules, _reports([_report(patch)]))]
		found != [{code}, {sprintf(`the report of trivy by "team" %s`, [why])}]
	}
	wrong == {}
}

# A report that is dated ahead does not hide behind a good one, and does not hide a bad one.
test_deny_future_beside_good if _codes(_rules, _reports([_report({}), _report({"scanned_at": "2027-11-20T12:00:00Z"})])) == {"scan_in_future"}

test_deny_no_report if {
	every code in {"no_attestation", "wrong_predicate", "unsigned"} {
		_codes(_rules, {_team_key: samples.refused(code)}) == {"no_report"}
	}
	_why(_rules, {_team_key: samples.refused("no_attestation")}) == {`there is no scan report of authority "team" (no_attestation: so says the test)`}
	_codes(_rules, _reports([])) == {"no_report"}
	_why(_rules, _reports([])) == {`there is no scan report of authority "team"`}
}

test_deny_platform_missing if {
	_codes(_rules, {_team_key: samples.refused("platform_missing")}) == {"platform_missing"}
}

test_deny_untrusted if {
	every code in {"untrusted_identity", "signature_invalid", "tlog_mismatch", "expired", "unheard_of"} {
		_codes(_rules, {_team_key: samples.refused(code)}) == {"untrusted"}
	}
	_why(_rules, {_team_key: samples.refused("expired")}) == {`no scan report is what authority "team" asks for (expired: so says the test)`}
}

# What is no sign of tampering is not called one.
test_deny_not_found if {
	_codes(_rules, {_team_key: samples.refused("not_found")}) == {"not_found"}
	_why(_rules, {_team_key: samples.refused("not_found")}) == {"the registry has no such image (not_found: so says the test)"}

	# The image is there, and a report that is listed is not.
	found := object.union(samples.refused("not_found"), {"image": {"digest": samples.digest}})
	_codes(_rules, {_team_key: found}) == {"unreadable"}
}

test_deny_host_not_allowed if {
	_codes(_rules, {_team_key: samples.refused("host_not_allowed")}) == {"host_not_allowed"}
	_why(_rules, {_team_key: samples.refused("host_not_allowed")}) == {"its registry, or a host behind it, may not be contacted (host_not_allowed: so says the test)"}
}

test_deny_unreadable if {
	every code in {"malformed", "too_large", "unsupported"} {
		_codes(_rules, {_team_key: samples.refused(code)}) == {"unreadable"}
	}
	_why(_rules, {_team_key: samples.refused("unsupported")}) == {`whether authority "team" scanned it cannot be read from what is there (unsupported: so says the test)`}
	_codes(_rules, {_team_key: samples.ok({"reports": [{"findings": []}]})}) == {"unreadable"}
}

test_deny_unknown if {
	_codes(_rules, {_team_key: samples.refused("timeout")}) == {"unknown"}
	_why(_rules, {_team_key: samples.refused("timeout")}) == {`whether authority "team" scanned it cannot be told now (timeout: so says the test)`}
	_codes(_rules, {}) == {"unknown"}
}

test_deny_invalid_request if {
	_codes(_rules, {_team_key: samples.refused("invalid_request")}) == {"invalid_request"}
	_why(_rules, {_team_key: samples.refused("invalid_request")}) == {`authority "team" cannot be asked (invalid_request: so says the test)`}
}

test_deny_scanner_missing if {
	_codes(_with({"scanners": ["trivy", "grype"]}), _clean) == {"scanner_missing"}
	_why(_with({"scanners": ["trivy", "grype"]}), _clean) == {"there is no report of grype, and one was expected"}
	_codes(_with({"scanners": ["grype"]}), _reports([])) == {"no_report"}
}

# Where any authority is enough, the scanners are those of the authorities that hold.
test_deny_scanner_of_another_authority if {
	either := _with({"authorities": [_team, _all], "any": true, "scanners": ["trivy", "grype"]})
	grype := {"scanner": {"name": "grype", "version": "1"}}
	bad := {_all_key: samples.ok({"reports": [object.union(_found([_finding({})]), grype)]})}
	good := {_all_key: samples.ok({"reports": [_report(grype)]})}
	_codes(either, object.union(_clean, bad)) == {"scanner_missing"}
	_why(either, object.union(_clean, bad)) == {"there is no report of grype, and one was expected"}
	_accepts(either, object.union(_clean, good))
	_codes(object.union(either, {"any": false}), object.union(_clean, bad)) == {"findings"}
}

test_deny_no_authority if {
	_codes(_with({"authorities": [object.union(_team, {"images": ["registry.example/other/*"]})]}), {}) == {"no_authority"}
}

# A container that names no image is the business of the verdict.
test_deny_nothing_without_an_image if {
	every image in {"", "not valid"} {
		deny := policy.deny with host.object as samples.one(image) with host.parameters as {"scanned_images": _rules}
		deny == set()
		pass := policy.pass with host.object as samples.one(image) with host.parameters as {"scanned_images": _rules}
		pass == set()
	}
}

# Where patterns overlap, all have to hold.
test_deny_one_of_two if {
	both := _with({"authorities": [_team, _all]})
	_codes(both, object.union(_clean, {_all_key: samples.refused("no_attestation")})) == {"no_report"}
	_codes(object.union(both, {"any": true}), {_team_key: samples.refused("timeout"), _all_key: samples.refused("no_attestation")}) == {"no_report", "unknown"}
}

_exception := {"id": "CVE-2026-1", "images": ["registry.example/team/*"], "owner": "the team", "reason": "no fix yet", "expires": "2026-11-21"}

test_deny_expired_exception if {
	ended := object.union(_exception, {"expires": "2026-11-20"})
	_codes(_with({"exceptions": [ended]}), _reports([_found([_finding({})])])) == {"findings"}
	samples.said(_notes(_with({"exceptions": [ended]}), _reports([_found([_finding({})])]))) == {[
		"scanned_images.exception_expired", "spec.containers[0]",
		`image "registry.example/team/app:1" of container "app" in Pod shop/web: the exception for CVE-2026-1 ended on 2026-11-20 (owner the team, reason: no fix yet). Mend the finding, or have the owner of the exception renew it; remove the exception when it is needed no more.`,
	]}
}

test_deny_exception_for_another_image if {
	other := object.union(_exception, {"images": ["registry.example/other/*"]})
	_codes(_with({"exceptions": [other]}), _reports([_found([_finding({})])])) == {"findings"}
	_notes(_with({"exceptions": [other]}), _reports([_found([_finding({})])])) == set()
}

# An exception is for its findings and for nothing beside them.
test_deny_beside_an_exception if {
	two := _reports([_found([_finding({}), _finding({"id": "CVE-2026-2"})])])
	_why(_with({"exceptions": [_exception]}), two) == {`trivy found CVE-2026-2 (critical, openssl 1, fixed in 2) (report of "team", 2026-11-20T12:00:00Z)`}
}

test_deny_wrong_parameters if {
	wrong := {parameters: found |
		some [parameters, problems] in [
			[null, {"scanned_images has to be an object"}],
			[_with({"severity": "high"}), {"scanned_images.severity is not a parameter"}],
			[_with({"authorities": []}), {"scanned_images.authorities is missing or empty: nobody is trusted"}],
			[_with({"authorities": [object.union(_team, {"repositories": []})]}), {"scanned_images.authorities[0].repositories is not a parameter"}],
			[_with({"max_scan_age": 7}), {"scanned_images.max_scan_age has to be a string"}],
			[object.remove(_rules, ["max_scan_age"]), {"scanned_images.max_scan_age has to be a duration like 48h or 7d"}],
			[{}, {
				"scanned_images.authorities is missing or empty: nobody is trusted",
				"scanned_images.fail_on is missing or empty: write the severities that are refused",
				"scanned_images.max_scan_age has to be a duration like 48h or 7d",
				"scanned_images.max_database_age has to be a duration like 48h or 7d",
			}],
		]
		found := {v.msg | some v in _deny(parameters, _clean)}
		[found, _pass(parameters, _clean)] != [{sprintf("Pod shop/web: %s. The owner of the policy has to correct the parameters.", [problem]) | some problem in problems}, set()]
	}
	wrong == {}
	deny := policy.deny with host.object as {"apiVersion": "v1", "kind": "ConfigMap"} with host.parameters as {"scanned_images": {}}
	deny == set()
	requests := policy.requests with host.object as samples.one(_image) with host.parameters as {"scanned_images": _with({"severity": "high"})}
	requests == set()
}

test_allow_clean if {
	_accepts(_rules, _clean)
	_notes(_rules, _clean) == set()
}

test_allow_what_is_not_refused if {
	_accepts(_rules, _reports([_found([_finding({"severity": "medium"})])]))
	_accepts(_with({"kinds": ["secret"]}), _reports([_found([_finding({})])]))
	_accepts(_with({"ignore_unfixed": true}), _reports([_found([_finding({"fixed_in": [], "state": "wont_fix"})])]))
	_accepts(_with({"allow_unknown_database_age": true}), _reports([_report({"db_updated_at": ""})]))
	_accepts(_with({"scanners": ["trivy"]}), _clean)
}

test_allow_newest if _accepts(_rules, _reports([object.union(_found([_finding({})]), {"scanned_at": "2026-11-19T12:00:00Z"}), _report({})]))

test_allow_exception_with_a_note if {
	evidence := _reports([_found([_finding({})])])
	_accepts(_with({"exceptions": [_exception]}), evidence)
	samples.said(_notes(_with({"exceptions": [_exception]}), evidence)) == {
		[
			"scanned_images.excepted", "spec.containers[0]",
			`image "registry.example/team/app:1" of container "app" in Pod shop/web: CVE-2026-1 is excepted until 2026-11-21 (owner the team, reason: no fix yet). Mend the finding before the exception ends.`,
		],
		[
			"scanned_images.exception_expiring", "spec.containers[0]",
			`image "registry.example/team/app:1" of container "app" in Pod shop/web: the exception for CVE-2026-1 ends on 2026-11-21 (owner the team, reason: no fix yet). Mend the finding, or have the owner of the exception renew it.`,
		],
	}
}

test_allow_suppressed_with_a_note if {
	evidence := _reports([_found([_finding({"suppressed": true})])])
	_accepts(_with({"accept_suppressed": true}), evidence)
	samples.said(_notes(_with({"accept_suppressed": true}), evidence)) == {[
		"scanned_images.suppressed", "spec.containers[0]",
		`image "registry.example/team/app:1" of container "app" in Pod shop/web: the scanner set aside CVE-2026-1 (critical, openssl 1, fixed in 2). See that what is set aside is meant to be.`,
	]}
}

# What is set aside needs no exception, so none is used.
test_allow_suppressed_and_excepted if {
	evidence := _reports([_found([_finding({"suppressed": true})])])
	later := object.union(_exception, {"expires": "2027-11-21"})
	{v.code | some v in _notes(_with({"accept_suppressed": true, "exceptions": [later]}), evidence)} == {"scanned_images.suppressed", "scanned_images.exceptions_unused"}
}

test_allow_two_authorities if {
	both := _with({"authorities": [_team, _all]})
	_accepts(both, object.union(_clean, {_all_key: samples.ok({"reports": [_report({})]})}))
	_accepts(object.union(both, {"any": true}), object.union(_clean, {_all_key: samples.refused("no_attestation")}))
}

test_allow_asks_once_for_each_authority if {
	requests := policy.requests with host.object as samples.one(_image) with host.parameters as {"scanned_images": _with({"authorities": [_team, _all]})}
	{json.marshal(request) | some request in requests} == {_team_key, _all_key}
}

_about(name, version, digest) := _report({"scanner": {"name": name, "version": version}, "signers": [{"image": digest}]})

# With platforms: each a scanner has to speak of every platform.
test_deny_scanner_of_one_platform_only if {
	amd64 := [_about("trivy", "0.60.0", "sha256:1"), _about("grype", "1.0.0", "sha256:1")]
	both := _with({"scanners": ["trivy", {"name": "grype", "min_version": "1.0.0"}]})
	missing := _reports(array.concat(amd64, [_about("trivy", "0.60.0", "sha256:2")]))
	_pass(both, missing) == set()
	{v.code | some v in _deny(both, missing)} == {"scanned_images.scanner_missing"}
	outdated := _reports(array.concat(amd64, [_about("trivy", "0.60.0", "sha256:2"), _about("grype", "0.9.0", "sha256:2")]))
	_pass(both, outdated) == set()
	{v.code | some v in _deny(both, outdated)} == {"scanned_images.scanner_outdated"}
	_deny(both, _reports(array.concat(amd64, [_about("trivy", "0.60.0", "sha256:2"), _about("grype", "1.1.0", "sha256:2")]))) == set()
}
