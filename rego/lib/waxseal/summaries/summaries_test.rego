package lib.waxseal.summaries_test

import data.lib.waxseal.clock
import data.lib.waxseal.host
import data.lib.waxseal.samples_test as samples
import data.lib.waxseal.summaries

_ref := "registry.example/team/app:1"

_now := clock.instant("2026-11-20T12:00:00Z")

_policy := "1111111111111111111111111111111111111111111111111111111111111111"

_verifier := {
	"name": "audit", "images": ["registry.example/**"], "keys": ["auditor"],
	"verifier_id": "https://audit.example", "policy_digests": [concat(":", ["sha256", _policy])], "max_age": "7d",
}

_predicate := {
	"verifier": {"id": "https://audit.example", "version": {"waxseal": "v1"}},
	"timeVerified": "2026-11-20T06:00:00Z",
	"resourceUri": sprintf("oci://registry.example/team/app@%s", [samples.digest]),
	"policy": {"uri": "https://policy.example", "digest": {"sha256": _policy}},
	"inputAttestations": [],
	"verificationResult": "PASSED",
	"verifiedLevels": ["WAXSEAL_SIGNED", "SLSA_BUILD_LEVEL_2"],
}

_said(predicate) := {
	"predicate_type": "https://slsa.dev/verification_summary/v1", "predicate": predicate,
	"subjects": [{"name": "registry.example/team/app", "digest": {"sha256": trim_prefix(samples.digest, "sha256:")}}],
	"signers": [{"kind": "key", "key": "auditor", "image": samples.digest}],
}

_patched(patch) := _said(object.union(_predicate, patch))

_answer(statements) := samples.ok({"statements": statements})

_vouches(statements) if summaries.vouches(_answer(statements), _verifier, _ref, _now)

_unvouched(statements) := summaries.unvouched(_answer(statements), _verifier, _ref, _now)

_failed(patch) := _patched(object.union({"verificationResult": "FAILED", "verifiedLevels": ["FAILED"]}, patch))

test_opts if summaries.opts(_verifier) == {"keys": ["auditor"], "predicate_types": ["https://slsa.dev/verification_summary/v1"]}

test_vouches if {
	wrong := {patch |
		some patch in {
			{},
			{"timeVerified": "2026-11-20T12:00:00Z"},
			{"timeVerified": "2026-11-13T12:00:00Z"},
			{"timeVerified": "2026-11-20T07:00:00.25+01:00"},
			{"verifiedLevels": []},
			{"resourceUri": "oci://registry.example/team/app"},
			{"resourceUri": "oci://registry.example/team/app:v1"},
			{"resourceUri": "docker://Registry.example:443/team/app"},
			{"resourceUri": sprintf("https://registry.example/team/app:v1@%s", [samples.digest])},
			{"policy": {"digest": {"sha256": upper(_policy), "sha512": "00"}}},
		}
		not _vouches([_patched(patch)])
	}
	wrong == set()
}

# Each row is a summary that counts but for one thing.
test_vouches_not if {
	wrong := {patch: found |
		some [patch, reason] in [
			[{"verifier": {"id": "https://audit.example.evil"}}, `is of the verifier "https://audit.example.evil", not "https://audit.example"`],
			[{"verifier": {"id": "https://audit.exampl"}}, `is of the verifier "https://audit.exampl", not "https://audit.example"`],
			[{"verifier": {"id": "HTTPS://audit.example"}}, `is of the verifier "HTTPS://audit.example", not "https://audit.example"`],
			[{"verifier": {"id": ["https://audit.example"]}}, `is of the verifier that is no text, not "https://audit.example"`],
			[{"verifier": "https://audit.example"}, `is of the verifier that is not there, not "https://audit.example"`],
			[{"verificationResult": "FAILED"}, `has the result "FAILED", not "PASSED"`],
			[{"verificationResult": "passed"}, `has the result "passed", not "PASSED"`],
			[{"verificationResult": true}, `has the result that is no text, not "PASSED"`],
			[{"verifiedLevels": ["FAILED"]}, `has no list of levels, or "FAILED" in it`],
			[{"verifiedLevels": "WAXSEAL_SIGNED"}, `has no list of levels, or "FAILED" in it`],
			[{"verifiedLevels": [1]}, `has no list of levels, or "FAILED" in it`],
			[{"resourceUri": "oci://registry.example/team/other"}, `is about "oci://registry.example/team/other", not this repository`],
			[{"resourceUri": "oci://registry.example/team/app/evil"}, `is about "oci://registry.example/team/app/evil", not this repository`],
			[{"resourceUri": "oci://registry.example.evil/team/app"}, `is about "oci://registry.example.evil/team/app", not this repository`],
			[{"resourceUri": "oci://evil.example/registry.example/team/app"}, `is about "oci://evil.example/registry.example/team/app", not this repository`],
			[{"resourceUri": "oci://user@registry.example/team/app"}, `is about "oci://user@registry.example/team/app", not this repository`],
			[{"resourceUri": "oci://registry.example/team/app?x"}, `is about "oci://registry.example/team/app?x", not this repository`],
			[{"resourceUri": "registry.example/team/app"}, `is about "registry.example/team/app", not this repository`],
			[{"resourceUri": "git://registry.example/team/app"}, `is about "git://registry.example/team/app", not this repository`],
			[{"resourceUri": concat("@sha256:", ["oci://registry.example/team/app", _policy])}, sprintf(`is about "oci://registry.example/team/app@sha256:%s", not this repository`, [_policy])],
			[{"resourceUri": 1}, "is about that is no text, not this repository"],
			[{"policy": {"uri": "https://policy.example"}}, "is by the policy that is not there, which is not trusted"],
			[{"policy": {"digest": {"sha256": "11"}}}, `is by the policy "11", which is not trusted`],
			[{"policy": {"digest": {"sha512": _policy}}}, "is by the policy that is not there, which is not trusted"],
			[{"policy": {"digest": {"sha256": 1}}}, "is by the policy that is no text, which is not trusted"],
			[{"policy": {"digest": _policy}}, "is by the policy that is not there, which is not trusted"],
			[{"timeVerified": "2026-11-13T11:59:59Z"}, `has the time "2026-11-13T11:59:59Z", which is not of the last 7d`],
			[{"timeVerified": "2026-11-20T12:00:01Z"}, `has the time "2026-11-20T12:00:01Z", which is not of the last 7d`],
			[{"timeVerified": "2026-11-20"}, `has the time "2026-11-20", which is not of the last 7d`],
			[{"timeVerified": 1795176000}, "has the time that is no text, which is not of the last 7d"],
		]
		statement := _said(object.union(object.remove(_predicate, object.keys(patch)), patch))
		found := [v | _vouches([statement]); v := "vouches"]
		[found, _unvouched([statement])] != [[], sprintf(`no verification summary of "audit" counts: one %s`, [reason])]
	}
	wrong == {}
}

