# METADATA
# title: Keys are listed, owned, strong and young
# description: >-
#   Who has a key that is trusted can sign whatever is admitted. Every key that is
#   trusted anywhere is in the inventory, with an owner and an approver, of a size that
#   holds, and replaced in time; and no identity is trusted that others can have.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_keeps_keys.md
# custom:
#   controls: ["NIST-800-53:SC-12", "NIST-800-53:CM-14", "NIST-800-218:PS.2.1"]
package lib.waxseal.policy.audit_keeps_keys

import data.lib.waxseal.audit
import data.lib.waxseal.clock
import data.lib.waxseal.exemptions
import data.lib.waxseal.host
import data.lib.waxseal.parameters
import data.lib.waxseal.result

requests := audit.requests

# METADATA
# title: A key is trusted that is not in the inventory
# description: Nobody is known to answer for it.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_keeps_keys.md#not_listed
# custom:
#   code: audit_keeps_keys.not_listed
#   severity: high
#   remediation: Find out whose it is; list it under keys of waxseal.yaml with its owner, or remove it where it is trusted.
#   controls: ["NIST-800-53:SC-12", "NIST-800-53:CM-14", "NIST-800-218:PS.2.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	some details in _refused.not_listed
}

# METADATA
# title: A key is listed and trusted nowhere
# description: Either it is left over, or what should trust it does not.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_keeps_keys.md#unused
# custom:
#   code: audit_keeps_keys.unused
#   severity: low
#   remediation: Remove it from the inventory, or name it in the policy that was meant.
#   controls: ["NIST-800-53:SC-12", "NIST-800-53:CM-14", "NIST-800-218:PS.2.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	some details in _refused.unused
}

# METADATA
# title: A key has not been replaced for too long
# description: The longer a key lives, the likelier others have it.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_keeps_keys.md#too_old
# custom:
#   code: audit_keeps_keys.too_old
#   severity: medium
#   remediation: Make a new key, sign with it, and keep the older public key only as long as its signatures count.
#   controls: ["NIST-800-53:SC-12", "NIST-800-53:CM-14", "NIST-800-218:PS.2.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	some details in _refused.too_old
}

# METADATA
# title: The age of a key is not known
# description: The inventory says neither when it was made nor when it was replaced, or names a day that is still to come.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_keeps_keys.md#no_date
# custom:
#   code: audit_keeps_keys.no_date
#   severity: low
#   remediation: Write created, or rotated, beside the key in waxseal.yaml.
#   controls: ["NIST-800-53:SC-12", "NIST-800-53:CM-14", "NIST-800-218:PS.2.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	some details in _refused.no_date
}

# METADATA
# title: A key is too weak
# description: It is of an algorithm or a size that is not accepted.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_keeps_keys.md#weak
# custom:
#   code: audit_keeps_keys.weak
#   severity: high
#   remediation: Make a new key of an accepted algorithm and size.
#   controls: ["NIST-800-53:SC-12", "NIST-800-53:CM-14", "NIST-800-218:PS.2.1", "NIST-800-53:SC-13", "CWE:326"]
deny contains result.at(rego.metadata.chain(), details) if {
	some details in _refused.weak
}

# METADATA
# title: A certificate has expired
# description: What it signs is not accepted, or should not be.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_keeps_keys.md#expired
# custom:
#   code: audit_keeps_keys.expired
#   severity: medium
#   remediation: Replace the certificate where it is trusted.
#   controls: ["NIST-800-53:SC-12", "NIST-800-53:CM-14", "NIST-800-218:PS.2.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	some details in _refused.expired
}

# METADATA
# title: A key has no owner
# description: Nobody is known to keep it.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_keeps_keys.md#no_owner
# custom:
#   code: audit_keeps_keys.no_owner
#   severity: medium
#   remediation: Write the owner beside the key in waxseal.yaml.
#   controls: ["NIST-800-53:SC-12", "NIST-800-53:CM-14", "NIST-800-218:PS.2.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	some details in _refused.no_owner
}

# METADATA
# title: A key has no approver
# description: Nobody is known to have agreed that it is trusted.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_keeps_keys.md#no_approver
# custom:
#   code: audit_keeps_keys.no_approver
#   severity: low
#   remediation: Have it approved by someone who does not hold it, and write the approver beside the key in waxseal.yaml.
#   controls: ["NIST-800-53:SC-12", "NIST-800-53:CM-14", "NIST-800-218:PS.2.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	some details in _refused.no_approver
}

