package github_test

import (
	"strings"
	"testing"
)

// Places of commands in scripts are those of the file, however the script is written.
func TestPlaces(t *testing.T) {
	for _, row := range []struct {
		name, run string
		want      []string
	}{
		{"block", "|\n          true\n\n          docker push a:1\n          docker push b:1\n", []string{"build/#1 ci.yml:10 push docker tag:a:1", "build/#1 ci.yml:11 push docker tag:b:1"}},
		{"block with continued lines", "|-\n          docker \\\n            push \\\n            a:1\n          docker push b:1\n", []string{"build/#1 ci.yml:8 push docker tag:a:1", "build/#1 ci.yml:11 push docker tag:b:1"}},
		{"folded", ">\n          docker\n          push\n          a:1\n\n          docker push b:1\n", []string{"build/#1 ci.yml:8 push docker tag:a:1", "build/#1 ci.yml:12 push docker tag:b:1"}},
		{"plain", "docker push a:1\n", []string{"build/#1 ci.yml:7 push docker tag:a:1"}},
		{"plain on lines", "docker\n          push\n          a:1\n", []string{"build/#1 ci.yml:7 push docker tag:a:1"}},
		{"quoted", "\"docker push a:1\\ndocker push b:1\"\n", []string{"build/#1 ci.yml:7 push docker tag:a:1", "build/#1 ci.yml:7 push docker tag:b:1"}},
		{"expression on lines", "|\n          docker push a:${{\n            github.sha\n          }}\n          docker push b:1\n", []string{"build/#1 ci.yml:8 push docker tag:a:${github.sha}", "build/#1 ci.yml:11 push docker tag:b:1"}},
		{"value with lines", "|\n          echo '${{ env.LINES }}'\n          docker push b:1\n", []string{"build/#1 ci.yml:9 push docker tag:b:1"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := one(t, steps("      - run: "+row.run+"        env: {LINES: \"a\\nb\\nc\"}\n"))
			same(t, "actions", lines(p), row.want)
		})
	}
}

