package lib.waxseal.scans

# METADATA
# title: Findings in words
# description: The worst first, at most ten of them.
listed(findings) := _sentence(findings, 10, {})

# METADATA
# title: Findings in words, with why they do not pass
# description: >-
#   The worst first. All of them, up to a hundred; of more the rest is counted by
#   severity. For each its package and fix, and where it is so that it is known to
#   be exploited, or why it has no time left.
explained(findings, ready) := _sentence(findings, 100, ready)

_sentence(findings, limit, ready) := concat("", [concat(", ", texts), _rest(array.slice(sorted, limit, count(sorted)))]) if {
	sorted := sort([[_rank(finding), finding] | some finding in findings])
	texts := [_text(finding, ready) | some [_, finding] in array.slice(sorted, 0, limit)]
}

_rest([]) := ""

_rest(ranked) := sprintf(" and %d more (%s)", [count(ranked), concat(", ", [text |
	some severity in array.concat(severities, ["other"])
	n := count([1 | some [_, finding] in ranked; _word(finding) == severity])
	n > 0
	text := sprintf("%d %s", [n, severity])
])]) if {
	count(ranked) > 0
}

_word(finding) := finding.severity if finding.severity in severities

else := "other"

_rank(finding) := [rank, finding.id] if {
	some rank, severity in severities
	severity == finding.severity
} else := [-1, finding.id]

_text(finding, ready) := sprintf("%s (%s)", [finding.id, concat(", ", [part |
	some part in [_kind(finding), finding.severity, _package(finding), _fix(finding), _why(finding, ready)]
	part != ""
])])

# A vulnerability is what one expects.
_kind(finding) := "" if finding.kind == "vulnerability"

else := finding.kind

_package(finding) := trim_space(concat(" ", [finding.package.name, finding.package.version]))

_fix(finding) := sprintf("fixed in %s", [concat(" or ", finding.fixed_in)]) if {
	count(finding.fixed_in) > 0
} else := ""

_why(finding, ready) := exploitation(finding, ready) if {
	exploited(finding, ready)
} else := graceless(finding, ready)
