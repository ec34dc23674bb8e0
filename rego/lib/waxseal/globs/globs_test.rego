package lib.waxseal.globs_test

import data.lib.waxseal.globs

test_valid if {
	every pattern in ["a", "CHG-*", "*-rc", "a*b*c", "https://host/*/x"] {
		globs.valid(pattern)
	}
	wrong := {pattern | some pattern in ["", "*", "**", "*/*", "a**b", "a?", "[a]", "{a,b}", `a\*`, "!a", 5, null]; globs.valid(pattern)}
	wrong == set()
}

test_matches if {
	globs.matches("CHG-1042", "CHG-*")
	globs.matches("https://host/a/x", "https://host/*/x")
	wrong := {pair |
		some pair in [["", "CHG-*"], ["CHG-1", "CHG"], ["xCHG-1", "CHG-*"], ["CHG-1/2", "CHG-*"], ["chg-1", "CHG-*"], [5, "5"], [true, "true"], ["x", "*"], ["abc", "a?c"]]
		globs.matches(pair[0], pair[1])
	}
	wrong == set()
}
