package lib.waxseal.policy.signed_images_test

import data.lib.waxseal.clock
import data.lib.waxseal.host
import data.lib.waxseal.policy.signed_images as policy
import data.lib.waxseal.samples_test as samples

_image := "registry.example/team/app:1"

_team := {"name": "team", "images": ["registry.example/team/*"], "keys": ["k"]}

_all := {"name": "all", "images": ["registry.example/**"], "identities": [{"issuer": "https://issuer.example", "subject": "ci"}]}

_by(authorities) := {"signed_images": {"authorities": authorities}}

_signer := {"kind": "key", "key": "k", "repository": "registry.example/team/app"}

# The key of a request is its JSON, byte for byte.
_team_key := `{"fn":"cosign.verify","opts":{"keys":["k"]},"ref":"registry.example/team/app:1"}`

_all_key := `{"fn":"cosign.verify","opts":{"identities":[{"issuer":"https://issuer.example","subject":"ci"}]},"ref":"registry.example/team/app:1"}`

_signed := samples.ok({"signers": [_signer]})

_deny(image, parameters, evidence) := deny if {
	deny := policy.deny with host.object as samples.one(image) with host.parameters as parameters with host.collect as evidence
}

_pass(image, parameters, evidence) := pass if {
	pass := policy.pass with host.object as samples.one(image) with host.parameters as parameters with host.collect as evidence
}

_codes(parameters, evidence) := {[v.code, v.where.path] | some v in _deny(_image, parameters, evidence)}

_here(code) := {[code, "spec.containers[0]"]}

_msg(parameters, evidence) := v.msg if some v in _deny(_image, parameters, evidence)

_subject := `image "registry.example/team/app:1" of container "app" in Pod shop/web`

test_deny_unsigned if {
	_deny(_image, _by([_team]), {_team_key: samples.refused("unsigned")}) == {{
		"code": "signed_images.unsigned",
		"policy": "signed_images",
		"severity": "high",
		"title": "The image is not signed",
		"msg": concat("", [_subject, `: it is not signed, and a signature of authority "team" was expected (unsigned: so says the test). Sign the image in the pipeline that builds it, or use an image that is signed. See also that the digest exists, because one that does not has no signatures either.`]),
		"remediation": "Sign the image in the pipeline that builds it, or use an image that is signed. See also that the digest exists, because one that does not has no signatures either.",
		"image": _image,
		"where": {"kind": "Pod", "namespace": "shop", "name": "web", "path": "spec.containers[0]", "container": "app"},
		"controls": ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.2.1", "CIS-Kubernetes:5.5.1", "CWE:494"],
		"errors": [{"code": "unsigned", "message": "so says the test", "retryable": false}],
	}}
	_pass(_image, _by([_team]), {_team_key: samples.refused("unsigned")}) == set()
}

test_deny_untrusted if {
	every code in {"untrusted_identity", "signature_invalid", "threshold_not_met", "tlog_missing", "expired", "unheard_of"} {
		_codes(_by([_team]), {_team_key: samples.refused(code)}) == _here("signed_images.untrusted")
	}
	_msg(_by([_team]), {_team_key: samples.refused("untrusted_identity")}) == concat("", [_subject, `: no signature is what authority "team" asks for (untrusted_identity: so says the test). Have the image signed with a key or identity of this authority; if it should be, treat the image as tampered with.`])
}

# What is no sign of tampering is not called one.
test_deny_platform_missing if {
	_codes(_by([_team]), {_team_key: samples.refused("platform_missing")}) == _here("signed_images.platform_missing")
	_msg(_by([_team]), {_team_key: samples.refused("platform_missing")}) == concat("", [_subject, `: authority "team" has to have signed each platform that is asked for (platform_missing: so says the test). Sign every platform of the image, or have the owner of the policy correct the parameter platforms of the authority.`])
}

test_deny_not_found if {
	_codes(_by([_team]), {_team_key: samples.refused("not_found")}) == _here("signed_images.not_found")
	_msg(_by([_team]), {_team_key: samples.refused("not_found")}) == concat("", [_subject, `: the registry has no such image (not_found: so says the test). Check the name, the tag and the digest, and push the image first.`])

	# However many authorities ask.
	_codes(_by([_team, _all]), {_team_key: samples.refused("not_found"), _all_key: samples.refused("not_found")}) == _here("signed_images.not_found")
	_pass(_image, _by([_team]), {_team_key: samples.refused("not_found")}) == set()

	# The image is there, and a signature that is listed is not.
	found := object.union(samples.refused("not_found"), {"image": {"digest": samples.digest}})
	_codes(_by([_team]), {_team_key: found}) == _here("signed_images.unreadable")
}

