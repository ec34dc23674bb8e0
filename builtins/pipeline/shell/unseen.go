package shell

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// hintWords are parts of names that hint at work on images.
var hintWords = regexp.MustCompile(`(?i)(^|[^a-z])(build(s|er|ah|x|ing|kit)?|docker|images?|containers?|push(es)?|publish(es)?|releases?|sign(s|ing|ature|atures)?|scan(s|ner|ning)?|cosign|notation|trivy|grype|snyk|sbom|syft|attest(ation|ations)?|deploy(s|ment)?|ko|kaniko|podman|skopeo|crane)([^a-z]|$)`)

// hints says whether a name hints at work on images.
func hints(name string) bool { return hintWords.MatchString(name) }

// imageWords are what a script of another language must name to work on images.
var imageWords = regexp.MustCompile(`(?i)\b(docker|podman|buildah|buildx|kaniko|cosign|notation|trivy|grype|skopeo|crane|sigstore|syft)\b`)

func mentionsImages(text string) bool {
	return imageWords.MatchString(text[:min(len(text), 1<<20)])
}

// mayOf are the kinds that a name tells; none when it may be any.
func mayOf(name string) []model.Kind {
	name = strings.ToLower(path.Base(name[:min(len(name), 4096)]))
	var may []model.Kind
	for _, row := range []struct {
		word  string
		kinds []model.Kind
	}{
		{"cosign", []model.Kind{model.Sign, model.Attest, model.Verify}}, {"sign", []model.Kind{model.Sign}},
		{"attest", []model.Kind{model.Attest}}, {"verify", []model.Kind{model.Verify}},
		{"scan", []model.Kind{model.Scan}}, {"trivy", []model.Kind{model.Scan}}, {"grype", []model.Kind{model.Scan}}, {"snyk", []model.Kind{model.Scan}},
		{"sbom", []model.Kind{model.SBOM}}, {"syft", []model.Kind{model.SBOM}},
	} {
		if strings.Contains(name, row.word) {
			may = append(may, row.kinds...)
		}
	}
	for _, word := range []string{"build", "publish", "release", "push", "deploy", "docker", "image", " "} {
		if strings.Contains(name, word) {
			return nil // it may do anything else besides
		}
	}
	slices.Sort(may)
	return slices.Compact(may)
}

// scriptExtensions are those of names that are scripts.
var scriptExtensions = []string{".sh", ".bash", ".py", ".rb", ".pl", ".js", ".mjs", ".ts", ".ps1", ".bat", ".cmd"}

// famous are programs that package tool reads: what it does not know of them does
// nothing to images.
const famous = " docker podman buildah buildx nerdctl kaniko executor ko cosign notation trivy grype snyk syft crane skopeo regctl oras helm goreleaser jib bazel pack docker-compose semantic-release docker-credential-gcr docker-credential-ecr-login release-please "

// anyWords are parts of the names of variables that may hold any command.
var anyWords = regexp.MustCompile(`(?i)(^|[^a-z])(cmd|command|exec|run|script|action|tool|task)([^a-z]|$)|^\$\{[@*0-9]`)

// mayBeAnything says whether a symbol that is run may do something to images, as
// far as the name tells.
func mayBeAnything(name string) bool { return anyWords.MatchString(name) || hints(name) }

// prefix says whether a symbol stands before commands in the manner of sudo, and
// whether it may keep them from being run, as ${DRY_RUN} does.
func prefix(name string) (may, is bool) {
	if !oneSymbol(name) {
		return false, false
	}
	switch strings.ToUpper(name[2 : len(name)-1]) {
	case "SUDO", "SUDO_CMD", "TIME", "TIMEOUT", "NICE":
		return false, true
	case "DRY_RUN", "DRYRUN", "ECHO", "PREFIX", "WRAPPER", "RETRY", "RUN", "RUNNER", "CMD_PREFIX", "EXEC", "MAYBE":
		return true, true
	}
	return false, false
}

// unknown is a program that package tool does not know: a script of the
// repository is followed, another is unseen where its name hints at images.
func (s *shell) unknown(c context, cmd command) {
	name := cmd.args[0]
	base := path.Base(name)
	isScript := slices.Contains(scriptExtensions, path.Ext(base))
	if strings.Contains(famous, " "+base+" ") {
		return
	}
	if !strings.Contains(name, "/") && !isScript {
		if oneSymbol(name) {
			if mayBeAnything(name) || mentionsImages(strings.Join(cmd.args, " ")) {
				s.unseen(cmd.at, "dynamic", name, "the program that "+name+" stands for")
			}
		} else if name == "go" && len(cmd.args) > 2 && cmd.args[1] == "run" && hints(strings.Join(cmd.args[2:], " ")) {
			s.unseen(cmd.at, "script", strings.Join(cmd.args[:3], " "), "what the program does, as commands of a shell or steps of the pipeline")
		} else if hints(name) && !symbolic(name) {
			s.unseen(cmd.at, "script", name, "what the program "+name+" does", mayOf(name)...)
		}
		return
	}
	full := s.pathOf(name)
	_, written := s.disk[full]
	if s.files.Exists(full) && !symbolic(full) || written {
		s.file(s.entering(c), cmd, s.child(cmd), name, cmd.args[1:])
		return
	}
	relative := !symbolic(full) && !strings.HasPrefix(name, "/") && !strings.HasPrefix(name, "~")
	if hints(base) || relative && isScript {
		s.unseen(cmd.at, "script", name, "the script "+name+" in the repository", mayOf(name)...)
	}
}
