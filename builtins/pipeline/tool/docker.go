package tool

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

var dockerGlobals = `config= c,context= D,debug H,host= l,log-level= tls tlscacert= tlscert= tlskey= tlsverify
	root= runroot= storage-driver= cgroup-manager= remote r connection= url= identity= namespace= address= v,version
	registries-conf= storage-opt= events-backend= log-opt= userns-uid-map= isolation=`

// docker reads docker and the programs that take the same commands.
func docker(r reader) Effect {
	p := flagTable(dockerGlobals).stopping().parse(r.Args[1:])
	if len(p.pos) == 0 {
		return Effect{Known: true}
	}
	return r.dockerCommand(p.pos[0], p.pos[1:])
}

// dockerCommand reads one command of docker with its arguments.
func (r reader) dockerCommand(command string, args []string) Effect {
	switch command {
	case "build", "bud", "build-using-dockerfile":
		return r.dockerBuild(r.dockerTool(), args)
	case "buildx", "builder":
		return r.buildx(args)
	case "image", "container", "system":
		return r.dockerGroup(args)
	case "compose":
		return r.compose(args)
	case "push":
		return r.dockerPush(args)
	case "pull":
		return r.dockerPull(args)
	case "tag":
		return r.dockerTag(args)
	case "commit":
		return r.dockerCommit(args)
	case "save":
		return r.dockerSave(args)
	case "manifest":
		return r.dockerManifest(args)
	case "run", "create", "exec":
		return r.dockerRun(command, args)
	case "inspect":
		return r.dockerInspect(args)
	case "login":
		p := flagTable("u,username= p,password= password-stdin authfile= tls-verify get-login cert-dir= v,verbose secret= compat-auth-file=").parse(args)
		return r.login(r.dockerTool(), p.arg(0), p)
	case "trust":
		return r.dockerTrust(args)
	case "scout":
		return r.scout(args)
	case "scan":
		return r.dockerScan(args)
	case "sbom":
		return r.dockerSBOM(args)
	case "from":
		return r.buildahFrom(args)
	}
	return Effect{Known: true}
}

// dockerGroup reads commands that stand in a group, as "docker image push".
func (r reader) dockerGroup(args []string) Effect {
	if len(args) == 0 {
		return Effect{Known: true}
	}
	switch args[0] {
	case "build", "push", "pull", "tag", "save", "inspect", "run", "create", "exec", "commit":
		return r.dockerCommand(args[0], args[1:])
	case "sign":
		return r.podmanSign(args[1:])
	case "scp":
		return Effect{Known: true}
	}
	return Effect{Known: true}
}

func (r reader) dockerTool() string {
	if r.name == "docker-compose" {
		return "docker"
	}
	return r.name
}

const pushFlags = `a,all-tags disable-content-trust q,quiet platform= all authfile= cert-dir= compression-format= compression-level=
	creds= digestfile= f,format= remove-signatures rm sign-by= sign-by-sigstore= sign-by-sigstore-private-key=
	sign-passphrase-file= tls-verify encryption-key= encrypt-layer= retry= retry-delay= add-compression= force-compression
	sign notation-key-name= cosign-key= allow-nondistributable-artifacts p,purge D,debug`

// dockerPush reads a push. To podman and buildah a second argument is where to.
func (r reader) dockerPush(args []string) Effect {
	p := flagTable(pushFlags).parse(args)
	image := strings.TrimPrefix(p.arg(0), "docker://")
	push := r.action(model.Push, r.dockerTool(), image)
	if to := p.arg(1); to != "" && r.dockerTool() != "docker" {
		to = strings.TrimPrefix(to, "docker://")
		push.From, push.Images = push.Images, refs(to)
		if NewRef(to).By == model.ByFile {
			push.Kind, push.Files = model.Copy, []string{fileOf(to)}
		}
		image = to
	}
	push.Digests = r.digests([]string{image})
	e := known(push)
	e.write(r, p.last("digestfile"), digest(push))
	e.Secrets = r.credentials(p.last("creds"), "--creds")
	e.add(r.pushSignatures(p, image)...)
	return e
}

// pushSignatures are the signatures that a push makes: by a flag, or by
// DOCKER_CONTENT_TRUST.
func (r reader) pushSignatures(p parsed, image string) []model.Action {
	sign := r.action(model.Sign, r.dockerTool(), image)
	switch {
	case p.has("sign-by-sigstore-private-key"):
		sign.Method, sign.Key = "cosign-key", p.last("sign-by-sigstore-private-key")
	case p.last("sign") == "cosign" && p.has("cosign-key"):
		sign.Method, sign.Key = "cosign-key", p.last("cosign-key")
	case p.last("sign") == "cosign":
		sign.Method = "cosign-keyless"
	case p.last("sign") == "notation":
		sign.Method, sign.Key = "notation", p.last("notation-key-name")
	case p.has("sign-by-sigstore"):
		sign.Method, sign.Known = "sigstore", false
	case p.has("sign-by"):
		sign.Method, sign.Key = "simple-signing", p.last("sign-by")
	default:
		return r.contentTrust(p, image)
	}
	return []model.Action{sign}
}

// contentTrust is the signature of a push under DOCKER_CONTENT_TRUST, which
// docker alone knows, and which is not made with --all-tags.
func (r reader) contentTrust(p parsed, image string) []model.Action {
	set := truth(r.Env["DOCKER_CONTENT_TRUST"])
	if p.has("disable-content-trust") {
		set = map[string]string{yes: no, no: yes}[p.switched("disable-content-trust")]
	}
	if r.dockerTool() != "docker" || set == no || set == "" || p.on("all-tags") || NewRef(image).By == model.ByDigest {
		return nil
	}
	sign := r.action(model.Sign, "docker", image)
	sign.Method, sign.Known = "docker-content-trust", set == yes
	return []model.Action{sign}
}

