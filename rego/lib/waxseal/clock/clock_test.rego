package lib.waxseal.clock_test

import data.lib.waxseal.clock

test_instant if {
	clock.instant("1970-01-01T00:00:00Z") == 0
	clock.instant("1970-01-02T00:00:01.5Z") == 86401500000000
	clock.instant("1970-01-01T02:00:00+02:00") == 0
}

test_instant_of_what_is_none if {
	wrong := {text |
		some text in {
			"", "now", "1970-01-01", "1970-13-01T00:00:00Z", "1970-00-01T00:00:00Z", "1970-01-32T00:00:00Z", "1970-01-01T24:00:00Z",
			"1970-01-01T00:60:00Z", "1970-01-01T00:00:00", " 1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z\n", "1970-1-1T00:00:00Z", 0, null, true,
		}
		clock.instant(text)
	}
	wrong == set()
}

test_end if {
	clock.end("1970-01-01T00:00:00Z") == 0
	clock.end("1970-01-01") == 86400000000000
	wrong := {text | some text in {"", "1970-01", "1970-02-32", "never", 5, null}; clock.end(text)}
	wrong == set()
}

test_duration if {
	[clock.duration(text) | some text in ["1s", "2m", "3h", "4d", "5w", "100000h"]] == [1000000000, 120000000000, 10800000000000, 345600000000000, 3024000000000000, 360000000000000000]
	wrong := {text | some text in {"", "0h", "h", "1", "1y", "-1h", "1.5h", "1h30m", " 1h", "1h ", "0x1h", "10000000h", 5, null}; clock.duration(text)}
	wrong == set()
}
