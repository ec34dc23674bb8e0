package pipeline_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/pipeline"
)

// What real pipelines do, through the readers of their systems.
func TestPipelines(t *testing.T) {
	for _, row := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"tags of metadata, signed by the digest of the push", map[string]string{".github/workflows/a.yml": `
on: {push: {}, pull_request: {}}
jobs:
  b:
    runs-on: ubuntu-latest
    steps:
      - id: meta
        uses: docker/metadata-action@v5
        with: {images: ghcr.io/o/app}
      - id: push
        uses: docker/build-push-action@v6
        with:
          push: ${{ github.event_name != 'pull_request' }}
          tags: ${{ steps.meta.outputs.tags }}
      - if: ${{ github.event_name != 'pull_request' }}
        env: {TAGS: "${{ steps.meta.outputs.tags }}", DIGEST: "${{ steps.push.outputs.digest }}"}
        run: |
          images=""
          for tag in ${TAGS}; do
            images+="${tag}@${DIGEST} "
          done
          cosign sign --yes ${images}
      - uses: actions/attest-build-provenance@v2
        with: {subject-name: ghcr.io/o/app, subject-digest: "${{ steps.push.outputs.digest }}", push-to-registry: true}
`}, []string{
			"ghcr.io/o/app:${jobs.b.steps.meta.outputs.version} | pushed by tag [github.event_name != 'pull_request'] after 0 | signed by tag-and-digest! after 1 | attested by digest! after 1",
		}},
		{"platforms by several jobs, and a list of them", map[string]string{".github/workflows/a.yml": `
on: push
jobs:
  build:
    strategy: {matrix: {platform: [linux/amd64, linux/arm64]}}
    runs-on: ubuntu-latest
    steps:
      - id: build
        uses: docker/build-push-action@v6
        with:
          platforms: ${{ matrix.platform }}
          outputs: type=image,name=ghcr.io/o/app,push-by-digest=true,name-canonical=true,push=true
      - run: |
          mkdir -p /tmp/digests
          digest="${{ steps.build.outputs.digest }}"
          touch "/tmp/digests/${digest#sha256:}"
  merge:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - id: meta
        uses: docker/metadata-action@v5
        with: {images: ghcr.io/o/app}
      - working-directory: /tmp/digests
        run: |
          docker buildx imagetools create $(jq -cr '.tags | map("-t " + .) | join(" ")' <<< "$DOCKER_METADATA_OUTPUT_JSON") \
            $(printf 'ghcr.io/o/app@sha256:%s ' *)
      - run: |
          digest=$(docker buildx imagetools inspect ghcr.io/o/app:${{ steps.meta.outputs.version }} --format '{{json .Manifest}}' | jq -r .digest)
          cosign sign --yes ghcr.io/o/app@${digest}
`}, []string{
			"ghcr.io/o/app | pushed by name after 0 | pushed by name after 0 | pushed by unknown after 2 | signed by digest after 3",
		}},
		{"platforms are signed, their list is not", map[string]string{".github/workflows/a.yml": `
on: push
jobs:
  build:
    strategy: {matrix: {platform: [linux/amd64, linux/arm64]}}
    runs-on: ubuntu-latest
    steps:
      - id: build
        uses: docker/build-push-action@v6
        with:
          platforms: ${{ matrix.platform }}
          outputs: type=image,name=ghcr.io/o/app,push-by-digest=true,push=true
      - run: cosign sign --yes ghcr.io/o/app@${{ steps.build.outputs.digest }}
  merge:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - run: docker buildx imagetools create -t ghcr.io/o/app:1 $(printf 'ghcr.io/o/app@sha256:%s ' *)
`}, []string{
			"ghcr.io/o/app | pushed by name after 0 | pushed by name after 0 | pushed by tag after 2 | other by digest after 1 | other by digest after 1",
		}},
		{"built to be scanned, then built to be pushed", map[string]string{".github/workflows/a.yml": `
on: push
jobs:
  b:
    runs-on: ubuntu-latest
    steps:
      - uses: docker/build-push-action@v6
        with: {load: true, tags: "o/app:test"}
      - uses: aquasecurity/trivy-action@0.28.0
        with: {image-ref: "o/app:test", exit-code: "1", severity: CRITICAL}
      - id: push
        uses: docker/build-push-action@v6
        with: {push: true, tags: "o/app:latest"}
      - run: cosign sign --yes o/app@${{ steps.push.outputs.digest }}
`}, []string{
			"o/app:latest | pushed by tag after 2 | signed by digest! after 3 | scanned by tag after 1",
		}},
		{"images of a matrix, of which one is signed", map[string]string{".github/workflows/a.yml": `
on: push
jobs:
  b:
    strategy: {matrix: {image: [api, web]}}
    runs-on: ubuntu-latest
    steps:
      - run: docker build -t ghcr.io/o/${{ matrix.image }}:1 . && docker push ghcr.io/o/${{ matrix.image }}:1
  s:
    needs: b
    runs-on: ubuntu-latest
    steps:
      - run: cosign sign --yes ghcr.io/o/api:1
`}, []string{
			"ghcr.io/o/api:1 | pushed by tag after 1 | signed by tag after 2",
			"ghcr.io/o/web:1 | pushed by tag after 1",
		}},
		{"a reusable workflow builds, its caller signs", map[string]string{
			".github/workflows/build.yml": `
on: {workflow_call: {inputs: {image: {type: string}}, outputs: {digest: {value: "${{ jobs.b.outputs.digest }}"}}}}
jobs:
  b:
    runs-on: ubuntu-latest
    outputs: {digest: "${{ steps.push.outputs.digest }}"}
    steps:
      - id: push
        uses: docker/build-push-action@v6
        with: {push: true, tags: "${{ inputs.image }}:1"}
`, ".github/workflows/release.yml": `
on: push
jobs:
  build:
    uses: ./.github/workflows/build.yml
    with: {image: ghcr.io/o/app}
  sign:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - run: cosign sign --yes "ghcr.io/o/app@${{ needs.build.outputs.digest }}"
`}, []string{
			"ghcr.io/o/app:1 | pushed by tag after 0 | signed by digest! after 1",
		}},
		{"ko, signed by what it prints", map[string]string{".github/workflows/a.yml": `
on: push
env: {KO_DOCKER_REPO: ghcr.io/o/app}
jobs:
  b:
    runs-on: ubuntu-latest
    steps:
      - run: cosign sign --yes $(ko build --bare ./cmd/app)
`}, []string{
			"ghcr.io/o/app:latest | pushed by tag after 0 | signed by digest! after 0 | sbom by tag after 0",
		}},
		{"kaniko writes a file, which is scanned and pushed", map[string]string{".gitlab-ci.yml": `
stages: [build, scan, push]
build:
  stage: build
  image: {name: "gcr.io/kaniko-project/executor:debug", entrypoint: [""]}
  script:
    - /kaniko/executor --context . --no-push --destination $CI_REGISTRY_IMAGE:$CI_COMMIT_SHA --tarPath image.tar
scan:
  stage: scan
  image: aquasec/trivy
  script: [trivy image --exit-code 1 --input image.tar]
push:
  stage: push
  script:
    - crane push image.tar $CI_REGISTRY_IMAGE:$CI_COMMIT_SHA
    - cosign sign $CI_REGISTRY_IMAGE:$CI_COMMIT_SHA
`}, []string{
			"${CI_REGISTRY_IMAGE}:${CI_COMMIT_SHA} | pushed by tag after 2 | signed by tag after 3 | scanned by file! after 1",
		}},
		{"GitLab, by the digest of the local image", map[string]string{".gitlab-ci.yml": `
build:
  script:
    - docker build -t $CI_REGISTRY_IMAGE:$CI_COMMIT_SHA .
    - docker push $CI_REGISTRY_IMAGE:$CI_COMMIT_SHA
    - DIGEST=$(docker inspect --format='{{index .RepoDigests 0}}' $CI_REGISTRY_IMAGE:$CI_COMMIT_SHA)
    - cosign sign --yes $DIGEST
  rules:
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
scan:
  needs: [build]
  allow_failure: true
  script: [trivy image --exit-code 1 $CI_REGISTRY_IMAGE:$CI_COMMIT_SHA]
`}, []string{
			"${CI_REGISTRY_IMAGE}:${CI_COMMIT_SHA} | pushed by tag after 1 | signed by digest! after 2 | scanned by tag after 0",
		}},
		{"signed when another workflow has ended", map[string]string{
			".github/workflows/build.yml": `
on: push
jobs:
  b:
    runs-on: ubuntu-latest
    steps:
      - uses: docker/build-push-action@v6
        with: {push: true, tags: "ghcr.io/${{ github.repository }}:latest"}
`, ".github/workflows/sign.yml": `
on: {workflow_run: {workflows: [build]}}
jobs:
  s:
    runs-on: ubuntu-latest
    steps:
      - run: cosign sign --yes ghcr.io/${{ github.repository }}:latest
`}, []string{
			"ghcr.io/${github.repository}:latest | pushed by tag after 0 | signed by tag in .github/workflows/sign.yml after 0",
		}},
		{"what a pipeline includes is not built twice", map[string]string{
			".gitlab-ci.yml": `
include: {local: ci/image.gitlab-ci.yml}
sign:
  needs: [build]
  script: [cosign sign $CI_REGISTRY_IMAGE:1]
`, "ci/image.gitlab-ci.yml": `
build:
  script:
    - docker build -t $CI_REGISTRY_IMAGE:1 .
    - docker push $CI_REGISTRY_IMAGE:1
`}, []string{
			"${CI_REGISTRY_IMAGE}:1 | pushed by tag after 1 | signed by tag after 2",
		}},
		{"what a template of Azure builds is not built twice", map[string]string{
			"azure-pipelines.yml": `
trigger: [main]
pool: {vmImage: ubuntu-latest}
steps:
  - template: .azure-pipelines/image.yml
  - script: cosign sign ghcr.io/o/app:1
`, ".azure-pipelines/image.yml": `
steps:
  - script: docker build -t ghcr.io/o/app:1 . && docker push ghcr.io/o/app:1
`}, []string{
			"ghcr.io/o/app:1 | pushed by tag after 1 | signed by tag after 2",
		}},
		{"a signature waits for a job that may be left out", map[string]string{".github/workflows/a.yml": `
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: docker build -t ghcr.io/o/app:1 . && docker push ghcr.io/o/app:1
  test:
    if: github.ref == 'refs/heads/main'
    runs-on: ubuntu-latest
    steps: [{run: make test}]
  sign:
    needs: [build, test]
    runs-on: ubuntu-latest
    steps:
      - run: cosign sign --yes ghcr.io/o/app:1
  attest:
    needs: sign
    runs-on: ubuntu-latest
    steps:
      - run: cosign attest --yes --predicate a.json ghcr.io/o/app:1
`}, []string{
			"ghcr.io/o/app:1 | pushed by tag after 1 | signed by tag [github.ref == 'refs/heads/main'] after 2 | attested by tag [github.ref == 'refs/heads/main'] after 3",
		}},
		{"scanned is another image", map[string]string{".github/workflows/a.yml": `
on: push
jobs:
  b:
    runs-on: ubuntu-latest
    steps:
      - run: |
          docker build -t ghcr.io/o/app:1 .
          trivy image --exit-code 1 alpine:3
          docker push ghcr.io/o/app:1
`}, []string{
			"ghcr.io/o/app:1 | pushed by tag after 1 | other by tag after 1",
		}},
		{"signed only on tags, pushed always", map[string]string{".github/workflows/a.yml": `
on: push
jobs:
  b:
    runs-on: ubuntu-latest
    steps:
      - id: push
        uses: docker/build-push-action@v6
        with: {push: true, tags: "ghcr.io/o/app:1"}
      - if: startsWith(github.ref, 'refs/tags/')
        run: cosign sign --yes ghcr.io/o/app@${{ steps.push.outputs.digest }}
`}, []string{
			"ghcr.io/o/app:1 | pushed by tag after 0 | signed by digest! [startsWith(github.ref, 'refs/tags/')] after 1",
		}},
		{"signed in a job that asks whether the one that it needs has succeeded", map[string]string{".github/workflows/a.yml": `
on: push
jobs:
  b:
    runs-on: ubuntu-latest
    outputs: {digest: "${{ steps.push.outputs.digest }}"}
    steps:
      - id: push
        uses: docker/build-push-action@v6
        with: {push: true, tags: "ghcr.io/o/app:1"}
  s:
    needs: b
    if: needs.b.result == 'success'
    runs-on: ubuntu-latest
    steps: [{run: "cosign sign --yes ghcr.io/o/app@${{ needs.b.outputs.digest }}"}]
`}, []string{
			"ghcr.io/o/app:1 | pushed by tag after 0 | signed by digest! after 1",
		}},
		{"a task is built where its pipeline runs it", map[string]string{"p.yaml": `
apiVersion: tekton.dev/v1
kind: Pipeline
metadata: {name: p}
spec:
  tasks:
    - {name: build, taskRef: {name: build}}
    - {name: sign, taskRef: {name: sign}, runAfter: [build]}
---
apiVersion: tekton.dev/v1
kind: Task
metadata: {name: build}
spec:
  steps:
    - name: build
      image: docker
      script: |
        docker build -t ghcr.io/o/app:1 .
        docker push ghcr.io/o/app:1
---
apiVersion: tekton.dev/v1
kind: Task
metadata: {name: sign}
spec:
  steps:
    - {name: sign, image: cosign, script: "cosign sign --key k ghcr.io/o/app@$(crane digest ghcr.io/o/app:1)"}
`}, []string{
			"ghcr.io/o/app:1 | pushed by tag after 1 | signed by digest after 2",
		}},
		{"signed before the images of Cloud Build are pushed", map[string]string{"cloudbuild.yaml": `
steps:
  - {name: gcr.io/cloud-builders/docker, args: [build, -t, "ghcr.io/o/app:1", .]}
  - {name: cosign, entrypoint: sh, args: [-ec, "cosign sign --key k ghcr.io/o/app@$$(crane digest ghcr.io/o/app:1)"]}
images: ["ghcr.io/o/app:1"]
`}, []string{
			"ghcr.io/o/app:1 | pushed by tag after 1 | other by digest after 1",
		}},
		{"a stage of Azure that somebody has to start", map[string]string{"azure-pipelines.yml": `
trigger: [main]
stages:
  - stage: build
    jobs: [{job: b, steps: [{script: "docker build -t ghcr.io/o/app:1 . && docker push ghcr.io/o/app:1"}]}]
  - stage: sign
    trigger: manual
    jobs: [{job: s, steps: [{script: "cosign sign --key k ghcr.io/o/app:1"}]}]
`}, []string{
			"ghcr.io/o/app:1 | pushed by tag after 1 | signed by tag [trigger: manual] after 2",
		}},
		{"Docker Content Trust", map[string]string{".github/workflows/a.yml": `
on: push
jobs:
  b:
    runs-on: ubuntu-latest
    env: {DOCKER_CONTENT_TRUST: "1"}
    steps:
      - run: |
          docker build -t docker.io/o/app:1 .
          docker push o/app:1
`}, []string{
			"o/app:1 | pushed by tag after 1 | signed by tag after 2",
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			files := map[string][]byte{}
			for name, text := range row.files {
				files[name] = []byte(text)
			}
			r, err := pipeline.Parse(context.Background(), files)
			require.NoError(t, err)
			require.Empty(t, r.Problems)
			var got []string
			for _, i := range r.Images {
				got = append(got, told(i))
			}
			require.Equal(t, row.want, got)
		})
	}
}
