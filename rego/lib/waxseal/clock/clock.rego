# METADATA
# title: Times and durations
# description: Read as nanoseconds. What cannot be read is undefined, and never a time.
package lib.waxseal.clock

# METADATA
# title: A point in time
# description: RFC 3339, as evidence writes it, of the years 1700 to 2261, which have a number of nanoseconds.
instant(text) := time.parse_rfc3339_ns(text) if _dated(text)

# METADATA
# title: The end of what is written
# description: A day in the calendar (UTC) ends with the day; a point in time is itself.
end(text) := instant(text)

end(text) := instant(concat("", [text, "T00:00:00Z"])) + duration("1d") if {
	is_string(text)
	regex.match(`^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$`, text)
}

# METADATA
# title: A duration
# description: 'A whole number and a unit: s, m, h, d (24 hours) or w.'
duration(text) := to_number(amount) * _units[unit] if {
	is_string(text)
	some [_, amount, unit] in regex.find_all_string_submatch_n(`^([1-9][0-9]{0,5})([smhdw])$`, text, 1)
}

_units := {"s": 1000000000, "m": 60000000000, "h": 3600000000000, "d": 86400000000000, "w": 604800000000000}

_dated(text) if {
	is_string(text)
	regex.match(`^(?:1[7-9][0-9]{2}|2[01][0-9]{2}|22[0-5][0-9]|226[01])-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:Z|[+-][0-2][0-9]:[0-5][0-9])$`, text)
}
