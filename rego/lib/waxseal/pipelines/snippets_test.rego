package lib.waxseal.pipelines_test

import data.lib.waxseal.host
import data.lib.waxseal.pipelines
import data.lib.waxseal.samples_test as samples

_systems := {"github-actions", "gitlab-ci", "jenkins", "tekton", "cloudbuild", "circleci", "azure-pipelines"}

_snippet(what, patch) := text if {
	img := samples.built(patch)
	text := pipelines.snippet(what, img) with host.collect as samples.repository("", samples.release(img))
}

# Every system has its own pieces, and no name is left open in them.
test_snippets_for_every_system if {
	{what: {system | some system, _ in pipelines.snippets[what]} | some what, _ in pipelines.snippets} == {"sign": _systems, "scan": _systems, "attest": _systems}
	open := {[what, system] |
		some what in ["sign", "scan", "attest"]
		some system in _systems
		text := _snippet(what, {"system": system})
		not _filled(text)
	}
	open == set()
	_snippet("sign", {"system": "unheard-of"}) == ""
	{system | some system, _ in pipelines.secrets} == _systems
	{system | some system, _ in pipelines.pins} == (_systems - {"cloudbuild"}) | {"any"}
}

_filled(text) if {
	text != ""
	{name | some name in ["@digest", "@tagged", "@name", "@step", "@signs"]; contains(text, name)} == set()
}

_line(what, patch, word) := {trim_space(line) |
	some line in split(_snippet(what, patch), "\n")
	contains(line, word)
}

test_snippet_names_what_was_built if {
	_line("sign", {}, "cosign sign") == {`- run: cosign sign --yes "ghcr.io/shop/app@${{ steps.push.outputs.digest }}"`}
	_line("sign", {"system": "gitlab-ci", "text": "${CI_REGISTRY_IMAGE}:${CI_COMMIT_SHA}"}, "RepoDigests") == {`- IMAGE=$(docker inspect --format '{{index .RepoDigests 0}}' "${CI_REGISTRY_IMAGE}:${CI_COMMIT_SHA}")`}
	_line("scan", {"system": "azure-pipelines", "text": "acr.io/app:${Build.BuildId}"}, "trivy") == {`- script: trivy image --exit-code 1 --severity HIGH,CRITICAL "acr.io/app:$(Build.BuildId)"`}
	_line("scan", {"system": "circleci", "text": "app:${parameters.tag}-${SHA}-${(git rev-parse HEAD)}"}, "trivy") == {`command: trivy image --exit-code 1 --severity HIGH,CRITICAL "app:<< parameters.tag >>-${SHA}-$(git rev-parse HEAD)"`}
	_line("scan", {"system": "tekton", "name": "${params.IMAGE}"}, "value:") == {`value: "$(params.IMAGE)@$(tasks.build.results.IMAGE_DIGEST)"`}
	_line("sign", {"name": "${env.REGISTRY}/${jobs.build.steps.meta.outputs.name}/${OWNER}"}, "cosign sign") == {`- run: cosign sign --yes "${{ env.REGISTRY }}/${{ steps.meta.outputs.name }}/${OWNER}@${{ steps.push.outputs.digest }}"`}

	# A symbol that does not end is taken as it is.
	_line("scan", {"system": "jenkins", "text": "app:${TAG"}, "trivy") == {`sh 'trivy image --exit-code 1 --severity HIGH,CRITICAL "app:${TAG}"'`}
}

# A build that gives more than one output is named by the digest.
test_snippet_names_one_of_several_outputs if {
	action := object.union(samples.action, {"digests": ["jobs.build.steps.push.outputs.imageid", "jobs.build.steps.push.outputs.digest"]})
	repo := object.union(samples.release(samples.built({})), {"pipelines": [object.union(samples.pipeline, {"jobs": [object.union(samples.job, {"steps": [object.union(samples.step, {"actions": [action]})]})]})]})
	text := pipelines.snippet("sign", samples.built({})) with host.collect as samples.repository("", repo)
	contains(text, `"ghcr.io/shop/app@${{ steps.push.outputs.digest }}"`)
}

