package lib.waxseal.exemptions_test

import data.lib.waxseal.clock
import data.lib.waxseal.exemptions
import data.lib.waxseal.host

_rules(expires) := {"exempt": [{"images": ["ghcr.io/shop/*"], "owner": "o", "reason": "r", "expires": expires}]}

test_exemptions if {
	at := clock.instant("2026-11-26T12:00:00Z")
	names := {"ghcr.io/shop/app"}
	used := exemptions.used(_rules("2026-12-31"), "images", names) with host.now as at
	{entry | some entry in used} == {entry | some entry in _rules("2026-12-31").exempt}
	ended := exemptions.lapsed(_rules("2026-11-25"), "images", names) with host.now as at
	count(ended) == 1
	none := [exemptions.used({}, "images", names), exemptions.lapsed({}, "images", names), exemptions.used(_rules("2026-12-31"), "images", {"", "ghcr.io/other/app"})] with host.now as at
	none == [set(), set(), set()]
}

test_exemptions_that_are_wrong if {
	good := _rules("2026-12-31").exempt[0]
	exemptions.problems("p", {"exempt": [good]}, "images") == set()
	exemptions.problems("p", {}, "images") == set()
	exemptions.problems("p", {"exempt": [{"expires": "2026-13-01", "images": ["a?"]}]}, "images") == {
		"p.exempt[0] has no owner",
		"p.exempt[0] has no reason",
		"p.exempt[0] needs an end, as a day like 2026-12-31",
		`p.exempt[0] has the pattern "a?" in images: write a name, with * for any characters but a slash`,
	}
	exemptions.problems("p", {"exempt": [object.remove(good, ["images"])]}, "images") == {"p.exempt[0] has no images: it is for nothing"}
}
