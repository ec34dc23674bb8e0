package jenkins

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/jenkins/groovy"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// agent reads the images in which steps run: agent { docker … }, agent {
// kubernetes { yaml … } }.
func (c *ctx) agent(b groovy.Closure) {
	for _, n := range b.Body {
		call, ok := n.(groovy.Call)
		if !ok {
			continue
		}
		switch call.Name {
		case "docker":
			c.agentImage(call)
		case "kubernetes":
			c.pod(call)
		}
	}
}

func (c *ctx) agentImage(call groovy.Call) {
	if b, ok := lastBlock(call); ok {
		for _, inner := range calls(b.Body, "image") {
			c.agentImage(inner)
		}
		return
	}
	for _, arg := range call.Args {
		if key, ok := arg.Key.(groovy.Str); ok {
			if name, _ := key.Constant(); name != "image" {
				continue
			}
		}
		c.image(c.asStr(c.eval(arg.Value), arg.Value), arg.Value.At())
	}
}

// pod reads the images of the containers of a pod: of YAML in the pipeline or in
// a file, and of templates.
func (c *ctx) pod(call groovy.Call) {
	for _, arg := range call.Args {
		if key, ok := arg.Key.(groovy.Str); ok {
			name, _ := key.Constant()
			c.podPart(name, arg.Value)
		}
	}
	if b, ok := lastBlock(call); ok && call.Name == "kubernetes" {
		for _, n := range b.Body {
			inner, ok := n.(groovy.Call)
			switch {
			case !ok:
			case inner.Name == "containerTemplate":
				c.template(inner)
			case len(inner.Args) == 1:
				c.podPart(inner.Name, inner.Args[0].Value)
			}
		}
	}
}

func (c *ctx) template(call groovy.Call) {
	if b, ok := lastBlock(call); ok {
		for _, inner := range calls(b.Body, "image") {
			c.agentImage(inner)
		}
		return
	}
	c.eval(call)
}

func (c *ctx) podPart(name string, n groovy.Node) {
	switch name {
	case "yaml":
		s := c.asStr(c.eval(n), n)
		c.podYAML(s, c.in.name, n.At())
	case "yamlFile":
		file := c.marks.Plain(c.asStr(c.eval(n), n).text)
		text, err := c.run.Files().Read(file)
		if err != nil {
			c.unseen(c.at(n.At()), "include", file, "the file "+file)
			return
		}
		s := str{text: string(text)}
		for i := range strings.Count(s.text, "\n") + 1 {
			s.lines = append(s.lines, i+1)
		}
		c.podYAML(s, file, 1)
	}
}

func (c *ctx) podYAML(s str, file string, line int) {
	root, problems := document.FromYAML([]byte(c.marks.Plain(s.text)), document.Options{Bytes: maxText, Kubectl: true})
	if root == nil || len(problems) > 0 {
		c.problem(model.Place{File: file, Line: line}, "malformed", "the YAML of the pod cannot be read, so its images are not known")
		return
	}
	spec := root.Get("spec")
	for _, list := range []string{"containers", "initContainers"} {
		items := spec.Get(list)
		if items == nil {
			continue
		}
		for _, item := range items.Items {
			image := item.Get("image")
			if image == nil || image.Text == "" {
				continue
			}
			c.reference(model.Reference{Place: model.Place{File: file, Line: s.line(image.Line, line)}, Kind: "image", Text: image.Text, Pinned: pinned(image.Text)})
		}
	}
}

// triggers reads what starts the pipeline.
func (c *ctx) triggers(call groovy.Call) {
	seen := map[string]bool{}
	var look func(n groovy.Node, depth int)
	look = func(n groovy.Node, depth int) {
		if depth > 10 {
			return
		}
		switch n := n.(type) {
		case groovy.Call:
			if t := trigger(n.Name); t != "" && !seen[t] {
				seen[t] = true
				c.pipeline.Triggers = with(c.pipeline.Triggers, t)
			}
			for _, a := range n.Args {
				look(a.Value, depth+1)
			}
		case groovy.List:
			for _, i := range n.Items {
				look(i, depth+1)
			}
		case groovy.Closure:
			for _, i := range n.Body {
				look(i, depth+1)
			}
		}
	}
	look(call, 0)
}

func trigger(name string) string {
	switch name {
	case "cron", "parameterizedCron":
		return "schedule"
	case "pollSCM", "githubPush", "gitlab", "bitbucketPush":
		return "push"
	case "upstream":
		return "upstream"
	case "GenericTrigger":
		return "webhook"
	case "issueCommentTrigger", "githubPullRequests":
		return "pull_request"
	}
	return ""
}
