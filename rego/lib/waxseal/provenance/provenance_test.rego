package lib.waxseal.provenance_test

import data.lib.waxseal.provenance

_app := "https://github.com/acme/app"

_v1(asked, used) := {"predicate_type": "https://slsa.dev/provenance/v1", "predicate": {
	"buildDefinition": {"buildType": "t", "externalParameters": asked, "resolvedDependencies": used},
	"runDetails": {"builder": {"id": "b"}},
}}

_empty := {"builder": "", "build_type": "", "sources": set(), "workflows": set(), "commits": set(), "materials": set()}

_source(text, repository, ref) := {"text": text, "repository": repository, "ref": ref}

test_repository if {
	found := [object.get({"r": provenance.repository(text)}, "r", "?") |
		some text in [
			_app, "https://GitHub.com/acme/app.git", "https://github.com:443/acme/app/", "https://git.example:8443/acme/app",
			"https://github.com/Acme/app",
		]
	]
	found == [_app, _app, _app, "https://git.example:8443/acme/app", "https://github.com/Acme/app"]
}

# Advisories of this sort: a prefix, a user, an escape that look like another repository.
test_repository_refuses_tricks if {
	readable := {text |
		some text in [
			1, null, "", "github.com/acme/app", "http://github.com/acme/app", "https://github.com", "https://github.com/", "https://github.com/.git",
			"https://github.com/acme/app@evil", "https://github.com@evil.example/acme/app", "https://u:p@github.com/acme/app",
			"https://github.com/acme/../evil", "https://github.com/acme/./app", "https://github.com/acme/%2e%2e/evil", "https://github.com//acme/app",
			"https://github.com/acme/app?x", "https://github.com/acme/app#x", "https://github.com/acme/app\n", "https://github.com./acme/app", "https://github.com\\@evil.example/acme/app",
			"git@github.com:acme/app", "ssh://git@github.com/acme/app", "https://github.com:x/acme/app", " https://github.com/acme/app",
		]
		provenance.repository(text)
	}
	readable == set()
}

test_located if {
	commit := "904e2c3e02725e314cf6cf141c4700081298dcbd"
	found := [provenance.located(text) |
		some text in [
			"git+https://github.com/acme/app@refs/heads/main", concat("@", ["git+https://github.com/acme/app.git", commit]),
			"git+https://github.com/acme/app", "https://github.com/acme/app.git#refs/tags/v1:sub/folder", "https://github.com/acme/app.git#main",
			"git+https://github.com/acme/app@refs/tags/@acme/lib@1.0",
		]
	]
	found == [{"repository": _app, "ref": ref} | some ref in ["refs/heads/main", commit, "", "refs/tags/v1", "main", "refs/tags/@acme/lib@1.0"]]
	readable := {text |
		some text in [
			1, "git+https://github.com/acme/app@evil", "git+https://u@github.com/acme/app@refs/heads/main", "https://github.com/acme/app@refs/heads/main",
			"git+ssh://git@github.com/acme/app@refs/heads/main", "git+https://github.com/acme/app@refs/heads/main\n",
		]
		provenance.located(text)
	}
	readable == set()
}

test_repositories if {
	provenance.repositories("https://GitHub.com/acme/*.git") == "https://github.com/acme/*"
	not provenance.repositories("https://*.com/acme/app")
}

test_build_v02 if {
	statement := {"predicate_type": "https://slsa.dev/provenance/v0.2", "predicate": {
		"builder": {"id": "b"}, "buildType": "t",
		"invocation": {"configSource": {"uri": "git+https://github.com/acme/app@refs/heads/main", "digest": {"sha1": "aa"}, "entryPoint": ".github/workflows/x.yml"}},
		"materials": [{"uri": "m", "digest": {"sha256": "bb"}}, {"uri": "n"}, {"uri": 1, "digest": {"sha256": "bb"}}, {"uri": "o", "digest": {"sha256": ""}}, 7],
	}}
	provenance.build(statement) == {
		"builder": "b", "build_type": "t", "workflows": {".github/workflows/x.yml"}, "commits": {"aa"}, "materials": {"m"},
		"sources": {_source("git+https://github.com/acme/app@refs/heads/main", _app, "refs/heads/main")},
	}
}

