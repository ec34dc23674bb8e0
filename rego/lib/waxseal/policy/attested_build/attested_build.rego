# METADATA
# title: Images are built where and from what is expected
# description: >-
#   Provenance counts when it is a verified attestation about the image's digest,
#   of SLSA v0.2 or v1, made by an authority that is trusted for the image. It has
#   to name the builder, the source repository and whatever else is expected of
#   the image, and may not contradict the certificate of who signed it.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/attested_build.md
# custom:
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.3.2"]
package lib.waxseal.policy.attested_build

import data.lib.waxseal.authority
import data.lib.waxseal.evidence
import data.lib.waxseal.host
import data.lib.waxseal.parameters
import data.lib.waxseal.provenance
import data.lib.waxseal.result
import data.lib.waxseal.workload

requests contains evidence.cosign_attestations_request(ctr.image, _opts(trusted)) if {
	some ctr in workload.named
	some trusted in _asked(ctr)
}

# METADATA
# title: There is no such image
# description: The registry answered that it has no image of this name and tag.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/attested_build.md#not_found
# custom:
#   code: attested_build.not_found
#   severity: high
#   remediation: Check the name, the tag and the digest, and push the image first.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.not_found

# METADATA
# title: The registry may not be contacted
# description: The registry, or a host that it sends to, is not one that the operator lets be contacted.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/attested_build.md#host_not_allowed
# custom:
#   code: attested_build.host_not_allowed
#   severity: high
#   remediation: The operator has to name the host under registries in waxseal.yaml.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.host_not_allowed

# METADATA
# title: The evidence cannot be read
# description: What is attested about the image is damaged, over a limit, or of a form that is not understood.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/attested_build.md#unreadable
# custom:
#   code: attested_build.unreadable
#   severity: high
#   remediation: Attest the provenance again, with a tool that writes what the verifier reads; where the message names a limit, the operator can raise it in waxseal.yaml.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.unreadable

# METADATA
# title: There is no provenance
# description: No verified provenance of an authority that is trusted for the image was found. Unsigned provenance in the image's index, as BuildKit writes it, is not an attestation.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/attested_build.md#no_provenance
# custom:
#   code: attested_build.no_provenance
#   severity: high
#   remediation: Attest the provenance in the pipeline that builds the image, with the key or identity of the authority; what BuildKit puts unsigned into the index does not count.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.no_provenance

# METADATA
# title: The provenance is not of the authority
# description: What is attested about the image is not what the authority asks for.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/attested_build.md#untrusted
# custom:
#   code: attested_build.untrusted
#   severity: high
#   remediation: Attest the provenance with a key or identity of this authority; if it should be, treat the image as tampered with.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.untrusted

# METADATA
# title: A platform of the image is not covered
# description: The authority asks for platforms, and the image lacks one of them, or the authority has not attested its build.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/attested_build.md#platform_missing
# custom:
#   code: attested_build.platform_missing
#   severity: high
#   remediation: Attest the build of every platform, or have the owner of the policy correct the parameter platforms of the authority.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.platform_missing

# METADATA
# title: Whether the build is attested cannot be told now
# description: The registry or a service behind it gave no answer. What cannot be verified is not admitted.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/attested_build.md#unknown
# custom:
#   code: attested_build.unknown
#   severity: medium
#   remediation: 'Try again; if it stays, see to what the message names: that this registry, or the source of this trust root, can be reached, and that credentials are configured.'
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.unknown

# METADATA
# title: The authority cannot be asked
# description: The keys, identities, trust roots or options of the authority are missing, or not understood by the verifier.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/attested_build.md#invalid_request
# custom:
#   code: attested_build.invalid_request
#   severity: high
#   remediation: The owner of the configuration has to correct the authority, its keys or the trust roots in waxseal.yaml; the message says which.
#   controls: ["NIST-800-53:CM-14"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.invalid_request

# METADATA
# title: The builder is not the one expected
# description: The provenance names another builder, or none.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/attested_build.md#builder
# custom:
#   code: attested_build.builder
#   severity: high
#   remediation: Build the image with a builder that is expected, or have the owner of the policy name this one.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.builder

# METADATA
# title: The build type is not the one expected
# description: The provenance names another build type, or none, so its parameters may mean something else.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/attested_build.md#build_type
# custom:
#   code: attested_build.build_type
#   severity: high
#   remediation: Build the image in the way that is expected, or have the owner of the policy name this build type.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.build_type

# METADATA
# title: The source is not the one expected
# description: The provenance names another source repository, none, or one that cannot be compared.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/attested_build.md#source
# custom:
#   code: attested_build.source
#   severity: high
#   remediation: Build the image from the repository that is expected; if it should be, treat the image as tampered with.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.source

# METADATA
# title: The ref is not the one expected
# description: The provenance names another branch or tag, or none.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/attested_build.md#ref
# custom:
#   code: attested_build.ref
#   severity: high
#   remediation: Build the image from a branch or tag that is expected.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.ref

# METADATA
# title: The workflow is not the one expected
# description: The provenance names another workflow or entry point, or none.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/attested_build.md#workflow
# custom:
#   code: attested_build.workflow
#   severity: high
#   remediation: Build the image with a workflow that is expected.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.workflow

# METADATA
# title: A material is missing
# description: The provenance does not name, with its digest, something that the build is expected to use.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/attested_build.md#material
# custom:
#   code: attested_build.material
#   severity: high
#   remediation: Use what is expected, or have the owner of the policy correct the parameter materials.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.material

# METADATA
# title: The provenance contradicts the certificate of its signer
# description: The issuer of the identity vouches for another source, ref, commit or workflow than the provenance names.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/attested_build.md#contradicted
# custom:
#   code: attested_build.contradicted
#   severity: high
#   remediation: Treat the image as tampered with, and see which workflow signed the provenance.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.contradicted

