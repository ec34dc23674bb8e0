# METADATA
# title: Images are scanned, lately and with nothing grave
# description: >-
#   A scan counts when it is a verified attestation about the image's digest,
#   made by an authority that is trusted for the image. The newest report of
#   each scanner decides, for each format and type of predicate that it has
#   reports of; its age and the age of its database are checked.
#   Exceptions are parameters, or attestations of who is trusted for them: an
#   id, a scope, an owner, a reason and an end. VEX counts when it is verified,
#   of an authority that is trusted for it, and about the image or its package.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md
# custom:
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SR-3", "NIST-800-53:SI-7"]
package lib.waxseal.policy.scanned_images

import data.lib.waxseal.authority
import data.lib.waxseal.evidence
import data.lib.waxseal.exceptions
import data.lib.waxseal.host
import data.lib.waxseal.parameters
import data.lib.waxseal.result
import data.lib.waxseal.scans
import data.lib.waxseal.vex
import data.lib.waxseal.workload

requests contains evidence.scan_findings_request(ctr.image, authority.opts(trusted)) if {
	some ctr in workload.named
	some trusted in _asked(ctr)
}

# METADATA
# title: The image has findings that are not acceptable
# description: The newest report of a scanner names findings of a severity that the policy refuses.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md#findings
# custom:
#   code: scanned_images.findings
#   severity: high
#   remediation: Rebuild the image with what is fixed, or ask the owner of the policy for an exception with an end.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SR-3", "NIST-800-53:SI-7"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.findings

# METADATA
# title: There is no such image
# description: The registry answered that it has no image of this name and tag.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md#not_found
# custom:
#   code: scanned_images.not_found
#   severity: high
#   remediation: Check the name, the tag and the digest, and push the image first.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SR-3", "NIST-800-53:SI-7"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.not_found

# METADATA
# title: The registry may not be contacted
# description: The registry, or a host that it sends to, is not one that the operator lets be contacted.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md#host_not_allowed
# custom:
#   code: scanned_images.host_not_allowed
#   severity: high
#   remediation: The operator has to name the host under registries in waxseal.yaml.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SR-3", "NIST-800-53:SI-7"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.host_not_allowed

# METADATA
# title: The evidence cannot be read
# description: What is attested about the image is damaged, over a limit, or of a form that is not understood.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md#unreadable
# custom:
#   code: scanned_images.unreadable
#   severity: high
#   remediation: Scan the image again and attest the report, in a format that is read; where the message names a limit, the operator can raise it in waxseal.yaml.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SR-3", "NIST-800-53:SI-7"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.unreadable

# METADATA
# title: There is no scan report
# description: No verified report of an authority that is trusted for the image was found. No report is not the same as no findings.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md#no_report
# custom:
#   code: scanned_images.no_report
#   severity: high
#   remediation: Scan the image in the pipeline that builds it, and attest the report with the key or identity of the authority.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SR-3", "NIST-800-53:SI-7"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.no_report

# METADATA
# title: The scan report is not of the authority
# description: What is attested about the image is not what the authority asks for.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md#untrusted
# custom:
#   code: scanned_images.untrusted
#   severity: high
#   remediation: Attest the report with a key or identity of this authority; if it should be, treat the report as tampered with.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SR-3", "NIST-800-53:SI-7", "NIST-800-53:SR-11"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.untrusted

# METADATA
# title: A platform of the image is not covered
# description: The authority asks for platforms, and the image lacks one of them, or the authority has not scanned it.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md#platform_missing
# custom:
#   code: scanned_images.platform_missing
#   severity: high
#   remediation: Scan every platform of the image, or have the owner of the policy correct the parameter platforms of the authority.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SR-3", "NIST-800-53:SI-7"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.platform_missing

# METADATA
# title: Whether the image is scanned cannot be told now
# description: The registry or a service behind it gave no answer. What cannot be verified is not admitted.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md#unknown
# custom:
#   code: scanned_images.unknown
#   severity: medium
#   remediation: 'Try again; if it stays, see to what the message names: that this registry, or the source of this trust root, can be reached, and that credentials are configured.'
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SR-3", "NIST-800-53:SI-7"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.unknown

