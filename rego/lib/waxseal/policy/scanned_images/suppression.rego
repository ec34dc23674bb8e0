# What keeps a finding from being refused: VEX and exceptions. Both only take
# away from what is refused, so where they cannot be had, the findings stay.
package lib.waxseal.policy.scanned_images

import data.lib.waxseal.authority
import data.lib.waxseal.evidence
import data.lib.waxseal.exceptions
import data.lib.waxseal.host
import data.lib.waxseal.result
import data.lib.waxseal.scans
import data.lib.waxseal.vex
import data.lib.waxseal.workload

requests contains evidence.vex_statements_request(ctr.image, authority.opts(trusted)) if {
	some ctr in workload.named
	some trusted in _vex_authorities[ctr.image]
}

requests contains evidence.cosign_attestations_request(ctr.image, _exception_opts(trusted)) if {
	some ctr in workload.named
	some trusted in _exception_authorities[ctr.image]
}

# METADATA
# title: VEX suppresses a finding
# description: A verified statement of an authority that is trusted for VEX says that the image is not affected, or that the vulnerability is fixed in it.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md#suppressed_by_vex
# custom:
#   code: scanned_images.suppressed_by_vex
#   severity: low
#   remediation: See that the justification still holds.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SR-3", "NIST-800-53:SI-7"]
notes contains result.note(rego.metadata.chain(), {"container": ctr, "why": why}) if {
	some [ctr, finding] in _found
	some claim in _claims(finding, ctr)
	why := sprintf("%s %s", [scans.listed({finding}), vex.described(claim)])
}

# METADATA
# title: What could suppress findings cannot be read
# description: VEX or exceptions are asked for, and whether there are some cannot be told, or what is there cannot be read. The findings count.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md#suppression_unread
# custom:
#   code: scanned_images.suppression_unread
#   severity: medium
#   remediation: Try again if it is an outage; otherwise attest again in a form that is read, or have the owner of the policy correct the authority.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SR-3", "NIST-800-53:SI-7"]
notes contains result.note(rego.metadata.chain(), {"container": ctr, "why": gap.why, "errors": gap.errors}) if {
	some ctr in _reported
	some gap in _gaps[ctr.image]
}

# METADATA
# title: Attested exceptions are malformed
# description: A verified statement of exceptions lacks an owner, a reason or an end, or says what exceptions do not say. None of it is used.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md#exceptions_malformed
# custom:
#   code: scanned_images.exceptions_malformed
#   severity: medium
#   remediation: Attest the exceptions again, with an id, an owner, a reason and an end each; their scope is the image that they are attested to.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SR-3", "NIST-800-53:SI-7"]
notes contains result.note(rego.metadata.chain(), {"container": ctr, "why": why}) if {
	some ctr in _reported
	some trusted in _exception_authorities[ctr.image]
	some statement in _attested(ctr.image, trusted).statements
	problems := exceptions.malformed(statement)
	count(problems) > 0
	why := sprintf("the exceptions that %q attested in %s are not used: %s", [trusted.name, statement.digest, concat("; ", problems)])
}

# METADATA
# title: An exception was used
# description: A finding that the policy refuses is accepted until the exception ends.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md#excepted
# custom:
#   code: scanned_images.excepted
#   severity: low
#   remediation: Mend the finding before the exception ends.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SR-3", "NIST-800-53:SI-7"]
notes contains result.note(rego.metadata.chain(), {"container": ctr, "why": why}) if {
	some [ctr, finding] in _counting
	some exception in exceptions.covering(_scoped(ctr), finding)
	exceptions.holds(exception, host.now)
	why := sprintf("%s is excepted until %s (%s)", [finding.id, exception.expires, exceptions.described(exception)])
}

# METADATA
# title: An exception ends soon
# description: It holds, and its end is nearer than warn_before.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md#exception_expiring
# custom:
#   code: scanned_images.exception_expiring
#   severity: low
#   remediation: Mend the finding, or have the owner of the exception renew it.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SR-3", "NIST-800-53:SI-7"]
notes contains result.note(rego.metadata.chain(), {"container": ctr, "why": why}) if {
	some ctr in _reported
	some exception in _scoped(ctr)
	exceptions.ends_within(exception, object.get(_parameters, "warn_before", "14d"), host.now)
	why := sprintf("the exception for %s ends on %s (%s)", [exception.id, exception.expires, exceptions.described(exception)])
}

# METADATA
# title: An exception has ended
# description: The finding counts again, where there is one.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md#exception_expired
# custom:
#   code: scanned_images.exception_expired
#   severity: medium
#   remediation: Mend the finding, or have the owner of the exception renew it; remove the exception when it is needed no more.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SR-3", "NIST-800-53:SI-7"]
notes contains result.note(rego.metadata.chain(), {"container": ctr, "why": why}) if {
	some ctr in _reported
	some exception in _scoped(ctr)
	exceptions.ended(exception, host.now)
	why := sprintf("the exception for %s ended on %s (%s)", [exception.id, exception.expires, exceptions.described(exception)])
}

