# Samples of pipelines that the tests of the library share.
package lib.waxseal.samples_test

workflow_file := ".github/workflows/release.yml"

# A repository with a pipeline that builds one image, pushes it, and does the rest to it.
release(img) := {"pipelines": [pipeline], "images": [img], "keys": [], "problems": []}

pipeline := {
	"file": workflow_file, "line": 1, "system": "github-actions", "name": "release", "triggers": ["push"],
	"jobs": [job], "references": [], "secrets": [], "unseen": [],
}

job := {
	"file": workflow_file, "line": 10, "id": "build", "name": "build", "needs": [], "when": [], "optional": "",
	"id_token": {"file": workflow_file, "line": 12, "granted": false}, "oidc": [], "steps": [step],
}

step := {
	"file": workflow_file, "line": 20, "id": "push", "name": "", "uses": "docker/build-push-action", "when": [],
	"optional": "", "actions": [action], "secrets": [],
}

action := {
	"file": workflow_file, "line": 20, "id": "A1", "kind": "build", "tool": "buildx", "method": "", "images": [],
	"from": [], "through": [], "when": [], "optional": "", "pushes": true, "push_when": [], "gates": "",
	"gates_why": "", "known": true, "signed": false, "predicate": "", "key": "",
	"digests": ["jobs.build.steps.push.outputs.digest", "jobs.build.steps.push.outputs.imageid"], "names": [], "files": [],
}

# An image of that pipeline, with what is patched.
built(patch) := object.union(
	{
		"file": workflow_file, "line": 20, "system": "github-actions", "pipeline": workflow_file, "job": "build",
		"step": "push", "name": "ghcr.io/shop/app", "text": "ghcr.io/shop/app:${github.ref_name}",
		"build": build, "built": true, "pushed": [pushed], "signed": [], "attested": [], "scanned": [], "sboms": [],
		"other": [], "unseen": [],
	},
	patch,
)

_use := {
	"file": workflow_file, "line": 20, "step": {"file": workflow_file, "line": 20}, "pipeline": workflow_file,
	"action": "A1", "kind": "build", "tool": "buildx", "method": "", "by": "tag",
	"text": "ghcr.io/shop/app:${github.ref_name}", "traced": true, "after": [], "when": [], "optional": "",
	"gates": "", "gates_why": "", "known": true, "signed": false, "predicate": "", "key": "",
}

build := _use

pushed := object.union(_use, {"kind": "push"})

# A signature without a fault, and what is patched.
signature(patch) := object.union(
	object.union(_use, {
		"line": 30, "step": {"file": workflow_file, "line": 30}, "action": "A3", "kind": "sign", "tool": "cosign",
		"method": "cosign-keyless", "by": "digest", "text": "ghcr.io/shop/app@${jobs.build.steps.push.outputs.digest}",
		"after": ["A1", "A2"],
	}),
	patch,
)

# A scan without a fault before that signature.
scan(patch) := object.union(
	object.union(_use, {
		"line": 25, "step": {"file": workflow_file, "line": 25}, "action": "A2", "kind": "scan", "tool": "trivy",
		"by": "digest", "text": "ghcr.io/shop/app@${jobs.build.steps.push.outputs.digest}", "after": ["A1"],
		"gates": "yes", "gates_why": "--exit-code 1",
	}),
	patch,
)

# A signed attestation.
attestation(patch) := object.union(
	object.union(_use, {
		"line": 35, "action": "A4", "kind": "attest", "tool": "cosign", "method": "cosign-keyless", "by": "digest",
		"signed": true, "predicate": "https://slsa.dev/provenance/v1",
	}),
	patch,
)

# A part that nobody can see.
unseen(patch) := object.union(
	{
		"file": workflow_file, "line": 40, "kind": "workflow", "name": "acme/ci/.github/workflows/sign.yml@v1",
		"job": "sign", "may": [], "supply": "a checkout of acme/ci",
	},
	patch,
)

reference(patch) := object.union(
	{
		"file": workflow_file, "line": 15, "kind": "action", "text": "actions/checkout@v4", "pinned": false, "local": false,
	},
	patch,
)

secret(patch) := object.union(
	{
		"file": workflow_file, "line": 16, "kind": "password", "name": "DB_PASSWORD", "to": "",
		"text": "the variable has a value in plain text",
	},
	patch,
)

# Evidence of a repository: of all of it, or of a file of it.
repository(ref, value) := {json.marshal({"fn": "pipeline.read", "ref": ref, "opts": {}}): ok({"repository": value})}

# What most tests of pipelines compare.
told(violations) := {[v.code, v.where.file, v.where.line, v.msg] | some v in violations}
