# METADATA
# title: Image references
# description: >-
#   Reads image references as Docker and Kubernetes do, and compares them with
#   patterns segment by segment, so that docker.io/acme never matches
#   docker.io/acmeevil. An image of a mirror is judged as that of its origin, by
#   the parameter origins.
package lib.waxseal.image

import data.lib.waxseal.host

# METADATA
# title: The reference, parsed and normalised
# description: >-
#   Total: what is not a reference has valid false and empty fields. The name
#   is registry and repository, those of the origin for an image of a mirror;
#   written is the name as it is written, normalised. The tag is latest when
#   neither tag nor digest is written.
parse(ref) := {
	"valid": true,
	"registry": origin[0],
	"repository": origin[1],
	"name": concat("/", origin),
	"written": written,
	"tag": _tag(tag, digest),
	"digest": digest,
} if {
	is_string(ref)
	count(ref) <= 4096
	not regex.match(`^[a-f0-9]{64}$`, ref)
	[host, rest] := _cut(ref)
	regex.match(_host, host)
	some [_, path, tag, digest] in regex.find_all_string_submatch_n(_rest, rest, 1)
	registry := _registry(host)
	repository := _repository(registry, path)
	count(repository) <= 255
	written := concat("/", [registry, repository])
	origin := _origin(written, registry, repository)
} else := {"valid": false, "registry": "", "repository": "", "name": "", "written": "", "tag": "", "digest": ""}

# METADATA
# title: Whether a reference is in the scope of a pattern
# description: >-
#   Segments are separated by "/". A star stands for any characters of one
#   segment; a last segment of two stars stands for one or more segments; a
#   host alone is everything in that registry. An invalid pattern matches nothing.
#   The name of an image of a mirror is that of its origin.
matches(ref, pattern) if {
	parsed := parse(ref)
	parsed.valid
	valid_pattern(pattern)
	glob.match(_glob(pattern), ["/"], parsed.name)
}

# METADATA
# title: Whether a reference is in the scope of a pattern under any of its names
# description: >-
#   For what is refused: an image of a mirror is matched as it is written, too.
matches_any_name(ref, pattern) if matches(ref, pattern)

matches_any_name(ref, pattern) if {
	parsed := parse(ref)
	parsed.valid
	valid_pattern(pattern)
	glob.match(_glob(pattern), ["/"], parsed.written)
}

# METADATA
# title: What is wrong with a table of origins
# description: A set of sentences. Types are the business of the shape.
origins_problems(table) := ({problem |
	some place, of in table
	some text in [place, of]
	is_string(text)
	not _is_place(text)
	problem := sprintf("origins has %q: write a host, or a host with a path, without * and without a tag", [text])
} | {problem |
	some place, of in table
	some other, _ in table
	_is_place(other)
	_is_place(of)
	_overlap(_place(of), _place(other))
	problem := sprintf("origins names %s as the origin of %s, and an origin for %s: an origin cannot have one itself", [of, place, other])
}) | {problem |
	some place, _ in table
	some other, _ in table
	place < other
	_is_place(place)
	_is_place(other)
	_place(place) == _place(other)
	problem := sprintf("origins has %s and %s, which are the same place", [place, other])
}

_overlap(a, b) if _below(a, b)

_overlap(a, b) if _below(b, a)

_is_place(text) if {
	valid_pattern(text)
	not contains(text, "*")
	regex.match(`^(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$`, substring(text, count(split(text, "/")[0]), -1))
}

_place(text) := concat("", [_registry(host), substring(text, count(host), -1)]) if host := split(text, "/")[0]

# What an image is judged as: [registry, repository] below the origin of the longest
# place that it is below. Names are compared segment by segment.
_origin(name, registry, repository) := [registry, repository] if count(_origins) == 0

else := origin if {
	[_, place, of] := max([[count(place), place, of] |
		some [place, of] in _origins
		_below(name, place)
	])
	whole := concat("", [of, trim_prefix(name, place)])
	cut := indexof(whole, "/")
	cut > 0
	at := substring(whole, 0, cut)
	origin := [at, _repository(at, substring(whole, cut + 1, -1))]
} else := [registry, repository]

_below(name, place) if name == place

_below(name, place) if startswith(name, concat("", [place, "/"]))

_origins contains [_place(place), _place(of)] if {
	some place, of in host.parameters.origins
	_is_place(place)
	_is_place(of)
}

# METADATA
# title: Whether a pattern is one
# description: The first segment has to be a host, or stars in the place of one.
valid_pattern(pattern) if {
	is_string(pattern)
	count(pattern) <= 4096
	segments := split(pattern, "/")
	regex.match(`^(?:\*|\*\*|localhost|[A-Za-z0-9*-]*[.:][A-Za-z0-9.:*-]*|\[[A-Fa-f0-9:]+\](?::[0-9]+)?)$`, segments[0])
	every i, segment in segments {
		_segment(i, segment, count(segments) - 1)
	}
}

_segment(i, segment, last) if {
	i == last
	segment == "**"
}

_segment(_, segment, _) if {
	not contains(segment, "**")
	regex.match(`^[a-z0-9._*-]+$`, segment)
}

_segment(0, segment, _) if not contains(segment, "**")

# Whole names are compared: "/" is the separator that no star crosses.
_glob(pattern) := "**" if pattern in {"*", "**"}

else := concat("/", [_escaped(_registry(pattern)), "**"]) if {
	not contains(pattern, "/")
} else := concat("/", [_escaped(registry), _repository(registry, path)]) if {
	cut := indexof(pattern, "/")
	registry := _registry(substring(pattern, 0, cut))
	path := substring(pattern, cut + 1, -1)
}

_escaped(host) := replace(replace(host, "[", `\[`), "]", `\]`)

# [host, the rest]: Docker's rule for what is a host and what is a path.
_cut(ref) := [_undotted(host), substring(ref, cut + 1, -1)] if {
	cut := indexof(ref, "/")
	cut >= 0
	host := substring(ref, 0, cut)
	_names_host(host)
} else := ["docker.io", ref]

_names_host(segment) if contains(segment, ".")

_names_host(segment) if contains(segment, ":")

_names_host(segment) if segment == "localhost"

_names_host(segment) if lower(segment) != segment

# A fully qualified host name may end in a dot, before the port and not after it.
_undotted(host) := concat("", [name, port]) if {
	some [_, name, port] in regex.find_all_string_submatch_n(`^([^:]*|\[.*\])\.((?::[0-9]+)?)$`, host, 1)
	_names_host(lower(concat("", [name, port])))
} else := host

_host := `^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$`

_rest := `^([a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128}))?$`

# One spelling for each host: lower case, without the port 443; Docker Hub has
# three names. A host of one label keeps its port, or it would read as a path.
_registry(host) := "docker.io" if {
	lower(host) in {
		"docker.io", "index.docker.io", "registry-1.docker.io",
		"docker.io:443", "index.docker.io:443", "registry-1.docker.io:443",
	}
} else := trim_suffix(lower(host), ":443") if {
	_names_host(trim_suffix(lower(host), ":443"))
} else := lower(host) if {
	contains(host, ":")
} else := lower(host) if {
	contains(host, "*")
} else := concat(":", [lower(host), "443"])

_repository(registry, path) := concat("/", ["library", path]) if {
	registry == "docker.io"
	not contains(path, "/")
	path != "**"
} else := path

_tag(tag, digest) := "latest" if {
	tag == ""
	digest == ""
} else := tag
