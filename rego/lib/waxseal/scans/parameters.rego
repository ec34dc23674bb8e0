package lib.waxseal.scans

import data.lib.waxseal.clock

# METADATA
# title: The shape of the rules for reports in parameters
shape := {
	"fail_on": "array",
	"fail_on.*": "string",
	"kinds": "array",
	"kinds.*": "string",
	"ignore_unfixed": "boolean",
	"accept_suppressed": "boolean",
	"max_scan_age": "string",
	"max_database_age": "string",
	"allow_unknown_database_age": "boolean",
	"scanners": "array",
	"scanners.*": "string",
}

# METADATA
# title: What is wrong with the rules for reports
# description: A set of sentences. Types are the business of the shape.
problems(name, rules) := _limits(name, rules) | _words(name, rules)

_limits(name, rules) := {problem |
	some field in {"max_scan_age", "max_database_age"}
	not _lasts(rules, field)
	problem := sprintf("%s.%s has to be a duration like 48h or 7d", [name, field])
}

_lasts(rules, field) if clock.duration(rules[field])

_words(name, rules) := union({
	{sprintf("%s.fail_on is missing or empty: write the severities that are refused", [name]) | object.get(rules, "fail_on", []) == []},
	{sprintf("%s has an empty list of %s", [name, field]) | some field in {"kinds", "scanners"}; rules[field] == []},
	{problem |
		some field, known in {"fail_on": severities, "kinds": kinds}
		some word in rules[field]
		not word in known
		problem := sprintf("%s.%s has %q; there are %s", [name, field, word, concat(", ", known)])
	},
})
