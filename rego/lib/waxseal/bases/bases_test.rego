package lib.waxseal.bases_test

import data.lib.waxseal.bases
import data.lib.waxseal.clock
import data.lib.waxseal.samples_test as samples

_d1 := "sha256:1111111111111111111111111111111111111111111111111111111111111111"

_d2 := "sha256:2222222222222222222222222222222222222222222222222222222222222222"

_config(patch) := object.union({"os": "linux", "architecture": "amd64", "variant": "", "digest": _d2, "created": "2026-06-01T00:00:00Z", "labels": {}, "annotations": {}, "diff_ids": ["a", "b", "c"]}, patch)

_answer := object.union(samples.ok({"configs": [_config({"diff_ids": ["a", "b"]})]}), {"image": {"digest": _d1}})

_rule(base) := {"images": ["registry.example/team/*"], "bases": [base]}

test_matching if {
	bases.matching([_rule({})], "registry.example/team/app") == {_rule({})}
	bases.matching([_rule({})], "registry.example/other/app") == set()
}

test_exact if {
	bases.exact(_rule({"image": "r.example/b", "digests": [_d1], "tags": ["1"]})) == {concat("@", ["r.example/b", _d1]), "r.example/b:1"}
	bases.exact(_rule({"image": "r.example/*", "digests": [_d1]})) == set()
	bases.exact(_rule({"image": "r.example/b"})) == set()
}

test_approved if {
	bases.approved("r.example/b", _d2, _rule({"image": "r.example/*"}), {})
	bases.approved("r.example/b", _d1, _rule({"image": "r.example/*", "digests": [_d1]}), {})
	tagged := _rule({"image": "r.example/b", "tags": ["1"]})
	bases.approved("r.example/b", _d1, tagged, {"r.example/b:1": _answer})
	bases.approved("r.example/b", _d2, tagged, {"r.example/b:1": _answer})
	not bases.approved("r.example/b", _d1, tagged, {})
	not bases.approved("r.example/b", _d1, tagged, {"r.example/b:1": object.union(samples.refused("not_found"), {"configs": [], "image": {"digest": _d1}})})
	not bases.approved("r.example/b", "", _rule({"image": "r.example/*"}), {})
	not bases.approved("r.example.evil/b", _d1, _rule({"image": "r.example/*"}), {})
	not bases.approved("r.example/b/c", _d1, _rule({"image": "r.example/*"}), {})
	not bases.approved("", _d1, _rule({"image": "r.example/*"}), {})
	not bases.approved("r.example/b", _d2, _rule({"image": "r.example/*", "digests": [_d1]}), {})
}

test_below if {
	facts := {"r.example/b:1": _answer}
	found := {{"ref": "r.example/b:1", "created": "2026-06-01T00:00:00Z"}}
	bases.below(_config({}), facts) == found
	bases.below(_config({"diff_ids": ["a", "b"]}), facts) == found
	every patch in [{"diff_ids": ["a"]}, {"diff_ids": []}, {"diff_ids": ["b", "a", "c"]}, {"diff_ids": ["x", "a", "b"]}, {"architecture": "arm64"}, {"os": "windows"}, {"variant": "v8"}] {
		bases.below(_config(patch), facts) == set()
	}
	bases.below(_config({}), {"r.example/b:1": samples.ok({"configs": [_config({"diff_ids": []})]})}) == set()
}

test_annotated if {
	bases.annotated(_config({"annotations": {"org.opencontainers.image.base.name": "debian:12", "org.opencontainers.image.base.digest": _d1}})) == {"name": "docker.io/library/debian", "digest": _d1}
	bases.annotated(_config({})) == {"name": "", "digest": ""}
	bases.annotated(_config({"annotations": {"Org.opencontainers.image.base.name": "debian"}})).name == ""
}

test_dates if {
	bases.dates(_d1, {"r": _answer}) == {"2026-06-01T00:00:00Z"}
	bases.dates(_d2, {"r": _answer}) == {"2026-06-01T00:00:00Z"}
	bases.dates("sha256:3", {"r": _answer}) == set()
}

test_age if {
	now := clock.instant("2026-06-30T00:00:00Z")
	found := [bases.age(text, "30d", now) | some text in ["2026-06-29T00:00:00Z", "2026-05-31T00:00:00Z", "2026-05-30T00:00:00Z", "2026-07-01T00:00:00Z", "", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "June", 5]]
	found == ["fresh", "fresh", "too_old", "in_future", "age_unknown", "age_unknown", "age_unknown", "age_unknown", "age_unknown"]
}

