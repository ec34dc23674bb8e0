package gitlab_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// said writes the actions of a pipeline, each in a line: what is done to which
// image, where, and what makes it less than it seems.
func said(p model.Pipeline) []string {
	var out []string
	for _, j := range p.Jobs {
		for _, s := range j.Steps {
			for _, a := range s.Actions {
				out = append(out, sentence(j, s, a))
			}
		}
	}
	return out
}

func sentence(j model.Job, s model.Step, a model.Action) string {
	var names []string
	for _, r := range a.Images {
		names = append(names, r.Text)
	}
	line := fmt.Sprintf("%d %s %s %s", a.Line, j.ID, a.Kind, strings.Join(names, ","))
	if why := strings.Join(slices.DeleteFunc([]string{j.Optional, s.Optional, a.Optional}, func(t string) bool { return t == "" }), "; "); why != "" {
		line += " [optional: " + why + "]"
	}
	if when := slices.Concat(j.When, s.When, a.When); len(when) > 0 {
		line += " [when: " + strings.Join(when, "; ") + "]"
	}
	if a.Gates != "" {
		line += " [gates: " + a.Gates + "]"
	}
	return line
}

// Each row is a way in which a pipeline does less, or something else, than it seems.
func TestTraps(t *testing.T) {
	for name, row := range map[string]struct {
		text string
		want []string
	}{
		"a list behind an anchor": {
			".login: &login\n  - docker push a\n  - docker push b\njob:\n  script:\n    - *login\n    - docker push c\n",
			[]string{"2 job push a", "3 job push b", "7 job push c"},
		},
		"lines of a block, and through an anchor": {
			".t: &t |\n  docker push a\n\n  docker push b\njob:\n  script:\n    - |\n      docker push c\n      docker push d\n    - *t\n    - >-\n      docker\n      push e\n",
			[]string{"8 job push c", "9 job push d", "2 job push a", "4 job push b", "12 job push e"},
		},
		"<< below the keys": {
			".t: &t\n  script: [docker push template]\njob:\n  script: [docker push own]\n  <<: *t\n",
			[]string{"2 job push template"}, // as Ruby reads it
		},
		"a job twice": {
			"job: {script: [docker push first]}\njob: {script: [docker push second]}\n",
			[]string{"2 job push second"},
		},
		"a variable over lines of the script": {
			"job:\n  before_script: [\"export TAG=1\"]\n  script: [\"docker push a:$TAG\"]\n  after_script: [\"docker push a:$TAG\"]\n",
			[]string{"3 job push a:1", "4 job push a:${TAG} [optional: after_script] [when: always()]"},
		},
		"or true": {
			"job: {script: [\"trivy image --exit-code 1 a || true\", \"docker push a\"]}\n",
			[]string{"1 job scan a [optional: || true] [gates: yes]", "1 job push a"},
		},
		"set +e": {
			"job: {script: [\"set +e\", \"trivy image --exit-code 1 a\", \"docker push a\"]}\n",
			[]string{"1 job scan a [optional: the script goes on after a failure (no set -e)] [gates: yes]", "1 job push a"},
		},
		"through a pipe": {
			"job: {script: [\"trivy image --exit-code 1 a | tee x\", \"docker push a\"]}\n",
			[]string{"1 job scan a [gates: yes]", "1 job push a"},
		},
		"an exit code from a variable of the pipeline": {
			"variables: {TRIVY_EXIT_CODE: 1}\njob: {script: [trivy image a]}\n",
			[]string{"2 job scan a [gates: yes]"},
		},
		"an exit code that a rule takes back": {
			"variables: {TRIVY_EXIT_CODE: 1}\njob:\n  script: [trivy image a]\n  rules:\n    - if: $X\n      variables: {TRIVY_EXIT_CODE: 0}\n    - if: $Y\n",
			[]string{"3 job scan a [when: ($X) || ($Y)] [gates: unknown]"},
		},
		"an exit code of the workflow's rules": {
			"workflow: {rules: [{if: $X, variables: {TRIVY_EXIT_CODE: 0}}, {when: always}]}\nvariables: {TRIVY_EXIT_CODE: 1}\njob: {script: [trivy image a]}\n",
			[]string{"3 job scan a [gates: unknown]"},
		},
		"allowed to fail by a rule": {
			"job:\n  script: [trivy image --exit-code 1 a]\n  rules:\n    - if: $A\n    - if: $B\n      allow_failure: true\n",
			[]string{"2 job scan a [optional: allow_failure: true] [when: ($A) || ($B)] [gates: yes]"},
		},
		"allowed to fail by what it extends": {
			".t: {allow_failure: true}\njob: {extends: .t, script: [trivy image --exit-code 1 a]}\n",
			[]string{"2 job scan a [optional: allow_failure: true] [gates: yes]"},
		},
		"not allowed to fail after all": {
			".t: {allow_failure: true}\njob: {extends: .t, allow_failure: false, script: [trivy image --exit-code 1 a]}\n",
			[]string{"2 job scan a [gates: yes]"},
		},
		"a default that is taken away": {
			"default: {before_script: [docker push a]}\none: {script: [docker push b]}\ntwo: {before_script: [], script: [docker push c]}\nthree: {inherit: {default: false}, script: [docker push d]}\n",
			[]string{"1 one push a", "2 one push b", "3 two push c", "4 three push d"},
		},
		"content trust for all jobs": {
			"variables: {DOCKER_CONTENT_TRUST: \"1\"}\njob: {script: [docker push a:1]}\n",
			[]string{"2 job push a:1", "2 job sign a:1"},
		},
		"content trust that a job does not inherit": {
			"variables: {DOCKER_CONTENT_TRUST: \"1\"}\njob: {inherit: {variables: false}, script: [docker push a:1]}\n",
			[]string{"2 job push a:1"},
		},
		"two files of variables": {
			"a: {stage: build, script: ['echo \"TAG=1\" > x.env'], artifacts: {reports: {dotenv: x.env}}}\nb: {stage: build, script: ['echo TAG=2 > x.env'], artifacts: {reports: {dotenv: x.env}}}\n" +
				"all: {stage: test, script: ['docker push i:$TAG']}\none: {stage: test, needs: [b], script: ['docker push i:$TAG']}\nnone: {stage: test, dependencies: [], script: ['docker push i:$TAG']}\nwithout: {stage: test, needs: [{job: b, artifacts: false}], script: ['docker push i:$TAG']}\n",
			[]string{"3 all push i:${TAG}", "4 one push i:2", "5 none push i:${TAG}", "6 without push i:${TAG}"},
		},
		"a variable that is not expanded": {
			"variables: {A: {value: $B, expand: false}, B: x, C: \"$$B\", D: \"${B}y\"}\njob: {script: ['docker push i:$D']}\n",
			[]string{"2 job push i:xy"},
		},
		"steps instead of a script": {
			"job:\n  run:\n    - name: push\n      script: docker push a\n    - name: sign\n      step: gitlab.com/components/cosign@v1\n",
			[]string{"4 job push a"},
		},
		"equal jobs of a matrix": {
			"job: {parallel: {matrix: [{A: x}, {B: x}]}, script: ['docker push $A$B']}\n",
			[]string{"1 job: [x] push x${B}", "1 job: [x] #2 push ${A}x"},
		},
		"a hidden job": {
			".job: {script: [docker push a]}\n",
			nil,
		},
		"a manual job by rules blocks": {
			"job: {script: [docker push a], rules: [{if: $A, when: manual}]}\n",
			[]string{"1 job push a [when: $A; when: manual]"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, row.want, said(one(t, row.text)))
		})
	}
}

