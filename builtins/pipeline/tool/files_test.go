package tool_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/source"
	"github.com/waxseal/waxseal/builtins/pipeline/tool"
)

// a fileRow is a command with the files that it reads.
type fileRow struct {
	name, line string
	files      map[string]string
	want       string
}

func checkFiles(t *testing.T, rows []fileRow) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			require.Equal(t, trim(r.want), show(tool.Read(command(r.line), files(r.files))))
		})
	}
}

const legacy = `version: 2
project_name: app
env:
  - REPO=ghcr.io/o/{{ .ProjectName }}
dockers:
  - id: amd
    image_templates: ["{{ .Env.REPO }}:{{ .Version }}-amd64"]
    build_flag_templates: ["--provenance=mode=max"]
  - id: arm
    image_templates: ["{{ .Env.REPO }}:{{ .Version }}-arm64"]
    skip_push: true
docker_manifests:
  - name_template: "{{ .Env.REPO }}:{{ if .Prerelease }}next{{ else }}latest{{ end }}"
    image_templates: ["{{ .Env.REPO }}:{{ .Version }}-amd64"]
    skip_push: auto
`

const legacyBuilds = `
	build goreleaser ghcr.io/o/app:${goreleaser.Version}-amd64(tag) pushes at .goreleaser.yaml:6
	attest goreleaser buildx ghcr.io/o/app:${goreleaser.Version}-amd64(tag) predicate=https://slsa.dev/provenance at .goreleaser.yaml:6
	build goreleaser ghcr.io/o/app:${goreleaser.Version}-arm64(tag) at .goreleaser.yaml:9
	copy goreleaser ghcr.io/o/app:${goreleaser.(if .Prerelease)next(else)latest(end)}(tag) from ghcr.io/o/app:${goreleaser.Version}-amd64(tag) pushes if !(goreleaser: skip_push: auto) at .goreleaser.yaml:13`

func legacyWith(text string) map[string]string {
	return map[string]string{".goreleaser.yaml": legacy + text}
}

