package shell

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

func (s *shell) ifClause(c context, x *syntax.IfClause) flow {
	if len(x.Cond) == 0 { // else
		return s.list(c, x.Then)
	}
	cond := c
	cond.fate, cond.decided = c.fate.ignored(s.decides(c, x)), true
	if end := s.list(cond, x.Cond); end != goes {
		return end
	}
	switch s.truth(x.Cond) {
	case yes:
		return s.list(c, x.Then)
	case no:
		if x.Else == nil {
			return goes
		}
		return s.ifClause(c, x.Else)
	}
	text := s.condition(x.Cond)
	return s.branches(
		func() flow { return s.list(c.given(text), x.Then) },
		func() flow {
			if x.Else == nil {
				return goes
			}
			return s.ifClause(c.given(not(text)), x.Else)
		})
}

// branches runs two branches of which one is taken, and joins what they leave.
func (s *shell) branches(first, second func() flow) flow {
	old, printed := s.save(), s.out.count()
	one := first()
	after := s.save()
	s.restore(old)
	other := second()
	if s.out.count() != printed {
		s.out.unknown = true
	}
	switch {
	case one == goes && other == goes:
		s.join(after)
	case one == goes:
		s.restore(after)
	case other != goes:
		return min(one, other)
	}
	return goes
}

// decides is what becomes of a failure in the condition of an if.
func (s *shell) decides(c context, x *syntax.IfClause) string {
	if x.Else == nil {
		if reason, ok := s.doneEarly(c, x.Cond, x.Then); ok {
			return reason
		}
	}
	last := x.Cond[len(x.Cond)-1]
	branch := []*syntax.Stmt{}
	if last.Negated {
		branch = x.Then
	} else if x.Else != nil && len(x.Else.Cond) == 0 {
		branch = x.Else.Then
	}
	return s.consequence(c, branch, inIf)
}

func (s *shell) forClause(c context, x *syntax.ForClause) flow {
	iter, ok := x.Loop.(*syntax.WordIter)
	if !ok {
		return s.turns(c, "", []string{""}, x.Do, true)
	}
	var items []string
	if !iter.InPos.IsValid() {
		items = s.args
		if s.noArgs {
			items = []string{"${@}"}
		}
	}
	for _, word := range iter.Items {
		items = append(items, s.loopFields(c, word)...)
	}
	more := len(items) == 1 && symbolic(items[0])
	if len(items) > 16 && counts(items) { // it tries again, or counts: one turn tells all
		items, more = []string{symbol(iter.Name.Value)}, true
	}
	return s.turns(c, iter.Name.Value, items, x.Do, more)
}

// counts says whether the values of a loop are but numbers in order.
func counts(items []string) bool {
	for i, item := range items {
		n, err := strconv.Atoi(item)
		if err != nil || i > 0 && strconv.Itoa(n-1) != items[i-1] {
			return false
		}
	}
	return true
}

// turns runs the body of a loop once for each value. More says that it may be
// more turns than that.
func (s *shell) turns(c context, name string, items []string, body []*syntax.Stmt, more bool) flow {
	if len(items) > maxLoops {
		s.problem(s.src.place(body[0].Pos()), "too_large", "a loop has more than "+strconv.Itoa(maxLoops)+" turns; the rest was not read")
		items = items[:maxLoops]
	}
	c.loop, c.after = true, c.rest
	for i, item := range items {
		if name != "" {
			s.set(name, item)
		}
		turn := c
		if more || i < len(items)-1 {
			turn.fate.soft = or(turn.fate.soft, inLoop)
		}
		switch end := s.level(turn, ofLoop, func() flow { return s.list(turn, body) }); end {
		case breaks:
			return goes
		case returns, exits:
			return end
		}
	}
	return goes
}

func (s *shell) whileClause(c context, x *syntax.WhileClause) flow {
	if names, by, ok := readsInto(x); ok {
		return s.readLoop(c, names, by, x.Do)
	}
	cond := c
	cond.decided = true
	again := x.Until != x.Cond[len(x.Cond)-1].Negated // a failure repeats the loop, until there is none
	if again && !hasBreak(x.Do) {
		cond.fate = cond.fate.ignored("")
	} else {
		cond.fate = cond.fate.ignored(inLoop)
	}
	if end := s.list(cond, x.Cond); end != goes {
		return end
	}
	if t := s.truth(x.Cond); t == no && !x.Until || t == yes && x.Until {
		return goes
	}
	return s.turns(c, "", []string{""}, x.Do, true)
}

