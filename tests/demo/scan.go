package main

import (
	"time"

	"github.com/waxseal/waxseal/tests/fixture"
)

// scanned attests a report that was made some time ago, with a database of some age.
func (p pushed) scanned(ago, database time.Duration, found ...fixture.Vulnerability) error {
	return p.attest(p.w.scanner, fixture.ScanType, fixture.ScanPredicate(p.repository, p.w.now.Add(-ago), p.w.now.Add(-database), found...))
}
