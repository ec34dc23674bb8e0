package lib.waxseal.pipelines_test

import data.lib.waxseal.host
import data.lib.waxseal.pipelines
import data.lib.waxseal.plan
import data.lib.waxseal.samples_test as samples

_report(repo, parameters, said) := report if {
	report := pipelines.report(said) with host.collect as samples.repository("", repo)
		with host.problems as set()
		with host.parameters as parameters
		with plan.policies as {"pipeline_a", "pipeline_b"}
		with plan.others as {"signed_images"}
}

_img := samples.built({"signed": [samples.signature({})], "scanned": [samples.scan({})], "attested": [samples.attestation({})], "sboms": [samples.scan({})]})

_nothing := {"deny": set(), "pass": set(), "notes": set()}

_passes(subjects) := {"pipeline_a": {"deny": set(), "pass": subjects, "notes": set()}}

_violation(name, path, image) := {"code": "pipeline_a.x", "where": {"name": name, "path": path}, "image": image}

_denies(violation) := {"pipeline_a": {"deny": {violation}, "pass": set(), "notes": set()}}

_on := {"pipeline_a": {}}

test_report_whole if {
	_report(samples.release(_img), _on, _passes({_img})) == {
		"violations": set(),
		"notes": set(),
		"images": {{
			"image": "ghcr.io/shop/app:${github.ref_name}",
			"name": "ghcr.io/shop/app",
			"system": "github-actions",
			"pipeline": samples.workflow_file,
			"file": samples.workflow_file,
			"line": 20,
			"job": "build",
			"step": "push",
			"built": true,
			"pushed": true,
			"signed": "yes",
			"signed_by": {"cosign-keyless"},
			"signed_ref": {"digest"},
			"signed_at": {".github/workflows/release.yml:30"},
			"scanned": "yes",
			"scanned_by": {"trivy"},
			"gates": "yes",
			"attested": "signed",
			"predicates": {"https://slsa.dev/provenance/v1"},
			"sbom": true,
			"admitted": true,
		}},
		"not_judged": set(),
		"summary": {"pipelines": 1, "images": 1, "not_pushed": 0, "signed": 1, "cannot_tell": 0, "scanned": 1, "scan_cannot_tell": 0, "gated": 1},
	}
}

_codes(report) := {v.code | some v in report.violations}

# Silence denies, for an image and for a pipeline.
test_report_undecided if {
	silent := _report(samples.release(_img), _on, {"pipeline_a": _nothing})
	samples.told(silent.violations) == {
		["pipeline_a.undecided", samples.workflow_file, 20, `image "ghcr.io/shop/app:${github.ref_name}" of .github/workflows/release.yml:20 (job "build"): the policy pipeline_a neither accepts nor refuses it, and silence denies. This is a mistake in the policy; tell its owner.`],
		["pipeline_a.undecided", samples.workflow_file, 1, ".github/workflows/release.yml:1: the policy pipeline_a neither accepts nor refuses it, and silence denies. This is a mistake in the policy; tell its owner."],
	}
	{row.admitted | some row in silent.images} == {false}
	_codes(_report(samples.release(_img), _on, {})) == {"pipeline_a.undecided"}

	# A policy that is not switched on need not speak.
	_codes(_report(samples.release(_img), _on, _passes({_img}))) == set()
	_codes(_report(samples.release(_img), {"pipeline_a": {}, "pipeline_b": {}}, _passes({_img}))) == {"pipeline_b.undecided"}
}

# Of two images of a pipeline each has to be decided.
test_report_decides_each_image if {
	second := samples.built({"step": "web", "text": "ghcr.io/shop/web:1", "name": "ghcr.io/shop/web"})
	repo := object.union(samples.release(_img), {"images": [_img, second]})
	_codes(_report(repo, _on, _passes({_img, second}))) == set()
	{[v.code, v.image] | some v in _report(repo, _on, _passes({_img})).violations} == {["pipeline_a.undecided", "ghcr.io/shop/web:1"]}
	refused := _report(repo, _on, _denies(_violation(samples.workflow_file, "jobs.build.steps.push", "ghcr.io/shop/app:${github.ref_name}")))
	{[v.code, v.image] | some v in refused.violations} == {
		["pipeline_a.x", "ghcr.io/shop/app:${github.ref_name}"],
		["pipeline_a.undecided", "ghcr.io/shop/web:1"],
	}

	# One in the same step under another name is another one.
	twin := samples.built({"text": "ghcr.io/shop/twin:1"})
	{v.image | some v in _report(object.union(repo, {"images": [_img, twin]}), _on, _passes({_img})).violations} == {"ghcr.io/shop/twin:1"}

	# Those that are about the pipeline, or about the repository, are about all of its images.
	about := {name: count(report.violations) |
		some name in [samples.workflow_file, "", "other.yml"]
		report := _report(repo, _on, _denies(_violation(name, "", "")))
	}
	about == {samples.workflow_file: 1, "": 1, "other.yml": 4}

	# A pipeline that is accepted is so with its images.
	_codes(_report(repo, _on, _passes({samples.pipeline}))) == set()
}

test_report_admits_each_image if {
	second := samples.built({"step": "web", "text": "ghcr.io/shop/web:1"})
	repo := object.union(samples.release(_img), {"images": [_img, second]})
	said := {"pipeline_a": {"deny": {_violation(samples.workflow_file, "jobs.build.steps.web", "ghcr.io/shop/web:1")}, "pass": {_img}, "notes": {"n"}}}
	report := _report(repo, _on, said)
	{row.image: row.admitted | some row in report.images} == {"ghcr.io/shop/app:${github.ref_name}": true, "ghcr.io/shop/web:1": false}
	report.notes == {"n"}
	report.summary == {"pipelines": 1, "images": 2, "not_pushed": 0, "signed": 1, "cannot_tell": 0, "scanned": 1, "scan_cannot_tell": 0, "gated": 1}
}

