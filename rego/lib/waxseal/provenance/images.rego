package lib.waxseal.provenance

import data.lib.waxseal.image

# METADATA
# title: The container images that a build used
# description: >-
#   A set of {text, name, digest} of the materials of a verified statement: those
#   that the stages of a build begin with, and what built it. Name is host/path, or
#   empty where it cannot be read; digest is empty where none is written.
images(statement) := {{"text": material.uri, "name": image.parse(ref).name, "digest": _sha256(material)} |
	some material in _used(statement)
	ref := _referred(material.uri)
}

_used(statement) := object.get({"p": statement.predicate}, ["p", "materials"], []) if statement.predicate_type == _v02

_used(statement) := object.get({"p": statement.predicate}, ["p", "buildDefinition", "resolvedDependencies"], []) if statement.predicate_type == _v1

_sha256(material) := concat(":", ["sha256", material.digest.sha256]) if {
	regex.match(`^[0-9a-f]{64}$`, material.digest.sha256)
} else := ""

# What is escaped wrongly is read by nobody.
_decoded(path) := urlquery.decode(path) if regex.match(`^(?:[^%]|%[0-9A-Fa-f]{2})*$`, path)

# The reference in a URI of an image, or a text that is none. Undefined where the URI is of something else.
_referred(uri) := ref if {
	is_string(uri)
	some [_, path, rest] in regex.find_all_string_submatch_n(`^(?i:pkg:docker)/([^@?#]+)(?:@[^?#]*)?([?#].*)?$`, uri, 1)
	ref := concat("/", array.concat(_registry(rest), [_decoded(path)]))
} else := ref if {
	is_string(uri)
	some [_, path] in regex.find_all_string_submatch_n(`^(?i:pkg:oci)/.*[?&]repository_url=([^&#]+)(?:[&#].*)?$`, uri, 1)
	ref := _decoded(path)
} else := ref if {
	is_string(uri)
	some [_, ref] in regex.find_all_string_submatch_n(`^(?i:docker-image|docker|oci)://(.*)$`, uri, 1)
} else := "-" if {
	is_string(uri)
	some start in ["pkg:docker", "pkg:oci", "docker-image:", "docker:", "oci:"]
	startswith(lower(uri), start)
} else := uri if {
	image.parse(uri).valid
}

# Where the package of a purl is, if it is not Docker Hub or the first of its segments.
_registry(rest) := [_decoded(registry)] if {
	some [_, registry] in regex.find_all_string_submatch_n(`^(?:.*[?&])(?i:repository_url)=([^&#]+)(?:[&#].*)?$`, rest, 1)
}

_registry(rest) := [] if not regex.match(`^.*[?&](?i:repository_url)=[^&#].*$`, rest)
