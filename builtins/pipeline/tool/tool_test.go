package tool_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/tool"
)

// a row is a command line and what it does, by show.
type row struct{ line, want string }

func check(t *testing.T, rows []row) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.line, func(t *testing.T) {
			got := show(tool.Read(command(r.line), files(nil)))
			require.Equal(t, trim(r.want), got)
		})
	}
}

// trim takes the indentation off a text.
func trim(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "\n")
}

func TestBuilds(t *testing.T) {
	check(t, []row{
		{"docker build -t app:1 .", "build docker app:1(tag)"},
		{"docker build -t ghcr.io/o/app:${V} -t ghcr.io/o/app:latest --file=Dockerfile .", "build docker ghcr.io/o/app:${V}(tag),ghcr.io/o/app:latest(tag)"},
		{"docker build .", "build docker"},
		{"docker build -tapp:1 --iidfile id .", "build docker app:1(tag)\nwrites id: ${digest-of:app:1}"},
		{"docker build -q -t app .", "build docker app(name)\nprints ${digest-of:app}"},
		{"docker --context x build --tag=app:1 --build-arg A=1 --no-cache --pull .", "build docker app:1(tag)"},
		{"docker image build -t app:1 .", "build docker app:1(tag)"},
		{"docker buildx build --platform linux/amd64,linux/arm64 -t app:1 --push .", "build buildx app:1(tag) pushes"},
		{"docker buildx build -t app:1 --push=false .", "build buildx app:1(tag)"},
		{"docker buildx build -t app:1 --push=${PUSH} .", "build buildx app:1(tag) pushes if ${PUSH}"},
		{"docker buildx build -t app:1 --output=type=registry .", "build buildx app:1(tag) pushes"},
		{"docker buildx build -t app:1 -o type=image,push=true .", "build buildx app:1(tag) pushes"},
		{"docker buildx build --output type=image,name=ghcr.io/o/app,push-by-digest=true,push=true .", "build buildx ghcr.io/o/app(name) pushes"},
		{`docker buildx build --output 'type=image,"name=a/x:1,a/x:2",push=true' .`, "build buildx a/x:1(tag),a/x:2(tag) pushes"},
		{"docker buildx build --output=type=${OUTPUT_TYPE} . -t app:1", "build buildx app:1(tag) pushes if ${OUTPUT_TYPE} == registry"},
		{"docker buildx build -t app:1 --output type=oci,dest=out.tar .", "build buildx app:1(tag) files=out.tar"},
		{"docker buildx build -t app:1 --push --metadata-file m.json .", `build buildx app:1(tag) pushes
			writes m.json: {"containerimage.digest": "${digest-of:app:1}", "image.name": "app:1"}`},
		{"docker buildx build -t app:1 --push --provenance=mode=max --sbom=true .", `build buildx app:1(tag) pushes
			attest buildx buildx app:1(tag) predicate=https://slsa.dev/provenance
			attest buildx buildx app:1(tag) predicate=https://spdx.dev/Document
			sbom buildx buildx app:1(tag)`},
		{"docker buildx build -t app:1 --provenance=false --sbom=false --load .", "build buildx app:1(tag)"},
		{"docker buildx build -t app:1 --attest type=provenance,mode=max --attest=type=sbom,disabled=true .", `build buildx app:1(tag)
			attest buildx buildx app:1(tag) predicate=https://slsa.dev/provenance`},
		{"docker buildx build ${BUILD_ARGS} -t app:1 .", `build buildx app:1(tag)
			unseen dynamic arguments of buildx build [push attest]`},
		{"docker build --check .", ""},
		{"podman build -t app:1 .", "build podman app:1(tag)"},
		{"buildah bud -t app:1 -f Containerfile .", "build buildah app:1(tag)"},
		{"buildah from --name c docker.io/library/alpine:3", "ref base_image docker.io/library/alpine:3 pinned=false"},
		{"buildah commit --rm c app:1", "build buildah app:1(tag)\nprints ${digest-of:app:1}"},
		{"nerdctl build -t app:1 .", "build nerdctl app:1(tag)"},
		{"/kaniko/executor --context . --destination=ghcr.io/o/app:1 -d ghcr.io/o/app:2 --digest-file=/d", `build kaniko ghcr.io/o/app:1(tag),ghcr.io/o/app:2(tag) pushes
			writes /d: ${digest-of:ghcr.io/o/app:1}`},
		{"/kaniko/executor --context . --destination app:1 --no-push --tar-path a.tar", "build kaniko app:1(tag) files=a.tar"},
		{"/kaniko/executor --context . --no-push", "build kaniko"},
		{"KO_DOCKER_REPO=ghcr.io/o/app ko build --bare -t v1,latest ./cmd/x", `build ko ghcr.io/o/app:v1(tag),ghcr.io/o/app:latest(tag) pushes
			sbom ko ghcr.io/o/app:v1(tag),ghcr.io/o/app:latest(tag)
			prints ghcr.io/o/app@${digest-of:ghcr.io/o/app:v1}`},
		{"KO_DOCKER_REPO=ghcr.io/o ko publish -B --tags=v1 --sbom=none --image-refs refs github.com/o/app/cmd/x", `build ko ghcr.io/o/x:v1(tag) pushes
			writes refs: ghcr.io/o/x:v1@${digest-of:ghcr.io/o/x:v1}
			prints ghcr.io/o/x:v1@${digest-of:ghcr.io/o/x:v1}`},
		{"ko build --local --sbom=none -P github.com/o/app/cmd/x", "build ko ko.local/github.com/o/app/cmd/x:latest(tag)\nprints ko.local/github.com/o/app/cmd/x@${digest-of:ko.local/github.com/o/app/cmd/x:latest}"},
		{"KO_DOCKER_REPO=r.io/o ko build --push=false --sbom=none github.com/o/app", "build ko r.io/o/app-d5d67501ffe7a90fc953015bfbdd567b:latest(tag)\nprints r.io/o/app-d5d67501ffe7a90fc953015bfbdd567b@${digest-of:r.io/o/app-d5d67501ffe7a90fc953015bfbdd567b:latest}"},
		{"mvn -B compile com.google.cloud.tools:jib-maven-plugin:3.4.0:build -Dimage=ghcr.io/o/app:1", "build jib ghcr.io/o/app:1(tag) pushes"},
		{"./mvnw jib:dockerBuild -Djib.to.image=app:1", "build jib app:1(tag)"},
		{"./mvnw spring-boot:build-image -Dspring-boot.build-image.imageName=app:1 -Dspring-boot.build-image.publish=true", "build spring-boot app:1(tag) pushes"},
		{"mvn -B verify", ""},
		{"./gradlew :app:jib --image=ghcr.io/o/app:1", "build jib ghcr.io/o/app:1(tag) pushes"},
		{"gradle bootBuildImage --imageName=app:1 --publishImage", "build spring-boot app:1(tag) pushes"},
		{"pack build app:1 --builder paketobuildpacks/builder:base --publish", "build pack app:1(tag) pushes\nref base_image paketobuildpacks/builder:base pinned=false"},
		{"bazel run //images:push_app", "build bazel pushes guessed"},
		{"bazel test //...", ""},
		{"s2i build . centos/python app:1", "build s2i app:1(tag)\nref base_image centos/python pinned=false"},
		{"earthly --push +docker", "unseen dynamic earthly: Earthfile [build push]"},
		{"buildctl build --frontend dockerfile.v0 --output type=image,name=a/b:1,push=true --opt attest:sbom= --opt attest:provenance=false", `build buildkit a/b:1(tag) pushes
			attest buildkit buildx a/b:1(tag) predicate=https://spdx.dev/Document
			sbom buildkit buildx a/b:1(tag)`},
		{"img build -t a/b:1 .", "build img a/b:1(tag)"},
		{"img push a/b:1", "push img a/b:1(tag)"},
		{"nixpacks build . --name a/b", "build nixpacks a/b(name)"},
		{"mvn -Dquarkus.container-image.build=true -Dquarkus.container-image.push=true -Dquarkus.container-image.image=a/b:1 package", "build quarkus a/b:1(tag) pushes"},
		{"mvn docker:build docker:push -Ddocker.name=a/b:1", "build docker-maven-plugin a/b:1(tag)\npush docker-maven-plugin a/b:1(tag)"},
		{"gradle dockerPushImage", "push gradle"},
		{"bazel run //app:image", "build bazel guessed"},
		{"skaffold build -p ci", "unseen dynamic skaffold: skaffold.yaml [build push]"},
		{"docker commit c app:1", "build docker app:1(tag)\nprints ${digest-of:app:1}"},
		{"docker buildx bake ${FILES} -f x.hcl", "unseen dynamic x.hcl [build push attest]\nunseen dynamic target ${FILES} [build push]"},
		{"sudo podman buildx build -t a .", "build buildx a(name)"},
		{"apko publish apko.yaml ghcr.io/o/app:1 --sbom=false", "build apko ghcr.io/o/app:1(tag) pushes\nprints ghcr.io/o/app@${digest-of:ghcr.io/o/app:1}"},
		{"az acr build -r reg -t app:1 .", "build az-acr reg.azurecr.io/app:1(tag) pushes"},
		{"gcloud builds submit --tag gcr.io/p/app:1 .", "build gcloud-builds gcr.io/p/app:1(tag) pushes"},
		{"gcloud builds submit --config cb.yaml .", "unseen include cb.yaml [build push sign scan]"},
		{"go run github.com/google/ko@v0.18.0 build --bare --sbom=none .", "build ko ${KO_DOCKER_REPO}:latest(tag) pushes\nref tool github.com/google/ko@v0.18.0 pinned=true\nprints ${KO_DOCKER_REPO}@${digest-of:${KO_DOCKER_REPO}:latest}"},
		{"${DOCKER} build -t app:1 .", "build docker app:1(tag) guessed"},
		{"${CONTAINER_TOOL} push app:1", "push docker app:1(tag) guessed"},
	})
}

