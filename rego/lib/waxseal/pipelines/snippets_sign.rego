package lib.waxseal.pipelines

# METADATA
# title: Pieces of pipelines that pass
# description: >-
#   By what they do and the CI system. They sign without a key where the system
#   gives an identity token, and with a key of a KMS elsewhere.
snippets["sign"] := {
	"github-actions": `permissions:
  contents: read
  id-token: write # keyless signing
  packages: write
steps:
  # after the step that pushes, which needs "id: @step"
  - uses: sigstore/cosign-installer@6f9f17788090df1f26f669e9d70d6ae9567deba6 # v4.1.2
@signs`,
	"gitlab-ci": `id_tokens:
  SIGSTORE_ID_TOKEN:
    aud: sigstore
script:
  # after docker push, in the same job
  - IMAGE=$(docker inspect --format '{{index .RepoDigests 0}}' "@tagged")
  - cosign sign --yes "$IMAGE"
`,
	"jenkins": `withCredentials([string(credentialsId: 'cosign-kms', variable: 'KMS_TOKEN')]) {
  sh '''
    set -eu
    IMAGE=$(docker inspect --format '{{index .RepoDigests 0}}' "@tagged")
    cosign sign --yes --key awskms:///alias/cosign "$IMAGE"
  '''
}
`,
	"tekton": `# after the task that builds and pushes, with its result IMAGE_DIGEST
- name: sign
  runAfter: ["build"]
  params:
    - name: IMAGE
      value: "@name@$(tasks.build.results.IMAGE_DIGEST)"
  taskSpec:
    params:
      - name: IMAGE
    steps:
      - name: cosign
        image: ghcr.io/sigstore/cosign/cosign@sha256:DIGEST-OF-COSIGN
        args: ["sign", "--yes", "--key", "k8s://tekton-chains/signing-secrets", "$(params.IMAGE)"]
`,
	"cloudbuild": `# after docker push
- name: gcr.io/cloud-builders/docker
  entrypoint: sh
  args: ["-c", "docker inspect --format '{{index .RepoDigests 0}}' '@tagged' > /workspace/image"]
- name: ghcr.io/sigstore/cosign/cosign@sha256:DIGEST-OF-COSIGN
  entrypoint: sh
  args: ["-ec", "cosign sign --yes --key gcpkms://projects/$PROJECT_ID/locations/global/keyRings/images/cryptoKeys/cosign $(cat /workspace/image)"]
`,
	"circleci": `# after docker push, in the same job
- run:
    name: Sign
    command: |
      IMAGE=$(docker inspect --format '{{index .RepoDigests 0}}' "@tagged")
      SIGSTORE_ID_TOKEN=$(circleci run oidc get --claims '{"aud": "sigstore"}')
      export SIGSTORE_ID_TOKEN
      cosign sign --yes "$IMAGE"
`,
	"azure-pipelines": `# after the push, in the same job
- script: |
    set -eu
    IMAGE=$(docker inspect --format '{{index .RepoDigests 0}}' "@tagged")
    cosign sign --yes --key azurekms://VAULT.vault.azure.net/cosign "$IMAGE"
  displayName: Sign
`,
}

# METADATA
# title: Pieces for workflows of GitHub whose images a shell builds
# description: By what they do. No output of a step has the digest there.
in_shell["sign"] := `permissions:
  contents: read
  id-token: write # keyless signing
  packages: write
steps:
  - uses: sigstore/cosign-installer@6f9f17788090df1f26f669e9d70d6ae9567deba6 # v4.1.2
  # after the step that pushes, in the same job
  - run: |
      # the digest that was pushed, as Docker knows it; other tools write it into a file
      IMAGE=$(docker inspect --format '{{index .RepoDigests 0}}' "@tagged")
      cosign sign --yes "$IMAGE"
`
