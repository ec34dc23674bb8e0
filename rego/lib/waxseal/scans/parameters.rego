package lib.waxseal.scans

import data.lib.waxseal.clock

# METADATA
# title: The shape of the rules for reports in parameters
shape := {
	"fail_on": "array|object",
	"fail_on.*": "string",
	"fail_on.licence": "array",
	"fail_on.licence.*": "string",
	"fail_on.malware": "array",
	"fail_on.malware.*": "string",
	"fail_on.misconfiguration": "array",
	"fail_on.misconfiguration.*": "string",
	"fail_on.secret": "array",
	"fail_on.secret.*": "string",
	"fail_on.vulnerability": "array",
	"fail_on.vulnerability.*": "string",
	"kinds": "array",
	"kinds.*": "string",
	"ignore_unfixed": "boolean",
	"accept_suppressed": "boolean",
	"max_scan_age": "string",
	"max_database_age": "string",
	"allow_unknown_database_age": "boolean",
	"scanners": "array",
	"scanners.*": "string|object",
	"scanners.*.name": "string",
	"scanners.*.min_version": "string",
	"scanners.*.denied_versions": "array",
	"scanners.*.denied_versions.*": "string",
	"scanners.*.authority": "string",
	"any_scanner": "boolean",
	"grace": "object",
	"grace.by": "string",
	"grace.critical": "string",
	"grace.high": "string",
	"grace.medium": "string",
	"grace.low": "string",
	"grace.negligible": "string",
	"grace.unknown": "string",
	"fail_on_known_exploited": "boolean",
}

# METADATA
# title: What is wrong with the rules for reports
# description: A set of sentences. Types are the business of the shape.
problems(name, rules) := union({_limits(name, rules), _words(name, rules), _unfit(name, rules), _graceful(name, rules), _uncatalogued(name, rules)})

_limits(name, rules) := {problem |
	some field in {"max_scan_age", "max_database_age"}
	not _lasts(rules, field)
	problem := sprintf("%s.%s has to be a duration like 48h or 7d", [name, field])
}

_lasts(rules, field) if clock.duration(rules[field])

_words(name, rules) := union({
	{sprintf("%s.fail_on is missing or empty: write the severities that are refused", [name]) | object.get(rules, "fail_on", []) in [[], {}]},
	{sprintf("%s.fail_on.%s is empty: leave the kind out of kinds instead", [name, kind]) | is_object(rules.fail_on); some kind, [] in rules.fail_on},
	{sprintf("%s has an empty list of %s", [name, field]) | some field in {"kinds", "scanners"}; rules[field] == []},
	{problem |
		some [field, known, words] in _written(rules)
		some word in words
		not word in known
		problem := sprintf("%s.%s has %q; there are %s", [name, field, word, concat(", ", known)])
	},
})

# What is written, where, and what may be.
_written(rules) := {[field, known, object.get(rules, field, [])] |
	some field, known in {"fail_on": severities, "kinds": kinds}
	is_array(rules[field])
} | {[concat(".", ["fail_on", kind]), severities, words] |
	is_object(rules.fail_on)
	some kind, words in rules.fail_on
}
