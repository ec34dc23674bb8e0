package gitlab

import (
	"fmt"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/guess"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// harmless are words of GitLab's own templates that do nothing to images.
var harmless = []string{
	"Workflows/", "SAST", "Secret-Detection", "Dependency-Scanning", "License-Scanning", "Code-Quality", "Code-Intelligence",
	"DAST", "Fuzzing", "Performance", "Accessibility", "Jobs/Test.", "Pages/", "Terraform", "Verify/", "Cosmetics",
}

// scanning is the script of the job that GitLab's template for container
// scanning brings.
const scanning = "gtcs scan"

// template reads an include of one of GitLab's templates.
func (r *reader) template(at *document.Node) *document.Node {
	name := at.Text
	r.refer(model.Reference{Place: place(at), Kind: "template", Text: name})
	if strings.Contains(name, "Container-Scanning") {
		return scanningJob(at)
	}
	for _, word := range harmless {
		if strings.Contains(name, word) {
			return nil
		}
	}
	may := guess.Kinds(name)
	if strings.Contains(name, "Cosign") { // it extends the template that builds with docker
		may = []model.Kind{model.Attest, model.Build, model.Push, model.Sign}
	}
	r.away(model.Unseen{Place: place(at), Kind: "template", Name: name, May: may, Supply: "the template lib/gitlab/ci/templates/" + name + " of the GitLab that runs the pipeline"})
	return nil
}

// scanningJob is the job of the template, as far as it matters: it scans the
// image that Auto DevOps would have built, in pipelines of branches, and lets
// the pipeline go on.
func scanningJob(at *document.Node) *document.Node {
	job := fmt.Sprintf(`container_scanning: {stage: test, allow_failure: true, script: [%q], rules: [{if: $CI_COMMIT_BRANCH}]}`, scanning)
	n, problems := document.FromYAML([]byte(job), document.Options{Kubectl: true, File: at.File, Skip: at.Line - 1})
	if len(problems) > 0 {
		return nil
	}
	return n
}

// scanned gives the job of the template the image that it scans when nobody says
// which: that which Auto DevOps would have built.
func scanned(vars *variables) {
	repository := vars.or("CI_APPLICATION_REPOSITORY", "${CI_REGISTRY_IMAGE}/${CI_COMMIT_REF_SLUG}")
	tag := vars.or("CI_APPLICATION_TAG", "${CI_COMMIT_SHA}")
	vars.set("CS_IMAGE", vars.or("CS_IMAGE", vars.or("DOCKER_IMAGE", repository+":"+tag)))
}