test_report_misuse if {
	repo := samples.release(_img)
	_codes(_report(repo, {}, _passes({_img}))) == {"parameters.empty"}
	_codes(_report(repo, {"signed_images": {}}, _passes({_img}))) == {"parameters.empty"}
	_codes(_report(repo, {"pipeline_a": {}, "signed_images": {}, "origins": {}, "workloads": []}, _passes({_img}))) == set()
	samples.told(_report(repo, {"pipeline_a": {}, "pipeline_c": {}}, _passes({_img})).violations) == {[
		"parameters.unknown", "", 0,
		`repository: "pipeline_c" is not a policy of this bundle; there are pipeline_a, pipeline_b. Correct the name, or build the policy into the bundle.`,
	]}
	misfit := pipelines.report(_passes({_img})) with host.collect as samples.repository("", repo)
		with host.parameters as _on
		with plan.policies as {"pipeline_a"}
		with host.problems as {"it gives nothing"}
	_codes(misfit) == {"parameters.host"}

	# What no other bundle has is a mistake too.
	alone := pipelines.report(_passes({_img})) with host.collect as samples.repository("", repo)
		with host.problems as set()
		with host.parameters as {"pipeline_a": {}, "signed_images": {}}
		with plan.policies as {"pipeline_a"}
		with plan.others as set()
	_codes(alone) == {"parameters.unknown"}
}

test_report_unreadable if {
	report := pipelines.report({"pipeline_a": _nothing}) with host.collect as {}
		with host.problems as set()
		with host.parameters as _on
		with host.file as "ci.yml"
		with plan.policies as {"pipeline_a"}
	samples.told(report.violations) == {[
		"pipelines.unreadable", "ci.yml", 0,
		"ci.yml: what its pipelines do cannot be read: not_collected: this evidence was not collected. See to what the message names, and judge the repository again.",
	]}
	{v.errors | some v in report.violations} == {[{"code": "not_collected", "message": "this evidence was not collected", "retryable": true}]}
	[report.notes, report.images, report.summary.images] == [set(), set(), 0]
}

# Without images nothing was found to be right, and that is said.
test_report_no_images if {
	repo := object.union(samples.release(_img), {"images": []})
	report := _report(repo, _on, _passes({samples.pipeline}))
	report.violations == set()
	samples.told(report.notes) == {[
		"pipelines.no_images", "", 0,
		"repository: 1 pipeline was read, and it is not seen to build an image: signing and scanning are not applicable. Nothing is to be done, unless images are built in a way that is not seen here.",
	]}
	several := object.union(repo, {"pipelines": [samples.pipeline, object.union(samples.pipeline, {"file": "ci.yml"})]})
	_begins(_report(several, _on, {}).notes, "repository: 2 pipelines were read, and none of them is seen to build an image")
	none := object.union(repo, {"pipelines": []})
	report_of_none := _report(none, _on, {})
	report_of_none.notes == set()
	{[v.code, v.msg, v.errors[0].retryable] | some v in report_of_none.violations} == {[
		"pipelines.no_pipelines", "repository: no file of a CI system is there, or none could be read. Name the root of the repository; where it has no pipelines, there is nothing to ask.", true,
	]}
}

_begins(notes, text) if {
	some note in notes
	startswith(note.msg, text)
}

test_report_not_judged if {
	repo := object.union(samples.release(_img), {"problems": [{"file": "ci.yml", "line": 3, "code": "malformed", "text": "not YAML"}]})
	_report(repo, _on, _passes({_img})).not_judged == {{"path": "ci.yml:3", "reason": "malformed: not YAML"}}
}

# The count is of those that have to be signed.
test_summary_counts_what_is_pushed if {
	repo := object.union(samples.release(_img), {"images": [_img, samples.built({"pushed": []}), samples.built({"signed": [samples.signature({"known": false})], "line": 21})]})
	_report(repo, _on, {}).summary == {"pipelines": 1, "images": 2, "not_pushed": 1, "signed": 1, "cannot_tell": 1, "scanned": 1, "scan_cannot_tell": 0, "gated": 1}
	_report(repo, {"pipeline_signs_images": {"images": "built"}}, {}).summary.images == 3
}

test_rows if {
	rows := {[row.attested, row.predicates, row.sbom, row.signed_by] |
		some patch in [
			{},
			{"attested": [samples.attestation({"signed": false})]},
			{"attested": [samples.attestation({"when": ["x"]})]},
			{"attested": [samples.attestation({"predicate": ""}), samples.attestation({"signed": false})]},
			{"signed": [samples.signature({"known": false, "method": "shared-library:sign"})]},
			{"signed": [samples.signature({"known": false, "method": "shared-library:sign"}), samples.signature({})]},
		]
		row := pipelines.row(samples.built(patch)) with host.collect as {}
	}
	rows == {
		["no", set(), false, set()],
		["unsigned", set(), false, set()],
		["unsigned", {"https://slsa.dev/provenance/v1"}, false, set()],
		["signed", set(), false, set()],
		["no", set(), false, {"shared-library:sign"}],
		["no", set(), false, {"cosign-keyless"}],
	}
}