func TestGoreleaser(t *testing.T) {
	const release = "goreleaser release --clean"
	checkFiles(t, []fileRow{
		{"no signatures", release, legacyWith(""), legacyBuilds},
		{"legacy images are not signed without artifacts", release, legacyWith("docker_signs:\n  - args: [sign, --yes, '${artifact}@${digest}']\n"), legacyBuilds},
		{"signs is of files", release, legacyWith("signs:\n  - cmd: cosign\n    args: [sign-blob, '${artifact}']\n    artifacts: all\n"), legacyBuilds},
		{"images alone", release, legacyWith("docker_signs:\n  - artifacts: images\n    args: [sign, --yes, '${artifact}']\n"), legacyBuilds + `
			sign cosign cosign-keyless ghcr.io/o/app:${goreleaser.Version}-amd64(tag) at .goreleaser.yaml:17`},
		{"all, by digest", release, legacyWith("docker_signs:\n  - artifacts: all\n    args: [sign, --yes, '${artifact}@${digest}']\n"), legacyBuilds + `
			sign cosign cosign-keyless ghcr.io/o/app:${goreleaser.Version}-amd64@${digest-of:ghcr.io/o/app:${goreleaser.Version}-amd64}(tag-and-digest) at .goreleaser.yaml:17
			sign cosign cosign-keyless ghcr.io/o/app:${goreleaser.(if .Prerelease)next(else)latest(end)}@${digest-of:ghcr.io/o/app:${goreleaser.(if .Prerelease)next(else)latest(end)}}(tag-and-digest) at .goreleaser.yaml:17`},
		{"by id", release, legacyWith("docker_signs:\n  - artifacts: all\n    ids: [arm, other]\n"), legacyBuilds},
		{"none", release, legacyWith("docker_signs:\n  - artifacts: none\n"), legacyBuilds},
		{"a signer that is not known", release, legacyWith("docker_signs:\n  - artifacts: images\n    cmd: ./sign.sh\n"), legacyBuilds + "\nunseen script ./sign.sh [sign]"},
		{"skip sign", release + " --skip=sign,announce", legacyWith("docker_signs:\n  - artifacts: all\n"), legacyBuilds},
		{"arguments in a variable", release + " ${flags}", map[string]string{".goreleaser.yml": "dockers_v2:\n  - images: [a.io/x]\n    tags: [v1]\n    sbom: false\ndocker_signs:\n  - stdin: x\n"}, `
			build goreleaser a.io/x:v1(tag) pushes at .goreleaser.yml:2
			sign cosign cosign-key a.io/x:v1@${digest-of:a.io/x:v1}(tag-and-digest) key=cosign.key guessed at .goreleaser.yml:6`},
		{"a signer in a shell", release, legacyWith("docker_signs:\n  - artifacts: images\n    cmd: sh\n    args: [-c, 'cosign sign ${artifact}']\n"), legacyBuilds + "\nruns sh|-c|cosign sign ghcr.io/o/app:${goreleaser.Version}-amd64"},
		{"skip docker", release + " --skip=docker", legacyWith("docker_signs:\n  - artifacts: all\n"), ""},
		{"snapshot", release + " --snapshot", legacyWith("docker_signs:\n  - artifacts: all\n"), `
			build goreleaser ghcr.io/o/app:${goreleaser.Version}-amd64(tag) at .goreleaser.yaml:6
			attest goreleaser buildx ghcr.io/o/app:${goreleaser.Version}-amd64(tag) predicate=https://slsa.dev/provenance at .goreleaser.yaml:6
			build goreleaser ghcr.io/o/app:${goreleaser.Version}-arm64(tag) at .goreleaser.yaml:9`},
		{"build makes no images", "goreleaser build", legacyWith(""), ""},
		{"no file", release, nil, "unseen dynamic .goreleaser.yaml [build push sign sbom]"},
		{"another file", release + " -f rel.yml", map[string]string{"rel.yml": "dockers_v2:\n  - images: [a.io/x, b.io/x]\n    tags: ['{{ .Tag }}', latest]\n    sbom: false\n"}, `
			build goreleaser a.io/x:${goreleaser.Tag}(tag),a.io/x:latest(tag),b.io/x:${goreleaser.Tag}(tag),b.io/x:latest(tag) pushes at rel.yml:2`},
		{"second form, signed by default", release, map[string]string{".goreleaser.yml": "dockers_v2:\n  - images: [a.io/x]\n    tags: [v1]\ndocker_signs:\n  - stdin: x\n"}, `
			build goreleaser a.io/x:v1(tag) pushes at .goreleaser.yml:2
			attest goreleaser buildx a.io/x:v1(tag) predicate=https://spdx.dev/Document at .goreleaser.yml:2
			sbom goreleaser buildx a.io/x:v1(tag) at .goreleaser.yml:2
			sign cosign cosign-key a.io/x:v1@${digest-of:a.io/x:v1}(tag-and-digest) key=cosign.key at .goreleaser.yml:5`},
		{"ko", "KO_DOCKER_REPO=ghcr.io/o/app " + release, map[string]string{".goreleaser.yml": "kos:\n  - bare: true\n    tags: ['{{ .Tag }}']\n    base_image: alpine:3\n    sbom: none\ndocker_signs:\n  - artifacts: manifests\n    args: [sign, --yes, '${artifact}']\n"}, `
			build ko goreleaser ghcr.io/o/app:${goreleaser.Tag}(tag) pushes at .goreleaser.yml:2
			sign cosign cosign-keyless ghcr.io/o/app:${goreleaser.Tag}(tag) at .goreleaser.yml:7
			ref base_image alpine:3 pinned=false at .goreleaser.yml:2`},
	})
}

const bakeFile = `
variable "TAG" { default = "dev" }
variable "REPO" {
  default = "ghcr.io/o"
}
group "default" { targets = ["app", "tools"] }
target "_base" {
  dockerfile = "Dockerfile" # a comment
  attest = ["type=provenance,mode=max"]
}
target "app" {
  inherits = ["_base"]
  tags = ["${REPO}/app:${TAG}", notequal("", TAG) ? "${REPO}/app:x" : "", ]
  output = ["type=registry"]
  args = {
    A = "x${upper("y")}"
    B = [for s in ["a", "b"] : upper(s)]
  }
}
target "tools" {
  tags = tags("tools")
}
target "files" {
  output = ["./bin"]
}
target "matrix" {
  matrix = { v = ["1", "2"] }
  name = "app-${v}"
  tags = ["${REPO}/m:${v}"]
}
`

