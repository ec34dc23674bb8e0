package lib.waxseal.policy.pipeline_keeps_keys_safe_test

import data.lib.waxseal.clock
import data.lib.waxseal.host
import data.lib.waxseal.policy.pipeline_keeps_keys_safe as policy
import data.lib.waxseal.samples_test as samples

_repo(patch, keys) := {"pipelines": [_pipe(patch)], "images": [], "keys": keys, "problems": []}

_pipe(patch) := object.union(samples.pipeline, patch)

_deny(repo, parameters) := deny if {
	deny := policy.deny with host.collect as samples.repository("", repo)
		with host.parameters as {"pipeline_keeps_keys_safe": parameters}
		with host.now as clock.instant("2026-11-26T12:00:00Z")
}

_pass(repo, parameters) := pass if {
	pass := policy.pass with host.collect as samples.repository("", repo)
		with host.parameters as {"pipeline_keeps_keys_safe": parameters}
		with host.now as clock.instant("2026-11-26T12:00:00Z")
}

_notes(repo, parameters) := notes if {
	notes := policy.notes with host.collect as samples.repository("", repo)
		with host.parameters as {"pipeline_keeps_keys_safe": parameters}
		with host.now as clock.instant("2026-11-26T12:00:00Z")
}

# The codes for a pipeline with a patch, and whether it is accepted.
_judged(patch, parameters) := [
	{[trim_prefix(v.code, "pipeline_keeps_keys_safe."), v.where.file, v.where.line] | some v in _deny(repo, parameters)},
	_pass(repo, parameters) == {_pipe(patch)},
] if {
	repo := _repo(patch, [])
}

_accepted := [set(), true]

test_requests if {
	requests := policy.requests with host.parameters as {"pipeline_keeps_keys_safe": {}}
	json.marshal(requests) == `[{"fn":"pipeline.read","opts":{},"ref":""}]`
}

test_deny_plain_text if {
	_deny(_repo({"secrets": [samples.secret({})]}, []), {}) == {{
		"code": "pipeline_keeps_keys_safe.plain_text",
		"policy": "pipeline_keeps_keys_safe",
		"severity": "critical",
		"title": "A secret stands in plain text",
		"msg": "password DB_PASSWORD in .github/workflows/release.yml:16: the variable has a value in plain text. Revoke the secret, and keep its successor with the CI system or in a secret manager; the snippet shows how a step gets it.",
		"remediation": "Revoke the secret, and keep its successor with the CI system or in a secret manager; the snippet shows how a step gets it.",
		"image": "",
		"where": {
			"kind": "Pipeline", "namespace": "", "name": samples.workflow_file, "path": "",
			"container": "", "file": samples.workflow_file, "line": 16,
		},
		"controls": ["NIST-800-53:IA-5", "NIST-800-53:SC-12", "NIST-800-218:PO.5", "CWE:798"],
		"errors": [],
		"snippet": "# Settings, Secrets and variables, Actions: DB_PASSWORD\n- run: COMMAND\n  env:\n    DB_PASSWORD: ${{ secrets.DB_PASSWORD }}\n",
	}}
	_pass(_repo({"secrets": [samples.secret({})]}, []), {}) == set()
}

test_deny_secrets_by_kind if {
	wrong := {kind: found |
		some kind, code in {
			"password": "plain_text",
			"token": "plain_text",
			"private_key": "plain_text",
			"unheard_of": "plain_text",
			"key_file": "key_in_repository",
			"argument": "secret_in_arguments",
			"exposed": "secret_exposed",
		}
		found := _judged({"secrets": [samples.secret({"kind": kind})]}, {})
		found != [{[code, samples.workflow_file, 16]}, false]
	}
	wrong == {}
	{v.msg | some v in _deny(_repo({"secrets": [samples.secret({"kind": "exposed", "name": "TOKEN", "to": "all jobs", "text": "it stands in env of the workflow"})]}, []), {})} == {"secret TOKEN in .github/workflows/release.yml:16: it stands in env of the workflow; it can be read by all jobs. Give the secret to the one step that needs it."}
	some v in _deny(_repo({"secrets": [samples.secret({"kind": "exposed", "name": "secrets: inherit"})]}, []), {})
	startswith(v.msg, `"secrets: inherit" in .github/workflows/release.yml:16`)
}

_key := samples.secret({"kind": "private_key", "file": "cosign.key", "line": 1, "name": "cosign.key", "text": "an encrypted private key of cosign"})

# A key of the repository is no matter of a pipeline, unless it stands in it.
test_deny_key_in_repository if {
	repo := _repo({}, [_key])
	samples.told(_deny(repo, {})) == {[
		"pipeline_keeps_keys_safe.key_in_repository", "cosign.key", 1,
		"private key cosign.key in cosign.key:1: an encrypted private key of cosign. Revoke the key, remove it, and sign without a key or with one of a KMS.",
	]}
	_pass(repo, {}) == {samples.pipeline}
	_pass(_repo({}, [object.union(_key, {"file": samples.workflow_file})]), {}) == set()
}

_granted(patch) := {"jobs": [object.union(object.union(samples.job, {"id_token": {"file": samples.workflow_file, "line": 12, "granted": true}}), patch)]}

