package builtins

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/fault"
)

// This file is the one place where what happened in Go becomes a value or a
// halt. A builtin is total: it is never undefined and never fails with a plain
// error, because `r := f(x); not r.ok` passes silently when f does.

// total is deferred by every builtin: its error, and a panic, halt the
// evaluation.
func total(name string, term **ast.Term, err *error) {
	switch r := recover(); {
	case r != nil:
		*err = fmt.Errorf("this is a bug in Waxseal, please report it: panic: %v\n%s", r, debug.Stack())
	case *err == nil && *term == nil:
		*err = errors.New("this is a bug in Waxseal, please report it: no result")
	}
	if *err != nil {
		*term, *err = nil, halt(name, *err)
	}
}

func halt(name string, err error) error {
	return rego.NewHaltError(fmt.Errorf("%s: %w", name, err))
}

// mistake is an author's mistake in a call.
func mistake(format string, args ...any) error {
	return fault.Newf(fault.InvalidRequest, "", "", format, args...)
}

// termOf renders a result as a term, once for each result.
func termOf(r evidence.Result) (*ast.Term, error) {
	if known, ok := r.Base().Rendered().(*ast.Term); ok {
		return known, nil
	}
	raw, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	v, err := ast.ValueFromReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	term := ast.NewTerm(v)
	r.Base().Render(term)
	return term, nil
}

// canonical is the JSON of a term: sorted keys, as json.marshal prints it.
func canonical(v ast.Value) ([]byte, error) {
	x, err := ast.JSON(v)
	if err != nil {
		return nil, err
	}
	return json.Marshal(x)
}
