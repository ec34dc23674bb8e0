# METADATA
# title: Places in an object
# description: How a place in an object or in parameters is written for people.
package lib.waxseal.place

# METADATA
# title: The place as text
# description: '["spec", "containers", 0] is spec.containers[0].'
text(steps) := trim_prefix(concat("", [part | some step in steps; part := _part(step)]), ".")

_part(step) := sprintf("[%d]", [step]) if is_number(step)

_part(step) := sprintf(".%s", [step]) if {
	is_string(step)
	regex.match(`^[A-Za-z_][A-Za-z0-9_-]*$`, step)
}

_part(step) := sprintf("[%q]", [step]) if {
	is_string(step)
	not regex.match(`^[A-Za-z_][A-Za-z0-9_-]*$`, step)
}
