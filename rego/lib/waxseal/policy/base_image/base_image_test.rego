package lib.waxseal.policy.base_image_test

import data.lib.waxseal.clock
import data.lib.waxseal.host
import data.lib.waxseal.policy.base_image as policy
import data.lib.waxseal.samples_test as samples

_image := "registry.example/team/app:1"

_base := concat("@", ["r.example/base", _digest])

_digest := samples.digest

_other := "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

_rule := {"images": ["registry.example/team/*"], "bases": [{"image": "r.example/base", "digests": [_digest]}]}

_team := {"name": "team", "images": ["registry.example/team/*"], "keys": ["k"]}

_rules(patch) := {"sources": ["layers"], "rules": [object.union(_rule, patch)]}

_by(sources) := {"authorities": [_team], "sources": sources, "rules": [_rule]}

# The keys of requests are their JSON, byte for byte.
_key := `{"fn":"registry.configs","opts":{},"ref":"registry.example/team/app:1"}`

_base_key := sprintf(`{"fn":"registry.configs","opts":{},"ref":"%s"}`, [_base])

_provenance_key := `{"fn":"cosign.attestations","opts":{"keys":["k"],"predicate_types":["https://slsa.dev/provenance/v0.2","https://slsa.dev/provenance/v1"]},"ref":"registry.example/team/app:1"}`

_config(patch) := object.union({"os": "linux", "architecture": "amd64", "variant": "", "digest": "sha256:1", "created": "2026-06-20T00:00:00Z", "labels": {"team": "shop"}, "annotations": {}, "diff_ids": ["a", "b"]}, patch)

_configs(list) := samples.ok({"configs": list})

_base_of(patch) := object.union(_configs([_config(object.union({"diff_ids": ["a"], "digest": "sha256:2"}, patch))]), {"image": {"digest": _digest}})

_world(patch) := {_key: _configs([_config(patch)]), _base_key: _base_of({})}

_built(uri, digest) := {"predicate_type": "https://slsa.dev/provenance/v1", "signers": [{"image": "sha256:1"}], "predicate": {"buildDefinition": {"resolvedDependencies": [
	{"uri": uri, "digest": {"sha256": trim_prefix(digest, "sha256:")}},
	{"uri": "git+https://github.com/acme/app@refs/heads/main", "digest": {"gitCommit": "aa"}},
]}}}

_attested(statements) := object.union(_world({"diff_ids": ["x"]}), {_provenance_key: samples.ok({"statements": statements})})

_deny(parameters, evidence) := deny if {
	deny := policy.deny with host.object as samples.one(_image)
		with host.parameters as {"base_image": parameters}
		with host.now as clock.instant("2026-06-30T00:00:00Z")
		with host.collect as evidence
}

_pass(parameters, evidence) := pass if {
	pass := policy.pass with host.object as samples.one(_image)
		with host.parameters as {"base_image": parameters}
		with host.now as clock.instant("2026-06-30T00:00:00Z")
		with host.collect as evidence
}

_notes(parameters, evidence) := {note.msg | some note in notes} if {
	notes := policy.notes with host.object as samples.one(_image)
		with host.parameters as {"base_image": parameters}
		with host.now as clock.instant("2026-06-30T00:00:00Z")
		with host.collect as evidence
}

# What is denied is not accepted, and the other way round.
_codes(parameters, evidence) := {split(v.code, ".")[1] | some v in _deny(parameters, evidence)} | {"accepted" | _pass(parameters, evidence) != set()}

_accepts(parameters, evidence) if {
	_deny(parameters, evidence) == set()
	_pass(parameters, evidence) == {samples.ctr(_image)}
}

_why(parameters, evidence) := {why |
	some v in _deny(parameters, evidence)
	why := trim_suffix(trim_prefix(v.msg, `image "registry.example/team/app:1" of container "app" in Pod shop/web: `), concat("", [". ", v.remediation]))
}

