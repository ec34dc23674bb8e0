package github

import (
	"regexp"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// environment evaluates a block of variables. Keys are in upper case: an
// expression does not tell cases apart.
func (s *scope) environment(env *actionlint.Env) map[string]value {
	out := map[string]value{}
	if env == nil {
		return out
	}
	for _, v := range env.Vars {
		if v.Value != nil {
			out[strings.ToUpper(v.Name.Value)] = s.variableOf(v.Name.Value, v.Value.Value)
		}
	}
	return out
}

// variableOf evaluates a variable and keeps how it is written in name.
func (s *scope) variableOf(name, text string) value {
	v := s.text(text).asText()
	if !v.words && v.kind != boolean && v.expr == "" && !v.sure {
		v.expr = "env." + name
	}
	v.order = []string{name}
	return v
}

func merge(maps ...map[string]value) map[string]value {
	out := map[string]value{}
	for _, m := range maps {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

// containers notes the images that the job runs in.
func (j *job) containers() {
	images := []*actionlint.Container{j.ast.Container}
	if j.ast.Services != nil {
		for _, name := range sorted(j.ast.Services.Value) {
			images = append(images, j.ast.Services.Value[name].Container)
		}
	}
	for _, c := range images {
		if c == nil || c.Image == nil || c.Image.Value == "" {
			continue
		}
		text := j.scope.text(c.Image.Value).text
		j.reference(model.Reference{Place: j.file.place(c.Image.Pos), Kind: "image", Text: text, Pinned: pinnedImage(text)})
		if c.Credentials != nil && c.Credentials.Password != nil {
			j.plainSecret(c.Credentials.Password, "password", j.file)
		}
	}
}

var digest = regexp.MustCompile(`@sha256:[0-9a-f]{64}$`)

func pinnedImage(text string) bool { return digest.MatchString(text) }
