package tool

import (
	"fmt"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// crane reads crane and gcrane.
func crane(r reader) Effect {
	p := flagTable(`allow-nondistributable-artifacts insecure platform= v,verbose t,tag= b,base= f,new_layer= o,output= image-refs= index
		full-ref tarball= a,all-tags n,no-clobber jobs,j= l,label= annotation= env= entrypoint= cmd= u,user= w,workdir= exposed-ports=
		set-platform= append= repo= original= old_base= new_base= rebased= manifest= m= docker-empty-base flatten u,username= p,password=
		password-stdin format= c,cache_path= layers= oci-empty-base r,recursive`).parse(r.Args[1:])
	if len(p.pos) == 0 {
		return Effect{Known: true}
	}
	switch command, rest := p.pos[0], p.pos[1:]; command {
	case "copy", "cp":
		return r.craneCopy(rest)
	case "tag":
		return r.craneTag(rest)
	case "push":
		return r.cranePush(p)
	case "append", "mutate", "rebase", "flatten":
		return r.craneMake(command, p)
	case "index":
		if len(rest) > 0 && rest[0] == "append" {
			return r.craneMake("append", p)
		}
	case "digest":
		return r.craneDigest(p)
	case "auth":
		if len(rest) > 0 && rest[0] == "login" {
			return r.login(r.name, p.arg(2), p)
		}
	}
	return Effect{Known: true}
}

func (r reader) craneCopy(args []string) Effect {
	if len(args) < 2 {
		return Effect{Known: true}
	}
	a := r.copying(model.Copy, r.name, args[0], args[1])
	a.Pushes, a.Digests = true, r.digests(args[1:2])
	e := known(a)
	return e
}

func (r reader) craneTag(args []string) Effect {
	if len(args) < 2 {
		return Effect{Known: true}
	}
	a := r.copying(model.Tag, r.name, args[0], nameOf(args[0])+":"+args[1])
	a.Pushes = true
	return known(a)
}

func (r reader) cranePush(p parsed) Effect {
	if len(p.pos) < 3 {
		return Effect{Known: true}
	}
	a := r.action(model.Push, r.name, p.pos[2])
	a.From, a.Digests = []model.Ref{fileRef(p.pos[1])}, r.digests(p.pos[2:3])
	e := known(a)
	e.Prints = nameOf(p.pos[2]) + "@" + digest(a)
	e.write(r, p.last("image-refs"), e.Prints)
	return e
}

// craneMake reads the commands that make one image from another.
func (r reader) craneMake(command string, p parsed) Effect {
	base, name := p.arg(1), p.last("tag")
	if command == "append" {
		base = p.last("base")
	}
	if name == "" {
		name = p.last("rebased")
	}
	if name == "" && command != "append" {
		name = base // the name is moved to what is made
	}
	b := r.build(r.name, name)
	b.From, b.Pushes = refs(base), p.last("output") == ""
	e := known(b)
	if command == "append" && base != "" {
		e.References = append(e.References, r.reference("base_image", base))
	}
	if name != "" {
		e.Prints = nameOf(name) + "@" + digest(b)
	}
	return e
}

// craneDigest asks a registry: what it says is not what a build gave.
func (r reader) craneDigest(p parsed) Effect {
	image := p.arg(1)
	switch {
	case image == "":
		return Effect{Known: true}
	case p.on("full-ref"):
		return Effect{Known: true, Prints: nameOf(image) + "@" + lookup(image)}
	}
	return Effect{Known: true, Prints: lookup(image)}
}

// skopeo reads skopeo, whose names have transports.
func skopeo(r reader) Effect {
	p := flagTable(`all a multi-arch= f,format= digestfile= src-creds= dest-creds= creds= src-tls-verify dest-tls-verify tls-verify src-authfile=
		dest-authfile= authfile= preserve-digests q,quiet remove-signatures sign-by= sign-by-sigstore= sign-by-sigstore-private-key=
		sign-passphrase-file= sign-identity= additional-tag= retry-times= command-timeout= debug insecure-policy override-arch=
		override-os= override-variant= policy= registries.d= tmpdir= raw config no-creds s,src= d,dest= scoped k,keep-going no-tags n
		dry-run src-cert-dir= dest-cert-dir= cert-dir= dest-compress dest-compress-format= dest-compress-level= dest-decompress
		dest-oci-accept-uncompressed-layers src-no-creds dest-no-creds src-shared-blob-dir= dest-shared-blob-dir= src-daemon-host=
		dest-daemon-host= src-registry-token= dest-registry-token= u,username= p,password= password-stdin append-suffix=
		encryption-key= decryption-key= image-parallel-copies= require-signed`).parse(r.Args[1:])
	switch p.arg(0) {
	case "copy":
		return r.skopeoCopy(p)
	case "sync":
		a := r.action(model.Copy, "skopeo")
		a.From, a.Pushes = refs(p.arg(1)), p.last("dest") == "docker"
		return known(a)
	case "inspect":
		if p.on("raw") || p.on("config") {
			return Effect{Known: true}
		}
		return r.skopeoInspect(p)
	case "login":
		return r.login("skopeo", p.arg(1), p)
	}
	return Effect{Known: true}
}

// skopeoInspect prints what a registry says of a name: the digest, or an object with it.
func (r reader) skopeoInspect(p parsed) Effect {
	image, remote := strings.CutPrefix(p.arg(1), "docker://")
	switch {
	case !remote:
		return Effect{Known: true}
	case p.has("format"):
		return Effect{Known: true, Prints: inspectedDigest(p.last("format"), image)}
	}
	return Effect{Known: true, Prints: fmt.Sprintf(`{"Name": %q, "Digest": %q}`, nameOf(image), lookup(image))}
}

func (r reader) skopeoCopy(p parsed) Effect {
	if len(p.pos) < 3 {
		return Effect{Known: true}
	}
	src, dest := transported(p.pos[1]), transported(p.pos[2])
	a := r.action(model.Copy, "skopeo")
	a.From, a.Images = []model.Ref{src}, []model.Ref{dest}
	remote := strings.HasPrefix(p.pos[2], "docker://")
	switch {
	case dest.By == model.ByFile:
		a.Files = []string{fileOf(p.pos[2])}
	case remote && !strings.HasPrefix(p.pos[1], "docker://"):
		a.Kind = model.Push
		a.Digests = r.digests([]string{dest.Text})
	case remote:
		a.Pushes, a.Digests = true, r.digests([]string{dest.Text})
	default:
		a.Kind = model.Tag
	}
	for _, extra := range p.all("additional-tag") {
		a.Images = append(a.Images, NewRef(extra))
	}
	e := known(a)
	if len(a.Digests) > 0 {
		e.write(r, p.last("digestfile"), digest(a))
	}
	if remote {
		for _, s := range r.pushSignatures(p, dest.Text) {
			if s.Method != "docker-content-trust" {
				e.add(s)
			}
		}
	}
	for _, flag := range []string{"src-creds", "dest-creds", "creds"} {
		e.Secrets = append(e.Secrets, r.credentials(p.last(flag), "--"+flag)...)
	}
	return e
}

// transported reads a name with a transport.
func transported(text string) model.Ref {
	for _, prefix := range []string{"docker://", "docker-daemon:", "containers-storage:", "ostree:"} {
		if rest, ok := strings.CutPrefix(text, prefix); ok {
			return NewRef(rest)
		}
	}
	ref := NewRef(text)
	if ref.By == model.ByFile {
		ref = fileRef(fileOf(text))
	}
	return ref
}

// regctl reads the client of regclient.
func regctl(r reader) Effect {
	p := flagTable(`platform= format= create= replace digest-tags referrers force-recursive fast v,verbosity= host= logopt= u,user= p,pass=
		pass-stdin skip-check subject= artifact-type= annotation= f,file= m,media-type= ref= tls= list require-digest name= label=`).parse(r.Args[1:])
	switch strings.Join(p.pos[:min(2, len(p.pos))], " ") {
	case "image copy", "image cp", "index copy":
		return r.craneCopy(p.pos[2:])
	case "image digest", "manifest digest", "manifest head":
		if p.arg(2) != "" {
			return Effect{Known: true, Prints: lookup(p.arg(2))}
		}
	case "image import":
		a := r.action(model.Push, "regctl", p.arg(2))
		a.From = []model.Ref{fileRef(p.arg(3))}
		return known(a)
	case "image mod":
		name := p.last("create")
		if name != "" && indexOutside(name, '/') < 0 {
			name = nameOf(p.arg(2)) + ":" + name
		} else if name == "" {
			name = p.arg(2)
		}
		b := r.build("regctl", name)
		b.From, b.Pushes = refs(p.arg(2)), true
		return known(b)
	case "index create":
		a := r.action(model.Copy, "regctl", p.arg(2))
		a.From, a.Pushes = refs(p.all("ref")...), true
		return known(a)
	case "artifact put":
		if p.has("subject") {
			return known(r.attached("regctl", p.last("subject"), p.last("artifact-type")))
		}
	case "registry login":
		q := parsed{flags: map[string][]string{"password": p.all("pass")}}
		return r.login("regctl", p.arg(2), q)
	}
	return Effect{Known: true}
}

// attached is a statement that is put beside an image, by nobody's signature.
func (r reader) attached(tool, image, predicate string) model.Action {
	a := r.action(model.Attest, tool, image)
	a.Method, a.Predicate = tool, predicate
	return a
}

// oras reads the client for artifacts that are not images.
func oras(r reader) Effect {
	p := flagTable(`artifact-type= a,annotation= annotation-file= config= export-manifest= u,username= p,password= password-stdin insecure plain-http
		platform= distribution-spec= image-spec= disable-path-validation d,debug v,verbose r,recursive from-username= from-password=
		to-username= to-password= concurrency= ca-file= registry-config= format= subject= oci-layout o,output= from-oci-layout to-oci-layout
		resolve= no-tty H,header= identity-token= full-reference`).parse(r.Args[1:])
	switch p.arg(0) {
	case "attach":
		return known(r.attached("oras", p.arg(1), p.last("artifact-type")))
	case "copy", "cp":
		return r.craneCopy(p.pos[1:])
	case "tag":
		return r.craneTag(p.pos[1:])
	case "resolve":
		e := r.craneDigest(parsed{pos: p.pos, flags: map[string][]string{"full-ref": p.all("full-reference")}})
		return e
	case "login":
		return r.login("oras", p.arg(1), p)
	}
	return Effect{Known: true}
}

// helm reads the logins of Helm; its charts are not images.
func helm(r reader) Effect {
	if len(r.Args) > 2 && r.Args[1] == "registry" && r.Args[2] == "login" {
		p := flagTable("u,username= p,password= password-stdin insecure ca-file= cert-file= key-file= plain-http").parse(r.Args[3:])
		return r.login("helm", p.arg(0), p)
	}
	return Effect{Known: true}
}
