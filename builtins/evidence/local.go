package evidence

import (
	"context"

	"github.com/waxseal/waxseal/builtins/fault"
)

// Local reads what lies beside the host, the pipelines or the admission
// configuration of a repository, or the facts of an audit, and returns it as a value of JSON, with the name that the
// repository has for the reference. Ref is a file
// of the repository, or "" for all of it. An error that carries a [fault.Code]
// becomes a result that is not OK.
type Local func(ctx context.Context, ref string) (name string, value any, err error)

// The functions that read locally, and the payload of their results.
const (
	PipelineRead    = "pipeline.read"
	EnforcementRead = "enforcement.read"
	AuditRead       = "audit.read"
)

var localPayload = map[string]string{PipelineRead: "repository", EnforcementRead: "configuration", AuditRead: "facts"}

// Locals are the local readers of a host, by function. Without one, the
// function is the author's mistake: a server reads nobody's files.
type Locals map[string]Local

func (d *Decision) local(ctx context.Context, fn, ref string) (Result, error) {
	read := d.locals[fn]
	if read == nil {
		return nil, invalid("fn: %s reads files, and this host reads none: use `waxseal pipeline`, `waxseal enforcement`, `waxseal audit`, `waxseal collect`, or a conftest with the builtins inside", fn)
	}
	name, value, err := read(ctx, ref)
	return Found(fn, name, value, err)
}

// Found is the result of a function that reads locally: the value, or the error
// where it carries a code.
func Found(fn, ref string, value any, err error) (Result, error) {
	if err == nil {
		return &Document{Common: common(Common{OK: true, Image: Image{Ref: ref}}), name: localPayload[fn], Value: value}, nil
	}
	code, known := fault.CodeOf(err)
	if !known || code == fault.InvalidRequest {
		return nil, err
	}
	return newLocal(fn, Common{Image: Image{Ref: ref}, Errors: []Problem{problem(err, code)}}), nil
}

func newLocal(fn string, c Common) *Document {
	return &Document{Common: common(c), name: localPayload[fn]}
}
