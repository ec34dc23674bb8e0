package admission

// Truth is the answer to a question that cannot always be answered. Whoever
// decides must not take Unknown for Yes.
type Truth string

// The answers.
const (
	Yes     Truth = "yes"
	No      Truth = "no"
	Unknown Truth = "unknown"
)

// Place is where something stands: a file, as the caller named it, and a line
// from 1; 0 when it is not known.
type Place struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

// Ref names an object, or a file of Helm values, whose kind is "Helm values".
type Ref struct {
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Namespace string `json:"namespace"` // "" when cluster-wide, or not said
	Place
	Document int `json:"document"` // number of the document in its file, from 1
}

// System is the software that decides.
type System string

// The systems.
const (
	Webhook          System = "webhook" // one that is none of the others
	ValidatingPolicy System = "validating-admission-policy"
	Gatekeeper       System = "gatekeeper"
	Kyverno          System = "kyverno"
	PolicyController System = "policy-controller"
	Connaisseur      System = "connaisseur"
	Ratify           System = "ratify"
	KubeMgmt         System = "kube-mgmt"
	PodSecurity      System = "pod-security-policy"
	Waxseal          System = "waxseal"
	OtherSystem      System = "other"
)

// About is what a rule judges.
type About string

// What rules judge.
const (
	AboutImage   About = "image"
	AboutOther   About = "other"
	AboutUnknown About = "unknown"
)

// Check is what of an image a rule looks at. Signature, Attestation, SBOM, Scan
// and Provenance are evidence that is verified; Registry, Digest and Tag are only
// how the image is named.
type Check string

// The checks.
const (
	CheckSignature   Check = "signature"
	CheckAttestation Check = "attestation"
	CheckSBOM        Check = "sbom"
	CheckScan        Check = "scan"
	CheckProvenance  Check = "provenance"
	CheckRegistry    Check = "registry"
	CheckDigest      Check = "digest"
	CheckTag         Check = "tag"
	CheckOther       Check = "other"
)

// Effect is what happens to an object that violates a rule.
type Effect string

// The effects. Only Deny refuses the object.
const (
	Deny          Effect = "deny"
	Audit         Effect = "audit"
	Warn          Effect = "warn"
	DryRun        Effect = "dryrun"
	Off           Effect = "off"
	EffectUnknown Effect = "unknown" // written in a form that is not known, or filled in later
)

// Configuration is all that was read. Lists are in the order of the input's
// files, documents and lines, and never nil, so that they are lists in JSON.
type Configuration struct {
	Rules []Rule `json:"rules"`
	// Components are objects that reject nothing themselves, but that rules need,
	// or that change what rules do.
	Components []Component `json:"components"`
	Namespaces []Namespace `json:"namespaces"`
	// Workloads are the objects that make containers, grouped: the members of a
	// group differ in nothing that a rule looks at.
	Workloads []Workload `json:"workloads"`
	// Problems are documents that were not, or not wholly, read.
	Problems []Problem `json:"problems"`
	// Complete says that the input is everything that the cluster has: what is not
	// in it is missing. Otherwise it is unknown.
	Complete bool `json:"complete"`
}

// Problem is a document that is not, or not wholly, in the model. Whoever
// decides must not take silence about it for an answer.
type Problem struct {
	Place
	Code string `json:"code"` // unsupported, malformed or too_large
	Text string `json:"text"` // what is wrong, and what to do
}

// Rule is one thing that can reject an object, or only notes it.
type Rule struct {
	ID     string `json:"id"` // unique in the configuration, the same for the same input
	System System `json:"system"`
	Object Ref    `json:"object"`
	Name   string `json:"name"` // of the rule inside the object; "" when the object is the rule
	Place         // of the rule

	About  About   `json:"about"`
	Checks []Check `json:"checks"`
	// Engine says that the rule is the webhook of an engine, whose own rules, which
	// stand beside it in the list, say what is judged. It covers no image itself.
	Engine bool `json:"engine"`

	Action    Action    `json:"action"`
	OnFailure OnFailure `json:"on_failure"`
	Timeout   Timeout   `json:"timeout"`
	Scope     Scope     `json:"scope"`
	Images    Images    `json:"images"`

	// Attestors are who must have signed: each set must be satisfied. It is empty
	// for rules that verify no evidence.
	Attestors    []AttestorSet `json:"attestors"`
	Required     Truth         `json:"required"`      // an image without evidence is refused
	MutateDigest Truth         `json:"mutate_digest"` // the tag is replaced by the digest that was verified
	VerifyDigest Truth         `json:"verify_digest"` // an image without a digest is refused

	Depends    []Dependency `json:"depends"`
	Exceptions []Exception  `json:"exceptions"`
	// Facts are plain observations: what one should know to judge the rule. No
	// fact is a verdict.
	Facts []Fact `json:"facts"`

	at         node // where it stands
	said       map[Fact]bool
	constraint bool // of Gatekeeper
	match      matcher
}

