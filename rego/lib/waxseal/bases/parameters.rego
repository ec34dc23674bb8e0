package lib.waxseal.bases

import data.lib.waxseal.clock
import data.lib.waxseal.globs
import data.lib.waxseal.image

# METADATA
# title: Where the base of an image may be read
# description: In the order in which they are trusted.
sources := ["provenance", "layers", "annotations"]

# METADATA
# title: The shape of rules for base images in parameters
shape := {
	"sources": "array",
	"sources.*": "string",
	"rules": "array",
	"rules.*": "object",
	"rules.*.images": "array",
	"rules.*.images.*": "string",
	"rules.*.bases": "array",
	"rules.*.bases.*": "object",
	"rules.*.bases.*.image": "string",
	"rules.*.bases.*.digests": "array",
	"rules.*.bases.*.digests.*": "string",
	"rules.*.bases.*.tags": "array",
	"rules.*.bases.*.tags.*": "string",
	"rules.*.max_base_age": "string",
	"rules.*.max_age": "string",
	"rules.*.labels": "array",
	"rules.*.labels.*": "object",
	"rules.*.labels.*.name": "string",
	"rules.*.labels.*.equals": "string",
	"rules.*.labels.*.pattern": "string",
	"rules.*.labels.*.in": "string",
}

# METADATA
# title: What is wrong with rules for base images
# description: A set of sentences. Types are the business of the shape.
problems(name, rules, used) := ({sprintf("%s.sources is empty: leave it out for provenance and layers", [name]) | used == []} | {problem |
	some source in used
	not source in sources
	problem := sprintf("%s.sources has %q; there are %s", [name, source, concat(", ", sources)])
}) | ({sprintf("%s.rules is missing or empty: nothing is expected", [name]) | rules == []} | {sprintf("%s.rules[%d] %s", [name, i, problem]) |
	some i, rule in rules
	some problem in union({_scope(rule), _content(rule), _ages(rule), _bases(rule, used), _labels(rule)})
})

_scope(rule) := {"has no images: it is for nothing" | object.get(rule, "images", []) == []} | {problem |
	some pattern in rule.images
	not image.valid_pattern(pattern)
	problem := sprintf("has the pattern %q in images: write host/path, with * for any characters of one segment and a last ** for the rest", [pattern])
}

_content(rule) := {"expects nothing: write bases, max_age or labels" | count({"bases", "max_age", "labels"} & object.keys(rule)) == 0} | {sprintf("has an empty list of %s", [field]) |
	some field in {"bases", "labels"}
	rule[field] == []
}

_ages(rule) := {problem |
	some field in {"max_age", "max_base_age"}
	limit := rule[field]
	not clock.duration(limit)
	problem := sprintf("has a %s that is no duration like 48h or 90d", [field])
} | {"has max_base_age and no bases" | rule.max_base_age; not rule.bases}

_bases(rule, used) := {sprintf("has bases[%d] (%s), which %s", [i, object.get(base, "image", "no image"), problem]) |
	some i, base in rule.bases
	some problem in _base(base)
} | {"can find no base by layers: name at least one of bases exactly, with digests or tags" |
	rule.bases
	"layers" in used
	not "provenance" in used
	not "annotations" in used
	exact(rule) == set()
}

_base(base) := union({
	{"needs an image, as host/path, with * for any characters of one segment" | not _patterned(base)},
	{sprintf("has an empty list of %s", [field]) | some field in {"digests", "tags"}; base[field] == []},
	{sprintf("has the digest %q: write sha256: and 64 hexadecimal digits", [digest]) | some digest in base.digests; not regex.match(`^sha256:[0-9a-f]{64}$`, digest)},
	{sprintf("has the tag %q, which is none", [tag]) | some tag in base.tags; not regex.match(`^\w[\w.-]{0,127}$`, tag)},
	{"has tags, and a * in image" | base.tags; _starred(base)},
	{"has digests or tags, and no path in image" | some field in {"digests", "tags"}; base[field]; not _pathed(base)},
})

_patterned(base) if image.valid_pattern(base.image)

_pathed(base) if contains(base.image, "/")

_labels(rule) := {sprintf("has labels[%d] (%s), which %s", [i, object.get(label, "name", "no name"), problem]) |
	some i, label in rule.labels
	some problem in _label(label)
}

_label(label) := union({
	{"has no name" | object.get(label, "name", "") == ""},
	{"needs either equals or pattern" | count({"equals", "pattern"} & object.keys(label)) != 1},
	{"has an empty text in equals" | label.equals == ""},
	{problem |
		pattern := label.pattern
		not globs.valid(pattern)
		problem := sprintf("has the pattern %q: write the whole text, with * for any characters but a slash, and no other wildcard", [pattern])
	},
	{"is in neither labels nor annotations" |
		place := label["in"]
		not place in {"labels", "annotations"}
	},
})
