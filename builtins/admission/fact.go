package admission

// Fact is one observation. Which verdict it leads to is decided elsewhere.
type Fact struct {
	Code Code   `json:"code"`
	Text string `json:"text"`
	Place
	// Names are the namespaces that are left out, with blanks between them; "" where
	// the fact is not about named ones.
	Names string `json:"names"`
}

// Code is the kind of a [Fact]. The list is closed.
type Code string

// What happens to what violates, and when the rule cannot be asked.
const (
	FailurePolicyIgnore  Code = "failure_policy_ignore"  // it is admitted when the webhook is down or slow
	FailurePolicyUnknown Code = "failure_policy_unknown" // nothing in the input says what happens then
	TimeoutShort         Code = "timeout_short"          // evidence is fetched over the network in less than 5 seconds
	AuditOnly            Code = "audit_only"             // it is only reported
	WarnOnly             Code = "warn_only"              // it is admitted with a warning
	DryRunOnly           Code = "dryrun_only"            // it is only counted
	TurnedOff            Code = "turned_off"             // the rule, or its system, is not switched on
	ActionUnknown        Code = "action_unknown"         // what happens is in a form that is not known
	ActionWeakened       Code = "action_weakened"        // in some namespaces less happens than elsewhere
)

// What the rule is not asked of.
const (
	MatchesNothing       Code = "matches_nothing"        // no object can be in its scope
	NamespacesLimited    Code = "namespaces_limited"     // it is asked only of named namespaces
	NamespacesExcluded   Code = "namespaces_excluded"    // namespaces are left out by name
	NamespacesSelected   Code = "namespaces_selected"    // labels of the namespace decide
	ObjectsExcluded      Code = "objects_excluded"       // labels or names of the object decide: who writes it leaves it out
	UsersExcluded        Code = "users_excluded"         // who asks decides
	MatchConditions      Code = "match_conditions"       // conditions that are not evaluated here leave out objects
	KindsNotCovered      Code = "kinds_not_covered"      // Pods are not judged when they are made
	ContainersNotCovered Code = "containers_not_covered" // a list of containers is not looked at
	EphemeralNotCovered  Code = "ephemeral_not_covered"  // pods/ephemeralcontainers is not asked: debug containers pass
	OperationsNotCovered Code = "operations_not_covered" // CREATE or UPDATE is not asked
	FilledAtRuntime      Code = "filled_at_runtime"      // its controller writes what is missing here when it starts
)

// Which images it judges.
const (
	ImagesLimited      Code = "images_limited"       // only images of named patterns are judged, others are not looked at
	ImagesExcluded     Code = "images_excluded"      // images are left out by pattern
	ImagesMatchNothing Code = "images_match_nothing" // no reference is of such a form
	ImagesUnanchored   Code = "images_unanchored"    // the pattern lets in names of others that begin, or end, alike
	NamesOnly          Code = "names_only"           // it judges how images are named, and verifies nothing
)

// Who must have signed.
const (
	NoAttestor           Code = "no_attestor"            // nobody in particular must have signed
	AnyIdentity          Code = "any_identity"           // whoever has an account with an issuer meets it
	IdentityBroad        Code = "identity_broad"         // whoever is with a large provider, or in a whole domain, meets it
	IdentityNeverMatches Code = "identity_never_matches" // no certificate of the issuer has such a subject
	StaticPass           Code = "static_pass"            // it accepts without verifying
	StaticFail           Code = "static_fail"            // it refuses without verifying
	TagNotVerified       Code = "tag_not_verified"       // what runs may be another image than was verified
	NotRequired          Code = "not_required"           // an image without evidence is admitted
	VerificationLenient  Code = "verification_lenient"   // some of what is found wrong is only logged
	ApprovedUnseen       Code = "approved_unseen"        // objects are approved because others were, and their images are not verified
	TlogIgnored          Code = "tlog_ignored"           // the transparency log is not asked
	AttestationUnchecked Code = "attestation_unchecked"  // an attestation of the type is enough, whatever it says
	ThresholdImpossible  Code = "threshold_impossible"   // more must have signed than there are
	KeysFromObject       Code = "keys_from_object"       // the key stands in an object that is not verified, or in a variable
	Placeholder          Code = "placeholder"            // an example's image, key or subject stands in it
)

// What it needs and what takes objects out of it.
const (
	TemplateMissing       Code = "template_missing"
	TemplateBroken        Code = "template_broken" // Gatekeeper will not load it, or it can reject nothing: it has no rule violation
	UnknownBuiltin        Code = "unknown_builtin" // its Rego calls what only a Gatekeeper with more builtins knows
	BindingMissing        Code = "binding_missing" // a template without a constraint, a policy without a binding
	PolicyMissing         Code = "policy_missing"  // a binding without its policy, a system without a policy about images
	ParametersMissing     Code = "parameters_missing"
	ProviderMissing       Code = "provider_missing"
	KeysMissing           Code = "keys_missing" // an object or a key of it that holds a key
	WebhookMissing        Code = "webhook_missing"
	OptInMissing          Code = "opt_in_missing" // no namespace has the label that turns it on
	OptInNeeded           Code = "opt_in_needed"  // only namespaces with a label are judged
	CABundleMissing       Code = "ca_bundle_missing"
	ProviderUnsafe        Code = "provider_unsafe"  // its answers come without TLS, or its errors are passed over
	NoMatchAllowed        Code = "no_match_allowed" // images that no policy matches are admitted
	ExceptionWidens       Code = "exception_widens"
	NamespacesExempt      Code = "namespaces_exempt" // the system as a whole leaves out namespaces
	RemovedFromKubernetes Code = "removed_from_kubernetes"
	DefinedTwice          Code = "defined_twice" // another object of the same name says something else
	UnknownField          Code = "unknown_field" // a field of the object is not one of its kind: the API server drops or refuses it
)
