# METADATA
# title: Evidence
# description: >-
#   What the world answered, collected once for a whole decision. One function
#   per builtin makes the request and one reads the result, so that what a
#   policy plans and what it reads cannot differ. Each result is total: what is
#   missing or malformed is not ok, with an empty payload.
package lib.waxseal.evidence

import data.lib.waxseal.host
import data.lib.waxseal.plan

_collected := host.collect(plan.requests)

# METADATA
# title: Request of image.parse
image_parse_request(ref) := {"fn": "image.parse", "ref": ref, "opts": {}}

# METADATA
# title: Result of image.parse
image_parse(ref) := _result(image_parse_request(ref), {})

# METADATA
# title: Request of registry.digest
registry_digest_request(ref) := {"fn": "registry.digest", "ref": ref, "opts": {}}

# METADATA
# title: Result of registry.digest
registry_digest(ref) := _result(registry_digest_request(ref), {"digest": "", "media_type": "", "size": 0, "platforms": []})

# METADATA
# title: Request of registry.manifest
registry_manifest_request(ref) := {"fn": "registry.manifest", "ref": ref, "opts": {}}

# METADATA
# title: Result of registry.manifest
registry_manifest(ref) := _result(registry_manifest_request(ref), {"manifest": {}})

# METADATA
# title: Request of registry.config
registry_config_request(ref) := {"fn": "registry.config", "ref": ref, "opts": {}}

# METADATA
# title: Result of registry.config
registry_config(ref) := _result(registry_config_request(ref), {"config": {}})

# METADATA
# title: Request of registry.configs
registry_configs_request(ref) := {"fn": "registry.configs", "ref": ref, "opts": {}}

# METADATA
# title: Result of registry.configs
registry_configs(ref) := _result(registry_configs_request(ref), {"configs": []})

# METADATA
# title: Request of registry.referrers
registry_referrers_request(ref) := {"fn": "registry.referrers", "ref": ref, "opts": {}}

# METADATA
# title: Result of registry.referrers
registry_referrers(ref) := _result(registry_referrers_request(ref), {"referrers": []})

# METADATA
# title: Request of cosign.verify
cosign_verify_request(ref, opts) := {"fn": "cosign.verify", "ref": ref, "opts": opts}

# METADATA
# title: Result of cosign.verify
cosign_verify(ref, opts) := _result(cosign_verify_request(ref, opts), {"signers": []})

# METADATA
# title: Request of cosign.attestations
cosign_attestations_request(ref, opts) := {"fn": "cosign.attestations", "ref": ref, "opts": opts}

# METADATA
# title: Result of cosign.attestations
cosign_attestations(ref, opts) := _result(cosign_attestations_request(ref, opts), {"statements": []})

# METADATA
# title: Request of notation.verify
notation_verify_request(ref, opts) := {"fn": "notation.verify", "ref": ref, "opts": opts}

# METADATA
# title: Result of notation.verify
notation_verify(ref, opts) := _result(notation_verify_request(ref, opts), {"signers": []})

# METADATA
# title: Request of scan.findings
scan_findings_request(ref, opts) := {"fn": "scan.findings", "ref": ref, "opts": opts}

# METADATA
# title: Result of scan.findings
scan_findings(ref, opts) := answer if {
	answer := _result(scan_findings_request(ref, opts), {"reports": []})
	every report in answer.reports {
		_is_report(report)
	}
} else := object.union(_refused({}, [_malformed]), {"reports": []})

_is_report(report) if {
	is_string(report.scanner.name)
	is_string(report.scanned_at)
	is_string(report.db_updated_at)
	is_array(report.findings)
	every finding in report.findings {
		_is_finding(finding)
	}
}

_is_finding(finding) if {
	every field in ["id", "kind", "severity", "state"] {
		is_string(finding[field])
	}
	every field in ["name", "version"] {
		is_string(finding.package[field])
	}
	is_array(finding.aliases)
	is_array(finding.fixed_in)
	is_boolean(finding.suppressed)
}

# METADATA
# title: Request of sbom.packages
sbom_packages_request(ref, opts) := {"fn": "sbom.packages", "ref": ref, "opts": opts}

# METADATA
# title: Result of sbom.packages
sbom_packages(ref, opts) := answer if {
	answer := _result(sbom_packages_request(ref, opts), {"documents": []})
	every document in answer.documents {
		_is_sbom(document)
	}
} else := object.union(_refused({}, [_malformed]), {"documents": []})

_is_sbom(document) if {
	every field in ["format", "created"] {
		is_string(document[field])
	}
	is_number(document.package_count)
	every field in ["tools", "subjects", "signers", "packages"] {
		is_array(document[field])
	}
	every tool in document.tools {
		is_string(tool.name)
		is_string(tool.version)
	}
	every subject in document.subjects {
		is_array(subject.digests)
	}
	every signer in document.signers {
		is_string(signer.image)
	}
	every pkg in document.packages {
		_is_package(pkg)
	}
}