_found(source) := {sprintf(`image "registry.example/team/app:1" of container "app" in Pod shop/web: its base was found by %s. Nothing has to be done.`, [source])}

test_allow_by_layers if {
	_accepts(_rules({}), _world({}))
	_notes(_rules({}), _world({})) == _found("its layers")
	_accepts(_rules({"max_base_age": "30d", "max_age": "30d", "labels": [{"name": "team", "equals": "shop"}]}), _world({}))
}

test_allow_by_provenance if {
	every uri in ["pkg:docker/r.example/base@1?platform=linux%2Famd64", "docker-image://r.example/base", "r.example/base"] {
		_accepts(_by(["provenance", "layers"]), _attested([_built(uri, _digest)]))
	}
	_notes(_by(["provenance"]), _attested([_built("r.example/base", _digest)])) == _found("verified provenance")
}

_annotated(digest) := {"diff_ids": ["x"], "annotations": {"org.opencontainers.image.base.name": "r.example/base:1", "org.opencontainers.image.base.digest": digest}}

test_allow_by_annotations if {
	_accepts(_by(["annotations"]), _world(_annotated(_digest)))
	_notes(_by(["annotations"]), _world(_annotated(_digest))) == _found("annotations, which nobody signed")
}

# What nobody signed does not count unless it is asked for, and never against verified provenance.
test_deny_unsigned_annotations if {
	_codes(_rules({}), _world(_annotated(_digest))) == {"base"}
	_codes(_by(["annotations"]), _world(_annotated(_other))) == {"base"}
	_codes(_by(["annotations"]), _world(_annotated(""))) == {"base"}
	_why(_by(["annotations"]), _world(_annotated(_other))) == {sprintf(`its base is none that is approved: its annotations, which nobody signed, name "r.example/base" with the digest %q`, [_other])}
	_why(_by(["annotations"]), _world({"diff_ids": ["x"]})) == {"its base is none that is approved: its annotations name no base"}
	contradicted := object.union(_world(_annotated(_digest)), {_provenance_key: samples.ok({"statements": [_built("evil.example/base", _digest)]})})
	_why(_by(["provenance", "annotations"]), contradicted) == {concat("; ", [
		"its base is none that is approved: its annotations do not count, because verified provenance names images",
		`the provenance of authority "team" names the images "evil.example/base", not approved`,
	])}
}

test_deny_layers if {
	_deny(_rules({}), _world({"diff_ids": ["x", "a"]})) == {{
		"code": "base_image.base",
		"policy": "base_image",
		"severity": "high",
		"title": "The base is none that is approved",
		"msg": `image "registry.example/team/app:1" of container "app" in Pod shop/web: its base is none that is approved: the layers of sha256:1 begin with those of no approved base that is named exactly. Build the image on an approved base, or have the owner of the policy approve this one.`,
		"remediation": "Build the image on an approved base, or have the owner of the policy approve this one.",
		"image": _image,
		"where": {"kind": "Pod", "namespace": "shop", "name": "web", "path": "spec.containers[0]", "container": "app"},
		"controls": ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SI-2", "NIST-800-190:3.1.1"],
		"errors": [],
	}}
	two := object.union(_world({}), {_key: _configs([_config({}), _config({"architecture": "arm64"})])})
	_codes(_rules({}), two) == {"base"}
	_codes(_rules({}), object.union(_world({}), {_key: _configs([])})) == set()
}