# METADATA
# title: The authority cannot be asked
# description: The keys, identities, trust roots or options of the authority are missing, or not understood by the verifier.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md#invalid_request
# custom:
#   code: scanned_images.invalid_request
#   severity: high
#   remediation: The owner of the configuration has to correct the authority, its keys or the trust roots in waxseal.yaml; the message says which.
#   controls: ["NIST-800-53:CM-14"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.invalid_request

# METADATA
# title: A scanner that is required gave no report
# description: The parameters name scanners, and one of them has no verified report about the image.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md#scanner_missing
# custom:
#   code: scanned_images.scanner_missing
#   severity: high
#   remediation: Scan the image with this scanner too, and attest its report.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SR-3", "NIST-800-53:SI-7"]
deny contains result.new(rego.metadata.chain(), {"container": ctr, "why": why}) if {
	some ctr in workload.named
	some absent in _absent(ctr)
	absent.state == "scanner_missing"
	why := absent.text
}

# METADATA
# title: A scanner is of a version that is not accepted
# description: >-
#   The parameters name the versions of a scanner that are accepted, and its report is of another one, or does not
#   say of which.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md#scanner_outdated
# custom:
#   code: scanned_images.scanner_outdated
#   severity: high
#   remediation: Update the scanner, scan the image again, and attest a report that names the version.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SR-3", "NIST-800-53:SI-7"]
deny contains result.new(rego.metadata.chain(), {"container": ctr, "why": why}) if {
	some ctr in workload.named
	some absent in _absent(ctr)
	absent.state == "scanner_outdated"
	why := absent.text
}

# METADATA
# title: The scan is too old
# description: What became known since then is not in it.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md#scan_too_old
# custom:
#   code: scanned_images.scan_too_old
#   severity: high
#   remediation: Scan the image again and attest the report.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SR-3", "NIST-800-53:SI-7"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.scan_too_old

# METADATA
# title: The age of the scan is not known
# description: A report without a time may be of any age, and is not taken for a fresh one.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md#scan_age_unknown
# custom:
#   code: scanned_images.scan_age_unknown
#   severity: high
#   remediation: Attest a report that says when the scan was made.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SR-3", "NIST-800-53:SI-7"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.scan_age_unknown

# METADATA
# title: The scan is dated in the future
# description: A report that is dated ahead would stay fresh for too long.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md#scan_in_future
# custom:
#   code: scanned_images.scan_in_future
#   severity: high
#   remediation: See to the clock of the scanner, and scan the image again.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SR-3", "NIST-800-53:SI-7"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.scan_in_future

# METADATA
# title: The scanner's database was too old
# description: A fresh scan with an old database does not know what became known since then.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md#database_too_old
# custom:
#   code: scanned_images.database_too_old
#   severity: high
#   remediation: Update the database of the scanner, and scan the image again.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SR-3", "NIST-800-53:SI-7"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.database_too_old

# METADATA
# title: The age of the scanner's database is not known
# description: >-
#   A report that does not say how old the database was is not taken for a fresh one. cosign attest --type vuln
#   leaves the time out; with the type as https://cosign.sigstore.dev/attestation/vuln/v1 it stays in, and waxseal attest
#   scan writes it. A report of the same scan that was attested without it still counts, so scan again.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md#database_age_unknown
# custom:
#   code: scanned_images.database_age_unknown
#   severity: medium
#   remediation: Scan the image again and attest a report that names the time of the database, or have the owner of the policy allow an unknown one.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SR-3", "NIST-800-53:SI-7"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.database_age_unknown

# METADATA
# title: The scanner's database is dated in the future
# description: A database that is dated ahead would stay fresh for too long.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md#database_in_future
# custom:
#   code: scanned_images.database_in_future
#   severity: high
#   remediation: See to the clock and the database of the scanner, and scan the image again.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SR-3", "NIST-800-53:SI-7"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.database_in_future

# METADATA
# title: No authority is trusted to scan this image
# description: The image matches the patterns of no authority, so nobody's report could make it acceptable.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md#no_authority
# custom:
#   code: scanned_images.no_authority
#   severity: high
#   remediation: Use an image of a repository that an authority is trusted for, or have the owner of the policy add an authority.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SR-3", "NIST-800-53:SI-7"]
deny contains result.new(rego.metadata.chain(), {"container": ctr, "why": why}) if {
	_valid
	some ctr in workload.named
	count(_asked(ctr)) == 0
	why := "no authority is trusted for its repository, and a trusted scan was expected"
}