func TestPushesAndCopies(t *testing.T) {
	check(t, []row{
		{"docker push app:1", "push docker app:1(tag)"},
		{"docker push --all-tags ghcr.io/o/app", "push docker ghcr.io/o/app(name)"},
		{"docker push ${IMAGE}", "push docker ${IMAGE}(unknown)"},
		{"podman push app:1 docker://ghcr.io/o/app:1", "push podman ghcr.io/o/app:1(tag) from app:1(tag)"},
		{"buildah push --digestfile d app:1 ghcr.io/o/app:1", "push buildah ghcr.io/o/app:1(tag) from app:1(tag)\nwrites d: ${digest-of:ghcr.io/o/app:1}"},
		{"buildah push app:1 oci-archive:app.tar:1", "copy buildah oci-archive:app.tar:1(file) from app:1(tag) files=app.tar"},
		{"docker tag app:1 ghcr.io/o/app:1", "tag docker ghcr.io/o/app:1(tag) from app:1(tag)"},
		{"docker save -o app.tar app:1", "copy docker app.tar(file) from app:1(tag) files=app.tar"},
		{"docker manifest create ghcr.io/o/app:1 --amend ghcr.io/o/app:1-amd64 --amend ghcr.io/o/app:1-arm64", "tag docker ghcr.io/o/app:1(tag) from ghcr.io/o/app:1-amd64(tag),ghcr.io/o/app:1-arm64(tag)"},
		{"docker manifest push --purge ghcr.io/o/app:1", "push docker ghcr.io/o/app:1(tag)"},
		{"docker buildx imagetools create -t ghcr.io/o/app:1 ghcr.io/o/app@sha256:aa", "copy buildx ghcr.io/o/app:1(tag) from ghcr.io/o/app@sha256:aa(digest) pushes"},
		{"docker buildx imagetools inspect ghcr.io/o/app:1 --format '{{.Manifest.Digest}}'", "prints ${lookup:ghcr.io/o/app:1}"},
		{"docker buildx imagetools inspect ghcr.io/o/app:1", ""},
		{"docker inspect --format '{{index .RepoDigests 0}}' ghcr.io/o/app:1", "prints ghcr.io/o/app@${digest-of:ghcr.io/o/app:1}"},
		{"crane digest ghcr.io/o/app:1", "prints ${lookup:ghcr.io/o/app:1}"},
		{"crane digest --full-ref ghcr.io/o/app:1", "prints ghcr.io/o/app@${lookup:ghcr.io/o/app:1}"},
		{"crane cp a.io/x:1 b.io/x:1", "copy crane b.io/x:1(tag) from a.io/x:1(tag) pushes"},
		{"crane tag a.io/x@sha256:aa v1", "tag crane a.io/x:v1(tag) from a.io/x@sha256:aa(digest) pushes"},
		{"crane push app.tar a.io/x:1", "push crane a.io/x:1(tag) from app.tar(file)\nprints a.io/x@${digest-of:a.io/x:1}"},
		{"crane append -b alpine:3 -f l.tar -t a.io/x:1", "build crane a.io/x:1(tag) from alpine:3(tag) pushes\nref base_image alpine:3 pinned=false\nprints a.io/x@${digest-of:a.io/x:1}"},
		{"skopeo copy --all docker://a.io/x:1 docker://b.io/x:1", "copy skopeo b.io/x:1(tag) from a.io/x:1(tag) pushes"},
		{"skopeo copy docker-archive:app.tar docker://b.io/x:1 --digestfile d", "push skopeo b.io/x:1(tag) from app.tar(file)\nwrites d: ${digest-of:b.io/x:1}"},
		{"skopeo copy docker-daemon:x:1 oci:out:1", "copy skopeo out(file) from x:1(tag) files=out"},
		{"skopeo inspect --format '{{.Digest}}' docker://a.io/x:1", "prints ${lookup:a.io/x:1}"},
		{"skopeo inspect docker://a.io/x:1", `prints {"Name": "a.io/x", "Digest": "${lookup:a.io/x:1}"}`},
		{"skopeo inspect docker-daemon:x:1", ""},
		{"regctl image copy a.io/x:1 b.io/x:1", "copy regctl b.io/x:1(tag) from a.io/x:1(tag) pushes"},
		{"oras push ghcr.io/o/bundle:1 f.tgz", ""},
		{"oras attach --artifact-type sbom/example ghcr.io/o/app:1 sbom.json", "attest oras oras ghcr.io/o/app:1(tag) predicate=sbom/example"},
		{"helm push chart.tgz oci://ghcr.io/o", ""},
		{"az acr import --name reg --source docker.io/library/x:1 --image x:1", "copy az-acr reg.azurecr.io/x:1(tag) from docker.io/library/x:1(tag) pushes"},
		{"az acr login -n reg", "login az-acr reg.azurecr.io(name)"},
		{"aws ecr put-image --repository-name app --image-tag v1 --image-manifest ${M}", "tag aws app:v1(tag) pushes guessed"},
		{"gcloud auth configure-docker", "login gcloud"},
		{"regctl image digest a.io/x:1", "prints ${lookup:a.io/x:1}"},
		{"regctl image mod a.io/x:1 --create v2", "build regctl a.io/x:v2(tag) from a.io/x:1(tag) pushes"},
		{"regctl artifact put --subject a.io/x:1 --artifact-type t", "attest regctl regctl a.io/x:1(tag) predicate=t"},
		{"oras copy a.io/x:1 b.io/x:1", "copy oras b.io/x:1(tag) from a.io/x:1(tag) pushes"},
		{"oras tag a.io/x:1 v2", "tag oras a.io/x:v2(tag) from a.io/x:1(tag) pushes"},
		{"skopeo sync --src docker --dest docker a.io/x b.io", "copy skopeo from a.io/x(name) pushes"},
		{"crane mutate a.io/x:1 --label a=b", "build crane a.io/x:1(tag) from a.io/x:1(tag) pushes\nprints a.io/x@${digest-of:a.io/x:1}"},
		{"crane digest a.io/x@sha256:aa", "prints sha256:aa"},
		{"crane ls a.io/x", ""},
		{"ctr images push a.io/x:1", "push ctr a.io/x:1(tag)"},
		{"jf docker push a.io/x:1 repo", "push jf a.io/x:1(tag)"},
		{"gcloud container images add-tag gcr.io/p/a:1 gcr.io/p/a:2", "tag gcloud gcr.io/p/a:2(tag) from gcr.io/p/a:1(tag)"},
		{"docker pull alpine:3", "ref image alpine:3 pinned=false"},
		{"docker pull alpine@sha256:abc", "ref image alpine@sha256:abc pinned=true"},
		{"docker ${COMMAND}", "unseen dynamic docker ${COMMAND} [build push]"},
		{"docker buildx build -o out .", ""},
		{"docker build --output type=local,dest=bin .", ""},
		{"docker ps -a", ""},
		{"docker buildx create --use", ""},
		{"git push origin main", ""},
		{"./unheard-of --x", "unknown"},
	})
}

