package lib.waxseal.policy.pipeline_scans_images_test

import data.lib.waxseal.clock
import data.lib.waxseal.host
import data.lib.waxseal.policy.pipeline_scans_images as policy
import data.lib.waxseal.samples_test as samples

_deny(repo, parameters) := deny if {
	deny := policy.deny with host.collect as samples.repository("", repo)
		with host.parameters as {"pipeline_scans_images": parameters}
		with host.now as clock.instant("2026-11-26T12:00:00Z")
}

_pass(repo, parameters) := pass if {
	pass := policy.pass with host.collect as samples.repository("", repo)
		with host.parameters as {"pipeline_scans_images": parameters}
		with host.now as clock.instant("2026-11-26T12:00:00Z")
}

_notes(repo, parameters) := notes if {
	notes := policy.notes with host.collect as samples.repository("", repo)
		with host.parameters as {"pipeline_scans_images": parameters}
		with host.now as clock.instant("2026-11-26T12:00:00Z")
}

# The codes for an image of the samples, and whether it is accepted.
_judged(patch, parameters) := [_codes(repo, parameters), _pass(repo, parameters) == {img}] if {
	img := samples.built(patch)
	repo := samples.release(img)
}

_codes(repo, parameters) := {[trim_prefix(v.code, "pipeline_scans_images."), v.where.line] | some v in _deny(repo, parameters)}

_refused(code, line) := [{[code, line]}, false]

_accepted := [set(), true]

# What is said of it, without what it is about and what to do.
_said(patch, parameters) := {split(split(v.msg, `(job "build"): `)[1], ". ")[0] | some v in _deny(samples.release(samples.built(patch)), parameters)}

_unseen(patch, part) := object.union(samples.release(samples.built(object.union({"unseen": [0]}, patch))), {"pipelines": [object.union(samples.pipeline, {"unseen": [part]})]})

# Scanned before the signature, which is what holds it back.
_good := {"scanned": [samples.scan({})], "signed": [samples.signature({})]}

_first := {"scanned": [samples.scan({"after": []})], "pushed": [object.union(samples.pushed, {"action": "A5", "after": ["A1", "A2"]})]}

test_requests if {
	requests := policy.requests with host.parameters as {"pipeline_scans_images": {}}
	json.marshal(requests) == `[{"fn":"pipeline.read","opts":{},"ref":""}]`
}

test_deny_unscanned if {
	_deny(samples.release(samples.built({})), {}) == {{
		"code": "pipeline_scans_images.unscanned",
		"policy": "pipeline_scans_images",
		"severity": "high",
		"title": "The pipeline does not scan the image",
		"msg": `image "ghcr.io/shop/app:${github.ref_name}" of .github/workflows/release.yml:20 (job "build"): it is pushed and nothing scans it, and a scan that can stop the pipeline was expected. Scan the image after the build, with an exit code that stops the pipeline; the snippet does it.`,
		"remediation": "Scan the image after the build, with an exit code that stops the pipeline; the snippet does it.",
		"image": "ghcr.io/shop/app:${github.ref_name}",
		"where": {
			"kind": "Pipeline", "namespace": "", "name": samples.workflow_file, "path": "jobs.build.steps.push",
			"container": "", "file": samples.workflow_file, "line": 20,
		},
		"controls": ["NIST-800-53:RA-5", "NIST-800-53:SI-7", "NIST-800-218:PO.5"],
		"errors": [],
		"snippet": `# after the build and before the signature; "id: push" on the step that builds
- uses: aquasecurity/trivy-action@ed142fd0673e97e23eac54620cfb913e5ce36c25 # v0.36.0
  with:
    image-ref: "ghcr.io/shop/app@${{ steps.push.outputs.digest }}"
    severity: HIGH,CRITICAL
    exit-code: "1" # findings fail the job
`,
	}}
	_judged({}, {}) == _refused("unscanned", 20)
}

test_allow_scanned if {
	_judged(_good, {}) == _accepted
	_judged(_first, {}) == _accepted
	_judged(_first, {"before": "push"}) == _accepted
	_notes(samples.release(samples.built(_good)), {}) == set()
}

