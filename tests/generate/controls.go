package main

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// standard is a standard whose controls rules name, with what it calls them.
type standard struct {
	name, title, link string
	controls          map[string]string
}

// standards are those that METADATA may name. A control that is not here, or that no
// rule names, is a mistake.
var standards = []standard{
	{"NIST-800-53", "NIST SP 800-53, revision 5", "https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final", map[string]string{
		"AC-6": "Least privilege", "CM-3": "Configuration change control", "CM-8": "System component inventory", "CM-14": "Signed components",
		"IA-5": "Authenticator management", "RA-5": "Vulnerability monitoring and scanning", "SC-12": "Cryptographic key establishment and management",
		"SC-13": "Cryptographic protection", "SI-2": "Flaw remediation", "SI-7": "Software, firmware, and information integrity", "SR-3": "Supply chain controls and processes",
		"SR-4": "Provenance", "SR-11": "Component authenticity", "AU-6": "Audit record review, analysis, and reporting", "CA-2": "Control assessments", "CA-7": "Continuous monitoring", "CA-8": "Penetration testing",
		"AU-2": "Event logging", "AU-12": "Audit record generation", "CM-7": "Least functionality", "SI-4": "System monitoring",
	}},
	{"NIST-800-218", "NIST SP 800-218, Secure Software Development Framework 1.1", "https://csrc.nist.gov/pubs/sp/800/218/final", map[string]string{
		"PO.5": "Implement and maintain secure environments for software development", "PS.2.1": "Make software integrity verification information available",
		"PS.3": "Archive and protect each software release", "PS.3.2": "Collect, safeguard, maintain, and share provenance data",
	}},
	{"NIST-800-190", "NIST SP 800-190, Application Container Security Guide", "https://csrc.nist.gov/pubs/sp/800/190/final", map[string]string{
		"3.1.1": "Image vulnerabilities",
	}},
	{"CIS-Kubernetes", "CIS Kubernetes Benchmark", "https://www.cisecurity.org/benchmark/kubernetes", map[string]string{
		"5.2.2": "Minimize the admission of privileged containers", "5.5.1": "Configure image provenance using an admission controller",
	}},
	{"NSA-CISA-Kubernetes", "NSA and CISA, Kubernetes Hardening Guide 1.2", "https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF", map[string]string{
		"pod-security": "Kubernetes Pod security",
	}},
	{"CWE", "Common Weakness Enumeration", "https://cwe.mitre.org/", map[string]string{
		"214": "Invocation of process using visible sensitive information", "250": "Execution with unnecessary privileges", "295": "Improper certificate validation", "326": "Inadequate encryption strength", "321": "Use of hard-coded cryptographic key",
		"494": "Download of code without integrity check", "668": "Exposure of resource to wrong sphere", "798": "Use of hard-coded credentials",
		"829": "Inclusion of functionality from untrusted control sphere",
	}},
}

// served is what a control is served by: codes of policies, sorted.
type served map[string]map[string][]string // control → policy → codes

// controlsPage maps the controls of standards to the rules that serve them, as
// METADATA says it.
func controlsPage(policies []string) ([]byte, error) {
	found := served{}
	titles := map[string]string{}
	for _, name := range policies {
		if err := found.policy(name, titles); err != nil {
			return nil, err
		}
	}
	var b strings.Builder
	b.WriteString("# Controls\n\nGenerated from METADATA by `make generate`. Which rules serve which control of which standard. A policy serves a control when it is on;\na code is what it says against an image, a pipeline, an object or a key. What auditors do row by row, and where the report shows it, is in\n[auditors.md](auditors.md).\n\n")
	for _, s := range standards {
		found.standard(&b, s, titles)
	}
	for control := range found {
		return nil, fmt.Errorf("METADATA name the control %s, which tests/generate/controls.go does not know", control)
	}
	return []byte(b.String()), nil
}

func (s served) policy(name string, titles map[string]string) error {
	folder := path.Join("lib/waxseal/policy", name)
	module, err := parse(path.Join(folder, name+".rego"))
	if err != nil {
		return err
	}
	more, err := parts(folder, name)
	if err != nil {
		return err
	}
	for _, m := range append([]*ast.Module{module}, more...) {
		for _, a := range m.Annotations {
			if a.Scope == "package" && m == module {
				titles[name] = a.Title
			}
			s.annotation(name, a)
		}
	}
	return nil
}

func (s served) annotation(policy string, a *ast.Annotations) {
	code, _ := a.Custom["code"].(string)
	controls, _ := a.Custom["controls"].([]any)
	for _, c := range controls {
		control := fmt.Sprint(c)
		if s[control] == nil {
			s[control] = map[string][]string{}
		}
		_, short, _ := strings.Cut(code, ".")
		if short != "" && !slices.Contains(s[control][policy], short) {
			s[control][policy] = append(s[control][policy], short)
		}
	}
}

// standard writes the tables of one standard, and takes its controls out.
func (s served) standard(b *strings.Builder, of standard, titles map[string]string) {
	var rows strings.Builder
	for _, id := range slices.SortedFunc(maps.Keys(of.controls), byNumber) {
		policies := s[of.name+":"+id]
		delete(s, of.name+":"+id)
		for i, name := range slices.Sorted(maps.Keys(policies)) {
			control := ""
			if i == 0 {
				control = fmt.Sprintf("**%s** %s", id, of.controls[id])
			}
			slices.Sort(policies[name])
			fmt.Fprintf(&rows, "| %s | [%s](policies/%s.md): %s | %s |\n", control, name, name, cell(titles[name]), strings.Join(policies[name], ", "))
		}
	}
	if rows.Len() > 0 {
		fmt.Fprintf(b, "## %s\n\n<%s>\n\n| control | policy | codes |\n|---|---|---|\n%s\n", of.title, of.link, rows.String())
	}
}

// byNumber sorts CM-3 before CM-14.
func byNumber(a, b string) int {
	x, m := parted(a)
	y, n := parted(b)
	return cmp.Or(cmp.Compare(x, y), cmp.Compare(m, n), cmp.Compare(a, b))
}

// parted splits the number at the end of an id off.
func parted(id string) (prefix string, number int) {
	at := len(id)
	for at > 0 && id[at-1] >= '0' && id[at-1] <= '9' {
		at--
	}
	_, _ = fmt.Sscan(id[at:], &number) // "" leaves it 0
	return id[:at], number
}
