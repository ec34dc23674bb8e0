package lib.waxseal.policy.scanned_images_test

import data.lib.waxseal.host
import data.lib.waxseal.policy.scanned_images as policy
import data.lib.waxseal.samples_test as samples

_vendor := {"name": "vendor", "images": ["registry.example/**"], "keys": ["v"]}

_with_vex := _with({"vex": {"authorities": [_vendor]}})

_vex_key := `{"fn":"vex.statements","opts":{"keys":["v"]},"ref":"registry.example/team/app:1"}`

_purl := "pkg:deb/debian/openssl@1"

_vulnerable := _finding({"package": {"name": "openssl", "version": "1", "purl": _purl}})

_found_it := object.union(samples.ok({"reports": [_found([_vulnerable])]}), {"image": {"digest": samples.digest}})

_vex(patch) := {_team_key: _found_it, _vex_key: object.union(
	samples.ok({"documents": [{
		"id": "urn:a", "author": "A", "format": "openvex", "signers": [{"kind": "key", "key_id": "sha256:1"}],
		"statements": [object.union(
			{
				"vulnerability": "CVE-2026-1", "aliases": [], "status": "not_affected", "justification": "component_not_present",
				"products": [{"name": "", "purl": _purl, "digests": [], "subcomponents": []}],
				"impact_statement": "", "timestamp": "2026-11-20T12:00:00Z", "last_updated": "",
			},
			patch,
		)],
	}]}),
	{"image": {"digest": samples.digest}},
)}

# What a note or a violation says, without the subject and what to do.
_said(violations) := {[split(v.code, ".")[1], why] |
	some v in violations
	why := trim_suffix(trim_prefix(v.msg, `image "registry.example/team/app:1" of container "app" in Pod shop/web: `), concat("", [". ", v.remediation]))
}

test_allow_suppressed_by_vex if {
	_accepts(_with_vex, _vex({}))
	_said(_notes(_with_vex, _vex({}))) == {[
		"suppressed_by_vex",
		`CVE-2026-1 (critical, openssl 1, fixed in 2) does not affect it by the word of "vendor" (component_not_present, author "A", document urn:a, 2026-11-20T12:00:00Z)`,
	]}
	whole_image := {"products": [{"name": "", "purl": concat("", ["pkg:oci/app@", samples.digest]), "digests": [], "subcomponents": []}]}
	_accepts(_with_vex, _vex(whole_image))
}

test_deny_what_vex_does_not_suppress if {
	wrong := {patch |
		some patch in [
			{"status": "affected"},
			{"status": "under_investigation"},
			{"justification": ""},
			{"vulnerability": "CVE-2026-2"},
			{"timestamp": "2026-11-22T12:00:00Z"},
			{"products": []},
			{"products": [{"name": "", "purl": "pkg:deb/debian/openssl@2", "digests": [], "subcomponents": []}]},
			{"products": [{"name": "", "purl": "*", "digests": [], "subcomponents": []}]},
		]
		[_codes(_with_vex, _vex(patch)), _notes(_with_vex, _vex(patch))] != [{"findings"}, set()]
	}
	wrong == set()

	# Nor does VEX that nobody asked for.
	_codes(_rules, _vex({})) == {"findings"}
	_codes(_with({"vex": {"authorities": [object.union(_vendor, {"images": ["registry.example/other/*"]})]}}), _vex({})) == {"findings"}
}

# VEX is for its findings and for nothing beside them.
test_deny_beside_vex if {
	two := object.union(_vex({}), _reports([_found([_vulnerable, object.union(_vulnerable, {"id": "CVE-2026-2"})])]))
	_why(_with_vex, two) == {`trivy found CVE-2026-2 (critical, openssl 1, fixed in 2) (report of "team", 2026-11-20T12:00:00Z)`}
}

# Where there is no VEX, findings stay, and nothing is said of it.
test_deny_without_vex if {
	every code in {"no_attestation", "wrong_predicate", "unsigned", "untrusted_identity", "signature_invalid"} {
		evidence := object.union(_vex({}), {_vex_key: samples.refused(code)})
		_why(_with_vex, evidence) == {`trivy found CVE-2026-1 (critical, openssl 1, fixed in 2) (report of "team", 2026-11-20T12:00:00Z)`}
		_notes(_with_vex, evidence) == set()
	}
}

