# METADATA
# title: The namespace that conftest asks when it is told no other
# description: The same as lib.waxseal.conftest; rules of one's own in package main stand beside it.
package main

import data.lib.waxseal.conftest

deny contains found if some found in conftest.deny

violation contains found if some found in conftest.violation

warn contains found if some found in conftest.warn
