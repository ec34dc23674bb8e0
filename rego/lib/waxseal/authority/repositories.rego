package lib.waxseal.authority

import data.lib.waxseal.image

# METADATA
# title: Whether verified signatures were made for an image's repository
# description: >-
#   One of the signers of each manifest that is covered has to have signed for this
#   repository or for one that the authority names; all of them where several are
#   asked for. A bundle names none.
made_for(signers, trusted, ref) if {
	object.get(trusted, "threshold", 1) == 1
	count(signers) > 0
	every manifest in {_manifest(signer) | some signer in signers} {
		some signer in signers
		_manifest(signer) == manifest
		_made_for(signer, trusted, ref)
	}
}

made_for(signers, trusted, ref) if {
	count(signers) > 0
	every signer in signers {
		_made_for(signer, trusted, ref)
	}
}

_manifest(signer) := object.get(signer, "image", "")

_made_for(signer, _, _) if signer.repository == ""

_made_for(signer, _, ref) if image.parse(signer.repository).name == image.parse(ref).name

_made_for(signer, trusted, _) if {
	some pattern in trusted.repositories
	image.matches(signer.repository, pattern)
}