func TestSignatures(t *testing.T) {
	check(t, []row{
		{"cosign sign --yes ghcr.io/o/app@${jobs.b.steps.push.outputs.digest}", "sign cosign cosign-keyless ghcr.io/o/app@${jobs.b.steps.push.outputs.digest}(digest)"},
		{"cosign sign --yes ghcr.io/o/app:${V}@sha256:aa", "sign cosign cosign-keyless ghcr.io/o/app:${V}@sha256:aa(tag-and-digest)"},
		{"cosign sign --yes ${tags}@${digest}", "sign cosign cosign-keyless ${tags}@${digest}(digest)"},
		{"cosign sign -key cosign.key app:1", "sign cosign cosign-key app:1(tag) key=cosign.key"},
		{"cosign sign --key=env://K --recursive -a a=b --tlog-upload=false app:1 app:2", "sign cosign cosign-key app:1(tag),app:2(tag) key=env://K"},
		{"cosign sign --yes --key awskms:///alias/x app:1", "sign cosign cosign-key app:1(tag) key=awskms:///alias/x"},
		{"COSIGN_EXPERIMENTAL=1 cosign sign ${COSIGN_FLAGS} app:1", "sign cosign cosign-keyless app:1(tag)"},
		{"cosign sign ${COSIGN_FLAGS} app:1", "sign cosign cosign app:1(tag)"},
		{"cosign sign --upload=false app:1", "sign cosign cosign-keyless app:1(tag) guessed"},
		{"COSIGN_UPLOAD=false cosign sign app:1", "sign cosign cosign-keyless app:1(tag) guessed"},
		{"COSIGN_KEY=k cosign sign app:1", "sign cosign cosign-key app:1(tag) key=k"},
		{"cosign sign --help app:1", ""},
		{"cosign sign -h app:1", ""},
		{"notation sign --help app:1", ""},
		{"cosign sign -- --help", "sign cosign cosign-keyless --help(name)"},
		{"cosign sign --attachment sbom app:1", ""},
		{"cosign sign --brand-new app:1", "sign cosign cosign-keyless app:1(tag)"},
		{"cosign sign --brand-new value app:1", "sign cosign cosign-keyless app:1(tag)"},
		{"cosign ${COMMAND} app:1", "unseen dynamic cosign ${COMMAND} [sign attest verify]"},
		{"cosign sign-blob --yes --bundle b checksums.txt", ""},
		{".tool/cosign sign --yes app:1", "sign cosign cosign-keyless app:1(tag)"},
		{"${COSIGN} sign --yes app:1", "sign cosign cosign-keyless app:1(tag) guessed"},
		{"cosign-linux-amd64 sign -y app:1", "sign cosign cosign-keyless app:1(tag)"},
		{"cosign attest --yes --type spdxjson --predicate s.json app@sha256:aa", "attest cosign cosign-keyless app@sha256:aa(digest) signed predicate=https://spdx.dev/Document"},
		{"cosign attest --key k --predicate p app:1", "attest cosign cosign-key app:1(tag) key=k signed predicate=https://cosign.sigstore.dev/attestation/v1"},
		{"cosign attest-blob --predicate p f", ""},
		{"cosign attach sbom --sbom s.json app:1", "attest cosign cosign-attach app:1(tag) predicate=https://spdx.dev/Document"},
		{"cosign attach signature --signature s app:1", "attest cosign cosign-attach app:1(tag) predicate=signature"},
		{"cosign verify --certificate-identity x --certificate-oidc-issuer y app:1", "verify cosign cosign-keyless app:1(tag)"},
		{"cosign verify-attestation --type slsaprovenance --key k app:1", "verify cosign cosign-key app:1(tag) key=k predicate=slsaprovenance"},
		{"cosign verify --local-image dir --key k", "verify cosign dir(file)"},
		{"cosign attest --type vuln --predicate p app:1", "attest cosign cosign-keyless app:1(tag) signed predicate=https://cosign.sigstore.dev/attestation/vuln/v1"},
		{"cosign attest --type slsaprovenance1 --predicate p app:1", "attest cosign cosign-keyless app:1(tag) signed predicate=https://slsa.dev/provenance/v1"},
		{"cosign attest --no-upload --type cyclonedx --predicate p app:1", "attest cosign cosign-keyless app:1(tag) signed predicate=https://cyclonedx.org/bom guessed"},
		{"cosign attach attestation --attestation a app:1", "attest cosign cosign-attach app:1(tag)"},
		{"cosign sign --sk app:1", "sign cosign cosign-key app:1(tag) key=a hardware token"},
		{"cosign login -u u -p ${P} ghcr.io", "login cosign ghcr.io(name)\nsecret argument P"},
		{"nerdctl push --sign=cosign --cosign-key k app:1", "push nerdctl app:1(tag)\nsign nerdctl cosign-key app:1(tag) key=k"},
		{"nerdctl push --sign=notation --notation-key-name k app:1", "push nerdctl app:1(tag)\nsign nerdctl notation app:1(tag) key=k"},
		{"podman image sign --sign-by me docker://a/x:1", "sign podman simple-signing a/x:1(tag) key=me"},
		{"notary -s https://n addhash a/x v1 1 --sha256 aa -p", "sign notary docker-content-trust a/x:v1(tag)"},
		{"notary publish a/x", "sign notary docker-content-trust a/x(name) guessed"},
		{"slsa-verifier verify-image a/x@sha256:aa --source-uri s", "verify slsa-verifier slsa a/x@sha256:aa(digest) predicate=https://slsa.dev/provenance"},
		{"docker manifest push app:1", "push docker app:1(tag)"},
		{"DOCKER_CONTENT_TRUST=1 docker manifest push app:1", "push docker app:1(tag)"},
		{"cosign copy a.io/x:1 b.io/x:1", "copy cosign b.io/x:1(tag) from a.io/x:1(tag) pushes"},
		{"cosign generate-key-pair", ""},
		{"cosign triangulate app:1", ""},
		{"notation sign --key k --signature-format cose ghcr.io/o/app@sha256:aa", "sign notation notation ghcr.io/o/app@sha256:aa(digest) key=k"},
		{"waxseal attest scan --key cosign.key --fail-on critical,high report.json ghcr.io/o/app@sha256:aa", "scan waxseal ghcr.io/o/app@sha256:aa(digest) gates=yes\nattest waxseal cosign-key ghcr.io/o/app@sha256:aa(digest) key=cosign.key signed predicate=https://cosign.sigstore.dev/attestation/vuln/v1"},
		{"waxseal attest sbom - ghcr.io/o/app:1", "attest waxseal cosign-keyless ghcr.io/o/app:1(tag) signed"},
		{"waxseal attest sbom --statement-only - ghcr.io/o/app:1", ""},
		{"waxseal verify ghcr.io/o/app:1", "verify waxseal ghcr.io/o/app:1(tag)"},
		{"waxseal admit deploy/", ""},
		{"notation sign ghcr.io/o/app:1", "sign notation notation ghcr.io/o/app:1(tag)"},
		{"notation verify ghcr.io/o/app:1", "verify notation notation ghcr.io/o/app:1(tag)"},
		{"notation cert generate-test x", ""},
		{"DOCKER_CONTENT_TRUST=1 docker push app:1", "push docker app:1(tag)\nsign docker docker-content-trust app:1(tag)"},
		{"DOCKER_CONTENT_TRUST=1 docker push -a app", "push docker app(name)"},
		{"DOCKER_CONTENT_TRUST=0 docker push app:1", "push docker app:1(tag)"},
		{"DOCKER_CONTENT_TRUST=${X} docker push app:1", "push docker app:1(tag)\nsign docker docker-content-trust app:1(tag) guessed"},
		{"DOCKER_CONTENT_TRUST=1 docker push --disable-content-trust app:1", "push docker app:1(tag)"},
		{"docker push --disable-content-trust=false app:1", "push docker app:1(tag)\nsign docker docker-content-trust app:1(tag)"},
		{"DOCKER_CONTENT_TRUST=1 podman push app:1", "push podman app:1(tag)"},
		{"DOCKER_CONTENT_TRUST=1 docker build -t app:1 .", "build docker app:1(tag)"},
		{"docker trust sign app:1", "push docker app:1(tag)\nsign docker docker-content-trust app:1(tag)"},
		{"docker trust inspect app:1", ""},
		{"podman push --sign-by me@x app:1", "push podman app:1(tag)\nsign podman simple-signing app:1(tag) key=me@x"},
		{"skopeo copy --sign-by-sigstore-private-key k docker://a/x:1 docker://b.io/x:1", "copy skopeo b.io/x:1(tag) from a/x:1(tag) pushes\nsign skopeo cosign-key b.io/x:1(tag) key=k"},
		{"syft attest --output cyclonedx-json app:1", "sbom syft app:1(tag)\nattest syft cosign-keyless app:1(tag) signed predicate=https://cyclonedx.org/bom\nprints ${sbom-of:app:1}"},
		{"gcloud beta container binauthz attestations sign-and-create --artifact-url=gcr.io/p/a@sha256:aa --attestor=b --keyversion-key=k", "attest gcloud binauthz gcr.io/p/a@sha256:aa(digest) key=k signed predicate=binary-authorization"},
		{"gh attestation verify oci://ghcr.io/o/app:1 --owner o", "verify gh github-attestation ghcr.io/o/app:1(tag)"},
		{"gh release create v1", ""},
		{"witness run -s build -- docker build -t app:1 .", "build docker app:1(tag)\nattest witness witness signed guessed"},
		{"flux push artifact oci://ghcr.io/o/x:1", ""},
	})
}

