package lib.waxseal.scans_test

import data.lib.waxseal.scans

_grace := {"critical": "0h", "high": "7d", "medium": "30d"}

_high(patch) := _finding(object.union({"severity": "high", "published_at": "2026-11-20T00:00:00Z", "first_seen_at": ""}, patch))

# It is noon on 2026-11-21.
test_grace if {
	wrong := {[patch, grace, passes] |
		some [patch, grace, passes] in [
			[{}, {}, true],
			[{"published_at": "2026-11-21T12:00:00Z"}, {}, true],
			[{"published_at": "2026-11-14T12:00:01Z"}, {}, true],
			[{"published_at": "2026-11-14T12:00:00Z"}, {}, false],
			[{"published_at": "2020-01-01T00:00:00Z"}, {}, false],
			# No day, none that can be read, and one to come give nothing.
			[{"published_at": ""}, {}, false],
			[{"published_at": "yesterday"}, {}, false],
			[{"published_at": "2026-11-21T12:00:01Z"}, {}, false],
			# Of another severity.
			[{"severity": "critical"}, {}, false],
			[{"severity": "critical"}, {"critical": "2d"}, true],
			# Only vulnerabilities are given time.
			[{"kind": "secret"}, {}, false],
			[{"kind": "malware"}, {}, false],
			# From the day when it was first seen, and no other one.
			[{}, {"by": "first_seen"}, false],
			[{"first_seen_at": "2026-11-20T00:00:00Z", "published_at": "2020-01-01T00:00:00Z"}, {"by": "first_seen"}, true],
			[{"first_seen_at": "2020-01-01T00:00:00Z"}, {"by": "first_seen"}, false],
			[{"first_seen_at": "2026-11-22T00:00:00Z"}, {"by": "first_seen"}, false],
			[{"first_seen_at": "2026-11-20T00:00:00Z", "published_at": ""}, {"by": "published"}, false],
		]
		passes == _denied(_high(patch), {"grace": object.union(_grace, grace)})
	}
	wrong == set()
	_denied(object.remove(_high({}), ["published_at"]), {"grace": _grace})
	_denied(_high({}), {})
}

test_grace_words if {
	wrong := {[patch, grace, words] |
		some [patch, grace, words] in [
			[{"published_at": "2026-11-01T00:00:00Z"}, {}, "its grace of 7d ended 2026-11-08T00:00:00Z"],
			[{"published_at": ""}, {}, "no grace, for the report does not say when it was published"],
			[{}, {"by": "first_seen"}, "no grace, for the report does not say when it was first seen"],
			[{"published_at": "2026-12-01T00:00:00Z"}, {}, "no grace, for it is dated 2026-12-01T00:00:00Z, in the future"],
			[{"severity": "critical"}, {}, "critical vulnerabilities get no grace"],
			[{"kind": "secret"}, {}, ""],
		]
		words != scans.graceless(_high(patch), _ready({"grace": object.union(_grace, grace)}))
	}
	wrong == set()
	scans.graceless(_high({}), _ready({})) == ""
}

test_grace_end if scans.grace_end(_high({}), _ready({"grace": _grace})) == "2026-11-27T00:00:00Z"

# What passes for another reason does not wait.
test_waiting if {
	ready := _ready({"grace": _grace, "ignore_unfixed": true, "fail_on_known_exploited": true, "known_exploited": ["CVE-2026-9"]})
	found := [
		_high({}), _high({"id": "CVE-2026-2", "fixed_in": [], "state": "not_fixed"}), _high({"id": "CVE-2026-9"}),
		_high({"id": "CVE-2026-3", "severity": "medium"}), _high({"id": "CVE-2026-4", "published_at": ""}),
	]
	{finding.id | some finding in scans.waiting(_report({"findings": found}), ready)} == {"CVE-2026-1"}
	scans.waiting(_report({"findings": found}), _ready({})) == set()
}

test_grace_problems if {
	_problems({"grace": _grace}) == set()
	_problems({"grace": {"by": "first_seen", "low": "4w"}}) == set()
	_problems({"grace": {}}) == {"p.grace gives nothing: write a duration for a severity"}
	_problems({"grace": {"high": "0x"}}) == {"p.grace.high has to be a duration like 7d, or 0h for none"}
	_problems({"grace": {"high": "7d", "by": "built"}}) == {"p.grace.by has to be published or first_seen"}
}