func (r reader) dockerPull(args []string) Effect {
	p := flagTable(`a,all-tags disable-content-trust q,quiet platform= all authfile= arch= os= variant= creds= tls-verify cert-dir=
		policy= retry= retry-delay= decryption-key= verify= cosign-key=`).parse(args)
	e := Effect{Known: true}
	for _, image := range p.pos {
		e.References = append(e.References, r.reference("image", strings.TrimPrefix(image, "docker://")))
	}
	return e
}

func (r reader) dockerTag(args []string) Effect {
	p := flagTable("").parse(args)
	if len(p.pos) < 2 {
		return Effect{Known: true}
	}
	return known(r.copying(model.Tag, r.dockerTool(), p.pos[0], p.pos[1:]...))
}

// dockerCommit reads a commit: an image from a container.
func (r reader) dockerCommit(args []string) Effect {
	p := flagTable(`a,author= c,change= m,message= p,pause no-pause q,quiet f,format= iidfile= rm squash manifest= tls-verify
		authfile= creds= sign-by= D,disable-compression s,include-volumes unsetenv= identity-label timestamp=`).parse(args)
	e := known(r.build(r.dockerTool(), strings.TrimPrefix(p.arg(1), "docker://")))
	if strings.HasPrefix(p.arg(1), "docker://") {
		e.Actions[0].Pushes = true
	}
	e.Prints = digest(e.Actions[0])
	e.write(r, p.last("iidfile"), e.Prints)
	return e
}

// dockerSave reads what writes images into a file.
func (r reader) dockerSave(args []string) Effect {
	p := flagTable("o,output= platform= format= compress q,quiet m,multi-image-archive uncompressed").parse(args)
	file := p.last("output")
	if file == "" || len(p.pos) == 0 {
		return Effect{Known: true}
	}
	a := r.action(model.Copy, r.dockerTool())
	a.From, a.Images, a.Files = refs(p.pos...), []model.Ref{fileRef(file)}, []string{file}
	return known(a)
}

// dockerManifest reads lists of images. Only their push uploads something.
func (r reader) dockerManifest(args []string) Effect {
	if len(args) == 0 {
		return Effect{Known: true}
	}
	p := flagTable(`a,amend insecure p,purge all f,format= rm digestfile= authfile= creds= tls-verify os= arch= variant= annotation=
		features= os-version= os-features= q,quiet cert-dir= compression-format= remove-signatures sign-by=
		sign-by-sigstore-private-key= sign-by-sigstore= artifact subject= D,debug`).parse(args[1:])
	if len(p.pos) == 0 {
		return Effect{Known: true}
	}
	switch args[0] {
	case "create", "add":
		a := r.action(model.Tag, r.dockerTool(), p.pos[0])
		a.From = refs(p.pos[1:]...)
		if len(a.From) == 0 {
			return Effect{Known: true}
		}
		return known(a)
	case "push":
		e := r.dockerPush(args[1:])
		for i := range e.Actions {
			if e.Actions[i].Method == "docker-content-trust" {
				e.Actions = e.Actions[:i] // trust is not pushed with lists
				break
			}
		}
		return e
	}
	return Effect{Known: true}
}

// dockerInspect reads what prints the digest of an image that is on this
// machine: it is that which was built or pushed here.
func (r reader) dockerInspect(args []string) Effect {
	p := flagTable("f,format= s,size type= platform= t").parse(args)
	e := Effect{Known: true}
	image, format := p.arg(0), p.last("format")
	switch {
	case image == "":
	case strings.Contains(format, ".RepoDigests") && !strings.Contains(format, "json"):
		e.Prints = nameOf(image) + "@" + symbol(digestOf, image)
	case strings.Contains(format, ".Digest"), strings.Contains(format, ".Id"):
		e.Prints = symbol(digestOf, image)
	}
	return e
}

func (r reader) dockerTrust(args []string) Effect {
	if len(args) == 0 || args[0] != "sign" {
		return Effect{Known: true}
	}
	p := flagTable("local").parse(args[1:])
	sign := r.action(model.Sign, "docker", p.pos...)
	sign.Method = "docker-content-trust"
	// The command pushes what it signs, unless that is in the registry already.
	return known(r.action(model.Push, "docker", p.pos...), sign)
}

// podmanSign reads "podman image sign".
func (r reader) podmanSign(args []string) Effect {
	p := flagTable("all authfile= cert-dir= d,directory= sign-by=").parse(args)
	sign := r.action(model.Sign, r.dockerTool(), p.pos...)
	sign.Method, sign.Key = "simple-signing", p.last("sign-by")
	return known(sign)
}

func (r reader) buildahFrom(args []string) Effect {
	p := flagTable(`name= pull pull-always pull-never arch= os= platform= authfile= creds= tls-verify q,quiet v,volume= isolation=
		format= cap-add= network= ulimit= cert-dir=`).parse(args)
	e := Effect{Known: true}
	if image := strings.TrimPrefix(p.arg(0), "docker://"); image != "" && image != "scratch" {
		e.References = append(e.References, r.reference("base_image", image))
	}
	return e
}

// fileOf is the path in a name with a transport: oci-archive:app.tar:v1.
func fileOf(text string) string {
	for _, prefix := range []string{"oci-archive:", "docker-archive:", "oci:", "dir:", "archive://", "oci-dir://", "oci-dir:"} {
		if rest, ok := strings.CutPrefix(text, prefix); ok {
			if i := indexOutside(rest, ':'); i > 0 {
				rest = rest[:i]
			}
			return rest
		}
	}
	return text
}