func hasBreak(stmts []*syntax.Stmt) bool {
	found := false
	for _, st := range stmts {
		syntax.Walk(st, func(n syntax.Node) bool {
			if call, ok := n.(*syntax.CallExpr); ok && len(call.Args) > 0 {
				switch call.Args[0].Lit() {
				case "exit", "return":
					found = found || len(call.Args) < 2 || call.Args[1].Lit() == "0"
				case "break":
					found = true
				}
			}
			return !found
		})
	}
	return found
}

// readsInto are the variables of "while read -r x y", and what is between their
// values where IFS says so.
func readsInto(x *syntax.WhileClause) (names []string, by string, ok bool) {
	last := x.Cond[0]
	call, ok := last.Cmd.(*syntax.CallExpr)
	if !ok || x.Until || len(x.Cond) != 1 || len(call.Args) == 0 || call.Args[0].Lit() != "read" {
		return nil, "", false
	}
	for _, a := range call.Assigns {
		if a.Name != nil && a.Name.Value == "IFS" && a.Value != nil {
			by = strings.Trim(a.Value.Lit(), " ")
			if len(a.Value.Parts) == 1 {
				if q, ok := a.Value.Parts[0].(*syntax.SglQuoted); ok {
					by = strings.Trim(q.Value, " ")
				}
			}
		}
	}
	for i := 1; i < len(call.Args); i++ {
		lit := call.Args[i].Lit()
		switch {
		case lit == "-d" || lit == "-u" || lit == "-p" || lit == "-n" || lit == "-t":
			i++
		case lit != "" && lit[0] != '-':
			names = append(names, lit)
		}
	}
	if len(names) == 0 {
		names = []string{"REPLY"}
	}
	return names, by, true
}

// readLoop runs the body of a loop over the lines of what is read.
func (s *shell) readLoop(c context, names []string, by string, body []*syntax.Stmt) flow {
	text := symbol("(stdin)")
	if s.in != nil {
		text = *s.in
	}
	all := lines(text)
	if len(all) > maxLoops {
		s.problem(s.src.place(body[0].Pos()), "too_large", "a loop reads more than "+strconv.Itoa(maxLoops)+" lines; the rest was not read")
		all = all[:maxLoops]
	}
	for _, line := range all {
		s.assignWords(names, line, by)
		// each line is one turn of the loop: what is left of it goes to the next
		more := len(all) > 1 || symbolic(line)
		if end := s.turns(c, "", []string{""}, body, more); end != goes {
			return end
		}
	}
	return goes
}

// assignWords gives the words of a line to variables, as read does.
func (s *shell) assignWords(names []string, line, by string) {
	if by != "" {
		line = mapKnown(line, func(t string) string { return strings.ReplaceAll(t, by, " ") })
	}
	if len(names) == 1 {
		s.set(names[0], strings.TrimSpace(line))
		return
	}
	fields := words(line)
	for i, name := range names {
		switch {
		case i >= len(fields) && len(fields) == 1 && symbolic(line):
			s.set(name, anything)
		case i >= len(fields):
			s.set(name, "")
		case i == len(names)-1:
			s.set(name, strings.Join(fields[i:], " "))
		default:
			s.set(name, fields[i])
		}
	}
}

func (s *shell) caseClause(c context, x *syntax.CaseClause) flow {
	word := s.text(c, x.Word)
	return s.caseItems(c, x, word, x.Items)
}

// caseItems tries the first of the items, and the others where it does not match.
func (s *shell) caseItems(c context, x *syntax.CaseClause, word string, items []*syntax.CaseItem) flow {
	if len(items) == 0 {
		return goes
	}
	if c.depth++; c.depth > maxDepth {
		return goes
	}
	item := items[0]
	matches, text := s.matchesCase(c, word, item)
	switch matches {
	case yes:
		return s.list(c, item.Stmts)
	case no:
		return s.caseItems(c, x, word, items[1:])
	}
	return s.branches(
		func() flow { return s.list(c.given(text), item.Stmts) },
		func() flow { return s.caseItems(c.given(not(text)), x, word, items[1:]) })
}

// matchesCase says whether a word matches one of the patterns of an item, and the
// condition for it.
func (s *shell) matchesCase(c context, word string, item *syntax.CaseItem) (truth, string) {
	var patterns []string
	answer := no
	for _, p := range item.Patterns {
		pattern := s.pattern(c, p)
		patterns = append(patterns, pattern)
		switch {
		case pattern == "*":
			return yes, ""
		case symbolic(word) || symbolic(pattern):
			answer = maybe
		case answer != maybe && glob(pattern, word):
			answer = yes
		}
	}
	return answer, word + " in " + strings.Join(patterns, "|")
}
