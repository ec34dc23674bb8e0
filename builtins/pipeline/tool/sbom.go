package tool

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// madeSBOM is a bill of materials of an image, which is printed or written to files.
func (r reader) madeSBOM(tool string, images []model.Ref, files []string) Effect {
	a := r.action(model.SBOM, tool)
	a.Images, a.Files = images, files
	e := known(a)
	if len(images) == 0 {
		return e
	}
	text := symbol(sbomOf, images[0].Text)
	for _, f := range files {
		e.write(r, f, text)
	}
	if len(files) == 0 {
		e.Prints = text
	}
	return e
}

// syft reads syft.
func syft(r reader) Effect {
	p := flagTable(`o,output= file= base-path= c,config= enrich= exclude= from= override-default-catalogers= parallelism= platform= s,scope= select-catalogers=
		source-name= source-version= source-supplier= t,template= q,quiet v,verbose profile= k,key= catalogers= name=`).parse(r.Args[1:])
	args := p.pos
	attest := false
	switch p.arg(0) {
	case "scan", "packages":
		args = args[1:]
	case "attest":
		args, attest = args[1:], true
	case "version", "cataloger", "config", "convert", "login", "completion", "help":
		return Effect{Known: true}
	}
	if len(args) == 0 {
		return Effect{Known: true}
	}
	images, ok := r.scanned(args[0])
	if !ok {
		return Effect{Known: true}
	}
	e := r.madeSBOM("syft", images, syftFiles(p))
	if attest {
		a := r.action(model.Attest, "syft")
		a.Images, a.Signed, a.Method, a.Key = images, true, "cosign-keyless", p.last("key")
		if a.Key != "" {
			a.Method = "cosign-key"
		}
		a.Predicate = spdxPredicate
		if strings.HasPrefix(p.last("output"), "cyclonedx") {
			a.Predicate = cyclonedxPredicate
		}
		e.add(a)
	}
	return e
}

// syftFiles are the files behind the formats: -o spdx-json=app.json.
func syftFiles(p parsed) []string {
	out := p.all("file")
	for _, o := range p.lists("output") {
		if _, file, ok := strings.Cut(o, "="); ok {
			out = append(out, file)
		}
	}
	return out
}

// dockerSBOM reads "docker sbom".
func (r reader) dockerSBOM(args []string) Effect {
	p := flagTable("D,debug exclude= format= layers= o,output= platform= quiet").parse(args)
	if len(p.pos) == 0 || p.pos[0] == "version" {
		return Effect{Known: true}
	}
	return r.madeSBOM("docker", refs(p.pos...), nonEmpty([]string{p.last("output")}))
}

// bomTools reads bom, tern, cdxgen and sbom-tool.
func bomTools(r reader) Effect {
	p := flagTable(`i,image= o,output= f,format= t,type= image-archive= d,docker-image= di= b= bc= pn= pv= ps= nsb= V= m= n,namespace= c= l=
		dirs= file= name= r,recurse p,print spec-version= deep k= x= license= scan-images analyze-images report-format= w,driver= json-file=`).parse(r.Args[1:])
	var images []string
	switch {
	case r.name == "bom" && p.arg(0) == "generate":
		images = p.all("image")
	case r.name == "tern" && p.arg(0) == "report":
		images = append(p.all("image"), p.all("docker-image")...)
	case r.name == "cdxgen":
		switch p.last("type") {
		case "docker", "podman", "oci", "container":
			images = p.pos
		}
	case r.name == "sbom-tool" && p.arg(0) == "generate":
		images = p.all("di")
	}
	if len(images) == 0 {
		return Effect{Known: true}
	}
	return r.madeSBOM(r.name, refs(images...), p.all("output"))
}
