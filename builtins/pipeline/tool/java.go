package tool

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// maven reads the goals of Maven that build images: jib, Spring Boot, fabric8, Quarkus.
func maven(r reader) Effect {
	p := flagTable("D,define= P,activate-profiles= f,file= pl,projects= s,settings= gs= T,threads= l= rf= am amd B,batch-mode q U X e ntp o").parse(mavenWords(r.Args[1:]))
	props := properties(p.all("define"))
	e := Effect{Known: true}
	pom := r.pom(p.last("file"), props)
	for _, goal := range p.pos {
		if b, ok := r.mavenGoal(goal, props, pom.image); ok {
			e.add(b)
		} else if pom.bound(goal) {
			if b, ok := r.jib(pom.goal, either(first(props, "jib.to.image", "image"), pom.image), props["jib.to.tags"]); ok {
				e.add(b)
			}
		}
	}
	if props["quarkus.container-image.build"] == "true" || props["quarkus.container-image.push"] == "true" {
		b := r.build("quarkus", props["quarkus.container-image.image"])
		b.Pushes = props["quarkus.container-image.push"] == "true"
		e.add(b)
	}
	return e
}

// mavenWords parts -Dname from -D, which a cluster of short flags would not be.
func mavenWords(args []string) []string {
	var out []string
	for _, a := range args {
		switch {
		case strings.HasPrefix(a, "-D") && len(a) > 2:
			out = append(out, "--define", a[2:])
		case strings.HasPrefix(a, "-P") && len(a) > 2:
		default:
			out = append(out, a)
		}
	}
	return out
}

func properties(defs []string) map[string]string {
	out := map[string]string{}
	for _, d := range defs {
		name, value, ok := cutValue(d)
		if !ok {
			value = "true"
		}
		out[name] = value
	}
	return out
}

func (r reader) mavenGoal(goal string, props map[string]string, image string) (model.Action, bool) {
	i := lastOutside(goal, ':')
	if i < 0 {
		return model.Action{}, false
	}
	plugin, name := goal[:i], goal[i+1:]
	switch {
	case strings.Contains(plugin, "jib"):
		return r.jib(name, either(first(props, "jib.to.image", "image"), image), props["jib.to.tags"])
	case strings.Contains(plugin, "spring-boot") && strings.HasPrefix(name, "build-image"):
		b := r.build("spring-boot", first(props, "spring-boot.build-image.imageName", "spring-boot.build-image.name"))
		b.Pushes = props["spring-boot.build-image.publish"] == "true"
		return b, true
	case plugin == "docker" || plugin == "k8s" || strings.Contains(plugin, "docker-maven-plugin") || plugin == "dockerfile" || strings.Contains(plugin, "dockerfile-maven"):
		image := first(props, "docker.name", "dockerfile.repository", "jkube.generator.name")
		switch name {
		case "build":
			return r.build("docker-maven-plugin", image), true
		case "push":
			return r.action(model.Push, "docker-maven-plugin", image), true
		}
	}
	return model.Action{}, false
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func first(props map[string]string, names ...string) string {
	for _, n := range names {
		if props[n] != "" {
			return props[n]
		}
	}
	return ""
}

// jib reads what jib is asked to do, by Maven or by Gradle.
func (r reader) jib(goal, image, tags string) (model.Action, bool) {
	image = strings.TrimPrefix(image, "docker://")
	images := []string{image}
	for _, t := range splitOutside(tags, ',') {
		if name, _ := cutTag(image); t != "" && image != "" {
			images = append(images, name+":"+t)
		}
	}
	b := r.build("jib", nonEmpty(images)...)
	switch goal {
	case "build", "jib":
		b.Pushes = true
	case "dockerBuild", "buildTar", "jibDockerBuild", "jibBuildTar":
	default:
		return model.Action{}, false
	}
	return b, true
}

// gradle reads the tasks of Gradle that build images.
func gradle(r reader) Effect {
	p := flagTable("image= imageName= publishImage D,system-prop= P,project-prop= p,project-dir= b,build-file= x,exclude-task= I,init-script= q i d s S info stacktrace no-daemon build-cache parallel console= max-workers= scan").parse(gradleWords(r.Args[1:]))
	props := properties(append(p.all("system-prop"), p.all("project-prop")...))
	e := Effect{Known: true}
	for _, task := range p.pos {
		name := task[strings.LastIndex(task, ":")+1:]
		if b, ok := r.gradleTask(name, p, props); ok {
			e.add(b)
		}
	}
	return e
}

func gradleWords(args []string) []string {
	var out []string
	for _, a := range args {
		switch {
		case strings.HasPrefix(a, "-D") && len(a) > 2:
			out = append(out, "--system-prop", a[2:])
		case strings.HasPrefix(a, "-P") && len(a) > 2:
			out = append(out, "--project-prop", a[2:])
		default:
			out = append(out, a)
		}
	}
	return out
}

func (r reader) gradleTask(name string, p parsed, props map[string]string) (model.Action, bool) {
	switch name {
	case "jib", "jibDockerBuild", "jibBuildTar":
		image := either(p.last("image"), first(props, "jib.to.image", "image"))
		return r.jib(name, either(image, r.gradleImage(p)), props["jib.to.tags"])
	case "bootBuildImage":
		b := r.build("spring-boot", p.last("imageName"))
		b.Pushes = p.on("publishImage")
		return b, true
	case "dockerBuildImage", "dockerBuild", "buildDockerImage", "buildImage", "docker":
		return r.build("gradle"), true
	case "dockerPushImage", "dockerPush", "pushDockerImage", "pushImage":
		return r.action(model.Push, "gradle"), true
	}
	return model.Action{}, false
}

// bazel reads the running of targets that, by their names, load or push an image.
func bazel(r reader) Effect {
	p := flagTable("").parse(r.Args[1:])
	command := -1
	for i, a := range p.pos {
		if a == "run" {
			command = i
		}
	}
	if command < 0 || command+1 >= len(p.pos) {
		return Effect{Known: true}
	}
	target := strings.ToLower(p.pos[command+1])
	name := target[strings.LastIndexAny(target, ":/")+1:]
	b := r.build("bazel")
	b.Known = false
	switch {
	case strings.Contains(name, "push") || strings.Contains(name, "publish"):
		b.Pushes = true
	case strings.Contains(name, "image") || strings.Contains(name, "docker") || strings.Contains(name, "tarball"):
	default:
		return Effect{Known: true}
	}
	return known(b)
}