test_deny_host_not_allowed if {
	_codes(_by([_team]), {_team_key: samples.refused("host_not_allowed")}) == _here("signed_images.host_not_allowed")
	_msg(_by([_team]), {_team_key: samples.refused("host_not_allowed")}) == concat("", [_subject, `: its registry, or a host behind it, may not be contacted (host_not_allowed: so says the test). The operator has to name the host under registries in waxseal.yaml.`])
	_pass(_image, _by([_team]), {_team_key: samples.refused("host_not_allowed")}) == set()
}

test_deny_unreadable if {
	every code in {"malformed", "too_large", "unsupported"} {
		_codes(_by([_team]), {_team_key: samples.refused(code)}) == _here("signed_images.unreadable")
		_pass(_image, _by([_team]), {_team_key: samples.refused(code)}) == set()
	}
	_msg(_by([_team]), {_team_key: samples.refused("malformed")}) == concat("", [_subject, `: whether authority "team" signed it cannot be read from what is there (malformed: so says the test). Sign the image again, with a tool that writes what the verifier reads; where the message names a limit, the operator can raise it in waxseal.yaml.`])
}

test_deny_unknown if {
	_codes(_by([_team]), {_team_key: samples.refused("unavailable")}) == _here("signed_images.unknown")
	_msg(_by([_team]), {_team_key: samples.refused("unavailable")}) == concat("", [_subject, `: whether authority "team" signed it cannot be told now (unavailable: so says the test). Try again; if it stays, see to what the message names: that this registry, or the source of this trust root, can be reached, and that credentials are configured.`])
}

test_deny_what_was_not_collected if {
	_codes(_by([_team]), {}) == _here("signed_images.unknown")
	_codes(_by([_team]), {_team_key: null}) == _here("signed_images.unreadable")
	_codes(_by([_team]), {_team_key: {"ok": true}}) == _here("signed_images.unreadable")
}

test_deny_ok_that_contradicts_itself if {
	contradiction := object.union(_signed, {"errors": [{"code": "unsigned", "message": "", "retryable": false}]})
	_codes(_by([_team]), {_team_key: contradiction}) == _here("signed_images.unreadable")
}

test_deny_ok_without_signers if {
	_codes(_by([_team]), {_team_key: samples.ok({"signers": []})}) == _here("signed_images.copied")
}

test_deny_invalid_request if {
	_codes(_by([_team]), {_team_key: samples.refused("invalid_request")}) == _here("signed_images.invalid_request")
	_msg(_by([_team]), {_team_key: samples.refused("invalid_request")}) == concat("", [_subject, `: authority "team" cannot be asked (invalid_request: so says the test). The owner of the configuration has to correct the authority, its keys or the trust roots in waxseal.yaml; the message says which.`])
}

test_deny_no_authority if {
	samples.said(_deny("docker.io/acmeevil/x", _by([object.union(_team, {"images": ["docker.io/acme/*"]})]), {})) == {[
		"signed_images.no_authority", "spec.containers[0]",
		`image "docker.io/acmeevil/x" of container "app" in Pod shop/web: no authority is trusted for its repository, and a trusted signature was expected. Use an image of a repository that an authority is trusted for, or have the owner of the policy add an authority.`,
	]}
}

# A container that names no image is the business of the verdict.
test_deny_nothing_without_an_image if {
	every image in {"", "not valid"} {
		_deny(image, _by([_team]), {}) == set()
		_pass(image, _by([_team]), {}) == set()
	}
}

# A signature that was copied from another repository is not one of this image.
test_deny_copied if {
	copied := samples.ok({"signers": [object.union(_signer, {"repository": "registry.example/other/app"})]})
	_codes(_by([_team]), {_team_key: copied}) == _here("signed_images.copied")
	_msg(_by([_team]), {_team_key: copied}) == concat("", [_subject, `: the signature of authority "team" was made for registry.example/other/app, and this repository was expected. Sign the image in its own repository, or name the other one in the parameter repositories of the authority.`])
	_codes(_by([object.union(_team, {"repositories": ["registry.example/mirror/*"]})]), {_team_key: copied}) == _here("signed_images.copied")
}

