package lib.waxseal.pipelines_test

import data.lib.waxseal.host
import data.lib.waxseal.pipelines
import data.lib.waxseal.samples_test as samples

_other := object.union(samples.pipeline, {"file": ".github/workflows/ci.yml"})

_both := {
	"pipelines": [samples.pipeline, _other],
	"images": [samples.built({}), samples.built({"pipeline": _other.file, "name": "ghcr.io/shop/web"})],
	"keys": [samples.secret({"file": "cosign.key"})],
	"problems": [],
}

_of(file, repo) := [
	{pipe.file | some pipe in found.pipelines},
	{img.name | some img in found.images},
	{key.file | some key in found.keys},
] if {
	found := {"pipelines": pipelines.pipelines, "images": pipelines.images, "keys": pipelines.keys} with host.collect as samples.repository(file, repo) with host.file as file
}

test_what_is_in_question if {
	_of("", _both) == [{samples.workflow_file, _other.file}, {"ghcr.io/shop/app", "ghcr.io/shop/web"}, {"cosign.key"}]
	_of(_other.file, _both) == [{_other.file}, {"ghcr.io/shop/web"}, set()]
	_of("cosign.key", _both) == [set(), set(), {"cosign.key"}]
}

test_requests if {
	requests := pipelines.requests with host.file as "ci.yml" with host.parameters as {"pipeline_signs_images": {}}
	json.marshal(requests) == `[{"fn":"pipeline.read","opts":{},"ref":"ci.yml"}]`
	none := pipelines.requests with host.parameters as {"signed_images": {}}
	none == set()
}

test_on if {
	pipelines.on("x") with host.parameters as {"x": {}}
	not pipelines.on("x") with host.parameters as {"y": {}}
}

_problem(file) := {"file": file, "line": 2, "code": "malformed", "text": "not YAML"}

_problems(file, pipe, found) := {problem.file | some problem in problems} if {
	repo := object.union(_both, {"pipelines": [pipe, _other], "problems": [_problem(name) | some name in found]})
	problems := pipelines.problems with host.collect as samples.repository(file, repo) with host.file as file
}

# For one file what it may lead to, and not what is of others.
test_problems if {
	all := [samples.workflow_file, _other.file, "Makefile", ".github/workflows/broken.yml"]
	_problems("", samples.pipeline, all) == {name | some name in all}
	_problems(samples.workflow_file, samples.pipeline, all) == {samples.workflow_file, "Makefile"}
	calls := object.union(samples.pipeline, {"references": [samples.reference({"kind": "workflow", "text": "./.github/workflows/broken.yml"})]})
	_problems(samples.workflow_file, calls, all) == {samples.workflow_file, "Makefile", ".github/workflows/broken.yml"}
	hides := object.union(samples.pipeline, {"unseen": [samples.unseen({"name": "./.github/workflows/ci.yml"})]})
	_problems(samples.workflow_file, hides, all) == {samples.workflow_file, "Makefile", _other.file}
}

test_words if {
	pipelines.located({"file": "a", "line": 3}) == "a:3"
	pipelines.located({"file": "a", "line": 0}) == "a"
	pipelines.label(samples.built({"text": ""})) == "ghcr.io/shop/app"
	pipelines.subject(samples.built({"text": "", "name": ""})) == `an image without a known name of .github/workflows/release.yml:20 (job "build")`
	pipelines.acting(samples.scan({})) == "trivy in .github/workflows/release.yml:25"
	pipelines.listed({"b", "a"}) == "a, b"
	pipelines.unseen_part({"kind": "make", "name": "make all"}) == `command "make all"`
	pipelines.unseen_part({"kind": "dynamic", "name": "ci.yml"}) == `what is named "ci.yml"`
	pipelines.supply({samples.unseen({}), samples.unseen({"name": "a", "kind": "signer", "supply": ""})}) == concat("; ", [
		`signer "a" in .github/workflows/release.yml:40 is not in the repository: supply what it does`,
		`workflow "acme/ci/.github/workflows/sign.yml@v1" in .github/workflows/release.yml:40 is not in the repository: supply a checkout of acme/ci`,
	])
}

_states(patch, part) := states if {
	img := samples.built(object.union({"unseen": [0]}, patch))
	repo := object.union(samples.release(img), {"pipelines": [object.union(samples.pipeline, {"unseen": part})]})
	states := [pipelines.signed(img), pipelines.scanned(img), pipelines.gates(img)] with host.collect as samples.repository("", repo)
}

# Nothing that is only guessed is yes.
test_states if {
	_states({}, []) == ["no", "no", "no"]
	_states({"signed": [samples.signature({})], "scanned": [samples.scan({})]}, []) == ["yes", "yes", "yes"]
	_states({"signed": [samples.signature({"by": "tag"})]}, []) == ["yes", "no", "no"]
	_states({}, [samples.unseen({})]) == ["cannot_tell", "cannot_tell", "unknown"]
	_states({}, [samples.unseen({"may": ["sign"]})]) == ["cannot_tell", "no", "no"]
	wrong := {patch: found |
		some [patch, want] in [
			[{"known": false}, ["cannot_tell", "cannot_tell", "unknown"]],
			[{"by": "unknown", "traced": false}, ["cannot_tell", "cannot_tell", "unknown"]],
			[{"when": ["x"]}, ["no", "yes", "no"]],
			[{"optional": "|| true"}, ["no", "yes", "no"]],
			[{"traced": false, "text": concat("@", ["a", samples.digest])}, ["no", "no", "no"]],
			[{"gates": "unknown"}, ["yes", "yes", "unknown"]],
			[{"gates": "unknown", "optional": "|| true"}, ["no", "yes", "no"]],
			[{"gates": "no"}, ["yes", "yes", "no"]],
		]
		found := _states({"signed": [samples.signature(patch)], "scanned": [samples.scan(patch)]}, [samples.unseen({})])
		found != want
	}
	wrong == {}
}

test_others if {
	img := samples.built({"other": [samples.scan({}), samples.signature({})]})
	pipelines.others(img, "sign") == {samples.signature({})}
	pipelines.hidden(samples.built({"other": [samples.signature({"known": false})]}), [], "sign") with host.collect as {}
	not pipelines.hidden(img, [], "sign") with host.collect as samples.repository("", samples.release(img))
}

# A host may name the file otherwise than the repository does.
test_file if {
	key := json.marshal({"fn": "pipeline.read", "ref": "/repo/ci.yml", "opts": {}})
	answered := {key: object.union(samples.repository("/repo/ci.yml", samples.release(samples.built({})))[key], {"image": {"ref": "ci.yml"}})}
	named := pipelines.file with host.collect as answered with host.file as "/repo/ci.yml"
	named == "ci.yml"
	unnamed := pipelines.file with host.collect as {} with host.file as "/repo/ci.yml"
	unnamed == "/repo/ci.yml"
}
