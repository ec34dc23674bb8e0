package lib.waxseal.scans_test

import data.lib.waxseal.clock
import data.lib.waxseal.scans

_now := clock.instant("2026-11-21T12:00:00Z")

_rules := {"fail_on": ["critical", "high"], "max_scan_age": "7d", "max_database_age": "48h"}

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

test_newest if {
	old := _report({"scanned_at": "2026-11-19T12:00:00Z"})
	other := _report({"scanner": {"name": "grype"}, "scanned_at": "2026-11-18T12:00:00Z"})
	scans.newest([old, _report({}), other]) == {_report({}), other}
	scans.newest([]) == set()
}

test_newest_of_each_sort if {
	old := _report({"scanned_at": "2026-11-19T12:00:00Z"})
	sarif := _report({"format": "sarif"})
	other := _report({"predicate_type": "https://in-toto.io/attestation/vulns/v0.1"})
	scans.newest([old, sarif, other]) == {old, sarif, other}
	scans.newest([old, sarif, other, _report({})]) == {_report({}), sarif, other}
	scans.newest([old, object.remove(_report({}), ["format"])]) == {old, object.remove(_report({}), ["format"])}
}

# A newer report about one platform of an index says nothing about another one.
test_newest_of_each_platform if {
	amd64 := {"signers": [{"image": "sha256:amd64"}]}
	arm64 := {"signers": [{"image": "sha256:arm64"}]}
	old := object.union(_report({"scanned_at": "2026-11-19T12:00:00Z"}), arm64)
	scans.newest([old, object.union(_report({}), amd64)]) == {old, object.union(_report({}), amd64)}
	scans.newest([old, object.union(_report({}), arm64)]) == {object.union(_report({}), arm64)}
}

# On a tie both count, and one that hides its time is not left out.
test_newest_tie_and_unknown if {
	twin := _report({"findings": [_finding({})]})
	unknown := _report({"scanned_at": ""})
	scans.newest([twin, _report({}), unknown]) == {twin, _report({}), unknown}
}

# Times are compared, not texts.
test_newest_across_time_zones if {
	later := _report({"scanned_at": "2026-11-20T08:00:00-06:00"})
	scans.newest([later, _report({})]) == {later}
}

_stale(patch, rules) := {stale.state | some stale in scans.staleness(_report(patch), rules, _now)}

_fresh(patch, rules) if scans.fresh(_report(patch), rules, _now)

test_fresh if {
	wrong := {patch |
		some patch in {
			{},
			{"scanned_at": "2026-11-21T12:00:00Z"},
			{"scanned_at": "2026-11-14T12:00:00Z"},
			{"db_updated_at": "2026-11-19T12:00:00Z"},
		}
		{_stale(patch, _rules), {true | _fresh(patch, _rules)}} != {set(), {true}}
	}
	wrong == set()
}

test_fresh_not if {
	wrong := {patch: found |
		some [patch, states] in [
			[{"scanned_at": ""}, {"scan_age_unknown"}],
			[{"scanned_at": "yesterday"}, {"scan_age_unknown"}],
			[{"scanned_at": "2026-11-21T12:00:01Z"}, {"scan_in_future"}],
			[{"scanned_at": "2026-11-14T11:59:59Z"}, {"scan_too_old"}],
			[{"db_updated_at": ""}, {"database_age_unknown"}],
			[{"db_updated_at": "2027-01-01T00:00:00Z"}, {"database_in_future"}],
			[{"db_updated_at": "2026-11-19T11:59:59Z"}, {"database_too_old"}],
			[{"scanned_at": "", "db_updated_at": "2020-01-01T00:00:00Z"}, {"scan_age_unknown", "database_too_old"}],
		]
		found := _stale(patch, _rules)
		{found, {false | not _fresh(patch, _rules)}} != {states, {false}}
	}
	wrong == {}
}