# GitHub's attestations, and what the builders of SLSA and Cloud Build write.
test_build_v1 if {
	github := {"workflow": {"repository": _app, "ref": "refs/heads/main", "path": ".github/workflows/x.yml"}}
	used := [{"uri": "git+https://github.com/acme/app@refs/heads/main", "digest": {"gitCommit": "aa"}}, {"uri": "git+https://github.com/acme/lib@refs/heads/main", "digest": {"gitCommit": "cc"}}]
	provenance.build(_v1(github, used)) == {
		"builder": "b", "build_type": "t", "workflows": {".github/workflows/x.yml"}, "commits": {"aa"},
		"sources": {_source(_app, _app, "refs/heads/main")},
		"materials": {"git+https://github.com/acme/app@refs/heads/main", "git+https://github.com/acme/lib@refs/heads/main"},
	}
	byob := {"source": {"uri": "git+https://github.com/acme/app@refs/tags/v1", "digest": {"sha1": "aa"}}}
	provenance.build(_v1(byob, [])).sources == {_source("git+https://github.com/acme/app@refs/tags/v1", _app, "refs/tags/v1")}
	provenance.build(_v1(byob, [])).commits == {"aa"}
	two := {"buildConfigSource": {"repository": "git+https://github.com/acme/ci", "ref": "refs/heads/main"}, "sourceToBuild": {"repository": _app, "ref": 1}}
	provenance.build(_v1(two, [])).sources == {_source("git+https://github.com/acme/ci", "https://github.com/acme/ci", "refs/heads/main"), _source(_app, _app, "")}
}

# BuildKit's provenance, when it is signed.
test_build_buildkit if {
	asked := {"configSource": {"uri": "https://github.com/acme/app.git#refs/heads/main", "path": "Dockerfile"}}
	build := provenance.build(_v1(asked, []))
	build.sources == {_source("https://github.com/acme/app.git#refs/heads/main", _app, "refs/heads/main")}
	build.workflows == {"Dockerfile"}
}

# A source that cannot be read is a source that is not expected, and not none.
test_build_of_wrong_types if {
	provenance.build({}) == _empty
	provenance.build({"predicate_type": "https://example.com/other", "predicate": {"builder": {"id": "b"}}}) == _empty
	provenance.build({"predicate_type": "https://slsa.dev/provenance/v1", "predicate": []}) == _empty
	provenance.build({"predicate_type": "https://slsa.dev/provenance/v0.2", "predicate": null}) == _empty
	provenance.build({"predicate_type": "https://slsa.dev/provenance/v1", "predicate": {"buildDefinition": 1, "runDetails": {"builder": {"id": 7}}}}) == _empty
	provenance.build({"predicate_type": "https://slsa.dev/provenance/v0.2", "predicate": {"builder": "b", "invocation": 1, "materials": 1}}) == _empty
	odd := {"source": {"uri": 7, "digest": 1}, "workflow": {"repository": {}, "path": 1}}
	provenance.build(_v1(odd, "x")).sources == {_source("7", "", ""), _source("{}", "", "")}
}

_build := {
	"builder": "b", "build_type": "t", "workflows": {".github/workflows/x.yml"}, "commits": {"aa"}, "materials": {"m"},
	"sources": {_source(_app, _app, "refs/heads/main")},
}

_expected := {"builders": ["b"], "repositories": [_app]}

_full := object.union(_expected, {"build_types": ["t"], "refs": ["refs/heads/*"], "workflows": [".github/workflows/x.yml"], "materials": ["m*"]})

test_meets if {
	provenance.meets(_build, _expected)
	provenance.meets(_build, _full)
	provenance.unmet(_build, _full) == set()
}

# All that is missing is said, not the first.
test_unmet if {
	not provenance.meets(_empty, _full)
	provenance.unmet(_empty, _full) == {
		{"state": "builder", "text": `names no builder, and "b" was expected`},
		{"state": "build_type", "text": `names no build type, and "t" was expected`},
		{"state": "source", "text": `names no source repository, and "https://github.com/acme/app" was expected`},
		{"state": "ref", "text": `names no ref, and "refs/heads/*" was expected`},
		{"state": "workflow", "text": `names no workflow, and ".github/workflows/x.yml" was expected`},
		{"state": "material", "text": `names no material with a digest, and "m*" was expected`},
	}
	provenance.unmet(object.union(_build, {"builder": "b2"}), _expected) == {{"state": "builder", "text": `names the builder "b2", and "b" was expected`}}
	evil := object.union(_build, {"sources": union({_build.sources, {_source("https://github.com/acme/app-evil", "https://github.com/acme/app-evil", "refs/heads/main")}})})
	{unmet.state | some unmet in provenance.unmet(evil, _full)} == {"source"}
}