# With a threshold every signature has to be made for this repository.
test_deny_copied_among_several if {
	two := object.union(_team, {"keys": ["k", "l"], "threshold": 2})
	key := `{"fn":"cosign.verify","opts":{"keys":["k","l"],"threshold":2},"ref":"registry.example/team/app:1"}`
	mixed := samples.ok({"signers": [_signer, object.union(_signer, {"key": "l", "repository": "registry.example/other/app"})]})
	_codes(_by([two]), {key: mixed}) == _here("signed_images.copied")
	_codes(_by([two]), {key: samples.ok({"signers": [_signer, object.union(_signer, {"key": "l"})]})}) == set()
}

# Where patterns overlap, all have to hold.
test_deny_one_of_two if {
	results := {_team_key: _signed, _all_key: samples.refused("unsigned")}
	_codes(_by([_team, _all]), results) == _here("signed_images.unsigned")
	_pass(_image, _by([_team, _all]), results) == set()
}

test_deny_any_of_none if {
	results := {_team_key: samples.refused("unsigned"), _all_key: samples.refused("timeout")}
	_codes({"signed_images": {"authorities": [_team, _all], "any": true}}, results) == {
		["signed_images.unsigned", "spec.containers[0]"],
		["signed_images.unknown", "spec.containers[0]"],
	}
}

test_deny_wrong_parameters if {
	wrong := {parameters: found |
		some [parameters, problem] in [
			[null, "signed_images has to be an object"],
			[{}, "signed_images.authorities is missing or empty: nobody is trusted"],
			[{"authorities": []}, "signed_images.authorities is missing or empty: nobody is trusted"],
			[{"authorities": {}}, "signed_images.authorities has to be an array"],
			[{"authorities": [_team], "all": true}, "signed_images.all is not a parameter"],
			[{"authorities": [_team], "any": "true"}, "signed_images.any has to be a boolean"],
			[{"authorities": [object.union(_team, {"subjectRegExp": "x"})]}, "signed_images.authorities[0].subjectRegExp is not a parameter"],
			[{"authorities": [object.remove(_team, ["keys"])]}, "signed_images.authorities[0] (team) has neither keys nor identities"],
		]
		found := samples.said(_deny(_image, {"signed_images": parameters}, {_team_key: _signed}))
		found != {["signed_images.parameters", "", sprintf("Pod shop/web: %s. The owner of the policy has to correct the parameters.", [problem])]}
	}
	wrong == {}
}

# Wrong parameters ask nothing and accept nothing, and where nothing would run they deny nothing.
test_deny_wrong_parameters_accept_nothing if {
	parameters := {"signed_images": {"authorities": [_team], "all": true}}
	_pass(_image, parameters, {_team_key: _signed}) == set()
	requests := policy.requests with host.object as samples.one(_image) with host.parameters as parameters
	requests == set()
	deny := policy.deny with host.object as {"apiVersion": "v1", "kind": "ConfigMap"} with host.parameters as parameters
	deny == set()
}

test_allow_signed if {
	_codes(_by([_team]), {_team_key: _signed}) == set()
	_pass(_image, _by([_team]), {_team_key: _signed}) == {samples.ctr(_image)}
	json.marshal(policy.notes) == "[]"
}

# A bundle names no repository.
test_allow_signed_by_bundle if {
	_pass(_image, _by([_team]), {_team_key: samples.ok({"signers": [object.union(_signer, {"repository": ""})]})}) == {samples.ctr(_image)}
}

# The same repository may be written in several ways.
test_allow_repository_in_another_spelling if {
	key := `{"fn":"cosign.verify","opts":{"keys":["k"]},"ref":"nginx"}`
	results := {key: samples.ok({"signers": [object.union(_signer, {"repository": "index.docker.io/library/nginx"})]})}
	_pass("nginx", _by([object.union(_team, {"images": ["docker.io"]})]), results) == {samples.ctr("nginx")}
}

test_allow_repository_by_parameter if {
	copied := samples.ok({"signers": [object.union(_signer, {"repository": "registry.example/other/app"})]})
	_pass(_image, _by([object.union(_team, {"repositories": ["registry.example/other/*"]})]), {_team_key: copied}) == {samples.ctr(_image)}
}

