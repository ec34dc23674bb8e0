package shell

import (
	"mvdan.cc/sh/v3/syntax"
)

// ending says how a list of statements ends by itself, as far as its text tells,
// and whether that is a failure.
func (s *shell) ending(stmts []*syntax.Stmt) (flow, bool) { return s.endingOf(stmts, 0) }

func (s *shell) endingOf(stmts []*syntax.Stmt, depth int) (flow, bool) {
	if depth > 20 {
		return goes, false
	}
	for i, st := range stmts {
		if st.Background || st.Negated {
			continue
		}
		end, bad := s.endingOfCommand(st, depth)
		if end != goes {
			return end, bad
		}
		if bad && (i == len(stmts)-1) {
			return goes, true
		}
	}
	return goes, false
}

func (s *shell) endingOfCommand(st *syntax.Stmt, depth int) (flow, bool) {
	switch x := st.Cmd.(type) {
	case *syntax.CallExpr:
		return s.endingOfCall(x, depth)
	case *syntax.Block:
		return s.endingOf(x.Stmts, depth+1)
	case *syntax.Subshell:
		_, bad := s.endingOf(x.Stmts, depth+1)
		return goes, bad
	case *syntax.BinaryCmd:
		if x.Op == syntax.AndStmt && s.succeeds(x.X) || x.Op == syntax.OrStmt && s.fails(x.X) {
			return s.endingOf([]*syntax.Stmt{x.Y}, depth+1)
		}
	case *syntax.IfClause:
		return s.endingOfIf(x, depth)
	}
	return goes, false
}

func (s *shell) endingOfIf(x *syntax.IfClause, depth int) (flow, bool) {
	end, bad := s.endingOf(x.Then, depth+1)
	for e := x.Else; e != nil; e = e.Else {
		other, worse := s.endingOf(e.Then, depth+1)
		if other != end || worse != bad {
			return goes, false
		}
		if e.Else == nil && len(e.Cond) == 0 {
			return end, bad
		}
	}
	return goes, false
}

func (s *shell) endingOfCall(x *syntax.CallExpr, depth int) (flow, bool) {
	if len(x.Args) == 0 {
		return goes, false
	}
	code := ""
	if len(x.Args) > 1 {
		code = x.Args[1].Lit()
		if code == "" {
			code = "?" // not known: the code of what failed before
		}
	}
	switch name := x.Args[0].Lit(); name {
	case "exit":
		return exits, code != "" && code != "0"
	case "return":
		return returns, code != "" && code != "0"
	case "break":
		return breaks, false
	case "continue":
		return skips, false
	case "false":
		return goes, true
	default:
		f, ok := s.funcs[name]
		if !ok {
			return goes, false
		}
		end, bad := s.endingOf([]*syntax.Stmt{f.body}, depth+1)
		if end == returns {
			end = goes
		}
		return end, bad
	}
}

// succeeds and fails are of commands that print or always answer the same.
func (s *shell) succeeds(st *syntax.Stmt) bool {
	call, ok := st.Cmd.(*syntax.CallExpr)
	if !ok || len(call.Args) == 0 {
		return false
	}
	switch call.Args[0].Lit() {
	case "echo", "printf", "true", ":":
		return true
	}
	return false
}

func (s *shell) fails(st *syntax.Stmt) bool {
	call, ok := st.Cmd.(*syntax.CallExpr)
	return ok && len(call.Args) > 0 && call.Args[0].Lit() == "false"
}

// leaves says how a statement leaves what it stands in.
func (s *shell) leaves(st *syntax.Stmt) flow {
	end, _ := s.ending([]*syntax.Stmt{st})
	return end
}

// checked says what a script makes of the status of a statement by looking at $?
// afterwards: it exits with it, or with a failure if it is one.
func (s *shell) checked(f fate, st *syntax.Stmt, rest []*syntax.Stmt) (string, bool) {
	if len(rest) == 0 {
		return "", false
	}
	if kept := assigned(rest[0]); kept != "" {
		return s.checkedBy(f, kept, rest[1:])
	}
	return s.checkedBy(f, "?", rest[:1])
}

// checkedBy says what statements make of a status that a variable holds.
func (s *shell) checkedBy(f fate, name string, rest []*syntax.Stmt) (string, bool) {
	for _, next := range rest[:min(len(rest), 50)] {
		if !mentions(next, name) {
			continue
		}
		if end, bad := s.verdict(next, name); bad {
			if end == returns {
				return f.back, true
			}
			return f.exit, true
		}
	}
	return "", false
}

// assigned is the variable that keeps $?, or that there was a failure: x=$?, x=1.
func assigned(st *syntax.Stmt) string {
	call, ok := st.Cmd.(*syntax.CallExpr)
	if !ok || len(call.Args) > 0 || len(call.Assigns) != 1 || call.Assigns[0].Value == nil {
		return ""
	}
	if lit := call.Assigns[0].Value.Lit(); mentions(call.Assigns[0].Value, "?") || lit == "1" {
		return call.Assigns[0].Name.Value
	}
	return ""
}

func mentions(n syntax.Node, name string) bool {
	found := false
	syntax.Walk(n, func(n syntax.Node) bool {
		if p, ok := n.(*syntax.ParamExp); ok && p.Param != nil && p.Param.Value == name {
			found = true
		}
		return !found
	})
	return found
}

// verdict says how a statement that looks at a status ends when it is a failure:
// exit $?, [ $? -eq 0 ] || exit 1, if [ $? -ne 0 ]; then exit 1; fi.
func (s *shell) verdict(st *syntax.Stmt, name string) (flow, bool) {
	switch x := st.Cmd.(type) {
	case *syntax.CallExpr:
		return s.endingOfCall(x, 0)
	case *syntax.BinaryCmd:
		if asksOnly(x.X, name) && asksForSuccess(x.X) == (x.Op == syntax.OrStmt) {
			return s.ending([]*syntax.Stmt{x.Y})
		}
	case *syntax.IfClause:
		if len(x.Cond) != 1 || !asksOnly(x.Cond[0], name) {
			return goes, false
		}
		if !asksForSuccess(x.Cond[0]) {
			return s.ending(x.Then)
		}
		if x.Else != nil && len(x.Else.Cond) == 0 {
			return s.ending(x.Else.Then)
		}
	}
	return goes, false
}

// asksOnly says whether a test is about a variable and about nothing else.
func asksOnly(st *syntax.Stmt, name string) bool {
	only := mentions(st, name)
	syntax.Walk(st, func(n syntax.Node) bool {
		switch x := n.(type) {
		case *syntax.BinaryCmd:
			only = false
		case *syntax.BinaryTest:
			only = only && x.Op != syntax.AndTest && x.Op != syntax.OrTest
		case *syntax.Word:
			only = only && x.Lit() != "-a" && x.Lit() != "-o"
		}
		return true
	})
	return only
}

// asksForSuccess says whether a test of a status holds for 0.
func asksForSuccess(st *syntax.Stmt) bool {
	ok, other := false, false
	syntax.Walk(st, func(n syntax.Node) bool {
		switch x := n.(type) {
		case *syntax.Word:
			switch x.Lit() {
			case "-eq", "=", "==":
				ok = true
			case "1", "true":
				other = !other
			}
		case *syntax.BinaryTest:
			ok = ok || x.Op == syntax.TsEql || x.Op == syntax.TsMatch || x.Op == syntax.TsMatchShort
		case *syntax.BinaryArithm:
			ok = ok || x.Op == syntax.Eql
		}
		return true
	})
	return ok != other != st.Negated
}