func TestBake(t *testing.T) {
	hcl := map[string]string{"docker-bake.hcl": bakeFile}
	checkFiles(t, []fileRow{
		{"default", "TAG=${V} docker buildx bake", hcl, `
			build buildx ghcr.io/o/app:${V}(tag),${bake.(notequal (  , TAG ) ? (REPO)/app:x : )}(unknown) pushes at docker-bake.hcl:11
			attest buildx buildx ghcr.io/o/app:${V}(tag),${bake.(notequal (  , TAG ) ? (REPO)/app:x : )}(unknown) predicate=https://slsa.dev/provenance at docker-bake.hcl:11
			build buildx ${bake.(tags ( tools ))}(unknown) at docker-bake.hcl:20`},
		{"one, pushed, with other tags", "docker buildx bake tools --push --set tools.tags=a/t:1 --set *.tags+=a/t:2", hcl, "build buildx a/t:1(tag),a/t:2(tag) pushes at docker-bake.hcl:20"},
		{"files are no image", "docker buildx bake files", hcl, ""},
		{"of a matrix", "docker buildx bake app-2", hcl, "build buildx ghcr.io/o/m:${v}(tag) at docker-bake.hcl:26"},
		{"no such target", "docker buildx bake other", hcl, "unseen dynamic target other [build push]"},
		{"print", "docker buildx bake --print", hcl, ""},
		{"no file", "docker buildx bake", nil, "unseen dynamic docker-bake.hcl [build push attest]"},
		{"broken", "docker buildx bake", map[string]string{"docker-bake.hcl": "target \"app\" {"}, "unseen dynamic docker-bake.hcl [build push attest]"},
		{"remote", "docker buildx bake https://github.com/o/r.git", hcl, "unseen dynamic https://github.com/o/r.git [build push]"},
		{"metadata", "docker buildx bake -f docker-bake.hcl -f ${jobs.b.steps.m.outputs.bake-file} image", map[string]string{
			"docker-bake.hcl": "target \"docker-metadata-action\" { tags = [\"app:local\"] }\ntarget \"image\" {\n inherits = [\"docker-metadata-action\"]\n}"}, `
			build buildx ${jobs.b.steps.m.outputs.tags}(unknown) at docker-bake.hcl:2`},
		{"json", "docker buildx bake -f b.json", map[string]string{"b.json": `{"variable": {"T": {"default": "1"}}, "target": {"default": {"tags": ["a:${T}"], "output": ["type=image,push=true"]}}}`},
			"build buildx a:1(tag) pushes at b.json:1"},
		{"compose", "docker buildx bake --push", map[string]string{"compose.yaml": composeText}, `
			build buildx ghcr.io/o/web:${TAG}(tag) pushes at compose.yaml:3
			build buildx shop-api(name) pushes at compose.yaml:6`},
	})
}

const composeText = `name: shop
services:
  web:
    build: .
    image: ghcr.io/o/web:${TAG:?say which}
  api:
    build: {context: api}
  db:
    image: postgres:16
`

func TestCompose(t *testing.T) {
	f := map[string]string{"docker-compose.yml": composeText}
	checkFiles(t, []fileRow{
		{"build", "TAG=1 docker compose build", f, "build docker ghcr.io/o/web:1(tag) at docker-compose.yml:3\nbuild docker shop-api(name) at docker-compose.yml:6"},
		{"one, pushed", "TAG=1 docker-compose build --push web", f, "build docker ghcr.io/o/web:1(tag) pushes at docker-compose.yml:3"},
		{"push", "docker compose -f docker-compose.yml push", f, "push docker ghcr.io/o/web:${TAG}(tag) at docker-compose.yml:3"},
		{"up", "docker compose up -d", f, ""},
		{"up with build", "docker compose up -d --build api", f, "build docker shop-api(name) at docker-compose.yml:6"},
		{"missing", "docker compose -f x.yml build", f, "unseen dynamic x.yml [build]"},
	})
}