test_vouches_not_without_a_field if {
	wrong := {field |
		some field in (object.keys(_predicate) - {"inputAttestations"})
		_vouches([_said(object.remove(_predicate, [field]))])
	}
	wrong == set()
	every predicate in [null, {}, [], "PASSED"] {
		not _vouches([_said(predicate)])
	}
}

test_vouches_not_for_several_subjects if {
	statement := object.union(_said(_predicate), {"subjects": array.concat(_said(_predicate).subjects, [{"name": "other", "digest": {"sha256": _policy}}])})
	not _vouches([statement])
	_unvouched([statement]) == `no verification summary of "audit" counts: one is about more than one subject, and names one resource`
	not _vouches([object.union(_said(_predicate), {"subjects": "x"})])
}

test_vouches_not_by_another_type if {
	statement := object.union(_said(_predicate), {"predicate_type": "https://slsa.dev/verification_summary/v0.2"})
	not _vouches([statement])
	_unvouched([statement]) == `no verification summary of "audit" counts: one is no verification summary`
}

test_unvouched_without_summaries if {
	_unvouched([]) == `no verification summary of "audit" counts`
	not _vouches([])
	answer := object.union(samples.refused("no_attestation"), {"statements": []})
	summaries.unvouched(answer, _verifier, _ref, _now) == `no verification summary of "audit" counts (no_attestation: so says the test)`
	not summaries.vouches(answer, _verifier, _ref, _now)
}

# One that failed outweighs one that passed, unless it is older; so does what cannot be read.
test_failed_outweighs if {
	good := _patched({})
	outweighing := {[patch, vouched] |
		some [patch, vouched] in [
			[{}, false],
			[{"timeVerified": "2026-11-20T06:00:01Z"}, false],
			[{"timeVerified": "2026-11-21T00:00:00Z"}, false],
			[{"timeVerified": "yesterday"}, false],
			[{"timeVerified": "2026-11-20T06:00:01Z", "policy": {"uri": "another"}}, false],
			[{"timeVerified": "2026-11-20T06:00:01Z", "resourceUri": "oci://mirror.example/app"}, false],
			[{"timeVerified": "2026-11-20T06:00:01Z", "verificationResult": 1}, false],
			[{"timeVerified": "2026-11-20T06:00:01Z", "verifier": {"id": 1}}, false],
			[{"timeVerified": "2026-11-20T06:00:01Z", "verifier": {"id": "https://another.example"}}, true],
			[{"timeVerified": "2026-11-20T05:59:59Z"}, true],
		]
		found := {v | _vouches([good, _failed(patch)]); v := true}
		found != {v | v := vouched; v == true}
	}
	outweighing == set()
	not _vouches([good, _said(null)])
	_unvouched([good, _failed({})]) == concat("; ", [
		`no verification summary of "audit" counts: one has the result "FAILED", not "PASSED"`,
		"one that passes is outweighed by another that does not, or that cannot be read, and is not older",
	])
}

# An older one that is good counts beside a newer one that is of no trusted policy and passes.
test_vouches_beside_others if {
	_vouches([_patched({}), _patched({"timeVerified": "2026-11-20T07:00:00Z", "policy": {"digest": {"sha256": "11"}}})])
	_vouches([_patched({}), _failed({"timeVerified": "2026-11-10T00:00:00Z"})])
}

