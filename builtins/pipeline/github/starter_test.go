package github_test

import (
	"os"
	"path/filepath"
	"testing"
)

// The templates that GitHub offers are in thousands of repositories.
func TestStarterWorkflows(t *testing.T) {
	for _, row := range []struct {
		file string
		want []string
	}{
		{"docker-publish.yml", []string{
			"build/#4 docker-publish.yml:58 login docker name:ghcr.io",
			"build/build-and-push docker-publish.yml:76 build buildx tag:ghcr.io/${github.repository}:${jobs.build.steps.meta.outputs.version} pushes=yes push_when=github.event_name != 'pull_request'",
			"build/#7 docker-publish.yml:98 sign cosign tag-and-digest:ghcr.io/${github.repository}:${jobs.build.steps.meta.outputs.version}@${jobs.build.steps.build-and-push.outputs.digest} method=cosign-keyless",
		}},
		{"trivy.yml", []string{
			"build/#2 trivy.yml:34 build docker tag:docker.io/my-organization/my-app:${github.sha}",
			"build/#3 trivy.yml:37 scan trivy tag:docker.io/my-organization/my-app:${github.sha} gates=no",
		}},
		{"anchore.yml", []string{
			"Anchore-Build-Scan/#2 anchore.yml:37 build docker tag:localbuild/testimage:latest",
			"Anchore-Build-Scan/scan anchore.yml:39 scan grype tag:localbuild/testimage:latest gates=yes",
		}},
		{"snyk-container.yml", []string{
			"snyk/#2 snyk-container.yml:38 build docker name:your/image-to-test",
			"snyk/#3 snyk-container.yml:43 scan snyk name:your/image-to-test gates=yes",
		}},
		{"sysdig-scan.yml", []string{
			"build/#2 sysdig-scan.yml:36 build docker tag:${github.repository}:latest",
			"build/scan sysdig-scan.yml:40 scan sysdig tag:${github.repository}:latest gates=no",
		}},
	} {
		t.Run(row.file, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("testdata", "starter-workflows", row.file))
			if err != nil {
				t.Fatal(err)
			}
			name := "ci/" + row.file
			p, problems := repo{name: string(text)}.read(t, name)
			if len(problems) > 0 {
				t.Error(problems)
			}
			same(t, "actions", lines(p), row.want)
			for _, j := range p.Jobs {
				for _, s := range j.Steps {
					if s.Uses == "snyk/actions/docker@14818c4695ecc4045f33c9cee9e795a788711ca4" && s.Optional != "continue-on-error: true" {
						t.Errorf("the scan may not fail: %q", s.Optional)
					}
					if s.Name == "Sign the published Docker image" {
						same(t, "condition of the signature", s.When, []string{"github.event_name != 'pull_request'"})
					}
				}
			}
		})
	}
}
