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
#   One of each format and type of predicate, for each manifest that it is about:
#   a report of another sort or of another platform may say less, so it replaces
#   none. Reports of the same time all count, so that the worse one decides. So
#   does one without a time, which may be the newest.
newest(reports) := {report |
	some report in reports
	not _superseded(reports, report)
}

_superseded(reports, report) if {
	some other in reports
	_series(other) == _series(report)
	clock.instant(other.scanned_at) > clock.instant(report.scanned_at)
}

_series(report) := [report.scanner.name, report.predicate_type, report.format, covered(report)]

# METADATA
# title: The manifests that a report was verified for
# description: Of an index one of its platforms, where these are asked for.
covered(report) := {signer.image | some signer in report.signers}

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