# Only an unknown age may be allowed, never a bad one.
test_fresh_with_unknown_database if {
	rules := object.union(_rules, {"allow_unknown_database_age": true})
	_fresh({"db_updated_at": ""}, rules)
	_stale({"db_updated_at": ""}, rules) == set()
	_stale({"db_updated_at": "soon"}, rules) == {"database_age_unknown"}
	_stale({"db_updated_at": "2020-01-01T00:00:00Z"}, rules) == {"database_too_old"}
	_stale({"scanned_at": ""}, rules) == {"scan_age_unknown"}
}

test_staleness_text if {
	{stale.text | some stale in scans.staleness(_report({"scanned_at": "2026-11-01T12:00:00Z", "db_updated_at": "2027-01-01T00:00:00Z"}), _rules, _now)} == {
		"is of 2026-11-01T12:00:00Z, and one of the last 7d was expected",
		"rests on a database of 2027-01-01T00:00:00Z, which is in the future",
	}
	{stale.text | some stale in scans.staleness(_report({"scanned_at": ""}), _rules, _now)} == {"is of an unknown time"}
}

_named(patch, rules) if count(scans.named(_report({"findings": [_finding(patch)]}), scans.prepared(object.union(_rules, rules), _now))) > 0

test_named if {
	wrong := {[patch, rules] |
		some [patch, rules] in [
			[{}, {}],
			[{"severity": "high"}, {}],
			[{"severity": "Critical"}, {}],
			[{"severity": ""}, {}],
			[{"severity": "unknown"}, {"fail_on": ["unknown"]}],
			[{"severity": "low"}, {"fail_on": []}],
			[{"kind": "secret"}, {}],
			[{"kind": "odd"}, {"kinds": ["vulnerability"]}],
			[{"kind": "secret"}, {"kinds": ["secret"]}],
			[{"fixed_in": [], "state": "unknown"}, {"ignore_unfixed": true}],
			[{"fixed_in": [], "state": "end_of_life"}, {"ignore_unfixed": true}],
			[{"fixed_in": ["2"], "state": "not_fixed"}, {"ignore_unfixed": true}],
			[{"fixed_in": [], "state": "not_fixed"}, {"ignore_unfixed": false}],
			[{"kind": "secret", "fixed_in": [], "state": "not_fixed"}, {"ignore_unfixed": true}],
			[{"suppressed": true}, {}],
		]
		not _named(patch, rules)
	}
	wrong == set()
}

test_named_not if {
	wrong := {[patch, rules] |
		some [patch, rules] in [
			[{"severity": "medium"}, {}],
			[{"severity": "unknown"}, {}],
			[{"kind": "secret"}, {"kinds": ["vulnerability"]}],
			[{"fixed_in": [], "state": "not_fixed"}, {"ignore_unfixed": true}],
			[{"fixed_in": [], "state": "wont_fix"}, {"ignore_unfixed": true}],
		]
		_named(patch, rules)
	}
	wrong == set()
}

_problems(patch) := scans.problems("p", object.union(_rules, patch))

test_problems if {
	_problems({}) == set()
	_problems({"scanners": ["trivy"], "kinds": ["secret"]}) == set()
	wrong := {patch: found |
		some [patch, problems] in [
			[{"max_scan_age": "soon"}, {"p.max_scan_age has to be a duration like 48h or 7d"}],
			[{"max_database_age": "0h"}, {"p.max_database_age has to be a duration like 48h or 7d"}],
			[{"fail_on": []}, {"p.fail_on is missing or empty: write the severities that are refused"}],
			[{"fail_on": ["severe"]}, {`p.fail_on has "severe"; there are critical, high, medium, low, negligible, unknown`}],
			[{"kinds": ["virus"]}, {`p.kinds has "virus"; there are licence, malware, misconfiguration, secret, vulnerability`}],
			[{"kinds": [], "scanners": []}, {"p has an empty list of kinds", "p has an empty list of scanners"}],
		]
		found := _problems(patch)
		found != problems
	}
	wrong == {}
	scans.problems("p", {}) == {
		"p.max_scan_age has to be a duration like 48h or 7d",
		"p.max_database_age has to be a duration like 48h or 7d",
		"p.fail_on is missing or empty: write the severities that are refused",
	}
}