# Where it cannot be told, findings stay, and that is said.
test_deny_when_vex_is_unread if {
	wrong := {code: said |
		some code, why in {
			"unavailable": `whether "vendor" attested VEX cannot be told now (unavailable: so says the test)`,
			"malformed": `what "vendor" attested as VEX cannot be read (malformed: so says the test)`,
			"host_not_allowed": `what "vendor" attested as VEX cannot be read (host_not_allowed: so says the test)`,
			"not_found": `what "vendor" attested as VEX cannot be read (not_found: so says the test)`,
			"invalid_request": `"vendor" cannot be asked for VEX (invalid_request: so says the test)`,
		}
		evidence := object.union(_vex({}), {_vex_key: samples.refused(code)})
		retryable := code == "unavailable"
		said := [_why(_with_vex, evidence), _said(_notes(_with_vex, evidence)), {error.code | some v in _deny(_with_vex, evidence); some error in v.errors}]
		said != [
			{sprintf(`trivy found CVE-2026-1 (critical, openssl 1, fixed in 2) (report of "team", 2026-11-20T12:00:00Z); %s`, [why])},
			{["suppression_unread", why]},
			{code | retryable},
		]
	}
	wrong == {}

	# A refusal that retrying may lift is known by its errors.
	not_collected := object.remove(_vex({}), [_vex_key])
	{error.code | some v in _deny(_with_vex, not_collected); some error in v.errors} == {"not_collected"}
}

# A clean image is accepted whatever becomes of VEX.
test_allow_clean_when_vex_is_unread if {
	evidence := object.union(_clean, {_vex_key: samples.refused("unavailable")})
	_accepts(_with_vex, evidence)
	{v.code | some v in _notes(_with_vex, evidence)} == {"scanned_images.suppression_unread"}

	# Without a report that is all there is to say.
	_notes(_with_vex, {}) == set()
}

_security := {"name": "security", "images": ["registry.example/team/*"], "keys": ["s"]}

_signed := _with({"exceptions_from": [_security]})

_security_key := `{"fn":"cosign.attestations","opts":{"keys":["s"],"predicate_types":["https://github.com/waxseal/waxseal/attestation/exception/v1"]},"ref":"registry.example/team/app:1"}`

_attested(content) := {_team_key: _found_it, _security_key: samples.ok({"statements": [{"digest": "sha256:1", "predicate": {"exceptions": content}}]})}

_waiver := {"id": "CVE-2026-1", "owner": "the team", "ticket": "SEC-1", "reason": "no fix yet", "expires": "2027-01-31"}

test_allow_attested_exception if {
	_accepts(_signed, _attested([_waiver]))
	_said(_notes(_signed, _attested([_waiver]))) == {["excepted", "CVE-2026-1 is excepted until 2027-01-31 (owner the team, ticket SEC-1, reason: no fix yet, attested by security)"]}
}

# Only those who are trusted for exceptions are asked.
test_deny_attested_exception_of_nobody if {
	_codes(_rules, _attested([_waiver])) == {"findings"}
	elsewhere := _with({"exceptions_from": [object.union(_security, {"images": ["registry.example/other/*"]})]})
	_codes(elsewhere, _attested([_waiver])) == {"findings"}
	_codes(_signed, object.union(_attested([_waiver]), {_security_key: samples.refused("untrusted_identity")})) == {"findings"}
}

test_deny_malformed_exceptions if {
	bad := [object.union(_waiver, {"images": ["**"]})]
	_codes(_signed, _attested(bad)) == {"findings"}
	_said(_notes(_signed, _attested(bad))) == {["exceptions_malformed", `the exceptions that "security" attested in sha256:1 are not used: exceptions[0].images is not a parameter`]}
	_codes(_signed, _attested([object.remove(_waiver, ["owner"])])) == {"findings"}
}

test_deny_expired_attested_exception if {
	ended := [object.union(_waiver, {"expires": "2026-11-20"})]
	_codes(_signed, _attested(ended)) == {"findings"}
	_said(_notes(_signed, _attested(ended))) == {["exception_expired", "the exception for CVE-2026-1 ended on 2026-11-20 (owner the team, ticket SEC-1, reason: no fix yet, attested by security)"]}
}

test_deny_when_exceptions_are_unread if {
	evidence := object.union(_attested([]), {_security_key: samples.refused("timeout")})
	why := `whether "security" attested exceptions cannot be told now (timeout: so says the test)`
	_said(_deny(_signed, evidence)) == {["findings", sprintf(`trivy found CVE-2026-1 (critical, openssl 1, fixed in 2) (report of "team", 2026-11-20T12:00:00Z); %s`, [why])]}
	_said(_notes(_signed, evidence)) == {["suppression_unread", why]}
}

