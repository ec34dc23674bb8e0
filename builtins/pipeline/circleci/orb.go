package circleci

import (
	"regexp"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/guess"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

var (
	plainVariable = regexp.MustCompile(`\$([A-Za-z_]\w*)`)
	full          = regexp.MustCompile(`^\d+\.\d+\.\d+$`)
)

// orb is one that the configuration uses: from elsewhere, or written in it.
type orb struct {
	name   string // circleci/docker
	text   string // circleci/docker@2.8.2
	inline *space
}

// orbs reads the orbs of a configuration.
func (r *reader) orbs(root *document.Node, depth int) map[string]orb {
	out := map[string]orb{}
	n := root.Get("orbs")
	if n == nil || n.Kind != document.Object || depth > maxDepth {
		return out
	}
	for _, f := range n.Fields {
		if f.Value.Kind == document.Object {
			out[f.Name] = orb{name: f.Name, inline: &space{root: f.Value, orbs: r.orbs(f.Value, depth+1)}}
			continue
		}
		t := text(f.Value)
		name, version, _ := strings.Cut(t, "@")
		out[f.Name] = orb{name: name, text: t}
		r.refer(model.Reference{Place: place(f.Value), Kind: "orb", Text: t, Pinned: full.MatchString(version)})
	}
	return out
}

// find says where a name is defined: in this space, in that of an inline orb, or
// in an orb from elsewhere, for which the space is nil.
func (s *space) find(name string) (where *space, from orb, short string) {
	prefix, short, ok := strings.Cut(name, "/")
	if !ok {
		return s, orb{}, name
	}
	from, known := s.orbs[prefix]
	if !known {
		return nil, orb{name: prefix, text: prefix}, short
	}
	return from.inline, from, short
}

// harmless are orbs that do nothing to images, whichever of their commands is used.
var harmless = []string{
	"circleci/aws-cli", "circleci/gcp-cli", "circleci/azure-cli", "circleci/node", "circleci/python", "circleci/go", "circleci/ruby", "circleci/php",
	"circleci/rust", "circleci/browser-tools", "circleci/android", "circleci/macos", "circleci/windows", "circleci/win", "circleci/slack", "circleci/jq",
	"circleci/jira", "circleci/shellcheck", "circleci/github-cli", "circleci/kubernetes", "circleci/helm", "circleci/aws-eks", "circleci/aws-ecs",
	"circleci/gcp-gke", "circleci/gcp-cloud-run", "circleci/path-filtering", "circleci/continuation", "circleci/codecov", "codecov/codecov", "circleci/slack",
	"cypress-io/cypress", "sonarsource/sonarcloud", "circleci/heroku", "circleci/aws-s3", "circleci/terraform", "circleci/hashicorp-vault", "circleci/maven",
	"circleci/gradle", "coveralls/coveralls", "datadog/test-visibility-circleci-orb", "circleci/aws-lambda", "circleci/aws-parameter-store", "circleci/queue",
	"eddiewebb/queue", "circleci/envsubst", "circleci/docker-hadolint", "circleci/artifactory-orb", "circleci/orb-tools", "circleci/welcome-orb",
}

// quiet are words of commands that prepare and do nothing by themselves.
var quiet = []string{"install", "setup", "login", "auth", "check", "hadolint", "dockerlint", "configure", "cleanup", "notify"}

// orbCall reads a job or a command of an orb from elsewhere.
func (r *reader) orbCall(where *space, j *job, o orb, name string, at model.Place, args *document.Node, f frame) {
	o.text = strings.TrimSuffix(o.text, "@")
	before, after := r.ownSteps(args)
	r.steps(where, j, before, f)
	c := orbUse{reader: r, job: j, orb: o, name: strings.ReplaceAll(name, "-", "_"), at: at, args: args, frame: f}
	handled := c.act(func() { r.steps(where, j, after, f) })
	if handled || slices.Contains(harmless, o.name) {
		return
	}
	may := guess.Kinds(name)
	if len(may) == 0 {
		may = guess.Kinds(o.name)
	}
	r.unseen(model.Unseen{
		Place: at, Kind: "orb", Name: o.text + " " + name, Job: j.model.ID, May: may, Supply: "the source of the orb " + o.text,
	})
}

// ownSteps are the steps that the call itself gives to the orb, and whether they
// run before or behind what the orb does.
func (r *reader) ownSteps(args *document.Node) (before, after []*document.Node) {
	if args == nil || args.Kind != document.Object {
		return nil, nil
	}
	for _, f := range args.Fields {
		if f.Value.Kind != document.List || slices.Contains([]string{"requires", "context", "pre-steps", "post-steps"}, f.Name) {
			continue
		}
		switch {
		case strings.HasPrefix(f.Name, "after") && f.Name != "after_checkout" && f.Name != "after-checkout", strings.HasPrefix(f.Name, "post"):
			after = append(after, f.Value)
		case slices.ContainsFunc(f.Value.Items, isStep):
			before = append(before, f.Value)
		}
	}
	return before, after
}

func isStep(n *document.Node) bool {
	c, ok := newCall(n)
	return ok && (c.name == "run" || c.name == "when" || c.name == "unless" || builtin[c.name] || strings.Contains(c.name, "/"))
}
