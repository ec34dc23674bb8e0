package lib.waxseal.provenance

import data.lib.waxseal.globs
import data.lib.waxseal.image

# METADATA
# title: The shape of what is expected of builds in parameters
shape := {
	"builds": "array",
	"builds.*": "object",
	"builds.*.images": "array",
	"builds.*.images.*": "string",
	"builds.*.builders": "array",
	"builds.*.builders.*": "string",
	"builds.*.build_types": "array",
	"builds.*.build_types.*": "string",
	"builds.*.repositories": "array",
	"builds.*.repositories.*": "string",
	"builds.*.refs": "array",
	"builds.*.refs.*": "string",
	"builds.*.workflows": "array",
	"builds.*.workflows.*": "string",
	"builds.*.materials": "array",
	"builds.*.materials.*": "string",
}

# METADATA
# title: What is expected of the build of an image
expected(builds, ref) := {build |
	some build in builds
	some pattern in build.images
	image.matches(ref, pattern)
}

# METADATA
# title: What is wrong with what is expected of builds
# description: A set of sentences. Types are the business of the shape.
problems(name, builds) := {sprintf("%s.builds is missing or empty: no build is expected", [name])} if {
	count(builds) == 0
} else := {sprintf("%s.builds[%d] %s", [name, i, problem]) |
	some i, build in builds
	some problem in union({_missing(build), _empty(build), _unlike(build)})
}

_missing(build) := {sprintf("has no %s", [field]) |
	some field in {"images", "builders", "repositories"}
	not build[field]
}

_empty(build) := {sprintf("has an empty list of %s", [field]) |
	some field, list in build
	list == []
} | {sprintf("has an empty text in %s", [field]) |
	some field, list in build
	"" in list
}

_unlike(build) := ({problem |
	some pattern in build.images
	not image.valid_pattern(pattern)
	problem := sprintf("has the pattern %q in images: write host/path, with * for any characters of one segment and a last ** for the rest", [pattern])
} | {problem |
	some pattern in build.repositories
	not repositories(pattern)
	problem := sprintf("has the repository %q: write https://host/path, with * for any characters of one segment of the path", [pattern])
}) | {problem |
	some field in {"builders", "refs", "materials"}
	some pattern in build[field]
	not _globbed(pattern)
	problem := sprintf("has the pattern %q in %s: write the whole text, with * for any characters but a slash, and no other wildcard", [pattern, field])
}

_globbed(pattern) if globs.valid(pattern)

_globbed("")
