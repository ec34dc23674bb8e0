// Package reporttest makes reports for the tests of what renders them.
package reporttest

import (
	"crypto/sha256"
	"fmt"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// Digest is a digest that follows from a name.
func Digest(name string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(name))) }

// Sample is an audit in which something of everything is found: two clusters,
// twelve images of which five are in violation and one cannot be told.
func Sample() *report.Report {
	r := &report.Report{
		Schema: report.SchemaID, Version: report.Version,
		Audit: report.Audit{
			Title: "Payment platform, 2026 Q4", Started: "2026-11-26T09:00:00Z", Ended: "2026-11-26T09:00:41Z", Now: "2026-11-26T09:00:00Z",
			Period: audit.Period{From: "2026-08-28T09:00:00Z", To: "2026-11-26T09:00:00Z"},
			Tool:   "v0.6.0", Bundle: Digest("bundle"), Config: Digest("waxseal.yaml"), Record: "audit-2026-q4",
			Bundles: []report.Named{
				{Name: "audit", Digest: Digest("bundle audit")}, {Name: "enforcement", Digest: Digest("bundle enforcement")},
				{Name: "images", Digest: Digest("bundle")}, {Name: "pipelines", Digest: Digest("bundle pipelines")},
			},
			Reperform: "waxseal audit --offline audit-2026-q4 --verify",
		},
		Scope:  scope(),
		Policy: policy(),
		Sample: report.Sample{
			Seed: 42, Size: 0, Drawn: 12, Of: 12, Method: "every image that runs was judged", Population: Digest("population"),
			Strata: []report.Strata{{Namespace: "prod-eu/shop", Images: 8, Drawn: 8}, {Namespace: "prod-eu/tools", Images: 2, Drawn: 2}, {Namespace: "staging/shop", Images: 2, Drawn: 2}},
		},
		Images: images(), Enforcement: enforcement(), Pipelines: pipelines(),
		Keys: keys(), Identities: identities(), Logs: logs(), Probes: probes(), Exceptions: exceptions(),
		Exit: 1,
	}
	r.Findings, r.Notes = findings(), notes()
	r.Controls = controls()
	r.Summary = summary(r)
	return r
}

func scope() report.Scope {
	return report.Scope{
		Clusters: []report.ScopeCluster{
			{Name: "prod-eu", Context: "prod-eu", Server: "https://10.0.0.1:6443", Version: "v1.36.3", Namespaces: []string{}, Excluded: []string{"kube-system"}, Pods: 168, Images: 10},
			{Name: "staging", Context: "staging", Server: "https://10.0.1.1:6443", Version: "v1.35.1", Namespaces: []string{"shop"}, Excluded: []string{}, Pods: 32, Images: 2},
		},
		Registries: []report.ScopeRegistry{
			{Host: "docker.io", Images: 1, Approved: audit.No},
			{Host: "registry.example", Images: 11, Approved: audit.Yes, Named: true},
		},
		Repositories: []string{"../shop", "../tools"},
		Logs:         []string{"logs/audit-prod.log.gz", "logs/registry.log"},
		Missing: []audit.Missing{
			{Part: "namespace", Name: "prod-eu/vault", Why: "pods is forbidden: User \"auditor\" cannot list resource \"pods\" in the namespace \"vault\": grant get and list on pods there (examples/audit/clusterrole.yaml)", Rests: "images"},
			{Part: "registry", Name: "registry.example/shop/mail", Why: "no answer within 30s, the deadline of the decision (limits.deadline)", Rests: "images"},
		},
	}
}

