package pipeline

import (
	"path"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/azure"
	"github.com/waxseal/waxseal/builtins/pipeline/circleci"
	"github.com/waxseal/waxseal/builtins/pipeline/cloudbuild"
	"github.com/waxseal/waxseal/builtins/pipeline/github"
	"github.com/waxseal/waxseal/builtins/pipeline/gitlab"
	"github.com/waxseal/waxseal/builtins/pipeline/jenkins"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
	"github.com/waxseal/waxseal/builtins/pipeline/tekton"
)

// system is a CI system: which files it runs, and how they are read.
type system struct {
	name model.System
	is   func(name string, text []byte) bool
	read func(run *shell.Runner, name string) ([]model.Pipeline, []model.Problem)
	// folder says that the system runs only what lies in its folder: a file elsewhere
	// that looks the same is a template or an example.
	folder bool
}

// systems are all systems.
func systems() []system {
	return []system{
		{name: model.GitHub, is: github.Is, read: github.Read, folder: true},
		{name: model.GitLab, is: gitlab.Is, read: gitlab.Read},
		{name: model.CircleCI, is: circleci.Is, read: circleci.Read},
		{name: model.CloudBuild, is: cloudbuild.Is, read: cloudbuild.Read},
		{name: model.Azure, is: azure.Is, read: azure.Read},
		{name: model.Jenkins, is: jenkins.Is, read: jenkins.Read},
		{name: model.Tekton, is: tekton.Is, read: tekton.Read},
	}
}

// byPath returns the system that runs a file because of where it lies.
func byPath(name string) (system, bool) {
	for _, s := range systems() {
		if s.is(name, nil) {
			return s, true
		}
	}
	return system{}, false
}

// byText returns the system that runs a file because of its text. Named says that
// somebody has named the file, so that it need not lie where the system looks.
func byText(name string, text []byte, named bool) (system, bool) {
	if len(text) == 0 {
		return system{}, false
	}
	for _, s := range systems() {
		if (named || !s.folder) && s.is(name, text) {
			return s, true
		}
	}
	return system{}, false
}

// telling says whether the text of a file may tell that it is a pipeline.
func telling(name string) bool {
	base := strings.ToLower(path.Base(name))
	switch path.Ext(base) {
	case ".yaml", ".yml", ".groovy", ".jenkins":
		return true
	case ".json":
		return strings.Contains(base, "build") || strings.Contains(base, "gcb")
	}
	return false
}
