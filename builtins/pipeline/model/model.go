// Package model holds what is known of the pipelines of a repository, in one
// form for all CI systems: pipelines have jobs, jobs have steps in order, steps
// do something ([Action]) to images.
//
// It is facts: nothing here says what is right. Package pipeline fills it, the
// policies pipeline_* judge it.
//
// # Symbolic text
//
// What a pipeline names is often known only while it runs. Texts are therefore
// symbolic: a part that is not known is written ${NAME}, in one spelling for all
// systems, and equal parts have equal spellings within one pipeline:
//
//	${VERSION}                            a variable of the shell or the pipeline
//	${jobs.build.steps.meta.outputs.tags} an output of a step of a job
//	${inputs.push}                        an input of the pipeline
//	${(git rev-parse HEAD)}               what a command prints
//	${*}                                  anything: two of them are never equal
//
// What is known is written out: an image that is named ${REGISTRY}/app, where
// the pipeline sets REGISTRY to ghcr.io/shop, is ghcr.io/shop/app.
package model

// Place is where something stands: a file of the repository, with slashes and
// relative to its root, and a line from 1; 0 when it is about the file.
type Place struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

// System is a CI system, by its name in messages and documents.
type System string

// The systems.
const (
	GitHub     System = "github-actions"
	GitLab     System = "gitlab-ci"
	Jenkins    System = "jenkins"
	Tekton     System = "tekton"
	CloudBuild System = "cloudbuild"
	CircleCI   System = "circleci"
	Azure      System = "azure-pipelines"
)

// Repository is everything that was read. Lists are sorted by place and never
// nil, so that they are lists in JSON.
type Repository struct {
	Pipelines []Pipeline `json:"pipelines"`
	// Images are the images that the pipelines build, with what happens to each.
	Images []Image `json:"images"`
	// Keys are private keys that lie in the repository.
	Keys []Secret `json:"keys"`
	// Problems are files that could not be read, or not wholly.
	Problems []Problem `json:"problems"`
}

// Problem is a file that is not, or not wholly, in the model. Whoever decides
// must not take silence about it for an answer.
type Problem struct {
	Place
	Code string `json:"code"` // malformed, too_large, unsupported or not_found
	Text string `json:"text"` // what is wrong, and what to do
}

// Pipeline is one file that a CI system runs: a workflow, a .gitlab-ci.yml, a
// Jenkinsfile, a Pipeline.
type Pipeline struct {
	Place
	System   System   `json:"system"`
	Name     string   `json:"name"`
	Triggers []string `json:"triggers"` // push, pull_request, schedule, workflow_call, …; empty when not known
	Jobs     []Job    `json:"jobs"`
	// References are what the pipeline runs that is named elsewhere.
	References []Reference `json:"references"`
	// Secrets are what is in plain text, or given to more steps than need it.
	Secrets []Secret `json:"secrets"`
	// Unseen are parts of the pipeline that are not in the repository.
	Unseen []Unseen `json:"unseen"`
}

// Job is a job, a stage, a task: steps that run one after the other.
type Job struct {
	Place
	ID    string   `json:"id"`    // unique in the pipeline
	Name  string   `json:"name"`  // as people see it
	Needs []string `json:"needs"` // the IDs of all jobs that have succeeded when this one begins, transitive
	// When are the conditions under which it runs: see [Action.When].
	When []string `json:"when"`
	// Optional says why a failure of the job does not fail the pipeline
	// ("continue-on-error: true"); "" when it does.
	Optional string `json:"optional"`
	// IDToken says whether the job may ask for an OIDC token, by which permission.
	IDToken Permission `json:"id_token"`
	// OIDC is what the job uses such a token for, besides signing: "aws-actions/configure-aws-credentials".
	OIDC  []string `json:"oidc"`
	Steps []Step   `json:"steps"`
}

// Permission is whether something is allowed, and where that is said.
type Permission struct {
	Place
	Granted bool `json:"granted"`
}

