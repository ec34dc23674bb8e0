package waxseal

import data.lib.waxseal.report

violation contains {"msg": found.msg, "details": found} if some found in report.violations

# Gatekeeper takes silence for consent.
violation contains {"msg": "waxseal came to no verdict, and nothing is admitted without one", "details": {}} if not report.violations
