package scope

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// problem is something wrong with a value, wherever it came from.
type problem struct {
	path string // of the field in audit.yaml
	text string
}

var (
	nameText      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,252}$`) // names of contexts of clouds are long
	namespaceText = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	patternText   = regexp.MustCompile(`^[a-z0-9*-]{1,63}$`)
)

// problems are those that values have together.
func (s *Scope) problems() []problem {
	var out []problem
	fail := func(path, format string, args ...any) {
		out = append(out, problem{path, fmt.Sprintf(format, args...)})
	}
	s.periods(fail)
	s.clusters(fail)
	s.repositories(fail)
	s.logs(fail)
	s.probes(fail)
	return out
}

type failing func(path, format string, args ...any)

func (s *Scope) periods(fail failing) {
	if s.From != "" && s.To != "" && s.Days != 0 {
		fail("period.days", "from and to say how long the period is; keep two of the three")
		return
	}
	if s.From == "" || s.To == "" && s.Days == 0 {
		return
	}
	if _, err := s.Period(time.Time{}); s.To != "" && err != nil {
		fail("period.from", "%v", err)
	}
}

func (s *Scope) clusters(fail failing) {
	seen := map[string]bool{}
	for i, c := range s.Clusters {
		at := fmt.Sprintf("clusters[%d]", i)
		switch {
		case c.Name == "": // the shape has said so
		case !nameText.MatchString(c.Name):
			fail(at+".name", "%q is not a name (letters, digits and . _ : / @ -)", c.Name)
		case seen[c.Name]:
			fail(at+".name", "two clusters are called %q", c.Name)
		}
		seen[c.Name] = true
		if len(c.Manifests) > 0 && (c.Context != "" || c.Kubeconfig != "" || len(c.Namespaces) > 0 || len(c.Exclude) > 0) {
			fail(at+".manifests", "files are read in place of an API server: name them as a cluster of their own, without context, kubeconfig, namespaces and exclude")
		}
		for j, n := range c.Namespaces {
			if n != "" && !namespaceText.MatchString(n) {
				fail(fmt.Sprintf("%s.namespaces[%d]", at, j), "%q is not the name of a namespace", n)
			}
		}
		for j, n := range c.Exclude {
			if n != "" && !patternText.MatchString(n) {
				fail(fmt.Sprintf("%s.exclude[%d]", at, j), "%q is not the name of a namespace, nor one with stars", n)
			}
		}
	}
}

func (s *Scope) repositories(fail failing) {
	seen := map[string]bool{}
	for i, r := range s.Repositories {
		if r.Name != "" && seen[r.Name] {
			fail(fmt.Sprintf("repositories[%d]", i), "two repositories are called %q; give one of them another name", r.Name)
		}
		seen[r.Name] = true
	}
}

func (s *Scope) logs(fail failing) {
	for i, of := range s.Logs {
		for j, pattern := range of.Files {
			if _, err := filepath.Match(pattern, ""); err != nil {
				fail(fmt.Sprintf("logs[%d].files[%d]", i, j), "%q is not a pattern of file names: %v", pattern, err)
			}
		}
	}
}

func (s *Scope) probes(fail failing) {
	for i, n := range s.Probes.Namespaces {
		if n != "" && !namespaceText.MatchString(n) {
			fail(fmt.Sprintf("probes.namespaces[%d]", i), "%q is not the name of a namespace", n)
		}
	}
	seen := map[string]bool{"unsigned": true, "unscanned": true, "unapproved_registry": true, "acceptable": true}
	for i, p := range s.Probes.More {
		if seen[p.Name] {
			fail(fmt.Sprintf("probes.more[%d].name", i), "another probe is called %q", p.Name)
		}
		seen[p.Name] = true
		if p.Rule != "" && p.Expected == "admitted" {
			fail(fmt.Sprintf("probes.more[%d].rule", i), "it has to be admitted: no rule refuses it")
		}
	}
}

// Check refuses a scope that cannot be audited, with everything that is wrong. It
// is for the scope with all flags.
func (s *Scope) Check() error {
	var problems []error
	for _, p := range s.problems() {
		problems = append(problems, fmt.Errorf("%s: %s", p.path, p.text))
	}
	if len(s.Clusters)+len(s.Registries)+len(s.Repositories)+len(s.Logs) == 0 {
		problems = append(problems, errors.New("nothing to audit: name a cluster (--cluster, or --context NAME), admission configuration (--manifests DIR), a source repository (--repository DIR) or logs (--log FILE), or write them into audit.yaml"))
	}
	if len(s.Clusters)+len(s.Repositories)+len(s.Logs) == 0 && len(s.Registries) > 0 {
		problems = append(problems, fmt.Errorf("nothing to audit: the registries %s say what is approved to be looked at, and not what runs; name a cluster, a repository or logs too", strings.Join(s.Registries, ", ")))
	}
	return errors.Join(problems...)
}