_is_package(pkg) if {
	every field in ["name", "version", "purl", "licence"] {
		is_string(pkg[field])
	}
	every field in ["in", "unsure", "licences_refused"] {
		is_array(pkg[field])
	}
}

# METADATA
# title: Request of notary.verify
notary_verify_request(ref, opts) := {"fn": "notary.verify", "ref": ref, "opts": opts}

# METADATA
# title: Result of notary.verify
notary_verify(ref, opts) := _result(notary_verify_request(ref, opts), {"targets": []})

# METADATA
# title: Request of vex.statements
vex_statements_request(ref, opts) := {"fn": "vex.statements", "ref": ref, "opts": opts}

# METADATA
# title: Result of vex.statements
vex_statements(ref, opts) := answer if {
	answer := _result(vex_statements_request(ref, opts), {"documents": []})
	every document in answer.documents {
		_is_vex(document)
	}
} else := object.union(_refused({}, [_malformed]), {"documents": []})

_is_vex(document) if {
	every field in ["id", "author", "format"] {
		is_string(document[field])
	}
	is_array(document.signers)
	every signer in document.signers {
		is_object(signer)
	}
	is_array(document.statements)
	every statement in document.statements {
		_is_vex_statement(statement)
	}
}

_is_vex_statement(statement) if {
	every field in ["vulnerability", "status", "justification", "impact_statement", "timestamp", "last_updated"] {
		is_string(statement[field])
	}
	is_array(statement.aliases)
	is_array(statement.products)
	every product in statement.products {
		_is_component(product)
		is_array(product.subcomponents)
		every component in product.subcomponents {
			_is_component(component)
		}
	}
}

_is_component(component) if {
	is_string(component.name)
	is_string(component.purl)
	is_array(component.digests)
}

# METADATA
# title: What a result that is not ok stands for
# description: >-
#   invalid_request, the mistake of the policy's owner; unknown, nobody can tell
#   now; not_found, there is no such image; host_not_allowed, nobody was asked;
#   unreadable, what is there cannot be read; refused, an answer. That it is
#   refused does not rest on this.
standing(answer) := "invalid_request" if {
	some error in answer.errors
	error.code == "invalid_request"
} else := "unknown" if {
	some error in answer.errors
	error.retryable
} else := "not_found" if {
	# With a digest the image was found, and what is attached to it was not.
	_image(answer).digest == ""
	{error.code | some error in answer.errors} == {"not_found"}
} else := "host_not_allowed" if {
	some error in answer.errors
	error.code == "host_not_allowed"
} else := "unreadable" if {
	count(answer.errors) > 0
	every error in answer.errors {
		error.code in {"malformed", "too_large", "unsupported", "not_found"}
	}
} else := "refused"

# METADATA
# title: The errors of a result in words
# description: In brackets after a blank, or nothing.
said(answer) := sprintf(" (%s)", [concat("; ", [sprintf("%s: %s", [error.code, error.message]) | some error in answer.errors])]) if {
	count(answer.errors) > 0
} else := ""

# The payload says which fields there are, of which type, and what stands in them when the result is not ok.
_result(request, payload) := object.union(_common(found), object.filter(found, object.keys(payload))) if {
	found := _collected[json.marshal(request)]
	found.ok == true
	found.errors == []
	every field, empty in payload {
		type_name(found[field]) == type_name(empty)
		_objects(found[field])
	}
} else := object.union(_refused(found, _errors(found)), payload) if {
	found := _collected[json.marshal(request)]
	found.ok == false
	count(_errors(found)) > 0
} else := object.union(_refused(found, [_malformed]), payload) if {
	found := _collected[json.marshal(request)]
} else := object.union(_refused({}, [_not_collected]), payload)

# A list holds objects; policies read their fields.
_objects(value) if not is_array(value)

_objects(value) if {
	is_array(value)
	every item in value {
		is_object(item)
	}
}

_common(found) := {
	"ok": true,
	"errors": [],
	"ignored": _ignored(found),
	"image": _image(found),
}

_refused(found, errors) := {
	"ok": false,
	"errors": errors,
	"ignored": _ignored(found),
	"image": _image(found),
}

_errors(found) := [{
	"code": error.code,
	"message": error.message,
	"retryable": error.retryable,
} |
	some error in found.errors
	is_string(error.code)
	is_string(error.message)
	is_boolean(error.retryable)
]

_ignored(found) := found.ignored if is_array(found.ignored)

else := []

_image(found) := object.union(_no_image, found.image) if is_object(found.image)

else := _no_image

_no_image := {"ref": "", "registry": "", "repository": "", "tag": "", "digest": "", "media_type": ""}

_not_collected := {
	"code": "not_collected",
	"message": "this evidence was not collected",
	"retryable": true,
}

_malformed := {
	"code": "malformed",
	"message": "the result is not one: a field is missing, of another type, or contradicts ok",
	"retryable": false,
}