func TestScans(t *testing.T) {
	check(t, []row{
		{"trivy image app:1", "scan trivy app:1(tag) gates=no"},
		{"trivy image --severity HIGH,CRITICAL --ignore-unfixed app:1", "scan trivy app:1(tag) gates=no"},
		{"trivy --quiet image --exit-code 1 app:1", "scan trivy app:1(tag) gates=yes"},
		{"trivy image --exit-code=0 app:1", "scan trivy app:1(tag) gates=no"},
		{"trivy image --exit-code 1 --help app:1", ""},
		{"trivy image --exit-code 1 --severity UNKNOWN app:1", "scan trivy app:1(tag) gates=no"},
		{"trivy image --exit-code 1 -s HIGH app:1", "scan trivy app:1(tag) gates=no"},
		{"trivy image --exit-code 1 --severity= app:1", "scan trivy app:1(tag) gates=no"},
		{"TRIVY_SEVERITY=LOW trivy image --exit-code 1 app:1", "scan trivy app:1(tag) gates=no"},
		{"trivy image --exit-code 1 --severity high,critical app:1", "scan trivy app:1(tag) gates=yes"},
		{"trivy image --exit-code 1 --severity ${S} app:1", "scan trivy app:1(tag) gates=yes"},
		{"trivy image --exit-code ${CODE} app:1", "scan trivy app:1(tag) gates=unknown"},
		{"TRIVY_EXIT_CODE=1 trivy image app:1", "scan trivy app:1(tag) gates=yes"},
		{"TRIVY_EXIT_CODE=1 trivy image --exit-code 0 app:1", "scan trivy app:1(tag) gates=no"},
		{"trivy image ${TRIVY_ARGS} app:1", "scan trivy app:1(tag) gates=unknown"},
		{"trivy image ${X} app:1", "scan trivy app:1(tag) gates=unknown"},
		{"${TRIVY} image --exit-code 1 app:1", "scan trivy app:1(tag) gates=unknown guessed"},
		{"trivy --exit-code 1 app:1", "scan trivy app:1(tag) gates=yes"},
		{"trivy image --input app.tar --exit-code 1", "scan trivy app.tar(file) gates=yes"},
		{"trivy image --scanners secret --exit-code 1 app:1", ""},
		{"trivy image --format cyclonedx -o s.json app:1", "sbom trivy app:1(tag) files=s.json\nwrites s.json: ${sbom-of:app:1}"},
		{"trivy image --format sarif -o s.sarif app:1", "scan trivy app:1(tag) gates=no"},
		{"trivy image --download-db-only", ""},
		{"trivy fs --exit-code 1 .", ""},
		{"trivy config .", ""},
		{"trivy repo https://x", ""},
		{"trivy sbom --exit-code 1 s.json", "scan trivy s.json(file) gates=yes"},
		{"trivy image --config missing.yaml app:1", "scan trivy app:1(tag) gates=unknown"},
		{"grype app:1", "scan grype app:1(tag) gates=no"},
		{"grype app:1 --fail-on high", "scan grype app:1(tag) gates=yes"},
		{"grype -f critical docker:app:1", "scan grype app:1(tag) gates=yes"},
		{"GRYPE_FAIL_ON_SEVERITY=high grype app@sha256:aa", "scan grype app@sha256:aa(digest) gates=yes"},
		{"grype sbom:./s.json --fail-on high", "scan grype ./s.json(file) gates=yes"},
		{"grype dir:. --fail-on high", ""},
		{"grype db update", ""},
		{"snyk container test app:1 --severity-threshold=high", "scan snyk app:1(tag) gates=yes"},
		{"snyk container monitor app:1", "scan snyk app:1(tag) gates=no"},
		{"snyk test", ""},
		{"snyk test --docker app:1", "scan snyk app:1(tag) gates=yes"},
		{"docker scout cves --exit-code --only-severity critical,high app:1", "scan docker-scout app:1(tag) gates=yes"},
		{"docker scout cves app:1", "scan docker-scout app:1(tag) gates=no"},
		{"docker scout cves -e registry://app:1", "scan docker-scout app:1(tag) gates=yes"},
		{"docker scout cves fs://.", ""},
		{"docker scout quickview app:1", "scan docker-scout app:1(tag) gates=no"},
		{"docker scan app:1", "scan snyk app:1(tag) gates=yes"},
		{"clair-scanner -w wl.yaml --ip 1.2.3.4 app:1", "scan clair app:1(tag) gates=yes"},
		{"twistcli images scan --address https://x --user u --password ${P} app:1", "scan prisma-twistcli app:1(tag) gates=unknown\nsecret argument P"},
		{"wizcli docker scan --image app:1 --policy p", "scan wiz app:1(tag) gates=unknown"},
		{"sysdig-cli-scanner --apiurl https://x docker://app:1", "scan sysdig app:1(tag) gates=yes"},
		{"sysdig-cli-scanner --apiurl https://x --skippolicy app:1", "scan sysdig app:1(tag) gates=no"},
		{"anchorectl image check app:1 --fail-based-on-results", "scan anchore app:1(tag) gates=yes"},
		{"anchorectl image check app:1", "scan anchore app:1(tag) gates=no"},
		{"jf docker scan app:1", "scan xray app:1(tag) gates=unknown"},
		{"jf docker scan app:1 --fail=false", "scan xray app:1(tag) gates=no"},
		{"osv-scanner scan image app:1", "scan osv-scanner app:1(tag) gates=yes"},
		{"osv-scanner -r .", ""},
		{"kubescape scan image app:1", "scan kubescape app:1(tag) gates=no"},
		{"kubescape scan image --severity-threshold high app:1", "scan kubescape app:1(tag) gates=yes"},
		{"docker scout compare --to a:1 --exit-on vulnerability a:2", "scan docker-scout a:2(tag) gates=yes"},
		{"docker scout cves --exit-code=${X} app:1", "scan docker-scout app:1(tag) gates=unknown"},
		{"klar app:1", "scan clair app:1(tag) gates=yes"},
		{"clairctl report app:1", "scan clair app:1(tag) gates=no"},
		{"clair-action report --image-ref app:1 --return-code 1", "scan clair app:1(tag) gates=yes"},
		{"scannercli scan -H https://x --local app:1", "scan aqua app:1(tag) gates=unknown"},
		{"orca-cli image scan app:1", "scan orca app:1(tag) gates=unknown"},
		{"lw-scanner image evaluate app 1", "scan lacework app:1(tag) gates=unknown"},
		{"anchore-cli evaluate check app:1", "scan anchore app:1(tag) gates=yes"},
		{"checkov --docker-image app:1 --soft-fail", "scan checkov app:1(tag) gates=no"},
		{"gcloud artifacts docker images scan app:1", "scan gcloud app:1(tag) gates=no"},
		{"cdxgen -t docker app:1 -o s.json", "sbom cdxgen app:1(tag) files=s.json\nwrites s.json: ${sbom-of:app:1}"},
		{"snyk auth ${T}", "secret argument T"},
		{"checkov --docker-image app:1 --dockerfile-path Dockerfile", "scan checkov app:1(tag) gates=yes"},
		{"checkov -d .", ""},
		{"CS_IMAGE=app:1 gtcs scan", "scan gitlab-container-scanning app:1(tag) gates=no"},
		{"dockle --exit-code 1 app:1", ""},
		{"govulncheck ./...", ""},
		{"aws ecr start-image-scan --repository-name app --image-id imageTag=1", "scan ecr app:1(tag) gates=no"},
		{"syft app:1 -o spdx-json=s.json", "sbom syft app:1(tag) files=s.json\nwrites s.json: ${sbom-of:app:1}"},
		{"syft dir:. -o json", ""},
		{"docker sbom app:1", "sbom docker app:1(tag)\nprints ${sbom-of:app:1}"},
		{"bom generate -i app:1 -o s.spdx", "sbom bom app:1(tag) files=s.spdx\nwrites s.spdx: ${sbom-of:app:1}"},
	})
}

