// Package report is the record of an audit's answers: one value from which every
// form is made, JSON first. Its schema is docs/audit.schema.json, generated.
//
// Everything is sorted, and nothing but the fields of [Audit] that say so holds a
// time of the run: two audits of the same world with the same seed differ only there.
package report

import (
	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// Version is the version of the format.
const Version = 1

// SchemaID is what the JSON names as its schema.
const SchemaID = "https://raw.githubusercontent.com/waxseal/waxseal/main/docs/audit.schema.json"

// Report is one audit.
type Report struct {
	Schema      string       `json:"$schema"`
	Version     int          `json:"version"`
	Audit       Audit        `json:"audit"`
	Summary     Summary      `json:"summary"`
	Controls    []Control    `json:"controls"`
	Scope       Scope        `json:"scope"`
	Policy      Policy       `json:"policy"`
	Sample      Sample       `json:"sample"`
	Images      []Image      `json:"images"`
	Findings    []Finding    `json:"findings"`
	Notes       []Finding    `json:"notes"` // exceptions and exemptions used or expired, and other remarks
	Enforcement []Cluster    `json:"enforcement"`
	Pipelines   []Repository `json:"pipelines"`

	Keys       []audit.Key      `json:"keys"`
	Identities []audit.Identity `json:"identities"`
	Logs       audit.Logs       `json:"logs"`
	Probes     []audit.Probe    `json:"probes"`
	Exceptions []Exception      `json:"exceptions"`
	Exit       int              `json:"exit"` // 0 pass, 1 fail, 2 inconclusive
}

// Audit says when, by what and for whom.
type Audit struct {
	Title     string       `json:"title"`
	Started   string       `json:"started"` // a time of the run
	Ended     string       `json:"ended"`   // a time of the run
	Now       string       `json:"now"`     // a time of the run: the clock of all judgements
	Period    audit.Period `json:"period"`
	Tool      string       `json:"tool"`   // version of Waxseal
	Bundle    string       `json:"bundle"` // digest of the policies for images
	Bundles   []Named      `json:"bundles"`
	Config    string       `json:"config"` // sha256: of waxseal.yaml
	Record    string       `json:"record"` // folder of the record as it was given; "" where none was written
	Reperform string       `json:"reperform"`
}

// Named is a name and a digest.
type Named struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
}

// Status is the outcome for a control.
type Status string

// The outcomes.
const (
	Pass          Status = "pass"
	Fail          Status = "fail"
	Inconclusive  Status = "inconclusive"
	NotApplicable Status = "not_applicable"
)

// Summary counts. Images are those that run; Judged are in the sample.
type Summary struct {
	Status Status `json:"status"` // the worst of the controls
	// Line is the one that is quoted: "X of Y images are signed; verification enforced via Z."
	Line         string `json:"line"`
	Pods         int    `json:"pods"`
	Pending      int    `json:"pending"` // Pods that do not run yet: no image of theirs counts
	Images       int    `json:"images"`
	Judged       int    `json:"judged"`
	Admitted     int    `json:"admitted"`
	Denied       int    `json:"denied"`
	CannotTell   int    `json:"cannot_tell"`
	Signed       Share  `json:"signed"`
	Scanned      Share  `json:"scanned"`
	Registry     Share  `json:"registry"`
	SBOM         Share  `json:"sbom"`
	Provenance   Share  `json:"provenance"`
	Built        Share  `json:"built"`    // of the images that pipelines build, how many are signed
	Enforced     string `json:"enforced"` // via what, "" for nothing
	Findings     int    `json:"findings"`
	Rejections   int    `json:"rejections"`    // counted, not rows
	OldestScan   string `json:"oldest_scan"`   // time of the oldest scan report that counts; "" for none
	ControlsPass int    `json:"controls_pass"` // and so on
	ControlsFail int    `json:"controls_fail"`
	Inconclusive int    `json:"controls_inconclusive"`
	NotAppl      int    `json:"controls_not_applicable"`
}

// Share counts answers.
type Share struct {
	Yes        int `json:"yes"`
	No         int `json:"no"`
	CannotTell int `json:"cannot_tell"`
	NotAsked   int `json:"not_asked"`
}

