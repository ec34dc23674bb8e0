package lib.waxseal.scans

import data.lib.waxseal.clock

# METADATA
# title: Whether a finding has time left
# description: >-
#   A vulnerability of a severity that is given some, counted from the day when it
#   became known or was first seen, as the rules say. A day that the report does
#   not tell gives none; nor does one in the future.
in_grace(finding, ready) if {
	finding.kind == "vulnerability"
	clock.instant(_since(finding, ready)) <= ready.now
	ready.now < clock.instant(_since(finding, ready)) + ready.given[finding.severity]
}

# METADATA
# title: The findings of a report that pass only because they have time left
waiting(report, ready) := {finding |
	count(ready.given) > 0
	some finding in report.findings
	in_grace(finding, ready)
	not exploited(finding, ready)
	not _light(finding, ready)
}

# METADATA
# title: Until when a finding has time left
grace_end(finding, ready) := time.format([clock.instant(_since(finding, ready)) + ready.given[finding.severity], "UTC", "2006-01-02T15:04:05Z07:00"])

_since(finding, ready) := object.get(finding, _dates[object.get(ready.grace, "by", "published")], "")

_dates := {"published": "published_at", "first_seen": "first_seen_at"}

# The nanoseconds that are given, by severity.
_given(parameters) := {severity: given |
	some severity in severities
	given := clock.duration(parameters.grace[severity])
}

# METADATA
# title: Why a finding has no time left
# description: In words, or nothing where the rules give none to anything.
graceless(finding, ready) := "" if {
	not ready.grace
} else := "" if {
	finding.kind != "vulnerability"
} else := sprintf("%s vulnerabilities get no grace", [finding.severity]) if {
	not ready.given[finding.severity]
} else := sprintf("no grace, for %s", [_undated[by]]) if {
	by := object.get(ready.grace, "by", "published")
	not _dated(finding, ready)
} else := sprintf("no grace, for it is dated %s, in the future", [_since(finding, ready)]) if {
	clock.instant(_since(finding, ready)) > ready.now
} else := sprintf("its grace of %s ended %s", [ready.grace[finding.severity], grace_end(finding, ready)])

_dated(finding, ready) if clock.instant(_since(finding, ready))

_undated := {
	"published": "the report does not say when it was published",
	"first_seen": "the report does not say when it was first seen",
}

_graceful(name, parameters) := ({problem |
	some severity, length in object.remove(object.get(parameters, "grace", {}), ["by"])
	not _length(length)
	problem := sprintf("%s.grace.%s has to be a duration like 7d, or 0h for none", [name, severity])
} | {problem |
	by := object.get(parameters, ["grace", "by"], "published")
	not _dates[by]
	problem := sprintf("%s.grace.by has to be published or first_seen", [name])
}) | {problem |
	object.get(parameters, "grace", null) == {}
	problem := sprintf("%s.grace gives nothing: write a duration for a severity", [name])
}

_length(text) if clock.duration(text)

_length(text) if regex.match(`^0[smhdw]$`, text)
