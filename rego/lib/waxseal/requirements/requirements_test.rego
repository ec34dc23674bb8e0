package lib.waxseal.requirements_test

import data.lib.waxseal.clock
import data.lib.waxseal.requirements

_type := "https://acme.example/approval/v1"

_now := clock.instant("2026-06-30T12:00:00Z")

_statement(predicate) := {"predicate_type": _type, "predicate": predicate, "signers": [{"image": "d"}]}

_good := _statement({
	"decision": "approved", "passed": true, "failed": false, "coverage": 81.5, "errors": 0, "at": "2026-06-20T00:00:00Z",
	"none": null, "list": ["a", {"deep": "x"}], "map": {"k": 1}, "a/b": 1, "c~d": 2, "7": "seven",
})

_one := {"name": "approval", "images": ["registry.example/team/*"], "predicate_type": _type, "signed_by": ["team"]}

_with(patch) := object.union(_one, patch)

_satisfied(statement, conditions) if requirements.satisfied(statement, _with({"conditions": conditions}), _now)

_texts(statement, conditions) := {lack.text | some lack in requirements.lacking(statement, _with({"conditions": conditions}), _now)}

test_type if {
	requirements.type(_one) == _type
	requirements.type({"predicate_type": "slsaprovenance"}) == "https://slsa.dev/provenance/v0.2"
	requirements.type({"predicate_type": "slsaprovenance1"}) == "https://slsa.dev/provenance/v1"
}

test_expected if {
	requirements.expected([_one], "registry.example/team/app:1") == {_one}
	requirements.expected([_one], "registry.example/other/app:1") == set()
}

test_path if {
	paths := [requirements.path(field) | some field in ["a", "a.b", "a.b[0].c", "a[1][2]", "/a/b/0/c", "/a~1b/c~0d", "/00", "a b.c"]; requirements.path(field)]
	paths == [["a"], ["a", "b"], ["a", "b", 0, "c"], ["a", 1, 2], ["a", "b", 0, "c"], ["a/b", "c~d"], ["00"]]
	readable := {field |
		some field in ["", ".", "a.", ".a", "a..b", "a[", "a[]", "a[x]", "[0]", "a[-1]", "/", "//", "/a/", "/~2", "a\n", "a~b", "a[0000000]", 5, null, ["a"], concat("", [_long, _long])]
		requirements.path(field)
	}
	readable == set()
}

_long := concat("", [x | some _ in numbers.range(1, 600); x := "a"])

test_satisfied if {
	requirements.satisfied(_good, _one, _now)
	unmet := {condition |
		some condition in [
			{"field": "decision", "equals": "approved"}, {"field": "passed", "equals": true}, {"field": "failed", "equals": false}, {"field": "coverage", "equals": 81.5},
			{"field": "decision", "one_of": ["waived", "approved"]}, {"field": "failed", "one_of": [true, false]}, {"field": "decision", "pattern": "app*"},
			{"field": "coverage", "at_least": 81.5}, {"field": "coverage", "at_least": 80, "at_most": 100}, {"field": "errors", "at_most": 0},
			{"field": "failed", "exists": true}, {"field": "list", "exists": true}, {"field": "list[1].deep", "equals": "x"}, {"field": "/list/1/deep", "equals": "x"},
			{"field": "map.k", "equals": 1}, {"field": "/a~1b", "equals": 1}, {"field": "/c~0d", "equals": 2}, {"field": "7", "equals": "seven"},
			{"field": "at", "newer_than": "30d"}, {"field": "at", "newer_than": "2026-06-19"}, {"field": "at", "newer_than": "2026-06-19T23:59:59Z"},
		]
		not _satisfied(_good, [condition])
	}
	unmet == set()
}