// Step is a step, a script line's block, a call of an action, a task, an orb.
type Step struct {
	Place
	ID   string `json:"id"`   // unique in the job; the author's, or #N
	Name string `json:"name"` // as people see it
	Uses string `json:"uses"` // the action, task, orb or plugin that it runs; "" when it is a script
	// When and Optional are as those of [Job], of this step alone.
	When     []string `json:"when"`
	Optional string   `json:"optional"`
	Actions  []Action `json:"actions"`
	// Secrets are the names of the secrets that the step can read, sorted.
	Secrets []string `json:"secrets"`
}

// Kind is what an action does.
type Kind string

// The kinds.
const (
	Build  Kind = "build"  // an image comes to be
	Push   Kind = "push"   // it is uploaded
	Tag    Kind = "tag"    // it gets a further name: From is the image, Images are the names
	Copy   Kind = "copy"   // from a registry to another: From is the source
	Sign   Kind = "sign"   // a signature of an image; of a file is none
	Attest Kind = "attest" // a statement about an image
	Verify Kind = "verify" // of a signature or a statement
	Scan   Kind = "scan"   // for vulnerabilities
	SBOM   Kind = "sbom"   // a bill of materials is made
	Login  Kind = "login"  // to a registry
)

// Action is one thing that a step does.
type Action struct {
	Place // of the command; it may be in a Makefile or a script

	ID   string `json:"id"` // unique in the repository; filled by package pipeline
	Kind Kind   `json:"kind"`
	Tool string `json:"tool"` // docker, buildx, kaniko, cosign, trivy, …
	// Method is how: cosign-keyless, cosign-key, notation, docker-content-trust,
	// goreleaser, tekton-chains, buildx (an attestation of a build, which nobody
	// signed), shared-library:NAME, …
	Method string `json:"method"`
	// Images are what it is done to. Empty for an image that cannot be told.
	Images []Ref `json:"images"`
	From   []Ref `json:"from"` // the source of a tag or a copy
	// Through is the way from the pipeline to the command, the pipeline first:
	// the step, a target of a Makefile, a script. Empty when it stands in the step.
	Through []Place `json:"through"`
	// When are the conditions under which it happens, one text for each of the
	// conditions that all must hold, those of step and job included; sorted. Equal
	// conditions have equal texts.
	When []string `json:"when"`
	// Optional says why a failure does not fail the pipeline: "|| true",
	// "continue-on-error: true", "allow_failure: true", "set +e"; "" when it does.
	Optional string `json:"optional"`
	// Pushes says that a build uploads what it builds, PushWhen under which further conditions.
	Pushes   bool     `json:"pushes"`
	PushWhen []string `json:"push_when"`
	// Gates says whether findings of a scan fail its command: yes, no or unknown. Why
	// says by which argument, or by the lack of which one.
	Gates    string `json:"gates"`
	GatesWhy string `json:"gates_why"`
	// Known says whether it is known what happens: no when only a name tells, as
	// that of a step of a shared library, or a task that is elsewhere.
	Known bool `json:"known"`
	// Signed says whether an attestation is signed.
	Signed bool `json:"signed"`
	// Predicate is the predicate type of an attestation, as far as it is known.
	Predicate string `json:"predicate"`
	// Key is the key of a signature: a file, an environment variable, a KMS URI. "" for keyless.
	Key string `json:"key"`
	// Digests are the symbols that hold the digest of what a build or a push has
	// made, without ${}: jobs.build.steps.push.outputs.digest. Names are those that hold its
	// names. Package pipeline joins builds and signatures by them.
	Digests []string `json:"digests"`
	Names   []string `json:"names"`
	// Files are files that hold the image: what --output or "docker save" writes.
	Files []string `json:"files"`
}

// Gates of a scan.
const (
	GatesYes     = "yes"
	GatesNo      = "no"
	GatesUnknown = "unknown"
)

// Ref is an image as an action names it.
type Ref struct {
	Text string `json:"text"` // symbolic: ghcr.io/shop/app:${VERSION}
	Name string `json:"name"` // registry and repository of it, symbolic; "" when it cannot be told
	// By is how it is named: tag, digest, tag-and-digest, name (neither), file (a
	// tarball or layout) or unknown.
	By string `json:"by"`
}

// The ways in which an image is named.
const (
	ByTag          = "tag"
	ByDigest       = "digest"
	ByTagAndDigest = "tag-and-digest"
	ByName         = "name"
	ByFile         = "file"
	ByUnknown      = "unknown"
)

