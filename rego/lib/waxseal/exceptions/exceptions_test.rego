package lib.waxseal.exceptions_test

import data.lib.waxseal.clock
import data.lib.waxseal.exceptions
import data.lib.waxseal.samples_test as samples

_now := clock.instant("2026-11-21T12:00:00Z")

_ref := "registry.example/team/app:1"

_content := {"id": "CVE-2026-1", "owner": "team", "reason": "no fix yet", "expires": "2026-12-31"}

_exception := object.union(_content, {"images": ["registry.example/team/*"]})

_finding := {"id": "CVE-2026-1", "aliases": ["GHSA-1"], "package": {"name": "openssl"}}

_configured(patch, ref, digest) if {
	count(exceptions.configured({"exceptions": [object.union(_exception, patch)]}, ref, digest)) > 0
}

test_configured if {
	by_digest := object.union(_content, {"digests": [samples.digest]})
	exceptions.configured({"exceptions": [_exception, by_digest]}, _ref, samples.digest) == {object.union(_exception, {"by": ""}), object.union(by_digest, {"by": ""})}
	exceptions.configured({"exceptions": [_exception, by_digest]}, "registry.example/other:1", samples.digest) == {object.union(by_digest, {"by": ""})}
	exceptions.configured({"exceptions": [by_digest]}, _ref, "") == set()
	exceptions.configured({}, _ref, samples.digest) == set()
	not _configured({}, "registry.example/team2/app:1", samples.digest)
	not _configured({}, "", samples.digest)

	# Where both are given, both have to hold.
	_configured({"digests": [samples.digest]}, _ref, samples.digest)
	not _configured({"digests": [samples.digest]}, "registry.example/team2/app:1", samples.digest)
	not _configured({"digests": [samples.digest]}, _ref, replace(samples.digest, "aaaa", "bbbb"))
}

_covers(patch, finding) if count(exceptions.covering({object.union(_content, patch)}, object.union(_finding, finding))) > 0

test_covering if {
	_covers({}, {})
	_covers({"id": "GHSA-1"}, {})
	_covers({"packages": ["zlib", "openssl"]}, {})
	not _covers({}, {"id": "CVE-2026-12"})
	not _covers({"packages": ["zlib"]}, {})
	exceptions.covering(set(), _finding) == set()
}

# Many exceptions allow no more than each of them does (Kyverno, CVE-2024-48921).
# CVE-2024-48921, GHSA-gg4x-fgg2-h9w9: two exceptions widen each other.
test_covering_no_more_than_the_union if {
	all := {object.union(_content, {"packages": ["zlib"]}), object.union(_content, {"id": "CVE-2026-2", "packages": ["openssl"]})}
	exceptions.covering(all, _finding) == set()
	exceptions.covering(all, object.union(_finding, {"id": "CVE-2026-2", "package": {"name": "zlib"}})) == set()
}

test_holds if {
	holds := {expires | some expires in {"2026-11-20", "2026-11-21", "2026-11-21T12:00:00Z", "2026-11-21T12:00:01Z", "never", ""}; exceptions.holds({"expires": expires}, _now)}
	holds == {"2026-11-21", "2026-11-21T12:00:01Z"}
	ended := {expires | some expires in {"2026-11-20", "2026-11-21", "2026-11-21T12:00:00Z", "never"}; exceptions.ended({"expires": expires}, _now)}
	ended == {"2026-11-20", "2026-11-21T12:00:00Z"}
}

test_holds_since if {
	holds := {created |
		some created in {"2026-11-21", "2026-11-22", "2026-11-21T12:00:00Z", "2026-11-21T12:00:01Z", "never"}
		exceptions.holds(object.union(_content, {"created": created}), _now)
	}
	holds == {"2026-11-21", "2026-11-21T12:00:00Z"}
}

test_ends_within if {
	soon := {limit | some limit in {"7d", "40d", "41d"}; exceptions.ends_within(_content, limit, _now)}
	soon == {"41d"}
	not exceptions.ends_within(object.union(_content, {"expires": "2026-11-20"}), "41d", _now)
}

test_described if {
	exceptions.described(object.union(_content, {"by": ""})) == "owner team, reason: no fix yet"
	exceptions.described(object.union(_content, {"by": "security", "ticket": "SEC-1"})) == "owner team, ticket SEC-1, reason: no fix yet, attested by security"
	exceptions.listed({object.union(_content, {"by": ""})}) == "CVE-2026-1 until 2026-12-31 (owner team, reason: no fix yet)"
	many := {object.union(_content, {"by": "", "id": sprintf("CVE-%02d", [i])}) | some i in numbers.range(1, 12)}
	endswith(exceptions.listed(many), "CVE-10 until 2026-12-31 (owner team, reason: no fix yet); and 2 more")
}