func TestWrappers(t *testing.T) {
	check(t, []row{
		{"sudo -E docker push app:1", "push docker app:1(tag)"},
		{"sudo -u root env A=1 timeout -k 5 10m docker push app:1", "push docker app:1(tag)"},
		{"env DOCKER_CONTENT_TRUST=1 docker push app:1", "push docker app:1(tag)\nsign docker docker-content-trust app:1(tag)"},
		{"sudo DOCKER_CONTENT_TRUST=1 docker push app:1", "push docker app:1(tag)\nsign docker docker-content-trust app:1(tag)"},
		{"time nice -n 5 trivy image --exit-code 1 app:1", "scan trivy app:1(tag) gates=yes"},
		{"nohup ./build.sh a", "runs ./build.sh|a"},
		{"bash -c 'docker push app:1'", "runs bash|-c|docker push app:1"},
		{"bash -eu scripts/build.sh x", "runs bash|-eu|scripts/build.sh|x"},
		{"docker run --rm -v /var/run/docker.sock:/var/run/docker.sock aquasec/trivy:0.50 image --exit-code 1 app:1", "scan trivy app:1(tag) gates=yes\nref image aquasec/trivy:0.50 pinned=false"},
		{"docker run -e TRIVY_EXIT_CODE=1 aquasec/trivy image app:1", "scan trivy app:1(tag) gates=yes\nref image aquasec/trivy pinned=false"},
		{"TRIVY_EXIT_CODE=1 docker run aquasec/trivy image app:1", "scan trivy app:1(tag) gates=no\nref image aquasec/trivy pinned=false"},
		{"TRIVY_EXIT_CODE=1 docker run -e TRIVY_EXIT_CODE aquasec/trivy image app:1", "scan trivy app:1(tag) gates=yes\nref image aquasec/trivy pinned=false"},
		{"docker run --rm -it gcr.io/projectsigstore/cosign@sha256:ab sign --yes app:1", "sign cosign cosign-keyless app:1(tag)\nref image gcr.io/projectsigstore/cosign@sha256:ab pinned=true"},
		{"docker run gcr.io/kaniko-project/executor:v1 --destination=a/b:1", "build kaniko a/b:1(tag) pushes\nref image gcr.io/kaniko-project/executor:v1 pinned=false"},
		{"docker run --rm x:1 trivy --help", "ref image x:1 pinned=false"},
		{"docker push --help app:1", ""},
		{"docker run -d x:1 cosign sign app:1", "sign cosign cosign-keyless app:1(tag) optional\nref image x:1 pinned=false"},
		{"docker run -d x:1 sh -c 'cosign sign app:1'", "ref image x:1 pinned=false"},
		{"docker run --entrypoint cosign x:1 sign --yes app:1", "sign cosign cosign-keyless app:1(tag)\nref image x:1 pinned=false"},
		{"docker run --rm alpine sh -c 'ls -l'", "ref image alpine pinned=false\nruns sh|-c|ls -l"},
		{"docker run cgr.dev/chainguard/grype app:1 --fail-on high", "scan grype app:1(tag) gates=yes\nref image cgr.dev/chainguard/grype pinned=false"},
		{"docker run quay.io/buildah/stable buildah push a:1", "push buildah a:1(tag)\nref image quay.io/buildah/stable pinned=false"},
		{"docker run docker/scout-cli cves -e app:1", "scan docker-scout app:1(tag) gates=yes\nref image docker/scout-cli pinned=false"},
		{"docker run --rm app:1 --version", "ref image app:1 pinned=false"},
		{"docker run -d --name db -e POSTGRES_PASSWORD=postgres postgres:16", "ref image postgres:16 pinned=false\nsecret password e POSTGRES_PASSWORD"},
		{"docker exec c trivy image app:1", "scan trivy app:1(tag) gates=no"},
		{"docker login -u u -p hunter2 ghcr.io", "login docker ghcr.io(name)\nsecret password password"},
		{"docker login -u u -p ${secrets.TOKEN} ghcr.io", "login docker ghcr.io(name)\nsecret argument secrets.TOKEN"},
		{"docker login -u u --password-stdin ghcr.io", "login docker ghcr.io(name)"},
		{"crane auth login -u u -p ${P} ghcr.io", "login crane ghcr.io(name)\nsecret argument P"},
		{"helm registry login -u u --password x ghcr.io", "login helm ghcr.io(name)\nsecret password password"},
		{"go install github.com/sigstore/cosign/v2/cmd/cosign@latest", "ref tool github.com/sigstore/cosign/v2/cmd/cosign@latest pinned=false"},
		{"go install example.com/x@v1.2.3", "ref tool example.com/x@v1.2.3 pinned=true"},
		{"go install example.com/x@v1", "ref tool example.com/x@v1 pinned=false"},
		{"go build ./...", ""},
		{"go run ./hack/release", "unknown"},
		{"go run example.com/x@main a", "unknown\nref tool example.com/x@main pinned=false"},
		{"just release-images", "unseen make just release-images [build push sign]"},
		{"just lint", ""},
		{"curl -u admin:hunter2 https://x", "secret password u"},
		{"curl -u admin:${P} https://x", ""},
		{"xargs -I {} cosign sign --yes {}", "sign cosign cosign-keyless ${*}(unknown)"},
	})
}

