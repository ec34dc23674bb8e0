# METADATA
# title: Images have an SBOM
# description: >-
#   An SBOM counts when it is a verified attestation about the image's digest, in
#   SPDX or CycloneDX, made by an authority that is trusted for the image. It has
#   to list packages and may not say that it was made from another image.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/sbom_attached.md
# custom:
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
package lib.waxseal.policy.sbom_attached

import data.lib.waxseal.authority
import data.lib.waxseal.evidence
import data.lib.waxseal.host
import data.lib.waxseal.parameters
import data.lib.waxseal.result
import data.lib.waxseal.sboms
import data.lib.waxseal.workload

requests contains evidence.sbom_packages_request(ctr.image, _opts(trusted)) if {
	some ctr in workload.named
	some trusted in _asked(ctr)
}

# The manifests of an index are asked for only where they count.
requests contains evidence.registry_digest_request(ctr.image) if {
	_parameters.accept_platform_digests
	some ctr in workload.named
	count(_asked(ctr)) > 0
}

# METADATA
# title: There is no such image
# description: The registry answered that it has no image of this name and tag.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/sbom_attached.md#not_found
# custom:
#   code: sbom_attached.not_found
#   severity: high
#   remediation: Check the name, the tag and the digest, and push the image first.
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.not_found

# METADATA
# title: The registry may not be contacted
# description: The registry, or a host that it sends to, is not one that the operator lets be contacted.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/sbom_attached.md#host_not_allowed
# custom:
#   code: sbom_attached.host_not_allowed
#   severity: high
#   remediation: The operator has to name the host under registries in waxseal.yaml.
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.host_not_allowed

# METADATA
# title: The evidence cannot be read
# description: What is attested about the image is damaged, over a limit, or of a form that is not understood.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/sbom_attached.md#unreadable
# custom:
#   code: sbom_attached.unreadable
#   severity: high
#   remediation: Attest the SBOM again as SPDX 2.3 or CycloneDX 1.4 to 1.6; where the message names a limit, the operator can raise it in waxseal.yaml.
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.unreadable

# METADATA
# title: There is no SBOM
# description: No verified SBOM of an authority that is trusted for the image was found. An SBOM that is not signed, as BuildKit writes it into the index, is not an attestation.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/sbom_attached.md#no_sbom
# custom:
#   code: sbom_attached.no_sbom
#   severity: high
#   remediation: Attest the SBOM in the pipeline that builds the image, as cosign attest --type spdxjson or cyclonedx does.
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.no_sbom

# METADATA
# title: The SBOM is not of the authority
# description: What is attested about the image is not what the authority asks for.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/sbom_attached.md#untrusted
# custom:
#   code: sbom_attached.untrusted
#   severity: high
#   remediation: Attest the SBOM with a key or identity of this authority; if it should be, treat the image as tampered with.
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.untrusted

# METADATA
# title: A platform of the image is not covered
# description: The authority asks for platforms, and the image lacks one of them, or the authority has not attested its SBOM.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/sbom_attached.md#platform_missing
# custom:
#   code: sbom_attached.platform_missing
#   severity: high
#   remediation: Attest an SBOM of every platform, or have the owner of the policy correct the parameter platforms of the authority.
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.platform_missing

# METADATA
# title: Whether there is an SBOM cannot be told now
# description: The registry or a service behind it gave no answer. What cannot be verified is not admitted.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/sbom_attached.md#unknown
# custom:
#   code: sbom_attached.unknown
#   severity: medium
#   remediation: 'Try again; if it stays, see to what the message names: that this registry, or the source of this trust root, can be reached, and that credentials are configured.'
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.unknown

# METADATA
# title: The authority cannot be asked
# description: The keys, identities, trust roots or options of the authority, or what is asked of the packages, are missing or not understood by the verifier.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/sbom_attached.md#invalid_request
# custom:
#   code: sbom_attached.invalid_request
#   severity: high
#   remediation: The owner of the configuration has to correct what the message names, in the parameters or in waxseal.yaml.
#   controls: ["NIST-800-53:CM-14"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.invalid_request

# METADATA
# title: The SBOM lists no packages
# description: An SBOM without packages says nothing of what is in the image.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/sbom_attached.md#empty
# custom:
#   code: sbom_attached.empty
#   severity: high
#   remediation: Make the SBOM of the finished image, with a tool that knows its packages.
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.empty

# METADATA
# title: The SBOM was made from another image
# description: The document names the digest of another image than the one that it is attached to.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/sbom_attached.md#made_from_another_image
# custom:
#   code: sbom_attached.made_from_another_image
#   severity: high
#   remediation: Make the SBOM of this image by its digest and attest it again; where it was made of a platform of the index, attest it to that manifest, or have the owner of the policy set accept_platform_digests.
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.made_from_another_image

