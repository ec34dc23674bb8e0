# METADATA
# title: Parameters
# description: >-
#   Compares the parameters of a policy with their shape, so that a misspelt key
#   denies and is never ignored. A shape is a table from places to types: "" is
#   the whole, "authorities.*" an element, type map has free keys, string|object
#   is one of two, and a scalar is a string, a number or a boolean.
package lib.waxseal.parameters

import data.lib.waxseal.place

# METADATA
# title: What is wrong with a value
# description: A set of sentences; empty when the value has the shape.
problems(name, value, shape) := {problem |
	walk(value, [steps, node])
	_inside(steps, shape)
	problem := _problem(place.text(array.concat([name], steps)), node, object.get(shape, _slot(steps, shape), "nothing"))
}

_problem(where, _, "nothing") := sprintf("%s is not a parameter", [where])

_problem(where, node, types) := sprintf("%s has to be %s", [where, concat(" or ", [sprintf("%s %s", [_article(type), type]) | some type in split(types, "|")])]) if {
	types != "nothing"
	not _one_of(node, types)
}

_one_of(node, types) if {
	some type in split(types, "|")
	_is(node, type)
}

_article(type) := "an" if type in {"array", "object"}

else := "a"

_is(node, type) if type_name(node) == type

_is(node, "map") if is_object(node)

_is(node, "scalar") if type_name(node) in {"string", "number", "boolean"}

# Below what is unknown or of the wrong type nothing more is said.
_inside([], _)

_inside(steps, shape) if {
	count(steps) > 0
	parent := array.slice(steps, 0, count(steps) - 1)
	some type in split(object.get(shape, _slot(parent, shape), "nothing"), "|")
	_holds(type, steps[count(steps) - 1])
}

_holds("array", step) if is_number(step)

_holds(type, step) if {
	type in {"object", "map"}
	is_string(step)
}

# The row of the table for a place: indices and free keys are stars.
_slot(steps, shape) := concat(".", array.concat(_stars(parent), ["*"])) if {
	count(steps) > 0
	parent := array.slice(steps, 0, count(steps) - 1)
	shape[concat(".", _stars(parent))] == "map"
} else := concat(".", _stars(steps))

_stars(steps) := [star | some step in steps; star := _star(step)]

_star(step) := "*" if is_number(step)

_star(step) := step if {
	is_string(step)
	regex.match(`^[a-z_]+$`, step)
}

_star(step) := "?" if {
	is_string(step)
	not regex.match(`^[a-z_]+$`, step)
}