# METADATA
# title: A key is not kept in a KMS
# description: Who can read the file of a private key has it for ever.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_keeps_keys.md#not_in_kms
# custom:
#   code: audit_keeps_keys.not_in_kms
#   severity: medium
#   remediation: Move signing to a KMS, a token or a secret manager, and name the key there by its URI.
#   controls: ["NIST-800-53:SC-12", "NIST-800-53:CM-14", "NIST-800-218:PS.2.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	some details in _refused.not_in_kms
}

# METADATA
# title: A key cannot be had
# description: So neither its size nor whether it is a listed one can be told.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_keeps_keys.md#unreadable
# custom:
#   code: audit_keeps_keys.unreadable
#   severity: high
#   remediation: Let the audit read it, or list it by its public half.
#   controls: ["NIST-800-53:SC-12", "NIST-800-53:CM-14", "NIST-800-218:PS.2.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	some details in _refused.unreadable
}

# METADATA
# title: An identity is trusted that others can have
# description: A pattern matches identities that its owner did not choose, so strangers can sign.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_keeps_keys.md#wide_identity
# custom:
#   code: audit_keeps_keys.wide_identity
#   severity: high
#   remediation: Name the repository, the workflow and the ref, or the account, in full.
#   controls: ["NIST-800-53:SC-12", "NIST-800-53:CM-14", "NIST-800-218:PS.2.1", "CWE:295"]
deny contains result.at(rego.metadata.chain(), details) if {
	some details in _refused.wide_identity
}

# METADATA
# title: Nobody is trusted
# description: There is neither a key nor an identity, so no signature can count.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_keeps_keys.md#nobody_trusted
# custom:
#   code: audit_keeps_keys.nobody_trusted
#   severity: medium
#   remediation: List who signs under keys, or name identities, and trust them in signed_images.
#   controls: ["NIST-800-53:SC-12", "NIST-800-53:CM-14", "NIST-800-218:PS.2.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	some details in _refused.nobody_trusted
}

# METADATA
# title: Keys could not be read in full
# description: What is missing may be what matters.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_keeps_keys.md#cannot_tell
# custom:
#   code: audit_keeps_keys.cannot_tell
#   severity: high
#   remediation: Let the audit read what the message names, and run it again.
#   controls: ["NIST-800-53:SC-12", "NIST-800-53:CM-14", "NIST-800-218:PS.2.1"]
deny contains result.at(rego.metadata.chain(), details) if {
	_valid
	some details in _gaps
}

# METADATA
# title: The parameters of the policy are wrong
# description: Parameters that are not understood are refused, never ignored.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_keeps_keys.md#parameters
# custom:
#   code: audit_keeps_keys.parameters
#   severity: high
#   remediation: The owner of the policy has to correct the parameters.
#   controls: ["NIST-800-53:CM-14"]
deny contains result.at(rego.metadata.chain(), details) if {
	some problem in _problems
	details := {"kind": "Audit", "subject": "the audit", "why": problem}
}

pass contains "keys" if {
	_valid
	count([details | some state in _refused; some details in state]) == 0
}

# METADATA
# title: An exemption is used
# description: What the policy would refuse is accepted until a day that the parameters name.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_keeps_keys.md#exempted
# custom:
#   code: audit_keeps_keys.exempted
#   severity: low
#   remediation: See to it before the exemption ends.
#   controls: ["NIST-800-53:SC-12", "NIST-800-53:CM-14", "NIST-800-218:PS.2.1"]
notes contains result.note_at(rego.metadata.chain(), details) if {
	_valid
	some name in _named
	some entry in exemptions.used(_parameters, "keys", {name})
	why := exemptions.words(entry)
	details := {"kind": "Audit", "pipeline": name, "subject": name, "why": why}
}

# METADATA
# title: An exemption has ended
# description: The parameters still have it, and it is without effect.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_keeps_keys.md#exemption_ended
# custom:
#   code: audit_keeps_keys.exemption_ended
#   severity: low
#   remediation: Remove the exemption from the parameters.
#   controls: ["NIST-800-53:SC-12", "NIST-800-53:CM-14", "NIST-800-218:PS.2.1"]
notes contains result.note_at(rego.metadata.chain(), details) if {
	_valid
	some name in _named
	some entry in exemptions.lapsed(_parameters, "keys", {name})
	why := exemptions.ended(entry)
	details := {"kind": "Audit", "pipeline": name, "subject": name, "why": why}
}

