# Generated from the list of policies by bundles. Do not edit.
package lib.waxseal

import data.lib.waxseal.policy.allowed_registries
import data.lib.waxseal.policy.attested_build
import data.lib.waxseal.policy.base_image
import data.lib.waxseal.policy.denied_packages
import data.lib.waxseal.policy.pinned_digests
import data.lib.waxseal.policy.privileged_images
import data.lib.waxseal.policy.required_attestations
import data.lib.waxseal.policy.sbom_attached
import data.lib.waxseal.policy.scanned_images
import data.lib.waxseal.policy.signed_images
import data.lib.waxseal.verdict

report := verdict.report(_said)

_said["allowed_registries"] := {
	"deny": allowed_registries.deny,
	"pass": allowed_registries.pass,
	"notes": allowed_registries.notes,
} if {
	verdict.on("allowed_registries")
}

_said["attested_build"] := {
	"deny": attested_build.deny,
	"pass": attested_build.pass,
	"notes": attested_build.notes,
} if {
	verdict.on("attested_build")
}

_said["base_image"] := {
	"deny": base_image.deny,
	"pass": base_image.pass,
	"notes": base_image.notes,
} if {
	verdict.on("base_image")
}

_said["denied_packages"] := {
	"deny": denied_packages.deny,
	"pass": denied_packages.pass,
	"notes": denied_packages.notes,
} if {
	verdict.on("denied_packages")
}

_said["pinned_digests"] := {
	"deny": pinned_digests.deny,
	"pass": pinned_digests.pass,
	"notes": pinned_digests.notes,
} if {
	verdict.on("pinned_digests")
}

_said["privileged_images"] := {
	"deny": privileged_images.deny,
	"pass": privileged_images.pass,
	"notes": privileged_images.notes,
} if {
	verdict.on("privileged_images")
}

_said["required_attestations"] := {
	"deny": required_attestations.deny,
	"pass": required_attestations.pass,
	"notes": required_attestations.notes,
} if {
	verdict.on("required_attestations")
}

_said["sbom_attached"] := {
	"deny": sbom_attached.deny,
	"pass": sbom_attached.pass,
	"notes": sbom_attached.notes,
} if {
	verdict.on("sbom_attached")
}

_said["scanned_images"] := {
	"deny": scanned_images.deny,
	"pass": scanned_images.pass,
	"notes": scanned_images.notes,
} if {
	verdict.on("scanned_images")
}

_said["signed_images"] := {
	"deny": signed_images.deny,
	"pass": signed_images.pass,
	"notes": signed_images.notes,
} if {
	verdict.on("signed_images")
}
