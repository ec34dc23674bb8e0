# METADATA
# title: Scan reports
# description: >-
#   What a policy asks of verified scan reports: which of them count, how old
#   they are, what in them is not acceptable. Everything is a function of its
#   arguments, with the time among them.
package lib.waxseal.scans

import data.lib.waxseal.clock

# METADATA
# title: The newest reports of each scanner
# description: >-
#   One of each format and type of predicate: a report of another sort may say
#   less, so it replaces none. Reports of the same time all count, so that the
#   worse one decides. So does one without a time, which may be the newest.
newest(reports) := {report |
	some report in reports
	not _superseded(reports, report)
}

_superseded(reports, report) if {
	some other in reports
	_series(other) == _series(report)
	clock.instant(other.scanned_at) > clock.instant(report.scanned_at)
}

_series(report) := [report.scanner.name, report.predicate_type, report.format]

# METADATA
# title: Whether a report is fresh
# description: >-
#   The scan and the scanner's database are of a known time that is not in the
#   future and not too long ago. That the age of a database is unknown may be allowed.
fresh(report, rules, now) if {
	_within(report.scanned_at, rules.max_scan_age, now)
	_database(report.db_updated_at, rules, now)
}

_within(text, limit, now) if {
	clock.instant(text) <= now
	now - clock.instant(text) <= clock.duration(limit)
}

_database(text, rules, now) if _within(text, rules.max_database_age, now)

_database("", rules, _) if rules.allow_unknown_database_age

# METADATA
# title: What is wrong with the times of a report
# description: >-
#   A set of {state, text}; the states are scan_age_unknown, scan_in_future,
#   scan_too_old, and the same of the scanner's database.
staleness(report, rules, now) := {_stale("scan", state, report.scanned_at, rules.max_scan_age) |
	state := _age(report.scanned_at, rules.max_scan_age, now)
} | {_stale("database", state, report.db_updated_at, rules.max_database_age) |
	text := report.db_updated_at
	not _database(text, rules, now)
	state := _age(text, rules.max_database_age, now)
}

_age(text, _, _) := "age_unknown" if not clock.instant(text)

_age(text, _, now) := "in_future" if clock.instant(text) > now

_age(text, limit, now) := "too_old" if now - clock.instant(text) > clock.duration(limit)

_stale(what, state, text, limit) := {"state": concat("_", [what, state]), "text": sprintf("%s %s", [_begins[what], ends[state]])} if {
	ends := {
		"age_unknown": "an unknown time",
		"in_future": sprintf("%s, which is in the future", [text]),
		"too_old": sprintf("%s, and one of the last %s was expected", [text, limit]),
	}
}

_begins := {"scan": "is of", "database": "rests on a database of"}

# METADATA
# title: Whether the rules let a finding pass
# description: >-
#   By its severity, which has to be a known one, by its kind, or because there
#   is no fix and the rules say that this is enough.
tolerated(finding, rules) if {
	count(rules.fail_on) > 0
	finding.severity in severities
	not _refused(finding, rules)
}

tolerated(finding, rules) if {
	finding.kind in kinds
	not _meant(finding, rules)
}

# What a report does not say is not taken for "there is no fix"; nor is the end of a distribution's life.
tolerated(finding, rules) if {
	rules.ignore_unfixed
	finding.kind == "vulnerability"
	finding.state in {"not_fixed", "wont_fix", "deferred"}
	finding.fixed_in == []
}

_refused(finding, rules) if finding.severity in rules.fail_on

_meant(finding, rules) if finding.kind in object.get(rules, "kinds", kinds)

# METADATA
# title: The findings of a report that the rules do not let pass
named(report, rules) := {finding | some finding in report.findings; not tolerated(finding, rules)}

# METADATA
# title: The kinds of findings
kinds := ["licence", "malware", "misconfiguration", "secret", "vulnerability"]

# METADATA
# title: The severities, the worst first
severities := ["critical", "high", "medium", "low", "negligible", "unknown"]

# METADATA
# title: Findings in words
# description: The worst first, at most ten of them.
listed(findings) := concat("", [concat(", ", array.slice(texts, 0, 10)), rest]) if {
	texts := [_text(finding) | some [_, finding] in sort([[_rank(finding), finding] | some finding in findings])]
	rest := _rest(count(texts))
}

_rest(n) := sprintf(" and %d more", [n - 10]) if n > 10

else := ""

_rank(finding) := [rank, finding.id] if {
	some rank, severity in severities
	severity == finding.severity
} else := [-1, finding.id]

_text(finding) := sprintf("%s (%s)", [finding.id, concat(", ", [part |
	some part in [finding.severity, _package(finding), _fix(finding)]
	part != ""
])])

_package(finding) := trim_space(concat(" ", [finding.package.name, finding.package.version]))

_fix(finding) := sprintf("fixed in %s", [concat(" or ", finding.fixed_in)]) if {
	count(finding.fixed_in) > 0
} else := ""
