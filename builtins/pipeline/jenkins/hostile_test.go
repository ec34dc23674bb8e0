package jenkins_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/waxseal/waxseal/builtins/pipeline/jenkins"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

func one(text string) fstest.MapFS {
	return fstest.MapFS{"Jenkinsfile": {Data: []byte(text)}}
}

// TestHostile reads pipelines that are made to be expensive: it ends soon, and
// says what it did not read.
func TestHostile(t *testing.T) {
	lists := ""
	for i := range 8 {
		lists += fmt.Sprintf("(1..64).each { a%d -> [%s].each { b%d -> ", i, strings.Repeat("'x', ", 63)+"'x'", i)
	}
	for _, row := range []struct{ name, text, code string }{
		{"loops in loops", lists + "sh 'x'" + strings.Repeat("} }", 8), "too_large"},
		{"a method that calls itself", "def f(x) { f(x); f(x) }\nf('a')", "too_large"},
		{"a block that calls itself", "def f\nf = { f(); f() }\nf()", "too_large"},
		{"a text that doubles", "def s = 'aaaaaaaa'\n" + strings.Repeat("s = s + s\n", 60) + "sh s", ""},
		{"a list that holds itself", "def l = []\nl << l\nl.each { it.each { sh 'x' } }\nsh \"${l}\"", ""},
		{"a map that holds itself", "def m = [:]\nm.a = m\nparallel m\nm.each { k, v -> sh \"${v}\" }", ""},
		{"unbalanced", "pipeline { stages { stage('a') { steps { sh 'x'", "malformed"},
		{"deep", strings.Repeat("node { ", 100_000) + "sh 'x'", "malformed"},
		{"a long line", "sh 'docker build -t a:1 " + strings.Repeat("x", 1<<20) + "'", ""},
		{"many steps", strings.Repeat("sh 'true'\n", 20_000), "too_large"},
		{"a file that loads itself", "load 'Jenkinsfile'", "too_large"},
		{"many cells", "pipeline { stages { stage('a') { matrix { axes { " +
			strings.Repeat("axis { name 'A'; values 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h' }\n", 20) + " } stages { stage('b') { steps { sh 'x' } } } } } } }", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, problems := read(one(row.text), "Jenkinsfile")
			found := slices.ContainsFunc(problems, func(p model.Problem) bool { return p.Code == row.code })
			if found != (row.code != "") {
				t.Errorf("problems are %v; want %q", problems, row.code)
			}
		})
	}
}

func TestIs(t *testing.T) {
	for _, row := range []struct {
		name, text string
		want       bool
	}{
		{"Jenkinsfile", "", true},
		{"ci/Jenkinsfile.release", "", true},
		{"Jenkinsfile-nightly", "", true},
		{"jenkins/release.jenkinsfile", "", true},
		{"jenkins/build.groovy", "pipeline {\n}", true},
		{"ci/build.groovy", "@Library('x') _\nnode('linux') {\n}", true},
		{"jenkins/helpers.groovy", "def call() { }", false},
		{"vars/build.groovy", "pipeline {\n}", false},
		{"src/org/acme/Build.groovy", "node {\n}", false},
		{"build.gradle", "pipeline {", false},
		{"Jenkinsfile.md", "", false},
		{"docs/jenkinsfiles", "", false},
	} {
		if got := jenkins.Is(row.name, []byte(row.text)); got != row.want {
			t.Errorf("%s: %v", row.name, got)
		}
	}
}

// TestMissing asks for a file that is not there.
func TestMissing(t *testing.T) {
	pipelines, problems := read(fstest.MapFS{}, "Jenkinsfile")
	if len(pipelines) != 0 || len(problems) != 1 || problems[0].Code != "not_found" {
		t.Errorf("pipelines %v, problems %v", pipelines, problems)
	}
}

// TestPublic reads Jenkinsfiles of public projects, where they are at hand.
func TestPublic(t *testing.T) {
	const data = "../../../../shared/data/pipelines/"
	for _, row := range []struct {
		repo   string
		action []string
		unseen []string
	}{
		{
			"ALabiyb+devsecops",
			[]string{
				"scan shared-library:vulnScanDocker []",
				"build shared-library:buildDockerImageAndPush [harbor.devops.softnethq.co.tz/pipeline-initilize/pipeline:${BUILD_NUMBER} (tag)]",
				"sign shared-library:signImage [harbor.devops.softnethq.co.tz/pipeline-initilize/pipeline:${BUILD_NUMBER} (tag)]",
				"sbom shared-library:generateSbom []",
				"scan shared-library:vulnScanApplicationImage [harbor.devops.softnethq.co.tz/pipeline-initilize/pipeline:${BUILD_NUMBER} (tag)]",
			},
			[]string{"vulnScanDocker", "buildDockerImageAndPush", "signImage", "generateSbom", "vulnScanApplicationImage"},
		},
		{
			"jenkinsci+docker-agent", nil,
			[]string{"make docker-init", "make publish", "make every-build"},
		},
	} {
		t.Run(row.repo, func(t *testing.T) {
			if _, err := os.Stat(data + row.repo); err != nil {
				t.Skip("the data is not at hand")
			}
			pipelines, problems := read(os.DirFS(data+row.repo), "Jenkinsfile")
			if len(pipelines) != 1 {
				t.Fatalf("%d pipelines, problems %v", len(pipelines), problems)
			}
			var actions, unseen []string
			for _, j := range pipelines[0].Jobs {
				for _, s := range j.Steps {
					for _, a := range s.Actions {
						actions = append(actions, fmt.Sprintf("%s %s %v", a.Kind, a.Method, texts(a.Images)))
						if a.Known {
							t.Errorf("%s is known", a.Method)
						}
					}
				}
			}
			if !slices.Equal(actions, row.action) {
				t.Errorf("actions are\n%s", strings.Join(actions, "\n"))
			}
			for _, u := range pipelines[0].Unseen {
				unseen = append(unseen, u.Name)
			}
			for _, want := range row.unseen {
				if !slices.Contains(unseen, want) {
					t.Errorf("%s is not unseen: %v", want, unseen)
				}
			}
		})
	}
}

// FuzzRead: whatever the text, reading it ends.
func FuzzRead(f *testing.F) {
	f.Add("pipeline { environment { A = credentials('x') } stages { stage('a') { when { branch 'x' } steps { sh \"x ${y}\" } } } }")
	f.Add("def f(a) { return { docker.build(a).push() } }\nparallel([a: f('x'), b: f('y')])")
	f.Add("['a'].each { x -> withEnv([\"A=${x}\"]) { sh(script: 'x', returnStdout: true).trim() } }")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<12 {
			return
		}
		dump(read(one(text), "Jenkinsfile"))
	})
}
