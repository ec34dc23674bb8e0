package builtins

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/pipeline"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

var pipelineParse = builtin{
	name:    "pipeline.parse",
	args:    args(types.Named("files", mapOf(types.S)).Description("the files of a repository: their texts by their paths, such as `.github/workflows/release.yml`; those that they lead to (scripts, Makefiles, goreleaser's) belong to them")),
	payload: payload(field{"repository", "the pipelines, and the images that they build", typeFor[model.Repository]()}), pure: true,
	doc: "Reads the pipelines of a repository that is given as data: what they build, push, sign, attest and scan. Pure; it says what is written, not what ran.",
	call: func(c call) (evidence.Result, error) {
		files, err := filesOf(c)
		if err != nil {
			return nil, err
		}
		value, err := pipeline.Parse(c.ctx, files)
		return evidence.Found(evidence.PipelineRead, "", value, err)
	},
}

func filesOf(c call) (map[string][]byte, error) {
	given, ok := c.args[0].Value.(ast.Object)
	if !ok {
		return nil, mistake("files: expected an object of texts, got %s", ast.ValueName(c.args[0].Value))
	}
	files := map[string][]byte{}
	return files, given.Iter(func(name, text *ast.Term) error {
		path, isPath := name.Value.(ast.String)
		content, isText := text.Value.(ast.String)
		if !isPath || !isText {
			return mistake("files: expected texts by their paths, got %s by %s", ast.ValueName(text.Value), ast.ValueName(name.Value))
		}
		files[string(path)] = []byte(content)
		return nil
	})
}