# A star stands for no slash.
test_unmet_patterns if {
	{unmet.state | some unmet in provenance.unmet(object.union(_build, {"sources": {_source(_app, _app, "refs/heads/x/y")}}), _full)} == {"ref"}
	org := object.union(_expected, {"repositories": ["https://github.com/acme/*"]})
	provenance.meets(_build, org)
	{unmet.state | some unmet in provenance.unmet(object.union(_build, {"sources": {_source("", "https://github.com/acme/a/b", "")}}), org)} == {"source"}
}

_signer(extensions) := {"kind": "certificate", "extensions": extensions}

test_agrees if {
	provenance.agrees(_build, _signer({}))
	provenance.agrees(_build, _signer({
		"sourceRepositoryURI": _app, "sourceRepositoryRef": "refs/heads/main", "sourceRepositoryDigest": "aa",
		"buildConfigURI": "https://github.com/acme/app/.github/workflows/x.yml@refs/heads/main",
		"githubWorkflowRepository": "acme/app", "githubWorkflowRef": "refs/heads/main", "githubWorkflowSHA": "aa",
	}))
	not provenance.agrees(_build, {})
}

_said(what, one, two) := sprintf("the certificate names the %s %q, and the provenance %q", [what, one, two])

test_contradictions if {
	found := {name: provenance.contradictions(_build, _signer({name: value})) |
		some name, value in {
			"sourceRepositoryURI": "https://github.com/acme/app-evil", "sourceRepositoryRef": "refs/heads/evil", "sourceRepositoryDigest": "bb",
			"buildConfigURI": "https://github.com/acme/app/.github/workflows/evil.yml@refs/heads/main",
			"githubWorkflowRepository": "evil/acme/app", "githubWorkflowRef": "refs/heads/evil", "githubWorkflowSHA": "bb",
		}
	}
	found == {
		"sourceRepositoryURI": {_said("source repository", "https://github.com/acme/app-evil", _app)},
		"sourceRepositoryRef": {_said("ref", "refs/heads/evil", "refs/heads/main")},
		"sourceRepositoryDigest": {_said("commit", "bb", "aa")},
		"buildConfigURI": {_said("workflow", "https://github.com/acme/app/.github/workflows/evil.yml@refs/heads/main", ".github/workflows/x.yml")},
		"githubWorkflowRepository": {_said("source repository", "evil/acme/app", _app)},
		"githubWorkflowRef": {_said("ref", "refs/heads/evil", "refs/heads/main")},
		"githubWorkflowSHA": {_said("commit", "bb", "aa")},
	}
	not provenance.agrees(_build, _signer({"sourceRepositoryRef": "refs/heads/evil"}))
}

_one := {"images": ["registry.example/team/*"], "builders": ["b"], "repositories": [_app]}

test_expected if {
	provenance.expected([_one], "registry.example/team/app:1") == {_one}
	provenance.expected([_one], "registry.example/other/app:1") == set()
}

test_problems if {
	provenance.problems("p", [_one, object.union(_full, _one)]) == set()
	provenance.problems("p", []) == {"p.builds is missing or empty: no build is expected"}
	provenance.problems("p", [{}]) == {"p.builds[0] has no images", "p.builds[0] has no builders", "p.builds[0] has no repositories"}
	provenance.problems("p", [object.union(_one, {"build_types": [], "refs": [""], "workflows": [""]})]) == {"p.builds[0] has an empty list of build_types", "p.builds[0] has an empty text in refs", "p.builds[0] has an empty text in workflows"}
	provenance.problems("p", [object.union(_one, {"images": ["x"], "repositories": ["github.com/a"]})]) == {
		`p.builds[0] has the pattern "x" in images: write host/path, with * for any characters of one segment and a last ** for the rest`,
		`p.builds[0] has the repository "github.com/a": write https://host/path, with * for any characters of one segment of the path`,
	}
	every pattern in {"*", "**", "*/*", "a**b", "a?", "[a]", "{a,b}", `a\*`, "!a"} {
		provenance.problems("p", [object.union(_one, {"refs": [pattern]})]) == {sprintf("p.builds[0] has the pattern %q in refs: write the whole text, with * for any characters but a slash, and no other wildcard", [pattern])}
	}
}

