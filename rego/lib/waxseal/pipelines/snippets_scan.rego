package lib.waxseal.pipelines

snippets["scan"] := {
	"github-actions": `# after the build and before the signature; "id: @step" on the step that builds
- uses: aquasecurity/trivy-action@ed142fd0673e97e23eac54620cfb913e5ce36c25 # v0.36.0
  with:
    image-ref: "@digest"
    severity: HIGH,CRITICAL
    exit-code: "1" # findings fail the job
`,
	"gitlab-ci": `script:
  # after docker build, before docker push; no allow_failure
  - trivy image --exit-code 1 --severity HIGH,CRITICAL "@tagged"
`,
	"jenkins": `// after the build, before the push; no catchError around it
sh 'trivy image --exit-code 1 --severity HIGH,CRITICAL "@tagged"'
`,
	"tekton": `# after the task that builds, before the one that signs
- name: scan
  runAfter: ["build"]
  params:
    - name: IMAGE
      value: "@name@$(tasks.build.results.IMAGE_DIGEST)"
  taskSpec:
    params:
      - name: IMAGE
    steps:
      - name: trivy
        image: ghcr.io/aquasecurity/trivy@sha256:DIGEST-OF-TRIVY
        args: ["image", "--exit-code", "1", "--severity", "HIGH,CRITICAL", "$(params.IMAGE)"]
`,
	"cloudbuild": `# after docker build, before docker push; no allowFailure
- name: ghcr.io/aquasecurity/trivy@sha256:DIGEST-OF-TRIVY
  args: ["image", "--exit-code", "1", "--severity", "HIGH,CRITICAL", "@tagged"]
`,
	"circleci": `# after docker build, before docker push
- run:
    name: Scan
    command: trivy image --exit-code 1 --severity HIGH,CRITICAL "@tagged"
`,
	"azure-pipelines": `# after the build, before the push; no continueOnError
- script: trivy image --exit-code 1 --severity HIGH,CRITICAL "@tagged"
  displayName: Scan
`,
}

in_shell["scan"] := `# after docker build, before docker push; aquasecurity/setup-trivy installs trivy
- run: trivy image --exit-code 1 --severity HIGH,CRITICAL "@tagged"
`

in_shell["attest"] := `permissions:
  contents: read
  id-token: write
  packages: write
steps:
  # after the step that pushes, in the same job; something has made predicate.json
  - run: |
      # the digest that was pushed, as Docker knows it; other tools write it into a file
      IMAGE=$(docker inspect --format '{{index .RepoDigests 0}}' "@tagged")
      cosign attest --yes --type TYPE --predicate predicate.json "$IMAGE"
`

snippets["attest"] := {
	"github-actions": `permissions:
  contents: read
  id-token: write
  attestations: write
steps:
  # after the step that pushes, which needs "id: @step"; it has made predicate.json
  - run: cosign attest --yes --type TYPE --predicate predicate.json "@digest"
`,
	"gitlab-ci": _attested_by_shell["- "],
	"jenkins": _attested_by_shell[""],
	"tekton": `args: ["attest", "--yes", "--key", "k8s://tekton-chains/signing-secrets", "--type", "TYPE", "--predicate", "predicate.json", "$(params.IMAGE)"]
`,
	"cloudbuild": `args: ["-ec", "cosign attest --yes --key gcpkms://projects/$PROJECT_ID/locations/global/keyRings/images/cryptoKeys/cosign --type TYPE --predicate predicate.json $(cat /workspace/image)"]
`,
	"circleci": _attested_by_shell[""],
	"azure-pipelines": _attested_by_shell[""],
}

_attested_by_shell[item] := concat("", [
	item, `IMAGE=$(docker inspect --format '{{index .RepoDigests 0}}' "@tagged")`, "\n",
	item, `cosign attest --yes --type TYPE --predicate predicate.json "$IMAGE"`, "\n",
]) if {
	some item in ["", "- "]
}