func TestOutputs(t *testing.T) {
	for _, row := range []struct{ name, first, image, want string }{
		{"file", `echo "image=a:1" >> "$GITHUB_OUTPUT"`, "${{ steps.x.outputs.image }}", "a:1"},
		{"lines", "printf 'image<<END\\na:1\\nb:1\\nEND\\n' >> $GITHUB_OUTPUT", "${{ steps.x.outputs.image }}", "a:1 b:1"},
		{"here-document", "cat >> $GITHUB_OUTPUT <<X\n          image=a:${{ github.sha }}\n          X", "${{ steps.x.outputs.image }}", "a:${github.sha}"},
		{"old command", "echo '::set-output name=image::a:1'", "${{ steps.x.outputs.image }}", "a:1"},
		{"variable", `echo "IMAGE=a:1" >> $GITHUB_ENV`, "${{ env.IMAGE }}", "a:1"},
		{"two ways", "if test -f x; then V=1; else V=2; fi\n          echo image=a:$V >> $GITHUB_OUTPUT", "${{ steps.x.outputs.image }}", "a:${jobs.build.steps.x.vars.V}"},
		{"written twice", "echo image=a:1 >> $GITHUB_OUTPUT\n          echo image=a:2 >> $GITHUB_OUTPUT", "${{ steps.x.outputs.image }}", "${jobs.build.steps.x.outputs.image}"},
		{"not written", "true", "${{ steps.x.outputs.image }}", "${jobs.build.steps.x.outputs.image}"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := one(t, steps("      - id: x\n        run: |\n          "+row.first+"\n      - uses: docker/build-push-action@v6\n        with: {tags: \""+row.image+"\"}\n"))
			var got []string
			for _, i := range p.Jobs[0].Steps[1].Actions[0].Images {
				got = append(got, i.Text)
			}
			if strings.Join(got, " ") != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

// What a script may or may not write decides no condition.
func TestOutputsDecideNothing(t *testing.T) {
	p := one(t, steps(`      - id: x
        run: |
          if docker manifest inspect a:1; then
            echo exists=true >> $GITHUB_OUTPUT
            echo EXISTS=true >> $GITHUB_ENV
          fi
      - if: steps.x.outputs.exists != 'true' && env.EXISTS != 'true'
        uses: docker/build-push-action@v6
        with: {tags: "a:1"}
`))
	s := p.Jobs[0].Steps[1]
	if len(s.Actions) != 1 {
		t.Fatal("the step never runs")
	}
	same(t, "conditions", s.When, []string{"env.EXISTS != 'true'", "jobs.build.steps.x.outputs.exists != 'true'"})
}

func TestSigning(t *testing.T) {
	for _, row := range []struct{ name, run, want string }{
		{"digest", "cosign sign --yes a@${{ steps.push.outputs.digest }}", "sign cosign digest:a@${jobs.build.steps.push.outputs.digest} method=cosign-keyless"},
		{"tag", "cosign sign --yes ${{ env.IMAGE }}", "sign cosign tag:ghcr.io/${github.repository}:1 method=cosign-keyless"},
		{"variable", "cosign sign --yes $IMAGE", "sign cosign tag:ghcr.io/${github.repository}:1 method=cosign-keyless"},
		{"given up", "cosign sign --yes $IMAGE || true", "sign cosign tag:ghcr.io/${github.repository}:1 method=cosign-keyless optional=|| true"},
		{"never", "if [ \"${{ env.OFF }}\" = yes ]; then cosign sign --yes $IMAGE; fi", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := one(t, "env: {IMAGE: \"ghcr.io/${{ github.repository }}:1\", OFF: no}\n"+steps("      - {id: push, uses: docker/build-push-action@v6, with: {push: true, tags: a}}\n      - run: |\n          "+row.run+"\n"))
			got := ""
			for _, a := range p.Jobs[0].Steps[1].Actions {
				_, rest, _ := strings.Cut(line(a), " ")
				got += rest
			}
			if got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
}

func TestShells(t *testing.T) {
	for _, row := range []struct{ shell, want string }{
		{"bash", ""}, {"sh", ""}, {"bash -e {0}", ""}, {"bash -leo pipefail {0}", ""},
	} {
		p := one(t, steps("      - shell: "+row.shell+"\n        run: |\n          trivy image --exit-code 1 a:1\n          true\n"))
		if a := p.Jobs[0].Steps[0].Actions; len(a) != 1 || a[0].Optional != row.want {
			t.Errorf("%s: %+v", row.shell, a)
		}
	}
	p := one(t, steps("      - shell: bash {0}\n        run: |\n          trivy image --exit-code 1 a:1\n          true\n"))
	if a := p.Jobs[0].Steps[0].Actions; len(a) != 1 || a[0].Optional == "" {
		t.Errorf("a shell that goes on: %+v", a)
	}
}

func TestFolders(t *testing.T) {
	p, problems := repo{
		ci:            "on: push\ndefaults: {run: {working-directory: sub}}\njobs:\n  build:\n    runs-on: x\n    steps:\n      - run: ./push.sh\n      - run: ./push.sh\n        working-directory: other\n      - uses: ./act\n",
		"sub/push.sh": "docker push sub:1\n", "other/push.sh": "docker push other:1\n", "act/push.sh": "docker push act:1\n",
		"act/action.yml": "runs:\n  using: composite\n  steps:\n    - shell: bash\n      run: ${{ github.action_path }}/push.sh\n    - shell: bash\n      run: $GITHUB_ACTION_PATH/push.sh\n",
	}.read(t, ci)
	if len(problems) > 0 {
		t.Error(problems)
	}
	same(t, "actions", lines(p), []string{
		"build/#1 push.sh:1 push docker tag:sub:1",
		"build/#2 push.sh:1 push docker tag:other:1",
		"build/#3 push.sh:1 push docker tag:act:1",
		"build/#3 push.sh:1 push docker tag:act:1",
	})
}

// A step is run by the shell that it names, with its options, and finds programs
// in the folders that earlier steps have added.
func TestWhatRunsAStep(t *testing.T) {
	for _, row := range []struct{ name, steps, want string }{
		{"stops", "      - {shell: 'bash -e {0}', run: \"cosign sign a:1\\necho\"}\n", "build/#1 ci.yml:7 sign cosign tag:a:1 method=cosign-keyless"},
		{"only parses", "      - {shell: 'bash -n {0}', run: cosign sign a:1}\n", ""},
		{"pipefail", "      - {shell: 'bash -eo pipefail {0}', run: cosign sign a:1 | cat}\n", "build/#1 ci.yml:7 sign cosign tag:a:1 method=cosign-keyless"},
		{"no pipefail", "      - {shell: 'bash -e {0}', run: cosign sign a:1 | cat}\n", "build/#1 ci.yml:7 sign cosign tag:a:1 method=cosign-keyless optional=in a pipeline without pipefail"},
		{"path", "      - run: echo $PWD/bin >> $GITHUB_PATH\n      - run: cosign sign a:1\n", "build/#2 cosign:1 push docker tag:b:1"},
		{"other path", "      - run: echo $HOME/bin >> $GITHUB_PATH\n      - run: cosign sign a:1\n", "build/#2 ci.yml:8 sign cosign tag:a:1 method=cosign-keyless"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p, problems := repo{ci: steps(row.steps), "bin/cosign": "docker push b:1\n"}.read(t, ci)
			if got := strings.Join(lines(p), "\n"); got != row.want || len(problems) > 0 {
				t.Errorf("got %q, want %q, %v", got, row.want, problems)
			}
		})
	}
}
