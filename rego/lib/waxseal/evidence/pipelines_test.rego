package lib.waxseal.evidence_test

import data.lib.waxseal.evidence
import data.lib.waxseal.host
import data.lib.waxseal.samples_test as samples

_empty_repository := {"pipelines": [], "images": [], "keys": [], "problems": []}

_read(value) := answer if {
	answer := evidence.pipeline_read("") with host.collect as samples.repository("", value)
}

# Everything that a repository can have.
_full := {
	"pipelines": [object.union(samples.pipeline, {
		"references": [samples.reference({})],
		"secrets": [samples.secret({})],
		"unseen": [samples.unseen({})],
	})],
	"images": [samples.built({
		"signed": [samples.signature({})],
		"scanned": [samples.scan({})],
		"attested": [samples.attestation({})],
		"sboms": [samples.scan({"kind": "sbom"})],
		"other": [samples.scan({})],
		"unseen": [0],
	})],
	"keys": [samples.secret({})],
	"problems": [{"file": "a", "line": 0, "code": "malformed", "text": "b"}],
}

test_pipeline_read if {
	evidence.pipeline_read_request("ci.yml") == {"fn": "pipeline.read", "ref": "ci.yml", "opts": {}}
	[_read(_full).ok, _read(_full).repository] == [true, _full]
	[_read(_empty_repository).ok, _read(_empty_repository).repository] == [true, _empty_repository]
}

test_pipeline_read_is_total if {
	missing := evidence.pipeline_read("") with host.collect as {}
	[missing.ok, missing.repository, [error.code | some error in missing.errors]] == [false, _empty_repository, ["not_collected"]]
	request := json.marshal(evidence.pipeline_read_request(""))
	refused := evidence.pipeline_read("") with host.collect as {request: samples.refused("too_large")}
	[refused.ok, refused.repository, [error.code | some error in refused.errors]] == [false, _empty_repository, ["too_large"]]
}

# A repository that lacks what policies read is none.
test_pipeline_read_that_is_malformed if {
	wrong := {value |
		some value in _odd_repositories
		answer := _read(value)
		[answer.ok, answer.repository, [error.code | some error in answer.errors]] != [false, _empty_repository, ["malformed"]]
	}
	wrong == set()
	count(_odd_repositories) > 60
}

_odd_repositories contains value if {
	some value in [null, 5, "x", [], {}]
}

_odd_repositories contains object.remove(_full, [field]) if some field in object.keys(_full)

_odd_repositories contains json.remove(_full, [place]) if some place in _places

_odd_repositories contains json.patch(_full, [{"op": "replace", "path": place, "value": {"x": 1}}]) if {
	some place in _places
	not endswith(place, "/step")
	not endswith(place, "/id_token")
	not endswith(place, "/build")
}

_odd_repositories contains json.patch(_full, [{"op": "replace", "path": "images/0/unseen/0", "value": "x"}])

# All places that policies read, by the lists that hold them.
_places := union({
	_of("keys/0", ["file", "line", "kind", "name", "to", "text"]),
	_of("problems/0", ["file", "line", "code", "text"]),
	_of("pipelines/0", ["file", "line", "system", "name", "jobs", "references", "secrets", "unseen"]),
	_of("pipelines/0/references/0", ["file", "line", "kind", "text", "pinned", "local"]),
	_of("pipelines/0/secrets/0", ["file", "line", "kind", "name", "to", "text"]),
	_of("pipelines/0/unseen/0", ["file", "line", "kind", "name", "job", "may", "supply"]),
	_of("pipelines/0/jobs/0", ["file", "line", "id", "id_token", "oidc", "steps"]),
	_of("pipelines/0/jobs/0/id_token", ["file", "line", "granted"]),
	_of("pipelines/0/jobs/0/steps/0", ["file", "line", "id", "actions"]),
	_of("pipelines/0/jobs/0/steps/0/actions/0", ["file", "line", "id", "kind", "tool", "method", "known", "signed", "key", "digests", "names"]),
	_of("images/0", [
		"file", "line", "system", "pipeline", "job", "step", "name", "text", "build", "built", "pushed",
		"signed", "attested", "scanned", "sboms", "other", "unseen",
	]),
	{place | some list in ["pushed", "signed", "attested", "scanned", "sboms", "other"]; some place in _of(sprintf("images/0/%s/0", [list]), ["file", "known"])},
	_of("images/0/signed/0", [
		"line", "step", "pipeline", "action", "kind", "tool", "method", "by", "text", "traced", "after", "when",
		"optional", "gates", "gates_why", "signed", "predicate", "key",
	]),
	_of("images/0/signed/0/step", ["file", "line"]),
	_of("images/0/build", ["action"]),
})

_of(at, fields) := {concat("/", [at, field]) | some field in fields}
