package lib.waxseal.provenance

# METADATA
# title: Whether a build is what is expected
meets(build, expected) if {
	every demand in _demands {
		_met(demand, build, expected)
	}
}

_demands := {"builder", "build_type", "source", "ref", "workflow", "material"}

# METADATA
# title: What of a build is not what is expected
# description: A set of {state, text}, one for each demand that is not met.
unmet(build, expected) := {{"state": demand, "text": text} |
	some demand in _demands
	not _met(demand, build, expected)
	text := sprintf("names %s, and %s was expected", [_found(demand, build), _wanted(demand, expected)])
}

_met("builder", build, expected) if _one_of(build.builder, expected.builders)

# What may be left out is left out by not being written.
_met("build_type", _, expected) if not expected.build_types

_met("build_type", build, expected) if build.build_type in expected.build_types

_met("source", build, expected) if {
	count(build.sources) > 0
	every source in build.sources {
		_one_of(source.repository, {repositories(pattern) | some pattern in expected.repositories})
	}
}

_met("ref", _, expected) if not expected.refs

_met("ref", build, expected) if {
	count(build.sources) > 0
	every source in build.sources {
		_one_of(source.ref, expected.refs)
	}
}

_met("workflow", _, expected) if not expected.workflows

_met("workflow", build, expected) if {
	count(build.workflows) > 0
	every workflow in build.workflows {
		workflow in expected.workflows
	}
}

_met("material", _, expected) if not expected.materials

_met("material", build, expected) if {
	every pattern in expected.materials {
		some uri in build.materials
		_like(uri, pattern)
	}
}

_one_of(text, patterns) if {
	some pattern in patterns
	_like(text, pattern)
}

_like(text, pattern) if {
	text != ""
	glob.match(pattern, ["/"], text)
}

_found("builder", build) := _all("builder", {build.builder} - {""})

_found("build_type", build) := _all("build type", {build.build_type} - {""})

_found("source", build) := _all("source repository", {source.text | some source in build.sources})

_found("ref", build) := _all("ref", {source.ref | some source in build.sources} - {""})

_found("workflow", build) := _all("workflow", build.workflows)

_found("material", build) := _all("material with a digest", build.materials)

_all(what, values) := sprintf("no %s", [what]) if count(values) == 0

else := sprintf("the %s %s", [what, listed(values)])

_wanted(demand, expected) := listed(object.get(expected, _parameter[demand], []))

_parameter := {
	"builder": "builders", "build_type": "build_types", "source": "repositories",
	"ref": "refs", "workflow": "workflows", "material": "materials",
}

# METADATA
# title: Texts in quotes
# description: At most ten of them.
listed(texts) := concat(", ", array.slice([sprintf("%q", [text]) | some text in sort(texts)], 0, 10))
