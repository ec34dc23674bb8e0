package shell

import (
	"path"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// truth is whether a condition holds, as far as its values are known.
type truth int

const (
	maybe truth = iota
	yes
	no
)

func (t truth) not() truth {
	switch t {
	case yes:
		return no
	case no:
		return yes
	}
	return maybe
}

func known(b bool) truth {
	if b {
		return yes
	}
	return no
}

// truth says whether a list of statements succeeds. Only the last counts.
func (s *shell) truth(stmts []*syntax.Stmt) truth {
	if len(stmts) == 0 {
		return maybe
	}
	last := stmts[len(stmts)-1]
	t := s.truthOf(last)
	if last.Negated {
		return t.not()
	}
	return t
}

func (s *shell) truthOf(st *syntax.Stmt) truth {
	switch x := st.Cmd.(type) {
	case *syntax.TestClause:
		return s.testClause(x.X)
	case *syntax.CallExpr:
		return s.truthOfCall(x)
	case *syntax.BinaryCmd:
		return s.truthOfBinary(x)
	case *syntax.Block:
		return s.truth(x.Stmts)
	}
	return maybe
}

func (s *shell) truthOfBinary(x *syntax.BinaryCmd) truth {
	if x.Op != syntax.AndStmt && x.Op != syntax.OrStmt {
		return maybe
	}
	a, b := s.truth([]*syntax.Stmt{x.X}), s.truth([]*syntax.Stmt{x.Y})
	stop := no
	if x.Op == syntax.OrStmt {
		stop = yes
	}
	switch {
	case a == stop || b == stop && s.tests(x.X) && s.tests(x.Y):
		return stop
	case a == stop.not() && b == stop.not():
		return stop.not()
	}
	return maybe
}

func (s *shell) truthOfCall(x *syntax.CallExpr) truth {
	if len(x.Args) == 0 {
		return maybe
	}
	switch x.Args[0].Lit() {
	case "true", ":", "echo":
		return yes
	case "false":
		return no
	case "test", "[":
		return test(s.quietly(func(q *shell) []string {
			var args []string
			for _, word := range x.Args[1:] {
				args = append(args, q.text(context{}, word))
			}
			return args
		}))
	}
	return maybe
}

// quietly works out something in a copy of the shell, of which nothing stays.
func (s *shell) quietly(work func(*shell) []string) []string {
	q := s.fork()
	q.walk = s.aside()
	defer func() { s.commands, s.bytes = q.commands, q.bytes }()
	return work(q)
}

// test is the answer of test and [.
func test(args []string) truth {
	if n := len(args); n > 0 && args[n-1] == "]" {
		args = args[:n-1]
	}
	for _, a := range args {
		if a == "-a" || a == "-o" {
			return maybe
		}
	}
	switch {
	case len(args) > 1 && args[0] == "!":
		return test(args[1:]).not()
	case len(args) == 0:
		return no
	case len(args) == 1:
		return empty(args[0]).not()
	case len(args) == 2:
		return unary(args[0], args[1])
	case len(args) == 3:
		return compare(args[0], args[1], args[2])
	}
	return maybe
}

// empty says whether a symbolic text is empty.
func empty(text string) truth {
	if text == "" {
		return yes
	}
	for _, p := range pieces(text) {
		if p.known {
			return no
		}
	}
	return maybe
}

func unary(op, text string) truth {
	switch op {
	case "-z":
		return empty(text)
	case "-n":
		return empty(text).not()
	}
	return maybe
}

func compare(a, op, b string) truth {
	if symbolic(a) || symbolic(b) {
		return maybe
	}
	switch op {
	case "=", "==":
		return known(a == b)
	case "!=":
		return known(a != b)
	}
	x, err1 := strconv.Atoi(a)
	y, err2 := strconv.Atoi(b)
	if err1 != nil || err2 != nil {
		return maybe
	}
	switch op {
	case "-eq":
		return known(x == y)
	case "-ne":
		return known(x != y)
	case "-lt":
		return known(x < y)
	case "-le":
		return known(x <= y)
	case "-gt":
		return known(x > y)
	case "-ge":
		return known(x >= y)
	}
	return maybe
}

// testClause is the answer of [[.
func (s *shell) testClause(x syntax.TestExpr) truth {
	switch x := x.(type) {
	case *syntax.ParenTest:
		return s.testClause(x.X)
	case *syntax.Word:
		return empty(s.quiet(x)).not()
	case *syntax.UnaryTest:
		if x.Op == syntax.TsNot {
			return s.testClause(x.X).not()
		}
		if word, ok := x.X.(*syntax.Word); ok {
			return unary(x.Op.String(), s.quiet(word))
		}
	case *syntax.BinaryTest:
		return s.binaryTest(x)
	}
	return maybe
}

func (s *shell) binaryTest(x *syntax.BinaryTest) truth {
	switch x.Op {
	case syntax.AndTest, syntax.OrTest:
		a, b := s.testClause(x.X), s.testClause(x.Y)
		stop := known(x.Op == syntax.OrTest)
		if a == stop || b == stop {
			return stop
		}
		if a == maybe || b == maybe {
			return maybe
		}
		return stop.not()
	}
	left, ok := x.X.(*syntax.Word)
	right, ok2 := x.Y.(*syntax.Word)
	if !ok || !ok2 {
		return maybe
	}
	switch x.Op {
	case syntax.TsMatch, syntax.TsMatchShort, syntax.TsNoMatch:
		a := s.quiet(left)
		b := s.quietly(func(q *shell) []string { return []string{q.pattern(context{}, right)} })[0]
		if symbolic(a) || symbolic(b) {
			return maybe
		}
		return known(glob(b, a) == (x.Op != syntax.TsNoMatch))
	case syntax.TsReMatch:
		return maybe
	}
	return compare(s.quiet(left), x.Op.String(), s.quiet(right))
}

func (s *shell) quiet(word *syntax.Word) string {
	return s.quietly(func(q *shell) []string { return []string{q.text(context{}, word)} })[0]
}

// testing are programs that are asked something, whose failure is an answer.
const testing = " test [ grep egrep fgrep rg command type which hash false diff cmp "

// tests says whether a statement asks something, rather than doing something.
func (s *shell) tests(st *syntax.Stmt) bool {
	if st.Negated {
		return true
	}
	switch x := st.Cmd.(type) {
	case *syntax.TestClause, *syntax.ArithmCmd:
		return true
	case *syntax.CallExpr:
		if len(x.Args) == 0 {
			return false
		}
		name := x.Args[0].Lit()
		return name != "" && strings.Contains(testing, " "+path.Base(name)+" ") ||
			name == "git" && len(x.Args) > 1 && (x.Args[1].Lit() == "diff" || x.Args[1].Lit() == "diff-index")
	case *syntax.BinaryCmd:
		if x.Op == syntax.AndStmt || x.Op == syntax.OrStmt {
			return s.tests(x.X) && s.tests(x.Y)
		}
		return s.tests(x.Y)
	case *syntax.Block:
		return len(x.Stmts) > 0 && s.tests(x.Stmts[len(x.Stmts)-1])
	}
	return false
}

// condition is the text of a list of statements as a condition.
func (s *shell) condition(stmts []*syntax.Stmt) string {
	return s.conditionOf(stmts[len(stmts)-1])
}

func (s *shell) conditionOf(st *syntax.Stmt) string {
	if st.Negated {
		positive := *st
		positive.Negated = false
		if st.Cmd == nil {
			return s.render(st)
		}
		return not(s.renderSpan(st, st.Cmd.Pos(), st.End()))
	}
	return s.render(st)
}

// secretName is of variables whose value must not stand in a text for people.
var secretName = regexp.MustCompile(`(?i)pass|token|secret|key|credential|auth`)

// render is the text of a node on one line, with the values of the variables
// that are known.
func (s *shell) render(n syntax.Node) string { return s.renderSpan(n, n.Pos(), n.End()) }

func (s *shell) renderSpan(n syntax.Node, from, to syntax.Pos) string {
	type edit struct {
		a, b int
		text string
	}
	var edits []edit
	syntax.Walk(n, func(n syntax.Node) bool {
		p, ok := n.(*syntax.ParamExp)
		if !ok || !plainParam(p) || !p.Dollar.IsValid() {
			return true
		}
		text := s.peek(p.Param.Value)
		if strings.Contains(text, "\n") || len(text) > 200 || secretName.MatchString(p.Param.Value) {
			text = symbol(p.Param.Value)
		}
		edits = append(edits, edit{int(p.Pos().Offset()), int(p.End().Offset()), text})
		return false
	})
	sort.Slice(edits, func(i, k int) bool { return edits[i].a < edits[k].a })
	var b strings.Builder
	at, end := int(from.Offset()), min(int(to.Offset()), len(s.src.text))
	for _, e := range edits {
		if e.a < at || e.b > end {
			continue
		}
		b.WriteString(s.src.text[at:e.a])
		b.WriteString(e.text)
		at = e.b
	}
	if at < end {
		b.WriteString(s.src.text[at:end])
	}
	s.bytes += b.Len()
	text := strings.ReplaceAll(b.String(), "\\\n", " ")
	text = strings.TrimRight(normal(text), "; &")
	return s.src.shown(text)
}

// plainParam says whether a parameter is expanded without an operation on it.
func plainParam(p *syntax.ParamExp) bool {
	return p.Param != nil && p.Flags == nil && !p.Excl && !p.Length && !p.Width && p.Index == nil &&
		p.Slice == nil && p.Repl == nil && p.Names == 0 && p.Exp == nil && p.NestedParam == nil
}
