// Package jenkins reads Jenkinsfiles, declarative and scripted, into the model of
// pipelines. The Groovy is followed as far as it can be told what it does: blocks
// that are kept and run later, methods of the file, files that it loads, steps of
// the repository's own library. What cannot be told is said so.
package jenkins

import (
	"bytes"
	"path"
	"regexp"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/pipeline/jenkins/groovy"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

var pipelineShape = regexp.MustCompile(`(?m)^\s*(pipeline\s*\{|node\s*(\(.*\))?\s*\{|(build|standard)[A-Za-z]*(Pipeline|Plugin)\b)`)

// Is says whether a file is a Jenkinsfile: by its name, or, for Groovy that lies
// elsewhere, by a pipeline or node block at the beginning of a line.
func Is(name string, text []byte) bool {
	base := strings.ToLower(path.Base(name))
	switch ext := path.Ext(base); {
	case base == "jenkinsfile", ext == ".jenkinsfile":
		return true
	case strings.HasPrefix(base, "jenkinsfile") && strings.ContainsRune(".-_", rune(base[len("jenkinsfile")])):
		return ext != ".md" && ext != ".txt" && ext != ".html" && ext != ".png"
	case ext == ".groovy" || ext == ".jenkins":
		return !ofLibrary(name) && bytes.Contains(text, []byte("{")) && pipelineShape.Match(text)
	}
	return false
}

// ofLibrary says whether a file is part of a shared library: it runs only when a
// pipeline calls it.
func ofLibrary(name string) bool {
	return strings.HasPrefix(name, "vars/") || strings.HasPrefix(name, "src/") ||
		strings.Contains(name, "/vars/") || strings.Contains(name, "/src/")
}

// Read reads a Jenkinsfile of the repository.
func Read(run *shell.Runner, name string) ([]model.Pipeline, []model.Problem) {
	text, err := run.Files().Read(name)
	if err != nil {
		return nil, []model.Problem{unreadable(name, err)}
	}
	r := newReader(run, name)
	f := &file{groovy.Parse(text), name}
	r.files[name] = f
	r.report(f)
	c := &ctx{reader: r, in: f, vars: r.globals, env: r.env, frame: &frame{name: "pipeline"}}
	c.exec(f.Body)
	return []model.Pipeline{r.finish()}, r.problems
}

func newReader(run *shell.Runner, name string) *reader {
	r := &reader{run: run, name: name, ids: map[string]bool{}, files: map[string]*file{}, disk: map[string]string{},
		joined: map[string]int{}, codes: map[model.Place]status{}}
	r.globals, r.env = (*scope)(nil).child(), (*scope)(nil).child()
	r.pipeline = model.Pipeline{Place: model.Place{File: name, Line: 1}, System: model.Jenkins, Name: name}
	return r
}

func unreadable(name string, err error) model.Problem {
	code := "not_found"
	if c, ok := fault.CodeOf(err); ok && c == fault.TooLarge {
		code = "too_large"
	}
	return model.Problem{Place: model.Place{File: name}, Code: code, Text: "the Jenkinsfile cannot be read: " + err.Error()}
}
