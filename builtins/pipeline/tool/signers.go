package tool

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// notation reads the client of the Notary Project.
func notation(r reader) Effect {
	p := flagTable(`k,key= plugin= id= e,expiry= plugin-config= signature-format= u,username= p,password= password-stdin m,user-metadata=
		timestamp-url= timestamp-root-cert= scope= allow-referrers-api force-referrers-tag oci-layout insecure-registry d,debug v,verbose
		max-signatures= t,type= s,store= o,output=`).parse(r.Args[1:])
	var kind model.Kind
	switch p.arg(0) {
	case "sign":
		kind = model.Sign
	case "verify":
		kind = model.Verify
	case "login":
		return r.login("notation", p.arg(1), p)
	default:
		return Effect{Known: true}
	}
	a := r.action(kind, "notation", p.pos[1:]...)
	a.Method, a.Key = "notation", p.last("key")
	if p.has("id") {
		a.Key = p.last("id")
	}
	if p.on("oci-layout") {
		for i := range a.Images {
			a.Images[i] = fileRef(a.Images[i].Text)
		}
	}
	e := known(a)
	e.Secrets = r.passwordArgument(p.last("password"), "--password")
	return e
}

// notary reads the first Notary, on which Docker Content Trust stands.
func notary(r reader) Effect {
	p := flagTable("s,server= d,trustDir= c,configFile= p,publish D,debug v,verbose tlscacert= tlscert= tlskey= sha256= sha512= custom= r,roles=").parse(r.Args[1:])
	switch p.arg(0) {
	case "addhash", "add":
		image := p.arg(1)
		if p.arg(2) != "" {
			image += ":" + p.arg(2)
		}
		a := r.action(model.Sign, "notary", image)
		a.Method = "docker-content-trust"
		a.Known = p.on("publish")
		return known(a)
	case "publish":
		a := r.action(model.Sign, "notary", p.arg(1))
		a.Method, a.Known = "docker-content-trust", false // what is published was said before
		return known(a)
	}
	return Effect{Known: true}
}

// gh reads the attestations of GitHub.
func gh(r reader) Effect {
	if len(r.Args) > 3 && r.Args[1] == "attestation" && r.Args[2] == "verify" {
		p := flagTable(`b,bundle= bundle-from-oci o,owner= R,repo= predicate-type= signer-workflow= signer-repo= cert-identity= i= cert-oidc-issuer=
			cert-identity-regex= deny-self-hosted-runners d,digest-alg= format= q,jq= t,template= L,limit= no-public-good custom-trusted-root=
			hostname= source-ref= source-digest= signer-digest= use-oci-spec`).parse(r.Args[3:])
		image, ok := strings.CutPrefix(p.arg(0), "oci://")
		if !ok {
			return Effect{Known: true}
		}
		a := r.action(model.Verify, "gh", image)
		a.Method, a.Predicate = "github-attestation", p.last("predicate-type")
		return known(a)
	}
	return Effect{Known: true}
}

// stepAttester reads witness and in-toto-run, which sign a statement about a
// command that they run. Whether that is about an image cannot be told.
func stepAttester(r reader) Effect {
	if r.name == "witness" && (len(r.Args) < 2 || r.Args[1] != "run") {
		return Effect{Known: true}
	}
	a := r.action(model.Attest, r.name)
	a.Method, a.Signed, a.Known = r.name, true, false
	var inner []string
	for i, w := range r.Args {
		if w == "--" {
			inner = r.Args[i+1:]
			break
		}
	}
	e := r.run(inner, nil)
	e.Known = true
	e.add(a)
	return e
}

// slsaVerifier reads verifications of provenance.
func slsaVerifier(r reader) Effect {
	p := flagTable("source-uri= source-tag= source-branch= source-versioned-tag= builder-id= provenance-path= provenance-repository= print-provenance build-workflow-input=").parse(r.Args[1:])
	if p.arg(0) != "verify-image" {
		return Effect{Known: true}
	}
	a := r.action(model.Verify, "slsa-verifier", p.arg(1))
	a.Method, a.Predicate = "slsa", provenancePredicate
	return known(a)
}
