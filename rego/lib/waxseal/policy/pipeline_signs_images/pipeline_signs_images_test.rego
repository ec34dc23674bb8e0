package lib.waxseal.policy.pipeline_signs_images_test

import data.lib.waxseal.clock
import data.lib.waxseal.host
import data.lib.waxseal.policy.pipeline_signs_images as policy
import data.lib.waxseal.samples_test as samples

_deny(repo, parameters) := deny if {
	deny := policy.deny with host.collect as samples.repository("", repo)
		with host.parameters as {"pipeline_signs_images": parameters}
		with host.now as clock.instant("2026-11-26T12:00:00Z")
}

_pass(repo, parameters) := pass if {
	pass := policy.pass with host.collect as samples.repository("", repo)
		with host.parameters as {"pipeline_signs_images": parameters}
		with host.now as clock.instant("2026-11-26T12:00:00Z")
}

_notes(repo, parameters) := notes if {
	notes := policy.notes with host.collect as samples.repository("", repo)
		with host.parameters as {"pipeline_signs_images": parameters}
		with host.now as clock.instant("2026-11-26T12:00:00Z")
}

_codes(repo, parameters) := {[trim_prefix(v.code, "pipeline_signs_images."), v.where.line] | some v in _deny(repo, parameters)}

# The codes for an image of the samples, and whether it is accepted.
_judged(patch, parameters) := [_codes(repo, parameters), _pass(repo, parameters) == {img}] if {
	img := samples.built(patch)
	repo := samples.release(img)
}

_refused(code, line) := [{[code, line]}, false]

_accepted := [set(), true]

_unseen(patch, part) := object.union(samples.release(samples.built(object.union({"unseen": [0]}, patch))), {"pipelines": [object.union(samples.pipeline, {"unseen": [part]})]})

test_requests if {
	requests := policy.requests with host.parameters as {"pipeline_signs_images": {}}
	json.marshal(requests) == `[{"fn":"pipeline.read","opts":{},"ref":""}]`
}

test_deny_unsigned if {
	_deny(samples.release(samples.built({})), {}) == {{
		"code": "pipeline_signs_images.unsigned",
		"policy": "pipeline_signs_images",
		"severity": "high",
		"title": "The pipeline does not sign the image",
		"msg": `image "ghcr.io/shop/app:${github.ref_name}" of .github/workflows/release.yml:20 (job "build"): it is pushed and nothing signs it, and a signature was expected. Sign the digest that was pushed, in the job that pushed it; the snippet does it.`,
		"remediation": "Sign the digest that was pushed, in the job that pushed it; the snippet does it.",
		"image": "ghcr.io/shop/app:${github.ref_name}",
		"where": {
			"kind": "Pipeline", "namespace": "", "name": samples.workflow_file, "path": "jobs.build.steps.push",
			"container": "", "file": samples.workflow_file, "line": 20,
		},
		"controls": ["NIST-800-53:CM-14", "NIST-800-53:SR-4", "NIST-800-53:SR-11", "NIST-800-218:PS.2.1", "CWE:494"],
		"errors": [],
		"snippet": `permissions:
  contents: read
  id-token: write # keyless signing
  packages: write
steps:
  # after the step that pushes, which needs "id: push"
  - uses: sigstore/cosign-installer@6f9f17788090df1f26f669e9d70d6ae9567deba6 # v4.1.2
  - run: cosign sign --yes "ghcr.io/shop/app@${{ steps.push.outputs.digest }}"
`,
	}}
	_judged({}, {}) == _refused("unsigned", 20)

	# A signed attestation is no signature.
	_judged({"attested": [samples.attestation({})]}, {}) == _refused("unsigned", 20)
	{contains(v.msg, "it is pushed and attested and nothing signs it") | some v in _deny(samples.release(samples.built({"attested": [samples.attestation({})]})), {})} == {true}
}

test_allow_signed if {
	_judged({"signed": [samples.signature({})]}, {}) == _accepted
	_judged({"signed": [samples.signature({"by": "tag-and-digest"})], "scanned": [samples.scan({})]}, {}) == _accepted
	_notes(samples.release(samples.built({"signed": [samples.signature({})]})), {}) == set()

	# One good signature is enough.
	_judged({"signed": [samples.signature({"by": "tag"}), samples.signature({"action": "A9"})]}, {}) == _accepted
}

