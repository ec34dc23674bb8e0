package lib.waxseal.authority

# METADATA
# title: The shape of authorities of the Notary Project in parameters
# description: For policies that take signatures. Policies that read attestations have none.
notation_shape := {"authorities.*.notation": "string"}

# METADATA
# title: The options of notation.verify for an authority
notation_opts(trusted) := object.union(
	object.filter(trusted, {"threshold", "platforms", "annotations"}),
	{"trust_policy": trusted.notation},
)

# Whom to trust stands in the trust policy alone.
_notation_problems(trusted) := ({"has an empty notation" | trusted.notation == ""} | {problem |
	trusted.notation
	some field in (object.keys(trusted) - {"name", "images", "notation", "threshold", "platforms", "annotations"})
	problem := sprintf("has notation and %s: they make two authorities", [field])
}) | {problem |
	trusted.notation
	not _some_signers(trusted)
	problem := "has a threshold that is not a whole number between 1 and 100"
}

_some_signers(trusted) if object.get(trusted, "threshold", 1) in numbers.range(1, 100)
