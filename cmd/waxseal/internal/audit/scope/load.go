package scope

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/registry"
)

// maxBytes bounds audit.yaml.
const maxBytes = 1 << 20

// Load reads the scope at path. Relative paths in it begin at its folder. What is
// wrong is an [*config.Error] with everything, each with file, line and column.
// That it names something to audit is for [Scope.Check], when flags are merged.
func Load(path string) (*Scope, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, config.NewError(config.Problem{File: path, Text: err.Error()})
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, maxBytes+1)) // one more than is accepted
	if err != nil {
		return nil, config.NewError(config.Problem{File: path, Text: err.Error()})
	}
	return Parse(path, raw, filepath.Dir(path))
}

// wire is audit.yaml as its shape lets it through.
type wire struct {
	Version int
	Title   string
	Period  struct {
		From, To string
		Days     int
	}
	Config       string
	Clusters     []Cluster
	Registries   []string
	Repositories []Repository
	Logs         []Logs
	Sample       Sample
	Probes       Probes
}

// Parse reads a scope. The name is for messages; relative paths begin at dir.
func Parse(name string, raw []byte, dir string) (*Scope, error) {
	var w wire
	root, problems, err := auditYAML().Read(name, raw, &w)
	if err != nil {
		return nil, err
	}
	if root == nil {
		return nil, config.NewError(problems...)
	}
	l := &loader{name: name, dir: dir, root: root, problems: problems}
	s := l.scope(&w)
	if err := config.NewError(l.problems...); err != nil {
		return nil, err
	}
	return s, nil
}

// loader checks what a shape cannot.
type loader struct {
	name, dir string
	root      *document.Node
	problems  []config.Problem
}

func (l *loader) fail(path, format string, args ...any) {
	line, column := l.root.Locate(path)
	l.problems = append(l.problems, config.Problem{File: l.name, Line: line, Column: column, Path: path, Text: fmt.Sprintf(format, args...)})
}

// path returns a path of the file as it can be opened.
func (l *loader) path(text string) string {
	if text == "" || filepath.IsAbs(text) {
		return text
	}
	return filepath.Join(l.dir, text)
}

func (l *loader) paths(texts []string) []string {
	var out []string
	for _, text := range texts {
		out = append(out, l.path(text))
	}
	return out
}

func (l *loader) scope(w *wire) *Scope {
	s := &Scope{
		File: l.name, Title: w.Title, From: w.Period.From, To: w.Period.To, Days: w.Period.Days, Config: l.path(w.Config),
		Sample: w.Sample, Probes: w.Probes,
	}
	for i, text := range w.Registries {
		host, err := place(text)
		if err != nil && text != "" { // of nothing its shape has been said to be wrong
			l.fail(fmt.Sprintf("registries[%d]", i), "%v", err)
		}
		s.Registries = append(s.Registries, host)
	}
	for _, c := range w.Clusters {
		c.Kubeconfig, c.Manifests = l.path(c.Kubeconfig), l.paths(c.Manifests)
		s.Clusters = append(s.Clusters, c)
	}
	for _, r := range w.Repositories {
		s.Repositories = append(s.Repositories, named(Repository{Name: r.Name, Dir: l.path(r.Dir)}))
	}
	for i, of := range w.Logs {
		if of.Cluster != "" && !slices.ContainsFunc(w.Clusters, func(c Cluster) bool { return c.Name == of.Cluster }) {
			l.fail(fmt.Sprintf("logs[%d].cluster", i), "no cluster is called %q", of.Cluster)
		}
		host, err := place(of.Registry)
		if err != nil && of.Registry != "" {
			l.fail(fmt.Sprintf("logs[%d].registry", i), "%v", err)
		}
		s.Logs = append(s.Logs, Logs{Files: l.paths(of.Files), Format: orAuto(of.Format), Cluster: of.Cluster, Registry: host})
	}
	for _, p := range s.problems() {
		l.fail(p.path, "%s", p.text)
	}
	return s
}

// named names a repository by its folder, where nothing else does.
func named(r Repository) Repository {
	if r.Name != "" || r.Dir == "" {
		return r
	}
	dir, err := filepath.Abs(r.Dir)
	if err != nil {
		dir = r.Dir
	}
	r.Name = filepath.Base(dir)
	return r
}

func orAuto(format string) string {
	if format == "" {
		return formats[0]
	}
	return format
}

// place reads a registry.
func place(text string) (string, error) {
	at, err := registry.ParsePlace(text)
	if err != nil {
		return "", fmt.Errorf("%q is not a host, or a host with a path, such as registry.example/team", text)
	}
	if at.Name == "" {
		return at.Registry, nil
	}
	return at.String(), nil
}
