package tool

import "github.com/waxseal/waxseal/builtins/pipeline/model"

// waxsealFlags are those of waxseal attest and waxseal verify.
const waxsealFlags = `o,output= statement-only assume-image key= certificate= certificate-chain= identity-token= signing-config= trusted-root=
	tlog-upload allow-http-registry fail-on= scanned-at= database-updated-at= c,config= n,namespace= explain record= as= bundle=`

// waxseal reads this project's own command: what it signs about images. With --fail-on
// it refuses a report with such findings, which stops the pipeline as a scan does.
func waxseal(r reader) Effect {
	p := flagTable(waxsealFlags).parse(r.Args[1:])
	switch p.arg(0) {
	case "attest":
		return r.waxsealAttest(p)
	case "verify":
		if p.has("bundle") {
			return Effect{Known: true}
		}
		return known(r.action(model.Verify, "waxseal", p.pos[1:]...))
	}
	return Effect{Known: true}
}

func (r reader) waxsealAttest(p parsed) Effect {
	if p.on("statement-only") {
		return Effect{Known: true} // it is printed, and nobody signs it
	}
	a := r.action(model.Attest, "waxseal", p.arg(3))
	a.Method, a.Key = "cosign-keyless", p.last("key")
	if a.Key != "" {
		a.Method = "cosign-key"
	}
	a.Signed = true
	if name := map[string]string{"scan": "vuln", "vex": "openvex"}[p.arg(1)]; name != "" {
		a.Predicate = predicateType(name)
	}
	if p.arg(1) != "scan" || !p.has("fail-on") {
		return known(a)
	}
	scan := r.action(model.Scan, "waxseal", p.arg(3))
	scan.Gates, scan.GatesWhy = model.GatesYes, "--fail-on "+p.last("fail-on")
	return known(scan, a)
}
