package github

import (
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/waxseal/waxseal/builtins/config/document"
)

// step is a step as it is written, in a workflow or in a composite action.
type step struct {
	id, name, cond, uses, run, shell, dir string
	optional                              string // continue-on-error, as it is written
	env                                   []pair
	with                                  map[string]pair // by name in lower case
	pos, usesPos, runPos                  *actionlint.Pos
}

// pair is a name and a text, with its place.
type pair struct {
	name, text string
	pos        *actionlint.Pos
}

func stepOf(s *actionlint.Step) step {
	out := step{id: text(s.ID), name: text(s.Name), cond: text(s.If), pos: s.Pos, with: map[string]pair{}}
	if b := s.ContinueOnError; b != nil {
		out.optional = b.String()
	}
	if s.Env != nil {
		for _, name := range sorted(s.Env.Vars) {
			v := s.Env.Vars[name]
			out.env = append(out.env, pairOf(v.Name, v.Value))
		}
	}
	switch e := s.Exec.(type) {
	case *actionlint.ExecRun:
		out.run, out.shell, out.dir = text(e.Run), text(e.Shell), text(e.WorkingDirectory)
		if e.Run != nil {
			out.runPos = e.Run.Pos
		}
	case *actionlint.ExecAction:
		out.action(e)
	}
	return out
}

func (s *step) action(e *actionlint.ExecAction) {
	s.uses = text(e.Uses)
	if e.Uses != nil {
		s.usesPos = e.Uses.Pos
	}
	for name, in := range e.Inputs {
		s.with[name] = pairOf(in.Name, in.Value)
	}
	for name, v := range map[string]*actionlint.String{"args": e.Args, "entrypoint": e.Entrypoint} {
		if v != nil {
			s.with[name] = pairOf(&actionlint.String{Value: name}, v)
		}
	}
}

func text(s *actionlint.String) string {
	if s == nil {
		return ""
	}
	return s.Value
}

func pairOf(name, value *actionlint.String) pair {
	p := pair{name: text(name), text: text(value)}
	if value != nil {
		p.pos = value.Pos
	}
	return p
}

// stepOfNode is a step of a composite action.
func stepOfNode(n *document.Node) step {
	out := step{pos: posOf(n), with: map[string]pair{}}
	for _, f := range n.Fields {
		v := scalar(f.Value)
		switch f.Name {
		case "id":
			out.id = v
		case "name":
			out.name = v
		case "if":
			out.cond = v
		case "shell":
			out.shell = v
		case "working-directory":
			out.dir = v
		case "continue-on-error":
			out.optional = v
		case "uses":
			out.uses, out.usesPos = v, posOf(f.Value)
		case "run":
			out.run, out.runPos = v, posOf(f.Value)
		case "env":
			out.env = pairsOf(f.Value)
		case "with":
			for _, p := range pairsOf(f.Value) {
				out.with[strings.ToLower(p.name)] = p
			}
		}
	}
	return out
}

func posOf(n *document.Node) *actionlint.Pos { return &actionlint.Pos{Line: n.Line, Col: n.Column} }

func scalar(n *document.Node) string {
	if n == nil {
		return ""
	}
	switch n.Kind {
	case document.String, document.Number, document.Bool:
		return n.Text
	}
	return ""
}

func pairsOf(n *document.Node) []pair {
	var out []pair
	for _, f := range n.Fields {
		out = append(out, pair{f.Name, scalar(f.Value), posOf(f.Value)})
	}
	return out
}
