// Package gather finds what an audit judges: what runs, what is enforced, what
// pipelines do, which keys are trusted, what logs say. It asks API servers and
// reads files; registries are asked later, by what judges.
package gather

import (
	"github.com/waxseal/waxseal/builtins/admission"
	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// Version is the version of the format of [Gathered].
const Version = 1

// Gathered is everything that an audit found. Together with the evidence about
// images it is all that the report rests on: it is written into the record, and a
// report is made of it again without asking anybody. Lists are sorted and never nil.
type Gathered struct {
	Version int          `json:"version"`
	Title   string       `json:"title"`
	Started string       `json:"started"` // RFC 3339, UTC, as all times
	Ended   string       `json:"ended"`
	Now     string       `json:"now"` // the clock of all judgements
	Period  audit.Period `json:"period"`
	Seed    int64        `json:"seed"`
	Size    int          `json:"size"` // of the sample, in images; 0 is everything

	Clusters     []Cluster    `json:"clusters"`
	Registries   []string     `json:"registries"` // of the scope
	Repositories []Repository `json:"repositories"`
	LogFiles     []string     `json:"log_files"`
	// Images are those that run, verdicts and answers not filled yet; Units are what
	// of them is judged.
	Images []audit.Image `json:"images"`
	Units  []Unit        `json:"units"`

	Keys       []audit.Key      `json:"keys"`
	Identities []audit.Identity `json:"identities"`
	Logs       audit.Logs       `json:"logs"`
	Probes     []audit.Probe    `json:"probes"`
	Missing    []audit.Missing  `json:"missing"`
}

// Cluster is a cluster, or a folder of its manifests.
type Cluster struct {
	Name       string   `json:"name"`
	Context    string   `json:"context"`
	Server     string   `json:"server"`
	Version    string   `json:"version"`
	Namespaces []string `json:"namespaces"` // that were looked at; empty for all
	Excluded   []string `json:"excluded"`
	Pods       int      `json:"pods"`    // all of them
	Pending    int      `json:"pending"` // of those, how many do not run yet, or no more
	// Configuration is what is enforced; nil where it could not be read. Its workloads
	// name one member of each group. Exported are the objects that it was read from,
	// without Secrets, workloads and values of Helm.
	Configuration *admission.Configuration `json:"configuration"`
	Exported      []map[string]any         `json:"exported"`
}

// Repository is a source repository with its pipelines.
type Repository struct {
	Name   string            `json:"name"` // as given
	Commit string            `json:"commit"`
	Facts  *model.Repository `json:"facts"` // nil where it could not be read
}

// Unit is what is judged at once: one container as it runs, by its digest, in a
// Pod that holds nothing but it and what policies look at. Containers that differ
// in nothing that a policy looks at are one unit, so that their number grows with
// images and not with Pods.
type Unit struct {
	Key       string         `json:"key"`   // sha256: of the object
	Image     string         `json:"image"` // [audit.Image.Ref]
	Cluster   string         `json:"cluster"`
	Namespace string         `json:"namespace"`
	Object    map[string]any `json:"object"` // the Pod, redacted
	Pods      int            `json:"pods"`
	// Workloads are what makes those Pods; [audit.MaxWorkloads] at most.
	Workloads []audit.Workload `json:"workloads"`
}