// Control is one row of what auditors do (tables A to D).
type Control struct {
	ID       string   `json:"id"`    // A1 … D6
	Table    string   `json:"table"` // A, B, C or D
	Title    string   `json:"title"` // what the auditor does
	Status   Status   `json:"status"`
	Answer   string   `json:"answer"`   // a sentence: what was found
	Controls []string `json:"controls"` // of standards: NIST-800-53:CM-14
	Findings []string `json:"findings"` // ids of [Finding]
	Missing  []string `json:"missing"`  // why it is inconclusive, or not applicable
	Section  string   `json:"section"`  // of the report that shows it: images, enforcement, pipelines, logs, keys, probes, policy, scope
	Command  string   `json:"command"`  // that does this row again
}

// Scope is what the audit was about, and what of it could not be reached.
type Scope struct {
	Clusters     []ScopeCluster  `json:"clusters"`
	Registries   []ScopeRegistry `json:"registries"`
	Repositories []string        `json:"repositories"`
	Logs         []string        `json:"logs"`
	Missing      []audit.Missing `json:"missing"`
}

// ScopeCluster is a cluster.
type ScopeCluster struct {
	Name       string   `json:"name"`
	Context    string   `json:"context"`
	Server     string   `json:"server"`
	Version    string   `json:"version"`
	Namespaces []string `json:"namespaces"` // that were looked at; empty for all
	Excluded   []string `json:"excluded"`
	Pods       int      `json:"pods"`
	Images     int      `json:"images"`
}

// ScopeRegistry is a registry that images run from, or that is in the scope.
type ScopeRegistry struct {
	Host     string       `json:"host"`
	Images   int          `json:"images"`
	Approved audit.Answer `json:"approved"`
	Named    bool         `json:"named"` // in the scope that was given
}

// Policy is the policy as it was applied, for people.
type Policy struct {
	File       string   `json:"file"`
	Owner      string   `json:"owner"`
	Approver   string   `json:"approver"`
	ReviewDate string   `json:"review_date"`
	Version    string   `json:"version"`
	Registries []string `json:"registries"` // approved, as patterns
	Rules      []Rule   `json:"rules"`
	// Parameters are those of all policies, as they were applied.
	Parameters map[string]any `json:"parameters"`
}

// Rule is a policy that is on, or not.
type Rule struct {
	Policy   string   `json:"policy"`
	Title    string   `json:"title"`
	Words    []string `json:"words"` // what its parameters ask for, in sentences
	Controls []string `json:"controls"`
	On       bool     `json:"on"`
}

// Sample says which images were judged, so that the same can be drawn again.
type Sample struct {
	Seed       int64    `json:"seed"`
	Size       int      `json:"size"`   // asked for; 0 is everything
	Drawn      int      `json:"drawn"`  // images
	Of         int      `json:"of"`     // images
	Method     string   `json:"method"` // how it was drawn, in a sentence
	Population string   `json:"population"`
	Strata     []Strata `json:"strata"`
}

// Strata is a namespace's part in the sample.
type Strata struct {
	Namespace string `json:"namespace"` // cluster/namespace
	Images    int    `json:"images"`
	Drawn     int    `json:"drawn"`
}

// Image is a row of the sample table.
type Image struct {
	audit.Image
	Signers    []Signer   `json:"signers"` // verified
	Scan       *Scan      `json:"scan"`    // the newest verified report that counts; null for none
	BaseImage  string     `json:"base_image"`
	Builder    string     `json:"builder"` // of verified provenance
	Source     string     `json:"source"`  // of verified provenance
	Findings   []string   `json:"findings"`
	Exceptions []string   `json:"exceptions"` // ids of exceptions that were used
	Evidence   []Evidence `json:"evidence"`
	Command    string     `json:"command"` // that judges this row again
}

// Signer is who signed, verified.
type Signer struct {
	Kind     string `json:"kind"` // key, certificate, notation, notary
	Name     string `json:"name"` // of the key
	KeyID    string `json:"key_id"`
	Issuer   string `json:"issuer"`
	Subject  string `json:"subject"`
	Format   string `json:"format"`
	Digest   string `json:"digest"`    // of the signature's bytes in the layout
	SignedAt string `json:"signed_at"` // by the log or a time stamp
	LogIndex int64  `json:"log_index"` // -1 for none
}