# What is missing, null, of another type, or named in another case never satisfies.
test_unsatisfied if {
	met := {condition |
		some condition in [
			{"field": "decision", "equals": "approve"}, {"field": "Decision", "equals": "approved"}, {"field": "passed", "equals": "true"}, {"field": "passed", "equals": 1},
			{"field": "coverage", "equals": "81.5"}, {"field": "absent", "equals": false}, {"field": "none", "exists": true}, {"field": "absent", "exists": true},
			{"field": "decision", "one_of": ["Approved"]}, {"field": "decision", "one_of": []}, {"field": "absent", "one_of": [false]}, {"field": "list", "one_of": ["a"]},
			{"field": "decision", "pattern": "app"}, {"field": "passed", "pattern": "true"}, {"field": "coverage", "pattern": "8*"}, {"field": "absent", "pattern": "8*"},
			{"field": "coverage", "at_least": 82}, {"field": "decision", "at_least": 0}, {"field": "passed", "at_least": 0}, {"field": "absent", "at_most": 5}, {"field": "list", "at_least": 0},
			{"field": "map", "at_least": 0}, {"field": "coverage", "at_least": 80, "at_most": 81}, {"field": "list[2]", "exists": true}, {"field": "list[0].deep", "exists": true}, {"field": "map[0]", "exists": true},
			{"field": "decision.x", "exists": true}, {"field": "/7", "exists": true}, {"field": "map.k", "exists": false}, {"field": "map.k"},
			{"field": "at", "newer_than": "10d"}, {"field": "at", "newer_than": "2026-06-20"}, {"field": "at", "newer_than": "2026-06-20T00:00:01Z"}, {"field": "decision", "newer_than": "30d"},
			{"field": "coverage", "newer_than": "30d"}, {"field": "", "exists": true},
		]
		_satisfied(_good, [condition])
	}
	met == set()
	every predicate in [null, [], "x", 5, true, {}] {
		not _satisfied(_statement(predicate), [{"field": "decision", "exists": true}])
	}
	not _satisfied(object.remove(_good, ["predicate"]), [{"field": "decision", "exists": true}])
	not _satisfied(_statement({"at": "2026-07-01T00:00:00Z"}), [{"field": "at", "newer_than": "30d"}])
}

test_unsatisfied_statement if {
	every patch in [{"predicate_type": "https://acme.example/approval/v2"}, {"predicate_type": "https://acme.example/Approval/v1"}, {"signers": []}, {"signers": null}] {
		not requirements.satisfied(object.union(_good, patch), _one, _now)
	}
	not requirements.satisfied({}, _one, _now)
}

# All that is missing is said, not the first.
test_lacking if {
	_texts(_good, [{"field": "decision", "equals": "approved"}, {"field": "coverage", "at_least": 80}]) == set()
	_texts(_good, [
		{"field": "decision", "equals": "rejected"}, {"field": "absent", "one_of": ["a", 1]}, {"field": "decision", "pattern": "x*"}, {"field": "coverage", "at_least": 90, "at_most": 80},
		{"field": "map", "equals": 1}, {"field": "list", "equals": 1}, {"field": "none", "exists": true}, {"field": "failed", "equals": true},
		{"field": "at", "newer_than": "1d"}, {"field": "at", "newer_than": "2026-06-25"},
	]) == {
		`has "approved" in the field "decision", and "rejected" was expected`,
		`has nothing in the field "absent", and one of "a", 1 was expected`,
		`has "approved" in the field "decision", and a text like "x*" was expected`,
		`has 81.5 in the field "coverage", and a number from 90 was expected`,
		`has 81.5 in the field "coverage", and a number up to 80 was expected`,
		`has an object in the field "map", and 1 was expected`,
		`has a list in the field "list", and 1 was expected`,
		`has nothing in the field "none", and something was expected`,
		`has false in the field "failed", and true was expected`,
		`has "2026-06-20T00:00:00Z" in the field "at", and a time of the last 1d was expected`,
		`has "2026-06-20T00:00:00Z" in the field "at", and a time after 2026-06-25 was expected`,
	}
	{count(text) | some text in _texts(_statement({"decision": _long}), [{"field": "decision", "equals": "x"}])} == {150}
}

_aged(at) := _statement({"at": at})

test_age if {
	month := _with({"time_field": "at", "max_age": "30d"})
	requirements.satisfied(_good, month, _now)
	requirements.lacking(_good, month, _now) == set()
	wrong := {at: found |
		some at, state in {"2026-05-01T00:00:00Z": "too_old", "2026-07-01T00:00:00Z": "in_future", "June": "age_unknown", "2026-06-20": "age_unknown"}
		found := [lack.state | some lack in requirements.lacking(_aged(at), month, _now)]
		found != [state]
	}
	wrong == {}
	not requirements.satisfied(_aged("2026-05-01T00:00:00Z"), month, _now)
	not requirements.satisfied(_aged("2026-07-01T00:00:00Z"), month, _now)
	not requirements.satisfied(_aged(5), month, _now)
	requirements.lacking(_statement({}), month, _now) == {{"state": "age_unknown", "text": `has nothing in the field "at" for its time, and one of the last 30d was expected`}}
}

