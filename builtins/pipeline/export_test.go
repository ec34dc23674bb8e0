package pipeline

import "github.com/waxseal/waxseal/builtins/pipeline/model"

// Link joins pipelines that were read.
func Link(pipelines ...model.Pipeline) []model.Image {
	r := &model.Repository{Pipelines: pipelines}
	tidy(r)
	r.Images, _ = link(r.Pipelines)
	fill(r)
	return r.Images
}

// Keys returns the private keys in a text.
func Keys(text string) []model.Secret { return keysIn([]byte(text)) }

// Condition returns the keys of the conditions in a text.
func Condition(text string) []string {
	var out []string
	for _, c := range conditions([]string{text}) {
		out = append(out, c.key)
	}
	return out
}