# Every image of a build has to be approved: which one its last stage begins with is not written.
test_deny_provenance if {
	_codes(_by(["provenance"]), _attested([_built("r.example/base", _other)])) == {"base"}
	_codes(_by(["provenance"]), _attested([_built("r.example/base", "")])) == {"base"}
	_why(_by(["provenance"]), _attested([_built("https://example.com/x", _digest)])) == {`its base is none that is approved: the provenance of authority "team" names no image`}
	_codes(_by(["provenance"]), _attested([object.union(_built("r.example/base", _digest), {"signers": []})])) == set()
	_codes(_by(["provenance"]), _attested([object.union(_built("r.example/base", _digest), {"predicate_type": "https://slsa.dev/provenance/v2"})])) == {"base"}
	platform := object.union(_built("evil.example/base", _digest), {"signers": [{"image": "sha256:9"}]})
	_codes(_by(["provenance"]), _attested([_built("r.example/base", _digest), platform])) == {"base"}
	_codes(_by(["provenance"]), object.union(_attested([]), {_provenance_key: samples.refused("no_attestation")})) == {"base"}
	_codes(_by(["provenance"]), _attested([])) == {"base"}
	nobody := object.union(_by(["provenance"]), {"authorities": [object.union(_team, {"images": ["quay.io"]})]})
	_why(nobody, _world({})) == {"its base is none that is approved: no authority is trusted for the provenance of its repository"}
}

test_deny_ages if {
	wrong := {created: found |
		some created, state in {"2026-05-01T00:00:00Z": "too_old", "2026-07-01T00:00:00Z": "in_future", "": "age_unknown", "1970-01-01T00:00:00Z": "age_unknown"}
		found := [
			_codes(_rules({"max_age": "30d"}), _world({"created": created})),
			_codes(_rules({"max_base_age": "30d"}), object.union(_world({}), {_base_key: _base_of({"created": created})})),
		]
		found != [{state}, {sprintf("base_%s", [state])}]
	}
	wrong == {}
	_why(_rules({"max_age": "30d"}), _world({"created": ""})) == {"it is of an unknown time, and no more than 30d was expected"}
	_why(_rules({"max_base_age": "30d"}), object.union(_world({}), {_base_key: _base_of({"created": "2026-05-01T00:00:00Z"})})) == {"its base, found by its layers, is of 2026-05-01T00:00:00Z, and no more than 30d was expected"}
}

# The age of a base that nothing asked for is unknown.
test_deny_base_age_of_a_pattern if {
	pattern := {"authorities": [_team], "sources": ["provenance", "annotations"], "rules": [object.union(_rule, {"bases": [{"image": "r.example/*"}], "max_base_age": "30d"})]}
	_codes(pattern, _attested([_built("r.example/base", _digest)])) == {"base_age_unknown"}
	_codes(pattern, object.union(_world(_annotated(_digest)), {_provenance_key: samples.refused("no_attestation")})) == {"base_age_unknown"}
	exact := object.union(pattern, {"rules": [object.union(_rule, {"max_base_age": "30d"})]})
	_accepts(exact, _attested([_built("r.example/base", _digest)]))
	_accepts(object.union(exact, {"sources": ["annotations"]}), _world(_annotated(_digest)))
}

# What the builtin never returns is not accepted either.
test_deny_configs_without_fields if {
	rules := object.union(_rules({"max_age": "30d", "labels": [{"name": "team", "equals": "shop"}]}), {"sources": ["layers", "annotations"]})
	every field in ["created", "labels", "diff_ids", "os", "architecture", "variant"] {
		_pass(rules, object.union(_world({}), {_key: _configs([object.remove(_config({}), [field])])})) == set()
	}
	every patch in [{"created": 5}, {"labels": null}, {"labels": "team"}, {"diff_ids": "ab"}, {"os": null}] {
		_pass(rules, object.union(_world({}), {_key: _configs([_config(patch)])})) == set()
	}
}

test_deny_labels if {
	rules := {"sources": ["layers"], "rules": [{"images": ["registry.example/**"], "labels": [{"name": "team", "equals": "x"}, {"name": "Team", "pattern": "s*"}]}]}
	_why(rules, _world({})) == {`"Team" is not among its labels, and a text like "s*" was expected; "team" is "shop" in its labels, and "x" was expected`}
	_codes(rules, _world({})) == {"label"}
}

