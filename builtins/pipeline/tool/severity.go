package tool

import "strings"

// LeavesCritical says whether a list of severities has no CRITICAL, so that trivy
// ends well although it meets a critical finding. What is not known leaves nothing.
func LeavesCritical(severities string) bool {
	return severities != "" && !symbolic(severities) && !strings.Contains(strings.ToUpper(severities), "CRITICAL")
}

// LooksForVulnerabilities says whether vulnerabilities are among what trivy is asked
// to look for, as they are where nothing is asked for.
func LooksForVulnerabilities(scanners string) bool {
	return scanners == "" || symbolic(scanners) || strings.Contains(scanners, "vuln")
}
