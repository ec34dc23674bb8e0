package lib.waxseal.evidence

# METADATA
# title: The manifests that statements are about
# description: >-
#   One, or each platform of an index where these are asked for. A policy judges
#   each by its own statements: those of one platform say nothing of another.
covered(statements) := {signer.image |
	some statement in statements
	some signer in statement.signers
}

# METADATA
# title: The statements about a manifest
about(statements, digest) := {statement |
	some statement in statements
	some signer in statement.signers
	signer.image == digest
}
