package lib.waxseal.scans_test

import data.lib.waxseal.scans

_of(name, version, authority) := {"scanner": {"name": name, "version": version}, "authority": authority}

_missing(scanners, reports) := {[obstacle.state, obstacle.text] | some obstacle in scans.unmet(reports, _ready({"scanners": scanners}))}

test_unmet if {
	reports := {_of("trivy", "0.60.0", "team"), _of("trivy", "0.69.4", "other"), _of("grype", "dev", "team")}
	wrong := {scanners: found |
		some [scanners, unmet] in [
			[[], set()],
			[["trivy", "grype"], set()],
			[[{"name": "trivy"}], set()],
			[["snyk"], {["scanner_missing", "there is no report of snyk, and one was expected"]}],
			[[{"name": "trivy", "authority": "team"}], set()],
			[[{"name": "trivy", "authority": "third"}], {["scanner_missing", `there is no report of trivy by "third", and one was expected`]}],
			[[{"name": "trivy", "min_version": "0.61.0"}], set()],
			[
				[{"name": "trivy", "min_version": "0.61.0", "authority": "team"}],
				{["scanner_outdated", `the report of trivy by "team" is of version 0.60.0, and 0.61.0 or later was expected`]},
			],
			[[{"name": "trivy", "min_version": "1.0"}], {["scanner_outdated", "the report of trivy is of version 0.60.0, version 0.69.4, and 1.0 or later was expected"]}],
			[[{"name": "grype", "min_version": "0.1"}], {["scanner_outdated", "the report of grype is of version dev, and 0.1 or later was expected"]}],
			[["trivy", "snyk", {"name": "grype", "min_version": "0.1"}], {
				["scanner_missing", "there is no report of snyk, and one was expected"],
				["scanner_outdated", "the report of grype is of version dev, and 0.1 or later was expected"],
			}],
		]
		found := _missing(scanners, reports)
		found != unmet
	}
	wrong == {}
}

# GO-2026-4919: a release of a scanner was made by somebody else. Its version, and who signs its reports, can be named.
test_deny_scanner_of_go_2026_4919 if {
	scanner := {"name": "trivy", "denied_versions": ["0.69.4", "v0.69.5"], "min_version": "0.60.0"}
	_missing([scanner], {_of("trivy", "0.69.3", "team")}) == set()
	_missing([scanner], {_of("trivy", "0.69.6", "team")}) == set()
	every version in {"0.69.4", "v0.69.4", "0.69.5", "0.69.4+build"} {
		_missing([scanner], {_of("trivy", version, "team")}) == {["scanner_outdated", sprintf("the report of trivy is of version %s, and 0.60.0 or later and none of 0.69.4, v0.69.5 was expected", [version])]}
	}
	_missing([object.remove(scanner, ["min_version"])], {_of("trivy", "", "team")}) == {["scanner_outdated", "the report of trivy is of an unknown version, and none of 0.69.4, v0.69.5 was expected"]}
	_missing([{"name": "trivy", "authority": "team"}], {_of("trivy", "0.69.3", "stranger")}) == {["scanner_missing", `there is no report of trivy by "team", and one was expected`]}
}

test_unmet_of_any_scanner if {
	ready := _ready({"scanners": ["snyk", {"name": "trivy", "min_version": "0.60.0"}], "any_scanner": true})
	scans.unmet({_of("trivy", "0.60.0", "team")}, ready) == set()
	scans.unmet({_of("snyk", "", "team")}, ready) == set()
	{obstacle.state | some obstacle in scans.unmet({_of("trivy", "0.59.9", "team")}, ready)} == {"scanner_missing", "scanner_outdated"}
	scans.unmet({_of("trivy", "0.59.9", "team")}, _ready({"any_scanner": true})) == set()
}

# Versions are compared as versions, not as text.
test_versions if {
	wrong := {[version, least, accepted] |
		some [version, least, accepted] in [
			["0.60.0", "0.60.0", true],
			["0.100.0", "0.60.0", true],
			["0.9.0", "0.60.0", false],
			["v1", "0.60.0", true],
			["1.0", "1.0.0", true],
			["1.0.0", "1", true],
			["22.12.582.1", "22.12.582", true],
			["22.12.582", "22.12.582.1", false],
			["08.01.2", "8.1.2", true],
			["0.0.0", "0", true],
			["1.0.0-rc.1", "1.0.0", false],
			["1.0.1-rc.1", "1.0.0", true],
			["1.0.0+dirty", "1.0.0", true],
			["", "0", false],
			["dev", "0", false],
			["[not provided]", "0", false],
			["1.0.0.0.0", "0", false],
			["1.x", "0", false],
			["99999999999999999999", "0", false],
		]
		{accepted} != {accepts |
			unmet := scans.unmet({_of("trivy", version, "team")}, _ready({"scanners": [{"name": "trivy", "min_version": least}]}))
			accepts := unmet == set()
		}
	}
	wrong == set()
}

test_scanner_problems if {
	authorities := {"authorities": [{"name": "team"}]}
	wrong := {scanner: found |
		some [scanner, problems] in [
			["trivy", set()],
			[{"name": "trivy", "min_version": "v0.50", "denied_versions": ["0.69.4-rc1"], "authority": "team"}, set()],
			["", {"p.scanners[0] () has no name"}],
			[{"min_version": "1"}, {"p.scanners[0] (no name) has no name"}],
			[{"name": "trivy", "min_version": "latest"}, {"p.scanners[0] (trivy) has a min_version that is not one: write numbers like 0.50.0"}],
			[{"name": "trivy", "min_version": "1.0.0-rc1"}, {"p.scanners[0] (trivy) has a min_version that is not one: write numbers like 0.50.0"}],
			[{"name": "trivy", "denied_versions": []}, {"p.scanners[0] (trivy) has an empty list of denied_versions"}],
			[{"name": "trivy", "denied_versions": ["bad"]}, {`p.scanners[0] (trivy) has "bad" in denied_versions, which is not a version`}],
			[{"name": "trivy", "authority": "other"}, {`p.scanners[0] (trivy) names the authority "other", and there is none of this name`}],
		]
		found := _problems(object.union(authorities, {"scanners": [scanner]}))
		found != problems
	}
	wrong == {}
}
