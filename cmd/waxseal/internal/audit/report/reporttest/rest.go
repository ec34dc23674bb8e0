package reporttest

import (
	"fmt"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
)

func enforcement() []report.Cluster {
	object := func(cluster, verdict string, because ...string) report.AdmissionObject {
		return report.AdmissionObject{
			Kind: "WaxsealImages", Name: "images", About: "signatures, scans, registries", Verdict: verdict, Because: append([]string{}, because...), Digest: Digest("constraint of " + cluster),
			Exported: map[string]any{"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "WaxsealImages", "metadata": map[string]any{"name": "images"}, "spec": map[string]any{"enforcementAction": "deny"}},
		}
	}
	return []report.Cluster{
		{Name: "prod-eu", Verdict: "enforces", Line: "verification enforced via WaxsealImages images", Via: []string{"WaxsealImages images"}, Objects: []report.AdmissionObject{object("prod-eu", "enforces")},
			Covered: report.Covered{Namespaces: report.Of{Part: 12, Whole: 12}, Workloads: report.Of{Part: 41, Whole: 41}, Containers: report.Of{Part: 168, Whole: 168}, Uncovered: []string{}, Exempt: []string{"gatekeeper-system"}}},
		{Name: "staging", Verdict: "enforces_with_gap", Line: "verification enforced with gaps via WaxsealImages images", Via: []string{"WaxsealImages images"}, Objects: []report.AdmissionObject{object("staging", "enforces_with_gap", "namespace_left_out")},
			Covered: report.Covered{Namespaces: report.Of{Part: 3, Whole: 4}, Workloads: report.Of{Part: 9, Whole: 10}, Containers: report.Of{Part: 31, Whole: 32}, Uncovered: []string{"tools"}, Exempt: []string{}}},
	}
}

func pipelines() []report.Repository {
	built := func(name string, line int, signed string) report.Built {
		b := report.Built{Image: "registry.example/" + name, Pipeline: ".github/workflows/release.yml", File: ".github/workflows/release.yml", Line: line, Pushed: true, Signed: signed, Scanned: "yes", Gates: "yes", Attested: "no", Admitted: signed == "yes", SignedBy: []string{}, ScannedBy: []string{"trivy"}}
		if signed == "yes" {
			b.SignedBy = []string{"cosign"}
		}
		return b
	}
	return []report.Repository{
		{Name: "../shop", Commit: "7c2f0e1d5b0a4d3a9c6e8f7a6b5c4d3e2f1a0b9c", Line: "2 of 3 images are signed", Images: []report.Built{built("shop/cart", 18, "yes"), built("shop/catalog", 29, "yes"), built("shop/checkout", 41, "no")}},
		{Name: "../tools", Commit: "", Line: "1 of 1 images are signed", Images: []report.Built{built("tools/agent", 12, "yes")}},
	}
}

func keys() []audit.Key {
	return []audit.Key{
		{Name: "release", Fingerprint: Digest("key release"), Algorithm: "ECDSA", Bits: 256, Lives: "kms", At: "awskms:///alias/release", Owner: "release team", Approver: "security team", Purpose: "images of the shop", Created: "2024-02-01", Rotated: "2025-06-01", Listed: true, Trusted: []audit.Trust{{Where: "waxseal.yaml policies.signed_images.authorities[0]", Images: []string{"registry.example/shop/**"}}}, Images: 9},
		{Name: "nightly", Fingerprint: Digest("key nightly"), Algorithm: "RSA", Bits: 2048, Lives: "file", At: "nightly.pub", Owner: "release team", Approver: "", Purpose: "", Created: "2026-03-01", Listed: true, Trusted: []audit.Trust{}},
		{Fingerprint: Digest("key legacy"), Algorithm: "ECDSA", Bits: 256, Lives: "cluster", At: "staging ClusterImagePolicy legacy spec.authorities[0].key.data", Trusted: []audit.Trust{{Where: "cluster staging ClusterImagePolicy legacy", Images: []string{"**"}}}},
	}
}

func identities() []audit.Identity {
	return []audit.Identity{{
		Issuer: "https://token.actions.githubusercontent.com", Subject: `https://github\.com/acme/[^/]+/\.github/workflows/release\.yml@refs/tags/v.+`, Pattern: true, Extensions: []string{},
		Words:   "the workflow release.yml of any repository of the GitHub organisation acme, on a tag v…",
		Trusted: []audit.Trust{{Where: "waxseal.yaml policies.attested_build.authorities[0]", Images: []string{"registry.example/**"}}},
	}}
}

func logs() audit.Logs {
	out := audit.Logs{
		Sources: []audit.LogSource{
			{Name: "logs/audit-prod.log.gz", Format: "kubernetes-audit", Lines: 912344, Bytes: 81920031, Events: 912340, From: "2026-08-28T00:00:02Z", To: "2026-11-26T08:59:58Z", Unread: 4, Problem: "logs/audit-prod.log.gz:1203: unexpected end of JSON input: the line was cut"},
			{Name: "logs/registry.log", Format: "registry-access", Lines: 20411, Bytes: 3800112, Events: 20411, From: "2026-09-01T00:10:00Z", To: "2026-11-26T08:58:00Z"},
		},
		RBAC: 41, Other: 3, Reasons: []audit.Reason{{Reason: "rbac", Name: "pods", Count: 41, First: "2026-09-01T00:00:00Z", Last: "2026-11-20T00:00:00Z", Message: `pods is forbidden: User "bob@example" cannot create resource "pods"`}}, Rejections: []audit.Rejection{}, Admissions: []audit.Admission{},
	}
	for i := range 24 {
		day := fmt.Sprintf("2026-%02d-%02d", 9+i/10, 1+(i*7)%28)
		rule, image, registry := "signed_images.unsigned", "registry.example/shop/checkout:v2.0.1", "registry.example"
		if i%3 == 0 {
			rule, image, registry = "allowed_registries.not_approved", "docker.io/library/nginx:latest", "docker.io"
		}
		out.Rejections = append(out.Rejections, audit.Rejection{
			Day: day, System: "gatekeeper", Rule: rule, Image: image, Registry: registry, Namespace: []string{"shop", "tools"}[i%2], User: []string{"alice@example", "bob@example", "system:serviceaccount:argocd:argocd"}[i%3],
			Source: "logs/audit-prod.log.gz", Action: "deny", Count: 1 + i%5, First: day + "T08:00:00Z", Last: day + "T17:00:00Z", Message: `admission webhook "validation.gatekeeper.sh" denied the request: [images] image "` + image + `" is refused`,
		})
	}
	out.Admissions = []audit.Admission{
		{Image: "registry.example/shop/checkout@" + rows[2].digest(), Registry: "registry.example", Digest: rows[2].digest(), Namespace: "shop", User: "alice@example", Source: "logs/audit-prod.log.gz", How: "admitted", Count: 3, First: "2026-11-03T10:00:00Z", Last: "2026-11-20T10:00:00Z", Signed: audit.No, Allowed: audit.Yes},
		{Image: "registry.example/shop/cart@" + rows[0].digest(), Registry: "registry.example", Digest: rows[0].digest(), Namespace: "", User: "node-3", Source: "logs/registry.log", How: "pulled", Count: 12, First: "2026-11-03T10:00:00Z", Last: "2026-11-20T10:00:00Z", Signed: audit.Yes, Allowed: audit.Yes},
	}
	return out
}

func probes() []audit.Probe {
	probe := func(name, cluster, namespace, expected, rule, outcome string, status int, message string, codes ...string) audit.Probe {
		return audit.Probe{Name: name, Cluster: cluster, Namespace: namespace, Image: "registry.example/probe/" + name + "@" + Digest("probe "+name), Expected: expected, Rule: rule, Outcome: outcome, By: "validation.gatekeeper.sh", Codes: append([]string{}, codes...), Status: status, Message: message, Warnings: []string{}, At: "2026-11-26T09:00:30Z"}
	}
	denied := `admission webhook "validation.gatekeeper.sh" denied the request: [images] image "registry.example/probe/unsigned" of container "probe" in Pod shop/waxseal-probe: it is not signed, and a signature of authority "release" was expected.`
	return []audit.Probe{
		probe("acceptable", "prod-eu", "shop", "admitted", "", "admitted", 201, ""),
		probe("unapproved_registry", "prod-eu", "shop", "refused", "allowed_registries", "refused", 403, `admission webhook "validation.gatekeeper.sh" denied the request: [images] unapproved.invalid/x is of no approved registry`, "allowed_registries.not_approved"),
		probe("unscanned", "prod-eu", "shop", "refused", "scanned_images", "refused", 403, `admission webhook "validation.gatekeeper.sh" denied the request: [images] there is no verified scan report`, "scanned_images.no_report"),
		probe("unsigned", "prod-eu", "shop", "refused", "signed_images", "refused", 403, denied, "signed_images.unsigned"),
		probe("unscanned", "staging", "tools", "refused", "scanned_images", "admitted", 201, ""),
	}
}

func exceptions() []report.Exception {
	return []report.Exception{
		{ID: "EX-4", Policy: "scanned_images", Owner: "shop team", Reason: "not reachable", Expires: "2026-10-01", State: "expired"},
		{ID: "EX-7", Policy: "scanned_images", Owner: "shop team", Reason: "fix is scheduled", Expires: "2026-12-15", State: "used", Images: 1},
	}
}

func controls() []report.Control {
	row := func(id, title string, status report.Status, section, answer string, findings []string, missing ...string) report.Control {
		return report.Control{ID: id, Table: id[:1], Title: title, Status: status, Answer: answer, Controls: []string{"NIST-800-53:CM-14"}, Findings: append([]string{}, findings...), Missing: append([]string{}, missing...), Section: section, Command: "waxseal " + map[string]string{"policy": "policy show", "enforcement": "enforcement --cluster", "pipelines": "pipeline ../shop", "logs": "audit --log logs/audit-prod.log.gz", "keys": "keys", "probes": "probe -n shop"}[section]}
	}
	all := others()
	images := []string{}
	for _, f := range findings() {
		if f.About == "image" {
			images = append(images, f.ID)
		}
	}
	return []report.Control{
		row("A1", "Obtain the image policy and the list of approved registries", report.Pass, "policy", "waxseal.yaml version 7, owned by platform team, approved by security team, to be reviewed on 2027-06-01; approved: registry.example/**.", nil),
		row("A2", "Confirm that admission control enforces signature verification", report.Fail, "enforcement", "1 of 2 clusters enforces without a gap.", []string{all[0].ID}),
		row("A3", "Find every stage of the pipeline where scanning is mandated", report.Pass, "pipelines", "4 of 4 images are scanned, by a scan that can stop the pipeline.", nil),
		row("A4", "Take a sample of running images", report.Inconclusive, "images", "12 of 12 images that run were judged.", nil, "namespace prod-eu/vault could not be read"),
		row("A5", "For each, the scan results", report.Fail, "images", "8 of 12 images are scanned; 3 are not, or not tolerably.", images[3:6]),
		row("A6", "For each, verify the signature; confirm who controls the key", report.Fail, "images", "8 of 12 images are signed.", images[:3]),
		row("A7", "Look in the logs for rejected pulls from unapproved registries", report.Fail, "logs", "71 rejections by 2 rules in 90 days.", []string{all[5].ID}),
		row("A8", "Try to deploy an unsigned, unscanned image from an unapproved registry", report.Fail, "probes", "4 of 5 probes were answered as expected.", []string{all[6].ID}),
		row("B1", "Review the signing policy: authorities, key management, registries", report.Fail, "keys", "3 keys, 1 identity; 1 key is trusted and not listed.", []string{all[3].ID, all[4].ID}),
		row("B2", "List clusters, registries and pipelines in scope", report.Inconclusive, "scope", "2 clusters, 2 registries, 2 repositories.", nil, "namespace prod-eu/vault could not be read"),
		row("B3", "Export the admission configuration", report.Fail, "enforcement", "2 objects were exported.", []string{all[0].ID}),
		row("B4", "Sample running images: digests, signatures, metadata from the runtime", report.Fail, "images", "12 images by the digests that run.", []string{all[2].ID}),
		row("B5", "Verify each signature with the organisation's keys", report.Fail, "images", "8 of 12 images are signed.", images[:3]),
		row("B6", "Attempt an unsigned deployment", report.Pass, "probes", "It was refused by signed_images.unsigned.", nil),
		row("B7", "Confirm that signing happens at publication in the pipeline", report.Fail, "pipelines", "3 of 4 images are signed.", []string{all[1].ID}),
		row("B8", "Examine registry and signing-service logs", report.Fail, "logs", "1 unsigned digest was admitted.", []string{all[5].ID}),
		row("C1", "All images are signed in CI, and the cluster enforces verification", report.Fail, "pipelines", "3 of 4 images are signed; verification enforced with gaps via WaxsealImages images.", []string{all[0].ID, all[1].ID}),
		row("D1", "Scan before you sign", report.Pass, "pipelines", "Every image is scanned before it is signed.", nil),
		row("D2", "SBOM attached and verified", report.Inconclusive, "images", "No rule asks for it.", nil, "sbom_attached is off"),
		row("D3", "Provenance verified against the expected builder and source", report.NotApplicable, "images", "The project builds no images.", nil, "no repository is in scope"),
		row("D4", "Private registries only", report.Fail, "images", "11 of 12 images are of approved registries.", nil),
		row("D5", "Keys in a KMS or secret manager", report.Fail, "keys", "1 of 2 keys is in a KMS.", []string{all[3].ID}),
		row("D6", "Verification again at deployment, and always at admission", report.Fail, "enforcement", "1 of 2 clusters enforces without a gap.", []string{all[0].ID}),
	}
}

func summary(r *report.Report) report.Summary {
	s := report.Summary{
		Status: report.Fail, Line: "3 of 4 images are signed; verification enforced with gaps via WaxsealImages images.",
		Pods: 200, Pending: 3, Images: len(r.Images), Judged: len(r.Images), Built: report.Share{Yes: 3, No: 1}, Enforced: "WaxsealImages images",
		Findings: len(r.Findings), OldestScan: "2026-09-14T22:00:00Z",
	}
	for _, i := range r.Images {
		switch i.Verdict {
		case "admitted":
			s.Admitted++
		case "denied":
			s.Denied++
		default:
			s.CannotTell++
		}
		for _, q := range []struct {
			to     *report.Share
			answer audit.Answer
		}{{&s.Signed, i.Signed}, {&s.Scanned, i.Scanned}, {&s.Registry, i.Registry}, {&s.SBOM, i.SBOM}, {&s.Provenance, i.Provenance}} {
			switch q.answer {
			case audit.Yes:
				q.to.Yes++
			case audit.No:
				q.to.No++
			case audit.CannotTell:
				q.to.CannotTell++
			case audit.NotAsked:
				q.to.NotAsked++
			}
		}
	}
	for _, row := range r.Logs.Rejections {
		s.Rejections += row.Count
	}
	for _, c := range r.Controls {
		switch c.Status {
		case report.Pass:
			s.ControlsPass++
		case report.Fail:
			s.ControlsFail++
		case report.Inconclusive:
			s.Inconclusive++
		case report.NotApplicable:
			s.NotAppl++
		}
	}
	return s
}
