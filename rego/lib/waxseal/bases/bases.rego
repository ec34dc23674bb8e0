# METADATA
# title: Base images
# description: >-
#   Which image another one was built on, as verified provenance, layers or
#   annotations say, and how old images are. Configs are those of
#   registry.configs; facts is its result for each approved base that is named
#   exactly, by reference.
package lib.waxseal.bases

import data.lib.waxseal.clock
import data.lib.waxseal.globs
import data.lib.waxseal.image

# METADATA
# title: The rules that an image falls under
matching(rules, ref) := {rule |
	some rule in rules
	some pattern in rule.images
	image.matches(ref, pattern)
}

# METADATA
# title: The approved bases of a rule that are named exactly, as references
exact(rule) := {ref |
	some base in rule.bases
	some ref in _refs(base)
}

_refs(base) := {concat("@", [base.image, digest]) |
	some digest in base.digests
	not _starred(base)
} | {concat(":", [base.image, tag]) |
	some tag in base.tags
}

_starred(base) if contains(base.image, "*")

# METADATA
# title: Whether an image is an approved base
# description: Without a digest it may be anything, and is none.
approved(name, digest, rule, facts) if {
	digest != ""
	some base in rule.bases
	image.matches(name, base.image)
	_named(digest, base, facts)
}

_named(_, base, _) if {
	not base.digests
	not base.tags
}

_named(digest, base, _) if digest in base.digests

# A digest is that of an index or of one of its platforms.
_named(digest, base, facts) if {
	some ref in _refs(base)
	digest in _digests(facts[ref])
}

_digests(answer) := {answer.image.digest | answer.ok} | {config.digest | some config in answer.configs}

# METADATA
# title: The approved bases whose layers are the lowest ones of an image
# description: A set of {ref, created}; the platform has to be the same.
below(config, facts) := {{"ref": ref, "created": base.created} |
	some ref, answer in facts
	some base in answer.configs
	_platform(base) == _platform(config)
	is_array(base.diff_ids)
	is_array(config.diff_ids)
	count(base.diff_ids) > 0
	array.slice(config.diff_ids, 0, count(base.diff_ids)) == base.diff_ids
}

_platform(config) := [config.os, config.architecture, config.variant]

# METADATA
# title: The base that annotations name
# description: '{name, digest} of org.opencontainers.image.base.*, empty where they do not say. Nobody signed it.'
annotated(config) := {
	"name": image.parse(object.get(config.annotations, "org.opencontainers.image.base.name", "")).name,
	"digest": object.get(config.annotations, "org.opencontainers.image.base.digest", ""),
}

# METADATA
# title: When an approved base was made
# description: The dates of what has this digest, as far as it is named exactly.
dates(digest, facts) := {base.created |
	some answer in facts
	digest in _digests(answer)
	some base in answer.configs
	digest in {answer.image.digest, base.digest}
}

# METADATA
# title: How a date stands to a limit
# description: age_unknown, in_future, too_old or fresh. Now is in nanoseconds.
age(text, limit, now) := "age_unknown" if not _at(text)

else := "in_future" if _at(text) > now

else := "too_old" if now - _at(text) > clock.duration(limit)

else := "fresh"

# Reproducible builds write 1970, which is no date.
_at(text) := at if {
	at := clock.instant(text)
	at > 0
}

# METADATA
# title: What of the labels of an image is not what is expected
# description: A set of sentences. Labels and annotations are compared exactly, upper and lower case too.
unlabelled(config, rule) := {sprintf("%s, and %s was expected", [_found(config, label), _wanted(label)]) |
	some label in rule.labels
	not _labelled(config, label)
}

_labelled(config, label) if {
	some text in _texts(config, label)
	_like(text, label)
}

_texts(config, label) := {config[place][label.name] | some place in _places(label)}

_places(label) := [label["in"]] if label["in"]

else := ["labels"]

_like(text, label) if text == label.equals

_like(text, label) if globs.matches(text, label.pattern)

_found(config, label) := sprintf("%q is %s in its %s", [label.name, concat(", ", [sprintf("%q", [substring(text, 0, 100)]) | some text in _texts(config, label)]), _places(label)[0]]) if {
	count(_texts(config, label)) > 0
} else := sprintf("%q is not among its %s", [label.name, _places(label)[0]])

_wanted(label) := sprintf("%q", [label.equals]) if label.equals

_wanted(label) := sprintf("a text like %q", [label.pattern]) if label.pattern