test_deny_what_stands_in_the_way if {
	wrong := {code: found |
		some code, states in {
			"not_found": ["not_found", "unreadable"], "host_not_allowed": ["host_not_allowed", "host_not_allowed"], "malformed": ["unreadable", "unreadable"],
			"unavailable": ["unknown", "unknown"], "platform_missing": ["platform_missing", "platform_missing"], "invalid_request": ["invalid_request", "invalid_request"],
			"unheard_of": ["base", "unreadable"],
		}
		found := [
			_codes(_rules({}), object.union(_world({}), {_key: samples.refused(code)})),
			_codes(_rules({}), {_key: _configs([_config({})]), _base_key: samples.refused(code)}) - {"base"},
		]
		found != [{states[0]}, {states[1]}]
	}
	wrong == {}
	_codes(_rules({}), {}) == {"unknown"}
	_codes(_rules({}), {_key: _configs([_config({})]), _base_key: samples.refused("unavailable")}) == {"unknown"}
	_codes(_by(["provenance"]), object.union(_world({}), {_provenance_key: samples.refused("unavailable")})) == {"unknown"}
	_why(_rules({}), {_key: samples.refused("malformed")}) == {"what it says of itself cannot be read (malformed: so says the test)"}
}

test_deny_nothing_is_expected if {
	_codes(_rules({"images": ["registry.example/other/*"]}), _world({})) == {"no_rule"}
	_why(_rules({"images": ["registry.example/other/*"]}), _world({})) == {"no rule is for its repository, and at least one was expected"}
}

test_deny_wrong_parameters if {
	wrong := {parameters: found |
		some [parameters, problem] in [
			[null, "base_image has to be an object"],
			[{"rules": []}, "base_image.rules is missing or empty: nothing is expected"],
			[{"rules": [_rule]}, "base_image.authorities is missing or empty: nobody is trusted"],
			[{"sources": ["layers"], "rules": [_rule], "authorities": []}, "base_image.authorities is missing or empty: nobody is trusted"],
			[{"sources": [], "rules": [_rule]}, "base_image.sources is empty: leave it out for provenance and layers"],
			[_rules({"labels": [{"name": "a", "equal": "b"}]}), "base_image.rules[0].labels[0].equal is not a parameter"],
		]
		found := samples.said(_deny(parameters, _world({})))
		found != {["base_image.parameters", "", sprintf("Pod shop/web: %s. The owner of the policy has to correct the parameters.", [problem])]}
	}
	wrong == {}
	_pass({"rules": [_rule]}, _world({})) == set()
}

test_allow_asks_for_what_is_needed if {
	obj := samples.pod([{"name": "a", "image": _image}, {"name": "b", "image": _image}, {"name": "c", "image": "quay.io/x"}])
	all := policy.requests with host.object as obj with host.parameters as {"base_image": _by(["provenance", "layers"])}
	{json.marshal(request) | some request in all} == {_key, _base_key, _provenance_key}
	few := policy.requests with host.object as obj with host.parameters as {"base_image": _rules({})}
	{json.marshal(request) | some request in few} == {_key, _base_key}
}

# That provenance cannot be had or read does not say that it names no image.
test_deny_annotations_without_an_answer_of_provenance if {
	every code, expected in {"unavailable": "unknown", "too_large": "unreadable", "platform_missing": "platform_missing", "threshold_not_met": "base"} {
		evidence := object.union(_world(_annotated(_digest)), {_provenance_key: samples.refused(code)})
		_codes(_by(["provenance", "annotations"]), evidence) == {expected}
	}
	_accepts(_by(["provenance", "annotations"]), object.union(_world(_annotated(_digest)), {_provenance_key: samples.refused("no_attestation")}))
}

# Provenance that was read and names no image leaves it to what nobody signed.
test_allow_annotations_beside_provenance_without_images if {
	source_only := object.union(_built("r.example/base", _digest), {"predicate": {"buildDefinition": {"resolvedDependencies": []}}})
	evidence := object.union(_world(_annotated(_digest)), {_provenance_key: samples.ok({"statements": [source_only]})})
	_accepts(_by(["provenance", "annotations"]), evidence)
}
