package evidence

import (
	"context"
	"time"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

// Request is one request for evidence. Opts is nil for functions that take no
// options; Err is the author's mistake that was found while compiling them.
type Request struct {
	Key  string
	Fn   string
	Ref  string
	Opts *Options
	Err  error
}

// Functions are the functions that a request may name, with whether they take
// options.
var functions = map[string]bool{
	"image.parse": false, "cosign.verify": true, "cosign.attestations": true, "scan.findings": true,
	"sbom.packages": true, notationFn: true,
	notaryFn:          true,
	"vex.statements":  true,
	"registry.digest": false, "registry.manifest": false, "registry.config": false, "registry.referrers": false,
	"registry.configs": false,
	PipelineRead:       false, EnforcementRead: false, AuditRead: false,
}

// Collect finds the results of all requests at once: evidence.collect. An
// author's mistake stops only its own request.
func (d *Decision) Collect(ctx context.Context, requests []Request) (map[string]Result, error) {
	results, errs := d.Each(ctx, requests)
	out := make(map[string]Result, len(requests))
	for i, r := range requests {
		if errs[i] != nil {
			return nil, errs[i]
		}
		out[r.Key] = results[i]
	}
	return out, nil
}

// Each is [Decision.Collect] for hosts that answer request by request: what
// halts stands in errs, at the place of its request, and stops no other.
func (d *Decision) Each(ctx context.Context, requests []Request) (results []Result, errs []error) {
	started := time.Now()
	defer func() { d.observer.Collected(len(requests), time.Since(started)) }()
	results = make([]Result, len(requests))
	errs = parallel(len(requests), func(i int) (err error) {
		results[i], err = d.one(ctx, requests[i])
		return err
	})
	return results, errs
}

func (d *Decision) one(ctx context.Context, r Request) (Result, error) {
	err := r.Err
	var res Result
	if err == nil {
		res, err = d.Call(ctx, r.Fn, r.Ref, r.Opts)
	}
	if code, _ := fault.CodeOf(err); err != nil && code == fault.InvalidRequest {
		return mistaken(r, err), nil
	}
	return res, err
}

// mistaken is the result of a request that its author got wrong.
func mistaken(r Request, err error) Result {
	img := Image{Ref: r.Ref}
	if ref, perr := registry.Parse(r.Ref); perr == nil {
		img = imageOf(ref, registry.Descriptor{Digest: ref.Digest()})
	}
	c := Common{Image: img, Errors: []Problem{problem(err, fault.InvalidRequest)}}
	switch r.Fn {
	case "cosign.verify":
		return newVerification(c)
	case "cosign.attestations":
		return newAttestations(c)
	case "scan.findings":
		return newFindings(c)
	case "sbom.packages":
		return newSBOMs(c)
	case notationFn:
		return newNotation(c)
	case notaryFn:
		return newTrusted(c)
	case "vex.statements":
		return newVEX(c)
	case PipelineRead, EnforcementRead, AuditRead:
		return newLocal(r.Fn, c)
	}
	return newParse(c)
}

func (d *Decision) call(ctx context.Context, fn, ref string, opts *Options) (Result, error) {
	if opts != nil && opts.asks != "" && fn != "sbom.packages" {
		return nil, invalid("opts: %s", opts.asks)
	}
	if err := opts.fits(fn); err != nil {
		return nil, err
	}
	switch fn {
	case "image.parse":
		return answer(ParseImage(ref))
	case "cosign.verify":
		return answer(d.Verify(ctx, ref, opts))
	case "cosign.attestations":
		return answer(d.Attestations(ctx, ref, opts))
	case "scan.findings":
		return answer(d.Findings(ctx, ref, opts))
	case "sbom.packages":
		return answer(d.Packages(ctx, ref, opts))
	case notationFn:
		return answer(d.Notation(ctx, ref, opts))
	case notaryFn:
		return answer(d.Notary(ctx, ref, opts))
	case "vex.statements":
		return answer(d.VEX(ctx, ref, opts))
	case "registry.digest":
		return answer(d.Digest(ctx, ref))
	case "registry.manifest":
		return answer(d.Manifest(ctx, ref))
	case "registry.config":
		return answer(d.Config(ctx, ref))
	case "registry.configs":
		return answer(d.Configs(ctx, ref))
	case "registry.referrers":
		return answer(d.Referrers(ctx, ref))
	case PipelineRead, EnforcementRead, AuditRead:
		return d.local(ctx, fn, ref)
	}
	return nil, invalid("fn: no function named %q", fn)
}

// answer keeps a nil pointer from becoming a Result that is not nil.
func answer[T Result](v T, err error) (Result, error) {
	if err != nil {
		return nil, err
	}
	return v, nil
}