# What is wrong with the one signature.
test_deny_faults if {
	wrong := {code: found |
		some [code, patch] in [
			["signed_by_tag", {"by": "tag"}],
			["signed_by_tag", {"by": "name"}],
			["conditional", {"when": ["github.ref == 'refs/heads/main'"]}],
			["optional", {"optional": "continue-on-error: true"}],
			["signs_another_image", {"traced": false, "text": concat("@", ["ghcr.io/shop/app", samples.digest])}],
			["cannot_tell", {"known": false}],
			["cannot_tell", {"by": "unknown", "traced": false}],
		]
		found := _judged({"signed": [samples.signature(patch)]}, {})
		found != _refused(code, 30)
	}
	wrong == {}
	_judged({"signed": [samples.signature({"by": "tag", "optional": "|| true"})]}, {}) == [{["signed_by_tag", 30], ["optional", 30]}, false]

	# Those that come nearest are blamed.
	_judged({"signed": [samples.signature({"by": "tag", "optional": "|| true"}), samples.signature({"line": 31, "by": "tag"})]}, {}) == _refused("signed_by_tag", 31)
}

test_deny_says_what_and_where if {
	said := {code: msg |
		some code, patch in {
			"signed_by_tag": {"by": "tag", "text": "ghcr.io/shop/app:v1"},
			"conditional": {"when": ["a", "b"]},
			"optional": {"optional": "|| true"},
			"signs_another_image": {"traced": false, "text": concat("@", ["x", samples.digest])},
			"cannot_tell": {"known": false, "tool": "signImage"},
		}
		some v in _deny(samples.release(samples.built({"signed": [samples.signature(patch)]})), {})
		v.code == concat(".", ["pipeline_signs_images", code])
		msg := split(split(v.msg, `(job "build"): `)[1], ". ")[0]
	}
	said == {
		"signed_by_tag": `cosign in .github/workflows/release.yml:30 signs "ghcr.io/shop/app:v1", which is a tag that can be moved, and its digest was expected`,
		"conditional": "cosign in .github/workflows/release.yml:30 signs it only if a and b, and it is pushed otherwise too",
		"optional": "cosign in .github/workflows/release.yml:30 signs it, and a failure of that does not stop the pipeline (|| true)",
		"signs_another_image": sprintf(`cosign in .github/workflows/release.yml:30 signs "x@%s", and a signature of this image was expected`, [samples.digest]),
		"cannot_tell": `signImage in .github/workflows/release.yml:30 seems to sign it (ghcr.io/shop/app@${jobs.build.steps.push.outputs.digest}), and neither what it does nor to which image can be told; supply what it runs`,
	}
}

test_deny_says_which_name_is_not_signed if {
	some v in _deny(samples.release(samples.built({"signed": [samples.signature({"when": ["it is not named quay.io/shop/app"]})]})), {})
	contains(v.msg, "signs it, and not by its name quay.io/shop/app, by which it is pushed too: a signature lies in the repository of one name.")
}

# Docker Content Trust signs what it pushes under its tag.
test_allow_tags if {
	_judged({"signed": [samples.signature({"by": "tag", "method": "docker-content-trust"})]}, {}) == _accepted
	_judged({"signed": [samples.signature({"by": "tag"})]}, {"digest": false}) == _accepted
}

test_deny_signed_before_scan if {
	before := {"signed": [samples.signature({"after": ["A1"]})], "scanned": [samples.scan({})]}
	_judged(before, {}) == _refused("signed_before_scan", 30)
	_judged(before, {"after_scan": false}) == _accepted
	{split(split(v.msg, `(job "build"): `)[1], ". ")[0] | some v in _deny(samples.release(samples.built(before)), {})} == {"cosign in .github/workflows/release.yml:30 signs it, and the scan (trivy in .github/workflows/release.yml:25) is not before that; a signature after the scan was expected"}

	# One of two scans, and none of this pipeline.
	_judged({"signed": [samples.signature({})], "scanned": [samples.scan({}), samples.scan({"action": "A8"})]}, {}) == _accepted
	_judged({"signed": [samples.signature({"after": ["A1"]})], "scanned": [samples.scan({"pipeline": "nightly.yml"})]}, {}) == _accepted
}

test_deny_method if {
	_judged({"signed": [samples.signature({})]}, {"methods": ["notation", "cosign-key"]}) == _refused("method", 30)
	{contains(v.msg, "signs it by cosign-keyless, and cosign-key or notation was expected.") | some v in _deny(samples.release(samples.built({"signed": [samples.signature({})]})), {"methods": ["notation", "cosign-key"]})} == {true}
	_judged({"signed": [samples.signature({})]}, {"methods": ["cosign-keyless"]}) == _accepted
}

