# METADATA
# title: Verification summaries
# description: >-
#   What a verifier has found out about an image, by which policy and when: the SLSA
#   verification summary (VSA). Total: what is missing, or of another type than the
#   specification says, never vouches.
package lib.waxseal.summaries

import data.lib.waxseal.authority
import data.lib.waxseal.clock
import data.lib.waxseal.evidence
import data.lib.waxseal.image

# METADATA
# title: The predicate type
type := "https://slsa.dev/verification_summary/v1"

# METADATA
# title: The options of cosign.attestations for a verifier
opts(verifier) := object.union(authority.opts(verifier), {"predicate_types": [type]})

# METADATA
# title: Whether a verifier vouches for an image
# description: >-
#   Each manifest that is covered has to have a summary that is all of what is asked
#   for, and none of the same verifier that is as new and does not pass. Now is in
#   nanoseconds.
vouches(answer, verifier, ref, now) if {
	covered := evidence.covered(answer.statements)
	count(covered) > 0
	every digest in covered {
		statements := evidence.about(answer.statements, digest)
		some statement in statements
		_lacking(statement, digest, verifier, ref, now) == set()
		not _overruled(statement, statements, verifier)
	}
}

# METADATA
# title: Why a verifier does not vouch for an image
# description: A sentence, for one that does not.
unvouched(answer, verifier, ref, now) := sprintf("no verification summary of %q counts%s", [verifier.name, _because(answer, reasons)]) if {
	reasons := sort(union({_reasons(answer, digest, verifier, ref, now) | some digest in evidence.covered(answer.statements)}))
}

_because(answer, reasons) := evidence.said(answer) if count(reasons) == 0

else := concat("", [": ", concat("; ", array.slice(reasons, 0, _most_reasons))])

_most_reasons := 5

_reasons(answer, digest, verifier, ref, now) := {sprintf("one %s", [reason]) |
	some statement in evidence.about(answer.statements, digest)
	some reason in _lacking(statement, digest, verifier, ref, now)
} | {"one that passes is outweighed by another that does not, or that cannot be read, and is not older" |
	statements := evidence.about(answer.statements, digest)
	some statement in statements
	_lacking(statement, digest, verifier, ref, now) == set()
	_overruled(statement, statements, verifier)
}

# Of the same verifier and no older: whatever it was about, by whatever policy. What cannot be read may be such.
_overruled(statement, statements, verifier) if {
	some other in statements
	not _of_another(other, verifier)
	not _passes(other)
	not _older(other, statement)
}

_of_another(statement, verifier) if {
	is_string(statement.predicate.verifier.id)
	statement.predicate.verifier.id != verifier.verifier_id
}

_older(statement, other) if clock.instant(statement.predicate.timeVerified) < clock.instant(other.predicate.timeVerified)

# Why a summary does not count; empty for one that does. No text in it may be undefined,
# also where parameters are, which nobody would have let through: the reason would be gone.
_lacking(statement, digest, verifier, ref, now) := union({
	{"is no verification summary" | not statement.predicate_type == type},
	{"is about more than one subject, and names one resource" | not _single(statement)},
	{sprintf("is of the verifier %s, not %q", [_shown(statement, ["verifier", "id"]), object.get(verifier, "verifier_id", "")]) | not _by(statement, verifier)},
	{sprintf("has the result %s, not \"PASSED\"", [_shown(statement, ["verificationResult"])]) | not _passed(statement)},
	{"has no list of levels, or \"FAILED\" in it" | _passed(statement); not _levelled(statement)},
	{sprintf("is about %s, not this repository", [_shown(statement, ["resourceUri"])]) | not _about(statement, digest, verifier, ref)},
	{sprintf("is by the policy %s, which is not trusted", [_shown(statement, ["policy", "digest", "sha256"])]) | not _by_policy(statement, verifier)},
	{sprintf("has not the level %s", [level]) | some level in verifier.levels; not _has(statement, level)},
	{sprintf("has the time %s, which is not of the last %s", [_shown(statement, ["timeVerified"]), object.get(verifier, "max_age", "")]) | not _timely(statement, verifier, now)},
})

_single(statement) if {
	is_array(statement.subjects)
	count(statement.subjects) == 1
}

_by(statement, verifier) if statement.predicate.verifier.id == verifier.verifier_id

_passes(statement) if {
	_passed(statement)
	_levelled(statement)
}

_passed(statement) if statement.predicate.verificationResult == "PASSED"

_levelled(statement) if {
	is_array(statement.predicate.verifiedLevels)
	every level in statement.predicate.verifiedLevels {
		is_string(level)
		level != "FAILED"
	}
}

# The digest may be left out: the subject has it.
_about(statement, digest, verifier, ref) if {
	named := _resource(statement.predicate.resourceUri)
	image.parse(named).digest in {"", digest}
	_of_repository(named, verifier, ref)
}

_of_repository(named, _, ref) if image.parse(named).name == image.parse(ref).name

_of_repository(named, verifier, _) if {
	some pattern in verifier.repositories
	image.matches(named, pattern)
}

# A reference with its host, behind a scheme.
_resource(uri) := named if {
	is_string(uri)
	some [_, named] in regex.find_all_string_submatch_n(`^(?:docker|https|oci)://((?:localhost|[^/]*[.:][^/]*)/.+)$`, uri, 1)
	image.parse(named).valid
}

_by_policy(statement, verifier) if {
	is_object(statement.predicate.policy.digest)
	some algorithm, sum in statement.predicate.policy.digest
	is_string(sum)
	concat(":", [algorithm, lower(sum)]) in verifier.policy_digests
}

_has(statement, level) if level in statement.predicate.verifiedLevels

# A level of SLSA implies those below it.
_has(statement, level) if {
	some higher in statement.predicate.verifiedLevels
	_slsa(higher).track == _slsa(level).track
	_slsa(higher).level >= _slsa(level).level
}

_slsa(level) := {"track": track, "level": to_number(number)} if {
	some [_, track, number] in regex.find_all_string_submatch_n(`^(SLSA_[A-Z]+)_LEVEL_([0-9])$`, level, 1)
}

_timely(statement, verifier, now) if {
	at := clock.instant(statement.predicate.timeVerified)
	at <= now
	now - at <= clock.duration(verifier.max_age)
}

# JSON holds no sets: an empty one stands for what is not there.
_shown(statement, path) := _text(object.get({"predicate": statement.predicate}, array.concat(["predicate"], path), set()))

_text(value) := sprintf("%q", [substring(value, 0, 300)]) if is_string(value)

else := "that is not there" if value == set()

else := "that is no text"
