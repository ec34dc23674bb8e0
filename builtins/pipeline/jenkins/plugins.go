package jenkins

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/jenkins/groovy"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/tool"
)

// plugins reads the steps of plugins that scan or upload images.
func (c *ctx) plugins(n groovy.Call, a args) (value, bool) {
	act, ok := c.pluginAction(n, a)
	if !ok {
		return nil, false
	}
	act.Place, act.Known = c.at(n.At()), true
	for _, i := range act.Images {
		if i.Text == "" {
			act.Images = nil
		}
	}
	c.act(c.step(act.Place, n.Name, n.Name), act)
	return c.unknown(n), true
}

func (c *ctx) pluginAction(n groovy.Call, a args) (model.Action, bool) {
	switch n.Name {
	case "aquaMicroscanner", "aqua":
		return aqua(a), true
	case "prismaCloudScanImage", "twistlockScan":
		return scan("prisma-cloud", a.get("image"), model.GatesUnknown, "thresholds are kept in the console of Prisma Cloud"), true
	case "snykSecurity":
		return snyk(a)
	case "anchore":
		return c.anchore(a), true
	case "grypeScan":
		return grype(a), true
	case "neuvector":
		return neuvector(a), true
	case "wizcli":
		return scan("wiz", after(a.text("userInput"), "--image"), model.GatesUnknown, "policies are kept in the console of Wiz"), true
	case "getImageVulnsFromQualys":
		return scan("qualys", a.get("imageIds"), model.GatesUnknown, "criteria are kept in the settings of the plugin"), true
	case "sysdigImageScan":
		gates, why := unless(a, "bailOnFail")
		return scan("sysdig", a.get("imageName"), gates, why), true
	case "rtDockerPush":
		return model.Action{Kind: model.Push, Tool: "artifactory", Images: refs(a.get("image"))}, true
	}
	return model.Action{}, false
}

func refs(image string) []model.Ref {
	if image == "" {
		return nil
	}
	return []model.Ref{tool.NewRef(image)}
}

func scan(by, image, gates, why string) model.Action {
	return model.Action{Kind: model.Scan, Tool: by, Images: refs(image), Gates: gates, GatesWhy: why}
}

// unless says that a scan fails the step unless an argument is false.
func unless(a args, name string) (gates, why string) {
	switch a.get(name) {
	case "", "true":
		return model.GatesYes, name + " is true"
	case "false":
		return model.GatesNo, name + ": false"
	}
	return model.GatesUnknown, name + " is known only when it runs"
}

// after is the word behind an option.
func after(text, option string) string {
	words := strings.Fields(strings.ReplaceAll(text, "=", " "))
	for i, w := range words {
		if w == option && i+1 < len(words) {
			return strings.Trim(words[i+1], `'"`)
		}
	}
	return ""
}

func aqua(a args) model.Action {
	image := a.get("imageName", "localImage", "hostedImage")
	if r := a.get("registry"); a.get("locationType") == "hosted" && r != "" {
		image = a.get("hostedImage") // the registry is the name of an integration
	}
	switch a.get("onDisallowed") {
	case "fail":
		return scan("aqua", image, model.GatesYes, "onDisallowed: 'fail'")
	case "ignore":
		return scan("aqua", image, model.GatesNo, "onDisallowed: 'ignore'")
	}
	return scan("aqua", image, model.GatesUnknown, "onDisallowed is not set")
}

// snyk is about an image only with --docker or --container: otherwise it tests
// the dependencies of the source.
func snyk(a args) (model.Action, bool) {
	more := a.get("additionalArguments")
	image := after(more, "--docker")
	if image == "" {
		image = after(more, "container test")
	}
	gates, why := unless(a, "failOnIssues")
	if image == "" || strings.HasPrefix(image, "-") {
		return model.Action{Kind: model.Scan, Tool: "snyk", Gates: gates, GatesWhy: why}, strings.Contains(more, "--docker")
	}
	return scan("snyk", image, gates, why), true
}

// anchore takes its images from a file that earlier steps have written.
func (c *ctx) anchore(a args) model.Action {
	gates, why := unless(a, "bailOnFail")
	act := scan("anchore", "", gates, why)
	for _, line := range strings.Split(c.disk[strings.TrimPrefix(c.dir+"/"+a.text("name"), "/")], "\n") {
		if words := strings.Fields(line); len(words) > 0 {
			act.Images = append(act.Images, tool.NewRef(words[0]))
		}
	}
	return act
}

func grype(a args) model.Action {
	image := a.get("scanDest")
	for _, kind := range []string{"docker:", "registry:", "podman:"} {
		image = strings.TrimPrefix(image, kind)
	}
	return scan("grype", image, model.GatesNo, "the step only writes a report")
}

func neuvector(a args) model.Action {
	image := a.get("repository")
	if tag := a.get("tag"); tag != "" && image != "" {
		image += ":" + tag
	}
	for _, name := range []string{"numberOfHighSeverityToFail", "numberOfMediumSeverityToFail", "nameOfVulnerabilityToFailOne", "nameOfVulnerabilityToFailTwo"} {
		if a.get(name) != "" {
			return scan("neuvector", image, model.GatesYes, name+" is set")
		}
	}
	return scan("neuvector", image, model.GatesNo, "no number of findings is set at which it fails")
}

// harmless says whether a step of Jenkins does nothing to images.
func harmless(name string) bool {
	switch name {
	case "checkout", "git", "scm", "junit", "archiveArtifacts", "stash", "unstash", "cleanWs", "deleteDir", "sleep", "fileExists", "isUnix", "pwd",
		"publishHTML", "mail", "emailext", "emailextrecipients", "slackSend", "office365ConnectorSend", "telegramSend", "tool", "milestone",
		"readJSON", "readYaml", "readProperties", "readMavenPom", "writeJSON", "writeYaml", "findFiles", "zip", "unzip", "tar", "untar",
		"recordIssues", "publishCoverage", "recordCoverage", "jacoco", "cobertura", "xunit", "step", "dependencyCheck", "dependencyCheckPublisher",
		"waitForQualityGate", "withSonarQube", "scanForIssues", "publishIssues", "updateGitlabCommitStatus", "githubNotify", "setGitHubPullRequestStatus",
		"buildDiscarder", "logRotator", "disableConcurrentBuilds", "pipelineTriggers", "cron", "pollSCM", "githubPush", "parameters", "agent", "nonresumable",
		"choice", "booleanParam", "text", "password", "modernSCM", "legacySCM", "sshPublisher", "kubernetesDeploy", "addShortText", "getContext",
		"currentBuild", "containerLog", "cleanup", "assert", "bool", "booleanParamDefinition", "publishTestResults", "perfReport", "allure", "skipDefaultCheckout",
		"httpRequest", "validateDeclarativePipeline", "writeMavenPom", "sha1", "sha256", "catchError", "nexusArtifactUploader", "s3Upload", "s3Download",
		"rtServer", "rtUpload", "rtDownload", "rtPublishBuildInfo", "rtMavenRun", "rtMavenDeployer", "rtMavenResolver", "ansiblePlaybook", "ansibleTower", "timestamp",
		"isPullRequest", "prismaCloudPublish", "import", "package", "copyArtifacts", "discordSend", "jiraSendBuildInfo", "jiraSendDeploymentInfo",
		"googleStorageUpload", "cifsPublisher", "snykSecurity", "disableResume", "preserveStashes", "gitlabReleases":
		return true
	}
	return false
}