// Action is what is configured to happen to what violates the rule.
type Action struct {
	Effect     Effect `json:"effect"`     // at admission, where no override applies
	Configured string `json:"configured"` // as written; "" when it is the system's default
	Place             // where it is said, or of the rule
	// Overrides are other effects for some namespaces, or for other points of
	// enforcement than admission.
	Overrides []Override `json:"overrides"`
}

// Override is another effect than the rule's own.
type Override struct {
	Effect     Effect   `json:"effect"`
	Configured string   `json:"configured"`
	Namespaces []string `json:"namespaces"` // patterns with stars; empty when the selector, or the point, says it
	Selector   string   `json:"selector"`   // of namespaces, as text; "" when there is none
	Point      string   `json:"point"`      // Gatekeeper's point of enforcement; "" when it is admission
	Place
}

// OnFailure is what happens to an object when the rule cannot be asked: the
// webhook is down, slow, or errs.
type OnFailure struct {
	Effect     string `json:"effect"`     // deny, allow or unknown
	Configured string `json:"configured"` // as written; "" when it is a default, or not known
	By         string `json:"by"`         // the kind and name of the object that says it; "" when nothing in the input does
	Place             // where it is said, or of the rule
}

// Timeout is how long the API server waits.
type Timeout struct {
	Seconds    int  `json:"seconds"`    // 0 when not known
	Configured bool `json:"configured"` // false when it is a default, or not known
	Place
}

// Scope is what the rule is asked of. What a rule says with any and all is
// summed up here; whether it applies to a workload is in the [Workload].
type Scope struct {
	Kinds      []Kind   `json:"kinds"`
	Operations []string `json:"operations"` // CREATE, UPDATE, DELETE, CONNECT or *
	// Pods says whether Pods are judged when they are made: then what other kinds
	// make is judged too, then.
	Pods Truth `json:"pods"`
	// Ephemeral says whether the subresource pods/ephemeralcontainers is asked:
	// how a debug container gets into a Pod that runs.
	Ephemeral  Truth           `json:"ephemeral"`
	Containers Lists           `json:"containers"`
	Namespaces NamespacesScope `json:"namespaces"`
	// Objects is the selector of the objects' labels, as text; "" when there is none.
	Objects string   `json:"objects"`
	Names   []string `json:"names"` // patterns of objects' names; empty when all
	// Conditions must hold, too, and are not evaluated here.
	Conditions []Condition `json:"conditions"`
}

// Kind is a kind of objects; * is any.
type Kind struct {
	Group       string `json:"group"`
	Kind        string `json:"kind"`        // the kind, or the resource in plural where only that is said
	Subresource string `json:"subresource"` // "" when the object itself
}

// Lists says which images of a Pod the rule looks at.
type Lists struct {
	Containers     Truth `json:"containers"`
	InitContainers Truth `json:"initContainers"`
	Ephemeral      Truth `json:"ephemeralContainers"`
	ImageVolumes   Truth `json:"imageVolumes"`
}

// NamespacesScope is of which namespaces' objects the rule is asked.
type NamespacesScope struct {
	Include  []string `json:"include"` // patterns; empty when all
	Exclude  []string `json:"exclude"`
	Selector string   `json:"selector"` // of their labels, as text; "" when there is none
}

// Condition is a condition that only the running system evaluates.
type Condition struct {
	Name     string `json:"name"`
	Language string `json:"language"` // cel, jmespath, rego or cue
	Text     string `json:"text"`
	Place
}

// Reading is how a system reads a pattern of images.
type Reading string

// The readings.
const (
	Glob         Reading = "glob"   // * and ? of Kyverno, or the globs of policy-controller
	Prefix       Reading = "prefix" // the image begins with it
	Regex        Reading = "regex"
	Exact        Reading = "exact"
	Connaisseurs Reading = "connaisseur" // the most specific pattern decides
	CEL          Reading = "cel"
)

// Images are the images that the rule judges.
type Images struct {
	// All says whether it judges all images of the containers in scope.
	All     Truth     `json:"all"`
	Include []Pattern `json:"include"`
	Exclude []Pattern `json:"exclude"`
	// Allowed are the names that a rule about registries accepts.
	Allowed []Pattern `json:"allowed"`
}

// Pattern is a pattern of image names.
type Pattern struct {
	Text    string  `json:"text"`
	Reading Reading `json:"reading"`
	// Matches says whether any reference can match it at all.
	Matches Truth `json:"matches"`
	Place
}

