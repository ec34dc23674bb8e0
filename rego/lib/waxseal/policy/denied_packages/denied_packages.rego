# METADATA
# title: Images hold no denied packages and licences
# description: >-
#   The packages and licences that verified SBOMs of an image list are none of
#   those denied. Without an SBOM nobody can tell, and the image is denied; so it
#   is when a version cannot be compared or a licence is not known.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/denied_packages.md
# custom:
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
package lib.waxseal.policy.denied_packages

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
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/denied_packages.md#not_found
# custom:
#   code: denied_packages.not_found
#   severity: high
#   remediation: Check the name, the tag and the digest, and push the image first.
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.not_found

# METADATA
# title: The registry may not be contacted
# description: The registry, or a host that it sends to, is not one that the operator lets be contacted.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/denied_packages.md#host_not_allowed
# custom:
#   code: denied_packages.host_not_allowed
#   severity: high
#   remediation: The operator has to name the host under registries in waxseal.yaml.
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.host_not_allowed

# METADATA
# title: The evidence cannot be read
# description: What is attested about the image is damaged, over a limit, or of a form that is not understood.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/denied_packages.md#unreadable
# custom:
#   code: denied_packages.unreadable
#   severity: high
#   remediation: Attest the SBOM again as SPDX 2.3 or CycloneDX 1.4 to 1.6; where the message names a limit, the operator can raise it in waxseal.yaml.
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.unreadable

# METADATA
# title: There is no SBOM
# description: No verified SBOM of an authority that is trusted for the image was found. An SBOM that is not signed, as BuildKit writes it into the index, is not an attestation.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/denied_packages.md#no_sbom
# custom:
#   code: denied_packages.no_sbom
#   severity: high
#   remediation: Attest the SBOM in the pipeline that builds the image, as cosign attest --type spdxjson or cyclonedx does.
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.no_sbom

# METADATA
# title: The SBOM is not of the authority
# description: What is attested about the image is not what the authority asks for.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/denied_packages.md#untrusted
# custom:
#   code: denied_packages.untrusted
#   severity: high
#   remediation: Attest the SBOM with a key or identity of this authority; if it should be, treat the image as tampered with.
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.untrusted

# METADATA
# title: A platform of the image is not covered
# description: The authority asks for platforms, and the image lacks one of them, or the authority has not attested its SBOM.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/denied_packages.md#platform_missing
# custom:
#   code: denied_packages.platform_missing
#   severity: high
#   remediation: Attest an SBOM of every platform, or have the owner of the policy correct the parameter platforms of the authority.
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.platform_missing

# METADATA
# title: Whether there is an SBOM cannot be told now
# description: The registry or a service behind it gave no answer. What cannot be verified is not admitted.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/denied_packages.md#unknown
# custom:
#   code: denied_packages.unknown
#   severity: medium
#   remediation: 'Try again; if it stays, see to what the message names: that this registry, or the source of this trust root, can be reached, and that credentials are configured.'
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.unknown

# METADATA
# title: The authority cannot be asked
# description: The keys, identities, trust roots or options of the authority, or what is asked of the packages, are missing or not understood by the verifier.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/denied_packages.md#invalid_request
# custom:
#   code: denied_packages.invalid_request
#   severity: high
#   remediation: The owner of the configuration has to correct what the message names, in the parameters or in waxseal.yaml.
#   controls: ["NIST-800-53:CM-14"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.invalid_request

# METADATA
# title: The SBOM lists no packages
# description: An SBOM without packages says nothing of what is in the image.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/denied_packages.md#empty
# custom:
#   code: denied_packages.empty
#   severity: high
#   remediation: Make the SBOM of the finished image, with a tool that knows its packages.
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.empty