# METADATA
# title: The parameters of the policy are wrong
# description: Parameters that are empty or not understood are refused, never ignored.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md#parameters
# custom:
#   code: scanned_images.parameters
#   severity: high
#   remediation: The owner of the policy has to correct the parameters.
#   controls: ["NIST-800-53:CM-14"]
deny contains result.new(rego.metadata.chain(), {"why": problem}) if {
	count(workload.containers) > 0
	some problem in _problems
}

pass contains ctr if {
	some ctr in workload.named
	_accepted(ctr)
	count(_absent(ctr)) == 0
}

# METADATA
# title: The scanner set findings aside
# description: The report lists findings as suppressed, and the parameters accept that.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md#suppressed
# custom:
#   code: scanned_images.suppressed
#   severity: low
#   remediation: See that what is set aside is meant to be.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SR-3", "NIST-800-53:SI-7"]
notes contains result.note(rego.metadata.chain(), {"container": ctr, "why": why}) if {
	some [ctr, aside] in _set_aside
	why := sprintf("the scanner set aside %s", [scans.listed(aside)])
}

# METADATA
# title: Findings have time left
# description: The policy refuses findings of this severity, and gives time to mend them.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/scanned_images.md#in_grace
# custom:
#   code: scanned_images.in_grace
#   severity: low
#   remediation: Mend the findings before their time ends.
#   controls: ["NIST-800-53:RA-5", "NIST-800-53:SR-3", "NIST-800-53:SI-7"]
notes contains result.note(rego.metadata.chain(), {"container": ctr, "why": why}) if {
	some ctr in workload.named
	some trusted in _asked(ctr)
	some report in _newest(ctr, trusted)
	waiting := scans.waiting(report, _rules)
	count(waiting) > 0
	why := sprintf("%s found %s, with time until %s at the earliest", [report.scanner.name, scans.listed(waiting), min({scans.grace_end(finding, _rules) | some finding in waiting})])
}

_accepted(ctr) if {
	count(_asked(ctr)) > 0
	every trusted in _asked(ctr) {
		_holds(ctr, trusted)
	}
}

_accepted(ctr) if {
	_parameters.any == true
	some trusted in _asked(ctr)
	_holds(ctr, trusted)
}

# A report is there, and each that counts is fresh and holds nothing that is not acceptable.
_holds(ctr, trusted) if {
	count(_newest(ctr, trusted)) > 0
	every report in _newest(ctr, trusted) {
		scans.fresh(report, _parameters, host.now)
		every finding in report.findings {
			_acceptable(finding, ctr)
		}
	}
}

_acceptable(finding, _) if scans.tolerated(finding, _rules)

_acceptable(finding, _) if _aside(finding)

_acceptable(finding, ctr) if _vexed(finding, ctr)

_acceptable(finding, ctr) if _excepted(finding, ctr)

_answer(ctr, trusted) := evidence.scan_findings(ctr.image, authority.opts(trusted))

_newest(ctr, trusted) := scans.newest(_answer(ctr, trusted).reports)

# By what stands in the way. Each state has a rule above; another one would leave the container undecided.
_refused[obstacle.state] contains {"container": ctr, "why": obstacle.why, "errors": array.concat(_answer(ctr, trusted).errors, object.get(obstacle, "errors", []))} if {
	some ctr in workload.named
	not _accepted(ctr)
	some trusted in _asked(ctr)
	some obstacle in _obstacles(ctr, trusted)
}

_obstacles(ctr, trusted) := union({
	{{"state": state, "why": why} |
		answer := _answer(ctr, trusted)
		count(answer.reports) == 0
		state := _state(answer)
		why := _unread(state, trusted, answer)
	},
	{{"state": stale.state, "why": why} |
		some report in _newest(ctr, trusted)
		some stale in scans.staleness(report, _parameters, host.now)
		why := sprintf("the report of %s by %q %s", [report.scanner.name, trusted.name, stale.text])
	},
	{{"state": "findings", "why": why, "errors": _retryable(ctr.image)} |
		some report in _newest(ctr, trusted)
		findings := {finding | some finding in report.findings; not _acceptable(finding, ctr)}
		count(findings) > 0
		why := sprintf("%s found %s (report of %q, %s)%s", [report.scanner.name, scans.explained(findings, _rules), trusted.name, report.scanned_at, _beside(ctr.image)])
	},
})