# METADATA
# title: A key is not named in a KMS
# description: Only its public half is a file; where the private half is kept is not known from it.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_keeps_keys.md#kept_in_file
# custom:
#   code: audit_keeps_keys.kept_in_file
#   severity: low
#   remediation: Name the key by the URI of its KMS, so that it can be seen where it is kept.
#   controls: ["NIST-800-53:SC-12", "NIST-800-53:CM-14", "NIST-800-218:PS.2.1"]
notes contains result.note_at(rego.metadata.chain(), details) if {
	_valid
	not _kms_asked
	some key in _ours
	key.lives in _files
	details := _about(key, "its public half is a file; where the private one is kept is not known")
}

# METADATA
# title: No image that runs is signed with a key
# description: It is trusted, and nothing that runs needs it.
# related_resources:
#   - https://github.com/waxseal/waxseal/blob/main/docs/policies/audit_keeps_keys.md#no_image
# custom:
#   code: audit_keeps_keys.no_image
#   severity: low
#   remediation: See whether it still has to be trusted.
#   controls: ["NIST-800-53:SC-12", "NIST-800-53:CM-14", "NIST-800-218:PS.2.1"]
notes contains result.note_at(rego.metadata.chain(), details) if {
	_valid
	_verified
	some key in _ours
	count(key.trusted) > 0
	key.images == 0
	details := _about(key, "it is trusted, and no image that was verified in this audit is signed with it")
}

# Certificates of chains have their owner with who runs the chain, not in the inventory.
_ours := {key | some key in audit.facts.keys; key.kind == "key"; key.listed}

# Signatures were verified, so it is known who has made them.
_verified if {
	some img in audit.facts.images
	img.verdict in {"admitted", "denied"}
}

_judged := {key | some key in audit.facts.keys; not _excused(key)}

_listed := _judged & _ours

_refused.not_listed contains _about(key, why) if {
	_valid
	some key in _judged
	not key.listed
	count(key.trusted) > 0
	why := sprintf("it is trusted by %s, and waxseal.yaml does not list it", [_places(key)])
}

_refused.unused contains _about(key, "no policy and no cluster that was read trusts it") if {
	_valid
	some key in _listed
	count(key.trusted) == 0
	_all_read
}

_refused.too_old contains _about(key, why) if {
	_valid
	some key in _listed
	day := _day(key)
	host.now - clock.instant(sprintf("%sT00:00:00Z", [day])) > _max_age
	why := sprintf("it is of %s, longer ago than %s", [day, _max_age_text])
}

_refused.no_date contains object.union(_about(key, why), {"errors": audit.not_visible(why)}) if {
	_valid
	some key in _listed
	not _dated(key)
	why := "since when it is in use is not written down"
}

_refused.weak contains _about(key, why) if {
	_valid
	some key in _judged
	why := _weakness(key)
}

_refused.expired contains _about(key, why) if {
	_valid
	some key in _judged
	host.now > clock.end(key.expires)
	why := sprintf("its certificate expired on %s", [key.expires])
}

_refused.no_owner contains _about(key, "the inventory names no owner") if {
	_valid
	object.get(_parameters, "require_owner", true)
	some key in _listed
	key.owner == ""
}

_refused.no_approver contains _about(key, "the inventory names no approver") if {
	_valid
	object.get(_parameters, "require_approver", true)
	some key in _listed
	key.approver == ""
}

_refused.not_in_kms contains _about(key, why) if {
	_valid
	_kms_asked
	some key in _listed
	lives := key.lives
	not lives in {"kms", "token", "secret"}
	why := sprintf("it is named by %s: %s", [lives, key.at])
}

_refused.unreadable contains object.union(_about(key, key.problem), {"errors": audit.not_visible(key.problem)}) if {
	_valid
	some key in _judged
	key.problem != ""
}

_refused.wide_identity contains details if {
	_valid
	some identity in audit.facts.identities
	identity.wide
	subject := identity.subject
	not _excused_name(subject)
	details := {
		"kind": "Identity", "pipeline": identity.subject, "path": identity.issuer, "subject": sprintf(`identity "%s"`, [identity.subject]),
		"why": sprintf("%s; trusted by %s (%s)", [identity.why, audit.names({trust.where | some trust in identity.trusted}), identity.words]),
	}
}