test_deny_untraced if {
	loose := {"signed": [samples.signature({"traced": false, "text": "ghcr.io/shop/app@${(crane digest app)}"})]}
	_judged(loose, {"traced": true}) == _refused("untraced", 30)
	_judged(loose, {}) == _accepted
	samples.told(_notes(samples.release(samples.built(loose)), {})) == {[
		"pipeline_signs_images.untraced", samples.workflow_file, 30,
		`image "ghcr.io/shop/app:${github.ref_name}" of .github/workflows/release.yml:20 (job "build"): cosign in .github/workflows/release.yml:30 signs "ghcr.io/shop/app@${(crane digest app)}", and whether that is what was built cannot be followed. Sign the digest that the build or the push itself gives.`,
	]}
	_judged({"signed": [samples.signature({})]}, {"traced": true}) == _accepted
}

test_deny_signs_another_image if {
	_judged({"other": [samples.signature({"text": "ghcr.io/shop/chart:1", "by": "tag"})]}, {}) == _refused("signs_another_image", 30)

	# A scan of another image is no signature.
	_judged({"other": [samples.scan({})]}, {}) == _refused("unsigned", 20)
}

test_deny_unsigned_attestation if {
	_judged({"attested": [samples.attestation({"signed": false, "tool": "buildx"})]}, {}) == _refused("unsigned_attestation", 35)
	_judged({"attested": [samples.attestation({"signed": false}), samples.attestation({})]}, {}) == _refused("unsigned", 20)
	{contains(v.msg, "buildx in .github/workflows/release.yml:35 attaches statements that nobody signs") | some v in _deny(samples.release(samples.built({"attested": [samples.attestation({"signed": false, "tool": "buildx"})]})), {})} == {true}
}

# What cannot be seen is retryable: the exit code says that nobody can tell.
test_deny_cannot_tell if {
	repo := _unseen({}, samples.unseen({}))
	_codes(repo, {}) == {["cannot_tell", 20]}
	_pass(repo, {}) == set()
	why := `something that may sign it cannot be seen: workflow "acme/ci/.github/workflows/sign.yml@v1" in .github/workflows/release.yml:40 is not in the repository: supply a checkout of acme/ci`
	{[v.errors, object.get(v, "snippet", "-")] | some v in _deny(repo, {})} == {[[{"code": "not_visible", "message": why, "retryable": true}], ""]}
	_codes(_unseen({}, samples.unseen({"may": ["sign"]})), {}) == {["cannot_tell", 20]}

	# What does something else changes nothing, and neither does what is nowhere.
	_codes(_unseen({}, samples.unseen({"may": ["scan"]})), {}) == {["unsigned", 20]}
	_codes(_unseen({"unseen": [7]}, samples.unseen({})), {}) == {["unsigned", 20]}

	# A signature that is seen is judged.
	_codes(_unseen({"signed": [samples.signature({"by": "tag"})]}, samples.unseen({})), {}) == {["signed_by_tag", 30]}
	_codes(_unseen({"signed": [samples.signature({})]}, samples.unseen({})), {}) == set()

	# An image that cannot be told.
	_judged({"other": [samples.signature({"by": "unknown", "traced": false})]}, {}) == _refused("cannot_tell", 20)
	{contains(v.msg, "cosign in .github/workflows/release.yml:30 signs an image that cannot be told") | some v in _deny(samples.release(samples.built({"other": [samples.signature({"by": "unknown", "traced": false})]})), {})} == {true}
}

# What is not pushed does not leave the machine, unless somebody may push whom nobody sees.
test_allow_not_pushed if {
	_judged({"pushed": []}, {}) == _accepted
	_judged({"pushed": []}, {"images": "built"}) == _refused("unsigned", 20)
	_judged({"pushed": [], "built": false}, {"images": "built"}) == _accepted
	_codes(_unseen({"pushed": []}, samples.unseen({"may": ["push"]})), {}) == {["unsigned", 20]}
	_codes(_unseen({"pushed": []}, samples.unseen({})), {}) == {["cannot_tell", 20]}
}