_problems(patch) := exceptions.problems("p", {"exceptions": [object.union(_exception, patch)]})

test_problems if {
	_problems({}) == set()
	exceptions.problems("p", {}) == set()
	_problems({"packages": ["x"], "ticket": "SEC-1", "digests": [samples.digest]}) == set()
	exceptions.problems("p", {"exceptions": [object.union(_content, {"digests": [samples.digest]})]}) == set()
	wrong := {patch: found |
		some [patch, problems] in [
			[{"images": ["team"]}, {`has the pattern "team" in images: write host/path, with * for any characters of one segment and a last ** for the rest`}],
			[{"images": []}, {"has neither images nor digests: it is for nothing"}],
			[{"digests": []}, {"has an empty list of digests"}],
			[{"images": [], "digests": [samples.digest]}, {"has an empty list of images"}],
			[{"digests": ["sha256:a"]}, {`has the digest "sha256:a": write sha256: and 64 digits of 0-9a-f`}],
			[{"expires": "never"}, {"needs an end, as a day like 2026-12-31"}],
			[{"packages": [], "owner": "", "ticket": ""}, {"has an empty list of packages", "has no owner", "has an empty ticket"}],
		]
		found := _problems(patch)
		found != {sprintf("p.exceptions[0] (CVE-2026-1) %s", [problem]) | some problem in problems}
	}
	wrong == {}
	exceptions.problems("p", {"exceptions": [{}]}) == {sprintf("p.exceptions[0] (no id) %s", [problem]) | some problem in {
		"has no id", "has no owner", "has no reason", "has neither images nor digests: it is for nothing", "needs an end, as a day like 2026-12-31",
	}}
	exceptions.problems("p", {"exceptions_from": [], "warn_before": "soon"}) == {
		"p.exceptions_from is missing or empty: nobody is trusted", "p.warn_before has to be a duration like 48h or 7d",
	}
	exceptions.problems("p", {"exceptions_from": [{"name": "a", "images": ["a.b"]}], "warn_before": "7d"}) == {"p.exceptions_from[0] (a) has neither keys nor identities"}
}

_statement(predicate) := {"digest": "sha256:1", "predicate": predicate}

_of(content) := _statement({"exceptions": [content]})

test_attested if {
	full := object.union(_content, {"ticket": "SEC-1", "packages": ["a"], "created": "2026-11-01"})
	good := [_of(_content), _of(full), _of(object.union(_content, {"created": "2026-11-01T00:00:00Z"}))]
	{exceptions.malformed(statement) | some statement in good} == {set()}

	# One that is malformed is not used, not even in part.
	bad := _statement({"exceptions": [object.union(_content, {"id": "CVE-2"}), {}]})
	exceptions.attested({"statements": [_of(full), bad]}, {"name": "security"}) == {object.union(full, {"by": "security"})}
	exceptions.attested({"statements": []}, {"name": "security"}) == set()
}

test_malformed if {
	wrong := {statement: found |
		some [statement, problems] in [
			[_statement("x"), {"predicate has to be an object"}],
			[_statement({}), {"exceptions is missing or empty"}],
			[_statement({"exceptions": []}), {"exceptions is missing or empty"}],
			[_statement({"exceptions": [], "all": true}), {"all is not a parameter"}],
			[_of(object.union(_content, {"images": ["**"]})), {"exceptions[0].images is not a parameter"}],
			[_of(object.union(_content, {"digests": ["a"]})), {"exceptions[0].digests is not a parameter"}],
			[_of(object.union(_content, {"id": 1})), {"exceptions[0].id has to be a string"}],
			[_of(object.union(_content, {"packages": []})), {"exceptions[0] (CVE-2026-1) has an empty list of packages"}],
			[_of(object.remove(_content, ["expires"])), {"exceptions[0] (CVE-2026-1) needs an end, as a day like 2026-12-31"}],
			[_of(object.union(_content, {"created": "once"})), {"exceptions[0] (CVE-2026-1) has a time of its making that is none"}],
			[_of({"expires": "2026-12-31"}), {"exceptions[0] (no id) has no id", "exceptions[0] (no id) has no owner", "exceptions[0] (no id) has no reason"}],
		]
		found := exceptions.malformed(statement)
		found != problems
	}
	wrong == {}
}
