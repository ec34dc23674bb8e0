# METADATA
# title: Pipelines keep keys and secrets safe
# description: >-
#   No private key, password or token stands in plain text in the repository,
#   secrets go to the steps that need them and nowhere else, and an identity token
#   is granted only where something uses it. No message holds a secret.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_keeps_keys_safe.md
# custom:
#   controls: ["NIST-800-53:IA-5", "NIST-800-53:SC-12", "NIST-800-218:PO.5"]
package lib.waxseal.policy.pipeline_keeps_keys_safe

import data.lib.waxseal.exemptions
import data.lib.waxseal.host
import data.lib.waxseal.parameters
import data.lib.waxseal.pipelines
import data.lib.waxseal.result

requests := pipelines.requests

# METADATA
# title: A secret stands in plain text
# description: 'Everybody who can read the repository, or its history, has it.'
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_keeps_keys_safe.md#plain_text
# custom:
#   code: pipeline_keeps_keys_safe.plain_text
#   severity: critical
#   remediation: 'Revoke the secret, and keep its successor with the CI system or in a secret manager; the snippet shows how a step gets it.'
#   controls: ["NIST-800-53:IA-5", "NIST-800-53:SC-12", "NIST-800-218:PO.5", "CWE:798"]
deny contains result.at(rego.metadata.chain(), details) if some details in _refused.plain_text

# METADATA
# title: A private key lies in the repository
# description: 'Everybody who can read the repository can sign in its name, if the key has no password or a weak one.'
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_keeps_keys_safe.md#key_in_repository
# custom:
#   code: pipeline_keeps_keys_safe.key_in_repository
#   severity: critical
#   remediation: 'Revoke the key, remove it, and sign without a key or with one of a KMS.'
#   controls: ["NIST-800-53:IA-5", "NIST-800-53:SC-12", "NIST-800-218:PO.5", "CWE:321"]
deny contains result.at(rego.metadata.chain(), details) if some details in _refused.key_in_repository

# METADATA
# title: A secret stands in the arguments of a command
# description: 'Arguments are seen by every process of the machine, and end in logs.'
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_keeps_keys_safe.md#secret_in_arguments
# custom:
#   code: pipeline_keeps_keys_safe.secret_in_arguments
#   severity: high
#   remediation: 'Give the secret in the environment of the command or on its standard input, as with --password-stdin.'
#   controls: ["NIST-800-53:IA-5", "NIST-800-53:SC-12", "NIST-800-218:PO.5", "CWE:214"]
deny contains result.at(rego.metadata.chain(), details) if some details in _refused.secret_in_arguments

# METADATA
# title: A secret is given to more than need it
# description: 'Whatever runs in those steps, actions of others too, can read it.'
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_keeps_keys_safe.md#secret_exposed
# custom:
#   code: pipeline_keeps_keys_safe.secret_exposed
#   severity: medium
#   remediation: Give the secret to the one step that needs it.
#   controls: ["NIST-800-53:IA-5", "NIST-800-53:SC-12", "NIST-800-218:PO.5", "CWE:668"]
deny contains result.at(rego.metadata.chain(), details) if some details in _refused.secret_exposed

# METADATA
# title: A job may ask for an identity token and does not need one
# description: Whatever runs in the job can sign and log in with the identity of the pipeline.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_keeps_keys_safe.md#id_token_without_use
# custom:
#   code: pipeline_keeps_keys_safe.id_token_without_use
#   severity: medium
#   remediation: 'Remove the permission, or give it to the one job that signs without a key, attests, or logs in by OIDC.'
#   controls: ["NIST-800-53:IA-5", "NIST-800-53:SC-12", "NIST-800-218:PO.5", "CWE:250"]
deny contains result.at(rego.metadata.chain(), details) if some details in _refused.id_token_without_use

# METADATA
# title: Whether an identity token is needed cannot be told from the repository
# description: 'The job may ask for one, and what might use it is not in the repository.'
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_keeps_keys_safe.md#cannot_tell
# custom:
#   code: pipeline_keeps_keys_safe.cannot_tell
#   severity: low
#   remediation: 'Supply what the message names, or remove the permission.'
#   controls: ["NIST-800-53:IA-5", "NIST-800-53:SC-12", "NIST-800-218:PO.5"]
deny contains result.at(rego.metadata.chain(), details) if some details in _refused.cannot_tell

# METADATA
# title: The parameters of the policy are wrong
# description: 'Parameters that are not understood are refused, never ignored.'
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_keeps_keys_safe.md#parameters
# custom:
#   code: pipeline_keeps_keys_safe.parameters
#   severity: high
#   remediation: The owner of the policy has to correct the parameters.
#   controls: ["NIST-800-53:CM-14"]
deny contains result.at(rego.metadata.chain(), {"file": pipelines.file, "why": problem}) if some problem in _problems

pass contains pipe if {
	_valid
	some pipe in pipelines.pipelines
	every secret in pipe.secrets {
		_excused_secret(pipe, secret)
	}
	not _holds_key(pipe)
	every job in pipe.jobs {
		_due(pipe, job)
	}
}

