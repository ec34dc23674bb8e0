# METADATA
# title: Violations and notes
# description: >-
#   The one shape of what a policy says, built once. Title, code, severity,
#   controls and remediation come from the METADATA of the rule that says it.
package lib.waxseal.result

import data.lib.waxseal.host
import data.lib.waxseal.image

# METADATA
# title: A violation
# description: >-
#   Total. The chain is rego.metadata.chain(); details may hold container (an
#   entry of the workload), why (what is wrong, in place of the title) and errors.
new(chain, details) := object.union(_spoken(chain, details, _subject(details)), {
	"image": _of(details, "image"),
	"where": _where(details),
})

# METADATA
# title: A violation of a file
# description: >-
#   Total, and of the same shape, for what stands in a file of a repository. Where
#   has the file and the line of it too, and snippet is what could stand there.
#   Details may hold pipeline (the file that the CI system runs), path (the place in
#   it), file and line (of what is wrong), subject (in words), image, why, snippet
#   and errors.
at(chain, details) := object.union(_spoken(chain, details, _subject_at(details)), {
	"image": object.get(details, "image", ""),
	"where": _where_at(details),
	"snippet": object.get(details, "snippet", ""),
})

_spoken(chain, details, subject) := {
	"code": _custom(chain, "code", "waxseal.unnamed"),
	"policy": split(_custom(chain, "code", "waxseal.unnamed"), ".")[0],
	"severity": _custom(chain, "severity", "high"),
	"title": _annotation(chain, "title", "refused"),
	"msg": _message(subject, _why(chain, details), _custom(chain, "remediation", "")),
	"remediation": _custom(chain, "remediation", ""),
	"controls": _custom(chain, "controls", []),
	"errors": object.get(details, "errors", []),
}

# METADATA
# title: A note
# description: The same shape as a violation; it denies nothing.
note(chain, details) := new(chain, details)

# METADATA
# title: A note about a file
# description: The same shape as a violation of a file; it denies nothing.
note_at(chain, details) := at(chain, details)

# METADATA
# title: The violation of a policy that says nothing
# description: A container that a policy neither refuses nor accepts is denied.
undecided(policy, ctr) := {
	"code": concat(".", [policy, "undecided"]),
	"policy": policy,
	"severity": "high",
	"title": "The policy came to no decision",
	"msg": _message(_subject(details), why, remediation),
	"remediation": remediation,
	"image": ctr.image,
	"where": _where(details),
	"controls": [],
	"errors": [],
} if {
	details := {"container": ctr}
	why := sprintf("the policy %s neither accepts nor refuses it, and silence denies", [policy])
	remediation := "This is a mistake in the policy; tell its owner."
}

# METADATA
# title: The violation of a policy that says nothing about a file
# description: An image or a pipeline that a policy neither refuses nor accepts is denied.
undecided_at(policy, details) := {
	"code": concat(".", [policy, "undecided"]),
	"policy": policy,
	"severity": "high",
	"title": "The policy came to no decision",
	"msg": _message(_subject_at(details), why, remediation),
	"remediation": remediation,
	"image": object.get(details, "image", ""),
	"where": _where_at(details),
	"controls": [],
	"errors": [],
	"snippet": "",
} if {
	why := sprintf("the policy %s neither accepts nor refuses it, and silence denies", [policy])
	remediation := "This is a mistake in the policy; tell its owner."
}

_where_at(details) := {
	"kind": "Pipeline",
	"namespace": "",
	"name": object.get(details, "pipeline", file),
	"path": object.get(details, "path", ""),
	"container": "",
	"file": file,
	"line": object.get(details, "line", 0),
} if {
	file := object.get(details, "file", "")
}

# What the message is about: in the words of the policy, or the place.
_subject_at(details) := subject if {
	subject := object.get(details, "subject", "")
	subject != ""
} else := "repository" if {
	object.get(details, "file", "") == ""
} else := sprintf("%s:%d", [details.file, details.line]) if {
	object.get(details, "line", 0) > 0
} else := details.file

_message(subject, why, remediation) := trim_space(sprintf("%s: %s. %s", [subject, why, remediation]))

_why(chain, details) := object.get(details, "why", _annotation(chain, "title", "refused"))

_annotation(chain, name, otherwise) := object.get({"chain": chain}, ["chain", 0, "annotations", name], otherwise)

_custom(chain, name, otherwise) := object.get({"chain": chain}, ["chain", 0, "annotations", "custom", name], otherwise)

_of(details, field) := object.get(details, ["container", field], "")

_where(details) := {
	"kind": _text(["kind"], ""),
	"namespace": _text(["metadata", "namespace"], host.namespace),
	"name": _text(["metadata", "name"], _text(["metadata", "generateName"], "")),
	"path": _of(details, "path"),
	"container": _of(details, "name"),
}

_text(path, otherwise) := text if {
	text := object.get({"object": host.object}, array.concat(["object"], path), otherwise)
	is_string(text)
} else := otherwise

# What the message is about: image "x" of container "app" in Deployment shop/web.
# Without an image it is about the object: why names the container then.
_subject(details) := sprintf("image %q%s of %s in %s", [ref, _judged_as(ref), container(details.container), _object]) if {
	ref := _of(details, "image")
	ref != ""
} else := _object

# Both names of an image of a mirror are said.
_judged_as(ref) := sprintf(" (judged as %s)", [parsed.name]) if {
	parsed := image.parse(ref)
	parsed.name != parsed.written
} else := ""

# METADATA
# title: A container in words
# description: 'Its type and name, as in init container "app".'
container(ctr) := trim_space(sprintf("%s %s", [kind, _quoted(object.get(ctr, "name", ""))])) if {
	kind := object.get(
		{"container": "container", "init": "init container", "ephemeral": "ephemeral container", "volume": "volume"},
		object.get(ctr, "type", "container"), "container",
	)
}

_quoted("") := ""

_quoted(name) := sprintf("%q", [name]) if name != ""

_object := trim_space(sprintf("%s %s", [_or(_where({}).kind, "object"), concat("/", [part |
	some part in [_where({}).namespace, _where({}).name]
	part != ""
])]))

_or("", otherwise) := otherwise

_or(text, _) := text if text != ""