func TestStdin(t *testing.T) {
	c := command("xargs -n1 cosign sign --yes")
	c.Stdin = "a.io/x@${digest-of:a.io/x:1}\na.io/y:2"
	require.Equal(t, "sign cosign cosign-keyless a.io/x@${digest-of:a.io/x:1}(digest),a.io/y:2(tag)", show(tool.Read(c, files(nil))))

	c = command("grype --fail-on high")
	c.Stdin = "${sbom-of:app:1}"
	require.Equal(t, "scan grype app:1(tag) gates=yes", show(tool.Read(c, files(nil))))

	c = command(`jq -r '.["containerimage.digest"]'`)
	c.Stdin = `{"containerimage.digest": "${digest-of:app:1}", "image.name": "app:1"}`
	require.Equal(t, "prints ${digest-of:app:1}", show(tool.Read(c, files(nil))))

	c = command("docker login -u u --password-stdin")
	c.Stdin = "hunter2"
	require.Equal(t, "login docker\nsecret password stdin", show(tool.Read(c, files(nil))))
}

func TestNewRef(t *testing.T) {
	for text, want := range map[string]model.Ref{
		"app":                            {Name: "app", By: model.ByName},
		"app:1":                          {Name: "app", By: model.ByTag},
		"localhost:5000/app":             {Name: "localhost:5000/app", By: model.ByName},
		"localhost:5000/app:1":           {Name: "localhost:5000/app", By: model.ByTag},
		"ghcr.io/a/b:${V}":               {Name: "ghcr.io/a/b", By: model.ByTag},
		"ghcr.io/a/b@sha256:ab":          {Name: "ghcr.io/a/b", By: model.ByDigest},
		"ghcr.io/a/b@${D}":               {Name: "ghcr.io/a/b", By: model.ByDigest},
		"ghcr.io/a/b:${T}@${D}":          {Name: "ghcr.io/a/b", By: model.ByTagAndDigest},
		"${tags}@${digest}":              {Name: "${tags}", By: model.ByDigest},
		"${X}":                           {Name: "${X}", By: model.ByUnknown},
		"ghcr.io/a/${X}":                 {Name: "ghcr.io/a/${X}", By: model.ByUnknown},
		"ghcr.io/a/${X}:1":               {Name: "ghcr.io/a/${X}", By: model.ByTag},
		"ghcr.io/${github.repository}":   {Name: "ghcr.io/${github.repository}", By: model.ByName},
		"${CI_REGISTRY_IMAGE}":           {Name: "${CI_REGISTRY_IMAGE}", By: model.ByName},
		"${R}/app@${digest-of:${R}/a:1}": {Name: "${R}/app", By: model.ByDigest},
		"${digest-of:ghcr.io/a/b:${V}}":  {Name: "ghcr.io/a/b", By: model.ByDigest},
		"docker://a.io/x:1":              {Text: "a.io/x:1", Name: "a.io/x", By: model.ByTag},
		"sha256:ab":                      {By: model.ByDigest},
		"app.tar":                        {By: model.ByFile},
		"oci:dir:tag":                    {By: model.ByFile},
		"./out":                          {By: model.ByFile},
		"${*}":                           {Name: "${*}", By: model.ByUnknown},
	} {
		if want.Text == "" {
			want.Text = text
		}
		require.Equal(t, want, tool.NewRef(text), text)
	}
}