# METADATA
# title: No authority is trusted for the build of this image
# description: The image matches the patterns of no authority, so nobody's provenance could make it acceptable.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/attested_build.md#no_authority
# custom:
#   code: attested_build.no_authority
#   severity: high
#   remediation: Use an image of a repository that an authority is trusted for, or have the owner of the policy add an authority.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), {"container": ctr, "why": why}) if {
	_valid
	some ctr in workload.named
	count(_asked(ctr)) == 0
	why := "no authority is trusted for its repository, and trusted provenance was expected"
}

# METADATA
# title: Nothing is expected of the build of this image
# description: The image matches the patterns of no entry of builds, so no provenance could make it acceptable.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/attested_build.md#no_expectation
# custom:
#   code: attested_build.no_expectation
#   severity: high
#   remediation: Use an image of a repository whose build is described, or have the owner of the policy add an entry to builds.
#   controls: ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), {"container": ctr, "why": why}) if {
	_valid
	some ctr in workload.named
	count(_expected(ctr)) == 0
	why := "nothing says which build of it is expected"
}

# METADATA
# title: The parameters of the policy are wrong
# description: Parameters that are empty or not understood are refused, never ignored.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/attested_build.md#parameters
# custom:
#   code: attested_build.parameters
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

# Each manifest that is covered has its own build.
_holds(ctr, trusted) if {
	count(_expected(ctr)) > 0
	statements := _answer(ctr, trusted).statements
	count(evidence.covered(statements)) > 0
	every digest in evidence.covered(statements) {
		_built(evidence.about(statements, digest), _expected(ctr))
	}
}

# One statement has to be all that is expected: the builder of one and the source of another are no build.
_built(statements, expectations) if {
	some statement in statements
	_fits(statement, expectations)
}

_fits(statement, expectations) if {
	build := provenance.attested(statement)
	is_array(statement.signers)
	count(statement.signers) > 0
	every signer in statement.signers {
		provenance.agrees(build, signer)
	}
	every expected in expectations {
		provenance.meets(build, expected)
	}
}

_answer(ctr, trusted) := evidence.cosign_attestations(ctr.image, _opts(trusted))

_opts(trusted) := object.union(authority.opts(trusted), {"predicate_types": provenance.types})

# By what stands in the way. Each state has a rule above; another one would leave the container undecided.
_refused[obstacle.state] contains {"container": ctr, "why": obstacle.why, "errors": _answer(ctr, trusted).errors} if {
	some ctr in workload.named
	not _accepted(ctr)
	some trusted in _asked(ctr)
	not _holds(ctr, trusted)
	some obstacle in _obstacles(ctr, trusted)
}

_obstacles(ctr, trusted) := union({
	{{"state": state, "why": why} |
		answer := _answer(ctr, trusted)
		count(answer.statements) == 0
		state := _state(answer)
		why := _unread(state, trusted, answer)
	},
	{{"state": unmet.state, "why": why} |
		some statement in _answer(ctr, trusted).statements
		some expected in _expected(ctr)
		some unmet in provenance.unmet(provenance.attested(statement), expected)
		why := sprintf("the provenance of authority %q %s", [trusted.name, unmet.text])
	},
	{{"state": "contradicted", "why": why} |
		some statement in _answer(ctr, trusted).statements
		some signer in statement.signers
		some text in provenance.contradictions(provenance.attested(statement), signer)
		why := sprintf("of authority %q, %s", [trusted.name, text])
	},
})

_state(answer) := "no_provenance" if answer.ok

else := evidence.standing(answer) if {
	evidence.standing(answer) != "refused"
} else := "no_provenance" if {
	every error in answer.errors {
		error.code in {"no_attestation", "wrong_predicate", "unsigned"}
	}
} else := "platform_missing" if {
	some error in answer.errors
	error.code == "platform_missing"
} else := "untrusted"

_unread("not_found", _, answer) := sprintf("the registry has no such image%s", [evidence.said(answer)])

_unread("host_not_allowed", _, answer) := sprintf("its registry, or a host behind it, may not be contacted%s", [evidence.said(answer)])

_unread("unreadable", trusted, answer) := sprintf("whether authority %q attested its build cannot be read from what is there%s", [trusted.name, evidence.said(answer)])

_unread("no_provenance", trusted, answer) := sprintf("there is no provenance of authority %q%s", [trusted.name, evidence.said(answer)])

_unread("untrusted", trusted, answer) := sprintf("no provenance is what authority %q asks for%s", [trusted.name, evidence.said(answer)])

_unread("unknown", trusted, answer) := sprintf("whether authority %q attested its build cannot be told now%s", [trusted.name, evidence.said(answer)])

_unread("platform_missing", trusted, answer) := sprintf("authority %q has to have attested the build of each platform that is asked for%s", [trusted.name, evidence.said(answer)])

_unread("invalid_request", trusted, answer) := sprintf("authority %q cannot be asked%s", [trusted.name, evidence.said(answer)])

_expected(ctr) := provenance.expected(_parameters.builds, ctr.image)

_asked(ctr) := authority.matching(_parameters.authorities, ctr.image) if _valid

else := set()

_valid if count(_problems) == 0

_parameters := object.get(host.parameters, "attested_build", {})

_problems := _misshapen if {
	count(_misshapen) > 0
} else := authority.problems("attested_build", object.get(_parameters, "authorities", [])) | provenance.problems("attested_build", object.get(_parameters, "builds", []))

_misshapen := parameters.problems("attested_build", _parameters, object.union_n([
	object.remove(authority.shape, {"authorities.*.repositories", "authorities.*.repositories.*"}),
	provenance.shape,
	{"": "object", "any": "boolean"},
]))