# METADATA
# title: The SBOM was made from another image
# description: The document names the digest of another image than the one that it is attached to.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/denied_packages.md#made_from_another_image
# custom:
#   code: denied_packages.made_from_another_image
#   severity: high
#   remediation: Make the SBOM of this image by its digest and attest it again; where it was made of a platform of the index, attest it to that manifest, or have the owner of the policy set accept_platform_digests.
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.made_from_another_image

# METADATA
# title: A package is denied
# description: An SBOM lists a package in a range of versions that is denied.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/denied_packages.md#package
# custom:
#   code: denied_packages.package
#   severity: high
#   remediation: Update or remove the package, and build, attest and sign the image again.
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.package

# METADATA
# title: Whether a package is denied cannot be told
# description: An SBOM lists a package whose version cannot be compared with the range that is denied, or one of the same name without a package URL.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/denied_packages.md#version_unknown
# custom:
#   code: denied_packages.version_unknown
#   severity: high
#   remediation: Have the SBOM name the package by a package URL with a version of its ecosystem.
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.version_unknown

# METADATA
# title: A licence is denied
# description: No choice that the licences of a package leave is without one that is denied or not allowed.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/denied_packages.md#licence
# custom:
#   code: denied_packages.licence
#   severity: high
#   remediation: Replace or remove the package, or have the owner of the policy accept its licence.
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.licence

# METADATA
# title: A licence is not known
# description: A package has no licence in the SBOM, or one that is not on the SPDX list.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/denied_packages.md#licence_unknown
# custom:
#   code: denied_packages.licence_unknown
#   severity: medium
#   remediation: Have the SBOM state the licence as an SPDX expression, or have the owner of the policy name it in licences.allowed, or the package in licences.except.
#   controls: ["NIST-800-53:CM-8", "NIST-800-53:SR-4", "NIST-800-218:PS.3.2"]
deny contains result.new(rego.metadata.chain(), details) if some details in _refused.licence_unknown

# METADATA
# title: No authority is trusted for the SBOM of this image
# description: The image matches the patterns of no authority, so nobody's SBOM could make it acceptable.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/denied_packages.md#no_authority
# custom:
#   code: denied_packages.no_authority
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
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/denied_packages.md#parameters
# custom:
#   code: denied_packages.parameters
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

# Every document counts: what one of them lists is in the image.
_holds(ctr, trusted) if {
	count(_answer(ctr, trusted).documents) > 0
	every document in _answer(ctr, trusted).documents {
		document.package_count > 0
		sboms.own(document, _platforms(ctr))
		every pkg in document.packages {
			_tolerated(pkg)
		}
	}
}

_tolerated(pkg) if {
	every asked in array.concat(pkg["in"], pkg.unsure) {
		asked in _except
		not asked in _denied
	}
	_licensed(pkg)
}

_licensed(_) if not _parameters.licences

_licensed(pkg) if pkg.licence == "accepted"

_licensed(pkg) if {
	pkg.licence == "unknown"
	_parameters.licences.allow_unknown
}

_licensed(pkg) if {
	some asked in pkg["in"]
	asked in _parameters.licences.except
}

_obstacles(ctr, trusted) := union({
	{{"state": state, "why": sboms.unread(state, trusted, answer)} |
		answer := _answer(ctr, trusted)
		count(answer.documents) == 0
		state := sboms.state(answer)
	},
	{{"state": wrong.state, "why": why} |
		some document in _answer(ctr, trusted).documents
		some wrong in sboms.wrong(document, _platforms(ctr))
		why := sprintf("the SBOM of authority %q %s", [trusted.name, wrong.text])
	},
	{{"state": state, "why": why} |
		some document in _answer(ctr, trusted).documents
		some state, packages in _found(document)
		count(packages) > 0
		why := sprintf("the SBOM of authority %q lists %s", [trusted.name, sboms.listed(packages)])
	},
})