test_counting_newest if {
	old := _aged("2026-05-01T00:00:00Z")
	new := _aged("2026-06-01T00:00:00Z")
	unknown := _aged("x")
	other := object.union(_aged("2026-06-02T00:00:00Z"), {"predicate_type": "https://acme.example/x"})
	requirements.counting([old, new, unknown, other], _with({"time_field": "at", "newest": true})) == {new, unknown}
	requirements.counting([old, new, other], _with({"time_field": "at", "max_age": "1d"})) == {old, new}
	newest := _with({"time_field": "at", "newest": true})
	requirements.satisfied(old, newest, _now)
	{lack.text | some lack in requirements.lacking(unknown, newest, _now)} == {`has "x" in the field "at" for its time, and a time was expected`}
}

_authorities := [{"name": "team"}, {"name": "twice"}, {"name": "twice"}]

_problems(patch) := {trim_prefix(problem, "p.requirements[0] (approval) ") | some problem in requirements.problems("p", [_with(patch)], _authorities)}

test_problems if {
	requirements.problems("p", [], []) == {"p.requirements is missing or empty: nothing is required"}
	requirements.problems("p", [{}], []) == {sprintf("p.requirements[0] (no name) %s", [text]) |
		some text in {"has no name", "has no images: it is for nothing", "has no signed_by: nobody is trusted for it", _untyped("")}
	}
	requirements.problems("p", [_one, _with({"any": true})], _authorities) == {sprintf("p.requirements[%d] (approval) has the name of another requirement", [i]) | some i in [0, 1]}
	wrong := {patch: found |
		some [patch, problems] in [
			[{}, set()],
			[{"conditions": [{"field": "a", "equals": false}, {"field": "a", "newer_than": "30d"}, {"field": "a", "newer_than": "2026-12-31"}, {"field": "a", "pattern": "x"}]}, set()],
			[{"time_field": "at", "max_age": "30d", "newest": true}, set()],
			[{"newest": false}, set()],
			[{"images": ["x"]}, {`has the pattern "x" in images: write host/path, with * for any characters of one segment and a last ** for the rest`}],
			[{"predicate_type": "approval"}, {_untyped("approval")}],
			[{"predicate_type": "SPDX"}, {_untyped("SPDX")}],
			[{"predicate_type": "spdx"}, set()],
			[{"signed_by": ["team", "nobody", "twice"]}, {`is signed by "nobody", and 0 authorities have this name`, `is signed by "twice", and 2 authorities have this name`}],
			[{"conditions": []}, {"has an empty list of conditions: leave it out if it is enough that there is an attestation"}],
			[{"conditions": [{}]}, {"has conditions[0] (no field), which needs a field, as in a.b[0] or /a/b/0", sprintf("has conditions[0] (no field), which %s", [_nothing])}],
			[{"conditions": [{"field": "a"}]}, {sprintf("has conditions[0] (a), which %s", [_nothing])}],
			[{"conditions": [{"field": "a", "one_of": []}]}, {"has conditions[0] (a), which has an empty list of one_of"}],
			[{"conditions": [{"field": "a", "exists": false}]}, {"has conditions[0] (a), which has exists: false, and what is missing never satisfies"}],
			[{"conditions": [{"field": "a", "newer_than": "soon"}]}, {"has conditions[0] (a), which has a newer_than that is neither a duration like 30d nor a time like 2026-12-31"}],
			[{"time_field": "."}, {"has a time_field that is no field: write a.b[0] or /a/b/0", "has a time_field, and neither max_age nor newest"}],
			[{"time_field": "at", "max_age": "30"}, {"has a max_age that is no duration like 48h or 30d"}],
			[{"max_age": "30d", "newest": true}, {"has max_age and no time_field", "has newest and no time_field"}],
		]
		found := _problems(patch)
		found != problems
	}
	wrong == {}
	every pattern in ["", "*", "a?", "a**"] {
		_problems({"conditions": [{"field": "a", "pattern": pattern}]}) == {sprintf("has conditions[0] (a), which has the pattern %q: write the whole text, with * for any characters but a slash, and no other wildcard", [pattern])}
	}
}

_untyped(text) := sprintf("has the predicate type %q: write it in full, as in https://example.com/approval/v1, or one of custom, cyclonedx, link, openvex, slsaprovenance, slsaprovenance02, slsaprovenance1, spdx, spdxjson, vuln", [text])

_nothing := "asks for nothing: write one of at_least, at_most, equals, exists, newer_than, one_of, pattern"