_aside(finding) if {
	_parameters.accept_suppressed
	finding.suppressed
}

# What notes speak of, as [container, finding] and [container, findings].
_found contains [ctr, finding] if {
	some ctr in workload.named
	some trusted in _asked(ctr)
	some report in _newest(ctr, trusted)
	some finding in scans.named(report, _rules)
	not _aside(finding)
}

_set_aside contains [ctr, aside] if {
	some ctr in workload.named
	some trusted in _asked(ctr)
	some report in _newest(ctr, trusted)
	aside := {finding | some finding in scans.named(report, _rules); _aside(finding)}
	count(aside) > 0
}

# The scanners that are required and gave no report. Where nobody gave one, that is said already.
_absent(ctr) := scans.unmet(_speakers(ctr), _rules) if {
	count(_speakers(ctr)) > 0
} else := set()

_speakers(ctr) := {{"scanner": report.scanner, "authority": trusted.name, "about": covered} |
	some trusted in _asked(ctr)
	_counts(ctr, trusted)
	some report in _newest(ctr, trusted)
	some covered in (scans.covered(report) | {"" | scans.covered(report) == set()})
}

# Where one authority is enough, a report of another one is no more than a claim.
_counts(_, _) if not _parameters.any

_counts(ctr, trusted) if _holds(ctr, trusted)

_state(answer) := "no_report" if answer.ok

else := evidence.standing(answer) if {
	evidence.standing(answer) != "refused"
} else := "no_report" if {
	every error in answer.errors {
		error.code in {"no_attestation", "wrong_predicate", "unsigned"}
	}
} else := "platform_missing" if {
	some error in answer.errors
	error.code == "platform_missing"
} else := "untrusted"

_unread("not_found", _, answer) := sprintf("the registry has no such image%s", [evidence.said(answer)])

_unread("host_not_allowed", _, answer) := sprintf("its registry, or a host behind it, may not be contacted%s", [evidence.said(answer)])

_unread("unreadable", trusted, answer) := sprintf("whether authority %q scanned it cannot be read from what is there%s", [trusted.name, evidence.said(answer)])

_unread("no_report", trusted, answer) := sprintf("there is no scan report of authority %q%s", [trusted.name, evidence.said(answer)])

_unread("untrusted", trusted, answer) := sprintf("no scan report is what authority %q asks for%s", [trusted.name, evidence.said(answer)])

_unread("unknown", trusted, answer) := sprintf("whether authority %q scanned it cannot be told now%s", [trusted.name, evidence.said(answer)])

_unread("platform_missing", trusted, answer) := sprintf("authority %q has to have scanned each platform that is asked for%s", [trusted.name, evidence.said(answer)])

_unread("invalid_request", trusted, answer) := sprintf("authority %q cannot be asked%s", [trusted.name, evidence.said(answer)])

_asked(ctr) := authority.matching(_parameters.authorities, ctr.image) if _valid

else := set()

_valid if count(_problems) == 0

_parameters := object.get(host.parameters, "scanned_images", {})

_rules := scans.prepared(_parameters, host.now)

_problems := _misshapen if {
	count(_misshapen) > 0
} else := ((authority.problems("scanned_images", object.get(_parameters, "authorities", [])) | scans.problems("scanned_images", _parameters)) | exceptions.problems("scanned_images", _parameters)) | _vex_problems

_vex_problems := vex.problems("scanned_images.vex", _parameters.vex) if {
	_parameters.vex
} else := set()

# The list of what is known to be exploited is long; what is wrong with it is said by scans.problems.
_misshapen := parameters.problems("scanned_images", _shaped, object.union_n([
	object.remove(authority.shape, {"authorities.*.repositories", "authorities.*.repositories.*"}),
	scans.shape,
	exceptions.shape,
	vex.shape,
	{"": "object", "any": "boolean"},
]))

_shaped := object.remove(_parameters, ["known_exploited"]) if is_object(_parameters)

else := _parameters
