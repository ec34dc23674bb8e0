package shell

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/tool"
)

// hintWords are parts of names that hint at work on images.
var hintWords = regexp.MustCompile(`(?i)(^|[^a-z])(build(s|er|ah|x|ing|kit)?|docker|images?|containers?|push(es)?|publish(es)?|releases?|sign(s|ing|ature|atures)?|scan(s|ner|ning)?|cosign|notation|trivy|grype|snyk|sbom|syft|attest(ation|ations)?|deploy(s|ment)?|ko|kaniko|podman|skopeo|crane|oci|registry)([^a-z]|$)`)

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

// unknown is a program that package tool does not know: a script of the
// repository is followed, another is unseen where its name hints at images.
func (s *shell) unknown(c context, cmd command) {
	name := cmd.args[0]
	base := path.Base(name)
	isScript := slices.Contains(scriptExtensions, path.Ext(base))
	if guess := guessed(name); guess != "" {
		s.guess(c, cmd, guess)
		return
	}
	if strings.Contains(famous, " "+base+" ") {
		return
	}
	if !strings.Contains(name, "/") && !isScript {
		if oneSymbol(name) {
			s.unseen(cmd.at, "dynamic", name, "the program that "+name+" stands for")
		} else if name == "go" && len(cmd.args) > 2 && cmd.args[1] == "run" && hints(strings.Join(cmd.args[2:], " ")) {
			s.unseen(cmd.at, "script", strings.Join(cmd.args, " "), "what the program does, as commands of a shell or steps of the pipeline")
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

// guessed is the program that the name of a variable hints at: ${DOCKER}.
func guessed(name string) string {
	if !oneSymbol(name) {
		return ""
	}
	name = strings.ToLower(name[2 : len(name)-1])
	for _, suffix := range []string{"_bin", "_cmd", "_tool", "_exe", "_path", "_command", "_cli"} {
		name = strings.TrimSuffix(name, suffix)
	}
	switch name {
	case "container", "container_engine", "container_runtime", "engine", "oci", "docker_or_podman", "oci_runtime":
		return "docker"
	}
	if strings.Contains(famous, " "+name+" ") {
		return name
	}
	return ""
}

// guess takes what a program would do if it were what its variable is named
// after; nothing of it is known.
func (s *shell) guess(c context, cmd command, name string) {
	args := slices.Clone(cmd.args)
	args[0] = name
	e := s.read(tool.Command{Args: args, Env: s.environment(cmd.env), Dir: s.dir, At: cmd.at}, s.files)
	for i := range e.Actions {
		e.Actions[i].Known = false
		if e.Actions[i].Gates == model.GatesYes {
			e.Actions[i].Gates = model.GatesUnknown
		}
	}
	s.take(c, cmd, e)
}
