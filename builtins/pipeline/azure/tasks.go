package azure

import (
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/guess"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/tool"
)

// task reads a step that runs a task.
func (s *step) task(task string) {
	name, version, _ := strings.Cut(task, "@")
	name = strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
	s.begin(task, task)
	for _, f := range s.in.all {
		s.c.plainSecret(f.name, f.node, f.c)
	}
	switch name {
	case "bash", "cmdline", "powershell", "shellscript", "batchscript", "azurecli", "azurepowershell":
		s.scriptTask(name)
	case "docker":
		s.docker(version)
	case "dockercompose":
		s.compose()
	case "containerbuild":
		s.images("build")
		s.images("push")
	case "azurecontainerapps":
		s.containerApps()
	case "maven", "gradle", "dotnetcorecli":
		s.buildTool(name)
	case "notation":
		s.notation()
	default:
		if !s.scanTask(name, version) {
			s.unknownTask(task, name)
		}
	}
}

// scriptTask reads tasks that run a script, inline or of a file.
func (s *step) scriptTask(name string) {
	kind := map[string]string{"bash": "bash", "cmdline": "script", "powershell": "pwsh", "shellscript": "bash", "batchscript": "cmd", "azurepowershell": "pwsh"}[name]
	if name == "azurecli" {
		kind = map[string]string{"ps": "pwsh", "pscore": "pwsh", "batch": "cmd", "bash": "bash", "": "bash"}[strings.ToLower(s.in.text("scriptType"))]
	}
	if f, ok := s.in.get("script", "inlineScript", "inline"); ok && !strings.EqualFold(s.in.text("targetType", "scriptLocation", "scriptType"), "filePath") &&
		!strings.EqualFold(s.in.text("scriptLocation"), "scriptPath") {
		s.inline(f, kind)
		return
	}
	file := s.in.text("filePath", "scriptPath", "filename", "scriptFileName")
	if file == "" {
		return
	}
	dir := s.c.folderOf(s.o.text("workingDirectory"), s.in.text("workingDirectory", "cwd", "workingFolder"))
	c := s.c.copy()
	c.dir = dir
	p, _ := s.in.get("filePath", "scriptPath", "filename", "scriptFileName")
	command := relative(c.marks.Plain(c.expandFile(p)), dir)
	at := s.at
	s.run(`"`+command+`" `+s.in.text("arguments", "args", "scriptArguments"), kind, dir, func(int) model.Place { return at })
}

// expandFile is the name of a file as it is seen from where a script runs.
func (c *ctx) expandFile(p part) string { return c.enter(p).text(p.node) }