# Junk beside a good signature does no harm.
test_allow_good_beside_copied if {
	mixed := samples.ok({"signers": [object.union(_signer, {"repository": "registry.example/other/app"}), _signer]})
	_codes(_by([_team]), {_team_key: mixed}) == set()
	_pass(_image, _by([_team]), {_team_key: mixed}) == {samples.ctr(_image)}
}

test_allow_all_of_two if {
	_pass(_image, _by([_team, _all]), {_team_key: _signed, _all_key: _signed}) == {samples.ctr(_image)}
}

test_allow_any_of_two if {
	results := {_team_key: samples.refused("unsigned"), _all_key: _signed}
	parameters := {"signed_images": {"authorities": [_team, _all], "any": true}}
	_codes(parameters, results) == set()
	_pass(_image, parameters, results) == {samples.ctr(_image)}
}

test_allow_asks_once_for_each_image_and_authority if {
	obj := samples.pod([{"name": "a", "image": _image}, {"name": "b", "image": _image}, {"name": "c", "image": "quay.io/x"}])
	requests := policy.requests with host.object as obj with host.parameters as _by([_team, _all])
	{json.marshal(request) | some request in requests} == {_team_key, _all_key}
}

_notary := {"name": "notary", "images": ["registry.example/team/*"], "notation": "acme"}

_notary_key := `{"fn":"notation.verify","opts":{"trust_policy":"acme"},"ref":"registry.example/team/app:1"}`

_notarised := samples.ok({"signers": [{"kind": "notation", "subject": "CN=release", "failed": []}]})

# Sigstore and the Notary Project side by side: each is asked in its own way.
test_allow_notation if {
	requests := policy.requests with host.object as samples.one(_image) with host.parameters as _by([_team, _notary])
	{json.marshal(request) | some request in requests} == {_team_key, _notary_key}
	_deny(_image, _by([_notary]), {_notary_key: _notarised}) == set()
	{ctr.image | some ctr in _pass(_image, _by([_notary]), {_notary_key: _notarised})} == {_image}
	_deny(_image, _by([_team, _notary]), {_team_key: _signed, _notary_key: _notarised}) == set()
	any := {"signed_images": {"authorities": [_team, _notary], "any": true}}
	_deny(_image, any, {_team_key: samples.refused("unsigned"), _notary_key: _notarised}) == set()
	_deny(_image, any, {_team_key: _signed, _notary_key: samples.refused("unsigned")}) == set()
}

test_deny_notation if {
	every code, state in {"unsigned": "unsigned", "untrusted_identity": "untrusted", "revoked": "untrusted", "expired": "untrusted", "not_enforced": "not_enforced", "malformed": "unreadable"} {
		_codes(_by([_notary]), {_notary_key: samples.refused(code)}) == _here(concat(".", ["signed_images", state]))
		_pass(_image, _by([_notary]), {_notary_key: samples.refused(code)}) == set()
	}

	# All of them have to hold, and an answer about one is none about the other.
	_codes(_by([_team, _notary]), {_team_key: _signed, _notary_key: samples.refused("unsigned")}) == _here("signed_images.unsigned")
	_codes(_by([_team, _notary]), {_team_key: samples.refused("unsigned"), _notary_key: _notarised}) == _here("signed_images.unsigned")
	_codes(_by([_notary]), {_team_key: _signed}) == _here("signed_images.unknown")

	# Nobody signed.
	_pass(_image, _by([_notary]), {_notary_key: samples.ok({"signers": []})}) == set()
	_msg(_by([_notary]), {_notary_key: samples.refused("not_enforced")}) == concat("", [_subject, `: authority "notary" proves nothing about it (not_enforced: so says the test). The operator has to give the trust policy document a statement for this repository whose level is strict or permissive; skip and audit let pass what anybody has signed.`])
}

# What the trust policy only logs is said (CVE-2024-23332).
test_note_logged if {
	expired := samples.ok({"signers": [{"kind": "notation", "failed": [{"check": "expiry", "message": "it has expired"}]}]})
	notes := policy.notes with host.object as samples.one(_image) with host.parameters as _by([_notary]) with host.collect as {_notary_key: expired}
	{[note.code, note.msg] | some note in notes} == {["signed_images.logged", concat("", [_subject, `: the signature of authority "notary" failed the check expiry (it has expired). Have the image signed again; the level strict of the trust policy refuses it.`])]}
	_deny(_image, _by([_notary]), {_notary_key: expired}) == set()
}

