package lib.waxseal.summaries

import data.lib.waxseal.authority
import data.lib.waxseal.clock

# METADATA
# title: The shape of verifiers in parameters
# description: That of authorities, and what a summary has to say.
shape := object.union(
	{replace(place, "authorities", "verified_by"): types | some place, types in authority.shape},
	{
		"verified_by.*.verifier_id": "string",
		"verified_by.*.policy_digests": "array",
		"verified_by.*.policy_digests.*": "string",
		"verified_by.*.max_age": "string",
		"verified_by.*.levels": "array",
		"verified_by.*.levels.*": "string",
	},
)

# METADATA
# title: What is wrong with verifiers
# description: A set of sentences. Types are the business of the shape.
problems(where, verifiers) := authority.problems_at(where, verifiers) | {sprintf("%s[%d] (%s) %s", [where, i, object.get(verifier, "name", "no name"), problem]) |
	some i, verifier in verifiers
	some problem in union({_anonymous(verifier), _policyless(verifier), _ageless(verifier), _levelless(verifier)})
}

_anonymous(verifier) := {"has no verifier_id" | object.get(verifier, "verifier_id", "") == ""}

_policyless(verifier) := {"has no policy_digests: the summaries of no policy are trusted" | object.get(verifier, "policy_digests", []) == []} | {problem |
	some digest in verifier.policy_digests
	not regex.match(`^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$`, digest)
	problem := sprintf("has the policy digest %q: write sha256: and 64 hexadecimal digits", [digest])
}

_ageless(verifier) := {"has no max_age that is a duration like 48h or 7d" | not _aged(verifier)}

_aged(verifier) if clock.duration(verifier.max_age)

_levelless(verifier) := {"has an empty list of levels: leave it out if it is enough that the image passed" | verifier.levels == []} | {problem |
	some level in verifier.levels
	level in {"", "FAILED"}
	problem := sprintf("has the level %q, which is none", [level])
}
