package scope

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Flags are what a command line says of the scope. Lists that are named replace
// those of the file.
type Flags struct {
	Title string
	// Clusters are names of clusters of the file, which alone are audited then, or
	// contexts of the kubeconfig; "" is its current one.
	Clusters   []string
	Kubeconfig string   // of all clusters
	Namespaces []string // of all clusters
	Exclude    []string // of all clusters
	Manifests  []string // admission configuration, as a cluster called manifests

	Registries   []string
	Repositories []string // DIR or NAME=DIR
	Logs         []string // FILE or FORMAT=FILE, with patterns
	From, To     string
	Days         int
	Sample       int    // 0 leaves what the file says
	Seed         *int64 // nil leaves what the file says
}

// current is the name of the cluster that is asked where nothing names one.
const current = "current"

// Merge puts flags into the scope. What results is for [Scope.Check].
func (s *Scope) Merge(f Flags) error {
	var problems []error
	problems = append(problems, s.mergePeriod(f)...)
	s.mergeClusters(f)
	if len(f.Registries) > 0 {
		s.Registries = nil
	}
	for _, text := range f.Registries {
		at, err := place(text)
		if err != nil {
			problems = append(problems, fmt.Errorf("--registry: %w", err))
			continue
		}
		s.Registries = append(s.Registries, at)
	}
	if len(f.Repositories) > 0 {
		s.Repositories = nil
	}
	for _, text := range f.Repositories {
		s.Repositories = append(s.Repositories, repositoryOf(text))
	}
	if len(f.Logs) > 0 {
		s.Logs = nil
	}
	for _, text := range f.Logs {
		s.Logs = append(s.Logs, logsOf(text))
	}
	if f.Sample < 0 {
		problems = append(problems, fmt.Errorf("--sample %d: expected a number of images, or 0 for all", f.Sample))
	}
	if f.Sample > 0 {
		s.Sample.Size = f.Sample
	}
	if f.Seed != nil {
		s.Sample.Seed = f.Seed
	}
	if f.Title != "" {
		s.Title = f.Title
	}
	return errors.Join(problems...)
}

func (s *Scope) mergePeriod(f Flags) []error {
	var problems []error
	for _, end := range []struct{ flag, text string }{{"--from", f.From}, {"--to", f.To}} {
		_, notDate := time.Parse(time.DateOnly, end.text)
		_, notTime := time.Parse(time.RFC3339, end.text)
		if end.text != "" && notDate != nil && notTime != nil {
			problems = append(problems, fmt.Errorf("%s %s: expected a date such as 2026-11-21, or a time such as 2026-11-21T15:04:05Z", end.flag, end.text))
		}
	}
	if f.Days < 0 {
		problems = append(problems, fmt.Errorf("--days %d: expected a number of days", f.Days))
	}
	if len(problems) > 0 || f.From == "" && f.To == "" && f.Days == 0 {
		return problems
	}
	s.From, s.To, s.Days = f.From, f.To, f.Days // one period is not put together of two
	return nil
}

func (s *Scope) mergeClusters(f Flags) {
	if len(f.Clusters) > 0 {
		chosen := make([]Cluster, 0, len(f.Clusters))
		for _, name := range f.Clusters {
			chosen = append(chosen, s.cluster(name))
		}
		s.Clusters = chosen
	}
	if len(s.Clusters) == 0 && (f.Kubeconfig != "" || len(f.Namespaces) > 0) {
		s.Clusters = []Cluster{{Name: current}}
	}
	for i := range s.Clusters {
		c := &s.Clusters[i]
		if len(c.Manifests) > 0 {
			continue
		}
		if f.Kubeconfig != "" {
			c.Kubeconfig = f.Kubeconfig
		}
		if len(f.Namespaces) > 0 {
			c.Namespaces = f.Namespaces
		}
		if len(f.Exclude) > 0 {
			c.Exclude = f.Exclude
		}
	}
	if len(f.Manifests) > 0 {
		s.Clusters = append(s.Clusters, Cluster{Name: "manifests", Manifests: f.Manifests})
	}
}

// cluster is the one of the file, or of a context.
func (s *Scope) cluster(name string) Cluster {
	for _, c := range s.Clusters {
		if c.Name == name {
			return c
		}
	}
	if name == "" {
		return Cluster{Name: current}
	}
	return Cluster{Name: name, Context: name}
}

// repositoryOf reads DIR or NAME=DIR. A folder whose name has a = is written as ./a=b.
func repositoryOf(text string) Repository {
	name, dir, found := strings.Cut(text, "=")
	if !found || name == "" || strings.ContainsAny(name, `/\`) {
		return named(Repository{Dir: text})
	}
	return Repository{Name: name, Dir: dir}
}

// logsOf reads FILE or FORMAT=FILE.
func logsOf(text string) Logs {
	for _, format := range formats {
		if file, found := strings.CutPrefix(text, format+"="); found {
			return Logs{Files: []string{file}, Format: format}
		}
	}
	return Logs{Files: []string{text}, Format: formats[0]}
}
