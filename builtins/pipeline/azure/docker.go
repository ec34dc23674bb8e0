package azure

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// docker reads the Docker task in its versions.
func (s *step) docker(version string) {
	if strings.HasPrefix(version, "0") || strings.HasPrefix(version, "1") {
		s.dockerOld()
		return
	}
	switch strings.ToLower(orText(s.in.text("command"), "buildAndPush")) {
	case "buildandpush":
		s.images("build")
		s.images("push")
	case "build", "push":
		s.images(strings.ToLower(s.in.text("command")))
	case "login":
		s.act(model.Action{Kind: model.Login, Tool: "docker", Known: true})
	case "logout", "start", "stop":
	default:
		s.execute("docker "+s.in.text("command")+" "+s.in.text("arguments"), "")
	}
}

// images reads a build or a push by Docker@2: each tag of a repository.
func (s *step) images(command string) {
	repository := s.qualified(s.in.text("repository"), s.in.text("containerRegistry", "dockerRegistryServiceConnection"))
	var names []string
	for _, tag := range lines(orText(s.in.text("tags"), s.c.marks.Mark("BUILD_BUILDID"))) {
		if repository != "" {
			names = append(names, repository+":"+tag)
		}
	}
	if command == "push" {
		for _, n := range names {
			s.push(n, s.in.text("arguments"))
		}
		return
	}
	arguments := s.in.text("arguments")
	if strings.EqualFold(s.in.text("command"), "buildAndPush") || s.in.text("command") == "" {
		arguments = "" // the task leaves them out
	}
	s.build(names, arguments)
}

func lines(text string) []string {
	var out []string
	for _, l := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == ',' }) {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

// build runs docker build with the names of the image.
func (s *step) build(names []string, arguments string) {
	file := s.c.repositoryFile(orText(s.in.text("Dockerfile", "dockerFile"), "**/Dockerfile"))
	context := s.in.text("buildContext", "context")
	if context == "" || context == "**" {
		context = "."
		if i := strings.LastIndexByte(file, '/'); i > 0 && !strings.Contains(file, "*") {
			context = file[:i]
		}
	}
	command := `docker build -f "` + file + `"`
	for _, n := range names {
		command += ` -t "` + n + `"`
	}
	s.execute(command+" "+strings.ReplaceAll(arguments, "\n", " ")+` "`+s.c.repositoryFile(context)+`"`, "")
}

// repositoryFile is a file relative to the root of the repository; **/ stands for
// the root where the file lies there.
func (c *ctx) repositoryFile(name string) string {
	name = strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "./")
	if short, ok := strings.CutPrefix(name, "**/"); ok && c.run.Files().Exists(short) {
		return short
	}
	return name
}

// push runs docker push, and keeps the name for those who sign what was pushed.
func (s *step) push(name, arguments string) {
	from := len(s.Actions)
	s.execute(`docker push "`+name+`" `+strings.ReplaceAll(arguments, "\n", " "), "")
	digest := "jobs." + s.c.job.ID + ".steps." + s.ID + ".digest"
	for i := from; i < len(s.Actions); i++ {
		a := &s.Actions[i]
		if a.Kind == model.Push {
			a.Digests = append(a.Digests, digest)
		}
	}
	plain := s.c.marks.Plain(name)
	if i := strings.LastIndexByte(plain, ':'); i > strings.LastIndexByte(plain, '/') && !strings.HasSuffix(plain[:i], "{") {
		plain = plain[:i]
	}
	s.c.job.pushed = append(s.c.job.pushed, pushed{plain, digest})
}

// qualified is the name of a repository in the registry of a service connection,
// which is kept in the project: see [reader.registries].
func (s *step) qualified(repository, connection string) string {
	repository = strings.TrimSpace(repository)
	host, _, slash := strings.Cut(repository, "/")
	if repository == "" || strings.TrimSpace(connection) == "" || slash && strings.ContainsAny(host, ".:") {
		return repository
	}
	return s.c.marks.Mark(registryOf+s.c.marks.Plain(strings.TrimSpace(connection))) + "/" + repository
}

// registryOf begins the symbol of the registry of a service connection.
const registryOf = "registry-of:"

// registries writes the registry of a service connection out, where the rest of
// the pipeline tells it: an image of the same repository and tag, which nothing
// else in the pipeline builds or uploads, is named with exactly one registry.
func (r *reader) registries() {
	named, made := map[string]map[string]bool{}, map[string]bool{}
	r.each(func(a *model.Action) {
		for _, ref := range a.From {
			name(named, ref.Text)
		}
		for _, ref := range a.Images {
			switch a.Kind {
			case model.Build, model.Push, model.Tag, model.Copy:
				if host, rest, ok := cutHost(ref.Text); ok && !strings.HasPrefix(host, "${"+registryOf) {
					made[rest] = true
				}
			default:
				name(named, ref.Text)
			}
		}
	})
	hosts := map[string]string{} // "" where there are several
	r.each(func(a *model.Action) {
		for _, ref := range a.Images {
			symbol, rest, ok := cutHost(ref.Text)
			if !ok || !strings.HasPrefix(symbol, "${"+registryOf) || made[rest] {
				continue
			}
			for host := range named[rest] {
				if have, ok := hosts[symbol]; ok && have != host {
					host = ""
				}
				hosts[symbol] = host
			}
		}
	})
	for symbol, host := range hosts {
		if host != "" {
			r.rename(symbol, host)
		}
	}
}