// relative writes a file of the repository as it is called from a folder.
func relative(file, dir string) string {
	if file = strings.ReplaceAll(file, `\`, "/"); strings.HasPrefix(file, "../") || strings.HasPrefix(file, "${") || strings.HasPrefix(file, "/") {
		return file
	}
	up := ""
	if dir != "" && dir != "." {
		up = strings.Repeat("../", strings.Count(dir, "/")+1)
	}
	return "./" + up + strings.TrimPrefix(file, "./")
}

// execute runs a command that a task is known to run.
func (s *step) execute(text, dir string) {
	at := s.at
	s.run(text, "bash", dir, func(int) model.Place { return at })
}

// buildTool reads tasks of build tools, which may build images with plugins.
func (s *step) buildTool(name string) {
	switch name {
	case "maven":
		s.execute("mvn -f \""+orText(s.in.text("mavenPomFile", "mavenPOMFile"), "pom.xml")+"\" "+s.in.text("options")+" "+orText(s.in.text("goals"), "package"), "")
	case "gradle":
		s.execute("./gradlew "+s.in.text("options")+" "+orText(s.in.text("tasks"), "build"), s.c.folderOf(s.in.text("workingDirectory", "cwd")))
	default:
		s.execute("dotnet "+strings.ReplaceAll(s.in.text("command"), "custom", s.in.text("custom"))+" "+s.in.text("arguments"), "")
	}
}

func orText(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// notation reads Notation@0. Without names, it signs what the Docker tasks of the
// job have pushed, by digest.
func (s *step) notation() {
	a := model.Action{Tool: "notation", Method: "notation", Known: true}
	switch strings.ToLower(s.in.text("command")) {
	case "sign":
		a.Kind = model.Sign
		a.Key = s.c.marks.Plain(s.in.text("keyid"))
	case "verify":
		a.Kind = model.Verify
	default:
		return
	}
	refs := strings.FieldsFunc(s.c.marks.Plain(s.in.text("artifactRefs")), func(r rune) bool { return r == ',' || r == '\n' || r == ' ' })
	for _, ref := range refs {
		a.Images = append(a.Images, tool.NewRef(ref))
	}
	if len(refs) == 0 {
		for _, p := range s.c.job.pushed {
			a.Images = append(a.Images, tool.NewRef(p.name+"@${"+p.digest+"}"))
		}
	}
	s.act(a)
}

// containerApps reads AzureContainerApps, which builds what appSourcePath holds.
func (s *step) containerApps() {
	if s.in.text("appSourcePath") == "" {
		return
	}
	a := model.Action{Kind: model.Build, Tool: "azure-container-apps", Pushes: true, Known: true}
	if image := s.c.marks.Plain(s.in.text("imageToBuild")); image != "" {
		a.Images = []model.Ref{tool.NewRef(image)}
	}
	s.act(a)
}

// scanTask reads the tasks of scanners. What they scan may be no image.
func (s *step) scanTask(name, version string) bool {
	switch {
	case name == "trivy":
		s.trivy(version)
	case name == "snyksecurityscan":
		if strings.EqualFold(s.in.text("testType"), "container") {
			gates, why := s.unless("failOnIssues")
			s.scanned("snyk", s.in.text("dockerImageName"), gates, why)
		}
	case name == "aquasecscanner":
		s.scanned("aqua", s.in.text("image", "imageName", "scanImage"), model.GatesUnknown, "policies are kept in the console of Aqua")
	case strings.Contains(name, "prisma") || strings.Contains(name, "twistlock"):
		if t := strings.ToLower(s.in.text("scanType")); t == "" || strings.HasPrefix(t, "image") {
			s.scanned("prisma-cloud", s.in.text("artifact", "image"), model.GatesUnknown, "thresholds are kept in the console of Prisma Cloud")
		}
	case name == "anchore" || name == "anchoreimagescan":
		gates, why := s.unless("failBuild")
		s.scanned("anchore", s.in.text("image", "imageName"), gates, why)
	default:
		return false
	}
	return true
}

// scanned adds a scan by a task that is known.
func (s *step) scanned(by, image, gates, why string) {
	a := s.scan(by, image, gates, why)
	a.Known = true
	s.act(a)
}

func (s *step) scan(by, image, gates, why string) model.Action {
	a := model.Action{Kind: model.Scan, Tool: by, Gates: gates, GatesWhy: why}
	if image = s.c.marks.Plain(image); image != "" {
		a.Images = []model.Ref{tool.NewRef(image)}
	}
	return a
}

// unless says that findings fail the task unless an input is false.
func (s *step) unless(name string) (gates, why string) {
	switch strings.ToLower(s.in.text(name)) {
	case "", "true":
		return model.GatesYes, name + " is true"
	case "false":
		return model.GatesNo, name + ": false"
	}
	return model.GatesUnknown, name + " is known only when it runs"
}

// trivy reads both versions of the task: the first fails unless exitCode is 0, the
// second only from a threshold on, and not while it ignores what it finds.
func (s *step) trivy(version string) {
	image := s.in.text("image")
	switch {
	case !strings.HasPrefix(version, "2") && image == "":
	case !strings.HasPrefix(version, "2") && s.in.text("exitCode") == "0":
		s.scanned("trivy", image, model.GatesNo, "exitCode: 0")
	case !strings.HasPrefix(version, "2"):
		s.scanned("trivy", image, model.GatesYes, "exitCode is not 0")
	case strings.EqualFold(s.in.text("type"), "image"):
		gates, why := s.threshold()
		s.scanned("trivy", s.in.text("target"), gates, why)
	}
}

func (s *step) threshold() (gates, why string) {
	switch level := s.c.marks.Plain(s.in.text("failOnSeverityThreshold")); {
	case strings.EqualFold(s.in.text("ignoreScanErrors"), "true"):
		return model.GatesNo, "ignoreScanErrors: true"
	case level != "":
		return model.GatesYes, "failOnSeverityThreshold: " + level
	case strings.Contains(s.in.text("options"), "--exit-code"):
		return model.GatesUnknown, "options has --exit-code, which the task interprets itself"
	}
	return model.GatesNo, "no failOnSeverityThreshold"
}

// unknownTask takes note of a task of which only the name tells what it does.
func (s *step) unknownTask(task, name string) {
	if name == "microsoftsecuritydevops" {
		s.securityDevOps()
		return
	}
	kinds := guess.Kinds(strings.Split(task, "@")[0])
	telling := false
	for _, k := range kinds {
		switch k {
		case model.Sign, model.Attest, model.Verify, model.Scan, model.SBOM:
			telling = true
		}
	}
	if !telling && !strings.Contains(name, "docker") && !strings.Contains(name, "kaniko") || isQuiet(name) {
		return
	}
	image := s.in.text("image", "imageName", "dockerImageName", "containerImage", "imageToScan", "repository")
	for _, k := range kinds {
		a := s.scan("task", image, "", "")
		if k == model.Tag || k == model.Copy || k == model.Push && slices.Contains(kinds, model.Build) || k == model.Attest && slices.Contains(kinds, model.Sign) {
			continue
		}
		a.Kind, a.Method = k, "task:"+task
		if k == model.Scan {
			a.Gates, a.GatesWhy = model.GatesUnknown, "it is a task that is not known"
		}
		s.act(a)
	}
	s.c.unseen(s.at, "task", task, "what the task does, as a script", kinds...)
}

// isQuiet says whether a task with a telling name does nothing to images.
func isQuiet(name string) bool {
	switch name {
	case "dockerinstaller", "azurewebappcontainer", "azurefunctionappcontainer", "publishsecurityanalysislogs", "postanalysis", "credscan",
		"sonarqubeprepare", "sonarcloudprepare", "whitesource", "codesigning", "esrpcodesigning", "signtool", "advancedsecurity-codeql-init",
		"advancedsecurity-codeql-analyze", "advancedsecurity-dependency-scanning", "componentgovernancecomponentdetection", "powershellonTargetMachines":
		return true
	}
	return strings.Contains(name, "codesign") || strings.Contains(name, "authenticode") || strings.Contains(name, "nuget") ||
		strings.Contains(name, "credscan") || strings.Contains(name, "sourcescan") || strings.Contains(name, "checkmarx") || strings.Contains(name, "owasp")
}

// securityDevOps reads MicrosoftSecurityDevOps: it may scan images, which ones its
// configuration tells.
func (s *step) securityDevOps() {
	asked := strings.ToLower(s.in.text("tools") + s.in.text("categories"))
	if asked != "" && !strings.Contains(asked, "trivy") && !strings.Contains(asked, "container") {
		return
	}
	gates, why := model.GatesNo, "break is not true"
	if strings.EqualFold(s.in.text("break"), "true") {
		gates, why = model.GatesYes, "break: true"
	}
	s.act(s.scan("microsoft-security-devops", "", gates, why))
}
