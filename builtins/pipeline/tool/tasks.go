package tool

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// packageScripts reads npm, yarn, pnpm and bun, whose scripts stand in package.json.
func packageScripts(r reader) Effect {
	p := flagTable("prefix= C,dir= F,filter= w,workspace= cwd= s,silent if-present ws,workspaces r,recursive").stopping().parse(r.Args[1:])
	args := p.pos
	switch {
	case len(args) > 1 && (args[0] == "run" || args[0] == "run-script"):
		args = args[1:]
	case len(args) > 0 && r.name == "yarn", len(args) > 0 && r.name == "pnpm":
	default:
		return Effect{Known: true}
	}
	dir := p.last("prefix") + p.last("dir") + p.last("cwd")
	name := "package.json"
	if dir != "" {
		name = dir + "/" + name
	}
	if text, _, ok := r.file(name); ok {
		root, problems := document.FromYAML(text, document.Options{})
		if script := scalar(root.Get("scripts").Get(args[0])); len(problems) == 0 && script != "" {
			return Effect{Known: true, Runs: [][]string{{"sh", "-c", script}}}
		}
	}
	return r.hidden("script", r.name+" "+args[0], args[0], "package.json with the script")
}

// taskRunner reads programs that run what a file of their own defines.
func taskRunner(r reader) Effect {
	for _, a := range r.Args[1:] {
		if e := r.hidden("make", r.name+" "+a, a, "what the task does, as commands of the pipeline"); len(e.Unseen) > 0 {
			return e
		}
	}
	return Effect{Known: true}
}

// hidden is something that is not read, if its name says that it is about images.
func (r reader) hidden(kind, full, name, supply string) Effect {
	may := hints(name)
	if len(may) == 0 {
		return Effect{Known: true}
	}
	return Effect{Known: true, Unseen: []model.Unseen{r.unseen(kind, full, supply, may...)}}
}

// hints are the kinds of actions that a name speaks of.
func hints(name string) []model.Kind {
	name = strings.ToLower(name)
	var may []model.Kind
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(name, w) {
				return true
			}
		}
		return false
	}
	if has("docker", "image", "container", "podman", "release", "publish") {
		may = append(may, model.Build, model.Push)
	}
	if has("sign", "release", "cosign", "notation") && !has("design", "assign") {
		may = append(may, model.Sign)
	}
	if has("trivy", "grype", "snyk", "vuln", "scan") {
		may = append(may, model.Scan)
	}
	if has("sbom") {
		may = append(may, model.SBOM)
	}
	return may
}

// kubescape reads the image scan of kubescape.
func kubescape(r reader) Effect {
	p := flagTable("s,severity-threshold= f,format= o,output= exceptions= u,username= p,password= use-default-matchers v,verbose fail-threshold= compliance-threshold= account= access-key=").parse(r.Args[1:])
	if p.arg(0) != "scan" || p.arg(1) != "image" {
		return Effect{Known: true}
	}
	gates, why := model.GatesNo, "no --severity-threshold: kubescape ends with 0 whatever it finds"
	if p.has("severity-threshold") {
		gates, why = model.GatesYes, "--severity-threshold "+p.last("severity-threshold")
	}
	return known(r.scan("kubescape", gates, why, refs(p.pos[2:]...)...))
}

// ctr reads the client of containerd.
func ctr(r reader) Effect {
	p := flagTable("n,namespace= a,address= u,user= k,skip-verify plain-http platform= all-platforms").parse(r.Args[1:])
	if len(p.pos) < 3 || p.pos[0] != "image" && p.pos[0] != "images" && p.pos[0] != "i" {
		return Effect{Known: true}
	}
	switch p.pos[1] {
	case "push":
		return known(r.action(model.Push, "ctr", p.pos[2]))
	case "tag":
		if len(p.pos) > 3 {
			return known(r.copying(model.Tag, "ctr", p.pos[2], p.pos[3:]...))
		}
	case "pull":
		return Effect{Known: true, References: []model.Reference{r.reference("image", p.pos[2])}}
	}
	return Effect{Known: true}
}
