package lib.waxseal.scans

# METADATA
# title: The scanners that are asked for and do not speak
# description: >-
#   A set of {state, text} for reports as {scanner, authority, about}, the last one
#   a manifest that is covered. scanner_missing: there is no report of it, or none
#   about one of the manifests that an authority covers; scanner_outdated: there is
#   one, and none is of a version that the rules accept. A version that cannot be
#   read is none of them.
unmet(reports, ready) := set() if {
	ready.any_scanner
	some scanner in ready.required
	_unmet(reports, scanner) == set()
} else := {obstacle |
	some scanner in ready.required
	some obstacle in _unmet(reports, scanner)
}

_unmet(reports, scanner) := {{"state": "scanner_missing", "text": sprintf("there is no report of %s%s, and one was expected", [scanner.name, _by(scanner)])}} if {
	such := _reports(reports, scanner)
	not _speaks(reports, such)
} else := set() if {
	_speaks(reports, {report | some report in _reports(reports, scanner); _accepts(scanner, report.scanner.version)})
} else := {{"state": "scanner_outdated", "text": text} |
	versions := {_quoted(report.scanner.version) | some report in _reports(reports, scanner)}
	text := sprintf("the report of %s%s is of %s, and %s was expected", [scanner.name, _by(scanner), concat(", ", versions), _expected(scanner)])
}

_reports(reports, scanner) := [report |
	some report in reports
	report.scanner.name == scanner.name
	_of(scanner, report.authority)
]

# One authority has such a report about each manifest that its reports cover.
_speaks(reports, such) if {
	some authority in {report.authority | some report in such}
	every covered in {_about(report) | some report in reports; report.authority == authority} {
		some report in such
		report.authority == authority
		_about(report) == covered
	}
}

_about(report) := object.get(report, "about", "")

_of(scanner, authority) if object.get(scanner, "authority", authority) == authority

# A name alone is a scanner of which nothing more is asked.
_described(scanner) := scanner if is_object(scanner)

else := {"name": scanner}

_by(scanner) := sprintf(" by %q", [scanner.authority]) if scanner.authority

else := ""

_quoted("") := "an unknown version"

_quoted(text) := sprintf("version %s", [text]) if text != ""

_expected(scanner) := concat(" and ", [text |
	some text in [_least(scanner), _none_of(scanner)]
	text != ""
])

_least(scanner) := sprintf("%s or later", [scanner.min_version]) if scanner.min_version

else := ""

_none_of(scanner) := sprintf("none of %s", [concat(", ", scanner.denied_versions)]) if scanner.denied_versions

else := ""

_accepts(scanner, _) if {
	not scanner.min_version
	not scanner.denied_versions
}

_accepts(scanner, text) if {
	_order(text) >= _order(object.get(scanner, "min_version", "0"))
	every denied in object.get(scanner, "denied_versions", []) {
		_order(denied) != _order(text)
	}
}

# A version as numbers that compare as versions do: up to four, and whether it is a release. A v before it and
# build metadata behind it are nothing. What is no version is undefined, which is before and behind nothing.
_order(text) := array.concat(array.slice(array.concat(leading, [0, 0, 0]), 0, 4), [_released(suffix)]) if {
	some [_, digits, suffix] in regex.find_all_string_submatch_n(`^v?([0-9]{1,9}(?:\.[0-9]{1,9}){0,3})(-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$`, text, 1)
	leading := [_number(digits_of) | some digits_of in split(digits, ".")]
}

# 08 is a number too.
_number(text) := 0 if trim_left(text, "0") == ""

else := to_number(trim_left(text, "0"))

_released("") := 1

_released(suffix) := 0 if suffix != ""

_unfit(name, parameters) := {problem |
	some i, scanner in parameters.scanners
	some text in _unfitting(_described(scanner), parameters)
	problem := sprintf("%s.scanners[%d] (%s) %s", [name, i, object.get(_described(scanner), "name", "no name"), text])
}

_unfitting(scanner, parameters) := union({
	{"has no name" | object.get(scanner, "name", "") == ""},
	{"has a min_version that is not one: write numbers like 0.50.0" |
		version := scanner.min_version
		not _release(version)
	},
	{"has an empty list of denied_versions" | scanner.denied_versions == []},
	{sprintf("has %q in denied_versions, which is not a version", [version]) |
		some version in scanner.denied_versions
		not _order(version)
	},
	{sprintf("names the authority %q, and there is none of this name", [authority]) |
		authority := scanner.authority
		not _known(authority, parameters)
	},
})

_known(authority, parameters) if {
	some trusted in parameters.authorities
	trusted.name == authority
}

_release(version) if _order(version)[4] == 1