func policy() report.Policy {
	return report.Policy{
		File: "waxseal.yaml", Owner: "platform team", Approver: "security team", ReviewDate: "2027-06-01", Version: "7",
		Registries: []string{"registry.example/**"},
		Rules: []report.Rule{
			{Policy: "allowed_registries", Title: "Images are of approved registries", Words: []string{"Images have to be of registry.example/**."}, Controls: []string{"NIST-800-53:SR-3"}, On: true},
			{Policy: "scanned_images", Title: "Images are scanned, and what was found is tolerable", Words: []string{"A scan report of authority ci, not older than 7 days, by a database not older than 2 days.", "No critical finding, and no high one that has a fix."}, Controls: []string{"NIST-800-53:RA-5"}, On: true},
			{Policy: "signed_images", Title: "Images are signed by those who are trusted for them", Words: []string{"Authority release has to have signed registry.example/shop/**, with the key release."}, Controls: []string{"NIST-800-53:CM-14", "NIST-800-53:SR-4", "CWE:494"}, On: true},
			{Policy: "sbom_attached", Title: "Images carry an SBOM", Words: []string{}, Controls: []string{"NIST-800-53:SR-4"}, On: false},
		},
		Parameters: map[string]any{"allowed_registries": map[string]any{"registries": []any{"registry.example/**"}}},
	}
}

// row is what differs between the images of the sample.
type row struct {
	name, tag, verdict             string
	signed, scanned, registry      audit.Answer
	pods                           int
	cluster, namespace, kind, unit string
	codes                          []string
}

var rows = []row{
	{"registry.example/shop/cart", "v4.2.0", "admitted", audit.Yes, audit.Yes, audit.Yes, 30, "prod-eu", "shop", "Deployment", "cart", nil},
	{"registry.example/shop/catalog", "v1.9.3", "admitted", audit.Yes, audit.Yes, audit.Yes, 24, "prod-eu", "shop", "Deployment", "catalog", nil},
	{"registry.example/shop/checkout", "v2.0.1", "denied", audit.No, audit.Yes, audit.Yes, 18, "prod-eu", "shop", "Deployment", "checkout", []string{"signed_images.unsigned"}},
	{"registry.example/shop/currency", "v0.3.0", "denied", audit.No, audit.Yes, audit.Yes, 12, "prod-eu", "shop", "Deployment", "currency", []string{"signed_images.untrusted"}},
	{"registry.example/shop/mail", "v1.0.0", "cannot_tell", audit.CannotTell, audit.CannotTell, audit.Yes, 6, "prod-eu", "shop", "StatefulSet", "mail", []string{"scanned_images.unknown", "signed_images.unknown"}},
	{"registry.example/shop/payment", "v3.1.4", "denied", audit.Yes, audit.No, audit.Yes, 36, "prod-eu", "shop", "Deployment", "payment", []string{"scanned_images.findings"}},
	{"registry.example/shop/report", "", "admitted", audit.Yes, audit.Yes, audit.Yes, 4, "prod-eu", "shop", "CronJob", "report", nil},
	{"registry.example/shop/shipping", "v1.1.0", "denied", audit.Yes, audit.No, audit.Yes, 20, "prod-eu", "shop", "Deployment", "shipping", []string{"scanned_images.scan_too_old"}},
	{"docker.io/library/busybox", "latest", "denied", audit.No, audit.No, audit.No, 2, "prod-eu", "tools", "DaemonSet", "debug", []string{"allowed_registries.not_approved", "scanned_images.no_report", "signed_images.no_authority"}},
	{"registry.example/tools/agent", "v12", "admitted", audit.Yes, audit.Yes, audit.Yes, 16, "prod-eu", "tools", "DaemonSet", "agent", nil},
	{"registry.example/shop/cart", "v4.3.0-rc.1", "admitted", audit.Yes, audit.Yes, audit.Yes, 16, "staging", "shop", "Deployment", "cart", nil},
	{"registry.example/shop/catalog", "v2.0.0-rc.2", "admitted", audit.Yes, audit.Yes, audit.Yes, 16, "staging", "shop", "Deployment", "catalog", nil},
}

// digest is the digest of the image in a row.
func (r row) digest() string { return Digest(r.name + ":" + r.tag) }

func (r row) places() []audit.Workload {
	return []audit.Workload{{Cluster: r.cluster, Namespace: r.namespace, Kind: r.kind, Name: r.unit, Pods: r.pods}}
}

