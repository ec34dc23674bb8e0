package tool

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// snyk reads snyk, which fails on findings by itself.
func snyk(r reader) Effect {
	p := flagTable(`docker file= d,debug severity-threshold= fail-on= json sarif json-file-output= sarif-file-output= org= project-name= policy-path=
		exclude-base-image-vulns exclude-app-vulns app-vulns nested-jars-depth= platform= username= password= tags= print-deps target-reference=
		remote-repo-url= format= all-projects project-tags= project-environment= project-lifecycle= project-business-criticality= insecure`).parse(r.Args[1:])
	switch p.arg(0) {
	case "container":
		images := refs(p.pos[min(2, len(p.pos)):]...)
		switch p.arg(1) {
		case "test":
			return known(r.scan("snyk", model.GatesYes, "snyk container test ends with 1 when it finds something", images...))
		case "monitor":
			return known(r.scan("snyk", model.GatesNo, "snyk container monitor reports and never fails on findings", images...))
		case "sbom":
			return r.madeSBOM("snyk", images, nil)
		}
	case "test", "monitor":
		if p.on("docker") {
			if p.arg(0) == "test" {
				return known(r.scan("snyk", model.GatesYes, "snyk test ends with 1 when it finds something", refs(p.pos[1:]...)...))
			}
			return known(r.scan("snyk", model.GatesNo, "snyk monitor reports and never fails on findings", refs(p.pos[1:]...)...))
		}
	case "auth":
		return Effect{Known: true, Secrets: r.passwordArgument(p.arg(1), "auth")}
	}
	return Effect{Known: true}
}

// scout reads docker scout.
func (r reader) scout(args []string) Effect {
	p := flagTable(`e,exit-code x,exit-on= details format= o,output= only-severity= only-fixed only-unfixed only-base only-package= only-package-type=
		only-cve-id= only-metric= only-stage= only-vex-affected only-vuln-packages only-policy= only-cisa-kev ignore-base ignore-suppressed
		ignore-unchanged locations multi-stage org= platform= ref= type= vex vex-author= vex-location= env= to= to-ref= to-env= to-latest
		to-stream= stream= latest hide-policies debug verbose-debug epss epss-date= epss-percentile= epss-score= predicate-type= file=
		tag= only-tag= epss-date= to-type= referrer referrer-repository=`).parse(args)
	images, ok := r.scanned(strings.Replace(p.arg(1), "://", ":", 1))
	if p.arg(1) == "" {
		images, ok = nil, true // the image that was built last
	}
	switch p.arg(0) {
	case "cves", "compare", "diff", "policy":
		if !ok {
			return Effect{Known: true}
		}
		return known(r.scoutScan(p, images))
	case "quickview", "qv":
		if !ok {
			return Effect{Known: true}
		}
		return known(r.scan("docker-scout", model.GatesNo, "docker scout quickview never fails on findings", images...))
	case "sbom":
		return r.madeSBOM("docker-scout", images, nonEmpty([]string{p.last("output")}))
	case "attestation", "attest":
		if p.arg(1) == "add" {
			a := r.attached("docker-scout", p.arg(2), p.last("predicate-type"))
			return known(a)
		}
	}
	return Effect{Known: true}
}

func (r reader) scoutScan(p parsed, images []model.Ref) model.Action {
	gates, why := model.GatesNo, "no --exit-code: docker scout ends with 0 whatever it finds"
	switch {
	case p.on("exit-code"):
		gates, why = model.GatesYes, "--exit-code"
	case p.has("exit-on"):
		gates, why = model.GatesYes, "--exit-on "+p.last("exit-on")
	case p.switched("exit-code") != no || p.opaque:
		gates, why = model.GatesUnknown, "whether --exit-code is given is not known"
	}
	return r.scan("docker-scout", gates, why, images...)
}

// dockerScan reads the command that docker scout has replaced.
func (r reader) dockerScan(args []string) Effect {
	p := flagTable("f,file= severity= json group-issues dependency-tree exclude-base accept-license reject-license login token= version").parse(args)
	if len(p.pos) == 0 {
		return Effect{Known: true}
	}
	return known(r.scan("snyk", model.GatesYes, "docker scan ends with 1 when it finds something", refs(p.pos...)...))
}