// Reference is something that a pipeline runs, named elsewhere.
type Reference struct {
	Place
	// Kind is action, workflow, image, base_image, task, orb, include, template,
	// library, script (a download that is run) or tool.
	Kind   string `json:"kind"`
	Text   string `json:"text"`   // as written
	Pinned bool   `json:"pinned"` // by what cannot be moved: a commit, a digest, a checksum
	Local  bool   `json:"local"`  // it is in the repository
}

// Secret is a secret that is not kept as one. The secret itself is never in it.
type Secret struct {
	Place
	// Kind is private_key, password or token (in plain text), key_file (in the
	// repository), argument (a secret in the arguments of a command), or exposed
	// (given to steps that do not need it).
	Kind string `json:"kind"`
	Name string `json:"name"` // of the variable, file or secret
	To   string `json:"to"`   // who can read it: a step, "all jobs"; "" for everybody who reads the file
	Text string `json:"text"` // what was found, in words, without the secret
}

// Unseen is a part of a pipeline that is not in the repository, so that nobody
// can tell what it does.
type Unseen struct {
	Place
	// Kind is workflow, action, include, template, library, task, orb, script, make,
	// dynamic (a name that is known only when it runs) or signer (a service that signs).
	Kind string `json:"kind"`
	Name string `json:"name"` // what it is: org/repo/.github/workflows/sign.yml@v1
	Job  string `json:"job"`  // the ID of the job in which it runs; "" for the whole pipeline
	// May are the kinds of actions that it may hold, as far as its name and its
	// arguments tell; empty when it may hold any.
	May    []Kind `json:"may"`
	Supply string `json:"supply"` // what would let it be seen: "the folder of the shared library"
}

// Image is an image that a pipeline builds, and what happens to it. The lists
// hold what is about this image, in the order in which it happens.
type Image struct {
	Place           // of the step of the pipeline that builds it
	System   System `json:"system"`
	Pipeline string `json:"pipeline"` // the file of the pipeline
	// PipelineLine is the line at which the pipeline begins: a file may hold several.
	PipelineLine int    `json:"pipeline_line"`
	Job          string `json:"job"`
	Step         string `json:"step"`
	Name         string `json:"name"` // symbolic; "" when it cannot be told
	Text         string `json:"text"` // the first full name, with its tag; symbolic
	Build        Use    `json:"build"`
	// Built is no for an image that is only copied or pushed here.
	Built    bool  `json:"built"`
	Pushed   []Use `json:"pushed"` // empty: it does not leave the machine
	Signed   []Use `json:"signed"`
	Attested []Use `json:"attested"`
	Scanned  []Use `json:"scanned"`
	SBOMs    []Use `json:"sboms"`
	// Other are scans and signatures of the same job, or of jobs that need it,
	// which name another image.
	Other []Use `json:"other"`
	// Unseen are the parts of the pipeline that nobody can see and that may do
	// something to this image: indices of Unseen of its pipeline.
	Unseen []int `json:"unseen"`
}

// Use is an action as it is about one image.
type Use struct {
	Place           // of the command
	Step     Place  `json:"step"` // of the step of the pipeline
	Pipeline string `json:"pipeline"`
	Action   string `json:"action"` // its ID
	Kind     Kind   `json:"kind"`
	Tool     string `json:"tool"`
	Method   string `json:"method"`
	By       string `json:"by"`   // how it names the image: see [Ref]
	Text     string `json:"text"` // the name that it uses
	// Traced says that the name is the digest that this build gave, or another
	// output of it: it is about what was built, whatever happens to tags.
	Traced bool `json:"traced"`
	// After are the IDs of the actions on this image that have succeeded when this
	// one begins, whatever was true.
	After []string `json:"after"`
	// When are the conditions of the action that the push (or, without one, the build)
	// of the image does not have. Of a push: those that the build does not have; of the build: all.
	When      []string `json:"when"`
	Optional  string   `json:"optional"`
	Gates     string   `json:"gates"`
	GatesWhy  string   `json:"gates_why"`
	Known     bool     `json:"known"`
	Signed    bool     `json:"signed"`
	Predicate string   `json:"predicate"`
	Key       string   `json:"key"`
}
