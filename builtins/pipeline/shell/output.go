package shell

import (
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/tool"
)

// kind is where a sink leads.
type kind int

const (
	toStdout kind = iota // of the script
	toText               // $(…), a pipe, a file
	toNobody             // /dev/null, stderr
)

// sink takes what commands print.
type sink struct {
	kind    kind
	text    strings.Builder
	parts   int
	unknown bool // something was printed that is not known
}

func (o *sink) count() int { return o.parts }

// print is what a command prints that is known.
func (s *shell) print(text string, at model.Place) {
	o := s.out
	o.parts++
	s.bytes += len(text)
	switch o.kind {
	case toText:
		if o.text.Len()+len(text) <= maxValue {
			o.text.WriteString(text)
		} else {
			o.unknown = true
		}
	case toStdout:
		for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
			if len(s.walk.out.Prints) < maxWrites {
				s.walk.out.Prints = append(s.walk.out.Prints, tool.Write{Place: at, Text: bounded(line)})
			}
		}
	}
}

// printSomething is what a command prints of which nothing is known but the command.
func (s *shell) printSomething(text string) {
	o := s.out
	o.parts++
	o.unknown = true
	if o.kind == toText && o.text.Len()+len(text) <= maxValue {
		o.text.WriteString(printed(text) + "\n")
	}
}

// capture runs statements and returns what they print. Where a part of it is not
// known, it is the symbol of the whole.
func (s *shell) capture(c context, stmts []*syntax.Stmt, whole func() string) string {
	c.when = s.conditions(c)
	s.out = &sink{kind: toText}
	s.level(c, ofShell, func() flow { return s.list(c, stmts) })
	if s.out.unknown {
		return printed(whole())
	}
	return strings.TrimRight(s.out.text.String(), "\n")
}

// substitute is the value of $(…). Its status is that of an assignment, and lost elsewhere.
func (s *shell) substitute(c context, x *syntax.CmdSubst) string {
	if len(x.Stmts) == 0 {
		return ""
	}
	if c.depth++; c.depth > maxDepth {
		return anything
	}
	if text, ok := s.readsFile(c, x); ok {
		return text
	}
	sub := s.fork()
	sub.errexit = s.errexit && s.inherit
	c.fate.soft, c.fate.exit, c.fate.back = c.fate.status, c.fate.status, c.fate.status
	return sub.capture(c, x.Stmts, func() string {
		return s.renderSpan(x, x.Stmts[0].Pos(), x.Stmts[len(x.Stmts)-1].End())
	})
}

// readsFile is the value of $(<file).
func (s *shell) readsFile(c context, x *syntax.CmdSubst) (string, bool) {
	st := x.Stmts[0]
	if len(x.Stmts) != 1 || st.Cmd != nil || len(st.Redirs) != 1 || st.Redirs[0].Op != syntax.RdrIn {
		return "", false
	}
	name := s.text(c, st.Redirs[0].Word)
	if text, ok := s.fileText(name); ok {
		return strings.TrimRight(text, "\n"), true
	}
	return printed("cat " + name), true
}

// process is the name of the file of <(…): what it holds is known by it.
func (s *shell) process(c context, x *syntax.ProcSubst) string {
	c.fate = fails(substitutes)
	sub := s.fork()
	if len(x.Stmts) == 0 {
		return "/dev/fd/0"
	}
	text := sub.capture(c, x.Stmts, func() string {
		return s.renderSpan(x, x.Stmts[0].Pos(), x.Stmts[len(x.Stmts)-1].End())
	})
	name := "/dev/fd/" + plain(s.src.slice(x.Pos(), x.End()))
	if x.Op == syntax.CmdIn && len(name) < 500 {
		s.disk[name] = text
	}
	return name
}

