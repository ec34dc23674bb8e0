package lib.waxseal.policy.pipeline_signs_images

import data.lib.waxseal.pipelines

# What an image is blamed for: [state, the place of it]. Of several signatures those
# that come nearest, so that what is said can be mended with the least.
_blamed(img) := {[state, use] |
	some use in img.signed
	faults := _faults(img, use)
	count(faults) == least
	some state in faults
} if {
	least := min({count(_faults(img, use)) | some use in img.signed})
} else := {["cannot_tell", img]} if {
	pipelines.hidden(img, img.signed, "sign")
} else := {["signs_another_image", use] | some use in pipelines.others(img, "sign")} if {
	count(pipelines.others(img, "sign")) > 0
} else := {["unsigned_attestation", use] | some use in img.attested} if {
	count(img.attested) > 0
	every use in img.attested {
		use.signed == false
	}
} else := {["unsigned", img]}

# What is wrong with one signature. Of what nobody can tell nothing more is said.
_faults(_, use) := {"cannot_tell"} if pipelines.vague(use)

_faults(img, use) := {state |
	some state in ["method", "signs_another_image", "signed_by_tag", "untraced", "conditional", "optional", "signed_before_scan"]
	_fault(state, img, use)
} if {
	not pipelines.vague(use)
}

_fault("method", _, use) if {
	_parameters.methods
	not _allowed(use)
}

_allowed(use) if use.method in _parameters.methods

_fault("signs_another_image", _, use) if pipelines.fixed(use)

_fault("untraced", _, use) if {
	_rules.traced == true
	use.traced == false
}

# Docker Content Trust signs names of digests: what was pushed, under its tag.
_fault("signed_by_tag", _, use) if {
	_rules.digest == true
	use.by in {"tag", "name"}
	use.method != "docker-content-trust"
}

_fault("conditional", _, use) if count(use.when) > 0

_fault("optional", _, use) if use.optional != ""

_fault("signed_before_scan", img, use) if {
	_rules.after_scan == true
	scans := {scan.action | some scan in img.scanned; scan.pipeline == use.pipeline}
	count(scans) > 0
	count(scans & {id | some id in use.after}) == 0
}

_why("unsigned", img, _) := sprintf("it is pushed%s and nothing signs it, and a signature was expected", [_attested_too(img)])

_why("unsigned_attestation", _, use) := sprintf("%s attaches statements that nobody signs, and a signature was expected", [pipelines.acting(use)])

_why("signs_another_image", _, use) := sprintf("%s signs %q, and a signature of this image was expected", [pipelines.acting(use), use.text])

_why("signed_by_tag", _, use) := sprintf("%s signs %q, which is a tag that can be moved, and its digest was expected", [pipelines.acting(use), use.text])

_why("signed_before_scan", img, use) := sprintf("%s signs it, and the scan (%s) is not before that; a signature after the scan was expected", [
	pipelines.acting(use),
	pipelines.listed({pipelines.acting(scan) | some scan in img.scanned; scan.pipeline == use.pipeline}),
])

_why("untraced", _, use) := sprintf("%s signs %q, and whether that is what was built cannot be followed", [pipelines.acting(use), use.text])

_why("conditional", _, use) := sprintf("%s signs it, and not by its name %s, by which it is pushed too: a signature lies in the repository of one name", [pipelines.acting(use), concat(" and ", missing)]) if {
	missing := [trim_prefix(condition, "it is not named ") | some condition in use.when; startswith(condition, "it is not named ")]
	count(missing) == count(use.when)
} else := sprintf("%s signs it only if %s, and it is pushed otherwise too", [pipelines.acting(use), concat(" and ", use.when)])

_why("optional", _, use) := sprintf("%s signs it, and a failure of that does not stop the pipeline (%s)", [pipelines.acting(use), use.optional])

_why("method", _, use) := sprintf("%s signs it by %s, and %s was expected", [pipelines.acting(use), use.method, concat(" or ", sort(_parameters.methods))])

_why("cannot_tell", img, at) := sprintf("%s seems to sign it (%s), and neither what it does nor to which image can be told; supply what it runs", [pipelines.acting(at), at.text]) if {
	at.tool
} else := sprintf("something that may sign it cannot be seen: %s", [pipelines.supply(pipelines.unseen(img, "sign") | pipelines.unseen(img, "push"))]) if {
	count(pipelines.unseen(img, "sign")) > 0
} else := sprintf("%s signs an image that cannot be told; name the image by the digest of the build", [pipelines.listed({pipelines.acting(use) | some use in pipelines.others(img, "sign"); pipelines.vague(use)})])

_attested_too(img) := " and attested" if {
	count(img.attested) > 0
} else := ""
