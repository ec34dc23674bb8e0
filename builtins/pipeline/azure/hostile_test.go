package azure_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/waxseal/waxseal/builtins/pipeline/azure"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

func one(text string) fstest.MapFS {
	return fstest.MapFS{"azure-pipelines.yml": {Data: []byte(text)}}
}

// TestHostile reads pipelines that are made to be expensive: it ends soon, and
// says what it did not read.
func TestHostile(t *testing.T) {
	list := "parameters:\n  l: [" + strings.Repeat("a,", 63) + "a]\nsteps:\n"
	loops := list
	for i := range 6 {
		loops += fmt.Sprintf("%s- ${{ each a%d in parameters.l }}:\n", strings.Repeat("  ", i), i)
	}
	doubles := "trigger: [main]\nvariables:\n  v0: aaaaaaaa\n"
	for i := range 40 {
		doubles += fmt.Sprintf("  v%d: $(v%d)$(v%d)\n", i+1, i, i)
	}
	for _, row := range []struct {
		name  string
		files fstest.MapFS
		code  string
	}{
		{"loops in loops", one("trigger: [main]\n" + loops + strings.Repeat("  ", 7) + "- script: x\n"), "too_large"},
		{"a variable that names itself", one("trigger: [main]\nvariables:\n  a: $(b)\n  b: $(a)$(a)\nsteps:\n  - script: echo $(a)\n"), ""},
		{"variables that double", one(doubles + "steps:\n  - script: echo $(v40)\n"), "too_large"},
		{"a template that includes itself twice", fstest.MapFS{
			"azure-pipelines.yml": {Data: []byte("trigger: [main]\nsteps:\n  - template: t.yml\n")},
			"t.yml":               {Data: []byte("steps:\n  - template: t.yml\n  - template: t.yml\n")},
		}, "too_large"},
		{"a pipeline that extends itself", one("extends:\n  template: azure-pipelines.yml\n"), "too_large"},
		{"a parameter that is itself", one("trigger: [main]\nparameters:\n  a: ${{ parameters.a }}\nsteps:\n  - ${{ parameters.a }}\n"), ""},
		{"deep", one("trigger: [main]\nsteps: " + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)), "malformed"},
		{"deep expressions", one("trigger: [main]\nsteps:\n  - script: x\n    condition: " + strings.Repeat("and(", 5_000) + strings.Repeat(")", 5_000)), "malformed"},
		{"aliases", one("a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nsteps: [*e,*e,*e,*e,*e,*e]\n"), "malformed"},
		{"a long line", one("trigger: [main]\nsteps:\n  - script: docker build -t a:1 " + strings.Repeat("x", 1<<20) + "\n"), ""},
		{"many expressions", one("trigger: [main]\nsteps:\n  - script: " + strings.Repeat("${{ a }}$(b)", 100_000) + "\n"), ""},
		{"stages that need each other", one("stages:\n  - stage: a\n    dependsOn: b\n    jobs: [{job: x, steps: [{script: x}]}]\n  - stage: b\n    dependsOn: a\n    jobs: [{job: x, steps: [{script: x}]}]\n"), ""},
		{"many jobs", one("jobs:\n" + strings.Repeat("  - job: a\n    steps: [{script: x}]\n", 2_000)), "too_large"},
		{"no YAML", one("trigger: [main\n\tsteps"), "malformed"},
		{"no object", one("- a\n- b\n"), "malformed"},
		{"keys twice", one("steps: []\nsteps: []\n"), "malformed"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, problems := read(row.files, "azure-pipelines.yml")
			found := slices.ContainsFunc(problems, func(p model.Problem) bool { return p.Code == row.code })
			if found != (row.code != "") {
				t.Errorf("problems are %v; want %q", problems, row.code)
			}
		})
	}
}

func TestIs(t *testing.T) {
	const steps = "steps:\n  - task: Docker@2\n"
	for _, row := range []struct {
		name, text string
		want       bool
	}{
		{"azure-pipelines.yml", "", true},
		{"azure-pipelines-release.yaml", "", true},
		{"ci/azure-pipeline.yml", "", true},
		{".azure-pipelines/ci.yml", "", true},
		{"src/.azuredevops/ci.yaml", "", true},
		{"ci/build.yml", "trigger: [main]\n" + steps, true},
		{"ci/build.yml", "pool:\n  vmImage: x\nsteps:\n  - script: x\n", true},
		{"ci/build.yml", "jobs:\n  a:\n    steps:\n      - run: x\n", false},
		{".github/workflows/build.yml", steps, false},
		{".gitlab-ci.yml", "a:\n  script: x\n", false},
		{"azure-pipelines.md", steps, false},
		{"tasks.yml", "- task: x\n", false},
	} {
		if got := azure.Is(row.name, []byte(row.text)); got != row.want {
			t.Errorf("%s %q: %v", row.name, row.text, got)
		}
	}
}

// TestTemplates are no pipelines by themselves.
func TestTemplates(t *testing.T) {
	for _, row := range []struct {
		name, text string
		want       int
	}{
		{"azure-pipelines.yml", "parameters:\n  - name: a\n    default: b\nsteps: []\n", 1},
		{".azure-pipelines/ci.yml", "jobs: []\n", 1},
		{".azure-pipelines/build.yml", "parameters:\n  - name: a\nsteps: []\n", 0},
		{".azure-pipelines/release.yml", "trigger: none\nparameters:\n  - name: a\nsteps: []\n", 1},
		{".azure-pipelines/templates/steps.yml", "steps: []\n", 0},
		{".azure-pipelines/variables.yml", "variables:\n  a: b\n", 0},
	} {
		pipelines, problems := read(fstest.MapFS{row.name: {Data: []byte(row.text)}}, row.name)
		if len(pipelines) != row.want || len(problems) > 0 {
			t.Errorf("%s: %d pipelines, problems %v", row.name, len(pipelines), problems)
		}
	}
}

func TestMissing(t *testing.T) {
	pipelines, problems := read(fstest.MapFS{}, "azure-pipelines.yml")
	if len(pipelines) != 0 || len(problems) != 1 || problems[0].Code != "not_found" {
		t.Errorf("pipelines %v, problems %v", pipelines, problems)
	}
}

// FuzzRead: whatever the text, reading it ends.
func FuzzRead(f *testing.F) {
	f.Add("trigger: [main]\nvariables:\n  a: $[eq(variables.b, 'c')]\nsteps:\n  - ${{ if eq(parameters.x, 1) }}:\n      - script: docker push $(a)\n")
	f.Add("stages:\n  - stage: a\n    jobs:\n      - deployment: b\n        strategy: {runOnce: {deploy: {steps: [{task: Docker@2, inputs: {repository: a, tags: b}}]}}}\n")
	f.Add("extends:\n  template: t.yml\n  parameters: {steps: [{bash: x}]}\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<13 {
			return
		}
		files := one(text)
		files["t.yml"] = &fstest.MapFile{Data: []byte("parameters:\n  - name: steps\nsteps:\n  - ${{ each s in parameters.steps }}:\n      - ${{ s }}\n")}
		dump(read(files, "azure-pipelines.yml"))
	})
}
