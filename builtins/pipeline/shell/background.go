package shell

import "mvdan.cc/sh/v3/syntax"

// waits says whether the script keeps the ID of a process that it has begun, and
// waits for one, minding its status, later: wait without an argument does not.
func (s *script) waits(after *syntax.Stmt, rest []*syntax.Stmt) bool {
	if s.lastWait == nil {
		last := lastWait(s.file)
		s.lastWait = &last
	}
	return s.lastWait.After(after.Pos()) && keepsProcess(rest)
}

// keepsProcess says whether $! is asked for before another process begins.
func keepsProcess(rest []*syntax.Stmt) bool {
	for _, st := range rest {
		if mentions(st, "!") {
			return true
		}
		if st.Background || st.Coprocess {
			return false
		}
	}
	return false
}

// lastWait is the place of the last wait of a script that has an argument and
// whose failure something minds.
func lastWait(file *syntax.File) syntax.Pos {
	var last syntax.Pos
	syntax.Walk(file, func(n syntax.Node) bool {
		switch x := n.(type) {
		case *syntax.BinaryCmd:
			if x.Op == syntax.OrStmt && rescues(x.Y) {
				return false
			}
		case *syntax.Stmt:
			return !x.Negated && !x.Background
		case *syntax.CallExpr:
			if len(x.Args) > 1 && x.Args[0].Lit() == "wait" {
				last = x.Pos()
			}
		}
		return true
	})
	return last
}

// rescues says of what follows || that it does nothing but end well.
func rescues(st *syntax.Stmt) bool {
	call, ok := st.Cmd.(*syntax.CallExpr)
	if !ok || len(call.Args) == 0 {
		return false
	}
	switch call.Args[0].Lit() {
	case "true", ":", "echo", "printf":
		return true
	case "exit", "return":
		return len(call.Args) > 1 && call.Args[1].Lit() == "0"
	}
	return false
}