# What is wrong with the one scan.
test_deny_faults if {
	wrong := {patch: found |
		some [code, patch] in [
			["cannot_stop", {"gates": "no"}],
			["cannot_stop", {"optional": "allow_failure: true"}],
			["cannot_stop", {"optional": "|| true", "gates": "unknown"}],
			["conditional", {"when": ["inputs.scan"]}],
			["scans_another_image", {"traced": false, "text": concat("@", ["ghcr.io/shop/app", samples.digest])}],
			["cannot_tell", {"gates": "unknown"}],
			["cannot_tell", {"gates": ""}],
			["cannot_tell", {"known": false}],
			["cannot_tell", {"by": "unknown", "traced": false}],
		]
		found := _judged(object.union(_good, {"scanned": [samples.scan(patch)]}), {})
		found != _refused(code, 25)
	}
	wrong == {}

	# One good scan is enough, and of several those that come nearest are blamed.
	_judged(object.union(_good, {"scanned": [samples.scan({"gates": "no", "action": "A7"}), samples.scan({})]}), {}) == _accepted
	_judged(object.union(_good, {"scanned": [samples.scan({"gates": "no", "when": ["x"], "action": "A7"}), samples.scan({"line": 26, "gates": "no"})]}), {}) == _refused("cannot_stop", 26)
}

test_deny_says_what_and_where if {
	_said(object.union(_good, {"scanned": [samples.scan({"gates": "no", "gates_why": "no --exit-code"})]}), {}) == {"trivy in .github/workflows/release.yml:25 scans it, and findings do not fail it (no --exit-code)"}
	_said(object.union(_good, {"scanned": [samples.scan({"gates": "no", "optional": "|| true"})]}), {}) == {"trivy in .github/workflows/release.yml:25 scans it, and a failure of that does not stop the pipeline (|| true)"}
	_said(object.union(_good, {"scanned": [samples.scan({"when": ["a", "b"]})]}), {}) == {"trivy in .github/workflows/release.yml:25 scans it only if a and b, and it is pushed otherwise too"}
	_said(object.union(_good, {"scanned": [samples.scan({"traced": false, "text": concat("@", ["x", samples.digest])})]}), {}) == {sprintf(`trivy in .github/workflows/release.yml:25 scans "x@%s", and a scan of this image was expected`, [samples.digest])}
	_said(object.union(_good, {"scanned": [samples.scan({"gates": "unknown", "gates_why": "--exit-code ${CODE}"})]}), {}) == {"trivy in .github/workflows/release.yml:25 scans it, and whether findings fail it cannot be told (--exit-code ${CODE}); state it in its arguments"}
	_said(object.union(_good, {"scanned": [samples.scan({"known": false, "tool": "vulnScan", "text": "app"})]}), {}) == {"vulnScan in .github/workflows/release.yml:25 seems to scan it (app), and neither what it does nor to which image can be told; supply what it runs"}
}

test_deny_scanned_after_push if {
	late := {"scanned": [samples.scan({})]}
	_judged(late, {}) == _refused("scanned_after_push", 25)
	_judged(late, {"before": "none"}) == _accepted
	_judged(_good, {"before": "push"}) == _refused("scanned_after_push", 25)
	_said(late, {}) == {"trivy in .github/workflows/release.yml:25 scans it, and buildx in .github/workflows/release.yml:20 does not wait for that; a scan before the push was expected"}

	# What only seems to sign holds nothing back, and neither does what another pipeline signs.
	_judged(object.union(late, {"signed": [samples.signature({"known": false})]}), {}) == _refused("scanned_after_push", 25)
	_judged(object.union(late, {"signed": [samples.signature({"pipeline": "sign.yml"})]}), {}) == _refused("scanned_after_push", 25)

	# All pushes have to wait.
	_judged(object.union(_first, {"pushed": array.concat(_first.pushed, [samples.pushed])}), {}) == _refused("scanned_after_push", 25)
}

test_deny_scanned_after_signature if {
	late := {"scanned": [samples.scan({})], "signed": [samples.signature({"after": ["A1"]})]}
	_judged(late, {}) == _refused("scanned_after_signature", 25)
	_judged(late, {"before": "none"}) == _accepted
	_said(late, {}) == {"trivy in .github/workflows/release.yml:25 scans it, and cosign in .github/workflows/release.yml:30 does not wait for that; a signature after the scan was expected"}
}

test_deny_scanner if {
	_judged(_good, {"scanners": ["snyk", "grype"]}) == _refused("scanner", 25)
	_said(_good, {"scanners": ["snyk", "grype"]}) == {"trivy in .github/workflows/release.yml:25 scans it, and grype or snyk was expected"}
	_judged(_good, {"scanners": ["trivy"]}) == _accepted
}