# METADATA
# title: Exceptions are used by nothing
# description: They are for the image and hold, and no finding that counts falls under them.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md#exceptions_unused
# custom:
#   code: scanned_images.exceptions_unused
#   severity: low
#   remediation: Remove the exceptions, or narrow their scope to the images that need them.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SR-3", "NIST-800-53:SI-7"]
notes contains result.note(rego.metadata.chain(), {"container": ctr, "why": why}) if {
	some ctr in _reported
	unused := {exception |
		some exception in _scoped(ctr)
		exceptions.holds(exception, host.now)
		not _used(exception, ctr)
	}
	count(unused) > 0
	why := sprintf("no finding falls under the exceptions for %s", [exceptions.listed(unused)])
}

_used(exception, ctr) if {
	some [user, finding] in _counting
	user == ctr
	exceptions.covering({exception}, finding) != set()
}

# Findings that neither the scanner nor VEX sets aside.
_counting contains [ctr, finding] if {
	some [ctr, finding] in _found
	_claims(finding, ctr) == set()
}

_vexed(finding, ctr) if count(_claims(finding, ctr)) > 0

_claims(finding, ctr) := vex.suppressing(entries, finding, _parameters.vex, host.now) if {
	_parameters.vex
	entries := union({object.get(_said, _about(ctr.image, id), set()) | some id in array.concat([finding.id], finding.aliases)})
} else := set()

_excepted(finding, ctr) if {
	some exception in exceptions.covering(_scoped(ctr), finding)
	exceptions.holds(exception, host.now)
}

# The exceptions for a container, of the parameters and of who is trusted for them.
_scoped(ctr) := exceptions.configured(_parameters, ctr.image, _digest(ctr.image)) | {exception |
	some trusted in _exception_authorities[ctr.image]
	some exception in exceptions.attested(_attested(ctr.image, trusted), trusted)
}

# Who is trusted for what about an image. Where nobody may scan it, nothing is asked.
_vex_authorities[ctr.image] := authority.matching(_parameters.vex.authorities, ctr.image) if {
	some ctr in workload.named
	count(_asked(ctr)) > 0
}

_exception_authorities[ctr.image] := authority.matching(_parameters.exceptions_from, ctr.image) if {
	some ctr in workload.named
	count(_asked(ctr)) > 0
}

_exception_opts(trusted) := object.union(authority.opts(trusted), {"predicate_types": [exceptions.predicate_type]})

_attested(ref, trusted) := evidence.cosign_attestations(ref, _exception_opts(trusted))

# What verified VEX says, by image and vulnerability: there may be many findings, and many statements.
_said[_about(ref, id)] contains entry if {
	some ref, authorities in _vex_authorities
	some trusted in authorities
	some entry in vex.said(evidence.vex_statements(ref, authority.opts(trusted)), trusted)
	some id in entry.ids
}

_about(ref, id) := sprintf("%s %s", [ref, id])

# The containers whose image has a report: of others nobody can tell what is used.
_reported contains ctr if {
	some ctr in workload.named
	some trusted in _asked(ctr)
	count(_newest(ctr, trusted)) > 0
}

# The digest that this decision established: there is one at most, and more would match none.
_digest(ref) := concat(" ", {answer.image.digest |
	some ctr in workload.named
	ctr.image == ref
	some trusted in _asked(ctr)
	answer := _answer(ctr, trusted)
	answer.ok
})

# Where it cannot be told what is suppressed, by the image. That there is nothing is an answer.
_gaps[ref] contains {"why": why, "errors": answer.errors} if {
	some ref, authorities in _vex_authorities
	some trusted in authorities
	answer := evidence.vex_statements(ref, authority.opts(trusted))
	why := _gap("VEX", trusted, answer)
}

_gaps[ref] contains {"why": why, "errors": answer.errors} if {
	some ref, authorities in _exception_authorities
	some trusted in authorities
	answer := _attested(ref, trusted)
	why := _gap("exceptions", trusted, answer)
}

_gap(what, trusted, answer) := sprintf(_gap_texts[evidence.standing(answer)], [trusted.name, what, evidence.said(answer)]) if answer.ok == false

_gap_texts := {
	"unknown": "whether %q attested %s cannot be told now%s",
	"unreadable": "what %q attested as %s cannot be read%s",
	"host_not_allowed": "what %q attested as %s cannot be read%s",
	"not_found": "what %q attested as %s cannot be read%s",
	"invalid_request": "%q cannot be asked for %s%s",
}

# What a refusal for findings adds about that.
_beside(ref) := concat("", [sprintf("; %s", [gap.why]) | some gap in object.get(_gaps, ref, set())])

_retryable(ref) := [error |
	some gap in object.get(_gaps, ref, set())
	some error in gap.errors
	error.retryable
]