// clair reads the scanners that stand on Clair.
func clair(r reader) Effect {
	p := flagTable(`w,whitelist= t,threshold= c,clair= ip= l,log= r,report= all,reportAll q,quiet exit-when-no-features H,host= o,out= image-ref=
		image-path= path= db-path= f,format= return-code= novel D,config= docker-config-dir=`).parse(clairWords(r.Args[1:]))
	switch r.name {
	case "clair-scanner":
		if p.arg(0) != "" {
			return known(r.scan("clair", model.GatesYes, "clair-scanner ends with 1 for what the whitelist does not allow", refs(p.arg(0))...))
		}
	case "klar":
		if p.arg(0) != "" {
			return known(r.scan("clair", model.GatesYes, "klar ends with 1 above CLAIR_THRESHOLD", refs(p.arg(0))...))
		}
	case "clairctl":
		if p.arg(0) == "report" {
			return known(r.scan("clair", model.GatesNo, "clairctl report prints, and does not fail on findings", refs(p.pos[1:]...)...))
		}
	case "clair-action":
		gates, why := model.GatesNo, "no --return-code"
		if code := p.last("return-code"); code != "" && code != "0" {
			gates, why = model.GatesYes, "--return-code "+code
		}
		if p.arg(0) == "report" {
			return known(r.scan("clair", gates, why, append(refs(p.last("image-ref")), fileRefs(p.all("image-path"))...)...))
		}
	}
	return Effect{Known: true}
}

// clairWords gives clair-scanner's one-dash flags their second dash.
func clairWords(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = twoDashes(a)
	}
	return out
}

// console reads scanners whose thresholds are set on a server, where they cannot
// be seen: twistcli, wizcli, orca, Aqua, lacework, NeuVector.
func console(r reader) Effect {
	p := flagTable(`address= u,user= p,password= token= details output-file= project= ci containerized custom-labels tlscacert= publish include-files
		docker-address= podman-path= image= i= P,policy= policies= t= tag= o,output= f,format= h= H,host= checkonly local registry= dockerless
		htmlfile= jsonfile= name= no-color driver= id= secret= project-key= layer-vulnerabilities-only show-all-vulnerabilities timeout=
		D,dockerfile= register register-compliant U= severity= a,account= k,api_key= s,api_secret= subaccount= fail_on_violation_exit_code=
		S,silent no-publish file-hashes-scan disabled-scanners= console-output= image-name= image-tag= n,noninteractive save html`).parse(r.Args[1:])
	var images []model.Ref
	joined := strings.Join(p.pos[:min(2, len(p.pos))], " ")
	switch r.name + " " + joined {
	case "twistcli images scan":
		images = refs(p.pos[2:]...)
	case "wizcli docker scan", "wizcli image scan", "wizcli container-image scan", "wizcli scan container-image", "orca-cli image scan":
		images = append(refs(p.all("image")...), refs(p.pos[2:]...)...)
	case "lacework vulnerability container", "lacework vuln-container scan":
		images = refs(p.pos[min(3, len(p.pos)):]...)
	case "lw-scanner image evaluate":
		images = refs(joinTag(p.arg(2), p.arg(3)))
	default:
		switch {
		case (r.name == "scannercli" || r.name == "scanner") && p.arg(0) == "scan":
			images = refs(p.pos[1:]...)
		case r.name == "neuvector-scanner" || r.name == "neuvector":
			images = refs(append(p.all("image-name"), p.pos...)...)
		default:
			return Effect{Known: true}
		}
	}
	e := known(r.scan(consoleTool(r.name), model.GatesUnknown, "whether findings fail "+r.name+" is set on its server, which is not in the repository", images...))
	e.Secrets = append(r.passwordArgument(p.last("password"), "--password"), r.passwordArgument(p.last("token"), "--token")...)
	e.Secrets = append(e.Secrets, r.passwordArgument(p.last("secret"), "--secret")...)
	return e
}

func joinTag(name, tag string) string {
	if tag == "" {
		return name
	}
	return name + ":" + tag
}

func consoleTool(name string) string {
	switch name {
	case "scannercli", "scanner":
		return "aqua"
	case "twistcli":
		return "prisma-twistcli"
	case "wizcli":
		return "wiz"
	case "orca-cli":
		return "orca"
	case "lacework", "lw-scanner":
		return "lacework"
	}
	return "neuvector"
}

// anchore reads the clients of Anchore Enterprise.
func anchore(r reader) Effect {
	p := flagTable(`f,fail-based-on-results wait detail tag= policy= u= p= url= username= password= o,output= t,type= n from= from-file= dockerfile= force a,annotation= no-auto-subscribe`).parse(r.Args[1:])
	switch r.name + " " + strings.Join(p.pos[:min(2, len(p.pos))], " ") {
	case "anchore-cli evaluate check":
		return known(r.scan("anchore", model.GatesYes, "anchore-cli evaluate check ends with 1 when the policy fails", refs(p.arg(2))...))
	case "anchorectl image check":
		gates, why := model.GatesNo, "no --fail-based-on-results"
		if p.on("fail-based-on-results") {
			gates, why = model.GatesYes, "--fail-based-on-results"
		}
		return known(r.scan("anchore", gates, why, refs(p.arg(2))...))
	case "anchore-cli image vuln", "anchorectl image vulnerabilities", "anchorectl image vuln":
		return known(r.scan("anchore", model.GatesNo, "it lists vulnerabilities, and does not fail on them", refs(p.arg(2))...))
	}
	return Effect{Known: true}
}