# An image that is named by its mirror is signed by the authorities of its origin, under
# the name of either; that of another repository stays a copy.
test_mirror_is_signed_as_its_origin if {
	ref := "mirror.example/hub/team/app:1"
	key := `{"fn":"cosign.verify","opts":{"keys":["k"]},"ref":"mirror.example/hub/team/app:1"}`
	parameters := object.union(_by([_team]), {"origins": {"mirror.example/hub": "registry.example"}})
	accepted := {repository |
		some repository in ["registry.example/team/app", "mirror.example/hub/team/app", "mirror.example/hubs/team/app", "registry.example/team/other", ""]
		answer := samples.ok({"signers": [object.union(_signer, {"repository": repository})]})
		count(_pass(ref, parameters, {key: answer})) == 1
		_deny(ref, parameters, {key: answer}) == set()
	}
	accepted == {"registry.example/team/app", "mirror.example/hub/team/app", ""}
}

# With platforms: each the index itself is signed by nobody: a manifest of another repository may stand in it.
test_deny_copied_platform if {
	each := object.union(_team, {"platforms": "each"})
	key := `{"fn":"cosign.verify","opts":{"keys":["k"],"platforms":"each"},"ref":"registry.example/team/app:1"}`
	own := object.union(_signer, {"image": "sha256:1"})
	copied := object.union(_signer, {"image": "sha256:2", "repository": "registry.example/team/draft"})
	_codes(_by([each]), {key: samples.ok({"signers": [own, copied]})}) == _here("signed_images.copied")
	_pass(_image, _by([each]), {key: samples.ok({"signers": [own, copied]})}) == set()
	_pass(_image, _by([each]), {key: samples.ok({"signers": [own, copied, object.union(own, {"image": "sha256:2"})]})}) == {samples.ctr(_image)}
}

_policy := "sha256:1111111111111111111111111111111111111111111111111111111111111111"

_auditor := {
	"name": "audit", "images": ["registry.example/**"], "keys": ["auditor"],
	"verifier_id": "https://audit.example", "policy_digests": [_policy], "max_age": "7d",
}

_verified(verifiers) := {"signed_images": {"authorities": [_team], "verified_by": verifiers}}

_summary_key := `{"fn":"cosign.attestations","opts":{"keys":["auditor"],"predicate_types":["https://slsa.dev/verification_summary/v1"]},"ref":"registry.example/team/app:1"}`

_summary(patch) := samples.ok({"statements": [{
	"predicate_type": "https://slsa.dev/verification_summary/v1",
	"subjects": [{"name": "registry.example/team/app", "digest": {"sha256": "aa"}}],
	"signers": [{"kind": "key", "image": samples.digest}],
	"predicate": object.union(
		{
			"verifier": {"id": "https://audit.example"}, "timeVerified": "2026-11-20T06:00:00Z", "resourceUri": "oci://registry.example/team/app",
			"policy": {"uri": "https://policy.example", "digest": {"sha256": trim_prefix(_policy, "sha256:")}},
			"verificationResult": "PASSED", "verifiedLevels": ["WAXSEAL_SIGNED"],
		},
		patch,
	),
}]})

_judged(image, parameters, evidence) := judged if {
	judged := {"deny": policy.deny, "pass": policy.pass, "notes": policy.notes, "requests": policy.requests} with host.object as samples.one(image)
		with host.parameters as parameters
		with host.collect as evidence
		with host.now as clock.instant("2026-11-20T12:00:00Z")
}

# Whatever the check of the signature says.
test_allow_vouched if {
	every code in {"unsigned", "untrusted_identity", "unavailable", "too_large", "invalid_request"} {
		judged := _judged(_image, _verified([_auditor]), {_team_key: samples.refused(code), _summary_key: _summary({})})
		judged.deny == set()
		judged.pass == {samples.ctr(_image)}
		samples.said(judged.notes) == {["signed_images.vouched", "spec.containers[0]", concat("", [_subject, `: a verification summary of "audit" stands in for its signature. Nothing has to be done while the summary is young; have the image verified again before it is older than max_age.`])]}
	}
}

# A summary is not noted where the image is signed, and is not needed then.
test_allow_signed_and_vouched if {
	every summary in [_summary({}), _summary({"verificationResult": "FAILED"}), samples.refused("no_attestation")] {
		judged := _judged(_image, _verified([_auditor]), {_team_key: _signed, _summary_key: summary})
		judged.deny == set()
		judged.pass == {samples.ctr(_image)}
		judged.notes == set()
	}
}