// Scan is the summary of a scan report.
type Scan struct {
	Scanner    string         `json:"scanner"`
	Version    string         `json:"version"`
	ScannedAt  string         `json:"scanned_at"`
	DatabaseAt string         `json:"database_at"`
	Severities map[string]int `json:"severities"` // critical, high, medium, low, unknown: findings that count
	Fixable    int            `json:"fixable"`
	Suppressed int            `json:"suppressed"` // by VEX and exceptions
	Signer     string         `json:"signer"`
	Worst      []string       `json:"worst"` // ids of the gravest, 10 at most
}

// Evidence is a request that was made about an image, and what it rests on.
type Evidence struct {
	Request string   `json:"request"` // the function: cosign.verify
	OK      bool     `json:"ok"`
	Codes   []string `json:"codes"`
	Digests []string `json:"digests"` // in the record's layout
}

// Finding is something that is wrong. It has the shape of a violation, and an id
// that stays the same as long as it is about the same.
type Finding struct {
	ID    string `json:"id"`
	About string `json:"about"` // image, enforcement, pipeline, running, key, log, probe
	// Digest is of the image; Places are where it runs, Cluster and Repository what
	// an object or a file belongs to.
	Digest     string           `json:"digest"`
	Cluster    string           `json:"cluster"`
	Repository string           `json:"repository"`
	Places     []audit.Workload `json:"places"`
	Answered   bool             `json:"answered"` // rests on an answer; else nobody can tell
	Rows       []string         `json:"rows"`     // ids of [Control]
	render.Violation
}

// Exception is one that lets findings pass, and until when.
type Exception struct {
	ID      string `json:"id"`
	Policy  string `json:"policy"`
	Owner   string `json:"owner"`
	Reason  string `json:"reason"`
	Expires string `json:"expires"`
	State   string `json:"state"` // used, unused, expired
	Images  int    `json:"images"`
}

// Cluster is what a cluster, or a folder of manifests, enforces at admission.
type Cluster struct {
	Name    string            `json:"name"`
	Verdict string            `json:"verdict"` // enforces, enforces_with_gap, advisory, broken, nothing, cannot_tell
	Line    string            `json:"line"`    // verification enforced via …
	Via     []string          `json:"via"`
	Objects []AdmissionObject `json:"objects"`
	Covered Covered           `json:"covered"`
}

// AdmissionObject is an object that enforces, or should.
type AdmissionObject struct {
	Kind      string         `json:"kind"`
	Namespace string         `json:"namespace"`
	Name      string         `json:"name"`
	File      string         `json:"file"`
	Line      int            `json:"line"`
	About     string         `json:"about"`
	Verdict   string         `json:"verdict"`
	Because   []string       `json:"because"` // codes that decided
	Digest    string         `json:"digest"`  // sha256: of the exported object, as JSON with sorted keys
	Exported  map[string]any `json:"exported"`
}

// Covered counts what rules that enforce apply to.
type Covered struct {
	Namespaces Of       `json:"namespaces"`
	Workloads  Of       `json:"workloads"`
	Containers Of       `json:"containers"`
	Uncovered  []string `json:"uncovered"`
	Exempt     []string `json:"exempt"`
}

// Of is a part of a whole.
type Of struct {
	Part  int `json:"part"`
	Whole int `json:"whole"`
}

// Repository is what the pipelines of a repository do.
type Repository struct {
	Name   string  `json:"name"` // as given
	Commit string  `json:"commit"`
	Line   string  `json:"line"` // 3 of 4 images are signed
	Images []Built `json:"images"`
}

// Built is an image that a pipeline builds.
type Built struct {
	Image     string   `json:"image"`
	Pipeline  string   `json:"pipeline"`
	File      string   `json:"file"`
	Line      int      `json:"line"`
	Pushed    bool     `json:"pushed"`
	Signed    string   `json:"signed"`  // yes, no, some, cannot_tell
	Scanned   string   `json:"scanned"` //
	Gates     string   `json:"gates"`   // whether a scan that fails stops the pipeline
	Attested  string   `json:"attested"`
	SBOM      bool     `json:"sbom"`
	Admitted  bool     `json:"admitted"`
	SignedBy  []string `json:"signed_by"`
	ScannedBy []string `json:"scanned_by"`
}
