package tool

import (
	"fmt"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

const trivyFlags = `c,config= cache-dir= d,debug generate-default-config insecure q,quiet timeout= v,version cacert= f,format= o,output= exit-code=
	exit-on-eol= severity,s= vuln-type= pkg-types= pkg-relationships= scanners,security-checks= ignore-unfixed ignore-status= ignorefile= ignore-policy=
	skip-db-update skip-update skip-java-db-update download-db-only download-java-db-only reset clear-cache input= no-progress list-all-pkgs
	dependency-tree offline-scan light only-update= cache-backend= cache-ttl= redis-ca= redis-cert= redis-key= redis-tls db-repository=
	java-db-repository= checks-bundle-repository= policy-bundle-repository= compliance= report= config-check= config-data= config-policy= helm-set=
	helm-values= include-dev-deps include-non-failures image-config-scanners= image-src= docker-host= podman-host= removed-pkgs rekor-url=
	sbom-sources= secret-config= server= token= token-header= custom-headers= skip-dirs= skip-files= skip-policy-update skip-check-update slow
	parallel= t,template= trace username= password= password-stdin registry-token= vex= show-suppressed detection-priority= distro= platform=
	file-patterns= license-full license-confidence-level= ignored-licenses= max-image-size= module-dir= enable-modules= output-plugin-arg=
	skip-vex-repo-update disable-telemetry skip-version-check table-mode= raw-config-scanners= cf-params= tf-vars= ignore-ids= filter-ids=
	namespaces= k8s-version= render-cause= license-scanner= check-namespaces=`

// trivy reads trivy. Only the scan of an image counts: one of folders does not
// look at what was built.
func trivy(r reader) Effect {
	p := flagTable(trivyFlags).parse(r.Args[1:])
	if p.on("download-db-only") || p.on("download-java-db-only") || p.on("reset") || p.on("clear-cache") && len(p.pos) < 2 {
		return Effect{Known: true}
	}
	command, args := p.arg(0), p.pos
	switch command {
	case "image", "i", "client", "c":
		args = p.pos[1:]
	case "sbom":
		return r.trivyScan(p, fileRefs(p.pos[1:]))
	case "fs", "filesystem", "f", "repo", "repository", "r", "config", "conf", "rootfs", "k8s", "kubernetes", "vm", "aws", "server", "s",
		"plugin", "p", "clean", "convert", "version", "help", "module", "m", "completion", "vex", "registry", "auth", "cloud":
		return Effect{Known: true}
	}
	if len(args) > 1 { // trivy takes one image, so that others are flags in variables
		p.opaque, args = true, args[len(args)-1:]
	}
	images := refs(args...)
	if p.has("input") {
		images = []model.Ref{fileRef(p.last("input"))}
	}
	if len(images) == 0 && !p.opaque {
		return Effect{Known: true}
	}
	if format := r.setting(p, "format", "TRIVY_FORMAT"); isBOMFormat(format) {
		return r.madeSBOM("trivy", images, nonEmpty([]string{p.last("output")}))
	}
	return r.trivyScan(p, images)
}

func fileRefs(names []string) []model.Ref {
	var out []model.Ref
	for _, n := range names {
		out = append(out, fileRef(n))
	}
	return out
}

func isBOMFormat(format string) bool {
	for _, prefix := range []string{"cyclonedx", "spdx", "syft", "github"} {
		if strings.HasPrefix(format, prefix) {
			return true
		}
	}
	return false
}

// setting is the value of a flag, or of the variable that stands for it.
func (r reader) setting(p parsed, flag, variable string) string {
	if p.has(flag) {
		return p.last(flag)
	}
	return r.Env[variable]
}

func (r reader) trivyScan(p parsed, images []model.Ref) Effect {
	scanners := r.setting(p, "security-checks", "TRIVY_SCANNERS")
	if !LooksForVulnerabilities(scanners) {
		return Effect{Known: true}
	}
	gates, why := r.trivyGates(p)
	if severities := r.setting(p, "s", "TRIVY_SEVERITY"); gates == model.GatesYes && (LeavesCritical(severities) || p.has("s") && severities == "") {
		gates, why = model.GatesNo, fmt.Sprintf("--severity %q leaves out CRITICAL", severities)
	}
	return known(r.scan("trivy", gates, why, images...))
}

// trivyGates says whether trivy fails on findings: only when it is given another
// exit code than 0, by flag, variable or file, in this order.
func (r reader) trivyGates(p parsed) (gates, why string) {
	code, from := "", ""
	switch {
	case p.has("exit-code"):
		code, from = p.last("exit-code"), "--exit-code"
	case r.Env["TRIVY_EXIT_CODE"] != "":
		code, from = r.Env["TRIVY_EXIT_CODE"], "TRIVY_EXIT_CODE"
	default:
		code, from = r.trivyFile(p)
	}
	switch {
	case code == "" && from != "":
		return model.GatesUnknown, from + " cannot be read"
	case code == "" && p.opaque:
		return model.GatesUnknown, "no --exit-code, unless it is in the variable that holds arguments"
	case code == "":
		return model.GatesNo, "no --exit-code: trivy ends with 0 whatever it finds"
	case code == "0":
		return model.GatesNo, from + " 0: trivy ends with 0 whatever it finds"
	case symbolic(code):
		return model.GatesUnknown, fmt.Sprintf("%s is %s, which is not known", from, code)
	}
	return model.GatesYes, from + " " + code
}

// trivyFile is the exit code that trivy.yaml gives.
func (r reader) trivyFile(p parsed) (code, from string) {
	name := r.setting(p, "config", "TRIVY_CONFIG")
	named := name != ""
	if !named {
		name = "trivy.yaml"
	}
	text, file, ok := r.file(name)
	if !ok {
		if named {
			return "", name
		}
		return "", ""
	}
	root, problems := document.FromYAML(text, document.Options{Kubectl: true})
	if len(problems) > 0 {
		return "", file
	}
	if code = scalar(root.Get("exit-code")); code == "" {
		return "", ""
	}
	return code, "exit-code in " + file
}