_unlabelled(labels) := bases.unlabelled(_config({"labels": {"team": "shop", "Empty": ""}, "annotations": {"team": "other"}}), {"labels": labels})

test_unlabelled if {
	_unlabelled([{"name": "team", "equals": "shop"}, {"name": "team", "pattern": "sh*"}, {"name": "team", "equals": "other", "in": "annotations"}]) == set()
	_unlabelled([{"name": "team", "equals": "x"}, {"name": "Team", "pattern": "shop"}, {"name": "team", "pattern": "shop", "in": "annotations"}, {"name": "Empty", "pattern": "x*"}]) == {
		`"team" is "shop" in its labels, and "x" was expected`,
		`"Team" is not among its labels, and a text like "shop" was expected`,
		`"team" is "other" in its annotations, and a text like "shop" was expected`,
		`"Empty" is "" in its labels, and a text like "x*" was expected`,
	}
	bases.unlabelled(_config({}), {}) == set()
}

_good := {"images": ["registry.example/team/*"], "bases": [{"image": "r.example/b", "digests": [_d1]}]}

_problems(patch) := bases.problems("p", [object.union(_good, patch)], ["layers"])

test_problems if {
	bases.problems("p", [_good], bases.sources) == set()
	bases.problems("p", [], []) == {"p.sources is empty: leave it out for provenance and layers", "p.rules is missing or empty: nothing is expected"}
	bases.problems("p", [_good], ["labels"]) == {`p.sources has "labels"; there are provenance, layers, annotations`}
	bases.problems("p", [{}], []) == {"p.sources is empty: leave it out for provenance and layers", "p.rules[0] has no images: it is for nothing", "p.rules[0] expects nothing: write bases, max_age or labels"}
	wrong := {patch: found |
		some [patch, problems] in [
			[{"max_base_age": "90d", "max_age": "1w", "labels": [{"name": "a", "pattern": "b*", "in": "annotations"}]}, set()],
			[{"images": ["x"]}, {`has the pattern "x" in images: write host/path, with * for any characters of one segment and a last ** for the rest`}],
			[{"labels": []}, {"has an empty list of labels"}],
			[{"bases": []}, {"has an empty list of bases", _none}],
			[{"max_age": "soon", "max_base_age": "1"}, {"has a max_age that is no duration like 48h or 90d", "has a max_base_age that is no duration like 48h or 90d"}],
			[{"bases": [{"image": "r.example/*"}]}, {_none}],
			[{"bases": [{"tags": ["1"]}, _good.bases[0]]}, {"has bases[0] (no image), which needs an image, as host/path, with * for any characters of one segment", "has bases[0] (no image), which has digests or tags, and no path in image"}],
			[{"bases": [{"image": "r.example", "tags": ["1"]}]}, {"has bases[0] (r.example), which has digests or tags, and no path in image"}],
			[{"bases": [{"image": "r.example/*", "tags": ["a b"], "digests": []}]}, {
				"has bases[0] (r.example/*), which has an empty list of digests", `has bases[0] (r.example/*), which has the tag "a b", which is none`, "has bases[0] (r.example/*), which has tags, and a * in image",
			}],
			[{"bases": [{"image": "r.example/b", "digests": ["sha256:1"]}]}, {`has bases[0] (r.example/b), which has the digest "sha256:1": write sha256: and 64 hexadecimal digits`}],
			[{"labels": [{}]}, {"has labels[0] (no name), which has no name", "has labels[0] (no name), which needs either equals or pattern"}],
			[{"labels": [{"name": "a", "equals": "", "pattern": "?", "in": "x"}]}, {
				"has labels[0] (a), which needs either equals or pattern", "has labels[0] (a), which has an empty text in equals", "has labels[0] (a), which is in neither labels nor annotations",
				`has labels[0] (a), which has the pattern "?": write the whole text, with * for any characters but a slash, and no other wildcard`,
			}],
		]
		found := {trim_prefix(problem, "p.rules[0] ") | some problem in _problems(patch)}
		found != problems
	}
	wrong == {}
	bases.problems("p", [{"images": ["r.example"], "labels": [{"name": "a", "equals": "b"}], "max_base_age": "1d"}], ["layers"]) == {"p.rules[0] has max_base_age and no bases"}
}

_none := "can find no base by layers: name at least one of bases exactly, with digests or tags"