_gitlab := "https://gitlab.example/acme/app"

_gitlab_commit := "8bcd2df0dcd6ec07b34e5a48393a0c072065960a"

_gitlab_v1(signers) := object.union(
	_v1(
		{"source": _gitlab, "entryPoint": "build-job", "variables": {"CI_COMMIT_REF_NAME": "x"}},
		[{"uri": _gitlab, "digest": {"sha256": _gitlab_commit}}],
	),
	{"signers": signers},
)

_gitlab_signer(patch) := {"extensions": object.union(
	{
		"sourceRepositoryURI": _gitlab, "sourceRepositoryRef": "refs/heads/main", "sourceRepositoryDigest": _gitlab_commit,
		"buildConfigURI": "https://gitlab.example/acme/app//.gitlab-ci.yml@refs/heads/main",
	},
	patch,
)}

# GitLab's runner: the predicate names project, commit and job.
test_build_gitlab if {
	build := provenance.build(_gitlab_v1([]))
	build.sources == {_source(_gitlab, _gitlab, "")}
	build.workflows == {"build-job"}
	build.commits == {_gitlab_commit}
	provenance.attested(_gitlab_v1([])) == build
	old := {"predicate_type": "https://slsa.dev/provenance/v0.2", "predicate": {"invocation": {"configSource": {
		"uri": _gitlab, "digest": {"sha256": _gitlab_commit}, "entryPoint": "build-job",
	}}}}
	provenance.build(old).commits == {_gitlab_commit}
}

test_attested_gitlab if {
	statement := _gitlab_v1([_gitlab_signer({})])
	build := provenance.attested(statement)
	build.sources == {_source(_gitlab, _gitlab, "refs/heads/main")}
	build.workflows == {".gitlab-ci.yml"}
	provenance.agrees(build, statement.signers[0])
	not provenance.agrees(build, _gitlab_signer({"sourceRepositoryDigest": "904e2c3e02725e314cf6cf141c4700081298dcbd"}))
}

# What the certificate vouches for is about its own project, and has to be one thing.
test_attested_gitlab_not if {
	refs := [{source.ref | some source in provenance.attested(_gitlab_v1(signers)).sources} |
		some signers in [
			[_gitlab_signer({"sourceRepositoryURI": "https://gitlab.example/acme/app-evil"})],
			[_gitlab_signer({}), _gitlab_signer({"sourceRepositoryRef": "refs/heads/x"})],
			[_gitlab_signer({"sourceRepositoryRef": ""})],
			[{"extensions": {}}],
		]
	]
	refs == [{""}, {""}, {""}, {""}]
	workflows := [provenance.attested(_gitlab_v1([_gitlab_signer({"buildConfigURI": uri})])).workflows |
		some uri in ["https://gitlab.example/acme/app/.gitlab-ci.yml@refs/heads/main", "https://gitlab.example//x@refs/heads/main", "https://gitlab.example/acme/app//ci/build.yml@refs/tags/v1", "https://gitlab.example/acme/evil//ci/build.yml@refs/tags/v1", "https://"]
	]
	workflows == [set(), set(), {"ci/build.yml"}, set(), set()]
}

# The ref of a predicate stands: a certificate that says another one contradicts it.
test_attested_keeps_what_is_written if {
	asked := {"workflow": {"repository": _app, "ref": "refs/heads/x", "path": ".github/workflows/x.yml"}}
	statement := object.union(_v1(asked, []), {"signers": [{"extensions": {"sourceRepositoryURI": _app, "sourceRepositoryRef": "refs/heads/main", "buildConfigURI": "https://github.com/acme/app/.github/workflows/x.yml@refs/heads/main"}}]})
	provenance.attested(statement) == provenance.build(statement)
	not provenance.agrees(provenance.attested(statement), statement.signers[0])
}

# A configuration that is neither GitHub's nor GitLab's is the file that it ends with.
test_attested_other_configuration if {
	signer := {"extensions": {"buildConfigURI": "https://ci.example/acme/app/build.yml@refs/heads/main"}}
	workflows := [provenance.attested(object.union(_v1({"entryPoint": file}, []), {"signers": [signer]})).workflows | some file in ["build.yml", "other.yml"]]
	workflows == [{"build.yml"}, set()]
}
