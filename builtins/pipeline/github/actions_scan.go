package github

import (
	"regexp"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/tool"
)

func scan(tool, gates, why string, images ...string) model.Action {
	a := action(model.Scan, tool, images...)
	a.Gates, a.GatesWhy = gates, why
	return a
}

// trivy is aquasecurity/trivy-action. Only images are of interest: what is
// scanned in the checkout is none.
func trivy(u *use) {
	images := listed(u.input("image-ref").text, true)
	kind := u.or("scan-type", "image").text
	if kind != "image" && !symbolic(kind) {
		return
	}
	a := scan("trivy", "", "", images...)
	if in := u.input("input").text; in != "" {
		a.Images = []model.Ref{{Text: in, By: model.ByFile}}
	} else if len(images) == 0 {
		a.Images = refs([]string{u.input("scan-ref").text})
	}
	a.Known = kind == "image"
	if f := strings.ToLower(u.input("format").text); f == "cyclonedx" || strings.HasPrefix(f, "spdx") {
		a.Kind = model.SBOM
		u.act(a)
		return
	}
	if !tool.LooksForVulnerabilities(u.setting("scanners", "TRIVY_SCANNERS").text) {
		return
	}
	a.Gates, a.GatesWhy = u.trivyGates()
	if severities := u.setting("severity", "TRIVY_SEVERITY"); a.Gates == model.GatesYes && severities.sure && tool.LeavesCritical(severities.text) {
		a.Gates, a.GatesWhy = model.GatesNo, "severity: "+severities.text+" leaves out CRITICAL"
	}
	u.act(a)
}

// setting is an input, or the variable that trivy reads in its place.
func (u *use) setting(input, variable string) value {
	in := u.input(input)
	if v, ok := u.scope.env[variable]; ok && in.text == "" {
		return v
	}
	return in
}

// trivyGates says whether findings fail trivy: only with an exit code.
func (u *use) trivyGates() (gates, why string) {
	code, from := u.setting("exit-code", "TRIVY_EXIT_CODE"), "exit-code"
	if u.input("exit-code").text == "" && code.text != "" {
		from = "TRIVY_EXIT_CODE"
	}
	switch {
	case symbolic(code.text) || !code.sure:
		return model.GatesUnknown, from + " is known only when it runs"
	case code.text == "" && u.input("trivy-config").text != "":
		return model.GatesUnknown, "trivy-config may set an exit code"
	case code.text == "":
		return model.GatesNo, "there is no exit-code: findings do not fail the step"
	case strings.Trim(code.text, "0") == "":
		return model.GatesNo, from + ": " + code.text
	}
	return model.GatesYes, from + ": " + code.text
}

// byInput says whether findings fail a scan, by a switch of its action.
func (u *use) byInput(name, def string) (gates, why string) {
	v := u.or(name, def)
	switch {
	case !v.sure:
		return model.GatesUnknown, name + " is known only when it runs"
	case v.text == "true":
		why = name + ": true"
		if u.input(name).text == "" {
			why += ", which is the default"
		}
		return model.GatesYes, why
	case u.input(name).text == "":
		return model.GatesNo, "there is no " + name
	}
	return model.GatesNo, name + ": " + v.text
}

// grype is anchore/scan-action: of an image, not of a folder or a bill of materials.
func grype(u *use) {
	image := u.first("image", "image-reference").text
	if image == "" {
		return
	}
	gates, why := u.byInput("fail-build", "true")
	u.act(scan("grype", gates, why, image))
}

// syft is anchore/sbom-action.
func syft(u *use) {
	if image := u.input("image").text; image != "" {
		u.act(action(model.SBOM, "syft", image))
	}
}

// snyk is snyk/actions/docker: it fails when it finds something.
func snyk(u *use) {
	command, args := u.or("command", "test"), u.input("args").text
	switch a := scan("snyk", model.GatesYes, "snyk fails when it finds something", u.input("image").text); {
	case !command.sure:
		a.Gates, a.GatesWhy = model.GatesUnknown, "the command is known only when it runs"
		u.act(a)
	case command.text == "monitor":
		a.Gates, a.GatesWhy = model.GatesNo, "command: monitor"
		u.act(a)
	case symbolic(args):
		a.Gates, a.GatesWhy = model.GatesUnknown, "args are known only when it runs"
		u.act(a)
	case command.text == "test" || command.text == "container test":
		u.act(a)
	}
}

// scout is docker/scout-action: one or several commands on an image.
func scout(u *use) {
	images := listed(u.input("image").text, true)
	for i, name := range images {
		images[i] = strings.TrimPrefix(strings.TrimPrefix(name, "registry://"), "local://")
	}
	for _, command := range listed(u.input("command").text, true) {
		switch command {
		case "cves", "compare":
			gates, why := u.byInput("exit-code", "false")
			if on := u.input("exit-on").text; gates == model.GatesNo && command == "compare" && on != "" {
				gates, why = model.GatesYes, "exit-on: "+on
			}
			u.act(scan("docker-scout", gates, why, images...))
		case "quickview":
			u.act(scan("docker-scout", model.GatesNo, "command: quickview", images...))
		case "sbom":
			u.act(action(model.SBOM, "docker-scout", images...))
		}
	}
}

var oldSysdig = regexp.MustCompile(`^v[1-4](\.|$)`)

// sysdig is sysdiglabs/scan-action. Versions differ in which input decides.
func sysdig(u *use) {
	a := scan("sysdig", model.GatesUnknown, "whether findings fail the step depends on the version of the action", u.input("image-tag").text)
	ignore, stop := u.input("ignore-failed-scan"), u.input("stop-on-failed-policy-eval")
	switch {
	case ignore.text == "true":
		a.Gates, a.GatesWhy = model.GatesNo, "ignore-failed-scan: true"
	case stop.text == "true":
		a.Gates, a.GatesWhy = model.GatesYes, "stop-on-failed-policy-eval: true"
	case stop.text == "false":
		a.Gates, a.GatesWhy = model.GatesNo, "stop-on-failed-policy-eval: false"
	case oldSysdig.MatchString(u.version) && ignore.sure:
		a.Gates, a.GatesWhy = model.GatesYes, "there is no ignore-failed-scan"
	}
	u.act(a)
}

// containerScan is azure/container-scan: it fails above a severity.
func containerScan(u *use) {
	u.act(scan("trivy", model.GatesYes, "the action fails from severity-threshold on", u.input("image-name").text))
}

func crazyScan(u *use) {
	a := scan("trivy", model.GatesNo, "there is no severity_threshold", u.input("image").text)
	if v := u.input("severity_threshold").text; v != "" {
		a.Gates, a.GatesWhy = model.GatesYes, "severity_threshold: "+v
	}
	if tarball := u.input("tarball").text; tarball != "" {
		a.Images = []model.Ref{{Text: tarball, By: model.ByFile}}
	}
	u.act(a)
}

// console is a scanner whose rules stand in a console elsewhere.
func console(tool, input string) handler {
	return func(u *use) {
		u.act(scan(tool, model.GatesUnknown, "rules that are not in the repository decide whether findings fail the step", u.input(input).text))
	}
}