// redirected runs the command of a statement with its redirections.
func (s *shell) redirected(c context, st *syntax.Stmt) flow {
	out, in := s.out, s.in
	file, keep, at := "", false, s.src.place(st.Pos())
	for _, r := range st.Redirs {
		if name, add, ok := s.redirect(c, r); ok {
			file, keep = name, add
			s.out = &sink{kind: toText}
		}
	}
	end := goes
	if st.Cmd != nil {
		end = s.command(c, st)
	}
	if file != "" {
		s.write(c, tool.Write{Place: at, File: file, Text: s.out.text.String(), Append: keep})
	}
	s.out, s.in = out, in
	return end
}

// redirect sets up one redirection. It returns the file that takes what is printed.
func (s *shell) redirect(c context, r *syntax.Redirect) (file string, add, ok bool) {
	c.fate = c.fate.ignored(inWord)
	switch r.Op {
	case syntax.Hdoc, syntax.DashHdoc:
		text := s.heredoc(c, r)
		s.in = &text
		return "", false, false
	}
	name := s.text(c, r.Word)
	switch r.Op {
	case syntax.WordHdoc:
		s.in = &name
	case syntax.RdrIn:
		text, known := s.fileText(name)
		if !known {
			text = printed("cat " + name)
		}
		s.in = &text
	case syntax.DplOut:
		if name == "2" && (r.N == nil || r.N.Value == "1") {
			s.out = &sink{kind: toNobody}
		}
	case syntax.RdrOut, syntax.AppOut, syntax.RdrClob, syntax.RdrAll, syntax.AppAll:
		if r.N != nil && r.N.Value != "1" {
			return "", false, false
		}
		if name == "/dev/null" || name == "/dev/stderr" {
			s.out = &sink{kind: toNobody}
			return "", false, false
		}
		if name == "/dev/stdout" || name == "" {
			return "", false, false
		}
		return name, r.Op == syntax.AppOut || r.Op == syntax.AppAll, true
	}
	return "", false, false
}

func (s *shell) heredoc(c context, r *syntax.Redirect) string {
	if r.Hdoc == nil {
		return ""
	}
	var b strings.Builder
	for _, part := range r.Hdoc.Parts {
		if lit, ok := part.(*syntax.Lit); ok {
			b.WriteString(s.src.shown(unescape(lit.Value, true)))
			continue
		}
		var f fieldList
		s.part(c, &f, part, true)
		f.end()
		b.WriteString(strings.Join(f.done, " "))
	}
	text := b.String()
	if r.Op == syntax.DashHdoc {
		all := strings.Split(text, "\n")
		for i := range all {
			all[i] = strings.TrimLeft(all[i], "\t")
		}
		text = strings.Join(all, "\n")
	}
	return bounded(text)
}

// write takes note of what is written to a file.
func (s *shell) write(c context, w tool.Write) {
	w.Text = bounded(w.Text)
	s.bytes += len(w.Text)
	name := s.pathOf(w.File)
	text := w.Text
	if w.Append {
		if old, ok := s.disk[name]; ok {
			text = bounded(old + text)
		}
	}
	if len(s.disk) < 2000 {
		s.disk[name] = text
	}
	if len(s.writes) < maxWrites {
		s.writes = append(s.writes, write{w, strings.Join(s.conditions(c), "\n")})
	} else {
		s.problem(w.Place, "too_large", "the script writes more files than are kept; the rest was not read")
	}
}

// pathOf is the name of a file relative to the root of the repository, or as it
// is written where that is not known.
func (s *shell) pathOf(name string) string {
	bare := withoutRoot(name)
	if bare != name {
		return path.Clean(bare)
	}
	if strings.HasPrefix(name, "/") || strings.HasPrefix(name, "~") || symbolic(name) && symbolEnd(name, 0) > 0 {
		return name
	}
	return path.Join(s.dir, name)
}

// fileText is the text of a file that the script has written, or of a small one
// of the repository.
func (s *shell) fileText(name string) (string, bool) {
	full := s.pathOf(name)
	if text, ok := s.disk[full]; ok {
		return text, true
	}
	if symbolic(full) || !s.files.Exists(full) {
		return "", false
	}
	text, err := s.files.Read(full)
	if err != nil || len(text) > 4096 || strings.ContainsAny(string(text), "\x00$") {
		return "", false
	}
	return string(text), true
}
