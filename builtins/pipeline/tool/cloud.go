package tool

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// az reads the builds, copies and logins of Azure Container Registry.
func az(r reader) Effect {
	p := flagTable(`r,registry= t,image= g,resource-group= f,file= no-push no-logs no-wait platform= build-arg= secret-build-arg= target= timeout= auth-mode=
		agent-pool= log-template= no-format source= n,name= force u,username= p,password= expose-token subscription= o,output= query= only-show-errors
		service-principal identity tenant= federated-token= allow-no-subscriptions repository= suffix=`).parse(r.Args[1:])
	switch strings.Join(p.pos[:min(2, len(p.pos))], " ") {
	case "acr build":
		var images []string
		for _, i := range p.all("image") {
			images = append(images, acrName(p.last("registry"), i))
		}
		b := r.build("az-acr", images...)
		b.Pushes = len(images) > 0 && !p.on("no-push")
		return known(b)
	case "acr import":
		a := r.copying(model.Copy, "az-acr", p.last("source"), acrName(p.last("name"), p.last("image")))
		a.Pushes = true
		return known(a)
	case "acr login":
		return r.login("az-acr", acrHost(p.last("name")), p)
	case "acr run":
		return Effect{Known: true, Unseen: []model.Unseen{r.unseen("dynamic", "az acr run", "what the task does, as commands of the pipeline", model.Build, model.Push)}}
	}
	return Effect{Known: true, Secrets: r.passwordArgument(p.last("password"), "--password")}
}

func acrHost(registry string) string {
	if registry == "" || strings.Contains(registry, ".azurecr.") {
		return registry
	}
	return registry + ".azurecr.io"
}

// acrName is the whole name of an image in a registry; names are given without it.
func acrName(registry, image string) string {
	host := acrHost(registry)
	if image == "" || host == "" || strings.HasPrefix(image, host+"/") {
		return image
	}
	return host + "/" + image
}

// gcloud reads the builds, tags, scans and attestations of Google Cloud.
func gcloud(r reader) Effect {
	args := r.Args[1:]
	for len(args) > 0 && (args[0] == "beta" || args[0] == "alpha") {
		args = args[1:]
	}
	p := flagTable(`t,tag= config= pack= substitutions= project= region= timeout= machine-type= gcs-log-dir= gcs-source-staging-dir= async q,quiet
		artifact-url= attestor= attestor-project= keyversion= keyversion-key= keyversion-keyring= keyversion-location= keyversion-project=
		pgp-key-fingerprint= payload-file= signature-file= public-key-id= validate note= remote format= location= no-source no-cache
		worker-pool= service-account= impersonate-service-account= ignore-file= suppress-logs default-buckets-behavior= verbosity= account= key-file=`).parse(args)
	command := strings.Join(p.pos, " ")
	switch {
	case strings.HasPrefix(command, "builds submit"):
		return r.cloudBuild(p)
	case strings.Contains(command, "binauthz attestations sign-and-create"), strings.Contains(command, "binauthz attestations create"):
		a := r.action(model.Attest, "gcloud", strings.TrimPrefix(p.last("artifact-url"), "https://"))
		a.Method, a.Signed, a.Predicate = "binauthz", true, "binary-authorization"
		a.Key = p.last("keyversion-key")
		if a.Key == "" {
			a.Key = p.last("keyversion")
		}
		return known(a)
	case strings.HasPrefix(command, "auth configure-docker"):
		return known(r.action(model.Login, "gcloud"))
	case strings.HasPrefix(command, "artifacts docker images scan"):
		return known(r.scan("gcloud", model.GatesNo, "gcloud artifacts docker images scan ends with 0 whatever it finds", refs(p.arg(4))...))
	case strings.HasPrefix(command, "container images add-tag") && len(p.pos) > 4:
		return known(r.copying(model.Tag, "gcloud", p.pos[3], p.pos[4:]...))
	case strings.HasPrefix(command, "artifacts docker tags add") && len(p.pos) > 5:
		return known(r.copying(model.Tag, "gcloud", p.pos[4], p.pos[5]))
	}
	return Effect{Known: true}
}

// cloudBuild reads "gcloud builds submit": an image by its name, or a file of Cloud Build.
func (r reader) cloudBuild(p parsed) Effect {
	if image := p.last("tag"); image != "" {
		b := r.build("gcloud-builds", image)
		b.Pushes = true
		return known(b)
	}
	if image := csv(p.last("pack"))["image"]; image != "" {
		b := r.build("gcloud-builds", image)
		b.Pushes = true
		return known(b)
	}
	name := p.last("config")
	if name == "" {
		name = "cloudbuild.yaml"
	}
	return Effect{Known: true, Unseen: []model.Unseen{
		r.unseen("include", name, "the pipeline of Cloud Build that it submits, judged by itself", model.Build, model.Push, model.Sign, model.Scan)}}
}

// awsCommand reads the logins and scans of Amazon ECR.
func awsCommand(r reader) Effect {
	p := flagTable(`region= profile= output= query= repository-name= image-id= image-tag= image-manifest= registry-id= registry-ids= no-cli-pager
		endpoint-url= no-verify-ssl password= username=`).parse(r.Args[1:])
	switch strings.Join(p.pos[:min(2, len(p.pos))], " ") {
	case "ecr start-image-scan", "ecr describe-image-scan-findings":
		image := p.last("repository-name")
		if tag := csv(p.last("image-id"))["imageTag"]; tag != "" {
			image += ":" + tag
		}
		ref := NewRef(image)
		ref.Name = "" // the registry is not said
		return known(r.scan("ecr", model.GatesNo, "aws ecr does not fail on findings", ref))
	case "ecr put-image":
		if p.has("image-tag") {
			a := r.action(model.Tag, "aws", p.last("repository-name")+":"+p.last("image-tag"))
			a.Pushes, a.Known = true, false
			return known(a)
		}
	}
	return Effect{Known: true}
}
