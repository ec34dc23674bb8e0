package main

import "time"

// vulnerability is one finding of a report.
type vulnerability struct{ id, pkg, installed, fixed, severity, title string }

// scanned attests a Trivy report, as `cosign attest --type vuln` carries it:
// made some time ago, with a database of some age.
func (p pushed) scanned(ago, database time.Duration, found ...vulnerability) error {
	at := p.w.now.Add(-ago).Format(time.RFC3339)
	list := []any{}
	for _, v := range found {
		list = append(list, map[string]any{
			"VulnerabilityID": v.id, "PkgName": v.pkg, "InstalledVersion": v.installed, "FixedVersion": v.fixed,
			"Severity": v.severity, "Title": v.title, "Status": "fixed",
		})
	}
	return p.attest(p.w.scanner, "https://cosign.sigstore.dev/attestation/vuln/v1", map[string]any{
		"invocation": map[string]any{"uri": "", "event_id": "", "builder.id": ""},
		"scanner": map[string]any{
			"uri": "pkg:github/aquasecurity/trivy@0.69.3", "version": "0.69.3",
			"db": map[string]any{"uri": "", "version": "2", "lastUpdate": p.w.now.Add(-database).Format(time.RFC3339)},
			"result": map[string]any{
				"SchemaVersion": 2, "CreatedAt": at, "ArtifactName": p.repository, "ArtifactType": "container_image",
				"Results": []any{map[string]any{"Target": p.repository + " (debian 12)", "Class": "os-pkgs", "Type": "debian", "Vulnerabilities": list}},
			},
		},
		"metadata": map[string]any{"scanStartedOn": at, "scanFinishedOn": at},
	})
}
