package lib.waxseal.sboms_test

import data.lib.waxseal.samples_test as samples
import data.lib.waxseal.sboms

_now := time.parse_rfc3339_ns("2026-11-20T00:00:00Z")

_document := {
	"format": "spdx", "created": "2026-11-19T00:00:00Z", "package_count": 3,
	"tools": [{"name": "syft", "version": "1.52.0"}],
	"subjects": [{"digests": ["sha256:aa"]}, {"digests": []}],
	"signers": [{"image": "sha256:aa"}],
}

_with(patch) := object.union(_document, patch)

# What is unmet, and whether it fits. Total: a table of cases skips what is undefined.
_states(patch, rules) := {unmet.state | some unmet in sboms.unmet(_with(patch), rules, set(), _now)} | {"fits" | sboms.fits(_with(patch), rules, set(), _now)}

test_fits if {
	wrong := {[patch, rules] |
		some [patch, rules] in [
			[{}, {}],
			[{}, {"formats": ["cyclonedx", "spdx"], "tools": ["trivy", "syft"], "max_age": "24h", "require_named_image": true}],
			[{"subjects": []}, {"require_named_image": false}],
			[{"created": ""}, {}],
			[{"tools": []}, {}],
		]
		_states(patch, rules) != {"fits"}
	}
	wrong == set()
}

test_unmet if {
	wrong := {[patch, rules]: found |
		some [patch, rules, states] in [
			[{"package_count": 0}, {}, {"empty"}],
			[{"package_count": null}, {}, {"empty"}],
			[{"subjects": [{"digests": ["sha256:bb"]}]}, {}, {"made_from_another_image"}],
			[{"subjects": [{"digests": ["sha256:aa", "sha256:bb"]}]}, {}, {"made_from_another_image"}],
			[{"signers": []}, {}, {"made_from_another_image"}],
			[{"subjects": []}, {"require_named_image": true}, {"unnamed_image"}],
			[{}, {"formats": ["cyclonedx"]}, {"format"}],
			[{}, {"tools": ["trivy"]}, {"tool"}],
			[{"tools": []}, {"tools": ["trivy"]}, {"tool"}],
			[{"created": ""}, {"max_age": "1d"}, {"age_unknown"}],
			[{"created": "2026-11-20T00:00:01Z"}, {}, {"in_future"}],
			[{"created": "2026-11-20T00:00:01Z"}, {"max_age": "1d"}, {"in_future"}],
			[{}, {"max_age": "23h"}, {"too_old"}],
			[{"package_count": 0, "created": ""}, {"formats": ["cyclonedx"], "max_age": "1d"}, {"empty", "format", "age_unknown"}],
		]
		found := _states(patch, rules)
		found != states
	}
	wrong == {}

	# Each of them was judged at all.
	{unmet.text | some unmet in sboms.unmet(_with({"tools": [], "subjects": [{"digests": ["sha256:cc", "sha256:bb"]}]}), {"tools": ["trivy", "syft"], "formats": ["cyclonedx"]}, set(), _now)} == {
		"says that it was made from sha256:bb and sha256:cc, which is not this image",
		`is of the format "spdx", and cyclonedx was expected`,
		"was made by no tool that it names, and trivy or syft was expected",
	}
	{unmet.text | some unmet in sboms.unmet(_document, {"tools": ["trivy"], "max_age": "1h"}, set(), _now)} == {
		"was made by syft 1.52.0, and trivy was expected",
		"is of 2026-11-19T00:00:00Z, and one of the last 1h was expected",
	}
}

# A platform of the index, where the policy lets it be named.
test_own if {
	elsewhere := _with({"subjects": [{"digests": ["sha256:bb"]}]})
	not sboms.own(elsewhere, set())
	sboms.own(elsewhere, {"sha256:bb"})
	sboms.own(_with({"subjects": []}), set())
	sboms.foreign(elsewhere, {"sha256:cc"}) == {"sha256:bb"}
}

test_state if {
	sboms.state(samples.ok({"documents": []})) == "no_sbom"
	wrong := {code: found |
		some code, state in {
			"no_attestation": "no_sbom", "wrong_predicate": "no_sbom", "unsigned": "no_sbom", "malformed": "unreadable", "unsupported": "unreadable",
			"unavailable": "unknown", "untrusted_identity": "untrusted", "digest_mismatch": "untrusted", "platform_missing": "platform_missing", "invalid_request": "invalid_request",
		}
		found := sboms.state(samples.refused(code))
		found != state
	}
	wrong == {}
}

test_words if {
	sboms.pkg({"purl": "pkg:npm/a@1?x=y", "name": "a", "version": "1"}) == "pkg:npm/a@1"
	sboms.pkg({"purl": "", "name": "a", "version": "1"}) == "a 1"
	sboms.pkg({"purl": "", "name": "a", "version": ""}) == "a"
	sboms.listed({"b", "a"}) == "a; b"
	sboms.listed({sprintf("%d", [i]) | some i in numbers.range(10, 21)}) == "10; 11; 12; 13; 14; 15; 16; 17; 18; 19; and 2 more"
}

test_problems if {
	sboms.problems("p", {}) == set()
	sboms.problems("p", {"formats": ["spdx", "cyclonedx"], "tools": ["syft", "cyclonedx-gomod"], "max_age": "30d", "require_named_image": true}) == set()
	sboms.problems("p", {"formats": ["swid"], "tools": ["Syft"], "max_age": "soon"}) == {
		`p.formats has "swid"; there are spdx and cyclonedx`,
		`p.tools has "Syft"; write the name of a tool in lower case, without its version`,
		"p.max_age has to be a duration like 48h or 30d",
	}
	sboms.problems("p", {"formats": [], "tools": []}) == {"p.formats is an empty list", "p.tools is an empty list"}
}