func TestKoFiles(t *testing.T) {
	f := map[string]string{
		"go.mod":               "module example.com/app\n\ngo 1.26\n",
		".ko.yaml":             "defaultBaseImage: alpine@sha256:aa\nbaseImageOverrides:\n  example.com/app/cmd/b: debian:12\n",
		"config/a.yaml":        "image: ko://example.com/app/cmd/a\n",
		"config/more/b.yaml":   "x: [ko://example.com/app/cmd/b]\n",
		"config/more/notes.md": "ko://example.com/app/cmd/c",
	}
	bases := "\nref base_image alpine@sha256:aa pinned=true at .ko.yaml:1\nref base_image debian:12 pinned=false at .ko.yaml:3"
	checkFiles(t, []fileRow{
		{"folder of the module", "KO_DOCKER_REPO=r.io/o ko build -P --sbom=none ./cmd/A", f, "build ko r.io/o/example.com/app/cmd/a:latest(tag) pushes" + bases + "\nprints r.io/o/example.com/app/cmd/a@${digest-of:r.io/o/example.com/app/cmd/a:latest}"},
		{"resolve", "KO_DOCKER_REPO=r.io/o ko resolve -B --sbom=none -t v1 -Rf config/", f, "build ko r.io/o/a:v1(tag) pushes\nbuild ko r.io/o/b:v1(tag) pushes" + bases},
		{"root in a variable", "KO_DOCKER_REPO=r.io/o ko resolve -B --sbom=none -f ${ROOT}/config/", f, "build ko r.io/o/a:latest(tag) pushes\nbuild ko r.io/o/b:latest(tag) pushes" + bases},
		{"nothing found", "ko resolve --sbom=none -f other/", f, "build ko pushes" + bases},
	})
}

func TestJavaFiles(t *testing.T) {
	const pom = `<project><properties><reg>ghcr.io/o</reg></properties><build><plugins><plugin>
<groupId>com.google.cloud.tools</groupId><artifactId>jib-maven-plugin</artifactId><configuration>
<from><image>eclipse-temurin:21</image></from><to><image>${reg}/app:${project.version}</image></to></configuration>%s</plugin></plugins></build></project>`
	plain := map[string]string{"pom.xml": strings.Replace(pom, "%s", "", 1)}
	phased := map[string]string{"pom.xml": strings.Replace(pom, "%s", "<executions><execution><phase>package</phase><goals><goal>build</goal></goals></execution></executions>", 1)}
	checkFiles(t, []fileRow{
		{"named in pom.xml", "mvn jib:build", plain, "build jib ghcr.io/o/app:${maven.project.version}(tag) pushes"},
		{"named by argument", "mvn jib:build -Djib.to.image=a/b:1", plain, "build jib a/b:1(tag) pushes"},
		{"not asked for", "mvn deploy", plain, ""},
		{"bound to a phase", "mvn -B clean deploy", phased, "build jib ghcr.io/o/app:${maven.project.version}(tag) pushes"},
		{"before that phase", "mvn test", phased, ""},
		{"named in build.gradle", "./gradlew jib", map[string]string{"build.gradle": "jib {\n  to {\n    image = \"ghcr.io/o/app:$version\"\n  }\n}"}, "build jib ghcr.io/o/app:${gradle.version}(tag) pushes"},
	})
}

