package lib.waxseal.vex_test

import data.lib.waxseal.clock
import data.lib.waxseal.samples_test as samples
import data.lib.waxseal.vex

_now := clock.instant("2026-11-21T12:00:00Z")

_xz := "pkg:deb/debian/xz-utils@5.6.0-0.2?arch=amd64&distro=debian-12"

_image := sprintf("pkg:oci/app@%s?repository_url=registry.example/team", [replace(samples.digest, ":", "%3A")])

_finding := {"id": "CVE-1", "aliases": ["GHSA-1"], "package": {"name": "xz-utils", "version": "5.6.0-0.2", "purl": _xz}}

_component(purl) := {"name": purl, "purl": purl, "digests": []}

_product(purl, inside) := object.union(_component(purl), {"subcomponents": [_component(part) | some part in inside]})

_statement(patch) := object.union(
	{
		"vulnerability": "CVE-1", "aliases": [], "products": [_product(_image, [])], "status": "not_affected",
		"justification": "component_not_present", "impact_statement": "", "timestamp": "2026-11-20T12:00:00Z", "last_updated": "",
	},
	patch,
)

_document(patch) := object.union({"id": "urn:a", "author": "A", "signers": [{"kind": "key", "key_id": "sha256:1"}], "statements": [_statement({})]}, patch)

_says(statements) := _document({"statements": [_statement(patch) | some patch in statements]})

_entries(documents) := vex.said({"documents": documents, "image": {"digest": samples.digest}}, {"name": "vendor"})

_suppresses(documents, rules) if count(vex.suppressing(_entries(documents), _finding, rules, _now)) > 0

_one(patch) if _suppresses([_says([patch])], {})

test_purl if {
	vex.purl("pkg:DEB/debian/xz%2Dutils@1:5.6%2B1+b?Arch=amd64&distro=&vcs=a=b#sub/path") == {
		"type": "deb", "name": ["debian", "xz-utils"], "version": "1:5.6+1+b",
		"qualifiers": {["arch", "amd64"], ["distro", ""], ["vcs", "a=b"]}, "subpath": "sub/path",
	}
	vex.purl("pkg:npm/@angular/core@1.0.0").name == ["@angular", "core"]
	vex.purl("pkg:npm/@angular/core@1.0.0").version == "1.0.0"
	vex.purl("pkg://golang/github.com//x/y").name == ["github.com", "x", "y"]
	vex.purl("pkg:deb/a").version == ""
	wrong := {text | some text in {"", "pkg:", "pkg:deb", "pkg:deb/", "deb/a@1", "pkg:deb/a@%zz", "pkg:deb/a@1?b", "pkg:deb/a@1?b=1&b=2", 7}; vex.purl(text)}
	wrong == set()
}

test_about if {
	about := {text |
		some text in {
			"pkg:deb/debian/xz-utils@5.6.0-0.2", _xz, "pkg:deb/debian/xz-utils@5.6.0-0.2?distro=debian-12", "pkg:deb/debian/xz%2Dutils@5.6.0-0.2",
			"pkg:deb/debian/xz-utils@5.6.0-0.3", "pkg:deb/debian/xz-utils", "pkg:deb/debian/xz-utils@", "pkg:deb/ubuntu/xz-utils@5.6.0-0.2", "pkg:deb/xz-utils@5.6.0-0.2", "pkg:rpm/debian/xz-utils@5.6.0-0.2",
			"pkg:deb/debian/xz-utils@5.6.0-0.2?arch=arm64", "pkg:deb/debian/xz-utils@5.6.0-0.2?arch=amd64&vcs=x", "pkg:deb/debian/xz-utils@5.6.0-0.2?epoch=1", "pkg:deb/debian/xz-utils@5.6.0-0.2#lib",
			"pkg:deb/debian/*@5.6.0-0.2", "pkg:deb/debian/xz-utils@*", "*", "",
		}
		vex.about(text, _xz)
	}
	about == {
		"pkg:deb/debian/xz-utils@5.6.0-0.2", _xz, "pkg:deb/debian/xz-utils@5.6.0-0.2?distro=debian-12", "pkg:deb/debian/xz%2Dutils@5.6.0-0.2",
	}
	not vex.about(_xz, "")
	vex.may_be_about("pkg:deb/debian/xz-utils", _xz)
	vex.may_be_about(_xz, _xz)
	not vex.may_be_about("pkg:deb/debian/xz-utils@1", _xz)
}

