package shell

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// flow is how a part of a script ends.
type flow int

const (
	goes    flow = iota // with the next statement
	breaks              // out of the loop
	skips               // to the next turn of the loop
	returns             // out of the function
	exits               // out of the shell
)

// list runs statements one after the other.
func (s *shell) list(c context, stmts []*syntax.Stmt) flow {
	outer := c.fate
	for i, st := range stmts {
		rest := stmts[i+1:]
		c.rest = rest
		c.fate = outer.in(s.errexit, len(rest) == 0, func() (string, bool) { return s.checked(outer, st, rest) })
		if end := s.stmt(c, st); end != goes {
			return end
		}
	}
	return goes
}

func (s *shell) stmt(c context, st *syntax.Stmt) flow {
	if c.depth++; c.depth > maxDepth {
		s.problem(s.src.place(st.Pos()), "too_large", "commands stand in commands more deeply than is read; the innermost were not read")
		return goes
	}
	if !s.spend(s.src.place(st.Pos()), 1, 0) {
		return exits
	}
	if s.noexec {
		return goes
	}
	if st.Negated && !c.decided {
		c.fate = c.fate.ignored(inverted)
	}
	c.decided = false
	if st.Background || st.Coprocess {
		return s.background(c, st)
	}
	return s.redirected(c, st)
}

// background runs a statement beside the script: its status is lost.
func (s *shell) background(c context, st *syntax.Stmt) flow {
	if !s.src.waits(st, c.rest) {
		c.fate = fails(inBackgr)
	}
	sub := s.fork()
	sub.level(c, ofShell, func() flow { return sub.redirected(c, st) })
	return goes
}

func (s *shell) command(c context, st *syntax.Stmt) flow {
	switch x := st.Cmd.(type) {
	case *syntax.CallExpr:
		return s.call(c, x)
	case *syntax.BinaryCmd:
		return s.binary(c, x)
	case *syntax.IfClause:
		return s.ifClause(c, x)
	case *syntax.ForClause:
		return s.forClause(c, x)
	case *syntax.WhileClause:
		return s.whileClause(c, x)
	case *syntax.CaseClause:
		return s.caseClause(c, x)
	case *syntax.Block:
		return s.list(c, x.Stmts)
	case *syntax.Subshell:
		return s.subshell(c, x.Stmts)
	case *syntax.FuncDecl:
		if x.Name != nil {
			s.funcs[x.Name.Value] = function{x.Body, s.src}
		}
	case *syntax.DeclClause:
		s.declare(c, x)
	case *syntax.TimeClause:
		if x.Stmt != nil {
			return s.stmt(c, x.Stmt)
		}
	case *syntax.CoprocClause:
		c.fate = fails(inBackgr)
		s.fork().stmt(c, x.Stmt)
	case *syntax.TestClause:
		s.visit(c, x)
	case *syntax.LetClause, *syntax.ArithmCmd:
		s.arithmetic(x)
	}
	return goes
}

// subshell runs statements in a copy of the shell, whose exit is its status.
func (s *shell) subshell(c context, stmts []*syntax.Stmt) flow {
	sub := s.fork()
	c.fate.soft, c.fate.exit, c.fate.back = c.fate.status, c.fate.status, c.fate.status
	sub.level(c, ofShell, func() flow { return sub.list(c, stmts) })
	return goes
}

func (s *shell) binary(c context, x *syntax.BinaryCmd) flow {
	switch x.Op {
	case syntax.AndStmt:
		return s.and(c, x)
	case syntax.OrStmt:
		return s.or(c, x)
	}
	return s.pipe(c, x)
}

func (s *shell) and(c context, x *syntax.BinaryCmd) flow {
	left := c
	left.fate = c.fate.ignored(c.fate.soft)
	if x.X.Negated { // ! x && exit 1
		left.decided = true
		left.fate = c.fate.ignored(s.consequence(c, []*syntax.Stmt{x.Y}, inverted))
	}
	reason, done := s.doneEarly(c, []*syntax.Stmt{x.X}, []*syntax.Stmt{x.Y})
	if done {
		left.fate = c.fate.ignored(reason)
	}
	if end := s.stmt(left, x.X); end != goes {
		return end
	}
	switch t := s.truth([]*syntax.Stmt{x.X}); {
	case t == no:
		return goes
	case t == yes, done:
		return s.stmt(c, x.Y)
	}
	if leaves := s.leaves(x.Y); s.tests(x.X) || leaves == exits || leaves == returns {
		text := s.conditionOf(x.X)
		return s.branches(func() flow { return s.stmt(c.given(text), x.Y) }, func() flow { return goes })
	}
	return s.stmt(c, x.Y)
}

// doneEarly is "x && return 0", or an if that says the same, before what ends with a failure: the way of helpers
// that try again. The reason is why a failure of x, each time, does nothing.
func (s *shell) doneEarly(c context, cond, then []*syntax.Stmt) (string, bool) {
	if len(cond) != 1 || s.tests(cond[0]) {
		return "", false
	}
	switch end, bad := s.ending(then); {
	case bad || end != exits && end != returns:
		return "", false
	}
	follows := append(slices.Clip(c.rest), c.after...)
	end, bad := s.ending(follows)
	if !bad || end == goes {
		return "", false
	}
	return s.consequence(c, follows, ""), true
}

func (s *shell) or(c context, x *syntax.BinaryCmd) flow {
	left := c
	left.fate = c.fate.ignored(s.rescue(c, x.Y))
	if end := s.stmt(left, x.X); end != goes {
		return end
	}
	switch s.truth([]*syntax.Stmt{x.X}) {
	case yes:
		return goes
	case no:
		return s.stmt(c, x.Y)
	}
	text := not(s.conditionOf(x.X))
	if !s.tests(x.X) {
		s.failures[text] = true
	}
	return s.branches(func() flow { return s.stmt(c.given(text), x.Y) }, func() flow { return goes })
}

// rescue is what becomes of a failure before "|| y".
func (s *shell) rescue(c context, y *syntax.Stmt) string {
	if name := assigned(y); name != "" { // x || code=$?
		if reason, ok := s.checkedBy(c.fate, name, c.rest); ok {
			return reason
		}
	}
	return s.consequence(c, []*syntax.Stmt{y}, "|| "+short(s.render(y)))
}

// consequence is what becomes of a failure after which statements run: they end
// with a failure themselves, or there is a reason why it does nothing.
func (s *shell) consequence(c context, stmts []*syntax.Stmt, reason string) string {
	switch end, bad := s.ending(stmts); {
	case bad && end == exits:
		return c.fate.exit
	case bad && end == returns:
		return c.fate.back
	case bad:
		return c.fate.status
	}
	return reason
}

func short(text string) string {
	if len(text) > 60 {
		return strings.ToValidUTF8(text[:57], "") + "..."
	}
	return text
}

// pipe runs both sides of a pipe in shells of their own; the right reads what
// the left prints.
func (s *shell) pipe(c context, x *syntax.BinaryCmd) flow {
	left, right := s.fork(), s.fork()
	lc := c
	if !s.pipefail {
		lc.fate = c.fate.ignored(inPipe)
		if reason, ok := s.checkedBy(c.fate, "PIPESTATUS", c.rest[:min(len(c.rest), 1)]); ok {
			lc.fate = c.fate.ignored(reason)
		}
	} else {
		lc.fate.exit = c.fate.status
	}
	text := left.capture(lc, []*syntax.Stmt{x.X}, func() string { return s.render(x.X) })
	right.in = &text
	c.fate.exit = c.fate.status
	right.level(c, ofShell, func() flow { return right.stmt(c, x.Y) })
	return goes
}
