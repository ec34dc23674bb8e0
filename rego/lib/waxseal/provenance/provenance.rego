# METADATA
# title: Provenance
# description: >-
#   What a verified statement says about a build, read from the predicates of
#   SLSA v0.2 and v1 into one form. What is missing or of another type is empty,
#   and an empty field is never what a policy expects.
package lib.waxseal.provenance

# METADATA
# title: The types of predicate that are read
types := [_v02, _v1]

_v02 := "https://slsa.dev/provenance/v0.2"

_v1 := "https://slsa.dev/provenance/v1"

# METADATA
# title: The build that a statement is about
# description: >-
#   Total. Sources is a set of {text, repository, ref}, one for each place that
#   names a source; repository is empty where it cannot be read.
build(statement) := {
	"builder": _text(predicate, ["builder", "id"]),
	"build_type": _text(predicate, ["buildType"]),
	"sources": {_named(source, _at(source)) | source := object.get(predicate, ["invocation", "configSource", "uri"], null); source != null},
	"workflows": _texts({object.get(predicate, ["invocation", "configSource", "entryPoint"], null)}),
	"commits": _commits(object.get(predicate, ["invocation", "configSource"], {})),
	"materials": _materials(object.get(predicate, ["materials"], [])),
} if {
	statement.predicate_type == _v02
	predicate := statement.predicate
	is_object(predicate)
} else := {
	"builder": _text(predicate, ["runDetails", "builder", "id"]),
	"build_type": _text(predicate, ["buildDefinition", "buildType"]),
	"sources": _sources(asked),
	"workflows": _texts({object.get(asked, [name, "path"], null) | some name in {"workflow", "buildConfigSource", "configSource"}} | {object.get(asked, ["entryPoint"], null)}),
	"commits": (union({_commits(source) | some name in {"source", "configSource"}; source := object.get(asked, name, null)}) | _resolved(asked, used)),
	"materials": _materials(used),
} if {
	statement.predicate_type == _v1
	predicate := statement.predicate
	is_object(predicate)
	asked := _object(object.get(predicate, ["buildDefinition", "externalParameters"], {}))
	used := object.get(predicate, ["buildDefinition", "resolvedDependencies"], [])
} else := {"builder": "", "build_type": "", "sources": set(), "workflows": set(), "commits": set(), "materials": set()}

# GitHub and Cloud Build name repository and ref apart; BuildKit and the builders of SLSA write them as one.
# GitLab names the project, and no ref.
_sources(asked) := ({_named(source, _apart(source, ref)) |
	some name in {"workflow", "buildConfigSource", "sourceToBuild"}
	source := object.get(asked, [name, "repository"], null)
	source != null
	ref := object.get(asked, [name, "ref"], null)
} | {_named(source, _at(source)) |
	some name in {"source", "configSource"}
	source := object.get(asked, [name, "uri"], null)
	source != null
}) | {_named(source, _at(source)) | source := object.get(asked, ["source"], null); is_string(source)}

_named(text, found) := {"text": sprintf("%v", [text]), "repository": found.repository, "ref": found.ref}

_at(text) := found if {
	found := located(text)
} else := {"repository": "", "ref": ""}

_apart(text, ref) := {"repository": located(text).repository, "ref": _string(ref)} if {
	located(text).ref == ""
} else := {"repository": "", "ref": ""}

_resolved(asked, used) := union({_commits(material) |
	some material in used
	located(material.uri).repository in {source.repository | some source in _sources(asked)}
})

_commits(source) := _texts({object.get(_object(source), ["digest", name], null) | some name in {"sha1", "gitCommit"}} | {sum |
	# GitLab writes the commit as if it were a hash of that kind.
	sum := object.get(_object(source), ["digest", "sha256"], null)
	regex.match(`^[0-9a-f]{40}$`, _string(sum))
})

# Material without a digest may be anything, and counts for nothing.
_materials(list) := {material.uri |
	some material in list
	is_string(material.uri)
	some _, sum in material.digest
	is_string(sum)
	sum != ""
}

_text(predicate, path) := _string(object.get(predicate, path, ""))

_texts(values) := {value | some value in values; _string(value) != ""}

_string(value) := value if is_string(value)

else := ""

_object(value) := value if is_object(value)

else := {}
