package lib.waxseal.parameters_test

import data.lib.waxseal.parameters

_shape := {
	"": "object",
	"mode": "string",
	"on": "boolean",
	"list": "array",
	"list.*": "object",
	"list.*.n": "number",
	"list.*.labels": "map",
	"list.*.any": "scalar",
	"list.*.labels.*": "string",
}

test_problems_none if {
	parameters.problems("p", {}, _shape) == set()
	parameters.problems("p", {"mode": "x", "on": true, "list": [{"n": 1, "labels": {"any.thing": "x", "*": "y"}}, {}]}, _shape) == set()
}

test_problems if {
	wrong := {value: found |
		some [value, problems] in [
			[null, {"p has to be an object"}],
			["x", {"p has to be an object"}],
			[[], {"p has to be an object"}],
			[[{"a": 1}], {"p has to be an object"}],
			[{"mod": {"a": {"b": 1}}}, {"p.mod is not a parameter"}],
			[{"mode": {"a": 1}}, {"p.mode has to be a string"}],
			[{"on": "true"}, {"p.on has to be a boolean"}],
			[{"list": {}}, {"p.list has to be an array"}],
			[{"list": [1]}, {"p.list[0] has to be an object"}],
			[{"list": [{"n": "1"}]}, {"p.list[0].n has to be a number"}],
			[{"list": [{}, {"m": 1}]}, {"p.list[1].m is not a parameter"}],
			[{"list": [{"labels": []}]}, {"p.list[0].labels has to be a map"}],
			[{"list": [{"any": null}, {"any": [1]}]}, {"p.list[0].any has to be a scalar", "p.list[1].any has to be a scalar"}],
			[{"list": [{"any": 1}, {"any": false}, {"any": ""}]}, set()],
			[{"list": [{"labels": {"a": 1}}]}, {"p.list[0].labels.a has to be a string"}],
			[{"list.*": {}}, {`p["list.*"] is not a parameter`}],
			[{"list": [{"*": {}}]}, {`p.list[0]["*"] is not a parameter`}],
			[{"Mode": "x"}, {"p.Mode is not a parameter"}],
			[{"": "x"}, {`p[""] is not a parameter`}],
		]
		found := parameters.problems("p", value, _shape)
		found != problems
	}
	wrong == {}
}
