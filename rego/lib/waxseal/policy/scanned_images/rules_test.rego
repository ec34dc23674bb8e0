package lib.waxseal.policy.scanned_images_test

import data.lib.waxseal.samples_test as samples

_high(patch) := _finding(object.union({"severity": "high", "published_at": "2026-11-20T00:00:00Z"}, patch))

_grace := {"grace": {"by": "published", "high": "7d"}}

test_allow_in_grace_with_a_note if {
	evidence := _reports([_found([_high({}), _high({"id": "CVE-2026-2", "published_at": "2026-11-18T00:00:00Z"})])])
	_accepts(_with(_grace), evidence)
	samples.said(_notes(_with(_grace), evidence)) == {[
		"scanned_images.in_grace", "spec.containers[0]",
		`image "registry.example/team/app:1" of container "app" in Pod shop/web: trivy found CVE-2026-1 (high, openssl 1, fixed in 2), CVE-2026-2 (high, openssl 1, fixed in 2), with time until 2026-11-25T00:00:00Z at the earliest. Mend the findings before their time ends.`,
	]}
	_codes(_rules, evidence) == {"findings"}
	_notes(_rules, evidence) == set()
}

test_deny_after_grace if {
	evidence := _reports([_found([
		_high({"published_at": "2026-11-01T00:00:00Z"}), _high({"id": "CVE-2026-2", "published_at": ""}),
		_high({"id": "CVE-2026-3", "published_at": "2026-12-01T00:00:00Z"}), _finding({"id": "CVE-2026-4"}), _high({"id": "CVE-2026-5"}),
	])])
	_codes(_with(_grace), evidence) == {"findings"}
	_why(_with(_grace), evidence) == {concat("", [
		"trivy found CVE-2026-4 (critical, openssl 1, fixed in 2, critical vulnerabilities get no grace), ",
		"CVE-2026-1 (high, openssl 1, fixed in 2, its grace of 7d ended 2026-11-08T00:00:00Z), ",
		"CVE-2026-2 (high, openssl 1, fixed in 2, no grace, for the report does not say when it was published), ",
		"CVE-2026-3 (high, openssl 1, fixed in 2, no grace, for it is dated 2026-12-01T00:00:00Z, in the future) ",
		`(report of "team", 2026-11-20T12:00:00Z)`,
	])}
}

test_deny_known_exploited if {
	listed := {"fail_on_known_exploited": true, "known_exploited": [{"id": "CVE-2026-1", "date": "2026-11-20"}], "ignore_unfixed": true}
	evidence := _reports([_found([_high({"severity": "low", "fixed_in": [], "state": "not_fixed"})])])
	_codes(_with(object.union(_grace, listed)), evidence) == {"findings"}
	_why(_with(object.union(_grace, listed)), evidence) == {`trivy found CVE-2026-1 (low, openssl 1, known to be exploited since 2026-11-20) (report of "team", 2026-11-20T12:00:00Z)`}
	_accepts(_with(object.union(listed, {"fail_on_known_exploited": false})), evidence)
}

test_deny_by_kind if {
	rules := _with({"fail_on": {"vulnerability": ["critical"], "secret": ["high"]}})
	evidence := _reports([_found([_high({}), _finding({"id": "aws-key", "kind": "secret", "severity": "high"}), _finding({"id": "Eicar", "kind": "malware", "severity": "unknown"})])])
	_why(rules, evidence) == {`trivy found aws-key (secret, high, openssl 1, fixed in 2), Eicar (malware, unknown, openssl 1, fixed in 2) (report of "team", 2026-11-20T12:00:00Z)`}
	_accepts(rules, _reports([_found([_high({})])]))
}

test_deny_scanner_outdated if {
	rules := _with({"scanners": [{"name": "trivy", "min_version": "1.1", "authority": "team"}]})
	_codes(rules, _clean) == {"scanner_outdated"}
	_why(rules, _clean) == {`the report of trivy by "team" is of version 1, and 1.1 or later was expected`}
}

test_deny_scanner_of_an_authority if {
	both := _with({"authorities": [_team, _all], "scanners": [{"name": "grype", "authority": "team"}]})
	grype := samples.ok({"reports": [_report({"scanner": {"name": "grype", "version": "1"}})]})
	_codes(both, object.union(_clean, {_all_key: grype})) == {"scanner_missing"}
	_accepts(object.union(both, {"scanners": [{"name": "grype", "authority": "all"}]}), object.union(_clean, {_all_key: grype}))
}

# The newest report says of which version the scanner is; an older one does not make up for it.
test_deny_scanner_outdated_in_the_newest_report if {
	rules := _with({"scanners": [{"name": "trivy", "min_version": "0.50.0"}]})
	old := _report({"scanner": {"name": "trivy", "version": "0.49.0"}})
	older := _report({"scanner": {"name": "trivy", "version": "0.60.0"}, "scanned_at": "2026-11-19T12:00:00Z"})
	_codes(rules, _reports([old, older])) == {"scanner_outdated"}
	_accepts(rules, _reports([object.union(old, {"scanned_at": "2026-11-18T12:00:00Z"}), older]))
}

# A newer report about one platform does not stand in for a bad one about another.
test_deny_another_platform if {
	bad := object.union(_found([_finding({})]), {"scanned_at": "2026-11-19T12:00:00Z", "signers": [{"image": "sha256:arm64"}]})
	good := object.union(_report({}), {"signers": [{"image": "sha256:amd64"}]})
	_codes(_rules, _reports([bad, good])) == {"findings"}
	_accepts(_rules, _reports([bad, object.union(good, {"signers": [{"image": "sha256:arm64"}]})]))
}

test_deny_without_a_catalogue if {
	{v.msg | some v in _deny(_with({"fail_on_known_exploited": true}), _clean)} == {"Pod shop/web: scanned_images.known_exploited is missing or empty, and what is known to be exploited has to be refused. The owner of the policy has to correct the parameters."}
}