# What cannot be said has a name in its place.
test_snippet_without_names if {
	_line("sign", {"name": ""}, "cosign sign") == {`- run: cosign sign --yes "registry.example/team/app@${{ steps.push.outputs.digest }}"`}
	_line("scan", {"system": "gitlab-ci", "name": "${*}/app", "text": "${*}/app:1"}, "trivy") == {`- trivy image --exit-code 1 --severity HIGH,CRITICAL "registry.example/team/app:TAG"`}

	# A step without an ID gets one.
	img := samples.built({"step": "#3"})
	nameless := json.patch(samples.release(img), [{"op": "replace", "path": "pipelines/0/jobs/0/steps/0/actions/0/digests", "value": ["jobs.build.steps.3.outputs.digest"]}])
	text := pipelines.snippet("sign", img) with host.collect as samples.repository("", nameless)
	contains(text, `"ghcr.io/shop/app@${{ steps.build.outputs.digest }}"`)
	contains(text, `which needs "id: build"`)
}

# What a shell has built has no output; quotes would end the text in which a name stands.
test_snippet_of_a_shell if {
	by_shell := {"build": object.union(samples.build, {"action": "A7"}), "text": "${IMAGE}:1"}
	_line("sign", by_shell, "docker inspect") == {`IMAGE=$(docker inspect --format '{{index .RepoDigests 0}}' "${IMAGE}:1")`}
	_line("attest", by_shell, "cosign attest") == {`cosign attest --yes --type TYPE --predicate predicate.json "$IMAGE"`}
	_line("scan", by_shell, "- run") == {`- run: trivy image --exit-code 1 --severity HIGH,CRITICAL "${IMAGE}:1"`}
	_line("sign", {"name": `${(echo "a")}`}, "cosign sign") == {`- run: cosign sign --yes "registry.example/team/app@${{ steps.push.outputs.digest }}"`}
}

# Each repository that is pushed to needs a signature.
test_snippet_of_several_names if {
	img := samples.built({})
	named := json.patch(samples.release(img), [{"op": "replace", "path": "pipelines/0/jobs/0/steps/0/actions/0/images", "value": [
		{"name": "ghcr.io/shop/app", "text": "ghcr.io/shop/app:1", "by": "tag"},
		{"name": "ghcr.io/shop/app", "text": "ghcr.io/shop/app:latest", "by": "tag"},
		{"name": "docker.io/shop/app", "text": "docker.io/shop/app:1", "by": "tag"},
	]}])
	text := pipelines.snippet("sign", img) with host.collect as samples.repository("", named)
	endswith(text, concat("", [
		"  - run: cosign sign --yes \"docker.io/shop/app@${{ steps.push.outputs.digest }}\"\n",
		"  - run: cosign sign --yes \"ghcr.io/shop/app@${{ steps.push.outputs.digest }}\"\n",
	]))
}

test_pinned if {
	pinned := [pipelines.pinned({"kind": kind, "text": text}, system) |
		some [system, kind, text] in [
			["github-actions", "action", "actions/checkout@v4"],
			["gitlab-ci", "image", "localhost:5000/alpine:3"],
			["gitlab-ci", "image", "localhost:5000/alpine"],
			["jenkins", "base_image", "alpine"],
			["jenkins", "library", "shared@main"],
			["circleci", "orb", "circleci/node@5"],
			["cloudbuild", "unheard_of", "x"],
		]
	]
	pinned == [
		"uses: actions/checkout@FULL-COMMIT # the version, for people\n",
		"image: localhost:5000/alpine@sha256:DIGEST\n",
		"image: localhost:5000/alpine@sha256:DIGEST\n",
		"FROM alpine@sha256:DIGEST\n",
		"@Library('shared@FULL-COMMIT') _\n",
		"orbs:\n  NAME: circleci/node@1.2.3 # all three numbers: a version of an orb is never changed\n",
		"",
	]
}

test_kept if {
	pipelines.kept("TOKEN", "azure-pipelines") == "# Pipelines, Library, variable group: TOKEN, as a secret\n- script: COMMAND\n  env:\n    TOKEN: $(TOKEN)\n"
	contains(pipelines.kept("", "github-actions"), "${{ secrets.NAME }}")
	pipelines.kept("TOKEN", "unheard-of") == ""
	pipelines.kept("secrets: inherit", "github-actions") == "secrets: # those that the workflow needs, and no others\n  NAME: ${{ secrets.NAME }}\n"
}