_refused.nobody_trusted contains {"kind": "Audit", "subject": "keys and identities", "why": "there is none"} if {
	_valid
	count(audit.facts.keys) == 0
	count(audit.facts.identities) == 0
	_all_read
}

_refused.missing contains gap if {
	_valid
	some gap in _gaps
}

# What could not be read of the configuration of clusters may trust others.
_gaps := audit.gaps("keys") | audit.gaps("enforcement")

_all_read if count(_gaps) == 0

_files := {"file", "inline"}

_kms_asked if object.get(_parameters, "require_kms", false)

_places(key) := audit.names({trust.where | some trust in key.trusted})

_max_age_text := object.get(_parameters, "max_age", "365d")

_max_age := clock.duration(_max_age_text)

# The last of the two days, if it has come.
_day(key) := max(days) if {
	days := {day | some day in [key.created, key.rotated]; clock.end(day) <= host.now + clock.duration("1d")}
	count(days) > 0
}

_dated(key) if _day(key)

_weakness(key) := sprintf("it is %s, and accepted are %s", [_algorithm(key), concat(", ", _algorithms)]) if {
	_readable(key)
	algorithm := key.algorithm
	not algorithm in _algorithms
} else := sprintf("it is %s of %d bits; expected at least %d", [key.algorithm, key.bits, least]) if {
	_readable(key)
	least := _least[key.algorithm]
	key.bits < least
}

_algorithm(key) := key.algorithm if {
	key.algorithm != ""
} else := "of an algorithm that is not known"

_readable(key) if {
	key.fingerprint != ""
	key.problem == ""
}

_algorithms := object.get(_parameters, "algorithms", ["ECDSA", "Ed25519", "RSA"])

_least := {"RSA": object.get(_parameters, "min_rsa_bits", 2048), "ECDSA": object.get(_parameters, "min_ec_bits", 256)}

_named := {name | some key in audit.facts.keys; some name in [key.name, key.fingerprint]; name != ""} | {identity.subject |
	some identity in audit.facts.identities
}

_excused(key) if _excused_name(key.name)

_excused(key) if _excused_name(key.fingerprint)

_excused_name(name) if count(exemptions.used(_parameters, "keys", {name})) > 0

_about(key, why) := {"kind": "Key", "pipeline": _name(key), "path": key.at, "subject": subject, "why": why} if {
	subject := trim_space(sprintf("%s %s", [_kinds[key.kind], _name(key)]))
}

_kinds := {"key": "key", "certificate": "certificate", "notation": "certificate of notation", "notary": "root key of a notary"}

_name(key) := key.name if {
	key.name != ""
} else := key.fingerprint if {
	key.fingerprint != ""
} else := key.at

_valid if count(_problems) == 0

_parameters := object.get(host.parameters, "audit_keeps_keys", {})

_problems := _misshapen if {
	count(_misshapen) > 0
} else := exemptions.problems("audit_keeps_keys", _parameters, "keys") | _wrong

_misshapen := parameters.problems("audit_keeps_keys", _parameters, object.union(exemptions.shape("keys"), _shape))

_shape := {
	"": "object",
	"max_age": "string",
	"min_rsa_bits": "number",
	"min_ec_bits": "number",
	"algorithms": "array",
	"algorithms.*": "string",
	"require_owner": "boolean",
	"require_approver": "boolean",
	"require_kms": "boolean",
}

_wrong := union({
	{"audit_keeps_keys.max_age has to be a whole number and a unit, as in 365d" | not _aged},
	{sprintf("audit_keeps_keys.algorithms has %q; there are ECDSA, Ed25519 and RSA", [name]) | some name in _algorithms; not name in {"ECDSA", "Ed25519", "RSA"}},
	{"audit_keeps_keys.algorithms is empty: no key would be accepted" | _algorithms == []},
	{sprintf("audit_keeps_keys.%s has to be a whole number of at least %d", [name, least]) |
		some name, least in {"min_rsa_bits": 2048, "min_ec_bits": 256}
		bits := object.get(_parameters, name, least)
		not _whole(bits, least)
	},
})

_aged if _max_age > 0

_whole(number, least) if {
	number >= least
	number == floor(number)
}
