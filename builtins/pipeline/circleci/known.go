package circleci

import (
	"path"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/guess"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

// orbUse is the use of a job or a command of an orb from elsewhere.
type orbUse struct {
	*reader
	job   *job
	orb   orb
	name  string // with _ for -
	at    model.Place
	args  *document.Node
	frame frame
}

// act adds what the orb is known to do. After is called between what it builds
// and what it uploads. It is no when nothing is known.
func (c orbUse) act(after func()) bool {
	switch {
	case c.orb.name == "snyk/snyk" && c.name == "scan":
		c.snyk()
	case !slices.Contains([]string{"circleci/docker", "circleci/docker-publish", "circleci/aws-ecr", "circleci/gcp-gcr", "circleci/azure-acr", "circleci/gcp-artifact-registry"}, c.orb.name):
		after()
		return c.prepares() && guess.Kinds(c.name) == nil
	case c.name == "publish" || c.name == "deploy" && c.orb.name == "circleci/docker-publish" || strings.HasPrefix(c.name, "build_and_push"):
		c.build()
		after()
		if c.is("deploy", true) && c.is("push_image", true) {
			c.push()
		}
		return true
	case c.name == "build" || c.name == "build_image":
		c.build()
	case c.name == "push" || c.name == "push_image":
		c.push()
	case c.name == "tag_image":
		image := c.repository()
		c.command("docker", "buildx", "imagetools", "create", "-t", image+":"+c.get("target_tag", "latest"), image+":"+c.get("source_tag", "latest"))
	default:
		after()
		return c.prepares()
	}
	after()
	return true
}

// prepares says whether the command, by its name, only installs something or logs in.
func (c orbUse) prepares() bool {
	return slices.ContainsFunc(strings.Split(c.name, "_"), func(w string) bool { return slices.Contains(quiet, w) })
}

func (c orbUse) arg(name string) *document.Node {
	if n := dig(c.args, name); n != nil {
		return n
	}
	return dig(c.args, strings.ReplaceAll(name, "_", "-"))
}

// get is a parameter; the variables in it are symbols, or have their values.
func (c orbUse) get(name, otherwise string) string {
	value := otherwise
	if n := c.arg(name); n != nil {
		value = text(n)
	}
	return c.job.expand(plainVariable.ReplaceAllString(value, "$${$1}"))
}

func (c orbUse) is(name string, otherwise bool) bool {
	n := c.arg(name)
	if n == nil {
		return otherwise
	}
	return text(n) == "true"
}

// repository is the name of the image without a tag.
func (c orbUse) repository() string {
	switch c.orb.name {
	case "circleci/aws-ecr":
		return c.ecr() + "/" + c.get("repo", "${repo}")
	case "circleci/gcp-gcr", "circleci/gcp-artifact-registry":
		project := c.get("google_project_id", "GOOGLE_PROJECT_ID")
		if !strings.Contains(project, "$") {
			project = "${" + project + "}"
		}
		return path.Join(c.get("registry_url", "gcr.io"), project, c.get("repository", ""), c.get("image", "${image}"))
	case "circleci/azure-acr":
		return c.get("login_server_name", "${AZURE_LOGIN_SERVER}") + "/" + c.get("repo", "${repo}")
	}
	registry := c.get("registry", "docker.io")
	return registry + "/" + c.get("image", "${DOCKER_LOGIN}/${CIRCLE_PROJECT_REPONAME}")
}

// ecr is the registry. Older versions of the orb take the name of a variable.
func (c orbUse) ecr() string {
	if c.arg("account_url") != nil {
		return "${" + text(c.arg("account_url")) + "}"
	}
	account := c.get("account_id", "${AWS_ACCOUNT_ID}")
	if n := c.arg("registry_id"); n != nil {
		account = "${" + text(n) + "}"
	}
	return account + ".dkr.ecr." + c.get("region", "${AWS_DEFAULT_REGION}") + "." + c.get("aws_domain", "amazonaws.com")
}

// images are the names with their tags: several are separated by commas.
func (c orbUse) images() []string {
	otherwise := "${CIRCLE_SHA1}"
	if c.orb.name != "circleci/docker" && c.orb.name != "circleci/docker-publish" {
		otherwise = "latest"
	}
	var out []string
	for _, tag := range strings.Split(c.get("tag", otherwise), ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			out = append(out, c.repository()+":"+tag)
		}
	}
	return out
}

// build is what the orb runs to build: docker build.
func (c orbUse) build() {
	args := []string{"docker", "build"}
	for _, image := range c.images() {
		args = append(args, "-t", image)
	}
	args = append(args, "-f", path.Join(c.get("path", "."), c.get("dockerfile", "Dockerfile")))
	c.command(append(args, c.get("docker_context", c.get("path", ".")))...)
}

func (c orbUse) push() {
	for _, image := range c.images() {
		c.command("docker", "push", image)
	}
	if file := c.get("digest_path", ""); file != "" && len(c.images()) > 0 {
		c.job.files = withFile(c.job.files, file, "${digest-of:"+c.images()[0]+"}")
	}
}

func withFile(files map[string]string, name, content string) map[string]string {
	out := make(map[string]string, len(files)+1)
	for k, v := range files {
		out[k] = v
	}
	out[name] = content
	return out
}

// command adds a step that does what a command does.
func (c orbUse) command(args ...string) {
	if !c.spend(c.args, 100+2*len(c.job.vars)) {
		return
	}
	c.step(c.run.Commands(args, c.at, shell.Scope{Vars: c.job.vars, Files: c.job.files}))
}

func (c orbUse) step(out shell.Outcome) {
	before := len(c.job.model.Steps)
	out.Reads = nil // what the orb gives its programs is not known
	c.add(c.job, call{name: c.orb.text, at: c.at}, c.frame, out)
	s := &c.job.model.Steps[before]
	s.Uses, s.Name = c.orb.text, c.orb.name+" "+c.name
}

// snyk is a scan of an image, when one is named; else it is about source code.
func (c orbUse) snyk() {
	image := c.get("docker_image_name", "")
	if image == "" {
		return
	}
	out := c.run.Commands([]string{"snyk", "container", "test", image}, c.at, shell.Scope{Vars: c.job.vars})
	for i := range out.Actions {
		switch n := c.arg("fail_on_issues"); {
		case n == nil || text(n) == "true":
		case text(n) == "false":
			out.Actions[i].Gates, out.Actions[i].GatesWhy = model.GatesNo, "fail-on-issues: false"
		default:
			out.Actions[i].Gates, out.Actions[i].GatesWhy = model.GatesUnknown, "fail-on-issues: "+text(n)
		}
	}
	c.step(out)
}