# An epoch is part of the version, on both sides.
test_about_epoch if {
	vex.about("pkg:rpm/a/b@1?epoch=1", "pkg:rpm/a/b@1?epoch=1")
	vex.about("pkg:rpm/a/b@1", "pkg:rpm/a/b@1?epoch=0")
	not vex.about("pkg:rpm/a/b@1", "pkg:rpm/a/b@1?epoch=1")
}

test_suppressing_scopes if {
	wrong := {product |
		some product in [
			_product(_image, []),
			_product(replace(_image, "oci", "docker"), []),
			_product(_image, ["pkg:deb/debian/other@1", "pkg:deb/debian/xz-utils@5.6.0-0.2"]),
			_product("pkg:deb/debian/xz-utils@5.6.0-0.2", []),
			object.union(_product("", []), {"digests": [samples.digest]}),
			object.union(_product("", [_xz]), {"digests": [samples.digest]}),
		]
		not _one({"products": [product]})
	}
	wrong == set()
}

# A statement has to name this image, or this package in this version.
test_not_suppressing_scopes if {
	wrong := {product |
		some product in [
			_product(replace(_image, "aaaa", "bbbb"), []),
			_product("pkg:oci/app", []),
			_product("pkg:oci/app?repository_url=registry.example/team", []),
			_product("pkg:oci/*", []),
			_product("*", []),
			_product("", []),
			_product("pkg:generic/app@sha256%3Aaaaa", []),
			_product(replace(_image, "oci", "generic"), []),
			_product(_image, ["pkg:deb/debian/other@1"]),
			_product(_image, ["pkg:deb/debian/xz-utils"]),
			_product(_image, ["pkg:deb/debian/xz-utils@5.6.0-0.3"]),
			_product(replace(_image, "aaaa", "bbbb"), [_xz]),
			_product("pkg:deb/debian/xz-utils", []),
			_product("pkg:deb/debian/xz-utils@5.6.0-0.3", []),
			_product("pkg:deb/debian/xz-utils@5.6.0-0.2", [_xz]),
			object.union(_product("pkg:deb/debian/other@1", []), {"digests": [samples.digest]}),
			object.union(_product("", []), {"digests": [replace(samples.digest, "aaaa", "bbbb")]}),
		]
		_one({"products": [product]})
	}
	wrong == set()
	not _one({"products": []})

	# Without a digest nothing is of the image.
	unknown := vex.said({"documents": [_says([{"products": [object.union(_product("", []), {"digests": [""]}), _product("pkg:oci/app@", [])]}])], "image": {"digest": ""}}, {"name": "vendor"})
	vex.suppressing(unknown, _finding, {}, _now) == set()
}

test_suppressing_vulnerability if {
	_one({"vulnerability": "GHSA-1"})
	_one({"vulnerability": "X", "aliases": ["CVE-1"]})
	_one({"vulnerability": "X", "aliases": ["GHSA-1"]})
	not _one({"vulnerability": "CVE-12"})
	not _one({"vulnerability": "cve-1"})
}

test_suppressing_status if {
	_one({"status": "fixed", "justification": ""})
	_one({"justification": "code_not_reachable"})
	not _one({"status": "affected"})
	not _one({"status": "under_investigation"})
	not _one({"status": "Fixed"})
	not _one({"justification": ""})
	not _one({"justification": "", "impact_statement": "no"})
	not _one({"justification": "trust_me"})
}

