package tool

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

const cosignFlags = `output-file= t,timeout= d,verbose allow-http-registry allow-insecure-registry attachment-tag-prefix= k8s-keychain
	key= cert,certificate= cert-chain,certificate-chain= a,annotations= attachment= fulcio-auth-flow= fulcio-url= identity-token= rekor-url=
	insecure-skip-verify issue-certificate new-bundle-format oidc-client-id= oidc-client-secret-file= oidc-disable-ambient-providers
	oidc-issuer= oidc-provider= oidc-redirect-url= output-certificate= output-payload= output-signature= payload= record-creation-timestamp
	r,recursive registry-cacert= registry-client-cert= registry-client-key= registry-password= registry-referrers-mode=
	registry-server-name= registry-token= registry-username= sign-container-identity= sk slot= timestamp-client-cacert= timestamp-client-cert=
	timestamp-client-key= timestamp-server-name= timestamp-server-url= tlog-upload trusted-root= upload use-signing-config
	signing-config= y,yes f,force b,b64 bundle= predicate= type= no-upload replace rfc3161-timestamp-bundle,rfc3161-timestamp=
	certificate-identity= certificate-identity-regexp= certificate-oidc-issuer= certificate-oidc-issuer-regexp=
	certificate-github-workflow-name= certificate-github-workflow-ref= certificate-github-workflow-repository=
	certificate-github-workflow-sha= certificate-github-workflow-trigger= check-claims ignore-sct insecure-ignore-sct
	insecure-ignore-tlog local-image o,output= offline policy= private-infrastructure sct= signature= signature-digest-algorithm=
	use-signed-timestamps ca-intermediates= ca-roots= max-workers= experimental-oci11 platform= only= sbom= input-format= attestation= statement=
	u,username= p,password= password-stdin keyless payload-path= hash= timestamp-certificate-chain=`

// cosign reads cosign. Its old flags have one dash: -key.
func cosign(r reader) Effect {
	args := make([]string, len(r.Args)-1)
	for i, a := range r.Args[1:] {
		args[i] = twoDashes(a)
	}
	p := flagTable(cosignFlags).parse(args)
	if len(p.pos) == 0 {
		return Effect{Known: true}
	}
	e := r.cosignCommand(p, p.pos[1:])
	e.Secrets = append(e.Secrets, r.passwordArgument(p.last("registry-password"), "--registry-password")...)
	if token := p.last("identity-token"); !strings.HasPrefix(token, "/") && !strings.HasPrefix(token, "./") { // the token, or the path of its file
		e.Secrets = append(e.Secrets, r.passwordArgument(token, "--identity-token")...)
	}
	return e
}

// twoDashes gives a long flag its second dash.
func twoDashes(arg string) string {
	if len(arg) > 2 && arg[0] == '-' && arg[1] != '-' && arg[2] != '=' {
		return "-" + arg
	}
	return arg
}

func (r reader) cosignCommand(p parsed, images []string) Effect {
	switch p.pos[0] {
	case "sign":
		return r.cosignSign(p, images)
	case "attest":
		a := r.action(model.Attest, "cosign", images...)
		r.cosignMethod(&a, p)
		a.Signed, a.Predicate = true, predicateType(p.last("type"))
		if p.on("no-upload") {
			a.Known = false
		}
		return known(a)
	case "attach":
		return r.cosignAttach(p, images)
	case "verify", "verify-attestation":
		if p.on("local-image") {
			return known(r.cosignLocal(images))
		}
		a := r.action(model.Verify, "cosign", images...)
		r.cosignMethod(&a, p)
		a.Predicate = p.last("type")
		return known(a)
	case "copy":
		return r.craneCopy(images)
	case "login":
		q := p
		return r.login("cosign", p.arg(1), q)
	}
	return Effect{Known: true}
}

func (r reader) cosignLocal(images []string) model.Action {
	a := r.action(model.Verify, "cosign")
	for _, i := range images {
		a.Images = append(a.Images, fileRef(i))
	}
	return a
}

// cosignSign reads a signature of images. One that is not uploaded, and one of
// an attachment, is not one that anybody will find with the image.
func (r reader) cosignSign(p parsed, images []string) Effect {
	a := r.action(model.Sign, "cosign", images...)
	r.cosignMethod(&a, p)
	switch attachment := p.last("attachment"); {
	case attachment != "" && !symbolic(attachment):
		return Effect{Known: true}
	case attachment != "", r.setting(p, "upload", "COSIGN_UPLOAD") != "" && truth(r.setting(p, "upload", "COSIGN_UPLOAD")) != yes:
		a.Known = false
	}
	return known(a)
}

// cosignMethod says with what cosign signs or verifies.
func (r reader) cosignMethod(a *model.Action, p parsed) {
	switch key := r.setting(p, "key", "COSIGN_KEY"); {
	case key != "":
		a.Method, a.Key = "cosign-key", key
	case p.on("sk"):
		a.Method, a.Key = "cosign-key", "a hardware token"
	case p.opaque && truth(r.Env["COSIGN_EXPERIMENTAL"]) != yes && !p.has("identity-token"):
		a.Method = "cosign" // the key may be in the variable
	default:
		a.Method = "cosign-keyless"
	}
}

// cosignAttach reads what puts something beside an image, which nobody signs.
func (r reader) cosignAttach(p parsed, args []string) Effect {
	if len(args) < 2 {
		return Effect{Known: true}
	}
	a := r.attached("cosign", args[1], predicateType(p.last("type")))
	a.Method = "cosign-attach"
	switch args[0] {
	case "sbom":
		a.Predicate = map[string]string{"cyclonedx": cyclonedxPredicate, "syft": "syft"}[p.last("type")]
		if a.Predicate == "" {
			a.Predicate = spdxPredicate
		}
	case "attestation":
		a.Predicate = ""
	case "signature":
		a.Predicate = "signature"
	default:
		return Effect{Known: true}
	}
	return known(a)
}

// predicateType is the type that a short name of cosign stands for.
func predicateType(name string) string {
	switch strings.ToLower(name) {
	case "", "custom":
		return "https://cosign.sigstore.dev/attestation/v1"
	case "slsaprovenance", "slsaprovenance02":
		return "https://slsa.dev/provenance/v0.2"
	case "slsaprovenance1":
		return "https://slsa.dev/provenance/v1"
	case "spdx", "spdxjson":
		return spdxPredicate
	case "cyclonedx":
		return cyclonedxPredicate
	case "vuln":
		return "https://cosign.sigstore.dev/attestation/vuln/v1"
	case "openvex":
		return "https://openvex.dev/ns"
	case "link":
		return "https://in-toto.io/Link/v1"
	}
	return name
}
