package waxseal

import data.lib.waxseal.report

violation contains {"msg": note.msg, "details": note} if some note in report.notes

# Silence says that there is nothing to note, so it is never taken for that.
violation contains {"msg": "waxseal came to no verdict, so that nobody knows what there is to note", "details": {}} if not report.notes
