package shell_test

import (
	"context"
	"fmt"
	"path"
	"strings"
	"testing/fstest"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
	"github.com/waxseal/waxseal/builtins/pipeline/source"
	"github.com/waxseal/waxseal/builtins/pipeline/tool"
)

// fakeTools knows a few commands, so that these tests are about scripts and not
// about tools: docker build -t IMAGE, docker push IMAGE, cosign sign IMAGE, …
func fakeTools(c tool.Command, _ *source.Files) tool.Effect {
	name, verb := path.Base(c.Args[0]), ""
	if len(c.Args) > 1 {
		verb = c.Args[1]
	}
	last := c.Args[len(c.Args)-1]
	act := func(kind model.Kind, image string) tool.Effect {
		return tool.Effect{Known: true, Actions: []model.Action{{Kind: kind, Tool: name, Known: true,
			Images: []model.Ref{{Text: image}}}}}
	}
	switch name + " " + verb {
	case "docker build", "docker buildx":
		var e tool.Effect
		for i, arg := range c.Args {
			if arg == "-t" && i+1 < len(c.Args) {
				e = act(model.Build, c.Args[i+1])
			}
			if arg == "--iidfile" {
				e.Writes = []tool.Write{{File: c.Args[i+1], Text: "sha256:${built}"}}
			}
		}
		e.Known = true
		return e
	case "docker push":
		return act(model.Push, last)
	case "docker digest":
		return tool.Effect{Known: true, Prints: "sha256:${digest}"}
	case "docker run":
		return tool.Effect{Known: true, Runs: [][]string{c.Args[3:]}}
	case "cosign sign":
		e := act(model.Sign, last)
		e.Actions[0].Key = c.Env["KEY"]
		return e
	case "cosign verify":
		return act(model.Verify, last)
	case "ko build":
		return act(model.Build, c.Env["KO_DOCKER_REPO"])
	case "trivy image":
		return act(model.Scan, last)
	}
	return tool.Effect{Known: name == "docker" || name == "cosign"}
}

// repository is a repository with these files.
func repository(files map[string]string) *shell.Runner {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return shell.New(source.New(context.Background(), fsys, source.Limits{})).WithTools(fakeTools)
}

// at gives places in ci.yml, where the script begins at line 1.
func at(line int) model.Place { return model.Place{File: "ci.yml", Line: line} }

// told is an outcome in short: an action a line, then what is unseen and what is wrong.
func told(o shell.Outcome) string {
	var b strings.Builder
	for _, a := range o.Actions {
		image := ""
		if len(a.Images) > 0 {
			image = a.Images[0].Text
		}
		fmt.Fprintf(&b, "%s %s", a.Kind, image)
		if a.Key != "" {
			fmt.Fprintf(&b, " key %s", a.Key)
		}
		fmt.Fprintf(&b, " @%s", where(a.Place))
		for i, p := range a.Through {
			sep := ">"
			if i == 0 {
				sep = " through "
			}
			b.WriteString(sep + where(p))
		}
		for i, w := range a.When {
			sep := " and "
			if i == 0 {
				sep = " when "
			}
			b.WriteString(sep + w)
		}
		if a.Optional != "" {
			b.WriteString(" optional " + a.Optional)
		}
		if !a.Known {
			b.WriteString(" guessed")
		}
		b.WriteByte('\n')
	}
	for _, u := range o.Unseen {
		fmt.Fprintf(&b, "unseen %s %s %v @%s\n", u.Kind, u.Name, u.May, where(u.Place))
	}
	for _, p := range o.Problems {
		fmt.Fprintf(&b, "problem %s @%s\n", p.Code, where(p.Place))
	}
	return b.String()
}

func where(p model.Place) string {
	if p.File == "ci.yml" {
		return fmt.Sprint(p.Line)
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}
