package tool

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// grype reads grype.
func grype(r reader) Effect {
	p := flagTable(`f,fail-on= o,output= c,config= file= t,template= only-fixed only-notfixed ignore-states= add-cpes-if-none by-cve distro= exclude=
		name= platform= s,scope= show-suppressed q,quiet v,verbose vex= sort-by= profile= from=`).parse(r.Args[1:])
	switch p.arg(0) {
	case "db", "version", "config", "completion", "explain", "help":
		return Effect{Known: true}
	}
	images, ok := r.scanned(p.arg(0))
	if !ok {
		return Effect{Known: true}
	}
	gates, why := r.grypeGates(p)
	return known(r.scan("grype", gates, why, images...))
}

// scanned reads the source of the tools of Anchore, in which folders and files of
// packages are no images. Without one they read a bill of materials.
func (r reader) scanned(source string) ([]model.Ref, bool) {
	if source == "" {
		name, ok := soleSymbol(strings.TrimSpace(r.Stdin))
		of, ok2 := strings.CutPrefix(name, sbomOf)
		if !ok || !ok2 {
			return nil, r.Stdin != ""
		}
		return refs(of), true
	}
	scheme, rest, ok := strings.Cut(source, ":")
	if !ok || strings.Contains(scheme, "$") {
		if source == "." || strings.HasPrefix(source, "./") || strings.HasPrefix(source, "/") {
			return fileRefs([]string{source}), strings.HasSuffix(source, ".tar") || strings.HasSuffix(source, ".json")
		}
		return refs(source), true
	}
	switch scheme {
	case "dir", "file", "purl", "pkg", "cpe", "snap":
		return nil, false
	case "docker", "podman", "registry", "containerd", "image", "local":
		return refs(strings.TrimPrefix(rest, "//")), true
	case "sbom", "docker-archive", "oci-archive", "oci-dir", "singularity", "archive", "oci-model":
		return fileRefs([]string{strings.TrimPrefix(rest, "//")}), true
	case "fs":
		return nil, false
	}
	return refs(source), true
}

// grypeGates says whether grype fails on findings: only from a severity on that it is given.
func (r reader) grypeGates(p parsed) (gates, why string) {
	severity, from := p.last("fail-on"), "--fail-on"
	if !p.has("fail-on") {
		severity, from = r.Env["GRYPE_FAIL_ON_SEVERITY"], "GRYPE_FAIL_ON_SEVERITY"
	}
	if severity == "" {
		severity, from = r.grypeFile(p)
	}
	switch {
	case severity == "" && from != "":
		return model.GatesUnknown, from + " cannot be read"
	case severity == "" && p.opaque:
		return model.GatesUnknown, "no --fail-on, unless it is in the variable that holds arguments"
	case severity == "":
		return model.GatesNo, "no --fail-on: grype ends with 0 whatever it finds"
	case symbolic(severity):
		return model.GatesUnknown, from + " is " + severity + ", which may be empty"
	}
	return model.GatesYes, from + " " + severity
}

func (r reader) grypeFile(p parsed) (severity, from string) {
	names := []string{".grype.yaml", ".grype.yml", ".grype/config.yaml"}
	named := r.setting(p, "config", "GRYPE_CONFIG")
	if named != "" {
		names = []string{named}
	}
	for _, name := range names {
		text, file, ok := r.file(name)
		if !ok {
			continue
		}
		root, problems := document.FromYAML(text, document.Options{Kubectl: true})
		if len(problems) > 0 {
			return "", file
		}
		if severity = scalar(root.Get("fail-on-severity")); severity != "" {
			return severity, "fail-on-severity in " + file
		}
		return "", ""
	}
	return "", named
}