test_suppressing_rules if {
	_suppresses([_says([{"justification": "", "impact_statement": "no"}])], {"accept_impact_statement": true})
	not _suppresses([_says([{"justification": "", "impact_statement": ""}])], {"accept_impact_statement": true})
	_suppresses([_says([{}])], {"accepted_justifications": ["component_not_present"]})
	not _suppresses([_says([{}])], {"accepted_justifications": ["vulnerable_code_not_present"]})
	not _suppresses([_says([{"impact_statement": "no"}])], {"accepted_justifications": ["vulnerable_code_not_present"], "accept_impact_statement": true})
	_suppresses([_says([{"status": "fixed"}])], {"accepted_justifications": ["vulnerable_code_not_present"]})
	_suppresses([_says([{}])], {"max_age": "24h"})
	not _suppresses([_says([{}])], {"max_age": "23h"})
	_suppresses([_says([{"last_updated": "2026-11-21T12:00:00Z"}])], {"max_age": "1s"})
}

# The newest of one author stands, whatever the order.
test_newest_of_an_author if {
	older := {"status": "affected", "timestamp": "2026-11-19T12:00:00Z"}
	newer := {"status": "affected", "timestamp": "2026-11-21T11:00:00Z"}
	_suppresses([_says([older, {}])], {})
	_suppresses([_says([{}, older])], {})
	_suppresses([_says([{}]), _says([older])], {})
	_suppresses([_says([{}]), object.union(_says([older]), {"id": "urn:b"})], {})
	not _suppresses([_says([newer, {}])], {})
	not _suppresses([_says([{}]), _says([newer])], {})

	# A statement that was updated is as new as its update.
	not _suppresses([_says([object.union(older, {"last_updated": "2026-11-21T11:00:00Z"}), {}])], {})
}

# On a tie, and between authors, the worse status decides.
test_worse_status if {
	wrong := {worse |
		some worse in ["affected", "under_investigation"]
		_suppresses([_says([{}, {"status": worse}])], {})
	}
	wrong == set()
	others := [
		_document({"author": "B"}),
		_document({"signers": [{"kind": "key", "key_id": "sha256:2"}]}),
		_document({"signers": [{"kind": "certificate", "issuer": "i", "subject": "s"}]}),
		_document({"signers": [{"kind": "key", "key_id": "sha256:1"}, {"kind": "key", "key_id": "sha256:2"}]}),
	]
	every other in others {
		older := object.union(other, {"statements": [_statement({"status": "affected", "timestamp": "2026-11-01T12:00:00Z"})]})
		not _suppresses([_says([{}]), older], {})
		_suppresses([_says([{}]), other], {})
	}
	_suppresses([_says([{}, {"status": "fixed"}])], {})
	{claim.status | some claim in vex.suppressing(_entries([_says([{}, {"status": "fixed"}])]), _finding, {}, _now)} == {"fixed"}
}

# A certificate's key is of one signature only.
test_author_of_a_certificate if {
	signer := {"kind": "certificate", "issuer": "i", "subject": "s", "key_id": "sha256:1"}
	old := _document({"signers": [signer], "statements": [_statement({"status": "affected", "timestamp": "2026-11-01T12:00:00Z"})]})
	_suppresses([old, _document({"signers": [object.union(signer, {"key_id": "sha256:2"})]})], {})
}

# What is said of a package and of the image are two things: neither takes the other's place.
test_scopes_stand_side_by_side if {
	package_is_affected := {"status": "affected", "products": [_product(_image, [_xz])], "timestamp": "2026-11-19T12:00:00Z"}
	not _suppresses([_says([{}, package_is_affected])], {})
	_suppresses([_says([{}, package_is_affected, object.union(package_is_affected, {"status": "not_affected", "timestamp": "2026-11-20T12:00:00Z"})])], {})

	# The package by itself and in the image are one.
	by_itself := {"products": [_product("pkg:deb/debian/xz-utils@5.6.0-0.2", [])]}
	_suppresses([_says([package_is_affected, by_itself])], {})
}

