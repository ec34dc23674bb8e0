package lib.waxseal.provenance_test

import data.lib.waxseal.provenance

_sum := "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

_names(uris) := [found.name |
	some uri in uris
	some found in provenance.images(_v1({}, [{"uri": uri, "digest": {"sha256": _sum}}]))
]

# As BuildKit, the packages of purl and other builders write images.
test_images if {
	_names([
		"pkg:docker/debian@12?digest=sha256:abc&platform=linux%2Famd64", "pkg:docker/ghcr.io/acme/base@1", "pkg:docker/localhost%3A5000/base@1?platform=linux%2Famd64",
		"pkg:oci/base@sha256%3Aabc?repository_url=ghcr.io/acme/base&tag=1", "docker-image://docker.io/library/debian:12", "oci://ghcr.io/acme/base", "ghcr.io/acme/base@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	]) == [
		"docker.io/library/debian", "ghcr.io/acme/base", "localhost:5000/base",
		"ghcr.io/acme/base", "docker.io/library/debian", "ghcr.io/acme/base", "ghcr.io/acme/base",
	]
}

test_images_of_something_else if {
	_names(["git+https://github.com/acme/app@refs/heads/main", "https://example.com/x.tar.gz", "pkg:npm/left-pad@1.0.0", "pkg:github/acme/app@v1", "pkg:golang/x@v1", 7, null]) == []
}

# The registry may stand behind the name, and schemes may be of any case.
test_images_elsewhere if {
	_names(["pkg:docker/library/debian@12?repository_url=evil.example", "pkg:docker/debian@12?platform=x&repository_url=evil.example%3A5000/x#y", "PKG:docker/evil.example/debian@12", "Docker-Image://evil.example/debian"]) == [
		"evil.example/library/debian", "evil.example:5000/x/debian", "evil.example/debian", "evil.example/debian",
	]
}

# What cannot be read is an image that nobody has approved, and not none.
test_images_that_cannot_be_read if {
	_names(["pkg:docker/", "pkg:docker/%zz@1", "pkg:docker/UPPER@1", "pkg:oci/base@sha256%3Aabc", "docker-image://a b", "pkg:docker/a%20b@1", "oci:x y", "pkg:docker/debian@12?repository_url=%zz"]) == ["", "", "", "", "", "", "", ""]
}

test_images_digests if {
	materials := [{"uri": "pkg:docker/a@1"}, {"uri": "pkg:docker/b@1", "digest": {"sha256": "x"}}, {"uri": "pkg:docker/c@1", "digest": {"sha256": _sum}}, {"uri": "pkg:docker/d@1", "digest": 5}]
	found := provenance.images({"predicate_type": "https://slsa.dev/provenance/v0.2", "predicate": {"materials": materials}})
	{[one.text, one.digest] | some one in found} == {["pkg:docker/a@1", ""], ["pkg:docker/b@1", ""], ["pkg:docker/c@1", concat(":", ["sha256", _sum])], ["pkg:docker/d@1", ""]}
	every predicate in [null, [], {"materials": 5}, {"materials": [5, {}]}] {
		provenance.images({"predicate_type": "https://slsa.dev/provenance/v0.2", "predicate": predicate}) == set()
	}
}
