package tool

import (
	"strings"

	"golang.org/x/mod/semver"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// goCommand reads "go install" and "go run" of programs of others. A whole
// version is fixed by the checksum database; a branch or a query is not.
func goCommand(r reader) Effect {
	e := Effect{Known: true}
	if len(r.Args) < 3 || r.Args[1] != "install" && r.Args[1] != "run" && r.Args[1] != "get" {
		return e
	}
	p := flagTable("C= tags= ldflags= mod= modfile= o= gcflags= asmflags= buildmode= exec= p= pkgdir= toolexec= a n x v race trimpath u t d work").stopping().parse(r.Args[2:])
	args := p.pos
	if r.Args[1] == "run" && len(args) > 0 {
		args = args[:1]
	}
	for _, a := range args {
		at := lastOutside(a, '@')
		if at < 0 || strings.HasPrefix(a, "-") {
			continue
		}
		e.References = append(e.References, model.Reference{Place: r.At, Kind: "tool", Text: a, Pinned: fullVersion(a[at+1:])})
	}
	if r.Args[1] == "run" && len(args) > 0 {
		inner := r.goRun(args[0], p.pos[1:])
		e.Known = inner.Known
		e.join(inner)
	}
	return e
}

func fullVersion(v string) bool {
	return semver.IsValid(v) && strings.Count(strings.SplitN(v, "-", 2)[0], ".") == 2
}

// goRun is what a program does that is run from its source: go run
// github.com/google/ko@v0.18.0 build … What others do is not known.
func (r reader) goRun(program string, args []string) Effect {
	if at := lastOutside(program, '@'); at >= 0 {
		program = program[:at]
	}
	for _, known := range []struct{ path, name string }{
		{"github.com/google/ko", "ko"}, {"github.com/ko-build/ko", "ko"}, {"github.com/goreleaser/goreleaser", "goreleaser"},
		{"github.com/sigstore/cosign", "cosign"}, {"github.com/google/go-containerregistry/cmd/crane", "crane"},
		{"github.com/anchore/grype", "grype"}, {"github.com/anchore/syft", "syft"}, {"github.com/aquasecurity/trivy", "trivy"},
	} {
		if program == known.path || strings.HasPrefix(program, known.path+"/") {
			e := r.with(append([]string{known.name}, args...)...).read()
			e.Known = true
			return e
		}
	}
	return Effect{}
}