func images() []report.Image {
	var out []report.Image
	for _, r := range rows {
		img := report.Image{Image: audit.Image{
			Ref: r.name + "@" + r.digest(), Repository: r.name, Tag: r.tag, Digest: r.digest(), Runtime: r.name, TagDigest: r.digest(), TagState: "same",
			Sampled: true, Pods: r.pods, Containers: r.pods, Workloads: r.places(), Namespaces: []string{r.cluster + "/" + r.namespace}, Since: "2026-11-02T07:15:00Z",
			Verdict: r.verdict, Signed: r.signed, Scanned: r.scanned, Registry: r.registry, SBOM: audit.NotAsked, Provenance: audit.NotAsked, Codes: append([]string{}, r.codes...),
		}, Signers: []report.Signer{}, Findings: []string{}, Exceptions: []string{}, Evidence: r.evidence(), Command: "waxseal verify -c waxseal.yaml " + r.name + "@" + r.digest()}
		if r.tag == "" {
			img.TagDigest, img.TagState = "", "none"
		}
		if r.unit == "catalog" && r.cluster == "prod-eu" {
			img.TagDigest, img.TagState = Digest("moved"), "moved"
		}
		if r.signed == audit.Yes {
			img.Signers = []report.Signer{{Kind: "key", Name: "release", KeyID: Digest("key release"), Format: "bundle", Digest: Digest("signature of " + img.Ref), SignedAt: "2026-10-30T12:00:05Z", LogIndex: 412}}
		}
		if r.scanned != audit.CannotTell && r.registry == audit.Yes {
			img.Scan = r.scan()
		}
		for _, code := range r.codes {
			img.Findings = append(img.Findings, id(code, img.Ref))
		}
		out = append(out, img)
	}
	return out
}

func (r row) evidence() []report.Evidence {
	return []report.Evidence{
		{Request: "cosign.verify", OK: r.signed == audit.Yes, Codes: []string{}, Digests: []string{Digest("signature of " + r.name)}},
		{Request: "scan.findings", OK: r.scanned == audit.Yes, Codes: []string{}, Digests: []string{Digest("scan of " + r.name)}},
	}
}

func (r row) scan() *report.Scan {
	s := &report.Scan{
		Scanner: "trivy", Version: "0.69.3", ScannedAt: "2026-11-25T22:00:00Z", DatabaseAt: "2026-11-25T18:00:00Z",
		Severities: map[string]int{"critical": 0, "high": 0, "medium": 3, "low": 11, "unknown": 0}, Fixable: 2, Suppressed: 1, Signer: "ci", Worst: []string{"CVE-2026-1111"},
	}
	switch r.unit {
	case "payment":
		s.Severities["critical"], s.Worst = 1, []string{"CVE-2024-3094", "CVE-2026-1111"}
	case "shipping":
		s.ScannedAt, s.DatabaseAt = "2026-09-14T22:00:00Z", "2026-09-14T18:00:00Z"
	}
	return s
}

// id is the id of a finding of the sample.
func id(code, about string) string { return Digest(code + about)[7:19] }

var said = map[string]render.Violation{
	"signed_images.unsigned":          {Severity: "high", Title: "The image is not signed", Msg: `it is not signed, and a signature of authority "release" was expected`, Remediation: "Sign the image in the pipeline that builds it, or use an image that is signed.", Controls: []string{"NIST-800-53:CM-14", "NIST-800-53:SR-4", "CWE:494"}},
	"signed_images.untrusted":         {Severity: "high", Title: "The image is not signed by the authority", Msg: `no signature is what authority "release" asks for`, Remediation: "Have the image signed with a key or identity of this authority; if it should be, treat the image as tampered with.", Controls: []string{"NIST-800-53:CM-14", "NIST-800-53:SR-4"}},
	"signed_images.unknown":           {Severity: "medium", Title: "Whether the image is signed cannot be told now", Msg: `whether authority "release" signed it cannot be told now: no answer within 30s`, Remediation: "Try again.", Controls: []string{"NIST-800-53:CM-14"}, Errors: []render.Error{{Code: "timeout", Message: "no answer within 30s, the deadline of the decision (limits.deadline)", Retryable: true}}},
	"signed_images.no_authority":      {Severity: "high", Title: "No authority is trusted for this image", Msg: "no authority is trusted for its repository, and a trusted signature was expected", Remediation: "Use an image of a repository that an authority is trusted for.", Controls: []string{"NIST-800-53:CM-14"}},
	"scanned_images.findings":         {Severity: "critical", Title: "The scan found what is not tolerated", Msg: "1 critical finding: CVE-2024-3094 of xz-utils 5.6.0-0.2 (fixed in 5.6.1+really5.4.5-1)", Remediation: "Update the packages, build and scan again.", Controls: []string{"NIST-800-53:RA-5"}},
	"scanned_images.scan_too_old":     {Severity: "medium", Title: "The scan is too old", Msg: "the newest scan is of 2026-09-14T22:00:00Z, and not older than 7 days was expected", Remediation: "Scan the image again.", Controls: []string{"NIST-800-53:RA-5"}},
	"scanned_images.no_report":        {Severity: "high", Title: "There is no scan report", Msg: "there is no verified scan report", Remediation: "Scan the image, and attest the report.", Controls: []string{"NIST-800-53:RA-5"}},
	"scanned_images.unknown":          {Severity: "medium", Title: "Whether the image is scanned cannot be told now", Msg: "whether it is scanned cannot be told now: no answer within 30s", Remediation: "Try again.", Controls: []string{"NIST-800-53:RA-5"}, Errors: []render.Error{{Code: "timeout", Message: "no answer within 30s", Retryable: true}}},
	"allowed_registries.not_approved": {Severity: "high", Title: "The registry is not approved", Msg: "docker.io/library/busybox is of no approved registry; registry.example/** was expected", Remediation: "Copy the image to an approved registry, and use it from there.", Controls: []string{"NIST-800-53:SR-3"}},
}

