package lib.waxseal.pipelines

# METADATA
# title: What could stand in the pipeline of an image
# description: >-
#   A piece that passes, for the image's CI system, with the names that the pipeline
#   itself uses. What is sign, scan or attest.
snippet(what, img) := filled if {
	filled := strings.replace_n(_names(img), _piece(what, img))
} else := ""

# What a shell has built has its digest in no output of a step.
_piece(what, img) := in_shell[what] if {
	img.system == "github-actions"
	not _has_output(img)
} else := snippets[what][img.system]

# A step that uses an action gives a digest as its output, of whatever name.
_has_output(img) if {
	some action in actions[img.build.action]
	some text in action.digests
	contains(text, ".outputs.")
}

# METADATA
# title: What could stand in the place of a reference
# description: By its kind; its name with what cannot be moved.
pinned(reference, system) := strings.replace_n({"@name": _unpinned(reference.text)}, text) if {
	text := object.get(pins, [system, reference.kind], object.get(pins, ["any", reference.kind], ""))
}

# METADATA
# title: What could stand in the place of a secret in plain text
# description: How the CI system keeps secrets, and how a step gets one.
kept(name, system) := "secrets: # those that the workflow needs, and no others\n  NAME: ${{ secrets.NAME }}\n" if {
	name == "secrets: inherit"
} else := strings.replace_n({"@name": _or(name, "NAME")}, object.get(secrets, system, ""))

# The name before its tag or version.
_unpinned(text) := concat("@", array.slice(parts, 0, count(parts) - 1)) if {
	parts := split(text, "@")
	count(parts) > 1
} else := concat(":", array.slice(parts, 0, count(parts) - 1)) if {
	parts := split(text, ":")
	count(parts) > 1
	_is_tag(parts[count(parts) - 1])
} else := text

# The port of a registry has a path behind it.
_is_tag(text) if indexof(text, "/") < 0

# @digest is how a later command of the job names what was built; @tagged how the build
# did, @name without the tag; @step is the step that has the digest.
_names(img) := {
	"@digest": concat("@", [_spelt(_named(img), img.system), _digest(img)]),
	"@tagged": _spelt(_tagged(img), img.system),
	"@name": _spelt(_named(img), img.system),
	"@step": _step(img),
	"@signs": concat("", [sprintf("  - run: cosign sign --yes \"%s@%s\"\n", [_spelt(name, img.system), _digest(img)]) | some name in sort(_repositories(img))]),
}

# A signature lies in the repository of its image: each that is pushed to needs its own.
_repositories(img) := names if {
	names := {ref.name | some action in actions[img.build.action]; some ref in action.images; _sayable(ref.name)}
	img.name in names
} else := {_named(img)}

_named(img) := img.name if _sayable(img.name)

else := "registry.example/team/app"

_tagged(img) := img.text if _sayable(img.text)

else := concat(":", [_named(img), "TAG"])

_sayable(text) if {
	text != ""
	{part | some part in ["${*}", "\""]; contains(text, part)} == set()
}

# The author's name of the step: without one it needs one.
_step(img) := img.step if regex.match(`^[A-Za-z_][A-Za-z0-9_-]*$`, img.step)

else := "build"

_digest(img) := sprintf("${{ %s }}", [symbol]) if {
	img.system == "github-actions"
	symbol := _digests(img)[0] # a step may give more than one
} else := sprintf("${{ steps.%s.outputs.digest }}", [_step(img)]) if {
	img.system == "github-actions"
} else := "${DIGEST}"

# The output of a step of the job, as GitHub names it there. One of a step without an ID has no name.
_digests(img) := sort({symbol |
	some action in actions[img.build.action]
	some text in action.digests
	symbol := trim_prefix(text, sprintf("jobs.%s.", [img.job]))
	regex.match(`^steps\.[A-Za-z_][A-Za-z0-9_-]*\.outputs\.[A-Za-z_][A-Za-z0-9_-]*$`, symbol)
})

# A symbolic text as the CI system spells it.
_spelt(text, system) := concat("", array.concat([parts[0]], [part |
	some i, piece in parts
	i > 0
	[symbol, rest] := _cut(piece)
	part := concat("", [_symbol(symbol, system), rest])
])) if {
	parts := split(text, "${")
}

_cut(piece) := [substring(piece, 0, i), substring(piece, i + 1, -1)] if {
	i := indexof(piece, "}")
	i >= 0
} else := [piece, ""]

# A command's output and a variable of the shell are the same in all of them.
_symbol(symbol, _) := sprintf("$%s", [symbol]) if startswith(symbol, "(")

_symbol(symbol, "github-actions") := sprintf("${{ %s }}", [_local(symbol)]) if {
	contains(symbol, ".")
	not startswith(symbol, "(")
}

_symbol(symbol, "circleci") := sprintf("<< %s >>", [symbol]) if {
	contains(symbol, ".")
	not startswith(symbol, "(")
}

_symbol(symbol, "tekton") := sprintf("$(%s)", [symbol]) if {
	contains(symbol, ".")
	not startswith(symbol, "(")
}

_symbol(symbol, "azure-pipelines") := sprintf("$(%s)", [symbol]) if not startswith(symbol, "(")

_symbol(symbol, system) := sprintf("${%s}", [symbol]) if {
	not startswith(symbol, "(")
	not _special(symbol, system)
}

_special(_, "azure-pipelines")

_special(symbol, system) if {
	system in {"github-actions", "circleci", "tekton"}
	contains(symbol, ".")
}

# In its own job an output of a step has no job before it.
_local(symbol) := concat(".", array.slice(parts, 2, count(parts))) if {
	parts := split(symbol, ".")
	parts[0] == "jobs"
	parts[2] == "steps"
} else := symbol