# Then the check decides, and the message says why the summary does not count.
test_deny_unvouched if {
	wrong := {reason: said |
		some [summary, reason] in [
			[_summary({"verificationResult": "FAILED"}), `: one has the result "FAILED", not "PASSED"`],
			[_summary({"timeVerified": "2026-11-01T00:00:00Z"}), `: one has the time "2026-11-01T00:00:00Z", which is not of the last 7d`],
			[samples.refused("untrusted_identity"), " (untrusted_identity: so says the test)"],
			[samples.ok({"statements": []}), ""],
		]
		judged := _judged(_image, _verified([_auditor]), {_team_key: samples.refused("unsigned"), _summary_key: summary})
		judged.pass == set()
		said := samples.said(judged.deny)
		said != {["signed_images.unsigned", "spec.containers[0]", concat("", [
			_subject, `: it is not signed, and a signature of authority "team" was expected (unsigned: so says the test); no verification summary of "audit" counts`, reason,
			`. Sign the image in the pipeline that builds it, or use an image that is signed. See also that the digest exists, because one that does not has no signatures either.`,
		])]}
	}
	wrong == {}
	not_collected := _judged(_image, _verified([_auditor]), {_team_key: samples.refused("unsigned")})
	count(not_collected.pass) == 0
	{v.code | some v in not_collected.deny} == {"signed_images.unsigned"}
}

# A summary stands in for all authorities, and one verifier is enough.
test_allow_vouched_for_all if {
	other := object.union(_auditor, {"name": "other", "keys": ["k2"], "images": ["registry.example/team/app"]})
	parameters := {"signed_images": {"authorities": [_team, _all], "verified_by": [_auditor, other]}}
	evidence := {_team_key: samples.refused("unsigned"), _all_key: samples.refused("unsigned"), _summary_key: _summary({})}
	_judged(_image, parameters, evidence).pass == {samples.ctr(_image)}
}

# Nobody vouches for what falls under no authority, or not under the verifier.
test_deny_vouched_without_authority if {
	ref := "registry.example/other/app:1"
	judged := _judged(ref, _verified([_auditor]), {replace(_summary_key, "team", "other"): _summary({"resourceUri": "oci://registry.example/other/app"})})
	judged.pass == set()
	judged.requests == set()
	{v.code | some v in judged.deny} == {"signed_images.no_authority"}
	elsewhere := _judged(_image, _verified([object.union(_auditor, {"images": ["registry.example/other/*"]})]), {_team_key: samples.refused("unsigned"), _summary_key: _summary({})})
	elsewhere.pass == set()
	{json.marshal(request) | some request in elsewhere.requests} == {_team_key}
}

# One request more, in the same round; without the parameter none.
test_allow_asks_for_summaries if {
	{json.marshal(request) | some request in _judged(_image, _verified([_auditor]), {}).requests} == {_team_key, _summary_key}
	{json.marshal(request) | some request in _judged(_image, _by([_team]), {}).requests} == {_team_key}
}

test_deny_wrong_verifiers if {
	wrong := {verifiers: found |
		some [verifiers, problem] in [
			[[], "signed_images.verified_by is missing or empty: nobody is trusted"],
			[null, "signed_images.verified_by has to be an array"],
			[[object.remove(_auditor, ["max_age"])], "signed_images.verified_by[0] (audit) has no max_age that is a duration like 48h or 7d"],
			[[object.union(_auditor, {"policy_digests": []})], "signed_images.verified_by[0] (audit) has no policy_digests: the summaries of no policy are trusted"],
			[[object.union(_auditor, {"verifier_ids": []})], "signed_images.verified_by[0].verifier_ids is not a parameter"],
			[[object.union(_auditor, {"notation": "acme"})], "signed_images.verified_by[0].notation is not a parameter"],
			[[object.union(_auditor, {"verifier_id": ["https://audit.example"]})], "signed_images.verified_by[0].verifier_id has to be a string"],
		]
		judged := _judged(_image, _verified(verifiers), {_team_key: _signed, _summary_key: _summary({})})
		found := [judged.pass, judged.requests, samples.said(judged.deny)]
		found != [set(), set(), {["signed_images.parameters", "", sprintf("Pod shop/web: %s. The owner of the policy has to correct the parameters.", [problem])]}]
	}
	wrong == {}
}
