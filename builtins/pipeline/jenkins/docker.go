package jenkins

import (
	"net/url"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/jenkins/groovy"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

// docker reads calls of the Docker plugin's variable.
func (c *ctx) docker(n groovy.Call) (value, bool) {
	a := c.evalArgs(n.Args)
	a.line = n.At()
	switch n.Name {
	case "build":
		return c.dockerBuild(n, a), true
	case "image":
		id, _ := a.first()
		return image{id: id}, true
	case "withRegistry":
		return c.withRegistry(a), true
	case "withTool", "withServer", "node":
		return c.blocks(a), true
	}
	c.blocks(a)
	return c.unknown(n), true
}

// withRegistry reads a block in which images without a registry are of the
// given one.
func (c *ctx) withRegistry(a args) value {
	d := c.copy()
	address, _ := a.first("url")
	d.registry = str{text: host(address.text)}
	if len(a.positional) > 2 || a.get("credentialsId") != "" || len(a.positional) == 2 && a.block == nil {
		s := c.step(c.at(a.line), "docker.withRegistry", "docker")
		c.act(s, model.Action{Place: c.at(a.line), Kind: model.Login, Tool: "docker", Known: true})
	}
	return d.blocks(a)
}

// host is the registry of an address. The addresses of Docker Hub are no part of
// the names of its images.
func host(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		address = u.Host
	} else if _, rest, ok := strings.Cut(address, "://"); ok {
		address, _, _ = strings.Cut(rest, "/")
	}
	address = strings.TrimSuffix(address, "/")
	switch address {
	case "index.docker.io", "registry.hub.docker.com", "registry-1.docker.io", "hub.docker.com", "docker.io":
		return ""
	}
	return address
}

// qualified is the name of an image within withRegistry.
func (c *ctx) qualified(name str) str {
	r := c.registry.text
	if r == "" || strings.HasPrefix(name.text, r+"/") {
		return name
	}
	return str{text: r + "/"}.join(name)
}

// dockerBuild reads docker.build(name, arguments): what the plugin runs is known.
func (c *ctx) dockerBuild(n groovy.Call, a args) value {
	id, ok := a.first()
	if !ok {
		return c.unknown(n)
	}
	options := str{text: "."}
	if len(a.positional) > 1 {
		options = c.asStr(a.positional[1], a.plain[1])
	}
	script := str{text: `docker build -t "`}.join(flat(id)).join(str{text: `" `}).join(flat(options))
	c.plugin(n, "docker.build", script)
	return image{id: flat(id), built: true}
}

// flat is a text on one line.
func flat(s str) str {
	return str{text: strings.Join(strings.Fields(s.text), " ")}
}

// plugin adds a step in which the Docker plugin runs a command.
func (c *ctx) plugin(n groovy.Call, name string, script str) {
	s := c.step(c.at(n.At()), name, name)
	script.lines = nil
	c.shell(s, script, shell.Scope{}, "sh", n.At())
}

// imageCall reads the methods of an image.
func (c *ctx) imageCall(n groovy.Call, on image) value {
	a := c.evalArgs(n.Args)
	switch n.Name {
	case "push":
		c.push(n, on, a)
		return word("null")
	case "tag":
		if to, ok := a.first(); ok {
			c.plugin(n, "docker.tag", command("docker tag", on.id, c.tagged(on.id, flat(to))))
		}
		return word("null")
	case "imageName":
		return c.qualified(on.id)
	case "inside", "withRun", "run":
		if !on.built {
			c.image(on.id, n.At())
		}
		return c.blocks(a)
	case "pull":
		c.plugin(n, "docker.pull", command("docker pull", c.qualified(on.id)))
		return word("null")
	}
	c.blocks(a)
	return c.unknown(n)
}

// push reads image.push(tag): the plugin gives the image its full name, and
// uploads it.
func (c *ctx) push(n groovy.Call, on image, a args) {
	to := c.qualified(on.id)
	if tag, ok := a.first(); ok && tag.text != "" && tag.text != "null" {
		to = c.qualified(c.tagged(on.id, flat(tag)))
	}
	script := command("docker push", to)
	if to.text != on.id.text {
		script = command("docker tag", on.id, to).join(str{text: "\n"}).join(script)
	}
	c.plugin(n, "docker.push", script)
}

// tagged is the name of an image with another tag.
func (c *ctx) tagged(id, tag str) str {
	name := id.text
	if at := strings.LastIndexByte(name, ':'); at > strings.LastIndexByte(name, '/') {
		name = name[:at]
	}
	return str{text: name + ":" + tag.text}
}

func command(head string, images ...str) str {
	out := str{text: head}
	for _, i := range images {
		out.text += ` "` + i.text + `"`
	}
	return out
}

// image adds a reference to an image in which something runs.
func (c *ctx) image(name str, line int) {
	text := c.marks.Plain(name.text)
	if text == "" {
		return
	}
	c.reference(model.Reference{Place: c.at(line), Kind: "image", Text: text, Pinned: pinned(text)})
}

// pinned says whether an image is named by its digest.
func pinned(image string) bool {
	_, digest, ok := strings.Cut(image, "@sha256:")
	return ok && len(digest) == 64 && strings.Trim(digest, "0123456789abcdef") == ""
}

// dockerSteps reads the steps of the Docker plugins that are no methods.
func (c *ctx) dockerSteps(n groovy.Call, a args) (value, bool) {
	switch n.Name {
	case "withDockerRegistry":
		d := c.copy()
		d.registry = str{text: host(c.text(a.named["url"]))}
		if a.get("credentialsId") != "" {
			s := c.step(c.at(n.At()), n.Name, n.Name)
			c.act(s, model.Action{Place: c.at(n.At()), Kind: model.Login, Tool: "docker", Known: true})
		}
		return d.blocks(a), true
	case "withDockerContainer", "dockerNode":
		if name, ok := a.first("image"); ok {
			c.image(name, n.At())
		}
		return c.blocks(a), true
	case "containerTemplate":
		if name, ok := a.first("image"); ok {
			c.image(name, n.At())
		}
		return c.unknown(n), true
	}
	return nil, false
}
