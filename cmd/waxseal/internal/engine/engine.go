// Package engine evaluates the policies over objects, as the CLI does it.
package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// Engine is the policies, compiled for one flavour of bundle.
type Engine struct {
	query    rego.PreparedEvalQuery
	set      *builtins.Set
	Revision string // digest of the bundle's files
}

// Outcome is what the policies say about one object. Evidence is what the
// judgement rests on: results by the key of their request.
type Outcome struct {
	Violations []render.Violation        `json:"violations"`
	Notes      []render.Violation        `json:"notes"`
	Images     []render.Image            `json:"images"`
	NotJudged  []render.NotJudged        `json:"not_judged"`
	Evidence   map[string]map[string]any `json:"evidence"`
	Now        json.Number               `json:"now"`

	// Report is all that the policies said, as it is.
	Report map[string]any `json:"-"`
}

const query = `report := data.lib.waxseal.report
evidence := data.lib.waxseal.evidence._collected
now := data.lib.waxseal.host.now`

// New compiles the bundle of a flavour with its data. Set may be nil for a
// flavour that asks nobody.
func New(ctx context.Context, flavour string, set *builtins.Set, data map[string]any) (*Engine, error) {
	return NewFor(ctx, bundles.Images, flavour, set, data)
}

// NewFor is [New] for the policies that judge a subject.
func NewFor(ctx context.Context, subject bundles.Subject, flavour string, set *builtins.Set, data map[string]any) (*Engine, error) {
	q, revision, err := prepare(ctx, query, subject, flavour, nil, set, over(data))
	if err != nil {
		return nil, err
	}
	return &Engine{query: q, set: set, Revision: revision}, nil
}

// over is the store of the operator's data.
func over(data map[string]any) storage.Store {
	return inmem.NewFromObject(map[string]any{"waxseal": data})
}

// prepare compiles a query over the bundle of a flavour, with policies of one's
// own in it, and returns the revision of the bundle too.
func prepare(ctx context.Context, query string, subject bundles.Subject, flavour string, own bundles.Own, set *builtins.Set, data storage.Store) (q rego.PreparedEvalQuery, revision string, err error) {
	files, err := bundles.FilesOf(subject, flavour, nil, own)
	if err != nil {
		return q, "", err
	}
	opts := []func(*rego.Rego){rego.Query(query), rego.Store(data)}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		opts = append(opts, rego.Module(name, string(files[name])))
	}
	if set != nil {
		opts = append(opts, set.Options()...)
	}
	if q, err = rego.New(opts...).PrepareForEval(ctx); err != nil {
		return q, "", fmt.Errorf("compile the policies: %w", err)
	}
	return q, bundles.Revision(files), nil
}

// Judge evaluates the policies over one object. The error means that nobody
// can tell: the evaluation was halted.
func (e *Engine) Judge(ctx context.Context, d *evidence.Decision, input map[string]any) (*Outcome, error) {
	return e.judge(ctx, d, input)
}

// JudgeAt is [Engine.Judge] with this time as the clock of the policies.
func (e *Engine) JudgeAt(ctx context.Context, d *evidence.Decision, input map[string]any, now time.Time) (*Outcome, error) {
	return e.judge(ctx, d, input, rego.EvalTime(now))
}

func (e *Engine) judge(ctx context.Context, d *evidence.Decision, input map[string]any, options ...rego.EvalOption) (*Outcome, error) {
	if d != nil {
		ctx = evidence.WithDecision(ctx, d)
	}
	value, err := ast.InterfaceToValue(input)
	if err != nil {
		return nil, fmt.Errorf("read the object: %w", err)
	}
	results, err := e.query.Eval(ctx, append(options, rego.EvalParsedInput(value))...)
	if err != nil {
		return nil, err
	}
	if len(results) != 1 {
		return nil, fmt.Errorf("the policies gave no answer: this is a bug in Waxseal, please report it")
	}
	return outcome(results[0].Bindings)
}

// outcome decodes the bindings of the query, strictly: a report that lacks a
// part is no answer.
func outcome(bindings rego.Vars) (*Outcome, error) {
	report, ok := bindings["report"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the policies gave no report: this is a bug in Waxseal, please report it")
	}
	for _, part := range []string{"violations", "notes", "images", "not_judged"} {
		if _, ok := report[part].([]any); !ok {
			return nil, fmt.Errorf("the report lacks %q: this is a bug in Waxseal, please report it", part)
		}
	}
	raw, err := json.Marshal(map[string]any{
		"violations": report["violations"], "notes": report["notes"], "images": report["images"],
		"not_judged": report["not_judged"], "evidence": bindings["evidence"], "now": bindings["now"],
	})
	if err != nil {
		return nil, err
	}
	var out Outcome
	if err := json.Unmarshal(raw, &out); err != nil {
		return nil, fmt.Errorf("read the report: %w", err)
	}
	out.digests()
	out.Report = report
	return &out, nil
}

// digests fills in the digest of each image that the evidence established.
func (o *Outcome) digests() {
	digests := map[string]string{}
	for key, result := range o.Evidence {
		var request struct{ Ref string }
		img, _ := result["image"].(map[string]any)
		if digest, _ := img["digest"].(string); digest != "" && json.Unmarshal([]byte(key), &request) == nil {
			digests[request.Ref] = digest
		}
	}
	for i := range o.Images {
		o.Images[i].Digest = digests[o.Images[i].Image]
	}
}

// Hosts returns the registries that the evidence is about, sorted.
func (o *Outcome) Hosts() []string {
	seen := map[string]bool{}
	for _, result := range o.Evidence {
		img, _ := result["image"].(map[string]any)
		if host, _ := img["registry"].(string); host != "" {
			seen[host] = true
		}
		written, _ := img["ref"].(string) // an image of a mirror is judged as another host's
		if ref, err := registry.Parse(written); err == nil {
			seen[ref.Repository().Registry] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}