_acting(patch) := {"steps": [object.union(samples.step, {"actions": [object.union(samples.action, patch)]})]}

test_deny_id_token_without_use if {
	without := [{["id_token_without_use", samples.workflow_file, 12]}, false]
	_judged(_granted({}), {}) == without
	_judged(_granted(_acting({"kind": "sign", "key": "cosign.key"})), {}) == without
	_judged(_granted(_acting({"kind": "attest", "signed": false})), {}) == without
	_judged(_granted(_acting({"kind": "scan"})), {}) == without
	{v.msg | some v in _deny(_repo(_granted({}), []), {})} == {`job "build" in .github/workflows/release.yml:12: it may ask for an identity token, and nothing in it signs without a key, attests or logs in with one. Remove the permission, or give it to the one job that signs without a key, attests, or logs in by OIDC.`}
}

test_allow_id_token if {
	_judged({}, {}) == _accepted
	_judged(_granted({"oidc": ["aws-actions/configure-aws-credentials"]}), {}) == _accepted
	_judged(_granted(_acting({"kind": "sign"})), {}) == _accepted
	_judged(_granted(_acting({"kind": "sign", "key": "awskms:///alias/cosign"})), {}) == _accepted
	_judged(_granted(_acting({"kind": "attest", "signed": true})), {}) == _accepted
}

test_deny_cannot_tell if {
	tell := [{["cannot_tell", samples.workflow_file, 12]}, false]
	_judged(object.union(_granted({}), {"unseen": [samples.unseen({"job": "build"})]}), {}) == tell
	_judged(object.union(_granted({}), {"unseen": [samples.unseen({"job": ""})]}), {}) == tell
	_judged(object.union(_granted({}), {"unseen": [samples.unseen({"job": "build", "may": ["attest"]})]}), {}) == tell
	some v in _deny(_repo(object.union(_granted({}), {"unseen": [samples.unseen({"job": "build"})]}), []), {})
	v.errors == [{
		"code": "not_visible", "retryable": true,
		"message": `it may ask for an identity token, and what uses that cannot be seen: workflow "acme/ci/.github/workflows/sign.yml@v1" in .github/workflows/release.yml:40 is not in the repository: supply a checkout of acme/ci`,
	}]

	# What is in another job, or does something else, uses nothing here.
	_judged(object.union(_granted({}), {"unseen": [samples.unseen({}), samples.unseen({"job": "build", "may": ["scan"]})]}), {}) == [{["id_token_without_use", samples.workflow_file, 12]}, false]
}

_exempt(files, expires) := {"exempt": [{"files": files, "owner": "team", "reason": "of tests", "expires": expires}]}

test_exemptions if {
	repo := _repo(object.union(_granted({}), {"secrets": [samples.secret({})]}), [_key])
	{v.code | some v in _deny(repo, _exempt(["cosign.key"], "2026-12-31"))} == {"pipeline_keeps_keys_safe.plain_text", "pipeline_keeps_keys_safe.id_token_without_use"}
	{v.code | some v in _deny(repo, _exempt([".github/workflows/*"], "2026-12-31"))} == {"pipeline_keeps_keys_safe.key_in_repository"}
	count(_pass(repo, _exempt([".github/workflows/*"], "2026-12-31"))) == 1
	count(_deny(repo, _exempt(["cosign.key"], "2026-11-25"))) == 3
	samples.told(_notes(repo, _exempt(["cosign.key"], "2026-12-31"))) == {[
		"pipeline_keeps_keys_safe.exempted", "cosign.key", 0,
		"cosign.key: team has it exempt until 2026-12-31: of tests. See to it before the exemption ends.",
	]}
	samples.told(_notes(repo, _exempt(["cosign.key"], "2026-11-25"))) == {[
		"pipeline_keeps_keys_safe.exemption_ended", "cosign.key", 0,
		"cosign.key: its exemption by team ended on 2026-11-25 (of tests). Remove the exemption from the parameters.",
	]}

	# Of a secret of a script that the pipeline runs.
	elsewhere := _repo({"secrets": [samples.secret({"file": "deploy.sh"})]}, [])
	_deny(elsewhere, _exempt(["deploy.sh"], "2026-12-31")) == set()
	{note.where.file | some note in _notes(elsewhere, _exempt(["deploy.sh"], "2026-12-31"))} == {"deploy.sh"}
}

test_deny_wrong_parameters if {
	wrong := {parameters: found |
		some [parameters, problem] in [
			[null, "pipeline_keeps_keys_safe has to be an object"],
			[{"exemptions": []}, "pipeline_keeps_keys_safe.exemptions is not a parameter"],
			[_exempt(["*"], "2026-12-31"), `pipeline_keeps_keys_safe.exempt[0] has the pattern "*" in files: write a name, with * for any characters but a slash`],
		]
		found := [{v.msg | some v in _deny(_repo({}, [_key]), parameters)}, _pass(_repo({}, []), parameters)]
		found != [{sprintf("repository: %s. The owner of the policy has to correct the parameters.", [problem])}, set()]
	}
	wrong == {}
}
