package pipeline

import "github.com/waxseal/waxseal/builtins/pipeline/model"

// runs marks the images that a pipeline runs and has built itself: they come from
// the repository.
func (l *linker) runs(p *model.Pipeline) {
	for i := range p.References {
		r := &p.References[i]
		if r.Kind != "image" && r.Kind != "base_image" || r.Local {
			continue
		}
		if g, _, level := l.find(parse(model.Ref{Text: r.Text})); level >= matchText && g.main().Kind == model.Build {
			r.Local = true
		}
	}
}