_configured(patch) := _with({"exceptions": [object.union(object.union(_waiver, {"images": ["registry.example/team/*"]}), patch)]})

test_allow_exception_by_digest if {
	by_digest := _with({"exceptions": [object.union(_waiver, {"digests": [samples.digest]})]})
	_accepts(by_digest, {_team_key: _found_it})
	_codes(_with({"exceptions": [object.union(_waiver, {"digests": [replace(samples.digest, "aaaa", "bbbb")]})]}), {_team_key: _found_it}) == {"findings"}

	# A digest that is not known is none.
	_codes(by_digest, _reports([_found([_vulnerable])])) == {"findings"}
}

test_notes_of_exceptions if {
	used := ["excepted", "CVE-2026-1 is excepted until 2026-11-30 (owner the team, ticket SEC-1, reason: no fix yet)"]
	soon := ["exception_expiring", "the exception for CVE-2026-1 ends on 2026-11-30 (owner the team, ticket SEC-1, reason: no fix yet)"]
	unused := ["exceptions_unused", "no finding falls under the exceptions for CVE-2026-1 until 2026-11-30 (owner the team, ticket SEC-1, reason: no fix yet)"]
	rules := _configured({"expires": "2026-11-30"})
	_said(_notes(rules, {_team_key: _found_it})) == {used, soon}
	_said(_notes(object.union(rules, {"warn_before": "9d"}), {_team_key: _found_it})) == {used}
	_said(_notes(rules, _clean)) == {unused, soon}
	_said(_notes(object.union(rules, {"warn_before": "9d"}), _clean)) == {unused}

	# What VEX suppresses needs no exception.
	{note[0] | some note in _said(_notes(object.union(_with_vex, rules), _vex({})))} == {"suppressed_by_vex", "exceptions_unused", "exception_expiring"}

	# Without a report nobody can tell what is used.
	_notes(rules, {_team_key: samples.refused("no_attestation")}) == set()
}

# An exception that has ended is reported where there is nothing to except, too.
test_notes_of_an_ended_exception if {
	_said(_notes(_configured({"expires": "2026-11-20"}), _clean)) == {["exception_expired", "the exception for CVE-2026-1 ended on 2026-11-20 (owner the team, ticket SEC-1, reason: no fix yet)"]}
}

test_requests_of_suppression if {
	both := object.union(_with_vex, {"exceptions_from": [_security]})
	requests := policy.requests with host.object as samples.one(_image) with host.parameters as {"scanned_images": both}
	{json.marshal(request) | some request in requests} == {_team_key, _vex_key, _security_key}

	# Where nobody may scan the image, nothing is asked.
	nobody := object.union(both, {"authorities": [object.union(_team, {"images": ["registry.example/other/*"]})]})
	nothing := policy.requests with host.object as samples.one(_image) with host.parameters as {"scanned_images": nobody}
	nothing == set()
}

test_deny_wrong_parameters_of_suppression if {
	wrong := {patch: found |
		some [patch, problems] in [
			[{"vex": {}}, {"scanned_images.vex.authorities is missing or empty: nobody is trusted"}],
			[{"vex": null}, {"scanned_images.vex has to be an object"}],
			[{"vex": {"authorities": [object.union(_vendor, {"platforms": "each"})]}}, {"scanned_images.vex.authorities[0].platforms is not a parameter"}],
			[{"vex": {"authorities": [_vendor], "accepted": []}}, {"scanned_images.vex.accepted is not a parameter"}],
			[{"exceptions_from": []}, {"scanned_images.exceptions_from is missing or empty: nobody is trusted"}],
			[{"exceptions_from": [object.union(_security, {"platforms": "each"})]}, {"scanned_images.exceptions_from[0].platforms is not a parameter"}],
			[{"exceptions_from": [object.union(_security, {"keys": []})]}, {
				"scanned_images.exceptions_from[0] (security) has neither keys nor identities",
				"scanned_images.exceptions_from[0] (security) has an empty list of keys",
			}],
			[{"warn_before": "soon"}, {"scanned_images.warn_before has to be a duration like 48h or 7d"}],
		]
		found := [{v.msg | some v in _deny(_with(patch), _clean)}, _pass(_with(patch), _clean)]
		found != [{sprintf("Pod shop/web: %s. The owner of the policy has to correct the parameters.", [problem]) | some problem in problems}, set()]
	}
	wrong == {}
}