// Whoever signs in a job that begins whatever happened has no scan before it.
func TestNeeds(t *testing.T) {
	const base = "stages: [build, scan, sign]\nbuild: {stage: build, script: [x]}\nscan: {stage: scan, script: [x]%s}\nsign: {stage: sign, script: [x]%s}\n"
	for name, row := range map[string]struct {
		scan, sign string
		want       []string
	}{
		"by stages":                      {"", "", []string{"build", "scan"}},
		"by needs":                       {"", ", needs: [build]", []string{"build"}},
		"through needs":                  {"", ", needs: [scan]", []string{"build", "scan"}},
		"needs of a job that needs none": {", needs: []", ", needs: [scan]", []string{"scan"}},
		"no needs":                       {"", ", needs: []", nil},
		"always":                         {"", ", when: always", nil},
		"always, by a rule":              {"", ", rules: [{if: $A, when: always}, {when: on_success}]", nil},
		"after a failure":                {"", ", when: on_failure", nil},
		"a scan that may fail":           {", allow_failure: true", "", []string{"build"}},
		"a scan that somebody starts":    {", when: manual", "", []string{"build"}},
		"a scan after a failure":         {", when: on_failure", "", []string{"build"}},
		"needs a scan that may fail":     {", allow_failure: true", ", needs: [scan]", []string{"build"}},
		"some of a matrix":               {", parallel: {matrix: [{A: [1, 2]}]}", ", needs: [{job: scan, parallel: {matrix: [{A: 1}]}}]", []string{"build"}},
		"an unknown job":                 {"", ", needs: [nowhere]", nil},
		"of another pipeline":            {"", ", needs: [{pipeline: $P, job: scan}, {project: a/b, job: scan, ref: main}]", nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := one(t, fmt.Sprintf(base, row.scan, row.sign))
			i := slices.IndexFunc(p.Jobs, func(j model.Job) bool { return j.ID == "sign" })
			require.GreaterOrEqual(t, i, 0)
			require.Equal(t, row.want, append([]string(nil), p.Jobs[i].Needs...))
		})
	}
}

// The order of stages, and what a template says, may stand in a file that nobody can see.
func TestUnseenMayDecide(t *testing.T) {
	p := one(t, "include: {project: a/b, file: x.yml}\nbuild: {stage: build, script: [docker push a]}\ntest: {stage: test, script: [x]}\n")
	require.Empty(t, p.Jobs[1].Needs)
	p = one(t, "build: {stage: build, script: [x]}\nscan: {extends: .elsewhere, script: [trivy image --exit-code 1 a]}\n")
	require.Equal(t, "scan", p.Unseen[0].Job)
	require.Equal(t, []model.Kind{model.Scan}, p.Unseen[0].May)
	for _, j := range p.Jobs {
		require.Empty(t, j.Needs, j.ID)
	}
}

func TestIncludesFromThePipelinesOwnFolder(t *testing.T) {
	files := fstest.MapFS{
		"repo/.gitlab-ci.yml": {Data: []byte("include: /ci/a.yml\n")},
		"repo/ci/a.yml":       {Data: []byte("job: {script: [docker push a]}\n")},
	}
	pipelines, problems := readFile(files, "repo/.gitlab-ci.yml")
	require.Empty(t, problems)
	require.Equal(t, []string{"1 job push a"}, said(pipelines[0]))
	require.Equal(t, "repo/ci/a.yml", pipelines[0].Jobs[0].File)
}