# Texts of the packages that are not tolerated, by state.
_found(document) := {
	"package": {sprintf("%s, which is denied%s", [sboms.pkg(pkg), _because(asked)]) | some pkg in document.packages; some asked in pkg["in"]; asked in _denied},
	"version_unknown": {sprintf("%s, of which nobody can tell whether it is in %q%s", [sboms.pkg(pkg), asked, _because(asked)]) | some pkg in document.packages; some asked in pkg.unsure; asked in _denied},
	"licence": {sprintf("%s under %s", [sboms.pkg(pkg), concat(", ", pkg.licences_refused)]) | some pkg in document.packages; not _licensed(pkg); pkg.licence == "refused"},
	"licence_unknown": {sprintf("%s under %s", [sboms.pkg(pkg), _unknown(pkg)]) | some pkg in document.packages; not _licensed(pkg); pkg.licence != "refused"},
}

_unknown(pkg) := concat(", ", pkg.licences_refused) if count(pkg.licences_refused) > 0

else := "no licence"

_because(asked) := sprintf(" because of %s", [concat("; ", sort(reasons))]) if {
	reasons := {entry.reason | some entry in _parameters.packages; _range(entry) == asked; entry.reason != ""}
	count(reasons) > 0
} else := ""

_denied := {_range(entry) | some entry in _parameters.packages}

_range(entry) := trim_space(sprintf("%s %s", [entry.purl, object.get(entry, "versions", "")]))

_opts(trusted) := object.union_n([authority.opts(trusted), {"only_matching": true}, _questions])

_questions := object.union({"ranges": sort(_denied | _except)}, _licences)

_except := {purl | some purl in _parameters.licences.except}

_licences := {"licences": object.filter(_parameters.licences, {"allowed", "denied"})} if _parameters.licences

else := {}

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

_parameters := object.get(host.parameters, "denied_packages", {})

_problems := _misshapen if {
	count(_misshapen) > 0
} else := authority.problems("denied_packages", object.get(_parameters, "authorities", [])) | _unasked

_misshapen := parameters.problems("denied_packages", _parameters, object.union_n([
	object.remove(authority.shape, {"authorities.*.repositories", "authorities.*.repositories.*"}),
	_shape,
	{"": "object", "any": "boolean", "accept_platform_digests": "boolean"},
]))

_shape := {
	"packages": "array",
	"packages.*": "object",
	"packages.*.purl": "string",
	"packages.*.versions": "string",
	"packages.*.reason": "string",
	"licences": "object",
	"licences.allowed": "array",
	"licences.allowed.*": "string",
	"licences.denied": "array",
	"licences.denied.*": "string",
	"licences.except": "array",
	"licences.except.*": "string",
	"licences.allow_unknown": "boolean",
}

# What names no package, range or licence is found by the verifier: invalid_request.
_unasked := union({
	{"denied_packages needs packages or licences: nothing is denied" | object.keys(_parameters) & {"packages", "licences"} == set()},
	{sprintf("denied_packages.%s is an empty list", [field]) | some field in {"packages"}; _parameters[field] == []},
	{sprintf("denied_packages.licences.%s is an empty list", [field]) | some field, list in _parameters.licences; list == []},
	{"denied_packages.licences needs allowed or denied" |
		_parameters.licences
		object.keys(_parameters.licences) & {"allowed", "denied"} == set()
	},
	{sprintf("denied_packages.packages[%d] has no purl like pkg:npm/lodash", [i]) |
		some i, entry in _parameters.packages
		purl := object.get(entry, "purl", "")
		not _purl(purl)
	},
	{sprintf("denied_packages.packages[%d] has the versions %q; write a range like vers:npm/<4.17.21", [i, entry.versions]) |
		some i, entry in _parameters.packages
		versions := object.get(entry, "versions", "vers:")
		not _vers(versions)
	},
	{sprintf("denied_packages.licences.except[%d] has to be a purl like pkg:npm/%%40acme/*", [i]) |
		some i, purl in _parameters.licences.except
		not _purl(purl)
	},
})

_purl(text) if startswith(text, "pkg:")

_vers(text) if startswith(text, "vers:")