// sysdig reads sysdig-cli-scanner, which fails when a policy does. Policies apply by default.
func sysdig(r reader) Effect {
	p := flagTable(`apiurl,a= u,apiurl2= console-log loglevel= logfile= output-json= policy= skippolicy skipupload no-cache offline-analysis override-pullstring=
		full-vulns-table separate-by-layer separate-by-image iac d,dbpath= cachepath= standalone json-scan-result= r,recursive f,severity-threshold= s= registry-user= registry-password=`).parse(clairWords(r.Args[1:]))
	if p.on("iac") || len(p.pos) == 0 {
		return Effect{Known: true}
	}
	gates, why := model.GatesYes, "sysdig-cli-scanner ends with 1 when a policy fails"
	if p.on("skippolicy") || p.on("standalone") {
		gates, why = model.GatesNo, "without policies sysdig-cli-scanner does not fail on findings"
	}
	images, _ := r.scanned(strings.Replace(p.arg(0), "://", ":", 1))
	e := known(r.scan("sysdig", gates, why, images...))
	e.Secrets = append(e.Secrets, r.environment([]string{"SECURE_API_TOKEN=" + r.literal("SECURE_API_TOKEN")})...)
	return e
}

// literal is a variable of the command that is written out in the repository.
func (r reader) literal(name string) string {
	if v := r.Env[name]; !symbolic(v) {
		return v
	}
	return ""
}

// jfrog reads the scans of the JFrog CLI.
func jfrog(r reader) Effect {
	p := flagTable("fail watches= project= repo-path= format= licenses vuln min-severity= fixable-only server-id= bypass-archive-limits password= access-token= url= user=").parse(r.Args[1:])
	switch strings.Join(p.pos[:min(2, len(p.pos))], " ") {
	case "docker scan":
		gates, why := model.GatesUnknown, "whether violations fail jf docker scan is set in the watches of Xray"
		if p.has("fail") && p.switched("fail") == no {
			gates, why = model.GatesNo, "--fail=false"
		}
		return known(r.scan("xray", gates, why, refs(p.pos[2:]...)...))
	case "docker push", "rt docker-push", "rt dp":
		return known(r.action(model.Push, "jf", p.arg(2)))
	case "docker build", "docker tag", "docker pull":
		return r.with(r.Args[1:]...).read()
	}
	return Effect{Known: true, Secrets: append(r.passwordArgument(p.last("password"), "--password"), r.passwordArgument(p.last("access-token"), "--access-token")...)}
}

// osv reads osv-scanner, which ends with 1 when it finds something.
func osv(r reader) Effect {
	p := flagTable("D,docker= config= format= json output= S,sbom= L,lockfile= r,recursive archive call-analysis= verbosity= serve offline skip-git licenses= no-resolve all-packages all-vulns").parse(r.Args[1:])
	images := refs(p.all("docker")...)
	if p.arg(0) == "scan" && p.arg(1) == "image" {
		images = refs(p.pos[2:]...)
		if p.on("archive") {
			images = fileRefs(p.pos[2:])
		}
	}
	if len(images) == 0 {
		return Effect{Known: true}
	}
	return known(r.scan("osv-scanner", model.GatesYes, "osv-scanner ends with 1 when it finds something", images...))
}

// checkov reads the image scan of checkov.
func checkov(r reader) Effect {
	p := flagTable(`docker-image= dockerfile-path= framework= s,soft-fail soft-fail-on= hard-fail-on= d,directory= f,file= o,output= quiet compact branch=
		repo-id= bc-api-key= skip-check= c,check= image-referencer output-file-path= config-file= download-external-modules=`).parse(r.Args[1:])
	images := refs(p.all("docker-image")...)
	if len(images) == 0 {
		return Effect{Known: true}
	}
	gates, why := model.GatesYes, "checkov ends with 1 when a check fails"
	switch {
	case p.on("soft-fail"):
		gates, why = model.GatesNo, "--soft-fail"
	case p.has("soft-fail-on"), p.has("config-file"):
		gates, why = model.GatesUnknown, "what fails softly is set elsewhere"
	}
	return known(r.scan("checkov", gates, why, images...))
}

// gitlabScanner reads the program of GitLab's template for container scanning,
// which reports to GitLab.
func gitlabScanner(r reader) Effect {
	image := r.Env["CS_IMAGE"]
	if image == "" {
		image = r.Env["DOCKER_IMAGE"]
	}
	if len(r.Args) < 2 || r.Args[1] != "scan" {
		return Effect{Known: true}
	}
	return known(r.scan("gitlab-container-scanning", model.GatesNo, "it reports to GitLab and ends with 0 whatever it finds", refs(image)...))
}