test_deny_unattested if {
	type := "https://slsa.dev/provenance/v1"
	signed := {"signed": [samples.signature({})]}
	_judged(signed, {"attestations": [type]}) == _refused("unattested", 20)
	_judged(object.union(signed, {"attested": [samples.attestation({})]}), {"attestations": [type]}) == _accepted
	_judged(object.union(signed, {"attested": [samples.attestation({"when": ["x"]})]}), {"attestations": [type]}) == _refused("unattested", 20)
	_judged(object.union(signed, {"attested": [samples.attestation({"signed": false})]}), {"attestations": [type]}) == _refused("unattested", 20)
	_judged({}, {"attestations": [type]}) == [{["unattested", 20], ["unsigned", 20]}, false]
	some v in _deny(samples.release(samples.built(signed)), {"attestations": [type]})
	contains(v.msg, `no signed attestation of the type "https://slsa.dev/provenance/v1" is made of it whenever it is pushed`)
	contains(v.snippet, `cosign attest --yes --type TYPE --predicate predicate.json "ghcr.io/shop/app@${{ steps.push.outputs.digest }}"`)
}

_empty(part) := {"pipelines": [object.union(samples.pipeline, {"unseen": part})], "images": [], "keys": [], "problems": []}

# Without images there is nothing to sign, unless a part that nobody sees builds some.
test_pipelines_without_images if {
	_pass(_empty([]), {}) == {samples.pipeline}
	_codes(_empty([]), {}) == set()
	anything := _empty([samples.unseen({"supply": ""})])
	_codes(anything, {}) == set()
	_pass(anything, {}) == {pipe | some pipe in anything.pipelines}
	samples.told(_notes(anything, {})) == {[
		"pipeline_signs_images.not_seen", samples.workflow_file, 40,
		`workflow "acme/ci/.github/workflows/sign.yml@v1" in .github/workflows/release.yml:40: it is not in the repository, so whether it builds or signs an image cannot be told: supply what it does. Supply what the message names, or set the parameter unseen to deny.`,
	]}
	_codes(anything, {"unseen": "deny"}) == {["cannot_tell", 40]}
	_pass(anything, {"unseen": "deny"}) == set()
	_notes(anything, {"unseen": "deny"}) == set()
	builds := _empty([samples.unseen({"may": ["build", "sign"]})])
	_codes(builds, {}) == {["cannot_tell", 40]}
	_pass(builds, {}) == set()
	_notes(builds, {}) == set()
	scans := _empty([samples.unseen({"may": ["scan"]})])
	[_codes(scans, {}), count(_pass(scans, {})), _notes(scans, {})] == [set(), 1, set()]
}

_exempt(expires) := {"exempt": [{"images": ["ghcr.io/shop/*"], "owner": "team", "reason": "demo", "expires": expires}]}

test_exemptions if {
	_judged({}, _exempt("2026-12-31")) == _accepted
	samples.told(_notes(samples.release(samples.built({})), _exempt("2026-12-31"))) == {[
		"pipeline_signs_images.exempted", samples.workflow_file, 20,
		`image "ghcr.io/shop/app:${github.ref_name}" of .github/workflows/release.yml:20 (job "build"): team has it exempt until 2026-12-31: demo. See to it before the exemption ends.`,
	]}
	_judged({}, _exempt("2026-11-25")) == _refused("unsigned", 20)
	{note.code | some note in _notes(samples.release(samples.built({})), _exempt("2026-11-25"))} == {"pipeline_signs_images.exemption_ended"}
	_judged({"name": "ghcr.io/other/app", "text": "ghcr.io/other/app:1"}, _exempt("2026-12-31")) == _refused("unsigned", 20)
}

test_deny_wrong_parameters if {
	wrong := {parameters: found |
		some [parameters, problem] in [
			[null, "pipeline_signs_images has to be an object"],
			[{"image": "built"}, "pipeline_signs_images.image is not a parameter"],
			[{"images": "all"}, "pipeline_signs_images.images has to be pushed or built"],
			[{"unseen": "pass"}, "pipeline_signs_images.unseen has to be note or deny"],
			[{"methods": []}, "pipeline_signs_images.methods is empty: no signature would be accepted"],
			[{"digest": "no"}, "pipeline_signs_images.digest has to be a boolean"],
			[{"exempt": [{"images": ["x"], "owner": "o", "reason": "r", "expires": "never"}]}, "pipeline_signs_images.exempt[0] needs an end, as a day like 2026-12-31"],
		]
		found := {[v.code, v.msg] | some v in _deny(samples.release(samples.built({"signed": [samples.signature({})]})), parameters)}
		[found, _pass(samples.release(samples.built({"signed": [samples.signature({})]})), parameters)] != [
			{[
				"pipeline_signs_images.parameters",
				sprintf("repository: %s. The owner of the policy has to correct the parameters.", [problem]),
			]},
			set(),
		]
	}
	wrong == {}
}
