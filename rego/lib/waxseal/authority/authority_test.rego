package lib.waxseal.authority_test

import data.lib.waxseal.authority

_good := {"name": "team", "images": ["registry.example/team/*"], "keys": ["k"]}

_identity := {"issuer": "https://issuer.example", "subject": "dev@registry.example"}

_problems(patch) := authority.problems("p", [object.union(_good, patch)])

test_problems_none if {
	wrong := {patch |
		some patch in {
			{},
			{"threshold": 1},
			{"identities": [_identity], "threshold": 2},
			{"identities": [{"issuer_pattern": "a", "subject_pattern": "b"}]},
			{"formats": ["legacy", "bundle"]},
			{"repositories": ["registry.example/**"]},
		}
		_problems(patch) != set()
	}
	wrong == set()
}

test_problems if {
	wrong := {patch: found |
		some [patch, problems] in [
			[{"name": ""}, {"p.authorities[0] () has no name"}],
			[{"images": []}, {"p.authorities[0] (team) has no images: it is trusted for nothing"}],
			[{"images": ["acme"]}, {`p.authorities[0] (team) has the pattern "acme" in images: write host/path, with * for any characters of one segment and a last ** for the rest`}],
			[{"repositories": ["a.b/"]}, {`p.authorities[0] (team) has the pattern "a.b/" in repositories: write host/path, with * for any characters of one segment and a last ** for the rest`}],
			[{"keys": []}, {"p.authorities[0] (team) has neither keys nor identities", "p.authorities[0] (team) has an empty list of keys"}],
			[{"keys": [""]}, {"p.authorities[0] (team) has an empty text in keys"}],
			[{"certificates": []}, {"p.authorities[0] (team) has an empty list of certificates"}],
			[{"identities": []}, {"p.authorities[0] (team) has an empty list of identities"}],
			[{"formats": []}, {"p.authorities[0] (team) has an empty list of formats"}],
			[{"formats": ["new"]}, {`p.authorities[0] (team) has the format "new": legacy and bundle are known`}],
			[{"identities": [{"issuer": "a"}]}, {"p.authorities[0] (team) has an identity that needs either subject or subject_pattern"}],
			[{"identities": [{"issuer": "", "subject": "a"}]}, {"p.authorities[0] (team) has an identity that needs either issuer or issuer_pattern"}],
			[{"identities": [object.union(_identity, {"issuer_pattern": "a"})]}, {"p.authorities[0] (team) has an identity that needs either issuer or issuer_pattern"}],
			[{"threshold": 0}, {"p.authorities[0] (team) has a threshold that is not a whole number between 1 and the number of its keys and identities"}],
			[{"threshold": 2}, {"p.authorities[0] (team) has a threshold that is not a whole number between 1 and the number of its keys and identities"}],
			[{"threshold": 0.5}, {"p.authorities[0] (team) has a threshold that is not a whole number between 1 and the number of its keys and identities"}],
		]
		found := _problems(patch)
		found != problems
	}
	wrong == {}
	authority.problems("p", []) == {"p.authorities is missing or empty: nobody is trusted"}
	authority.problems("p", [{}]) == {
		"p.authorities[0] (no name) has no name",
		"p.authorities[0] (no name) has no images: it is trusted for nothing",
		"p.authorities[0] (no name) has neither keys nor identities",
	}
}

test_matching if {
	other := object.union(_good, {"name": "all", "images": ["docker.io", "registry.example/**"]})
	authority.matching([_good, other], "registry.example/team/x") == {_good, other}
	authority.matching([_good, other], "registry.example/else/x") == {other}
	authority.matching([_good, other], "nginx") == {other}
	authority.matching([_good, other], "quay.io/x") == set()
	authority.matching([_good, other], "") == set()
}

# Only the options of the builtin go into a request.
test_opts if {
	authority.opts(object.union(_good, {"threshold": 1, "repositories": ["a.b"], "insecure_ignore_tlog": true})) == {
		"keys": ["k"],
		"threshold": 1,
		"insecure_ignore_tlog": true,
	}
}

_notary := {"name": "team", "images": ["registry.example/team/*"], "notation": "acme"}

test_notation_problems if {
	wrong := {patch: found |
		some [patch, problems] in [
			[{}, set()],
			[{"threshold": 3, "platforms": "each", "annotations": {"a": "b"}}, set()],
			[{"notation": ""}, {"p.authorities[0] (team) has an empty notation"}],
			[{"keys": ["k"]}, {"p.authorities[0] (team) has notation and keys: they make two authorities"}],
			[{"formats": ["bundle"]}, {"p.authorities[0] (team) has notation and formats: they make two authorities"}],
			[{"insecure_ignore_tlog": false}, {"p.authorities[0] (team) has notation and insecure_ignore_tlog: they make two authorities"}],
			[{"threshold": 0}, {"p.authorities[0] (team) has a threshold that is not a whole number between 1 and 100"}],
			[{"threshold": 1.5}, {"p.authorities[0] (team) has a threshold that is not a whole number between 1 and 100"}],
		]
		found := authority.problems("p", [object.union(_notary, patch)])
		found != problems
	}
	wrong == {}
}

test_notation_opts if {
	authority.notation_opts(_notary) == {"trust_policy": "acme"}
	authority.notation_opts(object.union(_notary, {"threshold": 2, "platforms": "each", "annotations": {"a": "b"}})) == {
		"trust_policy": "acme", "threshold": 2, "platforms": "each", "annotations": {"a": "b"},
	}
}
