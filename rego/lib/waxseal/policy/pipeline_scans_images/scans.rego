package lib.waxseal.policy.pipeline_scans_images

import data.lib.waxseal.pipelines

# What an image is blamed for: [state, the place of it]. Of several scans those that
# come nearest, so that what is said can be mended with the least.
_blamed(img) := {[state, use] |
	some use in img.scanned
	faults := _faults(img, use)
	count(faults) == least
	some state in faults
} if {
	least := min({count(_faults(img, use)) | some use in img.scanned})
} else := {["cannot_tell", img]} if {
	pipelines.hidden(img, img.scanned, "scan")
} else := {["scans_another_image", use] | some use in pipelines.others(img, "scan")} if {
	count(pipelines.others(img, "scan")) > 0
} else := {["unscanned", img]}

# What is wrong with one scan. Of what nobody can tell nothing more is said.
_faults(_, use) := {"cannot_tell"} if pipelines.vague(use)

_faults(img, use) := {state |
	some state in ["scanner", "scans_another_image", "cannot_stop", "cannot_tell", "conditional", "scanned_after_signature", "scanned_after_push"]
	_fault(state, img, use)
} if {
	not pipelines.vague(use)
}

_fault("scanner", _, use) if {
	_parameters.scanners
	not _allowed(use)
}

_allowed(use) if use.tool in _parameters.scanners

_fault("scans_another_image", _, use) if pipelines.fixed(use)

_fault("scans_another_image", img, use) if _early(img, use)

# What had the name before it was built is another image. Where it is built twice,
# to be scanned and to be pushed, the first build has come before.
_early(img, use) if {
	use.action in img.build.after
	not _built_before(use)
}

_built_before(use) if {
	some id in use.after
	some action in pipelines.actions[id]
	action.kind == "build"
}

_fault("cannot_stop", _, use) if use.gates == "no"

_fault("cannot_stop", _, use) if use.optional != ""

_fault("cannot_tell", _, use) if {
	not _told(use)
	use.optional == ""
}

_told(use) if use.gates in {"yes", "no"}

_fault("conditional", _, use) if count(use.when) > 0

_fault("scanned_after_signature", img, use) if {
	_rules.before == "sign"
	_late(use, _signatures(img, use))
}

_fault("scanned_after_push", img, use) if {
	_rules.before == "push"
	_late(use, img.pushed)
}

_fault("scanned_after_push", img, use) if {
	_rules.before == "sign"
	_signatures(img, use) == []
	_late(use, img.pushed)
}

# The signatures of the same pipeline: they hold the image back until it is scanned.
_signatures(img, use) := [signature |
	some signature in img.signed
	signature.pipeline == use.pipeline
	not pipelines.vague(signature)
]

# Some of the actions does not come after the scan.
_late(use, actions) if {
	some action in actions
	not _waits(action, use)
}

_waits(action, use) if use.action in action.after

_why("unscanned", _, _) := "it is pushed and nothing scans it, and a scan that can stop the pipeline was expected"

_why("scans_another_image", img, use) := sprintf("%s scans %q before it is built, and a scan of what is built was expected", [pipelines.acting(use), use.text]) if {
	_early(img, use)
} else := sprintf("%s scans %q, and a scan of this image was expected", [pipelines.acting(use), use.text])

_why("cannot_stop", _, use) := sprintf("%s scans it, and a failure of that does not stop the pipeline (%s)", [pipelines.acting(use), use.optional]) if {
	use.optional != ""
} else := sprintf("%s scans it, and findings do not fail it (%s)", [pipelines.acting(use), use.gates_why])

_why("conditional", _, use) := sprintf("%s scans it only if %s, and it is pushed otherwise too", [pipelines.acting(use), concat(" and ", use.when)])

_why("scanned_after_signature", img, use) := sprintf("%s scans it, and %s does not wait for that; a signature after the scan was expected", [
	pipelines.acting(use),
	pipelines.listed({pipelines.acting(signature) | some signature in _signatures(img, use)}),
])

_why("scanned_after_push", img, use) := sprintf("%s scans it, and %s does not wait for that; a scan before the push was expected", [
	pipelines.acting(use),
	pipelines.listed({pipelines.acting(push) | some push in img.pushed}),
])

_why("scanner", _, use) := sprintf("%s scans it, and %s was expected", [pipelines.acting(use), concat(" or ", sort(_parameters.scanners))])

_why("cannot_tell", img, at) := sprintf("%s seems to scan it (%s), and neither what it does nor to which image can be told; supply what it runs", [pipelines.acting(at), at.text]) if {
	at.tool
	pipelines.vague(at)
} else := sprintf("%s scans it, and whether findings fail it cannot be told (%s); state it in its arguments", [pipelines.acting(at), at.gates_why]) if {
	at.tool
} else := sprintf("something that may scan it cannot be seen: %s", [pipelines.supply(pipelines.unseen(img, "scan") | pipelines.unseen(img, "push"))]) if {
	count(pipelines.unseen(img, "scan")) > 0
} else := sprintf("%s scans an image that cannot be told; name the image by what the build gives", [pipelines.listed({pipelines.acting(use) | some use in pipelines.others(img, "scan"); pipelines.vague(use)})])