func TestConfiguredScanners(t *testing.T) {
	checkFiles(t, []fileRow{
		{"trivy.yaml", "trivy image app:1", map[string]string{"trivy.yaml": "exit-code: 1\n"}, "scan trivy app:1(tag) gates=yes"},
		{"trivy.yaml with 0", "trivy image app:1", map[string]string{"trivy.yaml": "exit-code: 0\n"}, "scan trivy app:1(tag) gates=no"},
		{"trivy.yaml without", "trivy image app:1", map[string]string{"trivy.yaml": "severity: [HIGH]\n"}, "scan trivy app:1(tag) gates=no"},
		{"trivy.yaml by name", "trivy image -c t.yaml app:1", map[string]string{"t.yaml": "exit-code: 2\n"}, "scan trivy app:1(tag) gates=yes"},
		{"the flag goes before", "trivy image --exit-code 0 app:1", map[string]string{"trivy.yaml": "exit-code: 1\n"}, "scan trivy app:1(tag) gates=no"},
		{"broken trivy.yaml", "trivy image app:1", map[string]string{"trivy.yaml": "a: [\n"}, "scan trivy app:1(tag) gates=unknown"},
		{".grype.yaml", "grype app:1", map[string]string{".grype.yaml": "fail-on-severity: high\n"}, "scan grype app:1(tag) gates=yes"},
		{".grype.yaml without", "grype app:1", map[string]string{".grype.yaml": "only-fixed: true\n"}, "scan grype app:1(tag) gates=no"},
		{"package.json", "npm run image", map[string]string{"package.json": `{"scripts": {"image": "docker build -t app:1 ."}}`}, "runs sh|-c|docker build -t app:1 ."},
		{"no package.json", "npm run image:push", nil, "unseen script npm image:push [build push]"},
		{"a script of that name", "./bin/docker build .", map[string]string{"bin/docker": "#!/bin/sh"}, "unknown"},
	})
}

// Places in files that a command reads have the command in their way.
func TestThrough(t *testing.T) {
	e := tool.Read(command("goreleaser release"), files(map[string]string{"goreleaser.yml": "dockers_v2:\n- images: [a]\n"}))
	require.Equal(t, []model.Place{{File: "ci.sh", Line: 7}}, e.Actions[0].Through)
	require.Equal(t, model.Place{File: "goreleaser.yml", Line: 2}, e.Actions[0].Place)
	require.Equal(t, []string{"digest-of:a:${goreleaser.Tag}"}, e.Actions[0].Digests)
}

// The real files of two projects, where they are at hand: one signs its images
// by the second form, of which current goreleaser signs without being told
// which; the other signs checksums, which is no signature of an image.
func TestRealGoreleaser(t *testing.T) {
	for repo, want := range map[string]struct{ builds, signed int }{"kubescape+kubescape": {2, 2}, "anchore+grype": {12, 0}} {
		t.Run(repo, func(t *testing.T) {
			dir := filepath.Join("../../../../shared/data/pipelines", repo)
			if _, err := os.Stat(filepath.Join(dir, ".goreleaser.yaml")); err != nil {
				t.Skip("the sample is not at hand")
			}
			e := tool.Read(command("goreleaser release --clean"), source.New(context.Background(), os.DirFS(dir), source.Limits{}))
			builds, signed := 0, 0
			for _, a := range e.Actions {
				switch a.Kind {
				case model.Build:
					builds++
				case model.Sign:
					signed++
					require.Contains(t, a.Images[0].By, "digest")
				}
			}
			require.Equal(t, want, struct{ builds, signed int }{builds, signed})
		})
	}
}

// Whatever the arguments are, reading them ends, and promises nothing of its own.
func FuzzRead(f *testing.F) {
	for _, line := range []string{
		"docker buildx build -t a:1 --push --sbom .", "sudo env A=1 cosign sign --key k ${X}", "docker buildx bake", "goreleaser release",
		"trivy image --exit-code 1 a", "ko resolve -f .", "docker compose build", "xargs -I {} env {} docker push a", "skopeo copy a: docker://",
	} {
		f.Add(line, bakeFile)
	}
	f.Fuzz(func(t *testing.T, line, text string) {
		args := strings.Fields(line)
		if len(args) == 0 {
			return
		}
		fs := files(map[string]string{"docker-bake.hcl": text, ".goreleaser.yaml": text, "compose.yaml": text, "trivy.yaml": text, "package.json": text, ".ko.yaml": text})
		e := tool.Read(tool.Command{Args: args, Stdin: text, Env: map[string]string{"A": text}}, fs)
		for _, a := range e.Actions {
			if a.Kind == model.Scan && a.Gates == "" {
				t.Fatalf("%q: a scan without a word on whether it gates", line)
			}
			for _, ref := range a.Images {
				if ref.By == "" {
					t.Fatalf("%q: %q is named in no way", line, ref.Text)
				}
			}
		}
	})
}
