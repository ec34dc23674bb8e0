package pipeline_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/pipeline"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// Whatever files hold, reading them ends, what is done to an image is an action of
// the repository, and a signature of an image is one that signs.
func FuzzParse(f *testing.F) {
	f.Add(".github/workflows/a.yml", fmt.Sprintf(workflow, 1, 1), "scan:\n\ttrivy image a\n")
	f.Add(".gitlab-ci.yml", "b:\n  script: [docker build -t a ., docker push a, make x, cosign sign a]\n", "x:\n\tdocker tag a b\n")
	f.Add(".tekton/a.yaml", "apiVersion: tekton.dev/v1\nkind: Task\nspec: {steps: [{script: 'ko build ./a; make'}]}", "all:\n\tcosign sign $(X)\n")
	f.Add("Jenkinsfile", "node { sh 'docker build -t a . && docker push a'; sh 'cosign sign a' }", "")
	f.Add("cloudbuild.yaml", "steps: [{name: gcr.io/cloud-builders/docker, args: [build, -t, a, .]}]\nimages: [a]\n", "")
	f.Fuzz(func(t *testing.T, name, text, makefile string) {
		r, err := pipeline.Parse(context.Background(), map[string][]byte{name: []byte(text), "Makefile": []byte(makefile)})
		if err != nil {
			return // the name is none
		}
		actions := map[string]model.Kind{}
		for _, p := range r.Pipelines {
			for _, j := range p.Jobs {
				for _, s := range j.Steps {
					for _, a := range s.Actions {
						require.NotContains(t, actions, a.ID)
						actions[a.ID] = a.Kind
					}
				}
			}
		}
		for _, i := range r.Images {
			require.Contains(t, actions, i.Build.Action)
			for _, u := range i.Signed {
				require.Equal(t, model.Sign, actions[u.Action])
			}
			for _, u := range i.Scanned {
				require.Equal(t, model.Scan, actions[u.Action])
			}
		}
	})
}
