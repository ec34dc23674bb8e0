package lib.waxseal.scans_test

import data.lib.waxseal.scans

_ready(patch) := scans.prepared(object.union(_rules, patch), _now)

_denied(patch, rules) if _named(patch, rules)

else := false

_by_kind := {"fail_on": {"vulnerability": ["critical"], "secret": ["critical", "high", "medium"], "licence": ["low"]}}

test_thresholds_by_kind if {
	wrong := {[patch, denied] |
		some [patch, denied] in [
			[{"severity": "critical"}, true],
			[{"severity": "high"}, false],
			[{"kind": "secret", "severity": "medium"}, true],
			[{"kind": "secret", "severity": "low"}, false],
			[{"kind": "licence", "severity": "critical"}, false],
			[{"kind": "licence", "severity": "low"}, true],
			# What has no list of its own is refused whatever it weighs.
			[{"kind": "malware", "severity": "unknown"}, true],
			[{"kind": "misconfiguration", "severity": "negligible"}, true],
			[{"kind": "odd", "severity": "low"}, true],
			[{"severity": "odd"}, true],
		]
		denied != _denied(patch, _by_kind)
	}
	wrong == set()
}

# With one list for all kinds, malware is never light, and a secret that nobody weighed is not either.
test_thresholds_of_a_list if {
	wrong := {[patch, denied] |
		some [patch, denied] in [
			[{"kind": "malware", "severity": "low"}, true],
			[{"kind": "malware", "severity": "unknown"}, true],
			[{"kind": "secret", "severity": "unknown"}, true],
			[{"kind": "secret", "severity": "medium"}, false],
			[{"kind": "misconfiguration", "severity": "unknown"}, false],
			[{"kind": "vulnerability", "severity": "unknown"}, false],
		]
		denied != _denied(patch, {})
	}
	wrong == set()
}

test_thresholds_of_malware_of_their_own if {
	not _named({"kind": "malware", "severity": "low"}, {"fail_on": {"malware": ["critical"]}})
	_named({"kind": "malware", "severity": "critical"}, {"fail_on": {"malware": ["critical"]}})
}

test_kinds_leave_out_whole_kinds if {
	not _named({"kind": "misconfiguration"}, {"fail_on": _by_kind.fail_on, "kinds": ["vulnerability", "secret"]})
	_named({"kind": "secret"}, {"fail_on": _by_kind.fail_on, "kinds": ["vulnerability", "secret"]})
}

# Rules that were not made ready let nothing pass.
test_nothing_passes_by_rules_that_are_not_ready if {
	every patch in [{"severity": "low"}, {"kind": "secret"}, {"fixed_in": [], "state": "not_fixed"}] {
		not scans.tolerated(_finding(patch), object.union(_rules, {"kinds": ["vulnerability"], "ignore_unfixed": true}))
	}
}