// AttestorSet is satisfied when at least Count of the attestors have signed.
type AttestorSet struct {
	Count     int        `json:"count"` // 0 when not known
	For       string     `json:"for"`   // signature, or the predicate type of the attestation
	Attestors []Attestor `json:"attestors"`
	Place
}

// Attestor is who signs.
type Attestor struct {
	// Kind is key, keyless, certificate, kms, notary, static, set (attestors in a
	// set of their own, which are not read further), none or unknown.
	Kind       string     `json:"kind"`
	Name       string     `json:"name"` // of the authority, or of the key's object or address; never the key
	Identities []Identity `json:"identities"`
	IgnoreTlog Truth      `json:"ignore_tlog"`
	IgnoreSCT  Truth      `json:"ignore_sct"`
	Static     string     `json:"static"` // pass or fail; "" when it is not static
	Place
}

// Identity is who may have signed keyless: any of the texts that is not empty
// must match.
type Identity struct {
	Issuer        string `json:"issuer"`
	IssuerRegExp  string `json:"issuer_regexp"`
	Subject       string `json:"subject"`
	SubjectRegExp string `json:"subject_regexp"`
	// Any says that whoever has any account with an issuer meets it.
	Any Truth `json:"any"`
	// Never says that no certificate of that issuer can meet it.
	Never Truth  `json:"never"`
	Why   string `json:"why"` // for Any and Never; "" when both are no
	Place
}

// State is whether what a rule needs is there.
type State string

// The states.
const (
	Found        State = "found"
	Missing      State = "missing"
	StateUnknown State = "unknown"
)

// Dependency is something without which the rule does not do what it says.
type Dependency struct {
	// Role is template, webhook, provider, policy, binding, parameters, opt_in,
	// verifier or keys.
	Role  string `json:"role"`
	Kind  string `json:"kind"`
	Name  string `json:"name"` // "" when any of the kind will do
	State State  `json:"state"`
	// Seen is how many objects of the kind the input has: a constraint without its
	// template, in a folder with other templates, is likelier a mistake.
	Seen int `json:"seen"`
	// Objects are those that were found.
	Objects []Ref `json:"objects"`
}

// Exception is something that takes objects out of the rule.
type Exception struct {
	// Kind is policy_exception, excluded_namespaces, exempt_namespaces or ignored.
	Kind   string `json:"kind"`
	Object Ref    `json:"object"` // that says it
	Text   string `json:"text"`   // what is taken out
	// Wide says whether it takes out everything, or a whole kind or namespace pattern *.
	Wide Truth `json:"wide"`
	Place
}

// Component is an object that rejects nothing itself.
type Component struct {
	System System `json:"system"`
	Object Ref    `json:"object"`
	// Role is template, binding, provider, policy, exception, config, verifier, store,
	// image_policy or keys.
	Role   string   `json:"role"`
	UsedBy []string `json:"used_by"` // IDs of rules
	About  About    `json:"about"`
	Checks []Check  `json:"checks"`
	Facts  []Fact   `json:"facts"`

	users   []*Rule
	seconds int // that a provider may take; 0 when not known
}

// Namespace is a Namespace of the input.
type Namespace struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels"`
	Place
}

// Workload is a group of objects that make containers, and the rules that apply
// to them.
type Workload struct {
	ID         string            `json:"id"`
	Kind       string            `json:"kind"` // with its group: Pod, apps/Deployment
	Namespace  string            `json:"namespace"`
	Labels     map[string]string `json:"labels"` // of the Pods, of the first member
	Containers []Container       `json:"containers"`
	Members    []Ref             `json:"members"`
}

// Container is a container, or a volume that is an image.
type Container struct {
	List    string `json:"list"` // containers, initContainers, ephemeralContainers or imageVolumes
	Name    string `json:"name"`
	Image   string `json:"image"`    // as written
	ImageID string `json:"image_id"` // what runs, by the status of the Pod; "" when not known
	Place
	// Rules are the rules about images, or of which it is not known what they are
	// about, that apply, or of which it is not known whether they do.
	Rules []Applies `json:"rules"`
}

// Applies is a rule that applies to a container.
type Applies struct {
	Rule    string `json:"rule"`    // its ID
	Applies Truth  `json:"applies"` // yes or unknown; rules that do not apply are not listed
	Effect  Effect `json:"effect"`  // in this namespace
	Why     string `json:"why"`     // what is not known; "" when it applies
	// When is "when made" for a rule that judges the object itself, and "when its
	// pods are made" for one that judges only the Pods that it makes.
	When string `json:"when"`
}
