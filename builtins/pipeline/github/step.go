package github

import (
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// frame is where steps run: in a job, or in a composite action that a step uses.
type frame struct {
	*job
	file    file
	scope   *scope
	outer   map[string]value // the variables of the steps that lead here
	dir     string
	shell   string
	folder  string        // of the composite action
	through []model.Place // the step that leads here
	within  []string      // the actions that lead here
}

// effect is what a step does.
type effect struct {
	name     string
	when     []string
	optional string
	never    bool
	actions  []model.Action
	secrets  []string
	reads    map[string]bool  // the variables that it needs
	outputs  map[string]value // nil when nobody knows which there are
	closed   bool             // outputs holds all
}

// step reads a step, and keeps its outputs for later ones.
func (f *frame) step(i int, s step) effect {
	if !f.spendVariables(len(f.scope.env)+len(f.added)+len(f.outer), f.file.place(s.pos)) {
		return effect{}
	}
	own := *f.scope
	own.env = merge(f.scope.env, f.added, f.outer)
	own.env = merge(own.env, own.pairs(s.env))
	f.literals(s)
	f.expressions(s)
	e := effect{name: own.text(s.name).text, reads: map[string]bool{}}
	cond := own.condition(s.cond)
	e.when, e.never = cond.texts, cond.never
	if s.optional != "" {
		e.optional = whether(own.text(s.optional))
	}
	at := f.file.place(s.pos)
	id := strings.ToLower(s.id)
	symbols := own.at + ".steps." + id
	if id == "" {
		symbols = own.at + ".steps." + itoa(i+1) // no ID begins with a digit
	}
	switch never := e.never || f.never; {
	case s.uses != "":
		f.use(s, &own, &e, symbols, never)
	case s.run != "" && !never:
		f.script(s, &own, &e, symbols)
	}
	for k := range e.actions {
		if len(f.through) > 0 {
			e.actions[k].Through = append(slices.Clone(f.through), e.actions[k].Through...)
		}
	}
	if id != "" {
		f.scope.steps[id] = &ran{at: symbols, outputs: e.outputs, closed: e.closed}
	}
	f.noteUse(s, &own, &e, at)
	return e
}

// expressions finds expressions that GitHub refuses.
func (f *frame) expressions(s step) {
	texts := append([]pair{{"run", s.run, s.runPos}}, s.env...)
	for _, name := range sorted(s.with) {
		texts = append(texts, s.with[name])
	}
	for _, t := range texts {
		for _, p := range pieces(t.text) {
			if p.node == nil && strings.HasPrefix(p.source, "${{") {
				f.problem(f.file.place(t.pos), fault.Malformed, "in %q is %.80q, which is no expression: correct it", t.name, p.source)
			}
		}
	}
}

func (s *scope) pairs(env []pair) map[string]value {
	out := map[string]value{}
	for _, p := range env {
		out[strings.ToUpper(p.name)] = s.variableOf(p.name, p.text)
	}
	return out
}