func findings() []report.Finding {
	var out []report.Finding
	for _, r := range rows {
		for _, code := range r.codes {
			v := said[code]
			v.Code, v.Image = code, r.name+"@"+r.digest()
			v.Policy = code[:indexDot(code)]
			v.Msg = fmt.Sprintf("image %q of container \"app\" in %s %s/%s: %s", v.Image, r.kind, r.namespace, r.unit, v.Msg)
			v.Where = render.Where{Kind: "Pod", Namespace: r.namespace, Name: r.unit, Path: "spec.containers[0]", Container: "app"}
			out = append(out, found("image", v, func(f *report.Finding) { f.Digest, f.Cluster, f.Places = r.digest(), r.cluster, r.places() }))
		}
	}
	return append(out, others()...)
}

func indexDot(code string) int {
	for i, c := range code {
		if c == '.' {
			return i
		}
	}
	return len(code)
}

func found(about string, v render.Violation, fill func(*report.Finding)) report.Finding {
	if v.Errors == nil {
		v.Errors = []render.Error{}
	}
	f := report.Finding{ID: id(v.Code, v.Image+v.Where.File+v.Where.Name), About: about, Places: []audit.Workload{}, Rows: rowsOf(v.Policy), Answered: v.Answered(), Violation: v}
	if about == "image" {
		f.ID = id(v.Code, v.Image)
	}
	fill(&f)
	return f
}

func rowsOf(policy string) []string {
	return map[string][]string{
		"signed_images": {"A4", "A6", "B4", "B5"}, "scanned_images": {"A4", "A5", "B4"}, "allowed_registries": {"A4", "B4", "D4"},
		"enforcement_verifies_images": {"A2", "B3", "C1", "D6"}, "pipeline_signs_images": {"B7", "C1"}, "audit_keeps_keys": {"A6", "B1", "D5"},
		"audit_logs_show_no_bypass": {"A7", "B8"}, "audit_probes_are_refused": {"A8", "B6"}, "audit_runs_what_was_verified": {"B4"},
	}[policy]
}

