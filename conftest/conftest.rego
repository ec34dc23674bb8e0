# METADATA
# title: What conftest reads
# description: >-
#   The namespace lib.waxseal.conftest. Violations are failures, what could not be
#   judged is a failure too, notes are warnings. Each has msg; the rest is metadata.
package lib.waxseal.conftest

import data.lib.waxseal.host
import data.lib.waxseal.report

deny contains found if some found in report.violations

# conftest takes silence for consent.
deny contains {"msg": "waxseal came to no verdict, and nothing is admitted without one"} if not report.violations

# An empty document (a comment between two ---) is null in conftest, and nothing that anybody applies.
violation contains object.union(found, {"msg": msg, "code": "workload.not_judged"}) if {
	host.object != null
	some found in report.not_judged
	msg := sprintf("%s: %s", [_place(found.path), found.reason])
}

warn contains found if some found in report.notes

_place("") := "not judged"

_place(path) := sprintf("not judged: %s", [path]) if path != ""