# METADATA
# title: The SBOM does not name its image
# description: The parameters require that the document itself names the digest of the image that it was made from, and it names none.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/sbom_attached.md#unnamed_image
# custom:
#   code: sbom_attached.unnamed_image
#   severity: high
#   remediation: 'Make the SBOM of the image by its digest, with a tool that writes the digest down: syft in SPDX, Trivy.'
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.unnamed_image

# METADATA
# title: The SBOM is of a format that is not accepted
# description: The document is in another format than the parameters accept.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/sbom_attached.md#format
# custom:
#   code: sbom_attached.format
#   severity: medium
#   remediation: Attest the SBOM in a format that is accepted.
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.format

# METADATA
# title: The SBOM was made by a tool that is not accepted
# description: None of the tools that the document names is one that the parameters accept.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/sbom_attached.md#tool
# custom:
#   code: sbom_attached.tool
#   severity: medium
#   remediation: Make the SBOM with a tool that is accepted, or have the owner of the policy name this one.
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.tool

# METADATA
# title: The age of the SBOM is not known
# description: The document has no time, and the parameters limit its age.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/sbom_attached.md#age_unknown
# custom:
#   code: sbom_attached.age_unknown
#   severity: medium
#   remediation: Make the SBOM with a tool that writes the time down.
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.age_unknown

# METADATA
# title: The SBOM is from the future
# description: The document has a time that has not come yet.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/sbom_attached.md#in_future
# custom:
#   code: sbom_attached.in_future
#   severity: high
#   remediation: Set the clock of the machine that makes the SBOM.
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.in_future

# METADATA
# title: The SBOM is too old
# description: The document is older than the parameters allow.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/sbom_attached.md#too_old
# custom:
#   code: sbom_attached.too_old
#   severity: medium
#   remediation: Make and attest the SBOM again.
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.too_old

# METADATA
# title: No authority is trusted for the SBOM of this image
# description: The image matches the patterns of no authority, so nobody's SBOM could make it acceptable.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/sbom_attached.md#no_authority
# custom:
#   code: sbom_attached.no_authority
#   severity: high
#   remediation: Use an image of a repository that an authority is trusted for, or have the owner of the policy add an authority.
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), {"container": ctr, "why": why}) if {
	_valid
	some ctr in workload.named
	count(_asked(ctr)) == 0
	why := "no authority is trusted for its repository, and a trusted SBOM was expected"
}

# METADATA
# title: The parameters of the policy are wrong
# description: Parameters that are empty or not understood are refused, never ignored.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/sbom_attached.md#parameters
# custom:
#   code: sbom_attached.parameters
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
}

notes := set()

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

# Each manifest that is covered has its own SBOM.
_holds(ctr, trusted) if {
	documents := _answer(ctr, trusted).documents
	count(evidence.covered(documents)) > 0
	every digest in evidence.covered(documents) {
		some document in evidence.about(documents, digest)
		sboms.fits(document, _parameters, _platforms(ctr), host.now)
	}
}

_obstacles(ctr, trusted) := {{"state": state, "why": sboms.unread(state, trusted, answer)} |
	answer := _answer(ctr, trusted)
	count(answer.documents) == 0
	state := sboms.state(answer)
} | {{"state": unmet.state, "why": why} |
	some document in _answer(ctr, trusted).documents
	some unmet in sboms.unmet(document, _parameters, _platforms(ctr), host.now)
	why := sprintf("the SBOM of authority %q %s", [trusted.name, unmet.text])
}

# That there are packages is all that is asked of them.
_opts(trusted) := object.union(authority.opts(trusted), {"only_matching": true})

_answer(ctr, trusted) := evidence.sbom_packages(ctr.image, _opts(trusted))

# The digests that a document may name beside the one that it is attached to.
_platforms(ctr) := {platform.digest | some platform in evidence.registry_digest(ctr.image).platforms} if _parameters.accept_platform_digests

else := set()

# By what stands in the way. Each state has a rule above; another one would leave the container undecided.
_refused[obstacle.state] contains {"container": ctr, "why": obstacle.why, "errors": _answer(ctr, trusted).errors} if {
	some ctr in workload.named
	not _accepted(ctr)
	some trusted in _asked(ctr)
	not _holds(ctr, trusted)
	some obstacle in _obstacles(ctr, trusted)
}

_asked(ctr) := authority.matching(_parameters.authorities, ctr.image) if _valid

else := set()

_valid if count(_problems) == 0

_parameters := object.get(host.parameters, "sbom_attached", {})

_problems := _misshapen if {
	count(_misshapen) > 0
} else := authority.problems("sbom_attached", object.get(_parameters, "authorities", [])) | sboms.problems("sbom_attached", _parameters)

_misshapen := parameters.problems("sbom_attached", _parameters, object.union_n([
	object.remove(authority.shape, {"authorities.*.repositories", "authorities.*.repositories.*"}),
	sboms.shape,
	{"": "object", "any": "boolean", "accept_platform_digests": "boolean"},
]))
