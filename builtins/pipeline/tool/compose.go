package tool

import (
	"path"
	"regexp"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// readCompose reads the services of a compose file that are built.
func (f *bakeFile) readCompose(r reader, file string, text []byte) bool {
	root, problems := document.FromYAML(text, document.Options{Kubectl: true})
	if root == nil || len(problems) > 0 {
		return false
	}
	project := scalar(root.Get("name"))
	for _, s := range fields(root.Get("services")) {
		build := s.Value.Get("build")
		if build == nil {
			continue
		}
		t := f.target(s.Name)
		t.at = model.Place{File: file, Line: s.Line}
		image := r.interpolate(scalar(s.Value.Get("image")))
		if image == "" {
			image = r.serviceImage(project, s.Name)
		}
		tags := []string{image}
		for _, extra := range scalars(build.Get("tags")) {
			tags = append(tags, r.interpolate(extra))
		}
		t.put("tags", nonEmpty(tags))
		t.set["named"] = s.Value.Get("image") != nil
		if x := build.Get("x-bake"); x != nil {
			f.composeExtension(r, t, x)
		}
	}
	return true
}

func (f *bakeFile) composeExtension(r reader, t *bakeTarget, x *document.Node) {
	for _, key := range []string{"tags", "output", "attest"} {
		n := x.Get(key)
		if n == nil {
			continue
		}
		values := scalars(n)
		for i := range values {
			values[i] = r.interpolate(values[i])
		}
		if key == "tags" {
			values = append(values, t.lists["tags"]...)
		}
		t.put(key, values)
	}
}

// serviceImage is the name that compose gives to an image without one: project-service.
func (r reader) serviceImage(project, service string) string {
	if project == "" {
		project = r.Env["COMPOSE_PROJECT_NAME"]
	}
	if project == "" && r.Dir != "" && r.Dir != "." {
		project = strings.ToLower(path.Base(r.Dir))
	}
	if project == "" {
		project = "${COMPOSE_PROJECT_NAME}"
	}
	return project + "-" + service
}

var composeVariable = regexp.MustCompile(`\$(?:\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?+])([^{}]*))?\}|([A-Za-z_][A-Za-z0-9_]*))`)

// interpolate puts the values of variables into a text of a compose file.
func (r reader) interpolate(text string) string {
	return composeVariable.ReplaceAllStringFunc(text, func(found string) string {
		m := composeVariable.FindStringSubmatch(found)
		name := m[1] + m[4]
		value, ok := r.Env[name]
		switch {
		case ok && (value != "" || !strings.HasPrefix(m[2], ":")):
			return value
		case strings.HasSuffix(m[2], "-"):
			return m[3]
		}
		return "${" + name + "}"
	})
}

// compose reads "docker compose" and "docker-compose".
func (r reader) compose(args []string) Effect {
	p := flagTable("f,file= p,project-name= profile= env-file= project-directory= ansi= progress= parallel= verbose compatibility dry-run all-resources v,version").stopping().parse(args)
	if len(p.pos) == 0 {
		return Effect{Known: true}
	}
	q := flagTable(`push pull no-cache q,quiet progress= build-arg= m,memory= ssh= with-dependencies builder= print check sbom= provenance=
		build d,detach force-recreate no-build remove-orphans abort-on-container-exit exit-code-from= scale= t,timeout= wait
		wait-timeout= ignore-push-failures include-deps rm e,env= entrypoint= T no-deps name= w,workdir= u,user= v,volume= service-ports`)
	command, rest := p.pos[0], p.pos[1:]
	switch {
	case command == "build", command == "up":
		b := q.parse(rest)
		if command == "up" && !b.on("build") || b.on("print") || b.on("check") {
			return Effect{Known: true}
		}
		return r.composeBuild(p, b, b.on("push"))
	case command == "push":
		return r.composePush(p, q.parse(rest))
	case command == "run", command == "exec":
		b := q.stopping().parse(rest)
		if len(b.pos) > 1 {
			e := r.inContainer(b.pos[1:], b.all("env"))
			e.Known = true
			return e
		}
	}
	return Effect{Known: true}
}

func (r reader) composeFiles(p parsed) *bakeFile {
	names := p.all("file")
	if len(names) == 0 && r.Env["COMPOSE_FILE"] != "" {
		names = strings.Split(r.Env["COMPOSE_FILE"], ":")
	}
	if d := p.last("project-directory"); d != "" && !symbolic(d) {
		r.Dir = path.Join(r.Dir, d)
	}
	f := &bakeFile{targets: map[string]*bakeTarget{}}
	for _, n := range []string{"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"} {
		if len(names) == 0 && r.files != nil && r.files.Exists(path.Join(r.Dir, n)) {
			names = []string{n}
		}
	}
	if len(names) == 0 {
		f.unread = []string{"compose.yaml"}
	}
	for _, n := range names {
		text, file, ok := r.file(n)
		if !ok || !f.readCompose(r, file, text) {
			f.unread = append(f.unread, n)
		}
	}
	return f
}

func (r reader) composeBuild(p, b parsed, push bool) Effect {
	e := Effect{Known: true}
	f := r.composeFiles(p)
	for _, name := range f.services(b.pos) {
		a := r.build("docker", f.targets[name].lists["tags"]...)
		a.Place, a.Through, a.Pushes = f.targets[name].at, []model.Place{r.At}, push
		e.add(a)
	}
	r.composeUnread(&e, f, model.Build)
	return e
}

// composePush pushes the images of services that are built and have a name.
func (r reader) composePush(p, b parsed) Effect {
	e := Effect{Known: true}
	f := r.composeFiles(p)
	for _, name := range f.services(b.pos) {
		t := f.targets[name]
		if !t.set["named"] {
			continue
		}
		a := r.action(model.Push, "docker", t.lists["tags"]...)
		a.Place, a.Through, a.Digests = t.at, []model.Place{r.At}, r.digests(t.lists["tags"])
		e.add(a)
		for _, image := range t.lists["tags"] {
			for _, sign := range r.contentTrust(parsed{}, image) {
				sign.Known = false // compose does not say whether it heeds it
				e.add(sign)
			}
		}
	}
	r.composeUnread(&e, f, model.Push)
	return e
}

func (r reader) composeUnread(e *Effect, f *bakeFile, kind model.Kind) {
	for _, name := range f.unread {
		e.Unseen = append(e.Unseen, r.unseen("dynamic", name, "the compose file", kind))
	}
}

func (f *bakeFile) services(names []string) []string {
	if len(names) == 0 {
		return f.order
	}
	var out []string
	for _, n := range names {
		if f.targets[n] != nil {
			out = append(out, n)
		}
	}
	return out
}
