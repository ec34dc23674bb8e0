package tekton

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Results by the names that Tekton Chains looks for: the digest of an image, its
// name, or both.
var (
	digestResult = regexp.MustCompile(`(?i)(^|[_-])(image|artifact)?[_-]?digest$`)
	nameResult   = regexp.MustCompile(`(?i)(^|[_-])(image|artifact)[_-]?(url|uri|name)$`)
	bothResult   = regexp.MustCompile(`(?i)(^|[_-])image[_-]?ref$`)
	chainsResult = regexp.MustCompile(`(^|[_-])IMAGE[_-](URL|DIGEST)$|^IMAGES$|(^|[_-])ARTIFACT_(URI|DIGEST|OUTPUTS)$|(^|[_-])ARTIFACT_OUTPUTS$`)
)

// named says how later tasks name what a task has built: by what it has written
// into its results, else by the results themselves, when it builds one image.
func (b *builder) named(j *model.Job, t taskOf, declared []*document.Node, wrote map[string]string) {
	var names []string
	for _, n := range declared {
		names = append(names, text(n.Get("name")))
	}
	for name, text := range wrote {
		if !strings.Contains(text, "${*}") && text != "" {
			b.results[t.name+" "+name] = text
		}
	}
	b.join(j, t.name, names)
}

// join gives the only build of a job the results of the job.
func (b *builder) join(j *model.Job, task string, names []string) {
	made := onlyBuild(j)
	if made == nil {
		return
	}
	for _, name := range names {
		symbol := "tasks." + task + ".results." + name
		switch {
		case bothResult.MatchString(name):
			made.Digests, made.Names = append(made.Digests, symbol), append(made.Names, symbol)
		case digestResult.MatchString(name):
			made.Digests = append(made.Digests, symbol)
		case nameResult.MatchString(name):
			made.Names = append(made.Names, symbol)
		}
	}
}

// onlyBuild returns the build of a job that has one; nil for none or several.
func onlyBuild(j *model.Job) *model.Action {
	var only *model.Action
	for s := range j.Steps {
		for a := range j.Steps[s].Actions {
			if action := &j.Steps[s].Actions[a]; action.Kind == model.Build {
				if only != nil {
					return nil
				}
				only = action
			}
		}
	}
	return only
}

// hint remembers a result that tells Tekton Chains what to sign.
func (b *builder) hint(n *document.Node) {
	if !b.hints && chainsResult.MatchString(text(n.Get("name"))) {
		b.hints, b.hinted = true, place(n)
	}
}

// chains says that Tekton Chains may sign what the results name. It runs in the
// cluster, and nothing in the repository tells whether it does: a configuration
// of it that lies here need not be that of the cluster.
func (b *builder) chains() {
	if !b.hints {
		return
	}
	supply := "the Chains configuration (chains-config) of the cluster, or verify the pushed image"
	if c := b.index().chains; c != nil {
		supply += fmt.Sprintf("; the one in %s:%d signs images, if it is that of the cluster", c.file, c.node.Line)
	}
	b.p.Unseen = append(b.p.Unseen, model.Unseen{
		Place: b.hinted, Kind: "signer", Name: "tekton-chains",
		May: []model.Kind{model.Attest, model.Sign}, Supply: supply,
	})
}
