package tool

import (
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// kaniko reads the executor of kaniko, which pushes unless it is told not to.
func kaniko(r reader) Effect {
	p := flagTable(`c,context= f,dockerfile= d,destination= digest-file= image-name-with-digest-file= image-name-tag-with-digest-file=
		no-push no-push-cache tar-path,tarPath= oci-layout-path= build-arg= cache cache-copy-layers cache-dir= cache-repo= cache-ttl=
		cache-run-layers cleanup compressed-caching context-sub-path= custom-platform= customPlatform= force git= ignore-path= image-fs-extract-retry=
		insecure insecure-pull insecure-registry= label= log-format= log-timestamp push-retry= registry-certificate=
		registry-client-cert= registry-mirror= reproducible single-snapshot skip-tls-verify skip-tls-verify-pull
		skip-tls-verify-registry= skip-unused-stages snapshot-mode,snapshotMode= target= use-new-run v,verbosity= ignore-var-run
		skip-push-permission-check preserve-context kaniko-dir= skip-default-registry-fallback push-ignore-immutable-tag-errors
		materialize annotation= credential-helpers= secret=`).parse(r.Args[1:])
	b := r.build("kaniko", p.all("destination")...)
	switch p.switched("no-push") {
	case no:
		b.Pushes = len(b.Images) > 0 || p.opaque
	case yes:
	default:
		b.Pushes, b.PushWhen = true, []string{"!(" + p.last("no-push") + ")"}
	}
	b.Files = append(append(b.Files, p.all("tarPath")...), p.all("oci-layout-path")...)
	e := known(b)
	e.write(r, p.last("digest-file"), digest(b))
	if len(b.Images) > 0 {
		first := b.Images[0]
		e.write(r, p.last("image-name-with-digest-file"), first.Name+"@"+digest(b))
		e.write(r, p.last("image-name-tag-with-digest-file"), first.Text+"@"+digest(b))
	}
	return e
}

// buildctl reads the client of BuildKit.
func buildctl(r reader) Effect {
	p := flagTable(`addr= tlsdir= tlscacert= tlscert= tlskey= tlsservername= timeout= wait debug frontend= opt= local= o,output= secret= ssh=
		allow= no-cache progress= trace= export-cache= import-cache= metadata-file= build-arg= oci-layout= ref-file= registry-auth-tlscontext=
		source-policy-file= debug-json-cache-metrics=`).parse(r.Args[1:])
	if p.arg(0) != "build" && p.arg(0) != "b" {
		return Effect{Known: true}
	}
	b := r.build("buildkit")
	r.outputs(&b, p.all("output"))
	e := known(b)
	for _, opt := range p.all("opt") {
		name, value, _ := cutValue(opt)
		if value != "" && !attests(value) { // without a value it is asked for, as the program has it
			continue
		}
		switch name {
		case "attest:provenance":
			e.add(r.unsigned(b, provenancePredicate))
		case "attest:sbom":
			e.add(r.unsigned(b, spdxPredicate), r.bom(b))
		}
	}
	r.buildPrints(&e, b, parsed{flags: map[string][]string{"metadata-file": p.all("metadata-file")}})
	return e
}

// pack reads Cloud Native Buildpacks.
func pack(r reader) Effect {
	p := flagTable(`B,builder= b,buildpack= p,path= t,tag= publish e,env= env-file= volume= network= run-image= lifecycle-image= cache= cache-image=
		clear-cache pull-policy= trust-builder sbom-output-dir= d,descriptor= D,default-process= docker-host= gid= uid= interactive
		previous-image= report-output-dir= workspace= insecure-registry= platform= extension= post-buildpack= pre-buildpack= a,buildpack-registry=
		creation-time= q,quiet v,verbose no-color timestamps exec-env= sparse append-image-name-suffix`).parse(r.Args[1:])
	if p.arg(0) != "build" {
		return Effect{Known: true}
	}
	b := r.build("pack", append([]string{p.arg(1)}, p.all("tag")...)...)
	if p.has("publish") {
		pushes(&b, p.switched("publish"), p.last("publish"))
	}
	e := known(b)
	for _, image := range append(p.all("builder"), p.all("run-image")...) {
		e.References = append(e.References, r.reference("base_image", image))
	}
	return e
}

// img reads img and s2i and nixpacks, which are told little.
func smallBuilder(r reader) Effect {
	p := flagTable("t,tag= n,name= f,file= build-arg= platform= o,output= no-cache e,env= c,copy as-dockerfile= incremental= pull-policy= loglevel= r,ref= context-dir= plan= p,pkgs= state= backend= d,debug l,label= cache-key= inline-cache").parse(r.Args[1:])
	switch {
	case p.arg(0) == "push" && r.name == "img":
		return known(r.action(model.Push, r.name, p.pos[1:]...))
	case p.arg(0) == "tag" && len(p.pos) > 2:
		return known(r.copying(model.Tag, r.name, p.pos[1], p.pos[2]))
	case p.arg(0) != "build" || p.has("as-dockerfile"):
		return Effect{Known: true}
	}
	tags := p.all("tag")
	if r.name == "nixpacks" {
		tags = append(p.all("name"), tags...)
	}
	if r.name == "s2i" {
		tags = []string{p.arg(3)}
	}
	e := known(r.build(r.name, tags...))
	if r.name == "s2i" && p.arg(2) != "" {
		e.References = append(e.References, r.reference("base_image", p.arg(2)))
	}
	return e
}

// apko reads the builder of images from packages.
func apko(r reader) Effect {
	p := flagTable(`arch= image-refs= sbom sbom-path= sbom-formats= k,keyring-append= r,repository-append= p,package-append= annotations=
		cache-dir= offline lockfile= local stage-tags= vcs debug log-level= log-policy= work-dir,workdir= build-date= ignore-signatures`).parse(r.Args[1:])
	var b model.Action
	switch p.arg(0) {
	case "publish":
		b = r.build("apko", p.pos[min(2, len(p.pos)):]...)
		b.Pushes = !p.on("local")
	case "build":
		b = r.build("apko", p.arg(2))
		b.Files = nonEmpty([]string{p.arg(3)})
	default:
		return Effect{Known: true}
	}
	e := known(b)
	if truth(p.last("sbom")) == yes || !p.has("sbom") {
		sbom := r.bom(b)
		sbom.Method = ""
		e.add(sbom)
	}
	if len(b.Images) > 0 {
		e.Prints = b.Images[0].Name + "@" + digest(b)
		e.write(r, p.last("image-refs"), e.Prints)
	}
	return e
}

// elsewhere is a builder that is told by a file of its own what to do, which is not read.
func elsewhere(r reader) Effect {
	file := map[string]string{"earthly": "Earthfile", "earth": "Earthfile", "skaffold": "skaffold.yaml", "dagger": "the module of dagger",
		"werf": "werf.yaml", "tilt": "Tiltfile", "devspace": "devspace.yaml"}[r.name]
	p := flagTable("").parse(r.Args[1:])
	switch p.arg(0) {
	case "version", "login", "config", "completion", "bootstrap", "account", "help", "prune", "diagnose", "lint":
		return Effect{Known: true}
	}
	return Effect{Known: true, Unseen: []model.Unseen{
		r.unseen("dynamic", r.name+": "+file, "what "+file+" builds, as commands of the pipeline", model.Build, model.Push)}}
}