// name takes note of the registry with which an image is named, under its tag and,
// where it is named by digest, under any.
func name(named map[string]map[string]bool, text string) {
	host, rest, ok := cutHost(text)
	if !ok || strings.HasPrefix(host, "${"+registryOf) {
		return
	}
	if named[rest] == nil {
		named[rest] = map[string]bool{}
	}
	named[rest][host] = true
}

// rename puts a registry in place of a symbol.
func (r *reader) rename(symbol, host string) {
	in := func(text *string) { *text = strings.ReplaceAll(*text, symbol+"/", host+"/") }
	r.each(func(a *model.Action) {
		for _, refs := range [][]model.Ref{a.Images, a.From} {
			for i := range refs {
				in(&refs[i].Text)
				in(&refs[i].Name)
			}
		}
		for _, texts := range [][]string{a.Digests, a.Names} {
			for i := range texts {
				in(&texts[i])
			}
		}
	})
}

// each calls a function for all actions.
func (r *reader) each(f func(*model.Action)) {
	for _, j := range r.jobs {
		for _, s := range j.steps {
			for i := range s.Actions {
				f(&s.Actions[i])
			}
		}
	}
}

// cutHost cuts the registry off a name.
func cutHost(text string) (host, rest string, ok bool) {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{':
			depth++
		case '}':
			depth--
		case '/':
			if depth == 0 {
				host = text[:i]
				return host, text[i+1:], strings.ContainsAny(host, ".:$")
			}
		}
	}
	return "", text, false
}

// dockerOld reads the first versions of the task: they name a whole image.
func (s *step) dockerOld() {
	image := s.in.text("imageName")
	host := registryHost(s.in.text("azureContainerRegistry"))
	if connection := s.in.text("dockerRegistryEndpoint", "dockerRegistryConnection"); host == "" && connection != "" {
		image = s.qualified(image, connection)
	} else if host != "" && image != "" && !strings.HasPrefix(image, host) {
		image = host + "/" + image
	}
	names := []string{image}
	if name, _, ok := cutTag(image); strings.EqualFold(s.in.text("includeLatestTag"), "true") {
		if !ok {
			name = image
		}
		names = append(names, name+":latest")
	}
	switch command := strings.ToLower(orText(s.in.text("command"), s.in.text("action"))); {
	case strings.Contains(command, "build"), command == "":
		s.build(names, s.in.text("arguments", "additionalDockerOptions"))
	case strings.Contains(command, "push"):
		for _, n := range names {
			s.push(n, "")
		}
	case strings.Contains(command, "tag"):
		for _, to := range lines(s.in.text("arguments")) {
			s.execute(`docker tag "`+image+`" "`+to+`"`, "")
		}
	case command == "login":
		s.act(model.Action{Kind: model.Login, Tool: "docker", Known: true})
	case strings.Contains(command, "command"):
		s.execute("docker "+s.in.text("customCommand"), "")
	}
}

func cutTag(text string) (name, tag string, ok bool) {
	i := strings.LastIndexByte(text, ':')
	if i < 0 || i < strings.LastIndexByte(text, '/') {
		return text, "", false
	}
	return text[:i], text[i+1:], true
}

// registryHost is the address of a registry, which old tasks also give as JSON.
func registryHost(text string) string {
	text = strings.TrimSpace(text)
	if _, rest, ok := strings.Cut(text, `"loginServer"`); ok {
		rest = strings.TrimLeft(rest, `: "`)
		host, _, _ := strings.Cut(rest, `"`)
		return host
	}
	if strings.HasPrefix(text, "{") {
		return ""
	}
	return strings.TrimSuffix(text, "/")
}

// compose reads DockerCompose: the services of a file are built or uploaded.
func (s *step) compose() {
	action := strings.ToLower(orText(s.in.text("action"), s.in.text("command")))
	file := s.c.repositoryFile(orText(s.in.text("dockerComposeFile"), "docker-compose.yml"))
	word := ""
	switch {
	case strings.Contains(action, "build"):
		word = "build"
	case strings.Contains(action, "push"):
		word = "push"
	case strings.Contains(action, "command"):
		word = s.in.text("dockerComposeCommand")
	default:
		return
	}
	s.execute(`docker compose -f "`+file+`" `+word+" "+s.in.text("arguments"), "")
}