# A time in the future, or none, helps nobody.
test_times_that_do_not_count if {
	every time in ["", "2026-11-21T12:00:01Z", "2027-11-21T12:00:00Z", "yesterday"] {
		not _one({"timestamp": time})
		not _one({"timestamp": time, "status": "fixed"})

		# It does not take the place of another statement.
		not _suppresses([_says([{"status": "affected"}, {"timestamp": time}])], {})

		# Harm stands until something newer is said, which nothing is.
		not _suppresses([_says([{}, {"status": "affected", "timestamp": time}])], {})
	}
	not _one({"last_updated": "2026-11-21T12:00:01Z"})
	not _one({"last_updated": "yesterday"})
}

# What may be meant is enough for harm.
test_harm_without_a_version if {
	every product in [_product("pkg:oci/app", []), _product("pkg:deb/debian/xz-utils", []), _product("pkg:oci/app", ["pkg:deb/debian/xz-utils"])] {
		not _suppresses([_says([{}, {"status": "affected", "products": [product]}])], {})
	}
	every product in [_product("pkg:oci/app@sha256%3Abbbb", []), _product("pkg:deb/debian/other", []), _product(_image, ["pkg:deb/debian/other"])] {
		_suppresses([_says([{}, {"status": "affected", "products": [product]}])], {})
	}
}

# A finding of no package falls under statements about the image alone.
test_finding_without_a_package_url if {
	bare := object.union(_finding, {"package": {"name": "xz-utils", "version": "5.6.0-0.2", "purl": ""}})
	count(vex.suppressing(_entries([_says([{}])]), bare, {}, _now)) == 1
	vex.suppressing(_entries([_says([{"products": [_product(_image, [_xz])]}])]), bare, {}, _now) == set()
	vex.suppressing(set(), bare, {}, _now) == set()
}

test_described if {
	texts := {text | some claim in vex.suppressing(_entries([_says([{}])]), _finding, {}, _now); text := vex.described(claim)}
	texts == {`does not affect it by the word of "vendor" (component_not_present, author "A", document urn:a, 2026-11-20T12:00:00Z)`}
	fixed := _document({"id": "", "author": "", "statements": [_statement({"status": "fixed", "justification": ""})]})
	{vex.described(claim) | some claim in vex.suppressing(_entries([fixed]), _finding, {}, _now)} == {`is fixed by the word of "vendor" (2026-11-20T12:00:00Z)`}
	impact := _says([{"justification": "", "impact_statement": "no such code"}])
	{vex.described(claim) | some claim in vex.suppressing(_entries([impact]), _finding, {"accept_impact_statement": true}, _now)} == {`does not affect it by the word of "vendor" (no such code, author "A", document urn:a, 2026-11-20T12:00:00Z)`}
}

_vendor := {"name": "vendor", "images": ["registry.example/**"], "keys": ["k"]}

_problems(patch) := vex.problems("p.vex", object.union({"authorities": [_vendor]}, patch))

test_problems if {
	_problems({}) == set()
	_problems({"accepted_justifications": ["code_not_present", "component_not_present"], "max_age": "90d", "accept_impact_statement": true}) == set()
	vex.problems("p.vex", {}) == {"p.vex.authorities is missing or empty: nobody is trusted"}
	_problems({"authorities": [object.remove(_vendor, ["keys"])]}) == {"p.vex.authorities[0] (vendor) has neither keys nor identities"}
	_problems({"accepted_justifications": []}) == {"p.vex has an empty list of accepted_justifications"}
	_problems({"max_age": "soon"}) == {"p.vex.max_age has to be a duration like 48h or 7d"}
	some problem in _problems({"accepted_justifications": ["trust_me"]})
	startswith(problem, `p.vex.accepted_justifications has "trust_me"; there are code_not_present, code_not_reachable, component_not_present, `)
}