# METADATA
# title: An exemption is used
# description: What the policy would refuse is accepted until a day that the parameters name.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_keeps_keys_safe.md#exempted
# custom:
#   code: pipeline_keeps_keys_safe.exempted
#   severity: low
#   remediation: See to it before the exemption ends.
#   controls: ["NIST-800-53:IA-5", "NIST-800-53:SC-12", "NIST-800-218:PO.5"]
notes contains result.note_at(rego.metadata.chain(), details) if {
	_valid
	some file in _files
	some entry in exemptions.used(_parameters, "files", {file})
	why := exemptions.words(entry)
	details := {"pipeline": file, "file": file, "line": 0, "why": why}
}

# METADATA
# title: An exemption has ended
# description: 'The parameters still have it, and it is without effect.'
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/pipeline_keeps_keys_safe.md#exemption_ended
# custom:
#   code: pipeline_keeps_keys_safe.exemption_ended
#   severity: low
#   remediation: Remove the exemption from the parameters.
#   controls: ["NIST-800-53:IA-5", "NIST-800-53:SC-12", "NIST-800-218:PO.5"]
notes contains result.note_at(rego.metadata.chain(), details) if {
	_valid
	some file in _files
	some entry in exemptions.lapsed(_parameters, "files", {file})
	why := exemptions.ended(entry)
	details := {"pipeline": file, "file": file, "line": 0, "why": why}
}

_files := union({
	{pipe.file | some pipe in pipelines.pipelines},
	{secret.file | some pipe in pipelines.pipelines; some secret in pipe.secrets},
	{key.file | some key in pipelines.keys},
})

_refused[state] contains object.union(details, {"snippet": snippet}) if {
	_valid
	some pipe in pipelines.pipelines
	some secret in pipe.secrets
	not _excused_secret(pipe, secret)
	state := _state(secret.kind)
	details := pipelines.beside(pipe, secret, _subject(secret), _why(secret))
	snippet := pipelines.kept(secret.name, pipe.system)
}

_refused.key_in_repository contains pipelines.beside({"file": key.file}, key, _subject(key), _why(key)) if {
	some key in _bad_keys
}

_refused.id_token_without_use contains pipelines.beside(pipe, job.id_token, sprintf("job %q", [job.id]), why) if {
	_valid
	some pipe in pipelines.pipelines
	some job in pipe.jobs
	not _due(pipe, job)
	count(_unseen(pipe, job)) == 0
	why := "it may ask for an identity token, and nothing in it signs without a key, attests or logs in with one"
}

_refused.cannot_tell contains object.union(details, {"errors": pipelines.not_visible(why)}) if {
	_valid
	some pipe in pipelines.pipelines
	some job in pipe.jobs
	not _due(pipe, job)
	count(_unseen(pipe, job)) > 0
	why := sprintf("it may ask for an identity token, and what uses that cannot be seen: %s", [pipelines.supply(_unseen(pipe, job))])
	details := pipelines.beside(pipe, job.id_token, sprintf("job %q", [job.id]), why)
}

_bad_keys contains key if {
	_valid
	some key in pipelines.keys
	not _excused_key(key)
}

_excused_secret(pipe, secret) if _excused({pipe.file, secret.file})

_excused_key(key) if _excused({key.file})

_holds_key(pipe) if pipe.file in _key_files

_key_files := {key.file | some key in _bad_keys}

_excused(files) if count(exemptions.used(_parameters, "files", files)) > 0

# A kind that is not known is refused as what is worst.
_state(kind) := object.get({"key_file": "key_in_repository", "argument": "secret_in_arguments", "exposed": "secret_exposed"}, kind, "plain_text")

_subject(secret) := sprintf("%q", [secret.name]) if {
	contains(secret.name, " ") # a line of the file, as secrets: inherit
} else := trim_space(sprintf("%s %s", [object.get({"exposed": "secret"}, secret.kind, replace(secret.kind, "_", " ")), secret.name]))

_why(secret) := sprintf("%s%s", [secret.text, _readers(secret.to)])

_readers("") := ""

_readers(to) := sprintf("; it can be read by %s", [to]) if to != ""

# A token is not granted, or something uses it.
_due(_, job) if not job.id_token.granted

_due(_, job) if count(job.oidc) > 0

_due(_, job) if {
	some step in job.steps
	some action in step.actions
	_keyless(action)
}

_due(pipe, job) if _excused({pipe.file, job.file})

_keyless(action) if {
	action.kind == "sign"
	_by_token(action.key)
}

_keyless(action) if {
	action.kind == "attest"
	action.signed
	_by_token(action.key)
}

# Without a key, or with one of a KMS, where the token may be what logs in.
_by_token("")

_by_token(key) if contains(key, "://")

_unseen(pipe, job) := {part |
	some part in pipe.unseen
	part.job in {"", job.id}
	some kind in ["sign", "attest"]
	pipelines.may(part, kind)
}

_valid if count(_problems) == 0

_parameters := object.get(host.parameters, "pipeline_keeps_keys_safe", {})

_problems := _misshapen if {
	count(_misshapen) > 0
} else := exemptions.problems("pipeline_keeps_keys_safe", _parameters, "files")

_misshapen := parameters.problems("pipeline_keeps_keys_safe", _parameters, object.union(exemptions.shape("files"), {"": "object"}))