# What has the name before the build is another image, unless it was built before, too, to be scanned. An order
# that is not known says nothing.
test_deny_scanned_before_build if {
	early := {"scanned": [samples.scan({"after": []})], "signed": _good.signed, "build": object.union(samples.build, {"after": ["A2"]})}
	_judged(early, {}) == _refused("scans_another_image", 25)
	_said(early, {}) == {`trivy in .github/workflows/release.yml:25 scans "ghcr.io/shop/app@${jobs.build.steps.push.outputs.digest}" before it is built, and a scan of what is built was expected`}
	_judged(object.union(early, _good), {}) == _accepted
	_judged(object.union(early, {"build": object.union(samples.build, {"after": ["A9"]})}), {}) == _accepted
}

test_deny_scans_another_image if {
	_judged({"other": [samples.scan({"text": "alpine:3", "by": "tag"})]}, {}) == _refused("scans_another_image", 25)
	_said({"other": [samples.scan({"text": "alpine:3", "by": "tag"})]}, {}) == {`trivy in .github/workflows/release.yml:25 scans "alpine:3", and a scan of this image was expected`}
	_judged({"other": [samples.signature({})]}, {}) == _refused("unscanned", 20)
}

# What cannot be seen is retryable: the exit code says that nobody can tell.
test_deny_cannot_tell if {
	repo := _unseen({}, samples.unseen({}))
	_codes(repo, {}) == {["cannot_tell", 20]}
	_pass(repo, {}) == set()
	why := `something that may scan it cannot be seen: workflow "acme/ci/.github/workflows/sign.yml@v1" in .github/workflows/release.yml:40 is not in the repository: supply a checkout of acme/ci`
	{v.errors | some v in _deny(repo, {})} == {[{"code": "not_visible", "message": why, "retryable": true}]}
	_codes(_unseen({}, samples.unseen({"may": ["scan"]})), {}) == {["cannot_tell", 20]}
	_codes(_unseen({}, samples.unseen({"may": ["sign"]})), {}) == {["unscanned", 20]}
	unnamed := {"other": [samples.scan({"by": "unknown", "traced": false})]}
	_judged(unnamed, {}) == _refused("cannot_tell", 20)
	_said(unnamed, {}) == {"trivy in .github/workflows/release.yml:25 scans an image that cannot be told; name the image by what the build gives"}
}

test_allow_not_pushed if {
	_judged({"pushed": []}, {}) == _accepted
	_judged({"pushed": []}, {"images": "built"}) == _refused("unscanned", 20)
	_judged({"pushed": [], "scanned": [samples.scan({})]}, {"images": "built"}) == _accepted
}

test_pipelines_without_images if {
	repo := object.union(samples.release(samples.built({})), {"images": []})
	_codes(repo, {}) == set()
	_pass(repo, {}) == {samples.pipeline}
}

_exempt(expires) := {"exempt": [{"images": ["ghcr.io/shop/*"], "owner": "team", "reason": "demo", "expires": expires}]}

test_exemptions if {
	_judged({}, _exempt("2026-12-31")) == _accepted
	samples.told(_notes(samples.release(samples.built({})), _exempt("2026-12-31"))) == {[
		"pipeline_scans_images.exempted", samples.workflow_file, 20,
		`image "ghcr.io/shop/app:${github.ref_name}" of .github/workflows/release.yml:20 (job "build"): team has it exempt until 2026-12-31: demo. See to it before the exemption ends.`,
	]}
	_judged({}, _exempt("2026-11-25")) == _refused("unscanned", 20)
	{note.code | some note in _notes(samples.release(samples.built({})), _exempt("2026-11-25"))} == {"pipeline_scans_images.exemption_ended"}
}

test_deny_wrong_parameters if {
	repo := samples.release(samples.built(_good))
	wrong := {parameters: found |
		some [parameters, problem] in [
			[null, "pipeline_scans_images has to be an object"],
			[{"scanner": "trivy"}, "pipeline_scans_images.scanner is not a parameter"],
			[{"images": "all"}, "pipeline_scans_images.images has to be pushed or built"],
			[{"before": "pull"}, "pipeline_scans_images.before has to be sign or push or none"],
			[{"scanners": []}, "pipeline_scans_images.scanners is empty: no scan would be accepted"],
			[{"exempt": [{}]}, "pipeline_scans_images.exempt[0] has no images: it is for nothing"],
		]
		found := {[v.code, v.msg] | some v in _deny(repo, parameters)}
		not _holds(found, problem)
	}
	wrong == {}
	_pass(repo, {"before": "pull"}) == set()
}

_holds(found, problem) if {
	["pipeline_scans_images.parameters", sprintf("repository: %s. The owner of the policy has to correct the parameters.", [problem])] in found
	every said in found {
		said[0] == "pipeline_scans_images.parameters"
	}
}
