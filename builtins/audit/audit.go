// Package audit holds the facts of an audit, in the form in which policies judge
// them: the images that run, keys and identities that are trusted, what logs
// say, and what a cluster answered to probes. It is types only: package logs and
// the command fill them.
//
// Times are RFC 3339 in UTC, "" where unknown. Lists are sorted and never nil,
// so that the same world gives the same facts.
package audit

// Facts are what an audit found, beside what the policies for images, pipelines
// and admission configuration judge themselves.
type Facts struct {
	Period     Period     `json:"period"`
	Images     []Image    `json:"images"`
	Keys       []Key      `json:"keys"`
	Identities []Identity `json:"identities"`
	Logs       Logs       `json:"logs"`
	Probes     []Probe    `json:"probes"`
	// Missing is what could not be read. Whoever decides must not take silence
	// about it for an answer.
	Missing []Missing `json:"missing"`
}

// Period is the time that an audit is about, both ends included.
type Period struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Missing is something of the scope that could not be reached or read.
type Missing struct {
	Part  string `json:"part"`  // cluster, namespace, registry, repository, log, key, pod, probe
	Name  string `json:"name"`  // of it: a context, a host, a file
	Why   string `json:"why"`   // the error, and what to do
	Rests string `json:"rests"` // what cannot be told without it: images, enforcement, pipelines, logs, keys, probes
}

// Answer is what is known of one question about an image.
type Answer string

// The answers.
const (
	Yes        Answer = "yes"
	No         Answer = "no"
	CannotTell Answer = "cannot_tell"
	NotAsked   Answer = "not_asked" // no policy that is on asks it
)

// Image is an image that runs: one for each name and digest, however many
// containers it has.
type Image struct {
	Ref        string `json:"ref"`        // as it was judged: repository@digest; as written where the digest is not known
	Repository string `json:"repository"` // that the Pods name, normalised: host/path
	Tag        string `json:"tag"`        // that they name; "" for none, or where they differ
	Pinned     string `json:"pinned"`     // digest that they name; "" for none, or where they differ
	Digest     string `json:"digest"`     // that runs, by the runtime (status.containerStatuses[].imageID); "" where it names none
	Runtime    string `json:"runtime"`    // repository that the runtime names; "" for none
	// TagDigest is what the tag means now, TagState what that says of the image:
	// same, moved, gone, none (there is no tag), or cannot_tell. A tag of an index
	// that holds the running manifest is the same.
	TagDigest string `json:"tag_digest"`
	TagState  string `json:"tag_state"`

	Sampled    bool `json:"sampled"` // judged because the sample has it; without a sample always true
	Pods       int  `json:"pods"`
	Containers int  `json:"containers"`
	// Workloads are what makes the Pods, sorted; [MaxWorkloads] at most, and Pods
	// counts all.
	Workloads  []Workload `json:"workloads"`
	Namespaces []string   `json:"namespaces"` // cluster/namespace
	Since      string     `json:"since"`      // when the first of the containers that run was started

	// Verdict is admitted, denied or cannot_tell, "" where the image is not in the
	// sample. The answers follow from it: Signed from signed_images, Scanned from
	// scanned_images, Registry from allowed_registries, SBOM from sbom_attached,
	// Provenance from attested_build.
	Verdict    string `json:"verdict"`
	Signed     Answer `json:"signed"`
	Scanned    Answer `json:"scanned"`
	Registry   Answer `json:"registry"`
	SBOM       Answer `json:"sbom"`
	Provenance Answer `json:"provenance"`
	// Codes are those of its violations, sorted.
	Codes []string `json:"codes"`
}

// MaxWorkloads bounds [Image.Workloads].
const MaxWorkloads = 50

// Workload is what makes Pods: the controller at the top, or a Pod of its own.
type Workload struct {
	Cluster   string `json:"cluster"`
	Namespace string `json:"namespace"`
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Pods      int    `json:"pods"`
}

// Key is a public key that is listed, trusted or used.
type Key struct {
	Kind        string `json:"kind"`        // key, certificate (of a private chain), notation (of a trust store) or notary (root of a server)
	Name        string `json:"name"`        // in waxseal.yaml; "" where it is not listed
	Fingerprint string `json:"fingerprint"` // sha256: of the DER SubjectPublicKeyInfo (RFC 5280, 4.1.2.7); "" where the key cannot be had
	Algorithm   string `json:"algorithm"`   // RSA, ECDSA, Ed25519; "" where unknown
	Bits        int    `json:"bits"`        // of the modulus or the curve; 0 where unknown
	Lives       string `json:"lives"`       // kms, token, secret, file, inline, cluster; where the public half was read
	At          string `json:"at"`          // URI, path or object
	Owner       string `json:"owner"`
	Approver    string `json:"approver"`
	Purpose     string `json:"purpose"`
	Created     string `json:"created"` // a date, "2026-01-31"
	Rotated     string `json:"rotated"` // a date
	Expires     string `json:"expires"` // a date, of certificates; "" for keys
	Listed      bool   `json:"listed"`  // in keys of waxseal.yaml
	// Trusted are the places that trust it, sorted; empty when none does.
	Trusted []Trust `json:"trusted"`
	// Images are how many images that run it has signed, verified.
	Images int `json:"images"`
	// Problem is why it cannot be had; "" when it can.
	Problem string `json:"problem"`
}

// Trust is a place that trusts a key or an identity.
type Trust struct {
	Where  string   `json:"where"`  // waxseal.yaml policies.signed_images.authorities[0]; cluster prod ClusterImagePolicy release
	Images []string `json:"images"` // patterns that it is trusted for
}

