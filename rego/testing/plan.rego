# Generated from the list of policies by bundles. Do not edit.
package lib.waxseal.plan

import data.lib.waxseal.policy.pinned_digests
import data.lib.waxseal.policy.signed_images
import data.lib.waxseal.verdict

policies := {
	"pinned_digests",
	"signed_images",
}

requests := union({
	verdict.planned("pinned_digests", pinned_digests.requests),
	verdict.planned("signed_images", signed_images.requests),
})
