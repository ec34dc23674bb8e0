# METADATA
# title: Exceptions
# description: >-
#   Findings that are accepted until a day: an id, a scope, an owner, a reason
#   and an end, and where there is one a ticket. They are parameters, or the
#   verified attestations of an authority that is trusted for them, whose scope
#   is the digest that they are attested to. Each one speaks for itself: many of
#   them allow no more than each of them does.
package lib.waxseal.exceptions

import data.lib.waxseal.clock
import data.lib.waxseal.image

# METADATA
# title: The predicate type of exceptions
predicate_type := "https://github.com/waxseal/waxseal/attestation/exception/v1"

# METADATA
# title: The exceptions of the parameters that are for an image
# description: By the patterns of its name, by its digest, or by both where both are given.
configured(rules, ref, digest) := {object.union(exception, {"by": ""}) |
	some exception in rules.exceptions
	_of_image(exception, ref)
	_of_digest(exception, digest)
}

_of_image(exception, _) if {
	not exception.images
	count(exception.digests) > 0
}

_of_image(exception, ref) if {
	some pattern in exception.images
	image.matches(ref, pattern)
}

_of_digest(exception, _) if not exception.digests

_of_digest(exception, digest) if digest in exception.digests

# METADATA
# title: The exceptions that an authority attested
# description: >-
#   Those of each verified statement that has the form, all of it. The statements
#   are about the image's digest, which is their scope.
attested(answer, trusted) := {object.union(exception, {"by": trusted.name}) |
	some statement in answer.statements
	malformed(statement) == set()
	some exception in statement.predicate.exceptions
}

# METADATA
# title: Those of the exceptions that a finding falls under
covering(all, finding) := {exception |
	some exception in all
	exception.id in ({finding.id} | {alias | some alias in finding.aliases})
	_of_package(exception, finding)
}

_of_package(exception, finding) if finding.package.name in exception.packages

_of_package(exception, _) if not exception.packages

# METADATA
# title: Whether an exception holds
# description: >-
#   The day that is written as its end belongs to it. One that says that it was
#   made in the future does not hold yet.
holds(exception, now) if {
	now < clock.end(exception.expires)
	_made(exception, now)
}

_made(exception, _) if not exception.created

_made(exception, now) if _begin(exception.created) <= now

# METADATA
# title: Whether an exception has ended
ended(exception, now) if now >= clock.end(exception.expires)

# METADATA
# title: Whether an exception holds and ends within a time
ends_within(exception, limit, now) if {
	holds(exception, now)
	clock.end(exception.expires) - now <= clock.duration(limit)
}

# METADATA
# title: An exception in words
# description: Who answers for it, the ticket, why, and who attested it.
described(exception) := concat(", ", [part |
	some part in [
		sprintf("owner %s", [exception.owner]),
		_said("ticket", object.get(exception, "ticket", "")),
		sprintf("reason: %s", [exception.reason]),
		_said("attested by", exception.by),
	]
	part != ""
])

_said(_, "") := ""

_said(what, text) := sprintf("%s %s", [what, text]) if text != ""

# METADATA
# title: Exceptions in words
# description: Sorted by their ids, at most ten of them.
listed(all) := concat("", [concat("; ", array.slice(texts, 0, 10)), _rest(count(texts))]) if {
	texts := sort([sprintf("%s until %s (%s)", [exception.id, exception.expires, described(exception)]) | some exception in all])
}

_rest(n) := sprintf("; and %d more", [n - 10]) if n > 10

else := ""
