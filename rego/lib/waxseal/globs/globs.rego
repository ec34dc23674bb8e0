# METADATA
# title: Patterns of texts
# description: >-
#   The whole text, with a star for any characters but a slash, and no other
#   wildcard. For images there are the patterns of package image.
package lib.waxseal.globs

# METADATA
# title: Whether a pattern is one
# description: A pattern of nothing but stars would take anything, and is none.
valid(pattern) if {
	is_string(pattern)
	regex.match(`^[^?\[\]{}\\!*]*(?:\*[^?\[\]{}\\!*]+)*\*?$`, pattern)
	trim(pattern, "*/") != ""
}

# METADATA
# title: Whether a text is like a pattern
# description: An empty text never is.
matches(text, pattern) if {
	is_string(text)
	text != ""
	valid(pattern)
	glob.match(pattern, ["/"], text)
}
