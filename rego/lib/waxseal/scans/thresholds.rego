package lib.waxseal.scans

# METADATA
# title: The rules for reports, made ready
# description: >-
#   The parameters, and beside them what is looked up for each finding: which
#   severities of which kind are refused, what is known to be exploited, and how
#   long a finding is given. Made once for a decision; what follows takes these
#   rules, and lets nothing pass with others.
prepared(parameters, now) := object.union(parameters, {
	"now": now,
	"refused": {kind: {severity: refuses |
		some severity in severities
		refuses := _refuses(object.get(parameters, "fail_on", []), kind, severity)
	} |
		some kind in kinds
	},
	"exploited": _catalogue(parameters),
	"given": _given(parameters),
	"required": [_described(scanner) | some scanner in object.get(parameters, "scanners", [])],
})

# A list is for all kinds. Malware has no severity that is small enough, and a secret nobody weighed may be any.
_refuses(fail_on, kind, severity) := _listed_severity(fail_on, kind, severity) if is_array(fail_on)

_refuses(fail_on, kind, severity) := severity in object.get(fail_on, kind, severities) if is_object(fail_on)

_listed_severity([], _, _) := true

_listed_severity(fail_on, kind, severity) := severity in ({listed | some listed in fail_on} | object.get(_always, kind, set())) if count(fail_on) > 0

_always := {"malware": {severity | some severity in severities}, "secret": {"unknown"}}

# METADATA
# title: Whether the rules let a finding pass
# description: >-
#   By its severity, which has to be a known one, by its kind, because there is no
#   fix and the rules say that this is enough, or because it has some time left.
#   Nothing of that helps what is known to be exploited.
tolerated(finding, ready) if {
	not exploited(finding, ready)
	_bearable(finding, ready)
}

_bearable(finding, ready) if _light(finding, ready)

_bearable(finding, ready) if in_grace(finding, ready)

_light(finding, ready) if ready.refused[finding.kind][finding.severity] == false

_light(finding, ready) if {
	count(ready.refused) > 0
	finding.kind in kinds
	not _meant(finding, ready)
}

# What a report does not say is not taken for "there is no fix"; nor is the end of a distribution's life.
_light(finding, ready) if {
	count(ready.refused) > 0
	ready.ignore_unfixed
	finding.kind == "vulnerability"
	finding.state in {"not_fixed", "wont_fix", "deferred"}
	finding.fixed_in == []
}

_meant(finding, ready) if finding.kind in object.get(ready, "kinds", kinds)

# METADATA
# title: The findings of a report that the rules do not let pass
named(report, ready) := {finding | some finding in report.findings; not tolerated(finding, ready)}

# METADATA
# title: The kinds of findings
kinds := ["licence", "malware", "misconfiguration", "secret", "vulnerability"]

# METADATA
# title: The severities, the worst first
severities := ["critical", "high", "medium", "low", "negligible", "unknown"]
