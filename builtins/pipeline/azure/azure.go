// Package azure reads the pipelines of Azure Pipelines into the model: stages,
// jobs and deployments, templates of the repository with their parameters,
// expressions as far as their values are known, tasks and scripts.
package azure

import (
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

var (
	wellKnown = regexp.MustCompile(`(?i)^(\.?azure-?pipelines?([._-].*)?|\.vsts-ci(\..*)?|\.azure-ci|azure-?devops([._-].*)?)\.ya?ml$`)
	aTask     = regexp.MustCompile(`(?m)^\s*-\s+task:\s*['"]?[A-Za-z][A-Za-z0-9_.-]*@[0-9]`)
	aPool     = regexp.MustCompile(`(?m)^\s*(pool|vmImage):`)
	aScript   = regexp.MustCompile(`(?m)^\s*-\s+(script|bash|pwsh|powershell|deployment|template):`)
	aRoot     = regexp.MustCompile(`(?m)^(trigger|pr|schedules|pool|stages|jobs|steps|extends|resources):`)
)

// Is says whether a file belongs to Azure Pipelines: by its name or folder, or by
// tasks, or scripts in a pool, at the top of a file elsewhere.
func Is(name string, text []byte) bool {
	switch path.Ext(strings.ToLower(name)) {
	case ".yml", ".yaml":
	default:
		return false
	}
	if wellKnown.MatchString(path.Base(name)) || ofFolder(name) {
		return true
	}
	if strings.HasPrefix(name, ".github/") || strings.HasPrefix(name, ".circleci/") || strings.HasPrefix(path.Base(name), ".gitlab-ci") {
		return false
	}
	return aRoot.Match(text) && (aTask.Match(text) || aPool.Match(text) && aScript.Match(text))
}

func ofFolder(name string) bool {
	for _, dir := range []string{".azure-pipelines", ".azuredevops", ".azure-devops", ".azurepipelines", ".vsts"} {
		if strings.HasPrefix(name, dir+"/") || strings.Contains(name, "/"+dir+"/") {
			return true
		}
	}
	return false
}

// Read reads a pipeline of the repository. A template is none by itself: it is
// read where a pipeline uses it.
func Read(run *shell.Runner, name string) ([]model.Pipeline, []model.Problem) {
	r := newReader(run, name)
	root := r.load(name, model.Place{File: name})
	if root == nil || isTemplate(root, name) {
		return nil, r.problems
	}
	c := &ctx{reader: r, in: &scope{file: name, chain: []string{name}, root: true}, vars: (*vars)(nil).child()}
	c.in.params = c.defaults(root.Get("parameters"))
	c.secretDefaults(root.Get("parameters"))
	r.pipeline.Triggers = triggers(root)
	if n := root.Get("name"); n != nil && n.Kind == document.String {
		r.pipeline.Name = name
	}
	c.root(root)
	return []model.Pipeline{r.finish()}, r.problems
}

// isTemplate says whether a file is only part of pipelines.
func isTemplate(root *document.Node, name string) bool {
	for _, key := range []string{"trigger", "pr", "schedules", "resources", "pool", "extends", "name", "lockBehavior"} {
		if root.Get(key) != nil {
			return false
		}
	}
	if wellKnown.MatchString(path.Base(name)) && !strings.Contains(name, "template") {
		return false
	}
	return root.Get("parameters") != nil || strings.Contains(strings.ToLower(path.Dir(name)), "template") ||
		root.Get("stages") == nil && root.Get("jobs") == nil && root.Get("steps") == nil
}

func triggers(root *document.Node) []string {
	var out []string
	none := func(n *document.Node) bool { return n != nil && n.Text == "none" }
	if t := root.Get("trigger"); !none(t) {
		out = append(out, "push")
	}
	if pr := root.Get("pr"); pr != nil && !none(pr) {
		out = append(out, "pull_request")
	}
	if s := root.Get("schedules"); s != nil && len(s.Items) > 0 {
		out = append(out, "schedule")
	}
	return out
}

// load reads a file of YAML; it returns nil, with a problem, when it cannot.
func (r *reader) load(name string, at model.Place) *document.Node {
	if n, ok := r.loaded[name]; ok {
		return n
	}
	r.loaded[name] = nil
	text, err := r.run.Files().Read(name)
	if err != nil {
		code := "not_found"
		if c, _ := fault.CodeOf(err); c == fault.TooLarge {
			code = "too_large"
		}
		r.problem(at, code, "the file cannot be read: %s", err.Error())
		return nil
	}
	n, problems := document.FromYAML(text, document.Options{Kubectl: true, File: name, Depth: 100})
	for i, p := range problems {
		if i < 5 {
			r.problem(model.Place{File: name, Line: p.Line}, "malformed", "the pipeline cannot be read: %s", p.Text)
		}
	}
	if len(problems) > 0 || n == nil || n.Kind != document.Object {
		if len(problems) == 0 {
			r.problem(model.Place{File: name, Line: 1}, "malformed", "the file holds no pipeline")
		}
		return nil
	}
	r.loaded[name] = n
	return n
}

func itoa(n int) string { return strconv.Itoa(n) }
