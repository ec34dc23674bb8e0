package lib.waxseal.place_test

import data.lib.waxseal.place

test_text if {
	place.text(["spec", "containers", 0, "image"]) == "spec.containers[0].image"
	place.text([0, "a.b", ""]) == `[0]["a.b"][""]`
	place.text([]) == ""
}