// Identity is one that is trusted without a key: whoever can have a certificate
// for it can sign.
type Identity struct {
	Issuer  string `json:"issuer"`  // exact or pattern
	Subject string `json:"subject"` // exact or pattern
	// Pattern says that issuer or subject is a pattern, and the other two which of
	// them. Wide says that it matches what its owner did not choose: a whole host, any
	// workflow of any organisation; Why in what way, "" where it is not wide.
	Pattern        bool   `json:"pattern"`
	IssuerPattern  bool   `json:"issuer_pattern"`
	SubjectPattern bool   `json:"subject_pattern"`
	Wide           bool   `json:"wide"`
	Why            string `json:"why"`
	// Extensions are what certificates must have beside, as name=value, sorted.
	Extensions []string `json:"extensions"`
	Words      string   `json:"words"` // who can sign, in a sentence
	Trusted    []Trust  `json:"trusted"`
	Images     int      `json:"images"` // that run and that it has signed
}

// Logs are what logs say about the period.
type Logs struct {
	Sources []LogSource `json:"sources"`
	// Rejections are what was refused because of its image, added up. Refusals by
	// RBAC, quotas and other admission plugins are counted apart.
	Rejections []Rejection `json:"rejections"`
	// Admissions are images that were let in, or pulled, added up.
	Admissions []Admission `json:"admissions"`
	RBAC       int         `json:"rbac"`  // requests that RBAC refused
	Other      int         `json:"other"` // requests that something else refused
	// Reasons are what RBAC and Other are made of, and what else a reader should know:
	// requests that passed because a webhook failed open, admissions whose image the
	// log does not name, dry runs.
	Reasons []Reason `json:"reasons"`
	// Truncated says that there were more different rows than are kept: counts hold,
	// rows are missing.
	Truncated bool `json:"truncated"`
}

// Reason is a row of what was refused by no policy about images, or not refused
// although it should have been.
type Reason struct {
	// Reason is rbac; of Other: quota, limit_range, webhook_failed (a webhook that
	// fails closed), unauthenticated, pull_failed, panic, forbidden (anything else);
	// of neither: webhook_failed_open, admitted_without_image, dry_run_request,
	// pod_security_exempt.
	Reason  string `json:"reason"`
	Name    string `json:"name"` // webhook, quota; "" where there is none
	Count   int    `json:"count"`
	First   string `json:"first"`
	Last    string `json:"last"`
	Message string `json:"message"` // of the first
}

// LogSource is a file that was read.
type LogSource struct {
	Name    string `json:"name"`    // as given
	Cluster string `json:"cluster"` // as given; "" for none
	Format  string `json:"format"`  // kubernetes-audit, eks, aks, gke, gatekeeper, events, distribution, harbor, registry-access, opa-decisions
	Lines   int    `json:"lines"`
	Bytes   int64  `json:"bytes"` // as they stand in the file: compressed where it is
	Events  int    `json:"events"`
	From    string `json:"from"`    // first event
	To      string `json:"to"`      // last event
	Unread  int    `json:"unread"`  // lines that could not be read
	Problem string `json:"problem"` // the first of them, and what to do; "" for none
}

// Rejection is a row of what was refused.
type Rejection struct {
	Day       string `json:"day"`       // in UTC, 2026-01-31
	System    string `json:"system"`    // gatekeeper, kyverno, policy-controller, connaisseur, waxseal, admission-policy (of Kubernetes), pod-security, other
	Rule      string `json:"rule"`      // constraint, policy, or code of ours (signed_images.unsigned)
	Image     string `json:"image"`     // as written; "" where the log does not say
	Registry  string `json:"registry"`  // of the image, normalised; "" where not known
	Namespace string `json:"namespace"` //
	User      string `json:"user"`      //
	Source    string `json:"source"`    // name of the file
	Action    string `json:"action"`    // deny, warn, dryrun; audit: found in what was there, and again with each audit
	Count     int    `json:"count"`
	First     string `json:"first"`
	Last      string `json:"last"`
	Message   string `json:"message"` // of the first
}

// Admission is a row of what was let in or pulled.
type Admission struct {
	Image     string `json:"image"` // as written
	Registry  string `json:"registry"`
	Digest    string `json:"digest"` // "" where the log names none
	Namespace string `json:"namespace"`
	User      string `json:"user"`
	Source    string `json:"source"`
	How       string `json:"how"` // admitted, pulled, pushed, exempted, warned, dryrun
	Rule      string `json:"rule"`
	Count     int    `json:"count"`
	First     string `json:"first"`
	Last      string `json:"last"`
	// Signed is what verification says of the digest, Allowed whether its registry is
	// an approved one. They are filled where the audit looks images up.
	Signed  Answer `json:"signed"`
	Allowed Answer `json:"allowed"`
}

// Probe is a Pod that was tried by server-side dry run.
type Probe struct {
	Name      string   `json:"name"` // unsigned, unscanned, unapproved_registry, acceptable, or one of the configuration
	Cluster   string   `json:"cluster"`
	Namespace string   `json:"namespace"`
	Image     string   `json:"image"`
	Expected  string   `json:"expected"` // refused or admitted
	Rule      string   `json:"rule"`     // that has to refuse it: a code, or the beginning of one; "" for any
	Outcome   string   `json:"outcome"`  // refused, admitted, or error (nobody can tell)
	By        string   `json:"by"`       // webhook or policy that answered
	Codes     []string `json:"codes"`    // codes of ours in the message
	Status    int      `json:"status"`   // of HTTP
	Message   string   `json:"message"`  // of the API server, whole
	Warnings  []string `json:"warnings"` // that it sent
	At        string   `json:"at"`
}
