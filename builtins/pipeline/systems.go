package pipeline

import (
	"path"
	"regexp"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
	"github.com/waxseal/waxseal/builtins/pipeline/tekton"
)

// system is a CI system: which files it runs, and how they are read.
type system struct {
	name model.System
	is   func(name string, text []byte) bool
	read func(run *shell.Runner, name string) ([]model.Pipeline, []model.Problem)
}

// systems are all systems. Those that know their files by the path come first.
func systems() []system {
	return []system{
		{model.Tekton, tekton.Is, tekton.Read},
	}
}

// byPath returns the system that runs a file because of where it lies.
func byPath(name string) (system, bool) { return byText(name, nil) }

// byText returns the system that runs a file because of its text.
func byText(name string, text []byte) (system, bool) {
	for _, s := range systems() {
		if s.is(name, text) {
			return s, true
		}
	}
	return system{}, false
}

// byTextAnywhere is byText for a file that somebody has named, wherever it lies.
func byTextAnywhere(name string, text []byte) (system, bool) {
	if s, ok := byText(name, text); ok {
		return s, true
	}
	if yaml(name) && workflow.Match(text) {
		return byPath(".github/workflows/" + path.Base(name))
	}
	return system{}, false
}

// workflow is how the text of a workflow of GitHub looks, which only its folder tells
// apart from other files.
var workflow = regexp.MustCompile(`(?m)^jobs:\s*(#.*)?$(?s:.*)^\s+(runs-on|uses):`)

func yaml(name string) bool {
	ext := strings.ToLower(path.Ext(name))
	return ext == ".yaml" || ext == ".yml"
}

// telling says whether the text of a file may tell that it is a pipeline.
func telling(name string) bool {
	base := strings.ToLower(path.Base(name))
	switch path.Ext(base) {
	case ".yaml", ".yml", ".json", ".groovy", ".jenkins", ".jenkinsfile":
		return true
	}
	return strings.Contains(base, "jenkinsfile")
}
