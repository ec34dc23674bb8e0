package tekton

import (
	"regexp"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

// catalogued is what is known of tasks of the catalogues of Tekton and Konflux.
// They are elsewhere, and a task of the same name may do anything: nothing of it
// is Known.
type catalogued struct {
	names   *regexp.Regexp
	do      func(c call) []model.Action // nil for tasks that do nothing to images
	results []string                    // that name what was built
}

type call struct {
	*builder
	task taskOf
	name string
}

var imageResults = []string{"IMAGE_URL", "IMAGE_DIGEST", "IMAGE_REF", "IMAGE-URL", "IMAGE-DIGEST", "APP_IMAGE_DIGEST", "APP_IMAGE_URL"}

// catalogue returns all that is known.
func catalogue() []catalogued {
	return []catalogued{
		{regexp.MustCompile(`^(buildah|kaniko|buildpacks|s2i|jib|docker-build|img|ko|buildkit|rpm-ostree)\b`), build, imageResults},
		{regexp.MustCompile(`^build-image-(index|manifest)$`), lists, imageResults},
		{regexp.MustCompile(`^(clair|trivy|grype|anchore|roxctl-image|acs-image|stackrox-image|sysdig|aqua|prisma|snyk-container)([-_]|$)`), scan, nil},
		{regexp.MustCompile(`^(cosign-sign|cosign|sign-image|cosign-sign-image|image-signer|notation-sign)(-|$)`), signs, nil},
		{regexp.MustCompile(`^(skopeo-copy|crane-copy)\b`), copies, nil},
		{regexp.MustCompile(`^(syft|sbom-generate|generate-sbom|create-sbom|syft-sbom)(-|$)`), sbom, nil},
		{regexp.MustCompile(`^(init|git-clone|git-cli|git-batch-merge|prefetch-dependencies|summary|show-sbom|sbom-json-check|deprecated-image-check|sast-[a-z-]+|clamav-scan|rpms-signature-scan|push-dockerfile|ecosystem-cert-preflight-checks|apply-tags|source-build|tkn-bundle|golang-[a-z-]+|maven|gradle|npm|yaml-lint|pylint|hadolint|sonarqube-scanner|kubernetes-actions|openshift-client|helm-upgrade-[a-z-]+|send-to-[a-z-]+|github-set-status|gitlab-set-status|fbc-[a-z-]+|coverity-[a-z-]+|validate-fbc|inspect-image|verify-[a-z-]+)(-oci-ta|-min)?$`), nil, nil},
	}
}

func knownTask(name string) *catalogued {
	name, _, _ = strings.Cut(name, ":")
	name = strings.TrimPrefix(name, "task-")
	all := catalogue()
	if i := slices.IndexFunc(all, func(k catalogued) bool { return k.names.MatchString(name) }); i >= 0 {
		return &all[i]
	}
	return nil
}

// param returns the first of the given params of a task.
func (c call) param(names ...string) string {
	for name, v := range c.task.given {
		for _, want := range names {
			if strings.EqualFold(strings.ReplaceAll(name, "_", "-"), want) && v.text != "" {
				return v.text
			}
		}
	}
	return ""
}

// image returns the image that a task is given: with its digest, when that is another param.
func (c call) image(names ...string) []model.Ref {
	text := c.param(names...)
	if text == "" {
		return nil
	}
	if digest := c.param("image-digest", "digest"); digest != "" && !strings.Contains(text, "@") {
		text += "@" + digest
	}
	return []model.Ref{refOf(text)}
}

// refOf is an image by its text.
func refOf(text string) model.Ref {
	r := model.Ref{Text: text}
	rest, digest, hasDigest := strings.Cut(text, "@")
	slash, colon := strings.LastIndexByte(rest, '/'), strings.LastIndexByte(rest, ':')
	hasTag := colon > slash && !strings.HasSuffix(rest, "}") || colon > slash && strings.LastIndexByte(rest, '{') > colon
	r.Name = rest
	if hasTag {
		r.Name = rest[:colon]
	}
	switch {
	case hasDigest && digest != "" && hasTag:
		r.By = model.ByTagAndDigest
	case hasDigest && digest != "":
		r.By = model.ByDigest
	case hasTag:
		r.By = model.ByTag
	case strings.HasPrefix(rest, "${") && strings.Count(rest, "${") == 1 && strings.HasSuffix(rest, "}"):
		r.Name, r.By = "", model.ByUnknown
	default:
		r.By = model.ByName
	}
	return r
}

func build(c call) []model.Action {
	tool, _, _ := strings.Cut(c.name, "-")
	images := c.image("image", "app-image", "image-url", "output-image")
	if len(images) == 0 && len(c.task.given) == 0 {
		images = nil
	}
	out := []model.Action{{Kind: model.Build, Tool: tool, Method: "task:" + c.name, Images: images, Pushes: true}}
	if strings.Contains(c.name, "-oci-ta") || strings.Contains(c.name, "-remote") { // of Konflux: it attaches a bill of materials
		out = append(out, model.Action{Kind: model.SBOM, Tool: tool, Method: "task:" + c.name, Images: images})
	}
	return out
}

// lists makes the list of images of single platforms.
func lists(c call) []model.Action {
	var from []model.Ref
	for name, v := range c.task.given {
		if strings.EqualFold(name, "images") {
			for _, text := range v.list {
				from = append(from, refOf(text))
			}
		}
	}
	return []model.Action{{Kind: model.Build, Tool: "manifest", Method: "task:" + c.name, Images: c.image("image"), From: from, Pushes: true}}
}

func scan(c call) []model.Action {
	if args := c.task.given["ARGS"].list; len(args) > 0 {
		program, _, _ := strings.Cut(c.name, "-")
		if path := c.param("image-path"); path != "" && path != "." {
			args = append(slices.Clip(args), path)
		}
		out := c.run.Commands(append([]string{program}, args...), place(c.task.at), shell.Scope{})
		if len(out.Actions) > 0 {
			for i := range out.Actions {
				out.Actions[i].Gates, out.Actions[i].GatesWhy = model.GatesUnknown, elsewhereWhy
			}
			return out.Actions
		}
	}
	tool, _, _ := strings.Cut(c.name, "-")
	return []model.Action{{
		Kind: model.Scan, Tool: tool, Method: "task:" + c.name,
		Images: c.image("image-url", "image", "image-path", "imageref", "image-ref"),
		Gates:  model.GatesUnknown, GatesWhy: elsewhereWhy,
	}}
}

const elsewhereWhy = "the task is not in the repository"

func signs(c call) []model.Action {
	return []model.Action{{Kind: model.Sign, Tool: "cosign", Method: "task:" + c.name, Images: c.image("image", "image-url", "image-ref", "imageref"), Key: c.param("key", "cosign-key")}}
}

func sbom(c call) []model.Action {
	return []model.Action{{Kind: model.SBOM, Tool: "syft", Method: "task:" + c.name, Images: c.image("image", "image-url", "image-ref")}}
}

func copies(c call) []model.Action {
	from := strings.TrimPrefix(c.param("srcimageurl", "source-image-url"), "docker://")
	to := strings.TrimPrefix(c.param("destimageurl", "destination-image-url"), "docker://")
	if from == "" || to == "" {
		return nil
	}
	return []model.Action{{Kind: model.Copy, Tool: "skopeo", Method: "task:" + c.name, From: []model.Ref{refOf(from)}, Images: []model.Ref{refOf(to)}}}
}