func others() []report.Finding {
	controls := []string{"NIST-800-53:CM-14"}
	return []report.Finding{
		found("enforcement", render.Violation{Code: "enforcement_verifies_images.gap", Policy: "enforcement_verifies_images", Severity: "high", Title: "A rule has a gap", Msg: "Constraint WaxsealImages images of cluster staging leaves out the namespace tools. Every namespace was expected.", Remediation: "Take the namespace out of spec.match.excludedNamespaces.", Controls: controls, Where: render.Where{Kind: "WaxsealImages", Name: "images"}}, func(f *report.Finding) { f.Cluster = "staging" }),
		found("pipeline", render.Violation{Code: "pipeline_signs_images.not_signed", Policy: "pipeline_signs_images", Severity: "high", Title: "The pipeline does not sign what it pushes", Msg: ".github/workflows/release.yml:41: image \"registry.example/shop/checkout\": it is pushed and not signed. A signature by digest was expected.", Remediation: "Sign the digest that was pushed, as in the snippet.", Image: "registry.example/shop/checkout", Controls: controls, Where: render.Where{Kind: "Pipeline", Name: ".github/workflows/release.yml", File: ".github/workflows/release.yml", Line: 41}, Snippet: "- run: cosign sign --yes registry.example/shop/checkout@${{ steps.build.outputs.digest }}"}, func(f *report.Finding) { f.Repository = "../shop" }),
		found("running", render.Violation{Code: "audit_runs_what_was_verified.tag_moved", Policy: "audit_runs_what_was_verified", Severity: "medium", Title: "The tag means another image now", Msg: "image registry.example/shop/catalog:v1.9.3 in prod-eu: what runs is " + rows[1].digest() + ", and the tag means " + Digest("moved") + " now.", Remediation: "Name images by digest, and roll out what was released.", Image: "registry.example/shop/catalog@" + rows[1].digest(), Controls: controls, Where: render.Where{Kind: "Image", Name: "registry.example/shop/catalog:v1.9.3"}}, func(f *report.Finding) {
			f.Digest, f.Cluster, f.Places = rows[1].digest(), "prod-eu", rows[1].places()
		}),
		found("key", render.Violation{Code: "audit_keeps_keys.too_old", Policy: "audit_keeps_keys", Severity: "medium", Title: "The key was not rotated in time", Msg: "key \"release\": it was last rotated on 2025-06-01, 543 days ago, and within 365 days was expected.", Remediation: "Make a new key, sign with it, and take the old one out.", Controls: controls, Where: render.Where{Kind: "Key", Name: "release"}}, func(*report.Finding) {}),
		found("key", render.Violation{Code: "audit_keeps_keys.not_listed", Policy: "audit_keeps_keys", Severity: "high", Title: "A key is trusted that is not in the inventory", Msg: "key sha256:1f0c…: ClusterImagePolicy legacy of cluster staging trusts it, and waxseal.yaml does not list it.", Remediation: "List it under keys with owner and approver, or take the trust away.", Controls: controls, Where: render.Where{Kind: "Key", Name: Digest("key legacy")}}, func(f *report.Finding) { f.Cluster = "staging" }),
		found("log", render.Violation{Code: "audit_logs_show_no_bypass.admitted_unsigned", Policy: "audit_logs_show_no_bypass", Severity: "high", Title: "An unsigned image was admitted", Msg: "image registry.example/shop/checkout@" + rows[2].digest() + ": user alice@example created it 3 times in namespace shop from 2026-11-03 on, and it is not signed.", Remediation: "Find out why the rule let it in.", Image: "registry.example/shop/checkout@" + rows[2].digest(), Controls: controls, Where: render.Where{Kind: "Log", Namespace: "shop", Name: "logs/audit-prod.log.gz"}}, func(f *report.Finding) { f.Digest, f.Cluster = rows[2].digest(), "prod-eu" }),
		found("probe", render.Violation{Code: "audit_probes_are_refused.admitted", Policy: "audit_probes_are_refused", Severity: "critical", Title: "A Pod was admitted that must not be", Msg: "probe unscanned in namespace tools of cluster staging: it was admitted. A refusal by scanned_images was expected.", Remediation: "See which rule leaves the namespace out.", Controls: controls, Where: render.Where{Kind: "Probe", Namespace: "tools", Name: "unscanned"}}, func(f *report.Finding) { f.Cluster = "staging" }),
	}
}

func notes() []report.Finding {
	v := render.Violation{Code: "scanned_images.excepted", Policy: "scanned_images", Severity: "low", Title: "A finding is excepted", Msg: "CVE-2026-2222 of openssl is excepted by EX-7 until 2026-12-15", Remediation: "", Image: "registry.example/shop/cart@" + rows[0].digest(), Controls: []string{"NIST-800-53:RA-5"}}
	return []report.Finding{found("image", v, func(f *report.Finding) { f.Digest, f.Cluster, f.Places = rows[0].digest(), "prod-eu", rows[0].places() })}
}
