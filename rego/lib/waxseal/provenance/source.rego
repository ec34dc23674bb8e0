package lib.waxseal.provenance

# METADATA
# title: A repository, as it is compared
# description: >-
#   An https URL with the host in lower case, without the port 443, a last slash
#   and .git. Undefined for anything with a user, a query, escapes or dots for a
#   segment: those are ways to look like another repository.
repository(text) := concat("", ["https://", lower(host), _port(port), path]) if {
	is_string(text)
	some [_, host, port, written] in regex.find_all_string_submatch_n(`^https://([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)(?::([0-9]{1,5}))?((?:/[A-Za-z0-9._~-]+)+)/?$`, text, 1)
	path := trim_suffix(written, ".git")
	not endswith(path, "/")
	every segment in split(path, "/") {
		not segment in {".", ".."}
	}
}

_port(port) := "" if port in {"", "443"}

else := concat("", [":", port])

# METADATA
# title: Where a source is
# description: >-
#   {repository, ref} of a URL, of git+https://host/path@ref, whose ref is
#   refs/... or a commit, or of a URL with #ref:folder. Undefined for anything else.
located(text) := {"repository": repository(url), "ref": ref} if {
	is_string(text)
	some [_, url, ref] in regex.find_all_string_submatch_n(`^git\+(https://[^@#]+)@(refs/[A-Za-z0-9._/@+-]+|[0-9a-f]{40}|[0-9a-f]{64})$`, text, 1)
} else := {"repository": repository(url), "ref": ref} if {
	is_string(text)
	some [_, url, ref] in regex.find_all_string_submatch_n(`^(?:git\+)?(https://[^@#]+)(?:#([A-Za-z0-9._/@+-]*)(?::[A-Za-z0-9._/-]*)?)?$`, text, 1)
}

# METADATA
# title: A pattern of repositories, as it is compared
# description: A repository whose path may hold stars. The host may not.
repositories(pattern) := replace(repository(replace(pattern, "*", "~star~")), "~star~", "*")