# With platforms each manifest needs its own.
test_platforms if {
	other := concat("", ["sha256:", _policy])
	second := object.union(_patched({"resourceUri": "oci://registry.example/team/app"}), {"signers": [{"image": other}]})
	failed := object.union(_failed({}), {"signers": [{"image": other}]})
	_vouches([_patched({}), second])
	not _vouches([_patched({}), failed])
	not _vouches([_patched({}), object.union(_patched({}), {"signers": [{"image": other}]})])
}

test_levels if {
	has := {wanted |
		some wanted in ["WAXSEAL_SIGNED", "WAXSEAL_SCANNED", "waxseal_signed", "SLSA_BUILD_LEVEL_1", "SLSA_BUILD_LEVEL_2", "SLSA_BUILD_LEVEL_3", "SLSA_SOURCE_LEVEL_1"]
		summaries.vouches(_answer([_patched({})]), object.union(_verifier, {"levels": [wanted]}), _ref, _now)
	}
	has == {"WAXSEAL_SIGNED", "SLSA_BUILD_LEVEL_1", "SLSA_BUILD_LEVEL_2"}
	both := object.union(_verifier, {"levels": ["WAXSEAL_SIGNED", "WAXSEAL_SCANNED"]})
	summaries.unvouched(_answer([_patched({})]), both, _ref, _now) == `no verification summary of "audit" counts: one has not the level WAXSEAL_SCANNED`
}

test_repositories if {
	elsewhere := _patched({"resourceUri": "oci://registry.example/dev/app"})
	allowed := object.union(_verifier, {"repositories": ["registry.example/dev/*"]})
	summaries.vouches(_answer([elsewhere]), allowed, _ref, _now)
	not summaries.vouches(_answer([_patched({"resourceUri": "oci://registry.example/dev/app/x"})]), allowed, _ref, _now)
}

# An image of a mirror is judged as that of its origin, whichever of them the summary names.
test_mirrors if {
	every uri in ["oci://mirror.example/hub/team/app", "oci://registry.example/team/app"] {
		_mirrored(uri)
	}
	not _mirrored("oci://mirror.example/team/app")
}

_mirrored(uri) if {
	summaries.vouches(_answer([_patched({"resourceUri": uri})]), _verifier, "mirror.example/hub/team/app:1", _now) with host.parameters as {"origins": {"mirror.example/hub": "registry.example"}}
}

test_reasons_are_bounded if {
	statements := [_patched({"verifier": {"id": sprintf("https://%d.example", [i])}}) | some i in numbers.range(1, 9)]
	count(split(_unvouched(statements), "one is of the verifier")) == 6
}

test_problems if {
	wrong := {patch: found |
		some [patch, problems] in [
			[{}, set()],
			[{"levels": ["WAXSEAL_SIGNED"]}, set()],
			[{"policy_digests": [concat("", ["sha512:", _policy, _policy])]}, set()],
			[{"verifier_id": ""}, {"p.v[0] (audit) has no verifier_id"}],
			[{"policy_digests": []}, {"p.v[0] (audit) has no policy_digests: the summaries of no policy are trusted"}],
			[{"policy_digests": [_policy]}, {sprintf("p.v[0] (audit) has the policy digest %q: write sha256: and 64 hexadecimal digits", [_policy])}],
			[{"policy_digests": ["sha256:*"]}, {`p.v[0] (audit) has the policy digest "sha256:*": write sha256: and 64 hexadecimal digits`}],
			[{"max_age": "week"}, {"p.v[0] (audit) has no max_age that is a duration like 48h or 7d"}],
			[{"levels": []}, {"p.v[0] (audit) has an empty list of levels: leave it out if it is enough that the image passed"}],
			[{"levels": ["FAILED", ""]}, {`p.v[0] (audit) has the level "FAILED", which is none`, `p.v[0] (audit) has the level "", which is none`}],
			[{"keys": []}, {"p.v[0] (audit) has neither keys nor identities", "p.v[0] (audit) has an empty list of keys"}],
			[{"images": ["*/x/**/y"]}, {`p.v[0] (audit) has the pattern "*/x/**/y" in images: write host/path, with * for any characters of one segment and a last ** for the rest`}],
		]
		found := summaries.problems("p.v", [object.union(_verifier, patch)])
		found != problems
	}
	wrong == {}
	summaries.problems("p.v", []) == {"p.v is missing or empty: nobody is trusted"}
	summaries.problems("p.v", [{}]) == {
		"p.v[0] (no name) has no name",
		"p.v[0] (no name) has no images: it is trusted for nothing",
		"p.v[0] (no name) has neither keys nor identities",
		"p.v[0] (no name) has no verifier_id",
		"p.v[0] (no name) has no policy_digests: the summaries of no policy are trusted",
		"p.v[0] (no name) has no max_age that is a duration like 48h or 7d",
	}
}
