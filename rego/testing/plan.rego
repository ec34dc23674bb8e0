# Generated from the list of policies by bundles. Do not edit.
package lib.waxseal.plan

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

policies := {
	"allowed_registries",
	"attested_build",
	"base_image",
	"denied_packages",
	"pinned_digests",
	"privileged_images",
	"required_attestations",
	"sbom_attached",
	"scanned_images",
	"signed_images",
}

# What judges other subjects: parameters may name it.

others := {
	"audit_keeps_keys",
	"audit_logs_show_no_bypass",
	"audit_probes_are_refused",
	"audit_runs_what_was_verified",
	"enforcement_verifies_images",
	"pipeline_keeps_keys_safe",
	"pipeline_pins_references",
	"pipeline_scans_images",
	"pipeline_signs_images",
}

requests := union({
	verdict.planned("allowed_registries", allowed_registries.requests),
	verdict.planned("attested_build", attested_build.requests),
	verdict.planned("base_image", base_image.requests),
	verdict.planned("denied_packages", denied_packages.requests),
	verdict.planned("pinned_digests", pinned_digests.requests),
	verdict.planned("privileged_images", privileged_images.requests),
	verdict.planned("required_attestations", required_attestations.requests),
	verdict.planned("sbom_attached", sbom_attached.requests),
	verdict.planned("scanned_images", scanned_images.requests),
	verdict.planned("signed_images", signed_images.requests),
})