// No part of a secret may be in what is told about it.
func TestSecretsAreNotRepeated(t *testing.T) {
	for _, line := range []string{
		"docker login -p hunter2 x.io", "docker login -p hunter2${X} x.io", "docker login -p '${(echo hunter2)}' x.io",
		"skopeo copy --dest-creds u:hunter2 docker-archive:a.tar docker://b.io/x:1", "snyk auth hunter2", "docker run -e X_TOKEN=hunter2 alpine",
	} {
		e := tool.Read(command(line), files(nil))
		require.NotEmpty(t, e.Secrets, line)
		for _, s := range e.Secrets {
			require.NotContains(t, s.Name+s.Text+s.To, "hunter2", line)
		}
	}
}

// cosign takes an identity token, or the name of the file that holds it.
func TestTokenFiles(t *testing.T) {
	for line, kinds := range map[string][]string{
		"cosign sign --identity-token /var/run/sigstore/token x.io/a:1":        nil,
		"cosign sign --identity-token ./token x.io/a:1":                        nil,
		"cosign sign --identity-token eyJhbGciOi.eyJpc3MiOi.c2lnbmF0 x.io/a:1": {"password"},
		"cosign sign --identity-token ${TOKEN} x.io/a:1":                       {"argument"},
	} {
		var got []string
		for _, s := range tool.Read(command(line), files(nil)).Secrets {
			got = append(got, s.Kind)
		}
		require.Equal(t, kinds, got, line)
	}
}
