package lib.waxseal.scans_test

import data.lib.waxseal.scans

test_listed if {
	scans.listed({
		_finding({"severity": "low", "id": "CVE-2"}),
		_finding({"id": "CVE-3", "fixed_in": ["2", "3"]}),
		_finding({"id": "CVE-1", "fixed_in": [], "package": {"name": "", "version": ""}}),
		_finding({"id": "CVE-0", "severity": "odd"}),
		_finding({"id": "aws-key", "kind": "secret", "severity": "medium", "fixed_in": [], "package": {"name": "", "version": ""}}),
	}) == concat(", ", [
		"CVE-0 (odd, openssl 1, fixed in 2)", "CVE-1 (critical)", "CVE-3 (critical, openssl 1, fixed in 2 or 3)",
		"aws-key (secret, medium)", "CVE-2 (low, openssl 1, fixed in 2)",
	])
	many := {_finding({"id": sprintf("CVE-%02d", [i])}) | some i in numbers.range(1, 12)}
	endswith(scans.listed(many), "CVE-10 (critical, openssl 1, fixed in 2) and 2 more (2 critical)")
}

# All that fail are named, up to a hundred.
test_explained if {
	many := {_finding({"id": sprintf("CVE-%03d", [i])}) | some i in numbers.range(1, 100)}
	text := scans.explained(many, _ready({}))
	every finding in many {
		contains(text, sprintf("%s (critical, openssl 1, fixed in 2)", [finding.id]))
	}
	endswith(text, "CVE-100 (critical, openssl 1, fixed in 2)")
	more := (many | {_finding({"id": sprintf("CVE-%03d", [i]), "severity": severity}) | some i in {1, 2}; some severity in {"low", "medium"}}) | {_finding({"severity": "odd"})}
	endswith(scans.explained(more, _ready({})), "CVE-099 (critical, openssl 1, fixed in 2) and 5 more (1 critical, 2 medium, 2 low)")
	endswith(scans.explained({_finding({"id": sprintf("CVE-%03d", [i]), "severity": "odd"}) | some i in numbers.range(1, 101)}, _ready({})), " and 1 more (1 other)")
}

test_explained_with_reasons if {
	ready := _ready({"grace": _grace, "fail_on_known_exploited": true, "known_exploited": _catalogue})
	scans.explained({_high({}), _high({"id": "CVE-2026-2", "published_at": ""}), _finding({"id": "CVE-2026-3"})}, ready) == concat(", ", [
		"CVE-2026-3 (critical, openssl 1, fixed in 2, critical vulnerabilities get no grace)",
		"CVE-2026-1 (high, openssl 1, fixed in 2, known to be exploited since 2026-11-10)",
		"CVE-2026-2 (high, openssl 1, fixed in 2, no grace, for the report does not say when it was published)",
	])
}
