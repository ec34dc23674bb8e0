// Package scope says what an audit is about: what audit.yaml names, and what
// flags name in its place.
package scope

import (
	"fmt"
	"time"

	"github.com/waxseal/waxseal/builtins/audit"
)

// Scope is what an audit is about. One that [Scope.Check] accepts names at least
// one thing to look at. Paths of a file begin at its folder, so that they can be
// opened as they stand here.
type Scope struct {
	File  string // audit.yaml, as it was named; "" without one
	Title string
	// From and To are the ends of the period as they were written, a date or a time;
	// Days is how long it is where only one of them, or none, is written. 0 is 90.
	From, To string
	Days     int
	Config   string // waxseal.yaml; "" where none is named

	Clusters     []Cluster
	Registries   []string // hosts, or hosts with a path, normalised
	Repositories []Repository
	Logs         []Logs
	Sample       Sample
	Probes       Probes
}

// Cluster is a cluster, or the admission configuration of one as files.
type Cluster struct {
	Name       string   `json:"name"`
	Context    string   `json:"context"`    // of the kubeconfig; "" for its current one
	Kubeconfig string   `json:"kubeconfig"` // "" for that of kubectl, or of the Pod
	Namespaces []string `json:"namespaces"` // the only ones that are looked at; empty for all
	Exclude    []string `json:"exclude"`    // patterns with stars
	Manifests  []string `json:"manifests"`  // files and folders, in place of an API server
}

// Repository is a source repository.
type Repository struct {
	Name string `json:"name"`
	Dir  string `json:"dir"`
}

// Logs are log files of one format.
type Logs struct {
	Files   []string `json:"files"` // patterns, as of [path/filepath.Match]
	Format  string   `json:"format"`
	Cluster string   `json:"cluster"` // name of the cluster that they are of; "" where it is not known
	// Registry is the host of the registry that they are of, for logs that name none.
	Registry string `json:"registry"`
}

// Sample says how many images are judged. Size 0 is all of them. Without a seed
// one is drawn, and written into the report.
type Sample struct {
	Size int    `json:"size"`
	Seed *int64 `json:"seed"`
}

// Probes are the Pods that are tried by dry run.
type Probes struct {
	Namespaces []string `json:"namespaces"`
	Images     Images   `json:"images"`
	More       []Probe  `json:"more"`
}

// Images are those of the four usual probes; "" for one that is not named.
type Images struct {
	Unsigned           string `json:"unsigned"`
	Unscanned          string `json:"unscanned"`
	UnapprovedRegistry string `json:"unapproved_registry"`
	Acceptable         string `json:"acceptable"`
}

// Probe is a probe of one's own.
type Probe struct {
	Name     string `json:"name"`
	Image    string `json:"image"`
	Expected string `json:"expected"` // refused or admitted
	Rule     string `json:"rule"`     // that has to refuse it; "" for any
}

// Default is the scope of those who have no audit.yaml: nothing, for the last 90
// days. Flags have to name what to look at.
func Default() *Scope { return &Scope{} }

// DefaultDays is the length of the period where nothing says it.
const DefaultDays = 90

// Period returns the period of the audit, for a run at this time. A date is all of
// its day, in UTC.
func (s *Scope) Period(now time.Time) (audit.Period, error) {
	days := s.Days
	if days == 0 {
		days = DefaultDays
	}
	to := now.UTC().Truncate(time.Second)
	if s.To != "" {
		to = end(s.To)
	}
	from := to.AddDate(0, 0, -days)
	if s.From != "" {
		from = begin(s.From)
	}
	if from.After(to) {
		return audit.Period{}, fmt.Errorf("period: it begins %s, after its end %s", from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	return audit.Period{From: from.Format(time.RFC3339), To: to.Format(time.RFC3339)}, nil
}

// begin reads what the shape of the file, or the check of the flags, let through.
func begin(text string) time.Time {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day
	}
	at, _ := time.Parse(time.RFC3339, text)
	return at.UTC()
}

func end(text string) time.Time {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.Add(24*time.Hour - time.Second)
	}
	return begin(text)
}
